package main

/*
#include "gossl.h"
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/gossl/gossl/core"
)

// version is that of pyproject.toml; build_library.py sets it.
var version = "devel"

// config is a core.Config that is never changed: a setter replaces it by a changed copy, so that whoever reads it, and
// a child that is forked meanwhile, sees one setting or the other and waits for nobody.
type config struct {
	mu      sync.Mutex // of setters
	current atomic.Pointer[core.Config]
	panics  atomic.Int32 // GOSSL_CONFIG_TEST_PANIC
}

// Interrupted says that a fork in the middle of a setter leaves the config as it was before.
func (*config) Interrupted() {}

var configs = slab[config]{kind: kindConfig}

// heapFloor is address space that is never touched: it counts as live, so that a process with few connections collects
// after 8 MB of garbage, and not after each 2 MB, which is every thirty handshakes. Memory it is not.
const heapFloor = 16 << 20

// floor fits the runtime to connections. The first one calls it, since it stops the runtime and makes the collector run.
//
// A thread that has been in Go keeps one of the runtime's places for running Go until it is back. Where no place is free
// the runtime takes such a place away after 20 microseconds, has a thread that wakes up as often to do so, and lets threads
// wait for one another. With a place more than there are processors one is free. With many more, the collector would run
// in all of them.
var floor = sync.OnceValue(func() []byte {
	runtime.GOMAXPROCS(runtime.NumCPU() + 1)
	debug.SetGCPercent(garbage)
	return make([]byte, heapFloor)
})

// go_start is the first call into a runtime. What the environment says about the runtimes of Go programs was not said
// for this one; to set what does not matter before there are connections would stop the runtime all the same. generation
// is 1, and more in forked children.
//
//export go_start
func go_start(generation uint32) {
	if garbage < 0 || os.Getenv("GOGC") != "" {
		debug.SetGCPercent(garbage)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		debug.SetMemoryLimit(math.MaxInt64)
	}
	if generation > 1 {
		inheritHandles()
	}
}

//export go_version
func go_version(buf *C.char, cap C.size_t) C.int64_t {
	return give(fmt.Appendf(nil, "gossl %s (%s)", version, runtime.Version()), unsafe.Pointer(buf), cap)
}

// withConfig runs f, which changes nothing, on the config of a handle.
func withConfig(handle C.gossl_config, err *C.gossl_error, f func(*core.Config) error) (status C.int32_t) {
	defer guard(&status, err)
	k := configs.get(uint64(handle))
	if k == nil {
		return report(err, configs.missing(uint64(handle)))
	}
	return report(err, f(k.current.Load()))
}

// changeConfig runs f on a copy of the config of a handle, which takes its place unless f fails.
func changeConfig(handle C.gossl_config, err *C.gossl_error, f func(*core.Config) error) (status C.int32_t) {
	defer guard(&status, err)
	k := configs.get(uint64(handle))
	if k == nil {
		return report(err, configs.missing(uint64(handle)))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	changed := k.current.Load().Copy()
	if e := f(changed); e != nil {
		return report(err, e)
	}
	changed.Freeze()
	k.current.Store(changed)
	return report(err, nil)
}

//export go_config_new
func go_config_new(method C.int32_t, out *C.gossl_config, err *C.gossl_error) (status C.int32_t) {
	defer guard(&status, err)
	if out == nil {
		return report(err, argumentError("out_config is NULL"))
	}
	c, e := core.NewConfig(core.Method(method))
	if e != nil {
		return report(err, e)
	}
	made := &config{}
	c.Freeze()
	made.current.Store(c)
	*out = C.gossl_config(configs.add(made))
	return report(err, nil)
}

//export go_config_free
func go_config_free(handle C.gossl_config) { configs.remove(uint64(handle)) }

//export go_config_set_int
func go_config_set_int(handle C.gossl_config, what C.int32_t, value C.int64_t, err *C.gossl_error) C.int32_t {
	if what == C.GOSSL_CONFIG_TEST_PANIC {
		return setPanics(handle, int32(value), err)
	}
	return changeConfig(handle, err, func(c *core.Config) error { return setInt(c, what, int64(value)) })
}

func setPanics(handle C.gossl_config, how int32, err *C.gossl_error) C.int32_t {
	k := configs.get(uint64(handle))
	if k == nil {
		return report(err, configs.missing(uint64(handle)))
	}
	k.panics.Store(how)
	return report(err, nil)
}

func setInt(c *core.Config, what C.int32_t, v int64) error {
	switch what {
	case C.GOSSL_CONFIG_OPTIONS:
		c.Options = core.Options(v)
	case C.GOSSL_CONFIG_MIN_VERSION:
		return c.SetMinVersion(int(v))
	case C.GOSSL_CONFIG_MAX_VERSION:
		return c.SetMaxVersion(int(v))
	case C.GOSSL_CONFIG_VERIFY_MODE:
		if v < 0 || v > 2 {
			return argumentError("invalid value for verify_mode")
		}
		c.VerifyMode = core.VerifyMode(v)
	case C.GOSSL_CONFIG_VERIFY_FLAGS:
		return c.SetVerifyFlags(uint64(v))
	case C.GOSSL_CONFIG_HOST_FLAGS:
		c.HostFlags = uint32(v)
	case C.GOSSL_CONFIG_SECURITY_LEVEL:
		return c.SetSecurityLevel(int(v))
	case C.GOSSL_CONFIG_NUM_TICKETS:
		if v < 0 || v > 255 {
			return argumentError("number of tickets is out of range")
		}
		c.NumTickets = int(v)
	case C.GOSSL_CONFIG_VERIFY_DEPTH:
		if v < 0 || v > 1000 {
			return argumentError("depth is out of range")
		}
		c.VerifyDepth = int(v)
	case C.GOSSL_CONFIG_SESSION_TIMEOUT:
		if v <= 0 || v > 1<<31 {
			return argumentError("timeout is out of range")
		}
		c.SessionTimeout = v
	default:
		return setBool(c, what, v)
	}
	return nil
}

func setBool(c *core.Config, what C.int32_t, v int64) error {
	fields := map[C.int32_t]*bool{
		C.GOSSL_CONFIG_CHECK_HOSTNAME: &c.CheckHostname, C.GOSSL_CONFIG_POST_HANDSHAKE_AUTH: &c.PostHandshakeAuth,
		C.GOSSL_CONFIG_ASK_SNI: &c.AskSNI, C.GOSSL_CONFIG_ASK_PSK_CLIENT: &c.AskPSKClient,
		C.GOSSL_CONFIG_ASK_PSK_SERVER: &c.AskPSKServer, C.GOSSL_CONFIG_KEYLOG: &c.KeyLog, C.GOSSL_CONFIG_TRACE: &c.Trace,
	}
	f := fields[what]
	if f == nil {
		return argumentError("no such setting")
	}
	if v != 0 && v != 1 {
		return argumentError("setting takes 0 or 1")
	}
	*f = v == 1
	return nil
}

//export go_config_get_int
func go_config_get_int(handle C.gossl_config, what C.int32_t, out *C.int64_t, err *C.gossl_error) C.int32_t {
	return withConfig(handle, err, func(c *core.Config) error {
		v, ok := getInt(c, what)
		if !ok || out == nil {
			return argumentError("no such setting, or out_value is NULL")
		}
		*out = C.int64_t(v)
		return nil
	})
}

func getInt(c *core.Config, what C.int32_t) (int64, bool) {
	switch what {
	case C.GOSSL_CONFIG_OPTIONS:
		return int64(c.Options), true
	case C.GOSSL_CONFIG_MIN_VERSION:
		return int64(c.MinVersion()), true
	case C.GOSSL_CONFIG_MAX_VERSION:
		return int64(c.MaxVersion()), true
	case C.GOSSL_CONFIG_VERIFY_MODE:
		return int64(c.VerifyMode), true
	case C.GOSSL_CONFIG_VERIFY_FLAGS:
		return int64(c.VerifyFlags()), true
	case C.GOSSL_CONFIG_HOST_FLAGS:
		return int64(c.HostFlags), true
	case C.GOSSL_CONFIG_CHECK_HOSTNAME:
		return flag(c.CheckHostname), true
	case C.GOSSL_CONFIG_SECURITY_LEVEL:
		return int64(c.SecurityLevel()), true
	case C.GOSSL_CONFIG_NUM_TICKETS:
		return int64(c.NumTickets), true
	case C.GOSSL_CONFIG_POST_HANDSHAKE_AUTH:
		return flag(c.PostHandshakeAuth), true
	case C.GOSSL_CONFIG_VERIFY_DEPTH:
		return int64(c.VerifyDepth), true
	case C.GOSSL_CONFIG_SESSION_TIMEOUT:
		return c.SessionTimeout, true
	}
	if what >= C.GOSSL_CONFIG_STORE_X509 && what <= C.GOSSL_CONFIG_STORE_CRL {
		certs, crls, cas := c.StoreStats()
		return [...]int64{int64(certs), int64(cas), int64(crls)}[what-C.GOSSL_CONFIG_STORE_X509], true
	}
	if what >= C.GOSSL_CONFIG_STAT_NUMBER && what <= C.GOSSL_CONFIG_STAT_CACHE_FULL {
		s := c.SessionStats()
		return [...]int64{
			s.Number, s.Connect, s.ConnectGood, s.ConnectRenegotiate, s.Accept, s.AcceptGood, s.AcceptRenegotiate,
			s.Hits, s.Misses, s.Timeouts, s.CacheFull,
		}[what-C.GOSSL_CONFIG_STAT_NUMBER], true
	}
	return 0, false
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

//export go_config_set
func go_config_set(handle C.gossl_config, what C.int32_t, data *C.gossl_in, n C.size_t, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		b, e := slice(data, n)
		if e != nil {
			return e
		}
		return setBytes(c, what, b)
	})
}

func setBytes(c *core.Config, what C.int32_t, b []byte) error {
	switch what {
	case C.GOSSL_CONFIG_CIPHERS:
		return c.SetCiphers(string(b))
	case C.GOSSL_CONFIG_CIPHERSUITES:
		return c.SetCiphersuites(string(b))
	case C.GOSSL_CONFIG_GROUPS:
		return c.SetGroups(string(b))
	case C.GOSSL_CONFIG_ECDH_CURVE:
		return c.SetECDHCurve(string(b))
	case C.GOSSL_CONFIG_CLIENT_SIGALGS:
		return c.SetClientSigalgs(string(b))
	case C.GOSSL_CONFIG_SERVER_SIGALGS:
		return c.SetSigalgs(string(b))
	case C.GOSSL_CONFIG_ALPN:
		return c.SetALPN(b)
	case C.GOSSL_CONFIG_PSK_HINT:
		c.PSKHint = append([]byte(nil), b...)
		return nil
	case C.GOSSL_CONFIG_TICKET_KEYS:
		return c.SetTicketKeys(b)
	case C.GOSSL_CONFIG_DH_PARAMS:
		return c.SetDHParams(b)
	}
	return argumentError("no such setting")
}

//export go_config_get
func go_config_get(handle C.gossl_config, what C.int32_t, buf *C.uint8_t, cap C.size_t) (n C.int64_t) {
	defer guardCount(&n)
	var data []byte
	status := withConfig(handle, nil, func(c *core.Config) (e error) {
		data, e = getBytes(c, what)
		return e
	})
	if status != C.GOSSL_OK {
		return C.int64_t(status)
	}
	return give(data, unsafe.Pointer(buf), cap)
}

func getBytes(c *core.Config, what C.int32_t) ([]byte, error) {
	switch what {
	case C.GOSSL_CONFIG_GET_CIPHERS:
		return json.Marshal(cipherList(c.Ciphers()))
	case C.GOSSL_CONFIG_GET_CA_CERTIFICATES:
		return list(c.CACertificates()), nil
	case C.GOSSL_CONFIG_GET_GROUPS, C.GOSSL_CONFIG_GET_GROUPS_ALIASES:
		return []byte(strings.Join(c.ImplementedGroups(what == C.GOSSL_CONFIG_GET_GROUPS_ALIASES), ":")), nil
	case C.GOSSL_CONFIG_GET_SIGALGS:
		return []byte(strings.Join(c.Sigalgs(), ":")), nil
	case C.GOSSL_CONFIG_TICKET_KEYS:
		return c.TicketKeys()
	}
	return nil, argumentError("no such setting")
}

// cipher is an entry of SSLContext.get_ciphers().
type cipher struct {
	ID           uint32  `json:"id"`
	Name         string  `json:"name"`
	Protocol     string  `json:"protocol"`
	Description  string  `json:"description"`
	StrengthBits int     `json:"strength_bits"`
	AlgBits      int     `json:"alg_bits"`
	AEAD         bool    `json:"aead"`
	Symmetric    *string `json:"symmetric"`
	Digest       *string `json:"digest"`
	Kea          string  `json:"kea"`
	Auth         string  `json:"auth"`
}

func cipherList(l []core.CipherInfo) []cipher {
	out := make([]cipher, len(l))
	for i, c := range l {
		out[i] = cipher{c.ID, c.Name, c.Protocol, c.Description, c.StrengthBits, c.AlgBits, c.AEAD,
			orNull(c.Symmetric), orNull(c.Digest), c.KeyExchange, c.Auth}
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

//export go_config_use_certificate
func go_config_use_certificate(handle C.gossl_config, chain *C.gossl_in, chainLen C.size_t, key *C.gossl_in,
	keyLen C.size_t, password *C.gossl_in, passwordLen C.size_t, err *C.gossl_error) C.int32_t {
	return changeConfig(handle, err, func(c *core.Config) error {
		chainPEM, e1 := slice(chain, chainLen)
		keyPEM, e2 := slice(key, keyLen)
		pass, e3 := slice(password, passwordLen)
		for _, e := range []error{e1, e2, e3} {
			if e != nil {
				return e
			}
		}
		var ask func() ([]byte, error)
		if password != nil {
			ask = func() ([]byte, error) { return pass, nil }
		}
		return c.UseCertificate(chainPEM, keyPEM, ask)
	})
}
