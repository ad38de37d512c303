package record

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/rand"
	_ "crypto/sha1" // the MACs, for crypto.Hash
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"hash"
	"io"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/suite"
)

// cbcState protects records with a MAC and AES-CBC, or with a MAC alone (RFC 5246 sections 6.2.3.1 and 6.2.3.2).
type cbcState struct {
	hash      crypto.Hash
	mac       hash.Hash
	secret    *secretLengthMAC // opens MAC-then-encrypt
	mode      blockMode        // nil: no encryption
	blockLen  int
	explicit  bool // TLS 1.1 and later: each record brings its IV
	etm       bool
	sum, work []byte // scratch
}

// blockMode is what the standard library's CBC modes are.
type blockMode interface {
	cipher.BlockMode
	SetIV(iv []byte)
}

var macHashes = map[suite.MAC]crypto.Hash{
	suite.MACSHA1: crypto.SHA1, suite.MACSHA256: crypto.SHA256, suite.MACSHA384: crypto.SHA384,
}

func newCBC(version uint16, s *suite.Suite, macKey, key, iv []byte, etm, sealing bool) (*cbcState, error) {
	h, ok := macHashes[s.MAC]
	if !ok {
		return nil, alert.New(alert.Internal, alert.ReasonUnknownCipherType, alert.InternalError, "suite has no MAC")
	}
	c := &cbcState{hash: h, mac: hmac.New(h.New, macKey), blockLen: 1,
		sum: make([]byte, 0, 64), work: make([]byte, 64)}
	if s.Enc == suite.EncNull {
		return c, nil
	}
	newCipher := aes.NewCipher
	if s.Enc == suite.Enc3DES {
		newCipher = des.NewTripleDESCipher
	}
	block, err := newCipher(key)
	if err != nil {
		return nil, err
	}
	c.blockLen, c.explicit, c.etm = block.BlockSize(), version >= version11, etm
	if !sealing && !etm {
		c.secret = newSecretLengthMAC(h, macKey)
	}
	if c.explicit {
		iv = make([]byte, c.blockLen)
	}
	if sealing {
		c.mode = cipher.NewCBCEncrypter(block, iv).(blockMode)
	} else {
		c.mode = cipher.NewCBCDecrypter(block, iv).(blockMode)
	}
	return c, nil
}

// overhead is the most that a record grows by: an IV, a MAC, a block of padding.
func (c *cbcState) overhead() int { return 2*c.blockLen + c.hash.Size() }

// sealCBC protects a fragment: MAC then encrypt, or the other way round (RFC 7366).
func (h *Half) sealCBC(dst []byte, typ ContentType, fragment []byte) ([]byte, error) {
	c := h.cbc
	ivLen := 0
	if c.explicit {
		ivLen = c.blockLen
	}
	macLen := c.hash.Size()
	content := len(fragment)
	if !c.etm {
		content += macLen
	}
	padded := content
	if c.mode != nil {
		padded = (content/c.blockLen + 1) * c.blockLen
	}
	total := ivLen + padded
	if c.etm {
		total += macLen
	}
	dst, b := extend(dst, HeaderLen+total)
	putHeader(b, typ, h.version, total)
	body := b[HeaderLen:]
	if _, err := io.ReadFull(rand.Reader, body[:ivLen]); err != nil {
		return dst[:len(dst)-len(b)], err
	}
	plain := body[ivLen : ivLen+padded]
	copy(plain, fragment)
	if !c.etm {
		copy(plain[len(fragment):], c.macOf(h.additionalData(typ, len(fragment)), fragment))
	}
	for i := content; i < padded; i++ {
		plain[i] = byte(padded - content - 1)
	}
	if c.mode != nil {
		if c.explicit {
			c.mode.SetIV(body[:ivLen])
		}
		c.mode.CryptBlocks(plain, plain)
	}
	if c.etm {
		copy(body[ivLen+padded:], c.macOf(h.additionalData(typ, ivLen+padded), body[:ivLen+padded]))
	}
	h.next()
	return dst, nil
}

// macOf is the MAC over header and data (RFC 5246 section 6.2.3.1).
func (c *cbcState) macOf(header, data []byte) []byte {
	c.mac.Reset()
	c.mac.Write(header)
	c.mac.Write(data)
	c.sum = c.mac.Sum(c.sum[:0])
	return c.sum
}

func (h *Half) openCBC(hdr Header, body []byte) (ContentType, []byte, error) {
	c := h.cbc
	var plain []byte
	var err error
	switch {
	case c.mode == nil:
		plain, err = h.openMACOnly(hdr, body)
	case c.etm:
		plain, err = h.openEtM(hdr, body)
	default:
		plain, err = h.openMtE(hdr, body)
	}
	if err != nil {
		return 0, nil, err
	}
	if len(plain) > MaxPlaintext {
		return 0, nil, tooLong()
	}
	h.next()
	return hdr.Type, plain, nil
}

func (h *Half) openMACOnly(hdr Header, body []byte) ([]byte, error) {
	n := len(body) - h.cbc.hash.Size()
	if n < 0 || !hmac.Equal(h.cbc.macOf(h.additionalData(hdr.Type, n), body[:n]), body[n:]) {
		return nil, badMAC()
	}
	return body[:n], nil
}

// openEtM checks the MAC over the ciphertext first, so that nothing about the plaintext can leak (RFC 7366 section 3).
func (h *Half) openEtM(hdr Header, body []byte) ([]byte, error) {
	c := h.cbc
	n := len(body) - c.hash.Size()
	if n < 0 || !hmac.Equal(c.macOf(h.additionalData(hdr.Type, n), body[:n]), body[n:]) {
		return nil, badMAC()
	}
	plain, ok := c.decrypt(body[:n])
	if !ok || len(plain) == 0 {
		return nil, badMAC()
	}
	padLen, good := paddingOf(plain)
	if good != 1 {
		return nil, badMAC()
	}
	return plain[:len(plain)-padLen-1], nil
}

// decrypt decrypts in place and returns what is behind the IV.
func (c *cbcState) decrypt(body []byte) ([]byte, bool) {
	if c.explicit {
		if len(body) < c.blockLen {
			return nil, false
		}
		c.mode.SetIV(body[:c.blockLen])
		body = body[c.blockLen:]
	}
	if len(body)%c.blockLen != 0 {
		return nil, false
	}
	c.mode.CryptBlocks(body, body)
	return body, true
}

// openMtE decrypts, then checks padding and MAC without telling by its time which was wrong or how long the padding
// is (RFC 5246 section 6.2.3.2; AlFardan and Paterson, "Lucky Thirteen", 2013).
func (h *Half) openMtE(hdr Header, body []byte) ([]byte, error) {
	c := h.cbc
	plain, ok := c.decrypt(body)
	macLen := c.hash.Size()
	if !ok || len(plain) < macLen+1 {
		return nil, badMAC()
	}
	padLen, good := paddingOf(plain)
	// Padding that leaves no room for a MAC is bad; go on as if there were none.
	room := subtle.ConstantTimeLessOrEq(padLen+1+macLen, len(plain))
	good &= room
	padLen = subtle.ConstantTimeSelect(good, padLen, 0)
	n := len(plain) - 1 - padLen - macLen

	theirs := c.extractMAC(plain, n)
	ours := c.secret.sum(h.additionalData(hdr.Type, n), plain, n, len(plain)-1-macLen)
	good &= subtle.ConstantTimeCompare(theirs, ours)
	if good != 1 {
		return nil, badMAC()
	}
	return plain[:n], nil
}

// paddingOf returns the length of the padding without its length byte, and 1 if all of it has the right value. It reads
// the same bytes whatever they are.
func paddingOf(plain []byte) (padLen, good int) {
	last := plain[len(plain)-1]
	padLen = int(last)
	check := min(256, len(plain))
	bad := byte(0)
	for i := 1; i <= check; i++ {
		inPadding := byte(subtle.ConstantTimeLessOrEq(i, padLen+1))
		bad |= -inPadding & (plain[len(plain)-i] ^ last)
	}
	fits := subtle.ConstantTimeLessOrEq(padLen+1, len(plain))
	return padLen, subtle.ConstantTimeByteEq(bad, 0) & fits
}

// extractMAC copies the MAC at the secret offset n, touching the same bytes for every n.
func (c *cbcState) extractMAC(plain []byte, n int) []byte {
	macLen := c.hash.Size()
	rotated := c.work[:macLen]
	clear(rotated)
	start := max(0, len(plain)-macLen-256)
	rotation, j := 0, 0
	for i := start; i < len(plain); i++ {
		inside := subtle.ConstantTimeLessOrEq(n, i) & subtle.ConstantTimeLessOrEq(i+1, n+macLen)
		rotated[j] |= byte(-inside) & plain[i]
		rotation |= j & -subtle.ConstantTimeEq(int32(i), int32(n))
		if j++; j == macLen {
			j = 0
		}
	}
	return rotateLeft(rotated, rotation)
}

// rotateLeft rotates by a secret amount, one bit of it at a time.
func rotateLeft(b []byte, by int) []byte {
	var from [64]byte
	for bit := 1; bit < len(b); bit <<= 1 {
		copy(from[:], b)
		set := subtle.ConstantTimeEq(int32(by&bit), int32(bit))
		for i := range b {
			b[i] = byte(subtle.ConstantTimeSelect(set, int(from[(i+bit)%len(b)]), int(b[i])))
		}
	}
	return b
}
