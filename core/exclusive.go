package core

// After the handshake a Conn has two halves: Read opens records and Write seals them. Nearly always neither needs anything
// of the other's:
//
//	of Read     In, the reading keys, plaintext not read yet, what limits a peer, close_notify received
//	of Write    Out, the writing keys, close_notify sent
//	of both     the fatal error, state and open decision, what is asked for after the handshake, key update due, session, trace
//
// What is of both is changed by whoever has both halves, and so can be looked at by whoever has one. Read finds out that
// it needs both when it has opened a record of something else than data, or has failed; it asks for the other one then.
// Write asks before it begins.

// Excluder gives a Conn that is being read its other half.
type Excluder interface {
	// Exclude returns when no Write is under way. None may begin until the call of the Conn that asked has returned.
	// It is called any number of times in one call.
	Exclude()
}

// SetExclusive allows a Read, PeerError, Pending, Ready or NeedInput in one goroutine while another one is in a Write for
// which WritesAlone was true. All other calls, and all other Writes, still need the whole Conn.
func (c *Conn) SetExclusive(e Excluder) { c.exclusive = e }

// WritesAlone reports whether the next Write does nothing but seal data, which cannot fail.
func (c *Conn) WritesAlone() bool {
	return c.done && c.err == nil && !c.sentClose && !c.cfg.Trace && len(c.flight) == 0 && c.wr.SealsSurely() &&
		!c.mustSpeakFirst()
}

// alone is called by what may be part of a Read, before it touches what is not Read's.
func (c *Conn) alone() {
	if c.exclusive != nil {
		c.exclusive.Exclude()
	}
}
