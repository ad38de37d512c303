package pki

import (
	"bytes"

	"github.com/gossl/gossl/core/internal/alert"
)

// Flags are OpenSSL's X509_V_FLAG_* bits.
type Flags uint64

// The flags that verification knows. With FlagAllowProxy proxy certificates are refused all the same: nothing here
// follows the rules of RFC 3820. The flag can be set because CPython's ssl has it.
const (
	FlagCRLCheck     Flags = 0x4
	FlagCRLCheckAll  Flags = 0x8
	FlagIgnoreCrit   Flags = 0x10
	FlagStrict       Flags = 0x20
	FlagAllowProxy   Flags = 0x40
	FlagCheckSSSig   Flags = 0x4000
	FlagTrustedFirst Flags = 0x8000
	FlagPartialChain Flags = 0x80000
	FlagNoAltChains  Flags = 0x100000
	FlagNoCheckTime  Flags = 0x200000
)

// KnownFlags are all of them.
const KnownFlags = FlagCRLCheck | FlagCRLCheckAll | FlagIgnoreCrit | FlagStrict | FlagAllowProxy | FlagCheckSSSig | FlagTrustedFirst |
	FlagPartialChain | FlagNoAltChains | FlagNoCheckTime

// Purpose is what a chain is to be good for.
type Purpose uint8

// The purposes: PurposeServer verifies a server's certificate, PurposeClient a client's.
const (
	PurposeAny Purpose = iota
	PurposeServer
	PurposeClient
)

// Options say how to verify.
type Options struct {
	Time          int64 // seconds since 1970
	Flags         Flags
	Purpose       Purpose
	Depth         int // the most intermediates
	SecurityLevel int
	Host          string // a host name to match, or
	IP            []byte // an address of 4 or 16 bytes
	HostFlags     uint32
}

// Result is the chain that was built, leaf first, also when it was refused.
type Result struct {
	Chain []*Certificate
	Code  alert.VerifyCode
	Depth int // of the certificate that Code is about
}

// budget bounds what a hostile bundle of certificates can make us do.
const (
	maxCandidates = 1 << 20 // names compared
	maxSignatures = 128     // signatures checked
)

// verification is one call of Verify.
type verification struct {
	*Options
	store     *Store
	untrusted []*Certificate
	chain     []*Certificate
	trusted   int // index in chain of the first certificate that came from the store
	compared  int
}

// failure is a verdict about the certificate at a depth.
type failure struct {
	code  alert.VerifyCode
	depth int
}

// Verify builds a chain from leaf to an anchor of store and checks it, in the order of OpenSSL 3.0's X509_verify_cert,
// whose first error it reports. The error is an *alert.Error with that code.
func Verify(leaf *Certificate, intermediates []*Certificate, store *Store, o *Options) (*Result, error) {
	v := &verification{Options: o, store: store, chain: []*Certificate{leaf}, trusted: 1}
	v.untrusted = append(v.untrusted, intermediates...)
	f := v.run()
	r := &Result{Chain: v.chain}
	if f == nil {
		remembered.keep(v.chain[:v.trusted])
		return r, nil
	}
	r.Code, r.Depth = f.code, f.depth
	e := alert.New(alert.Peer, alert.ReasonCertificateVerifyFailed, VerifyAlert(f.code), "certificate verify failed")
	e.Verify = f.code
	return r, e
}

func (v *verification) run() *failure {
	if v.SecurityLevel > 0 && v.chain[0].keyStrength() < levelBits(v.SecurityLevel) {
		return &failure{alert.VerifyEEKeyTooSmall, 0}
	}
	for _, step := range []func() *failure{
		v.build, v.checkExtensions, v.checkStrength, v.checkIdentity, v.checkRevocation, v.checkSignatures,
		v.checkConstraints,
	} {
		if f := step(); f != nil {
			return f
		}
	}
	return nil
}

func levelBits(level int) int { return [...]int{0, 80, 112, 128, 192, 256}[min(max(level, 0), 5)] }

func (v *verification) strict() bool { return v.Flags&FlagStrict != 0 }

// build extends the chain until it ends in an anchor. With TRUSTED_FIRST the store is asked before the certificates
// that the peer sent.
func (v *verification) build() *failure {
	if v.Flags&FlagTrustedFirst == 0 {
		v.extendUntrusted()
	}
	for {
		if done := v.extendTrusted(); done {
			return v.checkDepth()
		}
		if len(v.chain) > v.Depth+1 || !v.extendOnce() {
			break
		}
	}
	if v.Flags&FlagTrustedFirst == 0 && v.Flags&FlagNoAltChains == 0 && v.alternate() {
		return v.checkDepth()
	}
	if v.trustsLeaf() {
		return v.checkDepth()
	}
	return v.untrustedEnd()
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
	issuer := v.bestIssuer(v.last(), v.untrusted)
	if issuer == nil {
		return false
	}
	v.chain = append(v.chain, issuer)
	v.trusted = len(v.chain)
	for i, c := range v.untrusted {
		if c == issuer {
			v.untrusted = append(v.untrusted[:i:i], v.untrusted[i+1:]...)
			break
		}
	}
	return true
}

// extendTrusted follows issuers in the store and reports whether the chain is now trusted. Once the store has given one,
// nothing that the peer sent is appended any more.
func (v *verification) extendTrusted() bool {
	for len(v.chain) <= v.Depth+1 {
		cur := v.last()
		if cur.selfSigned {
			if v.trusted < len(v.chain) {
				return true
			}
			if v.anchored(cur) {
				v.trusted = len(v.chain) - 1
				return true
			}
			break
		}
		issuer := v.bestIssuer(cur, v.store.bySubject(cur.RawIssuer))
		if issuer == nil {
			break
		}
		v.chain = append(v.chain, issuer)
		if v.Flags&FlagPartialChain != 0 {
			return true
		}
	}
	return false
}

// trustsLeaf is the last resort of PARTIAL_CHAIN, when nothing of the chain came from the store: the leaf itself is in
// the store. What the peer sent above it stays in the chain, and is checked.
func (v *verification) trustsLeaf() bool {
	if v.Flags&FlagPartialChain == 0 || v.trusted != len(v.chain) || len(v.chain) > v.Depth+1 || !v.anchored(v.chain[0]) {
		return false
	}
	v.trusted = 0
	return true
}

// anchored reports whether the very certificate is in the store.
func (v *verification) anchored(c *Certificate) bool {
	for _, a := range v.store.bySubject(c.RawSubject) {
		if bytes.Equal(a.Raw, c.Raw) {
			return true
		}
	}
	return false
}

// alternate drops certificates that the peer sent from the end, to see whether the store knows a shorter way.
func (v *verification) alternate() bool {
	whole, trusted := v.chain, v.trusted
	for n := min(trusted, len(whole)) - 1; n >= 1; n-- {
		v.chain, v.trusted = whole[:n:n], n
		if v.extendTrusted() {
			return true
		}
	}
	v.chain, v.trusted = whole, trusted
	return false
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
func (v *verification) bestIssuer(c *Certificate, candidates []*Certificate) *Certificate {
	var best *Certificate
	for _, i := range candidates {
		if v.compared++; v.compared > maxCandidates {
			return best
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
	v.untrusted = append(v.untrusted, extra...)
	for len(v.chain) <= v.Depth && !v.last().selfSigned {
		issuer := v.bestIssuer(v.last(), v.untrusted)
		if issuer == nil {
			issuer = v.bestIssuer(v.last(), store.bySubject(v.last().RawIssuer))
		}
		if issuer == nil {
			break
		}
		v.chain = append(v.chain, issuer)
	}
	return v.chain
}
