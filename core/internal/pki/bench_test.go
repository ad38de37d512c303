package pki

import (
	"testing"
)

func BenchmarkParseCertificate(b *testing.B) {
	all := seeds(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = ParseCertificate(all[i%len(all)])
	}
}

func BenchmarkNewPool(b *testing.B) {
	all := seeds(b)[:150]
	b.ReportAllocs()
	for b.Loop() {
		_, _ = NewPool(all, nil)
	}
}
