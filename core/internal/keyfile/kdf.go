package keyfile

import (
	"bytes"
	"crypto"
	_ "crypto/md5" // the hashes that key derivations and MACs are made of, for crypto.Hash
	"crypto/pbkdf2"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"hash"
	"unicode/utf16"
	"unicode/utf8"

	"filippo.io/bigmod"
	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/scrypt"
)

// work is what a file may still make us compute in the derivation of keys, in iterations of a hash. A file says itself how
// many it wants, in as many places as it likes, some of them encrypted: a hostile one would keep us busy for days.
type work struct{ left int }

const (
	// maxWork is for all of a file together: 1 to 3 seconds. OpenSSL writes 2,048 for each of the three derivations of
	// a PKCS #12; OWASP recommends 600,000 for a password; Java refuses more than 5,000,000.
	maxWork = 5_000_000
	// maxScryptMemory is what OWASP's parameters take (N = 2^17, r = 8). OpenSSL itself refuses more than 32 MiB.
	maxScryptMemory = 128 << 20
)

func newWork() *work { return &work{maxWork} }

// spend pays for a derivation whose hash is iterated so often, so many times.
func (w *work) spend(iterations, times int) error {
	if iterations < 1 {
		return malformed()
	}
	if iterations > w.left/max(times, 1) {
		return alert.Input(alert.LibEVP, alert.ReasonEVPUnsupportedAlgorithm,
			"asks for too much work: more than 5,000,000 iterations, or 128 MiB for scrypt, to derive keys from the password")
	}
	w.left -= iterations * times
	return nil
}

// phrase is a password in the two forms in which it is used.
type phrase struct {
	raw []byte // as it was given: PKCS #5
	// bmp is for PKCS #12 (RFC 7292 appendix B.1): UTF-16, big endian, with a zero behind it. Nil is OpenSSL's NULL, which
	// is another password than the empty one.
	bmp []byte
}

// newPhrase takes what is not UTF-8 for Latin-1, as OpenSSL does.
func newPhrase(password []byte) *phrase {
	units := make([]uint16, 0, len(password)+1)
	if utf8.Valid(password) {
		for _, r := range string(password) {
			units = utf16.AppendRune(units, r)
		}
	} else {
		for _, c := range password {
			units = append(units, uint16(c))
		}
	}
	p := &phrase{raw: password, bmp: make([]byte, 0, 2*len(units)+2)}
	for _, u := range append(units, 0) {
		p.bmp = append(p.bmp, byte(u>>8), byte(u))
	}
	return p
}

// The purposes of a key of PKCS #12 (RFC 7292 appendix B.3).
const (
	forKey byte = iota + 1
	forIV
	forMAC
)

// derivePKCS12 is RFC 7292 appendix B.2.
func derivePKCS12(hash crypto.Hash, p *phrase, salt []byte, iterations int, purpose byte, size int, w *work) ([]byte, error) {
	if err := w.spend(iterations, (size+hash.Size()-1)/hash.Size()); err != nil {
		return nil, err
	}
	h := hash.New()
	v := h.BlockSize()
	input := append(filled(salt, v), filled(p.bmp, v)...)
	defer clear(input)
	var out []byte
	for {
		h.Reset()
		h.Write(bytes.Repeat([]byte{purpose}, v))
		h.Write(input)
		a := iterated(h, iterations)
		if out = append(out, a...); len(out) >= size {
			return out[:size], nil
		}
		if err := addToBlocks(input, filled(a, v)[:v]); err != nil {
			return nil, err
		}
	}
}

// filled repeats pattern up to a multiple of v bytes; what is empty stays so.
func filled(pattern []byte, v int) []byte {
	n := (len(pattern) + v - 1) / v * v
	out := make([]byte, 0, n+len(pattern))
	for len(out) < n {
		out = append(out, pattern...)
	}
	return out[:n]
}

// addToBlocks makes each block I of len(b) bytes (I + b + 1) mod 2^v.
func addToBlocks(blocks, b []byte) error {
	m, err := bigmod.NewModulus(append([]byte{1}, make([]byte, len(b))...))
	if err != nil {
		return err
	}
	plus, err := bigmod.NewNat().SetBytes(b, m)
	if err != nil {
		return err
	}
	one, err := bigmod.NewNat().SetBytes([]byte{1}, m)
	if err != nil {
		return err
	}
	plus.Add(one, m)
	for ; len(blocks) > 0; blocks = blocks[len(b):] {
		i, err := bigmod.NewNat().SetBytes(blocks[:len(b)], m)
		if err != nil {
			return err
		}
		copy(blocks, i.Add(plus, m).Bytes(m)[1:])
	}
	return nil
}

// derivePBKDF1 is RFC 8018 section 5.1, for all that the hash gives.
func derivePBKDF1(hash crypto.Hash, password, salt []byte, iterations int, w *work) ([]byte, error) {
	if err := w.spend(iterations, 1); err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(password)
	h.Write(salt)
	return iterated(h, iterations), nil
}

// iterated is the hash of what has been written to h, hashed again until it has been so often in all.
func iterated(h hash.Hash, iterations int) []byte {
	sum := h.Sum(nil)
	for range iterations - 1 {
		h.Reset()
		h.Write(sum)
		sum = h.Sum(sum[:0])
	}
	return sum
}

// Object identifiers as the content of their DER.
const (
	oidPBKDF2 = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
	oidScrypt = "\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"
)

// hmacs are the hashes of HMAC as a pseudorandom function or a MAC (RFC 8018 appendices B.1.2 and B.3).
var hmacs = map[string]crypto.Hash{
	"\x2a\x86\x48\x86\xf7\x0d\x02\x07": crypto.SHA1, "\x2a\x86\x48\x86\xf7\x0d\x02\x08": crypto.SHA224,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x09": crypto.SHA256, "\x2a\x86\x48\x86\xf7\x0d\x02\x0a": crypto.SHA384,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x0b": crypto.SHA512,
}

// deriveKey runs the key derivation that an AlgorithmIdentifier names: PBKDF2 (RFC 8018) or scrypt (RFC 7914 section 7).
func deriveKey(alg cryptobyte.String, password []byte, keyLen int, w *work) ([]byte, error) {
	var oid, params, salt cryptobyte.String
	if !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !alg.ReadASN1(&params, asn1.SEQUENCE) {
		return nil, malformed()
	}
	if string(oid) != oidPBKDF2 && string(oid) != oidScrypt {
		return nil, unsupported("key derivation", oid)
	}
	if !params.ReadASN1(&salt, asn1.OCTET_STRING) {
		return nil, malformed()
	}
	if string(oid) == oidScrypt {
		return deriveScrypt(params, password, salt, keyLen, w)
	}
	return derivePBKDF2(params, password, salt, keyLen, w)
}

func derivePBKDF2(params cryptobyte.String, password, salt []byte, keyLen int, w *work) ([]byte, error) {
	var iterations, length int
	hash := crypto.SHA1 // the default of RFC 8018 appendix A.2
	if !params.ReadASN1Integer(&iterations) ||
		params.PeekASN1Tag(asn1.INTEGER) && (!params.ReadASN1Integer(&length) || length != keyLen) {
		return nil, malformed()
	}
	if !params.Empty() {
		var prf, oid cryptobyte.String
		if !params.ReadASN1(&prf, asn1.SEQUENCE) || !prf.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return nil, malformed()
		}
		if hash = hmacs[string(oid)]; hash == 0 {
			return nil, unsupported("pseudorandom function", oid)
		}
	}
	if err := w.spend(iterations, (keyLen+hash.Size()-1)/hash.Size()); err != nil {
		return nil, err
	}
	return pbkdf2.Key(hash.New, string(password), salt, iterations, keyLen)
}

func deriveScrypt(params cryptobyte.String, password, salt []byte, keyLen int, w *work) ([]byte, error) {
	var n, r, p int
	if !params.ReadASN1Integer(&n) || !params.ReadASN1Integer(&r) || !params.ReadASN1Integer(&p) ||
		n < 2 || n&(n-1) != 0 || r < 1 || p < 1 {
		return nil, malformed()
	}
	iterations := maxWork + 1
	if blocks := maxScryptMemory / 128; r <= blocks && n <= blocks/r && p <= maxWork {
		iterations = n * r
	}
	if err := w.spend(iterations, p); err != nil {
		return nil, err
	}
	return scrypt.Key(password, salt, n, r, p, keyLen)
}
