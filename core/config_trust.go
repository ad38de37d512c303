package core

import (
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keyfile"
	"github.com/gossl/gossl/core/internal/pki"
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
	return pki.NewPool(certs, crls)
}

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

// AddAnchorsPEM adds the trust anchors and CRLs of a PEM text, of which there must be one at least. Nothing is added if
// there is an error.
func (c *Config) AddAnchorsPEM(pem []byte) error {
	certs, _, err := keyfile.Bundle(pem)
	if err != nil {
		return err
	}
	if len(certs) == 0 {
		return alert.Input(alert.LibPEM, alert.ReasonPEMNoStartLine, "no start line: cadata does not contain a certificate")
	}
	return c.addAnchors(certs)
}

// AddAnchorsDER adds trust anchors that stand back to back.
func (c *Config) AddAnchorsDER(der []byte) error {
	certs, err := keyfile.SplitDER(der)
	if err != nil {
		return err
	}
	if len(certs) == 0 {
		return alert.Input(alert.LibASN1, alert.ReasonASN1NotEnoughData, "not enough data: cadata does not contain a certificate")
	}
	return c.addAnchors(certs)
}

func (c *Config) addAnchors(ders [][]byte) error {
	s := c.store.Clone()
	for _, der := range ders {
		if _, err := s.AddCertificate(der); err != nil {
			return err
		}
	}
	c.store = s
	return nil
}

// StoreStats counts the trust store: certificates, CRLs, and the certificates that are CAs.
func (c *Config) StoreStats() (certificates, crls, cas int) { return c.store.Stats() }

// CACertificates returns the trust anchors that are CAs, in DER.
func (c *Config) CACertificates() [][]byte { return c.store.CACertificates() }

// ReadBundle returns the DER of the certificates and CRLs of a PEM file.
func ReadBundle(pem []byte) (certificates, crls [][]byte, err error) { return keyfile.Bundle(pem) }
