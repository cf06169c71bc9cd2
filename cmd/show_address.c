/* Where the IPv4 address of a session comes from (R-MCF-12), for show crypto session. */
#include <inttypes.h>

#include "cmd/show.h"
#include "core/session/dhcp_lease.h"

/* Seconds until then; none are told where it never comes. */
static uint64_t seconds_until(const struct world *w, uint64_t at_ms)
{
	uint64_t now = w->now_ms(w->ctx);
	return at_ms > now ? (at_ms - now + 999) / 1000 : 0;
}

static bool is_own(const struct session *s)
{
	return s->terms && s->terms->ip4.family;
}

void show_address(const struct world *w, struct out *out, const struct session *s)
{
	char text[ADDR_TEXT];
	if (!s || !s->lease4)
		return;
	out_printf(out, "      Assigned address: %s%s%s%s\n", addr_format(&s->lease4->addr, text), is_own(s) ? ", the user's own" : "",
		   !s->pool4[0] ? "" : dhcp_lease_is_used(s) ? " from " : is_own(s) ? ", in pool " : " from pool ", s->pool4);
	if (!dhcp_lease_is_used(s))
		return;
	if (s->dhcp->end_ms == SESSION_DHCP_NEVER)
		out_printf(out, "      DHCP lease: for ever, giaddr %s\n", addr_format(&s->dhcp->relay, text));
	else
		out_printf(out, "      DHCP lease: %" PRIu64 " s left, renewed in %" PRIu64 " s, giaddr %s\n",
			   seconds_until(w, s->dhcp->end_ms), seconds_until(w, s->dhcp->t1_ms),
			   addr_format(&s->dhcp->relay, text));
}

void js_address(const struct world *w, struct out *out, const struct session *s)
{
	bool has = s && s->lease4;
	js_str(out, "ip4_from", has ? s->pool4 : "");
	js_bool(out, "ip4_own", has && is_own(s));
	if (!has || !dhcp_lease_is_used(s))
		return;
	js_addr(out, "dhcp_server", &s->dhcp->server_id);
	js_addr(out, "dhcp_giaddr", &s->dhcp->relay);
	if (s->dhcp->end_ms == SESSION_DHCP_NEVER)
		return;
	js_u64(out, "dhcp_lease_s", seconds_until(w, s->dhcp->end_ms));
	js_u64(out, "dhcp_renew_s", seconds_until(w, s->dhcp->t1_ms));
}
