/* show logging: what is exported, to whom, and what became of it. */
#include <inttypes.h>

#include "cmd/show.h"
#include "core/conf/logging.h"
#include "modules/syslog/syslog.h"

static const char *state_word(enum syslog_state state)
{
	switch (state) {
	case SYSLOG_IDLE: return "nothing sent yet";
	case SYSLOG_UP: return "up";
	case SYSLOG_WAITING: return "waiting";
	}
	return "";
}

static void text_dest(struct out *out, const struct syslog_info *d)
{
	char addr[ADDR_TEXT];
	const struct syslog_target *t = &d->target;
	if (t->addr.family == 0) {
		out_printf(out, "        Logging to %s (socket, %s, %s)\n", t->path,
			   t->is_3164 ? "RFC 3164" : "RFC 5424", state_word(d->state));
	} else {
		out_printf(out, "        Logging to %s (udp port %u, vrf %s, ", addr_format(&t->addr, addr),
			   t->port, t->vrf[0] ? t->vrf : "none");
		if (t->source.family)
			out_printf(out, "source %s, ", addr_format(&t->source, addr));
		out_printf(out, "%s)\n", state_word(d->state));
	}
	out_printf(out, "              %" PRIu64 " messages sent, %" PRIu64 " dropped, %u in the queue\n",
		   d->sent, d->dropped, d->queued);
	if (d->error[0])
		out_printf(out, "              last error: %s\n", d->error);
}

static void json_dest(struct out *out, const struct syslog_info *d)
{
	const struct syslog_target *t = &d->target;
	bool is_local = t->addr.family == 0;
	js_open(out, NULL);
	js_str(out, "transport", is_local ? "socket" : "udp");
	js_str(out, "path", is_local ? t->path : "");
	js_addr(out, "address", &t->addr);
	js_u64(out, "port", t->port);
	js_str(out, "vrf", t->vrf[0] ? t->vrf : "none");
	js_addr(out, "source", &t->source);
	js_str(out, "format", t->is_3164 ? "rfc3164" : "rfc5424");
	js_str(out, "state", d->state == SYSLOG_IDLE ? "idle" : state_word(d->state));
	js_u64(out, "sent", d->sent);
	js_u64(out, "dropped", d->dropped);
	js_u64(out, "queued", d->queued);
	js_str(out, "last_error", d->error);
	js_close(out);
}

static void json_logging(const struct world *w, struct out *out, uint64_t dropped)
{
	const struct snapshot *s = w->conf;
	struct syslog_info d;
	size_t cursor = 0;
	js_open(out, NULL);
	js_bool(out, "enabled", s->log.on);
	js_str(out, "level", log_severity_word(s->log.trap));
	js_str(out, "facility", log_facility_word(s->log.facility));
	js_bool(out, "ikev2", s->ike.logging_ikev2);
	js_bool(out, "session", s->ike.logging_session);
	js_u64(out, "dropped", dropped);
	js_u64(out, "rate_limited", w->log_limited());
	js_open_array(out, "destinations");
	while (syslog_next(w->syslog, &cursor, &d))
		json_dest(out, &d);
	js_close_array(out);
	js_close(out);
}

static void text_list(const struct world *w, struct out *out, bool local)
{
	struct syslog_info d;
	size_t cursor = 0;
	while (syslog_next(w->syslog, &cursor, &d))
		if ((d.target.addr.family == 0) == local)
			text_dest(out, &d);
}

SHOW(show_logging)
{
	const struct snapshot *s = w->conf;
	uint64_t sent, dropped;
	syslog_totals(w->syslog, &sent, &dropped);
	if (out->json) {
		json_logging(w, out, dropped);
		return 0;
	}
	out_printf(out, "Syslog logging: %s (%" PRIu64 " messages dropped, %" PRIu64 " messages rate-limited)\n",
		   s->log.on ? "enabled" : "disabled", dropped, w->log_limited());
	out_printf(out, "    Standard error and database: every event; those of the holder on standard error only\n");
	out_printf(out, "    Exported: events of the headend%s%s, facility %s\n",
		   s->ike.logging_ikev2 ? ", IKEv2" : "", s->ike.logging_session ? ", sessions" : "",
		   log_facility_word(s->log.facility));
	out_printf(out, "    Trap logging: level %s\n", log_severity_word(s->log.trap));
	text_list(w, out, false);
	if (s->log.on && s->log.local)
		out_printf(out, "    Local logging: every level\n");
	text_list(w, out, true);
	return 0;
}
