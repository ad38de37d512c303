package core

import (
	"sync"
	"sync/atomic"

	"github.com/gossl/gossl/core/internal/alert"
)

// shared is what all connections of a Config, and all its clones, have in common: ticket keys, the cache of session
// IDs and the statistics. Its methods may be called by many threads at once.
//
// A process may be forked in the middle of any of them. So the ticket keys are replaced, never changed, and the cache,
// which may be lost, has a lock of its own.
type shared struct {
	stats counters

	keys     atomic.Pointer[[]*ticketKey] // newest first: seal with the first, open with all
	rotating sync.Mutex                   // held by whoever replaces the keys

	cache   sessionCache
	tickets ticketNames // for early data
}

// sessionCache is a server's sessions by their IDs, for clients without tickets.
type sessionCache struct {
	mu      sync.Mutex
	byID    map[string]*Session
	expires []string // IDs, oldest first
}

// AdoptOnce says that a child of fork has one copy, for all that refer to it.
func (*shared) AdoptOnce() {}

// Interrupted says that the keys are whole though somebody was about to replace them.
func (*shared) Interrupted() {}

// Interrupted empties a cache that was being changed.
func (c *sessionCache) Interrupted() { c.byID, c.expires = nil, nil }

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
	s.cache.mu.Lock()
	number := int64(len(s.cache.byID))
	s.cache.mu.Unlock()
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
	c := &s.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = make(map[string]*Session)
	}
	if len(c.expires) >= maxCachedSessions {
		s.stats.cacheFull.Add(1)
		delete(c.byID, c.expires[0])
		c.expires = c.expires[1:]
	}
	id := string(sess.id)
	c.byID[id] = sess
	c.expires = append(c.expires, id)
}

// cacheGet returns the live session of that ID, or nil.
func (s *shared) cacheGet(id []byte, now int64) *Session {
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	sess := s.cache.byID[string(id)]
	if sess == nil {
		s.stats.misses.Add(1)
		return nil
	}
	if sess.expired(now) {
		s.stats.timeouts.Add(1)
		delete(s.cache.byID, string(id))
		return nil
	}
	return sess
}

// cacheDrop forgets a session: a connection of it failed (RFC 5246 section 7.2.2), or it may be used only once.
func (s *shared) cacheDrop(id []byte) {
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	delete(s.cache.byID, string(id))
}

// TicketKeys returns the secret keys that seal session tickets, newest first, for SetTicketKeys in another process.
func (c *Config) TicketKeys() ([]byte, error) {
	l, err := c.shared.ticketKeys(c)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, k := range l {
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
	s.rotating.Lock()
	defer s.rotating.Unlock()
	s.keys.Store(&l)
	return nil
}
