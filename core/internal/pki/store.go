package pki

import (
	"bytes"
	"iter"
	"slices"
	"sync"

	"github.com/gossl/gossl/core/internal/alert"
)

// Store holds trust anchors and CRLs. Many threads may use it at once.
type Store struct {
	mu      sync.RWMutex
	pools   []*Pool
	own     []*Certificate
	crls    []*CRL
	lookups []Lookup
}

// Lookup finds certificates and CRLs outside, such as in a directory of files named by SubjectHash. What a chain uses
// of them is added to the store.
type Lookup interface {
	Certificates(subjectHash uint32) [][]byte // DER, perhaps with trust settings behind it
	CRLs(issuerHash uint32) [][]byte          // DER
}

// AdoptOnce says that a child of fork has one copy, for all connections.
func (*Store) AdoptOnce() {}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{} }

// Clone returns a store with the same contents, which can be added to without changing s.
func (s *Store) Clone() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := &Store{}
	n.pools = append(n.pools, s.pools...)
	n.own = append(n.own, s.own...)
	n.crls = append(n.crls, s.crls...)
	n.lookups = append(n.lookups, s.lookups...)
	return n
}

// AddCertificate adds a trust anchor; added is false if it was there.
func (s *Store) AddCertificate(der []byte) (added bool, err error) {
	c, err := ParseCertificate(der)
	if err != nil {
		return false, err
	}
	return s.add(c), nil
}

// AddCertificates adds those of many trust anchors that are not there yet.
func (s *Store) AddCertificates(certs []*Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := make(map[string]bool, len(s.own)+len(certs))
	for _, old := range s.own {
		have[string(old.Raw)] = true
	}
	asked := map[string]bool{} // names that the pools have been asked for
	for _, c := range certs {
		if !asked[string(c.subject)] {
			asked[string(c.subject)] = true
			for _, p := range s.pools {
				p.eachNamed(c.subject, func(der []byte) { have[string(der)] = true })
			}
		}
		if !have[string(c.Raw)] {
			s.own = append(s.own, c)
			have[string(c.Raw)] = true
		}
	}
}

func (s *Store) add(c *Certificate) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.ContainsFunc(s.own, func(old *Certificate) bool { return bytes.Equal(old.Raw, c.Raw) })
	for _, p := range s.pools {
		p.eachNamed(c.subject, func(der []byte) { found = found || bytes.Equal(der, c.Raw) })
	}
	if found {
		return false
	}
	s.own = append(s.own, c)
	return true
}

// AddCRL adds a certificate revocation list.
func (s *Store) AddCRL(der []byte) error {
	crl, err := ParseCRL(der)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crls = append(s.crls, crl)
	return nil
}

// AddPool adds a shared pool.
func (s *Store) AddPool(p *Pool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.pools {
		if old == p {
			return
		}
	}
	s.pools = append(s.pools, p)
}

// AddLookup adds a source that is asked when a chain needs it.
func (s *Store) AddLookup(l Lookup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups = append(s.lookups, l)
}

// Stats counts certificates, CRLs, and the certificates that are CAs (SSLContext.cert_store_stats).
func (s *Store) Stats() (certificates, crls, cas int) {
	s.each(func(c *Certificate) {
		certificates++
		if c.IsCA() {
			cas++
		}
	})
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.pools {
		crls += len(p.crls())
	}
	return certificates, crls + len(s.crls), cas
}

// CACertificates returns the certificates that are CAs, in DER (SSLContext.get_ca_certs).
func (s *Store) CACertificates() [][]byte {
	var l [][]byte
	s.each(func(c *Certificate) {
		if c.IsCA() {
			l = append(l, c.Raw)
		}
	})
	return l
}

func (s *Store) each(f func(*Certificate)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.pools {
		for i := range p.entries() {
			if c := p.certificate(i); c != nil {
				f(c)
			}
		}
	}
	for _, c := range s.own {
		f(c)
	}
}

// bySubject yields the anchors of a canonical subject, each parsed when it is asked for: of thousands of one name a chain
// takes the first that will do. It asks the lookups if there are none.
func (s *Store) bySubject(name []byte) iter.Seq[*Certificate] {
	return func(yield func(*Certificate) bool) {
		s.mu.RLock()
		pools, own, lookups := s.pools, s.own, s.lookups
		s.mu.RUnlock()
		for c := range local(pools, own, name) {
			lookups = nil
			if !yield(c) {
				return
			}
		}
		var found []*Certificate
		for _, l := range lookups {
			for _, der := range l.Certificates(hashOf(name)) {
				if c, err := ParseTrusted(der); err == nil && bytes.Equal(c.subject, name) {
					s.add(c)
					found = append(found, c)
				}
			}
		}
		slices.Values(found)(yield)
	}
}

func local(pools []*Pool, own []*Certificate, name []byte) iter.Seq[*Certificate] {
	return func(yield func(*Certificate) bool) {
		for _, p := range pools {
			for c := range p.bySubject(name) {
				if !yield(c) {
					return
				}
			}
		}
		for _, c := range own {
			if bytes.Equal(c.subject, name) && !yield(c) {
				return
			}
		}
	}
}

// crlsOf returns the CRLs of an issuer.
func (s *Store) crlsOf(rawIssuer []byte) []*CRL {
	name := canonicalName(rawIssuer)
	var found []*CRL
	s.mu.RLock()
	all := append([]*CRL(nil), s.crls...)
	for _, p := range s.pools {
		all = append(all, p.crls()...)
	}
	lookups := s.lookups
	s.mu.RUnlock()
	for _, crl := range all {
		if bytes.Equal(crl.issuer, name) {
			found = append(found, crl)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, l := range lookups {
		for _, der := range l.CRLs(SubjectHash(rawIssuer)) {
			if crl, err := ParseCRL(der); err == nil && bytes.Equal(crl.issuer, name) {
				found = append(found, crl)
			}
		}
	}
	return found
}

// nothingFound is the error of a file without certificates.
func nothingFound() error {
	return alert.Input(alert.LibX509, alert.ReasonX509NoCertOrCRLFound, "no certificate or CRL in the file")
}
