package group

import (
	"io"

	"filippo.io/edwards25519"
	x25519lib "github.com/cloudflare/circl/dh/x25519"
	x448lib "github.com/cloudflare/circl/dh/x448"
)

// x25519 is RFC 7748 section 5's function. crypto/ecdh has it too, but derives every public key by the ladder, which
// takes as long as a shared secret: here the public key is a multiple of the fixed base point, in tables, on the
// birationally equivalent Edwards curve (section 4.1), and the ladder is circl's, which is faster on processors with
// ADX. All of it runs in constant time.
type x25519 struct{}

type x25519Key struct {
	private x25519lib.Key
	public  []byte
}

func (x25519) generate(rand io.Reader) (keyPair, error) {
	k := &x25519Key{}
	if _, err := io.ReadFull(rand, k.private[:]); err != nil {
		return nil, err
	}
	s, err := edwards25519.NewScalar().SetBytesWithClamping(k.private[:])
	if err != nil {
		return nil, err
	}
	k.public = new(edwards25519.Point).ScalarBaseMult(s).BytesMontgomery()
	return k, nil
}

func (a x25519) respond(rand io.Reader, peer []byte) (share, secret []byte, err error) {
	return dh(a, rand, peer)
}

func (k *x25519Key) share() []byte { return k.public }

func (k *x25519Key) finish(peer []byte) ([]byte, error) {
	var secret, pub x25519lib.Key
	if len(peer) != len(pub) {
		return nil, badShare(nil)
	}
	copy(pub[:], peer)
	if !x25519lib.Shared(&secret, &k.private, &pub) { // an all-zero secret (RFC 9846 section 7.4.2)
		return nil, badShare(nil)
	}
	return secret[:], nil
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
