package pki

import (
	"compress/gzip"
	"encoding/json"
	"encoding/pem"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// limboCase is what these tests use of a test case of x509-limbo. core/pure asks them all.
type limboCase struct {
	Trusted   []string `json:"trusted_certs"`
	Untrusted []string `json:"untrusted_intermediates"`
	Peer      string   `json:"peer_certificate"`
	CRLs      []string `json:"crls"`
}

func readLimbo(t testing.TB) []limboCase {
	f, err := os.Open("../../../testdata/x509/limbo-native.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var all struct{ Testcases []limboCase }
	require.NoError(t, json.NewDecoder(z).Decode(&all))
	return all.Testcases
}

func pemDER(text string) []byte {
	b, _ := pem.Decode([]byte(text))
	return b.Bytes
}
