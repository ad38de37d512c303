package main

import "syscall"

// stateOf tells one state of a file from another.
func stateOf(path string) (fileState, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return fileState{}, err
	}
	return fileState{st.Size, st.Mtim.Nano(), st.Ctim.Nano(), st.Dev, st.Ino}, nil
}
