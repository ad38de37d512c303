package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"
)

const folder = "../../../testdata/certs/"

func read(t testing.TB, name string) []byte {
	data, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return data
}

func password(p string) PasswordFunc { return func() ([]byte, error) { return []byte(p), nil } }

func noPassword() ([]byte, error) { return nil, errors.New("asked for a password") }

// forms are all forms of key, made by the openssl command (testdata/README.md). Encrypted ones have the password "secret".
func forms(t testing.TB) []string {
	files, err := filepath.Glob(folder + "key-*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	return names
}

func TestEveryFormOfKeyIsRead(t *testing.T) {
	for _, name := range forms(t) {
		ask := PasswordFunc(noPassword)
		if strings.Contains(name, "enc") {
			ask = password("secret")
		}
		key, pss, err := PrivateKey(read(t, name), ask)
		require.NoError(t, err, name)
		require.Equal(t, strings.Contains(name, "pss"), pss, name)
		require.NotNil(t, key.Public(), name)
	}
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	for _, name := range forms(t) {
		if !strings.Contains(name, "enc") {
			continue
		}
		_, _, err := PrivateKey(read(t, name), password("wrong"))
		require.Error(t, err, name)
		asked := errors.New("no")
		_, _, err = PrivateKey(read(t, name), func() ([]byte, error) { return nil, asked })
		require.Equal(t, asked, err, name)
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	for _, name := range forms(t) {
		data := read(t, name)
		for n := 0; n < len(data)-30; n += 11 {
			_, _, err := PrivateKey(data[:n], password("secret"))
			require.Error(t, err, "%s %d", name, n)
		}
	}
}

func reason(t testing.TB, err error) alert.Reason {
	var e *alert.Error
	require.ErrorAs(t, err, &e)
	return e.Reason
}

func TestErrorsHaveOpenSSLsReasons(t *testing.T) {
	_, err := Certificates([]byte("nothing here\n"))
	require.Equal(t, alert.ReasonPEMNoStartLine, reason(t, err))
	_, err = Certificates([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n"))
	require.Equal(t, alert.ReasonPEMBadEndLine, reason(t, err))
	_, err = Certificates([]byte("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"))
	require.Equal(t, alert.ReasonPEMBadBase64, reason(t, err))
	_, _, err = DHParams([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"))
	require.Equal(t, alert.ReasonPEMNoStartLine, reason(t, err))
	_, err = SplitDER([]byte("broken"))
	require.Equal(t, alert.ReasonASN1NotEnoughData, reason(t, err))
}

func TestOnlyTheCertificatesKeyMatches(t *testing.T) {
	var keys []crypto.Signer
	for _, name := range []string{"key-ec256-pkcs8.pem", "key-ec384-sec1.pem", "key-rsa-pkcs1.pem"} {
		k, _, err := PrivateKey(read(t, name), noPassword)
		require.NoError(t, err)
		keys = append(keys, k)
	}
	require.NoError(t, MatchesKey(keys[0].Public(), keys[0]))
	require.Equal(t, alert.ReasonX509KeyValuesMismatch, reason(t, MatchesKey(keys[0].Public(), keys[1])))
	require.Equal(t, alert.ReasonNoCertificateAssigned, reason(t, MatchesKey(keys[0].Public(), keys[2])))
	require.IsType(t, &ecdsa.PrivateKey{}, keys[0])
}

func FuzzPrivateKey(f *testing.F) {
	for _, name := range forms(f) {
		if !strings.Contains(name, "enc") {
			f.Add(read(f, name))
		}
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _, _ = PrivateKey(data, noPassword)
	})
}

func FuzzEncryptedPrivateKey(f *testing.F) {
	for _, name := range forms(f) {
		if strings.Contains(name, "enc") {
			f.Add(read(f, name))
		}
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _, _ = PrivateKey(data, func() ([]byte, error) { return []byte("secret"), nil })
	})
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte("text\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _, _ = Bundle(data)
		Entries(data)
		_, _ = SplitDER(data)
		_, _, _ = DHParams(data)
	})
}

// The PFX is made by the test itself, with Modern's algorithms (PBES2, HMAC-SHA-256).
func pfx(t testing.TB, password string) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	data, err := pkcs12.Modern.Encode(key, cert, nil, password)
	require.NoError(t, err)
	return data
}

func TestPKCS12(t *testing.T) {
	good := pfx(t, "secret")
	require.True(t, IsPKCS12(good))
	password := func() ([]byte, error) { return []byte("secret"), nil }
	chain, key, err := PKCS12(good, password)
	require.NoError(t, err)
	require.Len(t, chain, 1)
	require.NotNil(t, key)
	_, _, err = PKCS12(good, func() ([]byte, error) { return []byte("wrong"), nil })
	require.ErrorContains(t, err, "wrong password")
	_, _, err = PKCS12(pfx(t, ""), nil)
	require.NoError(t, err, "an empty password is not asked for")
	for n := range good {
		_, _, err := PKCS12(good[:n], password)
		require.Error(t, err, n)
	}
}

func TestHoursOfIterationsAreRefused(t *testing.T) {
	good := pfx(t, "secret")
	require.True(t, modestIterations(good, deepest))
	require.False(t, modestIterations([]byte{0x30, 10, 4, 1, 0, 2, 5, 0, 0xff, 0xff, 0xff, 0xff}, deepest))
	require.False(t, modestIterations([]byte{0x30, 14, 4, 12, 0x30, 10, 4, 1, 0, 2, 5, 0, 0xff, 0xff, 0xff, 0xff}, deepest))
	_, _, ok := readPBEParams([]byte{0x30, 10, 4, 1, 0, 2, 5, 0, 0xff, 0xff, 0xff, 0xff})
	require.False(t, ok)
	_, _, ok = readPBEParams([]byte{0x30, 6, 4, 1, 0, 2, 1, 1})
	require.True(t, ok)
}

func TestEntriesGoOnBehindWhatIsMalformed(t *testing.T) {
	good := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}})
	list := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte{0x30, 0}})
	bad := []byte("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n")
	all := slices.Concat(bad, good, []byte("text\n"), bad, list, good[:28], good)
	entries := Entries(all)
	var kinds []string
	for _, e := range entries {
		switch {
		case e.Err != nil:
			kinds = append(kinds, "bad")
		case e.IsCRL:
			kinds = append(kinds, "list")
		default:
			kinds = append(kinds, "good")
		}
	}
	require.Equal(t, []string{"bad", "good", "bad", "list", "bad", "good"}, kinds)
	for n := range all {
		Entries(all[:n])
	}
}

func FuzzPKCS12(f *testing.F) {
	f.Add(pfx(f, "secret"))
	f.Fuzz(func(t *testing.T, data []byte) {
		chain, key, err := PKCS12(data, func() ([]byte, error) { return []byte("secret"), nil })
		if err == nil {
			require.NotEmpty(t, chain)
			require.NotNil(t, key)
		}
	})
}
