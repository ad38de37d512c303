package group

import (
	"bytes"
	"crypto/subtle"
	"io"

	"filippo.io/bigmod"
	"github.com/gossl/gossl/core/internal/alert"
)

// DHParams is a finite-field Diffie-Hellman group: a safe prime and a generator, big endian.
type DHParams struct{ P, G []byte }

// DHKey is an ephemeral key in such a group.
type DHKey struct {
	params *DHParams
	m      *bigmod.Modulus
	x      []byte
	public []byte
}

// exponentLen is the length of private exponents in bytes: twice the strength of the largest group that TLS uses,
// and more than RFC 7919 section 5.2 asks for each of them.
const exponentLen = 512 / 8

// maxPrimeLen bounds what a peer can make us compute: OpenSSL's limit of 10,000 bits.
const maxPrimeLen = 10000 / 8

// Generate makes an ephemeral key.
func (p *DHParams) Generate(rand io.Reader) (*DHKey, error) {
	if len(p.P) > maxPrimeLen {
		return nil, badGroup()
	}
	m, err := bigmod.NewModulus(p.P)
	if err != nil {
		return nil, badGroup()
	}
	g, err := bigmod.NewNat().SetBytes(p.G, m)
	if err != nil || g.IsZero() == 1 || g.IsOne() == 1 {
		return nil, badGroup()
	}
	k := &DHKey{params: p, m: m, x: make([]byte, min(exponentLen, len(bytes.TrimLeft(p.P, "\x00"))-1))}
	if len(k.x) < 16 {
		return nil, badGroup()
	}
	if _, err := io.ReadFull(rand, k.x); err != nil {
		return nil, err
	}
	k.public = bigmod.NewNat().Exp(g, k.x, m).Bytes(m)
	return k, nil
}

func badGroup() error {
	return alert.Misbehaved(alert.ReasonBadDHValue, alert.IllegalParameter, "malformed Diffie-Hellman group")
}

// Public returns our public value, as long as the prime.
func (k *DHKey) Public() []byte { return k.public }

// Secret returns the shared secret without leading zeros, as TLS 1.2 wants it (RFC 5246 section 8.1.2).
func (k *DHKey) Secret(peerPublic []byte) ([]byte, error) {
	s, err := k.secret(peerPublic)
	if err != nil {
		return nil, err
	}
	return bytes.TrimLeft(s, "\x00"), nil
}

// secret returns the shared secret, as long as the prime (RFC 9846 section 7.4.1). The peer's value must be in
// 2..p-2 (RFC 7919 section 5.1).
func (k *DHKey) secret(peerPublic []byte) ([]byte, error) {
	y, err := bigmod.NewNat().SetBytes(bytes.TrimLeft(peerPublic, "\x00"), k.m)
	if err != nil || y.IsZero() == 1 || y.IsOne() == 1 || isMinusOne(y.Bytes(k.m), k.params.P) {
		return nil, alert.Misbehaved(alert.ReasonBadDHValue, alert.IllegalParameter,
			"peer's Diffie-Hellman value is out of range")
	}
	return bigmod.NewNat().Exp(y, k.x, k.m).Bytes(k.m), nil
}

// isMinusOne reports whether y is p-1. p is odd, so p-1 differs from it in the last bit only.
func isMinusOne(y, p []byte) bool {
	m := bytes.Clone(bytes.TrimLeft(p, "\x00"))
	m[len(m)-1] &^= 1
	return subtle.ConstantTimeCompare(y, m) == 1
}

// ffdhe is a group of RFC 7919.
type ffdhe struct{ id ID }

type ffdheKey struct{ *DHKey }

func (f ffdhe) generate(rand io.Reader) (keyPair, error) {
	k, err := FFDHEParams(f.id).Generate(rand)
	if err != nil {
		return nil, err
	}
	return ffdheKey{k}, nil
}

func (f ffdhe) respond(rand io.Reader, peer []byte) (share, secret []byte, err error) {
	return dh(f, rand, peer)
}

func (k ffdheKey) share() []byte { return k.public }

func (k ffdheKey) finish(peer []byte) ([]byte, error) {
	if len(peer) != len(k.public) { // RFC 9846 section 4.2.8.1: padded to the size of p
		return nil, badShare(nil)
	}
	return k.secret(peer)
}
