/* show aaa server radius dynamic-author: who may end and change sessions, and what became of their requests. */
#include <inttypes.h>

#include "cmd/show.h"
#include "core/conf/aaa.h"
#include "modules/coa/coa.h"

static const char *match_word(const struct dynauth *d)
{
	return d->match == DYNAUTH_ANY ? "any" : d->match == DYNAUTH_SESSION_KEY ? "session-key" : "all";
}

/* Of requests of either kind, and of what is neither. */
struct sums {
	uint64_t repeated, bad_authenticator, old, malformed;
};

static struct sums sums_of(const struct coa_counts *n)
{
	const struct coa_kind_counts *a = &n->disconnect, *b = &n->coa;
	return (struct sums){a->repeated + b->repeated, a->bad_authenticator + b->bad_authenticator, a->old + b->old,
			     a->malformed + b->malformed + n->other_code};
}

static void text_kind(struct out *out, const char *name, const struct coa_kind_counts *k)
{
	out_printf(out, "    %-11s %" PRIu64 " requests, %" PRIu64 " ACK, %" PRIu64 " NAK\n", name, k->requests, k->acks,
		   k->naks);
}

static void text_client(const struct world *w, struct out *out, const struct coa_client_info *i)
{
	char addr[ADDR_TEXT];
	struct sums n = sums_of(&i->counts);
	out_printf(out, "Client %s, address %s, vrf %s\n", i->name, addr_format(&i->addr, addr), show_vrf(w, i->vrf));
	text_kind(out, "Disconnect:", &i->counts.disconnect);
	text_kind(out, "CoA:", &i->counts.coa);
	out_printf(out,
		   "    Repeated: %" PRIu64 ", dropped: %" PRIu64 " bad authenticator, %" PRIu64 " of another time, %" PRIu64
		   " malformed\n",
		   n.repeated, n.bad_authenticator, n.old, n.malformed);
}

static void text_all(const struct world *w, struct out *out)
{
	const struct dynauth *d = &w->conf->dynauth;
	struct coa_client_info i;
	size_t cursor = 0;
	out_printf(out, "Dynamic authorization: %s", d->on ? "ports" : "off\n");
	if (d->on && d->ports[0] == 0)
		out_printf(out, " %u %u", DYNAUTH_PORT, DYNAUTH_PORT_OLD);
	for (size_t k = 0; d->on && k < CONF_DYNAUTH_PORTS && d->ports[k]; k++)
		out_printf(out, " %u", (unsigned)d->ports[k]);
	if (d->on)
		out_printf(out, ", auth-type %s%s, Event-Timestamp within %u s%s, reauthentication within %u s\n", match_word(d),
			   d->ignores_session_key ? ", session-key ignored" : "", (unsigned)d->timestamp_window_s,
			   d->requires_timestamp ? ", required" : "", (unsigned)d->reauth_s);
	out_printf(out, "Dropped from unknown clients: %" PRIu64 "\n", (w->coa ? coa_unknown(w->coa) : 0));
	while (w->coa && coa_next_info(w->coa, &cursor, &i))
		text_client(w, out, &i);
}

static void json_kind(struct out *out, const char *name, const struct coa_kind_counts *k)
{
	js_open(out, name);
	js_u64(out, "requests", k->requests);
	js_u64(out, "acks", k->acks);
	js_u64(out, "naks", k->naks);
	js_close(out);
}

static void json_client(const struct world *w, struct out *out, const struct coa_client_info *i)
{
	struct sums n = sums_of(&i->counts);
	js_open(out, NULL);
	js_str(out, "client", i->name);
	js_addr(out, "address", &i->addr);
	js_str(out, "vrf", show_vrf(w, i->vrf));
	json_kind(out, "disconnect", &i->counts.disconnect);
	json_kind(out, "coa", &i->counts.coa);
	js_u64(out, "repeated", n.repeated);
	js_u64(out, "bad_authenticator", n.bad_authenticator);
	js_u64(out, "old", n.old);
	js_u64(out, "malformed", n.malformed);
	js_close(out);
}

static void json_all(const struct world *w, struct out *out)
{
	const struct dynauth *d = &w->conf->dynauth;
	struct coa_client_info i;
	size_t cursor = 0;
	js_open(out, NULL);
	js_bool(out, "on", d->on);
	js_str(out, "auth_type", match_word(d));
	js_bool(out, "ignores_session_key", d->ignores_session_key);
	js_u64(out, "timestamp_window_s", d->timestamp_window_s);
	js_bool(out, "timestamp_required", d->requires_timestamp);
	js_u64(out, "reauthentication_s", d->on ? d->reauth_s : DYNAUTH_REAUTH_S);
	js_u64(out, "unknown_clients", (w->coa ? coa_unknown(w->coa) : 0));
	js_open_array(out, "clients");
	while (w->coa && coa_next_info(w->coa, &cursor, &i))
		json_client(w, out, &i);
	js_close_array(out);
	js_close(out);
}

SHOW(show_dynauth)
{
	if (out->json)
		json_all(w, out);
	else
		text_all(w, out);
	return 0;
}
