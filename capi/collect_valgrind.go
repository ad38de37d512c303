//go:build valgrind

package main

// The collector is off where valgrind watches: Go tells it of a block that is used again without having told it that the
// block was free, and valgrind stops at two blocks in one place.
const garbage = -1
