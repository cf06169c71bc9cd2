/* Scripts: their texts from the holder or from the program itself, the process that runs them, and
 * what their answers do to a login. Loop thread. */
#ifndef CMD_WIRE_LUA_H
#define CMD_WIRE_LUA_H

#include "cmd/wire_state.h"
#include "core/ike/ports.h"
#include "core/session/session.h"

struct store_traffic;

/* The scripts of a configuration, with their texts: read before it takes effect. */
struct wire_scripts;
/* ST_OK; ST_NOT_FOUND, ST_IO, ST_LIMIT, ST_NOMEM with a sentence in why. is_lenient: what cannot be
 * read is left for the script process to complain about (main starts again all the same). */
enum status wire_lua_read(struct wire *w, const struct snapshot *s, bool is_lenient,
			  struct wire_scripts **out, char *why, size_t cap) MUST_USE;
void wire_lua_scripts_free(struct wire_scripts *scripts); /* NULL is fine */

enum status wire_lua_open(struct wire *w) MUST_USE;
void wire_lua_close(struct wire *w);
/* Loads them; those of before answer until the new ones are ready, and go on when they are not. */
enum status wire_lua_configure(struct wire *w, const struct snapshot *s,
			       const struct wire_scripts *scripts) MUST_USE;

/* ASK_HOOK, and ASK_AUTHORIZE that the configuration has granted: true when a script is asked, which
 * answers the engine later; false: *answer is it, perhaps a refusal. */
bool wire_lua_ask(struct wire *w, uint64_t number, const struct ike_question *q,
		  struct ike_answer *answer);
void wire_lua_cancel(struct wire *w, uint64_t number);
/* Nobody waits for these. */
void wire_lua_up(struct wire *w, const struct session *s);
void wire_lua_down(struct wire *w, const struct session *s, enum status why,
		   const struct store_traffic *total);
struct terms_quota;
void wire_lua_quota(struct wire *w, const struct session *s, const struct terms_quota *q, uint64_t used);
/* The module's numbers go into the loop's counters; calls that wait now, for the sample. */
uint64_t wire_lua_count(struct wire *w);

#endif
