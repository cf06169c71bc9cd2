/* Cards of sessions in the order of their numbers: one sorted array, so that the row after any OID is
 * found by halving. Numbers rise, so a new card is nearly always the last. Belongs to one thread. */
#ifndef MODULES_SNMP_INDEX_H
#define MODULES_SNMP_INDEX_H

#include "modules/snmp/share.h"

struct index {
	struct note **v; /* NOTE_CARD; v[i]->card.index rises */
	size_t n;
	size_t cap;
};

void index_fini(struct index *x); /* the cards are the caller's */
/* Position of the first card whose number is at least this; x->n: there is none. */
size_t index_from(const struct index *x, uint64_t number);
/* NULL: there is none. */
const struct snmp_card *index_find(const struct index *x, uint64_t number);
/* Takes the card. *old: the one of the same number that it replaced, or NULL. ST_NOMEM. */
enum status index_put(struct index *x, struct note *card, struct note **old) MUST_USE;
/* Takes it out; NULL: there is none. */
struct note *index_take(struct index *x, uint64_t number);

#endif
