// Command peers is a TLS client and server on Go's crypto/tls, for the interop tests.
//
//	peers server CERT KEY VERSION         prints its port, then answers every connection
//	peers client PORT CA VERSION          prints what the server answers
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 5 {
		log.Fatal("usage: peers server CERT KEY VERSION | peers client PORT CA VERSION")
	}
	v := versions[os.Args[4]]
	config := &tls.Config{MinVersion: v, MaxVersion: v}
	if os.Args[1] == "server" {
		serve(config)
		return
	}
	fetch(config)
}

func serve(config *tls.Config) {
	cert, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	config.Certificates = []tls.Certificate{cert}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1000)); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello\n")
		}
		_ = c.Close()
	}
}

func fetch(config *tls.Config) {
	pem, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(pem)
	c, err := tls.Dial("tcp", "localhost:"+os.Args[2], config)
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	if _, err := io.Copy(os.Stdout, c); err != nil {
		log.Fatal(err)
	}
}
