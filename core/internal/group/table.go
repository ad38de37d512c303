package group

import (
	"crypto/ecdh"
	"slices"
	"strings"
)

var groups = []*Group{
	{X25519MLKEM768, "X25519MLKEM768", 192, kindHybrid, hybrid{curve: x25519{}, kem: mlkem768{}, kemFirst: true}},
	{X25519, "x25519", 128, kindEC, x25519{}},
	{P256, "secp256r1", 128, kindEC, curve{ecdh.P256()}},
	{X448, "x448", 224, kindEC, x448{}},
	{P384, "secp384r1", 192, kindEC, curve{ecdh.P384()}},
	{P521, "secp521r1", 256, kindEC, curve{ecdh.P521()}},
	{SecP256r1MLKEM768, "SecP256r1MLKEM768", 192, kindHybrid, hybrid{curve: curve{ecdh.P256()}, kem: mlkem768{}}},
	{SecP384r1MLKEM1024, "SecP384r1MLKEM1024", 256, kindHybrid, hybrid{curve: curve{ecdh.P384()}, kem: mlkem1024{}}},
	{FFDHE2048, "ffdhe2048", 112, kindFF, ffdhe{FFDHE2048}},
	{FFDHE3072, "ffdhe3072", 128, kindFF, ffdhe{FFDHE3072}},
	{FFDHE4096, "ffdhe4096", 152, kindFF, ffdhe{FFDHE4096}},
	{FFDHE6144, "ffdhe6144", 176, kindFF, ffdhe{FFDHE6144}},
	{FFDHE8192, "ffdhe8192", 200, kindFF, ffdhe{FFDHE8192}},
}

// aliases are OpenSSL's other names, in lower case.
var aliases = map[string]ID{
	"p-256": P256, "prime256v1": P256, "p-384": P384, "p-521": P521,
}

// Lookup returns the group of that number, or nil.
func Lookup(id ID) *Group {
	for _, g := range groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// ByName returns the group of that name, in any case, or nil.
func ByName(name string) *Group {
	for _, g := range groups {
		if strings.EqualFold(g.Name, name) {
			return g
		}
	}
	if id, ok := aliases[strings.ToLower(name)]; ok {
		return Lookup(id)
	}
	return nil
}

// Names returns OpenSSL's names of all groups that TLS 1.3, or TLS 1.2 and below, can use, by their numbers. With
// aliases, NIST's names stand behind those of the same curves.
func Names(tls13, tls12, withAliases bool) []string {
	all := slices.SortedFunc(slices.Values(groups), func(a, b *Group) int { return int(a.ID) - int(b.ID) })
	var names []string
	for _, g := range all {
		if !tls13 && !(tls12 && g.IsEC()) {
			continue
		}
		names = append(names, g.Name)
		if bits, ok := strings.CutSuffix(strings.TrimPrefix(g.Name, "secp"), "r1"); withAliases && ok && g.IsEC() {
			names = append(names, "P-"+bits)
		}
	}
	return names
}

// DefaultList returns what we offer, best first: OpenSSL 3.0's order behind the hybrid that protects today's traffic
// from tomorrow's quantum computers.
func DefaultList() []ID {
	return []ID{X25519MLKEM768, X25519, P256, X448, P521, P384, FFDHE2048, FFDHE3072, FFDHE4096, FFDHE6144, FFDHE8192}
}
