package suite

import (
	"slices"
	"strings"

	"github.com/gossl/gossl/core/internal/alert"
)

// This file is OpenSSL's language for lists of suites, ciphers(1) of OpenSSL 3.0. A string is a program: each word
// adds (w), deletes (-w), kills (!w) or moves to the end (+w) the suites that it selects.

// List is what a cipher string selects.
type List struct {
	Suites        []*Suite // of TLS 1.2 and below, best first
	SecurityLevel int
}

// defaultRule is what the word DEFAULT stands for.
const defaultRule = "ALL:!COMPLEMENTOFDEFAULT:!eNULL"

// ParseList runs a cipher string. level is the security level unless the string sets one.
func ParseList(rule string, level int) (List, error) {
	p := &program{items: initialOrder(), level: level}
	if rest, ok := strings.CutPrefix(rule, "DEFAULT"); ok {
		if err := p.run(defaultRule); err != nil {
			return List{}, err
		}
		rule = rest
	}
	if err := p.run(rule); err != nil {
		return List{}, err
	}
	l := List{SecurityLevel: p.level}
	for _, it := range p.items {
		if it.active {
			l.Suites = append(l.Suites, it.suite)
		}
	}
	if len(l.Suites) == 0 {
		return List{}, noMatch()
	}
	return l, nil
}

func noMatch() error {
	return alert.Misused(alert.ReasonNoCipherMatch, "No cipher can be selected.")
}

func invalidCommand() error {
	return alert.Misused(alert.ReasonInvalidCommand, "malformed cipher string")
}

// ParseSuites13 reads a list of TLS 1.3 suites, separated by colons.
func ParseSuites13(names string) ([]*Suite, error) {
	var l []*Suite
	if names == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(names, ":") {
		s := ByName(name)
		if s != nil && s.since == versionTLS13 && !slices.Contains(l, s) {
			l = append(l, s)
		}
	}
	if len(l) == 0 {
		return nil, noMatch()
	}
	return l, nil
}

// item is a suite in the list that the program works on.
type item struct {
	suite  *Suite
	active bool
}

type program struct {
	items []item
	hit   []item // of the operation that is going on
	level int
}

// add is the operation of a bare word; the others are named by their sign.
const add = 'a'

// separators end a word.
const separators = ": ;,"

func isWordByte(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '='
}

// run executes the words of a string.
func (p *program) run(rule string) error {
	for len(rule) > 0 {
		op := byte(add)
		switch c := rule[0]; {
		case strings.IndexByte(separators, c) >= 0:
			rule = rule[1:]
			continue
		case c == '-' || c == '+' || c == '!' || c == '@':
			op = c
			rule = rule[1:]
		}
		n := wordLen(rule)
		if n == 0 {
			return invalidCommand()
		}
		var err error
		if op == '@' {
			err = p.command(rule[:n])
			rule = rule[n:]
		} else {
			rule = p.expression(op, rule)
		}
		if err != nil {
			return err
		}
		if i := strings.IndexAny(rule, separators); i >= 0 { // whatever else stands before the next separator
			rule = rule[i:]
		} else {
			rule = ""
		}
	}
	return nil
}

func wordLen(s string) int {
	n := 0
	for n < len(s) && isWordByte(s[n]) {
		n++
	}
	return n
}

// expression applies words joined by "+". One that is not known selects nothing and the whole is passed over.
func (p *program) expression(op byte, rule string) string {
	var f selector
	known := true
	for {
		n := wordLen(rule)
		if n == 0 {
			known = false
			break
		}
		g, ok := lookup(rule[:n])
		if !ok {
			known = false
		}
		f = f.and(g)
		rule = rule[n:]
		if !known || !strings.HasPrefix(rule, "+") {
			break
		}
		rule = rule[1:]
	}
	if known {
		p.apply(op, f.matches)
	}
	return rule
}

func lookup(word string) (selector, bool) {
	if f, ok := keyword(word); ok {
		return f, true
	}
	if s := ByName(word); s != nil && s.since != versionTLS13 {
		return selector{id: s.ID}, true
	}
	return selector{}, false
}

// command is a word after "@".
func (p *program) command(word string) error {
	if word == "STRENGTH" {
		p.sortByStrength()
		return nil
	}
	if level, ok := strings.CutPrefix(word, "SECLEVEL="); ok {
		if len(level) != 1 || level[0] < '0' || level[0] > '5' {
			return invalidCommand()
		}
		p.level = int(level[0] - '0')
		return nil
	}
	return invalidCommand()
}

// apply does one operation with the suites that match. What is added or moved goes to the end in its order. What is
// deleted goes to the front, so that it keeps its order if it is added again.
func (p *program) apply(op byte, matches func(*Suite) bool) {
	rest, hit := p.items[:0], p.hit[:0] // in place: a place is read before it is written
	for _, it := range p.items {
		if !matches(it.suite) || op == '+' && !it.active || op == '-' && !it.active ||
			op != '+' && op != '-' && op != '!' && it.active {
			rest = append(rest, it)
			continue
		}
		it.active = op != '-' && op != '!'
		hit = append(hit, it)
	}
	p.items, p.hit = rest, hit
	switch op {
	case '!':
	case '-':
		p.items = slices.Insert(rest, 0, hit...)
	default:
		p.items = append(rest, hit...)
	}
}

// front moves the active suites that match to the front, in their order.
func (p *program) front(matches func(*Suite) bool) {
	rest, hit := p.items[:0], p.hit[:0] // as in apply
	for _, it := range p.items {
		if it.active && matches(it.suite) {
			hit = append(hit, it)
		} else {
			rest = append(rest, it)
		}
	}
	p.items, p.hit = slices.Insert(rest, 0, hit...), hit
}

// sortByStrength orders the active suites by strength, behind the others.
func (p *program) sortByStrength() {
	for _, bits := range []int{256, 128, 0} {
		p.apply('+', func(s *Suite) bool { return s.StrengthBits == bits })
	}
}

// initialOrder is the order in which OpenSSL adds suites before the string says anything: forward secrecy and AEADs
// first, then by strength, everything inactive.
func initialOrder() []item {
	p := &program{items: make([]item, 0, len(table)), hit: make([]item, 0, len(table))}
	for i := len(table) - 1; i >= 0; i-- {
		if table[i].since != versionTLS13 {
			p.items = append(p.items, item{suite: &table[i]})
		}
	}
	word := func(w string) func(*Suite) bool {
		f, _ := keyword(w)
		return f.matches
	}
	ecdhe := word("kECDHE")
	p.apply(add, func(s *Suite) bool { return ecdhe(s) && s.Auth == AuthECDSA })
	p.apply(add, ecdhe)
	p.apply('-', ecdhe)
	p.apply(add, word("AESGCM"))
	p.apply(add, word("CHACHA20"))
	p.apply(add, word("AES"))
	p.apply(add, func(*Suite) bool { return true })
	for _, w := range []string{"MD5", "aNULL", "kRSA", "kPSK"} {
		p.apply('+', word(w))
	}
	p.sortByStrength()
	p.front(func(s *Suite) bool { return s.since == versionTLS12 })
	p.front(func(s *Suite) bool { return s.IsAEAD() })
	ephemeral := func(s *Suite) bool { return s.Kx == KxDHE || s.Kx == KxECDHE }
	p.front(ephemeral)
	p.front(func(s *Suite) bool { return ephemeral(s) && s.IsAEAD() })
	for i := range p.items {
		p.items[i].active = false
	}
	return p.items
}
