// Package sigalg owns the signature schemes of TLS (RFC 9846 section 4.2.3): their names, who may use them when, and
// signing and verifying with the standard library's and circl's primitives.
package sigalg

import (
	"crypto"
	"strconv"
	"strings"
)

// Scheme is a SignatureScheme.
type Scheme uint16

// The schemes. MD5SHA1 stands for what RSA keys sign with before TLS 1.2 (RFC 4346 section 7.4.3); it never travels.
const (
	RSAPKCS1SHA1   Scheme = 0x0201
	ECDSASHA1      Scheme = 0x0203
	RSAPKCS1SHA224 Scheme = 0x0301
	ECDSASHA224    Scheme = 0x0303
	RSAPKCS1SHA256 Scheme = 0x0401
	ECDSAP256      Scheme = 0x0403
	RSAPKCS1SHA384 Scheme = 0x0501
	ECDSAP384      Scheme = 0x0503
	RSAPKCS1SHA512 Scheme = 0x0601
	ECDSAP521      Scheme = 0x0603
	RSAPSSRSAE256  Scheme = 0x0804
	RSAPSSRSAE384  Scheme = 0x0805
	RSAPSSRSAE512  Scheme = 0x0806
	Ed25519        Scheme = 0x0807
	Ed448          Scheme = 0x0808
	RSAPSSPSS256   Scheme = 0x0809
	RSAPSSPSS384   Scheme = 0x080a
	RSAPSSPSS512   Scheme = 0x080b
	MD5SHA1        Scheme = 0xff01
)

type padding uint8

const (
	noPadding padding = iota
	pkcs1
	pss
)

// scheme is a row of the table.
type scheme struct {
	id      Scheme
	name    string // IANA's
	openssl string // in OpenSSL's lists, "" if only IANA's name is known there
	key     Key
	hash    crypto.Hash
	padding padding
	pssKey  bool // the certificate's key is restricted to RSASSA-PSS
	curve   int  // bits of the curve that TLS 1.3 binds the scheme to
	bits    int  // security strength; OpenSSL 3.0 counts SHA-1 as 63 and MD5+SHA-1 as 67
	since13 bool // may sign handshakes of TLS 1.3
}

// table is in OpenSSL 3.0's default order.
var table = []scheme{
	{ECDSAP256, "ecdsa_secp256r1_sha256", "ECDSA+SHA256", KeyECDSA, crypto.SHA256, noPadding, false, 256, 128, true},
	{ECDSAP384, "ecdsa_secp384r1_sha384", "ECDSA+SHA384", KeyECDSA, crypto.SHA384, noPadding, false, 384, 192, true},
	{ECDSAP521, "ecdsa_secp521r1_sha512", "ECDSA+SHA512", KeyECDSA, crypto.SHA512, noPadding, false, 521, 256, true},
	{Ed25519, "ed25519", "", KeyEd25519, 0, noPadding, false, 0, 128, true},
	{Ed448, "ed448", "", KeyEd448, 0, noPadding, false, 0, 224, true},
	{RSAPSSPSS256, "rsa_pss_pss_sha256", "", KeyRSA, crypto.SHA256, pss, true, 0, 128, true},
	{RSAPSSPSS384, "rsa_pss_pss_sha384", "", KeyRSA, crypto.SHA384, pss, true, 0, 192, true},
	{RSAPSSPSS512, "rsa_pss_pss_sha512", "", KeyRSA, crypto.SHA512, pss, true, 0, 256, true},
	{RSAPSSRSAE256, "rsa_pss_rsae_sha256", "RSA-PSS+SHA256", KeyRSA, crypto.SHA256, pss, false, 0, 128, true},
	{RSAPSSRSAE384, "rsa_pss_rsae_sha384", "RSA-PSS+SHA384", KeyRSA, crypto.SHA384, pss, false, 0, 192, true},
	{RSAPSSRSAE512, "rsa_pss_rsae_sha512", "RSA-PSS+SHA512", KeyRSA, crypto.SHA512, pss, false, 0, 256, true},
	{RSAPKCS1SHA256, "rsa_pkcs1_sha256", "RSA+SHA256", KeyRSA, crypto.SHA256, pkcs1, false, 0, 128, false},
	{RSAPKCS1SHA384, "rsa_pkcs1_sha384", "RSA+SHA384", KeyRSA, crypto.SHA384, pkcs1, false, 0, 192, false},
	{RSAPKCS1SHA512, "rsa_pkcs1_sha512", "RSA+SHA512", KeyRSA, crypto.SHA512, pkcs1, false, 0, 256, false},
	{ECDSASHA224, "ecdsa_sha224", "ECDSA+SHA224", KeyECDSA, crypto.SHA224, noPadding, false, 0, 112, false},
	{ECDSASHA1, "ecdsa_sha1", "ECDSA+SHA1", KeyECDSA, crypto.SHA1, noPadding, false, 0, 63, false},
	{RSAPKCS1SHA224, "rsa_pkcs1_sha224", "RSA+SHA224", KeyRSA, crypto.SHA224, pkcs1, false, 0, 112, false},
	{RSAPKCS1SHA1, "rsa_pkcs1_sha1", "RSA+SHA1", KeyRSA, crypto.SHA1, pkcs1, false, 0, 63, false},
	{MD5SHA1, "rsa_md5_sha1", "", KeyRSA, crypto.MD5SHA1, pkcs1, false, 0, 67, false},
}

func (s Scheme) row() *scheme {
	for i := range table {
		if table[i].id == s {
			return &table[i]
		}
	}
	return nil
}

// String returns IANA's name.
func (s Scheme) String() string {
	if r := s.row(); r != nil {
		return r.name
	}
	return "scheme " + strconv.Itoa(int(s))
}

// ByName finds a scheme by IANA's name or OpenSSL's, such as "ECDSA+SHA256", in any case.
func ByName(name string) (Scheme, bool) {
	for _, r := range table {
		if r.id != MD5SHA1 && (strings.EqualFold(r.name, name) || r.openssl != "" && strings.EqualFold(r.openssl, name)) {
			return r.id, true
		}
	}
	return 0, false
}

// Default returns OpenSSL 3.0's default list, best first.
func Default() []Scheme {
	l := make([]Scheme, 0, len(table))
	for _, r := range table {
		if r.id != MD5SHA1 {
			l = append(l, r.id)
		}
	}
	return l
}

// ImpliedSHA1 is what a TLS 1.2 peer without the extension accepts (RFC 5246 section 7.4.1.4.1).
func ImpliedSHA1() []Scheme { return []Scheme{RSAPKCS1SHA1, ECDSASHA1} }

// SecurityBits returns the strength in bits that security levels compare with.
func (s Scheme) SecurityBits() int {
	if r := s.row(); r != nil {
		return r.bits
	}
	return 0
}

// AllowedAt reports whether the scheme may sign handshakes of that version (RFC 9846 section 4.2.3).
func (s Scheme) AllowedAt(version uint16) bool {
	r := s.row()
	switch {
	case r == nil:
		return false
	case version >= 0x0304:
		return r.since13
	case version == 0x0303:
		return s != MD5SHA1
	}
	return s == MD5SHA1 || s == ECDSASHA1
}
