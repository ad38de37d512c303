package suite

import (
	"crypto/aes"
	"crypto/cipher"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/chacha20poly1305"
)

// NewAEAD returns the suite's AEAD with a key of KeyLen bytes.
func (s *Suite) NewAEAD(key []byte) (cipher.AEAD, error) {
	if s.Enc == EncChaCha20 {
		return chacha20poly1305.New(key)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	switch s.Enc {
	case EncAES128GCM, EncAES256GCM:
		return cipher.NewGCM(block)
	case EncAES128CCM, EncAES256CCM, EncAES128CCM8, EncAES256CCM8:
		return newCCM(block, s.TagLen), nil
	}
	return nil, alert.New(alert.Internal, alert.ReasonUnknownCipherType, alert.InternalError, "suite has no AEAD")
}
