package main

import (
	crand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// Proxy certificates (RFC 3820): what somebody signs who is no authority.

var oidProxyInfo = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 14}

type proxyInfo struct {
	PathLen int `asn1:"optional,default:-1"`
	Policy  proxyPolicy
}

type proxyPolicy struct{ Language asn1.ObjectIdentifier }

// proxies puts one or two proxies below the end of a chain and returns the new end.
func (m *maker) proxies(leaf *node, send *[][]byte) *node {
	for range 1 + m.r.IntN(2) {
		leaf = m.proxy(leaf)
		*send = append([][]byte{leaf.cert.Raw}, *send...)
	}
	return leaf
}

func (m *maker) proxy(of *node) *node {
	t := m.template("proxy")
	t.BasicConstraintsValid, t.KeyUsage = false, x509.KeyUsageDigitalSignature
	info := proxyInfo{PathLen: pick(m, -1, -1, 0, 1), Policy: proxyPolicy{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 21, 1}}}
	t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: oidProxyInfo, Critical: true, Value: must(asn1.Marshal(info))})
	t.SerialNumber = big.NewInt(m.r.Int64())
	var name pkix.RDNSequence
	must(asn1.Unmarshal(of.cert.RawSubject, &name))
	switch {
	case m.chance(12, "proxy: its issuer's name"):
	case m.chance(12, "proxy: another name"):
		name = pkix.Name{CommonName: "somebody", Organization: []string{"else"}}.ToRDNSequence()
	default:
		name = append(name, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: pick(m, patterns...)}})
	}
	t.RawSubject = must(asn1.Marshal(name))
	switch {
	case m.chance(20, "proxy: alternative names"):
		t.DNSNames = []string{"www.example.com"}
	case m.chance(20, "proxy: is a CA"):
		t.BasicConstraintsValid, t.IsCA = true, true
	}
	key := m.key("proxy")
	der := must(x509.CreateCertificate(crand.Reader, t, of.cert, key.Public(), of.key))
	return &node{must(x509.ParseCertificate(der)), key}
}
