/* entry.c is the front door: each function of gossl.h that enters Go, with the check that the runtime is alive. */
#include "gossl.h"
#include "api.h"
#include "fault.h"
#include "fork.h"
#include "python.h"

#include <string.h>

#include "_cgo_export.h"

/* What a function returns where the runtime cannot be started, or, in a forked child, restarted. */
static int32_t unavailable(gossl_error *err) {
  int problem = runtime_problem();
  int32_t status = problem ? GOSSL_E_SYSCALL : GOSSL_E_FORKED;
  if (err) {
    memset(err, 0, sizeof *err);
    err->status = status;
    err->alert = -1;
    err->sys_errno = problem;
    strcpy(err->message, problem ? "gossl cannot start: too little address space or threads"
                                 : "gossl was in use when this process was forked, and cannot go on in the child: "
                                   "too little address space or threads, or not on this platform");
  }
  return status;
}

#define CALL(type, ready, name, params, args, failed)                 \
  API type gossl_##name params {                                      \
    return ready() ? go_##name args : (type)failed;                   \
  }
#define HOT(name, params, args) CALL(int64_t, runtime_ready, name, params, args, unavailable(0))
#define COLD(name, params, args) CALL(int32_t, runtime_ready, name, params, args, unavailable(err))

/* Where something begins: it looks whose SIGSEGV is. */
static int ready_to_begin(void) {
  if (!runtime_ready()) return 0;
  fault_check();
  return 1;
}

/* And with a connection that lasts, at every 64th call of a thread. */
static __thread uint32_t calls INITIAL_EXEC;
static inline int ready_again(void) {
  return __builtin_expect(++calls % 64 != 0, 1) ? runtime_ready() : ready_to_begin();
}

/* In a child that has not used gossl there is nothing to be freed that is worth a restart. */
#define FREE(name, type)                                                \
  API void gossl_##name(type handle) {                                  \
    if (handle && runtime_alive() && runtime_ready()) go_##name(handle);  \
  }

API int32_t gossl_abi_version(void) {
  runtime_ready();
  return GOSSL_ABI_VERSION;
}

HOT(version, (char *buf, size_t cap), (buf, cap))

CALL(int32_t, ready_to_begin, config_new, (int32_t method, gossl_config *out, gossl_error *err), (method, out, err),
     unavailable(err))
FREE(config_free, gossl_config)
COLD(config_set_int, (gossl_config c, int32_t what, int64_t value, gossl_error *err), (c, what, value, err))
COLD(config_get_int, (gossl_config c, int32_t what, int64_t *out, gossl_error *err), (c, what, out, err))
COLD(config_set, (gossl_config c, int32_t what, gossl_in *data, size_t n, gossl_error *err), (c, what, data, n, err))
HOT(config_get, (gossl_config c, int32_t what, uint8_t *buf, size_t cap), (c, what, buf, cap))
COLD(config_use_certificate,
     (gossl_config c, gossl_in *chain, size_t chain_len, gossl_in *key, size_t key_len, gossl_in *pass, size_t pass_len,
      gossl_error *err),
     (c, chain, chain_len, key, key_len, pass, pass_len, err))
COLD(config_add_anchors, (gossl_config c, gossl_in *data, size_t n, int32_t form, gossl_error *err),
     (c, data, n, form, err))
COLD(config_add_anchor_file, (gossl_config c, gossl_text *path, size_t n, gossl_error *err), (c, path, n, err))
COLD(config_add_system_anchors, (gossl_config c, gossl_text *path, size_t n, gossl_error *err), (c, path, n, err))
COLD(config_add_store, (gossl_config c, gossl_in *data, size_t n, gossl_error *err), (c, data, n, err))
HOT(system_anchors, (gossl_text *path, size_t n, uint8_t *buf, size_t cap), (path, n, buf, cap))
COLD(config_add_mozilla_anchors, (gossl_config c, gossl_error *err), (c, err))
COLD(config_add_anchor_dir, (gossl_config c, gossl_text *path, size_t n, gossl_error *err), (c, path, n, err))

COLD(conn_new, (gossl_config c, int32_t side, gossl_text *name, size_t n, gossl_conn *out, gossl_error *err),
     (c, side, name, n, out, err))
int32_t conn_make(uint64_t config, int32_t side, const char *name, size_t size, int32_t fd, struct bio *incoming,
                  struct bio *outgoing, uint64_t session, uint64_t *made) {
  if (!runtime_ready()) return unavailable(0);
  return go_conn_make(config, side, (gossl_text *)name, size, fd, incoming, outgoing, session, made);
}
FREE(conn_free, gossl_conn)
COLD(conn_set_fd, (gossl_conn c, int32_t fd, gossl_error *err), (c, fd, err))
COLD(conn_set_bio, (gossl_conn c, gossl_bio in, gossl_bio out, gossl_error *err), (c, in, out, err))
CALL(int64_t, ready_to_begin, conn_handshake, (gossl_conn c), (c), unavailable(0))
CALL(int64_t, ready_again, conn_read, (gossl_conn c, uint8_t *buf, size_t cap), (c, buf, cap), unavailable(0))
API int64_t gossl_python_read(gossl_conn c, uint8_t *buf, size_t cap) {
  return ready_again() ? go_conn_read_scratch(c, buf, cap) : (int64_t)unavailable(0);
}
CALL(int64_t, ready_again, conn_write, (gossl_conn c, gossl_in *data, size_t n), (c, data, n), unavailable(0))
HOT(conn_shutdown, (gossl_conn c), (c))
HOT(conn_pending, (gossl_conn c), (c))
COLD(conn_error, (gossl_conn c, gossl_error *err), (c, err))
COLD(conn_verify_post_handshake, (gossl_conn c, gossl_error *err), (c, err))
COLD(conn_key_update, (gossl_conn c, int32_t request_peer, gossl_error *err), (c, request_peer, err))
COLD(conn_set_config, (gossl_conn c, gossl_config config, gossl_error *err), (c, config, err))
COLD(conn_answer_sni, (gossl_conn c, int32_t alert, gossl_error *err), (c, alert, err))
COLD(conn_answer_psk, (gossl_conn c, gossl_in *id, size_t id_len, gossl_in *key, size_t key_len, gossl_error *err),
     (c, id, id_len, key, key_len, err))
HOT(conn_get_int, (gossl_conn c, int32_t what), (c, what))
HOT(conn_get, (gossl_conn c, int32_t what, uint8_t *buf, size_t cap), (c, what, buf, cap))
COLD(conn_export,
     (gossl_conn c, gossl_text *label, size_t label_len, gossl_in *context, size_t context_len, int32_t has_context,
      uint8_t *out, size_t n, gossl_error *err),
     (c, label, label_len, context, context_len, has_context, out, n, err))
HOT(conn_take_keylog, (gossl_conn c, uint8_t *buf, size_t cap), (c, buf, cap))
HOT(conn_take_trace, (gossl_conn c, uint8_t *buf, size_t cap), (c, buf, cap))

COLD(conn_session, (gossl_conn c, gossl_session *out, gossl_error *err), (c, out, err))
COLD(conn_set_session, (gossl_conn c, gossl_session s, gossl_error *err), (c, s, err))
FREE(session_free, gossl_session)
HOT(session_get_int, (gossl_session s, int32_t what), (s, what))
HOT(session_get, (gossl_session s, int32_t what, uint8_t *buf, size_t cap), (s, what, buf, cap))
COLD(session_import, (gossl_config c, gossl_in *data, size_t n, gossl_session *out, gossl_error *err),
     (c, data, n, out, err))

API int64_t gossl_cert_get(gossl_in *data, size_t n, int32_t what, uint8_t *buf, size_t cap, gossl_error *err) {
  return runtime_ready() ? go_cert_get(data, n, what, buf, cap, err) : unavailable(err);
}
API int64_t gossl_cert_make(gossl_text *names, size_t n, int64_t not_before, int64_t not_after, char *buf, size_t cap,
                            gossl_error *err) {
  return runtime_ready() ? go_cert_make(names, n, not_before, not_after, buf, cap, err) : unavailable(err);
}
HOT(object_by_nid, (int32_t nid, char *buf, size_t cap), (nid, buf, cap))
HOT(object_find, (gossl_text *text, size_t n, int32_t by_name, char *buf, size_t cap), (text, n, by_name, buf, cap))
HOT(verify_text, (int32_t verify, char *buf, size_t cap), (verify, buf, cap))
