package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// counter counts how often it was asked for the other half.
type counter int

func (n *counter) Exclude() { *n++ }

func TestReadAsksForTheOtherHalfForAllButData(t *testing.T) {
	into := make([]byte, 100)
	for name, prepare := range map[string]func(c, s *Conn){
		"data":        func(_, s *Conn) { _, _ = s.Write(into) },
		"key update":  func(_, s *Conn) { _ = s.KeyUpdate(true) },
		"close":       func(_, s *Conn) { _ = s.CloseWrite() },
		"fatal alert": func(_, s *Conn) { _ = s.Abort(80) },
		"a bad record": func(c, s *Conn) {
			_, _ = s.Write(into)
			s.Out().Bytes()[20] ^= 1
		},
		"no end": func(c, _ *Conn) { c.InputEnded() },
	} {
		t.Run(name, func(t *testing.T) {
			c, s := connectDefault(t)
			var asked counter
			c.SetExclusive(&asked)
			prepare(c, s)
			move(s, c)
			_, err := c.Read(into)
			if name == "data" {
				require.NoError(t, err)
				require.Zero(t, asked)
				return
			}
			require.Error(t, err)
			require.NotZero(t, asked)
		})
	}
}

func TestATicketIsNotTakenByHalfAConnection(t *testing.T) {
	client, server, _ := configs(t)
	c, _ := shaken(t, client, server)
	var asked counter
	c.SetExclusive(&asked)
	_, err := c.Read(make([]byte, 10))
	require.Equal(t, ErrWantRead, err)
	require.NotZero(t, asked)
}

func TestWritesAloneIsFalseForAllButData(t *testing.T) {
	for name, prepare := range map[string]func(c, s *Conn){
		"a key update that the peer asks for": func(c, s *Conn) {
			require.NoError(t, s.KeyUpdate(true))
			move(s, c)
			_, err := c.Read(make([]byte, 1))
			require.Equal(t, ErrWantRead, err)
		},
		"a request for a certificate": func(c, _ *Conn) { c.post.requested = true },
		"after the farewell":          func(c, _ *Conn) { require.NoError(t, c.CloseWrite()) },
		"after a failure":             func(c, _ *Conn) { require.NoError(t, c.Abort(80)) },
		"a trace":                     func(c, _ *Conn) { c.cfg.Trace = true },
		"messages not sealed yet":     func(c, _ *Conn) { c.flight = []byte{1} },
	} {
		t.Run(name, func(t *testing.T) {
			c, s := connectDefault(t)
			require.True(t, c.WritesAlone())
			prepare(c, s)
			require.False(t, c.WritesAlone())
		})
	}
	client, server, _ := configs(t)
	c, _ := newPair(t, client, server)
	require.False(t, c.WritesAlone(), "before the handshake")
	require.NoError(t, client.SetMaxVersion(int(VersionTLS12)))
	for _, cfg := range []*Config{client, server} {
		require.NoError(t, cfg.SetCiphers("ECDHE-ECDSA-AES128-SHA"))
	}
	c, _ = connect(t, client, server)
	require.False(t, c.WritesAlone(), "a suite whose sealing can fail")
}
