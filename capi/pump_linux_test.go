package main

import (
	"bytes"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gossl/gossl/core"
)

// overSocket is a connection's two ends over a socket, whose queues are in memory of the test's.
type overSocket struct {
	client, server *conn
	memory         map[*conn]*[2][]byte // of the input and the output
}

func connectOverSocket(t *testing.T) *overSocket {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fds[0]); _ = syscall.Close(fds[1]) })
	pem, err := core.NewDevelopmentCertificate([]string{"localhost"}, 0, 1<<32)
	require.NoError(t, err)
	server, err := core.NewConfig(core.MethodTLSServer)
	require.NoError(t, err)
	require.NoError(t, server.UseCertificate(pem, nil, nil))
	client, err := core.NewConfig(core.MethodTLS)
	require.NoError(t, err)
	o := &overSocket{memory: map[*conn]*[2][]byte{}}
	o.client = o.end(t, client, core.Client, fds[0])
	o.server = o.end(t, server, core.Server, fds[1])
	for _, k := range []*conn{o.client, o.server, o.client, o.server} {
		if err := k.step(); err != nil {
			require.ErrorIs(t, err, core.ErrWantRead)
		}
	}
	return o
}

func (o *overSocket) end(t *testing.T, cfg *core.Config, side core.Side, fd int) *conn {
	c, err := core.NewConn(cfg, side, "")
	require.NoError(t, err)
	k, mem := &conn{fd: int32(fd), c: c}, &[2][]byte{}
	for i, q := range []*core.Buffer{c.In(), c.Out()} {
		mem[i] = make([]byte, bufferLen)
		q.Grow = func([]byte, int) []byte { return mem[i] }
	}
	c.SetExclusive(k)
	o.memory[k] = mem
	return k
}

func (k *conn) step() error {
	k.lock()
	defer k.unlock()
	_, err := k.handshake()
	return err
}

func (k *conn) readLocking(p []byte) (int, error) {
	k.lockToRead()
	defer k.unlock()
	return k.read(p, (*core.Conn).Read)
}

// pass writes data in as many pieces as it takes, and reads it into p.
func (o *overSocket) pass(t *testing.T, data, p []byte) {
	for sent, got := 0, 0; got < len(data); {
		if sent < len(data) {
			n, err := o.client.write(data[sent:])
			if err != nil && err != errWantWrite {
				t.Fatal(err)
			}
			sent += n
		}
		n, err := o.server.readLocking(p[got:])
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
}

func TestAReadAndAWriteOverASocketAllocateNothing(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "four records": 1 << 16, "many": 1 << 20} {
		o := connectOverSocket(t)
		data, p := make([]byte, size), make([]byte, size+1)
		o.pass(t, data, p)
		require.Zero(t, testing.AllocsPerRun(20, func() { o.pass(t, data, p) }), name)
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	o := connectOverSocket(t)
	o.pass(t, make([]byte, 100), make([]byte, 1000)) // and the tickets
	p := make([]byte, 1000)
	var err error
	require.Zero(t, testing.AllocsPerRun(20, func() {
		var n int
		n, err = o.server.readLocking(p)
		_ = o.server.outcome(n, err)
		_ = statusOf(err)
	}))
	require.Equal(t, core.ErrWantRead, err)
}

func TestRecordsAreOpenedStraightIntoTheCallersMemory(t *testing.T) {
	o := connectOverSocket(t)
	word := []byte("a word that is nowhere else")
	data := bytes.Repeat(word, 1<<16/len(word))
	p := make([]byte, len(data)+1)
	o.pass(t, data, p)
	require.True(t, bytes.Equal(data, p[:len(data)]))
	for _, mem := range o.memory {
		require.False(t, bytes.Contains(mem[0], word), "the input queue holds plaintext")
		require.False(t, bytes.Contains(mem[1], word), "the output queue holds plaintext")
	}
}

func TestAnIdleConnectionHasNoMemoryForData(t *testing.T) {
	o := connectOverSocket(t)
	o.pass(t, make([]byte, 1<<16), make([]byte, 1<<16+1))
	for _, k := range []*conn{o.client, o.server} {
		for _, q := range []*core.Buffer{k.c.In(), k.c.Out()} {
			mem, _, _ := q.Mem()
			require.Empty(t, mem)
		}
	}
}

// Run with -race. What has come is compared; a third goroutine changes keys.
func TestBothEndsAreReadAndWrittenAtOnceWhileKeysChange(t *testing.T) {
	o := connectOverSocket(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var all sync.WaitGroup
	var left atomic.Int32
	ends := []*conn{o.client, o.server}
	for _, k := range ends {
		left.Add(2)
		all.Go(func() {
			defer left.Add(-1)
			for sent := 0; sent < len(data); {
				n, err := k.write(data[sent:])
				if err != nil && err != errWantWrite {
					t.Error(err)
					return
				}
				sent += n
			}
		})
		all.Go(func() {
			defer left.Add(-1)
			got, p := 0, make([]byte, 1<<16)
			for got < len(data) {
				n, err := k.readLocking(p)
				if err != nil && err != core.ErrWantRead || !bytes.Equal(p[:n], data[got:got+n]) {
					t.Error(n, err)
					return
				}
				got += n
			}
		})
	}
	for left.Load() == 4 {
		for _, k := range ends {
			k.lock()
			_, err := k.run(func() (int, error) { return 0, k.c.KeyUpdate(true) })
			k.unlock()
			if err != nil && err != errWantWrite {
				t.Error(err)
			}
		}
		time.Sleep(time.Millisecond)
	}
	all.Wait()
}
