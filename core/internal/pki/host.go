package pki

import (
	"bytes"
	"strings"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// OpenSSL's X509_CHECK_FLAG_* bits.
const (
	HostAlwaysCheckSubject    uint32 = 1
	HostNoWildcards           uint32 = 2
	HostNoPartialWildcards    uint32 = 4
	HostMultiLabelWildcards   uint32 = 8
	HostSingleLabelSubdomains uint32 = 16
	HostNeverCheckSubject     uint32 = 32
)

// MatchHost reports whether the certificate is for host, a name in A-label form: X509_check_host. The common name
// counts only where there is no DNS name in the subject alternative names, or flags say so. A dot at the end of the host is
// a part of it, as for OpenSSL.
func MatchHost(c *Certificate, host string, flags uint32) bool {
	hasDNS := false
	for _, n := range c.altNames {
		if n.Kind != NameDNS {
			continue
		}
		hasDNS = true
		if matchName(string(n.Value), host, flags) {
			return true
		}
	}
	if flags&HostNeverCheckSubject != 0 || hasDNS && flags&HostAlwaysCheckSubject == 0 {
		return false
	}
	for _, cn := range c.commonNames() {
		if matchName(cn, host, flags) {
			return true
		}
	}
	return false
}

// MatchIP reports whether the certificate is for an address. Only subject alternative names count.
func MatchIP(c *Certificate, ip []byte) bool {
	for _, n := range c.altNames {
		if n.Kind == NameIP && bytes.Equal(n.Value, ip) {
			return true
		}
	}
	return false
}

var oidCommonName = []byte{0x55, 4, 3}

// commonNames returns the subject's common names as UTF-8.
func (c *Certificate) commonNames() []string {
	var l []string
	readName(c.RawSubject, func(_ int, a attribute) {
		if bytes.Equal(a.oid, oidCommonName) {
			if text, ok := a.text(); ok || a.tag == asn1.Tag(18) {
				l = append(l, string(text))
			}
		}
	})
	return l
}

// matchName compares a name of a certificate with a host, by OpenSSL's rules for wildcards (RFC 6125 section 6.4.3).
func matchName(pattern, host string, flags uint32) bool {
	if strings.IndexByte(pattern, 0) >= 0 || pattern == "" {
		return false
	}
	if strings.EqualFold(pattern, host) && isASCII(pattern) {
		return true
	}
	if strings.HasPrefix(host, ".") { // a host of that form stands for its subdomains
		return matchSubdomain(pattern, host, flags)
	}
	return flags&HostNoWildcards == 0 && matchWildcard(pattern, host, flags)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func matchSubdomain(name, suffix string, flags uint32) bool {
	if len(name) <= len(suffix) || !strings.EqualFold(name[len(name)-len(suffix):], suffix) {
		return false
	}
	return flags&HostSingleLabelSubdomains == 0 || !strings.Contains(name[:len(name)-len(suffix)], ".")
}

func matchWildcard(pattern, host string, flags uint32) bool {
	star := validStar(pattern, flags)
	if star < 0 {
		return false
	}
	prefix, suffix := pattern[:star], pattern[star+1:]
	if len(host) < len(prefix)+len(suffix) || !strings.EqualFold(host[:len(prefix)], prefix) ||
		!strings.EqualFold(host[len(host)-len(suffix):], suffix) {
		return false
	}
	wild := host[len(prefix) : len(host)-len(suffix)]
	whole := prefix == "" && strings.HasPrefix(suffix, ".")
	if whole && wild == "" {
		return false
	}
	multi := whole && flags&HostMultiLabelWildcards != 0
	if !whole && strings.HasPrefix(strings.ToLower(host), "xn--") { // RFC 6125 section 6.4.3: not inside an A-label
		return false
	}
	if wild == "*" {
		return true
	}
	for _, c := range []byte(wild) {
		if !isLabelByte(c) && !(multi && c == '.') {
			return false
		}
	}
	return true
}

func isLabelByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_'
}

// validStar returns the place of the one star that a pattern may have: in the first label, with two more labels behind
// it, and with NO_PARTIAL_WILDCARDS alone in its label; -1 if there is none such.
func validStar(pattern string, flags uint32) int {
	star := strings.IndexByte(pattern, '*')
	if star < 0 || strings.Count(pattern, "*") != 1 {
		return -1
	}
	labels := strings.Split(pattern, ".")
	if len(labels) < 3 || !strings.Contains(labels[0], "*") {
		return -1
	}
	if strings.HasPrefix(strings.ToLower(labels[0]), "xn--") {
		return -1
	}
	atStart, atEnd := star == 0, star == len(labels[0])-1
	if flags&HostNoPartialWildcards != 0 && !(atStart && atEnd) || !atStart && !atEnd {
		return -1
	}
	for i, l := range labels {
		if l == "" || i > 0 && (strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-")) || !validLabel(l) {
			return -1
		}
	}
	return star
}

func validLabel(l string) bool {
	for _, c := range []byte(l) {
		if !isLabelByte(c) && c != '*' {
			return false
		}
	}
	return true
}
