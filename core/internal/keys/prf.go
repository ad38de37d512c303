package keys

import "crypto"

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
type PRF struct{ macs []*mac } // one, or MD5's and SHA-1's

// NewPRF returns the PRF of a version, which from TLS 1.2 on is that of a hash.
func NewPRF(version uint16, h crypto.Hash, secret []byte) *PRF {
	if version >= version12 {
		return &PRF{[]*mac{newMAC(h, secret)}}
	}
	half := (len(secret) + 1) / 2
	return &PRF{[]*mac{newMAC(crypto.MD5, secret[:half]), newMAC(crypto.SHA1, secret[len(secret)-half:])}}
}

// MasterSecret is RFC 5246 section 8.1, of a PRF under the premaster secret.
func (p *PRF) MasterSecret(clientRandom, serverRandom []byte) []byte {
	return p.derive(labelMaster, concat(clientRandom, serverRandom), masterLen)
}

// ExtendedMasterSecret is RFC 7627 section 4, with the hash of the messages through ClientKeyExchange, of a PRF under the
// premaster secret.
func (p *PRF) ExtendedMasterSecret(sessionHash []byte) []byte {
	return p.derive(labelExtendedMaster, sessionHash, masterLen)
}

// KeyBlock is RFC 5246 section 6.3, of a PRF under the master secret, as are those below. The server's random comes first
// here.
func (p *PRF) KeyBlock(clientRandom, serverRandom []byte, n int) []byte {
	return p.derive(labelKeyExpansion, concat(serverRandom, clientRandom), n)
}

// FinishedVerifyData is RFC 5246 section 7.4.9, over the transcript so far.
func (p *PRF) FinishedVerifyData(isClient bool, t *Transcript) []byte {
	label := labelServerFinished
	if isClient {
		label = labelClientFinished
	}
	return p.derive(label, t.Sum(), finishedLen)
}

// Export is RFC 5705 section 4.
func (p *PRF) Export(clientRandom, serverRandom []byte, label string, context []byte, hasContext bool, n int) []byte {
	seed := concat(clientRandom, serverRandom)
	if hasContext {
		seed = append(seed, byte(len(context)>>8), byte(len(context)))
		seed = append(seed, context...)
	}
	return p.derive(label, seed, n)
}

func concat(a, b []byte) []byte { return append(append(make([]byte, 0, len(a)+len(b)), a...), b...) }

func (p *PRF) derive(label string, seed []byte, n int) []byte {
	labelSeed := concat([]byte(label), seed)
	out := make([]byte, n)
	pHash(out, p.macs[0], labelSeed)
	if len(p.macs) > 1 {
		second := make([]byte, n)
		pHash(second, p.macs[1], labelSeed)
		for i := range out {
			out[i] ^= second[i]
		}
	}
	return out
}

// pHash is P_hash of RFC 5246 section 5, with the mac of the secret.
func pHash(out []byte, m *mac, seed []byte) {
	a := make([]byte, 0, 2*m.h.Size()) // A(i), and room for a block of the output
	for input := seed; len(out) > 0; input = a {
		a = m.sum(a[:0], input, nil)
		out = out[copy(out, m.sum(a, a, seed)[len(a):]):]
	}
}
