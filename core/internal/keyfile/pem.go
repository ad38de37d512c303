// Package keyfile owns the forms in which users have keys and certificates: PEM and DER, PKCS#1, SEC1, PKCS#8 with and
// without encryption, PKCS#12, Diffie-Hellman parameters. It takes bytes, never files, and reports OpenSSL's reasons.
package keyfile

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/gossl/gossl/core/internal/alert"
)

// Block is one PEM block.
type Block struct {
	Type    string
	Headers map[string]string
	Bytes   []byte
}

var (
	beginMark = []byte("-----BEGIN ")
	endMark   = []byte("-----END ")
	dashes    = []byte("-----")
)

// NextBlock reads the first PEM block of data, past any text before it, as OpenSSL does: what begins must end, and be
// base64 between. Without a block the error is NO_START_LINE.
func NextBlock(data []byte) (*Block, []byte, error) {
	for len(data) > 0 {
		line, rest := cutLine(data)
		if name, ok := markName(line, beginMark); ok {
			return readBlock(name, rest)
		}
		data = rest
	}
	return nil, nil, noStartLine()
}

func noStartLine() error {
	return alert.Input(alert.LibPEM, alert.ReasonPEMNoStartLine, "no PEM block of the kind that is needed")
}

func badPEM(reason alert.Reason, text string) error { return alert.Input(alert.LibPEM, reason, text) }

// cutLine returns the first line without its end.
func cutLine(data []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(data, []byte("\n"))
	return bytes.TrimRight(line, " \t\r"), rest
}

func markName(line, mark []byte) (string, bool) {
	if !bytes.HasPrefix(line, mark) || !bytes.HasSuffix(line, dashes) || len(line) < len(mark)+len(dashes) {
		return "", false
	}
	return string(line[len(mark) : len(line)-len(dashes)]), true
}

func readBlock(name string, data []byte) (*Block, []byte, error) {
	b := &Block{Type: name, Headers: map[string]string{}}
	var text []byte
	inHeaders := bytes.IndexByte(firstLine(data), ':') >= 0
	for len(data) > 0 {
		line, rest := cutLine(data)
		data = rest
		if end, ok := markName(line, endMark); ok {
			if end != name {
				break
			}
			der, err := base64.StdEncoding.DecodeString(string(text))
			if err != nil || len(der) == 0 {
				return nil, nil, badPEM(alert.ReasonPEMBadBase64, "PEM block is not base64")
			}
			b.Bytes = der
			return b, data, nil
		}
		switch {
		case inHeaders && len(line) == 0:
			inHeaders = false
		case inHeaders:
			if key, value, ok := strings.Cut(string(line), ":"); ok {
				b.Headers[key] = strings.TrimSpace(value)
			}
		default:
			text = append(text, bytes.Map(dropSpace, line)...)
		}
	}
	return nil, nil, badPEM(alert.ReasonPEMBadEndLine, "PEM block does not end as it begins")
}

func firstLine(data []byte) []byte {
	line, _ := cutLine(data)
	return line
}

func dropSpace(r rune) rune {
	if r == ' ' || r == '\t' {
		return -1
	}
	return r
}
