package core

import (
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/wire"
)

// Certificate compression (RFC 8879).

// CertCompressor is an algorithm of certificate compression. Its functions may be called by many goroutines at once.
type CertCompressor struct {
	ID       uint16 // of IANA's registry: 1 zlib, 2 brotli, 3 zstd
	Compress func(message []byte) ([]byte, error)
	// Decompress gives at most size bytes; the engine refuses any other number than size.
	Decompress func(compressed []byte, size int) ([]byte, error)
}

func (c *Config) compressionIDs() []uint16 {
	var ids []uint16
	for _, a := range c.CertCompressors {
		ids = append(ids, a.ID)
	}
	return ids
}

func (c *Config) compressor(id uint16) *CertCompressor {
	for i := range c.CertCompressors {
		if c.CertCompressors[i].ID == id {
			return &c.CertCompressors[i]
		}
	}
	return nil
}

// certificateBody returns the body of a Certificate message, which may have come compressed.
func (c *Conn) certificateBody(m *message) ([]byte, error) {
	if m.typ != wire.TypeCompressedCertificate || len(c.cfg.CertCompressors) == 0 {
		return m.body, m.want(wire.TypeCertificate)
	}
	cc, err := wire.UnmarshalCompressedCertificate(m.body)
	if err != nil {
		return nil, err
	}
	algorithm := c.cfg.compressor(cc.Algorithm)
	switch {
	case algorithm == nil:
		return nil, alert.Misbehaved(alert.ReasonInvalidCompressionAlgorithm, alert.IllegalParameter,
			"certificate is compressed in a way that we did not offer")
	case cc.Length > c.cfg.MaxCertList:
		return nil, alert.Misbehaved(alert.ReasonExcessiveMessageSize, alert.BadCertificate, "compressed certificate is too long")
	}
	body, err := algorithm.Decompress(cc.Compressed, cc.Length)
	if err != nil || len(body) != cc.Length { // RFC 8879 section 4
		return nil, alert.Misbehaved(alert.ReasonBadDecompression, alert.BadCertificate, "certificate does not decompress")
	}
	return body, nil
}

// sendCertificate13 sends a Certificate message, compressed if both sides know how.
func (c *Conn) sendCertificate13(t *keys.Transcript, msg *wire.Certificate13) error {
	for i := range c.cfg.CertCompressors {
		a := &c.cfg.CertCompressors[i]
		if !contains(c.info.compression, a.ID) {
			continue
		}
		raw, err := msg.Marshal()
		if err != nil {
			return err
		}
		body := raw[handshakeHeaderLen:]
		compressed, err := a.Compress(body)
		if err != nil {
			return err
		}
		return c.sendMessage(t, &wire.CompressedCertificate{Algorithm: a.ID, Length: len(body), Compressed: compressed})
	}
	return c.sendMessage(t, msg)
}
