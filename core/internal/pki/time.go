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
	var room [len(timeLayout)]byte
	text := room[:0]
	if tag == asn1.UTCTime && len(raw) > 2 { // RFC 5280 section 4.1.2.5.1
		century := "19"
		if raw[0] < '5' {
			century = "20"
		}
		text = append(text, century...)
	}
	text = append(text, raw...)
	if t.Unix, t.Valid = plainTime(text); t.Valid {
		return true
	}
	if parsed, err := time.Parse(timeLayout, string(text)); err == nil {
		t.Unix, t.Valid = parsed.Unix(), true
	}
	return true
}

const timeLayout = "20060102150405Z"

// plainTime reads a time of the layout that has no fraction of a second, as nearly all are: time.Parse, which takes the
// others, would be half the time that it takes to look at a certificate.
func plainTime(text []byte) (unix int64, ok bool) {
	if len(text) != len(timeLayout) || text[len(text)-1] != 'Z' {
		return 0, false
	}
	var pairs [len(timeLayout) / 2]int // century, year, month, day, hour, minute, second
	for i := range pairs {
		tens, ones := text[2*i]-'0', text[2*i+1]-'0'
		if tens > 9 || ones > 9 {
			return 0, false
		}
		pairs[i] = int(tens)*10 + int(ones)
	}
	year, month, day := pairs[0]*100+pairs[1], time.Month(pairs[2]), pairs[3]
	t := time.Date(year, month, day, pairs[4], pairs[5], pairs[6], 0, time.UTC)
	// What is out of range moves all that is above it.
	return t.Unix(), t.Month() == month && t.Day() == day && t.Hour() == pairs[4] && t.Minute() == pairs[5] && t.Second() == pairs[6]
}
