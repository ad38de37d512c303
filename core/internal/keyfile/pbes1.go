package keyfile

import (
	"crypto"
	"crypto/des"
	"crypto/hmac"
	_ "crypto/md5" // of PBKDF1, for crypto.Hash
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

// PBES1, the old encryption of PKCS#8 keys: PKCS #5's with PBKDF1 and DES (RFC 8018 section 6.1), and PKCS #12's
// (RFC 7292 appendix C). RC2 is read in PKCS #12's schemes only; RC4 and two-key
// triple DES not at all.

// pbkdf1DES are PKCS #5's schemes with DES, by the content of their OID's DER.
var pbkdf1DES = map[string]crypto.Hash{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x03": crypto.MD5, "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0a": crypto.SHA1,
}

// pkcs12PBE are PKCS #12's, all that is before the last byte (1.2.840.113549.1.12.1).
const pkcs12PBE = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01"

// decryptPBES1 decrypts the ciphertext of a whole EncryptedPrivateKeyInfo, whose algorithm has been read so far as its
// OID. It returns a key in PKCS#8, PKCS#1 or SEC1, or nil.
func decryptPBES1(whole []byte, oid string, params, ciphertext cryptobyte.String, password []byte) []byte {
	if hash, ok := pbkdf1DES[oid]; ok {
		return decryptPBKDF1(hash, params, ciphertext, password)
	}
	if len(oid) == len(pkcs12PBE)+1 && oid[:len(pkcs12PBE)] == pkcs12PBE {
		if _, _, ok := readPBEParams(params); ok {
			return decryptPKCS12PBE(whole, password)
		}
	}
	return nil
}

// readPBEParams reads a PBEParameter (RFC 8018 appendix A.3; RFC 7292 appendix C has the same).
func readPBEParams(params cryptobyte.String) (salt []byte, iterations int, ok bool) {
	var seq cryptobyte.String
	ok = params.ReadASN1(&seq, cbasn1.SEQUENCE) && seq.ReadASN1((*cryptobyte.String)(&salt), cbasn1.OCTET_STRING) &&
		seq.ReadASN1Integer(&iterations) && iterations >= 1 && iterations <= maxIterations
	return salt, iterations, ok
}

// decryptPBKDF1 makes key and IV as RFC 8018 section 5.1 says.
func decryptPBKDF1(hash crypto.Hash, params, ciphertext cryptobyte.String, password []byte) []byte {
	salt, iterations, ok := readPBEParams(params)
	if !ok || len(salt) != 8 {
		return nil
	}
	h := hash.New()
	h.Write(password)
	h.Write(salt)
	derived := h.Sum(nil)
	defer clear(derived)
	for range iterations - 1 {
		h.Reset()
		h.Write(derived)
		derived = h.Sum(derived[:0])
	}
	block, err := des.NewCipher(derived[:8])
	if err != nil {
		return nil
	}
	return decryptCBC(block, derived[8:16], ciphertext)
}

// decryptPKCS12PBE decrypts a key as one of a PKCS #12 file, which it makes for the purpose: the derivation of keys is
// the library's.
func decryptPKCS12PBE(encrypted, password []byte) []byte {
	pfx, err := keyOnlyPFX(encrypted, password)
	if err != nil {
		return nil
	}
	//lint:ignore SA1019 all others want a certificate in the file
	blocks, err := pkcs12.ToPEM(pfx, string(password))
	if err != nil || len(blocks) != 1 {
		return nil
	}
	return blocks[0].Bytes
}

var (
	oidData        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidShroudedBag = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidPBMAC1      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
	oidPBKDF2Named = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256  = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
)

// keyOnlyPFX puts an encrypted key into a PFX (RFC 7292 section 4) whose MAC is PBMAC1 (RFC 9579), which needs no more
// than PBKDF2.
func keyOnlyPFX(encrypted, password []byte) ([]byte, error) {
	salt := make([]byte, 8)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	safe, err := build(func(b *cryptobyte.Builder) {
		addData(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidShroudedBag)
				b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(encrypted) })
			})
		})
		addData(b, func(*cryptobyte.Builder) {})
	})
	if err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(sha256.New, string(password), salt, 1, sha256.Size)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(safe)
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		addContent(b, safe)
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				addPBMAC1(b, salt)
				b.AddASN1OctetString(mac.Sum(nil))
			})
			b.AddASN1OctetString(salt)
		})
	})
}

func addPBMAC1(b *cryptobyte.Builder, salt []byte) {
	hmacSHA256 := func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidHMACSHA256)
			b.AddASN1NULL()
		})
	}
	sequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidPBMAC1)
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidPBKDF2Named)
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1OctetString(salt)
					b.AddASN1Int64(1)
					b.AddASN1Int64(sha256.Size)
					hmacSHA256(b)
				})
			})
			hmacSHA256(b)
		})
	})
}

// addData adds a ContentInfo of type data that holds a SafeContents.
func addData(b *cryptobyte.Builder, bags func(*cryptobyte.Builder)) {
	contents, err := build(bags)
	if err != nil {
		b.SetError(err)
		return
	}
	addContent(b, contents)
}

func addContent(b *cryptobyte.Builder, data []byte) {
	sequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidData)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1OctetString(data) })
	})
}

func sequence(b *cryptobyte.Builder, f func(*cryptobyte.Builder)) { b.AddASN1(cbasn1.SEQUENCE, f) }

// build makes a SEQUENCE.
func build(f func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	sequence(&b, f)
	return b.Bytes()
}
