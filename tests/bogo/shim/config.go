package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/gossl/gossl/core"
)

// schemes are the SignatureScheme numbers of the runner's flags (IANA's registry) by the names that core takes.
var schemes = map[int]string{
	0x0201: "rsa_pkcs1_sha1", 0x0203: "ecdsa_sha1", 0x0401: "rsa_pkcs1_sha256", 0x0501: "rsa_pkcs1_sha384",
	0x0601: "rsa_pkcs1_sha512", 0x0403: "ecdsa_secp256r1_sha256", 0x0503: "ecdsa_secp384r1_sha384",
	0x0603: "ecdsa_secp521r1_sha512", 0x0804: "rsa_pss_rsae_sha256", 0x0805: "rsa_pss_rsae_sha384",
	0x0806: "rsa_pss_rsae_sha512", 0x0807: "ed25519",
}

// groups are the NamedGroup numbers of the runner's flags.
var groups = map[int]string{
	23: "P-256", 24: "P-384", 25: "P-521", 29: "X25519", 0x11ec: "X25519MLKEM768",
}

// What BoringSSL's shim has by default, which the runner's tests rely on: TLS 1.0 and up, the suites of its "ALL", its
// curves, and its lists of signature schemes to accept and to sign with.
const (
	defaultSuites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" +
		"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" +
		"ECDHE-PSK-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-PSK-AES128-CBC-SHA:" +
		"ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:ECDHE-PSK-AES256-CBC-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:" +
		"AES128-SHA:PSK-AES128-CBC-SHA:AES256-SHA:PSK-AES256-CBC-SHA:" +
		"ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"
	defaultSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
	defaultGroups   = "X25519:P-256:P-384"
	defaultVerify   = "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:rsa_pkcs1_sha256:ecdsa_secp384r1_sha384:" +
		"rsa_pss_rsae_sha384:rsa_pkcs1_sha384:rsa_pss_rsae_sha512:rsa_pkcs1_sha512:rsa_pkcs1_sha1"
	defaultSign = "ed25519:ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:rsa_pkcs1_sha256:ecdsa_secp384r1_sha384:" +
		"rsa_pss_rsae_sha384:rsa_pkcs1_sha384:ecdsa_secp521r1_sha512:rsa_pss_rsae_sha512:rsa_pkcs1_sha512:" +
		"ecdsa_sha1:rsa_pkcs1_sha1"
)

// shim is what the connections of one test have in common.
type shim struct {
	base    *core.Config // every connection's Config is a copy, so that sessions and ticket keys are shared
	session *core.Session
	clock   int64 // seconds since the start of the test
	retried *options
}

// maxEarlyData is BoringSSL's limit of early data, which the runner's tests rely on.
const maxEarlyData = 14336

// start is when the shim's clock begins, in seconds since 1970.
const start = 1_700_000_000

func newShim(o, retried *options) (*shim, error) {
	method := core.MethodTLS
	base, err := core.NewConfig(method)
	if err != nil {
		return nil, err
	}
	s := &shim{base: base, retried: retried}
	base.Now = func() int64 { return start + s.clock }
	if len(o.TicketKey) > 0 {
		base.Tickets = newTicketSealer(o.TicketKey)
	}
	return s, nil
}

// config makes the Config of one connection.
func (s *shim) config(o *options) (*core.Config, error) {
	copied := *s.base
	c := &copied
	c.AskSNI, c.AskVerify, c.AskCertificate, c.KeyLog = o.Server, true, true, o.ExportTrafficSecrets
	c.VerifyMode, c.StrictLeaf, c.AllowUnknownALPN = core.VerifyNone, true, o.AllowUnknownALPNProtos
	c.CheckHostname = false
	if o.VerifyPeer {
		c.VerifyMode = core.VerifyOptional
	}
	if o.RequireAnyClientCertificate {
		c.VerifyMode = core.VerifyRequired
	}
	c.BestGroup = true
	if o.NoTicket { // no tickets at all, where OpenSSL keeps TLS 1.3 sessions on the server
		c.NumTickets = 0
	}
	if o.EnableEarlyData {
		c.MaxEarlyData = maxEarlyData
	}
	if o.MaxCertList > 0 {
		c.MaxCertList = o.MaxCertList
	}
	if o.MaxSendFragment > 0 {
		c.MaxSendFragment = o.MaxSendFragment
	}
	steps := []func(*options, *core.Config) error{
		setVersions, setOptions, setCiphers, setSigalgs, setGroups, setALPN, setPSK, setClientCAs, setCredentials,
	}
	c.RequestOCSP, c.RequestSCT = o.EnableOCSPStapling, o.EnableSCTs
	c.CertCompressors = compressors(o)
	for _, step := range steps {
		if err := step(o, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func setVersions(o *options, c *core.Config) error {
	lowest, highest := max(o.MinVersion, int(core.VersionTLS10)), o.MaxVersion
	if highest == 0 {
		highest = int(core.VersionTLS13)
	}
	if err := c.SetMinVersion(lowest); err != nil {
		return err
	}
	return c.SetMaxVersion(highest)
}

func setOptions(o *options, c *core.Config) error {
	c.Options &^= core.OpCipherServerPreference | core.OpEnableMiddleboxCompat
	c.Options |= core.OpEnableMiddleboxCompat | core.OpNoEncryptThenMAC | core.OpLegacyServerConnect
	for _, b := range []struct {
		set bool
		bit core.Options
	}{
		{o.NoTLS13, core.OpNoTLSv13}, {o.NoTLS12, core.OpNoTLSv12}, {o.NoTLS11, core.OpNoTLSv11},
		{o.NoTLS1, core.OpNoTLSv1}, {o.NoTicket, core.OpNoTicket},
		{o.ServerPreference || o.Cipher != "", core.OpCipherServerPreference},
	} {
		if b.set {
			c.Options |= b.bit
		}
	}
	if o.NoLegacyServerConnect {
		c.Options &^= core.OpLegacyServerConnect
	}
	c.FallbackSCSV = o.FallbackSCSV
	return nil
}

// cipherNames are the few words of BoringSSL's cipher language that the tests use.
var cipherNames = map[string]string{
	"3DES":         "DES-CBC3-SHA",
	"DEFAULT:!AES": "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
	"AES128": "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:" +
		"ECDHE-RSA-AES128-SHA:AES128-GCM-SHA256:AES128-SHA",
}

func setCiphers(o *options, c *core.Config) error {
	if err := c.SetSecurityLevel(0); err != nil {
		return err
	}
	if err := c.SetCiphersuites(defaultSuites13); err != nil {
		return err
	}
	if o.Cipher == "" {
		return c.SetCiphers(defaultSuites)
	}
	if rule, ok := cipherNames[o.Cipher]; ok {
		return c.SetCiphers(rule)
	}
	// "A:[B|C]:D": the suites in brackets are of equal preference.
	if err := c.SetCiphers(defaultSuites); err != nil {
		return err
	}
	known := c.Ciphers()
	var tiers []string
	for tier := range strings.SplitSeq(o.Cipher, ":") {
		tier = strings.ReplaceAll(strings.Trim(tier, "[]"), "|", ":")
		for _, s := range known {
			tier = strings.ReplaceAll(tier, s.StandardName, s.Name)
		}
		tiers = append(tiers, tier)
	}
	return c.SetCipherTiers(tiers...)
}

func setSigalgs(o *options, c *core.Config) error {
	verify, err := names(o.VerifyPrefs, schemes, defaultVerify)
	if err != nil {
		return err
	}
	prefs := o.SigningPrefs
	for _, cred := range o.credentials {
		prefs = append(prefs, cred.SigningPrefs...)
	}
	sign, err := names(prefs, schemes, defaultSign)
	if err != nil {
		return err
	}
	if o.Server {
		verify, sign = sign, verify
	}
	if err := c.SetSigalgs(verify); err != nil {
		return err
	}
	return c.SetClientSigalgs(sign)
}

func setGroups(o *options, c *core.Config) error {
	l, err := names(o.Curves, groups, defaultGroups)
	if err != nil {
		return err
	}
	return c.SetGroups(l)
}

// unnamed is the runner's number for MD5 with SHA-1, which has no name because it is never negotiated. A list of it
// alone is one that has nothing for TLS 1.2 and up; ed448, which the runner does not know, stands for that.
const unnamed = 0xff01

// names joins the names of numbers, or gives the default for none.
func names(numbers []int, table map[int]string, otherwise string) (string, error) {
	if len(numbers) == 0 {
		return otherwise, nil
	}
	var l []string
	for _, n := range numbers {
		name, ok := table[n]
		if n == unnamed {
			name, ok = "ed448", true
		}
		if !ok {
			return "", fmt.Errorf("%w: number %#x", errUnimplemented, n)
		}
		l = append(l, name)
	}
	return strings.Join(l, ":"), nil
}

func setALPN(o *options, c *core.Config) error {
	if o.AdvertiseALPN != "" {
		return c.SetALPN([]byte(o.AdvertiseALPN))
	}
	c.RequireALPN = o.RejectALPN
	if o.Server && o.SelectALPN != "" && !o.DeclineALPN && !o.RejectALPN {
		return c.SetALPN(append([]byte{byte(len(o.SelectALPN))}, o.SelectALPN...))
	}
	return nil
}

func setPSK(o *options, c *core.Config) error {
	c.AskPSKClient, c.AskPSKServer = o.PSK != "" && !o.Server, o.PSK != "" && o.Server
	c.PSKHint = []byte(o.PSKIdentity)
	return nil
}

func setClientCAs(o *options, c *core.Config) error {
	l, err := decodeNames(o.UseClientCAList)
	c.ClientCAs = l
	return err
}

// decodeNames reads a list of distinguished names in hexadecimal, separated by commas.
func decodeNames(list string) ([][]byte, error) {
	if list == "" || list == "<NULL>" || list == "<EMPTY>" {
		return nil, nil
	}
	var l [][]byte
	for text := range strings.SplitSeq(list, ",") {
		der, err := hex.DecodeString(text)
		if err != nil {
			return nil, err
		}
		l = append(l, der)
	}
	return l, nil
}

func setCredentials(o *options, c *core.Config) error {
	all := append([]*credential{&o.credential}, o.credentials...)
	for _, cred := range all {
		if cred.isPSK {
			return fmt.Errorf("%w: imported pre-shared keys", errUnimplemented)
		}
		if cred.CertFile == "" {
			continue
		}
		chain, err := os.ReadFile(cred.CertFile)
		if err != nil {
			return err
		}
		key, err := os.ReadFile(cred.KeyFile)
		if err != nil {
			return err
		}
		if err := c.UseCertificate(chain, key, nil); err != nil {
			return err
		}
		ocsp := cred.OCSPResponse
		if o.DeclineOCSPCallback {
			ocsp = nil
		}
		if err := c.Staple(ocsp, splitSCTs(cred.SCTs)); err != nil {
			return err
		}
	}
	return nil
}
