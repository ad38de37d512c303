package pki

import (
	"bytes"

	"github.com/gossl/gossl/core/internal/alert"
)

// Revocation by CRLs, as OpenSSL 3.0's check_revocation does it without EXTENDED_CRL_SUPPORT and USE_DELTAS, which
// cannot be set: indirect lists, lists for some reasons only and delta lists do not count.

// checkRevocation checks the leaf, or with CRL_CHECK_ALL the whole chain.
func (v *verification) checkRevocation() *failure {
	if v.Flags&FlagCRLCheck == 0 {
		return nil
	}
	last := 0
	if v.Flags&FlagCRLCheckAll != 0 {
		last = len(v.chain) - 1
	}
	for i := 0; i <= last; i++ {
		if code := v.checkRevoked(i); code != alert.VerifyOK {
			return &failure{code, i}
		}
	}
	return nil
}

// checkRevoked asks lists until they cover every reason for which a certificate may be revoked. A proxy is as good as
// the end entity that it stands for.
func (v *verification) checkRevoked(depth int) alert.VerifyCode {
	c := v.chain[depth]
	if c.isProxy {
		return alert.VerifyOK
	}
	for covered := 0; covered != allReasons; {
		best := v.bestCRL(depth, covered)
		if best.crl == nil {
			return alert.VerifyUnableToGetCRL
		}
		if code := v.checkCRL(best); code != alert.VerifyOK {
			return code
		}
		if best.crl.revokes(c) {
			return alert.VerifyCertRevoked
		}
		if best.reasons == covered { // another round would find the same
			return alert.VerifyUnableToGetCRL
		}
		covered = best.reasons
	}
	return alert.VerifyOK
}

// What makes one list better than another, in OpenSSL's order (CRL_SCORE_*).
const (
	scoreSamePath   = 0x008 // its issuer is in the chain
	scoreIssuerCert = 0x010 // and is the certificate's
	scoreIssuerName = 0x020
	scoreTime       = 0x040
	scoreScope      = 0x080
	scoreNoCritical = 0x100
)

// candidateCRL is a list and how well it fits a certificate.
type candidateCRL struct {
	crl     *CRL
	issuer  *Certificate
	score   int
	reasons int // covered by it and those before it
}

// bestCRL returns the list that fits best, of equals the newest.
func (v *verification) bestCRL(depth, covered int) candidateCRL {
	var best candidateCRL
	for _, crl := range v.store.crlsOf(v.chain[depth].RawIssuer) {
		c := v.scoreCRL(crl, depth, covered)
		if c.crl == nil || c.score < best.score {
			continue
		}
		if best.crl == nil || c.score > best.score || crl.thisUpdate.Unix > best.crl.thisUpdate.Unix {
			best = c
		}
	}
	return best
}

// scoreCRL is OpenSSL's get_crl_score; crl is nil in what it returns if the list is of no use.
func (v *verification) scoreCRL(crl *CRL, depth, covered int) candidateCRL {
	cert := v.chain[depth]
	if crl.delta || crl.scope.invalid || crl.scope.indirect || crl.scope.hasReasons || !bytes.Equal(crl.issuer, cert.issuer) {
		return candidateCRL{}
	}
	c := candidateCRL{crl: crl, score: scoreIssuerName, reasons: covered}
	if !crl.unhandled {
		c.score |= scoreNoCritical
	}
	if v.crlTime(crl) == alert.VerifyOK {
		c.score |= scoreTime
	}
	if !v.findCRLIssuer(&c, depth) {
		return candidateCRL{}
	}
	if reasons, ok := cert.inScope(crl); ok {
		if reasons&^covered == 0 {
			return candidateCRL{}
		}
		c.reasons |= reasons
		c.score |= scoreScope
	}
	return c
}

// findCRLIssuer looks for who signed the list from the certificate's issuer up.
func (v *verification) findCRLIssuer(c *candidateCRL, depth int) bool {
	first := min(depth+1, len(v.chain)-1)
	for i := first; i < len(v.chain); i++ {
		issuer := v.chain[i]
		if !bytes.Equal(issuer.subject, c.crl.issuer) || !c.crl.akid.matches(issuer) {
			continue
		}
		c.issuer = issuer
		c.score |= scoreSamePath
		if i == first {
			c.score |= scoreIssuerCert
		}
		return true
	}
	return false
}

// checkCRL is OpenSSL's check_crl, in its order.
func (v *verification) checkCRL(c candidateCRL) alert.VerifyCode {
	switch {
	case c.issuer.rejectsUsage(usageCRLSign):
		return alert.VerifyKeyUsageNoCRLSign
	case c.score&scoreScope == 0:
		return alert.VerifyDifferentCRLScope
	}
	if code := v.crlTime(c.crl); code != alert.VerifyOK {
		return code
	}
	switch {
	case c.issuer.PublicKey == nil:
		return alert.VerifyUnableToDecodeIssuerKey
	case !v.spent.verify(c.issuer) || !checkSignature(c.issuer, c.crl.sigAlg, c.crl.rawTBS, c.crl.signature):
		return alert.VerifyCRLSignatureFailure
	case c.crl.unhandled && v.Flags&FlagIgnoreCrit == 0:
		return alert.VerifyUnhandledCriticalCRLExt
	}
	return alert.VerifyOK
}

func (v *verification) crlTime(crl *CRL) alert.VerifyCode {
	if v.Flags&FlagNoCheckTime != 0 {
		return alert.VerifyOK
	}
	switch {
	case !crl.thisUpdate.Valid:
		return alert.VerifyErrorInCRLLastUpdate
	case crl.thisUpdate.Unix > v.Time:
		return alert.VerifyCRLNotYetValid
	case crl.hasNext && !crl.nextUpdate.Valid:
		return alert.VerifyErrorInCRLNextUpdate
	case crl.hasNext && crl.nextUpdate.Unix <= v.Time:
		return alert.VerifyCRLHasExpired
	}
	return alert.VerifyOK
}
