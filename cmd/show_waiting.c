/* show crypto session, the sessions that wait for their client; show crypto ikev2 stats reconnect (R-REC-12). */
#include <inttypes.h>

#include "cmd/show.h"
#include "core/session/wait.h"

/* ---- sessions --------------------------------------------------------------------------------- */

static struct session *next_waiting(const struct world *w, const struct show_filter *f, const struct session *prev)
{
	struct session *s = w->sessions ? session_next(w->sessions, prev) : NULL;
	while (s && (s->state != SESSION_WAITING || !show_filter_takes_waiting(w, f, s)))
		s = session_next(w->sessions, s);
	return s;
}

static uint64_t wall_ms(const struct world *w)
{
	return w->user_ms(w->ctx);
}

static void print_waiting(struct world *w, struct out *out, const struct session *s)
{
	char r[ADDR_TEXT], a[ADDR_TEXT], ulid[ULID_TEXT];
	uint64_t now = wall_ms(w);
	out_printf(out, "Interface: none\nProfile: %s\nSession status: WAITING\n", s->profile);
	out_printf(out, "Session id: %s\n", ulid_format(&s->ulid, ulid));
	out_printf(out, "Peer: %s port %u fvrf: %s ivrf: %s\n", addr_format(&s->remote.addr, r), s->remote.port,
		   show_vrf(w, s->local.vrf), s->ivrf[0] ? s->ivrf : "none");
	out_printf(out, "      Phase1_id: ");
	show_id(out, s->peer_id);
	out_printf(out, "\n      Username: %s\n", s->username);
	show_address(w, out, s);
	if (s->grant->ip6.family)
		out_printf(out, "      Assigned address: %s\n", addr_format(&s->grant->ip6, a));
	out_printf(out, "      Inactive: %" PRIu64 " s, ends in %" PRIu64 " s\n", session_inactive_ms(s, now, 0) / 1000,
		   session_wait_left_ms(s, now) / 1000);
	show_quota(w, out, s, "      ");
	out_printf(out, "      Inbound:  #pkts %" PRIu64 " bytes %" PRIu64 "\n      Outbound: #pkts %" PRIu64 " bytes %" PRIu64 "\n\n",
		   s->carried.packets_in, s->carried.bytes_in, s->carried.packets_out, s->carried.bytes_out);
}

static void js_waiting(struct world *w, struct out *out, const struct session *s)
{
	char ulid[ULID_TEXT];
	uint64_t now = wall_ms(w);
	js_open(out, NULL);
	js_str(out, "session", ulid_format(&s->ulid, ulid));
	js_u64(out, "index", s->index);
	js_str(out, "profile", s->profile);
	js_str(out, "status", "WAITING");
	js_id(out, "identity", s->peer_id);
	js_str(out, "username", s->username);
	js_endpoint(out, "local", &s->local);
	js_endpoint(out, "peer", &s->remote);
	js_str(out, "fvrf", show_vrf(w, s->local.vrf));
	js_str(out, "ivrf", s->ivrf[0] ? s->ivrf : "none");
	js_addr(out, "assigned_ip4", &s->grant->ip4);
	js_addr(out, "assigned_ip6", &s->grant->ip6);
	js_address(w, out, s);
	js_u64(out, "inactive_ms", session_inactive_ms(s, now, 0));
	js_u64(out, "left_ms", session_wait_left_ms(s, now));
	js_u64(out, "resumes", s->resumed);
	js_quota(w, out, s);
	js_u64(out, "packets_in", s->carried.packets_in);
	js_u64(out, "bytes_in", s->carried.bytes_in);
	js_u64(out, "packets_out", s->carried.packets_out);
	js_u64(out, "bytes_out", s->carried.bytes_out);
	js_close(out);
}

void show_waiting(struct world *w, const struct show_filter *f, struct out *out)
{
	if (out->json)
		js_open_array(out, "waiting");
	for (const struct session *s = next_waiting(w, f, NULL); s; s = next_waiting(w, f, s)) {
		if (out->json)
			js_waiting(w, out, s);
		else
			print_waiting(w, out, s);
	}
	if (out->json)
		js_close_array(out);
}

uint64_t clear_waiting(struct world *w, const struct show_filter *f)
{
	struct session *next;
	uint64_t n = 0;
	for (struct session *s = next_waiting(w, f, NULL); s; s = next) {
		next = next_waiting(w, f, s);
		w->end_session(w->ctx, s, ST_END_ADMIN);
		n++;
	}
	return n;
}

/* Of sessions that may be come back to: those that wait, and those whose client has a token. */
SHOW(clear_reconnect)
{
	struct show_filter all = {0};
	struct session *next;
	uint64_t n = clear_waiting(w, &all);
	for (struct session *s = session_next(w->sessions, NULL); s; s = next) {
		next = session_next(w->sessions, s);
		if (s->state != SESSION_UP || !s->has_token)
			continue;
		w->end_session(w->ctx, s, ST_END_ADMIN);
		n++;
	}
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "cleared", n);
		js_close(out);
	} else {
		out_printf(out, "%" PRIu64 " session%s cleared\n", n, n == 1 ? "" : "s");
	}
	return 0;
}

/* ---- statistics -------------------------------------------------------------------------------- */

static const enum counter counters[] = {CT_RECONNECT_IN, CT_RECONNECTED, CT_RECONNECT_REFUSED};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

SHOW(show_reconnect_stats)
{
	static const char *const words[COUNTERS] = {"Total incoming reconnect connection", "Success reconnect connection",
						    "Failed reconnect connection"};
	const struct sample *s = w->sample(w->ctx);
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "sample", s->number);
	}
	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t n = s->sums.count[counters[i]] - w->stats_cleared->sums.count[counters[i]];
		if (out->json)
			js_u64(out, counter_token(counters[i]), n);
		else
			out_printf(out, "%-44s : %" PRIu64 "\n", words[i], n);
	}
	if (out->json) {
		js_u64(out, gauge_token(GG_RECONNECT_CAPABLE), s->gauge[GG_RECONNECT_CAPABLE]);
		js_u64(out, gauge_token(GG_SESSIONS_WAITING), s->gauge[GG_SESSIONS_WAITING]);
		js_close(out);
		return 0;
	}
	out_printf(out, "%-44s : %" PRIu64 "\n", "Reconnect capable active session count", s->gauge[GG_RECONNECT_CAPABLE]);
	out_printf(out, "%-44s : %" PRIu64 "\n", "Reconnect capable inactive session count", s->gauge[GG_SESSIONS_WAITING]);
	return 0;
}

/* R-REC-13: the sessions are still there. */
SHOW(clear_reconnect_stats)
{
	const struct sample *s = w->sample(w->ctx);
	for (size_t i = 0; i < COUNTERS; i++)
		w->stats_cleared->sums.count[counters[i]] = s->sums.count[counters[i]];
	w->keep_cleared(w->ctx);
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "cleared_wall_ms", (uint64_t)s->wall_ms);
		js_close(out);
	} else {
		out_printf(out, "What `show crypto ikev2 stats reconnect` counts begins anew\n");
	}
	return 0;
}
