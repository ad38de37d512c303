package core

import "github.com/gossl/gossl/core/internal/record"

// TraceEvent is one event of Config.Trace: what OpenSSL's message callback reports.
type TraceEvent struct {
	Written     bool
	Version     uint16
	ContentType uint16 // 20-23, TraceHeader or TraceInnerType
	Data        []byte
}

// OpenSSL's pseudo content types for the five bytes of a record header and for the inner content type of TLS 1.3.
const (
	TraceHeader    = 256
	TraceInnerType = 257
)

// TakeTrace returns the events since the last call.
func (c *Conn) TakeTrace() []TraceEvent {
	t := c.trace
	c.trace = nil
	return t
}

// traceHeader reports the version that the record header says, the others the connection's.
func (c *Conn) traceHeader(written bool, rec []byte) {
	if c.cfg.Trace {
		c.addTrace(written, record.ParseHeader(rec).Version, TraceHeader, rec[:record.HeaderLen])
	}
}

func (c *Conn) traceInner(written bool, typ record.ContentType) {
	if c.cfg.Trace {
		c.addTrace(written, c.traceVersion(), TraceInnerType, []byte{byte(typ)})
	}
}

func (c *Conn) traceMessage(written bool, typ record.ContentType, data []byte) {
	if c.cfg.Trace {
		c.addTrace(written, c.traceVersion(), uint16(typ), data)
	}
}

func (c *Conn) addTrace(written bool, version, contentType uint16, data []byte) {
	c.trace = append(c.trace, TraceEvent{written, version, contentType, append([]byte(nil), data...)})
}

// traceVersion is the version that events carry: before one is negotiated, OpenSSL's is the highest allowed.
func (c *Conn) traceVersion() uint16 {
	if c.version != 0 {
		return c.version
	}
	if v := c.cfg.versions(); len(v) > 0 {
		return v[0]
	}
	return VersionTLS12
}
