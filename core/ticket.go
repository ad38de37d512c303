package core

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"io"
)

// A ticket is name (16) | nonce (12) | AES-256-GCM(session), with the name as additional data: RFC 5077 section 4's
// recommended form with an AEAD in place of CBC and HMAC.
const (
	ticketNameLen  = 16
	ticketNonceLen = 12
	ticketKeyLen   = ticketNameLen + 32 + 8 // name, key, time of birth
)

// TicketSealer keeps session tickets under keys, or in a form, of the caller's. Its methods may be called by many
// goroutines at once.
type TicketSealer interface {
	// SealTicket encrypts and authenticates a session (Session.Export's form). A nil ticket means that none is sent.
	SealTicket(session []byte) (ticket []byte, err error)
	// OpenTicket returns the session of a ticket, nil if it is not one of ours. With renew the client gets a new ticket.
	OpenTicket(ticket []byte) (session []byte, renew bool)
}

func (c *Config) sealTicket(session []byte) ([]byte, error) {
	if c.Tickets != nil {
		return c.Tickets.SealTicket(session)
	}
	return c.shared.sealTicket(c, session)
}

func (c *Config) openTicket(ticket []byte) (session []byte, renew bool) {
	if c.Tickets != nil {
		return c.Tickets.OpenTicket(ticket)
	}
	return c.shared.openTicket(ticket), false
}

type ticketKey struct {
	name [ticketNameLen]byte
	key  [32]byte
	born int64
	aead cipher.AEAD
}

func (k *ticketKey) append(b []byte) []byte {
	b = append(append(b, k.name[:]...), k.key[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(k.born))
}

func parseTicketKey(b []byte) (*ticketKey, error) {
	k := &ticketKey{born: int64(binary.BigEndian.Uint64(b[ticketNameLen+32:]))}
	copy(k.name[:], b)
	copy(k.key[:], b[ticketNameLen:])
	return k, k.prepare()
}

func (k *ticketKey) prepare() error {
	block, err := aes.NewCipher(k.key[:])
	if err != nil {
		return err
	}
	k.aead, err = cipher.NewGCM(block)
	return err
}

// ticketKeys returns the keys, of which the first is young enough to seal with: a key seals for one session lifetime and
// opens for two, so that no ticket dies before its session.
func (s *shared) ticketKeys(c *Config) ([]*ticketKey, error) {
	if l := s.currentKeys(); s.isYoung(c, l) {
		return l, nil
	}
	s.rotating.Lock()
	defer s.rotating.Unlock()
	if l := s.currentKeys(); s.isYoung(c, l) {
		return l, nil
	}
	return s.rotate(c)
}

func (s *shared) currentKeys() []*ticketKey {
	if p := s.keys.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *shared) isYoung(c *Config, l []*ticketKey) bool {
	return len(l) > 0 && c.Now()-l[0].born < c.SessionTimeout
}

// rotate puts a new key in front and drops the keys that open nothing any more. s.rotating is held.
func (s *shared) rotate(c *Config) ([]*ticketKey, error) {
	now, life := c.Now(), c.SessionTimeout
	k := &ticketKey{born: now}
	if _, err := io.ReadFull(c.Rand, k.name[:]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(c.Rand, k.key[:]); err != nil {
		return nil, err
	}
	if err := k.prepare(); err != nil {
		return nil, err
	}
	live := []*ticketKey{k}
	for _, old := range s.currentKeys() {
		if now-old.born < 2*life {
			live = append(live, old)
		}
	}
	s.keys.Store(&live)
	return live, nil
}

// sealTicket encrypts a session for the client to keep.
func (s *shared) sealTicket(c *Config, session []byte) ([]byte, error) {
	l, err := s.ticketKeys(c)
	if err != nil {
		return nil, err
	}
	k := l[0]
	t := make([]byte, ticketNameLen+ticketNonceLen, ticketNameLen+ticketNonceLen+len(session)+k.aead.Overhead())
	copy(t, k.name[:])
	if _, err := io.ReadFull(c.Rand, t[ticketNameLen:]); err != nil {
		return nil, err
	}
	return k.aead.Seal(t, t[ticketNameLen:], session, k.name[:]), nil
}

// openTicket decrypts a ticket. It returns nil for one that is not ours, was changed, or whose key is gone.
func (s *shared) openTicket(ticket []byte) []byte {
	if len(ticket) < ticketNameLen+ticketNonceLen {
		return nil
	}
	name, nonce := ticket[:ticketNameLen], ticket[ticketNameLen:ticketNameLen+ticketNonceLen]
	for _, k := range s.currentKeys() {
		if subtle.ConstantTimeCompare(name, k.name[:]) != 1 {
			continue
		}
		plain, err := k.aead.Open(nil, nonce, ticket[ticketNameLen+ticketNonceLen:], k.name[:])
		if err != nil {
			return nil
		}
		return plain
	}
	return nil
}
