// Package wire owns the bytes of the handshake: every message and extension of TLS 1.0 to 1.3, each with Marshal and
// an Unmarshal function that accepts a whole, well-formed message or nothing.
//
// Marshal gives the message with its four-byte header; Unmarshal takes the body without it, which the result may
// alias. Unknown extensions are passed over, but their numbers are kept, so that the engine can refuse what was not
// asked for.
package wire

import "strconv"

// Protocol versions.
const (
	VersionTLS10 uint16 = 0x0301
	VersionTLS11 uint16 = 0x0302
	VersionTLS12 uint16 = 0x0303
	VersionTLS13 uint16 = 0x0304
)

// HandshakeType is the type of a handshake message (RFC 9846 section 4, RFC 5246 section 7.4).
type HandshakeType uint8

// The handshake messages.
const (
	TypeHelloRequest          HandshakeType = 0
	TypeClientHello           HandshakeType = 1
	TypeServerHello           HandshakeType = 2
	TypeNewSessionTicket      HandshakeType = 4
	TypeEndOfEarlyData        HandshakeType = 5
	TypeEncryptedExtensions   HandshakeType = 8
	TypeCertificate           HandshakeType = 11
	TypeServerKeyExchange     HandshakeType = 12
	TypeCertificateRequest    HandshakeType = 13
	TypeServerHelloDone       HandshakeType = 14
	TypeCertificateVerify     HandshakeType = 15
	TypeClientKeyExchange     HandshakeType = 16
	TypeFinished              HandshakeType = 20
	TypeCertificateStatus     HandshakeType = 22
	TypeKeyUpdate             HandshakeType = 24
	TypeCompressedCertificate HandshakeType = 25
	TypeMessageHash           HandshakeType = 254
)

var typeNames = map[HandshakeType]string{
	TypeHelloRequest: "HelloRequest", TypeClientHello: "ClientHello", TypeServerHello: "ServerHello",
	TypeNewSessionTicket: "NewSessionTicket", TypeEndOfEarlyData: "EndOfEarlyData",
	TypeEncryptedExtensions: "EncryptedExtensions", TypeCertificate: "Certificate",
	TypeServerKeyExchange: "ServerKeyExchange", TypeCertificateRequest: "CertificateRequest",
	TypeServerHelloDone: "ServerHelloDone", TypeCertificateVerify: "CertificateVerify",
	TypeClientKeyExchange: "ClientKeyExchange", TypeFinished: "Finished",
	TypeCertificateStatus: "CertificateStatus", TypeKeyUpdate: "KeyUpdate",
	TypeCompressedCertificate: "CompressedCertificate", TypeMessageHash: "message_hash",
}

// String returns the RFC's name.
func (t HandshakeType) String() string {
	if s, ok := typeNames[t]; ok {
		return s
	}
	return "handshake message " + strconv.Itoa(int(t))
}

// ExtensionType is the number of an extension (RFC 9846 section 4.2).
type ExtensionType uint16

// The extensions.
const (
	ExtServerName              ExtensionType = 0
	ExtStatusRequest           ExtensionType = 5
	ExtSupportedGroups         ExtensionType = 10
	ExtECPointFormats          ExtensionType = 11
	ExtSignatureAlgorithms     ExtensionType = 13
	ExtALPN                    ExtensionType = 16
	ExtSCT                     ExtensionType = 18
	ExtPadding                 ExtensionType = 21
	ExtEncryptThenMAC          ExtensionType = 22
	ExtExtendedMasterSecret    ExtensionType = 23
	ExtCompressCertificate     ExtensionType = 27
	ExtRecordSizeLimit         ExtensionType = 28
	ExtSessionTicket           ExtensionType = 35
	ExtPreSharedKey            ExtensionType = 41
	ExtEarlyData               ExtensionType = 42
	ExtSupportedVersions       ExtensionType = 43
	ExtCookie                  ExtensionType = 44
	ExtPSKKeyExchangeModes     ExtensionType = 45
	ExtCertificateAuthorities  ExtensionType = 47
	ExtPostHandshakeAuth       ExtensionType = 49
	ExtSignatureAlgorithmsCert ExtensionType = 50
	ExtKeyShare                ExtensionType = 51
	ExtRenegotiationInfo       ExtensionType = 0xff01
)

// Signalling cipher suite values (RFC 5746 section 3.3, RFC 7507 section 2).
const (
	RenegotiationSCSV uint16 = 0x00ff
	FallbackSCSV      uint16 = 0x5600
)

// PSK key exchange modes (RFC 9846 section 4.2.9).
const (
	PSKModeKE  byte = 0
	PSKModeDHE byte = 1
)

// Client certificate types of TLS 1.2 and below (RFC 5246 section 7.4.4, RFC 8422 section 5.5).
const (
	CertTypeRSASign   byte = 1
	CertTypeECDSASign byte = 64
)

// HelloRetryRequestRandom marks a ServerHello as a HelloRetryRequest (RFC 9846 section 4.1.3).
var HelloRetryRequestRandom = [32]byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// The downgrade sentinels at the end of a server's random (RFC 9846 section 4.1.3).
var (
	DowngradeTLS12 = [8]byte{'D', 'O', 'W', 'N', 'G', 'R', 'D', 1}
	DowngradeTLS11 = [8]byte{'D', 'O', 'W', 'N', 'G', 'R', 'D', 0}
)
