package pki

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Time is a UTCTime or GeneralizedTime.
type Time struct {
	Raw   []byte // its characters
	Unix  int64  // seconds since 1970
	Valid bool   // whether Raw is a time at all
}

func (t *Time) read(s *cryptobyte.String) bool {
	var tag asn1.Tag
	var raw cryptobyte.String
	if !s.ReadAnyASN1(&raw, &tag) || tag != asn1.UTCTime && tag != asn1.GeneralizedTime {
		return false
	}
	t.Raw = raw
	text := string(raw)
	if tag == asn1.UTCTime && len(text) > 2 { // RFC 5280 section 4.1.2.5.1
		century := "19"
		if text[0] < '5' {
			century = "20"
		}
		text = century + text
	}
	if parsed, err := time.Parse("20060102150405Z", text); err == nil {
		t.Unix, t.Valid = parsed.Unix(), true
	}
	return true
}
