package core_test

import (
	"fmt"
	"io"
	"net"

	"github.com/gossl/gossl/core"
	"github.com/gossl/gossl/core/internal/testcert"
)

// transport moves bytes between a core.Conn and a net.Conn: all that a blocking program needs.
type transport struct {
	tls *core.Conn
	raw net.Conn
}

// do runs an operation until it needs nothing more, and sends what it has to say.
func (t transport) do(op func() (int, error)) (int, error) {
	buf := make([]byte, 16<<10)
	for {
		n, err := op()
		if out := t.tls.Out(); out.Len() > 0 {
			if _, werr := t.raw.Write(out.Bytes()); werr != nil {
				return n, werr
			}
			out.Consume(out.Len())
		}
		if err != core.ErrWantRead {
			return n, err
		}
		got, rerr := t.raw.Read(buf)
		_, _ = t.tls.In().Write(buf[:got])
		if rerr == io.EOF {
			t.tls.InputEnded()
		} else if rerr != nil {
			return 0, rerr
		}
	}
}

func (t transport) handshake() error {
	_, err := t.do(func() (int, error) { return 0, t.tls.Handshake() })
	return err
}

// A client and a server over net.Conn. The client demands a certificate for "localhost" of the test authority.
func Example() {
	chain, key, authority := testcert.Localhost()
	serverConfig, _ := core.NewConfig(core.MethodTLSServer)
	if err := serverConfig.UseCertificate(chain, key, nil); err != nil {
		fmt.Println(err)
	}
	clientConfig, _ := core.NewConfig(core.MethodTLSClient)
	if err := clientConfig.AddAnchorsPEM(authority); err != nil {
		fmt.Println(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer listener.Close()

	served := make(chan struct{})
	go func() {
		defer close(served)
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		defer raw.Close()
		conn, _ := core.NewConn(serverConfig, core.Server, "")
		s := transport{conn, raw}
		if err := s.handshake(); err != nil {
			fmt.Println("server:", err)
			return
		}
		buf := make([]byte, 100)
		n, _ := s.do(func() (int, error) { return conn.Read(buf) })
		_, _ = s.do(func() (int, error) { return conn.Write(append([]byte("you said "), buf[:n]...)) })
	}()

	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer raw.Close()
	conn, _ := core.NewConn(clientConfig, core.Client, "localhost")
	c := transport{conn, raw}
	if err := c.handshake(); err != nil {
		fmt.Println("client:", err)
		return
	}
	_, _ = c.do(func() (int, error) { return conn.Write([]byte("hello")) })
	buf := make([]byte, 100)
	n, _ := c.do(func() (int, error) { return conn.Read(buf) })
	<-served
	fmt.Println(core.VersionName(conn.Version()), conn.Cipher().Name)
	fmt.Println(string(buf[:n]))
	// Output:
	// TLSv1.3 TLS_AES_256_GCM_SHA384
	// you said hello
}
