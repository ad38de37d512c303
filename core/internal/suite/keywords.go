package suite

// selector is a set of suites: those that pass each of its tests (OpenSSL's ciphers(1), CIPHER STRINGS). A nil test
// passes all.
type selector struct {
	id    uint16 // one suite; 0: any
	kx    set[Kx]
	auth  set[Auth]
	enc   set[Enc]
	mac   set[MAC]
	since uint16
	class strength
	never bool // an empty class: keywords of ciphers that OpenSSL no longer has
}

// set is a set of small numbers as a bit mask; 0 stands for all.
type set[T ~uint8] uint32

func in[T ~uint8](members ...T) (s set[T]) {
	for _, m := range members {
		s |= 1 << m
	}
	return s
}

func (s set[T]) has(m T) bool { return s == 0 || s&(1<<m) != 0 }

func (s set[T]) empty(other set[T]) (set[T], bool) {
	switch {
	case s == 0:
		return other, false
	case other == 0:
		return s, false
	}
	return s & other, s&other == 0
}

func (f *selector) matches(s *Suite) bool {
	return !f.never && (s.class&explicit == 0 || f.id == s.ID) && (f.id == 0 || f.id == s.ID) && f.kx.has(s.Kx) && f.auth.has(s.Auth) && f.enc.has(s.Enc) &&
		f.mac.has(s.MAC) && (f.since == 0 || f.since == s.since) && f.class&s.class == f.class
}

// and is the meaning of "+" between keywords.
func (f selector) and(g selector) selector {
	var none [4]bool
	f.kx, none[0] = f.kx.empty(g.kx)
	f.auth, none[1] = f.auth.empty(g.auth)
	f.enc, none[2] = f.enc.empty(g.enc)
	f.mac, none[3] = f.mac.empty(g.mac)
	for _, n := range none {
		f.never = f.never || n
	}
	if f.id != 0 && g.id != 0 && f.id != g.id || f.since != 0 && g.since != 0 && f.since != g.since {
		f.never = true
	}
	f.id, f.since, f.class, f.never = max(f.id, g.id), max(f.since, g.since), f.class|g.class, f.never || g.never
	return f
}

var (
	authed   = in(AuthRSA, AuthECDSA, AuthPSK, AuthDSS, AuthSRP)
	aes128   = in(EncAES128CBC, EncAES128GCM, EncAES128CCM, EncAES128CCM8)
	aes256   = in(EncAES256CBC, EncAES256GCM, EncAES256CCM, EncAES256CCM8)
	aesGCM   = in(EncAES128GCM, EncAES256GCM)
	aesCCM   = in(EncAES128CCM, EncAES256CCM, EncAES128CCM8, EncAES256CCM8)
	camellia = in(EncCamellia128, EncCamellia256)
	aria     = in(EncARIA128GCM, EncARIA256GCM)
	anyPSK   = in(KxPSK, KxRSAPSK, KxECDHEPSK, KxDHEPSK)
	encrypts = ^in(EncNull)
	nothing  = selector{never: true}
)

// keywords are the words of ciphers(1). They are no map: to fill one would take longer, at each start, than to look some
// words up.
var keywords = [...]struct {
	word string
	selector
}{
	{"ALL", selector{enc: encrypts}},
	{"COMPLEMENTOFALL", selector{enc: in(EncNull)}},
	{"COMPLEMENTOFDEFAULT", selector{class: notDefault}},
	{"HIGH", selector{enc: encrypts}},
	{"FIPS", selector{class: fips}},
	{"MEDIUM", nothing}, {"LOW", nothing},

	{"kRSA", selector{kx: in(KxRSA)}}, {"kEDH", selector{kx: in(KxDHE)}}, {"kDHE", selector{kx: in(KxDHE)}}, {"DH", selector{kx: in(KxDHE)}},
	{"kEECDH", selector{kx: in(KxECDHE)}}, {"kECDHE", selector{kx: in(KxECDHE)}}, {"ECDH", selector{kx: in(KxECDHE)}},
	{"kPSK", selector{kx: in(KxPSK)}}, {"kRSAPSK", selector{kx: in(KxRSAPSK)}}, {"kECDHEPSK", selector{kx: in(KxECDHEPSK)}},
	{"kDHEPSK", selector{kx: in(KxDHEPSK)}}, {"kSRP", selector{kx: in(KxSRP)}},
	{"kGOST", nothing}, {"kGOST18", nothing},

	{"aRSA", selector{auth: in(AuthRSA)}}, {"aDSS", selector{auth: in(AuthDSS)}}, {"DSS", selector{auth: in(AuthDSS)}},
	{"aNULL", selector{auth: in(AuthNone)}}, {"aECDSA", selector{auth: in(AuthECDSA)}}, {"ECDSA", selector{auth: in(AuthECDSA)}},
	{"aPSK", selector{auth: in(AuthPSK)}}, {"aSRP", selector{auth: in(AuthSRP)}},
	{"aGOST01", nothing}, {"aGOST12", nothing}, {"aGOST", nothing},

	{"EDH", selector{kx: in(KxDHE), auth: authed}}, {"DHE", selector{kx: in(KxDHE), auth: authed}},
	{"EECDH", selector{kx: in(KxECDHE), auth: authed}}, {"ECDHE", selector{kx: in(KxECDHE), auth: authed}},
	{"NULL", selector{enc: in(EncNull)}}, {"RSA", selector{kx: in(KxRSA), auth: in(AuthRSA)}},
	{"ADH", selector{kx: in(KxDHE), auth: in(AuthNone)}}, {"AECDH", selector{kx: in(KxECDHE), auth: in(AuthNone)}},
	{"PSK", selector{kx: anyPSK}}, {"SRP", selector{kx: in(KxSRP)}},

	{"eNULL", selector{enc: in(EncNull)}}, {"AES128", selector{enc: aes128}}, {"AES256", selector{enc: aes256}}, {"AES", selector{enc: aes128 | aes256}},
	{"AESGCM", selector{enc: aesGCM}}, {"AESCCM", selector{enc: aesCCM}}, {"AESCCM8", selector{enc: in(EncAES128CCM8, EncAES256CCM8)}},
	{"CAMELLIA128", selector{enc: in(EncCamellia128)}}, {"CAMELLIA256", selector{enc: in(EncCamellia256)}}, {"CAMELLIA", selector{enc: camellia}},
	{"CHACHA20", selector{enc: in(EncChaCha20)}}, {"ARIA", selector{enc: aria}}, {"ARIAGCM", selector{enc: aria}},
	{"ARIA128", selector{enc: in(EncARIA128GCM)}}, {"ARIA256", selector{enc: in(EncARIA256GCM)}},
	{"3DES", nothing}, {"RC4", nothing}, {"RC2", nothing}, {"IDEA", nothing}, {"SEED", nothing},
	{"GOST89", nothing}, {"GOST2012", nothing}, {"GOST94", nothing}, {"GOST89MAC", nothing},

	{"MD5", selector{mac: in(MACMD5)}}, {"SHA1", selector{mac: in(MACSHA1)}}, {"SHA", selector{mac: in(MACSHA1)}},
	{"SHA256", selector{mac: in(MACSHA256)}}, {"SHA384", selector{mac: in(MACSHA384)}},

	{"SSLv3", selector{since: versionSSL30}}, {"TLSv1", selector{since: versionTLS10}}, {"TLSv1.0", selector{since: versionTLS10}},
	{"TLSv1.2", selector{since: versionTLS12}},
}

func keyword(word string) (selector, bool) {
	for i := range keywords {
		if keywords[i].word == word {
			return keywords[i].selector, true
		}
	}
	return selector{}, false
}
