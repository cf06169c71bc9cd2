/* Limits of volume of a session: how much of them is used, in what show says of a session. */
#include <inttypes.h>

#include "cmd/show.h"
#include "core/session/quota.h"

static uint64_t used_of(const struct world *w, const struct session *s, const struct terms_quota *q, bool *is_known)
{
	struct session_totals now = w->totals(w->ctx, s);
	uint64_t used = 0;
	*is_known = quota_used(s, q, &now, w->user_ms(w->ctx), &used);
	return used;
}

static size_t count_of(const struct world *w, const struct session *s)
{
	return s && s->terms && w->totals && w->user_ms ? s->terms->n_quotas : 0;
}

void show_quota(const struct world *w, struct out *out, const struct session *s, const char *indent)
{
	for (size_t i = 0; i < count_of(w, s); i++) {
		const struct terms_quota *q = &s->terms->quotas[i];
		bool is_known;
		uint64_t used = used_of(w, s, q, &is_known);
		out_printf(out, "%sQuota: %s, per %s: ", indent, quota_way_word((enum quota_way)q->way),
			   quota_period_word((enum quota_period)q->period));
		if (!q->octets)
			out_printf(out, "no limit\n");
		else if (is_known)
			out_printf(out, "%" PRIu64 " of %" PRIu64 " octets%s, then %s\n", used, q->octets,
				   q->state == QUOTA_OVER ? " (used up)" : "", q->map[0] ? q->map : "disconnect");
		else
			out_printf(out, "%" PRIu64 " octets, then %s\n", q->octets, q->map[0] ? q->map : "disconnect");
	}
}

void js_quota(const struct world *w, struct out *out, const struct session *s)
{
	js_open_array(out, "quotas");
	for (size_t i = 0; i < count_of(w, s); i++) {
		const struct terms_quota *q = &s->terms->quotas[i];
		bool is_known;
		uint64_t used = used_of(w, s, q, &is_known);
		js_open(out, NULL);
		js_str(out, "direction", quota_way_word((enum quota_way)q->way));
		js_str(out, "period", quota_period_word((enum quota_period)q->period));
		js_u64(out, "limit", q->octets);
		if (is_known)
			js_u64(out, "used", used);
		js_bool(out, "used_up", q->state == QUOTA_OVER);
		js_str(out, "action", q->map[0] ? q->map : "disconnect");
		js_close(out);
	}
	js_close_array(out);
}
