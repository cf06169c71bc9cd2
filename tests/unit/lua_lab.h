/* Scripts in a sandbox of their own, for the tests that ask them. */
#ifndef TESTS_UNIT_LUA_LAB_H
#define TESTS_UNIT_LUA_LAB_H

#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "modules/lua/msg.h"
#include "modules/lua/vm.h"
#include "tests/lib/t.h"

/* Wednesday, 2024-05-15 10:20:30.500 UTC */
#define LAB_NOW INT64_C(1715768430500)

static const struct script_limits lab_limits = {1 << 20, 1000000};

static struct {
	struct vm *vm;
	unsigned hooks; /* of the script loaded last */
	char words[SCRIPT_WORDS]; /* why it was not */
	char printed[65536]; /* lines, each with a line end */
	unsigned lines;
	struct vm_answer a;
	char changes[PAIRS_BYTES + 1024]; /* name=value, separated by blanks */
} lab;

static void lab_print(void *ctx, uint8_t script, const char *text)
{
	size_t len = strlen(lab.printed);

	lab.lines++;
	snprintf(lab.printed + len, sizeof(lab.printed) - len, "%s\n", text);
}

static inline void lab_end(void)
{
	vm_free(lab.vm);
	lab.vm = NULL;
}

static inline void lab_begin_with(const struct script_limits *limits)
{
	lab_end();
	memset(&lab, 0, sizeof(lab));
	lab.vm = vm_new(limits, lab_print, NULL);
	if (!lab.vm)
		abort();
}

static inline void lab_begin(void)
{
	lab_begin_with(&lab_limits);
}

/* "name=value", NULL at the end. */
static inline void lab_pairs(struct pairs *p, const char *const *rows)
{
	pairs_init(p);
	for (; rows && *rows; rows++) {
		const char *eq = strchr(*rows, '=');
		char name[PAIRS_NAME] = "";

		memcpy(name, *rows, (size_t)(eq - *rows));
		pairs_add(p, name, eq + 1);
	}
}

#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline unsigned lab_load_with(const char *name, const char *text, const char *const *settings)
{
	struct pairs p;

	lab_pairs(&p, settings);
	lab.words[0] = 0;
	lab.hooks = vm_load(lab.vm, name, (struct view){(const uint8_t *)text, strlen(text)}, &p, LAB_NOW,
		lab.words);
	return lab.hooks;
}

static inline unsigned lab_load(const char *text)
{
	return lab_load_with("t.lua", text, NULL);
}

static inline enum verdict lab_call_at(enum hook h, const char *const *in, int64_t wall_ms)
{
	struct pairs p;
	size_t len = 0;

	lab_pairs(&p, in);
	lab.printed[0] = 0;
	lab.lines = 0;
	vm_call(lab.vm, h, &p, wall_ms, &lab.a);
	lab.changes[0] = 0;
	for (size_t i = 0; i < lab.a.changes.n; i++)
		len += (size_t)snprintf(lab.changes + len, sizeof(lab.changes) - len, "%s%s=%s",
			i ? " " : "", pairs_name(&lab.a.changes, i), pairs_value(&lab.a.changes, i));
	return lab.a.verdict;
}

static inline enum verdict lab_call(enum hook h, const char *const *in)
{
	return lab_call_at(h, in, LAB_NOW);
}

#endif
