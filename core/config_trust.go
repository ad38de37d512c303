package core

import (
	"crypto/x509"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keyfile"
	"github.com/gossl/gossl/core/internal/pki"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Pool is the certificates and CRLs of one file, parsed once and shared by any number of Configs.
type Pool = pki.Pool

// Lookup finds trust anchors and CRLs outside, such as in a directory of files named by subject hash. Its methods may
// be called by many goroutines at once.
type Lookup = pki.Lookup

// NewPool reads a PEM file of trust anchors and CRLs.
func NewPool(pem []byte) (*Pool, error) {
	certs, crls, err := keyfile.Bundle(pem)
	if err != nil {
		return nil, x509PEMLib(err)
	}
	p, err := pki.NewPool(certs, crls)
	if err != nil && asError(err).Library == alert.LibASN1 {
		return nil, x509PEMLib(err)
	}
	return p, err
}

// Skipped is an entry of a store that is of no use: its number in the file, from 0, and what is wrong with it.
type Skipped = pki.Skipped

// NewStorePool makes a pool of the PEM file of a system's trust store, which is parsed when somebody asks for what is in
// it. What is malformed is passed over, and is in Skipped. It keeps pem until then.
func NewStorePool(pem []byte) *Pool { return pki.NewLazyPool(&storeText{pem}) }

type storeText struct{ pem []byte }

// Fill reads all entries.
func (s *storeText) Fill(f *pki.Filler) {
	for _, e := range keyfile.Entries(s.pem) {
		switch {
		case e.Err != nil:
			f.Skip(e.Err)
		case e.IsCRL:
			f.CRL(e.DER)
		default:
			f.Certificate(e.DER)
		}
	}
}

// MozillaPool returns Mozilla's trust anchors for servers, as they were when this was built. Some are trusted only in
// certificates that were issued before a date.
func MozillaPool() *Pool { return pki.NewLazyPool(mozillaRoots{}) }

type mozillaRoots struct{}

// Fill adds all roots.
func (mozillaRoots) Fill(f *pki.Filler) {
	n := 0
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			f.Certificate(root.Certificate)
		} else {
			f.Conditional(root.Certificate, mozillaRoot(n))
		}
		n++
	}
}

// mozillaRoot is the number of a root that has a condition.
type mozillaRoot int

// Accepts asks the condition, which wants certificates as crypto/x509 has them.
func (r mozillaRoot) Accepts(chain [][]byte) error {
	parsed := make([]*x509.Certificate, len(chain))
	for i, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		parsed[i] = c
	}
	n := 0
	for root := range bundle.Roots() {
		if n == int(r) {
			return root.Constraint(parsed)
		}
		n++
	}
	return errNoSuchRoot
}

var errNoSuchRoot = misuse(0, "no such root")

// x509PEMLib gives errors about the form of a file of anchors the code that CPython shows for them: "[X509] PEM lib".
func x509PEMLib(err error) error {
	e := *asError(err)
	e.Library, e.Reason, e.Cause = alert.LibX509, alert.AnyPEMLib, err
	return &e
}

// AddPool adds shared trust anchors.
func (c *Config) AddPool(p *Pool) {
	s := c.store.Clone()
	s.AddPool(p)
	c.store = s
}

// AddLookup adds a source of trust anchors.
func (c *Config) AddLookup(l Lookup) {
	s := c.store.Clone()
	s.AddLookup(l)
	c.store = s
}

// AddAnchorsPEM adds the trust anchors of a PEM text, of which there must be one at least. Nothing is added if there is an
// error.
func (c *Config) AddAnchorsPEM(pem []byte) error {
	var certs []*pki.Certificate
	for _, e := range keyfile.Entries(pem) {
		if e.IsCRL {
			continue
		}
		var cert *pki.Certificate
		err := e.Err
		if err == nil {
			cert, err = pki.ParseCertificate(keyfile.WithoutTrust(e.DER))
		}
		if err != nil && certs == nil {
			return noAnchor(alert.LibPEM, alert.ReasonPEMNoStartLine, err)
		}
		if err != nil {
			return inPEM(err)
		}
		certs = append(certs, cert)
	}
	if certs == nil {
		return noAnchor(alert.LibPEM, alert.ReasonPEMNoStartLine, nil)
	}
	c.addAnchors(certs)
	return nil
}

// noAnchor is the error of bytes that do not begin with a certificate.
func noAnchor(lib alert.Library, reason alert.Reason, cause error) error {
	e := alert.Input(lib, reason, "cadata does not contain a certificate")
	if cause != nil {
		e.Cause, e.Text = cause, e.Text+": "+asError(cause).Text
	}
	return e
}

// AddAnchorsDER adds trust anchors that stand back to back. Nothing is added if there is an error.
func (c *Config) AddAnchorsDER(der []byte) error {
	ders, err := keyfile.SplitDER(der)
	certs := make([]*pki.Certificate, len(ders))
	for i := range ders {
		cert, wrong := pki.ParseCertificate(ders[i])
		if wrong != nil && i == 0 {
			return noAnchor(alert.LibASN1, alert.ReasonASN1NotEnoughData, wrong)
		}
		if wrong != nil {
			return wrong
		}
		certs[i] = cert
	}
	if len(certs) == 0 {
		return noAnchor(alert.LibASN1, alert.ReasonASN1NotEnoughData, err)
	}
	if err != nil {
		return err
	}
	c.addAnchors(certs)
	return nil
}

func (c *Config) addAnchors(certs []*pki.Certificate) {
	s := c.store.Clone()
	s.AddCertificates(certs)
	c.store = s
}

// StoreStats counts the trust store: certificates, CRLs, and the certificates that are CAs.
func (c *Config) StoreStats() (certificates, crls, cas int) { return c.store.Stats() }

// CACertificates returns the trust anchors that are CAs, in DER.
func (c *Config) CACertificates() [][]byte { return c.store.CACertificates() }

// ReadBundle returns the DER of the certificates and CRLs of a PEM file.
func ReadBundle(pem []byte) (certificates, crls [][]byte, err error) { return keyfile.Bundle(pem) }
