package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ticketSealer keeps tickets in the form that the runner knows how to change, RFC 5077 section 4's with AES-128-CBC
// and HMAC-SHA256, so that a test can give us back a session of another version or cipher suite:
//
//	key name (16) | IV (16) | encrypted SEQUENCE { INTEGER, INTEGER version, OCTET STRING suite, OCTET STRING session } | MAC (32)
type ticketSealer struct{ name, macKey, key []byte }

func newTicketSealer(keys []byte) *ticketSealer {
	return &ticketSealer{name: keys[:16], macKey: keys[16:32], key: keys[32:48]}
}

const macLen = sha256.Size

func (t *ticketSealer) mac(data []byte) []byte {
	h := hmac.New(sha256.New, t.macKey)
	h.Write(data)
	return h.Sum(nil)
}

// The place of version and suite in a session's exported form.
func versionAndSuite(session []byte) (version, suite []byte) { return session[2:4], session[4:6] }

func (t *ticketSealer) SealTicket(session []byte) ([]byte, error) {
	version, suite := versionAndSuite(session)
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1Uint64(uint64(binary.BigEndian.Uint16(version)))
		b.AddASN1OctetString(suite)
		b.AddASN1OctetString(session)
	})
	plain := b.BytesOrPanic()
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(t.key)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, aes.BlockSize)
	_, _ = rand.Read(iv)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	ticket := append(append(bytes.Clone(t.name), iv...), plain...)
	return append(ticket, t.mac(ticket)...), nil
}

func (t *ticketSealer) OpenTicket(ticket []byte) ([]byte, bool) {
	head := len(t.name) + aes.BlockSize
	if len(ticket) < head+aes.BlockSize+macLen || !bytes.HasPrefix(ticket, t.name) {
		return nil, false
	}
	sealed := ticket[:len(ticket)-macLen]
	plain := bytes.Clone(sealed[head:])
	if !hmac.Equal(t.mac(sealed), ticket[len(sealed):]) || len(plain)%aes.BlockSize != 0 {
		return nil, false
	}
	block, err := aes.NewCipher(t.key)
	if err != nil {
		return nil, false
	}
	cipher.NewCBCDecrypter(block, sealed[len(t.name):head]).CryptBlocks(plain, plain)
	s := cryptobyte.String(plain)
	var body, suite, session cryptobyte.String
	var format, version int64
	if !s.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1Integer(&format) || !body.ReadASN1Integer(&version) ||
		!body.ReadASN1(&suite, asn1.OCTET_STRING) || !body.ReadASN1(&session, asn1.OCTET_STRING) {
		return nil, false
	}
	out := bytes.Clone(session)
	v, st := versionAndSuite(out)
	binary.BigEndian.PutUint16(v, uint16(version))
	copy(st, suite)
	return out, false
}
