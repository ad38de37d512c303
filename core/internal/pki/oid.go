package pki

import "strconv"

// OIDString writes the content of an OBJECT IDENTIFIER in dotted form; "" if it is malformed.
func OIDString(content []byte) string {
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
