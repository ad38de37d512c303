package main

// This file owns the two locks of a connection, each held for one call, in which nothing waits for the peer.
//
//	                      reading  writing
//	read over a socket       x        -     takes writing as well when it finds more than data (Exclude)
//	write over a socket      -        x     if it only seals data (core.Conn.WritesAlone); else, from the start, both
//	read, write over queues  x        -     these share their queues, which are locked as one
//	all else                 x        x
//
// reading is taken before writing. Nobody takes reading while holding writing: a writer that finds that it needs both
// lets go, takes both, and looks again. What each lock protects says conn.

// lock takes both.
func (k *conn) lock() {
	k.reading.Lock()
	k.writing.Lock()
	k.whole = true
}

// unlock gives back reading, and writing if that was taken too.
func (k *conn) unlock() {
	if k.whole {
		k.whole = false
		k.writing.Unlock()
	}
	k.reading.Unlock()
}

// Exclude is core.Excluder's: whoever is reading takes the other lock too, until unlock.
func (k *conn) Exclude() {
	if !k.whole && k.in == nil {
		k.writing.Lock()
		k.whole = true
	}
}

// lockToRead takes what a read begins with.
func (k *conn) lockToRead() {
	k.reading.Lock()
	if k.unsent.Load() {
		k.Exclude()
	}
}

// lockToWrite takes what a write needs that is not one of data alone.
func (k *conn) lockToWrite() {
	k.reading.Lock()
	k.Exclude()
}
