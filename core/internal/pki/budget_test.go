package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
)

const manyCertificates = 10_000

// named is a certificate of an authority, valid now, whose signature is made with key.
func named(t testing.TB, subject, issuer string, key *ecdsa.PrivateKey) []byte {
	name := func(s string) pkix.Name { return pkix.Name{CommonName: s} }
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: name(subject), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: name(issuer)}, key.Public(), key)
	require.NoError(t, err)
	return der
}

// crossSigned are certificates of as many authorities as names, each of which has signed for each other. Only the first
// 300 signatures are good: more are never verified.
func crossSigned(t testing.TB, names int) (leaf *Certificate, ders [][]byte) {
	return crossSignedOn(t, elliptic.P256(), names)
}

func crossSignedOn(t testing.TB, curve elliptic.Curve, names int) (leaf *Certificate, ders [][]byte) {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	leaf, err = ParseCertificate(named(t, "leaf", authority(0), key))
	require.NoError(t, err)
	pattern := named(t, authority(9998), authority(9999), key)
	for i := range manyCertificates {
		subject := i % names
		issuer := (subject + 1 + i/names%(names-1)) % names // anybody but itself
		if i < 300 {
			ders = append(ders, named(t, authority(subject), authority(issuer), key))
			continue
		}
		der := bytes.Replace(pattern, []byte(authority(9998)), []byte(authority(subject)), 1)
		der = bytes.Replace(der, []byte(authority(9999)), []byte(authority(issuer)), 1)
		der[len(der)-1] = byte(i) // or two are the same
		der[len(der)-2] = byte(i >> 8)
		ders = append(ders, der)
	}
	return leaf, ders
}

func authority(n int) string { return fmt.Sprintf("authority %04d", n) }

func TestHostileBundlesStayWithinTheBudget(t *testing.T) {
	for _, names := range []int{2, 100, 5_000} {
		leaf, ders := crossSigned(t, names)
		bundle := make([]*Certificate, len(ders))
		for i, der := range ders {
			var err error
			bundle[i], err = ParseCertificate(der)
			require.NoError(t, err)
		}
		for _, flags := range []Flags{0, FlagTrustedFirst, FlagAllPaths, FlagAllPaths | FlagTrustedFirst | FlagStrict} {
			for where, untrusted := range map[string][]*Certificate{"sent": bundle, "trusted": nil, "both": bundle} {
				for when, at := range map[string]time.Time{"now": time.Now(), "expired": time.Now().AddDate(1, 0, 0)} {
					store := NewStore()
					if where != "sent" {
						pool, err := NewPool(ders, nil) // of which nothing has been parsed yet
						require.NoError(t, err)
						store.AddPool(pool)
					}
					o := &Options{Flags: flags, Purpose: PurposeServer, Depth: 100, Time: at.Unix(), Host: "elsewhere"}
					v := &verification{Options: o, store: store, chain: []*Certificate{leaf}, trusted: 1}
					v.untrusted.all = untrusted
					began := time.Now()
					f := v.run()
					require.NotNil(t, f)
					if flags&FlagAllPaths != 0 {
						f = v.searchInstead(f)
						require.NotNil(t, f)
					}
					t.Logf("%d names, flags %x, %s, %s: %s after %v, %+v", names, flags, where, when, f.code, time.Since(began), v.spent)
					require.LessOrEqual(t, v.spent.candidates, maxCandidates+1)
					require.LessOrEqual(t, v.spent.signatures, maxSignatures+1)
					require.NotEqual(t, alert.VerifyOK, f.code)
				}
			}
		}
	}
}

func TestSlowSignaturesSpendMoreOfTheBudget(t *testing.T) {
	leaf, ders := crossSignedOn(t, elliptic.P521(), 100)
	bundle, err := ParseCertificates(ders[:300])
	require.NoError(t, err)
	o := &Options{Flags: FlagAllPaths, Purpose: PurposeServer, Depth: 100, Time: time.Now().Unix()}
	v := &verification{Options: o, store: NewStore(), chain: []*Certificate{leaf}, trusted: 1}
	v.untrusted.all = bundle
	require.NotNil(t, v.searchInstead(v.run()))
	require.Greater(t, v.spent.work, maxWork)
	require.Less(t, v.spent.signatures, 50)

	e := func(n int) *Certificate {
		return &Certificate{PublicKey: &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 16383), E: n}, keyBits: 16384}
	}
	for _, c := range []struct {
		issuer   *Certificate
		verified int
	}{
		{&Certificate{PublicKey: ed25519.PublicKey{}}, maxSignatures},
		{&Certificate{PublicKey: &ecdsa.PublicKey{}, keyBits: 384}, 100}, // the longest chain that OpenSSL follows
		{&Certificate{PublicKey: &rsa.PublicKey{E: 65537}, keyBits: 2048}, maxSignatures},
		{e(65537), 12},
		{e(1<<31 - 1), 3},
	} {
		spent, n := budget{}, 0
		for spent.verify(c.issuer) {
			n++
		}
		require.Equal(t, c.verified, n)
		require.True(t, spent.exhausted())
	}
}

func TestTenThousandOfOneNameAreEachThereOnce(t *testing.T) {
	_, ders := crossSigned(t, 2)
	p, err := NewPool(append(ders, ders...), nil)
	require.NoError(t, err)
	n, _ := p.Len()
	require.Equal(t, manyCertificates, n)
	require.Nil(t, p.contents().hashes)

	certs, err := ParseCertificates(append(ders, ders...))
	require.NoError(t, err)
	s := NewStore()
	s.AddCertificates(certs)
	s.AddCertificates(certs)
	n, _, _ = s.Stats()
	require.Equal(t, manyCertificates, n)
	s = NewStore()
	s.AddPool(p)
	s.AddCertificates(certs)
	n, _, _ = s.Stats()
	require.Equal(t, manyCertificates, n)
	added, err := s.AddCertificate(ders[0])
	require.NoError(t, err)
	require.False(t, added)
}

type counted struct {
	ders  [][]byte
	fills atomic.Int32
}

func (c *counted) Fill(f *Filler) {
	c.fills.Add(1)
	for _, der := range c.ders {
		f.Certificate(der)
	}
}

func TestALazyPoolIsFilledWhenSomebodyAsks(t *testing.T) {
	_, ders := crossSigned(t, 100)
	ders = append(ders[:300:300], []byte("no certificate"))
	source := &counted{ders: ders}
	p := NewLazyPool(source)
	s := NewStore()
	s.AddPool(p)
	s.Clone().AddPool(p)
	require.Zero(t, source.fills.Load())
	var threads sync.WaitGroup
	for range 4 {
		threads.Go(func() {
			if n, _, _ := s.Stats(); n != 300 {
				t.Errorf("%d certificates", n)
			}
		})
	}
	threads.Wait()
	before := source.fills.Load()
	require.Len(t, p.Skipped(), 1)
	require.Equal(t, before, source.fills.Load(), "not again")
	require.Nil(t, p.source.Load(), "it is kept no longer than needed")
}

func BenchmarkTenThousandOfOneName(b *testing.B) {
	_, ders := crossSigned(b, 2)
	for b.Loop() {
		if _, err := NewPool(ders, nil); err != nil {
			b.Fatal(err)
		}
	}
}
