/* show aaa servers: RADIUS servers as they are asked, and what became of it (RFC 4668, 4670). */
#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"
#include "modules/radius/radius.h"

static void text_counts(struct out *out, const char *what, const struct radius_counts *c)
{
	out_printf(out, "     %s: request %" PRIu64 ", timeouts %" PRIu64 ", retransmission %" PRIu64 "\n", what, c->requests, c->timeouts,
		   c->retransmits);
	if (c->accepts || c->rejects || c->challenges)
		out_printf(out, "             Response: accept %" PRIu64 ", reject %" PRIu64 ", challenge %" PRIu64 "\n", c->accepts, c->rejects,
			   c->challenges);
	out_printf(out, "             Response: total %" PRIu64 ", malformed %" PRIu64 ", bad authenticator %" PRIu64 ", unexpected %" PRIu64 "\n",
		   c->responses, c->malformed, c->bad_authenticators, c->unknown + c->dropped);
}

static void text_link(struct out *out, const char *what, const struct radius_link_info *l)
{
	out_printf(out, "     %s connection: %s", what, radius_link_state_words(l->state));
	if (l->n_links > 1)
		out_printf(out, ", %" PRIu32 " of them", l->n_links);
	if (l->look.phase[0])
		out_printf(out, ", %s", l->look.phase);
	if (l->look.version && l->look.version[0])
		out_printf(out, ", %s, %s", l->look.version, l->look.cipher);
	if (l->again_ms)
		out_printf(out, ", tried again in %" PRIu32 " ms", l->again_ms);
	if (l->look.subject[0])
		out_printf(out, "\n             Server's certificate: %s", l->look.subject);
	out_printf(out, "\n             Opened: %" PRIu64 ", packets without room %" PRIu64, l->opened, l->stalled);
	for (int i = 0; i < RADIUS_LINK_ENDS; i++)
		if (l->ends[i])
			out_printf(out, ", ended %s %" PRIu64, radius_link_token(i), l->ends[i]);
	if (l->has_failed)
		out_printf(out, "\n             Last failure: %s%s%s", radius_link_words(l->last), l->words[0] ? ": " : "", l->words);
	out_printf(out, "\n");
}

static void text_head(struct out *out, unsigned n, const struct radius_server_info *i)
{
	char text[ADDR_TEXT];
	out_printf(out, "RADIUS: id %u, name %s, host %s, ", n, i->conf.name, addr_format(&i->conf.addr, text));
	if (i->conf.tls.is_on)
		out_printf(out, "transport TLS, port %u", i->conf.auth_port);
	else
		out_printf(out, "auth-port %u, acct-port %u", i->conf.auth_port, i->conf.acct_port);
}

static void text_server(struct out *out, unsigned n, const struct radius_server_info *i)
{
	char text[ADDR_TEXT];
	text_head(out, n, i);
	if (i->conf.vrf[0])
		out_printf(out, ", vrf %s", i->conf.vrf);
	if (i->conf.source.family)
		out_printf(out, ", source %s", addr_format(&i->conf.source, text));
	out_printf(out, "\n     State: current %s", i->is_dead ? "DEAD" : "UP");
	if (i->is_dead)
		out_printf(out, ", duration %" PRIu64 "s", i->dead_s);
	out_printf(out, ", deaths %" PRIu64 "\n", i->auth.deaths + i->acct.deaths);
	out_printf(out, "     Replies without Message-Authenticator: %s\n",
		   i->conf.trusts_unsigned || i->conf.tls.is_on ? "accepted" : "dropped");
	out_printf(out, "     Requests open: %" PRIu32 ", last round trip %" PRIu32 " ms\n", i->of_auth.open + i->of_acct.open, i->last_ms);
	text_counts(out, "Authen", &i->auth);
	text_counts(out, "Account", &i->acct);
	if (i->conf.tls.is_on) {
		text_link(out, "Authen", &i->links[0]);
		text_link(out, "Account", &i->links[1]);
	}
}

static void json_counts(struct out *out, const char *key, const struct radius_counts *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} v[] = {{"requests", c->requests}, {"retransmits", c->retransmits}, {"accepts", c->accepts}, {"rejects", c->rejects},
		 {"challenges", c->challenges}, {"responses", c->responses}, {"timeouts", c->timeouts}, {"malformed", c->malformed},
		 {"bad_authenticators", c->bad_authenticators}, {"unknown", c->unknown}, {"dropped", c->dropped}, {"deaths", c->deaths}};
	js_open(out, key);
	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++)
		js_u64(out, v[k].name, v[k].value);
	js_close(out);
}

static void json_link(struct out *out, const char *key, const struct radius_link_info *l)
{
	js_open(out, key);
	js_str(out, "state", radius_link_state_words(l->state));
	js_u64(out, "connections", l->n_links);
	js_str(out, "phase", l->look.phase);
	js_str(out, "tls_version", l->look.version ? l->look.version : "");
	js_str(out, "cipher", l->look.cipher);
	js_str(out, "subject", l->look.subject);
	js_u64(out, "again_ms", l->again_ms);
	js_u64(out, "opened", l->opened);
	js_u64(out, "without_room", l->stalled);
	js_open(out, "ended");
	for (int i = 0; i < RADIUS_LINK_ENDS; i++)
		js_u64(out, radius_link_token(i), l->ends[i]);
	js_close(out);
	js_str(out, "last_failure", l->has_failed ? radius_link_words(l->last) : "");
	js_str(out, "last_failure_detail", l->has_failed ? l->words : "");
	js_close(out);
}

static void json_server(struct out *out, const struct radius_server_info *i)
{
	js_open(out, NULL);
	js_str(out, "name", i->conf.name);
	js_str(out, "vrf", i->conf.vrf);
	js_addr(out, "address", &i->conf.addr);
	js_addr(out, "source", &i->conf.source);
	js_str(out, "transport", i->conf.tls.is_on ? "tls" : "udp");
	js_u64(out, "auth_port", i->conf.auth_port);
	js_u64(out, "acct_port", i->conf.acct_port);
	js_bool(out, "dead", i->is_dead);
	js_u64(out, "dead_seconds", i->dead_s);
	js_bool(out, "unsigned_replies_accepted", i->conf.trusts_unsigned || i->conf.tls.is_on);
	js_u64(out, "open", i->of_auth.open + i->of_acct.open);
	js_u64(out, "last_ms", i->last_ms);
	json_counts(out, "authentication", &i->auth);
	json_counts(out, "accounting", &i->acct);
	if (i->conf.tls.is_on) {
		json_link(out, "authentication_link", &i->links[0]);
		json_link(out, "accounting_link", &i->links[1]);
	}
	js_close(out);
}

SHOW(show_aaa_servers)
{
	struct radius_server_info i;
	size_t cursor = 0;
	unsigned n = 0;
	if (args->n > 1) {
		out_printf(err, "\"%s\" is not understood here; show aaa servers takes the name of a server\n", args->words[1]);
		return 2;
	}
	if (out->json) {
		js_open(out, NULL);
		js_open_array(out, "servers");
	}
	while (w->radius && radius_next_info(w->radius, &cursor, &i)) {
		n++;
		if (args->n == 1 && strcmp(args->words[0], i.conf.name) != 0)
			continue;
		if (out->json)
			json_server(out, &i);
		else
			text_server(out, n, &i);
	}
	if (out->json) {
		js_close_array(out);
		js_close(out);
	} else if (n == 0) {
		out_printf(out, "There are no RADIUS servers, or their names have no addresses yet.\n");
	}
	return 0;
}
