package pki

import (
	"bytes"
	"iter"

	"github.com/gossl/gossl/core/internal/alert"
)

// With FlagAllPaths a chain is refused only when no path from the leaf to an anchor is good (RFC 4158 section 2.4).
// OpenSSL's own path has been tried before; its error stands if nothing better is found.

// searchInstead looks for a good path where OpenSSL's was refused with f.
func (v *verification) searchInstead(f *failure) *failure {
	if f.code == alert.VerifyEEKeyTooSmall { // of the leaf, which all paths begin with
		return f
	}
	s := &verification{Options: v.Options, store: v.store, untrusted: v.untrusted, chain: v.chain[:1:1], trusted: 1, spent: v.spent}
	found := s.search()
	v.spent = s.spent
	switch {
	case found:
		v.chain, v.trusted = s.chain, s.trusted
		return nil
	case s.spent.exhausted():
		return s.tooManyCandidates()
	}
	return f
}

// search extends the chain in every way, best candidates first, until one is good. Signatures are verified before
// anything is built on them, so that made-up issuers cost one each.
func (v *verification) search() bool {
	cur := v.last()
	if v.ends(cur) {
		return v.check() == nil
	}
	if len(v.chain) > v.Depth+1 || v.trusted < len(v.chain) && cur.selfSigned {
		return false
	}
	return v.searchAmong(v.store.bySubject(cur.issuer), true) ||
		v.trusted == len(v.chain) && v.searchAmong(v.untrusted.bySubject(cur.issuer), false)
}

// ends reports whether the chain ends in an anchor. It sets v.trusted if that is the leaf.
func (v *verification) ends(cur *Certificate) bool {
	if v.trusted == len(v.chain) && (cur.selfSigned || len(v.chain) == 1 && v.Flags&FlagPartialChain != 0) {
		if anchor := v.anchored(cur); anchor != nil {
			v.trusted = len(v.chain) - 1
			v.chain[v.trusted] = anchor
			cur = anchor
		}
	}
	if v.trusted == len(v.chain) {
		return false
	}
	t := cur.trustFor(v.Purpose)
	return t == explicitly || t == neutral && v.Flags&FlagPartialChain != 0
}

func (v *verification) searchAmong(candidates iter.Seq[*Certificate], anchors bool) bool {
	chain, trusted := v.chain, v.trusted
	for issuer := range candidates {
		cur := chain[len(chain)-1]
		if !bytes.Equal(cur.issuer, issuer.subject) {
			continue
		}
		if v.spent.exhausted() || !v.spent.look() {
			return false
		}
		if !cur.mayBeIssuedBy(issuer) || v.inChain(issuer) || issuer.PublicKey == nil || !v.signedBy(cur, issuer) {
			continue
		}
		v.chain, v.trusted = append(chain[:len(chain):len(chain)], issuer), trusted
		if !anchors {
			v.trusted++
		}
		if v.search() {
			return true
		}
		v.chain, v.trusted = chain, trusted
	}
	return false
}
