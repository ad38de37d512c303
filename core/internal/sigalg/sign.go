package sigalg

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	_ "crypto/sha256" // registered for crypto.Hash
	_ "crypto/sha512"
	"io"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/gossl/gossl/core/internal/alert"
)

// Key is the type of a public key.
type Key uint8

// The key types that can sign.
const (
	KeyUnknown Key = iota
	KeyRSA
	KeyECDSA
	KeyEd25519
	KeyEd448
)

// KeyType returns the type of a public key.
func KeyType(pub crypto.PublicKey) Key {
	switch pub.(type) {
	case *rsa.PublicKey:
		return KeyRSA
	case *ecdsa.PublicKey:
		return KeyECDSA
	case ed25519.PublicKey:
		return KeyEd25519
	case ed448.PublicKey:
		return KeyEd448
	}
	return KeyUnknown
}

// Legacy returns what a key signs with before TLS 1.2 (RFC 4346 section 7.4.3, RFC 8422 section 5.4).
func Legacy(pub crypto.PublicKey) Scheme {
	if KeyType(pub) == KeyECDSA {
		return ECDSASHA1
	}
	return MD5SHA1
}

// CanSign reports whether a key may sign with the scheme at that version: its type, its curve (TLS 1.3 binds curves to
// schemes), and whether an RSA key is long enough for PSS with that hash.
func CanSign(pub crypto.PublicKey, pssKey bool, s Scheme, version uint16) bool {
	r := s.row()
	if r == nil || r.key != KeyType(pub) || !s.AllowedAt(version) {
		return false
	}
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if r.pssKey != pssKey {
			return false
		}
		// RFC 8017 section 9.1.1: emLen >= hLen + sLen + 2
		return r.padding != pss || k.Size() >= 2*r.hash.Size()+2
	case *ecdsa.PublicKey:
		return version < 0x0304 || k.Curve.Params().BitSize == r.curve
	}
	return true
}

// Sign signs a message, which it hashes as the scheme says.
//
// RSA is what handshakes with RSA certificates wait for. Of a TLS 1.3 handshake with RSA-2048, both sides, a profile has 70
// percent in crypto/rsa.SignPSS, nine tenths of which is Montgomery multiplication in crypto/internal/fips140/bigmod:
// 0.7 ms, where OpenSSL with AVX-512 IFMA takes 0.28 ms. The keys' CRT values are precomputed when they are read; the
// check of each signature against faults is 3 percent, and stays.
func Sign(rand io.Reader, key crypto.Signer, s Scheme, message []byte) ([]byte, error) {
	r := s.row()
	if r == nil || r.key != KeyType(key.Public()) {
		return nil, alert.New(alert.Internal, alert.ReasonWrongSignatureType, alert.InternalError,
			"our key does not fit the signature scheme")
	}
	if r.hash == 0 {
		return key.Sign(rand, message, crypto.Hash(0))
	}
	var opts crypto.SignerOpts = r.hash
	if r.padding == pss {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: r.hash}
	}
	return key.Sign(rand, r.digest(message), opts)
}

func (r *scheme) digest(message []byte) []byte {
	if r.hash == crypto.MD5SHA1 {
		m, s := md5.Sum(message), sha1.Sum(message)
		return append(m[:], s[:]...)
	}
	h := r.hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// Verify checks a signature over a message. Whatever is wrong, the error is the same.
func Verify(pub crypto.PublicKey, s Scheme, message, sig []byte) error {
	if r := s.row(); r != nil && r.key == KeyType(pub) && r.verify(pub, message, sig) {
		return nil
	}
	return alert.Misbehaved(alert.ReasonBadSignature, alert.DecryptError, "peer's signature is wrong")
}

func (r *scheme) verify(pub crypto.PublicKey, message, sig []byte) bool {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if r.padding == pss {
			return rsa.VerifyPSS(k, r.hash, r.digest(message), sig,
				&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(k, r.hash, r.digest(message), sig) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, r.digest(message), sig)
	case ed25519.PublicKey:
		return ed25519.Verify(k, message, sig)
	case ed448.PublicKey:
		return ed448.Verify(k, message, sig, "")
	}
	return false
}
