package keys

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"hash"
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

// MasterSecret is RFC 5246 section 8.1.
func MasterSecret(version uint16, h crypto.Hash, preMaster, clientRandom, serverRandom []byte) []byte {
	return prf(version, h, preMaster, labelMaster, concat(clientRandom, serverRandom), masterLen)
}

// ExtendedMasterSecret is RFC 7627 section 4, with the hash of the messages through ClientKeyExchange.
func ExtendedMasterSecret(version uint16, h crypto.Hash, preMaster, sessionHash []byte) []byte {
	return prf(version, h, preMaster, labelExtendedMaster, sessionHash, masterLen)
}

// KeyBlock is RFC 5246 section 6.3. The server's random comes first here.
func KeyBlock(version uint16, h crypto.Hash, master, clientRandom, serverRandom []byte, n int) []byte {
	return prf(version, h, master, labelKeyExpansion, concat(serverRandom, clientRandom), n)
}

// FinishedVerifyData is RFC 5246 section 7.4.9, over the transcript so far.
func FinishedVerifyData(version uint16, h crypto.Hash, master []byte, isClient bool, t *Transcript) []byte {
	label := labelServerFinished
	if isClient {
		label = labelClientFinished
	}
	return prf(version, h, master, label, t.Sum(), finishedLen)
}

// Exporter12 is RFC 5705 section 4.
func Exporter12(version uint16, h crypto.Hash, master, clientRandom, serverRandom []byte, label string,
	context []byte, hasContext bool, n int) []byte {
	seed := concat(clientRandom, serverRandom)
	if hasContext {
		seed = append(seed, byte(len(context)>>8), byte(len(context)))
		seed = append(seed, context...)
	}
	return prf(version, h, master, label, seed, n)
}

func concat(a, b []byte) []byte { return append(append(make([]byte, 0, len(a)+len(b)), a...), b...) }

// prf is the PRF of the version: RFC 5246 section 5, or RFC 2246 section 5 with MD5 and SHA-1.
func prf(version uint16, h crypto.Hash, secret []byte, label string, seed []byte, n int) []byte {
	labelSeed := concat([]byte(label), seed)
	out := make([]byte, n)
	if version >= version12 {
		pHash(out, h.New, secret, labelSeed)
		return out
	}
	half := (len(secret) + 1) / 2
	pHash(out, md5.New, secret[:half], labelSeed)
	second := make([]byte, n)
	pHash(second, sha1.New, secret[len(secret)-half:], labelSeed)
	for i := range out {
		out[i] ^= second[i]
	}
	return out
}

// pHash is P_hash of RFC 5246 section 5.
func pHash(out []byte, newHash func() hash.Hash, secret, seed []byte) {
	mac := hmac.New(newHash, secret)
	mac.Write(seed)
	a := mac.Sum(nil)
	for len(out) > 0 {
		mac.Reset()
		mac.Write(a)
		mac.Write(seed)
		out = out[copy(out, mac.Sum(nil)):]
		mac.Reset()
		mac.Write(a)
		a = mac.Sum(nil)
	}
}
