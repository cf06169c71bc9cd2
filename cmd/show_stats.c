/* show crypto ikev2 stats, clear crypto ikev2 stats (R-SHO-09): what IKEv2 did since the start, or since
 * it was cleared here. Clearing moves what these two print only: counters of SNMP, metrics, SQL and
 * `show counters` never go back. */
#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"

/* {words, in, out}; CT__MAX: there is no such thing. */
static const struct {
	const char *words;
	enum counter in, out;
} exchanges[] = {
	{"IKE_SA_INIT requests", CT_IKE_INIT_IN, CT_IKE_INIT_OUT},
	{"IKE_AUTH requests", CT_IKE_AUTH_IN, CT_IKE_AUTH_OUT},
	{"CREATE_CHILD_SA requests", CT_IKE_CHILD_IN, CT_IKE_CHILD_OUT},
	{"INFORMATIONAL requests", CT_IKE_INFO_IN, CT_IKE_INFO_OUT},
	{"of these liveness checks", CT_DPD_IN, CT_DPD_SENT},
	{"Retransmissions", CT_IKE_RETRANS_IN, CT_IKE_RETRANS_OUT},
	{"Cookie challenges", CT__MAX, CT_IKE_COOKIES},
	{"Unprotected error replies", CT__MAX, CT_IKE_REFUSALS_OUT},
	{"left out by their rate limit", CT__MAX, CT_IKE_REFUSALS_LIMITED},
	{"Redirects", CT_REDIRECT_IN, CT_REDIRECT_OUT},
	{"Tickets", CT_TICKET_IN, CT_TICKET_OUT},
	{"Tokens of lost SAs", CT_QCD_IN, CT_QCD_OUT},
	{"Unknown SPIs told", CT_INVALID_SPI_IN, CT_INVALID_SPI_OUT},
	{"NAT keepalives", CT_NAT_KEEPALIVE_IN, CT_NAT_KEEPALIVE_OUT},
	{"Messages", CT_IKE_IN, CT_IKE_OUT},
	{"of these fragments", CT_FRAGMENTS_IN, CT_FRAGMENTS_OUT},
	{"Bytes", CT_IKE_IN_BYTES, CT_IKE_OUT_BYTES},
};

static const struct {
	const char *words;
	enum counter counter;
} sas[] = {
	{"IKEv2 SAs established", CT_IKE_UP}, {"IKEv2 SAs ended", CT_IKE_DOWN},
	{"IKEv2 SAs rekeyed", CT_IKE_REKEYED}, {"IPsec SAs established", CT_CHILD_UP},
	{"IPsec SAs ended", CT_CHILD_DOWN}, {"IPsec SAs rekeyed", CT_CHILD_REKEYED},
	{"Logins by shared key", CT_LOGIN_KEY}, {"... that came to nothing", CT_REFUSED_KEY},
	{"Logins by certificate", CT_LOGIN_CERT}, {"... that came to nothing", CT_REFUSED_CERT},
	{"Logins by EAP", CT_LOGIN_EAP}, {"... that came to nothing", CT_REFUSED_EAP},
	{"Rekeyed by both at once", CT_REKEY_COLLISION}, {"IKEv2 SAs resumed", CT_RESUMED},
	{"Tickets refused", CT_RESUME_REFUSED}, {"Redirects refused", CT_REDIRECT_REFUSED},
};

static const enum status limits[] = {ST_HALF_OPEN_LIMIT, ST_HALF_OPEN_SOURCE, ST_SA_LIMIT};

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t counted(const struct world *w, const struct sample *s, enum counter c)
{
	return s->sums.count[c] - w->stats_cleared->sums.count[c];
}

static uint64_t failed(const struct world *w, const struct sample *s, enum status st)
{
	return s->sums.status[st] - w->stats_cleared->sums.status[st];
}

/* Names of the data path are not IKE's. */
static bool is_of_ike(enum status st)
{
	static const char *const others[] = {"esp_", "out_", "tun_", "ring_"};
	for (size_t i = 0; i < LEN(others); i++)
		if (strncmp(status_token(st), others[i], strlen(others[i])) == 0)
			return false;
	return st != ST_OK;
}

static uint32_t limit_of(const struct world *w, uint32_t of_direction)
{
	return of_direction ? of_direction : w->conf->ike.max_in_negotiation;
}

static void js_stats(struct world *w, struct out *out, const struct sample *s)
{
	js_open(out, NULL);
	js_u64(out, "sample", s->number);
	js_u64(out, "sample_wall_ms", (uint64_t)s->wall_ms);
	js_u64(out, "cleared_wall_ms", (uint64_t)w->stats_cleared->wall_ms);
	js_u64(out, "established", s->gauge[GG_IKE_SAS]);
	js_u64(out, "half_open", s->gauge[GG_HALF_OPEN]);
	js_u64(out, "half_open_in", s->gauge[GG_HALF_OPEN_IN]);
	js_u64(out, "max_in_negotiation", w->conf->ike.max_in_negotiation);
	js_u64(out, "max_in_negotiation_in", limit_of(w, w->conf->ike.max_in_negotiation_in));
	js_u64(out, "max_in_negotiation_out", limit_of(w, w->conf->ike.max_in_negotiation_out));
	js_u64(out, "max_sa", w->conf->ike.max_sa);
	js_open(out, "counters");
	for (size_t i = 0; i < LEN(exchanges); i++) {
		if (exchanges[i].in != CT__MAX)
			js_u64(out, counter_token(exchanges[i].in), counted(w, s, exchanges[i].in));
		js_u64(out, counter_token(exchanges[i].out), counted(w, s, exchanges[i].out));
	}
	for (size_t i = 0; i < LEN(sas); i++)
		js_u64(out, counter_token(sas[i].counter), counted(w, s, sas[i].counter));
	js_close(out);
	js_open(out, "status");
	for (int i = 1; i < ST__MAX; i++)
		if (is_of_ike((enum status)i))
			js_u64(out, status_token((enum status)i), failed(w, s, (enum status)i));
	js_close(out);
	js_close(out);
}

static void put_exchanges(const struct world *w, struct out *out, const struct sample *s)
{
	out_printf(out, "\n  %-30s %14s %14s\n", "", "in", "out");
	for (size_t i = 0; i < LEN(exchanges); i++) {
		out_printf(out, "  %-30s ", exchanges[i].words);
		if (exchanges[i].in == CT__MAX)
			out_printf(out, "%14s", "-");
		else
			out_printf(out, "%14" PRIu64, counted(w, s, exchanges[i].in));
		out_printf(out, " %14" PRIu64 "\n", counted(w, s, exchanges[i].out));
	}
}

static void put_failures(const struct world *w, struct out *out, const struct sample *s)
{
	bool any = false;
	out_printf(out, "\n  Failures and ends, by name:");
	for (int i = 1; i < ST__MAX; i++) {
		enum status st = (enum status)i;
		if (!is_of_ike(st) || !failed(w, s, st))
			continue;
		out_printf(out, "\n  %14" PRIu64 "  %-22s %s", failed(w, s, st), status_token(st), status_words(st));
		any = true;
	}
	out_printf(out, "%s\n", any ? "" : " none");
}

SHOW(show_ikev2_stats)
{
	const char *line = "--------------------------------------------------------------------------------";
	const struct sample *s = w->sample(w->ctx);
	const struct ike_global *g = &w->conf->ike;
	uint64_t refused = 0;
	if (out->json) {
		js_stats(w, out, s);
		return 0;
	}
	for (size_t i = 0; i < LEN(limits); i++)
		refused += failed(w, s, limits[i]);
	out_printf(out, "%s\n%26sCrypto IKEv2 SA Statistics (sample %" PRIu64 ")\n%s\n", line, "", s->number, line);
	out_printf(out, "System Resource Limit:   0        Max IKEv2 SAs: %-8u Max in nego(in/out): %u/%u\n",
		   g->max_sa, limit_of(w, g->max_in_negotiation_in), limit_of(w, g->max_in_negotiation_out));
	out_printf(out, "Total IKEv2 SA count:    %-8" PRIu64 " active: %-8" PRIu64 "        negotiating(in/out): %" PRIu64 "/%" PRIu64 "\n",
		   s->gauge[GG_IKE_SAS] + s->gauge[GG_HALF_OPEN], s->gauge[GG_IKE_SAS], s->gauge[GG_HALF_OPEN_IN],
		   s->gauge[GG_HALF_OPEN] - s->gauge[GG_HALF_OPEN_IN]);
	out_printf(out, "Incoming IKEv2 Requests: %-8" PRIu64 " rejected by limits: %" PRIu64 " (in all: %" PRIu64 ", of one source: %" PRIu64
		   ", SA limit: %" PRIu64 ")\n", counted(w, s, CT_IKE_INIT_IN), refused, failed(w, s, ST_HALF_OPEN_LIMIT),
		   failed(w, s, ST_HALF_OPEN_SOURCE), failed(w, s, ST_SA_LIMIT));
	out_printf(out, "Incoming IKEv2 Cookie Challenged Requests: %" PRIu64 " rejected, wrong cookie: %" PRIu64 "\n",
		   counted(w, s, CT_IKE_COOKIES), failed(w, s, ST_BAD_COOKIE));
	put_exchanges(w, out, s);
	out_printf(out, "\n");
	for (size_t i = 0; i < LEN(sas); i++)
		out_printf(out, "  %-30s %14" PRIu64 "\n", sas[i].words, counted(w, s, sas[i].counter));
	put_failures(w, out, s);
	return 0;
}

SHOW(clear_ikev2_stats)
{
	const struct sample *s = w->sample(w->ctx);
	struct stats_cleared *c = w->stats_cleared;
	c->wall_ms = s->wall_ms;
	c->sums = s->sums;
	w->keep_cleared(w->ctx);
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "cleared_wall_ms", (uint64_t)s->wall_ms);
		js_close(out);
	} else {
		out_printf(out, "What `show crypto ikev2 stats` prints begins anew\n");
	}
	return 0;
}
