package suite

import "fmt"

// OpenSSL's names for the parts of a suite, as CPython's SSLContext.get_ciphers() gives them.

var kxNames = [...][2]string{
	KxAny: {"any", "kx-any"}, KxECDHE: {"ECDH", "kx-ecdhe"}, KxDHE: {"DH", "kx-dhe"}, KxRSA: {"RSA", "kx-rsa"},
	KxPSK: {"PSK", "kx-psk"}, KxECDHEPSK: {"ECDHEPSK", "kx-ecdhe-psk"}, KxDHEPSK: {"DHEPSK", "kx-dhe-psk"},
	KxRSAPSK: {"RSAPSK", "kx-rsa-psk"}, KxSRP: {"SRP", "kx-srp"},
}

var authNames = [...][2]string{
	AuthAny: {"any", "auth-any"}, AuthRSA: {"RSA", "auth-rsa"}, AuthECDSA: {"ECDSA", "auth-ecdsa"},
	AuthPSK: {"PSK", "auth-psk"}, AuthNone: {"None", "auth-null"}, AuthDSS: {"DSS", "auth-dss"},
	AuthSRP: {"SRP", "auth-srp"},
}

var encNames = [Enc3DES + 1][2]string{
	EncNull: {"None", ""}, EncAES128CBC: {"AES(128)", "aes-128-cbc"}, EncAES256CBC: {"AES(256)", "aes-256-cbc"},
	EncAES128GCM: {"AESGCM(128)", "aes-128-gcm"}, EncAES256GCM: {"AESGCM(256)", "aes-256-gcm"},
	EncChaCha20:  {"CHACHA20/POLY1305(256)", "chacha20-poly1305"},
	EncAES128CCM: {"AESCCM(128)", "aes-128-ccm"}, EncAES256CCM: {"AESCCM(256)", "aes-256-ccm"},
	EncAES128CCM8: {"AESCCM8(128)", "aes-128-ccm"}, EncAES256CCM8: {"AESCCM8(256)", "aes-256-ccm"},
	EncCamellia128: {"Camellia(128)", "camellia-128-cbc"}, EncCamellia256: {"Camellia(256)", "camellia-256-cbc"},
	EncARIA128GCM: {"ARIAGCM(128)", "aria-128-gcm"}, EncARIA256GCM: {"ARIAGCM(256)", "aria-256-gcm"},
}

var macNames = [...][2]string{
	MACAEAD: {"AEAD", ""}, MACSHA1: {"SHA1", "sha1"}, MACSHA256: {"SHA256", "sha256"}, MACSHA384: {"SHA384", "sha384"},
	MACMD5: {"MD5", "md5"},
}

// Protocol returns the version that the suite belongs to, as SSL_CIPHER_get_version does.
func (s *Suite) Protocol() string {
	switch s.since {
	case versionSSL30:
		return "SSLv3"
	case versionTLS10:
		return "TLSv1.0"
	case versionTLS12:
		return "TLSv1.2"
	}
	return "TLSv1.3"
}

// Description returns the line of SSL_CIPHER_description, without its newline.
func (s *Suite) Description() string {
	return fmt.Sprintf("%-30s %-7s Kx=%-8s Au=%-5s Enc=%-22s Mac=%-4s", s.Name, s.Protocol(),
		kxNames[s.Kx][0], authNames[s.Auth][0], encNames[s.Enc][0], macNames[s.MAC][0])
}

// KeaName returns "kx-ecdhe" and the like.
func (s *Suite) KeaName() string { return kxNames[s.Kx][1] }

// AuthName returns "auth-rsa" and the like.
func (s *Suite) AuthName() string { return authNames[s.Auth][1] }

// SymmetricName returns "aes-256-gcm" and the like, "" without encryption.
func (s *Suite) SymmetricName() string { return encNames[s.Enc][1] }

// DigestName returns "sha256" and the like, "" for an AEAD.
func (s *Suite) DigestName() string { return macNames[s.MAC][1] }
