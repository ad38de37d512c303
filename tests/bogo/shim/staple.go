package main

import (
	"bytes"
	"crypto/rand"
	"errors"

	"github.com/gossl/gossl/core"
	"golang.org/x/crypto/cryptobyte"
)

// splitSCTs reads a SignedCertificateTimestampList (RFC 6962 section 3.3). What is malformed is sent as it is.
func splitSCTs(list []byte) [][]byte {
	s := cryptobyte.String(list)
	var all, sct cryptobyte.String
	var l [][]byte
	if !s.ReadUint16LengthPrefixed(&all) {
		return nil
	}
	for all.ReadUint16LengthPrefixed(&sct) {
		l = append(l, sct)
	}
	return l
}

func joinSCTs(l [][]byte) []byte {
	if len(l) == 0 {
		return nil
	}
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, sct := range l {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(sct) })
		}
	})
	return b.BytesOrPanic()
}

// checkStapled compares what came with the server's certificate with what the flags expect.
func (x *exchange) checkStapled() error {
	switch {
	case len(x.ExpectOCSPResponse) > 0 && !bytes.Equal(x.conn.OCSPResponse(), x.ExpectOCSPResponse):
		return errors.New("OCSP response mismatch")
	case len(x.ExpectSCTs) > 0 && !bytes.Equal(joinSCTs(x.conn.SCTs()), x.ExpectSCTs):
		return errors.New("SCT list mismatch")
	}
	return nil
}

// compressors are the mock algorithms that the runner's tests of certificate compression know: one that makes its
// input longer, one that makes it shorter, and one that is never the same.
func compressors(o *options) []core.CertCompressor {
	errBad := errors.New("bad compressed data")
	longer := []byte{1, 2, 3, 4}
	all := []core.CertCompressor{{
		ID:       0xff02,
		Compress: func(m []byte) ([]byte, error) { return append(bytes.Clone(longer), m...), nil },
		Decompress: func(c []byte, size int) ([]byte, error) {
			if rest, ok := bytes.CutPrefix(c, longer); ok && len(rest) == size {
				return rest, nil
			}
			return nil, errBad
		},
	}, {
		ID:       0xff01,
		Compress: func(m []byte) ([]byte, error) { return m[2:], nil },
		Decompress: func(c []byte, size int) ([]byte, error) {
			if len(c)+2 != size {
				return nil, errBad
			}
			return append([]byte{0, 0}, c...), nil
		},
	}, {
		ID: 0xff03,
		Compress: func(m []byte) ([]byte, error) {
			first := make([]byte, 1)
			_, _ = rand.Read(first)
			return append(first, m...), nil
		},
		Decompress: func(c []byte, size int) ([]byte, error) {
			if len(c) != size+1 {
				return nil, errBad
			}
			return c[1:], nil
		},
	}}
	var l []core.CertCompressor
	for _, a := range all {
		if o.InstallCertCompressionAlgs || int(a.ID) == o.InstallOneCertCompressionAlg {
			l = append(l, a)
		}
	}
	return l
}
