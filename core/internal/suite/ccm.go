package suite

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// ccm is AES-CCM (NIST SP 800-38C, RFC 6655) with nonces of 12 bytes, thus messages of up to 2^24-1 bytes. The
// standard library has no CCM; the block cipher is its own.
type ccm struct {
	block cipher.Block
	tag   int
}

const (
	ccmNonceLen  = 12
	ccmLengthLen = 15 - ccmNonceLen
)

var errCCMOpen = errors.New("cipher: message authentication failed")

func newCCM(block cipher.Block, tagLen int) cipher.AEAD { return &ccm{block, tagLen} }

func (c *ccm) NonceSize() int { return ccmNonceLen }
func (c *ccm) Overhead() int  { return c.tag }

// Seal appends ciphertext and tag to dst.
func (c *ccm) Seal(dst, nonce, plaintext, data []byte) []byte {
	mac := c.mac(nonce, plaintext, data)
	out, tail := grow(dst, len(plaintext)+c.tag)
	c.stream(nonce, tail[:len(plaintext)], plaintext, &mac)
	copy(tail[len(plaintext):], mac[:c.tag])
	return out
}

// Open appends plaintext to dst.
func (c *ccm) Open(dst, nonce, ciphertext, data []byte) ([]byte, error) {
	if len(ciphertext) < c.tag {
		return nil, errCCMOpen
	}
	n := len(ciphertext) - c.tag
	var tag [16]byte
	copy(tag[:], ciphertext[n:])
	out, tail := grow(dst, n)
	c.stream(nonce, tail, ciphertext[:n], &tag)
	mac := c.mac(nonce, tail, data)
	if subtle.ConstantTimeCompare(mac[:c.tag], tag[:c.tag]) != 1 {
		clear(tail)
		return nil, errCCMOpen
	}
	return out, nil
}

// mac is the CBC-MAC of SP 800-38C section 6.1, formatted as its appendix A says.
func (c *ccm) mac(nonce, plaintext, data []byte) [16]byte {
	var b [16]byte
	b[0] = byte((c.tag-2)/2)<<3 | ccmLengthLen - 1
	if len(data) > 0 {
		b[0] |= 1 << 6
	}
	copy(b[1:], nonce[:ccmNonceLen])
	b[13], b[14], b[15] = byte(len(plaintext)>>16), byte(len(plaintext)>>8), byte(len(plaintext))
	c.block.Encrypt(b[:], b[:])
	if len(data) > 0 { // in TLS additional data is a few bytes: it fits behind its length
		var first [16]byte
		binary.BigEndian.PutUint16(first[:], uint16(len(data)))
		n := copy(first[2:], data)
		c.absorb(&b, first[:])
		c.absorb(&b, data[n:])
	}
	c.absorb(&b, plaintext)
	return b
}

// absorb adds data, padded with zeros, to the CBC-MAC.
func (c *ccm) absorb(b *[16]byte, data []byte) {
	for len(data) > 0 {
		n := subtle.XORBytes(b[:], b[:], data)
		data = data[n:]
		c.block.Encrypt(b[:], b[:])
	}
}

// stream encrypts or decrypts in counter mode; counter 0 is for the tag.
func (c *ccm) stream(nonce, dst, src []byte, tag *[16]byte) {
	var counter, pad [16]byte
	counter[0] = ccmLengthLen - 1
	copy(counter[1:], nonce[:ccmNonceLen])
	c.block.Encrypt(pad[:], counter[:])
	subtle.XORBytes(tag[:], tag[:], pad[:])
	for i := uint32(1); len(src) > 0; i++ {
		counter[13], counter[14], counter[15] = byte(i>>16), byte(i>>8), byte(i)
		c.block.Encrypt(pad[:], counter[:])
		n := subtle.XORBytes(dst, src, pad[:])
		dst, src = dst[n:], src[n:]
	}
}

// grow extends dst by n bytes.
func grow(dst []byte, n int) (whole, tail []byte) {
	if total := len(dst) + n; cap(dst) >= total {
		whole = dst[:total]
	} else {
		whole = make([]byte, total)
		copy(whole, dst)
	}
	return whole, whole[len(dst):]
}
