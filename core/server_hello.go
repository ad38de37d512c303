package core

import (
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
	if version == VersionTLS13 {
		if err := m.wantAligned(); err != nil {
			return nil, err
		}
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
	c.info.clientRandom, c.info.serverRandom = hello.Random[:], hs.random[:]
	c.info.clientSuites = hello.CipherSuites
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
	c.chooseALPN(s.hs.hello.ALPN)
	if c.version == VersionTLS13 {
		return c.clientHello13(s.hs)
	}
	return c.clientHello12(s.hs)
}

// AnswerSNI answers WantSNI: a negative alert goes on, any other refuses the client with that alert.
func (c *Conn) AnswerSNI(description int) error {
	if c.want != WantSNI {
		return misuse(0, "no decision about the server name is open")
	}
	c.want = 0
	if description < 0 {
		return nil
	}
	_ = c.fail(alert.New(alert.Caller, alert.ReasonCallbackFailed, alert.Description(description),
		"the caller refused the server name"))
	return nil
}

// SetConfig makes a server go on with another Config's certificates, suites, protocols and trust store. The versions,
// the verification mode and the ticket keys stay those that the connection was made with, as in OpenSSL.
func (c *Conn) SetConfig(cfg *Config) error {
	s := cfg.snapshot()
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
// (CPython's behaviour; RFC 7301 would end it).
func (c *Conn) chooseALPN(offered []string) {
	c.info.alpn = ""
	for _, p := range c.cfg.alpn {
		if contains(offered, p) {
			c.info.alpn = p
			return
		}
	}
}
