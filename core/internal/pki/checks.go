package pki

import (
	"slices"

	"github.com/gossl/gossl/core/internal/alert"
)

// The checks of a finished chain, in the order of OpenSSL 3.0. Depth 0 is the leaf.

// mayBe says whether a certificate has to be a CA.
type mayBe int

const (
	anyKind mayBe = iota - 1
	mustNotBeCA
	mustBeCA
)

// checkExtensions is OpenSSL's check_extensions.
func (v *verification) checkExtensions() *failure {
	pathLen, kind := 0, anyKind
	var proxies proxyPath
	for i, c := range v.chain {
		if code := v.checkCertificate(c, i, kind); code != alert.VerifyOK {
			return &failure{code, i}
		}
		if i > 0 && c.basic.present && c.basic.pathLen >= 0 && pathLen > c.basic.pathLen+proxies.length {
			return &failure{alert.VerifyPathLengthExceeded, i}
		}
		if i > 0 && !c.selfIssued { // self-issued intermediates do not count (RFC 5280 section 4.2.1.9)
			pathLen++
		}
		kind = mustBeCA
		if c.isProxy { // what issued it is another, or the end entity that it stands for
			kind = mustNotBeCA
			if !proxies.add(c) {
				return &failure{alert.VerifyProxyPathLengthExceeded, i}
			}
		}
	}
	return nil
}

func (v *verification) checkCertificate(c *Certificate, depth int, kind mayBe) alert.VerifyCode {
	if c.unhandled && v.Flags&FlagIgnoreCrit == 0 {
		return alert.VerifyUnhandledCriticalExtension
	}
	if c.isProxy && v.Flags&FlagAllowProxy == 0 {
		return alert.VerifyProxyCertsNotAllowed
	}
	if code := v.checkKind(c, depth, kind); code != alert.VerifyOK {
		return code
	}
	if v.strict() && len(v.chain) > 1 {
		if code := c.checkStrict(depth == len(v.chain)-1); code != alert.VerifyOK {
			return code
		}
	}
	if c.malformed {
		return alert.VerifyInvalidExtension
	}
	if !v.goodForPurpose(c, depth, kind == mustBeCA) {
		return alert.VerifyInvalidPurpose
	}
	return alert.VerifyOK
}

// checkKind tells CAs from others.
func (v *verification) checkKind(c *Certificate, depth int, kind mayBe) alert.VerifyCode {
	ca, isLast := c.caKind(), depth == len(v.chain)-1
	switch {
	case kind == anyKind && v.strict() && ca != 0 && ca != 1:
		return alert.VerifyInvalidCA
	case kind == mustNotBeCA && ca != 0:
		return alert.VerifyInvalidNonCA
	case kind == mustBeCA && (ca == 0 || (!isLast || v.strict()) && ca != 1):
		return alert.VerifyInvalidCA
	}
	return alert.VerifyOK
}

// goodForPurpose: what the store says about an anchor counts more than what its extensions say.
func (v *verification) goodForPurpose(c *Certificate, depth int, asCA bool) bool {
	if depth >= v.trusted && v.Purpose != PurposeAny {
		switch c.setting(v.Purpose) {
		case explicitly:
			return true
		case rejected:
			return false
		}
	}
	return c.goodFor(v.Purpose, asCA)
}

// checkStrict is what X509_V_FLAG_X509_STRICT adds: the rules of RFC 5280 section 4 for certificates that are not
// anchors alone.
func (c *Certificate) checkStrict(isLast bool) alert.VerifyCode {
	ca, b := c.basic.ca, &c.basic
	subjectEmpty := emptyName(c.RawSubject)
	rules := []struct {
		broken bool
		code   alert.VerifyCode
	}{
		{c.explicitCurve(), alert.VerifyECKeyExplicitParams},
		{b.present && b.pathLen >= 0 && !ca, alert.VerifyPathLenInvalidForNonCA},
		{b.present && b.pathLen >= 0 && max(c.keyUsage, 0)&usageCertSign == 0, alert.VerifyPathLenWithoutKUKeyCertSign},
		{ca && b.present && !b.critical, alert.VerifyCABConsNotCritical},
		{ca && c.keyUsage < 0, alert.VerifyCACertMissingKeyUsage},
		{!ca && c.keyUsage >= 0 && c.keyUsage&usageCertSign != 0, alert.VerifyKUKeyCertSignInvalidNonCA},
		{emptyName(c.RawIssuer), alert.VerifyIssuerNameEmpty},
		{subjectEmpty && (ca || c.keyUsage >= 0 && c.keyUsage&usageCRLSign != 0 || !c.hasAltNames), alert.VerifySubjectNameEmpty},
		{subjectEmpty && c.hasAltNames && !c.criticalExt(oidSubjectAltName), alert.VerifyEmptySubjectSANNotCritical},
		{c.hasAltNames && len(c.altNames) == 0, alert.VerifyEmptySubjectAltName},
		{!c.sameAlgorithms(), alert.VerifySignatureAlgInconsistency},
		{c.akid.critical, alert.VerifyAKIDCritical},
		{c.criticalExt(oidSubjectKeyID), alert.VerifySKIDCritical},
		{c.Version == 3 && !isLast && len(c.akid.keyID) == 0, alert.VerifyMissingAKI},
		{c.Version == 3 && ca && !c.hasSKID, alert.VerifyMissingSKI},
		{c.Version < 3 && len(c.exts) > 0, alert.VerifyExtensionsRequireVersion3},
	}
	for _, r := range rules {
		if r.broken {
			return r.code
		}
	}
	return alert.VerifyOK
}

func (c *Certificate) criticalExt(oid string) bool {
	return slices.ContainsFunc(c.exts, func(e Extension) bool { return e.OID == oid && e.Critical })
}

const (
	ekuServerAuth = "1.3.6.1.5.5.7.3.1"
	ekuClientAuth = "1.3.6.1.5.5.7.3.2"
	ekuMSSGC      = "1.3.6.1.4.1.311.10.3.3"
	ekuNSSGC      = "2.16.840.1.113730.4.1"
)

// goodFor is OpenSSL's X509_check_purpose for sslserver and sslclient.
func (c *Certificate) goodFor(p Purpose, asCA bool) bool {
	var ekus []string
	var usage, nsType int
	switch p {
	case PurposeServer:
		ekus, usage = []string{ekuServerAuth, ekuMSSGC, ekuNSSGC}, usageDigitalSignature|usageKeyEncipherment|usageKeyAgreement
		nsType = nsSSLServer
	case PurposeClient:
		ekus, usage, nsType = []string{ekuClientAuth}, usageDigitalSignature|usageKeyAgreement, nsSSLClient
	default:
		return true
	}
	if c.hasExtUsage && !slices.ContainsFunc(c.extUsage, func(u string) bool { return slices.Contains(ekus, u) }) {
		return false
	}
	if asCA {
		ca := c.caKind()
		return ca != 0 && (ca != 5 || c.nsCertType&nsSSLCA != 0)
	}
	return !c.rejectsUsage(usage) && (c.nsCertType < 0 || c.nsCertType&nsType != 0)
}

// checkStrength applies the security level to keys and signatures; the anchor's own signature does not count.
func (v *verification) checkStrength() *failure {
	least := levelBits(v.SecurityLevel)
	if v.SecurityLevel <= 0 {
		return nil
	}
	for i, c := range v.chain {
		if i > 0 && c.keyStrength() < least {
			return &failure{alert.VerifyCAKeyTooSmall, i}
		}
		if i < len(v.chain)-1 && c.signatureStrength() < least {
			return &failure{alert.VerifyCAMDTooWeak, i}
		}
	}
	return nil
}

// checkIdentity matches the leaf with who it should be.
func (v *verification) checkIdentity() *failure {
	if v.Host != "" && !MatchHost(v.chain[0], v.Host, v.HostFlags) {
		return &failure{alert.VerifyHostnameMismatch, 0}
	}
	if len(v.IP) > 0 && !MatchIP(v.chain[0], v.IP) {
		return &failure{alert.VerifyIPAddressMismatch, 0}
	}
	return nil
}

// checkSignatures is OpenSSL's internal_verify: signatures and times, from the anchor down.
func (v *verification) checkSignatures() *failure {
	if len(v.chain) > maxSignatures {
		return &failure{alert.VerifyCertChainTooLong, len(v.chain) - 1}
	}
	for i := len(v.chain) - 1; i >= 0; i-- {
		c := v.chain[i]
		if i == len(v.chain)-1 {
			if f := v.checkTop(c, i); f != nil {
				return f
			}
		} else if f := v.checkLink(c, v.chain[i+1], i); f != nil {
			return f
		}
		if f := v.checkTime(c, i); f != nil {
			return f
		}
	}
	return nil
}

// checkTop checks the signature of an anchor only if that is asked for.
func (v *verification) checkTop(c *Certificate, depth int) *failure {
	if !c.mayBeIssuedBy(c) && v.Flags&FlagPartialChain == 0 && depth == 0 && v.trusted != 0 {
		return &failure{alert.VerifyUnableToVerifyLeafSignature, 0}
	}
	if v.Flags&FlagCheckSSSig != 0 && c.selfSigned && !v.signedBy(c, c) {
		return &failure{alert.VerifyCertSignatureFailure, depth}
	}
	return nil
}

func (v *verification) checkLink(c, issuer *Certificate, depth int) *failure {
	if code := c.signingAllowed(issuer); code != alert.VerifyOK {
		return &failure{code, depth + 1}
	}
	if issuer.PublicKey == nil {
		return &failure{alert.VerifyUnableToDecodeIssuerKey, depth + 1}
	}
	if !v.signedBy(c, issuer) {
		return &failure{alert.VerifyCertSignatureFailure, depth}
	}
	return nil
}

func (v *verification) checkTime(c *Certificate, depth int) *failure {
	if v.Flags&FlagNoCheckTime != 0 {
		return nil
	}
	switch {
	case !c.NotBefore.Valid:
		return &failure{alert.VerifyErrorInCertNotBefore, depth}
	case c.NotBefore.Unix > v.Time:
		return &failure{alert.VerifyCertNotYetValid, depth}
	case !c.NotAfter.Valid:
		return &failure{alert.VerifyErrorInCertNotAfter, depth}
	case c.NotAfter.Unix <= v.Time: // OpenSSL's X509_cmp_time counts the very second as past
		return &failure{alert.VerifyCertHasExpired, depth}
	}
	return nil
}

// alerts says which alert OpenSSL sends for a code (ssl_x509err2alert); all others are bad_certificate's neighbours.
var alerts = map[alert.VerifyCode]alert.Description{
	alert.VerifyApplicationVerification: alert.HandshakeFailure, alert.VerifyCAKeyTooSmall: alert.BadCertificate,
	alert.VerifyCAMDTooWeak: alert.BadCertificate, alert.VerifyCertChainTooLong: alert.UnknownCA,
	alert.VerifyCertHasExpired: alert.CertificateExpired, alert.VerifyCertNotYetValid: alert.BadCertificate,
	alert.VerifyCertRejected: alert.BadCertificate, alert.VerifyCertRevoked: alert.CertificateRevoked,
	alert.VerifyCertSignatureFailure: alert.DecryptError, alert.VerifyCertUntrusted: alert.BadCertificate,
	alert.VerifyCRLHasExpired: alert.CertificateExpired, alert.VerifyCRLNotYetValid: alert.BadCertificate,
	alert.VerifyCRLSignatureFailure: alert.DecryptError, alert.VerifyDANENoMatch: alert.BadCertificate,
	alert.VerifyDepthZeroSelfSigned: alert.UnknownCA, alert.VerifyEEKeyTooSmall: alert.BadCertificate,
	alert.VerifyEmailMismatch: alert.BadCertificate, alert.VerifyErrorInCertNotAfter: alert.BadCertificate,
	alert.VerifyErrorInCertNotBefore: alert.BadCertificate, alert.VerifyErrorInCRLLastUpdate: alert.BadCertificate,
	alert.VerifyErrorInCRLNextUpdate: alert.BadCertificate, alert.VerifyHostnameMismatch: alert.BadCertificate,
	alert.VerifyInvalidCA: alert.UnknownCA, alert.VerifyInvalidCall: alert.InternalError,
	alert.VerifyInvalidPurpose: alert.UnsupportedCertificate, alert.VerifyIPAddressMismatch: alert.BadCertificate,
	alert.VerifyOutOfMemory: alert.InternalError, alert.VerifyPathLengthExceeded: alert.UnknownCA,
	alert.VerifySelfSignedInChain: alert.UnknownCA, alert.VerifyStoreLookup: alert.InternalError,
	alert.VerifyUnableToDecodeIssuerKey: alert.BadCertificate, alert.VerifyUnableToDecryptCertSig: alert.BadCertificate,
	alert.VerifyUnableToDecryptCRLSig: alert.BadCertificate, alert.VerifyUnableToGetCRL: alert.UnknownCA,
	alert.VerifyUnableToGetCRLIssuer: alert.UnknownCA, alert.VerifyUnableToGetIssuerCert: alert.UnknownCA,
	alert.VerifyUnableToGetIssuerLocally: alert.UnknownCA, alert.VerifyUnableToVerifyLeafSignature: alert.UnknownCA,
	alert.VerifyUnspecified: alert.InternalError,
}

// VerifyAlert returns the alert for a code.
func VerifyAlert(code alert.VerifyCode) alert.Description {
	if d, ok := alerts[code]; ok {
		return d
	}
	return alert.CertificateUnknown
}
