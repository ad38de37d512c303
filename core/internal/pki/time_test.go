package pki

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func readTime(t *testing.T, text string, tag asn1.Tag) Time {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
	s := cryptobyte.String(b.BytesOrPanic())
	var read Time
	require.True(t, read.read(&s))
	require.True(t, s.Empty())
	require.Equal(t, text, string(read.Raw))
	return read
}

// Each time, good or not, is what package time says that it is.
func TestTimesAreThoseOfPackageTime(t *testing.T) {
	check := func(text string) {
		want, err := time.Parse(timeLayout, text)
		got := readTime(t, text, asn1.GeneralizedTime)
		require.Equal(t, err == nil, got.Valid, text)
		if err == nil {
			require.Equal(t, want.Unix(), got.Unix, text)
		}
	}
	for _, text := range []string{
		"", "Z", "20260101000000Z", "20260101000000", "20260101000000.5Z", "20260101000000,5Z", "2026010100000.Z", "20260101000000z",
		"20240229235959Z", "20230229235959Z", "19000229000000Z", "20000229000000Z", "00000101000000Z", "99991231235959Z",
		"20261301000000Z", "20260001000000Z", "20260100000000Z", "20260132000000Z", "20260431000000Z", "20260101240000Z",
		"20260101006000Z", "20260101000060Z", "2026010100:000Z", "2026010100/000Z", "+0260101000000Z", "20260101000000ZZ",
	} {
		check(text)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		at := time.Unix(random.Int64N(1<<38)-1<<37, 0).UTC()
		text := []byte(at.Format(timeLayout))
		if random.IntN(2) == 0 {
			text[random.IntN(len(text))] = "0123456789.:/Z \xff"[random.IntN(16)]
		}
		check(string(text))
	}
}

// RFC 5280 section 4.1.2.5.1: two digits are of 1950 to 2049.
func TestTheCenturyOfAUTCTime(t *testing.T) {
	for text, want := range map[string]string{
		"500101000000Z": "1950-01-01", "490101000000Z": "2049-01-01", "991231000000Z": "1999-12-31", "000229000000Z": "2000-02-29",
	} {
		read := readTime(t, text, asn1.UTCTime)
		require.True(t, read.Valid, text)
		require.Equal(t, want, time.Unix(read.Unix, 0).UTC().Format(time.DateOnly), text)
	}
	for _, text := range []string{"", "Z", "50", "5001010000Z", "19500101000000Z", "500132000000Z"} {
		require.False(t, readTime(t, text, asn1.UTCTime).Valid, text)
	}
}
