package keyfile

import (
	"crypto"
	"errors"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

// IsPKCS12 reports whether data is a PFX (RFC 7292 section 4): a sequence that begins with the version, 3.
func IsPKCS12(data []byte) bool {
	s := cryptobyte.String(data)
	var pfx cryptobyte.String
	var version int64
	return s.ReadASN1(&pfx, asn1.SEQUENCE) && pfx.ReadASN1Integer(&version) && version == 3 &&
		pfx.PeekASN1Tag(asn1.SEQUENCE)
}

// PKCS12 reads a chain (DER, leaf first) and its key from a PFX. Without a password the empty one is tried, as OpenSSL
// does.
func PKCS12(data []byte, password PasswordFunc) (chain [][]byte, key crypto.Signer, err error) {
	if !modestIterations(data, deepest) {
		return nil, nil, alert.Input(alert.LibPKCS12, alert.ReasonPKCS12DecodeError, "PKCS #12 asks for too many iterations")
	}
	private, leaf, above, err := pkcs12.DecodeChain(data, "")
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		pass, perr := password()
		if perr != nil {
			return nil, nil, perr
		}
		private, leaf, above, err = pkcs12.DecodeChain(data, string(pass))
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, nil, alert.Input(alert.LibPKCS12, alert.ReasonPKCS12MACVerifyFailure, "PKCS #12 does not decrypt: wrong password or damaged")
	}
	if err != nil {
		return nil, nil, alert.Input(alert.LibPKCS12, alert.ReasonPKCS12DecodeError, "malformed or unsupported PKCS #12")
	}
	s, ok := private.(crypto.Signer)
	if !ok {
		return nil, nil, badKey()
	}
	chain = append(chain, leaf.Raw)
	for _, c := range above {
		chain = append(chain, c.Raw)
	}
	return chain, s, nil
}

// deepest is how far down parameters are looked for: a key bag's are nine levels deep, OCTET STRINGs counted.
const deepest = 16

// modestIterations looks for derivations of keys that would take hours: an INTEGER behind an OCTET STRING is the number of
// iterations behind a salt in all that PKCS #12 has (RFC 7292 section 4, RFC 8018 appendix A). What is encrypted is not seen.
func modestIterations(data []byte, depth int) bool {
	s, behindOctets := cryptobyte.String(data), false
	for !s.Empty() && depth > 0 {
		var element, content cryptobyte.String
		var tag asn1.Tag
		if !s.ReadAnyASN1Element(&element, &tag) {
			return true // no DER: whoever reads it will say so
		}
		whole := element
		element.ReadAnyASN1(&content, nil)
		var n int64
		if behindOctets && tag == asn1.INTEGER && (!whole.ReadASN1Integer(&n) || n > maxIterations) {
			return false
		}
		behindOctets = tag == asn1.OCTET_STRING
		if (behindOctets || tag&0x20 != 0) && !modestIterations(content, depth-1) {
			return false
		}
	}
	return true
}
