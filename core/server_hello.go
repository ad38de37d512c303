package core

import (
	"bytes"
	"io"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/wire"
)

// This file is the server's part of a handshake until the version is known and the caller has looked at the server
// name. Then server_tls13.go or server_tls12.go goes on.

// serverHandshake is what the server's states share.
type serverHandshake struct {
	hello      *wire.ClientHello
	transcript *keys.Transcript
	random     [32]byte

	helloRaw    []byte           // the ClientHello in force, with its header
	beforeHello *keys.Transcript // what came before it, nil if nothing
}

// waitClientHello is START (RFC 9846 appendix A.2).
type waitClientHello struct{}

func (s waitClientHello) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeClientHello); err != nil {
		return nil, err
	}
	hello, err := wire.UnmarshalClientHello(m.body)
	if err != nil {
		return nil, err
	}
	version, err := c.chooseVersion(hello)
	if err != nil {
		return nil, err
	}
	if err := m.wantAligned(); err != nil { // the client waits for our answer
		return nil, err
	}
	hs := &serverHandshake{hello: hello, transcript: keys.NewTranscript(), helloRaw: m.raw}
	hs.transcript.Write(m.raw)
	if _, err := io.ReadFull(c.cfg.Rand, hs.random[:]); err != nil {
		return nil, err
	}
	c.markDowngrade(version, hs.random[:])
	c.version = version
	c.rd.SetVersion(version)
	c.wr.SetVersion(min(version, VersionTLS12))
	// Copies: the hello and hs end with the handshake.
	c.info.clientRandom, c.info.serverRandom = bytes.Clone(hello.Random[:]), bytes.Clone(hs.random[:])
	c.info.clientSuites, c.info.clientALPN = hello.CipherSuites, hello.ALPN
	c.info.peerSigalgs = hello.SignatureAlgorithms
	c.info.wantsOCSP, c.info.wantsSCT, c.info.compression = hello.StatusRequestOCSP, hello.SCT, hello.CertCompression
	c.info.serverName, c.info.hasSNI = hello.ServerName, hello.HasServerName
	if c.cfg.AskSNI {
		return afterSNI{hs}, WantSNI
	}
	return afterSNI{hs}.resume(c)
}

// afterSNI waits for the caller's answer to WantSNI.
type afterSNI struct{ hs *serverHandshake }

func (s afterSNI) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "before our ServerHello")
}

func (s afterSNI) resume(c *Conn) (state, error) {
	if err := c.chooseALPN(s.hs.hello.ALPN); err != nil {
		return nil, err
	}
	return c.askCertificate(afterCertificate(s))
}

// afterCertificate waits for the caller's answer to WantCertificate.
type afterCertificate struct{ hs *serverHandshake }

func (s afterCertificate) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "before our ServerHello")
}

func (s afterCertificate) resume(c *Conn) (state, error) {
	if c.version == VersionTLS13 {
		return c.clientHello13(s.hs)
	}
	c.early.end(EarlyDataOldVersion)
	return c.clientHello12(s.hs)
}

// SetConfig makes a server go on with another Config's certificates, suites, protocols and trust store. The versions,
// the verification mode and the ticket keys stay those that the connection was made with, as in OpenSSL.
func (c *Conn) SetConfig(cfg *Config) error {
	s := cfg.Copy()
	n := *c.cfg
	n.certificates, n.suites, n.suites13, n.alpn, n.store, n.dh = s.certificates, s.suites, s.suites13, s.alpn, s.store, s.dh
	c.cfg = &n
	return nil
}

// chooseVersion returns the highest version that both sides have (RFC 9846 section 4.2.1).
func (c *Conn) chooseVersion(h *wire.ClientHello) (uint16, error) {
	ours := c.cfg.versions()
	best := uint16(0)
	for _, v := range ours {
		if len(h.SupportedVersions) > 0 && contains(h.SupportedVersions, v) ||
			len(h.SupportedVersions) == 0 && v <= min(h.LegacyVersion, VersionTLS12) {
			best = v
			break
		}
	}
	if best == 0 {
		return 0, alert.New(alert.Peer, alert.ReasonUnsupportedProtocol, alert.ProtocolVersion,
			"client offers no protocol version that is enabled")
	}
	// RFC 7507 section 3: a client that fell back although we both can do better.
	if contains(h.CipherSuites, wire.FallbackSCSV) && best < ours[0] {
		return 0, alert.New(alert.Peer, alert.ReasonInappropriateFallback, alert.InappropriateFallback,
			"client fell back to a lower version than both sides have")
	}
	return best, nil
}

// markDowngrade tells a client that we could do better (RFC 9846 section 4.1.3).
func (c *Conn) markDowngrade(version uint16, random []byte) {
	highest := c.cfg.versions()[0]
	switch {
	case highest == VersionTLS13 && version == VersionTLS12:
		copy(random[24:], wire.DowngradeTLS12[:])
	case highest >= VersionTLS12 && version < VersionTLS12:
		copy(random[24:], wire.DowngradeTLS11[:])
	}
}

// chooseALPN picks the first protocol of ours that the client has too. Without one the handshake goes on without
// (CPython's behaviour), or ends if the config says so (RFC 7301 section 3.2).
func (c *Conn) chooseALPN(offered []string) error {
	c.info.alpn = ""
	for _, p := range c.cfg.alpn {
		if contains(offered, p) {
			c.info.alpn = p
			return nil
		}
	}
	if len(offered) > 0 && c.cfg.RequireALPN {
		return alert.New(alert.Peer, alert.ReasonNoApplicationProtocol, alert.NoApplicationProtocol,
			"client offers no application protocol that we have")
	}
	return nil
}

// acksName reports whether the server acknowledges the client's server name (RFC 6066 section 3): the caller has seen
// it and does not object.
func (c *Conn) acksName(h *wire.ClientHello) bool {
	return c.cfg.AskSNI && h.HasServerName && !c.info.sniNoAck
}
