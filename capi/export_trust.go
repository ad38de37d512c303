package main

/*
#include "gossl.h"
*/
import "C"

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/gossl/gossl/core"
)

//export go_config_add_anchors
func go_config_add_anchors(handle C.gossl_config, data *C.gossl_in, n C.size_t, form C.int32_t, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		b, e := slice(data, n)
		switch {
		case e != nil:
			return e
		case form == C.GOSSL_PEM:
			return c.AddAnchorsPEM(bytes.Clone(b))
		case form == C.GOSSL_DER:
			return c.AddAnchorsDER(bytes.Clone(b))
		}
		return argumentError("form is neither GOSSL_PEM nor GOSSL_DER")
	})
}

//export go_config_add_anchor_file
func go_config_add_anchor_file(handle C.gossl_config, path *C.gossl_text, n C.size_t, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		name, e := text(path, n)
		if e != nil {
			return e
		}
		p, e := poolOf(name)
		if e != nil {
			return e
		}
		c.AddPool(p)
		return nil
	})
}

//export go_config_add_anchor_dir
func go_config_add_anchor_dir(handle C.gossl_config, path *C.gossl_text, n C.size_t, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		name, e := text(path, n)
		if e != nil {
			return e
		}
		for _, dir := range filepath.SplitList(name) {
			if dir != "" {
				c.AddLookup(directory(dir))
			}
		}
		return nil
	})
}

// fileState tells a file that has changed from one that has not.
type fileState struct {
	size, mtime int64
	inode       uint64
}

// pools has one parsed pool for each file that was loaded, for all configs of the process.
var pools = struct {
	sync.Mutex
	byPath map[string]cachedPool
}{byPath: map[string]cachedPool{}}

type cachedPool struct {
	state fileState
	pool  *core.Pool
}

// poolOf returns the pool of a file, parsed anew if the file has changed.
func poolOf(path string) (*core.Pool, error) {
	state, err := stateOf(path)
	if err != nil {
		return nil, err
	}
	pools.Lock()
	defer pools.Unlock()
	if c, ok := pools.byPath[path]; ok && c.state == state {
		return c.pool, nil
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	p, err := core.NewPool(data)
	if err != nil {
		return nil, err
	}
	pools.byPath[path] = cachedPool{state, p}
	return p, nil
}

func stateOf(path string) (fileState, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return fileState{}, err
	}
	return fileState{st.Size, st.Mtim.Nano(), st.Ino}, nil
}

// directory is a directory of PEM files named by the hash of the subject: "1234abcd.0", and "1234abcd.r0" for CRLs.
type directory string

// maxSameHash bounds how many files of one hash are looked at.
const maxSameHash = 100

// Certificates reads the certificates of that hash.
func (d directory) Certificates(subjectHash uint32) [][]byte { return d.read(subjectHash, "") }

// CRLs reads the CRLs of that hash.
func (d directory) CRLs(issuerHash uint32) [][]byte { return d.read(issuerHash, "r") }

func (d directory) read(hash uint32, prefix string) [][]byte {
	var found [][]byte
	for i := range maxSameHash {
		data, err := readFile(filepath.Join(string(d), fmt.Sprintf("%08x.%s%d", hash, prefix, i)))
		if err != nil {
			break
		}
		certs, crls, err := core.ReadBundle(data)
		if err != nil {
			continue
		}
		if prefix == "" {
			found = append(found, certs...)
		} else {
			found = append(found, crls...)
		}
	}
	return found
}
