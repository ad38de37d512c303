// Package record owns the record layer of TLS 1.0 to 1.3: headers, protection, sequence numbers, padding and the limits
// of record sizes. One Half is one direction of a connection.
//
//	Seal: fragment ─► header | protected fragment        Open: record ─► content type, fragment
package record

import (
	"encoding/binary"

	"github.com/gossl/gossl/core/internal/alert"
)

// ContentType is the type of a record (RFC 9846 section 5.1).
type ContentType uint8

// The content types.
const (
	ChangeCipherSpec ContentType = 20
	Alert            ContentType = 21
	Handshake        ContentType = 22
	ApplicationData  ContentType = 23
)

// Limits of RFC 9846 section 5.2 and RFC 5246 section 6.2.3, in bytes.
const (
	HeaderLen       = 5
	MaxPlaintext    = 1 << 14
	MaxCiphertext13 = MaxPlaintext + 256
	MaxCiphertext12 = MaxPlaintext + 2048
)

const (
	version10 = 0x0301
	version11 = 0x0302
	version12 = 0x0303
	version13 = 0x0304
)

// Header is the five bytes before a fragment.
type Header struct {
	Type    ContentType
	Version uint16
	Length  int
}

// ParseHeader reads the header of b, which has HeaderLen bytes at least.
func ParseHeader(b []byte) Header {
	return Header{ContentType(b[0]), binary.BigEndian.Uint16(b[1:]), int(binary.BigEndian.Uint16(b[3:]))}
}

func putHeader(b []byte, typ ContentType, version uint16, n int) {
	b[0] = byte(typ)
	binary.BigEndian.PutUint16(b[1:], version)
	binary.BigEndian.PutUint16(b[3:], uint16(n))
}

// badMAC is the one error of a record that does not decrypt, whatever is wrong with it.
func badMAC() error {
	return alert.Misbehaved(alert.ReasonDecryptionFailedOrBadRecordMAC, alert.BadRecordMAC, "record does not decrypt")
}

func tooLong() error {
	return alert.Misbehaved(alert.ReasonDataLengthTooLong, alert.RecordOverflow,
		"record holds more than the protocol allows")
}
