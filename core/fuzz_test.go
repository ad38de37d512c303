package core

import (
	"testing"

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

// FuzzPair changes one byte of what passes between a client and a server. Whatever it is, no other data comes out than
// went in.
func FuzzPair(f *testing.F) {
	client, server, _ := configs(f)
	f.Add(uint16(50), byte(1), true)
	f.Fuzz(func(t *testing.T, at uint16, change byte, fromClient bool) {
		c, s := newPair(t, client, server)
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
			_ = c.Handshake()
			moved := flip(c, s, fromClient)
			_ = s.Handshake()
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
