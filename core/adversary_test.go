package core

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/record"
	"github.com/gossl/gossl/core/internal/wire"
	"github.com/stretchr/testify/require"
)

// The adversary is a peer of our own that says one thing wrong: it is a Conn whose misspeak sends one of its handshake
// messages in another way. Every message of every kind of handshake is spoiled in every way below, from both sides, and
// what the victim answers, alert and reason, is compared with testdata/adversary.txt. GOSSL_UPDATE=1 rewrites the file,
// for review.

const adversaryFile = "../testdata/adversary.txt"

// kind is one kind of handshake.
type kind struct {
	name    string
	version uint16
	prepare func(t testing.TB, client, server *Config)
	resume  bool // the spoiled handshake resumes a session of a good one
	psk     bool // the sides answer WantPSK...
	late    bool // the spoiled messages are those of post-handshake authentication
	early   bool // the resumed session brings early data
}

func kinds() []kind {
	ciphers := func(rule string) func(testing.TB, *Config, *Config) {
		return func(t testing.TB, client, server *Config) {
			for _, c := range []*Config{client, server} {
				require.NoError(t, c.SetCiphers(rule+":@SECLEVEL=0"))
			}
			require.NoError(t, server.SetDHParams(ffdhePEM(t)))
		}
	}
	noTicket := func(t testing.TB, client, server *Config) {
		ciphers("ECDHE-ECDSA-AES128-SHA")(t, client, server)
		client.Options |= OpNoTicket
		server.Options |= OpNoTicket
	}
	auth := func(t testing.TB, client, server *Config) { clientCertificate(t, client, server) }
	late := func(t testing.TB, client, server *Config) {
		clientCertificate(t, client, server)
		client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
	}
	retry := func(t testing.TB, client, server *Config) {
		require.NoError(t, client.SetGroups("X25519:P-256"))
		require.NoError(t, server.SetGroups("P-256"))
	}
	external := func(_ testing.TB, client, server *Config) { client.AskPSKClient, server.AskPSKServer = true, true }
	ec, rsa, dhe := ciphers("ECDHE-ECDSA-AES128-SHA"), ciphers("AES128-SHA"), ciphers("DHE-RSA-AES128-SHA")
	plainPSK := func(t testing.TB, client, server *Config) {
		ciphers("PSK-AES128-CBC-SHA")(t, client, server)
		external(t, client, server)
	}
	oldAuth := func(t testing.TB, client, server *Config) {
		ec(t, client, server)
		auth(t, client, server)
	}
	retryPSK := func(t testing.TB, client, server *Config) {
		retry(t, client, server)
		external(t, client, server)
	}
	retryAuth := func(t testing.TB, client, server *Config) {
		retry(t, client, server)
		auth(t, client, server)
	}
	early := func(_ testing.TB, _, server *Config) { server.MaxEarlyData = 1000 }
	return []kind{
		{name: "1.0 full", version: VersionTLS10, prepare: ec},
		{name: "1.1 full", version: VersionTLS11, prepare: ec},
		{name: "1.2 full", version: VersionTLS12, prepare: ec},
		{name: "1.2 RSA key exchange", version: VersionTLS12, prepare: rsa},
		{name: "1.2 DHE", version: VersionTLS12, prepare: dhe},
		{name: "1.2 PSK", version: VersionTLS12, prepare: plainPSK, psk: true},
		{name: "1.2 client auth", version: VersionTLS12, prepare: auth},
		{name: "1.2 resumed by ticket", version: VersionTLS12, prepare: ec, resume: true},
		{name: "1.2 resumed by ID", version: VersionTLS12, prepare: noTicket, resume: true},
		{name: "1.3 full", version: VersionTLS13},
		{name: "1.3 HelloRetryRequest", version: VersionTLS13, prepare: retry},
		{name: "1.3 client auth", version: VersionTLS13, prepare: auth},
		{name: "1.3 resumed", version: VersionTLS13, resume: true},
		{name: "1.3 external PSK", version: VersionTLS13, prepare: external, psk: true},
		{name: "1.3 post-handshake auth", version: VersionTLS13, prepare: late, late: true},
		{name: "1.3 early data", version: VersionTLS13, prepare: early, resume: true, early: true},
		{name: "1.0 client auth", version: VersionTLS10, prepare: oldAuth},
		{name: "1.1 client auth", version: VersionTLS11, prepare: oldAuth},
		{name: "1.0 resumed by ID", version: VersionTLS10, prepare: noTicket, resume: true},
		{name: "1.1 resumed by ticket", version: VersionTLS11, prepare: ec, resume: true},
		{name: "1.2 AEAD", version: VersionTLS12, prepare: ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")},
		{name: "1.3 HelloRetryRequest with PSK", version: VersionTLS13, prepare: retryPSK, psk: true},
		{name: "1.3 HelloRetryRequest resumed with client auth", version: VersionTLS13, prepare: retryAuth, resume: true},
	}
}

// stage has the configs of a kind and the session to resume.
type stage struct {
	kind
	client, server *Config
	session        *Session
	tap            func(from *Conn) // if set, sees what is about to be sent
}

func newStage(t testing.TB, k kind) *stage { return newStageAt(t, k, time.Now(), ecKey(t), rsaKey(t)) }

func newStageAt(t testing.TB, k kind, now time.Time, keys ...crypto.Signer) *stage {
	s := &stage{kind: k}
	s.client, s.server, _ = configsAt(t, now, keys...)
	if k.version < VersionTLS12 {
		for _, c := range []*Config{s.client, s.server} {
			require.NoError(t, c.SetSecurityLevel(0))
		}
	}
	versionsOf(t, k.version, s.client, s.server)
	if k.prepare != nil {
		k.prepare(t, s.client, s.server)
	}
	if k.resume {
		c, _ := connect(t, s.client, s.server)
		s.session = c.Session()
		require.NotNil(t, s.session)
	}
	return s
}

// pair makes the two sides, with the good part of a late authentication done.
func (s *stage) pair(t testing.TB) (c, sv *Conn) {
	c, sv = newPair(t, s.client, s.server)
	if s.session != nil {
		require.NoError(t, c.SetSession(s.session))
	}
	if s.early { // the ticket has served in the pair before
		s.server.shared.tickets.add(ticketName(t, s.server, s.session))
	}
	if s.late {
		ce, se := shake(c, sv)
		require.NoError(t, errors.Join(ce, se))
		require.NoError(t, sv.VerifyPostHandshake())
	}
	return c, sv
}

// play runs the handshake, and what comes after it, to its end, good or bad.
func (s *stage) play(t testing.TB, c, sv *Conn) (clientErr, serverErr error) {
	step := func(x *Conn) error {
		if s.early && !x.HandshakeDone() {
			if err := earlyStep(x); err != nil {
				return err
			}
		}
		if !x.HandshakeDone() {
			return x.Handshake()
		}
		_, err := x.Write([]byte("data"))
		if err == nil {
			_, err = x.Read(make([]byte, 100))
		}
		return err
	}
	for range 12 {
		clientErr = s.answerPSK(t, c, step(c))
		moved := s.move(c, sv)
		serverErr = s.answerPSK(t, sv, step(sv))
		moved += s.move(sv, c)
		if moved == 0 && !errors.Is(clientErr, WantPSKClient) && !errors.Is(serverErr, WantPSKServer) {
			break
		}
	}
	return clientErr, serverErr
}

// earlyStep sends early data, once, or reads what there is of it.
func earlyStep(x *Conn) error {
	if x.side == Server {
		for {
			_, err := x.ReadEarlyData(make([]byte, 100))
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	if x.state != nil {
		return nil
	}
	_, err := x.WriteEarlyData([]byte("early data"))
	return err
}

// ticketName returns what the server knows a ticket for early data by.
func ticketName(t testing.TB, server *Config, s *Session) []byte {
	state, _ := server.openTicket(s.ticket)
	require.NotNil(t, state)
	return parseSession(state).id
}

func (s *stage) move(from, to *Conn) int {
	if s.tap != nil {
		s.tap(from)
	}
	return move(from, to)
}

func (s *stage) answerPSK(t testing.TB, x *Conn, err error) error {
	var w Want
	if errors.As(err, &w) {
		require.NoError(t, x.AnswerPSK([]byte("me"), []byte("a key of some length")))
	}
	return err
}

// spoil is a way to send a message wrongly, or rightly but oddly.
type spoil struct {
	name  string
	legal bool // the peer must take it
	each  bool // for every length of the message
	send  func(a *Conn, raw []byte, n int) error
	next  func(a *Conn, raw, next []byte) error // instead: with the message after it
}

func send(a *Conn, raw []byte) error { return a.writeFragments(record.Handshake, raw) }

// resized gives a message another body under a header that fits.
func resized(raw, body []byte) []byte {
	out := []byte{raw[0], byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}
	return append(out, body...)
}

func spoils() []spoil {
	return []spoil{
		{name: "missing", send: func(*Conn, []byte, int) error { return nil }},
		{name: "doubled", send: func(a *Conn, raw []byte, _ int) error { return send(a, append(slices.Clone(raw), raw...)) }},
		{name: "doubled in two records", send: func(a *Conn, raw []byte, _ int) error { return errors.Join(send(a, raw), send(a, raw)) }},
		{name: "truncated", each: true, send: func(a *Conn, raw []byte, n int) error {
			n = min(n, len(raw)-handshakeHeaderLen-1) // signatures differ in length
			return send(a, resized(raw, raw[handshakeHeaderLen:handshakeHeaderLen+n]))
		}},
		{name: "trailing byte", send: func(a *Conn, raw []byte, _ int) error {
			return send(a, resized(raw, append(slices.Clone(raw[handshakeHeaderLen:]), 0)))
		}},
		{name: "of type 99", send: func(a *Conn, raw []byte, _ int) error { return send(a, append([]byte{99}, raw[1:]...)) }},
		{name: "of another type", send: func(a *Conn, raw []byte, _ int) error {
			other := byte(wire.TypeFinished)
			if raw[0] == other {
				other = byte(wire.TypeServerHelloDone)
			}
			return send(a, append([]byte{other}, raw[1:]...))
		}},
		{name: "after application data", send: func(a *Conn, raw []byte, _ int) error {
			return errors.Join(a.writeRecord(record.ApplicationData, []byte("early")), send(a, raw))
		}},
		{name: "around application data", send: func(a *Conn, raw []byte, _ int) error {
			return errors.Join(send(a, raw[:3]), a.writeRecord(record.ApplicationData, []byte("between")), send(a, raw[3:]))
		}},
		{name: "around an alert", send: func(a *Conn, raw []byte, _ int) error {
			return errors.Join(send(a, raw[:3]), a.writeRecord(record.Alert, []byte{1, byte(alert.UserCanceled)}), send(a, raw[3:]))
		}},
		{name: "after an empty record", send: func(a *Conn, raw []byte, _ int) error {
			return errors.Join(a.writeRecord(record.Handshake, nil), send(a, raw))
		}},
		{name: "too long", send: func(a *Conn, raw []byte, _ int) error {
			return send(a, []byte{raw[0], 0xff, 0xff, 0xff})
		}},
		{name: "behind the next", next: func(a *Conn, raw, next []byte) error { return errors.Join(send(a, next), send(a, raw)) }},
		{name: "in one record with the next", next: func(a *Conn, raw, next []byte) error {
			return send(a, append(slices.Clone(raw), next...))
		}},
		{name: "in one record with a part of the next", next: func(a *Conn, raw, next []byte) error {
			return errors.Join(send(a, append(slices.Clone(raw), next[:2]...)), send(a, next[2:]))
		}},
		{name: "in records of one byte", legal: true, send: func(a *Conn, raw []byte, _ int) error {
			for i := range raw {
				if err := send(a, raw[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		}},
	}
}

// outcome is what the victim made of it: the alert that it sent and the reason that it gives its caller.
func outcome(t testing.TB, victim *Conn, err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	if e.Class == alert.Received {
		return "received " + e.Alert.String()
	}
	require.Equal(t, e, victim.Err(), "the error does not stay")
	sent := sentAlerts(victim)
	if e.Alert == alert.No {
		require.Empty(t, sent)
		return "no alert, " + e.Name()
	}
	require.Equal(t, []string{e.Alert.String()}, sent, "the alert on the wire is not the error's")
	return e.Alert.String() + ", " + e.Name()
}

// sentAlerts returns the fatal alerts that went out, from the trace.
func sentAlerts(c *Conn) []string {
	var l []string
	for _, ev := range c.TakeTrace() {
		if ev.Written && ev.ContentType == uint16(record.Alert) && ev.Data[0] == 2 {
			l = append(l, alert.Description(ev.Data[1]).String())
		}
	}
	return l
}

// spoilOne plays one handshake in which side's message number at is spoiled. It returns the message's type (0 if there
// is no such message) and length, and what the victim made of it, "" if it could not be spoiled in that way.
func (s *stage) spoilOne(t testing.TB, side Side, at int, sp spoil, n int) (typ wire.HandshakeType, length int, result string) {
	c, sv := s.pair(t)
	adversary, victim := c, sv
	if side == Server {
		adversary, victim = sv, c
	}
	cfg := *victim.cfg
	cfg.Trace = true
	victim.cfg = &cfg
	count := -1
	var held []byte // what waits for the message after it
	adversary.misspeak = func(raw []byte) error {
		count++
		if held != nil {
			before := held
			held = nil
			return sp.next(adversary, before, raw)
		}
		if count != at {
			return send(adversary, raw)
		}
		typ, length = wire.HandshakeType(raw[0]), len(raw)-handshakeHeaderLen
		if sp.next != nil {
			held = slices.Clone(raw)
			return nil
		}
		return sp.send(adversary, raw, n)
	}
	ce, se := s.play(t, c, sv)
	err := ce
	if victim == sv {
		err = se
	}
	if typ == 0 || held != nil { // nothing follows: it is missing, which is a line of its own
		return typ, length, ""
	}
	done := victim.HandshakeDone()
	if err == ErrWantRead { // it waits: end its input
		victim.InputEnded()
		if _, err = victim.Read(make([]byte, 10)); done && err != nil && asError(err).IsEOF() {
			return typ, length, "taken"
		}
	}
	if err == nil {
		return typ, length, "taken"
	}
	return typ, length, outcome(t, victim, err)
}

// lengths returns those at which a message is truncated: all of a short one's, some of a long one's.
func lengths(sp spoil, n int) []int {
	if !sp.each {
		return []int{0}
	}
	var l []int
	for i := range n {
		if n < 200 || i < 80 || i%17 == 0 || i > n-20 {
			l = append(l, i)
		}
	}
	return l
}

// table plays everything for one kind and returns a line for each message and way to spoil it.
func (s *stage) table(t testing.TB) []string {
	var lines []string
	for _, side := range []Side{Client, Server} {
		who := [...]string{Client: "client", Server: "server"}[side]
		for at := 0; ; at++ {
			typ, length, _ := s.spoilOne(t, side, at, spoil{send: func(a *Conn, raw []byte, _ int) error { return send(a, raw) }}, 0)
			if typ == 0 {
				break
			}
			for _, sp := range spoils() {
				if sp.each && length == 0 {
					continue
				}
				results := map[string]bool{}
				for _, n := range lengths(sp, length) {
					_, _, r := s.spoilOne(t, side, at, sp, n)
					if r != "" {
						results[r] = true
					}
				}
				if len(results) == 0 {
					continue
				}
				var all []string
				for r := range results {
					all = append(all, r)
				}
				sort.Strings(all)
				require.True(t, !sp.legal || slices.Equal(all, []string{"taken"}), "%s: %s's %v %s: %v", s.name, who, typ, sp.name, all)
				lines = append(lines, fmt.Sprintf("%s: %s %d %v %s: %s", s.name, who, at, typ, sp.name, strings.Join(all, "; ")))
			}
		}
	}
	return lines
}

func TestEveryMessageSpoiledInEveryWay(t *testing.T) {
	var lines []string
	for _, k := range kinds() {
		lines = append(lines, newStage(t, k).table(t)...)
	}
	got := strings.Join(lines, "\n") + "\n"
	if os.Getenv("GOSSL_UPDATE") != "" {
		require.NoError(t, os.WriteFile(adversaryFile, []byte(got), 0o644))
	}
	want, err := os.ReadFile(adversaryFile)
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(got, "\n"))
}
