package record

import (
	"crypto/cipher"
	"weak"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/suite"
)

// protection is a suite's AEAD with its key. What the AEAD makes of the key, 0.8 KB, four times for a pair of
// connections, is made when a record needs it, and is the collector's when it runs: an idle connection has only its keys.
// A busy one makes it anew, in half a microsecond, after each collection, and for its second record: the keys of a handshake
// protect one, and to have it found again takes twice as long as to make it.
type protection struct {
	suite *suite.Suite // nil: there is none
	key   [maxKeyLen]byte
	made  weak.Pointer[keyed] `adopt:"-"`
}

type keyed struct{ cipher.AEAD }

const maxKeyLen = 32

// newProtection refuses what an AEAD cannot be made of: later that does not fail.
func newProtection(s *suite.Suite, key []byte) (protection, error) {
	if !s.IsAEAD() || !s.Implemented() || len(key) != s.KeyLen || len(key) > maxKeyLen {
		return protection{}, alert.New(alert.Internal, alert.ReasonUnknownCipherType, alert.InternalError,
			"suite has no AEAD, or none with such a key")
	}
	p := protection{suite: s}
	copy(p.key[:], key)
	return p, nil
}

// aead returns the AEAD, for one record, the first under the key or a later one.
func (p *protection) aead(later bool) (*keyed, error) {
	if made := p.made.Value(); made != nil {
		return made, nil
	}
	aead, err := p.suite.NewAEAD(p.key[:p.suite.KeyLen])
	if err != nil {
		return nil, err
	}
	made := &keyed{aead}
	if later {
		p.made = weak.Make(made)
	}
	return made, nil
}

// overhead is by how many bytes a ciphertext is longer than its plaintext.
func (p *protection) overhead() int { return p.suite.TagLen }
