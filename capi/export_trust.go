package main

/*
#include "gossl.h"
*/
import "C"

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"unsafe"

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
		p, e := filePools.of(name)
		if e != nil {
			return e
		}
		c.AddPool(p)
		return nil
	})
}

//export go_config_add_system_anchors
func go_config_add_system_anchors(handle C.gossl_config, path *C.gossl_text, n C.size_t, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		name, e := text(path, n)
		if e != nil {
			return e
		}
		p, e := storePools.of(name)
		if e != nil {
			return e
		}
		c.AddPool(p)
		return nil
	})
}

// memoryPool is the pool of the store that was last given as bytes.
var memoryPool struct {
	mu   sync.Mutex
	pem  []byte
	pool *core.Pool
}

//export go_config_add_store
func go_config_add_store(handle C.gossl_config, data *C.gossl_in, n C.size_t, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		pem, e := slice(data, n)
		if e != nil {
			return e
		}
		m := &memoryPool
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.pool == nil || !bytes.Equal(m.pem, pem) {
			m.pem = bytes.Clone(pem)
			m.pool = core.NewStorePool(m.pem)
		}
		c.AddPool(m.pool)
		return nil
	})
}

// storeReport is what gossl_system_anchors says of a file.
type storeReport struct {
	Certificates int            `json:"certificates"`
	CRLs         int            `json:"crls"`
	Skipped      []skippedEntry `json:"skipped"`
}

type skippedEntry struct {
	Entry int    `json:"entry"`
	Why   string `json:"why"`
}

//export go_system_anchors
func go_system_anchors(path *C.gossl_text, n C.size_t, buf *C.uint8_t, cap C.size_t) (count C.int64_t) {
	defer guardCount(&count)
	name, e := text(path, n)
	if e != nil {
		return C.GOSSL_E_ARGUMENT
	}
	p := mozilla()
	if name != "" {
		if p, e = storePools.of(name); e != nil {
			return C.GOSSL_E_SYSCALL
		}
	}
	r := storeReport{Skipped: []skippedEntry{}}
	r.Certificates, r.CRLs = p.Len()
	for _, s := range p.Skipped() {
		r.Skipped = append(r.Skipped, skippedEntry{s.Entry, s.Why})
	}
	data, e := json.Marshal(r)
	if e != nil {
		return C.GOSSL_E_PANIC
	}
	return give(data, unsafe.Pointer(buf), cap)
}

// mozilla is the pool of all configs that want it.
var mozilla = sync.OnceValue(core.MozillaPool)

//export go_config_add_mozilla_anchors
func go_config_add_mozilla_anchors(handle C.gossl_config, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		c.AddPool(mozilla())
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
	size, mtime, ctime int64 // a program may set mtime, but not ctime
	device, inode      uint64
}

// pools has one parsed pool for each file that was loaded, for all configs of the process.
type pools struct {
	parse func(data []byte) (*core.Pool, error)

	mu     sync.Mutex
	byPath map[string]cachedPool
}

type cachedPool struct {
	state fileState
	pool  *core.Pool
}

var (
	filePools  = pools{parse: core.NewPool}
	storePools = pools{parse: func(data []byte) (*core.Pool, error) { return core.NewStorePool(data), nil }}
)

// of returns the pool of a file, parsed anew if the file has changed.
func (p *pools) of(path string) (*core.Pool, error) {
	state, err := stateOf(path)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.byPath[path]; ok && c.state == state {
		return c.pool, nil
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := p.parse(data)
	if err != nil {
		return nil, err
	}
	if p.byPath == nil {
		p.byPath = map[string]cachedPool{}
	}
	p.byPath[path] = cachedPool{state, pool}
	return pool, nil
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
