package keyfile

import (
	"bytes"
	"errors"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// isNoStartLine tells the end of the blocks from a broken one.
func isNoStartLine(err error) bool {
	var e *alert.Error
	return errors.As(err, &e) && e.Library == alert.LibPEM && e.Reason == alert.ReasonPEMNoStartLine
}

// Certificates returns the DER of all certificates in PEM, without trust settings. Blocks of other kinds are passed over;
// none is an error.
func Certificates(data []byte) ([][]byte, error) {
	certs, _, err := Bundle(data)
	if err != nil {
		return nil, err
	}
	if len(certs) == 0 {
		return nil, noStartLine()
	}
	for i, der := range certs {
		certs[i] = WithoutTrust(der)
	}
	return certs, nil
}

// Bundle returns the DER of all certificates and CRLs in PEM, either of which may be none. Behind a TRUSTED CERTIFICATE
// stand its trust settings.
func Bundle(data []byte) (certs, crls [][]byte, err error) {
	for {
		b, rest, err := NextBlock(data)
		if isNoStartLine(err) {
			return certs, crls, nil
		}
		if err != nil {
			return nil, nil, err
		}
		data = rest
		switch {
		case b.isCertificate():
			certs = append(certs, b.trusted())
		case b.Type == "X509 CRL":
			crls = append(crls, b.Bytes)
		}
	}
}

func (b *Block) isCertificate() bool {
	return b.Type == "CERTIFICATE" || b.Type == "X509 CERTIFICATE" || b.Type == trustedCertificate
}

const trustedCertificate = "TRUSTED CERTIFICATE"

// trusted is the certificate, with its trust settings if the block is of the kind that has any.
func (b *Block) trusted() []byte {
	if b.Type == trustedCertificate {
		return b.Bytes
	}
	return WithoutTrust(b.Bytes)
}

// Entry is a certificate or CRL of a file, or why it cannot be read.
type Entry struct {
	DER   []byte // with trust settings behind it, if the block is of the kind that has any
	Whole []byte // all that is in the block
	IsCRL bool
	Err   error
}

// Entries returns what Bundle does, with the blocks that are malformed in their places.
func Entries(data []byte) []Entry {
	var l []Entry
	for {
		b, rest, err := NextBlock(data)
		switch {
		case isNoStartLine(err):
			return l
		case err != nil:
			l = append(l, Entry{Err: err})
			data = behindBegin(data)
			continue
		case b.isCertificate():
			l = append(l, Entry{DER: b.trusted(), Whole: b.Bytes})
		case b.Type == "X509 CRL":
			l = append(l, Entry{DER: b.Bytes, Whole: b.Bytes, IsCRL: true})
		}
		data = rest
	}
}

// behindBegin returns what is behind the first line that begins a block.
func behindBegin(data []byte) []byte {
	for len(data) > 0 {
		line, rest := cutLine(data)
		if data = rest; bytes.HasPrefix(line, beginMark) {
			break
		}
	}
	return data
}

// WithoutTrust cuts the trust settings off that follow a TRUSTED CERTIFICATE.
func WithoutTrust(der []byte) []byte {
	s := cryptobyte.String(der)
	var first cryptobyte.String
	if s.ReadASN1Element(&first, asn1.SEQUENCE) {
		return first
	}
	return der
}

// SplitDER cuts certificates that stand back to back. With an error it returns those before the fault.
func SplitDER(data []byte) ([][]byte, error) {
	s := cryptobyte.String(data)
	var l [][]byte
	for !s.Empty() {
		var der cryptobyte.String
		if !s.ReadASN1Element(&der, asn1.SEQUENCE) {
			return l, alert.Input(alert.LibASN1, alert.ReasonASN1NotEnoughData, "not a certificate in DER")
		}
		l = append(l, der)
	}
	return l, nil
}

// DHParams reads Diffie-Hellman parameters from PEM: the prime and the generator, big endian.
func DHParams(data []byte) (p, g []byte, err error) {
	for {
		b, rest, err := NextBlock(data)
		if err != nil {
			return nil, nil, err
		}
		data = rest
		if b.Type != "DH PARAMETERS" && b.Type != "X9.42 DH PARAMETERS" {
			continue
		}
		s := cryptobyte.String(b.Bytes)
		var seq, pi, gi cryptobyte.String
		if !s.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1(&pi, asn1.INTEGER) || !seq.ReadASN1(&gi, asn1.INTEGER) {
			return nil, nil, alert.Input(alert.LibASN1, alert.ReasonASN1NestedError, "malformed Diffie-Hellman parameters")
		}
		p, g = trimZeros(pi), trimZeros(gi)
		if len(p) < 64 || p[len(p)-1]&1 == 0 || len(g) == 0 {
			return nil, nil, alert.Input(alert.LibDH, 126, "unusable Diffie-Hellman parameters") // DH_R_MODULUS_TOO_SMALL
		}
		return p, g, nil
	}
}

func trimZeros(b []byte) []byte {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b
}
