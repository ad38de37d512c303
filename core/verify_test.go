package core

import (
	"testing"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/pki"
	"github.com/stretchr/testify/require"
)

func TestRefusedCertificateIsNamedByItsDepth(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		host  string
		spoil func(client *Config)
		code  alert.VerifyCode
		depth int
		chain int
	}{
		"unknown issuer": {"localhost", func(c *Config) { c.store = pki.NewStore() }, alert.VerifyUnableToGetIssuerLocally, 0, 1},
		"expired anchor": {"localhost", func(c *Config) { c.Now = now.Add(2 * time.Hour).Unix }, alert.VerifyCertHasExpired, 1, 2},
		"another name":   {"elsewhere.test", func(*Config) {}, alert.VerifyHostnameMismatch, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			client, server, _ := configsAt(t, now)
			c.spoil(client)
			conn, err := NewConn(client, Client, c.host)
			require.NoError(t, err)
			peer, err := NewConn(server, Server, "")
			require.NoError(t, err)
			err, _ = shake(conn, peer)
			require.Error(t, err)
			require.Equal(t, int(c.code), conn.VerifyResult())
			require.Equal(t, c.depth, conn.VerifyDepth())
			require.Len(t, conn.VerifiedChain(), c.chain)
			require.Zero(t, conn.Version())
			require.EqualValues(t, VersionTLS13, conn.ChosenVersion())
		})
	}
}
