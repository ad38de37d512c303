package alert

import "strings"

// Class answers the first question about any error: whose fault it is.
type Class uint8

// The classes of an [Error].
const (
	Peer     Class = iota + 1 // the peer broke the protocol, or offers nothing that we accept
	Caller                    // the API was used wrongly, or was given bad input (files, keys, strings)
	System                    // the transport ended or failed
	Internal                  // a defect or a missing resource on our side
	Received                  // the peer sent a fatal alert
)

// Library is an OpenSSL library number (ERR_LIB_*), Reason a number within it. Together they select the words
// that CPython shows as SSLError.library and SSLError.reason.
type (
	Library uint8
	Reason  uint32
)

type code struct {
	lib    Library
	reason Reason
}

// The libraries under which gossl reports.
const (
	LibSSL     Library = 20
	LibX509    Library = 11
	LibPEM     Library = 9
	LibASN1    Library = 13
	LibEVP     Library = 6
	LibPKCS12  Library = 35
	LibX509V3  Library = 34
	LibDH      Library = 5
	LibProv    Library = 57
	LibDecoder Library = 60
)

// Reasons of libraries other than SSL.
const (
	AnyPEMLib                      Reason = 0x80009 // ERR_R_PEM_LIB, in any library: "[X509] PEM lib"
	AnyASN1Lib                     Reason = 0x8000d // ERR_R_ASN1_LIB, in any library
	AnyX509Lib                     Reason = 0x8000b // ERR_R_X509_LIB, in any library
	ReasonPEMNoStartLine           Reason = 108     // LibPEM
	ReasonPEMBadBase64             Reason = 100     // LibPEM
	ReasonPEMBadDecrypt            Reason = 101     // LibPEM
	ReasonPEMBadEndLine            Reason = 102     // LibPEM
	ReasonX509KeyValuesMismatch    Reason = 116     // LibX509
	ReasonX509KeyTypeMismatch      Reason = 115     // LibX509
	ReasonX509NoCertOrCRLFound     Reason = 136     // LibX509
	ReasonX509V3InvalidCertificate Reason = 158     // LibX509V3
	ReasonASN1HeaderTooLong        Reason = 123     // LibASN1
	ReasonASN1NotEnoughData        Reason = 142     // LibASN1
	ReasonASN1NestedError          Reason = 58      // LibASN1
	ReasonASN1WrongTag             Reason = 168     // LibASN1
	ReasonASN1TooLong              Reason = 155     // LibASN1
	ReasonEVPBadDecrypt            Reason = 100     // LibEVP
	ReasonEVPUnsupportedAlgorithm  Reason = 156     // LibEVP
	ReasonPKCS12DecodeError        Reason = 101     // LibPKCS12
	ReasonPKCS12MACVerifyFailure   Reason = 113     // LibPKCS12
)

// Error is the engine's one error type. A connection's first Error sticks: every later call returns the same value.
type Error struct {
	Class   Class
	Library Library
	Reason  Reason
	Alert   Description // the alert to send, or, with class Received, the one that came; No if none
	Text    string      // our own words: "peer selected a cipher suite we did not offer"; never a secret
	Verify  VerifyCode  // why the certificate was refused; VerifyOK if that is not the matter
	Cause   error       // may be nil
}

// New makes an [Error] of library SSL.
func New(class Class, reason Reason, d Description, text string) *Error {
	return &Error{Class: class, Library: LibSSL, Reason: reason, Alert: d, Text: text}
}

// Misbehaved is New for a peer that broke the protocol.
func Misbehaved(reason Reason, d Description, text string) *Error { return New(Peer, reason, d, text) }

// Misused is New for a caller's mistake; no alert is sent.
func Misused(reason Reason, text string) *Error { return New(Caller, reason, No, text) }

// Input is an error about bytes that a caller gave (a file, a key, a certificate) under OpenSSL's lib and reason.
func Input(lib Library, reason Reason, text string) *Error {
	return &Error{Class: Caller, Library: lib, Reason: reason, Alert: No, Text: text}
}

// FromPeer is the error of a connection that received the fatal alert d. OpenSSL reports it as reason 1000 + d.
func FromPeer(d Description) *Error {
	return New(Received, 1000+Reason(d), d, "peer sent alert "+d.String())
}

// Error returns "tls: " and our own words, with the reason of a refused certificate.
func (e *Error) Error() string {
	s := "tls: " + e.Text
	if e.Verify != VerifyOK {
		s += ": " + e.Verify.String()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// IsEOF reports whether the transport ended before the peer said that it would.
func (e *Error) IsEOF() bool {
	return e.Class == System && e.Library == LibSSL && e.Reason == ReasonUnexpectedEofWhileReading
}

// IsInput reports whether the error is about something that the caller gave, and not about a connection.
func (e *Error) IsInput() bool { return e.Class == Caller && e.Alert == No }

// Name returns OpenSSL's symbolic reason, such as "NO_SHARED_CIPHER", or "" where OpenSSL has none.
func (e *Error) Name() string { return reasonNames()[code{e.Library, e.Reason}] }

// LibraryName returns OpenSSL's name of the library, such as "SSL".
func (e *Error) LibraryName() string { return libraryNames()[e.Library] }

// Words returns OpenSSL's text of the reason ("no shared cipher"), or "" where OpenSSL has none.
func (e *Error) Words() string {
	if s, ok := genericWords[e.Reason]; ok {
		return s
	}
	if s, ok := oddWords[code{e.Library, e.Reason}]; ok {
		return s
	}
	return strings.ReplaceAll(strings.ToLower(e.Name()), "_", " ")
}

// genericWords are the texts of the reasons that mean "another library failed" (ERR_R_*_LIB) in every library.
var genericWords = map[Reason]string{
	AnyPEMLib: "PEM lib", AnyASN1Lib: "ASN1 lib", AnyX509Lib: "X509 lib",
}

// oddWords are OpenSSL's texts that are not the reason's name in lower case.
var oddWords = map[code]string{
	{LibSSL, ReasonUnexpectedEofWhileReading}: "EOF occurred in violation of protocol",
	{LibASN1, ReasonASN1NestedError}:          "nested asn1 error",
}
