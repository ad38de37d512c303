package core

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Run with -race: what connections of one Config share is shared by threads too.
func TestManyThreadsUseAConfigWhileAnotherReplacesIt(t *testing.T) {
	client, first, _ := configs(t, ecKey(t))
	var server atomic.Pointer[Config]
	server.Store(first)
	stop := make(chan struct{})
	var changer, users sync.WaitGroup
	changer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			c := server.Load().Copy()
			c.Options ^= OpNoTicket
			c.NumTickets = 1 + i%3
			server.Store(c)
			_, _ = c.TicketKeys()
			c.SessionStats()
			c.CACertificates()
		}
	})
	var failed atomic.Value
	for range 64 {
		users.Go(func() {
			for range 3 {
				c, err := NewConn(client, Client, "localhost")
				if err != nil {
					failed.Store(err)
					return
				}
				s, err := NewConn(server.Load(), Server, "")
				if err != nil {
					failed.Store(err)
					return
				}
				if err := errors.Join(shake(c, s)); err != nil {
					failed.Store(err)
					return
				}
			}
		})
	}
	users.Wait()
	close(stop)
	changer.Wait()
	require.Nil(t, failed.Load())
}
