package core

import (
	"errors"

	"github.com/gossl/gossl/core/internal/alert"
)

// Error is what every failed operation of a connection, a config or a reader of files returns: whose fault, which
// alert, OpenSSL's numbers and words, and ours. A connection's fatal error sticks.
type Error = alert.Error

// ErrWantRead says that the operation needs more ciphertext in [Conn.In] than there is. Call again when there is more.
var ErrWantRead = errors.New("tls: more input is needed")

// ErrClosed says that the peer has sent close_notify and everything before it has been read: a clean end.
var ErrClosed = errors.New("tls: closed by the peer")

// Want is an error that says which decision the handshake waits for. Answer it and call the operation again.
type Want uint8

// The decisions that a Config can reserve for the caller.
const (
	WantSNI         Want = iota + 1 // Config.AskSNI: [Conn.AnswerSNI], perhaps after [Conn.SetConfig]
	WantPSKClient                   // Config.AskPSKClient: [Conn.AnswerPSK]
	WantPSKServer                   // Config.AskPSKServer: [Conn.AnswerPSK]
	WantVerify                      // Config.AskVerify: [Conn.AnswerVerify]
	WantCertificate                 // Config.AskCertificate: [Conn.AnswerCertificate], perhaps after [Conn.SetConfig]
)

// Error names the decision.
func (w Want) Error() string {
	switch w {
	case WantSNI:
		return "tls: a decision about the server name is needed"
	case WantPSKClient:
		return "tls: a pre-shared key is needed"
	case WantVerify:
		return "tls: a verdict about the peer's certificates is needed"
	case WantCertificate:
		return "tls: a decision about our certificate is needed"
	}
	return "tls: the pre-shared key of an identity is needed"
}

// misuse is an error of the caller about the connection, which stays usable.
func misuse(reason alert.Reason, text string) *Error { return alert.Misused(reason, text) }

// asError gives any error the engine's type; what is not ours is a defect.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: alert.Internal, Library: alert.LibSSL, Reason: reasonInternal,
		Alert: alert.InternalError, Text: err.Error(), Cause: err}
}

// reasonInternal is ERR_R_INTERNAL_ERROR.
const reasonInternal alert.Reason = 0xc0103

// ErrBadWriteRetry is the error of a caller that repeats a write with less data than it began with.
var ErrBadWriteRetry = misuse(alert.ReasonBadLength, "write repeated with less data")
