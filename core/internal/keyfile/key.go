package keyfile

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"reflect"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// PasswordFunc gives the password of an encrypted key. It is called at most once for a key, and only if that is
// encrypted. Its error is passed on as it is.
type PasswordFunc func() ([]byte, error)

// PrivateKey reads the first private key of data, PEM or DER. isPSS says that the key is only for RSASSA-PSS.
func PrivateKey(data []byte, password PasswordFunc) (key crypto.Signer, isPSS bool, err error) {
	if len(data) > 0 && data[0] == 0x30 {
		if isEncrypted(data) {
			return parseEncrypted(data, password)
		}
		return parseDER(data)
	}
	for {
		b, rest, err := NextBlock(data)
		if err != nil {
			return nil, false, err
		}
		data = rest
		switch b.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			return parseBlock(b, password)
		case "ENCRYPTED PRIVATE KEY":
			return parseEncrypted(b.Bytes, password)
		}
	}
}

// parseBlock reads a key that may be encrypted in the way of PEM itself (RFC 1421's DEK-Info).
func parseBlock(b *Block, password PasswordFunc) (crypto.Signer, bool, error) {
	der := b.Bytes
	if b.Headers["DEK-Info"] != "" {
		pass, err := password()
		if err != nil {
			return nil, false, err
		}
		//lint:ignore SA1019 old keys are encrypted like this; what is wrong with it cannot be mended here
		der, err = x509.DecryptPEMBlock(&pem.Block{Type: b.Type, Headers: b.Headers, Bytes: b.Bytes}, pass)
		if err != nil {
			return nil, false, badDecrypt()
		}
	}
	return parseDER(der)
}

// isEncrypted tells an EncryptedPrivateKeyInfo from all other forms, which begin with a version.
func isEncrypted(der cryptobyte.String) bool {
	var seq cryptobyte.String
	return der.ReadASN1(&seq, asn1.SEQUENCE) && seq.SkipASN1(asn1.SEQUENCE) && seq.PeekASN1Tag(asn1.OCTET_STRING)
}

// parseEncrypted reads an encrypted PKCS#8 key (RFC 5958 section 3).
func parseEncrypted(der []byte, password PasswordFunc) (crypto.Signer, bool, error) {
	pass, err := password()
	if err != nil {
		return nil, false, err
	}
	p := newPhrase(pass)
	defer clear(p.bmp)
	plain, err := decryptPKCS8(der, p, newWork())
	if err != nil {
		return nil, false, err
	}
	defer clear(plain)
	return parseDER(plain)
}

func badKey() error {
	return alert.Input(alert.LibPEM, alert.ReasonPEMNoStartLine, "malformed or unsupported")
}

func signer(k any, pss bool) (crypto.Signer, bool, error) {
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, false, badKey()
	}
	return s, pss, nil
}

// parseDER reads PKCS#8, PKCS#1 or SEC1.
func parseDER(der []byte) (crypto.Signer, bool, error) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return signer(k, false)
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, false, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, false, nil
	}
	return parseOther(der)
}

var (
	oidPSS   = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}
	oidEd448 = []byte{0x2b, 0x65, 0x71}
)

// parseOther reads the kinds of PKCS#8 key that crypto/x509 does not know.
func parseOther(der []byte) (crypto.Signer, bool, error) {
	s := cryptobyte.String(der)
	var seq, alg, oid, octets cryptobyte.String
	var version int
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1Integer(&version) || !seq.ReadASN1(&alg, asn1.SEQUENCE) ||
		!alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !seq.ReadASN1(&octets, asn1.OCTET_STRING) {
		return nil, false, badKey()
	}
	switch string(oid) {
	case string(oidPSS):
		if k, err := x509.ParsePKCS1PrivateKey(octets); err == nil {
			return k, true, nil
		}
	case string(oidEd448):
		var seed cryptobyte.String
		if octets.ReadASN1(&seed, asn1.OCTET_STRING) && len(seed) == ed448.SeedSize {
			return ed448.NewKeyFromSeed(seed), false, nil
		}
	}
	return nil, false, badKey()
}

// MatchesKey refuses a private key that is not a certificate's.
func MatchesKey(public crypto.PublicKey, key crypto.Signer) error {
	p, ok := public.(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return alert.Input(alert.LibX509, alert.ReasonX509KeyTypeMismatch, "certificate has an unsupported key")
	}
	if p.Equal(key.Public()) {
		return nil
	}
	if sameKind(public, key.Public()) {
		return alert.Input(alert.LibX509, alert.ReasonX509KeyValuesMismatch, "is not the certificate's")
	}
	// OpenSSL keeps a key of each kind apart, and finds no certificate for this one.
	return alert.Input(alert.LibSSL, alert.ReasonNoCertificateAssigned, "is of another kind than the certificate's")
}

// sameKind reports whether OpenSSL keeps two keys in the same place.
func sameKind(a, b crypto.PublicKey) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }
