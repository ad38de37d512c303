package keyfile

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
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
	"golang.org/x/crypto/cryptobyte"
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
		b, _, err := NextBlock(data)
		for n := range data {
			if err == nil && string(bytes.TrimSpace(data[n:])) == "" {
				break // of PEM, all but the end of the last line
			}
			_, _, err := PrivateKey(data[:n], password("secret"))
			require.Error(t, err, "%s %d", name, n)
		}
		if err != nil {
			continue
		}
		for n := range b.Bytes {
			cut := pem.EncodeToMemory(&pem.Block{Type: b.Type, Headers: b.Headers, Bytes: b.Bytes[:n]})
			_, _, err := PrivateKey(cut, password("secret"))
			require.Error(t, err, "%s %d", name, n)
		}
	}
}

func TestEveryTruncationOfPEMIsRefused(t *testing.T) {
	for kind, read := range map[string]func([]byte) error{
		"CERTIFICATE":   func(data []byte) error { _, err := Certificates(data); return err },
		"DH PARAMETERS": func(data []byte) error { _, _, err := DHParams(data); return err },
	} {
		der, err := wrapped(func(b *cryptobyte.Builder) {
			b.AddASN1BigInt(new(big.Int).SetBytes(bytes.Repeat([]byte{0x7f}, 128)))
			b.AddASN1Int64(2)
		})
		require.NoError(t, err)
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Headers: map[string]string{"Remark": "none"}, Bytes: der})
		require.NoError(t, read(text))
		for n := range text[:len(text)-1] {
			require.Error(t, read(text[:n]), "%s %d", kind, n)
		}
		_, err = SplitDER(der)
		require.NoError(t, err)
		for n := 1; n < len(der); n++ {
			_, err := SplitDER(der[:n])
			require.Error(t, err, n)
		}
		for n := 0; kind == "DH PARAMETERS" && n < len(der); n++ {
			require.Error(t, read(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der[:n]})), n)
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
