// Package keys owns the derivation of keys: the key schedule of TLS 1.3, the PRF of TLS 1.0 to 1.2, and the transcript
// that both hash.
//
// The schedule of RFC 9846 section 7.1 is a chain of types, each of which only the one before it can make:
//
//	PSK ──► EarlySecret ──(EC)DHE──► HandshakeSecret ──0──► MasterSecret
//	          │ binder keys             │ handshake traffic     │ application traffic, exporter, resumption
package keys

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"

	"golang.org/x/crypto/cryptobyte"
)

// All labels of RFC 9846 section 7, without their prefix.
const (
	labelPrefix            = "tls13 "
	labelExternalBinder    = "ext binder"
	labelResumptionBinder  = "res binder"
	labelDerived           = "derived"
	labelClientHandshake   = "c hs traffic"
	labelServerHandshake   = "s hs traffic"
	labelClientApplication = "c ap traffic"
	labelServerApplication = "s ap traffic"
	labelExporterMaster    = "exp master"
	labelResumptionMaster  = "res master"
	labelTrafficUpdate     = "traffic upd"
	labelKey               = "key"
	labelIV                = "iv"
	labelFinished          = "finished"
	labelResumption        = "resumption"
	labelExporter          = "exporter"
)

// EarlySecret is the first secret of the schedule.
type EarlySecret struct {
	h      crypto.Hash
	secret []byte
}

// HandshakeSecret is the second.
type HandshakeSecret struct {
	h      crypto.Hash
	secret []byte
}

// MasterSecret13 is the last.
type MasterSecret13 struct {
	h      crypto.Hash
	secret []byte
}

// NewEarlySecret starts the schedule with a pre-shared key, nil for none.
func NewEarlySecret(h crypto.Hash, psk []byte) *EarlySecret {
	return &EarlySecret{h, extract(h, psk, nil)}
}

// ExternalBinderKey proves possession of an external key.
func (s *EarlySecret) ExternalBinderKey() []byte {
	return derive(s.h, s.secret, labelExternalBinder, emptyHash(s.h))
}

// ResumptionBinderKey proves possession of a resumption key.
func (s *EarlySecret) ResumptionBinderKey() []byte {
	return derive(s.h, s.secret, labelResumptionBinder, emptyHash(s.h))
}

// HandshakeSecret mixes the (EC)DHE secret in, nil for none.
func (s *EarlySecret) HandshakeSecret(shared []byte) *HandshakeSecret {
	return &HandshakeSecret{s.h, extract(s.h, shared, derive(s.h, s.secret, labelDerived, emptyHash(s.h)))}
}

// ClientHandshakeTrafficSecret is derived from the transcript ClientHello..ServerHello.
func (s *HandshakeSecret) ClientHandshakeTrafficSecret(transcriptHash []byte) []byte {
	return derive(s.h, s.secret, labelClientHandshake, transcriptHash)
}

// ServerHandshakeTrafficSecret is derived from the transcript ClientHello..ServerHello.
func (s *HandshakeSecret) ServerHandshakeTrafficSecret(transcriptHash []byte) []byte {
	return derive(s.h, s.secret, labelServerHandshake, transcriptHash)
}

// MasterSecret ends the chain.
func (s *HandshakeSecret) MasterSecret() *MasterSecret13 {
	return &MasterSecret13{s.h, extract(s.h, nil, derive(s.h, s.secret, labelDerived, emptyHash(s.h)))}
}

// ClientApplicationTrafficSecret is derived from the transcript ClientHello..server Finished.
func (s *MasterSecret13) ClientApplicationTrafficSecret(transcriptHash []byte) []byte {
	return derive(s.h, s.secret, labelClientApplication, transcriptHash)
}

// ServerApplicationTrafficSecret is derived from the transcript ClientHello..server Finished.
func (s *MasterSecret13) ServerApplicationTrafficSecret(transcriptHash []byte) []byte {
	return derive(s.h, s.secret, labelServerApplication, transcriptHash)
}

// ExporterMasterSecret is derived from the transcript ClientHello..server Finished.
func (s *MasterSecret13) ExporterMasterSecret(transcriptHash []byte) []byte {
	return derive(s.h, s.secret, labelExporterMaster, transcriptHash)
}

// ResumptionMasterSecret is derived from the transcript ClientHello..client Finished.
func (s *MasterSecret13) ResumptionMasterSecret(transcriptHash []byte) []byte {
	return derive(s.h, s.secret, labelResumptionMaster, transcriptHash)
}

// NextTrafficSecret is the secret after a key update (RFC 9846 section 7.2).
func NextTrafficSecret(h crypto.Hash, secret []byte) []byte {
	return expandLabel(h, secret, labelTrafficUpdate, nil, h.Size())
}

// TrafficKey derives key and IV (RFC 9846 section 7.3).
func TrafficKey(h crypto.Hash, secret []byte, keyLen, ivLen int) (key, iv []byte) {
	return expandLabel(h, secret, labelKey, nil, keyLen), expandLabel(h, secret, labelIV, nil, ivLen)
}

// FinishedMAC is the verify_data of a Finished, and a PSK binder (RFC 9846 section 4.4.4).
func FinishedMAC(h crypto.Hash, baseKey, transcriptHash []byte) []byte {
	mac := hmac.New(h.New, expandLabel(h, baseKey, labelFinished, nil, h.Size()))
	mac.Write(transcriptHash)
	return mac.Sum(nil)
}

// ResumptionPSK is the key that a ticket stands for (RFC 9846 section 4.6.1).
func ResumptionPSK(h crypto.Hash, resumptionMaster, nonce []byte) []byte {
	return expandLabel(h, resumptionMaster, labelResumption, nonce, h.Size())
}

// Exporter13 is TLS-Exporter of RFC 9846 section 7.5.
func Exporter13(h crypto.Hash, exporterMaster []byte, label string, context []byte, n int) []byte {
	secret := derive(h, exporterMaster, label, emptyHash(h))
	d := h.New()
	d.Write(context)
	return expandLabel(h, secret, labelExporter, d.Sum(nil), n)
}

func emptyHash(h crypto.Hash) []byte { return h.New().Sum(nil) }

// extract is HKDF-Extract, where nil stands for a string of zeros as long as the hash.
func extract(h crypto.Hash, secret, salt []byte) []byte {
	if secret == nil {
		secret = make([]byte, h.Size())
	}
	prk, err := hkdf.Extract(h.New, secret, salt)
	if err != nil {
		panic("keys: " + err.Error()) // only a build that forbids the hash
	}
	return prk
}

// derive is Derive-Secret of RFC 9846 section 7.1, with the hash of the messages.
func derive(h crypto.Hash, secret []byte, label string, transcriptHash []byte) []byte {
	return expandLabel(h, secret, label, transcriptHash, h.Size())
}

// expandLabel is HKDF-Expand-Label of RFC 9846 section 7.1.
func expandLabel(h crypto.Hash, secret []byte, label string, context []byte, n int) []byte {
	var info cryptobyte.Builder
	info.AddUint16(uint16(n))
	info.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(labelPrefix + label)) })
	info.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(context) })
	out, err := hkdf.Expand(h.New, secret, string(info.BytesOrPanic()), n)
	if err != nil {
		panic("keys: " + err.Error()) // n is bounded by every caller
	}
	return out
}
