package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/gossl/gossl/core"
)

// check compares the connection after its handshake with what the flags expect.
func (x *exchange) check() error {
	for _, check := range []func() error{
		x.checkNegotiated, x.checkResumption, x.checkPeer, x.checkExtensions, x.checkStapled, x.checkSessionID,
		x.checkEarlyData,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) checkNegotiated() error {
	c := x.conn
	cipher := int(c.Cipher().ID & 0xffff)
	for _, e := range []struct {
		what      string
		got, want int
	}{
		{"version", int(c.Version()), x.ExpectVersion},
		{"cipher", cipher, x.ExpectCipher},
		{"cipher (with AES hardware)", cipher, x.ExpectCipherAES},
		{"peer signature scheme", int(c.PeerSchemeID()), x.ExpectPeerScheme},
		{"group", int(c.GroupID()), x.ExpectCurveID},
	} {
		if e.want != 0 && e.got != e.want {
			return fmt.Errorf("%s is %#x, want %#x", e.what, e.got, e.want)
		}
	}
	if x.ExpectHRR && !c.Retried() || x.ExpectNoHRR && c.Retried() {
		return fmt.Errorf("HelloRetryRequest: %t", c.Retried())
	}
	return nil
}

func (x *exchange) checkResumption() error {
	if want := x.resume && !x.ExpectSessionMiss; x.conn.Resumed() != want {
		return fmt.Errorf("resumed: %t, want %t", x.conn.Resumed(), want)
	}
	if x.Server || x.conn.Version() >= core.VersionTLS13 {
		return nil
	}
	want := !x.ExpectNoSession && (!x.conn.Resumed() || x.ExpectTicketRenewal)
	if got := x.newSession(); got != want {
		return fmt.Errorf("new session: %t, want %t", got, want)
	}
	return nil
}

// newSession reports whether the connection made a session that a client can resume.
func (x *exchange) newSession() bool {
	s := x.conn.Session()
	if s == nil || !s.HasTicket() && len(s.ID()) == 0 {
		return false
	}
	if x.conn.Version() < core.VersionTLS13 && x.conn.Resumed() {
		return !bytes.Equal(s.ID(), x.offered.ID())
	}
	return x.conn.Version() < core.VersionTLS13 || s.HasTicket()
}

func (x *exchange) checkSessionID() error {
	var cached bool
	if x.Server {
		cached = x.shim.base.SessionStats().Number > 0
	} else {
		cached = x.newSession()
	}
	if !x.resume && (x.ExpectSessionID && !cached || x.ExpectNoSessionID && cached) {
		return fmt.Errorf("session is cached: %t", cached)
	}
	return nil
}

// keepSession keeps what the next connection resumes.
func (x *exchange) keepSession() error {
	if x.Server {
		return nil
	}
	if x.conn.Version() >= core.VersionTLS13 {
		if want := !x.ExpectNoSession && !x.ShimShutsDown; x.newSession() != want {
			return fmt.Errorf("new session: %t, want %t", x.newSession(), want)
		}
		if s := x.conn.Session(); x.newSession() && (s.MaxEarlyData() > 0) != x.ExpectTicketEarlyData {
			return fmt.Errorf("the ticket takes %d bytes of early data", s.MaxEarlyData())
		}
	}
	if s := x.conn.Session(); s != nil {
		x.shim.session = s
	}
	return nil
}

func (x *exchange) checkPeer() error {
	chain := x.conn.PeerCertificates()
	switch {
	case x.ExpectNoPeerCert || x.PSK != "":
		if len(chain) > 0 {
			return errors.New("unexpected peer certificate")
		}
	case !x.Server || x.RequireAnyClientCertificate:
		if len(chain) == 0 {
			return errors.New("no peer certificate")
		}
	}
	if x.ExpectVerifyResult {
		want := 0
		if x.VerifyFail {
			want = verifyApplication
		}
		if got := x.conn.VerifyResult(); got != want {
			return fmt.Errorf("verify result is %d, want %d", got, want)
		}
	}
	if x.ExpectPeerCertFile == "" {
		return nil
	}
	want, err := readChain(x.ExpectPeerCertFile)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(chain, want, bytes.Equal) {
		return errors.New("peer's chain is not what was expected")
	}
	return nil
}

func readChain(file string) ([][]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var chain [][]byte
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return chain, nil
		}
		chain = append(chain, block.Bytes)
	}
}

func (x *exchange) checkExtensions() error {
	c := x.conn
	wantALPN := x.ExpectALPN
	if x.Server {
		wantALPN = x.SelectALPN
	}
	switch {
	case c.ALPN() != wantALPN:
		return fmt.Errorf("application protocol is %q, want %q", c.ALPN(), wantALPN)
	case x.ExpectEMS && !c.ExtendedMasterSecret():
		return errors.New("no extended master secret")
	case x.ExpectSecureRenego && !c.SecureRenegotiation():
		return errors.New("no secure renegotiation")
	case x.ExpectNoSecureRenego && c.SecureRenegotiation():
		return errors.New("secure renegotiation")
	case x.ExpectTotalRenego != 0:
		return fmt.Errorf("%w: renegotiation", errUnimplemented)
	}
	return nil
}

// checkRequest compares the server's request for a certificate with what the flags expect.
func (x *exchange) checkRequest() error {
	r := x.conn.CertificateRequest()
	if len(x.ExpectCertTypes) > 0 && !bytes.Equal(r.Types, x.ExpectCertTypes) {
		return fmt.Errorf("certificate types are %x", r.Types)
	}
	if x.ExpectClientCAList != "" {
		want, err := decodeNames(x.ExpectClientCAList)
		if err != nil {
			return err
		}
		if !slices.EqualFunc(r.CAs, want, bytes.Equal) {
			return fmt.Errorf("certificate authorities are %x", r.CAs)
		}
	}
	return x.checkPeerVerifyPrefs()
}

func (x *exchange) checkPeerVerifyPrefs() error {
	var got []int
	for _, s := range x.conn.PeerSigalgs() {
		got = append(got, int(s))
	}
	if len(x.ExpectPeerVerifyPrefs) > 0 && !slices.Equal(got, x.ExpectPeerVerifyPrefs) {
		return fmt.Errorf("peer accepts the schemes %#x", got)
	}
	return nil
}
