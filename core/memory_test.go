package core

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Go's allocator has places of 1,152 bytes, then of 1,280, and keeps 8 of them for itself.
func TestConnFitsItsPlace(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Conn{}), uintptr(1152-8))
}
