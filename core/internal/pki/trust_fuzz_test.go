package pki

import "testing"

func FuzzParseTrusted(f *testing.F) {
	der := seeds(f)[0]
	f.Add(der)
	f.Add(append(append([]byte(nil), der...), 0x30, 0x0a, 0x30, 0x08, 0x06, 0x06, 0x2b, 6, 1, 5, 5, 7))
	f.Fuzz(func(_ *testing.T, der []byte) {
		if c, err := ParseTrusted(der); err == nil {
			_, _ = Verify(c, nil, NewStore(), &Options{Depth: 10, Flags: FlagPartialChain})
		}
	})
}
