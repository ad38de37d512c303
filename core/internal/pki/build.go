package pki

import (
	"bytes"
	"iter"
	"slices"

	"github.com/gossl/gossl/core/internal/alert"
)

// Path building, as OpenSSL 3.0's build_chain does it: one path, each issuer the best that is known, and no way back,
// but that a chain may be cut where the store knows a shorter end.

// build extends the chain until it ends in an anchor. With TRUSTED_FIRST the store is asked before the certificates
// that the peer sent.
func (v *verification) build() *failure {
	if v.Flags&FlagTrustedFirst == 0 {
		v.extendUntrusted()
	}
	done, f := v.extend()
	if !done && f == nil && v.Flags&FlagTrustedFirst == 0 && v.Flags&FlagNoAltChains == 0 {
		done, f = v.alternate()
	}
	if !done && f == nil {
		done, f = v.trustsLeaf()
	}
	switch {
	case v.spent.exhausted():
		return v.tooManyCandidates()
	case f != nil:
		return f
	case done:
		return v.checkDepth()
	}
	return v.untrustedEnd()
}

// extend asks the store, and the certificates that the peer sent where the store has nothing.
func (v *verification) extend() (done bool, f *failure) {
	for {
		if done, f = v.extendTrusted(); done || f != nil {
			return done, f
		}
		if len(v.chain) > v.Depth+1 || !v.extendOnce() {
			return false, nil
		}
	}
}

// last returns the end of the chain.
func (v *verification) last() *Certificate { return v.chain[len(v.chain)-1] }

// extendUntrusted takes certificates that the peer sent while there are any.
func (v *verification) extendUntrusted() {
	for len(v.chain) <= v.Depth && v.extendOnce() {
	}
}

// extendOnce appends the issuer of the last certificate from what the peer sent.
func (v *verification) extendOnce() bool {
	if v.last().selfSigned || v.trusted != len(v.chain) {
		return false
	}
	issuer := v.bestIssuer(v.last(), v.untrusted.bySubject(v.last().issuer))
	if issuer == nil {
		return false
	}
	v.chain = append(v.chain, issuer)
	v.trusted = len(v.chain)
	return true
}

// extendTrusted follows issuers in the store and reports whether the chain is now trusted. Once the store has given one,
// nothing that the peer sent is appended any more.
func (v *verification) extendTrusted() (done bool, f *failure) {
	for len(v.chain) <= v.Depth+1 {
		cur := v.last()
		if cur.selfSigned {
			if v.trusted < len(v.chain) {
				return false, nil
			}
			anchor := v.anchored(cur)
			if anchor == nil {
				return false, nil
			}
			v.trusted = len(v.chain) - 1
			v.chain[v.trusted] = anchor
		} else {
			issuer := v.bestIssuer(cur, v.store.bySubject(cur.issuer))
			if issuer == nil {
				return false, nil
			}
			v.chain = append(v.chain, issuer)
		}
		switch v.last().trustFor(v.Purpose) {
		case explicitly:
			return true, nil
		case rejected:
			return false, &failure{alert.VerifyCertRejected, len(v.chain) - 1}
		}
		if v.Flags&FlagPartialChain != 0 {
			return true, nil
		}
	}
	return false, nil
}

// trustsLeaf is the last resort of PARTIAL_CHAIN, when nothing of the chain came from the store: the leaf itself is in
// the store. What the peer sent above it stays in the chain, and is checked.
func (v *verification) trustsLeaf() (done bool, f *failure) {
	if v.Flags&FlagPartialChain == 0 || v.trusted != len(v.chain) || len(v.chain) > v.Depth+1 {
		return false, nil
	}
	anchor := v.anchored(v.chain[0])
	if anchor == nil {
		return false, nil
	}
	if anchor.trustFor(v.Purpose) == rejected {
		return false, &failure{alert.VerifyCertRejected, 0}
	}
	v.chain[0], v.trusted = anchor, 0
	return true, nil
}

// anchored returns what the store has of the very certificate, nil if it has none.
func (v *verification) anchored(c *Certificate) *Certificate {
	for a := range v.store.bySubject(c.subject) {
		if bytes.Equal(a.Raw, c.Raw) {
			return a
		}
	}
	return nil
}

// alternate drops certificates that the peer sent from the end, to see whether the store knows a shorter way.
func (v *verification) alternate() (done bool, f *failure) {
	whole, trusted := v.chain, v.trusted
	for n := min(trusted, len(whole)) - 1; n >= 1; n-- {
		v.chain, v.trusted = whole[:n:n], n
		if done, f = v.extendTrusted(); done || f != nil {
			return done, f
		}
	}
	v.chain, v.trusted = whole, trusted
	return false, nil
}

// checkDepth bounds the length: Depth counts the certificates between leaf and anchor.
func (v *verification) checkDepth() *failure {
	if n := len(v.chain); n > v.Depth+2 || n > v.Depth+1 && v.trusted == n {
		return &failure{alert.VerifyCertChainTooLong, n - 1}
	}
	return nil
}

// untrustedEnd says why the chain ends without an anchor.
func (v *verification) untrustedEnd() *failure {
	n := len(v.chain)
	switch {
	case n > v.Depth+1:
		return &failure{alert.VerifyCertChainTooLong, n - 1}
	case v.last().selfSigned && n == 1:
		return &failure{alert.VerifyDepthZeroSelfSigned, 0}
	case v.last().selfSigned:
		return &failure{alert.VerifySelfSignedInChain, n - 1}
	case v.trusted < n:
		return &failure{alert.VerifyUnableToGetIssuerCert, n - 1}
	}
	return &failure{alert.VerifyUnableToGetIssuerLocally, n - 1}
}

// bestIssuer returns the candidate that may have issued c: the first that is valid now, else the one that was valid
// last.
func (v *verification) bestIssuer(c *Certificate, candidates iter.Seq[*Certificate]) *Certificate {
	var best *Certificate
	for i := range candidates {
		if !bytes.Equal(c.issuer, i.subject) {
			continue
		}
		if !v.spent.look() {
			return nil
		}
		if !c.mayBeIssuedBy(i) || v.inChain(i) {
			continue
		}
		if v.validNow(i) {
			return i
		}
		if best == nil || i.NotAfter.Unix > best.NotAfter.Unix {
			best = i
		}
	}
	return best
}

func (v *verification) inChain(c *Certificate) bool {
	for _, have := range v.chain {
		if bytes.Equal(have.Raw, c.Raw) {
			return true
		}
	}
	return false
}

func (v *verification) validNow(c *Certificate) bool {
	return v.Flags&FlagNoCheckTime != 0 || c.NotBefore.Unix <= v.Time && v.Time < c.NotAfter.Unix
}

// mayBeIssuedBy is what OpenSSL 3.0 looks at when it builds a path: names, key identifiers, kinds of keys. Whether the
// issuer has the right to sign is checked with the signatures, so that the error says so.
func (c *Certificate) mayBeIssuedBy(issuer *Certificate) bool {
	return bytes.Equal(c.issuer, issuer.subject) && !c.malformed && !issuer.malformed && c.matchesAKID(issuer) &&
		c.signatureFits(issuer)
}

// signingAllowed: a CA signs with keyCertSign, the issuer of a proxy certificate with digitalSignature.
func (c *Certificate) signingAllowed(issuer *Certificate) alert.VerifyCode {
	if c.isProxy {
		if issuer.rejectsUsage(usageDigitalSignature) {
			return alert.VerifyKeyUsageNoDigitalSignature
		}
		return alert.VerifyOK
	}
	if issuer.rejectsUsage(usageCertSign) {
		return alert.VerifyKeyUsageNoCertSign
	}
	return alert.VerifyOK
}

// BuildChain returns leaf and what store and extra have above it, for a sender that completes its own chain. It checks
// no signatures.
func BuildChain(leaf *Certificate, store *Store, extra []*Certificate) []*Certificate {
	v := &verification{Options: &Options{Flags: FlagNoCheckTime, Depth: 20}, store: store, chain: []*Certificate{leaf}, trusted: 1}
	v.untrusted.all = extra
	for len(v.chain) <= v.Depth && !v.last().selfSigned {
		issuer := v.bestIssuer(v.last(), slices.Values(extra))
		if issuer == nil {
			issuer = v.bestIssuer(v.last(), store.bySubject(v.last().issuer))
		}
		if issuer == nil {
			break
		}
		v.chain = append(v.chain, issuer)
	}
	return v.chain
}
