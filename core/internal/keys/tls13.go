// Package keys owns the derivation of keys: the key schedule of TLS 1.3, the PRF of TLS 1.0 to 1.2, and the transcript
// that both hash.
//
// The schedule of RFC 9846 section 7.1 is a chain of types, each of which only the one before it can make:
//
//	PSK ──► EarlySecret ──(EC)DHE──► HandshakeSecret ──0──► MasterSecret
//	          │ binder, early traffic   │ handshake traffic     │ application traffic, exporter, resumption
package keys

import "crypto"

// All labels of RFC 9846 section 7, without their prefix.
const (
	labelExternalBinder    = "ext binder"
	labelResumptionBinder  = "res binder"
	labelDerived           = "derived"
	labelClientEarly       = "c e traffic"
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
	h       crypto.Hash
	secret  []byte
	expand  mac
	derived []byte // if known already
}

// HandshakeSecret is the second.
type HandshakeSecret struct {
	h      crypto.Hash
	secret []byte
	expand mac
}

// MasterSecret13 is the last.
type MasterSecret13 struct {
	h      crypto.Hash
	secret []byte
	expand mac
}

// NewEarlySecret starts the schedule with a pre-shared key, nil for none.
func NewEarlySecret(h crypto.Hash, psk []byte) *EarlySecret {
	if psk == nil {
		return withoutPSK(h)
	}
	secret := constantsOf(h).unsalted.sum(psk)
	return &EarlySecret{h: h, secret: secret, expand: newMAC(h, secret)}
}

func (s *EarlySecret) label(label string, context []byte) []byte {
	return s.expand.label(label, context, s.h.Size())
}

// ExternalBinderKey proves possession of an external key.
func (s *EarlySecret) ExternalBinderKey() []byte {
	return s.label(labelExternalBinder, emptyHash(s.h))
}

// ResumptionBinderKey proves possession of a resumption key.
func (s *EarlySecret) ResumptionBinderKey() []byte {
	return s.label(labelResumptionBinder, emptyHash(s.h))
}

// ClientEarlyTraffic is derived from the transcript ClientHello.
func (s *EarlySecret) ClientEarlyTraffic(transcriptHash []byte) *HandshakeTraffic {
	return newHandshakeTraffic(s.h, s.label(labelClientEarly, transcriptHash))
}

// HandshakeSecret mixes the (EC)DHE secret in, nil for none.
func (s *EarlySecret) HandshakeSecret(shared []byte) *HandshakeSecret {
	if shared == nil {
		shared = constantsOf(s.h).zeros
	}
	var secret []byte
	if s.derived != nil {
		secret = macOf(s.h, s.derived, shared)
	} else {
		secret = s.expand.under(labelDerived, emptyHash(s.h), shared)
	}
	return &HandshakeSecret{s.h, secret, newMAC(s.h, secret)}
}

// ClientTraffic is derived from the transcript ClientHello..ServerHello.
func (s *HandshakeSecret) ClientTraffic(transcriptHash []byte) *HandshakeTraffic {
	return newHandshakeTraffic(s.h, s.expand.label(labelClientHandshake, transcriptHash, s.h.Size()))
}

// ServerTraffic is derived from the transcript ClientHello..ServerHello.
func (s *HandshakeSecret) ServerTraffic(transcriptHash []byte) *HandshakeTraffic {
	return newHandshakeTraffic(s.h, s.expand.label(labelServerHandshake, transcriptHash, s.h.Size()))
}

// MasterSecret ends the chain.
func (s *HandshakeSecret) MasterSecret() *MasterSecret13 {
	secret := s.expand.under(labelDerived, emptyHash(s.h), constantsOf(s.h).zeros)
	return &MasterSecret13{s.h, secret, newMAC(s.h, secret)}
}

// HandshakeTraffic is what one side's handshake traffic secret gives: the keys of its flight, and its Finished.
type HandshakeTraffic struct {
	h      crypto.Hash
	secret []byte
	expand mac
}

func newHandshakeTraffic(h crypto.Hash, secret []byte) *HandshakeTraffic {
	return &HandshakeTraffic{h, secret, newMAC(h, secret)}
}

// Secret returns the secret itself, for the key log.
func (t *HandshakeTraffic) Secret() []byte { return t.secret }

// Key derives key and IV (RFC 9846 section 7.3).
func (t *HandshakeTraffic) Key(keyLen, ivLen int) (key, iv []byte) {
	return t.expand.keyAndIV(keyLen, ivLen)
}

// FinishedMAC is the verify_data of the side's Finished (RFC 9846 section 4.4.4).
func (t *HandshakeTraffic) FinishedMAC(transcriptHash []byte) []byte {
	return t.expand.under(labelFinished, nil, transcriptHash)
}

// ClientApplicationTrafficSecret is derived from the transcript ClientHello..server Finished.
func (s *MasterSecret13) ClientApplicationTrafficSecret(transcriptHash []byte) []byte {
	return s.expand.label(labelClientApplication, transcriptHash, s.h.Size())
}

// ServerApplicationTrafficSecret is derived from the transcript ClientHello..server Finished.
func (s *MasterSecret13) ServerApplicationTrafficSecret(transcriptHash []byte) []byte {
	return s.expand.label(labelServerApplication, transcriptHash, s.h.Size())
}

// ExporterMasterSecret is derived from the transcript ClientHello..server Finished.
func (s *MasterSecret13) ExporterMasterSecret(transcriptHash []byte) []byte {
	return s.expand.label(labelExporterMaster, transcriptHash, s.h.Size())
}

// ResumptionMasterSecret is derived from the transcript ClientHello..client Finished.
func (s *MasterSecret13) ResumptionMasterSecret(transcriptHash []byte) []byte {
	return s.expand.label(labelResumptionMaster, transcriptHash, s.h.Size())
}

// NextTrafficSecret is the secret after a key update (RFC 9846 section 7.2).
func NextTrafficSecret(h crypto.Hash, secret []byte) []byte {
	return expandLabel(h, secret, labelTrafficUpdate, nil, h.Size())
}

// TrafficKey derives key and IV from an application traffic secret (RFC 9846 section 7.3).
func TrafficKey(h crypto.Hash, secret []byte, keyLen, ivLen int) (key, iv []byte) {
	m := newMAC(h, secret)
	return m.keyAndIV(keyLen, ivLen)
}

// FinishedMAC is the verify_data of a Finished after the handshake, and a PSK binder (RFC 9846 section 4.4.4).
func FinishedMAC(h crypto.Hash, baseKey, transcriptHash []byte) []byte {
	return macOf(h, expandLabel(h, baseKey, labelFinished, nil, h.Size()), transcriptHash)
}

// ResumptionPSK is the key that a ticket stands for (RFC 9846 section 4.6.1).
func ResumptionPSK(h crypto.Hash, resumptionMaster, nonce []byte) []byte {
	return expandLabel(h, resumptionMaster, labelResumption, nonce, h.Size())
}

// Exporter13 is TLS-Exporter of RFC 9846 section 7.5.
func Exporter13(h crypto.Hash, exporterMaster []byte, label string, context []byte, n int) []byte {
	secret := expandLabel(h, exporterMaster, label, emptyHash(h), h.Size())
	d := h.New()
	d.Write(context)
	return expandLabel(h, secret, labelExporter, d.Sum(nil), n)
}
