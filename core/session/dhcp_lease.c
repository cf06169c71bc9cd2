#include "core/session/dhcp_lease.h"

#include <stdio.h>
#include <string.h>

#include "core/base/freeze.h"
#include "core/base/mem.h"
#include "core/crypto/prf.h"
#include "core/session/assign.h"

#define LEAST_WAIT_MS 60000 /* between two attempts (RFC 2131 4.4.5) */
#define RESTORED_MS   60000 /* after a restart of the machine the way to the server may come up after us */

enum field { F_SERVER = 1, F_GIADDR, F_TIMEOUT, F_NUMBER, F_BOUND, F_RELAY, F_SERVER_ID, F_MASK_LEN, F_DNS, F_T1, F_T2, F_END,
	F_END_UTC };

/* ---- what the policies say ------------------------------------------------------------------ */

enum status dhcp_lease_apply(struct session *s, const struct aaa_set *set)
{
	char pool[SESSION_NAME];
	uint32_t timeout_s = set->dhcp_timeout_s ? set->dhcp_timeout_s : SESSION_DHCP_TIMEOUT_S;

	if (!set->dhcp_server[0] || s->pool4[0] || set->ip4.family) /* R-MCF-12 */
		return ST_OK;
	s->dhcp = mem_new(sizeof(*s->dhcp));
	if (!s->dhcp)
		return ST_NOMEM;
	snprintf(s->dhcp->server, sizeof(s->dhcp->server), "%s", set->dhcp_server);
	s->dhcp->giaddr = set->dhcp_giaddr;
	s->dhcp->timeout_s = timeout_s < SESSION_DHCP_TIMEOUT_MAX_S ? timeout_s : SESSION_DHCP_TIMEOUT_MAX_S;
	snprintf(pool, sizeof(pool), LEASE_DHCP "%.*s", (int)(sizeof(pool) - sizeof(LEASE_DHCP)), s->dhcp->server);
	return text_set(&s->pool4, pool);
}

bool dhcp_lease_is_used(const struct session *s)
{
	return s->dhcp && lease_is_dhcp(s->pool4); /* a script may have chosen a pool */
}

/* ---- who asks ------------------------------------------------------------------------------- */

static bool has_number(const struct sessions *ss, const struct session *s, uint32_t number)
{
	for (const struct session *o = session_next_same(ss, s->peer_id, NULL); o; o = session_next_same(ss, s->peer_id, o))
		if (o != s && dhcp_lease_is_used(o) && (o->dhcp->is_bound || o->dhcp->is_asked) && o->dhcp->number == number &&
			strcmp(o->profile, s->profile) == 0 && strcmp(o->username, s->username) == 0)
			return true;
	return false;
}

struct session *dhcp_lease_asker(struct sessions *ss, const struct ike_question *q)
{
	struct session *s = session_find(ss, &q->session);

	/* One that waits comes back to what it was granted (R-SDB-13). */
	if (!s || s->state != SESSION_PENDING || !q->wants_ip4 || s->lease4 || !dhcp_lease_is_used(s) || session_before(ss, s, 4))
		return NULL;
	s->dhcp->number = 0;
	while (has_number(ss, s, s->dhcp->number))
		s->dhcp->number++;
	return s;
}

void dhcp_lease_who(const struct session *s, struct dhcp_who *who)
{
	static const char label[] = "sallyport dhcp client";
	const uint8_t more[] = {s->peer_id->type, (uint8_t)(s->dhcp->number >> 24), (uint8_t)(s->dhcp->number >> 16),
		(uint8_t)(s->dhcp->number >> 8), (uint8_t)s->dhcp->number};
	/* Text with its NUL: where one part ends is in what is hashed. */
	const struct view parts[] = {
		{(const uint8_t *)label, sizeof(label)},
		{more, sizeof(more)},
		{(const uint8_t *)s->profile, strlen(s->profile) + 1},
		{(const uint8_t *)s->username, strlen(s->username) + 1},
		{s->peer_id->bytes, s->peer_id->len},
	};
	uint8_t digest[32];

	prf_sha256(parts, sizeof(parts) / sizeof(parts[0]), digest);
	dhcp_who_make(who, digest, s->username);
}

/* ---- the lease ------------------------------------------------------------------------------ */

static uint64_t after(uint64_t from_ms, uint64_t s)
{
	return from_ms + s * 1000;
}

/* What the server does not say, or says without sense, is half and seven eighths of the time (RFC 2131 4.4.5). */
static void set_times(struct session_dhcp *d, const struct dhcp_grant *g)
{
	uint64_t lease = g->reply->lease_s, t1 = g->reply->t1_s, t2 = g->reply->t2_s;

	d->next_ms = 0;
	if (lease == DHCP_FOR_EVER) {
		d->t1_ms = d->t2_ms = d->end_ms = d->end_utc_ms = SESSION_DHCP_NEVER;
		return;
	}
	if (t2 == 0 || t2 >= lease)
		t2 = lease * 7 / 8;
	if (t1 == 0 || t1 > t2)
		t1 = lease / 2 < t2 ? lease / 2 : t2;
	d->t1_ms = after(g->asked_ms, t1);
	d->t2_ms = after(g->asked_ms, t2);
	d->end_ms = after(g->asked_ms, lease);
	d->end_utc_ms = after(g->asked_utc_ms, lease);
}

enum status dhcp_lease_take(struct sessions *ss, struct session *s, const struct dhcp_grant *g)
{
	enum status st = session_take_exact(ss, s, &g->reply->yiaddr);
	struct session_dhcp *d = s->dhcp;

	if (st != ST_OK)
		return st;
	d->is_bound = true;
	d->relay = g->relay;
	d->server_id = g->reply->server_id;
	d->mask_len = g->reply->mask_len;
	d->n_dns = g->reply->n_dns;
	memcpy(d->dns, g->reply->dns, sizeof(d->dns));
	set_times(d, g);
	return ST_OK;
}

void dhcp_lease_renewed(struct session *s, const struct dhcp_grant *g)
{
	s->dhcp->relay = g->relay;
	s->dhcp->server_id = g->reply->server_id;
	set_times(s->dhcp, g);
}

void dhcp_lease_share(struct session *s, const struct session *other)
{
	if (!dhcp_lease_is_used(s) || !dhcp_lease_is_used(other))
		return;
	*s->dhcp = *other->dhcp;
	s->dhcp->is_asked = false;
}

void dhcp_lease_restored(struct session *s, uint64_t now_ms, uint64_t utc_ms)
{
	struct session_dhcp *d = s->dhcp;
	uint64_t left;

	if (!dhcp_lease_is_used(s) || !d->is_bound)
		return;
	left = d->end_utc_ms > utc_ms ? d->end_utc_ms - utc_ms : 0;
	d->t1_ms = d->t2_ms = now_ms;
	d->next_ms = 0;
	if (d->end_ms != SESSION_DHCP_NEVER)
		d->end_ms = now_ms + (left > RESTORED_MS ? left : RESTORED_MS);
}

void dhcp_lease_failed(struct session *s, enum status why, const char *words, uint64_t now_ms)
{
	struct session_dhcp *d = s->dhcp;
	uint64_t until = now_ms < d->t2_ms ? d->t2_ms : d->end_ms;
	uint64_t wait = until > now_ms ? (until - now_ms) / 2 : 0;

	d->why = why;
	snprintf(d->words, sizeof(d->words), "%s", words);
	if (wait < LEAST_WAIT_MS)
		wait = LEAST_WAIT_MS;
	/* Short leases have their second attempt at T2, and their last one shortly before the end. */
	if (now_ms + wait > until && until > now_ms)
		wait = now_ms < d->t2_ms ? until - now_ms : (until - now_ms) / 2 + 1;
	d->next_ms = now_ms + wait;
}

enum status dhcp_lease_why(const struct session *s, char detail[LEASE_DETAIL])
{
	enum status st = s->dhcp->why;

	snprintf(detail, LEASE_DETAIL, "%s", st == ST_OK ? "no DHCP server was asked" : s->dhcp->words);
	return st == ST_OK ? ST_NO_ADDRESS : st;
}

void dhcp_lease_put(const struct session *s, struct ike_grant *g)
{
	const struct session_dhcp *d = s->dhcp;
	bool has_dns = false;

	g->ip4_mask_len = d->mask_len;
	for (size_t i = 0; i < g->n_dns; i++)
		has_dns |= g->dns[i].family == 4;
	for (size_t i = 0; i < d->n_dns && !has_dns && g->n_dns < sizeof(g->dns) / sizeof(g->dns[0]); i++)
		g->dns[g->n_dns++] = d->dns[i];
}

enum dhcp_due dhcp_lease_due(const struct session *s, uint64_t now_ms)
{
	const struct session_dhcp *d = s->dhcp;

	if (!dhcp_lease_is_used(s) || !d->is_bound)
		return DHCP_DUE_NOTHING;
	if (now_ms >= d->end_ms)
		return DHCP_DUE_END;
	if (d->is_asked || now_ms < d->t1_ms || now_ms < d->next_ms)
		return DHCP_DUE_NOTHING;
	return now_ms < d->t2_ms ? DHCP_DUE_RENEW : DHCP_DUE_REBIND;
}

/* ---- frozen --------------------------------------------------------------------------------- */

void dhcp_lease_freeze(const struct session *s, struct wr *w, uint16_t tag)
{
	const struct session_dhcp *d = s->dhcp;
	struct wr_mark m;

	if (!d)
		return;
	m = fz_open(w, tag);
	fz_str(w, F_SERVER, d->server);
	fz_addr(w, F_GIADDR, &d->giaddr);
	fz_u32(w, F_TIMEOUT, d->timeout_s);
	fz_u32(w, F_NUMBER, d->number);
	fz_u8(w, F_BOUND, d->is_bound);
	fz_addr(w, F_RELAY, &d->relay);
	fz_addr(w, F_SERVER_ID, &d->server_id);
	fz_u8(w, F_MASK_LEN, d->mask_len);
	for (size_t i = 0; i < d->n_dns; i++)
		fz_addr(w, F_DNS, &d->dns[i]);
	fz_u64(w, F_T1, d->t1_ms);
	fz_u64(w, F_T2, d->t2_ms);
	fz_u64(w, F_END, d->end_ms);
	fz_u64(w, F_END_UTC, d->end_utc_ms);
	fz_close(w, m);
}

static bool read_v4(struct view v, struct addr *out)
{
	*out = fz_get_addr(v);
	return out->family != 6;
}

static bool read_field(uint16_t tag, struct view v, struct session_dhcp *d)
{
	switch (tag) {
	case F_SERVER: return fz_get_str(v, d->server, sizeof(d->server));
	case F_GIADDR: return read_v4(v, &d->giaddr);
	case F_TIMEOUT: d->timeout_s = fz_get_u32(v); return true;
	case F_NUMBER: d->number = fz_get_u32(v); return true;
	case F_BOUND: d->is_bound = fz_get_u8(v) != 0; return true;
	case F_RELAY: return read_v4(v, &d->relay);
	case F_SERVER_ID: return read_v4(v, &d->server_id);
	case F_MASK_LEN: d->mask_len = fz_get_u8(v); return d->mask_len <= 32;
	case F_DNS: return d->n_dns < DHCP_DNS_MAX && read_v4(v, &d->dns[d->n_dns++]);
	case F_T1: d->t1_ms = fz_get_u64(v); return true;
	case F_T2: d->t2_ms = fz_get_u64(v); return true;
	case F_END: d->end_ms = fz_get_u64(v); return true;
	case F_END_UTC: d->end_utc_ms = fz_get_u64(v); return true;
	default: return true;
	}
}

enum status dhcp_lease_thaw(struct session *s, struct view group)
{
	struct rd fields = rd_init(group.p, group.len);
	struct view v;
	uint16_t tag;
	bool ok = true;

	s->dhcp = mem_new(sizeof(*s->dhcp));
	if (!s->dhcp)
		return ST_NOMEM;
	while (ok && fz_next(&fields, &tag, &v))
		ok = read_field(tag, v, s->dhcp);
	ok = ok && rd_ok(&fields) && (!s->dhcp->is_bound || (s->dhcp->relay.family && s->dhcp->server_id.family));
	return ok ? ST_OK : ST_BAD_PAYLOAD;
}
