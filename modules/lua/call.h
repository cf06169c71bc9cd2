/* Calls on their way: a copy of a question and its fields, and lists of them. Loop thread. */
#ifndef MODULES_LUA_CALL_H
#define MODULES_LUA_CALL_H

#include "core/base/list.h"
#include "modules/lua/lua.h"

struct call {
	struct list in_list;
	uint64_t number; /* a question's */
	enum hook hook;
	bool is_cancelled;
	uint64_t since_ms; /* asked; once it is sent: sent */
	/* Decided without the process: */
	enum verdict verdict; /* PASS, FAILED */
	const char *why;      /* FAILED; lives for ever */
	size_t len;
	uint8_t encoded[]; /* pairs */
};

/* ST_NOMEM; ST_LIMIT: the pairs are full; ST_INTERNAL: not what THE table has for this hook. */
enum status call_new(enum hook h, const struct pairs *in, struct call **out) MUST_USE;
/* In no list. */
void call_free(struct call *c);
void calls_free(struct list *calls);
/* The first question in the list; NULL: there is none. */
struct call *calls_first_question(const struct list *calls);
/* The question of that number; NULL. */
struct call *calls_find(const struct list *calls, uint64_t number);

/* Whether that can be the result of a call: fields that the hook may change, in their shape. The process has
 * looked at it too; it is not trusted. */
bool changes_are_good(enum hook h, const struct pairs *changes);

#endif
