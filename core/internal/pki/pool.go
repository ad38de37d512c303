package pki

import (
	"bytes"
	"slices"
	"sync/atomic"

	"github.com/gossl/gossl/core/internal/alert"
)

// Pool is the certificates and CRLs of one file, which many stores share. Only their form is checked and their names are
// read when it is made; a certificate is parsed when a chain or a caller asks for it. Many threads may use it at once.
type Pool struct {
	ders  [][]byte
	index map[string][]int // by canonical subject
	lists []*CRL

	parsed []atomic.Pointer[Certificate] // nil: not asked for yet
}

// AdoptOnce says that a child of fork has one copy, for all stores.
func (*Pool) AdoptOnce() {}

// NewPool makes a pool of certificates and CRLs in DER. What is malformed is an error: the file is not what it says.
func NewPool(certificates, crls [][]byte) (*Pool, error) {
	if len(certificates)+len(crls) == 0 {
		return nil, nothingFound()
	}
	p := &Pool{index: make(map[string][]int, len(certificates))}
	for _, der := range certificates {
		subject, err := subjectOf(der)
		if err != nil {
			return nil, err
		}
		same := p.index[string(subject)]
		if slices.ContainsFunc(same, func(i int) bool { return bytes.Equal(p.ders[i], der) }) {
			continue
		}
		p.index[string(subject)] = append(same, len(p.ders))
		p.ders = append(p.ders, der)
	}
	for _, der := range crls {
		crl, err := ParseCRL(der)
		if err != nil {
			return nil, err
		}
		p.lists = append(p.lists, crl)
	}
	p.parsed = make([]atomic.Pointer[Certificate], len(p.ders))
	return p, nil
}

// subjectOf returns the canonical subject of a certificate, which may have trust settings behind it, if it is well formed.
func subjectOf(der []byte) ([]byte, error) {
	var c Certificate
	extensions, err := c.readFrame(der)
	if err != nil { // perhaps for what stands behind it
		trusted, err := ParseTrusted(der)
		if err != nil {
			return nil, err
		}
		return trusted.subject, nil
	}
	if !readExtensions(extensions, func(Extension) {}) {
		return nil, notDER(alert.ReasonASN1NestedError, "malformed certificate")
	}
	return canonicalName(c.RawSubject), nil
}

func (p *Pool) entries() [][]byte { return p.ders }
func (p *Pool) crls() []*CRL      { return p.lists }

func (p *Pool) certificate(i int) *Certificate {
	if c := p.parsed[i].Load(); c != nil {
		return c
	}
	c, _ := ParseTrusted(p.ders[i]) // it parsed once
	if c != nil && !p.parsed[i].CompareAndSwap(nil, c) {
		return p.parsed[i].Load() // another thread was first
	}
	return c
}

func (p *Pool) bySubject(name []byte) []*Certificate {
	var l []*Certificate
	for _, i := range p.index[string(name)] {
		l = append(l, p.certificate(i))
	}
	return l
}

func (p *Pool) contains(der []byte) bool {
	for _, d := range p.ders {
		if bytes.Equal(d, der) {
			return true
		}
	}
	return false
}
