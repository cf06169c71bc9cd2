/* What main and the script process say to each other: one message a record of a SOCK_SEQPACKET
 * socket. Main speaks, the process answers, and nothing else is said before it has:
 *
 *   main                                   process
 *     LIMITS {memory, steps, scripts} --->
 *                                     <---  READY
 *     SCRIPT {time, name, text, settings} ->              once per script, in order
 *                                     <---  LOG ...
 *                                     <---  LOADED {hooks} | LOAD_ERROR {words}
 *     CALL {serial, hook, time, fields} ->
 *                                     <---  LOG ...
 *                                     <---  RESULT {serial, verdict, script, us, words, fields}
 *
 * One u8 type, then the fields in this order, big-endian; strings are a u16 (the text of a script: u32)
 * and bytes. Pure; any thread. Main trusts nothing of what comes back. */
#ifndef MODULES_LUA_MSG_H
#define MODULES_LUA_MSG_H

#include "core/base/pairs.h"
#include "modules/lua/hooks.h"

#define LUA_MSG_MAX 131072 /* bytes of a record */

enum lua_msg_type {
	LUA_MSG_LIMITS = 1,
	LUA_MSG_SCRIPT,
	LUA_MSG_CALL,
	LUA_MSG_READY = 65,
	LUA_MSG_LOADED,
	LUA_MSG_LOAD_ERROR,
	LUA_MSG_RESULT,
	LUA_MSG_LOG
};

#define SCRIPT_NONE 255 /* RESULT: no script has that hook */

struct lua_msg {
	enum lua_msg_type type;
	uint32_t memory_kb;    /* LIMITS: of each script */
	uint64_t instructions; /* LIMITS: of each script in each call */
	uint8_t n_scripts;     /* LIMITS */
	int64_t wall_ms;       /* SCRIPT, CALL: UTC now */
	char name[SCRIPT_NAME]; /* SCRIPT */
	/* SCRIPT: its text. LOAD_ERROR, LOG, RESULT that denies or failed: a sentence, shorter than
	 * SCRIPT_WORDS and without NUL. A view of the record. */
	struct view text;
	uint32_t serial;       /* CALL, RESULT */
	enum hook hook;        /* CALL */
	uint8_t hooks;         /* LOADED: HOOK_BITs */
	enum verdict verdict;  /* RESULT */
	uint8_t script;        /* RESULT: the last one that ran; LOG: who prints; counted from 0 */
	uint32_t us;           /* RESULT: how long it took */
	/* SCRIPT: settings. CALL: fields. RESULT that changes: the changed ones. To build, they may be
	 * there in encoded form (pairs_build) instead. */
	struct view encoded;
	struct pairs pairs;
};

/* Errors stick to w. */
void lua_msg_build(struct wr *w, const struct lua_msg *m);
/* A record that main sent. ST_OK; ST_TRUNCATED, ST_TRAILING, ST_LIMIT, ST_BAD_PAYLOAD. Views are of the
 * record. pairs is meaningful for the types that have it. */
enum status lua_msg_parse_ask(struct view record, struct lua_msg *m) MUST_USE;
/* A record that the process sent; a verdict has what belongs to it and nothing else. */
enum status lua_msg_parse_answer(struct view record, struct lua_msg *m) MUST_USE;

#endif
