package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// errUnimplemented is about a flag, or a meaning of one, that the engine has nothing for.
var errUnimplemented = errors.New("unimplemented")

// base64Bytes is the value of a flag that comes in base64.
type base64Bytes []byte

// options are the flags of one connection.
type options struct {
	Port                  int    `flag:"port"`
	ShimID                uint64 `flag:"shim-id"`
	IPv6                  bool   `flag:"ipv6"`
	Server                bool   `flag:"server"`
	IsHandshakerSupported bool   `flag:"is-handshaker-supported"`
	ResumeCount           int    `flag:"resume-count"`
	Async                 bool   `flag:"async"`
	ImplicitHandshake     bool   `flag:"implicit-handshake"`
	WriteSettings         string `flag:"write-settings"`

	MinVersion int  `flag:"min-version"`
	MaxVersion int  `flag:"max-version"`
	NoTLS13    bool `flag:"no-tls13"`
	NoTLS12    bool `flag:"no-tls12"`
	NoTLS11    bool `flag:"no-tls11"`
	NoTLS1     bool `flag:"no-tls1"`

	Cipher                string `flag:"cipher"`
	ServerPreference      bool   `flag:"server-preference"`
	Curves                []int  `flag:"curves"`
	VerifyPrefs           []int  `flag:"verify-prefs"`
	FallbackSCSV          bool   `flag:"fallback-scsv"`
	NoTicket              bool   `flag:"no-ticket"`
	NoLegacyServerConnect bool   `flag:"no-legacy-server-connect"`
	MaxCertList           int    `flag:"max-cert-list"`
	MaxSendFragment       int    `flag:"max-send-fragment"`
	HostName              string `flag:"host-name"`
	NoServerNameAck       bool   `flag:"no-server-name-ack"`
	UseEarlyCallback      bool   `flag:"use-early-callback"`
	FailEarlyCallback     bool   `flag:"fail-early-callback"`
	FailCertCallback      bool   `flag:"fail-cert-callback"`

	AdvertiseALPN          string `flag:"advertise-alpn"`
	SelectALPN             string `flag:"select-alpn"`
	SelectEmptyALPN        bool   `flag:"select-empty-alpn"`
	DeclineALPN            bool   `flag:"decline-alpn"`
	RejectALPN             bool   `flag:"reject-alpn"`
	AllowUnknownALPNProtos bool   `flag:"allow-unknown-alpn-protos"`

	PSK         string `flag:"psk"`
	PSKIdentity string `flag:"psk-identity"`

	VerifyPeer                  bool   `flag:"verify-peer"`
	VerifyFail                  bool   `flag:"verify-fail"`
	RequireAnyClientCertificate bool   `flag:"require-any-client-certificate"`
	UseCustomVerifyCallback     bool   `flag:"use-custom-verify-callback"`
	TrustCert                   string `flag:"trust-cert"` // not read: the verdict is the callback's, as in BoringSSL's shim
	UseClientCAList             string `flag:"use-client-ca-list"`

	EnableOCSPStapling  bool        `flag:"enable-ocsp-stapling"`
	EnableSCTs          bool        `flag:"enable-signed-cert-timestamps"`
	UseOCSPCallback     bool        `flag:"use-ocsp-callback"`
	SetOCSPInCallback   bool        `flag:"set-ocsp-in-callback"`
	DeclineOCSPCallback bool        `flag:"decline-ocsp-callback"`
	FailOCSPCallback    bool        `flag:"fail-ocsp-callback"`
	ExpectOCSPResponse  base64Bytes `flag:"expect-ocsp-response"`
	ExpectSCTs          base64Bytes `flag:"expect-signed-cert-timestamps"`

	InstallCertCompressionAlgs   bool `flag:"install-cert-compression-algs"`
	InstallOneCertCompressionAlg int  `flag:"install-one-cert-compression-alg"`

	RenegotiateIgnore     bool        `flag:"renegotiate-ignore"`
	TicketKey             base64Bytes `flag:"ticket-key"`
	ResumptionDelay       int         `flag:"resumption-delay"`
	ShimWritesFirst       bool        `flag:"shim-writes-first"`
	ShimInitialWrite      string      `flag:"shim-initial-write"`
	RepeatInitialWrite    int         `flag:"repeat-shim-initial-write"`
	ReadUnfinishedWrite   bool        `flag:"read-with-unfinished-write"`
	ShimShutsDown         bool        `flag:"shim-shuts-down"`
	CheckCloseNotify      bool        `flag:"check-close-notify"`
	SendAlert             bool        `flag:"send-alert"`
	KeyUpdate             bool        `flag:"key-update"`
	KeyUpdateBeforeRead   bool        `flag:"key-update-before-read"`
	ReadSize              int         `flag:"read-size"`
	DifferentRecordSizes  bool        `flag:"write-different-record-sizes"`
	PartialWrite          bool        `flag:"partial-write"`
	ExportKeyingMaterial  int         `flag:"export-keying-material"`
	ExportLabel           string      `flag:"export-label"`
	ExportContext         string      `flag:"export-context"`
	UseExportContext      bool        `flag:"use-export-context"`
	ExporterBetweenReads  bool        `flag:"use-exporter-between-reads"`
	ExportTrafficSecrets  bool        `flag:"export-traffic-secrets"`
	TLSUnique             bool        `flag:"tls-unique"`
	HandshakeTwice        bool        `flag:"handshake-twice"`
	NoOpExtraHandshake    bool        `flag:"no-op-extra-handshake"`
	ExpectAdvertisedALPN  string      `flag:"expect-advertised-alpn"`
	ExpectALPN            string      `flag:"expect-alpn"`
	ExpectNoSession       bool        `flag:"expect-no-session"`
	ExpectSessionID       bool        `flag:"expect-session-id"`
	ExpectNoSessionID     bool        `flag:"expect-no-session-id"`
	ExpectSessionMiss     bool        `flag:"expect-session-miss"`
	ExpectTicketRenewal   bool        `flag:"expect-ticket-renewal"`
	ExpectServerName      string      `flag:"expect-server-name"`
	ExpectNoServerName    bool        `flag:"expect-no-server-name"`
	ExpectCertTypes       base64Bytes `flag:"expect-certificate-types"`
	ExpectClientCAList    string      `flag:"expect-client-ca-list"`
	ExpectCipher          int         `flag:"expect-cipher"`
	ExpectCipherAES       int         `flag:"expect-cipher-aes"`
	ExpectCipherNoAES     int         `flag:"expect-cipher-no-aes"`
	ExpectVersion         int         `flag:"expect-version"`
	ExpectCurveID         int         `flag:"expect-curve-id"`
	ExpectEMS             bool        `flag:"expect-extended-master-secret"`
	ExpectHRR             bool        `flag:"expect-hrr"`
	ExpectNoHRR           bool        `flag:"expect-no-hrr"`
	ExpectPeerScheme      int         `flag:"expect-peer-signature-algorithm"`
	ExpectPeerVerifyPrefs []int       `flag:"expect-peer-verify-pref"`
	ExpectPeerCertFile    string      `flag:"expect-peer-cert-file"`
	ExpectNoPeerCert      bool        `flag:"expect-no-peer-cert"`
	ExpectSecureRenego    bool        `flag:"expect-secure-renegotiation"`
	ExpectNoSecureRenego  bool        `flag:"expect-no-secure-renegotiation"`
	ExpectVerifyResult    bool        `flag:"expect-verify-result"`
	EnableEarlyData       bool        `flag:"enable-early-data"`
	ExpectEarlyDataReason string      `flag:"expect-early-data-reason"`
	ExpectAcceptEarlyData bool        `flag:"expect-accept-early-data"`
	ExpectRejectEarlyData bool        `flag:"expect-reject-early-data"`
	ExpectNoOfferEarly    bool        `flag:"expect-no-offer-early-data"`
	ExpectTicketEarlyData bool        `flag:"expect-ticket-supports-early-data"`
	ExpectTicketAgeSkew   int         `flag:"expect-ticket-age-skew"`
	ExpectTotalRenego     int         `flag:"expect-total-renegotiations"`
	ExpectCredential      *int        `flag:"expect-selected-credential"`
	NewX509Credential     bool        `flag:"new-x509-credential"`
	NewPSKCredential      bool        `flag:"new-psk-credential"`

	credential  // the default one, which the flags below set until a -new-...-credential
	credentials []*credential
}

// credential is a certificate, or a pre-shared key for TLS 1.3.
type credential struct {
	CertFile     string      `flag:"cert-file"`
	KeyFile      string      `flag:"key-file"`
	SigningPrefs []int       `flag:"signing-prefs"`
	OCSPResponse base64Bytes `flag:"ocsp-response"`
	SCTs         base64Bytes `flag:"signed-cert-timestamps"`

	ImporterKey      base64Bytes `flag:"psk-importer-key"`
	ImporterIdentity base64Bytes `flag:"psk-importer-identity"`
	ImporterContext  base64Bytes `flag:"psk-importer-context"`
	ImporterSHA256   bool        `flag:"psk-importer-sha256"`
	ImporterSHA384   bool        `flag:"psk-importer-sha384"`
	isPSK            bool
}

func defaults() *options { return &options{ShimInitialWrite: "hello", RepeatInitialWrite: 1} }

// parseFlags returns the options of the first connection, of those that resume, and of one whose early data was refused
// from there on.
func parseFlags(args []string) (initial, resumed, retried *options, err error) {
	initial, resumed, retried = defaults(), defaults(), defaults()
	for len(args) > 0 {
		name := strings.TrimPrefix(strings.TrimPrefix(args[0], "-"), "-")
		args = args[1:]
		targets := []*options{initial, resumed, retried}
		skip := false
		name = strings.TrimPrefix(name, "on-shim-")
		if rest, ok := strings.CutPrefix(name, "on-initial-"); ok {
			name, targets = rest, targets[:1]
		} else if rest, ok := strings.CutPrefix(name, "on-resume-"); ok {
			name, targets = rest, targets[1:2]
		} else if rest, ok := strings.CutPrefix(name, "on-retry-"); ok {
			name, targets = rest, targets[2:]
		} else if rest, ok := strings.CutPrefix(name, "on-handshaker-"); ok {
			name, skip = rest, true
		}
		var used int
		for _, o := range targets {
			if skip {
				o = defaults()
			}
			if used, err = o.set(name, args); err != nil {
				return nil, nil, nil, err
			}
		}
		args = args[used:]
	}
	return initial, resumed, retried, nil
}

// set sets one flag and returns how many arguments it took.
func (o *options) set(name string, args []string) (int, error) {
	cred := &o.credential
	if len(o.credentials) > 0 {
		cred = o.credentials[len(o.credentials)-1]
	}
	field := find(reflect.ValueOf(cred).Elem(), name)
	if !field.IsValid() {
		field = find(reflect.ValueOf(o).Elem(), name)
	}
	if !field.IsValid() {
		return 0, fmt.Errorf("%w: flag -%s", errUnimplemented, name)
	}
	switch name {
	case "new-x509-credential", "new-psk-credential":
		o.credentials = append(o.credentials, &credential{isPSK: name == "new-psk-credential"})
		return 0, nil
	}
	if field.Kind() == reflect.Bool {
		field.SetBool(true)
		return 0, nil
	}
	if len(args) == 0 {
		return 0, fmt.Errorf("flag -%s needs an argument", name)
	}
	return 1, assign(field, args[0])
}

func find(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("flag") == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func assign(field reflect.Value, text string) error {
	switch p := field.Addr().Interface().(type) {
	case *string:
		*p = text
	case *base64Bytes:
		data, err := base64.StdEncoding.DecodeString(text)
		*p = data
		return err
	case *uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		*p = n
		return err
	default:
		return assignInt(field, text)
	}
	return nil
}

func assignInt(field reflect.Value, text string) error {
	n, err := strconv.Atoi(text)
	switch p := field.Addr().Interface().(type) {
	case *int:
		*p = n
	case **int:
		*p = &n
	case *[]int:
		*p = append(*p, n)
	}
	return err
}
