// Command generate writes random certificate chains, good and bad, one JSON object in a line:
//
//	generate SEED COUNT
package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"log"
	"math/big"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Case is one question: is this chain good for that host?
type Case struct {
	ID      int      `json:"id"`
	What    []string `json:"what"` // how it was made
	Chain   string   `json:"chain"`
	Key     string   `json:"key"`
	Anchors string   `json:"anchors"`
	CRLs    string   `json:"crls"`
	Host    string   `json:"host"`
	Flags   int      `json:"flags"`      // X509_V_FLAG_*
	Hosts   int      `json:"host_flags"` // X509_CHECK_FLAG_*
	Level   int      `json:"level"`      // security level
	Client  bool     `json:"client"`     // the chain is a client's, and a server verifies it
}

// OpenSSL's flags.
const (
	crlCheck     = 0x4
	crlCheckAll  = 0x8
	strict       = 0x20
	allowProxies = 0x40
	trustedFirst = 0x8000
	partialChain = 0x80000

	noPartialWildcards = 4 // of the flags for hosts, what CPython sets
)

type maker struct {
	r    *rand.Rand
	now  time.Time
	keys []crypto.Signer // good ones
	weak crypto.Signer
	what []string
	mild int // how many times less likely than usual faults are
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func newMaker(seed uint64) *maker {
	m := &maker{r: rand.New(rand.NewPCG(seed, 1)), now: time.Now()}
	for range 6 {
		m.keys = append(m.keys, must(ecdsa.GenerateKey(elliptic.P256(), crand.Reader)))
	}
	m.keys = append(m.keys, must(rsa.GenerateKey(crand.Reader, 2048)), must(rsa.GenerateKey(crand.Reader, 2048)))
	m.weak = must(rsa.GenerateKey(crand.Reader, 1024))
	return m
}

func sameKind(a, b crypto.Signer) bool {
	_, x := a.(*rsa.PrivateKey)
	_, y := b.(*rsa.PrivateKey)
	return x == y
}

// chance notes what happened, with the probability of one in n, or less in a mild case.
func (m *maker) chance(n int, what string) bool {
	if m.r.IntN(n*m.mild) != 0 {
		return false
	}
	m.what = append(m.what, what)
	return true
}

func pick[T any](m *maker, l ...T) T { return l[m.r.IntN(len(l))] }

// node is a certificate and the key that it is for.
type node struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func (m *maker) template(name string) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(m.r.Int64()), Subject: pkix.Name{CommonName: name},
		NotBefore: m.now.Add(-24 * time.Hour), NotAfter: m.now.Add(24 * time.Hour), BasicConstraintsValid: true,
	}
	switch {
	case m.chance(25, name+": expired"):
		t.NotAfter = m.now.Add(-time.Hour)
	case m.chance(40, name+": not yet valid"):
		t.NotBefore = m.now.Add(time.Hour)
	}
	if m.chance(40, name+": unknown critical extension") {
		t.ExtraExtensions = append(t.ExtraExtensions, unknownExtension())
	}
	if m.r.IntN(8) == 0 {
		t.ExtraExtensions = append(t.ExtraExtensions, m.points())
	}
	return t
}

func (m *maker) key(name string) crypto.Signer {
	if m.chance(30, name+": weak key") {
		return m.weak
	}
	return m.keys[m.r.IntN(len(m.keys))]
}

// sign makes the certificate; a nil parent signs itself.
func (m *maker) sign(t *x509.Certificate, key crypto.Signer, parent *node) *node {
	issuer, signer := t, key
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	if m.chance(40, t.Subject.CommonName+": SHA-1") {
		t.SignatureAlgorithm = x509.ECDSAWithSHA1
		if _, ok := signer.(*rsa.PrivateKey); ok {
			t.SignatureAlgorithm = x509.SHA1WithRSA
		}
	}
	der := must(x509.CreateCertificate(crand.Reader, t, issuer, key.Public(), signer))
	return &node{must(x509.ParseCertificate(der)), key}
}

func (m *maker) authority(name string, parent *node) *node {
	t := m.template(name)
	t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	if m.chance(30, name+": is no CA") {
		t.IsCA = false
	}
	if m.chance(30, name+": may not sign") {
		t.KeyUsage = x509.KeyUsageDigitalSignature
	}
	if m.chance(40, name+": no key usage") {
		t.KeyUsage = 0
	}
	if t.IsCA && m.chance(15, name+": path length") {
		t.MaxPathLen, t.MaxPathLenZero = m.r.IntN(2), true
	}
	if m.chance(30, name+": extended key usage") {
		t.ExtKeyUsage = []x509.ExtKeyUsage{pick(m, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageAny)}
	}
	if m.chance(12, name+": name constraints") {
		m.constrain(t)
	}
	return m.sign(t, m.key(name), parent)
}

func (m *maker) constrain(t *x509.Certificate) {
	t.PermittedDNSDomainsCritical = m.r.IntN(2) == 0
	names := [][]string{{"example.com"}, {"other.test"}, {".example.com"}, {"www.example.com"}, {"example.com", "test"}}
	if m.r.IntN(2) == 0 {
		t.PermittedDNSDomains = pick(m, names...)
	} else {
		t.ExcludedDNSDomains = pick(m, names...)
	}
	if m.r.IntN(3) == 0 {
		_, network, _ := net.ParseCIDR(pick(m, "10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"))
		if m.r.IntN(2) == 0 {
			t.PermittedIPRanges = []*net.IPNet{network}
		} else {
			t.ExcludedIPRanges = []*net.IPNet{network}
		}
	}
}

var (
	hosts    = []string{"example.com", "example.com", "www.example.com", "b\u00fccher.example.com", "example.com.", "www.example.com", "a.b.example.com", "xn--bcher-kva.example.com", "other.test", "10.1.2.3", "2001:db8::1", "WWW.Example.COM"}
	patterns = []string{"example.com", "www.example.com", "*.example.com", "w*.example.com", "*.b.example.com", "*.com", "xn--*.example.com",
		"xn--bcher-kva.example.com", "other.test", "*", "*.*.example.com", "www.*.com", "a.b.example.com", "EXAMPLE.com"}
	addresses = []string{"10.1.2.3", "192.0.2.1", "2001:db8::1"}
)

func (m *maker) leaf(parent *node) *node {
	t := m.template("leaf")
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if m.chance(20, "leaf: extended key usage") {
		t.ExtKeyUsage = [][]x509.ExtKeyUsage{nil, {x509.ExtKeyUsageClientAuth}, {x509.ExtKeyUsageAny}, {x509.ExtKeyUsageCodeSigning}}[m.r.IntN(4)]
	}
	if m.chance(25, "leaf: key usage") {
		t.KeyUsage = pick(m, 0, x509.KeyUsageCertSign, x509.KeyUsageKeyAgreement, x509.KeyUsageKeyEncipherment)
	}
	if m.chance(30, "leaf: is a CA") {
		t.IsCA = true
	}
	t.Subject.CommonName = pick(m, patterns...)
	if m.mild > 1 && m.r.IntN(2) == 0 { // good for most hosts
		t.DNSNames = []string{"example.com", "*.example.com", "*.b.example.com", "other.test"}
		t.IPAddresses = []net.IP{net.ParseIP("10.1.2.3"), net.ParseIP("2001:db8::1")}
	} else if !m.chance(8, "leaf: common name only") {
		for range 1 + m.r.IntN(3) {
			t.DNSNames = append(t.DNSNames, pick(m, patterns...))
		}
		if m.r.IntN(3) == 0 {
			t.IPAddresses = append(t.IPAddresses, net.ParseIP(pick(m, addresses...)))
		}
	} else if strings.Contains(t.Subject.CommonName, "*") {
		m.what = append(m.what, "leaf: wildcard in the common name")
	}
	key := m.key("leaf")
	if m.chance(20, "leaf: self-signed") {
		return m.sign(t, key, nil)
	}
	return m.sign(t, key, parent)
}

func encode(label string, ders ...[]byte) string {
	var b bytes.Buffer
	for _, der := range ders {
		_ = pem.Encode(&b, &pem.Block{Type: label, Bytes: der})
	}
	return b.String()
}

func (m *maker) next(id int) *Case {
	m.what, m.mild = nil, pick(m, 1, 1, 3, 10)
	c := &Case{ID: id, Host: pick(m, hosts...), Flags: trustedFirst, Level: pick(m, 0, 1, 1, 2, 2, 2), Hosts: noPartialWildcards}
	if m.r.IntN(3) == 0 {
		c.Hosts = m.r.IntN(64)
	}
	if c.Client = m.r.IntN(6) == 0; c.Client {
		m.what = append(m.what, "client")
	}
	root := m.authority("root", nil)
	above := []*node{root}
	for i := range m.r.IntN(4) {
		above = append(above, m.authority("intermediate "+strconv.Itoa(i), above[len(above)-1]))
	}
	last := above[len(above)-1]
	leaf := m.leaf(last)
	send := [][]byte{leaf.cert.Raw}
	for i := len(above) - 1; i > 0; i-- {
		send = append(send, above[i].cert.Raw)
	}
	anchors := [][]byte{root.cert.Raw}
	m.spoil(c, &send, &anchors, above, leaf)
	end := leaf
	if m.r.IntN(10) == 0 {
		m.what = append(m.what, "proxies")
		end = m.proxies(leaf, &send)
		if m.r.IntN(4) != 0 {
			c.Flags |= allowProxies
		}
	}
	c.Chain = encode("CERTIFICATE", send...)
	for _, a := range anchors {
		c.Anchors += m.anchor(a)
	}
	if m.r.IntN(4) == 0 {
		m.what = append(m.what, "CRL check")
		c.Flags |= pick(m, crlCheck, crlCheck|crlCheckAll)
		for i, a := range above {
			child := leaf.cert
			if i+1 < len(above) {
				child = above[i+1].cert
			}
			c.CRLs += m.lists(a, child)
		}
	}
	if m.chance(6, "strict") {
		c.Flags |= strict
	}
	c.Key = encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(end.key)))
	c.What = append([]string{}, m.what...)
	return c
}

// spoil changes what is sent and what is trusted.
func (m *maker) spoil(c *Case, send, anchors *[][]byte, above []*node, leaf *node) {
	if len(*send) > 2 && m.chance(10, "wrong order") {
		rest := (*send)[1:]
		m.r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	}
	if len(*send) > 1 && m.chance(15, "intermediate missing") {
		i := 1 + m.r.IntN(len(*send)-1)
		*send = append((*send)[:i:i], (*send)[i+1:]...)
	}
	if m.chance(12, "stranger sent too") {
		*send = append(*send, m.authority("stranger", nil).cert.Raw)
	}
	if m.chance(12, "root sent too") {
		*send = append(*send, above[0].cert.Raw)
	}
	if len(above) > 1 && m.chance(10, "cross-signed") {
		other := m.authority("other root", nil)
		t := *above[1].cert
		t.Raw, t.RawTBSCertificate, t.SignatureAlgorithm, t.ExtraExtensions = nil, nil, 0, nil
		t.SerialNumber = big.NewInt(m.r.Int64())
		cross := must(x509.CreateCertificate(crand.Reader, &t, other.cert, above[1].key.Public(), other.key))
		*send = append(*send, cross)
		if m.r.IntN(2) == 0 {
			*anchors = append(*anchors, other.cert.Raw)
		} else {
			(*anchors)[0] = other.cert.Raw
		}
	}
	switch {
	case m.chance(20, "stranger trusted"):
		(*anchors)[0] = m.authority("stranger", nil).cert.Raw
	case m.chance(20, "leaf trusted"):
		*anchors = [][]byte{leaf.cert.Raw}
	case len(above) > 1 && m.chance(15, "intermediate trusted"):
		*anchors = [][]byte{above[1+m.r.IntN(len(above)-1)].cert.Raw}
	}
	if m.chance(6, "partial chain") {
		c.Flags |= partialChain
	}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: generate SEED COUNT")
	}
	seed, count := must(strconv.ParseUint(os.Args[1], 10, 64)), must(strconv.Atoi(os.Args[2]))
	m := newMaker(seed)
	out := json.NewEncoder(os.Stdout)
	for id := range count {
		if err := out.Encode(m.next(id)); err != nil {
			log.Fatal(err)
		}
	}
}
