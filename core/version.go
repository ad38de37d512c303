package core

import "github.com/gossl/gossl/core/internal/wire"

// Protocol versions.
const (
	VersionSSL30 uint16 = 0x0300
	VersionTLS10 uint16 = wire.VersionTLS10
	VersionTLS11 uint16 = wire.VersionTLS11
	VersionTLS12 uint16 = wire.VersionTLS12
	VersionTLS13 uint16 = wire.VersionTLS13
)

// Lowest and Highest stand for the bounds of what the engine supports (CPython's MINIMUM_SUPPORTED and
// MAXIMUM_SUPPORTED).
const (
	Lowest  = -2
	Highest = -1
)

// VersionName returns "TLSv1.3" and the like, or "" for no version of TLS.
func VersionName(v uint16) string {
	switch v {
	case VersionTLS10:
		return "TLSv1"
	case VersionTLS11:
		return "TLSv1.1"
	case VersionTLS12:
		return "TLSv1.2"
	case VersionTLS13:
		return "TLSv1.3"
	}
	return ""
}

// SetMinVersion sets the lowest version to negotiate: a version, Lowest or Highest.
func (c *Config) SetMinVersion(v int) error {
	b, err := c.bound(v, 0, VersionTLS13)
	if err == nil {
		c.minVersion = b
	}
	return err
}

// SetMaxVersion sets the highest version to negotiate: a version, Lowest or Highest.
func (c *Config) SetMaxVersion(v int) error {
	b, err := c.bound(v, VersionTLS10, 0)
	if err == nil {
		c.maxVersion = b
	}
	return err
}

func (c *Config) bound(v int, lowest, highest uint16) (uint16, error) {
	if c.fixedVersion() != 0 {
		return 0, misuse(0, "The context's protocol doesn't support modification of highest and lowest version.")
	}
	switch v {
	case Lowest:
		return lowest, nil
	case Highest:
		return highest, nil
	case int(VersionSSL30), int(VersionTLS10), int(VersionTLS11), int(VersionTLS12), int(VersionTLS13):
		return uint16(v), nil
	}
	return 0, misuse(0, "unsupported protocol version")
}

// MinVersion returns what SetMinVersion set, or Lowest.
func (c *Config) MinVersion() int {
	if c.minVersion == 0 {
		return Lowest
	}
	return int(c.minVersion)
}

// MaxVersion returns what SetMaxVersion set, or Highest.
func (c *Config) MaxVersion() int {
	if c.maxVersion == 0 {
		return Highest
	}
	return int(c.maxVersion)
}

// fixedVersion returns the version of a single-version method, or 0.
func (c *Config) fixedVersion() uint16 {
	switch c.method {
	case MethodTLSv10:
		return VersionTLS10
	case MethodTLSv11:
		return VersionTLS11
	case MethodTLSv12:
		return VersionTLS12
	}
	return 0
}

// versionOptions pairs each version, best first, with the option that forbids it.
var versionOptions = []struct {
	version uint16
	forbid  Options
}{
	{VersionTLS13, OpNoTLSv13}, {VersionTLS12, OpNoTLSv12}, {VersionTLS11, OpNoTLSv11}, {VersionTLS10, OpNoTLSv1},
}

// versions returns the versions that may be negotiated, best first. TLS 1.0 and 1.1 sign with MD5 and SHA-1, which
// only security level 0 allows.
func (c *Config) versions() []uint16 {
	if c.frozen {
		return c.enabledVersions
	}
	l := make([]uint16, 0, 4)
	for _, v := range versionOptions {
		if c.allows(v.version) && c.Options&v.forbid == 0 {
			l = append(l, v.version)
		}
	}
	return l
}

func (c *Config) allows(v uint16) bool {
	switch {
	case c.fixedVersion() != 0 && v != c.fixedVersion():
		return false
	case v < VersionTLS12 && c.securityLevel > 0:
		return false
	case c.minVersion != 0 && v < c.minVersion:
		return false
	}
	return c.maxVersion == 0 || v <= c.maxVersion
}
