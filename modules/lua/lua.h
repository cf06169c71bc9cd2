/* Lua hooks, main's side: the scripts of the configuration run in a process of their own, which is asked
 * by messages with copies, one call at a time, first come, first served;
 * only `identity`, which strangers can ask, comes after all the others.
 *
 *   lua_ask ---> queue ---> process ---> answer(number, verdict)      exactly once, never from inside lua_ask
 *                  |           |
 *                  |           `-- over its wall time, dead or lying: killed, this call has failed, a new one
 *                  |               loads the same scripts
 *                  `-- too long in the queue, queue full: failed
 *
 * What has failed is permitted or not by the policy of the configuration. While a new configuration
 * loads in a second process, and when it has errors, the scripts before it go on answering. Before the
 * first ones are loaded calls wait. Loop thread; nothing here blocks. */
#ifndef MODULES_LUA_LUA_H
#define MODULES_LUA_LUA_H

#include "core/base/pairs.h"
#include "modules/lua/hooks.h"

#define LUA_NEVER      UINT64_MAX
#define LUA_MEMORY_MAX 1048576 /* memory_kb */
#define LUA_QUEUE_MAX  65536

struct lua;

struct lua_script {
	const char *name; /* as it stands in front of line numbers: time-of-day.lua; shorter than SCRIPT_NAME */
	const char *text;
	size_t len; /* at most SCRIPT_BYTES */
	const struct pairs *settings; /* NULL: none. config.NAME in the script */
};

struct lua_config {
	bool deny_on_failure;  /* applies at once, as wall_ms, queue and wait_ms do */
	uint32_t memory_kb;    /* of each script; 1 to LUA_MEMORY_MAX */
	uint64_t instructions; /* of each script in each call, and while it loads; at least 1 */
	uint32_t wall_ms;      /* longest call, as main sees it; at least 1 */
	uint32_t queue;        /* calls that may wait; 1 to LUA_QUEUE_MAX */
	uint32_t wait_ms;      /* longest time in the queue */
	const struct lua_script *scripts; /* in the order of asking */
	size_t n_scripts;      /* at most SCRIPTS_MAX */
};

struct lua_answer {
	enum verdict verdict;
	bool permit;        /* PASS, CHANGE: true; DENY: false; FAILED: the policy */
	const char *script; /* whose word it is; "" when it is not one script's */
	const char *text;   /* DENY, FAILED: a sentence without control characters, shorter than
	                     * SCRIPT_WORDS; "" otherwise. Bytes above 126 as the script gave them */
	/* CHANGE: each changed field as a whole, by THE table of fields; cleared: once and empty. Else NULL. */
	const struct pairs *changes;
};

enum lua_log_kind {
	LUA_LOG_LOADED,     /* script; the text names its hooks */
	LUA_LOG_LOAD_ERROR, /* script; text with NAME:LINE */
	LUA_LOG_IN_FORCE,   /* all are loaded and answer from now on; script "" */
	LUA_LOG_ERROR,      /* an error in a call */
	LUA_LOG_KILLED,     /* over its wall time, or not to be trusted */
	LUA_LOG_DIED,       /* ended by itself, or cannot be started */
	LUA_LOG_PRINT,      /* what a script printed */
	LUA_LOG_LEFT_OUT    /* how many printed lines were too many */
};

struct lua_ports {
	/* Ends the process in the slot (0 or 1) if there is one and starts `run --as-lua`; fd: our end of its
	 * SOCK_SEQPACKET, ours to close, non-blocking. */
	enum status (*start)(void *ctx, unsigned slot, int *fd);
	void (*stop)(void *ctx, unsigned slot);
	void (*watch)(void *ctx, int fd); /* call lua_on_readable(fd) whenever it is readable */
	void (*unwatch)(void *ctx, int fd);
	uint64_t (*now_ms)(void *ctx);
	int64_t (*wall_ms)(void *ctx); /* UTC */
	void (*wake_at)(void *ctx, uint64_t at_ms); /* call lua_on_time once then; a time that has passed: in the
	                                             * next turn; LUA_NEVER; replaces the one before */
	/* Valid during the call. May ask, tell and cancel, not configure or free. */
	void (*answer)(void *ctx, uint64_t number, const struct lua_answer *a);
	/* Must not call back. text: as that of an answer. Printed lines are at most 20 a second. */
	void (*log)(void *ctx, enum lua_log_kind kind, const char *script, const char *text);
};

/* Copies ports. NULL: out of memory. Off until configured. */
struct lua *lua_new(const struct lua_ports *ports, void *ctx);
/* Ends the processes; what is under way is never answered. */
void lua_free(struct lua *l);

/* Copies c. NULL, or without scripts: off; what waits passes. ST_NOMEM; ST_LIMIT: too many, too long or out of
 * the ranges above; then nothing has changed. Errors in scripts come later, by log and info. */
enum status lua_configure(struct lua *l, const struct lua_config *c) MUST_USE;

/* Somebody is there to be asked or told: a script defines the hook, or that is not known yet, or (for a
 * question) the scripts are unusable and the policy decides. */
bool lua_has(const struct lua *l, enum hook h);

/* number: of the caller, unique among the questions under way. The fields must be those of THE table for
 * this hook (absent ones left out or empty). ST_OK: it will be answered, once. Never answered: ST_NOMEM,
 * ST_LIMIT (is_full, or thousands have just failed); ST_INTERNAL (a tell hook, or not by THE table). */
enum status lua_ask(struct lua *l, uint64_t number, enum hook h, const struct pairs *in) MUST_USE;
/* For the hooks that nobody waits for. Dropped and counted when the queue is half full. */
void lua_tell(struct lua *l, enum hook h, const struct pairs *in);
/* No answer for this number any more. */
void lua_cancel(struct lua *l, uint64_t number);
/* What the policy says of a question that fails. */
bool lua_permits(const struct lua *l);

void lua_on_readable(struct lua *l, int fd);
void lua_on_time(struct lua *l);

/* ---- show ------------------------------------------------------------------------------------- */

enum lua_state {
	LUA_OFF,
	LUA_LOADING, /* at first, or again after the process was lost */
	LUA_READY,
	LUA_FAILED /* errors in scripts, and none before them to go on with */
};

struct lua_script_info {
	bool is_new; /* of the configuration that is being loaded or has errors */
	bool is_loaded;
	unsigned hooks; /* HOOK_BITs */
	uint64_t calls;
	uint64_t denials;
	uint64_t errors;
	char name[SCRIPT_NAME];
	char error[SCRIPT_WORDS]; /* of loading, else the last one in a call; "" */
};

struct lua_info {
	enum lua_state state;
	enum lua_state next; /* of a newer configuration: LUA_LOADING, LUA_FAILED; LUA_OFF: there is none */
	size_t waiting;
	uint64_t asked;
	uint64_t told;
	uint64_t told_dropped;
	uint64_t passed;
	uint64_t changed;
	uint64_t denied;
	uint64_t failed; /* all questions that failed, for whatever reason */
	uint64_t failed_queue; /* of them: queue full, or waited too long */
	uint64_t kills;
	uint64_t starts; /* of processes */
	uint64_t lines;
	uint64_t lines_dropped;
	uint32_t slowest_us;
	size_t n_scripts;
	struct lua_script_info scripts[2 * SCRIPTS_MAX]; /* those in force first */
};

/* The counts of a script begin anew with each configuration, the others with the program. */
void lua_info(const struct lua *l, struct lua_info *out);

#endif
