#include "core/base/text.h"

#include <stdint.h>
#include <string.h>

#include "core/base/mem.h"

static const char nothing[] = "";

void text_init(const char **t)
{
	*t = nothing;
}

enum status text_set(const char **t, const char *to)
{
	char *copy = NULL;

	if (strcmp(*t, to) == 0)
		return ST_OK;
	if (to[0] != '\0') {
		copy = mem_strdup(to);
		if (copy == NULL)
			return ST_NOMEM;
	}
	text_free(t);
	if (copy != NULL)
		*t = copy;
	return ST_OK;
}

void text_move(const char **t, const char **from)
{
	text_free(t);
	*t = *from;
	text_init(from);
}

void text_free(const char **t)
{
	if (*t != nothing)
		mem_free((void *)(uintptr_t)*t);
	text_init(t);
}
