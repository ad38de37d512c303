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
	b := &Block{Type: name}
	body := b.readHeaders(data)
	for at := 0; at < len(body); {
		next := bytes.Index(body[at:], endMark)
		if next < 0 {
			break
		}
		at += next
		line, rest := cutLine(body[at:])
		end, ok := markName(line, endMark)
		if !ok || at > 0 && body[at-1] != '\n' {
			at += len(endMark)
			continue
		}
		if end != name {
			break
		}
		if b.Bytes = decode(body[:at]); len(b.Bytes) == 0 {
			return nil, nil, badPEM(alert.ReasonPEMBadBase64, "PEM block is not base64")
		}
		return b, rest, nil
	}
	return nil, nil, badPEM(alert.ReasonPEMBadEndLine, "PEM block does not end as it begins")
}

// readHeaders reads the lines before an empty one, if the first looks like a header, and returns what is behind.
func (b *Block) readHeaders(data []byte) (body []byte) {
	if line, _ := cutLine(data); bytes.IndexByte(line, ':') < 0 {
		return data
	}
	b.Headers = map[string]string{}
	for len(data) > 0 {
		line, rest := cutLine(data)
		if _, isEnd := markName(line, endMark); isEnd {
			return data
		}
		data = rest
		if len(line) == 0 {
			return data
		}
		if key, value, ok := strings.Cut(string(line), ":"); ok {
			b.Headers[key] = strings.TrimSpace(value)
		}
	}
	return nil
}

// decode decodes base64 with spaces and ends of lines anywhere; nil if it is none.
func decode(text []byte) []byte {
	der := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(der, text) // passes over ends of lines
	if err != nil && bytes.ContainsAny(text, " \t") {
		n, err = base64.StdEncoding.Decode(der, bytes.Map(dropSpace, text))
	}
	if err != nil {
		return nil
	}
	return der[:n]
}

func dropSpace(r rune) rune {
	if r == ' ' || r == '\t' {
		return -1
	}
	return r
}
