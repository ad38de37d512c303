// Package features tries, against the openssl command and both ways, what the table of peers does not: key exchanges,
// kinds of resumption, client authentication, late authentication, key updates, key logs and old versions.
package features

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gossl/gossl/core"
	"github.com/stretchr/testify/require"
)

const (
	pskIdentity = "gossl"
	pskKey      = "0123456789abcdef0123456789abcdef"
	patience    = 20 * time.Second
)

// feature is one row of the table.
type feature struct {
	name   string
	key    string   // of the server's certificate: "rsa" or "ecdsa"
	peer   []string // options of openssl on either side
	server []string // of s_server only
	client []string // of s_client only
	config func(t *testing.T, c *core.Config)
	// check looks at our end after data has gone both ways.
	check func(t *testing.T, e *end)
	// late is done after the handshake, before the data; it returns what to type at openssl.
	late   func(t *testing.T, e *end, side core.Side) string
	resume bool // connect a second time with the first one's session
}

func features() []feature {
	tls12, tls13 := []string{"-tls1_2"}, []string{"-tls1_3"}
	version := func(v uint16) func(*testing.T, *core.Config) {
		return func(t *testing.T, c *core.Config) {
			require.NoError(t, c.SetMinVersion(int(v)))
			require.NoError(t, c.SetMaxVersion(int(v)))
		}
	}
	suite := func(rule string) func(*testing.T, *core.Config) {
		return func(t *testing.T, c *core.Config) {
			version(core.VersionTLS12)(t, c)
			require.NoError(t, c.SetCiphers(rule))
			require.NoError(t, c.SetDHParams(dhParams(t)))
		}
	}
	named := func(cipher string) func(*testing.T, *end) {
		return func(t *testing.T, e *end) { require.Equal(t, cipher, e.tls.Cipher().Name) }
	}
	psk := func(rest func(*testing.T, *core.Config)) func(*testing.T, *core.Config) {
		return func(t *testing.T, c *core.Config) {
			rest(t, c)
			c.AskPSKClient, c.AskPSKServer = true, true
		}
	}
	noPeer := func(t *testing.T, e *end) { require.Empty(t, e.tls.PeerCertificates()) }
	resumed := func(t *testing.T, e *end) { require.True(t, e.tls.Resumed()) }
	old := func(v uint16) func(*testing.T, *core.Config) {
		return func(t *testing.T, c *core.Config) {
			require.NoError(t, c.SetCiphers("ALL:@SECLEVEL=0"))
			version(v)(t, c)
		}
	}
	is := func(v uint16) func(*testing.T, *end) {
		return func(t *testing.T, e *end) { require.Equal(t, v, e.tls.Version()) }
	}
	weak := []string{"-cipher", "ALL:@SECLEVEL=0"}
	auth := func(t *testing.T, e *end) {
		require.NotEmpty(t, e.tls.PeerCertificates())
		require.Zero(t, e.tls.VerifyResult())
	}
	askClient := func(rest func(*testing.T, *core.Config)) func(*testing.T, *core.Config) {
		return func(t *testing.T, c *core.Config) {
			rest(t, c)
			if c.Method() == core.MethodTLSServer {
				c.VerifyMode = core.VerifyRequired
			}
		}
	}
	clientCert := []string{"-cert", "{client.cert}", "-key", "{client.key}"}
	demand := []string{"-Verify", "1", "-verify_return_error"}
	return []feature{
		{name: "DHE", key: "rsa", peer: tls12, server: []string{"-dhparam", "{dh}"}, config: suite("DHE-RSA-AES128-GCM-SHA256"), check: named("DHE-RSA-AES128-GCM-SHA256")},
		{name: "RSA key exchange", key: "rsa", peer: tls12, config: suite("AES128-GCM-SHA256"), check: named("AES128-GCM-SHA256")},
		{name: "PSK 1.2", key: "", peer: []string{"-tls1_2", "-psk_identity", pskIdentity, "-psk", pskKey, "-cipher", "PSK-AES128-GCM-SHA256"}, config: psk(suite("PSK-AES128-GCM-SHA256")), check: noPeer},
		{name: "PSK 1.3", key: "", peer: []string{"-tls1_3", "-psk_identity", pskIdentity, "-psk", pskKey}, config: psk(version(core.VersionTLS13)), check: noPeer},
		{name: "ticket 1.2", key: "ecdsa", peer: tls12, config: version(core.VersionTLS12), resume: true, check: resumed},
		{name: "ticket 1.3", key: "ecdsa", peer: tls13, config: version(core.VersionTLS13), resume: true, check: resumed},
		{name: "session ID", key: "ecdsa", peer: []string{"-tls1_2", "-no_ticket"}, config: version(core.VersionTLS12), resume: true, check: resumed},
		{name: "client auth 1.2", key: "rsa", peer: tls12, server: demand, client: clientCert, config: askClient(version(core.VersionTLS12)), check: auth},
		{name: "client auth 1.3", key: "ecdsa", peer: tls13, server: demand, client: clientCert, config: askClient(version(core.VersionTLS13)), check: auth},
		{name: "post-handshake auth", key: "ecdsa", peer: tls13, server: []string{"-verify", "1"}, client: append([]string{"-enable_pha"}, clientCert...),
			config: func(t *testing.T, c *core.Config) {
				askClient(version(core.VersionTLS13))(t, c)
				c.PostHandshakeAuth = true
			},
			late: func(t *testing.T, e *end, side core.Side) string {
				if side == core.Server {
					require.Empty(t, e.tls.PeerCertificates())
					require.NoError(t, e.tls.VerifyPostHandshake())
					return ""
				}
				return "c\n"
			}, check: auth},
		{name: "ALPN", key: "ecdsa", peer: []string{"-alpn", "h2,gossl"}, config: func(t *testing.T, c *core.Config) {
			require.NoError(t, c.SetALPN([]byte("\x05gossl")))
		}, check: func(t *testing.T, e *end) { require.Equal(t, "gossl", e.tls.ALPN()) }},
		{name: "HelloRetryRequest", key: "ecdsa", peer: tls13, server: []string{"-groups", "P-384"}, client: []string{"-groups", "X25519:P-384"}, config: func(t *testing.T, c *core.Config) {
			groups := "X25519:P-384"
			if c.Method() == core.MethodTLSServer {
				groups = "P-384"
			}
			require.NoError(t, c.SetGroups(groups))
		}, check: func(t *testing.T, e *end) { require.True(t, e.tls.Retried()) }},
		{name: "KeyUpdate", key: "ecdsa", peer: tls13, config: version(core.VersionTLS13), late: func(t *testing.T, e *end, _ core.Side) string {
			require.NoError(t, e.tls.KeyUpdate(true))
			return "K\n"
		}},
		{name: "key log 1.2", key: "ecdsa", peer: append([]string{"-keylogfile", "{keylog}"}, tls12...), config: keyLog(version(core.VersionTLS12)), check: sameKeyLog},
		{name: "key log 1.3", key: "ecdsa", peer: append([]string{"-keylogfile", "{keylog}"}, tls13...), config: keyLog(version(core.VersionTLS13)), check: sameKeyLog},
		{name: "TLS 1.0", key: "rsa", peer: append([]string{"-tls1"}, weak...), config: old(core.VersionTLS10), check: is(core.VersionTLS10)},
		{name: "TLS 1.1", key: "ecdsa", peer: append([]string{"-tls1_1"}, weak...), config: old(core.VersionTLS11), check: is(core.VersionTLS11)},
	}
}

func keyLog(rest func(*testing.T, *core.Config)) func(*testing.T, *core.Config) {
	return func(t *testing.T, c *core.Config) {
		rest(t, c)
		c.KeyLog = true
	}
}

// sameKeyLog compares every line of ours with openssl's.
func sameKeyLog(t *testing.T, e *end) {
	lines := func(s string) []string {
		var l []string
		for line := range strings.SplitSeq(s, "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				l = append(l, line)
			}
		}
		slices.Sort(l)
		return l
	}
	theirs, err := os.ReadFile(e.keylog)
	require.NoError(t, err)
	ours := lines(string(e.tls.TakeKeyLog()))
	require.NotEmpty(t, ours)
	require.Equal(t, lines(string(theirs)), ours)
}

// end is our end of a connection.
type end struct {
	tls    *core.Conn
	raw    net.Conn
	keylog string
}

// do repeats an operation until it needs no more input, and answers for a pre-shared key.
func (e *end) do(op func() (int, error)) (int, error) {
	buf := make([]byte, 16<<10)
	for {
		n, err := op()
		if out := e.tls.Out(); out.Len() > 0 {
			if _, werr := e.raw.Write(out.Bytes()); werr != nil && err == nil {
				return n, werr
			}
			out.Consume(out.Len())
		}
		switch err {
		case core.ErrWantRead:
			got, rerr := e.raw.Read(buf)
			if rerr != nil && got == 0 {
				return 0, rerr
			}
			_, _ = e.tls.In().Write(buf[:got])
		case core.WantPSKClient, core.WantPSKServer:
			key := []byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}
			if aerr := e.tls.AnswerPSK([]byte(pskIdentity), key); aerr != nil {
				return 0, aerr
			}
		default:
			return n, err
		}
	}
}

func (e *end) handshake() error {
	_, err := e.do(func() (int, error) { return 0, e.tls.Handshake() })
	return err
}

// expect reads until the text has come.
func (e *end) expect(text string) error {
	var got []byte
	buf := make([]byte, 1000)
	for !strings.Contains(string(got), text) {
		n, err := e.do(func() (int, error) { return e.tls.Read(buf) })
		if err != nil {
			return fmt.Errorf("after %q: %w", got, err)
		}
		got = append(got, buf[:n]...)
	}
	return nil
}

// files are the certificates that openssl made, and what else the options name.
type files struct{ dir string }

func (f files) path(name string) string { return filepath.Join(f.dir, name) }

func (f files) read(t *testing.T, name string) []byte {
	text, err := os.ReadFile(f.path(name))
	require.NoError(t, err)
	return text
}

// fill puts paths in the place of names in braces.
func (f files) fill(args []string) []string {
	var out []string
	for _, a := range args {
		if name, ok := strings.CutPrefix(a, "{"); ok {
			a = f.path(strings.TrimSuffix(name, "}"))
		}
		out = append(out, a)
	}
	return out
}

func openssl(t *testing.T, args ...string) {
	out, err := exec.Command("openssl", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func dhParams(t *testing.T) []byte {
	out, err := exec.Command("openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048").Output()
	require.NoError(t, err)
	return out
}

func makeFiles(t *testing.T) files {
	f := files{t.TempDir()}
	keys := map[string][]string{"ca": {"EC", "ec_paramgen_curve:P-256"}, "ecdsa": {"EC", "ec_paramgen_curve:P-256"},
		"rsa": {"RSA", "rsa_keygen_bits:2048"}, "client": {"EC", "ec_paramgen_curve:P-256"}}
	for name, k := range keys {
		openssl(t, "genpkey", "-algorithm", k[0], "-pkeyopt", k[1], "-out", f.path(name+".key"))
	}
	openssl(t, "req", "-x509", "-key", f.path("ca.key"), "-out", f.path("ca.cert"), "-subj", "/CN=ca", "-days", "2")
	for _, name := range []string{"ecdsa", "rsa", "client"} {
		openssl(t, "req", "-x509", "-CA", f.path("ca.cert"), "-CAkey", f.path("ca.key"), "-key", f.path(name+".key"),
			"-out", f.path(name+".cert"), "-subj", "/CN="+name, "-days", "2", "-addext", "subjectAltName=DNS:localhost",
			"-addext", "basicConstraints=CA:FALSE")
	}
	require.NoError(t, os.WriteFile(f.path("dh"), dhParams(t), 0o600))
	return f
}

// our makes the config of one side of ours.
func our(t *testing.T, f files, ft *feature, side core.Side) *core.Config {
	method := core.MethodTLSClient
	if side == core.Server {
		method = core.MethodTLSServer
	}
	c, err := core.NewConfig(method)
	require.NoError(t, err)
	require.NoError(t, c.AddAnchorsPEM(f.read(t, "ca.cert")))
	if side == core.Client && strings.Contains(ft.name, "auth") {
		require.NoError(t, c.UseCertificate(f.read(t, "client.cert"), f.read(t, "client.key"), nil))
	}
	if side == core.Server && ft.key != "" {
		require.NoError(t, c.UseCertificate(f.read(t, ft.key+".cert"), f.read(t, ft.key+".key"), nil))
	}
	ft.config(t, c)
	if strings.Contains(strings.Join(ft.peer, " "), "no_ticket") {
		c.Options |= core.OpNoTicket
	}
	return c
}

// process is an openssl that we type at and read from.
type process struct {
	cmd  *exec.Cmd
	in   interface{ Write([]byte) (int, error) }
	said chan string
}

func start(t *testing.T, args ...string) *process {
	p := &process{cmd: exec.Command("openssl", args...), said: make(chan string, 1000)}
	in, err := p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.cmd.Stderr = p.cmd.Stdout
	p.in = in
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.said)
		buf := make([]byte, 4096)
		for {
			n, err := out.Read(buf)
			if err != nil {
				return
			}
			p.said <- string(buf[:n])
		}
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	return p
}

// hear waits until openssl has printed the text.
func (p *process) hear(t *testing.T, text string) {
	var all strings.Builder
	deadline := time.After(patience)
	for !strings.Contains(all.String(), text) {
		select {
		case s, ok := <-p.said:
			require.True(t, ok, "openssl ended: %s", all.String())
			all.WriteString(s)
		case <-deadline:
			require.Fail(t, "openssl does not say "+text, all.String())
		}
	}
}

// exchange sends a line each way, between which what is late takes place.
func exchange(t *testing.T, ft *feature, e *end, p *process, side core.Side) {
	if ft.late != nil {
		if line := ft.late(t, e, side); line != "" {
			_, err := p.in.Write([]byte(line))
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond) // openssl reads a command only if it comes alone
		}
	}
	_, err := e.do(func() (int, error) { return e.tls.Write([]byte("ours to them\n")) })
	require.NoError(t, err)
	p.hear(t, "ours to them")
	_, err = p.in.Write([]byte("theirs to us\n"))
	require.NoError(t, err)
	require.NoError(t, e.expect("theirs to us"))
	_, err = e.do(func() (int, error) { return e.tls.Write([]byte("once more\n")) })
	require.NoError(t, err)
	p.hear(t, "once more")
}

// asClient connects to s_server.
func asClient(t *testing.T, f files, ft *feature) {
	port := freePort(t)
	args := []string{"s_server", "-accept", strconv.Itoa(port), "-CAfile", f.path("ca.cert")}
	if ft.key == "" {
		args = append(args, "-nocert")
	} else {
		args = append(args, "-cert", f.path(ft.key+".cert"), "-key", f.path(ft.key+".key"))
	}
	p := start(t, append(append(args, f.fill(ft.peer)...), f.fill(ft.server)...)...)
	p.hear(t, "ACCEPT")
	cfg := our(t, f, ft, core.Client)
	var session *core.Session
	for range rounds(ft) {
		raw, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		require.NoError(t, err)
		e := open(t, cfg, core.Client, raw, f)
		if session != nil {
			require.NoError(t, e.tls.SetSession(session))
		}
		require.NoError(t, e.handshake())
		exchange(t, ft, e, p, core.Client)
		last := !ft.resume || session != nil
		// What is checked of a peer's certificate at a server is checked at the server's side: s_server demands it.
		if last && ft.check != nil && !strings.Contains(ft.name, "auth") {
			ft.check(t, e)
		}
		session = e.tls.Session()
		require.NoError(t, e.tls.CloseWrite())
		_, _ = e.raw.Write(e.tls.Out().Bytes())
		_ = raw.Close()
	}
}

// asServer waits for s_client.
func asServer(t *testing.T, f files, ft *feature) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	cfg := our(t, f, ft, core.Server)
	for round := range rounds(ft) {
		args := []string{"s_client", "-connect", l.Addr().String(), "-CAfile", f.path("ca.cert"), "-servername", "localhost"}
		if ft.key != "" {
			args = append(args, "-verify_return_error", "-verify_hostname", "localhost")
		}
		if ft.resume {
			args = append(args, [][]string{{"-sess_out", f.path("session")}, {"-sess_in", f.path("session")}}[round]...)
		}
		p := start(t, append(append(args, f.fill(ft.peer)...), f.fill(ft.client)...)...)
		raw, err := l.Accept()
		require.NoError(t, err)
		e := open(t, cfg, core.Server, raw, f)
		require.NoError(t, e.handshake())
		exchange(t, ft, e, p, core.Server)
		if last := round == rounds(ft)-1; last && ft.check != nil {
			ft.check(t, e)
		}
		require.NoError(t, e.tls.CloseWrite())
		_, _ = raw.Write(e.tls.Out().Bytes())
		_, _ = p.in.Write([]byte("Q\n"))
		_ = p.cmd.Wait()
		_ = raw.Close()
	}
}

func rounds(ft *feature) int {
	if ft.resume {
		return 2
	}
	return 1
}

func open(t *testing.T, cfg *core.Config, side core.Side, raw net.Conn, f files) *end {
	require.NoError(t, raw.SetDeadline(time.Now().Add(patience)))
	tls, err := core.NewConn(cfg, side, map[core.Side]string{core.Client: "localhost"}[side])
	require.NoError(t, err)
	return &end{tls, raw, f.path("keylog")}
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func TestFeaturesWithOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	f := makeFiles(t)
	for _, ft := range features() {
		for side, play := range map[string]func(*testing.T, files, *feature){"client": asClient, "server": asServer} {
			_ = os.Remove(f.path("keylog"))
			ok := t.Run(ft.name+" as "+side, func(t *testing.T) { play(t, f, &ft) })
			fmt.Printf("openssl   %-7s  %-22s %s\n", side, ft.name, map[bool]string{true: "ok", false: "FAILED"}[ok])
		}
	}
}
