// Package suite owns the cipher suites: their parameters, OpenSSL's names for everything about them, and OpenSSL's
// language for lists of them.
package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"

	"github.com/gossl/gossl/core/internal/wire"
)

// Kx is the key exchange of a suite.
type Kx uint8

// The key exchanges. KxAny is TLS 1.3's: the suite does not say.
const (
	KxAny Kx = iota
	KxECDHE
	KxDHE
	KxRSA
	KxPSK
	KxECDHEPSK
	KxDHEPSK
	KxRSAPSK
	KxSRP
)

// SendsServerKeyExchange reports whether the server must send one.
func (k Kx) SendsServerKeyExchange() bool {
	return k == KxECDHE || k == KxDHE || k == KxECDHEPSK || k == KxDHEPSK
}

// Auth is what authenticates the server.
type Auth uint8

// The kinds of authentication. AuthAny is TLS 1.3's.
const (
	AuthAny Auth = iota
	AuthRSA
	AuthECDSA
	AuthPSK
	AuthNone
	AuthDSS
	AuthSRP
)

// Enc is the bulk cipher.
type Enc uint8

// The bulk ciphers.
const (
	EncNull Enc = iota
	EncAES128CBC
	EncAES256CBC
	EncAES128GCM
	EncAES256GCM
	EncChaCha20
	EncAES128CCM
	EncAES256CCM
	EncAES128CCM8
	EncAES256CCM8
	EncCamellia128
	EncCamellia256
	EncARIA128GCM
	EncARIA256GCM
	Enc3DES
)

// MAC is the record MAC.
type MAC uint8

// The MACs. MACAEAD is none of its own.
const (
	MACAEAD MAC = iota
	MACSHA1
	MACSHA256
	MACSHA384
	MACMD5
)

const (
	versionSSL30 = 0x0300
	versionTLS10 = wire.VersionTLS10
	versionTLS12 = wire.VersionTLS12
	versionTLS13 = wire.VersionTLS13
)

// strength says in which of OpenSSL's classes a suite is.
type strength uint8

const (
	notDefault strength = 1 << iota // COMPLEMENTOFDEFAULT
	fips
	explicit // in no class: only its own name selects it, and only at security level 0
)

// Suite is one cipher suite. Values are compared by pointer: there is one of each.
type Suite struct {
	ID         uint16
	Name       string // OpenSSL's
	StdName    string // IANA's
	MinVersion uint16 // for negotiation; SSL 3.0's suites begin with TLS 1.0 here
	MaxVersion uint16
	Kx         Kx
	Auth       Auth
	Enc        Enc
	MAC        MAC
	Hash       crypto.Hash // of HKDF (1.3) or the PRF (1.2)

	KeyLen, FixedIVLen, RecordIVLen, MACLen, TagLen int // bytes
	StrengthBits, AlgBits                           int

	since uint16 // where OpenSSL says that it belongs: SSL 3.0, TLS 1.0, 1.2 or 1.3
	class strength
}

// cipherParams are the lengths that a bulk cipher brings (RFC 5246 section 6.2.3, RFC 7905, RFC 6655).
type cipherParams struct{ key, fixedIV, recordIV, tag, bits int }

var ciphers = [...]cipherParams{
	EncNull: {}, EncAES128CBC: {16, 0, 16, 0, 128}, EncAES256CBC: {32, 0, 16, 0, 256},
	EncAES128GCM: {16, 4, 8, 16, 128}, EncAES256GCM: {32, 4, 8, 16, 256}, EncChaCha20: {32, 12, 0, 16, 256},
	EncAES128CCM: {16, 4, 8, 16, 128}, EncAES256CCM: {32, 4, 8, 16, 256},
	EncAES128CCM8: {16, 4, 8, 8, 128}, EncAES256CCM8: {32, 4, 8, 8, 256},
	EncCamellia128: {16, 0, 16, 0, 128}, EncCamellia256: {32, 0, 16, 0, 256},
	EncARIA128GCM: {16, 4, 8, 16, 128}, EncARIA256GCM: {32, 4, 8, 16, 256},
	Enc3DES: {24, 0, 8, 0, 112},
}

var macLens = [...]int{MACSHA1: 20, MACSHA256: 32, MACSHA384: 48, MACMD5: 16}

func row(id uint16, name, std string, since uint16, kx Kx, auth Auth, enc Enc, mac MAC, hash crypto.Hash, class strength) Suite {
	p := ciphers[enc]
	s := Suite{
		ID: id, Name: name, StdName: std, Kx: kx, Auth: auth, Enc: enc, MAC: mac, Hash: hash, since: since, class: class,
		KeyLen: p.key, FixedIVLen: p.fixedIV, RecordIVLen: p.recordIV, TagLen: p.tag, MACLen: macLens[mac],
		StrengthBits: p.bits, AlgBits: p.bits, MinVersion: max(since, versionTLS10), MaxVersion: versionTLS12,
	}
	if since == versionTLS13 { // RFC 9846 section 5.3: the whole nonce is derived
		s.MaxVersion, s.FixedIVLen, s.RecordIVLen = versionTLS13, 12, 0
	}
	return s
}

// ByID returns the suite of that number, or nil.
func ByID(id uint16) *Suite {
	lo, hi := 0, len(table)
	for lo < hi {
		mid := (lo + hi) / 2
		if table[mid].ID < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(table) && table[lo].ID == id {
		return &table[lo]
	}
	return nil
}

// ByName returns the suite of OpenSSL's name, or nil.
func ByName(name string) *Suite {
	for i := range table {
		if table[i].Name == name {
			return &table[i]
		}
	}
	return nil
}

// Default13 returns TLS 1.3's default suites, best first.
func Default13() []*Suite { return []*Suite{ByID(0x1302), ByID(0x1303), ByID(0x1301)} }

// IsAEAD reports whether the suite has no MAC of its own.
func (s *Suite) IsAEAD() bool { return s.MAC == MACAEAD }

// UsesPSK reports whether the key exchange needs a pre-shared key.
func (s *Suite) UsesPSK() bool {
	return s.Kx == KxPSK || s.Kx == KxECDHEPSK || s.Kx == KxDHEPSK || s.Kx == KxRSAPSK
}

// Implemented reports whether the engine can negotiate the suite.
func (s *Suite) Implemented() bool {
	return s.Auth != AuthDSS && s.Auth != AuthSRP && s.Kx != KxSRP && s.MAC != MACMD5 && (s.Enc <= EncAES256CCM8 || s.Enc == Enc3DES)
}

// Signs reports whether the server signs its ephemeral key. RSA stands for key transport too, where nothing is signed.
func (a Auth) Signs() bool { return a == AuthRSA || a == AuthECDSA }

// SignsParams reports whether the suite's ServerKeyExchange is signed.
func (s *Suite) SignsParams() bool {
	return s.Auth.Signs() && s.Kx.SendsServerKeyExchange() && !s.UsesPSK()
}

// FitsKey reports whether a certificate with that key goes with the suite. EdDSA keys go with ECDSA suites
// (RFC 8422 section 5.10).
func (s *Suite) FitsKey(pub crypto.PublicKey) bool {
	switch pub.(type) {
	case *rsa.PublicKey:
		return s.Auth == AuthRSA || s.Auth == AuthAny
	case *ecdsa.PublicKey:
		return s.Auth == AuthECDSA || s.Auth == AuthAny
	}
	return pub != nil && (s.Auth == AuthECDSA && s.MinVersion >= versionTLS10 || s.Auth == AuthAny)
}

// KeyExchangeKind says what the key exchange messages hold.
func (s *Suite) KeyExchangeKind() wire.KeyExchangeKind {
	return wire.KeyExchangeKind{
		PSK: s.UsesPSK(), ECDHE: s.Kx == KxECDHE || s.Kx == KxECDHEPSK, DHE: s.Kx == KxDHE || s.Kx == KxDHEPSK,
		RSA: s.Kx == KxRSA || s.Kx == KxRSAPSK,
	}
}

// levelBits are the least strengths of OpenSSL's security levels.
var levelBits = [...]int{0, 80, 112, 128, 192, 256}

// AllowedAtLevel applies OpenSSL 3.0's rules for suites at a security level (SSL_CTX_set_security_level(3)).
func (s *Suite) AllowedAtLevel(level int) bool {
	if level <= 0 {
		return true
	}
	least := levelBits[min(level, len(levelBits)-1)]
	switch {
	case s.StrengthBits < least, s.class&explicit != 0, s.Auth == AuthNone, s.MAC == MACMD5:
		return false
	case least > 160 && s.MAC == MACSHA1:
		return false
	}
	return level < 3 || s.MinVersion == versionTLS13 || s.Kx.SendsServerKeyExchange()
}
