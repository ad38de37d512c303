package pki

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/gossl/gossl/core/internal/alert"
)

// deniedKeys are the SHA-256 digests of the subjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of intermediate authorities
// whose private keys became public: eMudhra's, among them the number 4 on P-384. They are the keys that CPython's ssl
// refuses since 3.14.10 and 3.15.2 (python/cpython#160040). A key is named, not a certificate: others have signed it too.
const deniedKeys = `
	43bffa19d6ef651451f6841e019931e96f6f2eaeff28ab4b6f1ce4576de2717b
	49dd353dc2b919a3770645117d0e60c16115e7d1bc259eefe734b00ea434fe5f
	5c0660a2b164910d8ff589c18e14552e9e0ec237dcefe2cb736d41a4811f81a0
	63ecefee431d49523bc1136c4e72d0206a477086caf606cd5cf025686c109cf8
	92c063d67e8f14db71d288e11266ffdaf69cbf115f7bab14f3bc2f68d25e0e30
	e0254c7fcdc265e2f0f8a428dabb75ab4ae039b4872d62f5ee57f0877d5a8a41
	ebed6475c2c2d80fcb199f3fe8dd6e6b3ce60b77eb15d4e42c3dec0c6f5b5105
	ec4ffa1ad0ac88081314b7aaffef6a91f97cd57291bb5ba686c5415f5eb4f6b6
`

// denied has them to look up.
var denied = sync.OnceValue(func() map[[sha256.Size]byte]bool {
	digests := map[[sha256.Size]byte]bool{}
	for word := range strings.FieldsSeq(deniedKeys) {
		digest, err := hex.DecodeString(word)
		if err != nil {
			panic(err)
		}
		digests[[sha256.Size]byte(digest)] = true
	}
	return digests
})

// checkDenied is the last word about a chain that is good otherwise: none of its keys may be known to everybody.
func (v *verification) checkDenied() *failure {
	for depth, c := range v.chain {
		if denied()[sha256.Sum256(c.RawSPKI)] {
			return &failure{alert.VerifyCertRejected, depth}
		}
	}
	return nil
}
