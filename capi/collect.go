//go:build !valgrind

package main

// garbage of this many percent of the live heap starts a collection: Go's default, whatever GOGC says.
const garbage = 100
