package keyfile

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rc4"
	"encoding/asn1"
	"slices"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Encryption by a password: PBES2 (RFC 8018 section 6.2), and the old PBES1 in the schemes of PKCS #5 (section 6.1) and of
// PKCS #12 (RFC 7292 appendix C). OpenSSL 3 has left what is with RC4, RC2 and single DES to its legacy provider.

const (
	oidPBES2 = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
	oidDES3  = "\x2a\x86\x48\x86\xf7\x0d\x03\x07"
	// pkcs12PBE is what PKCS #12's schemes have before their last byte (1.2.840.113549.1.12.1).
	pkcs12PBE = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01"
)

// PKCS #12's schemes, all with SHA-1.
const (
	withRC4 byte = iota + 1
	withRC4Of40
	with3DES
	with2DES
	withRC2
	withRC2Of40
)

// pkcs12KeyLens are the lengths of their keys; RC2's are the library's business.
var pkcs12KeyLens = map[byte]int{withRC4: 16, withRC4Of40: 5, with3DES: 24, with2DES: 16}

// aesKeyLens are the key lengths of AES in CBC mode (NIST's arc 2.16.840.1.101.3.4.1).
var aesKeyLens = map[string]int{
	"\x60\x86\x48\x01\x65\x03\x04\x01\x02": 16, "\x60\x86\x48\x01\x65\x03\x04\x01\x16": 24,
	"\x60\x86\x48\x01\x65\x03\x04\x01\x2a": 32,
}

// pbkdf1DES are PKCS #5's schemes with DES.
var pbkdf1DES = map[string]crypto.Hash{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x03": crypto.MD5, "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0a": crypto.SHA1,
}

func malformed() error { return badPEM(alert.ReasonPEMBadDecrypt, "malformed encryption") }

func badDecrypt() error {
	return badPEM(alert.ReasonPEMBadDecrypt, "does not decrypt: wrong password, or damaged")
}

// unsupported names the scheme, or the part of it, that is not implemented.
func unsupported(what string, oid cryptobyte.String) error {
	name := "of a malformed name"
	var b cryptobyte.Builder
	addOID(&b, string(oid))
	var parsed asn1.ObjectIdentifier
	if whole, err := b.Bytes(); err == nil && (*cryptobyte.String)(&whole).ReadASN1ObjectIdentifier(&parsed) {
		name = parsed.String()
	}
	return alert.Input(alert.LibEVP, alert.ReasonEVPUnsupportedAlgorithm, "encrypted with an unsupported "+what+", "+name)
}

// decryptPKCS8 decrypts an EncryptedPrivateKeyInfo (RFC 5958 section 3). It gives a key in PKCS#8, PKCS#1 or SEC1.
func decryptPKCS8(der []byte, p *phrase, w *work) ([]byte, error) {
	s := cryptobyte.String(der)
	var seq, alg, ciphertext cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!seq.ReadASN1(&ciphertext, cbasn1.OCTET_STRING) {
		return nil, malformed()
	}
	if scheme := pkcs12Scheme(alg); scheme == withRC2 || scheme == withRC2Of40 {
		return decryptRC2Key(der, alg, p, w)
	}
	return decrypt(alg, ciphertext, p, w)
}

// decrypt decrypts what an AlgorithmIdentifier says how to, but for RC2.
func decrypt(alg, ciphertext cryptobyte.String, p *phrase, w *work) ([]byte, error) {
	scheme := pkcs12Scheme(alg)
	var oid cryptobyte.String
	if !alg.ReadASN1(&oid, cbasn1.OBJECT_IDENTIFIER) {
		return nil, malformed()
	}
	if string(oid) == oidPBES2 {
		return decryptPBES2(alg, ciphertext, p, w)
	}
	hash, isPKCS5 := pbkdf1DES[string(oid)]
	keyLen := pkcs12KeyLens[scheme]
	if !isPKCS5 && keyLen == 0 {
		return nil, unsupported("scheme", oid)
	}
	salt, iterations, ok := readPBEParams(alg)
	switch {
	case !ok:
		return nil, malformed()
	case isPKCS5:
		return decryptPKCS5(hash, p, salt, iterations, ciphertext, w)
	}
	return decryptPKCS12(scheme, keyLen, p, salt, iterations, ciphertext, w)
}

// pkcs12Scheme is which of PKCS #12's schemes it is, 0 if none.
func pkcs12Scheme(alg cryptobyte.String) byte {
	var oid cryptobyte.String
	n := len(pkcs12PBE)
	if !alg.ReadASN1(&oid, cbasn1.OBJECT_IDENTIFIER) || len(oid) != n+1 || string(oid[:n]) != pkcs12PBE {
		return 0
	}
	return oid[n]
}

// readPBEParams reads a PBEParameter (RFC 8018 appendix A.3; RFC 7292 appendix C has the same).
func readPBEParams(params cryptobyte.String) (salt []byte, iterations int, ok bool) {
	var seq cryptobyte.String
	ok = params.ReadASN1(&seq, cbasn1.SEQUENCE) && seq.ReadASN1((*cryptobyte.String)(&salt), cbasn1.OCTET_STRING) &&
		seq.ReadASN1Integer(&iterations)
	return salt, iterations, ok
}

func decryptPKCS5(hash crypto.Hash, p *phrase, salt []byte, iterations int, ciphertext []byte, w *work) ([]byte, error) {
	if len(salt) != 8 {
		return nil, malformed()
	}
	derived, err := derivePBKDF1(hash, p.raw, salt, iterations, w)
	if err != nil {
		return nil, err
	}
	defer clear(derived)
	block, err := des.NewCipher(derived[:8])
	return decryptCBC(block, err, derived[8:16], ciphertext)
}

func decryptPKCS12(scheme byte, keyLen int, p *phrase, salt []byte, iterations int, ciphertext []byte, w *work) ([]byte, error) {
	key, err := derivePKCS12(crypto.SHA1, p, salt, iterations, forKey, keyLen, w)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if scheme == withRC4 || scheme == withRC4Of40 {
		stream, err := rc4.NewCipher(key)
		if err != nil {
			return nil, err
		}
		plain := make([]byte, len(ciphertext))
		stream.XORKeyStream(plain, ciphertext)
		return plain, nil
	}
	iv, err := derivePKCS12(crypto.SHA1, p, salt, iterations, forIV, des.BlockSize, w)
	if err != nil {
		return nil, err
	}
	if scheme == with2DES {
		key = slices.Concat(key, key[:8])
		defer clear(key)
	}
	block, err := des.NewTripleDESCipher(key)
	return decryptCBC(block, err, iv, ciphertext)
}

func decryptPBES2(alg, ciphertext cryptobyte.String, p *phrase, w *work) ([]byte, error) {
	var params, kdf, enc, oid, iv cryptobyte.String
	if !alg.ReadASN1(&params, cbasn1.SEQUENCE) || !params.ReadASN1(&kdf, cbasn1.SEQUENCE) ||
		!params.ReadASN1(&enc, cbasn1.SEQUENCE) || !enc.ReadASN1(&oid, cbasn1.OBJECT_IDENTIFIER) {
		return nil, malformed()
	}
	keyLen := aesKeyLens[string(oid)]
	if string(oid) == oidDES3 {
		keyLen = 24
	}
	if keyLen == 0 {
		return nil, unsupported("cipher", oid)
	}
	if !enc.ReadASN1(&iv, cbasn1.OCTET_STRING) {
		return nil, malformed()
	}
	key, err := deriveKey(kdf, p.raw, keyLen, w)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if string(oid) == oidDES3 {
		block, err := des.NewTripleDESCipher(key)
		return decryptCBC(block, err, iv, ciphertext)
	}
	block, err := aes.NewCipher(key)
	return decryptCBC(block, err, iv, ciphertext)
}

// decryptCBC decrypts and strips PKCS#7 padding. It takes the error of making the block cipher, too.
func decryptCBC(block cipher.Block, err error, iv, ciphertext []byte) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(ciphertext) == 0 || len(ciphertext)%size != 0 {
		return nil, malformed()
	}
	plain := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ciphertext)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size {
		return nil, badDecrypt()
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, badDecrypt()
		}
	}
	return plain[:len(plain)-pad], nil
}
