package pki

import (
	"bytes"
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
	known := map[string]bool{}
	for _, der := range seeds(t) {
		if known[string(der)] {
			continue
		}
		known[string(der)] = true
		for n := range der {
			if _, err := ParseCertificate(der[:n]); err == nil {
				require.Fail(t, "cut, and parsed", "%x, length %d", der, n)
			}
		}
		_, err := ParseCertificate(append(bytes.Clone(der), 0))
		require.Error(t, err)
	}
	require.Greater(t, len(known), 300)
}

// The certificate around it is whole, and says that the extension is so short.
func TestEveryTruncationOfAnExtensionMakesACertificateUseless(t *testing.T) {
	kinds := map[string]int{}
	for _, der := range seeds(t) {
		c, err := ParseCertificate(der)
		require.NoError(t, err)
		for _, e := range c.Extensions() {
			if kinds[e.OID]++; kinds[e.OID] > 20 || c.Malformed() || !readByVerification(e.OID) {
				continue
			}
			for n := range e.Value {
				cut := &Certificate{}
				cut.addExtension(Extension{e.OID, e.Critical, e.Value[:n]})
				if !cut.Malformed() {
					require.Fail(t, "cut, and taken", "%s %x, length %d", e.OID, e.Value, n)
				}
			}
		}
	}
	for _, oid := range []string{
		oidSubjectKeyID, oidKeyUsage, oidSubjectAltName, oidBasicConstraints, oidNameConstraints, oidAuthorityKeyID, oidExtKeyUsage,
	} {
		require.NotZero(t, kinds[oid], oid)
	}
}

// readByVerification reports whether parseExtension has a case for it: an empty value is then malformed.
func readByVerification(oid string) bool {
	var c Certificate
	c.parseExtension(Extension{OID: oid})
	return c.malformed
}

func TestParseCRLRefusesEveryTruncation(t *testing.T) {
	root := issue(t, "root", nil, nil, nil)
	lists := [][]byte{listOf(t, root, big.NewInt(7))}
	cases := readLimbo(t)
	for i := range cases {
		for _, text := range cases[i].CRLs {
			lists = append(lists, pemDER(text))
		}
	}
	require.Greater(t, len(lists), 3)
	for _, der := range lists {
		_, err := ParseCRL(der)
		require.NoError(t, err)
		for n := range der {
			_, err := ParseCRL(der[:n])
			require.Error(t, err, "length %d", n)
		}
		_, err = ParseCRL(append(bytes.Clone(der), 0))
		require.Error(t, err)
	}
}

func TestParseTrustedRefusesEveryTruncation(t *testing.T) {
	der := seeds(t)[0]
	settings := []byte{0x30, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 1}
	whole := append(bytes.Clone(der), settings...)
	c, err := ParseTrusted(whole)
	require.NoError(t, err)
	require.Equal(t, []string{ekuServerAuth}, c.settings.trust)
	for n := range whole {
		if _, err := ParseTrusted(whole[:n]); n != len(der) {
			require.Error(t, err, "length %d", n)
		}
	}
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
