package netconn_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gossl/gossl/core"
	"github.com/gossl/gossl/core/internal/testcert"
	"github.com/gossl/gossl/core/netconn"
	"github.com/stretchr/testify/require"
)

func configs(t testing.TB) (client, server *core.Config, authority []byte) {
	chain, key, authority := testcert.Localhost()
	server, err := core.NewConfig(core.MethodTLSServer)
	require.NoError(t, err)
	require.NoError(t, server.UseCertificate(chain, key, nil))
	client, err = core.NewConfig(core.MethodTLSClient)
	require.NoError(t, err)
	require.NoError(t, client.AddAnchorsPEM(authority))
	return client, server, authority
}

func listen(t testing.TB, server *core.Config) net.Listener {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := netconn.NewListener(inner, server)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// httpClient dials with our engine.
func httpClient(cfg *core.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			raw, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return netconn.Client(raw, cfg, "localhost")
		},
	}}
}

func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

func post(t *testing.T, client *http.Client, addr net.Addr) {
	body := make([]byte, 300_000)
	_, _ = rand.Read(body)
	answer, err := client.Post("https://"+addr.String(), "application/octet-stream", bytes.NewReader(body))
	require.NoError(t, err)
	got, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.True(t, bytes.Equal(body, got))
}

func TestHTTPBothWays(t *testing.T) {
	client, server, authority := configs(t)
	ours := listen(t, server)
	go func() { _ = http.Serve(ours, http.HandlerFunc(echo)) }()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(authority))
	theirs := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}}}
	for range 3 {
		post(t, httpClient(client), ours.Addr())
		post(t, theirs, ours.Addr())
	}
}

func TestACertificateOfAnotherAuthorityIsRefused(t *testing.T) {
	_, server, _ := configs(t)
	stranger, _, _ := configs(t)
	l := listen(t, server)
	go func() { _ = http.Serve(l, http.HandlerFunc(echo)) }()
	_, err := httpClient(stranger).Get("https://" + l.Addr().String())
	var e *core.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "CERTIFICATE_VERIFY_FAILED", e.Name())
}

// dialer makes pairs that have not shaken hands.
func dialer(t *testing.T) func() (c, s *netconn.Conn) {
	client, server, _ := configs(t)
	l := listen(t, server)
	return func() (c, s *netconn.Conn) {
		raw, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		c, err = netconn.Client(raw, client, "localhost")
		require.NoError(t, err)
		accepted, err := l.Accept()
		require.NoError(t, err)
		return c, accepted.(*netconn.Conn)
	}
}

func pair(t *testing.T) (c, s *netconn.Conn) {
	c, s = dialer(t)()
	done := make(chan error)
	go func() { done <- s.Handshake() }()
	require.NoError(t, c.Handshake())
	require.NoError(t, <-done)
	return c, s
}

// exchange has both ends read and written at once, 5 MiB each way.
func exchange(t *testing.T, c, s *netconn.Conn, writers, readers *sync.WaitGroup) {
	const size = 5 << 20
	for _, x := range []*netconn.Conn{c, s} {
		writers.Go(func() {
			_, err := x.Write(make([]byte, size))
			require.NoError(t, err)
		})
		readers.Go(func() {
			n, err := io.CopyN(io.Discard, x, size)
			require.NoError(t, err)
			require.EqualValues(t, size, n)
		})
	}
}

func TestBothDirectionsAtOnce(t *testing.T) {
	c, s := pair(t)
	var all sync.WaitGroup
	exchange(t, c, s, &all, &all)
	all.Wait()
}

// Run with -race: what both directions have in common changes meanwhile.
func TestKeysChangeWhileBothEndsAreReadAndWritten(t *testing.T) {
	c, s := pair(t)
	var all, writers sync.WaitGroup
	stop := make(chan struct{})
	exchange(t, c, s, &writers, &all)
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				c.State(func(e *core.Conn) { require.NoError(t, e.KeyUpdate(true)) })
				s.State(func(e *core.Conn) { require.NoError(t, e.KeyUpdate(false)) })
			}
		}
	})
	writers.Wait()
	close(stop)
	all.Wait()
}

// untilError repeats a step, and says what it ended with.
func untilError(ended chan<- error, step func([]byte) (int, error)) {
	for p := make([]byte, 20000); ; {
		if _, err := step(p); err != nil {
			ended <- err
			return
		}
	}
}

// A third goroutine closes an end that one reads and another writes: at first some time before or in the handshake or soon
// after, then when so much has come. All four end with an error, and so does whoever comes later.
func TestCloseWhileBothEndsAreReadAndWritten(t *testing.T) {
	const rounds = 60 // of each kind
	dial := dialer(t)
	for round := range 2 * rounds {
		c, s := dial()
		ends := []*netconn.Conn{c, s}
		closed, enough := ends[round%2], (round-rounds)*2000
		ended, come := make(chan error, 4), make(chan struct{})
		for _, x := range ends {
			got, once := 0, sync.Once{}
			go untilError(ended, func(p []byte) (int, error) {
				n, err := x.Read(p)
				if got += n; x == closed && got >= enough {
					once.Do(func() { close(come) })
				}
				return n, err
			})
			go untilError(ended, x.Write)
		}
		if round < rounds {
			time.Sleep(time.Duration(round) * 50 * time.Microsecond)
		} else {
			<-come
		}
		_ = closed.Close() // the other end may have reset it, having been written to
		for range cap(ended) {
			select {
			case err := <-ended:
				require.Error(t, err)
			case <-time.After(time.Minute):
				require.FailNow(t, "hangs", "round %d", round)
			}
		}
		for _, x := range ends {
			_, err := x.Write([]byte("x"))
			require.Error(t, err)
			_, err = x.Read(make([]byte, 1))
			require.Error(t, err)
			_ = x.Close()
		}
	}
}

func TestEnds(t *testing.T) {
	c, s := pair(t)
	require.NoError(t, c.CloseWrite())
	_, err := s.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	_, err = s.Write([]byte("still open"))
	require.NoError(t, err)
	got := make([]byte, 10)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)

	c, s = pair(t)
	var raw net.Conn = c
	require.NoError(t, raw.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	_, err = c.Read(got)
	require.ErrorContains(t, err, "timeout")
	require.NoError(t, raw.SetReadDeadline(time.Time{}))
	_, err = s.Write([]byte("x"))
	require.NoError(t, err)
	n, err := c.Read(got)
	require.NoError(t, err, "a read that timed out may be repeated")
	require.Equal(t, 1, n)

	require.NoError(t, raw.SetWriteDeadline(time.Now()))
	for range 2 {
		_, err = c.Write([]byte("x"))
		require.ErrorContains(t, err, "timeout")
	}
	_, err = s.Write([]byte("x"))
	require.NoError(t, err)
	_, err = c.Read(got)
	require.NoError(t, err, "an end that cannot write any more can read")
	require.NoError(t, raw.SetWriteDeadline(time.Time{}))

	c, s = pair(t)
	waiting := make(chan error)
	go func() { _, err := c.Read(got); waiting <- err }()
	time.Sleep(10 * time.Millisecond)
	require.NoError(t, c.Close())
	require.Error(t, <-waiting)
	_, err = s.Read(got)
	require.Equal(t, io.EOF, err)
}

func TestAnAbruptEndIsNotAnEnd(t *testing.T) {
	client, server, _ := configs(t)
	l := listen(t, server)
	raw, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	c, err := netconn.Client(raw, client, "localhost")
	require.NoError(t, err)
	// Half-closed, not closed: closing with the server's tickets unread would reset the connection.
	go func() { _, _ = c.Write([]byte("x")); _ = raw.(*net.TCPConn).CloseWrite() }()
	s, err := l.Accept()
	require.NoError(t, err)
	_, err = io.ReadAll(s)
	require.Equal(t, io.ErrUnexpectedEOF, err)
}

func TestAConfigThatAsksIsRefused(t *testing.T) {
	client, server, _ := configs(t)
	server.AskSNI = true
	l := listen(t, server)
	raw, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	c, err := netconn.Client(raw, client, "localhost")
	require.NoError(t, err)
	go func() { _ = c.Handshake() }()
	s, err := l.Accept()
	require.NoError(t, err)
	_, err = s.Read(make([]byte, 1))
	require.Equal(t, netconn.ErrDecision, err)
	require.NoError(t, s.Close())
}

// A web server and a client of it.
func Example() {
	chain, key, authority := testcert.Localhost()
	server, _ := core.NewConfig(core.MethodTLSServer)
	_ = server.UseCertificate(chain, key, nil)
	tcp, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		_ = http.Serve(netconn.NewListener(tcp, server), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "hello")
		}))
	}()

	client, _ := core.NewConfig(core.MethodTLSClient)
	_ = client.AddAnchorsPEM(authority)
	answer, err := httpClient(client).Get("https://" + tcp.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(string(body))
	// Output: hello
}
