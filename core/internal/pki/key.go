package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	_ "crypto/md5" // signatures of old certificates, for crypto.Hash
	"crypto/rsa"
	_ "crypto/sha1"
	"crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"

	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

const (
	oidRSA     = "1.2.840.113549.1.1.1"
	oidPSS     = "1.2.840.113549.1.1.10"
	oidECKey   = "1.2.840.10045.2.1"
	oidEd25519 = "1.3.101.112"
	oidEd448   = "1.3.101.113"
)

// curves are those that we have, by the content of their OIDs (RFC 5480 section 2.1.1.1).
var curves = map[string]func() elliptic.Curve{
	"\x2b\x81\x04\x00\x21":             elliptic.P224,
	"\x2a\x86\x48\xce\x3d\x03\x01\x07": elliptic.P256,
	"\x2b\x81\x04\x00\x22":             elliptic.P384,
	"\x2b\x81\x04\x00\x23":             elliptic.P521,
}

// maxRSABits bounds what a certificate can make us compute: OpenSSL's limit.
const maxRSABits = 16384

// parsePublicKey reads a SubjectPublicKeyInfo. bits is the size of the key, 0 if it is of no kind that we know.
func parsePublicKey(spki []byte) (pub crypto.PublicKey, pss bool, bits int) {
	s := cryptobyte.String(spki)
	var seq, alg, oid cryptobyte.String
	var key []byte
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1(&alg, asn1.SEQUENCE) ||
		!alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !seq.ReadASN1BitStringAsBytes(&key) {
		return nil, false, 0
	}
	switch OIDString(oid) {
	case oidRSA, oidPSS:
		k, err := x509.ParsePKCS1PublicKey(key)
		if err != nil || k.N.BitLen() > maxRSABits {
			return nil, false, 0
		}
		return k, OIDString(oid) == oidPSS, k.N.BitLen()
	case oidECKey: // RFC 5480 section 2: parameters name the curve, the key is an uncompressed point
		params := alg
		if params.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			if curve := curves[string(oid)]; curve != nil {
				if k, err := ecdsa.ParseUncompressedPublicKey(curve(), key); err == nil {
					return k, false, k.Curve.Params().BitSize
				}
			}
		}
		return nil, false, explicitBits(alg)
	case oidEd25519:
		if len(key) == ed25519.PublicKeySize {
			return ed25519.PublicKey(key), false, 256
		}
	case oidEd448:
		if len(key) == ed448.PublicKeySize {
			return ed448.PublicKey(key), false, 456
		}
	}
	return nil, false, 0
}

// explicitBits returns the size of the field of explicit curve parameters over a prime (RFC 3279 section 2.3.5), 0 for
// any other.
func explicitBits(params cryptobyte.String) int {
	var seq, field, oid, prime cryptobyte.String
	var version int
	if !params.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1Integer(&version) || !seq.ReadASN1(&field, asn1.SEQUENCE) ||
		!field.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !field.ReadASN1(&prime, asn1.INTEGER) {
		return 0
	}
	return 8 * len(bytes.TrimLeft(prime, "\x00"))
}

// explicitCurve reports whether an EC key describes its curve instead of naming it.
func (c *Certificate) explicitCurve() bool {
	s := cryptobyte.String(c.RawSPKI)
	var seq, alg, oid cryptobyte.String
	return s.ReadASN1(&seq, asn1.SEQUENCE) && seq.ReadASN1(&alg, asn1.SEQUENCE) &&
		alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) && OIDString(oid) == oidECKey && alg.PeekASN1Tag(asn1.SEQUENCE)
}

// keyStrength is the security strength in bits of a key (NIST SP 800-57 part 1, and OpenSSL between its rows).
func (c *Certificate) keyStrength() int {
	switch c.PublicKey.(type) {
	case *rsa.PublicKey:
		for _, row := range [][2]int{{15360, 256}, {7680, 192}, {4096, 152}, {3072, 128}, {2048, 112}, {1024, 80}} {
			if c.keyBits >= row[0] {
				return row[1]
			}
		}
		return 0
	case ed25519.PublicKey:
		return 128
	case ed448.PublicKey:
		return 224
	}
	return c.keyBits / 2
}

// sigKind is what a signature algorithm stands for.
type sigKind struct {
	key  string // the OID of the keys that make such signatures
	hash crypto.Hash
	pss  bool
}

var sigKinds = map[string]sigKind{
	"1.2.840.113549.1.1.4":  {oidRSA, crypto.MD5, false},
	"1.2.840.113549.1.1.5":  {oidRSA, crypto.SHA1, false},
	"1.2.840.113549.1.1.14": {oidRSA, crypto.SHA224, false},
	"1.2.840.113549.1.1.11": {oidRSA, crypto.SHA256, false},
	"1.2.840.113549.1.1.12": {oidRSA, crypto.SHA384, false},
	"1.2.840.113549.1.1.13": {oidRSA, crypto.SHA512, false},
	"1.2.840.10045.4.1":     {oidECKey, crypto.SHA1, false},
	"1.2.840.10045.4.3.1":   {oidECKey, crypto.SHA224, false},
	"1.2.840.10045.4.3.2":   {oidECKey, crypto.SHA256, false},
	"1.2.840.10045.4.3.3":   {oidECKey, crypto.SHA384, false},
	"1.2.840.10045.4.3.4":   {oidECKey, crypto.SHA512, false},
	oidEd25519:              {oidEd25519, 0, false},
	oidEd448:                {oidEd448, 0, false},
	oidPSS:                  {oidRSA, 0, true},
}

var hashOIDs = map[string]crypto.Hash{
	"1.3.14.3.2.26": crypto.SHA1, "2.16.840.1.101.3.4.2.4": crypto.SHA224, "2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// readSigAlg reads an AlgorithmIdentifier; ok is false for an algorithm that we do not know.
func readSigAlg(raw []byte) (k sigKind, salt int, ok bool) {
	s := cryptobyte.String(raw)
	var alg, oid cryptobyte.String
	if !s.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return k, 0, false
	}
	k, ok = sigKinds[OIDString(oid)]
	if ok && k.pss {
		k.hash, salt, ok = readPSS(alg)
	}
	return k, salt, ok
}

// readPSS reads RSASSA-PSS-params (RFC 4055 section 3.1). The hash of the mask must be the hash of the message.
func readPSS(s cryptobyte.String) (crypto.Hash, int, bool) {
	var seq, hashAlg, mgf, saltLen cryptobyte.String
	var hasHash, hasMGF, hasSalt bool
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadOptionalASN1(&hashAlg, &hasHash, tagged(0).Constructed()) ||
		!seq.ReadOptionalASN1(&mgf, &hasMGF, tagged(1).Constructed()) ||
		!seq.ReadOptionalASN1(&saltLen, &hasSalt, tagged(2).Constructed()) ||
		!seq.SkipOptionalASN1(tagged(3).Constructed()) {
		return 0, 0, false
	}
	hash, salt := crypto.SHA1, 20
	if hasHash && !readHash(&hashAlg, &hash) {
		return 0, 0, false
	}
	if hasSalt && !saltLen.ReadASN1Integer(&salt) {
		return 0, 0, false
	}
	mask := crypto.SHA1
	if hasMGF {
		var alg, oid cryptobyte.String
		if !mgf.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !readHash(&alg, &mask) {
			return 0, 0, false
		}
	}
	return hash, salt, mask == hash && salt >= 0
}

func readHash(s *cryptobyte.String, out *crypto.Hash) bool {
	var alg, oid cryptobyte.String
	if !s.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return false
	}
	h, ok := hashOIDs[OIDString(oid)]
	*out = h
	return ok
}

// signatureFits reports whether issuer's key is of the kind that made c's signature (OpenSSL's check_sig_alg_match).
func (c *Certificate) signatureFits(issuer *Certificate) bool {
	k, _, ok := readSigAlg(c.sigAlg)
	if !ok || issuer.PublicKey == nil {
		return true // what we do not know is not what tells candidates apart
	}
	switch issuer.PublicKey.(type) {
	case *rsa.PublicKey:
		return k.key == oidRSA && (!issuer.IsPSSKey || k.pss)
	case *ecdsa.PublicKey:
		return k.key == oidECKey
	case ed25519.PublicKey:
		return k.key == oidEd25519
	}
	return k.key == oidEd448
}

// checkSignature verifies a signature over signed made by issuer.
func checkSignature(issuer *Certificate, sigAlg, signed, signature []byte) bool {
	k, salt, ok := readSigAlg(sigAlg)
	if !ok {
		return false
	}
	digest := signed
	if k.hash != 0 {
		if !k.hash.Available() {
			return false
		}
		h := k.hash.New()
		h.Write(signed)
		digest = h.Sum(nil)
	}
	switch pub := issuer.PublicKey.(type) {
	case *rsa.PublicKey:
		if k.pss {
			return rsa.VerifyPSS(pub, k.hash, digest, signature, &rsa.PSSOptions{SaltLength: salt}) == nil
		}
		return k.key == oidRSA && rsa.VerifyPKCS1v15(pub, k.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return k.key == oidECKey && ecdsa.VerifyASN1(pub, digest, signature)
	case ed25519.PublicKey:
		return k.key == oidEd25519 && ed25519.Verify(pub, signed, signature)
	case ed448.PublicKey:
		return k.key == oidEd448 && ed448.Verify(pub, signed, signature, "")
	}
	return false
}

// signatureStrength is the security strength in bits of c's signature hash, as OpenSSL 3.0 counts: half its size, but 63
// for SHA-1 and 39 for MD5.
func (c *Certificate) signatureStrength() int {
	k, _, ok := readSigAlg(c.sigAlg)
	switch {
	case !ok:
		return 0
	case k.key == oidEd25519:
		return 128
	case k.key == oidEd448:
		return 224
	case k.hash == crypto.MD5:
		return 39
	case k.hash == crypto.SHA1:
		return 63
	}
	return 4 * k.hash.Size()
}

// EndPointHash is the hash of the certificate for channel bindings (RFC 5929 section 4.1): that of its signature, but
// SHA-256 in place of MD5 and SHA-1.
func (c *Certificate) EndPointHash() []byte {
	k, _, ok := readSigAlg(c.sigAlg)
	if !ok || k.hash == 0 || k.hash == crypto.MD5 || k.hash == crypto.SHA1 {
		sum := sha256.Sum256(c.Raw)
		return sum[:]
	}
	h := k.hash.New()
	h.Write(c.Raw)
	return h.Sum(nil)
}

// sameAlgorithms reports whether the two places of a certificate that name its signature agree.
func (c *Certificate) sameAlgorithms() bool { return bytes.Equal(c.sigAlg, c.innerSigAlg) }
