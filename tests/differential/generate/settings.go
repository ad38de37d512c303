package main

import "encoding/asn1"

// Trust settings, which stand behind a certificate in a "TRUSTED CERTIFICATE" (OpenSSL's X509_CERT_AUX).

type trustSettings struct {
	Trust  []asn1.ObjectIdentifier `asn1:"optional"`
	Reject []asn1.ObjectIdentifier `asn1:"optional,tag:0"`
	Alias  string                  `asn1:"optional,utf8"`
}

var trustFor = []asn1.ObjectIdentifier{
	{1, 3, 6, 1, 5, 5, 7, 3, 1}, {1, 3, 6, 1, 5, 5, 7, 3, 2}, {1, 3, 6, 1, 5, 5, 7, 3, 4}, {2, 5, 29, 37, 0},
}

// anchor encodes a certificate of the store, perhaps with settings.
func (m *maker) anchor(der []byte) string {
	if !m.chance(8, "trust settings") {
		return encode("CERTIFICATE", der)
	}
	var s trustSettings
	for range m.r.IntN(3) {
		s.Trust = append(s.Trust, pick(m, trustFor...))
	}
	for range m.r.IntN(2) {
		s.Reject = append(s.Reject, pick(m, trustFor...))
	}
	if m.r.IntN(2) == 0 {
		s.Alias = "an anchor"
	}
	return encode("TRUSTED CERTIFICATE", append(append([]byte{}, der...), must(asn1.Marshal(s))...))
}
