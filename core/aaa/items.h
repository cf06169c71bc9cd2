/* THE table of the items of an aaa_set, as set.c keeps it and merge.c walks it. Private to core/aaa. */
#ifndef CORE_AAA_ITEMS_H
#define CORE_AAA_ITEMS_H

#include "core/aaa/set.h"

enum aaa_how { AAA_HOW_ONE, AAA_HOW_NETS, AAA_HOW_NAMES, AAA_HOW_CLASS, AAA_HOW_QUOTAS };

struct aaa_item_row {
	size_t at; /* in struct aaa_set */
	size_t size;
	enum aaa_how how;
	const char *words;
};

const struct aaa_item_row *aaa_item_row(enum aaa_item item);
void *aaa_item_at(struct aaa_set *s, enum aaa_item item);

#endif
