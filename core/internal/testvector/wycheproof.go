// Package testvector has the vectors of Wycheproof that the tests of several packages use: of those for primitives that
// are not the standard library's, or that are put together here. testdata/README.md says where they come from.
package testvector

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the vectors
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Case is one test. OK says whether it is to be accepted: for a key exchange, by the rules of TLS.
type Case struct {
	ID                      int
	OK                      bool
	Key, IV, AAD, Msg, CT   Hex
	Tag                     int // bytes
	Public, Private, Shared Hex
	Sig                     Hex
}

// Hex is bytes that are written in hexadecimal.
type Hex []byte

// UnmarshalText reads them.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

//go:embed wycheproof.json.gz
var wycheproof []byte

// Read returns the value of one name in wycheproof.json.gz.
func Read(t testing.TB, name string, out any) {
	z, err := gzip.NewReader(bytes.NewReader(wycheproof))
	require.NoError(t, err)
	var all map[string]json.RawMessage
	require.NoError(t, json.NewDecoder(z).Decode(&all))
	require.Contains(t, all, name)
	require.NoError(t, json.Unmarshal(all[name], out))
}

// Cases returns the tests of one algorithm.
func Cases(t testing.TB, name string) []Case {
	var l []Case
	Read(t, name, &l)
	require.NotEmpty(t, l)
	return l
}
