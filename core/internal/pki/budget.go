package pki

import "github.com/gossl/gossl/core/internal/alert"

// What a peer sends decides how much there is to look at: thousands of intermediates that all may have issued one
// another, thousands of names under thousands of constraints. Each verification has a budget for that, far above what
// honest chains need (fewer than ten signatures, some hundred candidates), and ends with an error when it is spent.
const (
	maxCandidates  = 1 << 16 // certificates looked at as the issuer of another
	maxSignatures  = 128     // verified: those of a chain of the greatest length, and of the lists that revoke
	maxComparisons = 1 << 18 // of a name with a constraint; OpenSSL's NAME_CHECK_MAX is four times that
)

// budget is what a verification has spent.
type budget struct{ candidates, signatures, comparisons int }

// exhausted reports whether path building looked at more candidates than it may.
func (b *budget) exhausted() bool { return b.candidates > maxCandidates }

// tooManyCandidates is why path building ends when its budget is spent.
func (v *verification) tooManyCandidates() *failure {
	return &failure{alert.VerifyCertChainTooLong, len(v.chain) - 1}
}

// signedBy verifies c's signature with issuer's key; with the budget spent, no signature is good.
func (v *verification) signedBy(c, issuer *Certificate) bool {
	v.spent.signatures++
	return v.spent.signatures <= maxSignatures && c.signedBy(issuer)
}
