package keyfile

import (
	"crypto"
	"crypto/hmac"
	"crypto/subtle"
	"errors"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Object identifiers as the content of their DER.
const (
	oidData          = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidEncryptedData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"
	oidKeyBag        = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01"
	oidShroudedBag   = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02"
	oidCertBag       = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03"
	oidContentsBag   = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06"
	oidX509          = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01"
	oidPBMAC1        = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e"
	oidSHA1          = "\x2b\x0e\x03\x02\x1a"
)

// digests are the hashes of a MAC with PKCS #12's own key derivation.
var digests = map[string]crypto.Hash{
	oidSHA1: crypto.SHA1, "\x2a\x86\x48\x86\xf7\x0d\x02\x05": crypto.MD5,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x04": crypto.SHA224, "\x60\x86\x48\x01\x65\x03\x04\x02\x01": crypto.SHA256,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x02": crypto.SHA384, "\x60\x86\x48\x01\x65\x03\x04\x02\x03": crypto.SHA512,
}

// deepestBags is how far SafeContents may be nested in one another.
const deepestBags = 8

// IsPKCS12 reports whether data is a PFX (RFC 7292 section 4): a sequence, in BER, that begins with the version, 3.
func IsPKCS12(data []byte) bool {
	tag, content, _, _, ok := readHeader(data)
	return ok && asn1.Tag(tag) == asn1.SEQUENCE && len(content) > 3 && string(content[:3]) == "\x02\x01\x03" &&
		asn1.Tag(content[3]) == asn1.SEQUENCE
}

// store is what is read from a PFX.
type store struct {
	ask    PasswordFunc
	phrase *phrase // nil: not asked for yet
	noPass error   // why there is no password
	work   *work

	certificates [][]byte
	key          crypto.Signer // the first
	isPSS        bool
}

// PKCS12 reads all certificates (DER, in their order) and the first key from a PFX (RFC 7292), which may be without a MAC.
// Where there is no password, none and the empty one are tried, as OpenSSL does. isPSS says that the key is only for
// RSASSA-PSS.
func PKCS12(data []byte, password PasswordFunc) (certificates [][]byte, key crypto.Signer, isPSS bool, err error) {
	s := &store{ask: password, work: newWork()}
	defer s.forget()
	if err := s.read(data); err != nil {
		return nil, nil, false, s.explain(err)
	}
	switch {
	case s.key == nil:
		return nil, nil, false, badPKCS12("PKCS #12 has no private key")
	case s.certificates == nil:
		return nil, nil, false, badPKCS12("PKCS #12 has no certificate")
	}
	return s.certificates, s.key, s.isPSS, nil
}

func badPKCS12(text string) error {
	return alert.Input(alert.LibPKCS12, alert.ReasonPKCS12DecodeError, text)
}

func malformedPKCS12() error { return badPKCS12("malformed PKCS #12") }

func badMAC() error {
	return alert.Input(alert.LibPKCS12, alert.ReasonPKCS12MACVerifyFailure, "PKCS #12 does not decrypt: wrong password or damaged")
}

// explain gives an error of a part the words and the code of one about a PKCS #12.
func (s *store) explain(err error) error {
	var e *alert.Error
	switch {
	case !errors.As(err, &e) || e.Class != alert.Caller || e == s.noPass || e.Library == alert.LibPKCS12:
		return err
	case e.Library == alert.LibPEM && e.Reason == alert.ReasonPEMBadDecrypt && s.noPass != nil:
		return s.noPass
	case e.Library == alert.LibPEM && e.Reason == alert.ReasonPEMBadDecrypt:
		return badMAC()
	}
	return badPKCS12("PKCS #12: " + e.Text)
}

func (s *store) read(data []byte) error {
	der, ok := toDER(data)
	if !ok {
		return malformedPKCS12()
	}
	input := cryptobyte.String(der)
	var pfx, safe, mac, contents cryptobyte.String
	var version int
	var hasMAC bool
	if !input.ReadASN1(&pfx, asn1.SEQUENCE) || !input.Empty() || !pfx.ReadASN1Integer(&version) || version != 3 {
		return malformedPKCS12()
	}
	kind, content, ok := readContentInfo(&pfx)
	if !ok || kind != oidData || !content.ReadASN1(&safe, asn1.OCTET_STRING) || !content.Empty() ||
		!pfx.ReadOptionalASN1(&mac, &hasMAC, asn1.SEQUENCE) || !pfx.Empty() {
		return malformedPKCS12()
	}
	if hasMAC {
		if err := s.verify(mac, safe); err != nil {
			return err
		}
	}
	if der, ok = toDER(safe); !ok {
		return malformedPKCS12()
	}
	if safe = der; !safe.ReadASN1(&contents, asn1.SEQUENCE) {
		return malformedPKCS12()
	}
	for !contents.Empty() {
		kind, content, ok := readContentInfo(&contents)
		if !ok {
			return malformedPKCS12()
		}
		if err := s.readContent(kind, content); err != nil {
			return err
		}
	}
	return nil
}

// readContentInfo reads a ContentInfo (RFC 2315 section 7).
func readContentInfo(s *cryptobyte.String) (kind string, content cryptobyte.String, ok bool) {
	var info, oid cryptobyte.String
	ok = s.ReadASN1(&info, asn1.SEQUENCE) && info.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) &&
		info.ReadASN1(&content, explicit0) && info.Empty()
	return string(oid), content, ok
}

// readContent reads one of the parts of a PFX. Those for a public key are passed over, as OpenSSL does.
func (s *store) readContent(kind string, content cryptobyte.String) error {
	switch kind {
	case oidData:
		var bags cryptobyte.String
		if !content.ReadASN1(&bags, asn1.OCTET_STRING) || !content.Empty() {
			return malformedPKCS12()
		}
		return s.readBags(bags, deepestBags)
	case oidEncryptedData:
		return s.readEncrypted(content)
	}
	return nil
}

// readEncrypted reads an EncryptedData (RFC 2315 section 13).
func (s *store) readEncrypted(whole cryptobyte.String) error {
	input := whole
	var data, info, alg, ciphertext cryptobyte.String
	var version int
	if !input.ReadASN1(&data, asn1.SEQUENCE) || !input.Empty() || !data.ReadASN1Integer(&version) || version != 0 ||
		!data.ReadASN1(&info, asn1.SEQUENCE) || !info.SkipASN1(asn1.OBJECT_IDENTIFIER) ||
		!info.ReadASN1(&alg, asn1.SEQUENCE) || !readImplicitOctets(&info, &ciphertext) || !info.Empty() {
		return malformedPKCS12()
	}
	p := s.password()
	if scheme := pkcs12Scheme(alg); scheme == withRC2 || scheme == withRC2Of40 {
		ders, err := decryptRC2Certificates(whole, alg, p, s.work)
		s.certificates = append(s.certificates, ders...)
		return err
	}
	plain, err := decrypt(alg, ciphertext, p, s.work)
	if err != nil {
		return err
	}
	return s.readBags(plain, deepestBags)
}

// readImplicitOctets reads a [0] IMPLICIT OCTET STRING, which BER may have in pieces.
func readImplicitOctets(s, out *cryptobyte.String) bool {
	var pieces, piece cryptobyte.String
	if !s.PeekASN1Tag(explicit0) {
		return s.ReadASN1(out, explicit0&^constructed)
	}
	if !s.ReadASN1(&pieces, explicit0) {
		return false
	}
	for !pieces.Empty() {
		if !pieces.ReadASN1(&piece, asn1.OCTET_STRING) {
			return false
		}
		*out = append(*out, piece...)
	}
	return true
}

// readBags reads a SafeContents (RFC 7292 section 4.2).
func (s *store) readBags(data []byte, depth int) error {
	var bags cryptobyte.String
	der, ok := toDER(data)
	list := cryptobyte.String(der)
	if !ok || depth == 0 || !list.ReadASN1(&bags, asn1.SEQUENCE) {
		return malformedPKCS12()
	}
	for !bags.Empty() {
		var bag, kind, value cryptobyte.String
		if !bags.ReadASN1(&bag, asn1.SEQUENCE) || !bag.ReadASN1(&kind, asn1.OBJECT_IDENTIFIER) ||
			!bag.ReadASN1(&value, explicit0) || !bag.SkipOptionalASN1(asn1.SET) || !bag.Empty() {
			return malformedPKCS12()
		}
		if err := s.readBag(string(kind), value, depth); err != nil {
			return err
		}
	}
	return nil
}

// readBag reads a certificate or the first key. CRLs, secrets and further keys are passed over, as OpenSSL does.
func (s *store) readBag(kind string, value cryptobyte.String, depth int) error {
	switch {
	case kind == oidCertBag:
		return s.readCertificate(value)
	case kind == oidContentsBag:
		return s.readBags(value, depth-1)
	case kind == oidKeyBag && s.key == nil:
		return s.readKey(value)
	case kind == oidShroudedBag && s.key == nil:
		plain, err := decryptPKCS8(value, s.password(), s.work)
		if err != nil {
			return err
		}
		defer clear(plain)
		return s.readKey(plain)
	}
	return nil
}

func (s *store) readCertificate(value cryptobyte.String) error {
	var bag, kind, content, der cryptobyte.String
	if !value.ReadASN1(&bag, asn1.SEQUENCE) || !value.Empty() || !bag.ReadASN1(&kind, asn1.OBJECT_IDENTIFIER) ||
		!bag.ReadASN1(&content, explicit0) || !bag.Empty() {
		return malformedPKCS12()
	}
	if string(kind) != oidX509 { // an SDSI one
		return nil
	}
	if !content.ReadASN1(&der, asn1.OCTET_STRING) || !content.Empty() {
		return malformedPKCS12()
	}
	s.certificates = append(s.certificates, der)
	return nil
}

func (s *store) readKey(der []byte) (err error) {
	if s.key, s.isPSS, err = parseDER(der); err != nil {
		return badPKCS12("PKCS #12: private key is malformed or unsupported")
	}
	return nil
}

// password asks for it, once. Without a MAC no password is OpenSSL's NULL, and so is an empty one.
func (s *store) password() *phrase {
	if s.phrase == nil {
		given, err := s.ask()
		if s.noPass, s.phrase = err, newPhrase(given); len(given) == 0 {
			s.phrase.bmp = nil
		}
	}
	return s.phrase
}

// forget clears the form of the password that was made here.
func (s *store) forget() {
	if s.phrase != nil {
		clear(s.phrase.bmp)
	}
}

// verify checks the MAC (RFC 7292 section 4). With no password, NULL is tried, then the empty one.
func (s *store) verify(mac, safe cryptobyte.String) error {
	p := s.password()
	good, err := checkMAC(mac, safe, p, s.work)
	if err == nil && !good && p.bmp == nil {
		s.phrase = newPhrase(nil)
		good, err = checkMAC(mac, safe, s.phrase, s.work)
	}
	switch {
	case err != nil || good:
		return err
	case s.noPass != nil:
		return s.noPass
	}
	return badMAC()
}

func checkMAC(mac, safe cryptobyte.String, p *phrase, w *work) (bool, error) {
	var info, alg, oid, digest, salt cryptobyte.String
	iterations := 1
	if !mac.ReadASN1(&info, asn1.SEQUENCE) || !info.ReadASN1(&alg, asn1.SEQUENCE) ||
		!info.ReadASN1(&digest, asn1.OCTET_STRING) || !mac.ReadASN1(&salt, asn1.OCTET_STRING) ||
		!mac.Empty() && !mac.ReadASN1Integer(&iterations) || !mac.Empty() || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return false, malformedPKCS12()
	}
	hash := digests[string(oid)]
	var key []byte
	var err error
	switch {
	case string(oid) == oidPBMAC1:
		hash, key, err = derivePBMAC1(alg, p, w)
	case hash == 0:
		err = unsupported("MAC", oid)
	default:
		key, err = derivePKCS12(hash, p, salt, iterations, forMAC, hash.Size(), w)
	}
	if err != nil {
		return false, err
	}
	defer clear(key)
	computed := hmac.New(hash.New, key)
	computed.Write(safe)
	return subtle.ConstantTimeCompare(computed.Sum(nil), digest) == 1, nil
}

// derivePBMAC1 derives the key of a PBMAC1 (RFC 9579, RFC 8018 section 7.1) and says which hash its HMAC has.
func derivePBMAC1(alg cryptobyte.String, p *phrase, w *work) (hash crypto.Hash, key []byte, err error) {
	var params, kdf, scheme, oid cryptobyte.String
	if !alg.ReadASN1(&params, asn1.SEQUENCE) || !params.ReadASN1(&kdf, asn1.SEQUENCE) ||
		!params.ReadASN1(&scheme, asn1.SEQUENCE) || !scheme.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return 0, nil, malformedPKCS12()
	}
	if hash = hmacs[string(oid)]; hash == 0 {
		return 0, nil, unsupported("MAC", oid)
	}
	length, ok := pbkdf2KeyLength(kdf)
	if !ok {
		return 0, nil, badPKCS12("PKCS #12: the key of the MAC has no length, or an unsafe one")
	}
	key, err = deriveKey(kdf, p.raw, length, w)
	return hash, key, err
}

// pbkdf2KeyLength reads the length of the key, which has to be there (RFC 9579 section 4): no shorter than 20 (section 7),
// and no longer than the longest hash.
func pbkdf2KeyLength(kdf cryptobyte.String) (n int, ok bool) {
	var params cryptobyte.String
	ok = kdf.SkipASN1(asn1.OBJECT_IDENTIFIER) && kdf.ReadASN1(&params, asn1.SEQUENCE) &&
		params.SkipASN1(asn1.OCTET_STRING) && params.SkipASN1(asn1.INTEGER) && params.ReadASN1Integer(&n)
	return n, ok && n >= 20 && n <= 64
}
