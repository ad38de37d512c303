package core

import "github.com/gossl/gossl/core/internal/suite"

// CipherInfo describes a suite as CPython's SSLContext.get_ciphers() does.
type CipherInfo struct {
	ID           uint32 // with OpenSSL's prefix 0x03000000
	Name         string // OpenSSL's
	StandardName string // IANA's
	Protocol     string // "TLSv1.3", "TLSv1.2", "TLSv1.0" or "SSLv3": where the suite belongs
	Description  string
	StrengthBits int
	AlgBits      int
	AEAD         bool
	Symmetric    string
	Digest       string // "" for an AEAD
	KeyExchange  string
	Auth         string
}

func cipherInfo(s *suite.Suite) CipherInfo {
	return CipherInfo{
		ID: 0x03000000 | uint32(s.ID), Name: s.Name, StandardName: s.StdName, Protocol: s.Protocol(), Description: s.Description(),
		StrengthBits: s.StrengthBits, AlgBits: s.AlgBits, AEAD: s.IsAEAD(), Symmetric: s.SymmetricName(),
		Digest: s.DigestName(), KeyExchange: s.KeaName(), Auth: s.AuthName(),
	}
}

// Ciphers returns the suites of the Config, TLS 1.3's first, best first.
func (c *Config) Ciphers() []CipherInfo {
	var l []CipherInfo
	for _, s := range c.suites13 {
		l = append(l, cipherInfo(s))
	}
	for _, s := range c.suites {
		l = append(l, cipherInfo(s))
	}
	return l
}

func (c *Config) hasSuite(id uint16) bool {
	s := suite.ByID(id)
	return s != nil && (contains(c.suites13, s) || contains(c.suites, s))
}

// offersSuite reports whether the Config would negotiate the suite at that version.
func (c *Config) offersSuite(id, version uint16) bool {
	s := suite.ByID(id)
	return s != nil && c.hasSuite(id) && s.MinVersion <= version && version <= s.MaxVersion &&
		contains(c.versions(), version)
}
