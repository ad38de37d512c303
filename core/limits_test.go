package core

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/record"
	"github.com/gossl/gossl/core/internal/wire"
	"github.com/stretchr/testify/require"
)

// establishedAt returns a client and a server that are connected at that version.
func establishedAt(t testing.TB, v uint16) (c, s *Conn) {
	client, server, _ := configs(t)
	versionsOf(t, v, client, server)
	if v < VersionTLS12 {
		require.NoError(t, errors.Join(client.SetCiphers("ALL:@SECLEVEL=0"), server.SetCiphers("ALL:@SECLEVEL=0")))
	}
	return connect(t, client, server)
}

// readErr returns what a side's next Read fails with.
func readErr(c *Conn) error {
	_, err := c.Read(make([]byte, 1<<15))
	for err == nil {
		_, err = c.Read(make([]byte, 1<<15))
	}
	return err
}

// The limits of the record layer, RFC 9846 sections 5.1 to 5.4, RFC 5246 section 6.2 and our own on what leads nowhere.
func TestRecordLimits(t *testing.T) {
	long := make([]byte, record.MaxPlaintext+1)
	raw := func(b ...byte) func(*Conn) error { // version 3.3 stands for the one in use
		return func(a *Conn) error {
			rec := slices.Clone(b)
			if rec[2] == 3 && a.version < VersionTLS12 {
				rec[2] = byte(a.version)
			}
			_, err := a.Out().Write(rec)
			return err
		}
	}
	plain := func(typ record.ContentType, fragment []byte) func(*Conn) error {
		return func(a *Conn) error { return a.writeRecord(typ, fragment) }
	}
	times := func(n int, f func(*Conn) error) func(*Conn) error {
		return func(a *Conn) error {
			for range n {
				if err := f(a); err != nil {
					return err
				}
			}
			return nil
		}
	}
	keyUpdate := func(a *Conn) error { return a.updateKeys(false) }
	for _, test := range []struct {
		name    string
		version uint16
		send    func(*Conn) error
		alert   alert.Description // No: taken
	}{
		{"plaintext too long", VersionTLS12, plain(record.ApplicationData, long), alert.RecordOverflow},
		{"plaintext too long", VersionTLS13, plain(record.ApplicationData, long), alert.RecordOverflow},
		{"longest plaintext", VersionTLS12, plain(record.ApplicationData, long[1:]), alert.No},
		{"longest plaintext", VersionTLS13, plain(record.ApplicationData, long[1:]), alert.No},
		{"ciphertext too long", VersionTLS12, raw(23, 3, 3, 0x48, 0x01), alert.RecordOverflow},
		{"ciphertext too long", VersionTLS13, raw(23, 3, 3, 0x41, 0x01), alert.RecordOverflow},
		{"garbage", VersionTLS13, raw(23, 3, 3, 0, 1, 0), alert.BadRecordMAC},
		{"garbage", VersionTLS12, raw(23, 3, 3, 0, 1, 0), alert.BadRecordMAC},
		{"unknown type", VersionTLS13, raw(99, 3, 3, 0, 1, 0), alert.UnexpectedMessage},
		{"unknown type inside", VersionTLS13, plain(99, []byte("x")), alert.UnexpectedMessage},
		{"wrong version", VersionTLS12, raw(23, 3, 0, 0, 1, 0), alert.ProtocolVersion},
		{"wrong version", VersionTLS13, raw(23, 3, 1, 0, 1, 0), alert.ProtocolVersion},
		{"change_cipher_spec", VersionTLS13, raw(20, 3, 3, 0, 1, 1), alert.UnexpectedMessage},
		{"change_cipher_spec", VersionTLS12, plain(record.ChangeCipherSpec, []byte{1}), alert.UnexpectedMessage},
		{"empty alert", VersionTLS13, plain(record.Alert, nil), alert.UnexpectedMessage},
		{"empty alert", VersionTLS12, plain(record.Alert, nil), alert.DecodeError},
		{"alert of one byte", VersionTLS13, plain(record.Alert, []byte{1}), alert.DecodeError},
		{"two alerts in a record", VersionTLS12, plain(record.Alert, []byte{1, 90, 1, 90}), alert.DecodeError},
		{"empty handshake record", VersionTLS13, plain(record.Handshake, nil), alert.UnexpectedMessage},
		{"empty records", VersionTLS12, times(maxEmptyRecords, plain(record.ApplicationData, nil)), alert.No},
		{"empty records without end", VersionTLS12, times(maxEmptyRecords+1, plain(record.ApplicationData, nil)), alert.UnexpectedMessage},
		{"empty records without end", VersionTLS13, times(maxEmptyRecords+1, plain(record.ApplicationData, nil)), alert.UnexpectedMessage},
		{"warnings", VersionTLS12, times(maxWarnings, plain(record.Alert, []byte{1, 90})), alert.No},
		{"warnings without end", VersionTLS12, times(maxWarnings+1, plain(record.Alert, []byte{1, 90})), alert.DecodeError},
		{"warnings without end", VersionTLS13, times(maxWarnings+1, plain(record.Alert, []byte{1, 90})), alert.DecodeError},
		{"key updates", VersionTLS13, times(maxKeyUpdates, keyUpdate), alert.No},
		{"key updates without end", VersionTLS13, times(maxKeyUpdates+1, keyUpdate), alert.UnexpectedMessage},
		{"key update of unknown kind", VersionTLS13, plain(record.Handshake, []byte{24, 0, 0, 1, 2}), alert.IllegalParameter},
		{"data behind a key update", VersionTLS13, plain(record.Handshake, []byte{24, 0, 0, 1, 0, 24}), alert.UnexpectedMessage},
		{"message too long", VersionTLS13, plain(record.Handshake, []byte{4, 0xff, 0xff, 0xff}), alert.IllegalParameter},
	} {
		versions := []uint16{test.version}
		if test.version == VersionTLS12 { // what holds for 1.2 holds for those before
			versions = append(versions, VersionTLS11, VersionTLS10)
		}
		for _, v := range versions {
			for _, victim := range []Side{Client, Server} {
				t.Run(fmt.Sprint(VersionName(v), " ", test.name, " ", victim), func(t *testing.T) {
					c, s := establishedAt(t, v)
					if victim == Client {
						c, s = s, c
					}
					recordLimit(t, c, s, test.send, test.alert)
				})
			}
		}
	}
}

// recordLimit lets the adversary send something and checks the victim's alert, on the wire and to the caller.
func recordLimit(t *testing.T, adversary, victim *Conn, send func(*Conn) error, want alert.Description) {
	require.NoError(t, send(adversary))
	move(adversary, victim)
	err := readErr(victim)
	if want == alert.No {
		require.ErrorIs(t, err, ErrWantRead)
		return
	}
	require.Equal(t, want, asError(err).Alert, "%v", err)
	require.Equal(t, err, victim.Err())
	_, again := victim.Write([]byte("x"))
	require.Equal(t, err, again, "the error does not stay")
	move(victim, adversary)
	require.Equal(t, alert.Received, asError(readErr(adversary)).Class)
	require.Equal(t, want, asError(adversary.Err()).Alert)
}

// What a peer makes of every alert at every level, after the handshake and in the middle of it.
func TestEveryAlert(t *testing.T) {
	for description := range 256 {
		d := alert.Description(description)
		for _, v := range []uint16{VersionTLS13, VersionTLS12, VersionTLS11, VersionTLS10} {
			if v < VersionTLS12 && description > 120 && description != 255 { // nobody has defined those
				continue
			}
			for _, level := range []byte{1, 2, 3} {
				for _, victim := range []Side{Client, Server} {
					alertOnce(t, v, level, d, victim)
				}
			}
		}
	}
}

// alertOnce sends one alert to the victim, in an established connection, and before to one that is in the middle of its
// handshake: there the server waits for the client's second flight, and a client for the server's first.
func alertOnce(t *testing.T, v uint16, level byte, d alert.Description, victim Side) {
	for _, early := range []bool{false, true} {
		c, s := alertPair(t, v, early)
		adversary, x := c, s
		if victim == Client {
			adversary, x = s, c
		}
		x.Out().Consume(x.Out().Len())
		rec := []byte{21, 3, 3, 0, 2, level, byte(d)}
		if v < VersionTLS13 {
			rec[2] = byte(v)
		}
		if early {
			_, _ = x.In().Write(rec)
		} else {
			require.NoError(t, adversary.writeRecord(record.Alert, rec[5:]))
			move(adversary, x)
		}
		what := fmt.Sprint(VersionName(v), " ", level, " ", d, " ", victim, " early ", early)
		checkAlert(t, what, x, readErr(x), level, d)
	}
}

// alertConfigs makes a pair of configs once for each version.
var alertConfigs = map[uint16][2]*Config{}

func alertPair(t *testing.T, v uint16, early bool) (c, s *Conn) {
	if _, ok := alertConfigs[v]; !ok {
		client, server, _ := configs(t)
		versionsOf(t, v, client, server)
		if v < VersionTLS12 {
			require.NoError(t, errors.Join(client.SetCiphers("ALL:@SECLEVEL=0"), server.SetCiphers("ALL:@SECLEVEL=0")))
		}
		alertConfigs[v] = [2]*Config{client, server}
	}
	c, s = newPair(t, alertConfigs[v][0], alertConfigs[v][1])
	if !early {
		ce, se := shake(c, s)
		require.NoError(t, errors.Join(ce, se))
		return c, s
	}
	require.Equal(t, ErrWantRead, c.Handshake())
	hello := slices.Clone(c.Out().Bytes())
	_, _ = s.In().Write(hello)
	require.Equal(t, ErrWantRead, s.Handshake())
	return c, s
}

func checkAlert(t *testing.T, what string, x *Conn, err error, level byte, d alert.Description) {
	warning := x.version < VersionTLS13 && (d != alert.NoRenegotiation || !x.done) || d == alert.UserCanceled
	switch {
	case d == alert.CloseNotify:
		require.Equal(t, ErrClosed, err, what)
	case level == 3:
		require.Equal(t, alert.ReasonUnknownAlertType, asError(err).Reason, what)
		require.Equal(t, alert.IllegalParameter, asError(err).Alert, what)
	case level == 2:
		require.Equal(t, alert.Received, asError(err).Class, what)
		require.Equal(t, d, asError(err).Alert, what)
		require.Zero(t, x.Out().Len(), "an alert is not answered by an alert: %s", what)
	case warning:
		require.Equal(t, ErrWantRead, err, what)
	case x.version == VersionTLS13:
		require.Equal(t, alert.DecodeError, asError(err).Alert, what)
	default:
		require.Equal(t, alert.ReasonNoRenegotiation, asError(err).Reason, what)
	}
}

// A record_size_limit and MaxSendFragment bound what we send (RFC 8449 section 4).
func TestFragmentsAreBounded(t *testing.T) {
	client, server, _ := configs(t)
	client.MaxSendFragment = 512
	c, _ := connect(t, client, server)
	_, err := c.Write(bytes.Repeat([]byte("x"), 5000))
	require.NoError(t, err)
	for rest := c.Out().Bytes(); len(rest) > 0; {
		n := record.ParseHeader(rest).Length
		require.LessOrEqual(t, n, 512+1+16)
		rest = rest[record.HeaderLen+n:]
	}
}

// A client that does not understand our ServerHello says so in the clear.
func TestAnAlertBeforeTheClientHasKeys(t *testing.T) {
	client, server, _ := configs(t)
	c, s := newPair(t, client, server)
	require.Equal(t, ErrWantRead, c.Handshake())
	move(c, s)
	require.Equal(t, ErrWantRead, s.Handshake())
	_, _ = s.In().Write([]byte{21, 3, 3, 0, 2, 2, byte(alert.IllegalParameter)})
	err := s.Handshake()
	require.Equal(t, alert.Received, asError(err).Class)
	require.Equal(t, alert.IllegalParameter, asError(err).Alert)
}

// Early data that we did not ask for is skipped, up to a bound (RFC 9846 section 4.2.10).
func TestEarlyDataIsSkipped(t *testing.T) {
	client, server, _ := configs(t)
	for _, test := range []struct{ records, each int }{{1, 100}, {3, 5000}, {2, 10000}} {
		c, s := newPair(t, client, server)
		c.misspeak = func(raw []byte) error {
			if raw[0] != byte(wire.TypeClientHello) {
				return c.writeFragments(record.Handshake, raw)
			}
			hello, err := wire.UnmarshalClientHello(raw[handshakeHeaderLen:])
			require.NoError(t, err)
			hello.EarlyData = true
			with, err := hello.Marshal()
			require.NoError(t, err)
			if err := c.writeFragments(record.Handshake, with); err != nil {
				return err
			}
			for range test.records {
				header := []byte{23, 3, 3, byte(test.each >> 8), byte(test.each)}
				_, _ = c.Out().Write(append(header, make([]byte, test.each)...))
			}
			return nil
		}
		require.Equal(t, ErrWantRead, c.Handshake())
		move(c, s)
		err := s.Handshake()
		if test.records*test.each > maxEarlyDataSkip {
			require.Equal(t, alert.ReasonTooMuchEarlyData, asError(err).Reason)
			continue
		}
		require.Equal(t, ErrWantRead, err)
	}
}
