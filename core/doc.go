// Package core is a TLS engine: bytes in, bytes out. It opens no socket, starts no goroutine, reads no clock and no
// randomness but what its Config brings, and never blocks.
//
//	          ┌────────────────────── Conn ──────────────────────┐
//	Write ───►│ records ──► seal ──► Out() ──────────────────────┼──► to the peer
//	Read  ◄───│ records ◄── open ◄── In()  ◄─────────────────────┼─── from the peer
//	          │            keys ▲                                │
//	Handshake │ states ─────────┘  one message each              │
//	          └──────────────────────────────────────────────────┘
//
// The caller moves bytes: it fills In, calls Handshake, Read, Write or Shutdown, and sends what is in Out, also after
// an error, which may have an alert to say. A method that needs more input returns ErrWantRead. One that needs a
// decision of the caller (which certificate for this server name, which pre-shared key) returns a Want; the caller
// answers and calls again.
//
// Package netconn below this one wraps it all in a net.Conn.
//
// # States
//
// A handshake is a chain of small types, one for each message that is waited for, named as the RFCs name their states.
// client_tls13.go, server_tls13.go, client_tls12.go and server_tls12.go draw theirs. An error ends the connection: its
// alert is sent, and every later call returns the same *Error.
//
// # What crypto/tls lacks
//
// Post-handshake client authentication, external pre-shared keys, finite-field Diffie-Hellman, AES-CCM,
// encrypt-then-MAC, TLS 1.3 suites and signature schemes of one's own choice, OpenSSL's cipher strings, security levels
// and verification results, message traces, exportable sessions and ticket keys, and no goroutine or net.Conn.
//
// # Not here
//
// SSL 3.0, compression, renegotiation (refused), DTLS. Early data (0-RTT) is off unless Config.MaxEarlyData and calls of its
// own, ReadEarlyData and WriteEarlyData, say otherwise; early_data.go has the rules against replays.
//
// # Editions
//
// Comments cite RFC 9846 for TLS 1.3 (it replaces RFC 8446), RFC 5246 for TLS 1.2, RFC 4346 for 1.1, RFC 2246 for 1.0,
// RFC 5280 for certificates, RFC 8422 for elliptic curves in TLS 1.2, RFC 7627 for the extended master secret.
package core
