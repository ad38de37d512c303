/* bio.h: memory queues, in C memory, so that neither side copies more than it has to and no pointer of Go's is kept. */
#ifndef GOSSL_BIO_H
#define GOSSL_BIO_H

#include "gossl.h"

typedef struct bio {
  uint8_t *data;
  size_t cap, start, end; /* data[start:end] is queued */
  int32_t closed;         /* write_eof was called */
  uint32_t lock;          /* a spin lock, held for one operation: 0, or the process (fork.h) that holds it */
  uint32_t refs;          /* the handle's and one for each connection */
} bio;

/* Takes a reference to the queue of a handle; NULL if there is none. */
bio *bio_ref(gossl_bio handle);
/* Takes one more. */
void bio_hold(bio *b);
void bio_unref(bio *b);
/* 0 if the queue cannot be used: another thread was at work on it when this process was forked. */
int bio_lock(bio *b);
void bio_unlock(bio *b);
/* How much is queued, without the lock: for a guess at how much there will be to do. */
static inline int64_t bio_queued(const bio *b) {
  int64_t start = (int64_t)__atomic_load_n(&b->start, __ATOMIC_RELAXED);
  int64_t end = (int64_t)__atomic_load_n(&b->end, __ATOMIC_RELAXED);
  return end > start ? end - start : 0;
}
/* Makes cap at least need; 0 if there is no memory. */
int bio_reserve(bio *b, size_t need);
/* Gives the memory of an empty queue away. */
void bio_rest(bio *b);
/* Leaves a queue that little is in with no more memory than that takes. */
void bio_trim(bio *b);
/* Adds to the queue, takes from it: the lock is held. A count, or GOSSL_E_SYSCALL without memory. */
int64_t bio_add(bio *b, const uint8_t *data, size_t n);
int64_t bio_take(bio *b, uint8_t *into, size_t most);

#endif
