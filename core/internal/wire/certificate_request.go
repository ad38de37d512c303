package wire

import (
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/sigalg"
	"golang.org/x/crypto/cryptobyte"
)

// CertificateRequest13 is RFC 9846 section 4.3.2.
type CertificateRequest13 struct {
	Context                 []byte
	ExtensionIDs            []ExtensionType
	SignatureAlgorithms     []sigalg.Scheme
	SignatureAlgorithmsCert []sigalg.Scheme
	CAs                     [][]byte // distinguished names, DER
	OCSP, SCT               bool
}

// Marshal gives the whole message.
func (m *CertificateRequest13) Marshal() ([]byte, error) {
	return marshal(TypeCertificateRequest, func(b *builder) {
		add8(b, m.Context)
		b.vector16(func(b *builder) {
			if len(m.SignatureAlgorithms) > 0 {
				extension(b, ExtSignatureAlgorithms, func(b *builder) { addList16(b, m.SignatureAlgorithms) })
			}
			if len(m.SignatureAlgorithmsCert) > 0 {
				extension(b, ExtSignatureAlgorithmsCert,
					func(b *builder) { addList16(b, m.SignatureAlgorithmsCert) })
			}
			if len(m.CAs) > 0 {
				extension(b, ExtCertificateAuthorities, func(b *builder) { addNames(b, m.CAs) })
			}
			flag(b, ExtStatusRequest, m.OCSP)
			flag(b, ExtSCT, m.SCT)
		})
	})
}

// UnmarshalCertificateRequest13 reads a CertificateRequest of TLS 1.3, which must name signature algorithms.
func UnmarshalCertificateRequest13(body []byte) (*CertificateRequest13, error) {
	m, s := &CertificateRequest13{}, cryptobyte.String(body)
	if !read8(&s, &m.Context) {
		return nil, malformed(TypeCertificateRequest)
	}
	var err error
	if m.ExtensionIDs, err = readExtensions(&s, m.parseExtension); err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, malformed(TypeCertificateRequest)
	}
	if len(m.SignatureAlgorithms) == 0 {
		return nil, alert.Misbehaved(alert.ReasonMissingSigalgsExtension, alert.MissingExtension,
			"certificate request without signature algorithms")
	}
	return m, nil
}

func (m *CertificateRequest13) parseExtension(t ExtensionType, s *cryptobyte.String) bool {
	switch t {
	case ExtSignatureAlgorithms:
		return readList16(s, &m.SignatureAlgorithms) && done(s)
	case ExtSignatureAlgorithmsCert:
		return readList16(s, &m.SignatureAlgorithmsCert) && done(s)
	case ExtCertificateAuthorities:
		return readNames(s, &m.CAs) && len(m.CAs) > 0 && done(s)
	case ExtStatusRequest:
		m.OCSP = true
		return true
	case ExtSCT:
		m.SCT = true
		return true
	}
	return skip(s)
}

// CertificateRequest12 is RFC 5246 section 7.4.4; before TLS 1.2 it has no signature algorithms.
type CertificateRequest12 struct {
	Types                  []byte
	HasSignatureAlgorithms bool
	SignatureAlgorithms    []sigalg.Scheme
	CAs                    [][]byte
}

// Marshal gives the whole message.
func (m *CertificateRequest12) Marshal() ([]byte, error) {
	return marshal(TypeCertificateRequest, func(b *builder) {
		add8(b, m.Types)
		if m.HasSignatureAlgorithms {
			addList16(b, m.SignatureAlgorithms)
		}
		addNames(b, m.CAs)
	})
}

// UnmarshalCertificateRequest12 reads a CertificateRequest of that version.
func UnmarshalCertificateRequest12(body []byte, version uint16) (*CertificateRequest12, error) {
	m, s := &CertificateRequest12{HasSignatureAlgorithms: version >= VersionTLS12}, cryptobyte.String(body)
	if !read8(&s, &m.Types) || len(m.Types) == 0 ||
		m.HasSignatureAlgorithms && !readList16(&s, &m.SignatureAlgorithms) || !readNames(&s, &m.CAs) || !s.Empty() {
		return nil, malformed(TypeCertificateRequest)
	}
	return m, nil
}

// CertificateVerify is RFC 9846 section 4.4.3 and RFC 5246 section 7.4.8; before TLS 1.2 it names no scheme.
type CertificateVerify struct {
	HasScheme bool
	Scheme    sigalg.Scheme
	Signature []byte
}

// Marshal gives the whole message.
func (m *CertificateVerify) Marshal() ([]byte, error) {
	return marshal(TypeCertificateVerify, func(b *builder) {
		if m.HasScheme {
			b.addUint16(uint16(m.Scheme))
		}
		add16(b, m.Signature)
	})
}

// UnmarshalCertificateVerify reads a CertificateVerify of that version.
func UnmarshalCertificateVerify(body []byte, version uint16) (*CertificateVerify, error) {
	m, s := &CertificateVerify{HasScheme: version >= VersionTLS12}, cryptobyte.String(body)
	if m.HasScheme && !s.ReadUint16((*uint16)(&m.Scheme)) || !read16(&s, &m.Signature) || !s.Empty() {
		return nil, malformed(TypeCertificateVerify)
	}
	return m, nil
}
