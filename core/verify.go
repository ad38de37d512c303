package core

import (
	"net/netip"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/pki"
	"github.com/gossl/gossl/core/internal/suite"
)

// setPeerChain parses the certificates that the peer sent. It sets c.info.peerChain and peerLeaf.
func (c *Conn) setPeerChain(ders [][]byte) error {
	certs, err := parseChain(ders)
	if err != nil {
		return err
	}
	c.info.peerChain, c.info.peerLeaf, c.peerCerts = ders, certs[0], certs
	if certs[0].PublicKey == nil {
		return alert.New(alert.Peer, alert.ReasonUnableToFindPublicKeyParameters, alert.UnsupportedCertificate,
			"peer's certificate has an unsupported public key")
	}
	return c.checkKeyUsage(certs[0])
}

// verifyPeer verifies what setPeerChain has parsed, if the config asks for it. It sets c.info.verified and verifyResult.
func (c *Conn) verifyPeer() error {
	certs := c.peerCerts
	c.peerCerts = nil
	if c.cfg.VerifyMode == VerifyNone {
		return nil
	}
	return c.verifyChain(certs)
}

// checkKeyUsage is Config.StrictLeaf: the peer's key signs, or, with RSA key exchange, the server's decrypts.
func (c *Conn) checkKeyUsage(leaf *pki.Certificate) error {
	allowed := leaf.MaySign
	if s := c.info.suite; c.side == Client && s != nil && (s.Kx == suite.KxRSA || s.Kx == suite.KxRSAPSK) {
		allowed = leaf.MayDecrypt
	}
	if !c.cfg.StrictLeaf || allowed() {
		return nil
	}
	return alert.New(alert.Peer, alert.ReasonWrongCertificateType, alert.IllegalParameter,
		"key usage of the peer's certificate does not allow what its key is used for")
}

func parseChain(ders [][]byte) ([]*pki.Certificate, error) {
	certs, err := pki.ParseCertificates(ders)
	if err != nil {
		e := *asError(err)
		e.Class, e.Alert = alert.Peer, alert.DecodeError
		return nil, &e
	}
	for i, cert := range certs {
		ders[i] = cert.Raw // what is remembered is not kept twice
	}
	return certs, nil
}

func (c *Conn) verifyChain(certs []*pki.Certificate) error {
	r, err := pki.Verify(certs[0], certs[1:], c.cfg.store, c.verifyOptions())
	c.setVerified(r)
	if err == nil {
		return nil
	}
	e := *asError(err)
	e.Class, e.Library, e.Reason = alert.Peer, alert.LibSSL, alert.ReasonCertificateVerifyFailed
	c.info.verifyResult, c.info.verifyDepth = e.Verify, r.Depth
	return &e
}

func (c *Conn) setVerified(r *pki.Result) {
	if r == nil {
		return
	}
	c.info.verified = make([][]byte, len(r.Chain))
	for i, cert := range r.Chain {
		c.info.verified[i] = cert.Raw
	}
}

func (c *Conn) verifyOptions() *pki.Options {
	o := &pki.Options{
		Time: c.cfg.Now(), Flags: c.cfg.verifyFlags, Purpose: pki.PurposeServer,
		Depth: c.cfg.VerifyDepth, SecurityLevel: c.cfg.securityLevel, HostFlags: c.cfg.HostFlags,
	}
	if c.side == Server {
		o.Purpose = pki.PurposeClient
		return o
	}
	if !c.cfg.CheckHostname {
		return o
	}
	if ip, err := netip.ParseAddr(c.info.serverName); err == nil {
		o.IP = ip.Unmap().AsSlice()
		return o
	}
	o.Host = c.info.serverName
	return o
}

// VerifiedChain returns the chain from the peer's leaf to the trust anchor, in DER, or as much of it as there was when
// it was refused; nil if nothing was verified. A client that verifies nothing builds it here, when it is asked for. It is shared with other connections and must not be
// changed.
func (c *Conn) VerifiedChain() [][]byte {
	if c.info.verified == nil && c.cfg.VerifyMode == VerifyNone && c.info.peerLeaf != nil {
		if certs, err := parseChain(c.info.peerChain); err == nil {
			o := c.verifyOptions()
			o.Host, o.IP = "", nil
			r, err := pki.Verify(certs[0], certs[1:], c.cfg.store, o)
			if err == nil {
				c.setVerified(r)
			}
		}
	}
	return c.info.verified
}

// ServerEndPoint returns the channel binding of RFC 5929 section 4: the hash of the server's certificate.
func (c *Conn) ServerEndPoint() []byte {
	leaf := c.info.peerLeaf
	if c.side == Server {
		leaf = c.info.ourLeaf
	}
	if leaf == nil {
		return nil
	}
	return leaf.EndPointHash()
}
