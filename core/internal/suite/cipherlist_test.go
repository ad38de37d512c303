package suite

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vector is OpenSSL 3.0's answer to one cipher string (testdata/vectors/cipher-strings.json).
type vector struct {
	Names []string `json:"names"`
	Error string   `json:"error"`
	Level *int     `json:"level"`
}

func readVectors(t testing.TB) map[string]vector {
	data, err := os.ReadFile("../../../testdata/vectors/cipher-strings.json")
	require.NoError(t, err)
	var v map[string]vector
	require.NoError(t, json.Unmarshal(data, &v))
	return v
}

func TestCipherStringsSelectWhatOpenSSLSelects(t *testing.T) {
	for rule, want := range readVectors(t) {
		if strings.HasPrefix(rule, "SUITEB") {
			continue // see TestSuiteBIsRefused
		}
		t.Run(rule, func(t *testing.T) {
			l, err := ParseList(rule, 2)
			if want.Error != "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			var names []string
			for _, s := range append(Default13(), l.Suites...) {
				names = append(names, s.Name)
			}
			require.Equal(t, want.Names, names)
			if want.Level != nil {
				require.Equal(t, *want.Level, l.SecurityLevel)
			}
		})
	}
}

// Suite B restricts curves and certificates too, which the engine does not do: the word is refused, not half obeyed.
func TestSuiteBIsRefused(t *testing.T) {
	for _, rule := range []string{"SUITEB128", "SUITEB128ONLY", "SUITEB192"} {
		_, err := ParseList(rule, 2)
		require.Error(t, err)
	}
}

func FuzzParseList(f *testing.F) {
	for rule := range readVectors(f) {
		f.Add(rule)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		l, err := ParseList(rule, 2)
		require.Equal(t, err == nil, len(l.Suites) > 0)
	})
}
