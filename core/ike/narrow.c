#include "core/ike/narrow.h"

static bool has_family(const struct ts_set *s, uint8_t family)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].lo.family == family)
			return true;
	return false;
}

enum status narrow_for_grant(const struct ts_set *asked_i, const struct ts_set *asked_r,
	const struct kept_grant *g, struct ts_set *ts_i, struct ts_set *ts_r)
{
	struct ts granted[IKE_TS_MAX];
	struct ts any[2];
	size_t n = g->n_remote < IKE_TS_MAX ? g->n_remote : IKE_TS_MAX;
	size_t n_any = 0;

	for (size_t i = 0; i < n; i++)
		granted[i] = ts_from_prefix(&g->remote[i]);
	ts_i->n = (uint8_t)ts_narrow(asked_i->v, asked_i->n, granted, n, ts_i->v, IKE_TS_MAX);
	if (has_family(ts_i, 4))
		any[n_any++] = ts_any(4);
	if (has_family(ts_i, 6))
		any[n_any++] = ts_any(6);
	ts_r->n = (uint8_t)ts_narrow(asked_r->v, asked_r->n, any, n_any, ts_r->v, IKE_TS_MAX);
	return ts_i->n > 0 && ts_r->n > 0 ? ST_OK : ST_TS_UNACCEPTABLE;
}

bool narrow_is_subset(const struct ts_set *answer, const struct ts_set *asked)
{
	for (size_t i = 0; i < answer->n; i++) {
		bool inside = false;

		for (size_t k = 0; k < asked->n && !inside; k++)
			inside = ts_contains(&asked->v[k], &answer->v[i]);
		if (!inside)
			return false;
	}
	return answer->n > 0;
}

void narrow_any(struct ts_set *out, bool ip4, bool ip6)
{
	out->n = 0;
	if (ip4)
		out->v[out->n++] = ts_any(4);
	if (ip6)
		out->v[out->n++] = ts_any(6);
}
