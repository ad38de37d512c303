package core

import (
	"sync"
	"sync/atomic"

	"github.com/gossl/gossl/core/internal/alert"
)

// shared is what all connections of a Config, and all its clones, have in common: ticket keys, the cache of session
// IDs and the statistics. Its methods may be called by many threads at once.
type shared struct {
	stats counters

	mu      sync.Mutex
	keys    []*ticketKey // newest first: seal with the first, open with all
	cache   map[string]*Session
	expires []string // IDs of the cache, oldest first
}

func newShared() *shared { return &shared{} }

// Stats are the counters of SSLContext.session_stats, OpenSSL's SSL_CTX_sess_*.
type Stats struct {
	Number                                   int64 // sessions in the cache
	Connect, ConnectGood, ConnectRenegotiate int64
	Accept, AcceptGood, AcceptRenegotiate    int64
	Hits, Misses, Timeouts, CacheFull        int64
}

type counters struct {
	connect, connectGood, accept, acceptGood, hits, misses, timeouts, cacheFull atomic.Int64
}

// SessionStats returns the counters of all connections that were made from the Config.
func (c *Config) SessionStats() Stats {
	s := c.shared
	s.mu.Lock()
	number := int64(len(s.cache))
	s.mu.Unlock()
	n := &s.stats
	return Stats{
		Number: number, Connect: n.connect.Load(), ConnectGood: n.connectGood.Load(), Accept: n.accept.Load(),
		AcceptGood: n.acceptGood.Load(), Hits: n.hits.Load(), Misses: n.misses.Load(),
		Timeouts: n.timeouts.Load(), CacheFull: n.cacheFull.Load(),
	}
}

// countStart counts a connection of that side whose handshake begins.
func (s *shared) countStart(side Side) {
	if side == Client {
		s.stats.connect.Add(1)
		return
	}
	s.stats.accept.Add(1)
}

// countGood counts a connection whose handshake is complete.
func (s *shared) countGood(side Side, resumed bool) {
	if side == Client {
		s.stats.connectGood.Add(1)
	} else {
		s.stats.acceptGood.Add(1)
	}
	if resumed {
		s.stats.hits.Add(1)
	}
}

// maxCachedSessions is OpenSSL's SSL_SESSION_CACHE_MAX_SIZE_DEFAULT.
const maxCachedSessions = 1024 * 20

// cachePut remembers a server's session by its ID, for clients without tickets.
func (s *shared) cachePut(sess *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache == nil {
		s.cache = make(map[string]*Session)
	}
	if len(s.expires) >= maxCachedSessions {
		s.stats.cacheFull.Add(1)
		delete(s.cache, s.expires[0])
		s.expires = s.expires[1:]
	}
	id := string(sess.id)
	s.cache[id] = sess
	s.expires = append(s.expires, id)
}

// cacheGet returns the live session of that ID, or nil.
func (s *shared) cacheGet(id []byte, now int64) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	sess := s.cache[string(id)]
	if sess == nil {
		s.stats.misses.Add(1)
		return nil
	}
	if sess.expired(now) {
		s.stats.timeouts.Add(1)
		delete(s.cache, string(id))
		return nil
	}
	return sess
}

// cacheDrop forgets a session: a connection of it failed (RFC 5246 section 7.2.2), or it may be used only once.
func (s *shared) cacheDrop(id []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cache, string(id))
}

// TicketKeys returns the secret keys that seal session tickets, newest first, for SetTicketKeys in another process.
func (c *Config) TicketKeys() ([]byte, error) {
	s := c.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rotate(c); err != nil {
		return nil, err
	}
	var out []byte
	for _, k := range s.keys {
		out = k.append(out)
	}
	return out, nil
}

// SetTicketKeys replaces the keys that seal session tickets, for this Config and its clones. Servers that share keys
// resume one another's sessions.
func (c *Config) SetTicketKeys(exported []byte) error {
	if len(exported) == 0 || len(exported)%ticketKeyLen != 0 {
		return misuse(alert.ReasonInvalidTicketKeysLength, "ticket keys have a wrong length")
	}
	var l []*ticketKey
	for ; len(exported) > 0; exported = exported[ticketKeyLen:] {
		k, err := parseTicketKey(exported[:ticketKeyLen])
		if err != nil {
			return err
		}
		l = append(l, k)
	}
	s := c.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = l
	return nil
}
