package core

import (
	"crypto/rand"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/pki"
	"github.com/gossl/gossl/core/internal/record"
	"github.com/gossl/gossl/core/internal/sigalg"
	"github.com/gossl/gossl/core/internal/suite"
)

// Method says what a Config is for. The numbers are CPython's PROTOCOL_* ones.
type Method int

// The methods. The single-version ones exist because CPython has them.
const (
	MethodTLS       Method = 2
	MethodTLSv10    Method = 3
	MethodTLSv11    Method = 4
	MethodTLSv12    Method = 5
	MethodTLSClient Method = 16
	MethodTLSServer Method = 17
)

// VerifyMode says whether a peer must show a certificate.
type VerifyMode int

// On a client, VerifyNone accepts any server certificate, the others refuse what does not verify. On a server,
// VerifyNone asks for none, VerifyOptional verifies one if the client has it, VerifyRequired refuses without it.
const (
	VerifyNone VerifyMode = iota
	VerifyOptional
	VerifyRequired
)

// Config is everything that a connection is made from. NewConn takes a consistent copy, so that a Config can be
// changed between connections; it must not be changed while NewConn runs. Make one with NewConfig.
type Config struct {
	// Options are OP_* bits. The default is DefaultOptions.
	Options Options
	// VerifyMode defaults to VerifyRequired for MethodTLSClient and VerifyNone for all others.
	VerifyMode VerifyMode
	// HostFlags are OpenSSL's X509_CHECK_FLAG_* bits. The default is NO_PARTIAL_WILDCARDS.
	HostFlags uint32
	// CheckHostname makes a client demand that the certificate is for the server name that NewConn is given.
	// It defaults to true for MethodTLSClient.
	CheckHostname bool
	// VerifyDepth bounds the number of intermediates. The default is 100.
	VerifyDepth int
	// NumTickets is how many TLS 1.3 tickets a server sends after a full handshake. The default is 2.
	NumTickets int
	// SessionTimeout is the lifetime in seconds of sessions and tickets. The default is 7200.
	SessionTimeout int64
	// MaxEarlyData lets a server take up to that many bytes of early data (0-RTT), at most 2^24, on connections whose first
	// call is Conn.ReadEarlyData. Its tickets say so. The default is 0: none. Early data can be replayed: early_data.go
	// says what is done about it, and what is left to the caller.
	MaxEarlyData int
	// PostHandshakeAuth makes a client offer to show its certificate after the handshake (RFC 9846 section 4.2.6).
	PostHandshakeAuth bool
	// AskSNI, AskPSKClient, AskPSKServer, AskVerify and AskCertificate make the handshake stop with the Want of that
	// name. With AskVerify the caller's verdict about the peer's certificates replaces the engine's. AskCertificate asks
	// servers, and clients that were asked for their certificate; a certificate that does not fit is then an error, where a
	// client otherwise goes on without.
	AskSNI, AskPSKClient, AskPSKServer, AskVerify, AskCertificate bool
	// Tickets seals and opens a server's session tickets. The default (nil) is AES-256-GCM under keys of the Config's own,
	// which TicketKeys and SetTicketKeys share between processes.
	Tickets TicketSealer
	// RequestOCSP and RequestSCT make a client ask for an OCSP response and for signed certificate timestamps with the
	// server's certificate (RFC 6066 section 8, RFC 6962 section 3.3). They are for the caller: the engine does not look
	// into them.
	RequestOCSP, RequestSCT bool
	// CertCompressors are the algorithms of certificate compression (RFC 8879), best first: a client offers them, a server
	// uses the first that the client has too.
	CertCompressors []CertCompressor
	// FallbackSCSV makes a client say that it has fallen back to a lower version (RFC 7507).
	FallbackSCSV bool
	// RequireALPN makes a server refuse a client that offers application protocols of which it has none (RFC 7301
	// section 3.2). Without it the connection goes on without a protocol, as CPython's does.
	RequireALPN bool
	// StrictLeaf refuses a peer whose certificate has a key usage that does not allow what its key does in the handshake
	// (RFC 9846 section 4.4.2.2, RFC 5246 section 7.4.2), or, before TLS 1.3, a key on a curve that we did not offer
	// (RFC 8422 section 5.1). OpenSSL checks neither, so it is off by default.
	StrictLeaf bool
	// BestGroup makes a server ask for a key share of the best common group (HelloRetryRequest) where the client has sent
	// one of a lesser group only. Otherwise it saves the round trip, as OpenSSL does.
	BestGroup bool
	// AllowUnknownALPN makes a client take an application protocol that it did not offer.
	AllowUnknownALPN bool
	// MaxCertList bounds the length in bytes of the peer's Certificate message. The default is 102400.
	MaxCertList int
	// MaxSendFragment bounds the plaintext of the records that we send, 512 to 16384 bytes. The default is 16384.
	MaxSendFragment int
	// ClientCAs are the distinguished names (DER) that a server sends with its request for a certificate.
	ClientCAs [][]byte
	// KeyLog keeps key log lines for Conn.TakeKeyLog, Trace message events for Conn.TakeTrace. Secrets, for debugging.
	KeyLog, Trace bool
	// PSKHint is the identity hint of a TLS 1.2 server (RFC 4279 section 5.2).
	PSKHint []byte
	// Now returns the time in seconds since 1970. The default is the system's clock.
	Now func() int64
	// Rand is the source of randomness. The default is crypto/rand.
	Rand io.Reader

	method                     Method
	verifyFlags                pki.Flags
	minVersion, maxVersion     uint16 // 0: not bounded
	securityLevel              int
	suites13, suites           []*suite.Suite
	tiers                      []int // where each tier of suites ends; nil: every suite is a tier
	groups                     []group.ID
	clientSigalgs, peerSigalgs []sigalg.Scheme // nil: the defaults
	alpn                       []string
	dh                         *group.DHParams
	certificates               []*certificate // at most one of each kind of key
	store                      *pki.Store
	shared                     *shared
	frozen                     bool // by Freeze, which also sets the next two
	enabledVersions            []uint16
	acceptedSigalgs            [2][]sigalg.Scheme // by Side
}

// defaultCiphers is CPython's default cipher string.
const defaultCiphers = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"

// flagNoPartialWildcards is X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS.
const flagNoPartialWildcards = 4

// NewConfig returns a Config with the defaults that CPython gives an SSLContext of that protocol.
func NewConfig(method Method) (*Config, error) {
	switch method {
	case MethodTLS, MethodTLSv10, MethodTLSv11, MethodTLSv12, MethodTLSClient, MethodTLSServer:
	default:
		return nil, misuse(0, "invalid or unsupported protocol version")
	}
	c := &Config{
		Options: DefaultOptions, verifyFlags: pki.FlagTrustedFirst, HostFlags: flagNoPartialWildcards,
		VerifyDepth: 100, NumTickets: 2, SessionTimeout: 7200,
		MaxCertList: maxCertificates, MaxSendFragment: record.MaxPlaintext,
		Now: func() int64 { return time.Now().Unix() }, Rand: rand.Reader,
		method: method, suites13: suite.Default13(), groups: group.DefaultList(),
		store: pki.NewStore(),
	}
	l, err := defaultSuites()
	if err != nil {
		return nil, err
	}
	c.suites, c.securityLevel, c.shared = l.Suites, l.SecurityLevel, newShared()
	if method == MethodTLSClient {
		c.VerifyMode, c.CheckHostname = VerifyRequired, true
	}
	if method == MethodTLS || method == MethodTLSClient || method == MethodTLSServer {
		c.minVersion = VersionTLS12
	}
	return c, nil
}

// defaultSuites are those of defaultCiphers. To choose them costs more than all else that a Config needs.
var defaultSuites = sync.OnceValues(func() (suite.List, error) { return suite.ParseList(defaultCiphers, defaultLevel) })

const defaultLevel = 2

// Method returns the method that the Config was made with.
func (c *Config) Method() Method { return c.method }

// Copy returns a Config with the same settings, which can be changed without changing c. Ticket keys, cached sessions
// and statistics are those of both.
func (c *Config) Copy() *Config { // settings replace slices and never write into them
	s := *c
	s.frozen = false
	return &s
}

// Freeze says that c will never be changed again: connections then share it, instead of having a copy each. What its
// fields point to must not change either. A Copy can be changed.
func (c *Config) Freeze() {
	c.enabledVersions = slices.Clip(c.versions())
	for _, side := range []Side{Client, Server} {
		c.acceptedSigalgs[side] = slices.Clip(c.offeredSigalgs(side))
	}
	c.frozen = true
}

// forConn returns what a connection keeps of c.
func (c *Config) forConn() *Config {
	if c.frozen {
		return c
	}
	return c.Copy()
}

// VerifyFlags returns OpenSSL's X509_V_FLAG_* bits. The default is TRUSTED_FIRST.
func (c *Config) VerifyFlags() uint64 { return uint64(c.verifyFlags) }

// SetVerifyFlags sets them. A bit that verification does not honour is refused.
func (c *Config) SetVerifyFlags(bits uint64) error {
	if pki.Flags(bits)&^pki.KnownFlags != 0 {
		return misuse(0, "verify_flags has a bit that is not supported")
	}
	c.verifyFlags = pki.Flags(bits)
	return nil
}

// SecurityLevel returns OpenSSL's security level, which SetCiphers sets by "@SECLEVEL=n".
func (c *Config) SecurityLevel() int { return c.securityLevel }

// SetSecurityLevel sets the security level, 0 to 5.
func (c *Config) SetSecurityLevel(level int) error {
	if level < 0 || level > 5 {
		return misuse(0, "security level is not between 0 and 5")
	}
	c.securityLevel = level
	return nil
}

// SetCiphers sets the suites of TLS 1.2 and below, and perhaps the security level, by an OpenSSL cipher string.
// TLS 1.3 suites are not affected. A string that selects nothing is refused and changes nothing.
func (c *Config) SetCiphers(rule string) error {
	l, err := suite.ParseList(rule, c.securityLevel)
	if err != nil {
		return err
	}
	c.suites, c.securityLevel, c.tiers = l.Suites, l.SecurityLevel, nil
	return nil
}

// SetCipherTiers sets the suites of TLS 1.2 and below by cipher strings, best first. Between the suites of one tier a
// server takes the client's choice.
func (c *Config) SetCipherTiers(rules ...string) error {
	var all []*suite.Suite
	var ends []int
	level := c.securityLevel
	for _, rule := range rules {
		l, err := suite.ParseList(rule, level)
		if err != nil {
			return err
		}
		level = l.SecurityLevel
		all = append(all, l.Suites...)
		ends = append(ends, len(all))
	}
	c.suites, c.securityLevel, c.tiers = all, level, ends
	return nil
}

// SetCiphersuites sets the suites of TLS 1.3 by their names, separated by colons.
func (c *Config) SetCiphersuites(names string) error {
	l, err := suite.ParseSuites13(names)
	if err != nil {
		return err
	}
	c.suites13 = l
	return nil
}
