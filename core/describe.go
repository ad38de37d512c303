package core

import (
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/certinfo"
	"github.com/gossl/gossl/core/internal/keyfile"
	"github.com/gossl/gossl/core/internal/object"
)

// Object is an entry of OpenSSL's object table.
type Object = object.Object

// DecodeCertificate describes a certificate in DER as JSON, with the contents of SSLSocket.getpeercert().
func DecodeCertificate(der []byte) ([]byte, error) { return certinfo.Decode(der) }

// CertificateDetails describes in JSON what SSLSocket.getpeercert() leaves out: key, signature algorithm, usages,
// extensions, fingerprints.
func CertificateDetails(der []byte) ([]byte, error) { return certinfo.Details(der) }

// CertificateSubject returns the subject as "CN=localhost,O=…", the last part first.
func CertificateSubject(der []byte) (string, error) { return certinfo.Subject(der) }

// FirstCertificate returns the DER of the first certificate in PEM or DER.
func FirstCertificate(data []byte) ([]byte, error) {
	if len(data) > 0 && data[0] == 0x30 {
		return data, nil
	}
	l, err := keyfile.Certificates(data)
	if err != nil {
		return nil, err
	}
	return l[0], nil
}

// ObjectByNID returns the object of OpenSSL's number.
func ObjectByNID(nid int) (Object, bool) { return object.ByNID(nid) }

// FindObject returns the object of a dotted OID or, with byName, of a short or long name. A well-formed OID that is not
// in the table gives an object without names and number.
func FindObject(text string, byName bool) (Object, bool) { return object.Find(text, byName) }

// VerifyText returns OpenSSL's words for a verification code (X509_V_ERR_*).
func VerifyText(code int) string { return alert.VerifyCode(code).String() }
