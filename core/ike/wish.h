/* Children that we want of an IKE SA that we began, beside the one of IKE_AUTH or instead of it
 * (RFC 6023): each is made by a CREATE_CHILD_SA of its own and made again when it is gone, later each
 * time when it does not last. Private to core/ike. */
#ifndef CORE_IKE_WISH_H
#define CORE_IKE_WISH_H

#include "core/ike/sa.h"

struct wish {
	struct list node;       /* in the SA's list */
	uint8_t number;         /* ike_child.wish of what fulfils it; not 0 */
	uint8_t tries;          /* in a row */
	bool rests;             /* its child was idle: not wanted until there is data for it */
	uint64_t begun_ms;      /* last; 0: never */
	uint64_t not_before_ms;
	uint8_t n_local_ts;
	uint8_t n_remote_ts;
	struct ts local_ts[IKE_TS_MAX];
	struct ts remote_ts[IKE_TS_MAX];
};

/* A copy, at the end of the SA's list. ST_NOMEM; ST_LIMIT: as many as a peer makes at most. */
enum status wish_add(struct ike_sa *sa, const struct wish *w) MUST_USE;
/* NULL: there is none of that number. */
struct wish *wish_find(const struct ike_sa *sa, uint8_t number);
/* The first one that no child fulfils, that does not rest and whose time has come; NULL: none. */
struct wish *wish_next(const struct ike_sa *sa, uint64_t now_ms);
/* When the next one is due; TIMER_NEVER. */
uint64_t wish_due_ms(const struct ike_sa *sa);
/* It is being tried. */
void wish_begin(struct wish *w, uint64_t now_ms);
void wish_free_all(struct ike_sa *sa);

#endif
