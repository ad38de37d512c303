package object

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjectsAreFoundByEveryName(t *testing.T) {
	want := Object{129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"}
	for _, text := range []string{"serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"} {
		got, ok := Find(text, true)
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	got, ok := ByNID(129)
	require.True(t, ok)
	require.Equal(t, want, got)
}

func TestUnknownObjectsAreRefused(t *testing.T) {
	for _, text := range []string{"", "serverauth", "1.2.3.4", "1."} {
		_, ok := Find(text, true)
		require.False(t, ok, text)
	}
	_, ok := Find("serverAuth", false)
	require.False(t, ok)
	for _, nid := range []int{-1, 0, 100000} {
		_, ok := ByNID(nid)
		require.False(t, ok, nid)
	}
}
