// Package group owns the named groups of TLS (RFC 9846 section 4.2.7): elliptic curves, finite fields and hybrids with
// ML-KEM, behind one pair of operations. The arithmetic is the standard library's, circl's (X448) and bigmod's.
//
//	initiator                 responder
//	Generate ── Share() ────► Respond ──► secret
//	Finish ◄─── share ────────┘
package group

import (
	"io"
	"strconv"

	"github.com/gossl/gossl/core/internal/alert"
)

// ID is a NamedGroup (RFC 9846 section 4.2.7).
type ID uint16

// The groups that the engine has.
const (
	P256               ID = 23
	P384               ID = 24
	P521               ID = 25
	X25519             ID = 29
	X448               ID = 30
	FFDHE2048          ID = 256
	FFDHE3072          ID = 257
	FFDHE4096          ID = 258
	FFDHE6144          ID = 259
	FFDHE8192          ID = 260
	SecP256r1MLKEM768  ID = 0x11eb
	X25519MLKEM768     ID = 0x11ec
	SecP384r1MLKEM1024 ID = 0x11ed
)

// String returns the name in IANA's registry.
func (id ID) String() string {
	if g := Lookup(id); g != nil {
		return g.Name
	}
	return "group " + strconv.Itoa(int(id))
}

type kind uint8

const (
	kindEC kind = iota
	kindFF
	kindHybrid
)

// Group is one named group.
type Group struct {
	ID   ID
	Name string // as OpenSSL 3 prints it
	bits int    // security strength
	kind kind
	alg  algorithm
}

// algorithm is what a group can do.
type algorithm interface {
	generate(rand io.Reader) (keyPair, error)
	respond(rand io.Reader, peer []byte) (share, secret []byte, err error)
}

// keyPair is an initiator's ephemeral key.
type keyPair interface {
	share() []byte
	finish(peer []byte) ([]byte, error)
}

// SecurityBits returns the strength in bits (NIST SP 800-57 part 1, table 2).
func (g *Group) SecurityBits() int { return g.bits }

// IsEC reports whether the group is an elliptic curve, as TLS 1.2's ECDHE needs.
func (g *Group) IsEC() bool { return g.kind == kindEC }

// IsFFDHE reports whether the group is a finite field of RFC 7919.
func (g *Group) IsFFDHE() bool { return g.kind == kindFF }

// IsHybrid reports whether the group combines a curve with ML-KEM.
func (g *Group) IsHybrid() bool { return g.kind == kindHybrid }

// Key is an initiator's ephemeral private key.
type Key struct{ pair keyPair }

// Generate makes an ephemeral key.
func (g *Group) Generate(rand io.Reader) (*Key, error) {
	pair, err := g.alg.generate(rand)
	if err != nil {
		return nil, err
	}
	return &Key{pair}, nil
}

// Share returns the key_exchange bytes to send.
func (k *Key) Share() []byte { return k.pair.share() }

// Finish returns the shared secret with the responder's key_exchange.
func (k *Key) Finish(peerShare []byte) ([]byte, error) { return k.pair.finish(peerShare) }

// Respond returns our key_exchange and the shared secret for an initiator's key_exchange.
func (g *Group) Respond(rand io.Reader, peerShare []byte) (share, secret []byte, err error) {
	return g.alg.respond(rand, peerShare)
}

// badShare is the error of a key_exchange that is no element of the group.
func badShare(cause error) error {
	e := alert.Misbehaved(alert.ReasonBadEcpoint, alert.IllegalParameter, "peer's key share is malformed")
	e.Cause = cause
	return e
}

// dh makes a responder out of an initiator, for groups in which both do the same.
func dh(a algorithm, rand io.Reader, peer []byte) (share, secret []byte, err error) {
	pair, err := a.generate(rand)
	if err != nil {
		return nil, nil, err
	}
	secret, err = pair.finish(peer)
	if err != nil {
		return nil, nil, err
	}
	return pair.share(), secret, nil
}
