package pure

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keyfile"
	"github.com/gossl/gossl/core/internal/pki"
)

// ErrLimboSkipped says that a test case of x509-limbo asks for something that gossl has no setting for.
var ErrLimboSkipped = errors.New("not supported")

// limboCase is what we read of a test case of x509-limbo (its limbo-schema.json).
type limboCase struct {
	Kind       string      `json:"validation_kind"`
	Trusted    []string    `json:"trusted_certs"`
	Untrusted  []string    `json:"untrusted_intermediates"`
	Peer       string      `json:"peer_certificate"`
	Time       string      `json:"validation_time"`
	SigAlgs    []string    `json:"signature_algorithms"`
	KeyUsage   []string    `json:"key_usage"`
	EKU        []string    `json:"extended_key_usage"`
	PeerName   *limboName  `json:"expected_peer_name"`
	PeerNames  []limboName `json:"expected_peer_names"`
	ChainDepth *int        `json:"max_chain_depth"`
	CRLs       []string    `json:"crls"`
}

type limboName struct{ Kind, Value string }

// limboStrict are the strictest settings that a client can have, those for the web: RFC 5280 to the letter, anchors that
// need not be self-signed, no common names, every path tried.
const limboStrict = limboOpenSSL | pki.FlagAllPaths

// limboOpenSSL are the settings of limbo's own harness for OpenSSL.
const limboOpenSSL = pki.FlagStrict | pki.FlagPartialChain | pki.FlagTrustedFirst

// LimboVerdict verifies a test case of x509-limbo, which is JSON: with the strictest settings, or asOpenSSL, with those
// that limbo's harness for OpenSSL has. now, in seconds since 1970, is the time of a case that names none. The verdict is
// empty for a chain that is good, and else why it is not, in OpenSSL's words. The error wraps ErrLimboSkipped for a case
// that cannot be asked.
func LimboVerdict(testcase string, now int64, asOpenSSL bool) (string, error) {
	var c limboCase
	if err := json.Unmarshal([]byte(testcase), &c); err != nil {
		return "", err
	}
	o, err := c.options(now, asOpenSSL)
	if err != nil {
		return "", err
	}
	store, verdict := c.store()
	if verdict != "" {
		return verdict, nil
	}
	leaf, err := limboCertificate(c.Peer)
	if err != nil {
		return "unparsable leaf", nil
	}
	var untrusted []*pki.Certificate
	for _, text := range c.Untrusted {
		if i, err := limboCertificate(text); err == nil { // one that is broken is of no use to a path, and no harm
			untrusted = append(untrusted, i)
		}
	}
	_, err = pki.Verify(leaf, untrusted, store, o)
	var e *alert.Error
	if errors.As(err, &e) {
		return e.Verify.String(), nil
	}
	if err == nil {
		return c.misses(leaf), nil
	}
	return "", err
}

// misses is what a good chain's leaf lacks of what a server asks for, which is the program's to look at.
func (c *limboCase) misses(leaf *pki.Certificate) string {
	if len(c.KeyUsage) > 0 && !leaf.MaySign() {
		return "key usage"
	}
	for _, name := range c.PeerNames {
		if !slices.ContainsFunc(leaf.AltNames(), func(n pki.GeneralName) bool {
			return n.Kind == pki.NameEmail && string(n.Value) == name.Value
		}) {
			return "email address mismatch"
		}
	}
	return ""
}

// options are the settings that a case asks for.
func (c *limboCase) options(now int64, asOpenSSL bool) (*pki.Options, error) {
	o := &pki.Options{Time: now, Flags: limboStrict, Purpose: pki.PurposeServer, Depth: 100, SecurityLevel: 2,
		HostFlags: pki.HostNoPartialWildcards | pki.HostNeverCheckSubject}
	if asOpenSSL {
		o.Flags, o.Purpose, o.HostFlags = limboOpenSSL, pki.PurposeAny, pki.HostNoPartialWildcards
	}
	if c.Kind == "CLIENT" {
		o.Purpose = pki.PurposeClient
	}
	switch {
	case asOpenSSL && c.Kind != "SERVER":
		return nil, fmt.Errorf("%w: validation of clients", ErrLimboSkipped)
	case len(c.SigAlgs) > 0:
		return nil, fmt.Errorf("%w: signature_algorithms", ErrLimboSkipped)
	case len(c.KeyUsage) > 0 && !slices.Equal(c.KeyUsage, []string{"digitalSignature"}):
		return nil, fmt.Errorf("%w: key_usage", ErrLimboSkipped)
	}
	for _, name := range c.PeerNames {
		if name.Kind != "RFC822" {
			return nil, fmt.Errorf("%w: peer name of kind %s", ErrLimboSkipped, name.Kind)
		}
	}
	if len(c.CRLs) > 0 {
		o.Flags |= pki.FlagCRLCheck
	}
	if c.ChainDepth != nil {
		o.Depth = *c.ChainDepth
	}
	if at, err := time.Parse(time.RFC3339, c.Time); err == nil {
		o.Time = at.Unix()
	}
	if err := c.setPurpose(o); err != nil {
		return nil, err
	}
	return o, c.setPeer(o)
}

func (c *limboCase) setPurpose(o *pki.Options) error {
	if len(c.EKU) > 1 {
		return fmt.Errorf("%w: more than one extended key usage", ErrLimboSkipped)
	}
	for _, name := range c.EKU {
		purpose, ok := map[string]pki.Purpose{
			"anyExtendedKeyUsage": pki.PurposeAny, "serverAuth": pki.PurposeServer, "clientAuth": pki.PurposeClient,
		}[name]
		if !ok {
			return fmt.Errorf("%w: extended key usage %s", ErrLimboSkipped, name)
		}
		o.Purpose = purpose
	}
	return nil
}

func (c *limboCase) setPeer(o *pki.Options) error {
	if c.PeerName == nil {
		return nil
	}
	switch c.PeerName.Kind {
	case "DNS":
		o.Host = c.PeerName.Value
	case "IP":
		ip, err := netip.ParseAddr(c.PeerName.Value)
		if err != nil {
			return err
		}
		o.IP = ip.AsSlice()
	default:
		return fmt.Errorf("%w: peer name of kind %s", ErrLimboSkipped, c.PeerName.Kind)
	}
	return nil
}

func (c *limboCase) store() (*pki.Store, string) {
	store := pki.NewStore()
	for _, text := range c.Trusted {
		ders, err := keyfile.Certificates([]byte(text))
		if err != nil {
			return nil, "unparsable anchor"
		}
		for _, der := range ders {
			if _, err := store.AddCertificate(der); err != nil {
				return nil, "unparsable anchor"
			}
		}
	}
	for _, text := range c.CRLs {
		block, _ := pem.Decode([]byte(text))
		if block == nil || store.AddCRL(block.Bytes) != nil {
			return nil, "unparsable CRL"
		}
	}
	return store, ""
}

func limboCertificate(text string) (*pki.Certificate, error) {
	certs, err := certificates(text)
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}
