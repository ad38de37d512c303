package core

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// Benchmarks beside crypto/tls, which takes the same certificates, suites and group: `go test -bench . ./core`.

// stdlib are crypto/tls's configs of a client and a server that do what ours do.
func stdlib(b *testing.B, key string) (client, server *tls.Config, ours func() (*Config, *Config)) {
	signer := ecKey(b)
	if key == "RSA" {
		signer = rsaKey(b)
	}
	c, s, ca := configs(b, signer)
	chain, keyPEM := ca.Issue(signer, "localhost")
	cert, err := tls.X509KeyPair(chain, keyPEM)
	require.NoError(b, err)
	pool := x509.NewCertPool()
	block, _ := pem.Decode(ca.PEM)
	root, err := x509.ParseCertificate(block.Bytes)
	require.NoError(b, err)
	pool.AddCert(root)
	curves := []tls.CurveID{tls.X25519, tls.CurveP256}
	client = &tls.Config{RootCAs: pool, ServerName: "localhost", CurvePreferences: curves}
	server = &tls.Config{Certificates: []tls.Certificate{cert}, CurvePreferences: curves}
	return client, server, func() (*Config, *Config) {
		for _, x := range []*Config{c, s} {
			require.NoError(b, x.SetGroups("X25519:P-256"))
			require.NoError(b, x.SetCiphersuites("TLS_AES_128_GCM_SHA256")) // what crypto/tls prefers
			require.NoError(b, x.SetCiphers("ECDHE+AESGCM+AES128"))
		}
		return c, s
	}
}

func BenchmarkHandshake(b *testing.B) {
	for _, v := range []uint16{VersionTLS13, VersionTLS12} {
		for _, key := range []string{"ECDSA", "RSA"} {
			client, server, ours := stdlib(b, key)
			for _, c := range []*tls.Config{client, server} {
				c.MinVersion, c.MaxVersion = v, v
			}
			b.Run(VersionName(v)+"/"+key+"/gossl", func(b *testing.B) {
				c, s := ours()
				versionsOf(b, v, c, s)
				b.ReportAllocs()
				for b.Loop() {
					benchShake(b, c, s, nil)
				}
			})
			b.Run(VersionName(v)+"/"+key+"/crypto-tls", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					stdlibShake(b, client, server)
				}
			})
		}
	}
}

func BenchmarkResumption(b *testing.B) {
	for _, v := range []uint16{VersionTLS13, VersionTLS12} {
		client, server, ours := stdlib(b, "ECDSA")
		for _, c := range []*tls.Config{client, server} {
			c.MinVersion, c.MaxVersion = v, v
		}
		client.ClientSessionCache = tls.NewLRUClientSessionCache(10)
		b.Run(VersionName(v)+"/gossl", func(b *testing.B) {
			c, s := ours()
			versionsOf(b, v, c, s)
			session := benchShake(b, c, s, nil).Session()
			b.ReportAllocs()
			for b.Loop() {
				require.True(b, benchShake(b, c, s, session).Resumed())
			}
		})
		b.Run(VersionName(v)+"/crypto-tls", func(b *testing.B) {
			stdlibShake(b, client, server)
			b.ReportAllocs()
			for b.Loop() {
				require.True(b, stdlibShake(b, client, server))
			}
		})
	}
}

// benchShake does one handshake and lets the client take its tickets.
func benchShake(b *testing.B, client, server *Config, session *Session) *Conn {
	c, s := newPair(b, client, server)
	if session != nil {
		require.NoError(b, c.SetSession(session))
	}
	ce, se := shake(c, s)
	if ce != nil || se != nil {
		b.Fatal(ce, se)
	}
	move(s, c)
	if _, err := c.Read(make([]byte, 1)); err != ErrWantRead {
		b.Fatal(err)
	}
	return c
}

// stdlibShake does one handshake over a pipe, with a byte after it so that the client takes its tickets.
func stdlibShake(b *testing.B, client, server *tls.Config) (resumed bool) {
	x, y := net.Pipe()
	c, s := tls.Client(x, client), tls.Server(y, server)
	done := make(chan error, 1)
	go func() {
		_, err := s.Write([]byte{1})
		done <- err
	}()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return c.ConnectionState().DidResume
}

func BenchmarkData(b *testing.B) {
	for name, size := range map[string]int{"100B": 100, "64KiB": 64 << 10} {
		client, server, ours := stdlib(b, "ECDSA")
		data, got := make([]byte, size), make([]byte, size)
		b.Run(name+"/gossl", func(b *testing.B) {
			cc, sc := ours()
			require.NoError(b, cc.SetCiphersuites("TLS_AES_128_GCM_SHA256"))
			c, s := newPair(b, cc, sc)
			ce, se := shake(c, s)
			if ce != nil || se != nil {
				b.Fatal(ce, se)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for sent, read := 0, 0; read < size; {
					n, err := c.Write(data[sent:])
					if err != nil {
						b.Fatal(err)
					}
					sent += n
					move(c, s)
					for read < sent {
						n, err := s.Read(got)
						if err != nil {
							b.Fatal(err)
						}
						read += n
					}
				}
			}
		})
		b.Run(name+"/crypto-tls", func(b *testing.B) {
			x, y := newCable(), newCable()
			c, s := tls.Client(x.end(y), client), tls.Server(y.end(x), server)
			go func() { _ = s.Handshake() }()
			if err := c.Handshake(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(data); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(s, got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// cable is one direction of a connection in memory that takes any amount, so that crypto/tls pays for no goroutine.
type cable struct {
	chunks chan []byte
	rest   []byte
}

func newCable() *cable { return &cable{chunks: make(chan []byte, 1000)} }

type cableEnd struct {
	net.Conn
	out, in *cable
}

func (w *cable) end(in *cable) net.Conn { return &cableEnd{out: w, in: in} }

func (e *cableEnd) Write(p []byte) (int, error) {
	e.out.chunks <- append([]byte(nil), p...)
	return len(p), nil
}

func (e *cableEnd) Read(p []byte) (int, error) {
	if len(e.in.rest) == 0 {
		e.in.rest = <-e.in.chunks
	}
	n := copy(p, e.in.rest)
	e.in.rest = e.in.rest[n:]
	return n, nil
}
