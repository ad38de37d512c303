package pki

import (
	"compress/gzip"
	"encoding/json"
	"encoding/pem"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// limboCase is a test case of x509-limbo (testdata/x509/limbo-native.json.gz).
type limboCase struct {
	ID            string                        `json:"id"`
	Kind          string                        `json:"validation_kind"`
	Trusted       []string                      `json:"trusted_certs"`
	Untrusted     []string                      `json:"untrusted_intermediates"`
	Peer          string                        `json:"peer_certificate"`
	Time          string                        `json:"validation_time"`
	Expected      string                        `json:"expected_result"`
	PeerName      *struct{ Kind, Value string } `json:"expected_peer_name"`
	MaxChainDepth *int                          `json:"max_chain_depth"`
	CRLs          []string                      `json:"crls"`
	EKU           []string                      `json:"extended_key_usage"`
}

// verdict is OpenSSL 3.0's, in strict and partial-chain mode at security level 2.
type verdict struct {
	Verdict string  `json:"verdict"`
	Error   *string `json:"error"`
}

func readLimbo(t testing.TB) ([]limboCase, map[string]verdict) {
	f, err := os.Open("../../../testdata/x509/limbo-native.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var all struct{ Testcases []limboCase }
	require.NoError(t, json.NewDecoder(z).Decode(&all))
	data, err := os.ReadFile("../../../testdata/x509/limbo-native-openssl30.json")
	require.NoError(t, err)
	var want map[string]verdict
	require.NoError(t, json.Unmarshal(data, &want))
	return all.Testcases, want
}

func pemDER(text string) []byte {
	b, _ := pem.Decode([]byte(text))
	return b.Bytes
}

// runLimbo gives our verdict: "" or the error.
func runLimbo(c *limboCase) string {
	store := NewStore()
	for _, text := range c.Trusted {
		if _, err := store.AddCertificate(pemDER(text)); err != nil {
			return "unparsable anchor"
		}
	}
	o := &Options{Flags: FlagStrict | FlagPartialChain | FlagTrustedFirst, Depth: 100, SecurityLevel: 2, Purpose: PurposeServer,
		HostFlags: HostNoPartialWildcards}
	for _, text := range c.CRLs {
		if err := store.AddCRL(pemDER(text)); err != nil {
			return "unparsable CRL"
		}
		o.Flags |= FlagCRLCheck
	}
	if len(c.EKU) == 0 {
		o.Purpose = PurposeAny
	} else if c.EKU[0] == "clientAuth" {
		o.Purpose = PurposeClient
	}
	if c.MaxChainDepth != nil {
		o.Depth = *c.MaxChainDepth
	}
	o.Time = time.Now().Unix()
	if at, err := time.Parse(time.RFC3339, c.Time); err == nil {
		o.Time = at.Unix()
	}
	if n := c.PeerName; n != nil && n.Kind == "DNS" {
		o.Host = n.Value
	} else if n != nil && n.Kind == "IP" {
		if ip, err := netip.ParseAddr(n.Value); err == nil {
			o.IP = ip.AsSlice()
		}
	}
	leaf, err := ParseCertificate(pemDER(c.Peer))
	if err != nil {
		return "unparsable leaf"
	}
	var untrusted []*Certificate
	for _, text := range c.Untrusted {
		if i, err := ParseCertificate(pemDER(text)); err == nil {
			untrusted = append(untrusted, i)
		}
	}
	r, err := Verify(leaf, untrusted, store, o)
	if err != nil {
		return r.Code.String()
	}
	return ""
}

// stricter are the cases in which we refuse what OpenSSL accepts, each with its reason.
var stricter = map[string]string{
	"webpki::forbidden-dsa-root": "DSA signatures are not implemented",
	"webpki::forbidden-dsa-leaf": "DSA keys are not implemented",
}

// leastLimbo is limbo's own score, which may only rise. OpenSSL's is 145, Go's 128, pyca/cryptography's 147.
const leastLimbo = 156

func TestLimboAgreesWithOpenSSL(t *testing.T) {
	cases, want := readLimbo(t)
	limbo := 0
	for i := range cases {
		c := &cases[i]
		got := runLimbo(c)
		if (got == "") == (c.Expected == "SUCCESS") {
			limbo++
		}
		w := want[c.ID]
		expected := ""
		if w.Error != nil {
			expected = *w.Error
		}
		if stricter[c.ID] != "" {
			require.NotEmpty(t, got, c.ID)
			continue
		}
		if w.Verdict == "SUCCESS" || w.Verdict == "FAILURE" {
			require.Equal(t, expected, got, c.ID)
		}
	}
	t.Logf("limbo's own score: %d of %d", limbo, len(cases))
	require.GreaterOrEqual(t, limbo, leastLimbo)
}
