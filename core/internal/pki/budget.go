package pki

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"iter"
	"math/bits"
	"slices"

	"github.com/cloudflare/circl/sign/ed448"

	"github.com/gossl/gossl/core/internal/alert"
)

// What a peer sends decides how much there is to look at: thousands of intermediates that all may have issued one
// another, thousands of names under thousands of constraints. Each verification has a budget for that, far above what
// honest chains need (fewer than ten signatures, some hundred candidates), and ends with an error when it is spent.
const (
	maxCandidates  = 1 << 13 // certificates of the right name looked at as the issuer of another
	maxSignatures  = 128     // verified: those of a chain of the greatest length, and of the lists that revoke
	maxWork        = 800     // of them all, counted in signatures of P-256: 100 of P-384 or 40 of P-521
	maxComparisons = 1 << 18 // of a name with a constraint; OpenSSL's NAME_CHECK_MAX is four times that
)

// budget is what a verification has spent.
type budget struct{ candidates, signatures, work, comparisons int }

// look counts a candidate, and reports whether it may still be looked at.
func (b *budget) look() bool {
	if b.candidates <= maxCandidates {
		b.candidates++
	}
	return b.candidates <= maxCandidates
}

// exhausted reports whether path building wanted more than it may have.
func (b *budget) exhausted() bool {
	return b.candidates > maxCandidates || b.signatures > maxSignatures || b.work > maxWork
}

// verify counts a signature by the key of issuer, and reports whether it may still be verified.
func (b *budget) verify(issuer *Certificate) bool {
	if b.signatures <= maxSignatures && b.work <= maxWork {
		b.signatures++
		b.work += workOf(issuer)
	}
	return b.signatures <= maxSignatures && b.work <= maxWork
}

// workOf is how many signatures of P-256 could be verified while one by the key of issuer is.
func workOf(issuer *Certificate) int {
	switch key := issuer.PublicKey.(type) {
	case *rsa.PublicKey: // squarings and multiplications, of which each takes the square of the length
		steps := bits.Len(uint(key.E)) + bits.OnesCount(uint(key.E))
		return 1 + issuer.keyBits*issuer.keyBits/(2048*2048)*steps/(17+2) // 65537 takes 17 and 2
	case *ecdsa.PublicKey:
		switch {
		case issuer.keyBits > 384:
			return 20
		case issuer.keyBits > 256:
			return 8
		}
	case ed448.PublicKey:
		return 4
	}
	return 1
}

// tooManyCandidates is why path building ends when its budget is spent.
func (v *verification) tooManyCandidates() *failure {
	return &failure{alert.VerifyCertChainTooLong, len(v.chain) - 1}
}

// signedBy verifies c's signature with issuer's key; with the budget spent, no signature is good.
func (v *verification) signedBy(c, issuer *Certificate) bool {
	return v.spent.verify(issuer) && c.signedBy(issuer)
}

// bundle is what the peer sent beside its leaf.
type bundle struct {
	all   []*Certificate
	index map[string][]*Certificate // by canonical subject; made when it is worth it
}

// worthAnIndex is how many certificates are faster found by name than looked at.
const worthAnIndex = 32

// bySubject yields the certificates with a canonical subject, and perhaps others.
func (b *bundle) bySubject(name []byte) iter.Seq[*Certificate] {
	if len(b.all) < worthAnIndex {
		return slices.Values(b.all)
	}
	if b.index == nil {
		b.index = make(map[string][]*Certificate, len(b.all))
		for _, c := range b.all {
			b.index[string(c.subject)] = append(b.index[string(c.subject)], c)
		}
	}
	return slices.Values(b.index[string(name)])
}
