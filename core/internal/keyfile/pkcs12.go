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
