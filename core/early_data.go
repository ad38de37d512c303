package core

import (
	"io"
	"sync"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/record"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// Early data, 0-RTT, of RFC 9846 sections 2.3 and 4.2.10: what a client that resumes sends behind its first hello. It has
// no forward secrecy, and whoever records it can send it again. So it goes through calls of its own, on both sides, and
// never comes out of Read.
//
//	client  WriteEarlyData*  Handshake                                    Read, Write
//	        ClientHello, 0-RTT ... ►                                      ◄ ... ►
//	                     ◄ ServerHello ... Finished   EndOfEarlyData, Finished ►
//	server  ReadEarlyData*, WriteEarlyData*           Handshake           Read, Write
//
// What a server does against replays, RFC 9846 section 8, and what is left to its caller:
//
//   - Off by default: a server gives out tickets for early data only with Config.MaxEarlyData, and takes such data only on a
//     connection whose first call is ReadEarlyData.
//   - Section 8.1: each ticket serves for early data once. Its random name is kept in the memory of the Config, and of its
//     clones, until early data has come with it. Whoever has no such name (another process with the same ticket keys, one
//     that was started anew, one whose memory of names was full) resumes the session and refuses the data.
//   - Section 8.3: the client's clock and ours agree on the age of the ticket, within maxTicketSkew.
//   - Section 4.2.10: protocol version, cipher suite, server name and application protocol are those of the ticket, whose
//     key is the client's first, and there was no HelloRetryRequest.
//   - External pre-shared keys never carry early data.
//   - A network attacker can still delay early data, or make the client send the same again after the handshake. Take
//     by it only what may happen twice, and heed that the client has not proven itself until the handshake is done.

// EarlyDataStatus says what became of early data, and why.
type EarlyDataStatus uint8

// The statuses. All but EarlyDataAccepted mean that there is none, or that it was in vain.
const (
	EarlyDataUndecided      EarlyDataStatus = iota // the handshake has not got there
	EarlyDataAccepted                              // the server took it
	EarlyDataDisabled                              // by the Config, or nobody asked for it
	EarlyDataNoSession                             // the client offered no session
	EarlyDataOldVersion                            // TLS 1.3 is not spoken
	EarlyDataNotResumed                            // the session, or the first one that was offered, was not resumed
	EarlyDataSessionWithout                        // the session was not made for it, or for more than is enabled
	EarlyDataRetried                               // there was a HelloRetryRequest
	EarlyDataOtherCipher                           // another cipher suite than the session's
	EarlyDataOtherALPN                             // another application protocol than the session's
	EarlyDataOtherName                             // another server name than the session's
	EarlyDataTicketAge                             // the client's clock and ours disagree about the ticket's age
	EarlyDataTicketUsed                            // the ticket has served once, or we do not remember it
	EarlyDataDeclined                              // the peer did not want it: the client sent none, the server refused
)

const (
	maxTicketSkew = 60      // seconds
	maxEarlyLimit = 1 << 24 // bytes, of Config.MaxEarlyData
	ticketIDLen   = 16
)

type earlyPhase uint8

const (
	earlyUndecided earlyPhase = iota
	earlyOpen                 // from the client's hello, or the server's answer, to EndOfEarlyData
	earlyOver
)

// earlyData is a connection's.
type earlyData struct {
	phase    earlyPhase
	status   EarlyDataStatus
	wanted   bool   // the caller's first call was one for early data
	left     int    // bytes that may still come (server) or be sent (client)
	received []byte // not read yet
	skew     int64  // seconds by which the client thinks a ticket older than we do
}

// EarlyDataStatus says what became of early data on this connection, as far as is known.
func (c *Conn) EarlyDataStatus() EarlyDataStatus { return c.early.status }

// TicketAgeSkew returns by how many seconds the client thinks the ticket of a resumed session older than the server
// does, where the ticket is one for early data.
func (c *Conn) TicketAgeSkew() int64 { return c.early.skew }

// MaxEarlyData returns how many bytes of early data the session's server takes, 0 for none.
func (s *Session) MaxEarlyData() uint32 { return s.maxEarly }

// ReadEarlyData returns early data that the client sent: it may be a replay. It must be the first call on a server's
// connection for early data to be taken at all, and is repeated until it returns io.EOF: there is none, or no more. Then
// go on with Handshake. Like Handshake it returns ErrWantRead or a Want where it has to wait.
func (c *Conn) ReadEarlyData(p []byte) (int, error) {
	if c.side != Server {
		return 0, misuse(alert.ReasonNotServer, "only a server receives early data")
	}
	c.early.wanted = c.early.wanted || c.state == nil && c.early.phase == earlyUndecided
	for len(c.early.received) == 0 {
		switch {
		case c.err != nil:
			return 0, c.err
		case c.done || c.early.phase == earlyOver || !c.early.wanted:
			return 0, io.EOF
		}
		if err := c.advance(); err != nil {
			return 0, c.settle(err)
		}
	}
	n := copy(p, c.early.received)
	if c.early.received = c.early.received[n:]; len(c.early.received) == 0 {
		c.early.received = nil
	}
	return n, nil
}

// WriteEarlyData seals early data into Out and returns how much of p it took.
//
// On a client it must be the first call, with a session that is good for early data (SetSession, Session.MaxEarlyData);
// it goes on until Handshake. When the handshake is done, EarlyDataStatus says whether the server took the data; if not,
// none of it has arrived, and it is for the caller to decide whether to send it by Write. On a server it sends data to a
// client whose early data was accepted and who has not proven itself yet (RFC 9846 section 2.3), until Handshake.
//
// Where no early data may be sent, or no more, the error is one of use, after which the connection goes on.
func (c *Conn) WriteEarlyData(p []byte) (int, error) {
	if c.side == Client {
		c.early.wanted = c.early.wanted || c.state == nil && !c.done
		for c.early.wanted && c.early.phase == earlyUndecided && c.err == nil {
			if err := c.advance(); err != nil {
				return 0, c.settle(err)
			}
		}
	}
	switch {
	case c.err != nil:
		return 0, c.err
	case c.done || c.early.status != EarlyDataAccepted && c.early.phase != earlyOpen:
		return 0, misuse(alert.ReasonBadEarlyData, "no early data can be sent on this connection")
	}
	if len(p) == 0 {
		return 0, nil
	}
	p = p[:min(len(p), maxBurst)]
	if c.side == Client {
		if c.early.left == 0 {
			return 0, misuse(alert.ReasonTooMuchEarlyData, "the server takes no more early data")
		}
		p = p[:min(len(p), c.early.left)]
		c.early.left -= len(p)
	}
	if err := c.writeFragments(record.ApplicationData, p); err != nil {
		return 0, c.settle(err)
	}
	return len(p), nil
}

// end closes the phase, for the reason that it gives unless there was one.
func (e *earlyData) end(status EarlyDataStatus) {
	e.phase = earlyOver
	if e.status == EarlyDataUndecided {
		e.status = status
	}
}

// offersEarlyData decides whether the client's hello offers early data with its first pre-shared key.
func (c *Conn) offersEarlyData(psks []clientPSK) bool {
	status := EarlyDataUndecided
	switch {
	case !c.early.wanted:
		status = EarlyDataDisabled
	case len(psks) == 0 || psks[0].session == nil:
		status = EarlyDataNoSession
	case psks[0].session.maxEarly == 0:
		status = EarlyDataSessionWithout
	case psks[0].session.serverName != c.info.serverName:
		status = EarlyDataOtherName
	case psks[0].session.alpn != "" && !contains(c.cfg.alpn, psks[0].session.alpn):
		status = EarlyDataOtherALPN
	}
	if status != EarlyDataUndecided {
		c.early.end(status)
	}
	return status == EarlyDataUndecided
}

// openEarlyData installs the key of early data behind the client's hello.
func (c *Conn) openEarlyData(hs *clientHandshake) error {
	c.wr.SetVersion(VersionTLS12)             // RFC 9846 section 5.1: of all records but the first ClientHello's
	if err := c.sendCompatCCS(); err != nil { // RFC 9846 appendix E.4
		return err
	}
	s := hs.psks[0].session
	c.early.phase, c.early.left = earlyOpen, int(min(s.maxEarly, maxEarlyLimit))
	st := suite.ByID(s.suite)
	return c.setWriteKey(st, c.earlyTraffic(st, hs.psks[0].early(), hs.transcript))
}

// earlyTraffic derives the key of early data from the transcript, which is the first ClientHello (RFC 9846 section 7.1).
func (c *Conn) earlyTraffic(st *suite.Suite, early *keys.EarlySecret, hello *keys.Transcript) keyOf {
	t := hello.Clone()
	t.SetHash(st.Hash)
	traffic := early.ClientEarlyTraffic(t.Sum())
	c.logKey(keyLogClientEarly, c.info.clientRandom, traffic.Secret())
	return traffic.Key
}

// retryWithoutEarlyData goes back to plaintext for the second hello (RFC 9846 section 4.1.2).
func (c *Conn) retryWithoutEarlyData(h *wire.ClientHello) {
	if h.EarlyData {
		h.EarlyData = false
		c.early.end(EarlyDataRetried)
		c.wr = record.Half{}
		c.wr.SetVersion(VersionTLS12)
	}
}

// earlyDataAnswer checks that a server which accepts early data may (RFC 9846 sections 4.2.10 and 4.2.11), and changes to
// the handshake keys if it refuses.
func (hs *client13) earlyDataAnswer(c *Conn, ee *wire.EncryptedExtensions) error {
	if !hs.hello.EarlyData {
		return nil
	}
	if !ee.EarlyData {
		if c.early.phase != earlyOpen {
			return nil
		}
		c.early.end(EarlyDataDeclined)
		return c.setWriteKey(hs.suite, hs.clientHS.Key)
	}
	switch {
	case hs.psk == nil:
		return unsolicited()
	case c.early.phase != earlyOpen || hs.psk != &hs.psks[0]:
		return alert.Misbehaved(alert.ReasonBadEarlyData, alert.IllegalParameter,
			"server accepted early data without its session")
	case hs.suite.ID != hs.psk.session.suite:
		return alert.Misbehaved(alert.ReasonOldSessionCipherNotReturned, alert.IllegalParameter,
			"server accepted early data with another cipher suite")
	case ee.ALPN != hs.psk.session.alpn:
		return alert.Misbehaved(alert.ReasonInconsistentEarlyDataAlpn, alert.IllegalParameter,
			"server accepted early data with another application protocol")
	}
	c.early.status = EarlyDataAccepted
	return nil
}

// endEarlyData says that there is no more (RFC 9846 section 4.5) and changes to the handshake keys.
func (hs *client13) endEarlyData(c *Conn) error {
	if c.early.phase != earlyOpen {
		return nil
	}
	c.early.end(EarlyDataAccepted)
	if err := c.sendMessage(hs.transcript, &wire.EndOfEarlyData{}); err != nil {
		return err
	}
	return c.setWriteKey(hs.suite, hs.clientHS.Key)
}

// skippable returns how many bytes of refused early data a server passes over: what others may have allowed, and twice as
// much as it allows itself, because the records are longer than the data in them.
func (c *Config) skippable() int { return maxEarlyDataSkip + 2*c.MaxEarlyData }

// acceptEarlyData decides about the client's early data. hs.psk is decided.
func (c *Conn) acceptEarlyData(hs *server13) bool {
	status := c.judgeEarlyData(hs)
	if status != EarlyDataAccepted {
		c.early.end(status)
		return false
	}
	c.limits.skipEarlyData = 0
	c.early.phase, c.early.status, c.early.left = earlyOpen, status, int(hs.psk.session.maxEarly)
	return true
}

// judgeEarlyData applies the rules at the top of this file. The last one uses the ticket up.
func (c *Conn) judgeEarlyData(hs *server13) EarlyDataStatus {
	switch {
	case c.cfg.MaxEarlyData == 0 || !c.early.wanted:
		return EarlyDataDisabled
	case len(hs.hello.PSKIdentities) == 0:
		return EarlyDataNoSession
	case hs.psk == nil || hs.psk.session == nil || hs.psk.index != 0:
		return EarlyDataNotResumed
	case hs.psk.session.maxEarly == 0 || int(hs.psk.session.maxEarly) > c.cfg.MaxEarlyData:
		return EarlyDataSessionWithout
	}
	s := hs.psk.session
	// RFC 9846 section 4.2.11.1: the age is obfuscated by addition modulo 2^32.
	age := int64((hs.hello.PSKIdentities[0].ObfuscatedAge - s.ageAdd) / 1000)
	c.early.skew = age - (c.cfg.Now() - s.issued)
	switch {
	case hs.retried:
		return EarlyDataRetried
	case !hs.hello.EarlyData:
		return EarlyDataDeclined
	case s.suite != hs.suite.ID:
		return EarlyDataOtherCipher
	case s.alpn != c.info.alpn:
		return EarlyDataOtherALPN
	case s.serverName != c.info.serverName:
		return EarlyDataOtherName
	case c.early.skew > maxTicketSkew || c.early.skew < -maxTicketSkew:
		return EarlyDataTicketAge
	case !c.cfg.shared.tickets.use(s.id):
		return EarlyDataTicketUsed
	}
	return EarlyDataAccepted
}

// takeEarlyData keeps what one record brought for ReadEarlyData.
func (c *Conn) takeEarlyData(plain []byte) error {
	if c.early.left -= len(plain); c.early.left < 0 {
		return alert.Misbehaved(alert.ReasonTooMuchEarlyData, alert.UnexpectedMessage, "too much early data")
	}
	if len(plain) == 0 {
		return c.countEmpty()
	}
	c.limits.emptyRecords = 0
	c.early.received = append(c.early.received, plain...)
	return nil
}

// waitEndOfEarlyData is WAIT_EOED (RFC 9846 appendix A.2).
type waitEndOfEarlyData struct{ *server13 }

func (hs waitEndOfEarlyData) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeEndOfEarlyData); err != nil {
		return nil, err
	}
	if err := m.wantAligned(); err != nil {
		return nil, err
	}
	if _, err := wire.UnmarshalEndOfEarlyData(m.body); err != nil {
		return nil, err
	}
	hs.transcript.Write(m.raw)
	c.early.end(EarlyDataAccepted)
	return waitClientFinished{hs.server13}, c.setReadKey(hs.suite, hs.clientHS.Key)
}

// forEarlyData makes the session of a ticket one that early data may come with, and names it.
func (s *Session) forEarlyData(c *Config) error {
	if c.MaxEarlyData == 0 {
		return nil
	}
	s.maxEarly, s.issued, s.id = uint32(c.MaxEarlyData), c.Now(), make([]byte, ticketIDLen)
	_, err := io.ReadFull(c.Rand, s.id)
	return err
}

// ticketNames remembers the names of tickets that have not brought early data yet. It has a lock of its own and may be
// lost, like the cache of sessions: what it has forgotten is refused.
type ticketNames struct {
	mu    sync.Mutex
	names map[string]bool
	order []string // oldest first; a used name stays until it is its turn
}

// Interrupted empties a set that was being changed.
func (n *ticketNames) Interrupted() { n.names, n.order = nil, nil }

// add remembers a name. The oldest make room.
func (n *ticketNames) add(name []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.names == nil {
		n.names = make(map[string]bool)
	}
	if len(n.order) >= maxCachedSessions {
		delete(n.names, n.order[0])
		n.order = n.order[1:]
	}
	n.names[string(name)] = true
	n.order = append(n.order, string(name))
}

// use reports whether the name is remembered, and forgets it.
func (n *ticketNames) use(name []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.names[string(name)]
	delete(n.names, string(name))
	return known
}
