/* bio.c owns the memory queues: a table of them with generations, so that a stale handle is an error. Nothing here
   enters Go. */
#include "bio.h"
#include "api.h"
#include "fork.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_BIO = 4, FIRST_CAP = 512 };

typedef struct slot {
  bio *queue;
  uint32_t generation;
  uint32_t next_free;
} slot;

static KEPT struct {
  pthread_mutex_t lock;
  slot *slots;
  uint32_t len, cap, free_list; /* free_list is index + 1 */
} table = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0};

static gossl_bio handle_of(uint32_t index, uint32_t generation) {
  return (uint64_t)KIND_BIO << 56 | (uint64_t)(generation & 0xffffff) << 32 | index;
}

/* The slot of a handle, or NULL; table.lock is held. */
static slot *find(gossl_bio handle) {
  uint32_t index = (uint32_t)handle;
  if (handle >> 56 != KIND_BIO || index >= table.len) return NULL;
  slot *s = &table.slots[index];
  if (!s->queue || handle != handle_of(index, s->generation)) return NULL;
  return s;
}

bio *bio_ref(gossl_bio handle) {
  pthread_mutex_lock(&table.lock);
  slot *s = find(handle);
  bio *b = s ? s->queue : NULL;
  if (b) b->refs++;
  pthread_mutex_unlock(&table.lock);
  return b;
}

void bio_hold(bio *b) {
  pthread_mutex_lock(&table.lock);
  b->refs++;
  pthread_mutex_unlock(&table.lock);
}

void bio_unref(bio *b) {
  pthread_mutex_lock(&table.lock);
  int last = --b->refs == 0;
  pthread_mutex_unlock(&table.lock);
  if (!last) return;
  free(b->data);
  free(b);
}

int bio_lock(bio *b) {
  uint32_t us = fork_process(), holder;
  for (;;) {
    holder = 0;
    if (__atomic_compare_exchange_n(&b->lock, &holder, us, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return 1;
    if (holder != us) return 0;
    sched_yield();
  }
}

void bio_unlock(bio *b) { __atomic_store_n(&b->lock, 0, __ATOMIC_RELEASE); }

/* The memory of queues that have become empty, for the next ones: an idle queue has none. A piece of memory carries its
   size in its first bytes while it is here. */
enum { SPARES = 16, LARGEST_SPARE = 1 << 18, MOST_OVER = 4 };
static KEPT void *spares[SPARES];

static void spare(void *data, size_t cap) {
  if (cap >= FIRST_CAP && cap <= LARGEST_SPARE) {
    memcpy(data, &cap, sizeof cap);
    for (int i = 0; i < SPARES && data; i++) {
      void *none = NULL;
      if (__atomic_compare_exchange_n(&spares[i], &none, data, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) data = NULL;
    }
  }
  free(data);
}

/* Memory of at least *need bytes, and how many they are; NULL if there is none. */
static void *obtain(size_t *need) {
  for (int i = 0; i < SPARES; i++) {
    if (!__atomic_load_n(&spares[i], __ATOMIC_RELAXED)) continue;
    void *data = __atomic_exchange_n(&spares[i], NULL, __ATOMIC_ACQ_REL);
    if (!data) continue;
    size_t cap;
    memcpy(&cap, data, sizeof cap);
    if (cap >= *need && cap / MOST_OVER <= *need) {
      *need = cap;
      return data;
    }
    free(data); /* too small for what goes on here, or so large that it would be wasted on a queue that stays */
  }
  return malloc(*need);
}

int bio_reserve(bio *b, size_t need) {
  if (need <= b->cap) return 1;
  if (need < FIRST_CAP) need = FIRST_CAP;
  uint8_t *data = obtain(&need);
  if (!data) return 0;
  if (b->data) {
    memcpy(data, b->data, b->cap);
    spare(b->data, b->cap);
  }
  b->data = data;
  b->cap = need;
  return 1;
}

void bio_rest(bio *b) {
  if (b->start != b->end || !b->data) return;
  spare(b->data, b->cap);
  b->data = NULL;
  b->cap = b->start = b->end = 0;
}

void bio_trim(bio *b) {
  size_t queued = b->end - b->start;
  uint8_t *data = queued && b->cap / MOST_OVER > queued ? malloc(queued) : NULL;
  if (!data) return;
  memcpy(data, b->data + b->start, queued);
  spare(b->data, b->cap);
  b->data = data;
  b->cap = b->end = queued;
  b->start = 0;
}

/* Room for n more bytes behind the queued ones. */
static int make_room(bio *b, size_t n) {
  if (b->cap - b->end >= n) return 1;
  size_t queued = b->end - b->start;
  if (b->start > 0) {
    memmove(b->data, b->data + b->start, queued);
    b->start = 0;
    b->end = queued;
    if (b->cap - b->end >= n) return 1;
  }
  size_t need = b->cap * 2;
  if (need < FIRST_CAP) need = FIRST_CAP;
  if (need < queued + n) need = queued + n;
  return bio_reserve(b, need);
}

#ifndef _WIN32
/* A child finds the table whole: no thread is at work on it while the process is forked. */
static void lock_table(void) { pthread_mutex_lock(&table.lock); }
static void unlock_table(void) { pthread_mutex_unlock(&table.lock); }

__attribute__((constructor(102))) static void guard_table(void) {
  pthread_atfork(lock_table, unlock_table, unlock_table);
}
#endif

int64_t bio_add(bio *b, const uint8_t *data, size_t n) {
  if (!make_room(b, n)) return GOSSL_E_SYSCALL;
  if (n) memcpy(b->data + b->end, data, n);
  b->end += n;
  return (int64_t)n;
}

int64_t bio_take(bio *b, uint8_t *into, size_t most) {
  size_t n = b->end - b->start;
  if (n > most) n = most;
  if (n) memcpy(into, b->data + b->start, n);
  b->start += n;
  bio_rest(b);
  return (int64_t)n;
}

static int64_t torn(bio *b) {
  bio_unref(b);
  return GOSSL_E_FORKED;
}

static void fail(gossl_error *err, int32_t status, const char *message) {
  if (!err) return;
  memset(err, 0, sizeof *err);
  err->status = status;
  err->alert = -1;
  strncpy(err->message, message, sizeof err->message - 1);
}

#ifdef __GLIBC__
/* Who drives connections by queues, as asyncio does, has buffers of its own beside them: 256 KiB for each connection
   there, and all of what is written at once, some times over. glibc gives the end of its heap back to the kernel when more
   is free there than twice the largest block that was ever mapped and freed again. Where that is one of those buffers,
   each connection, or each large write, takes hundreds of page faults to have them anew: a fifth of the time of a short
   connection, a third of that of a MiB. So a larger block is mapped and freed once. What a program has set itself
   (M_TRIM_THRESHOLD and the like) goes on. What may stay free is KEPT_HEAP, but in each of glibc's arenas, of which threads
   have one each, up to eight for each processor: no more than what a MiB there and back takes. */
enum { KEPT_HEAP = 1 << 22 };
static KEPT int heap_is_kept;

static void keep_heap(void) {
  if (__atomic_exchange_n(&heap_is_kept, 1, __ATOMIC_RELAXED)) return;
  void *volatile block = malloc(KEPT_HEAP / 2); /* never touched */
  free(block);
}
#else
static void keep_heap(void) {}
#endif

API int32_t gossl_bio_new(gossl_bio *out, gossl_error *err) {
  if (!out) {
    fail(err, GOSSL_E_ARGUMENT, "out_bio is NULL");
    return GOSSL_E_ARGUMENT;
  }
  keep_heap();
  bio *b = calloc(1, sizeof *b);
  pthread_mutex_lock(&table.lock);
  uint32_t index = table.free_list - 1;
  if (b && table.free_list) {
    table.free_list = table.slots[index].next_free;
  } else if (b) {
    if (table.len == table.cap) {
      uint32_t cap = table.cap ? 2 * table.cap : 64;
      slot *slots = realloc(table.slots, cap * sizeof *slots);
      if (slots) {
        table.slots = slots;
        table.cap = cap;
      }
    }
    index = table.len;
    if (table.len < table.cap) {
      table.slots[table.len++] = (slot){0, 1, 0};
    } else {
      free(b);
      b = NULL;
    }
  }
  if (b) {
    b->refs = 1;
    table.slots[index].queue = b;
    *out = handle_of(index, table.slots[index].generation);
  }
  pthread_mutex_unlock(&table.lock);
  if (!b) fail(err, GOSSL_E_SYSCALL, "out of memory");
  return b ? GOSSL_OK : GOSSL_E_SYSCALL;
}

API void gossl_bio_free(gossl_bio handle) {
  pthread_mutex_lock(&table.lock);
  slot *s = find(handle);
  bio *b = s ? s->queue : NULL;
  if (s) {
    s->queue = NULL;
    s->generation++;
    s->next_free = table.free_list;
    table.free_list = (uint32_t)handle + 1;
  }
  pthread_mutex_unlock(&table.lock);
  if (b) bio_unref(b);
}

API int64_t gossl_bio_write(gossl_bio handle, gossl_in *data, size_t len) {
  if (!data && len) return GOSSL_E_ARGUMENT;
  bio *b = bio_ref(handle);
  if (!b) return GOSSL_E_HANDLE;
  if (!bio_lock(b)) return torn(b);
  int64_t n = bio_add(b, data, len);
  bio_unlock(b);
  bio_unref(b);
  return n;
}

API int64_t gossl_bio_read(gossl_bio handle, uint8_t *buf, size_t cap) {
  if (!buf && cap) return GOSSL_E_ARGUMENT;
  bio *b = bio_ref(handle);
  if (!b) return GOSSL_E_HANDLE;
  if (!bio_lock(b)) return torn(b);
  int64_t n = bio_take(b, buf, cap);
  bio_unlock(b);
  bio_unref(b);
  return n;
}

API int64_t gossl_bio_pending(gossl_bio handle) {
  bio *b = bio_ref(handle);
  if (!b) return GOSSL_E_HANDLE;
  if (!bio_lock(b)) return torn(b);
  int64_t n = (int64_t)(b->end - b->start);
  bio_unlock(b);
  bio_unref(b);
  return n;
}

API int64_t gossl_bio_write_eof(gossl_bio handle) {
  bio *b = bio_ref(handle);
  if (!b) return GOSSL_E_HANDLE;
  if (!bio_lock(b)) return torn(b);
  b->closed = 1;
  bio_unlock(b);
  bio_unref(b);
  return GOSSL_OK;
}

API int64_t gossl_bio_is_closed(gossl_bio handle) {
  bio *b = bio_ref(handle);
  if (!b) return GOSSL_E_HANDLE;
  if (!bio_lock(b)) return torn(b);
  int64_t closed = b->closed;
  bio_unlock(b);
  bio_unref(b);
  return closed;
}
