package main

import (
	"crypto"
	crand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// The revocation lists of a case, and what certificates say about them (RFC 5280 sections 4.2.1.13 and 5).

var (
	oidIssuingPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidDeltaList    = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidListPoints   = asn1.ObjectIdentifier{2, 5, 29, 31}
)

type pointName struct {
	Full []asn1.RawValue `asn1:"optional,tag:0"`
}

type issuingPoint struct {
	Name           pointName      `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	Reasons        asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

type listPoint struct {
	Name    pointName      `asn1:"optional,tag:0"`
	Reasons asn1.BitString `asn1:"optional,tag:1"`
}

func uri(s string) pointName {
	return pointName{[]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(s)}}}
}

func reasons() asn1.BitString { return asn1.BitString{Bytes: []byte{0x60}, BitLength: 3} } // keyCompromise, cACompromise

var places = []string{"http://a.test/list", "http://b.test/list"}

// points makes the extension that says where a certificate's list is.
func (m *maker) points() pkix.Extension {
	p := listPoint{Name: uri(pick(m, places...))}
	if m.chance(6, "distribution point for some reasons") {
		p.Reasons = reasons()
	}
	return pkix.Extension{Id: oidListPoints, Value: must(asn1.Marshal([]listPoint{p}))}
}

// scope makes the extension that says what a list covers.
func (m *maker) scope() pkix.Extension {
	var p issuingPoint
	switch kind := m.r.IntN(8); kind {
	case 0, 1, 2:
		p.Name = uri(pick(m, places...))
	case 3:
		p.OnlyUsers = true
	case 4:
		p.OnlyCAs = true
	case 5:
		p.OnlyAttributes = true
	case 6:
		p.Indirect = true
	case 7:
		p.Reasons = reasons()
	}
	if m.chance(10, "of two scopes") {
		p.OnlyUsers, p.OnlyCAs = true, true
	}
	return pkix.Extension{Id: oidIssuingPoint, Critical: m.r.IntN(4) != 0, Value: must(asn1.Marshal(p))}
}

// lists makes the lists of an authority, perhaps with one of its certificates: none, one or two.
func (m *maker) lists(of *node, child *x509.Certificate) string {
	if m.chance(8, "CRL missing") {
		return ""
	}
	text := m.list(of, child)
	if m.chance(6, "two CRLs") {
		text += m.list(of, child)
	}
	return text
}

func (m *maker) list(of *node, child *x509.Certificate) string {
	t := &x509.RevocationList{
		Number: big.NewInt(1 + m.r.Int64N(9)), ThisUpdate: m.now.Add(-time.Duration(2+m.r.IntN(9)) * time.Hour), NextUpdate: m.now.Add(2 * time.Hour),
	}
	switch {
	case m.chance(10, "CRL expired"):
		t.NextUpdate = m.now.Add(-time.Hour)
	case m.chance(12, "CRL not yet valid"):
		t.ThisUpdate = m.now.Add(time.Hour)
	}
	if m.chance(5, "CRL of a scope") {
		t.ExtraExtensions = append(t.ExtraExtensions, m.scope())
	}
	if m.chance(15, "delta CRL") {
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: oidDeltaList, Critical: true, Value: must(asn1.Marshal(1))})
	}
	if m.chance(20, "CRL with an unknown critical extension") {
		t.ExtraExtensions = append(t.ExtraExtensions, unknownExtension())
	}
	m.revoke(t, child)
	issuer := *of.cert
	issuer.KeyUsage |= x509.KeyUsageCRLSign // CreateRevocationList insists; the certificate that is sent says what it says
	if len(issuer.SubjectKeyId) == 0 || m.chance(20, "CRL of another key identifier") {
		issuer.SubjectKeyId = []byte{1}
	}
	key := of.key
	if m.chance(20, "CRL signed by somebody else") {
		key = m.strangerTo(of)
	}
	// CreateRevocationList wants the key to be the issuer's.
	issuer.PublicKey = key.Public()
	return encode("X509 CRL", must(x509.CreateRevocationList(crand.Reader, t, &issuer, key)))
}

// strangerTo returns a key of the same kind that is not the node's.
func (m *maker) strangerTo(of *node) crypto.Signer {
	for _, k := range m.keys {
		if k != of.key && sameKind(k, of.key) {
			return k
		}
	}
	return of.key
}

// revoke puts certificates on a list, with or without a reason, beside others.
func (m *maker) revoke(t *x509.RevocationList, child *x509.Certificate) {
	for range m.r.IntN(3) {
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: big.NewInt(m.r.Int64()), RevocationTime: m.now.Add(-time.Hour), ReasonCode: m.r.IntN(7),
		})
	}
	if child == nil || !m.chance(5, "revoked") {
		return
	}
	e := x509.RevocationListEntry{SerialNumber: child.SerialNumber, RevocationTime: m.now.Add(-time.Hour)}
	switch {
	case m.chance(4, "removed from the CRL"):
		e.ReasonCode = 8
	case m.chance(4, "with a reason"):
		e.ReasonCode = 1
	case m.chance(6, "entry with an unknown critical extension"):
		e.ExtraExtensions = append(e.ExtraExtensions, unknownExtension())
	}
	t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, e)
}

func unknownExtension() pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
}
