// Package certinfo describes certificates in the form of CPython's SSLSocket.getpeercert(), as JSON: an object with
// the keys in CPython's order, tuples as lists.
package certinfo

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/gossl/gossl/core/internal/object"
	"github.com/gossl/gossl/core/internal/pki"
)

// pairs is a tuple of (name, value) tuples, such as an RDN.
type pairs [][2]any

// info has the keys of getpeercert() in their order.
type info struct {
	Subject      []pairs  `json:"subject"`
	Issuer       []pairs  `json:"issuer"`
	Version      int      `json:"version"`
	SerialNumber string   `json:"serialNumber"`
	NotBefore    string   `json:"notBefore"`
	NotAfter     string   `json:"notAfter"`
	AltNames     pairs    `json:"subjectAltName,omitempty"`
	OCSP         []string `json:"OCSP,omitempty"`
	CAIssuers    []string `json:"caIssuers,omitempty"`
	CRLs         []string `json:"crlDistributionPoints,omitempty"`
}

const (
	oidAuthorityInfoAccess = "1.3.6.1.5.5.7.1.1"
	oidCRLDistribution     = "2.5.29.31"
	oidOCSP                = "1.3.6.1.5.5.7.48.1"
	oidCAIssuers           = "1.3.6.1.5.5.7.48.2"
)

// Decode returns the description of a certificate in DER.
func Decode(der []byte) ([]byte, error) {
	c, err := pki.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	i := info{
		Subject: name(c.RawSubject), Issuer: name(c.RawIssuer), Version: c.Version, SerialNumber: serial(c.Serial),
		NotBefore: timeText(c.NotBefore), NotAfter: timeText(c.NotAfter), AltNames: altNames(c.AltNames()),
	}
	for _, e := range c.Extensions() {
		switch e.OID {
		case oidAuthorityInfoAccess:
			i.OCSP, i.CAIssuers = accessPoints(e.Value, oidOCSP), accessPoints(e.Value, oidCAIssuers)
		case oidCRLDistribution:
			i.CRLs = distributionPoints(e.Value)
		}
	}
	return encode(i)
}

func encode(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// Subject returns the subject in the form of RFC 2253: the last RDN first, short names.
func Subject(der []byte) (string, error) {
	c, err := pki.ParseCertificate(der)
	if err != nil {
		return "", err
	}
	return oneLine(c.RawSubject), nil
}

func oneLine(raw []byte) string {
	var parts []string
	last := -1
	pki.NameAttributes(raw, func(rdn int, oid, value string) {
		short := oid
		if o, ok := object.ByOID(oid); ok {
			short = o.ShortName
		}
		text := short + "=" + escape(value)
		if rdn == last {
			parts[0] += "+" + text
			return
		}
		last = rdn
		parts = append([]string{text}, parts...)
	})
	return strings.Join(parts, ",")
}

// escape is RFC 2253 section 2.4.
func escape(s string) string {
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune(`,+"\<>;`, r) || i == 0 && (r == '#' || r == ' ') || i == len(s)-1 && r == ' ' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// name returns the RDNs of a Name, with long names for what the table has.
func name(raw []byte) []pairs {
	l := []pairs{}
	last := -1
	pki.NameAttributes(raw, func(rdn int, oid, value string) {
		long := oid
		if o, ok := object.ByOID(oid); ok {
			long = o.LongName
		}
		if rdn != last {
			l = append(l, nil)
			last = rdn
		}
		l[len(l)-1] = append(l[len(l)-1], [2]any{long, value})
	})
	return l
}

// serial is i2a_ASN1_INTEGER's form: hexadecimal, an even number of digits, the sign in front.
func serial(content []byte) string {
	if len(content) == 0 {
		return "00"
	}
	sign := ""
	b := append([]byte(nil), content...)
	if b[0]&0x80 != 0 { // two's complement
		sign = "-"
		carry := true
		for i := len(b) - 1; i >= 0; i-- {
			b[i] = ^b[i]
			if carry {
				b[i]++
				carry = b[i] == 0
			}
		}
	}
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return sign + strings.ToUpper(hex.EncodeToString(b))
}

func timeText(t pki.Time) string {
	if !t.Valid {
		return "Bad time value"
	}
	return time.Unix(t.Unix, 0).UTC().Format("Jan _2 15:04:05 2006") + " GMT"
}

var kinds = map[pki.NameKind]string{
	pki.NameEmail: "email", pki.NameDNS: "DNS", pki.NameURI: "URI",
}

func altNames(names []pki.GeneralName) pairs {
	var l pairs
	for _, n := range names {
		switch n.Kind {
		case pki.NameEmail, pki.NameDNS, pki.NameURI:
			l = append(l, [2]any{kinds[n.Kind], latin(n.Value)})
		case pki.NameDirectory:
			l = append(l, [2]any{"DirName", name(n.Value)})
		case pki.NameIP:
			l = append(l, [2]any{"IP Address", address(n.Value)})
		case pki.NameRID:
			l = append(l, [2]any{"Registered ID", registered(n.Value)})
		case pki.NameOther:
			l = append(l, [2]any{"othername", "<unsupported>"})
		case pki.NameX400:
			l = append(l, [2]any{"X400Name", "<unsupported>"})
		default:
			l = append(l, [2]any{"EdiPartyName", "<unsupported>"})
		}
	}
	return l
}

// latin keeps every byte of an IA5String, NUL too.
func latin(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }

// address writes IPv6 in the way of OpenSSL: eight groups, upper case, nothing left out.
func address(b []byte) string {
	switch len(b) {
	case 4:
		return netip.AddrFrom4([4]byte(b)).String()
	case 16:
		groups := make([]string, 8)
		for i := range groups {
			groups[i] = fmt.Sprintf("%X", int(b[2*i])<<8|int(b[2*i+1]))
		}
		return strings.Join(groups, ":")
	}
	return "<invalid>"
}

func registered(oid []byte) string {
	text := pki.OIDString(oid)
	if o, ok := object.ByOID(text); ok {
		return o.LongName
	}
	return text
}
