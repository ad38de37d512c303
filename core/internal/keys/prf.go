package keys

import (
	"crypto"
	"crypto/subtle"
)

// Labels of RFC 5246 sections 6.3, 7.4.9 and 8.1, and RFC 7627 section 4.
const (
	labelMaster         = "master secret"
	labelExtendedMaster = "extended master secret"
	labelKeyExpansion   = "key expansion"
	labelClientFinished = "client finished"
	labelServerFinished = "server finished"
)

const (
	masterLen   = 48
	finishedLen = 12
	version12   = 0x0303
)

// PRF is the PRF of a version (RFC 5246 section 5, or RFC 2246 section 5 with MD5 and SHA-1) under one secret. HMAC is keyed
// once for all that is derived from it.
type PRF struct{ first, second mac } // the second is SHA-1's, beside MD5's

// NewPRF returns the PRF of a version, which from TLS 1.2 on is that of a hash.
func NewPRF(version uint16, h crypto.Hash, secret []byte) *PRF {
	if version >= version12 {
		return &PRF{first: newMAC(h, secret)}
	}
	half := (len(secret) + 1) / 2
	return &PRF{newMAC(crypto.MD5, secret[:half]), newMAC(crypto.SHA1, secret[len(secret)-half:])}
}

// MasterSecret is RFC 5246 section 8.1, of a PRF under the premaster secret.
func (p *PRF) MasterSecret(clientRandom, serverRandom []byte) []byte {
	return p.derive(labelMaster, clientRandom, serverRandom, masterLen)
}

// ExtendedMasterSecret is RFC 7627 section 4, with the hash of the messages through ClientKeyExchange, of a PRF under the
// premaster secret.
func (p *PRF) ExtendedMasterSecret(sessionHash []byte) []byte {
	return p.derive(labelExtendedMaster, sessionHash, nil, masterLen)
}

// KeyBlock is RFC 5246 section 6.3, of a PRF under the master secret, as are those below. The server's random comes first
// here.
func (p *PRF) KeyBlock(clientRandom, serverRandom []byte, n int) []byte {
	return p.derive(labelKeyExpansion, serverRandom, clientRandom, n)
}

// FinishedVerifyData is RFC 5246 section 7.4.9, over the transcript so far.
func (p *PRF) FinishedVerifyData(isClient bool, t *Transcript) []byte {
	label := labelServerFinished
	if isClient {
		label = labelClientFinished
	}
	return p.derive(label, t.Sum(), nil, finishedLen)
}

// Export is RFC 5705 section 4.
func (p *PRF) Export(clientRandom, serverRandom []byte, label string, context []byte, hasContext bool, n int) []byte {
	seed := append([]byte(nil), serverRandom...)
	if hasContext {
		seed = append(seed, byte(len(context)>>8), byte(len(context)))
		seed = append(seed, context...)
	}
	return p.derive(label, clientRandom, seed, n)
}

// derive gives n bytes of a label and a seed in two parts.
func (p *PRF) derive(label string, seed, more []byte, n int) []byte {
	s := scratchOf(p.first.h)
	defer s.done()
	out, labelSeed := make([]byte, n), append(append(append(s.info[:0], label...), seed...), more...)
	s.pHash(out, &p.first, labelSeed)
	if p.second.h != 0 {
		other := scratchOf(p.second.h)
		defer other.done()
		second := make([]byte, n)
		other.pHash(second, &p.second, labelSeed)
		subtle.XORBytes(out, out, second)
	}
	return out
}

// pHash is P_hash of RFC 5246 section 5, with the mac of the secret.
func (s *scratch) pHash(out []byte, m *mac, seed []byte) {
	a := s.a[:0] // A(i), and room for a block of the output
	for input := seed; len(out) > 0; input = a {
		a = s.sum(m, a[:0], input, nil)
		out = out[copy(out, s.sum(m, a, a, seed)[len(a):]):]
	}
}
