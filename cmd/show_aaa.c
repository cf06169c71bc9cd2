/* show aaa sessions, show aaa user (R-ACC-08, R-ACC-09): sessions as accounting knows them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/show.h"
#include "core/ike/id_text.h"
#include "core/session/session.h"

static const struct session *next(const struct world *w, const struct session *s)
{
	do
		s = w->sessions ? session_next(w->sessions, s) : NULL;
	while (s && s->state == SESSION_PENDING);
	return s;
}

static const char *method(const struct session *s)
{
	return s->is_of_radius ? "RADIUS" : "LOCAL";
}

/* ---- show aaa sessions ------------------------------------------------------------------------------ */

static void text_session(struct world *w, struct out *out, const struct session *s)
{
	char id[ULID_TEXT], addr[ADDR_TEXT];
	out_printf(out, "Session Id: %s\n   Unique Id: %" PRIu64 "\n   User Name: %s\n   IP Address: %s\n   Idle Time: %" PRIu64
		   "\n   CT Call Handle: 0\n", ulid_format(&s->ulid, id), s->index, s->username,
		   s->grant->ip4.family ? addr_format(&s->grant->ip4, addr) : "0.0.0.0", w->inactive_ms(w->ctx, s) / 1000);
}

static void json_session(struct world *w, struct out *out, const struct session *s)
{
	char id[ULID_TEXT];
	js_open(out, NULL);
	js_str(out, "session_id", ulid_format(&s->ulid, id));
	js_u64(out, "unique_id", s->index);
	js_str(out, "username", s->username);
	js_addr(out, "ip4", &s->grant->ip4);
	js_u64(out, "idle_s", w->inactive_ms(w->ctx, s) / 1000);
	js_str(out, "accounting", s->acct_groups);
	js_close(out);
}

SHOW(show_aaa_sessions)
{
	struct acct_info i;
	w->acct(w->ctx, &i);
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "total", i.sessions);
		js_u64(out, "records", i.put);
		js_u64(out, "delivered", i.delivered);
		js_u64(out, "on_their_way", i.open);
		js_open_array(out, "sessions");
		for (const struct session *s = next(w, NULL); s; s = next(w, s))
			json_session(w, out, s);
		js_close_array(out);
		js_close(out);
		return 0;
	}
	out_printf(out, "Total sessions since last reload: %" PRIu64 "\n", i.sessions);
	out_printf(out, "Accounting records: %" PRIu64 ", delivered %" PRIu64 ", on their way %zu\n", i.put, i.delivered, i.open);
	for (const struct session *s = next(w, NULL); s; s = next(w, s))
		text_session(w, out, s);
	return 0;
}

/* ---- show aaa user ----------------------------------------------------------------------------------- */

static void text_user(struct world *w, struct out *out, const struct session *s)
{
	char id[ULID_TEXT], text[IKE_ID_LEN], addr[ADDR_TEXT];
	struct session_totals t = w->totals(w->ctx, s);
	uint64_t now = w->user_ms(w->ctx);
	bool is_told = s->acct_groups[0] != 0;
	ulid_format(&s->ulid, id);
	out_printf(out, "Unique id %" PRIu64 " is currently in use.\nAccounting:\n  NET: Username=%s\n    Session Id=%s Unique Id=%" PRIu64 "\n",
		   s->index, s->username, id, s->index);
	out_printf(out, "    Start Sent=%d Stop Only=%s\n    stop_has_been_sent=N\n    Method List=%s\n", is_told && !s->acct_stop_only,
		   s->acct_stop_only ? "Y" : "N", is_told ? s->acct_groups : "none");
	out_printf(out, "    Attribute list:\n      session-id = %s\n      start_time = %" PRIu64 "\n      formatted-clid = %s\n", id,
		   s->start_ms / 1000, addr_format(&s->remote.addr, addr));
	out_printf(out, "      audit-session-id = %s\n      isakmp-phase1-id = %s\n      isakmp-initiator-ip = %s\n", id,
		   id_text(s->peer_id, text, sizeof(text)), addr_format(s->we_are_initiator ? &s->local.addr : &s->remote.addr, addr));
	out_printf(out, "    Dynamic attribute list:\n      connect-progress = Call Up\n      elapsed_time = %" PRIu64 "\n",
		   now > s->start_ms ? (now - s->start_ms) / 1000 : 0);
	out_printf(out, "      bytes_in = %" PRIu64 "\n      bytes_out = %" PRIu64 "\n      paks_in = %" PRIu64 "\n      paks_out = %" PRIu64 "\n",
		   t.bytes_in, t.bytes_out, t.packets_in, t.packets_out);
	out_printf(out, "  Component = VPN IPSEC\n  Authen: %s\n", method(s));
}

static void json_user(struct world *w, struct out *out, const struct session *s)
{
	char id[ULID_TEXT];
	struct session_totals t = w->totals(w->ctx, s);
	js_open(out, NULL);
	js_u64(out, "unique_id", s->index);
	js_str(out, "username", s->username);
	js_str(out, "session_id", ulid_format(&s->ulid, id));
	js_bool(out, "start_sent", s->acct_groups[0] && !s->acct_stop_only);
	js_bool(out, "stop_only", s->acct_stop_only);
	js_str(out, "groups", s->acct_groups);
	js_id(out, "isakmp_phase1_id", s->peer_id);
	js_u64(out, "start_ms", s->start_ms);
	js_u64(out, "bytes_in", t.bytes_in);
	js_u64(out, "bytes_out", t.bytes_out);
	js_u64(out, "packets_in", t.packets_in);
	js_u64(out, "packets_out", t.packets_out);
	js_str(out, "authenticated_by", method(s));
	js_close(out);
}

/* A unique id, the number of a session, a user's name, or all. */
static bool is_meant(const struct session *s, const char *word)
{
	char id[ULID_TEXT], *end;
	return strcmp(word, "all") == 0 || strcmp(word, s->username) == 0 || strcmp(word, ulid_format(&s->ulid, id)) == 0 ||
	       (strtoull(word, &end, 10) == s->index && s->index && !*end);
}

SHOW(show_aaa_user)
{
	size_t n = 0;
	if (args->n != 1) {
		out_printf(err, "show aaa user wants all, a unique id, a session or a user name\n");
		return 2;
	}
	if (out->json) {
		js_open(out, NULL);
		js_open_array(out, "users");
	}
	for (const struct session *s = next(w, NULL); s; s = next(w, s)) {
		if (!is_meant(s, args->words[0]))
			continue;
		n++;
		if (out->json)
			json_user(w, out, s);
		else
			text_user(w, out, s);
	}
	if (out->json) {
		js_close_array(out);
		js_close(out);
	} else if (n == 0) {
		out_printf(out, "No session of that name\n");
	}
	return 0;
}
