/* gossl.h: TLS for C without OpenSSL. One header, one library, non-blocking.
 *
 * Conventions, once for all functions
 * -----------------------------------
 * Names      gossl_<type>_<verb>. The object comes first, then inputs, outputs last.
 * Handles    are integers. A stale, foreign or zero handle gives GOSSL_E_HANDLE, never a crash. Each _new gives a
 *            handle that its _free gives back; _free of 0 or of a freed handle does nothing.
 * Slices     (pointer, length). (NULL, 0) is the empty slice; NULL with a length is GOSSL_E_ARGUMENT. Text is UTF-8
 *            with its length, without a NUL. Pointers are borrowed for the call only, never kept, unless the comment
 *            says "copies".
 * Results    Hot calls return int64_t: a count >= 0, or a negative status; gossl_conn_error tells the rest. All other
 *            calls return an int32_t status (GOSSL_OK or negative) and fill *err, which may be NULL. Outputs are
 *            written only on success.
 * Getters    of bytes (…_get) return the length of the answer, or a negative status; they write only if it fits into
 *            cap, so a first call with (NULL, 0) asks for the size.
 * Waiting    Nothing ever blocks. With a descriptor, a call makes one attempt at the kernel and returns
 *            GOSSL_E_WANT_READ or GOSSL_E_WANT_WRITE; wait with poll and call again, for a write with the same data.
 * Decisions  are states, not callbacks: the handshake returns GOSSL_WANT_…, the caller answers and calls again.
 * Threads    A config may be shared; a connection takes a consistent copy of it when it is made. A connection may be
 *            used by two threads (one reads, one writes). No lock is held while waiting.
 * Fork       Handles go on in a forked child, each process with its own state from there on (Linux, glibc, x86-64,
 *            shared library). An object that another thread was using at the moment of the fork gives GOSSL_E_FORKED
 *            in the child; elsewhere, all of the parent's do.
 * Signals    No SIGPIPE is raised. No handler of the program is replaced.
 */
#ifndef GOSSL_H
#define GOSSL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ------------------------------------------------------------------------------------------------- */

#define GOSSL_ABI_VERSION 1

/* The ABI version of the library; compare it with GOSSL_ABI_VERSION. */
int32_t gossl_abi_version(void);

/* "gossl 0.1.0 (go1.26.8)" and the like. */
int64_t gossl_version(char *buf, size_t cap);

/* ---- Statuses. Numbers are only ever added, never reused. -------------------------------------------------------- */

#define GOSSL_OK 0
#define GOSSL_E_WANT_READ (-1)   /* more ciphertext is needed from the peer */
#define GOSSL_E_WANT_WRITE (-2)  /* the kernel takes no more; wait until writable */
#define GOSSL_E_CLOSED (-3)      /* the peer sent close_notify: a clean end */
#define GOSSL_E_EOF (-4)         /* the transport ended without close_notify */
#define GOSSL_E_PROTOCOL (-5)    /* TLS failed; see gossl_conn_error. It stays failed */
#define GOSSL_E_VERIFY (-6)      /* the peer's certificate was refused; see .verify */
#define GOSSL_E_SYSCALL (-7)     /* the kernel refused; see .sys_errno */
#define GOSSL_E_ARGUMENT (-8)    /* a wrong argument; .message says which */
#define GOSSL_E_HANDLE (-9)      /* not a handle of that kind, or a freed one */
#define GOSSL_E_PANIC (-10)      /* a defect in gossl; the connection is dead, please report it */
#define GOSSL_E_FORKED (-11)     /* the object was in use by another thread when the process forked, or cannot cross */
#define GOSSL_E_INPUT (-12)      /* a bad certificate, key, list or file; .library and .reason say what */
#define GOSSL_E_PASSWORD (-13)   /* the key is encrypted and no password was given */
#define GOSSL_WANT_SNI (-20)     /* server: choose by server name, then gossl_conn_answer_sni */
#define GOSSL_WANT_PSK_CLIENT (-21) /* client: give a pre-shared key, gossl_conn_answer_psk */
#define GOSSL_WANT_PSK_SERVER (-22) /* server: find the key of an identity, gossl_conn_answer_psk */

/* What went wrong. library and reason are OpenSSL 3.0's numbers, name and text its words; message is ours. */
typedef struct gossl_error {
  int32_t status;
  int32_t library;         /* ERR_LIB_*: 20 is SSL; 0 if none */
  int32_t reason;          /* 0 if none */
  int32_t alert;           /* the alert sent or received, or -1 */
  int32_t verify;          /* X509_V_ERR_*, or 0 */
  int32_t sys_errno;       /* or 0 */
  char library_name[16];   /* "SSL" */
  char name[64];           /* "NO_SHARED_CIPHER", may be empty */
  char text[128];          /* "no shared cipher" */
  char verify_text[128];   /* "unable to get local issuer certificate" */
  char message[256];       /* our own words, always terminated */
} gossl_error;

typedef uint64_t gossl_config;
typedef uint64_t gossl_conn;
typedef uint64_t gossl_session;
typedef uint64_t gossl_bio;

/* Input bytes. (A typedef, so that the Go side is checked against this header when it is compiled.) */
typedef const uint8_t gossl_in;
typedef const char gossl_text;

/* ---- Config: everything that a connection is made from -------------------------------------------------------------- */

/* Methods, with CPython's numbers. */
#define GOSSL_METHOD_TLS 2
#define GOSSL_METHOD_TLSv1 3
#define GOSSL_METHOD_TLSv1_1 4
#define GOSSL_METHOD_TLSv1_2 5
#define GOSSL_METHOD_TLS_CLIENT 16
#define GOSSL_METHOD_TLS_SERVER 17

/* Makes a config with the defaults that CPython gives an SSLContext of that protocol (verify_mode, options, ...). */
int32_t gossl_config_new(int32_t method, gossl_config *out_config, gossl_error *err);
void gossl_config_free(gossl_config config);

/* Integer settings. Values and meanings are those of CPython's SSLContext, thus of OpenSSL.
   Settings that are not honoured give GOSSL_E_ARGUMENT; none is ignored. */
#define GOSSL_CONFIG_OPTIONS 1             /* OP_* bits */
#define GOSSL_CONFIG_MIN_VERSION 2         /* 0x0303…, -2 lowest supported, -1 highest supported; reads back as CPython's */
#define GOSSL_CONFIG_MAX_VERSION 3
#define GOSSL_CONFIG_VERIFY_MODE 4         /* 0 none, 1 optional, 2 required */
#define GOSSL_CONFIG_VERIFY_FLAGS 5        /* X509_V_FLAG_* */
#define GOSSL_CONFIG_HOST_FLAGS 6          /* X509_CHECK_FLAG_* */
#define GOSSL_CONFIG_CHECK_HOSTNAME 7      /* verify the server name that gossl_conn_new is given */
#define GOSSL_CONFIG_SECURITY_LEVEL 8      /* 0-5; set by "@SECLEVEL=n" too */
#define GOSSL_CONFIG_NUM_TICKETS 9         /* TLS 1.3 tickets after a full handshake (server) */
#define GOSSL_CONFIG_POST_HANDSHAKE_AUTH 10
#define GOSSL_CONFIG_ASK_SNI 11            /* 1: the server's handshake stops with GOSSL_WANT_SNI */
#define GOSSL_CONFIG_ASK_PSK_CLIENT 12     /* 1: GOSSL_WANT_PSK_CLIENT */
#define GOSSL_CONFIG_ASK_PSK_SERVER 13     /* 1: GOSSL_WANT_PSK_SERVER */
#define GOSSL_CONFIG_KEYLOG 14             /* 1: connections keep key log lines for gossl_conn_take_keylog */
#define GOSSL_CONFIG_TRACE 15              /* 1: connections keep message events for gossl_conn_take_trace */
#define GOSSL_CONFIG_VERIFY_DEPTH 16
#define GOSSL_CONFIG_SESSION_TIMEOUT 17    /* seconds */
#define GOSSL_CONFIG_TEST_PANIC 39          /* for tests: 1 makes connections made from now on end by GOSSL_E_PANIC,
                                               2 does so by a nil pointer */
/* Read only. */
#define GOSSL_CONFIG_STORE_X509 40         /* certificates in the trust store that are no CA … cert_store_stats */
#define GOSSL_CONFIG_STORE_X509_CA 41
#define GOSSL_CONFIG_STORE_CRL 42
#define GOSSL_CONFIG_STAT_NUMBER 50        /* session_stats, in OpenSSL's order */
#define GOSSL_CONFIG_STAT_CONNECT 51
#define GOSSL_CONFIG_STAT_CONNECT_GOOD 52
#define GOSSL_CONFIG_STAT_CONNECT_RENEGOTIATE 53
#define GOSSL_CONFIG_STAT_ACCEPT 54
#define GOSSL_CONFIG_STAT_ACCEPT_GOOD 55
#define GOSSL_CONFIG_STAT_ACCEPT_RENEGOTIATE 56
#define GOSSL_CONFIG_STAT_HITS 57
#define GOSSL_CONFIG_STAT_MISSES 58
#define GOSSL_CONFIG_STAT_TIMEOUTS 59
#define GOSSL_CONFIG_STAT_CACHE_FULL 60

int32_t gossl_config_set_int(gossl_config config, int32_t setting, int64_t value, gossl_error *err);
int32_t gossl_config_get_int(gossl_config config, int32_t setting, int64_t *out_value, gossl_error *err);

/* Text and byte settings; the bytes are copied. */
#define GOSSL_CONFIG_CIPHERS 100           /* OpenSSL cipher string (TLS 1.2 and below) */
#define GOSSL_CONFIG_CIPHERSUITES 101      /* TLS 1.3 suites, colon separated */
#define GOSSL_CONFIG_GROUPS 102            /* named groups, colon separated, '?' prefix tolerated */
#define GOSSL_CONFIG_ECDH_CURVE 103        /* one curve, as SSLContext.set_ecdh_curve takes it */
#define GOSSL_CONFIG_CLIENT_SIGALGS 104
#define GOSSL_CONFIG_SERVER_SIGALGS 105
#define GOSSL_CONFIG_ALPN 106              /* protocols in wire form: length byte, name, … */
#define GOSSL_CONFIG_PSK_HINT 107          /* identity hint of a server */
#define GOSSL_CONFIG_TICKET_KEYS 108       /* secret: what …_get gives, so that many processes share sessions */
#define GOSSL_CONFIG_DH_PARAMS 109         /* PEM */
int32_t gossl_config_set(gossl_config config, int32_t setting, gossl_in *data, size_t data_len, gossl_error *err);

/* Byte getters. */
#define GOSSL_CONFIG_GET_CIPHERS 120       /* JSON list of objects, as SSLContext.get_ciphers() */
#define GOSSL_CONFIG_GET_CA_CERTIFICATES 121 /* DER certificates, each after its length as 4 bytes big endian */
#define GOSSL_CONFIG_GET_GROUPS 122        /* names of all that could be set, colon separated */
#define GOSSL_CONFIG_GET_GROUPS_ALIASES 123
#define GOSSL_CONFIG_GET_SIGALGS 124
int64_t gossl_config_get(gossl_config config, int32_t what, uint8_t *buf, size_t cap);

/* Our own certificate chain (PEM: leaf first) and private key (PEM, any form; (NULL, 0) key: it is in chain).
   password (NULL, 0): none. GOSSL_E_PASSWORD: the key is encrypted and password is NULL; nothing was changed.
   A second call with another kind of key adds; with the same kind it replaces. */
int32_t gossl_config_use_certificate(gossl_config config, gossl_in *chain, size_t chain_len, gossl_in *key,
                                     size_t key_len, gossl_in *password, size_t password_len, gossl_error *err);

/* Trust anchors and CRLs from memory. */
#define GOSSL_PEM 1
#define GOSSL_DER 2 /* certificates back to back */
int32_t gossl_config_add_anchors(gossl_config config, gossl_in *data, size_t data_len, int32_t format,
                                 gossl_error *err);
/* From a PEM file (certificates and CRLs). Parsed once per file and shared by all configs of the process. */
int32_t gossl_config_add_anchor_file(gossl_config config, gossl_text *path, size_t path_len, gossl_error *err);
/* The same from the file of a system's trust store, in which a malformed entry is passed over. */
int32_t gossl_config_add_system_anchors(gossl_config config, gossl_text *path, size_t path_len, gossl_error *err);
/* The same from memory, for a store that is no file. The last one that was given is parsed once for all configs. */
int32_t gossl_config_add_store(gossl_config config, gossl_in *pem, size_t pem_len, gossl_error *err);
/* What gossl_config_add_system_anchors makes of a file, or, of (NULL, 0), what Mozilla's anchors are: JSON, {"certificates": number, "crls": number, "skipped":
   [{"entry": number in the file, from 0, "why": text}, ...]}. */
int64_t gossl_system_anchors(gossl_text *path, size_t path_len, uint8_t *buf, size_t cap);
/* Mozilla's trust anchors for servers, as they were when the library was built. */
int32_t gossl_config_add_mozilla_anchors(gossl_config config, gossl_error *err);
/* A directory of files named by subject hash, looked into lazily. */
int32_t gossl_config_add_anchor_dir(gossl_config config, gossl_text *path, size_t path_len, gossl_error *err);

/* ---- Memory I/O --------------------------------------------------------------------------------------------------- */

/* A queue of bytes between a connection and whoever moves its ciphertext. It grows as needed. One thread at a time. */
int32_t gossl_bio_new(gossl_bio *out_bio, gossl_error *err);
void gossl_bio_free(gossl_bio bio);
int64_t gossl_bio_write(gossl_bio bio, gossl_in *data, size_t data_len);
int64_t gossl_bio_read(gossl_bio bio, uint8_t *buf, size_t cap);
int64_t gossl_bio_pending(gossl_bio bio);
/* No more will be written: a connection that reads past the end gets GOSSL_E_EOF instead of GOSSL_E_WANT_READ. */
int64_t gossl_bio_write_eof(gossl_bio bio);
/* 1 if write_eof was called. */
int64_t gossl_bio_is_closed(gossl_bio bio);

/* ---- Connections ---------------------------------------------------------------------------------------------------- */

#define GOSSL_CLIENT 0
#define GOSSL_SERVER 1

/* Makes a connection. server_name: what a client sends as SNI (host names only) and, with
   GOSSL_CONFIG_CHECK_HOSTNAME, what the certificate must be for (a host name in A-label form or an IP address). */
int32_t gossl_conn_new(gossl_config config, int32_t side, gossl_text *server_name, size_t server_name_len,
                       gossl_conn *out_conn, gossl_error *err);
/* Frees the connection. It does not close the descriptor and sends nothing. */
void gossl_conn_free(gossl_conn conn);

/* Transport: a socket (borrowed, not closed), or two memory queues (which must outlive the connection). */
int32_t gossl_conn_set_fd(gossl_conn conn, int32_t fd, gossl_error *err);
int32_t gossl_conn_set_bio(gossl_conn conn, gossl_bio incoming, gossl_bio outgoing, gossl_error *err);

/* GOSSL_OK when the handshake is complete. */
int64_t gossl_conn_handshake(gossl_conn conn);
/* Up to cap bytes of plaintext: of one record or, where records are long, of as many as fit and have come. Does the
   handshake first if needed. */
int64_t gossl_conn_read(gossl_conn conn, uint8_t *buf, size_t cap);
/* How many bytes were taken, one record's worth or more. After GOSSL_E_WANT_WRITE call again with the same data. */
int64_t gossl_conn_write(gossl_conn conn, gossl_in *data, size_t data_len);
/* Sends close_notify if not yet sent; GOSSL_OK when the peer's has come too, else GOSSL_E_WANT_READ.
   Bytes after the peer's close_notify are left where they are. */
int64_t gossl_conn_shutdown(gossl_conn conn);
/* Decrypted bytes that the next read gives without I/O. */
int64_t gossl_conn_pending(gossl_conn conn);
/* Why the last call on conn that failed did so. */
int32_t gossl_conn_error(gossl_conn conn, gossl_error *err);

/* TLS 1.3 server: ask for a client certificate now; the request leaves with the next write, the answer comes
   with a later read. */
int32_t gossl_conn_verify_post_handshake(gossl_conn conn, gossl_error *err);
/* TLS 1.3: change our sending keys, and ask the peer to change its own if request_peer is 1. */
int32_t gossl_conn_key_update(gossl_conn conn, int32_t request_peer, gossl_error *err);

/* Server, at GOSSL_WANT_SNI or at any other time: use another config's certificates and settings from here on. */
int32_t gossl_conn_set_config(gossl_conn conn, gossl_config config, gossl_error *err);
/* Answers GOSSL_WANT_SNI: alert -1 goes on, 0-255 refuses with that alert. */
int32_t gossl_conn_answer_sni(gossl_conn conn, int32_t alert, gossl_error *err);
/* Answers GOSSL_WANT_PSK_…: key (NULL, 0) means none. identity is for clients. Copies. */
int32_t gossl_conn_answer_psk(gossl_conn conn, gossl_in *identity, size_t identity_len, gossl_in *key,
                              size_t key_len, gossl_error *err);

/* Integer facts; a negative status if not known yet. */
#define GOSSL_CONN_VERSION 1               /* 0x0304 …; 0 before it is known */
#define GOSSL_CONN_CIPHER 2                /* suite number; 0 before it is known */
#define GOSSL_CONN_CIPHER_BITS 3
#define GOSSL_CONN_RESUMED 4               /* 0 or 1 */
#define GOSSL_CONN_HANDSHAKE_DONE 5        /* 0 or 1 */
#define GOSSL_CONN_SIDE 6                  /* GOSSL_CLIENT or GOSSL_SERVER */
#define GOSSL_CONN_VERIFY_RESULT 7         /* X509_V_ERR_* of the peer's chain */
#define GOSSL_CONN_SENT_SHUTDOWN 8
#define GOSSL_CONN_RECEIVED_SHUTDOWN 9
#define GOSSL_CONN_HAS_SNI 10              /* 1 if the client sent a server name */
#define GOSSL_CONN_VERIFY_DEPTH 11         /* which certificate of GOSSL_CONN_VERIFIED_CHAIN the result is about; 0: leaf */
#define GOSSL_CONN_CHOSEN_VERSION 12       /* what the server chose, also while the handshake goes on or has failed */
int64_t gossl_conn_get_int(gossl_conn conn, int32_t what);

/* Byte facts. Lists are entries each after its length as 4 bytes big endian. */
#define GOSSL_CONN_CIPHER_NAME 101         /* OpenSSL's name; empty before it is known */
#define GOSSL_CONN_CIPHER_PROTOCOL 102     /* "TLSv1.3": the version that the suite belongs to */
#define GOSSL_CONN_SHARED_CIPHERS 103      /* JSON list of [name, protocol, bits], or empty if none */
#define GOSSL_CONN_ALPN 104                /* empty if none */
#define GOSSL_CONN_SNI 105                 /* the server name: sent (client) or received (server) */
#define GOSSL_CONN_GROUP 106
#define GOSSL_CONN_PEER_SIGALG 107
#define GOSSL_CONN_OUR_SIGALG 108
#define GOSSL_CONN_PEER_CERTIFICATE 109    /* DER; empty if none */
#define GOSSL_CONN_PEER_CHAIN 110          /* list: as sent, leaf first */
#define GOSSL_CONN_VERIFIED_CHAIN 111      /* list: leaf to anchor, or as far as one was built */
#define GOSSL_CONN_TLS_UNIQUE 112
#define GOSSL_CONN_TLS_EXPORTER 113        /* RFC 9266 */
#define GOSSL_CONN_TLS_SERVER_END_POINT 114 /* RFC 5929 */
#define GOSSL_CONN_PSK_HINT 115            /* at GOSSL_WANT_PSK_CLIENT: the server's hint */
#define GOSSL_CONN_PSK_IDENTITY 116        /* at GOSSL_WANT_PSK_SERVER: the client's identity */
int64_t gossl_conn_get(gossl_conn conn, int32_t what, uint8_t *buf, size_t cap);

/* Keying material (RFC 5705, RFC 9846 section 7.5). context (NULL, 0) with has_context 0: none. */
int32_t gossl_conn_export(gossl_conn conn, gossl_text *label, size_t label_len, gossl_in *context,
                          size_t context_len, int32_t has_context, uint8_t *out_key, size_t key_len,
                          gossl_error *err);

/* Takes the key log lines (NSS format, '\n' after each) that came up since; secrets. What does not fit stays. */
int64_t gossl_conn_take_keylog(gossl_conn conn, uint8_t *buf, size_t cap);
/* Takes message events: each is 1 byte (0 read, 1 written), 2 bytes version, 2 bytes content type (OpenSSL's
   numbers: 20-23, 256 record header, 257 inner content type), 4 bytes length, data; big endian. */
int64_t gossl_conn_take_trace(gossl_conn conn, uint8_t *buf, size_t cap);

/* ---- Sessions --------------------------------------------------------------------------------------------------------- */

/* The connection's session, a new handle; *out_session is 0 if there is none (yet). */
int32_t gossl_conn_session(gossl_conn conn, gossl_session *out_session, gossl_error *err);
/* Client, before the handshake: offer to resume. Refused for a session of another config. */
int32_t gossl_conn_set_session(gossl_conn conn, gossl_session session, gossl_error *err);
void gossl_session_free(gossl_session session);

#define GOSSL_SESSION_TIME 1               /* seconds since 1970 */
#define GOSSL_SESSION_TIMEOUT 2            /* seconds */
#define GOSSL_SESSION_TICKET_LIFETIME_HINT 3
#define GOSSL_SESSION_HAS_TICKET 4
#define GOSSL_SESSION_VERSION 5
int64_t gossl_session_get_int(gossl_session session, int32_t what);
#define GOSSL_SESSION_ID 100
#define GOSSL_SESSION_EXPORT 101           /* secret: everything, for gossl_session_import in another process */
int64_t gossl_session_get(gossl_session session, int32_t what, uint8_t *buf, size_t cap);
int32_t gossl_session_import(gossl_config config, gossl_in *data, size_t data_len, gossl_session *out_session,
                             gossl_error *err);

/* ---- Certificates and names ---------------------------------------------------------------------------------------------- */

#define GOSSL_CERT_JSON 1                  /* what SSLSocket.getpeercert() gives, as JSON */
#define GOSSL_CERT_SUBJECT 2               /* "CN=localhost,O=…" */
#define GOSSL_CERT_DER 3                   /* the first certificate in data as DER */
#define GOSSL_CERT_DETAILS 4               /* key, signature algorithm, usages, extensions, SHA-256, as JSON */
/* data: one certificate, PEM (the first block) or DER. */
int64_t gossl_cert_get(gossl_in *data, size_t data_len, int32_t what, uint8_t *buf, size_t cap, gossl_error *err);

/* Makes an ECDSA P-256 key and a self-signed server certificate for development, both PEM, the certificate first.
   names: host names and addresses, comma separated; the first is the common name. The certificate is valid from
   not_before until not_after, in seconds since 1970. Each call makes new ones: if the answer does not fit into cap,
   it is lost. GOSSL_E_ARGUMENT: no names, a bad one, or times in the wrong order. */
int64_t gossl_cert_make(gossl_text *names, size_t names_len, int64_t not_before, int64_t not_after, char *buf,
                        size_t cap, gossl_error *err);

/* OpenSSL's object table: nid, short name, long name and dotted OID, separated by '\n'. */
int64_t gossl_object_by_nid(int32_t nid, char *buf, size_t cap);
/* by_name 0: text is a dotted OID only; 1: a short or long name too. */
int64_t gossl_object_find(gossl_text *text, size_t text_len, int32_t by_name, char *buf, size_t cap);

/* The words of a status or verification code, for programs that have no gossl_error at hand. */
int64_t gossl_verify_text(int32_t verify, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
