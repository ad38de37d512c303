package core

import "encoding/hex"

// Labels of the NSS key log format (draft-ietf-tls-keylogfile).
const (
	keyLogClientRandom    = "CLIENT_RANDOM"
	keyLogClientEarly     = "CLIENT_EARLY_TRAFFIC_SECRET"
	keyLogClientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
	keyLogServerHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	keyLogClientTraffic   = "CLIENT_TRAFFIC_SECRET_0"
	keyLogServerTraffic   = "SERVER_TRAFFIC_SECRET_0"
	keyLogExporter        = "EXPORTER_SECRET"
)

// TakeKeyLog returns the key log lines since the last call, each with its newline. They are secrets.
func (c *Conn) TakeKeyLog() []byte {
	l := c.keyLog
	c.keyLog = nil
	return l
}

func (c *Conn) logKey(label string, clientRandom, secret []byte) {
	if !c.cfg.KeyLog {
		return
	}
	c.keyLog = append(append(c.keyLog, label...), ' ')
	c.keyLog = append(hex.AppendEncode(c.keyLog, clientRandom), ' ')
	c.keyLog = append(hex.AppendEncode(c.keyLog, secret), '\n')
}
