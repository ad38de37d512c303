package group

import (
	"crypto/mlkem"
	"io"
)

// hybrid concatenates a curve and a KEM (draft-ietf-tls-ecdhe-mlkem): secrets and shares in the same order, which is
// the KEM's first for X25519MLKEM768 and the curve's first for the NIST curves.
type hybrid struct {
	curve    algorithm
	kem      kem
	kemFirst bool
}

// kem is a key encapsulation mechanism with shares of fixed lengths.
type kem interface {
	generate() (kemKey, error)
	encapsulate(key []byte) (secret, ciphertext []byte, err error)
	keyLen() int
	ciphertextLen() int
}

type kemKey interface {
	public() []byte
	decapsulate(ciphertext []byte) ([]byte, error)
}

type hybridKey struct {
	h     hybrid
	curve keyPair
	kem   kemKey
}

func (h hybrid) generate(rand io.Reader) (keyPair, error) {
	c, err := h.curve.generate(rand)
	if err != nil {
		return nil, err
	}
	k, err := h.kem.generate()
	if err != nil {
		return nil, err
	}
	return hybridKey{h, c, k}, nil
}

func (k hybridKey) share() []byte { return k.h.join(k.curve.share(), k.kem.public()) }

func (k hybridKey) finish(peer []byte) ([]byte, error) {
	point, ciphertext, ok := k.h.split(peer, k.h.kem.ciphertextLen())
	if !ok {
		return nil, badShare(nil)
	}
	c, err := k.curve.finish(point)
	if err != nil {
		return nil, err
	}
	s, err := k.kem.decapsulate(ciphertext)
	if err != nil {
		return nil, badShare(err)
	}
	return k.h.join(c, s), nil
}

func (h hybrid) respond(rand io.Reader, peer []byte) (share, secret []byte, err error) {
	point, key, ok := h.split(peer, h.kem.keyLen())
	if !ok {
		return nil, nil, badShare(nil)
	}
	ours, c, err := dh(h.curve, rand, point)
	if err != nil {
		return nil, nil, err
	}
	s, ciphertext, err := h.kem.encapsulate(key)
	if err != nil {
		return nil, nil, badShare(err)
	}
	return h.join(ours, ciphertext), h.join(c, s), nil
}

func (h hybrid) join(curve, kem []byte) []byte {
	if h.kemFirst {
		return append(append(make([]byte, 0, len(curve)+len(kem)), kem...), curve...)
	}
	return append(append(make([]byte, 0, len(curve)+len(kem)), curve...), kem...)
}

func (h hybrid) split(b []byte, kemLen int) (curve, kem []byte, ok bool) {
	if len(b) < kemLen {
		return nil, nil, false
	}
	if h.kemFirst {
		return b[kemLen:], b[:kemLen], true
	}
	return b[:len(b)-kemLen], b[len(b)-kemLen:], true
}

type mlkem768 struct{}

type mlkem768Key struct{ key *mlkem.DecapsulationKey768 }

func (mlkem768) keyLen() int        { return mlkem.EncapsulationKeySize768 }
func (mlkem768) ciphertextLen() int { return mlkem.CiphertextSize768 }

func (mlkem768) generate() (kemKey, error) {
	k, err := mlkem.GenerateKey768()
	return mlkem768Key{k}, err
}

func (mlkem768) encapsulate(key []byte) (secret, ciphertext []byte, err error) {
	k, err := mlkem.NewEncapsulationKey768(key)
	if err != nil {
		return nil, nil, err
	}
	secret, ciphertext = k.Encapsulate()
	return secret, ciphertext, nil
}

func (k mlkem768Key) public() []byte { return k.key.EncapsulationKey().Bytes() }
func (k mlkem768Key) decapsulate(ciphertext []byte) ([]byte, error) {
	return k.key.Decapsulate(ciphertext)
}

type mlkem1024 struct{}

type mlkem1024Key struct{ key *mlkem.DecapsulationKey1024 }

func (mlkem1024) keyLen() int        { return mlkem.EncapsulationKeySize1024 }
func (mlkem1024) ciphertextLen() int { return mlkem.CiphertextSize1024 }

func (mlkem1024) generate() (kemKey, error) {
	k, err := mlkem.GenerateKey1024()
	return mlkem1024Key{k}, err
}

func (mlkem1024) encapsulate(key []byte) (secret, ciphertext []byte, err error) {
	k, err := mlkem.NewEncapsulationKey1024(key)
	if err != nil {
		return nil, nil, err
	}
	secret, ciphertext = k.Encapsulate()
	return secret, ciphertext, nil
}

func (k mlkem1024Key) public() []byte { return k.key.EncapsulationKey().Bytes() }
func (k mlkem1024Key) decapsulate(ciphertext []byte) ([]byte, error) {
	return k.key.Decapsulate(ciphertext)
}
