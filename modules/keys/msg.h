/* What main, the holder and the keys process say to each other: one message a record of a SOCK_SEQPACKET
 * socket. Main and the holder share one end of it, so that the descriptor of a file never comes to main:
 *
 *   main                holder              process
 *                                    <---  READY                      it is confined
 *                         LOAD {key, serial} + descriptor  --->
 *                                    <---  LOADED {key, serial, status, words, public half}
 *     SIGN {serial, key, use, scheme, data}  --->                     answered in their order
 *                                    <---  SIGNED {serial, status, us, signature}
 *     FORGET {key}                    --->                             not answered
 *
 * One u8 type, then the fields in this order, big-endian; strings are a u16 and bytes, and what is last is the
 * rest. Statuses go by their tokens: an upgrade may have replaced one of the two programs. Pure; any thread.
 * Main trusts nothing of what comes back. */
#ifndef MODULES_KEYS_MSG_H
#define MODULES_KEYS_MSG_H

#include "core/base/wr.h"
#include "modules/keys/keys.h"

#define KEYS_MSG_MAX (KEYS_DATA_MAX + 64) /* bytes of a record */
#define KEYS_MSG_VERSION 1               /* in READY: both must speak it */

enum keys_msg_type {
	KEYS_MSG_LOAD = 1,
	KEYS_MSG_SIGN,
	KEYS_MSG_FORGET,
	KEYS_MSG_READY = 65,
	KEYS_MSG_LOADED,
	KEYS_MSG_SIGNED
};

struct keys_msg {
	enum keys_msg_type type;
	uint8_t version;    /* READY */
	uint8_t key;        /* LOAD, FORGET, SIGN, LOADED; below KEYS_MAX */
	uint32_t serial;    /* all but READY and FORGET */
	enum keys_use use;  /* SIGN */
	uint16_t scheme;    /* SIGN */
	enum status status; /* LOADED, SIGNED */
	uint32_t us;        /* SIGNED: how long it took */
	/* LOADED that is not ST_OK: a sentence shorter than KEYS_WORDS, without NUL. A view of the record. */
	struct view words;
	/* SIGN: data. LOADED, SIGNED that are ST_OK: public half, signature; else none. A view of the record. */
	struct view bytes;
};

/* Errors stick to w. */
void keys_msg_build(struct wr *w, const struct keys_msg *m);
/* A record for the process. ST_OK; ST_TRUNCATED, ST_TRAILING, ST_LIMIT, ST_BAD_PAYLOAD. */
enum status keys_msg_parse_ask(struct view record, struct keys_msg *m) MUST_USE;
/* A record of the process; a failure has no bytes, a success has some and no words. */
enum status keys_msg_parse_answer(struct view record, struct keys_msg *m) MUST_USE;

#endif
