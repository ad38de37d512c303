package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
)

// holder is somebody with a key and a certificate.
type holder struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (h *holder) parsed(t testing.TB) *Certificate {
	c, err := ParseCertificate(h.cert.Raw)
	require.NoError(t, err)
	return c
}

// issue makes a certificate of an authority, which change may make something else, for key, or for a new one.
func issue(t testing.TB, name string, by *holder, key *ecdsa.PrivateKey, change func(*x509.Certificate)) *holder {
	if key == nil {
		var err error
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	if change != nil {
		change(template)
	}
	if by == nil {
		by = &holder{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &holder{cert, key}
}

func endEntity(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.DNSNames = false, x509.KeyUsageDigitalSignature, []string{"localhost"}
}

func storeOf(t testing.TB, anchors ...*holder) *Store {
	s := NewStore()
	for _, a := range anchors {
		_, err := s.AddCertificate(a.cert.Raw)
		require.NoError(t, err)
	}
	return s
}

func code(t testing.TB, store *Store, flags Flags, chain ...*holder) alert.VerifyCode {
	var certs []*Certificate
	for _, h := range chain {
		certs = append(certs, h.parsed(t))
	}
	o := &Options{Time: time.Now().Unix(), Flags: flags, Purpose: PurposeServer, Depth: 100, SecurityLevel: 1}
	r, err := Verify(certs[0], certs[1:], store, o)
	require.Equal(t, err == nil, r.Code == alert.VerifyOK)
	return r.Code
}

func TestEveryPathIsTriedIfAsked(t *testing.T) {
	root, stranger := issue(t, "root", nil, nil, nil), issue(t, "stranger", nil, nil, nil)
	middle := issue(t, "middle", root, nil, nil)
	cross := issue(t, "middle", stranger, middle.key, nil)
	expired := issue(t, "middle", root, middle.key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	noCA := issue(t, "middle", root, middle.key, func(c *x509.Certificate) { c.IsCA = false })
	leaf := issue(t, "leaf", middle, nil, endEntity)
	anchors := storeOf(t, root)
	require.Equal(t, alert.VerifyOK, code(t, anchors, FlagTrustedFirst, leaf, middle, cross))
	require.Equal(t, alert.VerifyUnableToGetIssuerLocally, code(t, anchors, FlagTrustedFirst, leaf, cross, middle))
	require.Equal(t, alert.VerifyInvalidCA, code(t, anchors, FlagTrustedFirst, leaf, noCA, middle))
	for _, wrongWay := range []*holder{cross, expired, noCA} {
		require.Equal(t, alert.VerifyOK, code(t, anchors, FlagTrustedFirst|FlagAllPaths, leaf, wrongWay, middle))
		require.NotEqual(t, alert.VerifyOK, code(t, anchors, FlagTrustedFirst|FlagAllPaths, leaf, wrongWay))
	}
	require.Equal(t, alert.VerifyUnableToGetIssuerLocally, code(t, anchors, FlagAllPaths|FlagTrustedFirst, leaf, cross), "OpenSSL's error stands")
	require.Equal(t, alert.VerifyOK, code(t, storeOf(t, leaf), FlagAllPaths|FlagPartialChain, leaf))
}

func proxyOf(t testing.TB, by *holder, name string, pathLen int, change func(*x509.Certificate)) *holder {
	value := []byte{0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 0x15, 1} // id-ppl-inheritAll
	if pathLen >= 0 {
		value = append([]byte{0x30, 15, 2, 1, byte(pathLen)}, value[2:]...)
	}
	return issue(t, "", by, nil, func(c *x509.Certificate) {
		endEntity(c)
		c.DNSNames, c.BasicConstraintsValid = nil, false
		c.Subject = pkix.Name{}
		var rdns pkix.RDNSequence
		_, err := asn1.Unmarshal(by.cert.RawSubject, &rdns)
		require.NoError(t, err)
		rdns = append(rdns, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name}})
		c.RawSubject, err = asn1.Marshal(rdns)
		require.NoError(t, err)
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 14}, Critical: true, Value: value}}
		if change != nil {
			change(c)
		}
	})
}

func TestProxies(t *testing.T) {
	root := issue(t, "root", nil, nil, nil)
	anchors := storeOf(t, root)
	leaf := issue(t, "user", root, nil, endEntity)
	proxy := proxyOf(t, leaf, "proxy", -1, nil)
	require.Equal(t, alert.VerifyProxyCertsNotAllowed, code(t, anchors, 0, proxy, leaf))
	require.Equal(t, alert.VerifyOK, code(t, anchors, FlagAllowProxy, proxy, leaf))
	require.Equal(t, alert.VerifyOK, code(t, anchors, FlagAllowProxy, proxyOf(t, proxy, "second", -1, nil), proxy, leaf))
	last := proxyOf(t, leaf, "last", 0, nil)
	require.Equal(t, alert.VerifyOK, code(t, anchors, FlagAllowProxy, last, leaf))
	require.Equal(t, alert.VerifyProxyPathLengthExceeded, code(t, anchors, FlagAllowProxy, proxyOf(t, last, "too many", -1, nil), last, leaf))

	renamed := proxyOf(t, leaf, "proxy", -1, func(c *x509.Certificate) { c.RawSubject = nil; c.Subject.CommonName = "somebody else" })
	require.Equal(t, alert.VerifyProxySubjectNameViolation, code(t, anchors, FlagAllowProxy, renamed, leaf))
	named := proxyOf(t, leaf, "proxy", -1, func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} })
	require.True(t, named.parsed(t).Malformed())
	authority := proxyOf(t, leaf, "proxy", -1, func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = true, true })
	require.True(t, authority.parsed(t).Malformed())
	ofAuthority := proxyOf(t, root, "proxy", -1, nil)
	require.Equal(t, alert.VerifyInvalidNonCA, code(t, anchors, FlagAllowProxy, ofAuthority))
	mute := issue(t, "mute", root, nil, func(c *x509.Certificate) { endEntity(c); c.KeyUsage = x509.KeyUsageKeyEncipherment })
	require.Equal(t, alert.VerifyKeyUsageNoDigitalSignature, code(t, anchors, FlagAllowProxy, proxyOf(t, mute, "proxy", -1, nil), mute))
}

type never struct{}

func (never) Accepts([][]byte) error { return errors.New("never") }

type fill func(*Filler)

func (f fill) Fill(filler *Filler) { f(filler) }

func TestAnAnchorMayHaveACondition(t *testing.T) {
	root := issue(t, "root", nil, nil, nil)
	leaf := issue(t, "leaf", root, nil, endEntity)
	pool := NewLazyPool(fill(func(f *Filler) {
		f.Conditional(root.cert.Raw, never{})
		f.Certificate([]byte("broken"))
	}))
	store := NewStore()
	store.AddPool(pool)
	require.Equal(t, alert.VerifyCertRejected, code(t, store, 0, leaf))
	require.Equal(t, []Skipped{{1, "tls: certificate is not DER"}}, pool.Skipped())
}

// listOf makes a CRL with an extension and an entry that has one.
func listOf(t testing.TB, by *holder, revoked *big.Int) []byte {
	uri := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte("http://a.test")}
	point, err := asn1.Marshal(struct {
		Name struct {
			Full []asn1.RawValue `asn1:"optional,tag:0"`
		} `asn1:"optional,tag:0"`
		OnlyUsers bool `asn1:"optional,tag:1"`
	}{Name: struct {
		Full []asn1.RawValue `asn1:"optional,tag:0"`
	}{[]asn1.RawValue{uri}}, OnlyUsers: true})
	require.NoError(t, err)
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
		ExtraExtensions:           []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: point}},
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked, RevocationTime: time.Now(), ReasonCode: 1}},
	}, by.cert, by.key)
	require.NoError(t, err)
	return der
}

func TestEveryTruncationOfAListIsRefused(t *testing.T) {
	root := issue(t, "root", nil, nil, nil)
	der := listOf(t, root, big.NewInt(7))
	crl, err := ParseCRL(der)
	require.NoError(t, err)
	require.True(t, crl.scope.onlyUsers && crl.scope.name.present)
	require.True(t, crl.revokes(&Certificate{Serial: []byte{7}}))
	require.False(t, crl.revokes(&Certificate{Serial: []byte{8}}))
	for n := range der {
		_, err := ParseCRL(der[:n])
		require.Error(t, err, n)
	}
	crl.revoked = crl.revoked[:len(crl.revoked)-1]
	require.True(t, crl.revokes(&Certificate{Serial: []byte{8}}), "a list that is broken revokes what is behind the fault")
}

func TestEveryTruncationOfTrustSettingsIsRefused(t *testing.T) {
	cert := issue(t, "root", nil, nil, nil).cert.Raw
	settings := []byte{0x30, 23, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1, 0xa0, 4, 6, 2, 0x2b, 6, 12, 1, 'a', 4, 0}
	settings[1] = byte(len(settings) - 2)
	der := append(append([]byte{}, cert...), settings...)
	c, err := ParseTrusted(der)
	require.NoError(t, err)
	require.Equal(t, []string{ekuServerAuth}, c.settings.trust)
	require.Equal(t, []string{"1.3.6"}, c.settings.reject)
	for n := range der {
		_, err := ParseTrusted(der[:n])
		require.Equal(t, n == len(cert), err == nil, n)
	}
	_, err = ParseTrusted(append(der, 0))
	require.Error(t, err)
}
