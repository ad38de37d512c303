package features

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/gossl/gossl/core"
	"github.com/stretchr/testify/require"
)

const earlyText = "early, and only once\n"

// Early data (0-RTT), which the openssl command has only with a session of an earlier connection.
func TestEarlyDataWithOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	f := makeFiles(t)
	ft := &feature{name: "early data", key: "ecdsa", config: func(t *testing.T, c *core.Config) {
		require.NoError(t, c.SetMinVersion(int(core.VersionTLS13)))
		c.MaxEarlyData = 1000
	}}
	for side, play := range map[string]func(*testing.T, files, *feature){"client": earlyAsClient, "server": earlyAsServer} {
		ok := t.Run(side, func(t *testing.T) { play(t, f, ft) })
		fmt.Printf("openssl   %-7s  %-22s %s\n", side, ft.name, map[bool]string{true: "ok", false: "FAILED"}[ok])
	}
}

func earlyAsClient(t *testing.T, f files, ft *feature) {
	port := freePort(t)
	p := start(t, "s_server", "-accept", strconv.Itoa(port), "-cert", f.path("ecdsa.cert"), "-key", f.path("ecdsa.key"),
		"-tls1_3", "-early_data")
	p.hear(t, "ACCEPT")
	cfg := our(t, f, ft, core.Client)
	var session *core.Session
	for round := range 2 {
		raw, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		require.NoError(t, err)
		e := open(t, cfg, core.Client, raw, f)
		if round == 1 {
			require.NoError(t, e.tls.SetSession(session))
			_, err = e.do(func() (int, error) { return e.tls.WriteEarlyData([]byte(earlyText)) })
			require.NoError(t, err)
		}
		require.NoError(t, e.handshake())
		if round == 1 {
			require.Equal(t, core.EarlyDataAccepted, e.tls.EarlyDataStatus())
			p.hear(t, earlyText)
		}
		exchange(t, ft, e, p, core.Client)
		session = e.tls.Session()
		require.NoError(t, e.tls.CloseWrite())
		_, _ = raw.Write(e.tls.Out().Bytes())
		_ = raw.Close()
	}
}

func earlyAsServer(t *testing.T, f files, ft *feature) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	cfg := our(t, f, ft, core.Server)
	require.NoError(t, os.WriteFile(f.path("early"), []byte(earlyText), 0o600))
	for round := range 3 {
		args := []string{"s_client", "-connect", l.Addr().String(), "-CAfile", f.path("ca.cert"), "-servername", "localhost", "-tls1_3"}
		if round == 0 {
			args = append(args, "-sess_out", f.path("early.session"))
		} else {
			args = append(args, "-sess_in", f.path("early.session"), "-early_data", f.path("early"))
		}
		p := start(t, args...)
		raw, err := l.Accept()
		require.NoError(t, err)
		e := open(t, cfg, core.Server, raw, f)
		got, err := e.early()
		require.Equal(t, io.EOF, err)
		require.NoError(t, e.handshake())
		switch round {
		case 1:
			require.Equal(t, earlyText, got)
			require.Equal(t, core.EarlyDataAccepted, e.tls.EarlyDataStatus())
		case 2: // the same ticket again
			require.Empty(t, got)
			require.Equal(t, core.EarlyDataTicketUsed, e.tls.EarlyDataStatus())
			require.True(t, e.tls.Resumed())
		}
		exchange(t, ft, e, p, core.Server)
		require.NoError(t, e.tls.CloseWrite())
		_, _ = raw.Write(e.tls.Out().Bytes())
		_, _ = p.in.Write([]byte("Q\n"))
		_ = p.cmd.Wait()
		_ = raw.Close()
	}
}

// early reads all early data.
func (e *end) early() (string, error) {
	var got []byte
	buf := make([]byte, 100)
	for {
		n, err := e.do(func() (int, error) { return e.tls.ReadEarlyData(buf) })
		if err != nil {
			return string(got), err
		}
		got = append(got, buf[:n]...)
	}
}
