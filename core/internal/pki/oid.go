package pki

import "strconv"

// common are the OIDs of nearly all certificates, by the content of their DER: they cost no memory.
var common = map[string]string{
	"\x55\x1d\x0e": oidSubjectKeyID, "\x55\x1d\x0f": oidKeyUsage, "\x55\x1d\x11": oidSubjectAltName,
	"\x55\x1d\x13": oidBasicConstraints, "\x55\x1d\x1e": oidNameConstraints, "\x55\x1d\x1f": oidCRLDistribution,
	"\x55\x1d\x20": oidPolicies, "\x55\x1d\x23": oidAuthorityKeyID, "\x55\x1d\x25": oidExtKeyUsage,
	"\x2b\x06\x01\x05\x05\x07\x01\x01":         "1.3.6.1.5.5.7.1.1", // authorityInfoAccess
	"\x2b\x06\x01\x05\x05\x07\x03\x01":         ekuServerAuth,
	"\x2b\x06\x01\x05\x05\x07\x03\x02":         ekuClientAuth,
	"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02": "1.3.6.1.4.1.11129.2.4.2", // signed certificate timestamps
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01":     oidRSA,
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05":     "1.2.840.113549.1.1.5",
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b":     "1.2.840.113549.1.1.11",
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c":     "1.2.840.113549.1.1.12",
	"\x2a\x86\x48\xce\x3d\x02\x01":             oidECKey,
	"\x2a\x86\x48\xce\x3d\x04\x03\x02":         "1.2.840.10045.4.3.2",
	"\x2a\x86\x48\xce\x3d\x04\x03\x03":         "1.2.840.10045.4.3.3",
}

// OIDString writes the content of an OBJECT IDENTIFIER in dotted form; "" if it is malformed.
func OIDString(content []byte) string {
	if s, ok := common[string(content)]; ok {
		return s
	}
	var out []byte
	v, first := uint64(0), true
	for i, b := range content {
		if v > 1<<56 {
			return ""
		}
		v = v<<7 | uint64(b&0x7f)
		if b&0x80 != 0 {
			if i == len(content)-1 {
				return ""
			}
			continue
		}
		if first {
			root := min(v/40, 2)
			out = strconv.AppendUint(out, root, 10)
			v -= root * 40
			first = false
		}
		out = append(out, '.')
		out = strconv.AppendUint(out, v, 10)
		v = 0
	}
	return string(out)
}
