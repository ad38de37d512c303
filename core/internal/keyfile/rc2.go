package keyfile

import (
	"crypto"
	"crypto/hmac"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

// RC2 is in no library of Go but inside of ones that read PKCS #12. Older files are full of it, so each part that is
// encrypted with it is put into a file of its own for that library. The library knows no bound for iterations: what goes to
// it has none left to find.

// decryptRC2Key decrypts a whole EncryptedPrivateKeyInfo, whose algorithm is alg. It returns a key in PKCS#1 or SEC1.
func decryptRC2Key(whole, alg []byte, p *phrase, w *work) ([]byte, error) {
	if err := spendOnRC2(alg, w); err != nil {
		return nil, err
	}
	pfx, err := smallPFX(p, w, func(b *cryptobyte.Builder) {
		addData(b, func(b *cryptobyte.Builder) { addBag(b, oidShroudedBag, whole) })
		addData(b, func(*cryptobyte.Builder) {})
	})
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 all others want a certificate in the file
	blocks, err := pkcs12.ToPEM(pfx, string(p.raw))
	if err != nil || len(blocks) != 1 {
		return nil, badDecrypt()
	}
	return blocks[0].Bytes, nil
}

// decryptRC2Certificates returns the certificates of an EncryptedData (RFC 2315 section 13) whose algorithm is alg. That it
// has nothing else is made sure by a key before it: the library refuses the next one before it derives anything for it.
func decryptRC2Certificates(whole, alg []byte, p *phrase, w *work) ([][]byte, error) {
	if err := spendOnRC2(alg, w); err != nil {
		return nil, err
	}
	pfx, err := smallPFX(p, w, func(b *cryptobyte.Builder) {
		addData(b, func(b *cryptobyte.Builder) { addBag(b, oidKeyBag, placeholderKey) })
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addOID(b, oidEncryptedData)
			b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddBytes(whole) })
		})
	})
	if err != nil {
		return nil, err
	}
	_, first, others, err := pkcs12.DecodeChain(pfx, string(p.raw))
	switch {
	case errors.Is(err, pkcs12.ErrDecryption):
		return nil, badDecrypt()
	case err != nil:
		return nil, badPKCS12("PKCS #12: what is encrypted with RC2 is no list of certificates")
	}
	ders := [][]byte{first.Raw}
	for _, c := range others {
		ders = append(ders, c.Raw)
	}
	return ders, nil
}

// placeholderKey is a PrivateKeyInfo (RFC 8410 section 7) of Ed25519 that is used for nothing: its seed is zeros.
var placeholderKey = append([]byte{
	0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
}, make([]byte, 32)...)

// spendOnRC2 pays for key and initialisation vector.
func spendOnRC2(alg cryptobyte.String, w *work) error {
	if !alg.SkipASN1(asn1.OBJECT_IDENTIFIER) {
		return malformed()
	}
	_, iterations, ok := readPBEParams(alg)
	if !ok {
		return malformed()
	}
	return w.spend(iterations, 2)
}

// smallPFX makes a PFX (RFC 7292 section 4) with a MAC, which the library demands, of one iteration.
func smallPFX(p *phrase, w *work, contents func(*cryptobyte.Builder)) ([]byte, error) {
	safe, err := wrapped(contents)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, 8)
	key, err := derivePKCS12(crypto.SHA1, p, salt, 1, forMAC, crypto.SHA1.Size(), w)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(crypto.SHA1.New, key)
	mac.Write(safe)
	return wrapped(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		addContent(b, safe)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					addOID(b, oidSHA1)
					b.AddASN1NULL()
				})
				b.AddASN1OctetString(mac.Sum(nil))
			})
			b.AddASN1OctetString(salt)
		})
	})
}

const explicit0 = asn1.Tag(0x80 | 0x20)

// addData adds a ContentInfo of type data that holds a SafeContents.
func addData(b *cryptobyte.Builder, bags func(*cryptobyte.Builder)) {
	contents, err := wrapped(bags)
	if err != nil {
		b.SetError(err)
		return
	}
	addContent(b, contents)
}

func addContent(b *cryptobyte.Builder, data []byte) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, oidData)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(data) })
	})
}

func addBag(b *cryptobyte.Builder, kind string, value []byte) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, kind)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddBytes(value) })
	})
}

func addOID(b *cryptobyte.Builder, oid string) {
	b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(oid)) })
}

// wrapped makes a SEQUENCE.
func wrapped(f func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, f)
	return b.Bytes()
}
