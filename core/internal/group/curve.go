package group

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"io"

	x448lib "github.com/cloudflare/circl/dh/x448"
)

// OfCurve returns the group of one of NIST's curves, 0 for any other curve.
func OfCurve(c elliptic.Curve) ID {
	switch c {
	case elliptic.P256():
		return P256
	case elliptic.P384():
		return P384
	case elliptic.P521():
		return P521
	}
	return 0
}

// curve is ECDH over a curve of the standard library. Points are uncompressed (RFC 9846 section 4.2.8.2), and an
// all-zero X25519 secret is refused by crypto/ecdh (section 7.4.2).
type curve struct{ ecdh.Curve }

type curveKey struct {
	curve ecdh.Curve
	key   *ecdh.PrivateKey
}

func (c curve) generate(rand io.Reader) (keyPair, error) {
	key, err := c.GenerateKey(rand)
	if err != nil {
		return nil, err
	}
	return curveKey{c.Curve, key}, nil
}

func (c curve) respond(rand io.Reader, peer []byte) (share, secret []byte, err error) {
	return dh(c, rand, peer)
}

func (k curveKey) share() []byte { return k.key.PublicKey().Bytes() }

func (k curveKey) finish(peer []byte) ([]byte, error) {
	pub, err := k.curve.NewPublicKey(peer)
	if err != nil {
		return nil, badShare(err)
	}
	secret, err := k.key.ECDH(pub)
	if err != nil {
		return nil, badShare(err)
	}
	return secret, nil
}

// x448 is RFC 7748's larger curve, which the standard library lacks.
type x448 struct{}

type x448Key struct{ private, public x448lib.Key }

func (x448) generate(rand io.Reader) (keyPair, error) {
	k := &x448Key{}
	if _, err := io.ReadFull(rand, k.private[:]); err != nil {
		return nil, err
	}
	x448lib.KeyGen(&k.public, &k.private)
	return k, nil
}

func (a x448) respond(rand io.Reader, peer []byte) (share, secret []byte, err error) {
	return dh(a, rand, peer)
}

func (k *x448Key) share() []byte { return k.public[:] }

func (k *x448Key) finish(peer []byte) ([]byte, error) {
	var secret, pub x448lib.Key
	if len(peer) != len(pub) {
		return nil, badShare(nil)
	}
	copy(pub[:], peer)
	if !x448lib.Shared(&secret, &k.private, &pub) { // an all-zero secret (RFC 9846 section 7.4.2)
		return nil, badShare(nil)
	}
	return secret[:], nil
}
