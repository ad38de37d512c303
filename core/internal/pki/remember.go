package pki

import (
	"bytes"
	"sync"
)

// What a process meets is mostly what it has met before: the same few servers, with the same few certificates.
// Certificates that were part of a verified chain are remembered parsed, by their bytes, and with each the certificate
// whose key has verified its signature.
//
// That is safe because both are functions of bytes alone: the same DER always parses to the same, and a signature that
// has verified once with a key always will. All that depends on anything else, such as the time, revocation, names,
// purposes or the security level, is checked anew each time, and so is what proves possession of a key. A certificate
// is remembered only when its whole chain was good, so that nobody without one can fill the memory.

const (
	mostRemembered    = 256
	longestRemembered = 1 << 13 // bytes of DER; Mozilla's anchors sign leaves of 1 to 2 kilobytes
)

type memory struct {
	mu     sync.RWMutex
	byDER  map[string]*Certificate
	oldest []*Certificate // a ring
	next   int
}

var remembered memory

// ParseCertificates reads the certificates of a message, leaf first. Remembered ones are shared: they and their slices
// are not to be changed, and outlive the message.
func ParseCertificates(ders [][]byte) ([]*Certificate, error) {
	certs := make([]*Certificate, len(ders))
	for i, der := range ders {
		if certs[i] = remembered.find(der); certs[i] != nil {
			continue
		}
		cert, err := ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certs[i] = cert
	}
	return certs, nil
}

func (m *memory) find(der []byte) *Certificate {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.byDER[string(der)]
}

// keep remembers certificates of a verified chain.
func (m *memory) keep(certs []*Certificate) {
	for _, c := range certs {
		if len(c.Raw) > longestRemembered || m.find(c.Raw) != nil {
			continue
		}
		own, err := ParseCertificate(bytes.Clone(c.Raw)) // the message that c is a part of is longer
		if err != nil {
			continue
		}
		own.verifiedBy.Store(c.verifiedBy.Load())
		m.add(own)
	}
}

func (m *memory) add(c *Certificate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byDER == nil {
		m.byDER, m.oldest = make(map[string]*Certificate, mostRemembered), make([]*Certificate, mostRemembered)
	}
	if m.byDER[string(c.Raw)] != nil {
		return
	}
	if old := m.oldest[m.next]; old != nil {
		delete(m.byDER, string(old.Raw))
	}
	m.byDER[string(c.Raw)], m.oldest[m.next] = c, c
	m.next = (m.next + 1) % mostRemembered
}

// signedBy verifies c's signature with issuer's key, unless that very certificate has verified it before.
func (c *Certificate) signedBy(issuer *Certificate) bool {
	if before := c.verifiedBy.Load(); before != nil && bytes.Equal(before.RawSPKI, issuer.RawSPKI) {
		return true
	}
	if !checkSignature(issuer, c.sigAlg, c.RawTBS, c.signature) {
		return false
	}
	c.verifiedBy.Store(issuer)
	return true
}
