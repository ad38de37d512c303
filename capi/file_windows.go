package main

/*
#cgo CFLAGS: -Wno-dll-attribute-on-redeclaration
#cgo LDFLAGS: -lws2_32
*/
import "C"

import "os"

func readFile(path string) ([]byte, error) { return os.ReadFile(path) }

// stateOf tells one state of a file from another.
func stateOf(path string) (fileState, error) {
	st, err := os.Stat(path)
	if err != nil {
		return fileState{}, err
	}
	return fileState{st.Size(), st.ModTime().UnixNano(), 0, 0, 0}, nil
}
