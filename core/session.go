package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/sigalg"
	"golang.org/x/crypto/cryptobyte"
)

// Session is what two connections have in common: keys, the peer's certificates, and what was negotiated. It is
// immutable; a resumed connection makes a new one.
type Session struct {
	isClient bool
	version  uint16
	suite    uint16
	secret   []byte // the master secret, or in TLS 1.3 the resumption PSK
	id       []byte
	ticket   []byte
	created  int64 // seconds since 1970
	timeout  int64 // seconds
	hint     uint32
	ageAdd   uint32
	ems      bool
	verified bool // the peer's certificates were verified

	verifyResult alert.VerifyCode
	peerScheme   sigalg.Scheme // of the full handshake
	group        group.ID      // of the full handshake, for TLS 1.2 and below

	alpn       string
	serverName string
	peerChain  [][]byte
	chain      [][]byte // the verified one
	ocsp       []byte
	scts       [][]byte

	maxEarly uint32 // bytes of early data that may come with the ticket, 0: none
	issued   int64  // when a ticket for early data was made; the id is then its name

	shared *shared // of the config that it belongs to
}

// ID returns the session ID, which is made up for sessions with tickets (RFC 5077 section 3.4).
func (s *Session) ID() []byte { return s.id }

// Time returns when the session was made, in seconds since 1970.
func (s *Session) Time() int64 { return s.created }

// Timeout returns the lifetime in seconds.
func (s *Session) Timeout() int64 { return s.timeout }

// TicketLifetimeHint returns the lifetime in seconds that the server gave with its ticket, 0 without one.
func (s *Session) TicketLifetimeHint() uint32 { return s.hint }

// HasTicket reports whether the session is resumed by a ticket.
func (s *Session) HasTicket() bool { return len(s.ticket) > 0 }

// Version returns the protocol version.
func (s *Session) Version() uint16 { return s.version }

func (s *Session) expired(now int64) bool { return now < s.created || now >= s.created+s.timeout }

// BelongsTo reports whether the session was made by a connection of cfg or a clone of it.
func (s *Session) BelongsTo(cfg *Config) bool { return s.shared == cfg.shared }

// setTicket stores a ticket that came from the server, and the ID that stands for it.
func (s *Session) setTicket(ticket []byte, hint uint32) {
	id := sha256.Sum256(ticket)
	s.ticket, s.hint, s.id = ticket, hint, id[:]
}

// forTicket is what a server gives out of its hand: of the client's certificates the first alone, as in OpenSSL, whose
// chains a ticket would have to carry with each resumption.
func (s *Session) forTicket() *Session {
	t := *s
	t.peerChain, t.chain = s.peerChain[:min(len(s.peerChain), 1)], nil
	return &t
}

const sessionFormat = 2

// Export returns everything about the session, for ImportSession in another process. It holds secrets. Its first six
// bytes are a format number, flags, the protocol version and the number of the cipher suite. What early data needs is at
// its end, and only there if the session is one for early data.
func (s *Session) Export() []byte {
	name := s.serverName
	if len(name) > maxHostName { // no host's: without it, the session is for no name
		name = ""
	}
	b := make([]byte, 0, s.exportedLen())
	b = append(b, sessionFormat, flags(s.isClient, s.ems, s.verified, s.maxEarly != 0))
	b = binary.BigEndian.AppendUint16(b, s.version)
	b = binary.BigEndian.AppendUint16(b, s.suite)
	b = binary.BigEndian.AppendUint64(b, uint64(s.created))
	b = binary.BigEndian.AppendUint64(b, uint64(s.timeout))
	b = binary.BigEndian.AppendUint32(b, s.hint)
	b = binary.BigEndian.AppendUint32(b, s.ageAdd)
	b = binary.BigEndian.AppendUint32(b, uint32(s.verifyResult))
	b = binary.BigEndian.AppendUint16(b, uint16(s.peerScheme))
	b = binary.BigEndian.AppendUint16(b, uint16(s.group))
	b = append(append(b, byte(len(s.secret))), s.secret...)
	b = append(append(b, byte(len(s.id))), s.id...)
	b = append(append(b, byte(len(s.alpn))), s.alpn...)
	b = append(append(b, byte(len(name))), name...)
	b = append(appendUint24(b, len(s.ticket)), s.ticket...)
	b = append(appendUint24(b, len(s.ocsp)), s.ocsp...)
	for _, list := range [...][][]byte{s.peerChain, s.chain, s.scts} {
		b = appendUint24(b, listLen(list))
		for _, der := range list {
			b = append(appendUint24(b, len(der)), der...)
		}
	}
	if s.maxEarly != 0 {
		b = binary.BigEndian.AppendUint32(b, s.maxEarly)
		b = binary.BigEndian.AppendUint64(b, uint64(s.issued))
	}
	return b
}

// maxHostName is what the one-byte length of the exported form allows. What else has one is bounded by the protocol.
const maxHostName = 255

const sessionFixedLen = 72 // bytes of the exported form that do not vary, with some to spare

func (s *Session) exportedLen() int {
	return sessionFixedLen + len(s.secret) + len(s.id) + len(s.alpn) + len(s.serverName) + len(s.ticket) + len(s.ocsp) +
		listLen(s.peerChain) + listLen(s.chain) + listLen(s.scts)
}

// listLen is the length of a list whose items have lengths of 24 bits.
func listLen(list [][]byte) (n int) {
	for _, item := range list {
		n += 3 + len(item)
	}
	return n
}

func appendUint24(b []byte, n int) []byte { return append(b, byte(n>>16), byte(n>>8), byte(n)) }

// ImportSession reads what Export gave, as a session of cfg.
func ImportSession(cfg *Config, data []byte) (*Session, error) {
	s := parseSession(data)
	if s == nil {
		return nil, misuse(alert.ReasonLengthMismatch, "malformed session")
	}
	s.shared = cfg.shared
	return s, nil
}

func parseSession(data []byte) *Session {
	s, b := &Session{}, cryptobyte.String(data)
	var format, bits uint8
	var verifyResult uint32
	var created, timeout uint64
	if !b.ReadUint8(&format) || format != sessionFormat || !b.ReadUint8(&bits) || !b.ReadUint16(&s.version) ||
		!b.ReadUint16(&s.suite) || !b.ReadUint64(&created) || !b.ReadUint64(&timeout) || !b.ReadUint32(&s.hint) ||
		!b.ReadUint32(&s.ageAdd) || !b.ReadUint32(&verifyResult) ||
		!b.ReadUint16((*uint16)(&s.peerScheme)) || !b.ReadUint16((*uint16)(&s.group)) {
		return nil
	}
	s.created, s.timeout, s.verifyResult = int64(created), int64(timeout), alert.VerifyCode(verifyResult)
	s.isClient, s.ems, s.verified = bits&1 != 0, bits&2 != 0, bits&4 != 0
	var alpn, name []byte
	for _, v := range []*[]byte{&s.secret, &s.id, &alpn, &name} {
		if !b.ReadUint8LengthPrefixed((*cryptobyte.String)(v)) {
			return nil
		}
		*v = bytes.Clone(*v)
	}
	s.alpn, s.serverName = string(alpn), string(name)
	var ticket, ocsp cryptobyte.String
	if !b.ReadUint24LengthPrefixed(&ticket) || !b.ReadUint24LengthPrefixed(&ocsp) {
		return nil
	}
	s.ticket, s.ocsp = bytes.Clone(ticket), bytes.Clone(ocsp)
	for _, list := range []*[][]byte{&s.peerChain, &s.chain, &s.scts} {
		if !readList(&b, list) {
			return nil
		}
	}
	if bits&8 != 0 && !s.readEarly(&b) || !b.Empty() {
		return nil
	}
	return s
}

func (s *Session) readEarly(b *cryptobyte.String) bool {
	var issued uint64
	ok := b.ReadUint32(&s.maxEarly) && s.maxEarly != 0 && b.ReadUint64(&issued)
	s.issued = int64(issued)
	return ok
}

func readList(b *cryptobyte.String, list *[][]byte) bool {
	var all, der cryptobyte.String
	if !b.ReadUint24LengthPrefixed(&all) {
		return false
	}
	for !all.Empty() {
		if !all.ReadUint24LengthPrefixed(&der) {
			return false
		}
		*list = append(*list, bytes.Clone(der))
	}
	return true
}

func flags(bits ...bool) (b uint8) {
	for i, set := range bits {
		if set {
			b |= 1 << i
		}
	}
	return b
}

// SetSession makes a client offer to resume. It is refused after the handshake has begun, and for a session of
// another Config.
func (c *Conn) SetSession(s *Session) error {
	switch {
	case c.side == Server:
		return misuse(0, "Cannot set session for server-side SSLSocket.")
	case c.state != nil || c.done:
		return misuse(0, "Cannot set session after handshake.")
	case !s.BelongsTo(c.cfg):
		return misuse(alert.ReasonAttemptToReuseSessionInDifferentContext, "Session refers to a different SSLContext.")
	}
	c.session = s
	return nil
}

// Session returns the session in force, nil before the handshake is complete.
func (c *Conn) Session() *Session {
	if !c.done {
		return nil
	}
	return c.session
}

// usable reports whether the client may offer s: it is alive, its suite and version are still allowed, and it was
// verified as strictly as the connection demands.
func (c *Conn) usable(s *Session) bool {
	if s == nil || !s.isClient || s.expired(c.cfg.Now()) || !c.cfg.offersSuite(s.suite, s.version) {
		return false
	}
	if c.cfg.VerifyMode != VerifyNone && !s.verified ||
		c.cfg.Options&OpNoTicket != 0 && s.HasTicket() && s.version < VersionTLS13 {
		return false
	}
	return s.serverName == c.info.serverName || !c.cfg.CheckHostname
}
