package pure

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// limboNow is the time of the cases that name none.
const limboNow = 1764000000

// readLimbo returns the 208 hand-written cases (testdata/x509/limbo-native.json.gz).
func readLimbo(t testing.TB) []json.RawMessage {
	f, err := os.Open("../../testdata/x509/limbo-native.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var all struct{ Testcases []json.RawMessage }
	require.NoError(t, json.NewDecoder(z).Decode(&all))
	require.Len(t, all.Testcases, 208)
	return all.Testcases
}

type limboHead struct {
	ID       string
	Expected string `json:"expected_result"`
}

func headOf(t testing.TB, testcase json.RawMessage) limboHead {
	var h limboHead
	require.NoError(t, json.Unmarshal(testcase, &h))
	return h
}

// limboStricter are the cases in which we refuse what OpenSSL accepts, each with its reason.
var limboStricter = map[string]string{
	"webpki::forbidden-dsa-root": "DSA signatures are not implemented",
	"webpki::forbidden-dsa-leaf": "DSA keys are not implemented",
}

// OpenSSL 3.0's verdicts, in strict and partial-chain mode at security level 2.
func TestLimboAgreesWithOpenSSL(t *testing.T) {
	data, err := os.ReadFile("../../testdata/x509/limbo-native-openssl30.json")
	require.NoError(t, err)
	var theirs map[string]struct {
		Verdict string
		Error   *string
	}
	require.NoError(t, json.Unmarshal(data, &theirs))
	asked := 0
	for _, testcase := range readLimbo(t) {
		id := headOf(t, testcase).ID
		got, err := LimboVerdict(string(testcase), limboNow, true)
		want := theirs[id]
		if errors.Is(err, ErrLimboSkipped) {
			require.Equal(t, "SKIPPED", want.Verdict, id)
			continue
		}
		require.NoError(t, err, id)
		asked++
		if limboStricter[id] != "" {
			require.Equal(t, "SUCCESS", want.Verdict, id)
			require.NotEmpty(t, got, id)
			continue
		}
		words := ""
		if want.Error != nil {
			words = *want.Error
		}
		require.Contains(t, []string{"SUCCESS", "FAILURE"}, want.Verdict, id)
		require.Equal(t, words, got, id)
	}
	require.Equal(t, 198, asked)
}

// leastLimbo is limbo's own score with the strictest settings. It may only rise. OpenSSL's is 145, Go's 128,
// pyca/cryptography's 147.
const leastLimbo = 160

func TestLimboScore(t *testing.T) {
	right := 0
	for _, testcase := range readLimbo(t) {
		h := headOf(t, testcase)
		got, err := LimboVerdict(string(testcase), limboNow, false)
		require.NoError(t, err, h.ID)
		if (got == "") == (h.Expected == "SUCCESS") {
			right++
		}
	}
	t.Logf("limbo's own score: %d of 208", right)
	require.GreaterOrEqual(t, right, leastLimbo)
}

func TestLimboVerdictRefusesWhatIsNoCase(t *testing.T) {
	_, err := LimboVerdict("[]", limboNow, false)
	require.Error(t, err)
	_, err = LimboVerdict(`{"validation_kind": "SERVER", "signature_algorithms": ["RSA"]}`, limboNow, false)
	require.ErrorIs(t, err, ErrLimboSkipped)
	got, err := LimboVerdict(`{"validation_kind": "SERVER", "peer_certificate": "nothing"}`, limboNow, false)
	require.NoError(t, err)
	require.NotEmpty(t, got)
}
