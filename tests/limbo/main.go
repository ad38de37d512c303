// Command limbo is a harness of x509-limbo (github.com/C2SP/x509-limbo): it reads test cases in limbo's JSON on standard
// input and writes what gossl makes of them, in limbo's format of results, to standard output. The score, and each case
// in which gossl does not do what limbo expects, go to standard error. With -openssl gossl has the settings of limbo's own
// harness for OpenSSL; else the strictest that there are.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/gossl/gossl/core/pure"
)

type cases struct {
	Testcases []json.RawMessage `json:"testcases"`
}

type result struct {
	ID      string  `json:"id"`
	Actual  string  `json:"actual_result"`
	Context *string `json:"context"`
}

type results struct {
	Version int      `json:"version"`
	Harness string   `json:"harness"`
	Results []result `json:"results"`
}

// score counts cases by the part of the ID before the first "::".
type score struct{ right, skipped, all int }

func main() {
	log.SetFlags(0)
	asOpenSSL := flag.Bool("openssl", false, "verify with the settings of limbo's harness for OpenSSL")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, os.Stderr, *asOpenSSL); err != nil {
		log.Fatal(err)
	}
}

func run(in io.Reader, out, report io.Writer, asOpenSSL bool) error {
	var all cases
	if err := json.NewDecoder(in).Decode(&all); err != nil {
		return err
	}
	found := results{Version: 1, Harness: "gossl", Results: make([]result, 0, len(all.Testcases))}
	var groups []string
	scores := map[string]*score{}
	for _, raw := range all.Testcases {
		var c struct {
			ID       string `json:"id"`
			Expected string `json:"expected_result"`
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		r, err := answer(c.ID, string(raw), asOpenSSL)
		if err != nil {
			return fmt.Errorf("%s: %w", c.ID, err)
		}
		found.Results = append(found.Results, r)
		group, _, _ := strings.Cut(c.ID, "::")
		s := scores[group]
		if s == nil {
			s = &score{}
			scores[group], groups = s, append(groups, group)
		}
		s.add(report, r, c.Expected)
	}
	whole := score{}
	for _, group := range groups {
		s := scores[group]
		fmt.Fprintf(report, "%-16s %d of %d right, %d skipped\n", group, s.right, s.all, s.skipped)
		whole = score{whole.right + s.right, whole.skipped + s.skipped, whole.all + s.all}
	}
	fmt.Fprintf(report, "%-16s %d of %d right, %d skipped\n", "all", whole.right, whole.all, whole.skipped)
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(found)
}

func answer(id, testcase string, asOpenSSL bool) (result, error) {
	r := result{ID: id, Actual: "SUCCESS"}
	verdict, err := pure.LimboVerdict(testcase, time.Now().Unix(), asOpenSSL)
	switch {
	case errors.Is(err, pure.ErrLimboSkipped):
		r.Actual, verdict = "SKIPPED", err.Error()
	case err != nil:
		return r, err
	case verdict != "":
		r.Actual = "FAILURE"
	}
	if verdict != "" {
		r.Context = &verdict
	}
	return r, nil
}

func (s *score) add(report io.Writer, r result, expected string) {
	s.all++
	switch r.Actual {
	case expected:
		s.right++
		return
	case "SKIPPED":
		s.skipped++
	}
	why := ""
	if r.Context != nil {
		why = ": " + *r.Context
	}
	fmt.Fprintf(report, "%s: %s, expected %s%s\n", r.ID, r.Actual, expected, why)
}
