/* One script process and the conversation with it, as msg.h draws it: start, load a set, then one call
 * at a time. When it is lost (dead, late, lying) a new one is started after a pause, which grows with
 * every loss; the set stays. Loop thread. */
#ifndef MODULES_LUA_SLOT_H
#define MODULES_LUA_SLOT_H

#include "modules/lua/lua.h"
#include "modules/lua/msg.h"
#include "modules/lua/set.h"

#define SLOT_LOAD_MS 5000 /* a process has so long to appear, and to load one script */

enum slot_state {
	SLOT_EMPTY,    /* no set, no process */
	SLOT_PAUSED,   /* no process; until at_ms */
	SLOT_STARTING, /* until it is READY; at_ms is the deadline */
	SLOT_LOADING,  /* script by script; at_ms is the deadline */
	SLOT_IDLE,
	SLOT_BUSY,  /* a call; at_ms is the deadline */
	SLOT_FAILED /* scripts have errors: no process, the set is kept to show why */
};

enum slot_event {
	SLOT_NOTHING,
	SLOT_PRINTED,  /* msg: who and what */
	SLOT_STEP,     /* a script is loaded or has an error: last_loaded says which */
	SLOT_READY,    /* the last step; all scripts are loaded */
	SLOT_BAD_SET,  /* the last step; at least one has an error */
	SLOT_ANSWERED, /* msg: the result of the call */
	SLOT_LOST      /* of itself or as a liar: why */
};

struct slot {
	const struct lua_ports *ports;
	void *ctx;
	unsigned number;
	enum slot_state state;
	struct set *set;
	int fd; /* -1: no process */
	uint64_t at_ms;
	uint64_t ready_ms; /* when it was loaded */
	unsigned losses;   /* without a quiet time between */
	size_t loading;     /* index of the script that it was told last */
	size_t last_loaded; /* of the one that the event is about */
	unsigned lines;    /* printed since it was asked */
	enum hook hook;    /* BUSY */
	const char *why;   /* of the loss */
	uint8_t buffer[LUA_MSG_MAX + 1]; /* of one record, either way */
};

void slot_init(struct slot *s, const struct lua_ports *ports, void *ctx, unsigned number);
/* Ends the process and frees the set. */
void slot_clear(struct slot *s);
/* Owns set from now on; starts. False: it could not be started (why), and will be again. */
bool slot_use(struct slot *s, struct set *set, uint64_t now_ms);
/* The pause is over: the same set in a new process. False: as above. */
bool slot_start(struct slot *s, uint64_t now_ms);
/* Ends the process; it is paused. */
void slot_pause(struct slot *s, uint64_t now_ms);
/* Ends the process, which has shown that the set is bad. */
void slot_give_up(struct slot *s);

/* IDLE -> BUSY until deadline. m: a CALL. False: the process is lost (why). */
bool slot_call(struct slot *s, const struct lua_msg *m, uint64_t deadline_ms);
/* One record, and what it means. m is changed by any; its views are of the buffer, until the next call of this file. The state
 * has gone on; LOST leaves it for slot_pause. */
enum slot_event slot_read(struct slot *s, uint64_t now_ms, int64_t wall_ms, struct lua_msg *m);

#endif
