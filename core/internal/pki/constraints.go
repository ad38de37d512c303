package pki

import (
	"bytes"
	"strings"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// nameConstraints is RFC 5280 section 4.2.1.10.
type nameConstraints struct {
	permitted, excluded []subtree
}

type subtree struct {
	base    GeneralName
	bounded bool // minimum or maximum, which must be absent
}

func (nc *nameConstraints) read(s *cryptobyte.String) bool {
	var seq, list cryptobyte.String
	var has bool
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadOptionalASN1(&list, &has, tagged(0).Constructed()) ||
		has && !readSubtrees(list, &nc.permitted) || !seq.ReadOptionalASN1(&list, &has, tagged(1).Constructed()) ||
		has && !readSubtrees(list, &nc.excluded) {
		return false
	}
	return seq.Empty()
}

func readSubtrees(list cryptobyte.String, out *[]subtree) bool {
	for !list.Empty() {
		var seq cryptobyte.String
		if !list.ReadASN1(&seq, asn1.SEQUENCE) {
			return false
		}
		base, ok := readGeneralName(&seq)
		if !ok {
			return false
		}
		if base.Kind == NameDirectory {
			base.Value = canonicalName(base.Value)
		}
		*out = append(*out, subtree{base, !seq.Empty()})
	}
	return true
}

// checkConstraints applies the constraints of each certificate to all below it, from the leaf's neighbours up
// (RFC 5280 section 6.1.4 (g)); self-issued intermediates are exempt.
func (v *verification) checkConstraints() *failure {
	for i := len(v.chain) - 1; i >= 0; i-- {
		c := v.chain[i]
		if i != 0 && c.selfIssued {
			continue
		}
		if c.isProxy && !c.hasProxyName() {
			return &failure{alert.VerifyProxySubjectNameViolation, i}
		}
		for j := len(v.chain) - 1; j > i; j-- {
			nc := v.chain[j].constraints
			if nc == nil {
				continue
			}
			if code := nc.check(c, i == 0 && v.checksCommonName(c), &v.spent); code != alert.VerifyOK {
				return &failure{code, i}
			}
		}
	}
	return nil
}

// checksCommonName reports whether a leaf's common name may stand for a host.
func (v *verification) checksCommonName(c *Certificate) bool {
	if v.HostFlags&HostNeverCheckSubject != 0 {
		return false
	}
	if v.HostFlags&HostAlwaysCheckSubject != 0 {
		return true
	}
	for _, n := range c.altNames {
		if n.Kind == NameDNS {
			return false
		}
	}
	return true
}

var oidEmailAddress = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1}

// check applies the constraints to every name of a certificate.
func (nc *nameConstraints) check(c *Certificate, withCommonName bool, spent *budget) alert.VerifyCode {
	names := make([]GeneralName, 0, len(c.altNames)+1)
	if !emptyName(c.RawSubject) {
		names = append(names, GeneralName{NameDirectory, c.subject})
		readName(c.RawSubject, func(_ int, a attribute) {
			if bytes.Equal(a.oid, oidEmailAddress) && a.tag == asn1.IA5String {
				names = append(names, GeneralName{NameEmail, a.value})
			}
		})
	}
	for _, n := range c.altNames {
		if n.Kind == NameDirectory {
			n.Value = canonicalName(n.Value)
		}
		names = append(names, n)
	}
	if withCommonName {
		for _, cn := range c.commonNames() {
			if looksLikeHost(cn) {
				names = append(names, GeneralName{NameDNS, []byte(cn)})
			}
		}
	}
	spent.comparisons += len(names) * (len(nc.permitted) + len(nc.excluded))
	if spent.comparisons > maxComparisons {
		return alert.VerifyUnspecified // as OpenSSL says it
	}
	for _, n := range names {
		if code := nc.checkName(n); code != alert.VerifyOK {
			return code
		}
	}
	return alert.VerifyOK
}

// looksLikeHost reports whether a common name has the form of a host name with more than one label.
func looksLikeHost(cn string) bool {
	labels := strings.Split(strings.TrimRight(cn, "\x00"), ".")
	if len(labels) < 2 {
		return false
	}
	for i, l := range labels {
		if l == "" || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") || !validLabel(l) ||
			i > 0 && strings.Contains(l, "*") {
			return false
		}
	}
	return true
}

func (nc *nameConstraints) checkName(n GeneralName) alert.VerifyCode {
	permitted, matched := false, false
	for _, s := range nc.permitted {
		if s.base.Kind != n.Kind {
			continue
		}
		if s.bounded {
			return alert.VerifySubtreeMinMax
		}
		permitted = true
		if !matched {
			ok, code := within(n, s.base)
			if code != alert.VerifyOK {
				return code
			}
			matched = ok
		}
	}
	if permitted && !matched {
		return alert.VerifyPermittedViolation
	}
	for _, s := range nc.excluded {
		if s.base.Kind != n.Kind {
			continue
		}
		if s.bounded {
			return alert.VerifySubtreeMinMax
		}
		ok, code := within(n, s.base)
		if code != alert.VerifyOK {
			return code
		}
		if ok {
			return alert.VerifyExcludedViolation
		}
	}
	return alert.VerifyOK
}

// within reports whether a name is in the subtree of base, by the rules of its kind. Directory names are canonical.
func within(n, base GeneralName) (bool, alert.VerifyCode) {
	switch n.Kind {
	case NameDirectory:
		return bytes.HasPrefix(n.Value, base.Value), alert.VerifyOK
	case NameDNS:
		return withinDNS(string(n.Value), string(base.Value)), alert.VerifyOK
	case NameEmail:
		return withinEmail(string(n.Value), string(base.Value))
	case NameURI:
		return withinURI(string(n.Value), string(base.Value))
	case NameIP:
		return withinIP(n.Value, base.Value)
	}
	return false, alert.VerifyUnsupportedConstraintType
}

// withinDNS: a subtree is a name and all that end in it behind a dot.
func withinDNS(name, base string) bool {
	if base == "" {
		return true
	}
	if len(name) < len(base) || !strings.EqualFold(name[len(name)-len(base):], base) {
		return false
	}
	return len(name) == len(base) || base[0] == '.' || name[len(name)-len(base)-1] == '.'
}

// withinEmail: a mailbox, a host, or with a leading dot a domain.
func withinEmail(name, base string) (bool, alert.VerifyCode) {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return false, alert.VerifyUnsupportedNameSyntax
	}
	baseAt := strings.LastIndexByte(base, '@')
	if baseAt < 0 && strings.HasPrefix(base, ".") {
		return len(name) > len(base) && strings.EqualFold(name[len(name)-len(base):], base), alert.VerifyOK
	}
	if baseAt > 0 && name[:at] != base[:baseAt] {
		return false, alert.VerifyOK
	}
	return strings.EqualFold(name[at+1:], base[baseAt+1:]), alert.VerifyOK
}

// withinURI: a host, or with a leading dot a domain.
func withinURI(name, base string) (bool, alert.VerifyCode) {
	_, rest, ok := strings.Cut(name, "//")
	if i := strings.IndexByte(name, ':'); !ok || i <= 0 || !strings.HasPrefix(name[i+1:], "//") {
		return false, alert.VerifyUnsupportedNameSyntax
	}
	host := rest
	if i := strings.IndexAny(host, ":/"); i >= 0 {
		host = host[:i]
	}
	if host == "" {
		return false, alert.VerifyUnsupportedNameSyntax
	}
	if strings.HasPrefix(base, ".") {
		return len(host) > len(base) && strings.EqualFold(host[len(host)-len(base):], base), alert.VerifyOK
	}
	return strings.EqualFold(host, base), alert.VerifyOK
}

// withinIP: a subtree is an address and a mask.
func withinIP(ip, base []byte) (bool, alert.VerifyCode) {
	if len(ip) != 4 && len(ip) != 16 {
		return false, alert.VerifyUnsupportedNameSyntax
	}
	if len(base) != 8 && len(base) != 32 {
		return false, alert.VerifyUnsupportedNameSyntax
	}
	if len(base) != 2*len(ip) {
		return false, alert.VerifyOK
	}
	addr, mask := base[:len(ip)], base[len(ip):]
	for i := range ip {
		if (ip[i]^addr[i])&mask[i] != 0 {
			return false, alert.VerifyOK
		}
	}
	return true, alert.VerifyOK
}
