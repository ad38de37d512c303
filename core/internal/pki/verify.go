package pki

import (
	"github.com/gossl/gossl/core/internal/alert"
)

// Flags are OpenSSL's X509_V_FLAG_* bits.
type Flags uint64

// The flags that verification knows. FlagAllPaths is not OpenSSL's: OpenSSL follows one path and gives up with it; with
// this flag all others are tried before a chain is refused (search.go).
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
	FlagAllPaths     Flags = 1 << 40
)

// KnownFlags are all of them.
const KnownFlags = FlagCRLCheck | FlagCRLCheckAll | FlagIgnoreCrit | FlagStrict | FlagAllowProxy | FlagCheckSSSig | FlagTrustedFirst |
	FlagPartialChain | FlagNoAltChains | FlagNoCheckTime | FlagAllPaths

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

// verification is one call of Verify.
type verification struct {
	*Options
	store     *Store
	untrusted bundle
	chain     []*Certificate
	trusted   int // index in chain of the first certificate that came from the store
	spent     budget
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
	v.untrusted.all = intermediates
	f := v.run()
	if f != nil && o.Flags&FlagAllPaths != 0 {
		f = v.searchInstead(f)
	}
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
	if f := v.build(); f != nil {
		return f
	}
	return v.check()
}

// check is what is done with a finished chain.
func (v *verification) check() *failure {
	for _, step := range []func() *failure{
		v.checkExtensions, v.checkStrength, v.checkIdentity, v.checkRevocation, v.checkSignatures, v.checkConstraints,
		v.checkCondition, v.checkDenied,
	} {
		if f := step(); f != nil {
			return f
		}
	}
	return nil
}

func levelBits(level int) int { return [...]int{0, 80, 112, 128, 192, 256}[min(max(level, 0), 5)] }

func (v *verification) strict() bool { return v.Flags&FlagStrict != 0 }
