package keyfile

import (
	"bytes"
	"crypto"
	"crypto/cipher"
	"crypto/des"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

// stores are files of other programs (testdata/README.md), each with its password.
func stores(t testing.TB) map[string]string {
	files, err := filepath.Glob(folder + "p12-*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]string{}
	for _, f := range files {
		all[filepath.Base(f)] = "secret"
	}
	all["p12-java.p12"], all["p12-utf8.p12"] = "secret1", "gehëim😀"
	all["p12-empty.p12"], all["p12-empty-3des.p12"] = "", ""
	return all
}

func TestEveryFormOfPKCS12IsRead(t *testing.T) {
	for name, secret := range stores(t) {
		data := read(t, name)
		require.True(t, IsPKCS12(data), name)
		ask := password(secret)
		if secret == "" {
			ask = noPassword
		}
		certs, key, pss, err := PKCS12(data, ask)
		switch name {
		case "p12-no-key.p12":
			require.ErrorContains(t, err, "no private key")
		case "p12-no-cert.p12":
			require.ErrorContains(t, err, "no certificate")
		default:
			require.NoError(t, err, name)
			require.Len(t, certs, 2, name)
			require.False(t, pss)
			matches := 0
			for _, der := range certs {
				cert, err := x509.ParseCertificate(der)
				require.NoError(t, err)
				if MatchesKey(cert.PublicKey, key) == nil {
					matches++
				}
			}
			require.Equal(t, 1, matches, name)
		}
	}
}

func TestNoFormOfPKCS12IsReadWithoutItsPassword(t *testing.T) {
	for name := range stores(t) {
		if name == "p12-plain-no-mac.p12" {
			continue
		}
		data := read(t, name)
		_, _, _, err := PKCS12(data, password("wrong"))
		require.Error(t, err, name)
		if !strings.Contains(name, "rc4") {
			require.Contains(t, []alert.Reason{alert.ReasonPKCS12MACVerifyFailure, alert.ReasonPKCS12DecodeError}, reason(t, err), name)
		}
		asked := errors.New("no password")
		_, _, _, err = PKCS12(data, func() ([]byte, error) { return nil, asked })
		if strings.Contains(name, "empty") {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, asked, err, name)
		}
	}
	_, _, _, err := PKCS12(read(t, "p12-default.p12"), password("wrong"))
	require.Equal(t, alert.ReasonPKCS12MACVerifyFailure, reason(t, err))
	_, _, _, err = PKCS12(read(t, "p12-plain-no-mac.p12"), nil)
	require.NoError(t, err, "nothing in it needs a password")
}

// RFC 9579 appendix A: the first three are good.
func TestPBMAC1(t *testing.T) {
	for i, text := range []string{"", "", "", "wrong password", "wrong password", "no length"} {
		name := "rfc9579-a" + string(rune('1'+i)) + ".txt"
		armoured, err := os.ReadFile("../../../testdata/vectors/" + name)
		require.NoError(t, err)
		data, err := base64.StdEncoding.DecodeString(string(armoured))
		require.NoError(t, err)
		_, _, _, err = PKCS12(data, password("1234"))
		if text == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, text, name)
		}
	}
}

// pfx is a file of the library's own, of a key that is made for it.
func pfx(t testing.TB, encoder *pkcs12.Encoder, password string) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	data, err := encoder.Encode(key, cert, nil, password)
	require.NoError(t, err)
	return data
}

func TestAnotherLibrarysFilesAreRead(t *testing.T) {
	for _, encoder := range []*pkcs12.Encoder{pkcs12.LegacyRC2, pkcs12.LegacyDES, pkcs12.Modern2023, pkcs12.Modern2026} {
		for _, secret := range []string{"secret", "", "ü", strings.Repeat("long", 100)} {
			certs, key, _, err := PKCS12(pfx(t, encoder.WithIterations(3), secret), password(secret))
			require.NoError(t, err)
			require.Len(t, certs, 1)
			require.NotNil(t, key)
		}
	}
	_, _, _, err := PKCS12(pfx(t, pkcs12.Passwordless, ""), nil)
	require.NoError(t, err)
}

func TestEveryTruncationOfPKCS12IsRefused(t *testing.T) {
	for name, secret := range stores(t) {
		data := read(t, name)
		for n := range data {
			_, _, _, err := PKCS12(data[:n], password(secret))
			require.Error(t, err, "%s %d", name, n)
		}
	}
}

// inside returns what the parts of a PFX are given to read: the MAC's data and what it is of, and the contents.
func inside(t testing.TB, name string) (mac, safe cryptobyte.String, contents []cryptobyte.String) {
	pfx, list := cryptobyte.String(read(t, name)), cryptobyte.String(nil)
	require.True(t, pfx.ReadASN1(&pfx, asn1.SEQUENCE) && pfx.SkipASN1(asn1.INTEGER))
	_, content, ok := readContentInfo(&pfx)
	require.True(t, ok && content.ReadASN1(&safe, asn1.OCTET_STRING) && pfx.ReadASN1(&mac, asn1.SEQUENCE))
	bags := safe
	require.True(t, bags.ReadASN1(&list, asn1.SEQUENCE))
	for !list.Empty() {
		_, content, ok := readContentInfo(&list)
		require.True(t, ok)
		contents = append(contents, content)
	}
	return mac, safe, contents
}

// What is outside says how long it is; here each part is cut, and all around it is whole.
func TestEveryTruncationOfTheirPartsIsRefused(t *testing.T) {
	secret := newPhrase([]byte("secret"))
	for _, name := range []string{"p12-default.p12", "p12-plain.p12", "p12-3des.p12", "p12-rc2-40.p12", "p12-rc4-40.p12"} {
		mac, safe, contents := inside(t, name)
		good, err := checkMAC(mac, safe, secret, newWork())
		require.NoError(t, err)
		require.True(t, good)
		for n := range mac {
			good, err := checkMAC(mac[:n], safe, secret, newWork())
			require.True(t, err != nil || !good, n)
		}
		for _, content := range contents {
			kind := oidEncryptedData
			if content.PeekASN1Tag(asn1.OCTET_STRING) {
				kind = oidData
			}
			whole := &store{phrase: secret, work: newWork()}
			require.NoError(t, whole.readContent(kind, content), name)
			for n := range content {
				require.Error(t, (&store{phrase: secret, work: newWork()}).readContent(kind, content[:n]), "%s %d", name, n)
			}
			var bags cryptobyte.String
			for n := 0; kind == oidData && content.ReadASN1(&bags, asn1.OCTET_STRING) && n < len(bags); n++ {
				require.Error(t, (&store{phrase: secret, work: newWork()}).readBags(bags[:n], deepestBags), "%s %d", name, n)
			}
		}
	}
}

func TestEveryTruncationOfAnAlgorithmIsRefused(t *testing.T) {
	for _, name := range forms(t) {
		data := read(t, name)
		if b, _, err := NextBlock(data); err == nil {
			data = b.Bytes
		}
		var alg, ciphertext cryptobyte.String
		s := cryptobyte.String(data)
		if !isEncrypted(data) || !s.ReadASN1(&s, asn1.SEQUENCE) || !s.ReadASN1(&alg, asn1.SEQUENCE) ||
			!s.ReadASN1(&ciphertext, asn1.OCTET_STRING) {
			continue
		}
		for n := range alg {
			if _, err := decrypt(alg[:n], ciphertext, newPhrase([]byte("secret")), newWork()); err == nil {
				require.Fail(t, "cut, and decrypted", "%s %d", name, n)
			}
		}
	}
}

// algorithm makes an AlgorithmIdentifier of one of PKCS #12's schemes.
func algorithm(t testing.TB, scheme byte, iterations int64) []byte {
	var b cryptobyte.Builder
	addOID(&b, pkcs12PBE+string(scheme))
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString([]byte("saltsalt"))
		b.AddASN1Int64(iterations)
	})
	return b.BytesOrPanic()
}

// shrouded makes a SafeContents with a key that wants so many iterations.
func shrouded(t testing.TB, iterations int64) []byte {
	bags, err := wrapped(func(b *cryptobyte.Builder) {
		key, err := wrapped(func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(algorithm(t, with3DES, iterations)) })
			b.AddASN1OctetString(make([]byte, 16))
		})
		require.NoError(t, err)
		addBag(b, oidShroudedBag, key)
	})
	require.NoError(t, err)
	return bags
}

// encrypted makes an EncryptedData. RC4 encrypts as it decrypts.
func encrypted(t testing.TB, plain []byte, iterations int64) []byte {
	ciphertext, err := decrypt(algorithm(t, withRC4, 1), plain, newPhrase([]byte("secret")), newWork())
	require.NoError(t, err)
	return encryptedData(t, algorithm(t, withRC4, iterations), ciphertext)
}

func encryptedData(t testing.TB, alg, ciphertext []byte) []byte {
	data, err := wrapped(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addOID(b, oidData)
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(alg) })
			b.AddASN1(asn1.Tag(0x80), func(b *cryptobyte.Builder) { b.AddBytes(ciphertext) })
		})
	})
	require.NoError(t, err)
	return data
}

const days = 1 << 40 // iterations

// quickly fails if f takes longer than the bounds could ever allow.
func quickly(t testing.TB, f func()) {
	began := time.Now()
	f()
	require.Less(t, time.Since(began), time.Minute)
}

func TestDaysOfIterationsAreRefusedWhereverTheyAre(t *testing.T) {
	secret := newPhrase([]byte("secret"))
	fresh := func() *store { return &store{phrase: secret, work: newWork()} }
	quickly(t, func() {
		require.ErrorContains(t, fresh().readBags(shrouded(t, days), deepestBags), "too much work")
		require.ErrorContains(t, fresh().readEncrypted(encrypted(t, nil, days)), "too much work")
		require.ErrorContains(t, fresh().readEncrypted(encrypted(t, shrouded(t, days), 1)), "too much work", "inside")
	})
	require.ErrorContains(t, fresh().readEncrypted(encrypted(t, shrouded(t, 2), 1)), "decrypt", "without them it is tried")

	mac, safe, _ := inside(t, "p12-default.p12")
	mac = mac[: len(mac)-3 : len(mac)-3] // the iterations, 2
	for _, n := range []string{"\x02\x04\x7f\xff\xff\xff", "\x02\x05\x00\xff\xff\xff\xff", "\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"} {
		_, err := checkMAC(append(mac, n...), safe, secret, newWork())
		require.Error(t, err)
	}
}

// The library that decrypts RC2 has no bound, so that nothing may get there that derives another key. It reads triple DES,
// too, which can be encrypted with here.
func TestNoKeyIsDerivedBehindRC2(t *testing.T) {
	secret := newPhrase([]byte("secret"))
	quickly(t, func() {
		_, err := decryptRC2Certificates(encrypted(t, nil, days), algorithm(t, withRC2, days), secret, newWork())
		require.ErrorContains(t, err, "too much work")
		_, err = decryptRC2Key(nil, algorithm(t, withRC2, days), secret, newWork())
		require.ErrorContains(t, err, "too much work")

		alg := algorithm(t, with3DES, 1)
		ciphertext := encrypt3DES(t, secret, shrouded(t, days))
		_, err = decryptRC2Certificates(encryptedData(t, alg, ciphertext), alg, secret, newWork())
		require.ErrorContains(t, err, "no list of certificates")
	})
}

func encrypt3DES(t testing.TB, p *phrase, plain []byte) []byte {
	key, err := derivePKCS12(crypto.SHA1, p, []byte("saltsalt"), 1, forKey, 24, newWork())
	require.NoError(t, err)
	iv, err := derivePKCS12(crypto.SHA1, p, []byte("saltsalt"), 1, forIV, 8, newWork())
	require.NoError(t, err)
	block, err := des.NewTripleDESCipher(key)
	require.NoError(t, err)
	pad := 8 - len(plain)%8
	padded := append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return padded
}

func TestTheWorkOfAllPartsIsOne(t *testing.T) {
	w := newWork()
	require.NoError(t, w.spend(maxWork/2, 2))
	require.ErrorContains(t, w.spend(1, 1), "too much work")
	require.Error(t, newWork().spend(maxWork/2, 3))
	require.Error(t, newWork().spend(0, 1))
	require.Error(t, newWork().spend(-1, 1))
}

func TestScryptIsBounded(t *testing.T) {
	params := func(n, r, p int64) cryptobyte.String {
		var b cryptobyte.Builder
		for _, v := range []int64{n, r, p} {
			b.AddASN1Int64(v)
		}
		return b.BytesOrPanic()
	}
	for _, c := range [][3]int64{{1 << 17, 16, 1}, {1 << 30, 1 << 30, 1}, {2, 1, 1 << 40}, {1 << 10, 8, 1 << 20}, {1 << 62, 8, 1}, {2, 1 << 62, 1}} {
		_, err := deriveScrypt(params(c[0], c[1], c[2]), nil, nil, 32, newWork())
		require.ErrorContains(t, err, "too much work", c)
	}
	for _, c := range [][3]int64{{0, 8, 1}, {3, 8, 1}, {-2, 8, 1}, {2, 0, 1}, {2, 8, 0}, {1, 1, 1}} {
		_, err := deriveScrypt(params(c[0], c[1], c[2]), nil, nil, 32, newWork())
		require.Error(t, err, c)
	}
	_, err := deriveScrypt(params(1<<14, 8, 1), nil, nil, 32, newWork())
	require.NoError(t, err)
}

// OpenSSL 3 reads none of these either, unless its legacy provider is loaded.
func TestWhatIsNotSupportedIsNamed(t *testing.T) {
	for name, oid := range map[string]string{
		"refused-md5-rc2-64.pem": "1.2.840.113549.1.5.6", "refused-pbes2-rc2.pem": "1.2.840.113549.3.2",
	} {
		_, _, err := PrivateKey(read(t, name), password("secret"))
		require.ErrorContains(t, err, oid)
		require.Equal(t, alert.ReasonEVPUnsupportedAlgorithm, reason(t, err))
	}
}

// RFC 7292 appendix B.2 with a key that is longer than the hash; the other judge is the library, whose files are read.
func TestTheDerivationTakesEachPasswordForAnother(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range []*phrase{{}, newPhrase(nil), newPhrase([]byte("a")), newPhrase([]byte{0xff}), newPhrase([]byte("ÿ"))} {
		key, err := derivePKCS12(crypto.SHA1, p, []byte("salt"), 1, forKey, 24, newWork())
		require.NoError(t, err)
		seen[string(key)] = true
	}
	require.Len(t, seen, 4, "what is not UTF-8 is Latin-1, so the last two are the same")
}

func TestBERBecomesDER(t *testing.T) {
	der, ok := toDER(read(t, "p12-default.p12"))
	require.True(t, ok)
	require.Equal(t, read(t, "p12-default.p12"), der)
	for _, c := range []struct{ ber, der string }{
		{"\x30\x80\x02\x01\x03\x00\x00", "\x30\x03\x02\x01\x03"},
		{"\x24\x80\x04\x01a\x24\x03\x04\x01b\x00\x00", "\x04\x02ab"},
		{"\x30\x81\x03\x02\x01\x03", "\x30\x03\x02\x01\x03"},
		{"\x30\x80\x00\x00", "\x30\x00"},
	} {
		der, ok := toDER([]byte(c.ber))
		require.True(t, ok, "%x", c.ber)
		require.Equal(t, c.der, string(der))
		for n := range c.ber {
			_, ok := toDER([]byte(c.ber[:n]))
			require.False(t, ok, "%x", c.ber[:n])
		}
	}
	for _, bad := range []string{
		"\x04\x80\x00\x00", "\x24\x03\x02\x01\x00", "\x1f\x01\x00", "\x30\x85\x00\x00\x00\x00\x00", "\x30\x00\x00",
		strings.Repeat("\x30\x80", 10_000),
	} {
		_, ok := toDER([]byte(bad))
		require.False(t, ok, "%x", bad)
	}
}

func FuzzPKCS12(f *testing.F) {
	for name := range stores(f) {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		chain, key, _, err := PKCS12(data, password("secret"))
		if err == nil {
			require.NotEmpty(t, chain)
			require.NotNil(t, key)
		}
	})
}

// FuzzPKCS12Contents goes past the MAC, which no fuzzer finds.
func FuzzPKCS12Contents(f *testing.F) {
	for _, name := range []string{"p12-default.p12", "p12-plain.p12", "p12-rc4-40.p12"} {
		_, _, contents := inside(f, name)
		for _, c := range contents {
			f.Add([]byte(c))
		}
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		secret := newPhrase([]byte("secret"))
		for _, kind := range []string{oidData, oidEncryptedData} {
			_ = (&store{phrase: secret, work: &work{10_000}}).readContent(kind, data)
		}
		_ = (&store{phrase: secret, work: &work{10_000}}).readBags(data, deepestBags)
	})
}
