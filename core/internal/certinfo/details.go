package certinfo

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/gossl/gossl/core/internal/object"
	"github.com/gossl/gossl/core/internal/pki"
)

// details are the facts that getpeercert() leaves out.
type details struct {
	Subject            string      `json:"subject"` // RFC 2253
	Issuer             string      `json:"issuer"`
	Key                keyDetails  `json:"key"`
	SignatureAlgorithm string      `json:"signatureAlgorithm"`
	IsCA               bool        `json:"isCA"`
	PathLength         *int        `json:"pathLength"`
	SelfSigned         bool        `json:"selfSigned"`
	KeyUsage           []string    `json:"keyUsage"`
	ExtendedKeyUsage   []string    `json:"extendedKeyUsage"`
	SubjectKeyID       string      `json:"subjectKeyIdentifier"`
	AuthorityKeyID     string      `json:"authorityKeyIdentifier"`
	Extensions         []extension `json:"extensions"`
	SHA256             string      `json:"sha256"`
	KeySHA256          string      `json:"keySHA256"` // of the SubjectPublicKeyInfo
	NotBefore          *int64      `json:"notBefore"` // seconds since 1970, null if malformed
	NotAfter           *int64      `json:"notAfter"`
}

type keyDetails struct {
	Type  string `json:"type"`
	Bits  int    `json:"bits"`
	Curve string `json:"curve,omitempty"`
}

type extension struct {
	OID      string `json:"oid"`
	Name     string `json:"name"` // OpenSSL's long name, or the OID
	Critical bool   `json:"critical"`
	Value    string `json:"value"` // DER, hexadecimal
}

// Details returns the facts about a certificate in DER that getpeercert() leaves out, as a JSON object.
func Details(der []byte) ([]byte, error) {
	c, err := pki.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	key, whole, spki := c.Key(), sha256.Sum256(c.Raw), sha256.Sum256(c.RawSPKI)
	d := details{
		Subject: oneLine(c.RawSubject), Issuer: oneLine(c.RawIssuer),
		Key:                keyDetails{longName(key.Type), key.Bits, key.Curve},
		SignatureAlgorithm: longName(c.SignatureOID()),
		IsCA:               c.IsCA(), SelfSigned: c.LooksSelfSigned(), KeyUsage: c.KeyUsage(),
		SubjectKeyID: hex.EncodeToString(c.SubjectKeyID()), AuthorityKeyID: hex.EncodeToString(c.AuthorityKeyID()),
		Extensions: []extension{}, SHA256: hex.EncodeToString(whole[:]), KeySHA256: hex.EncodeToString(spki[:]),
		NotBefore: seconds(c.NotBefore), NotAfter: seconds(c.NotAfter),
	}
	if n := c.PathLen(); n >= 0 {
		d.PathLength = &n
	}
	for _, oid := range c.ExtKeyUsage() {
		d.ExtendedKeyUsage = append(d.ExtendedKeyUsage, longName(oid))
	}
	for _, e := range c.Extensions() {
		d.Extensions = append(d.Extensions, extension{e.OID, longName(e.OID), e.Critical, hex.EncodeToString(e.Value)})
	}
	return encode(d)
}

// longName returns OpenSSL's long name of an OID, and anything that is no OID of its table as it is.
func longName(oid string) string {
	if o, ok := object.ByOID(oid); ok {
		return o.LongName
	}
	return oid
}

func seconds(t pki.Time) *int64 {
	if !t.Valid {
		return nil
	}
	return &t.Unix
}
