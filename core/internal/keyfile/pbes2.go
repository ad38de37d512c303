package keyfile

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	_ "crypto/sha1" // the hashes of PBKDF2, for crypto.Hash
	_ "crypto/sha256"
	_ "crypto/sha512"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/scrypt"
)

// Bounds on what a file may make us compute.
const (
	maxIterations   = 10_000_000
	maxScryptMemory = 1 << 30 // bytes
)

// Object identifiers as the content of their DER.
const (
	oidPBES2  = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
	oidPBKDF2 = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
	oidScrypt = "\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"
	oidDES3   = "\x2a\x86\x48\x86\xf7\x0d\x03\x07"
)

var prfs = map[string]crypto.Hash{
	"\x2a\x86\x48\x86\xf7\x0d\x02\x07": crypto.SHA1, "\x2a\x86\x48\x86\xf7\x0d\x02\x08": crypto.SHA224,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x09": crypto.SHA256, "\x2a\x86\x48\x86\xf7\x0d\x02\x0a": crypto.SHA384,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x0b": crypto.SHA512,
}

// aesKeyLens are the key lengths of AES in CBC mode (NIST's arc 2.16.840.1.101.3.4.1).
var aesKeyLens = map[string]int{
	"\x60\x86\x48\x01\x65\x03\x04\x01\x02": 16, "\x60\x86\x48\x01\x65\x03\x04\x01\x16": 24,
	"\x60\x86\x48\x01\x65\x03\x04\x01\x2a": 32,
}

// decryptPKCS8 decrypts an EncryptedPrivateKeyInfo (RFC 5958 section 3) with PBES2 (RFC 8018 section 6.2)
// or PBES1. It returns
// nil for a wrong password, other schemes and malformed data alike.
func decryptPKCS8(der, password []byte) []byte {
	s := cryptobyte.String(der)
	var seq, alg, oid, params, kdf, enc, ciphertext cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1(&alg, asn1.SEQUENCE) ||
		!alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !seq.ReadASN1(&ciphertext, asn1.OCTET_STRING) {
		return nil
	}
	if string(oid) != oidPBES2 {
		return decryptPBES1(der, string(oid), alg, ciphertext, password)
	}
	if !alg.ReadASN1(&params, asn1.SEQUENCE) || !params.ReadASN1(&kdf, asn1.SEQUENCE) ||
		!params.ReadASN1(&enc, asn1.SEQUENCE) {
		return nil
	}
	var cipherOID, iv cryptobyte.String
	if !enc.ReadASN1(&cipherOID, asn1.OBJECT_IDENTIFIER) || !enc.ReadASN1(&iv, asn1.OCTET_STRING) {
		return nil
	}
	keyLen := aesKeyLens[string(cipherOID)]
	if string(cipherOID) == oidDES3 {
		keyLen = 24
	}
	key := deriveKey(kdf, password, keyLen)
	if key == nil {
		return nil
	}
	block, err := aes.NewCipher(key)
	if string(cipherOID) == oidDES3 {
		block, err = des.NewTripleDESCipher(key)
	}
	if err != nil {
		return nil
	}
	return decryptCBC(block, iv, ciphertext)
}

// deriveKey runs the key derivation that an AlgorithmIdentifier names: PBKDF2 (RFC 8018) or scrypt (RFC 7914 section 7).
func deriveKey(alg cryptobyte.String, password []byte, keyLen int) []byte {
	var oid, params, salt cryptobyte.String
	if keyLen == 0 || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !alg.ReadASN1(&params, asn1.SEQUENCE) ||
		!params.ReadASN1(&salt, asn1.OCTET_STRING) {
		return nil
	}
	switch string(oid) {
	case oidPBKDF2:
		return derivePBKDF2(params, password, salt, keyLen)
	case oidScrypt:
		return deriveScrypt(params, password, salt, keyLen)
	}
	return nil
}

func derivePBKDF2(params cryptobyte.String, password, salt []byte, keyLen int) []byte {
	var iterations, length int
	hash := crypto.SHA1 // the default of RFC 8018 appendix A.2
	if !params.ReadASN1Integer(&iterations) || iterations < 1 || iterations > maxIterations {
		return nil
	}
	if params.PeekASN1Tag(asn1.INTEGER) && (!params.ReadASN1Integer(&length) || length != keyLen) {
		return nil
	}
	if !params.Empty() {
		var prf, oid cryptobyte.String
		if !params.ReadASN1(&prf, asn1.SEQUENCE) || !prf.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return nil
		}
		if hash = prfs[string(oid)]; hash == 0 {
			return nil
		}
	}
	key, err := pbkdf2.Key(hash.New, string(password), salt, iterations, keyLen)
	if err != nil {
		return nil
	}
	return key
}

func deriveScrypt(params cryptobyte.String, password, salt []byte, keyLen int) []byte {
	var n, r, p int
	if !params.ReadASN1Integer(&n) || !params.ReadASN1Integer(&r) || !params.ReadASN1Integer(&p) ||
		n < 2 || r < 1 || p < 1 || p > 64 || n > maxScryptMemory/128/r {
		return nil
	}
	key, err := scrypt.Key(password, salt, n, r, p, keyLen)
	if err != nil {
		return nil
	}
	return key
}

// decryptCBC decrypts and strips PKCS#7 padding.
func decryptCBC(block cipher.Block, iv, ciphertext []byte) []byte {
	size := block.BlockSize()
	if len(iv) != size || len(ciphertext) == 0 || len(ciphertext)%size != 0 {
		return nil
	}
	plain := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ciphertext)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size {
		return nil
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil
		}
	}
	return plain[:len(plain)-pad]
}
