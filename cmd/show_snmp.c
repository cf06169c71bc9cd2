/* show snmp: the subagent's connection and what it did. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/show.h"
#include "modules/snmp/snmp.h"

static const char *state_of(const struct world *w, const struct snmp_info *i)
{
	return !w->conf->own.agentx ? "off" : i->is_connected ? "connected" : "not connected";
}

static void text_snmp(const struct world *w, const struct snmp_info *i, struct out *out)
{
	const struct own_settings *own = &w->conf->own;
	time_t since = (time_t)(i->since_ms / 1000);
	struct tm t;
	out_printf(out, "Master agent at %s: %s", own->agentx ? own->agentx : "none", state_of(w, i));
	if (i->since_ms && gmtime_r(&since, &t))
		out_printf(out, " since %04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
			   t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
	out_printf(out, "\n");
	if (own->agentx && !i->is_connected && w->snmp_why && w->snmp_why[0])
		out_printf(out, "  %s\n", w->snmp_why);
	out_printf(out, "Connections %" PRIu64 ", variables asked for %" PRIu64 "\n", i->connects, i->requests);
	out_printf(out, "Notifications of sessions %s, of pools %s: sent %" PRIu64 ", dropped %" PRIu64 "\n",
		   own->notify_sessions ? "on" : "off", own->notify_pools ? "on" : "off", i->notify_sent,
		   i->notify_dropped);
	out_printf(out, "Sessions in the table %" PRIu64 "%s, handed over as a whole %" PRIu64 " times\n",
		   i->cards, i->is_complete ? "" : " (some are missing)", i->resyncs);
	if (i->said)
		out_printf(out, "Complaints %" PRIu64 ", the last: %s\n", i->said, i->last_said);
}

static void json_snmp(const struct world *w, const struct snmp_info *i, struct out *out)
{
	const struct own_settings *own = &w->conf->own;
	js_open(out, NULL);
	js_str(out, "state", state_of(w, i));
	js_str(out, "socket", own->agentx ? own->agentx : "");
	js_u64(out, "since_ms", (uint64_t)i->since_ms);
	js_str(out, "reason", own->agentx && !i->is_connected && w->snmp_why ? w->snmp_why : "");
	js_u64(out, "connections", i->connects);
	js_u64(out, "requests", i->requests);
	js_bool(out, "notify_sessions", own->notify_sessions);
	js_bool(out, "notify_pools", own->notify_pools);
	js_u64(out, "notifications_sent", i->notify_sent);
	js_u64(out, "notifications_dropped", i->notify_dropped);
	js_u64(out, "cards", i->cards);
	js_bool(out, "complete", i->is_complete);
	js_u64(out, "resyncs", i->resyncs);
	js_u64(out, "samples_left_out", i->samples_left_out);
	js_u64(out, "complaints", i->said);
	js_bytes(out, "last_complaint", i->last_said, strlen(i->last_said));
	js_close(out);
}

SHOW(show_snmp)
{
	struct snmp_info info = {.is_complete = true};
	if (w->snmp)
		snmp_info(w->snmp, &info);
	if (out->json)
		json_snmp(w, &info, out);
	else
		text_snmp(w, &info, out);
	return 0;
}
