/* Our private keys, main's side: they live in a process of their own, which signs by number. No byte of a
 * key ever comes here.
 *
 *   keys_load(file) ---> holder opens it ---> process reads it ---> public half: keys_look(), loaded()
 *   keys_sign(key)  ---> queue ---> process ---> signature()       exactly once, never from inside keys_sign
 *
 * A process that dies, lies or is late takes the questions that it had with it (ST_IO, ST_TIMEOUT); the next one is
 * there at once, then after growing pauses, and loads the same files. A file that has another key by
 * then is refused until it is loaded anew, because the certificate was judged with the first.
 * Loop thread; nothing here blocks but keys_settle(). */
#ifndef MODULES_KEYS_KEYS_H
#define MODULES_KEYS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"

#define KEYS_MAX       128   /* numbers: 64 of a configuration, and as many of the next during a reload */
#define KEYS_DATA_MAX  69632 /* bytes to sign: an IKE message and what follows it (RFC 7296 2.15) */
#define KEYS_SPKI_MAX  2304  /* SubjectPublicKeyInfo */
#define KEYS_SIG_MAX   1024  /* signature: RSA of 8192 bits */
#define KEYS_WORDS     160   /* a sentence, with NUL */
#define KEYS_FILE      256   /* path, with NUL */
#define KEYS_QUEUE_MAX 1024  /* questions without an answer */
#define KEYS_NEVER     UINT64_MAX

struct keys;

/* What a scheme is a number of. */
enum keys_use {
	KEYS_IKE, /* enum sig_scheme (core/crypto/sig.h) */
	KEYS_TLS  /* SignatureScheme of TLS (RFC 8446 4.2.3) */
};

enum keys_state {
	KEYS_NONE,    /* no such number */
	KEYS_LOADING, /* for the first time, or again after the process was lost */
	KEYS_READY,
	KEYS_REFUSED /* status and words say why */
};

struct keys_key {
	enum keys_state state;
	enum status status;     /* REFUSED */
	char words[KEYS_WORDS]; /* REFUSED: a sentence without the file's name; "" else */
	bool is_exposed;        /* others may read or change the file */
	char file[KEYS_FILE];   /* as it was given */
	size_t spki_len;        /* 0: not known */
	uint8_t spki[KEYS_SPKI_MAX]; /* SubjectPublicKeyInfo, DER */
};

enum keys_log_kind {
	KEYS_LOG_STARTED,
	KEYS_LOG_LOST,   /* text: how */
	KEYS_LOG_REFUSED /* a key; text: file and why. Only when it was READY before */
};

struct keys_ports {
	/* Ends the process if there is one and starts `run --as-keys`; fd: our end of its SOCK_SEQPACKET,
	 * ours to close, non-blocking. */
	enum status (*start)(void *ctx, int *fd);
	void (*stop)(void *ctx);
	/* Has the file handed to the process as this key (ASROOT_KEY). ST_NOT_FOUND; ST_CONFIG: it is not named in
	 * the configuration, or no plain file; ST_AGAIN: the process does not listen; ST_IO with errno. */
	enum status (*hand)(void *ctx, unsigned key, uint32_t serial, const char *file, bool *is_exposed);
	void (*watch)(void *ctx, int fd); /* call keys_on_readable() whenever it is readable */
	void (*unwatch)(void *ctx, int fd);
	uint64_t (*now_ms)(void *ctx);
	void (*wake_at)(void *ctx, uint64_t at_ms); /* call keys_on_time() once then; replaces the one before */
	/* READY or REFUSED now: after keys_load(), and after the process was lost. */
	void (*loaded)(void *ctx, unsigned key, const struct keys_key *k);
	/* The answer to keys_sign(); the signature is valid during the call. ST_IO: the process was lost; ST_TIMEOUT;
	 * ST_NOT_FOUND: no such key, or it is refused; ST_SIG_ALGORITHM: the scheme is not for this key. */
	void (*signature)(void *ctx, uint64_t number, enum status st, struct view signature);
	void (*log)(void *ctx, enum keys_log_kind kind, const char *text); /* must not call back */
};

/* Copies ports. No process yet. NULL: out of memory. */
struct keys *keys_new(const struct keys_ports *ports, void *ctx);
/* Ends the process; open questions are forgotten without a word. NULL is fine. */
void keys_free(struct keys *k);

/* A number for the private key in this file: PEM or DER, PKCS#8, PKCS#1 or SEC1, not encrypted. Starts the
 * process when it is the first. What is in the file is known later; each load reads it anew and gives
 * another number. ST_LIMIT: no number is free, or the name is too long; ST_NOMEM. */
enum status keys_load(struct keys *k, const char *file, unsigned *key) MUST_USE;
/* The number is free, and the process forgets the key; with the last one it ends. */
void keys_forget(struct keys *k, unsigned key);
/* Waits until no key is LOADING, at most so long; loaded() is called meanwhile, signature() is not. For the start and for
 * a reload, where nothing can go on before. ST_TIMEOUT: those that are left stay LOADING. */
enum status keys_settle(struct keys *k, uint32_t ms) MUST_USE;
/* Never NULL; valid until the next call of this file. */
const struct keys_key *keys_look(const struct keys *k, unsigned key);

/* It waits for its turn so long at most, through a loss of the process too; a process that has it and says
 * nothing for 3 s is lost. */
#define KEYS_WAIT_MS 5000
/* Copies data. The number is the caller's, unique among open questions. ST_LIMIT: too many or too long;
 * ST_NOMEM. */
enum status keys_sign(struct keys *k, uint64_t number, unsigned key, enum keys_use use, uint16_t scheme,
		      struct view data) MUST_USE;
/* No answer for this number any more. */
void keys_cancel(struct keys *k, uint64_t number);

void keys_on_readable(struct keys *k, int fd);
void keys_on_time(struct keys *k);

/* ---- show ------------------------------------------------------------------------------------- */

struct keys_info {
	bool is_running;
	size_t loaded;  /* keys READY */
	size_t refused;
	size_t waiting; /* questions */
	uint64_t signatures, failures; /* answers */
	uint64_t starts, losses;       /* of processes */
	uint32_t slowest_us;           /* a signature, as the process says */
};

void keys_info(const struct keys *k, struct keys_info *out);

#endif
