package record

import (
	"crypto/cipher"
	"encoding/binary"
	"math"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/suite"
)

// Half protects or opens the records of one direction. Its zero value leaves them as they are. It must not be copied
// once it has keys.
type Half struct {
	version   uint16 // to write in headers, and, with keys, how to protect
	is13      bool
	exhausted bool
	seq       uint64
	protect   protection
	cbc       *cbcState

	explicit int      // bytes of the nonce that travel (RFC 5288); the rest of it is fixed
	iv       [12]byte // the fixed part comes first
	nonce    [12]byte // scratch
	aad      [13]byte // scratch
}

// SetVersion sets the version to write in headers.
func (h *Half) SetVersion(v uint16) { h.version = min(v, version12) }

// Encrypted reports whether the half has keys.
func (h *Half) Encrypted() bool { return h.isAEAD() || h.cbc != nil }

func (h *Half) isAEAD() bool { return h.protect.suite != nil }

// Sequence returns the number of the next record.
func (h *Half) Sequence() uint64 { return h.seq }

// Set13 installs keys of TLS 1.3 (RFC 9846 section 5.2).
func (h *Half) Set13(s *suite.Suite, key, iv []byte) error {
	p, err := newProtection(s, key)
	if err != nil {
		return err
	}
	*h = Half{version: version12, is13: true, protect: p}
	copy(h.iv[:], iv)
	return nil
}

// Set12 installs keys of TLS 1.0 to 1.2. macKey, key and iv are what the suite takes from the key block; encryptThenMAC
// is RFC 7366.
func (h *Half) Set12(version uint16, s *suite.Suite, macKey, key, iv []byte, encryptThenMAC, sealing bool) error {
	n := Half{version: version}
	if s.IsAEAD() {
		p, err := newProtection(s, key)
		if err != nil {
			return err
		}
		n.protect, n.explicit = p, s.RecordIVLen
		copy(n.iv[:], iv)
	} else {
		c, err := newCBC(version, s, macKey, key, iv, encryptThenMAC, sealing)
		if err != nil {
			return err
		}
		n.cbc = c
	}
	*h = n
	return nil
}

// SealsSurely reports whether no Seal can fail, for as long as anybody lives.
func (h *Half) SealsSurely() bool { return h.isAEAD() && h.seq < math.MaxUint64/2 }

// Overhead returns how many bytes a record is longer than its fragment, at most.
func (h *Half) Overhead() int {
	switch {
	case h.cbc != nil:
		return HeaderLen + h.cbc.overhead()
	case h.isAEAD():
		return HeaderLen + h.explicit + h.protect.overhead() + 1
	}
	return HeaderLen
}

// Seal appends a record with fragment, of MaxPlaintext bytes at most, to dst. In TLS 1.3 padding zeros follow the
// content. It allocates nothing if dst has room.
func (h *Half) Seal(dst []byte, typ ContentType, fragment []byte, padding int) ([]byte, error) {
	switch {
	case !h.Encrypted() || h.is13 && typ == ChangeCipherSpec: // RFC 9846 section 5: never encrypted
		return h.sealPlain(dst, typ, fragment), nil
	case h.exhausted:
		return dst, alert.New(alert.Internal, alert.ReasonInvalidSequenceNumber, alert.No, "sequence numbers are used up")
	case h.cbc != nil:
		return h.sealCBC(dst, typ, fragment)
	}
	aead, err := h.protect.aead(h.seq > 0)
	if err != nil {
		return dst, err
	}
	if h.is13 {
		return h.seal13(aead, dst, typ, fragment, padding), nil
	}
	return h.seal12(aead, dst, typ, fragment), nil
}

func (h *Half) sealPlain(dst []byte, typ ContentType, fragment []byte) []byte {
	dst, b := extend(dst, HeaderLen)
	version := h.version
	if version == 0 {
		version = version10
	}
	putHeader(b, typ, version, len(fragment))
	return append(dst, fragment...)
}

// seal13 is RFC 9846 section 5.2: content, type and padding are encrypted, the header is authenticated.
func (h *Half) seal13(aead cipher.AEAD, dst []byte, typ ContentType, fragment []byte, padding int) []byte {
	inner := len(fragment) + 1 + padding
	start := len(dst)
	dst, b := extend(dst, HeaderLen+inner+h.protect.overhead())
	putHeader(b, ApplicationData, version12, inner+h.protect.overhead())
	body := b[HeaderLen : HeaderLen+inner]
	copy(body, fragment)
	body[len(fragment)] = byte(typ)
	clear(body[len(fragment)+1:])
	aead.Seal(body[:0], h.nonce13(), body, dst[start:start+HeaderLen])
	h.next()
	return dst
}

// nonce13 is RFC 9846 section 5.3.
func (h *Half) nonce13() []byte {
	h.nonce = h.iv
	n := binary.BigEndian.Uint64(h.nonce[4:]) ^ h.seq
	binary.BigEndian.PutUint64(h.nonce[4:], n)
	return h.nonce[:]
}

// nonce12 is RFC 5288 section 3 with the sequence number as the explicit part, or RFC 7905 section 2.
func (h *Half) nonce12() []byte {
	if h.explicit == 0 {
		return h.nonce13()
	}
	h.nonce = h.iv
	binary.BigEndian.PutUint64(h.nonce[4:], h.seq)
	return h.nonce[:]
}

// seal12 is an AEAD in TLS 1.2 (RFC 5246 section 6.2.3.3).
func (h *Half) seal12(aead cipher.AEAD, dst []byte, typ ContentType, fragment []byte) []byte {
	n := h.explicit + len(fragment) + h.protect.overhead()
	dst, b := extend(dst, HeaderLen+n)
	putHeader(b, typ, h.version, n)
	nonce := h.nonce12()
	copy(b[HeaderLen:], nonce[len(nonce)-h.explicit:])
	body := b[HeaderLen+h.explicit:]
	aead.Seal(body[:0], nonce, fragment, h.additionalData(typ, len(fragment)))
	h.next()
	return dst
}

// additionalData is RFC 5246 section 6.2.3.3.
func (h *Half) additionalData(typ ContentType, n int) []byte {
	binary.BigEndian.PutUint64(h.aad[:], h.seq)
	putHeader(h.aad[8:], typ, h.version, n)
	return h.aad[:]
}

// next counts a record. Numbers must not come round (RFC 9846 section 5.3).
func (h *Half) next() {
	if h.seq == math.MaxUint64 {
		h.exhausted = true
		return
	}
	h.seq++
}

// MaxContent returns how much content a record with n bytes behind its header has at most.
func (h *Half) MaxContent(n int) int {
	switch {
	case !h.isAEAD():
		return n
	case h.is13:
		return max(0, n-h.protect.overhead()-1)
	}
	return max(0, n-h.explicit-h.protect.overhead())
}

// OpensInto reports whether OpenInto decrypts a record with n bytes behind its header into room bytes, where a content
// type needs one as well.
func (h *Half) OpensInto(n, room int) bool { return h.isAEAD() && room > h.MaxContent(n) }

// Open returns type and content of a whole record, which it decrypts in place. It allocates nothing.
func (h *Half) Open(rec []byte) (ContentType, []byte, error) { return h.OpenInto(nil, rec) }

// OpenInto returns type and content of a whole record, which it decrypts into dst if OpensInto, or in place if dst is nil.
// What it writes there behind the content means nothing.
func (h *Half) OpenInto(dst, rec []byte) (ContentType, []byte, error) {
	hdr, body := ParseHeader(rec), rec[HeaderLen:]
	switch {
	case !h.Encrypted() || h.is13 && hdr.Type == ChangeCipherSpec:
		if len(body) > MaxPlaintext {
			return 0, nil, tooLong()
		}
		return hdr.Type, body, nil
	case h.exhausted:
		return 0, nil, alert.New(alert.Internal, alert.ReasonInvalidSequenceNumber, alert.InternalError,
			"sequence numbers are used up")
	case h.cbc != nil:
		return h.openCBC(hdr, body)
	}
	aead, err := h.protect.aead(h.seq > 0)
	if err != nil {
		return 0, nil, err
	}
	if h.is13 {
		return h.open13(aead, dst, hdr, rec[:HeaderLen], body)
	}
	return h.open12(aead, dst, hdr, body)
}

// open13 is RFC 9846 sections 5.2 and 5.4.
func (h *Half) open13(aead cipher.AEAD, dst []byte, hdr Header, header, body []byte) (ContentType, []byte, error) {
	if len(body) < h.protect.overhead()+1 {
		return 0, nil, badMAC()
	}
	if dst == nil {
		dst = body
	}
	plain, err := aead.Open(dst[:0], h.nonce13(), body, header)
	if err != nil {
		return 0, nil, badMAC()
	}
	h.next()
	if hdr.Type != ApplicationData {
		return 0, nil, alert.Misbehaved(alert.ReasonBadRecordType, alert.UnexpectedMessage,
			"encrypted record does not look like application data")
	}
	return stripPadding(plain)
}

// stripPadding finds the content type behind the content: the last byte that is not zero.
func stripPadding(plain []byte) (ContentType, []byte, error) {
	if len(plain) > MaxPlaintext+1 {
		return 0, nil, tooLong()
	}
	i := len(plain) - 1
	for i >= 0 && plain[i] == 0 {
		i--
	}
	if i < 0 {
		return 0, nil, alert.Misbehaved(alert.ReasonBadRecordType, alert.UnexpectedMessage, "record without a content type")
	}
	typ := ContentType(plain[i])
	switch typ {
	case Alert, Handshake, ApplicationData:
		if i == 0 && typ != ApplicationData { // RFC 9846 section 5.4: only application data may be empty
			return 0, nil, alert.Misbehaved(alert.ReasonBadLength, alert.UnexpectedMessage, "empty record")
		}
		return typ, plain[:i], nil
	}
	return 0, nil, alert.Misbehaved(alert.ReasonBadRecordType, alert.UnexpectedMessage, "record of unknown content type")
}

func (h *Half) open12(aead cipher.AEAD, dst []byte, hdr Header, body []byte) (ContentType, []byte, error) {
	n := len(body) - h.explicit - h.protect.overhead()
	if n < 0 {
		return 0, nil, badMAC()
	}
	if n > MaxPlaintext {
		return 0, nil, tooLong()
	}
	nonce := h.nonce12()
	copy(nonce[len(nonce)-h.explicit:], body) // the sender chooses the explicit part
	body = body[h.explicit:]
	if dst == nil {
		dst = body
	}
	plain, err := aead.Open(dst[:0], nonce, body, h.additionalData(hdr.Type, n))
	if err != nil {
		return 0, nil, badMAC()
	}
	h.next()
	return hdr.Type, plain, nil
}

// extend returns dst with n more bytes, and those.
func extend(dst []byte, n int) (whole, tail []byte) {
	if total := len(dst) + n; cap(dst) >= total {
		whole = dst[:total]
	} else {
		whole = append(dst, make([]byte, n)...)
	}
	return whole, whole[len(dst):]
}
