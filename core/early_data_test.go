package core

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
)

// earlyConfigs returns a client and a server that allow early data, and a session of theirs. Clocks stand still.
func earlyConfigs(t testing.TB) (client, server *Config, s *Session) {
	client, server, _ = configs(t)
	server.MaxEarlyData = 1000
	return client, server, sessionOf(t, client, server)
}

func sessionOf(t testing.TB, client, server *Config) *Session {
	c, _ := connect(t, client, server)
	require.NotNil(t, c.Session())
	return c.Session()
}

// sendEarly begins a connection with early data, as much as the client may send.
func sendEarly(t testing.TB, client, server *Config, s *Session, data string) (c, sv *Conn) {
	c, sv = newPair(t, client, server)
	require.NoError(t, c.SetSession(s))
	n, err := c.WriteEarlyData([]byte(data))
	require.NoError(t, err)
	require.Equal(t, len(data), n)
	move(c, sv)
	return c, sv
}

// readEarly reads early data until there is none or no more has come.
func readEarly(sv *Conn) (string, error) {
	var got []byte
	buf := make([]byte, 7)
	for {
		n, err := sv.ReadEarlyData(buf)
		if err != nil {
			return string(got), err
		}
		got = append(got, buf[:n]...)
	}
}

// requireRefused goes on with a connection whose early data the server must refuse: it resumes, or not, without it.
func requireRefused(t testing.TB, c, sv *Conn, status EarlyDataStatus) {
	got, err := readEarly(sv)
	require.Equal(t, io.EOF, err)
	require.Empty(t, got)
	ce, se := shake(c, sv)
	require.NoError(t, errors.Join(ce, se))
	require.Equal(t, status, sv.EarlyDataStatus())
	require.NotEqual(t, EarlyDataAccepted, c.EarlyDataStatus())
	require.NotEqual(t, EarlyDataUndecided, c.EarlyDataStatus())
	talk(t, c, sv)
}

func TestEarlyDataIsAccepted(t *testing.T) {
	client, server, s := earlyConfigs(t)
	require.EqualValues(t, 1000, s.MaxEarlyData())
	client.KeyLog, server.KeyLog = true, true
	c, sv := sendEarly(t, client, server, s, "first ")
	got, err := readEarly(sv)
	require.Equal(t, ErrWantRead, err)
	require.Equal(t, "first ", got)
	require.Equal(t, EarlyDataAccepted, sv.EarlyDataStatus())

	_, err = sv.WriteEarlyData([]byte("half"))
	require.NoError(t, err)
	_, err = c.WriteEarlyData([]byte("second"))
	require.NoError(t, err)
	move(c, sv)
	got, err = readEarly(sv)
	require.Equal(t, ErrWantRead, err)
	require.Equal(t, "second", got)
	require.False(t, sv.HandshakeDone())

	ce, se := shake(c, sv)
	require.NoError(t, errors.Join(ce, se))
	require.True(t, c.Resumed() && sv.Resumed())
	require.Equal(t, EarlyDataAccepted, c.EarlyDataStatus())
	half := make([]byte, 10)
	n, err := c.Read(half)
	require.NoError(t, err)
	require.Equal(t, "half", string(half[:n]))
	talk(t, c, sv)
	_, err = readEarly(sv)
	require.Equal(t, io.EOF, err)

	log := string(c.TakeKeyLog())
	require.Equal(t, 1, strings.Count(log, keyLogClientEarly))
	for line := range strings.SplitSeq(strings.TrimSpace(string(sv.TakeKeyLog())), "\n") {
		require.Contains(t, log, line)
	}
}

// What was not read before the handshake stays for ReadEarlyData: Read never returns it.
func TestEarlyDataStaysApart(t *testing.T) {
	client, server, s := earlyConfigs(t)
	c, sv := sendEarly(t, client, server, s, "early data")
	n, err := sv.ReadEarlyData(make([]byte, 6))
	require.NoError(t, err)
	require.Equal(t, 6, n)
	ce, se := shake(c, sv)
	require.NoError(t, errors.Join(ce, se))
	_, err = sv.Read(make([]byte, 10))
	require.Equal(t, ErrWantRead, err)
	got, err := readEarly(sv)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "data", got)
}

// RFC 9846 section 8.1: the same flight again, and the same ticket again, are refused.
func TestReplayedEarlyDataIsRefused(t *testing.T) {
	for _, cached := range []bool{false, true} {
		client, server, _ := configs(t)
		server.MaxEarlyData = 1000
		if cached {
			server.Options |= OpNoTicket
		}
		s := sessionOf(t, client, server)
		c, first := newPair(t, client, server)
		require.NoError(t, c.SetSession(s))
		_, err := c.WriteEarlyData([]byte("pay"))
		require.NoError(t, err)
		flight := bytes.Clone(c.Out().Bytes())
		for i := range 3 {
			sv := first
			if i > 0 {
				sv, err = NewConn(server.Copy(), Server, "")
				require.NoError(t, err)
			}
			_, _ = sv.In().Write(flight)
			got, err := readEarly(sv)
			if i == 0 {
				require.Equal(t, "pay", got)
				continue
			}
			require.Equal(t, io.EOF, err)
			require.Empty(t, got)
			require.Equal(t, EarlyDataTicketUsed, sv.EarlyDataStatus())
		}
		c, sv := sendEarly(t, client, server, s, "pay again")
		requireRefused(t, c, sv, EarlyDataTicketUsed)
		require.True(t, sv.Resumed())
		require.Equal(t, EarlyDataDeclined, c.EarlyDataStatus())
	}
}

// Another process has the ticket keys but does not know which tickets have served.
func TestEarlyDataIsNotTakenWithTheTicketsOfOthers(t *testing.T) {
	client, server, s := earlyConfigs(t)
	keys, err := server.TicketKeys()
	require.NoError(t, err)
	other := server.Copy()
	other.shared = newShared()
	require.NoError(t, other.SetTicketKeys(keys))
	c, sv := sendEarly(t, client, other, s, "pay")
	requireRefused(t, c, sv, EarlyDataTicketUsed)
	require.True(t, sv.Resumed())
}

func TestEarlyDataIsOffByDefault(t *testing.T) {
	client, server, _ := configs(t)
	s := sessionOf(t, client, server)
	require.Zero(t, s.MaxEarlyData())
	c, sv := newPair(t, client, server)
	require.NoError(t, c.SetSession(s))
	_, err := c.WriteEarlyData([]byte("no"))
	require.Equal(t, alert.ReasonBadEarlyData, asError(err).Reason)
	require.Equal(t, EarlyDataSessionWithout, c.EarlyDataStatus())
	require.NoError(t, c.Err())
	move(c, sv)
	requireRefused(t, c, sv, EarlyDataDisabled)
}

// A server that does not ask for it by ReadEarlyData gets none, whatever its tickets have promised.
func TestEarlyDataIsRefusedUnlessAskedFor(t *testing.T) {
	client, server, s := earlyConfigs(t)
	c, sv := sendEarly(t, client, server, s, "early")
	ce, se := shake(c, sv)
	require.NoError(t, errors.Join(ce, se))
	require.Equal(t, EarlyDataDisabled, sv.EarlyDataStatus())
	require.Equal(t, EarlyDataDeclined, c.EarlyDataStatus())
	got, err := readEarly(sv)
	require.Equal(t, io.EOF, err)
	require.Empty(t, got)
	talk(t, c, sv)
}

func TestEarlyDataIsRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		status EarlyDataStatus
		change func(t *testing.T, client, server *Config)
	}{
		{"by a HelloRetryRequest", EarlyDataRetried, func(t *testing.T, _, server *Config) {
			require.NoError(t, server.SetGroups("P-384"))
		}},
		{"with another suite", EarlyDataOtherCipher, func(t *testing.T, _, server *Config) {
			require.NoError(t, server.SetCiphersuites("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"))
		}},
		{"with another protocol", EarlyDataOtherALPN, func(t *testing.T, client, server *Config) {
			require.NoError(t, errors.Join(client.SetALPN([]byte("\x01a\x01b")), server.SetALPN([]byte("\x01b"))))
		}},
		{"with a ticket that seems too old", EarlyDataTicketAge, func(_ *testing.T, client, _ *Config) {
			now := client.Now()
			client.Now = func() int64 { return now + maxTicketSkew + 1 }
		}},
		{"with a ticket that seems too young", EarlyDataTicketAge, func(_ *testing.T, _, server *Config) {
			now := server.Now()
			server.Now = func() int64 { return now + maxTicketSkew + 1 }
		}},
		{"beyond a lower limit", EarlyDataSessionWithout, func(_ *testing.T, _, server *Config) { server.MaxEarlyData = 999 }},
		{"where it was disabled", EarlyDataDisabled, func(_ *testing.T, _, server *Config) { server.MaxEarlyData = 0 }},
		{"with a ticket of unknown keys", EarlyDataNotResumed, func(_ *testing.T, _, server *Config) { server.shared = newShared() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, server, _ := configs(t)
			server.MaxEarlyData = 1000
			require.NoError(t, client.SetCiphersuites("TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"))
			require.NoError(t, client.SetGroups("X25519:P-384"))
			require.NoError(t, server.SetCiphersuites("TLS_AES_128_GCM_SHA256"))
			s := sessionOf(t, client, server)
			test.change(t, client, server)
			c, sv := sendEarly(t, client, server, s, "early")
			requireRefused(t, c, sv, test.status)
		})
	}
}

func TestEarlyDataNeedsTheSameServerName(t *testing.T) {
	client, server, _ := earlyConfigs(t)
	client.CheckHostname = false
	s := sessionOf(t, client, server)
	for _, honest := range []bool{true, false} {
		offered := *s
		if !honest { // a client that does not look
			offered.serverName = "other.example"
		}
		c, err := NewConn(client, Client, "other.example")
		require.NoError(t, err)
		sv, err := NewConn(server, Server, "")
		require.NoError(t, err)
		require.NoError(t, c.SetSession(&offered))
		_, err = c.WriteEarlyData([]byte("early"))
		move(c, sv)
		if honest {
			require.Equal(t, alert.ReasonBadEarlyData, asError(err).Reason)
			require.Equal(t, EarlyDataOtherName, c.EarlyDataStatus())
			requireRefused(t, c, sv, EarlyDataDeclined)
			continue
		}
		require.NoError(t, err)
		requireRefused(t, c, sv, EarlyDataOtherName)
	}
}

func TestTooMuchEarlyData(t *testing.T) {
	client, server, s := earlyConfigs(t)
	c, sv := sendEarly(t, client, server, s, strings.Repeat("x", 1000))
	_, err := c.WriteEarlyData([]byte("y"))
	require.Equal(t, alert.ReasonTooMuchEarlyData, asError(err).Reason)
	require.NoError(t, c.Err())
	got, err := readEarly(sv)
	require.Equal(t, ErrWantRead, err)
	require.Len(t, got, 1000)

	s = sessionOf(t, client, server)
	c, sv = sendEarly(t, client, server, s, strings.Repeat("x", 1000))
	c.early.left = 1 // a client that does not count
	_, err = c.WriteEarlyData([]byte("y"))
	require.NoError(t, err)
	move(c, sv)
	_, err = readEarly(sv)
	require.Equal(t, alert.ReasonTooMuchEarlyData, asError(err).Reason)
	require.Equal(t, alert.UnexpectedMessage, asError(err).Alert)
	require.Equal(t, err, sv.Err())
}

// An old version after an offer of early data is an attack (RFC 9846 appendix D.3).
func TestEarlyDataWithAnOldServer(t *testing.T) {
	client, server, s := earlyConfigs(t)
	require.NoError(t, server.SetMaxVersion(int(VersionTLS12)))
	c, sv := sendEarly(t, client, server, s, "early")
	_, err := readEarly(sv)
	require.Error(t, err)
	move(sv, c)
	require.Equal(t, alert.ReasonWrongSSLVersion, asError(c.Handshake()).Reason)
}

func TestEarlyDataOfTheWrongSide(t *testing.T) {
	client, server, _ := earlyConfigs(t)
	c, sv := newPair(t, client, server)
	_, err := c.ReadEarlyData(make([]byte, 1))
	require.Equal(t, alert.ReasonNotServer, asError(err).Reason)
	_, err = sv.WriteEarlyData([]byte("x")) // nothing was accepted
	require.Equal(t, alert.ReasonBadEarlyData, asError(err).Reason)
	ce, se := shake(c, sv)
	require.NoError(t, errors.Join(ce, se))
	for _, x := range []*Conn{c, sv} { // too late
		_, err = x.WriteEarlyData([]byte("x"))
		require.Equal(t, alert.ReasonBadEarlyData, asError(err).Reason)
		require.NoError(t, x.Err())
	}
}

func TestMaxEarlyDataIsBounded(t *testing.T) {
	for _, n := range []int{-1, maxEarlyLimit + 1} {
		_, server, _ := configs(t)
		server.MaxEarlyData = n
		_, err := NewConn(server, Server, "")
		require.Equal(t, alert.ReasonInvalidMaxEarlyData, asError(err).Reason)
	}
}

func TestTicketNamesAreForgotten(t *testing.T) {
	var n ticketNames
	n.add([]byte("oldest"))
	n.add([]byte("second"))
	for i := range maxCachedSessions - 1 {
		n.add([]byte{byte(i), byte(i >> 8)})
	}
	require.False(t, n.use([]byte("oldest")))
	require.True(t, n.use([]byte("second")))
	require.False(t, n.use([]byte("second")))
	require.LessOrEqual(t, len(n.order), maxCachedSessions)
	n.Interrupted()
	require.False(t, n.use([]byte{1, 0}))
}

func TestSessionForEarlyDataIsExported(t *testing.T) {
	client, _, s := earlyConfigs(t)
	data := s.Export()
	again, err := ImportSession(client, data)
	require.NoError(t, err)
	require.Equal(t, data, again.Export())
	require.Equal(t, s.maxEarly, again.maxEarly)
	require.Equal(t, s.issued, again.issued)
	for i := range data {
		_, err := ImportSession(client, data[:i])
		require.Error(t, err, "%d", i)
	}
	_, err = ImportSession(client, append(data, 0))
	require.Error(t, err)
}
