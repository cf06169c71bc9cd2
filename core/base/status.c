#include "core/base/status.h"

#include <stddef.h>
#include <string.h>

struct status_row {
	const char *token;
	const char *words;
	uint16_t notify;
};

static const struct status_row rows[ST__MAX] = {
#define X(name, token, notify, words) [ST_##name] = {token, words, notify},
	STATUS_LIST(X)
#undef X
};

static const struct status_row *row_of(enum status st)
{
	unsigned i = (unsigned)st;

	return &rows[i < ST__MAX ? i : ST_INTERNAL];
}

const char *status_token(enum status st)
{
	return row_of(st)->token;
}

const char *status_words(enum status st)
{
	return row_of(st)->words;
}

uint16_t status_notify(enum status st)
{
	return row_of(st)->notify;
}

enum status status_from_token(const char *token)
{
	for (unsigned i = 0; i < ST__MAX; i++) {
		if (strcmp(rows[i].token, token) == 0)
			return (enum status)i;
	}
	return ST__MAX;
}
