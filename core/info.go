package core

import (
	"bytes"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/pki"
	"github.com/gossl/gossl/core/internal/sigalg"
	"github.com/gossl/gossl/core/internal/suite"
)

// info is what a connection knows about itself once it has been negotiated.
type info struct {
	suite        *suite.Suite
	group        group.ID // 0: none
	peerScheme   sigalg.Scheme
	ourScheme    sigalg.Scheme
	hasSNI       bool
	resumed      bool
	externalPSK  bool // TLS 1.3 began with a key of the callers', not of a session
	sniNoAck     bool // the caller does not want the server name acknowledged
	ems          bool
	retried      bool // there was a HelloRetryRequest
	secureRenego bool // the peer knows RFC 5746
	wantsOCSP    bool // the client asks for the response
	wantsSCT     bool // the client asks for them
	alpn         string
	serverName   string // what a client connects to, or what it told the server
	peerChain    [][]byte
	peerLeaf     *pki.Certificate
	ourLeaf      *pki.Certificate // of the certificate that we showed
	verified     [][]byte         // the chain that was built, leaf first
	verifyResult alert.VerifyCode
	verifyDepth  int      // of the certificate in verified that verifyResult is about
	clientSuites []uint16 // what the client offered (server)
	clientALPN   []string
	peerSigalgs  []sigalg.Scheme     // of its ClientHello or CertificateRequest
	request      *CertificateRequest // nil: there was none
	compression  []uint16            // the peer's algorithms of certificate compression
	ocsp         []byte              // what the server stapled
	scts         [][]byte            // what the server sent
	tlsUnique    []byte
	clientRandom []byte
	serverRandom []byte

	// exporter gives keying material (RFC 5705, RFC 9846 section 7.5).
	exporter exporter
}

// forgetSession keeps the session of a failed connection from being resumed (RFC 5246 section 7.2.2).
func (i *info) forgetSession(c *Conn) {
	if c.session != nil && c.side == Server && c.version < VersionTLS13 {
		c.cfg.shared.cacheDrop(c.session.id)
	}
}

// Side returns which end we are.
func (c *Conn) Side() Side { return c.side }

// HandshakeDone reports whether the first handshake is complete.
func (c *Conn) HandshakeDone() bool { return c.done }

// Version returns the negotiated version, 0 before the handshake is complete.
func (c *Conn) Version() uint16 {
	if !c.done {
		return 0
	}
	return c.version
}

// ChosenVersion returns the version that the server chose, also of a handshake that goes on or has failed; 0 before.
func (c *Conn) ChosenVersion() uint16 { return c.version }

// Cipher returns the suite in use, its zero value before there is one.
func (c *Conn) Cipher() CipherInfo {
	if c.info.suite == nil {
		return CipherInfo{}
	}
	return cipherInfo(c.info.suite)
}

// SharedCiphers returns the suites of the client's offer that the server's Config has too, in the client's order;
// nil on a client.
func (c *Conn) SharedCiphers() []CipherInfo {
	var l []CipherInfo
	for _, id := range c.info.clientSuites {
		if c.cfg.hasSuite(id) {
			l = append(l, cipherInfo(suite.ByID(id)))
		}
	}
	return l
}

// ALPN returns the application protocol (RFC 7301), "" if none was agreed on.
func (c *Conn) ALPN() string { return c.info.alpn }

// ServerName returns what the client connects to, on a server what the client asked for.
func (c *Conn) ServerName() string { return c.info.serverName }

// HasSNI reports whether the client sent a server name.
func (c *Conn) HasSNI() bool { return c.info.hasSNI }

// Group returns the name of the named group of the key exchange, "" if there was none.
func (c *Conn) Group() string {
	if g := group.Lookup(c.info.group); g != nil {
		return g.Name
	}
	return ""
}

// GroupID returns the number of the named group of the key exchange (RFC 9846 section 4.2.7), 0 if there was none.
func (c *Conn) GroupID() uint16 { return uint16(c.info.group) }

// PeerScheme and OurScheme return the names of the signature schemes, "" if nothing was signed.
func (c *Conn) PeerScheme() string { return schemeName(c.info.peerScheme) }

// OurScheme returns the name of the scheme that we signed with.
func (c *Conn) OurScheme() string { return schemeName(c.info.ourScheme) }

func schemeName(s sigalg.Scheme) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

// PeerSchemeID returns the number of the signature scheme that the peer signed with (RFC 9846 section 4.2.3), 0 if
// nothing was signed, and for TLS 1.1 and below, where schemes have no number.
func (c *Conn) PeerSchemeID() uint16 {
	if c.version < VersionTLS12 {
		return 0
	}
	return uint16(c.info.peerScheme)
}

// PeerSigalgs returns the numbers of the signature schemes that the peer accepts, in its order.
func (c *Conn) PeerSigalgs() []uint16 {
	l := make([]uint16, len(c.info.peerSigalgs))
	for i, s := range c.info.peerSigalgs {
		l[i] = uint16(s)
	}
	return l
}

// OfferedALPN returns the application protocols that the client offered, in its order.
func (c *Conn) OfferedALPN() []string { return c.info.clientALPN }

// ExtendedMasterSecret reports whether the secrets are bound to the whole handshake: by RFC 7627, or by TLS 1.3.
func (c *Conn) ExtendedMasterSecret() bool { return c.info.ems || c.version >= VersionTLS13 }

// SecureRenegotiation reports whether the peer knows RFC 5746, which TLS 1.3 does not need.
func (c *Conn) SecureRenegotiation() bool { return c.info.secureRenego || c.version >= VersionTLS13 }

// Retried reports whether the server asked for another ClientHello (RFC 9846 section 4.1.4).
func (c *Conn) Retried() bool { return c.info.retried }

// CertificateRequest is what a server says of the client certificate that it wants.
type CertificateRequest struct {
	Types []byte   // ClientCertificateType of TLS 1.2 and below (RFC 5246 section 7.4.4)
	CAs   [][]byte // distinguished names, DER
}

// CertificateRequest returns the server's request, its zero value if there was none.
func (c *Conn) CertificateRequest() CertificateRequest {
	if c.info.request == nil {
		return CertificateRequest{}
	}
	return *c.info.request
}

// OCSPResponse returns the OCSP response that the server stapled, in DER; nil if there is none.
func (c *Conn) OCSPResponse() []byte { return c.info.ocsp }

// SCTs returns the signed certificate timestamps that the server sent in the handshake (RFC 6962 section 3.3).
func (c *Conn) SCTs() [][]byte { return c.info.scts }

// Resumed reports whether the handshake resumed a session.
func (c *Conn) Resumed() bool { return c.info.resumed }

// UsedExternalPSK reports whether a TLS 1.3 handshake rests on a pre-shared key that both callers know, instead of
// certificates or a session (RFC 9846 section 4.2.11).
func (c *Conn) UsedExternalPSK() bool { return c.info.externalPSK }

// PeerCertificates returns the certificates that the peer sent, in DER, leaf first. They are shared with other
// connections and must not be changed.
func (c *Conn) PeerCertificates() [][]byte { return c.info.peerChain }

// VerifyResult returns the outcome of the verification of the peer's certificates (X509_V_ERR_*), 0 if there were none.
func (c *Conn) VerifyResult() int { return int(c.info.verifyResult) }

// VerifyDepth returns which certificate of [Conn.VerifiedChain] was refused: 0 is the leaf.
func (c *Conn) VerifyDepth() int { return c.info.verifyDepth }

// SentShutdown and ReceivedShutdown report whether close_notify has passed in each direction.
func (c *Conn) SentShutdown() bool { return c.sentClose }

// ReceivedShutdown reports whether the peer sent close_notify.
func (c *Conn) ReceivedShutdown() bool { return c.gotClose }

// TLSUnique returns the channel binding of RFC 5929 section 3: the first Finished of the handshake.
func (c *Conn) TLSUnique() []byte { return bytes.Clone(c.info.tlsUnique) }

// exporter is the secret that keying material comes from: plain data, not a closure, so that it crosses a fork.
type exporter interface {
	export(label string, context []byte, hasContext bool, n int) ([]byte, error)
}

// Export returns n bytes of keying material for a label and, if hasContext, a context.
func (c *Conn) Export(label string, context []byte, hasContext bool, n int) ([]byte, error) {
	if c.info.exporter == nil || !c.done {
		return nil, misuse(alert.ReasonBadHandshakeState, "no keying material before the handshake is complete")
	}
	return c.info.exporter.export(label, context, hasContext, n)
}

// TLSExporter returns the channel binding of RFC 9266.
func (c *Conn) TLSExporter() ([]byte, error) {
	return c.Export("EXPORTER-Channel-Binding", nil, true, 32)
}
