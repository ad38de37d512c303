package pki

import (
	"iter"
	"slices"

	"github.com/gossl/gossl/core/internal/alert"
)

// What a peer sends decides how much there is to look at: thousands of intermediates that all may have issued one
// another, thousands of names under thousands of constraints. Each verification has a budget for that, far above what
// honest chains need (fewer than ten signatures, some hundred candidates), and ends with an error when it is spent.
const (
	maxCandidates  = 1 << 13 // certificates of the right name looked at as the issuer of another
	maxSignatures  = 128     // verified: those of a chain of the greatest length, and of the lists that revoke
	maxComparisons = 1 << 18 // of a name with a constraint; OpenSSL's NAME_CHECK_MAX is four times that
)

// budget is what a verification has spent.
type budget struct{ candidates, signatures, comparisons int }

// look counts a candidate, and reports whether it may still be looked at.
func (b *budget) look() bool {
	if b.candidates <= maxCandidates {
		b.candidates++
	}
	return b.candidates <= maxCandidates
}

// exhausted reports whether path building wanted more than it may have.
func (b *budget) exhausted() bool {
	return b.candidates > maxCandidates || b.signatures > maxSignatures
}

// verify counts a signature, and reports whether it may still be verified.
func (b *budget) verify() bool {
	if b.signatures <= maxSignatures {
		b.signatures++
	}
	return b.signatures <= maxSignatures
}

// tooManyCandidates is why path building ends when its budget is spent.
func (v *verification) tooManyCandidates() *failure {
	return &failure{alert.VerifyCertChainTooLong, len(v.chain) - 1}
}

// signedBy verifies c's signature with issuer's key; with the budget spent, no signature is good.
func (v *verification) signedBy(c, issuer *Certificate) bool {
	return v.spent.verify() && c.signedBy(issuer)
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
