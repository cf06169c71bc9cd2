/* The scripts of one configuration, copied, with what is known of each. Loop thread. */
#ifndef MODULES_LUA_SET_H
#define MODULES_LUA_SET_H

#include "modules/lua/lua.h"

struct set_script {
	char name[SCRIPT_NAME];
	char *text;
	size_t len;
	uint8_t *settings; /* encoded pairs */
	size_t settings_len;
	unsigned hooks;
	bool is_loaded;
	char error[SCRIPT_WORDS];
	uint64_t calls;
	uint64_t denials;
	uint64_t errors;
};

struct set {
	uint32_t memory_kb;
	uint64_t instructions;
	unsigned hooks; /* of all */
	size_t n;
	struct set_script scripts[SCRIPTS_MAX];
};

/* ST_NOMEM; ST_LIMIT: see struct lua_config. */
enum status set_new(const struct lua_config *c, struct set **out) MUST_USE;
void set_free(struct set *s);
/* Before its process loads them (again). */
void set_forget(struct set *s);
/* The one script that has the hook; NULL: there are several, or none. */
const struct set_script *set_only(const struct set *s, enum hook h);

#endif
