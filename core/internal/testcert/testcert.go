// Package testcert makes certificates for examples and tests. They are worth nothing outside.
package testcert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// Authority is a certificate authority that lives for an hour.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	now  time.Time
	PEM  []byte
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// NewAuthority makes one.
func NewAuthority() *Authority { return NewAuthorityAt(time.Now()) }

// NewAuthorityAt makes one whose certificates are good for an hour before and after a moment.
func NewAuthorityAt(now time.Time) *Authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	t := template("test authority", now)
	t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	der := must(x509.CreateCertificate(rand.Reader, t, t, key.Public(), key))
	return &Authority{must(x509.ParseCertificate(der)), key, now, encode("CERTIFICATE", der)}
}

func template(name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, big.NewInt(1<<62))), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true,
	}
}

// Issue returns a chain and the key in PEM for a host.
func (a *Authority) Issue(key crypto.Signer, host string) (chain, keyPEM []byte) {
	return a.IssueFor(key, host, x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment)
}

// IssueFor is Issue for a key with that usage.
func (a *Authority) IssueFor(key crypto.Signer, host string, usage x509.KeyUsage) (chain, keyPEM []byte) {
	t := template(host, a.now)
	t.DNSNames, t.KeyUsage = []string{host}, usage
	der := must(x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key))
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
}

// Localhost returns a chain and key for "localhost", and the authority that signed it.
func Localhost() (chain, key, authority []byte) {
	a := NewAuthority()
	chain, key = a.Issue(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), "localhost")
	return chain, key, a.PEM
}

func encode(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}
