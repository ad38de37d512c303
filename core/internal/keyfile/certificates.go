package keyfile

import (
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

// Certificates returns the DER of all certificates in PEM. Blocks of other kinds are passed over; none is an error.
func Certificates(data []byte) ([][]byte, error) {
	certs, _, err := Bundle(data)
	if err == nil && len(certs) == 0 {
		return nil, noStartLine()
	}
	return certs, err
}

// Bundle returns the DER of all certificates and CRLs in PEM, either of which may be none.
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
		switch b.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			certs = append(certs, firstElement(b.Bytes))
		case "X509 CRL":
			crls = append(crls, b.Bytes)
		}
	}
}

// firstElement cuts the trust settings off that follow a TRUSTED CERTIFICATE.
func firstElement(der []byte) []byte {
	s := cryptobyte.String(der)
	var first cryptobyte.String
	if s.ReadASN1Element(&first, asn1.SEQUENCE) {
		return first
	}
	return der
}

// SplitDER cuts certificates that stand back to back.
func SplitDER(data []byte) ([][]byte, error) {
	s := cryptobyte.String(data)
	var l [][]byte
	for !s.Empty() {
		var der cryptobyte.String
		if !s.ReadASN1Element(&der, asn1.SEQUENCE) {
			reason := alert.ReasonASN1HeaderTooLong
			if len(l) == 0 {
				reason = alert.ReasonASN1NotEnoughData
			}
			return nil, alert.Input(alert.LibASN1, reason, "not a certificate in DER")
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
