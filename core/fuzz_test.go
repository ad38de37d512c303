package core

import (
	"bytes"
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/wire"
	"github.com/stretchr/testify/require"
)

// feed gives a connection bytes and takes it as far as it gets. What matters is that it comes back.
func feed(c *Conn, data []byte) {
	_, _ = c.In().Write(data)
	c.InputEnded()
	if c.side == Server {
		for {
			if _, err := c.ReadEarlyData(make([]byte, 100)); err != nil {
				break
			}
		}
	}
	for range 50 {
		if err := c.Handshake(); err != nil {
			return
		}
		if _, err := c.Read(make([]byte, 100)); err != nil {
			return
		}
	}
}

// flights returns what each side sends in a good handshake, as seeds.
func flights(t testing.TB, client, server *Config) (fromClient, fromServer []byte) {
	c, s := newPair(t, client, server)
	_ = c.Handshake()
	fromClient = append(fromClient, c.Out().Bytes()...)
	move(c, s)
	_ = s.Handshake()
	return fromClient, append(fromServer, s.Out().Bytes()...)
}

func FuzzServer(f *testing.F) {
	client, server, _ := configs(f)
	hello, _ := flights(f, client, server)
	f.Add(hello)
	server.MaxEarlyData = 100
	session := sessionOf(f, client, server)
	early, _ := newPair(f, client, server)
	require.NoError(f, early.SetSession(session))
	_, err := early.WriteEarlyData([]byte("early"))
	require.NoError(f, err)
	f.Add(early.Out().Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		server.shared.tickets.add(ticketName(t, server, session))
		c, err := NewConn(server, Server, "")
		require.NoError(t, err)
		feed(c, data)
		require.False(t, c.HandshakeDone())
	})
}

func FuzzClient(f *testing.F) {
	client, server, _ := configs(f)
	_, answer := flights(f, client, server)
	f.Add(answer)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := NewConn(client, Client, "localhost")
		require.NoError(t, err)
		_ = c.Handshake()
		feed(c, data)
		require.False(t, c.HandshakeDone())
	})
}

// fuzzStages are all kinds of handshake, as the adversary plays them.
func fuzzStages(t testing.TB) []*stage {
	var l []*stage
	ec, rsa := ecKey(t), goldenRSA(t)
	for _, k := range kinds() {
		l = append(l, newStageAt(t, k, time.Now(), ec, rsa))
	}
	return l
}

// FuzzMessage puts other bytes in the place of one message of a handshake of any kind, under the keys in force. Neither
// side takes it for the handshake that the other has had.
func FuzzMessage(f *testing.F) {
	stages := fuzzStages(f)
	for i, s := range stages {
		for _, side := range []Side{Client, Server} {
			at := 0
			c, sv := s.pair(f)
			speaker := []*Conn{Client: c, Server: sv}[side]
			speaker.misspeak = func(raw []byte) error {
				f.Add(byte(i), side == Server, byte(at), raw[handshakeHeaderLen:])
				at++
				return send(speaker, raw)
			}
			s.play(f, c, sv)
		}
	}
	f.Fuzz(func(t *testing.T, i byte, fromServer bool, at byte, body []byte) {
		s := stages[int(i)%len(stages)]
		c, sv := s.pair(t)
		speaker, victim := c, sv
		if fromServer {
			speaker, victim = sv, c
		}
		spoiled, count := false, 0
		speaker.misspeak = func(raw []byte) error {
			if count++; count-1 != int(at) {
				return send(speaker, raw)
			}
			inTranscript := wire.HandshakeType(raw[0]) != wire.TypeNewSessionTicket && !s.late
			spoiled = inTranscript && !bytes.Equal(body, raw[handshakeHeaderLen:])
			return send(speaker, resized(raw, body))
		}
		s.play(t, c, sv)
		require.False(t, spoiled && c.HandshakeDone() && sv.HandshakeDone())
		if err := victim.Err(); err != nil {
			_, again := victim.Write([]byte("x"))
			require.Equal(t, err, again)
		}
	})
}

// FuzzPair changes one byte of what passes between a client and a server. Whatever it is, no other data comes out than
// went in.
func FuzzPair(f *testing.F) {
	stages := fuzzStages(f)
	for i := range stages {
		f.Add(uint16(50), byte(1), true, byte(i))
		f.Add(uint16(500), byte(1), false, byte(i))
	}
	f.Fuzz(func(t *testing.T, at uint16, change byte, fromClient bool, kind byte) {
		stage := stages[int(kind)%len(stages)]
		c, s := stage.pair(t)
		seen := 0
		flip := func(from, to *Conn, active bool) int {
			b := from.Out().Bytes()
			if i := int(at) - seen; active && i >= 0 && i < len(b) {
				b[i] ^= change
			}
			if active {
				seen += len(b)
			}
			return move(from, to)
		}
		for range 10 {
			_ = stage.answerPSK(t, c, c.Handshake())
			moved := flip(c, s, fromClient)
			_ = stage.answerPSK(t, s, s.Handshake())
			if moved += flip(s, c, !fromClient); moved == 0 {
				break
			}
		}
		if n, err := c.Write([]byte("secret")); err == nil && n > 0 {
			flip(c, s, fromClient)
			got := make([]byte, 100)
			if n, err := s.Read(got); err == nil {
				require.Equal(t, "secret", string(got[:n]))
			}
		}
	})
}

// FuzzTicket opens tickets and reads ticket keys of any form.
func FuzzTicket(f *testing.F) {
	client, server, _ := configs(f)
	f.Add(sessionOf(f, client, server).ticket)
	sealed, err := server.sealTicket([]byte("no session"))
	require.NoError(f, err)
	f.Add(sealed)
	keys, err := server.TicketKeys()
	require.NoError(f, err)
	f.Add(keys)
	f.Fuzz(func(t *testing.T, data []byte) {
		if state, _ := server.openTicket(data); state != nil {
			if s := parseSession(state); s != nil {
				require.Equal(t, state, s.Export())
			}
		}
		other := server.Copy()
		other.shared = newShared()
		if other.SetTicketKeys(data) == nil {
			require.Zero(t, len(data)%ticketKeyLen)
			_, _ = other.TicketKeys()
		}
	})
}

// FuzzLists gives every setting that is a list any text. What is taken makes a ClientHello, or an error.
func FuzzLists(f *testing.F) {
	for _, text := range []string{"X25519:?P-256", "rsa_pss_rsae_sha256:ECDSA+SHA256", "TLS_AES_128_GCM_SHA256", "\x02h2",
		"ALL:!aNULL:@SECLEVEL=1", "prime256v1", "1.2.840.113549.1.1.1"} {
		f.Add(text)
	}
	client, _, _ := configs(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, set := range []func(*Config) error{
			func(c *Config) error { return c.SetGroups(text) },
			func(c *Config) error { return c.SetECDHCurve(text) },
			func(c *Config) error { return c.SetSigalgs(text) },
			func(c *Config) error { return c.SetClientSigalgs(text) },
			func(c *Config) error { return c.SetCiphersuites(text) },
			func(c *Config) error { return c.SetCiphers(text) },
			func(c *Config) error { return c.SetALPN([]byte(text)) },
		} {
			cfg := client.Copy()
			if set(cfg) != nil {
				continue
			}
			c, err := NewConn(cfg, Client, "localhost")
			require.NoError(t, err)
			if err := c.Handshake(); err != ErrWantRead {
				require.Equal(t, alert.Caller, asError(err).Class, "%q: %v", text, err)
			}
		}
		_, _ = FindObject(text, true)
	})
}

// FuzzCompressedCertificate is RFC 8879 with an algorithm that changes nothing.
func FuzzCompressedCertificate(f *testing.F) {
	client, _, _ := configs(f)
	client.CertCompressors = []CertCompressor{{ID: 1, Decompress: func(b []byte, _ int) ([]byte, error) { return b, nil }}}
	good, err := (&wire.CompressedCertificate{Algorithm: 1, Length: 3, Compressed: []byte("abc")}).Marshal()
	require.NoError(f, err)
	f.Add(good[handshakeHeaderLen:])
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := NewConn(client, Client, "localhost")
		require.NoError(t, err)
		body, err := c.certificateBody(&message{typ: wire.TypeCompressedCertificate, body: data})
		if err == nil {
			require.LessOrEqual(t, len(body), client.MaxCertList)
			_, _ = c.peerCertificate13(&message{typ: wire.TypeCertificate, body: body}, nil, nil)
		}
	})
}

func FuzzImportSession(f *testing.F) {
	client, server, _ := configs(f)
	c, _ := connect(f, client, server)
	f.Add(c.Session().Export())
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ImportSession(client, data); err == nil {
			again, err := ImportSession(client, s.Export())
			require.NoError(t, err)
			require.Equal(t, s.Export(), again.Export())
		}
	})
}
