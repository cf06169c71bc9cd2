#include "core/session/quota.h"

#include <inttypes.h>
#include <stdio.h>

bool quota_wants_store(const struct session_terms *t)
{
	for (size_t i = 0; t && i < t->n_quotas; i++)
		if (t->quotas[i].octets && t->quotas[i].period != QUOTA_SESSION)
			return true;
	return false;
}

/* Numbers of two threads and of a clock that may be set back: never below nothing. */
static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool quota_used(const struct session *s, const struct terms_quota *q, const struct session_totals *now, uint64_t wall_ms,
	uint64_t *used)
{
	const struct session_used *u = &s->used;
	uint64_t in = now->bytes_in, out = now->bytes_out;

	if (q->period != QUOTA_SESSION) {
		if (!u->begin_ms || u->begin_ms != quota_begin_ms(QUOTA_DAY, wall_ms))
			return false;
		in = plus(u->in[q->period], less(in, u->counted_in));
		out = plus(u->out[q->period], less(out, u->counted_out));
	}
	*used = q->way == QUOTA_INPUT ? in : q->way == QUOTA_OUTPUT ? out : plus(in, out);
	return true;
}

bool quota_judge(const struct session *s, struct session_terms *t, const struct session_totals *now, uint64_t wall_ms)
{
	bool is_new = false;
	uint64_t used;

	for (size_t i = 0; t && i < t->n_quotas; i++) {
		struct terms_quota *q = &t->quotas[i];
		if (!quota_used(s, q, now, wall_ms, &used))
			continue;
		enum quota_state was = (enum quota_state)q->state;
		q->state = (uint8_t)quota_state_of(used, q->octets);
		is_new |= q->state != was || q->state != q->told;
	}
	return is_new;
}

const struct terms_quota *quota_tell(struct session *s)
{
	for (size_t i = 0; s->terms && i < s->terms->n_quotas; i++) {
		struct terms_quota *q = &s->terms->quotas[i];
		bool is_news = q->state > q->told;
		q->told = q->state;
		if (is_news)
			return q;
	}
	return NULL;
}

const char *quota_map(const struct session_terms *t)
{
	for (size_t i = 0; t && i < t->n_quotas; i++)
		if (t->quotas[i].state == QUOTA_OVER && t->quotas[i].map[0])
			return t->quotas[i].map;
	return NULL;
}

static const struct terms_quota *ending(const struct session_terms *t)
{
	for (size_t i = 0; t && i < t->n_quotas; i++)
		if (t->quotas[i].state == QUOTA_OVER && !t->quotas[i].map[0])
			return &t->quotas[i];
	return NULL;
}

bool quota_ends(const struct session_terms *t)
{
	return ending(t) != NULL;
}

enum status quota_login(struct session *s, uint64_t wall_ms, char detail[IKE_DETAIL_LEN])
{
	const struct session_totals nothing = {0};
	const struct terms_quota *q;
	uint64_t used = 0;

	(void)quota_judge(s, s->terms, &nothing, wall_ms);
	q = ending(s->terms);
	if (!q)
		return ST_OK;
	(void)quota_used(s, q, &nothing, wall_ms, &used);
	snprintf(detail, IKE_DETAIL_LEN, "user %.96s has used %" PRIu64 " of %" PRIu64 " octets (%s) of this %s", s->username,
		used, q->octets, quota_way_word((enum quota_way)q->way), quota_period_word((enum quota_period)q->period));
	return ST_QUOTA_USED;
}
