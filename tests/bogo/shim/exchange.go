package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/gossl/gossl/core"
)

// The numbers that the runner's expectations are about.
const (
	verifyApplication = 50 // X509_V_ERR_APPLICATION_VERIFICATION

	alertHandshakeFailure     = 40
	alertCertificateUnknown   = 46
	alertInternalError        = 80
	alertDecompressionFailure = 30
	alertBadStatusResponse    = 113
)

// exchange is one connection.
type exchange struct {
	*options
	shim   *shim
	resume bool
	sock   net.Conn
	conn   *core.Conn

	waiting  []byte // read from the socket, not yet given to the engine (-async)
	offered  *core.Session
	askedPSK int
	verified bool
	unsent   bool // output is held back (-read-with-unfinished-write)
	early    int  // bytes of the first write that went as early data
}

// connect makes one connection to the runner and does what the flags say.
func (s *shim) connect(o *options, resume bool) error {
	cfg, err := s.config(o)
	if err != nil {
		return err
	}
	side := core.Client
	if o.Server {
		side = core.Server
	}
	conn, err := core.NewConn(cfg, side, o.HostName)
	if err != nil {
		return err
	}
	x := &exchange{options: o, shim: s, resume: resume, conn: conn}
	if resume && !o.Server {
		if s.session == nil {
			return errors.New("no session to offer")
		}
		x.offered = s.session
		if err := conn.SetSession(s.session); err != nil {
			return err
		}
	}
	if err := x.dial(); err != nil {
		return err
	}
	err = x.talk()
	x.hangUp()
	return err
}

func (x *exchange) dial() (err error) {
	host := "127.0.0.1"
	if x.IPv6 {
		host = "::1"
	}
	if x.sock, err = net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(x.Port))); err != nil {
		return err
	}
	_, err = x.sock.Write(binary.LittleEndian.AppendUint64(nil, x.ShimID))
	return err
}

// hangUp half-closes and drains, so that the runner reads our alert before it sees a reset.
func (x *exchange) hangUp() {
	_ = x.flush()
	_ = x.sock.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, x.sock)
	_ = x.sock.Close()
}

// run repeats an operation of the engine until it is done: it moves bytes and answers questions.
func (x *exchange) run(op func() error) error {
	for {
		err := op()
		if e := x.flush(); e != nil && err == nil {
			return e
		}
		var want core.Want
		switch {
		case err == core.ErrWantRead:
			err = x.fill()
		case errors.As(err, &want):
			err = x.answer(want)
		default:
			return err
		}
		if err != nil {
			return err
		}
	}
}

func (x *exchange) flush() error {
	out := x.conn.Out()
	if x.unsent || out.Len() == 0 {
		return nil
	}
	_, err := x.sock.Write(out.Bytes())
	out.Consume(out.Len())
	return err
}

// fill gives the engine what comes from the socket: with -async one byte at a time.
func (x *exchange) fill() error {
	if len(x.waiting) == 0 {
		buf := make([]byte, 1<<15)
		n, err := x.sock.Read(buf)
		if n == 0 {
			x.conn.InputEnded()
			if err != io.EOF {
				return err
			}
			return nil
		}
		x.waiting = buf[:n]
	}
	n := len(x.waiting)
	if x.Async {
		n = 1
	}
	_, _ = x.conn.In().Write(x.waiting[:n])
	x.waiting = x.waiting[n:]
	return nil
}

// answer answers a question of the engine as the callbacks of BoringSSL's shim would.
func (x *exchange) answer(w core.Want) error {
	switch w {
	case core.WantSNI:
		return x.answerSNI()
	case core.WantVerify:
		return x.answerVerify()
	case core.WantCertificate:
		return x.answerCertificate()
	}
	return x.answerPSK(w)
}

func (x *exchange) answerSNI() error {
	switch {
	case x.ExpectServerName != "" && x.conn.ServerName() != x.ExpectServerName:
		return fmt.Errorf("server name is %q, want %q", x.conn.ServerName(), x.ExpectServerName)
	case x.ExpectNoServerName && x.conn.HasSNI():
		return fmt.Errorf("client sent a server name")
	case x.FailEarlyCallback:
		return x.conn.AnswerSNI(alertHandshakeFailure)
	case x.ExpectAdvertisedALPN != "" && x.ExpectAdvertisedALPN != wireALPN(x.conn.OfferedALPN()):
		return fmt.Errorf("client offers protocols %q", x.conn.OfferedALPN())
	case x.UseOCSPCallback && x.FailOCSPCallback:
		return x.conn.AnswerSNI(alertInternalError)
	case x.SelectEmptyALPN && len(x.conn.OfferedALPN()) > 0:
		return x.selectEmptyALPN()
	}
	if err := x.checkPeerVerifyPrefs(); err != nil {
		return err
	}
	if x.NoServerNameAck {
		return x.conn.AnswerSNI(core.NoAck)
	}
	return x.conn.AnswerSNI(core.GoOn)
}

// selectEmptyALPN is a callback that chooses a protocol without a name, which the engine must refuse.
func (x *exchange) selectEmptyALPN() error {
	err := x.shim.base.SetALPN([]byte{0})
	if err == nil {
		return errors.New("the engine took an empty protocol name")
	}
	_ = x.conn.AnswerSNI(alertInternalError)
	return err
}

func wireALPN(l []string) string {
	var b strings.Builder
	for _, p := range l {
		b.WriteByte(byte(len(p)))
		b.WriteString(p)
	}
	return b.String()
}

func (x *exchange) answerVerify() error {
	if x.verified {
		return errors.New("certificate verified twice")
	}
	x.verified = true
	if x.UseOCSPCallback && x.FailOCSPCallback && !x.Server {
		return x.conn.Abort(alertBadStatusResponse)
	}
	if !x.VerifyFail {
		return x.conn.AnswerVerify(0, 0)
	}
	if x.UseCustomVerifyCallback {
		return x.conn.AnswerVerify(verifyApplication, alertCertificateUnknown)
	}
	return x.conn.AnswerVerify(verifyApplication, alertHandshakeFailure)
}

func (x *exchange) answerCertificate() error {
	if err := x.checkRequest(); err != nil {
		return err
	}
	if x.FailCertCallback {
		return x.conn.AnswerCertificate(alertInternalError)
	}
	return x.conn.AnswerCertificate(core.GoOn)
}

// answerPSK gives the key of -psk to TLS 1.2 and below: that flag is about nothing else.
func (x *exchange) answerPSK(w core.Want) error {
	x.askedPSK++
	if w == core.WantPSKClient && x.askedPSK == 1 && x.offers13() {
		return x.conn.AnswerPSK(nil, nil)
	}
	if got := string(x.conn.PSKQuestion()); got != x.PSKIdentity {
		return fmt.Errorf("PSK hint or identity is %q, want %q", got, x.PSKIdentity)
	}
	return x.conn.AnswerPSK([]byte(x.PSKIdentity), []byte(x.PSK))
}

func (x *exchange) offers13() bool {
	return !x.NoTLS13 && (x.MaxVersion == 0 || x.MaxVersion >= int(core.VersionTLS13))
}

// talk is the connection from its handshake to its end.
func (x *exchange) talk() error {
	if x.EnableEarlyData {
		if err := x.earlyData(); err != nil {
			return err
		}
	}
	if !x.ImplicitHandshake {
		if err := x.run(x.conn.Handshake); err != nil {
			return err
		}
		if err := x.check(); err != nil {
			return err
		}
		if x.HandshakeTwice || x.NoOpExtraHandshake {
			if err := x.run(x.conn.Handshake); err != nil {
				return err
			}
		}
	}
	if err := x.sendExports(); err != nil {
		return err
	}
	if x.SendAlert {
		err := x.conn.Abort(alertDecompressionFailure)
		_ = x.flush()
		return err
	}
	if err := x.sendAndEcho(); err != nil {
		return err
	}
	if err := x.keepSession(); err != nil {
		return err
	}
	return x.shutdown()
}

func (x *exchange) write(p []byte) error {
	for len(p) > 0 {
		var n int
		err := x.run(func() (err error) { n, err = x.conn.Write(p); return err })
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// sendExports writes the keying material that the runner compares with its own.
func (x *exchange) sendExports() error {
	if x.ExportKeyingMaterial > 0 {
		m, err := x.conn.Export(x.ExportLabel, []byte(x.ExportContext), x.UseExportContext, x.ExportKeyingMaterial)
		if err != nil {
			return err
		}
		if err := x.write(m); err != nil {
			return err
		}
	}
	if x.ExportTrafficSecrets {
		if err := x.sendTrafficSecrets(); err != nil {
			return err
		}
	}
	if !x.TLSUnique {
		return nil
	}
	// RFC 9266 and RFC 7627: tls-unique means something only below TLS 1.3 and in handshakes bound to their session.
	if x.conn.Version() >= core.VersionTLS13 || x.conn.Resumed() && !x.conn.ExtendedMasterSecret() {
		return errors.New("failed to get tls-unique")
	}
	return x.write(x.conn.TLSUnique())
}

// sendTrafficSecrets takes the first application traffic secrets from the key log.
func (x *exchange) sendTrafficSecrets() error {
	secret := map[string][]byte{}
	for line := range strings.SplitSeq(string(x.conn.TakeKeyLog()), "\n") {
		if f := strings.Fields(line); len(f) == 3 {
			secret[f[0]], _ = hex.DecodeString(f[2])
		}
	}
	read, write := secret["SERVER_TRAFFIC_SECRET_0"], secret["CLIENT_TRAFFIC_SECRET_0"]
	if x.Server {
		read, write = write, read
	}
	msg := binary.LittleEndian.AppendUint16(nil, uint16(len(read)))
	return x.write(append(append(msg, read...), write...))
}

// recordSizes are BoringSSL's shim's, around the longest record.
var recordSizes = []int{0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769}

func (x *exchange) sendAndEcho() error {
	if x.DifferentRecordSizes {
		for _, n := range recordSizes {
			if err := x.write([]byte(strings.Repeat("\x42", n))); err != nil {
				return err
			}
		}
		return nil
	}
	if x.ReadUnfinishedWrite && x.early == 0 {
		if err := x.beginWrite(); err != nil {
			return err
		}
	} else if x.ShimWritesFirst {
		if err := x.write(x.initialWrite()[x.early:]); err != nil {
			return err
		}
	}
	if x.ShimShutsDown {
		return nil
	}
	return x.echo()
}

// beginWrite lets one byte of a record through and holds the rest back.
func (x *exchange) beginWrite() error {
	x.unsent = true
	if err := x.write([]byte(x.ShimInitialWrite)); err != nil {
		return err
	}
	out := x.conn.Out()
	_, err := x.sock.Write(out.Bytes()[:1])
	out.Consume(1)
	return err
}

// echo sends everything back with all bits inverted until the runner closes.
func (x *exchange) echo() error {
	size := 512
	if x.ReadSize > 0 {
		size = x.ReadSize
	}
	buf := make([]byte, size)
	for {
		if x.KeyUpdateBeforeRead {
			if err := x.conn.KeyUpdate(false); err != nil {
				return err
			}
		}
		n, err := x.read(buf)
		if ended(err) {
			return nil
		}
		if err != nil {
			return err
		}
		x.unsent = false
		if x.KeyUpdate {
			if err := x.conn.KeyUpdate(false); err != nil {
				return err
			}
		}
		for i := range buf[:n] {
			buf[i] ^= 0xff
		}
		if err := x.write(buf[:n]); err != nil {
			return err
		}
	}
}

func (x *exchange) read(buf []byte) (n int, err error) {
	err = x.run(func() (err error) { n, err = x.conn.Read(buf); return err })
	if x.ExporterBetweenReads {
		if _, e := x.conn.Export("", nil, false, 1); e != nil {
			return 0, e
		}
	}
	return n, err
}

// ended reports whether the stream has ended, cleanly or not: the runner checks separately which.
func ended(err error) bool {
	var e *core.Error
	return err == core.ErrClosed || errors.As(err, &e) && e.IsEOF()
}

// shutdown closes as BoringSSL's shim does: quietly unless -check-close-notify is given.
func (x *exchange) shutdown() error {
	if !x.CheckCloseNotify {
		return nil
	}
	if x.ShimShutsDown {
		if err := x.run(x.conn.CloseWrite); err != nil {
			return err
		}
	}
	return x.run(x.conn.Shutdown)
}
