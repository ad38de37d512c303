package pki

import (
	"slices"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// trustSettings are what OpenSSL puts behind a certificate in a "TRUSTED CERTIFICATE": the extended key usages that the
// owner of the file trusts it for, and those for which it is to be rejected.
type trustSettings struct {
	trust, reject []string
	hasTrust      bool
}

// ParseTrusted reads one certificate, perhaps with trust settings behind it (X509_CERT_AUX), and nothing more.
func ParseTrusted(der []byte) (*Certificate, error) {
	input := cryptobyte.String(der)
	var cert cryptobyte.String
	if !input.ReadASN1Element(&cert, asn1.SEQUENCE) || input.Empty() {
		return ParseCertificate(der)
	}
	c, err := ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	c.settings = &trustSettings{}
	if !c.settings.read(&input) || !input.Empty() {
		return nil, notDER(alert.ReasonASN1NestedError, "malformed trust settings")
	}
	return c, nil
}

func (t *trustSettings) read(s *cryptobyte.String) bool {
	var seq, rejected cryptobyte.String
	var hasReject bool
	if !s.ReadASN1(&seq, asn1.SEQUENCE) {
		return false
	}
	if seq.PeekASN1Tag(asn1.SEQUENCE) {
		t.hasTrust = true
		if !readOIDs(&seq, &t.trust) {
			return false
		}
	}
	if !seq.ReadOptionalASN1(&rejected, &hasReject, tagged(0).Constructed()) || !readOIDList(rejected, &t.reject) {
		return false
	}
	return seq.SkipOptionalASN1(asn1.UTF8String) && seq.SkipOptionalASN1(asn1.OCTET_STRING) && // name, key identifier
		seq.SkipOptionalASN1(tagged(1).Constructed()) && seq.Empty()
}

// trust is what the store says about a certificate of it.
type trust int

const (
	neutral    trust = iota
	explicitly       // an anchor, whatever is above it
	rejected
)

const ekuAny = "2.5.29.37.0"

// trustFor is OpenSSL's X509_check_trust: settings decide, and without any a self-signed certificate is an anchor.
func (c *Certificate) trustFor(p Purpose) trust {
	if t := c.setting(p); t != neutral {
		return t
	}
	if c.selfSigned {
		return explicitly
	}
	return neutral
}

// setting is what the settings say: neutral if there are none, or none that concern the purpose.
func (c *Certificate) setting(p Purpose) trust {
	if c.settings == nil {
		return neutral
	}
	concerns := func(eku string) bool {
		return eku == ekuAny || p == PurposeServer && eku == ekuServerAuth || p == PurposeClient && eku == ekuClientAuth
	}
	switch {
	case slices.ContainsFunc(c.settings.reject, concerns):
		return rejected
	case slices.ContainsFunc(c.settings.trust, concerns):
		return explicitly
	case c.settings.hasTrust: // for something else
		return rejected
	}
	return neutral
}

// checkCondition asks the anchor what else it wants of the chain.
func (v *verification) checkCondition() *failure {
	anchor := v.last()
	if anchor.condition == nil || v.trusted == len(v.chain) {
		return nil
	}
	chain := make([][]byte, len(v.chain))
	for i, c := range v.chain {
		chain[i] = c.Raw
	}
	if anchor.condition.Accepts(chain) != nil {
		return &failure{alert.VerifyCertRejected, len(v.chain) - 1}
	}
	return nil
}
