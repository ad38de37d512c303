package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/testcert"
	"github.com/stretchr/testify/require"
)

func der(t testing.TB, text []byte) []byte {
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	return block.Bytes
}

// issued returns a leaf of an authority, and a store with that authority.
func issued(t testing.TB, a *testcert.Authority) (leaf []byte, store *Store) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	chain, _ := a.Issue(key, "localhost")
	store = NewStore()
	_, err = store.AddCertificate(der(t, a.PEM))
	require.NoError(t, err)
	return der(t, chain), store
}

func verifyAt(t testing.TB, leaf []byte, store *Store, at time.Time) alert.VerifyCode {
	certs, err := ParseCertificates([][]byte{leaf})
	require.NoError(t, err)
	r, _ := Verify(certs[0], nil, store, &Options{Time: at.Unix(), Purpose: PurposeServer, Depth: 10, Host: "localhost"})
	return r.Code
}

func TestARememberedCertificateIsSharedAndCheckedAnew(t *testing.T) {
	now := time.Now()
	leaf, store := issued(t, testcert.NewAuthority())
	require.Nil(t, remembered.find(leaf))
	require.Equal(t, alert.VerifyOK, verifyAt(t, leaf, store, now))
	known := remembered.find(leaf)
	require.NotNil(t, known)
	require.NotSame(t, &leaf[0], &known.Raw[0], "the message is not kept")
	require.NotNil(t, known.verifiedBy.Load())

	require.Equal(t, alert.VerifyOK, verifyAt(t, leaf, store, now))
	require.Equal(t, alert.VerifyCertHasExpired, verifyAt(t, leaf, store, now.Add(2*time.Hour)))
	require.Equal(t, alert.VerifyCertNotYetValid, verifyAt(t, leaf, store, now.Add(-2*time.Hour)))
	require.Equal(t, alert.VerifyUnableToGetIssuerLocally, verifyAt(t, leaf, NewStore(), now))
	r, _ := Verify(known, nil, store, &Options{Time: now.Unix(), Purpose: PurposeServer, Depth: 10, Host: "elsewhere"})
	require.Equal(t, alert.VerifyHostnameMismatch, r.Code)
}

// Both authorities have the same name.
func TestARememberedSignatureCountsForItsKeyOnly(t *testing.T) {
	leaf, store := issued(t, testcert.NewAuthority())
	require.Equal(t, alert.VerifyOK, verifyAt(t, leaf, store, time.Now()))
	_, other := issued(t, testcert.NewAuthority())
	certs, err := ParseCertificates([][]byte{leaf})
	require.NoError(t, err)
	impostor := slices.Collect(other.bySubject(certs[0].issuer))
	require.Len(t, impostor, 1, "the names agree")
	require.False(t, certs[0].signedBy(impostor[0]))
	require.NotEqual(t, alert.VerifyOK, verifyAt(t, leaf, other, time.Now()))
}

func TestOnlyGoodChainsAreRemembered(t *testing.T) {
	leaf, store := issued(t, testcert.NewAuthority())
	bad := append([]byte(nil), leaf...)
	bad[len(bad)-1] ^= 1 // of the signature
	require.Equal(t, alert.VerifyCertSignatureFailure, verifyAt(t, bad, store, time.Now()))
	require.Nil(t, remembered.find(bad))
	require.Equal(t, alert.VerifyCertHasExpired, verifyAt(t, leaf, store, time.Now().Add(2*time.Hour)))
	require.Nil(t, remembered.find(leaf))
}

func TestTheMemoryIsBounded(t *testing.T) {
	var m memory
	a := testcert.NewAuthority()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range mostRemembered / 2 {
				chain, _ := a.Issue(key, "localhost")
				c, err := ParseCertificate(der(t, chain))
				if err != nil {
					t.Error(err)
				}
				m.keep([]*Certificate{c, c})
				m.find(c.Raw)
			}
		})
	}
	workers.Wait()
	require.Len(t, m.byDER, mostRemembered)

	long, err := x509.CreateCertificate(rand.Reader, longTemplate(), longTemplate(), key.Public(), key)
	require.NoError(t, err)
	c, err := ParseCertificate(long)
	require.NoError(t, err)
	m.keep([]*Certificate{c})
	require.Nil(t, m.find(long))
}

// longTemplate has more names than are worth remembering.
func longTemplate() *x509.Certificate {
	t := &x509.Certificate{}
	for len(t.DNSNames) < longestRemembered/10 {
		t.DNSNames = append(t.DNSNames, "0123456789.example")
	}
	return t
}
