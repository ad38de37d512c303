package pki

import (
	"bytes"
	"hash/maphash"
	"iter"
	"sync/atomic"

	"github.com/gossl/gossl/core/internal/alert"
)

// Pool is the certificates and CRLs of one file, which many stores share. Many threads may use it at once.
type Pool struct {
	source atomic.Pointer[sourceOf] // of contents that nobody has asked for yet
	filled atomic.Pointer[contents] // there before source is gone
}

// Source fills a pool when somebody asks for what is in it. Two threads may make it do so at once.
type Source interface{ Fill(*Filler) }

type sourceOf struct{ Source }

// NewLazyPool makes a pool that is filled when somebody asks for what is in it.
func NewLazyPool(s Source) *Pool {
	p := &Pool{}
	p.source.Store(&sourceOf{s})
	return p
}

// contents fills the pool if it has not been. There is no lock, which a forked child could find taken.
func (p *Pool) contents() *contents {
	if c := p.filled.Load(); c != nil {
		return c
	}
	if s := p.source.Load(); s != nil {
		f := &Filler{contents: newContents(0)}
		s.Fill(f)
		f.contents.finish()
		p.filled.CompareAndSwap(nil, f.contents) // unless another thread was first
		p.source.Store(nil)
	}
	return p.filled.Load()
}

// contents are what is in a pool. The form of certificates is checked and their names are read when it is filled; one is
// parsed when a chain or a caller asks for it.
type contents struct {
	ders  [][]byte
	index map[string][]int // by canonical subject
	lists []*CRL

	skipped    []Skipped
	conditions map[int]Condition // by number of the certificate
	hashes     map[uint64]int    // of those that share a name; nil once the pool is made

	parsed []atomic.Pointer[Certificate] // nil: not asked for yet
}

// AdoptOnce says that a child of fork has one copy, for all stores.
func (*Pool) AdoptOnce() {}

// Skipped is an entry of a store that is of no use: its number in the file, from 0, and what is wrong with it.
type Skipped struct {
	Entry int
	Why   string
}

// Condition is what an anchor wants of a chain beyond what is in its certificate.
type Condition interface {
	// Accepts gets the chain in DER, leaf first. Many threads may call it at once.
	Accepts(chain [][]byte) error
}

// NewPool makes a pool of certificates and CRLs in DER. What is malformed is an error: the file is not what it says.
func NewPool(certificates, crls [][]byte) (*Pool, error) {
	if len(certificates)+len(crls) == 0 {
		return nil, nothingFound()
	}
	p := newContents(len(certificates))
	for _, der := range certificates {
		if err := p.addCertificate(der); err != nil {
			return nil, err
		}
	}
	for _, der := range crls {
		if err := p.addCRL(der); err != nil {
			return nil, err
		}
	}
	p.finish()
	made := &Pool{}
	made.filled.Store(p)
	return made, nil
}

// finish makes what is needed only after filling, and drops what was needed only for it.
func (p *contents) finish() {
	p.parsed, p.hashes = make([]atomic.Pointer[Certificate], len(p.ders)), nil
}

func newContents(size int) *contents {
	return &contents{index: make(map[string][]int, size), ders: make([][]byte, 0, size)}
}

func (p *contents) addCertificate(der []byte) error {
	subject, err := subjectOf(der)
	if err != nil {
		return err
	}
	same := p.index[string(subject)]
	if p.known(same, der) {
		return nil
	}
	p.index[string(subject)] = append(same, len(p.ders))
	p.ders = append(p.ders, der)
	return nil
}

var hashSeed = maphash.MakeSeed()

// known reports whether one of the certificates with these numbers, all that there are of their name, is der. Each is hashed
// if its name has more than one: a file of thousands of one name would else be compared with itself.
func (p *contents) known(same []int, der []byte) bool {
	switch len(same) {
	case 0:
		return false
	case 1:
		if p.hashes == nil {
			p.hashes = map[uint64]int{}
		}
		p.hashes[maphash.Bytes(hashSeed, p.ders[same[0]])] = same[0]
	}
	h := maphash.Bytes(hashSeed, der)
	if i, ok := p.hashes[h]; ok && bytes.Equal(p.ders[i], der) {
		return true
	}
	p.hashes[h] = len(p.ders)
	return false
}

func (p *contents) addCRL(der []byte) error {
	crl, err := ParseCRL(der)
	if err == nil {
		p.lists = append(p.lists, crl)
	}
	return err
}

// Filler takes what is good of many entries into a pool.
type Filler struct {
	contents *contents
	entries  int
}

// Certificate adds one in DER, or notes why not.
func (f *Filler) Certificate(der []byte) { f.note(f.contents.addCertificate(der)) }

// Conditional adds a certificate whose chains have to meet a condition.
func (f *Filler) Conditional(der []byte, condition Condition) {
	n := len(f.contents.ders)
	f.Certificate(der)
	if len(f.contents.ders) == n {
		return
	}
	if f.contents.conditions == nil {
		f.contents.conditions = map[int]Condition{}
	}
	f.contents.conditions[n] = condition
}

// CRL adds one in DER, or notes why not.
func (f *Filler) CRL(der []byte) { f.note(f.contents.addCRL(der)) }

// Skip notes an entry that could not even be read.
func (f *Filler) Skip(err error) { f.note(err) }

func (f *Filler) note(err error) {
	if err != nil {
		f.contents.skipped = append(f.contents.skipped, Skipped{f.entries, err.Error()})
	}
	f.entries++
}

// Skipped returns the entries that are of no use.
func (p *Pool) Skipped() []Skipped { return p.contents().skipped }

// Len returns the number of certificates and of CRLs.
func (p *Pool) Len() (certificates, crls int) {
	c := p.contents()
	return len(c.ders), len(c.lists)
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

func (p *Pool) entries() [][]byte { return p.contents().ders }
func (p *Pool) crls() []*CRL      { return p.contents().lists }

func (p *Pool) certificate(i int) *Certificate { return p.contents().certificate(i) }

func (p *contents) certificate(i int) *Certificate {
	if c := p.parsed[i].Load(); c != nil {
		return c
	}
	c, err := ParseTrusted(p.ders[i])
	if err != nil { // a form that only parsing it all has found wrong
		return nil
	}
	c.condition = p.conditions[i]
	if !p.parsed[i].CompareAndSwap(nil, c) {
		return p.parsed[i].Load() // another thread was first
	}
	return c
}

func (p *Pool) bySubject(name []byte) iter.Seq[*Certificate] {
	return func(yield func(*Certificate) bool) {
		all := p.contents()
		for _, i := range all.index[string(name)] {
			if c := all.certificate(i); c != nil && !yield(c) {
				return
			}
		}
	}
}

// eachNamed calls f with each certificate of a canonical subject.
func (p *Pool) eachNamed(subject []byte, f func(der []byte)) {
	all := p.contents()
	for _, i := range all.index[string(subject)] {
		f(all.ders[i])
	}
}
