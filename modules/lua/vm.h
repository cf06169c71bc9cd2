/* All scripts of a configuration, in order, and asking them. Script process only, one thread; a Lua
 * error never leaves this file. */
#ifndef MODULES_LUA_VM_H
#define MODULES_LUA_VM_H

#include "core/base/pairs.h"
#include "modules/lua/script.h"

struct vm;

struct vm_answer {
	enum verdict verdict;
	uint8_t script; /* the last one that ran; SCRIPT_NONE */
	char words[SCRIPT_WORDS]; /* DENY, FAILED */
	struct pairs changes;     /* CHANGE: each field that was changed, as a whole */
};

/* NULL: out of memory. print is called from inside of what follows. */
struct vm *vm_new(const struct script_limits *limits, script_print *print, void *ctx);
void vm_free(struct vm *vm);

/* Adds a script and runs its top level: the hooks it defines (HOOK_BITs); 0 when it cannot be used, and
 * why in words. At most SCRIPTS_MAX. wall_ms: UTC now. */
unsigned vm_load(struct vm *vm, const char *name, struct view text, const struct pairs *settings,
	int64_t wall_ms, char words[SCRIPT_WORDS]);

/* Asks the scripts that define the hook, one after the other; each sees what those before it changed.
 * The first that denies or fails ends it. */
void vm_call(struct vm *vm, enum hook h, const struct pairs *in, int64_t wall_ms,
	struct vm_answer *out);

#endif
