package wire

import "golang.org/x/crypto/cryptobyte"

// Certificate13 is the Certificate message of RFC 9846 section 4.4.2.
type Certificate13 struct {
	Context []byte
	Entries []CertificateEntry
}

// CertificateEntry is one certificate of a chain, with what belongs to it.
type CertificateEntry struct {
	Data         []byte // DER
	ExtensionIDs []ExtensionType
	OCSP         []byte
	SCTs         [][]byte
}

// Marshal gives the whole message.
func (m *Certificate13) Marshal() ([]byte, error) {
	return marshal(TypeCertificate, func(b *builder) {
		add8(b, m.Context)
		b.vector24(func(b *builder) {
			for i := range m.Entries {
				m.Entries[i].add(b)
			}
		})
	})
}

func (e *CertificateEntry) add(b *builder) {
	add24(b, e.Data)
	b.vector16(func(b *builder) {
		if len(e.OCSP) > 0 {
			extension(b, ExtStatusRequest, func(b *builder) {
				b.addUint8(1)
				add24(b, e.OCSP)
			})
		}
		if len(e.SCTs) > 0 {
			extension(b, ExtSCT, func(b *builder) { addNames(b, e.SCTs) })
		}
	})
}

// UnmarshalCertificate13 reads a Certificate of TLS 1.3.
func UnmarshalCertificate13(body []byte) (*Certificate13, error) {
	m, s := &Certificate13{}, cryptobyte.String(body)
	var list cryptobyte.String
	if !read8(&s, &m.Context) || !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return nil, malformed(TypeCertificate)
	}
	for !list.Empty() {
		var e CertificateEntry
		if !read24(&list, &e.Data) || len(e.Data) == 0 {
			return nil, malformed(TypeCertificate)
		}
		var err error
		if e.ExtensionIDs, err = readExtensions(&list, e.parseExtension); err != nil {
			return nil, err
		}
		m.Entries = append(m.Entries, e)
	}
	return m, nil
}

func (e *CertificateEntry) parseExtension(t ExtensionType, s *cryptobyte.String) bool {
	switch t {
	case ExtStatusRequest:
		return readOCSP(s, &e.OCSP)
	case ExtSCT:
		return readSCTs(s, &e.SCTs)
	}
	return skip(s)
}

// Certificate12 is the Certificate message of RFC 5246 section 7.4.2: a chain, leaf first.
type Certificate12 struct{ Chain [][]byte }

// Marshal gives the whole message.
func (m *Certificate12) Marshal() ([]byte, error) {
	return marshal(TypeCertificate, func(b *builder) {
		b.vector24(func(b *builder) {
			for _, der := range m.Chain {
				add24(b, der)
			}
		})
	})
}

// UnmarshalCertificate12 reads a Certificate of TLS 1.2 and below.
func UnmarshalCertificate12(body []byte) (*Certificate12, error) {
	m, s := &Certificate12{}, cryptobyte.String(body)
	var list cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return nil, malformed(TypeCertificate)
	}
	for !list.Empty() {
		var der []byte
		if !read24(&list, &der) || len(der) == 0 {
			return nil, malformed(TypeCertificate)
		}
		m.Chain = append(m.Chain, der)
	}
	return m, nil
}

// CertificateStatus is RFC 6066 section 8.
type CertificateStatus struct{ OCSP []byte }

// Marshal gives the whole message.
func (m *CertificateStatus) Marshal() ([]byte, error) {
	return marshal(TypeCertificateStatus, func(b *builder) {
		b.addUint8(1)
		add24(b, m.OCSP)
	})
}

// UnmarshalCertificateStatus reads a CertificateStatus.
func UnmarshalCertificateStatus(body []byte) (*CertificateStatus, error) {
	m, s := &CertificateStatus{}, cryptobyte.String(body)
	if !readOCSP(&s, &m.OCSP) {
		return nil, malformed(TypeCertificateStatus)
	}
	return m, nil
}
