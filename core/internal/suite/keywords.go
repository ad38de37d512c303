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

// keywords are the words of ciphers(1).
var keywords = map[string]selector{
	"ALL":                 {enc: encrypts},
	"COMPLEMENTOFALL":     {enc: in(EncNull)},
	"COMPLEMENTOFDEFAULT": {class: notDefault},
	"HIGH":                {enc: encrypts},
	"FIPS":                {class: fips},
	"MEDIUM":              nothing, "LOW": nothing,

	"kRSA": {kx: in(KxRSA)}, "kEDH": {kx: in(KxDHE)}, "kDHE": {kx: in(KxDHE)}, "DH": {kx: in(KxDHE)},
	"kEECDH": {kx: in(KxECDHE)}, "kECDHE": {kx: in(KxECDHE)}, "ECDH": {kx: in(KxECDHE)},
	"kPSK": {kx: in(KxPSK)}, "kRSAPSK": {kx: in(KxRSAPSK)}, "kECDHEPSK": {kx: in(KxECDHEPSK)},
	"kDHEPSK": {kx: in(KxDHEPSK)}, "kSRP": {kx: in(KxSRP)},
	"kGOST": nothing, "kGOST18": nothing,

	"aRSA": {auth: in(AuthRSA)}, "aDSS": {auth: in(AuthDSS)}, "DSS": {auth: in(AuthDSS)},
	"aNULL": {auth: in(AuthNone)}, "aECDSA": {auth: in(AuthECDSA)}, "ECDSA": {auth: in(AuthECDSA)},
	"aPSK": {auth: in(AuthPSK)}, "aSRP": {auth: in(AuthSRP)},
	"aGOST01": nothing, "aGOST12": nothing, "aGOST": nothing,

	"EDH": {kx: in(KxDHE), auth: authed}, "DHE": {kx: in(KxDHE), auth: authed},
	"EECDH": {kx: in(KxECDHE), auth: authed}, "ECDHE": {kx: in(KxECDHE), auth: authed},
	"NULL": {enc: in(EncNull)}, "RSA": {kx: in(KxRSA), auth: in(AuthRSA)},
	"ADH": {kx: in(KxDHE), auth: in(AuthNone)}, "AECDH": {kx: in(KxECDHE), auth: in(AuthNone)},
	"PSK": {kx: anyPSK}, "SRP": {kx: in(KxSRP)},

	"eNULL": {enc: in(EncNull)}, "AES128": {enc: aes128}, "AES256": {enc: aes256}, "AES": {enc: aes128 | aes256},
	"AESGCM": {enc: aesGCM}, "AESCCM": {enc: aesCCM}, "AESCCM8": {enc: in(EncAES128CCM8, EncAES256CCM8)},
	"CAMELLIA128": {enc: in(EncCamellia128)}, "CAMELLIA256": {enc: in(EncCamellia256)}, "CAMELLIA": {enc: camellia},
	"CHACHA20": {enc: in(EncChaCha20)}, "ARIA": {enc: aria}, "ARIAGCM": {enc: aria},
	"ARIA128": {enc: in(EncARIA128GCM)}, "ARIA256": {enc: in(EncARIA256GCM)},
	"3DES": nothing, "RC4": nothing, "RC2": nothing, "IDEA": nothing, "SEED": nothing,
	"GOST89": nothing, "GOST2012": nothing, "GOST94": nothing, "GOST89MAC": nothing,

	"MD5": {mac: in(MACMD5)}, "SHA1": {mac: in(MACSHA1)}, "SHA": {mac: in(MACSHA1)},
	"SHA256": {mac: in(MACSHA256)}, "SHA384": {mac: in(MACSHA384)},

	"SSLv3": {since: versionSSL30}, "TLSv1": {since: versionTLS10}, "TLSv1.0": {since: versionTLS10},
	"TLSv1.2": {since: versionTLS12},
}
