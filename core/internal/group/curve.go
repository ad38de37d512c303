package group

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"io"
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

// curve is ECDH over a NIST curve, the standard library's. Points are uncompressed (RFC 9846 section 4.2.8.2).
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
