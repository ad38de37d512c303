package wire

import (
	"bytes"
	"testing"

	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/sigalg"
	"github.com/stretchr/testify/require"
)

type message interface{ Marshal() ([]byte, error) }

// example is a message with everything in it, and the function that reads it.
type example struct {
	name string
	m    message
	read func(body []byte) (message, error)

	withoutExtensions int // where a hello would end that has none
}

// as drops the type of an Unmarshal function's result.
func as[T message](read func([]byte) (T, error)) func([]byte) (message, error) {
	return func(b []byte) (message, error) { return read(b) }
}

func examples() []example {
	psk := uint16(1)
	ecdhe, dhe := KeyExchangeKind{ECDHE: true, PSK: true}, KeyExchangeKind{DHE: true}
	ske := func(k KeyExchangeKind, signed bool, v uint16) func([]byte) (message, error) {
		return func(b []byte) (message, error) { return UnmarshalServerKeyExchange(b, k, signed, v) }
	}
	cke := func(k KeyExchangeKind) func([]byte) (message, error) {
		return func(b []byte) (message, error) { return UnmarshalClientKeyExchange(b, k) }
	}
	return []example{
		{"ClientHello", fullClientHello(), as(UnmarshalClientHello), 2 + 32 + 1 + 32 + 2 + 4 + 2},
		{"ClientHello without extensions", &ClientHello{LegacyVersion: VersionTLS10, CipherSuites: []uint16{47},
			CompressionMethods: []byte{0}}, as(UnmarshalClientHello), 0},
		{"ServerHello", &ServerHello{LegacyVersion: VersionTLS12, SessionID: []byte{1}, CipherSuite: 0x1301,
			SupportedVersion: VersionTLS13, KeyShare: &KeyShareEntry{group.X25519, []byte{1, 2}}, SelectedPSK: &psk,
		}, as(UnmarshalServerHello), 2 + 32 + 1 + 1 + 3},
		{"HelloRetryRequest", &ServerHello{LegacyVersion: VersionTLS12, Random: HelloRetryRequestRandom, CipherSuite: 0x1301,
			SupportedVersion: VersionTLS13, SelectedGroup: group.P256, Cookie: []byte("c")}, as(UnmarshalServerHello), 2 + 32 + 1 + 3},
		{"ServerHello 1.2", &ServerHello{LegacyVersion: VersionTLS12, CipherSuite: 47, HasRenegotiationInfo: true,
			RenegotiationInfo: []byte{}, ServerNameAck: true, ECPointFormats: []byte{0}, TicketSupported: true,
			StatusRequest: true, ALPN: "h2", SCTs: [][]byte{{1}}, EncryptThenMAC: true, ExtendedMasterSecret: true,
			RecordSizeLimit: 100}, as(UnmarshalServerHello), 2 + 32 + 1 + 3},
		{"EncryptedExtensions", &EncryptedExtensions{ServerNameAck: true, SupportedGroups: []group.ID{1}, ALPN: "h2",
			RecordSizeLimit: 64, EarlyData: true}, as(UnmarshalEncryptedExtensions), 0},
		{"Certificate 1.3", &Certificate13{Context: []byte{1}, Entries: []CertificateEntry{{Data: []byte{1}, OCSP: []byte{2},
			SCTs: [][]byte{{3}}}, {Data: []byte{4}}}}, as(UnmarshalCertificate13), 0},
		{"Certificate 1.2", &Certificate12{Chain: [][]byte{{1}, {2, 3}}}, as(UnmarshalCertificate12), 0},
		{"CertificateStatus", &CertificateStatus{OCSP: []byte{1}}, as(UnmarshalCertificateStatus), 0},
		{"CertificateRequest 1.3", &CertificateRequest13{Context: []byte{1}, SignatureAlgorithms: []sigalg.Scheme{1},
			SignatureAlgorithmsCert: []sigalg.Scheme{2}, CAs: [][]byte{{1}}, OCSP: true, SCT: true},
			as(UnmarshalCertificateRequest13), 0},
		{"CertificateRequest 1.2", &CertificateRequest12{Types: []byte{1}, HasSignatureAlgorithms: true,
			SignatureAlgorithms: []sigalg.Scheme{1}, CAs: [][]byte{{1}}},
			func(b []byte) (message, error) { return UnmarshalCertificateRequest12(b, VersionTLS12) }, 0},
		{"CertificateVerify", &CertificateVerify{HasScheme: true, Scheme: 1, Signature: []byte{1}},
			func(b []byte) (message, error) { return UnmarshalCertificateVerify(b, VersionTLS12) }, 0},
		{"ServerKeyExchange ECDHE", &ServerKeyExchange{Kind: ecdhe, PSKHint: []byte("h"), Group: 23, Public: []byte{4},
			HasSignature: true, HasScheme: true, Scheme: 1, Signature: []byte{5}}, ske(ecdhe, true, VersionTLS12), 0},
		{"ServerKeyExchange DHE", &ServerKeyExchange{Kind: dhe, P: []byte{1}, G: []byte{2}, Public: []byte{3}},
			ske(dhe, false, VersionTLS12), 0},
		{"ClientKeyExchange ECDHE", &ClientKeyExchange{Kind: ecdhe, Identity: []byte("i"), Public: []byte{1}}, cke(ecdhe), 0},
		{"ClientKeyExchange RSA", &ClientKeyExchange{Kind: KeyExchangeKind{RSA: true}, Encrypted: []byte{1}},
			cke(KeyExchangeKind{RSA: true}), 0},
		{"KeyUpdate", &KeyUpdate{Request: true}, as(UnmarshalKeyUpdate), 0},
		{"NewSessionTicket 1.2", &NewSessionTicket12{LifetimeHint: 7, Ticket: []byte{1}}, as(UnmarshalNewSessionTicket12), 0},
		{"NewSessionTicket 1.3", &NewSessionTicket13{Lifetime: 7, AgeAdd: 8, Nonce: []byte{1}, Ticket: []byte{2},
			MaxEarlyData: 9}, as(UnmarshalNewSessionTicket13), 0},
		{"EndOfEarlyData", &EndOfEarlyData{}, as(UnmarshalEndOfEarlyData), 0},
		{"CompressedCertificate", &CompressedCertificate{Algorithm: 1, Length: 2, Compressed: []byte{3}},
			as(UnmarshalCompressedCertificate), 0},
	}
}

func fullClientHello() *ClientHello {
	return &ClientHello{
		LegacyVersion: VersionTLS12, Random: [32]byte{1}, SessionID: bytes.Repeat([]byte{2}, 32),
		CipherSuites: []uint16{0x1301, 0x1302}, CompressionMethods: []byte{0}, HasExtensions: true,
		HasServerName: true, ServerName: "example.com", StatusRequestOCSP: true, SupportedGroups: []group.ID{29, 23},
		ECPointFormats: []byte{0}, SignatureAlgorithms: []sigalg.Scheme{0x403}, SignatureAlgorithmsCert: []sigalg.Scheme{0x804},
		ALPN: []string{"h2", "http/1.1"}, SCT: true, EncryptThenMAC: true, ExtendedMasterSecret: true,
		CertCompression: []uint16{1}, RecordSizeLimit: 16385, HasSessionTicket: true, SessionTicket: []byte("ticket"),
		HasRenegotiationInfo: true, RenegotiationInfo: []byte{}, SupportedVersions: []uint16{VersionTLS13},
		Cookie: []byte("cookie"), HasKeyShare: true, KeyShares: []KeyShareEntry{{group.X25519, []byte{1, 2, 3}}},
		PSKModes: []byte{1}, CertificateAuthorities: [][]byte{{0x30, 0}}, PostHandshakeAuth: true, EarlyData: true,
		PSKIdentities: []PSKIdentity{{[]byte("id"), 5}}, PSKBinders: [][]byte{bytes.Repeat([]byte{9}, 32)},
	}
}

func TestEveryMessageComesBackAsItWas(t *testing.T) {
	for _, e := range examples() {
		raw, err := e.m.Marshal()
		require.NoError(t, err, e.name)
		m, err := e.read(raw[4:])
		require.NoError(t, err, e.name)
		again, err := m.Marshal()
		require.NoError(t, err, e.name)
		require.Equal(t, raw, again, e.name)
	}
}

func TestEveryMessageRefusesTruncationAndTrailingBytes(t *testing.T) {
	for _, e := range examples() {
		raw, err := e.m.Marshal()
		require.NoError(t, err, e.name)
		body := raw[4:]
		for n := range body {
			if n == e.withoutExtensions {
				continue // a hello without extensions is a whole one
			}
			_, err := e.read(body[:n:n])
			require.Error(t, err, "%s cut to %d of %d", e.name, n, len(body))
		}
		_, err = e.read(append(bytes.Clone(body), 0))
		require.Error(t, err, "%s with a byte behind it", e.name)
	}
}

func TestUnsolicitedExtensionsAreFound(t *testing.T) {
	require.Nil(t, FirstUnsolicited([]ExtensionType{1, 2}, []ExtensionType{2, 1}))
	require.Equal(t, ExtensionType(3), *FirstUnsolicited([]ExtensionType{1, 3}, []ExtensionType{1}))
}

func TestClientHelloRefusesWhatTheRFCForbids(t *testing.T) {
	twice := fullClientHello()
	raw, err := twice.Marshal()
	require.NoError(t, err)
	at := bytes.Index(raw, []byte{0, byte(ExtExtendedMasterSecret), 0, 0})
	raw[at+1] = byte(ExtEncryptThenMAC)
	_, err = UnmarshalClientHello(raw[4:])
	require.ErrorContains(t, err, "twice")

	late := &ClientHello{ExtensionIDs: []ExtensionType{ExtPreSharedKey, ExtCookie}}
	require.ErrorContains(t, late.checkPSKs(), "not the last")
	unequal := fullClientHello()
	unequal.PSKBinders = append(unequal.PSKBinders, unequal.PSKBinders[0])
	raw, err = unequal.Marshal()
	require.NoError(t, err)
	_, err = UnmarshalClientHello(raw[4:])
	require.ErrorContains(t, err, "differ in number")
}

func TestBindersAreWrittenInPlace(t *testing.T) {
	m := fullClientHello()
	raw, err := m.Marshal()
	require.NoError(t, err)
	m.PatchBinders(raw, [][]byte{bytes.Repeat([]byte{7}, 32)})
	got, err := UnmarshalClientHello(raw[4:])
	require.NoError(t, err)
	require.Equal(t, m.PSKBinders, got.PSKBinders)
	require.Equal(t, 2+1+32, got.BindersLen())
}

func FuzzUnmarshal(f *testing.F) {
	for i, e := range examples() {
		raw, err := e.m.Marshal()
		require.NoError(f, err)
		f.Add(i, raw[4:])
	}
	all := examples()
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		if i < 0 || i >= len(all) {
			return
		}
		m, err := all[i].read(body)
		if err != nil {
			return
		}
		_, err = m.Marshal()
		require.NoError(t, err)
	})
}

func TestPartsTooLongForTheirLengthAreNotSent(t *testing.T) {
	_, err := (&EncryptedExtensions{ALPN: string(make([]byte, 256))}).Marshal()
	require.ErrorIs(t, err, errTooLong)
	_, err = (&CertificateVerify{HasScheme: true, Signature: make([]byte, 1<<16)}).Marshal()
	require.ErrorIs(t, err, errTooLong)
	_, err = (&CertificateVerify{HasScheme: true, Signature: make([]byte, 1<<15)}).Marshal()
	require.NoError(t, err) // the builder that was given back is as new
}
