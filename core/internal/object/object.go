// Package object owns OpenSSL's table of objects: numbers (NID), short names, long names and OIDs. The table is text
// that is searched when somebody asks; nothing is parsed before.
package object

import (
	_ "embed" // the table
	"strconv"
	"strings"
)

// table has a line for each object: NID, short name, long name, OID (which may be empty), separated by tabs. Facts read
// off OpenSSL 3.0 by CPython's _ssl.nid2obj.
//
//go:embed objects.txt
var table string

// Object is one row of the table.
type Object struct {
	NID                      int
	ShortName, LongName, OID string
}

// find returns the first row that fits.
func find(fits func(nid, short, long, oid string) bool) (Object, bool) {
	for line := range strings.Lines(table) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if fits(f[0], f[1], f[2], f[3]) {
			nid, err := strconv.Atoi(f[0])
			return Object{nid, f[1], f[2], f[3]}, err == nil
		}
	}
	return Object{}, false
}

// ByNID returns the object of that number.
func ByNID(nid int) (Object, bool) {
	want := strconv.Itoa(nid)
	return find(func(nid, _, _, _ string) bool { return nid == want })
}

// ByOID returns the object of a dotted OID.
func ByOID(oid string) (Object, bool) {
	return find(func(_, _, _, o string) bool { return o != "" && o == oid })
}

// Find is OpenSSL's OBJ_txt2obj: a dotted OID or, with byName, a short name or a long name.
func Find(text string, byName bool) (Object, bool) {
	if text == "" {
		return Object{}, false
	}
	if byName {
		if o, ok := find(func(_, short, _, _ string) bool { return short == text }); ok {
			return o, true
		}
		if o, ok := find(func(_, _, long, _ string) bool { return long == text }); ok {
			return o, true
		}
	}
	return ByOID(text)
}
