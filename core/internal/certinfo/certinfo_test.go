package certinfo

import (
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func certificates(t testing.TB) map[string][]byte {
	files, err := filepath.Glob("../../../testdata/x509/hashes/*.pem")
	require.NoError(t, err)
	found := map[string][]byte{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		b, _ := pem.Decode(data)
		found[filepath.Base(f)[:8]] = b.Bytes
	}
	require.NotEmpty(t, found)
	return found
}

func TestDecodeGivesTheKeysOfGetpeercert(t *testing.T) {
	for name, der := range certificates(t) {
		text, err := Decode(der)
		require.NoError(t, err, name)
		var d map[string]any
		require.NoError(t, json.Unmarshal(text, &d))
		for _, key := range []string{"subject", "issuer", "version", "serialNumber", "notBefore", "notAfter"} {
			require.Contains(t, d, key, name)
		}
		require.Equal(t, d["subject"], d["issuer"], name)
		require.Regexp(t, `^[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d \d{4} GMT$`, d["notBefore"])
	}
}

func TestSerialsAndAddressesAreOpenSSLs(t *testing.T) {
	for content, want := range map[string]string{"\x00": "00", "\x02": "02", "\x00\xcb\x2d": "CB2D", "\xff": "-01", "\x80": "-80"} {
		require.Equal(t, want, serial([]byte(content)))
	}
	require.Equal(t, "127.0.0.1", address([]byte{127, 0, 0, 1}))
	require.Equal(t, "2001:DB8:0:0:0:0:0:1", address([]byte("\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")))
	require.Equal(t, "<invalid>", address([]byte{1}))
}

func TestEveryTruncationIsRefused(t *testing.T) {
	for name, der := range certificates(t) {
		for n := range der {
			_, err := Decode(der[:n])
			require.Error(t, err, "%s %d", name, n)
			_, err = Details(der[:n])
			require.Error(t, err, "%s %d", name, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, der := range certificates(f) {
		f.Add(der)
	}
	f.Fuzz(func(_ *testing.T, der []byte) {
		_, _ = Decode(der)
		_, _ = Subject(der)
		_, _ = Details(der)
	})
}
