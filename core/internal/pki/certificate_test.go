package pki

import (
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
)

// seeds are the certificates of limbo, as examples of everything.
func seeds(t testing.TB) [][]byte {
	cases := readLimbo(t)
	var l [][]byte
	for i := range cases {
		l = append(l, pemDER(cases[i].Peer))
		for _, text := range cases[i].Trusted {
			l = append(l, pemDER(text))
		}
	}
	return l
}

func TestParseCertificateRefusesEveryTruncation(t *testing.T) {
	der := seeds(t)[0]
	for n := range der {
		_, err := ParseCertificate(der[:n])
		require.Error(t, err, "length %d", n)
	}
	_, err := ParseCertificate(append(append([]byte(nil), der...), 0))
	require.Error(t, err)
}

func TestParseCertificateNeverPanicsOnAChangedByte(t *testing.T) {
	der := seeds(t)[0]
	for i := range der {
		for _, bit := range []byte{1, 0x20, 0x80} {
			bad := append([]byte(nil), der...)
			bad[i] ^= bit
			c, err := ParseCertificate(bad)
			if err == nil {
				_, err = Verify(c, nil, NewStore(), &Options{Depth: 10, Host: "example.com", SecurityLevel: 2})
				require.Error(t, err)
			}
		}
	}
}

func TestWildcards(t *testing.T) {
	for _, c := range []struct {
		pattern, host string
		flags         uint32
		want          bool
	}{
		{"example.com", "example.com", 0, true},
		{"EXAMPLE.com", "example.COM", 0, true},
		{"example.com", "www.example.com", 0, false},
		{"*.example.com", "www.example.com", 0, true},
		{"*.example.com", "a.b.example.com", 0, false},
		{"*.example.com", "a.b.example.com", HostMultiLabelWildcards, true},
		{"*.example.com", "example.com", 0, false},
		{"*.example.com", ".example.com", 0, true}, // a host with a leading dot stands for its subdomains
		{"*.com", "example.com", 0, false},
		{"*", "example", 0, false},
		{"www*.example.com", "www1.example.com", 0, true},
		{"www*.example.com", "www1.example.com", HostNoPartialWildcards, false},
		{"w*w.example.com", "wow.example.com", 0, false},
		{"*.*.example.com", "a.b.example.com", 0, false},
		{"www.*.com", "www.example.com", 0, false},
		{"*.example.com", "www.example.com", HostNoWildcards, false},
		{"xn--*.example.com", "xn--abc.example.com", 0, false},
		{"example.com\x00.evil.com", "example.com", 0, false},
		{"", "", 0, false},
	} {
		require.Equal(t, c.want, matchName(c.pattern, c.host, c.flags), "%q %q %d", c.pattern, c.host, c.flags)
	}
}

func TestTenThousandIntermediatesEnd(t *testing.T) {
	cases := readLimbo(t)
	for i := range cases {
		if len(cases[i].Untrusted) == 0 {
			continue
		}
		leaf, err := ParseCertificate(pemDER(cases[i].Peer))
		require.NoError(t, err)
		other, err := ParseCertificate(pemDER(cases[i].Untrusted[0]))
		require.NoError(t, err)
		many := make([]*Certificate, 10000)
		for j := range many {
			many[j] = other
		}
		r, err := Verify(leaf, many, NewStore(), &Options{Depth: 100})
		require.Error(t, err)
		require.NotEqual(t, alert.VerifyOK, r.Code)
		return
	}
}

func FuzzParseCertificate(f *testing.F) {
	for _, der := range seeds(f)[:40] {
		f.Add(der)
	}
	f.Fuzz(func(_ *testing.T, der []byte) {
		if c, err := ParseCertificate(der); err == nil {
			MatchHost(c, "example.com", 0)
			_, _ = Verify(c, []*Certificate{c}, NewStore(), &Options{Depth: 10, Flags: FlagStrict | FlagPartialChain})
		}
	})
}

func FuzzParseCRL(f *testing.F) {
	cases := readLimbo(f)
	for i := range cases {
		for _, text := range cases[i].CRLs {
			f.Add(pemDER(text))
		}
	}
	root := issue(f, "root", nil, nil, nil)
	f.Add(listOf(f, root, big.NewInt(7)))
	cert := root.parsed(f)
	f.Fuzz(func(_ *testing.T, der []byte) {
		if c, err := ParseCRL(der); err == nil {
			c.revokes(&Certificate{Serial: []byte{1}})
			cert.inScope(c)
		}
	})
}

func FuzzMatchName(f *testing.F) {
	f.Add("*.example.com", "www.example.com", uint32(4))
	f.Fuzz(func(_ *testing.T, pattern, host string, flags uint32) { matchName(pattern, host, flags) })
}

// The hash is what `openssl x509 -subject_hash` prints.
func TestSubjectHashIsOpenSSLs(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/x509/hashes/*.pem")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		c, err := ParseCertificate(pemDER(string(text)))
		require.NoError(t, err)
		name := filepath.Base(file)
		require.Equal(t, name[:8], hex8(SubjectHash(c.RawSubject)), name)
		require.Equal(t, name[9:17], hex8(OldSubjectHash(c.RawSubject)), name)
	}
}

func hex8(v uint32) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 8)
	for i := range b {
		b[7-i] = digits[v>>(4*i)&15]
	}
	return string(b)
}
