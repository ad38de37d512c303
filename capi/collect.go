//go:build !valgrind

package main

// garbage of this many percent of the live heap starts a collection, whatever GOGC says. Go's default is 100; half of
// that is what many idle connections leave lying about, and with heapFloor few connections have as much as with 100.
const garbage = 50
