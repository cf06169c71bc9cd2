/* Cards and samples made by hand, for the tests of the SNMP subagent. */
#ifndef TESTS_UNIT_SNMP_LIB_H
#define TESTS_UNIT_SNMP_LIB_H

#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "modules/snmp/share.h"
#include "tests/lib/t.h"

static inline struct snmp_card a_card(uint32_t index)
{
	struct snmp_card c = {.index = index, .start_ms = 1000 * (int64_t)index,
			      .local = {0, {4, {192, 0, 2, 1}}, 4500}};
	c.remote = (struct endpoint){0, {4, {198, 51, (uint8_t)(index >> 8), (uint8_t)index}}, 4500};
	c.ip4 = (struct addr){4, {10, (uint8_t)(index >> 16), (uint8_t)(index >> 8), (uint8_t)index}};
	snprintf(c.id, sizeof(c.id), "%026u", index);
	snprintf(c.user, sizeof(c.user), "user%u", index);
	snprintf(c.profile, sizeof(c.profile), "RA");
	return c;
}

static inline struct note *a_note(uint32_t index)
{
	struct note *n = share_note(NOTE_CARD);
	if (!n)
		abort();
	n->card = a_card(index);
	return n;
}

static inline struct sample *a_sample(uint64_t number)
{
	struct sample *s = aligned_alloc(64, sizeof(*s));
	if (!s)
		abort();
	memset(s, 0, sizeof(*s));
	s->number = number;
	s->wall_ms = 1764417600123; /* 2025-11-29 12:00:00.123 UTC */
	for (int i = 0; i < CT__MAX; i++)
		s->sums.count[i] = number * 1000 + (unsigned)i;
	for (int i = 0; i < ST__MAX; i++)
		s->sums.status[i] = number * 2000 + (unsigned)i;
	for (int i = 0; i < GG__MAX; i++)
		s->gauge[i] = number * 3000 + (unsigned)i;
	return s;
}

#endif
