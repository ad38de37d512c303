package core_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/gossl/gossl/core"
	"github.com/stretchr/testify/require"
)

func TestDevelopmentCertificateIsForItsNamesAndNoCA(t *testing.T) {
	made, err := core.NewDevelopmentCertificate([]string{"localhost", "*.dev.test", "127.0.0.1", "::1"}, 1_700_000_000, 1_700_086_400)
	require.NoError(t, err)
	block, rest := pem.Decode(made)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	for _, name := range []string{"localhost", "a.dev.test", "127.0.0.1", "::1"} {
		require.NoError(t, cert.VerifyHostname(name))
	}
	require.Error(t, cert.VerifyHostname("dev.test"))
	require.False(t, cert.IsCA)
	require.Equal(t, "localhost", cert.Subject.CommonName)
	require.Equal(t, [2]int64{1_700_000_000, 1_700_086_400}, [2]int64{cert.NotBefore.Unix(), cert.NotAfter.Unix()})
	block, rest = pem.Decode(rest)
	require.Empty(t, rest)
	_, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	config, err := core.NewConfig(core.MethodTLSServer)
	require.NoError(t, err)
	require.NoError(t, config.UseCertificate(made, nil, nil))

	other, err := core.NewDevelopmentCertificate([]string{"localhost"}, 0, 1)
	require.NoError(t, err)
	require.NotEqual(t, made, other)
}

func TestDevelopmentCertificateRefusesBadNamesAndTimes(t *testing.T) {
	for _, names := range [][]string{nil, {""}, {"a b"}, {"a..b"}, {"-a"}, {"a\x00b"}, {"*"}, {"a.*"}, {"ä.test"}} {
		_, err := core.NewDevelopmentCertificate(names, 0, 1)
		require.Error(t, err, "%q", names)
	}
	for _, times := range [][2]int64{{2, 1}, {0, 1 << 62}, {-1 << 62, 0}} {
		_, err := core.NewDevelopmentCertificate([]string{"a"}, times[0], times[1])
		require.Error(t, err, times)
	}
}
