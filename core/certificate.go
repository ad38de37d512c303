package core

import (
	"crypto"
	"slices"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keyfile"
	"github.com/gossl/gossl/core/internal/pki"
	"github.com/gossl/gossl/core/internal/sigalg"
)

// certificate is our own chain and its key.
type certificate struct {
	chain [][]byte // DER, leaf first
	leaf  *pki.Certificate
	key   crypto.Signer
	kind  keyKind

	ocsp []byte   // the response to staple, DER; nil: none
	scts [][]byte // signed certificate timestamps
}

// AdoptOnce says that a child of fork has one copy, for all connections.
func (*certificate) AdoptOnce() {}

// keyKind is the slot that a certificate goes into: like OpenSSL, a Config has at most one of each kind.
type keyKind uint8

const (
	kindRSA keyKind = iota
	kindRSAPSS
	kindECDSA
	kindEd25519
	kindEd448
)

// ErrPassword is what UseCertificate returns when the key is encrypted and there is no password.
var ErrPassword = misuse(0, "the private key is encrypted and no password was given")

// UseCertificate sets our certificate chain (leaf first) and private key, each in PEM or DER. With a nil key the chain's
// PEM has it too, or the chain is a PKCS #12 file. password is called at most once, only if the key is encrypted; it may
// be nil. A second certificate with another kind of key is added, one with the same kind replaces. Nothing is changed if
// there is an error.
func (c *Config) UseCertificate(chain, key []byte, password func() ([]byte, error)) error {
	if key == nil && keyfile.IsPKCS12(chain) {
		return c.usePKCS12(chain, password)
	}
	ders, err := readChain(chain) // before a password is asked for
	if err != nil {
		return err
	}
	if key == nil {
		key = chain
	}
	signer, isPSS, err := keyfile.PrivateKey(key, passwordOr(password))
	if err != nil {
		if err == error(ErrPassword) {
			return err
		}
		return aboutKey(pemLib(err))
	}
	return c.use(ders, signer, isPSS)
}

// usePKCS12 takes the first certificate that is the key's for the leaf, wherever it stands; the others keep their order.
func (c *Config) usePKCS12(data []byte, password func() ([]byte, error)) error {
	ders, signer, isPSS, err := keyfile.PKCS12(data, passwordOr(password))
	if err != nil {
		return err
	}
	leaf := -1
	for i, der := range ders {
		cert, err := pki.ParseCertificate(der)
		if err != nil {
			return err
		}
		if leaf < 0 && keyfile.MatchesKey(cert.PublicKey, signer) == nil {
			leaf = i
		}
	}
	if leaf > 0 {
		ders = slices.Concat(ders[leaf:leaf+1], ders[:leaf], ders[leaf+1:])
	}
	return c.use(ders, signer, isPSS)
}

// readChain reads certificates, leaf first, of which all must be well formed.
func readChain(data []byte) ([][]byte, error) {
	if len(data) > 0 && data[0] == 0x30 {
		return readChainDER(data)
	}
	var ders [][]byte
	for _, e := range keyfile.Entries(data) {
		err := e.Err
		switch {
		case e.IsCRL:
			continue
		case err == nil && ders == nil: // OpenSSL takes what is behind a first certificate for its trust settings
			_, err = pki.ParseTrusted(e.Whole)
		case err == nil:
			_, err = pki.ParseTrusted(e.DER)
		}
		if err != nil && ders == nil {
			return nil, pemLib(err)
		}
		if err != nil {
			return nil, inPEM(err)
		}
		ders = append(ders, keyfile.WithoutTrust(e.DER))
	}
	if ders == nil {
		return nil, pemLib(alert.Input(alert.LibPEM, alert.ReasonPEMNoStartLine, "there is no certificate"))
	}
	return ders, nil
}

func readChainDER(data []byte) ([][]byte, error) {
	ders, err := keyfile.SplitDER(data)
	if err != nil {
		return nil, pemLib(err)
	}
	for _, der := range ders {
		if _, err := pki.ParseCertificate(der); err != nil {
			return nil, pemLib(err)
		}
	}
	return ders, nil
}

// aboutKey says that the private key is what is wrong. Callers who have it in a file of its own look for that word.
func aboutKey(err error) error {
	e := *asError(err)
	e.Text = "private key: " + e.Text
	return &e
}

// inPEM gives an error about what is in a PEM block the code that OpenSSL has for it, "[PEM] ASN1 lib".
func inPEM(err error) error {
	e := *asError(err)
	if e.Library == alert.LibASN1 {
		e.Library, e.Reason, e.Cause = alert.LibPEM, alert.AnyASN1Lib, err
	}
	return &e
}

// use adds a chain and its key if they belong together.
func (c *Config) use(ders [][]byte, signer crypto.Signer, isPSS bool) error {
	leaf, err := pki.ParseCertificate(ders[0])
	if err != nil {
		return err
	}
	if leaf.Malformed() {
		return alert.Input(alert.LibX509V3, alert.ReasonX509V3InvalidCertificate, "an extension of the certificate is malformed")
	}
	if leaf.PublicKey == nil {
		return alert.Input(alert.LibX509, alert.ReasonX509KeyTypeMismatch, "certificate has an unsupported public key")
	}
	if err := keyfile.MatchesKey(leaf.PublicKey, signer); err != nil {
		return aboutKey(err)
	}
	c.addCertificate(&certificate{chain: ders, leaf: leaf, key: signer, kind: kindOf(signer.Public(), isPSS || leaf.IsPSSKey)})
	return nil
}

// Staple sets the OCSP response (DER) and the signed certificate timestamps that a server sends with the certificate
// that UseCertificate set last, to clients that ask for them. Empty means none.
func (c *Config) Staple(ocsp []byte, scts [][]byte) error {
	n := len(c.certificates)
	if n == 0 {
		return misuse(alert.ReasonNoCertificateAssigned, "there is no certificate to staple to")
	}
	cert := *c.certificates[n-1]
	cert.ocsp, cert.scts = ocsp, scts
	c.certificates = append(append([]*certificate(nil), c.certificates[:n-1]...), &cert)
	return nil
}

// pemLib gives errors about the form of a file the code that CPython shows for them: "[SSL] PEM lib".
func pemLib(err error) error {
	e := asError(err)
	if e.Library != alert.LibPEM && e.Library != alert.LibASN1 && e.Library != alert.LibEVP &&
		e.Library != alert.LibDecoder && e.Library != alert.LibProv {
		return e
	}
	return &Error{Class: alert.Caller, Library: alert.LibSSL, Reason: alert.AnyPEMLib, Alert: alert.No,
		Text: e.Text, Cause: e}
}

func passwordOr(password func() ([]byte, error)) keyfile.PasswordFunc {
	if password == nil {
		return func() ([]byte, error) { return nil, ErrPassword }
	}
	return password
}

func (c *Config) addCertificate(n *certificate) {
	l := make([]*certificate, 0, len(c.certificates)+1)
	for _, old := range c.certificates {
		if old.kind != n.kind {
			l = append(l, old)
		}
	}
	c.certificates = append(l, n)
}

func kindOf(pub crypto.PublicKey, pss bool) keyKind {
	switch sigalg.KeyType(pub) {
	case sigalg.KeyECDSA:
		return kindECDSA
	case sigalg.KeyEd25519:
		return kindEd25519
	case sigalg.KeyEd448:
		return kindEd448
	}
	if pss {
		return kindRSAPSS
	}
	return kindRSA
}

// sendChain returns the chain to send: what was loaded, or, if only the leaf was, the leaf and what the trust store
// has above it. OpenSSL completes chains in the same way.
func (c *Config) sendChain(cert *certificate) [][]byte {
	if len(cert.chain) > 1 {
		return cert.chain
	}
	chain := cert.chain
	for _, above := range pki.BuildChain(cert.leaf, c.store, nil)[1:] {
		chain = append(chain[:len(chain):len(chain)], above.Raw)
	}
	return chain
}

// signing is a certificate together with the scheme that it is to sign with.
type signing struct {
	cert   *certificate
	scheme sigalg.Scheme
}

// chooseSigning picks our certificate and scheme for a peer that accepts those schemes, in the order of our
// preference; ok is false if none fits. fits narrows the certificates, for suites that name the key.
func (c *Conn) chooseSigning(peer []sigalg.Scheme, fits func(*certificate) bool) (signing, bool) {
	return c.cfg.chooseSigning(c.cfg.ownSigalgs(c.side), c.version, peer, fits)
}

func (c *Config) chooseSigning(ours []sigalg.Scheme, version uint16, peer []sigalg.Scheme, fits func(*certificate) bool) (signing, bool) {
	for _, s := range ours {
		if !contains(peer, s) || s.SecurityBits() < levelBits(c.securityLevel) {
			continue
		}
		for _, cert := range c.certificates {
			if fits(cert) && sigalg.CanSign(cert.key.Public(), cert.kind == kindRSAPSS, s, version) {
				return signing{cert, s}, true
			}
		}
	}
	return signing{}, false
}

// sigalgs returns the schemes that we accept and sign with, best first.
func (c *Config) sigalgs() []sigalg.Scheme {
	if c.peerSigalgs != nil {
		return c.peerSigalgs
	}
	return sigalg.Default()
}

// ownSigalgs returns the schemes that a side signs with, best first: a client has a list of its own if
// SetClientSigalgs was called.
func (c *Config) ownSigalgs(side Side) []sigalg.Scheme {
	if side == Client && c.clientSigalgs != nil {
		return c.clientSigalgs
	}
	return c.sigalgs()
}

// offeredSigalgs returns what a side tells its peer that it accepts: what the security level and some version allow.
// A server has a list of its own if SetClientSigalgs was called.
func (c *Config) offeredSigalgs(side Side) []sigalg.Scheme {
	if c.frozen {
		return c.acceptedSigalgs[side]
	}
	all, versions := c.sigalgs(), c.versions()
	if side == Server && c.clientSigalgs != nil {
		all = c.clientSigalgs
	}
	l := make([]sigalg.Scheme, 0, len(all))
	for _, s := range all {
		if s.SecurityBits() < levelBits(c.securityLevel) {
			continue
		}
		for _, v := range versions {
			if s.AllowedAt(v) {
				l = append(l, s)
				break
			}
		}
	}
	return l
}

// levelBits returns the least security strength in bits at an OpenSSL security level.
func levelBits(level int) int {
	return [...]int{0, 80, 112, 128, 192, 256}[min(max(level, 0), 5)]
}

func contains[T comparable](l []T, x T) bool {
	for _, v := range l {
		if v == x {
			return true
		}
	}
	return false
}
