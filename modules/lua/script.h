/* One script in a Lua state of its own: its memory, its budget of instructions, and running something
 * in it so that whatever the script does ends as a sentence. Script process only, one thread.
 *
 * Nothing that a script does may outlive its budget: `pcall` and `xpcall` are ours and pass on the
 * end of a call, message handlers do not run for it, and there are no finalizers, because Lua does
 * not count instructions in them. What Lua cannot count (a library function that takes long) is
 * ended from outside. */
#ifndef MODULES_LUA_SCRIPT_H
#define MODULES_LUA_SCRIPT_H

#include <lua5.4/lua.h>

#include "core/base/status.h"
#include "modules/lua/hooks.h"

struct script_limits {
	size_t memory;         /* bytes, of each script */
	uint64_t instructions; /* of each script in each call, and while it loads */
};

/* text: shorter than SCRIPT_WORDS; bytes of any kind but NUL. */
typedef void script_print(void *ctx, uint8_t script, const char *text);

enum script_end {
	SCRIPT_GOES_ON,
	SCRIPT_SPENT,  /* its instructions are used up */
	SCRIPT_DENIED  /* deny() */
};

struct script {
	lua_State *L;
	uint8_t index; /* order in the configuration, from 0 */
	unsigned hooks; /* HOOK_BITs of what it defines */
	char name[SCRIPT_NAME];
	struct script_limits limits;
	size_t used;    /* bytes */
	uint64_t left;  /* instructions */
	uint64_t step;  /* of them counted by Lua when it says so next */
	enum script_end end;
	bool may_deny;
	int64_t wall_ms;            /* UTC, of the call */
	const char *doing;          /* name of the hook, or "loading" */
	char words[SCRIPT_WORDS];   /* why it was denied or failed */
	script_print *print;
	void *ctx;
	unsigned *lines; /* printed in this call by all scripts */
};

/* Sets L. ST_NOMEM: the budget does not even hold an empty state; words says so. */
enum status script_open(struct script *s) MUST_USE;
void script_close(struct script *s);
struct script *script_of(lua_State *L);

/* Runs body(arg as light userdata) with a full budget. True: it went through. Otherwise words says
 * why, and end whether that was deny(). */
bool script_run(struct script *s, lua_CFunction body, void *arg);
/* Ends the call for good: nothing of the script runs any more. Does not return. */
int script_stop(struct script *s, enum script_end end);

#endif
