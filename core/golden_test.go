package core

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/stretchr/testify/require"
)

// Golden transcripts: every kind of handshake with randomness and time that are always the same, byte for byte as in
// testdata/golden. A change of what goes over the wire shows up as a change of these files. GOSSL_UPDATE=1 rewrites them.

const goldenDir = "../testdata/golden"

// goldenTime is when the golden handshakes take place.
var goldenTime = time.Unix(1_700_000_000, 0)

// goVersion is the release whose random generator the files are made with: Go does not promise that another gives the
// same bytes.
func goVersion() string {
	parts := strings.SplitN(runtime.Version(), ".", 3)
	return strings.Join(parts[:2], ".")
}

// goldenRSA reads a key that was made once; the others are made from the fixed randomness.
func goldenRSA(t testing.TB) crypto.Signer {
	text, err := os.ReadFile("../testdata/certs/key-rsa-pkcs8.pem")
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	return key.(crypto.Signer)
}

// transcript plays one handshake and some data and returns what each side sent, flight by flight.
func transcript(t *testing.T, k kind, seed uint64) string {
	cryptotest.SetGlobalRandom(t, seed)
	s := newStageAt(t, k, goldenTime, ecKey(t), goldenRSA(t))
	c, sv := s.pair(t)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, randomness of %s\n", k.name, goVersion())
	s.tap = func(from *Conn) {
		if out := from.Out().Bytes(); len(out) > 0 {
			fmt.Fprintf(&b, "%s %s\n", [...]string{Client: "client", Server: "server"}[from.side], hex.EncodeToString(out))
		}
	}
	s.play(t, c, sv)
	require.NoError(t, errors.Join(c.Err(), sv.Err()))
	require.True(t, c.HandshakeDone() && sv.HandshakeDone())
	return b.String()
}

func TestGoldenTranscripts(t *testing.T) {
	for i, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			file := filepath.Join(goldenDir, strings.ReplaceAll(k.name, " ", "-")+".txt")
			got := transcript(t, k, uint64(i))
			require.Equal(t, got, transcript(t, k, uint64(i)), "the same randomness gives another handshake")
			if os.Getenv("GOSSL_UPDATE") != "" {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			head, _, _ := strings.Cut(string(want), "\n")
			if !strings.HasSuffix(head, goVersion()) {
				t.Skipf("%s; this is %s", head, goVersion())
			}
			require.Equal(t, strings.Split(string(want), "\n"), strings.Split(got, "\n"))
		})
	}
}
