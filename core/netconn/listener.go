package netconn

import (
	"net"

	"github.com/gossl/gossl/core"
)

type listener struct {
	net.Listener
	cfg *core.Config
}

// NewListener makes every connection that inner accepts a TLS connection. The handshake is the connection's, so that a
// slow client keeps nobody from being accepted.
func NewListener(inner net.Listener, cfg *core.Config) net.Listener { return &listener{inner, cfg} }

func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Server(raw, l.cfg)
}
