package core

import (
	"bytes"
	"io"
	"net/netip"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// This file is the client's part of a handshake until the version is known: the offer, a HelloRetryRequest, and the
// choice in the ServerHello. Then client_tls13.go or client_tls12.go goes on.

// clientHandshake is what the client's states share.
type clientHandshake struct {
	hello      *wire.ClientHello
	transcript *keys.Transcript
	shares     []clientShare
	psks       []clientPSK
	retry      *wire.ServerHello // the HelloRetryRequest, if there was one
}

// clientShare is an ephemeral key whose public part was offered.
type clientShare struct {
	id  group.ID
	key *group.Key
}

// clientStart waits for the pre-shared key of the caller before the first ClientHello.
type clientStart struct{}

func (s clientStart) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "before the ClientHello")
}

func (s clientStart) resume(c *Conn) (state, error) { return c.sendFirstHello() }

func (c *Conn) startClient() (state, error) {
	if c.cfg.AskPSKClient && c.cfg.versions()[0] == VersionTLS13 {
		return clientStart{}, WantPSKClient
	}
	return c.sendFirstHello()
}

func (c *Conn) sendFirstHello() (state, error) {
	if !c.usable(c.session) {
		c.session = nil
	}
	hs := &clientHandshake{transcript: keys.NewTranscript()}
	if err := c.buildHello(hs); err != nil {
		return nil, err
	}
	if err := c.sendHello(hs); err != nil {
		return nil, err
	}
	if hs.hello.EarlyData {
		return waitServerHello{hs}, c.openEarlyData(hs)
	}
	c.early.end(EarlyDataOldVersion)
	return waitServerHello{hs}, nil
}

// buildHello makes the offer from the config. It sets hs.hello, hs.shares and hs.psks.
func (c *Conn) buildHello(hs *clientHandshake) error {
	versions := c.cfg.versions()
	h := &wire.ClientHello{
		LegacyVersion: min(versions[0], VersionTLS12), // RFC 9846 section 4.1.2
		CipherSuites:  c.offeredSuites(), CompressionMethods: []byte{0}, HasExtensions: true,
		ALPN: c.cfg.alpn, SupportedGroups: c.cfg.groups, ECPointFormats: []byte{0},
		ExtendedMasterSecret: c.cfg.Options&OpNoExtendedMasterSecret == 0,
		EncryptThenMAC:       c.cfg.Options&OpNoEncryptThenMAC == 0,
		HasRenegotiationInfo: true, // RFC 5746 section 3.4
		HasSessionTicket:     c.cfg.Options&OpNoTicket == 0,
		StatusRequestOCSP:    c.cfg.RequestOCSP, SCT: c.cfg.RequestSCT,
	}
	if len(h.CipherSuites) == 0 {
		return alert.New(alert.Caller, alert.ReasonNoCiphersAvailable, alert.InternalError,
			"no cipher suite is left for the enabled versions")
	}
	if _, err := io.ReadFull(c.cfg.Rand, h.Random[:]); err != nil {
		return err
	}
	c.info.clientRandom = bytes.Clone(h.Random[:])            // the hello ends with the handshake
	if name := c.info.serverName; name != "" && !isIP(name) { // RFC 6066 section 3: no addresses
		h.HasServerName, h.ServerName = true, name
	}
	if versions[0] >= VersionTLS12 {
		h.SignatureAlgorithms = c.cfg.offeredSigalgs(c.side)
	}
	if c.cfg.FallbackSCSV {
		h.CipherSuites = append(h.CipherSuites, wire.FallbackSCSV)
	}
	hs.hello = h
	if s := c.session; s != nil && s.version < VersionTLS13 {
		h.SessionID, h.SessionTicket = s.id, s.ticket
	}
	if versions[0] < VersionTLS13 {
		return nil
	}
	return c.offer13(hs, versions)
}

func isIP(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// offer13 adds what only TLS 1.3 has.
func (c *Conn) offer13(hs *clientHandshake, versions []uint16) error {
	h := hs.hello
	h.SupportedVersions = versions
	h.PSKModes = []byte{wire.PSKModeDHE}
	h.PostHandshakeAuth = c.cfg.PostHandshakeAuth
	h.CertCompression = c.cfg.compressionIDs()
	if h.SessionID == nil && c.cfg.Options&OpEnableMiddleboxCompat != 0 { // RFC 9846 appendix E.4
		h.SessionID = make([]byte, 32)
		if _, err := io.ReadFull(c.cfg.Rand, h.SessionID); err != nil {
			return err
		}
	}
	for _, id := range firstShares(c.cfg.groups) {
		if err := c.addShare(hs, id); err != nil {
			return err
		}
	}
	h.HasKeyShare = true
	hs.psks = c.offeredPSKs()
	h.EarlyData = c.offersEarlyData(hs.psks)
	return nil
}

// firstShares returns the groups to offer keys of at once: the best, and, if that is a hybrid that older servers do
// not know, the best that they may know.
func firstShares(groups []group.ID) []group.ID {
	l := groups[:min(1, len(groups))]
	if len(l) == 0 || !group.Lookup(l[0]).IsHybrid() {
		return l
	}
	for _, id := range groups[1:] {
		if !group.Lookup(id).IsHybrid() {
			return []group.ID{l[0], id}
		}
	}
	return l
}

func (c *Conn) addShare(hs *clientHandshake, id group.ID) error {
	key, err := group.Lookup(id).Generate(c.cfg.Rand)
	if err != nil {
		return err
	}
	hs.shares = append(hs.shares, clientShare{id, key})
	hs.hello.KeyShares = append(hs.hello.KeyShares, wire.KeyShareEntry{Group: id, Data: key.Share()})
	return nil
}

// offeredSuites returns what the config has for its versions, TLS 1.3's first.
func (c *Conn) offeredSuites() []uint16 {
	versions := c.cfg.versions()
	lowest, highest := versions[len(versions)-1], versions[0]
	var ids []uint16
	for _, l := range [][]*suite.Suite{c.cfg.suites13, c.cfg.suites} {
		for _, s := range l {
			if s.Implemented() && s.MinVersion <= highest && lowest <= s.MaxVersion &&
				(!s.UsesPSK() || c.cfg.AskPSKClient) && s.AllowedAtLevel(c.cfg.securityLevel) {
				ids = append(ids, s.ID)
			}
		}
	}
	return ids
}

// sendHello marshals hs.hello, fills in the PSK binders and sends it.
func (c *Conn) sendHello(hs *clientHandshake) error {
	hs.hello.PSKIdentities, hs.hello.PSKBinders = nil, nil
	for _, p := range hs.psks {
		hs.hello.PSKIdentities = append(hs.hello.PSKIdentities, p.identity)
		hs.hello.PSKBinders = append(hs.hello.PSKBinders, make([]byte, p.hash.Size()))
	}
	raw, err := hs.hello.Marshal()
	if err != nil {
		return err
	}
	if len(hs.psks) > 0 {
		hs.bind(raw)
	}
	return c.sendRaw(hs.transcript, raw)
}

// bind computes the binders over the hello without them (RFC 9846 section 4.2.11.2).
func (hs *clientHandshake) bind(raw []byte) {
	truncated := raw[:len(raw)-hs.hello.BindersLen()]
	binders := make([][]byte, len(hs.psks))
	for i, p := range hs.psks {
		binders[i] = p.binder(hs.transcript, truncated)
	}
	hs.hello.PatchBinders(raw, binders)
}

// waitServerHello is WAIT_SH (RFC 9846 appendix A.1).
type waitServerHello struct{ hs *clientHandshake }

func (s waitServerHello) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeServerHello); err != nil {
		return nil, err
	}
	sh, err := wire.UnmarshalServerHello(m.body)
	if err != nil {
		return nil, err
	}
	version, err := c.chosenVersion(sh)
	if s.hs.retry != nil && version != c.version {
		return nil, alert.Misbehaved(alert.ReasonWrongSSLVersion, alert.IllegalParameter,
			"server changed the version after its HelloRetryRequest")
	}
	if err != nil {
		return nil, err
	}
	c.version = version
	c.rd.SetVersion(version)
	c.wr.SetVersion(min(version, VersionTLS12))
	if id := wire.FirstUnsolicited(sh.ExtensionIDs, s.hs.solicited(sh, version)); id != nil {
		return nil, unsolicited()
	}
	if version == VersionTLS13 {
		if id := wire.FirstUnsolicited(sh.ExtensionIDs, sh.Permitted13()); id != nil {
			return nil, misplaced()
		}
	}
	if version < VersionTLS13 {
		if s.hs.hello.EarlyData { // RFC 9846 appendix D.3
			return nil, alert.Misbehaved(alert.ReasonWrongSSLVersion, alert.ProtocolVersion,
				"server chose an old version where early data was offered")
		}
		return c.serverHello12(s.hs, sh, m)
	}
	if err := m.wantAligned(); err != nil {
		return nil, err
	}
	if err := c.checkServerHello13(s.hs, sh); err != nil {
		return nil, err
	}
	if sh.IsHelloRetryRequest() {
		return c.helloRetryRequest(s.hs, sh, m)
	}
	return c.serverHello13(s.hs, sh, m)
}

func unsolicited() error {
	return alert.Misbehaved(alert.ReasonUnsolicitedExtension, alert.UnsupportedExtension,
		"server sent an extension that we did not offer")
}

// misplaced is RFC 9846 section 4.2: every extension has its messages.
func misplaced() error {
	return alert.Misbehaved(alert.ReasonBadExtension, alert.UnsupportedExtension,
		"server sent an extension in a message that it does not belong in")
}

// solicited returns the extensions that a ServerHello may answer.
func (hs *clientHandshake) solicited(sh *wire.ServerHello, version uint16) []wire.ExtensionType {
	offered := hs.hello.OfferedExtensions()
	if sh.IsHelloRetryRequest() && version == VersionTLS13 {
		offered = append(offered, wire.ExtCookie) // the one that needs no offer (RFC 9846 section 4.2)
	}
	return offered
}

// chosenVersion returns the version that the server chose (RFC 9846 sections 4.1.3 and 4.2.1), if it may choose that.
func (c *Conn) chosenVersion(sh *wire.ServerHello) (uint16, error) {
	versions := c.cfg.versions()
	v := sh.LegacyVersion
	if sh.SupportedVersion != 0 {
		if v = sh.SupportedVersion; v < VersionTLS13 || sh.LegacyVersion != VersionTLS12 {
			return 0, alert.Misbehaved(alert.ReasonBadProtocolVersionNumber, alert.IllegalParameter,
				"server chose an old version by supported_versions")
		}
	} else if v >= VersionTLS13 {
		v = 0
	}
	if !contains(versions, v) {
		return 0, alert.New(alert.Peer, alert.ReasonUnsupportedProtocol, alert.ProtocolVersion,
			"server chose a protocol version that is not enabled")
	}
	if c.downgraded(v, sh.Random[:]) {
		return 0, alert.Misbehaved(alert.ReasonInappropriateFallback, alert.IllegalParameter,
			"server says that it knows a higher version than it chose")
	}
	return v, nil
}

// downgraded looks for the sentinels of RFC 9846 section 4.1.3.
func (c *Conn) downgraded(v uint16, random []byte) bool {
	highest, tail := c.cfg.versions()[0], random[24:]
	switch {
	case highest == VersionTLS13 && v <= VersionTLS12:
		return bytes.Equal(tail, wire.DowngradeTLS12[:]) || bytes.Equal(tail, wire.DowngradeTLS11[:])
	case highest == VersionTLS12 && v < VersionTLS12:
		return bytes.Equal(tail, wire.DowngradeTLS11[:])
	}
	return false
}

// helloRetryRequest answers with a second hello that has what the server asks for (RFC 9846 section 4.1.4).
func (c *Conn) helloRetryRequest(hs *clientHandshake, sh *wire.ServerHello, m *message) (state, error) {
	if hs.retry != nil {
		return nil, unexpected(m, "a second time as HelloRetryRequest")
	}
	hs.retry, c.info.retried = sh, true
	st := suite.ByID(sh.CipherSuite)
	c.info.suite = st
	hs.transcript.SetHash(st.Hash)
	hs.transcript.ReplaceWithMessageHash()
	hs.transcript.Write(m.raw)
	if sh.SelectedGroup == 0 && len(sh.Cookie) == 0 {
		return nil, alert.Misbehaved(alert.ReasonNoChangeFollowingHrr, alert.IllegalParameter,
			"HelloRetryRequest asks for nothing")
	}
	if sh.SelectedGroup != 0 {
		if err := c.retryShare(hs, sh.SelectedGroup); err != nil {
			return nil, err
		}
	}
	hs.hello.Cookie = sh.Cookie
	hs.keepPSKsOf(st)
	c.retryWithoutEarlyData(hs.hello)
	if err := c.sendCompatCCS(); err != nil {
		return nil, err
	}
	return waitServerHello{hs}, c.sendHello(hs)
}

// retryShare replaces the key shares by one of the group that the server asks for, which must be one of ours that
// was not sent yet.
func (c *Conn) retryShare(hs *clientHandshake, id group.ID) error {
	if !contains(c.cfg.groups, id) {
		return alert.Misbehaved(alert.ReasonBadKeyShare, alert.IllegalParameter,
			"server asks for a key share of a group that we did not offer")
	}
	for _, s := range hs.shares {
		if s.id == id {
			return alert.Misbehaved(alert.ReasonBadKeyShare, alert.IllegalParameter,
				"server asks for a key share that it has")
		}
	}
	hs.shares, hs.hello.KeyShares = nil, nil
	return c.addShare(hs, id)
}

// sendCompatCCS sends the change_cipher_spec that keeps middleboxes quiet, once (RFC 9846 appendix E.4).
func (c *Conn) sendCompatCCS() error {
	if c.sentCCS || c.cfg.Options&OpEnableMiddleboxCompat == 0 {
		return nil
	}
	c.sentCCS = true
	return c.sendChangeCipherSpec()
}
