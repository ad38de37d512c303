package pki

import (
	"bytes"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// CRL is a certificate revocation list (RFC 5280 section 5).
type CRL struct {
	Raw, rawTBS, RawIssuer []byte
	issuer                 []byte // canonical, for comparing
	sigAlg, signature      []byte
	thisUpdate, nextUpdate Time
	hasNext                bool
	revoked                []byte // the list as it stands
	akid                   authorityKeyID
	unhandled              bool // a critical extension that we do not know
	delta                  bool
	partial                bool // an issuing distribution point narrows the scope
}

const (
	oidCRLNumber   = "2.5.29.20"
	oidDeltaCRL    = "2.5.29.27"
	oidIssuingDist = "2.5.29.28"
	oidCRLReason   = "2.5.29.21"
)

// ParseCRL reads one CRL in DER, with nothing behind it.
func ParseCRL(der []byte) (*CRL, error) {
	c, input := &CRL{}, cryptobyte.String(der)
	var whole, crl, tbs cryptobyte.String
	if !input.ReadASN1Element(&whole, asn1.SEQUENCE) || !input.Empty() {
		return nil, notDER(alert.ReasonASN1NotEnoughData, "CRL is not DER")
	}
	c.Raw = whole
	if !whole.ReadASN1(&crl, asn1.SEQUENCE) || !crl.ReadASN1Element((*cryptobyte.String)(&c.rawTBS), asn1.SEQUENCE) ||
		!crl.ReadASN1Element((*cryptobyte.String)(&c.sigAlg), asn1.SEQUENCE) ||
		!crl.ReadASN1BitStringAsBytes(&c.signature) || !crl.Empty() {
		return nil, notDER(alert.ReasonASN1WrongTag, "malformed CRL")
	}
	outer := cryptobyte.String(c.rawTBS)
	if !outer.ReadASN1(&tbs, asn1.SEQUENCE) || !c.parse(tbs) {
		return nil, notDER(alert.ReasonASN1NestedError, "malformed CRL")
	}
	c.issuer = canonicalName(c.RawIssuer)
	return c, nil
}

func (c *CRL) parse(tbs cryptobyte.String) bool {
	if tbs.PeekASN1Tag(asn1.INTEGER) && !tbs.SkipASN1(asn1.INTEGER) {
		return false
	}
	if !tbs.SkipASN1(asn1.SEQUENCE) || !tbs.ReadASN1Element((*cryptobyte.String)(&c.RawIssuer), asn1.SEQUENCE) ||
		!c.thisUpdate.read(&tbs) {
		return false
	}
	if tbs.PeekASN1Tag(asn1.UTCTime) || tbs.PeekASN1Tag(asn1.GeneralizedTime) {
		c.hasNext = true
		if !c.nextUpdate.read(&tbs) {
			return false
		}
	}
	if tbs.PeekASN1Tag(asn1.SEQUENCE) && !tbs.ReadASN1((*cryptobyte.String)(&c.revoked), asn1.SEQUENCE) {
		return false
	}
	var wrapped, list cryptobyte.String
	var present bool
	if !tbs.ReadOptionalASN1(&wrapped, &present, tagged(0).Constructed()) || !tbs.Empty() {
		return false
	}
	return !present || wrapped.ReadASN1(&list, asn1.SEQUENCE) && c.parseExtensions(list)
}

func (c *CRL) parseExtensions(list cryptobyte.String) bool {
	ok := true
	good := readExtensions(list, func(e Extension) {
		s := cryptobyte.String(e.Value)
		switch e.OID {
		case oidAuthorityKeyID:
			c.akid.present = true
			ok = ok && c.akid.read(&s)
		case oidDeltaCRL:
			c.delta = true
		case oidIssuingDist:
			c.partial = true
		default:
			c.unhandled = c.unhandled || e.Critical
		}
	})
	return good && ok
}

// readExtensions calls each for every extension of a list.
func readExtensions(list cryptobyte.String, each func(Extension)) bool {
	for !list.Empty() {
		var ext, oid cryptobyte.String
		var e Extension
		if !list.ReadASN1(&ext, asn1.SEQUENCE) || !ext.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
			!readOptionalBool(&ext, &e.Critical) ||
			!ext.ReadASN1((*cryptobyte.String)(&e.Value), asn1.OCTET_STRING) || !ext.Empty() {
			return false
		}
		e.OID = OIDString(oid)
		each(e)
	}
	return true
}

// entry looks a serial number up. A malformed list revokes.
func (c *CRL) entry(serial []byte) (revoked bool, code alert.VerifyCode) {
	list := cryptobyte.String(c.revoked)
	for !list.Empty() {
		var seq, number, exts cryptobyte.String
		var when Time
		if !list.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1(&number, asn1.INTEGER) || !when.read(&seq) {
			return true, alert.VerifyCertRevoked
		}
		if !bytes.Equal(number, serial) {
			continue
		}
		if !seq.Empty() {
			removed, unknown := false, false
			if !seq.ReadASN1(&exts, asn1.SEQUENCE) || !readExtensions(exts, func(e Extension) {
				removed = removed || e.OID == oidCRLReason && bytes.Equal(e.Value, []byte{10, 1, 8}) // removeFromCRL
				unknown = unknown || e.Critical && e.OID != oidCRLReason
			}) {
				return true, alert.VerifyCertRevoked
			}
			if unknown {
				return true, alert.VerifyUnhandledCriticalCRLExt
			}
			if removed {
				return false, alert.VerifyOK
			}
		}
		return true, alert.VerifyCertRevoked
	}
	return false, alert.VerifyOK
}

// checkRevocation is OpenSSL's check_revocation: the leaf, or with CRL_CHECK_ALL the whole chain.
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

// checkRevoked looks for a CRL of the certificate's issuer and the certificate in it.
func (v *verification) checkRevoked(depth int) alert.VerifyCode {
	c := v.chain[depth]
	issuer := c
	if depth+1 < len(v.chain) {
		issuer = v.chain[depth+1]
	}
	crl := v.bestCRL(issuer, c)
	if crl == nil {
		return alert.VerifyUnableToGetCRL
	}
	if code := v.checkCRL(crl, issuer); code != alert.VerifyOK {
		return code
	}
	revoked, code := crl.entry(c.Serial)
	if revoked {
		return code
	}
	return alert.VerifyOK
}

// bestCRL prefers a current list over an old one.
func (v *verification) bestCRL(issuer, c *Certificate) *CRL {
	var best *CRL
	for _, crl := range v.store.crlsOf(c.RawIssuer) {
		if crl.delta || len(crl.akid.keyID) > 0 && issuer.hasSKID && !bytes.Equal(crl.akid.keyID, issuer.skid) {
			continue
		}
		if best == nil || v.crlTime(best) != alert.VerifyOK && v.crlTime(crl) == alert.VerifyOK ||
			crl.thisUpdate.Unix > best.thisUpdate.Unix && v.crlTime(crl) == alert.VerifyOK {
			best = crl
		}
	}
	return best
}

// checkCRL is OpenSSL's check_crl, in its order.
func (v *verification) checkCRL(crl *CRL, issuer *Certificate) alert.VerifyCode {
	switch {
	case issuer.rejectsUsage(usageCRLSign):
		return alert.VerifyKeyUsageNoCRLSign
	case crl.partial:
		return alert.VerifyDifferentCRLScope
	}
	if code := v.crlTime(crl); code != alert.VerifyOK {
		return code
	}
	switch {
	case issuer.PublicKey == nil:
		return alert.VerifyUnableToDecodeIssuerKey
	case !checkSignature(issuer, crl.sigAlg, crl.rawTBS, crl.signature):
		return alert.VerifyCRLSignatureFailure
	case crl.unhandled && v.Flags&FlagIgnoreCrit == 0:
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
