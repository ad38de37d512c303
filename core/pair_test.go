package core

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/testcert"
	"github.com/stretchr/testify/require"
)

func ecKey(t testing.TB) crypto.Signer {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

func rsaKey(t testing.TB) crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return k
}

// configs returns a client that trusts the CA and a server with a certificate for "localhost".
func configs(t testing.TB, keys ...crypto.Signer) (client, server *Config, ca *testcert.Authority) {
	return configsAt(t, time.Now(), keys...)
}

// configsAt is configs whose clocks stand still and whose certificates are good at that moment.
func configsAt(t testing.TB, now time.Time, keys ...crypto.Signer) (client, server *Config, ca *testcert.Authority) {
	ca = testcert.NewAuthorityAt(now)
	client, err := NewConfig(MethodTLSClient)
	require.NoError(t, err)
	require.NoError(t, client.AddAnchorsPEM(ca.PEM))
	client.Now = now.Unix
	server, err = NewConfig(MethodTLSServer)
	require.NoError(t, err)
	server.Now = now.Unix
	if len(keys) == 0 {
		keys = []crypto.Signer{ecKey(t)}
	}
	for _, k := range keys {
		chain, key := ca.Issue(k, "localhost")
		require.NoError(t, server.UseCertificate(chain, key, nil))
	}
	return client, server, ca
}

func newPair(t testing.TB, client, server *Config) (c, s *Conn) {
	c, err := NewConn(client, Client, "localhost")
	require.NoError(t, err)
	s, err = NewConn(server, Server, "")
	require.NoError(t, err)
	return c, s
}

// move carries what is in from's output to to's input.
func move(from, to *Conn) int {
	n, _ := to.In().Write(from.Out().Bytes())
	from.Out().Consume(n)
	return n
}

// shake runs the handshakes of both sides until neither gets further. Wants are returned like errors.
func shake(c, s *Conn) (clientErr, serverErr error) {
	for {
		clientErr = c.Handshake()
		moved := move(c, s)
		serverErr = s.Handshake()
		moved += move(s, c)
		var w Want
		if errors.As(clientErr, &w) || errors.As(serverErr, &w) {
			return clientErr, serverErr
		}
		if moved == 0 {
			return clientErr, serverErr
		}
	}
}

// shaken makes a pair whose handshake has succeeded; what the server sent behind it has not been read.
func shaken(t testing.TB, client, server *Config) (c, s *Conn) {
	c, s = newPair(t, client, server)
	ce, se := shake(c, s)
	require.NoError(t, ce)
	require.NoError(t, se)
	return c, s
}

// talk sends data both ways and checks that it arrives.
func talk(t testing.TB, c, s *Conn) {
	for _, dir := range [][2]*Conn{{c, s}, {s, c}} {
		msg := bytes.Repeat([]byte("some words "), 5000)
		var got []byte
		for sent := 0; sent < len(msg); {
			n, err := dir[0].Write(msg[sent:])
			require.NoError(t, err)
			sent += n
			move(dir[0], dir[1])
			buf := make([]byte, 3000)
			for {
				n, err := dir[1].Read(buf)
				if err == ErrWantRead {
					break
				}
				require.NoError(t, err)
				got = append(got, buf[:n]...)
			}
		}
		require.True(t, bytes.Equal(msg, got))
	}
}

func connect(t testing.TB, client, server *Config) (c, s *Conn) {
	c, s = shaken(t, client, server)
	talk(t, c, s)
	return c, s
}

func TestHandshakeAtEveryVersion(t *testing.T) {
	for _, v := range []uint16{VersionTLS13, VersionTLS12, VersionTLS11, VersionTLS10} {
		t.Run(VersionName(v), func(t *testing.T) {
			for _, key := range []crypto.Signer{ecKey(t), rsaKey(t)} {
				client, server, _ := configs(t, key)
				for _, c := range []*Config{client, server} {
					if v < VersionTLS12 {
						require.NoError(t, c.SetCiphers("ALL:@SECLEVEL=0"))
					}
					require.NoError(t, c.SetMinVersion(int(v)))
					require.NoError(t, c.SetMaxVersion(int(v)))
				}
				c, s := connect(t, client, server)
				require.Equal(t, v, c.Version())
				require.Equal(t, v, s.Version())
				require.Equal(t, c.TLSUnique(), s.TLSUnique())
				require.Len(t, c.VerifiedChain(), 2)
			}
		})
	}
}

func TestEverySuiteIsNegotiated(t *testing.T) {
	client, server, _ := configs(t, ecKey(t), rsaKey(t))
	dh := ffdhePEM(t)
	require.NoError(t, server.SetDHParams(dh))
	for _, info := range mustCiphers(t, "ALL:eNULL:@SECLEVEL=0") {
		t.Run(info.Name, func(t *testing.T) {
			for _, c := range []*Config{client, server} {
				require.NoError(t, c.SetCiphers(info.Name+":@SECLEVEL=0"))
				require.NoError(t, c.SetMinVersion(int(VersionTLS12)))
				require.NoError(t, c.SetMaxVersion(int(VersionTLS12)))
			}
			client.AskPSKClient, server.AskPSKServer = true, true
			c, s := newPair(t, client, server)
			if info.Auth == "auth-null" || info.Auth == "auth-psk" {
				c.cfg.VerifyMode = VerifyNone
			}
			ce, se := shake(c, s)
			for errors.Is(ce, WantPSKClient) || errors.Is(se, WantPSKServer) {
				if errors.Is(ce, WantPSKClient) {
					require.NoError(t, c.AnswerPSK([]byte("me"), []byte("key")))
				}
				if errors.Is(se, WantPSKServer) {
					require.Equal(t, "me", string(s.PSKQuestion()))
					require.NoError(t, s.AnswerPSK(nil, []byte("key")))
				}
				ce, se = shake(c, s)
			}
			require.NoError(t, ce)
			require.NoError(t, se)
			require.Equal(t, info.Name, c.Cipher().Name)
			talk(t, c, s)
		})
	}
}
