// Package alert owns the alert registry and the engine's one error type.
//
// An [Error] carries, in one value, whose fault it is, the alert that goes on the wire, the reason under
// OpenSSL's library and reason numbers, and our own words. Nothing else in the module pairs an alert with an error.
package alert

import "strconv"

// Description is an AlertDescription (RFC 9846 section 6, RFC 5246 section 7.2).
type Description uint8

// The alerts of TLS 1.0 to 1.3. No is not an alert: it says that none is to be sent.
const (
	CloseNotify                  Description = 0
	UnexpectedMessage            Description = 10
	BadRecordMAC                 Description = 20
	DecryptionFailed             Description = 21
	RecordOverflow               Description = 22
	DecompressionFailure         Description = 30
	HandshakeFailure             Description = 40
	NoCertificate                Description = 41
	BadCertificate               Description = 42
	UnsupportedCertificate       Description = 43
	CertificateRevoked           Description = 44
	CertificateExpired           Description = 45
	CertificateUnknown           Description = 46
	IllegalParameter             Description = 47
	UnknownCA                    Description = 48
	AccessDenied                 Description = 49
	DecodeError                  Description = 50
	DecryptError                 Description = 51
	ExportRestriction            Description = 60
	ProtocolVersion              Description = 70
	InsufficientSecurity         Description = 71
	InternalError                Description = 80
	InappropriateFallback        Description = 86
	UserCanceled                 Description = 90
	NoRenegotiation              Description = 100
	MissingExtension             Description = 109
	UnsupportedExtension         Description = 110
	CertificateUnobtainable      Description = 111
	UnrecognizedName             Description = 112
	BadCertificateStatusResponse Description = 113
	BadCertificateHashValue      Description = 114
	UnknownPSKIdentity           Description = 115
	CertificateRequired          Description = 116
	NoApplicationProtocol        Description = 120
	No                           Description = 255
)

var names = [256]string{
	CloseNotify: "close_notify", UnexpectedMessage: "unexpected_message", BadRecordMAC: "bad_record_mac",
	DecryptionFailed: "decryption_failed", RecordOverflow: "record_overflow",
	DecompressionFailure: "decompression_failure", HandshakeFailure: "handshake_failure",
	NoCertificate: "no_certificate", BadCertificate: "bad_certificate",
	UnsupportedCertificate: "unsupported_certificate", CertificateRevoked: "certificate_revoked",
	CertificateExpired: "certificate_expired", CertificateUnknown: "certificate_unknown",
	IllegalParameter: "illegal_parameter", UnknownCA: "unknown_ca", AccessDenied: "access_denied",
	DecodeError: "decode_error", DecryptError: "decrypt_error", ExportRestriction: "export_restriction",
	ProtocolVersion: "protocol_version", InsufficientSecurity: "insufficient_security",
	InternalError: "internal_error", InappropriateFallback: "inappropriate_fallback",
	UserCanceled: "user_canceled", NoRenegotiation: "no_renegotiation", MissingExtension: "missing_extension",
	UnsupportedExtension: "unsupported_extension", CertificateUnobtainable: "certificate_unobtainable",
	UnrecognizedName: "unrecognized_name", BadCertificateStatusResponse: "bad_certificate_status_response",
	BadCertificateHashValue: "bad_certificate_hash_value", UnknownPSKIdentity: "unknown_psk_identity",
	CertificateRequired: "certificate_required", NoApplicationProtocol: "no_application_protocol",
}

// String returns the RFC's name of the alert, or "alert N" for one that has none.
func (d Description) String() string {
	if s := names[d]; s != "" {
		return s
	}
	return "alert " + strconv.Itoa(int(d))
}
