package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// identity makes a self-signed certificate, and files of it.
func identity(t *testing.T) (cert tls.Certificate, certFile, keyFile string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write := func(name, label string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}), 0o600))
		return path
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, write("cert", "CERTIFICATE", der),
		write("key", "PRIVATE KEY", keyDER)
}

// runAgainst runs the shim with those flags against a runner of one function, for each connection.
func runAgainst(t *testing.T, connections int, runner func(net.Conn) error, flags ...string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	done := make(chan error, connections)
	go func() {
		for range connections {
			conn, err := l.Accept()
			if err == nil {
				id := make([]byte, 8)
				_, err = io.ReadFull(conn, id)
				if err == nil && binary.LittleEndian.Uint64(id) != 7 {
					err = io.ErrUnexpectedEOF
				}
				if err == nil {
					err = runner(conn)
				}
				_ = conn.Close()
			}
			done <- err
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	shimErr := run(append([]string{"-port", strconv.Itoa(port), "-shim-id", "7"}, flags...))
	if shimErr != nil {
		return shimErr
	}
	for range connections {
		require.NoError(t, <-done)
	}
	return nil
}

// echoed sends a message and checks that all its bits come back inverted.
func echoed(c *tls.Conn) error {
	if _, err := c.Write([]byte{0x00, 0x0f}); err != nil {
		return err
	}
	got := make([]byte, 2)
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if got[0] != 0xff || got[1] != 0xf0 {
		return io.ErrUnexpectedEOF
	}
	return c.Close()
}

func TestClientAndServerAgainstCryptoTLS(t *testing.T) {
	cert, certFile, keyFile := identity(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	server := func(conn net.Conn) error { return echoed(tls.Server(conn, config)) }
	client := func(conn net.Conn) error { return echoed(tls.Client(conn, &tls.Config{InsecureSkipVerify: true})) }
	require.NoError(t, runAgainst(t, 1, server))
	require.NoError(t, runAgainst(t, 1, server, "-async", "-implicit-handshake"))
	require.NoError(t, runAgainst(t, 2, server, "-resume-count", "1", "-max-version", "771", "-on-resume-expect-ticket-renewal"))
	require.NoError(t, runAgainst(t, 1, client, "-server", "-cert-file", certFile, "-key-file", keyFile))
	require.NoError(t, runAgainst(t, 1, client, "-server", "-async", "-cert-file", certFile, "-key-file", keyFile))
}

func TestExpectationsAreChecked(t *testing.T) {
	cert, _, _ := identity(t)
	server := func(conn net.Conn) error {
		return echoed(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}))
	}
	for _, flags := range [][]string{
		{"-expect-version", "771"}, {"-expect-cipher", "1"}, {"-expect-curve-id", "24"}, {"-expect-hrr"},
		{"-expect-alpn", "h2"}, {"-expect-no-peer-cert"}, {"-expect-peer-signature-algorithm", "2052"},
		{"-verify-peer", "-verify-fail"}, {"-expect-ocsp-response", "AAAA"},
	} {
		require.Error(t, runAgainst(t, 1, server, flags...), flags)
	}
	require.ErrorIs(t, run([]string{"-no-such-flag"}), errUnimplemented)
}
