#include "core/session/frozen.h"

#include "core/base/freeze.h"
#include "core/base/keep.h"
#include "core/session/dhcp_lease.h"

#define VERSION 1

/* Numbers are for ever; a field that is gone leaves a hole. */
enum field {
	F_ULID = 1,
	F_STATE,
	F_INITIATOR,
	F_SA,
	F_START_MS,
	F_PROFILE,
	F_POLICY,
	F_POLICY_USER,
	F_POOL4,
	F_POOL6,
	F_IVRF,
	F_ID_TYPE,
	F_ID,
	F_USERNAME,
	F_LOCAL,
	F_REMOTE,
	F_MASK_LEN,
	F_SPI_IN,
	F_LEASE4,
	F_LEASE6,
	F_IP4,
	F_IP4_MASK_LEN,
	F_IP6,
	F_IP6_LEN,
	F_DNS,
	F_NBNS,
	F_SUBNET,
	F_REMOTE_NET,
	F_DOMAIN,
	F_BANNER,
	F_TUN,
	F_LIFETIME,
	F_DISTANCE,
	F_SPLIT_DNS,
	F_BACKUP_GATEWAYS,
	F_CONFIG_URL,
	F_CONFIG_VERSION,
	F_LOCAL_LAN,
	F_PFS,
	F_SMARTCARD,
	F_ALLOWS, /* bits: IPv4 1, IPv6 2 */
	F_SERVER4,
	F_SERVER6,
	F_USER,
	F_RECONNECT_S,
	F_IDLE_TIMEOUT_S,
	F_UP_MS,
	F_WAITING_MS,
	F_RESUMED,
	F_VERIFIER,
	F_INDEX,
	F_CARRIED, /* bytes in, out, packets in, out, drops: 8 octets each */
	F_ACCT_GROUPS,
	F_ACCT, /* bits: stop-only 1, of RADIUS 2; the method of the login from bit 4 on */
	F_DHCP = 90, /* a group */
	F_REAUTH = 94, /* of the lifetime: at its end the client may authenticate again */
	F_REAUTH_MS
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void write_grant(struct wr *w, const struct kept_grant *g)
{
	fz_some_addr(w, F_IP4, &g->ip4);
	fz_some_u8(w, F_IP4_MASK_LEN, g->ip4_mask_len);
	fz_some_addr(w, F_IP6, &g->ip6);
	fz_some_u8(w, F_IP6_LEN, g->ip6_prefix_len);
	for (size_t i = 0; i < g->n_dns; i++)
		fz_addr(w, F_DNS, &g->dns[i]);
	for (size_t i = 0; i < g->n_nbns; i++)
		fz_addr(w, F_NBNS, &g->nbns[i]);
	for (size_t i = 0; i < g->n_subnets; i++)
		fz_prefix(w, F_SUBNET, &g->subnets[i]);
	for (size_t i = 0; i < g->n_remote; i++)
		fz_prefix(w, F_REMOTE_NET, &g->remote[i]);
	fz_some_str(w, F_DOMAIN, g->def_domain);
	fz_some_str(w, F_BANNER, g->banner);
	fz_some_u32(w, F_TUN, g->tun);
	fz_some_u32(w, F_LIFETIME, g->session_lifetime_s);
	fz_some_u8(w, F_REAUTH, g->session_reauth);
	fz_some_str(w, F_SPLIT_DNS, g->split_dns);
	fz_some_str(w, F_BACKUP_GATEWAYS, g->backup_gateways);
	fz_some_str(w, F_CONFIG_URL, g->config_url);
	fz_some_str(w, F_CONFIG_VERSION, g->config_version);
	fz_some_u8(w, F_LOCAL_LAN, g->include_local_lan);
	fz_some_u8(w, F_PFS, g->pfs);
	fz_some_u8(w, F_SMARTCARD, g->smartcard_disconnect);
	fz_some_u8(w, F_ALLOWS, (uint8_t)(g->allows_ip4 | g->allows_ip6 << 1));
	fz_some_addr(w, F_SERVER4, &g->server_ip4);
	fz_some_addr(w, F_SERVER6, &g->server_ip6);
}

static void write_lease(struct wr *w, uint16_t tag, const struct lease *l)
{
	if (l)
		fz_prefix(w, tag, &(struct prefix){l->addr, l->prefix_len});
}

static void write_life(struct wr *w, const struct session *s)
{
	const struct session_totals *t = &s->carried;
	const uint64_t carried[] = {t->bytes_in, t->bytes_out, t->packets_in, t->packets_out, t->drops};
	bool has_carried = t->bytes_in || t->bytes_out || t->packets_in || t->packets_out || t->drops;

	fz_some_str(w, F_USER, s->user);
	fz_some_u32(w, F_RECONNECT_S, s->reconnect_s);
	fz_some_u32(w, F_IDLE_TIMEOUT_S, s->idle_timeout_s);
	fz_some_u64(w, F_UP_MS, s->up_ms);
	fz_some_u64(w, F_WAITING_MS, s->waiting_ms);
	fz_some_u64(w, F_REAUTH_MS, s->reauth_ms);
	fz_some_u32(w, F_RESUMED, s->resumed);
	fz_some_str(w, F_ACCT_GROUPS, s->acct_groups);
	fz_some_u8(w, F_ACCT, (uint8_t)(s->acct_stop_only | s->is_of_radius << 1 | s->aaa_method << 4));
	fz_some_u64(w, F_INDEX, s->index);
	if (s->has_token)
		fz_bytes(w, F_VERIFIER, s->verifier, sizeof(s->verifier));
	for (size_t i = 0; i < COUNT(carried) && has_carried; i++)
		fz_u64(w, F_CARRIED, carried[i]);
}

size_t frozen_write(const struct session *s, uint8_t *out, size_t cap)
{
	struct wr w = wr_init(out, cap);

	fz_begin(&w, KEEP_SESSION, VERSION);
	fz_bytes(&w, F_ULID, s->ulid.b, sizeof(s->ulid.b));
	fz_some_u8(&w, F_STATE, (uint8_t)s->state);
	fz_some_u8(&w, F_INITIATOR, s->we_are_initiator);
	fz_some_u64(&w, F_SA, s->sa);
	fz_some_u64(&w, F_START_MS, s->start_ms);
	fz_some_str(&w, F_PROFILE, s->profile);
	fz_some_str(&w, F_POLICY, s->policy);
	fz_some_str(&w, F_POLICY_USER, s->policy_user);
	fz_some_str(&w, F_POOL4, s->pool4);
	fz_some_str(&w, F_POOL6, s->pool6);
	fz_some_str(&w, F_IVRF, s->ivrf);
	fz_some_u8(&w, F_ID_TYPE, s->peer_id->type);
	fz_bytes(&w, F_ID, s->peer_id->bytes, s->peer_id->len);
	fz_some_str(&w, F_USERNAME, s->username);
	fz_endpoint(&w, F_LOCAL, &s->local);
	fz_endpoint(&w, F_REMOTE, &s->remote);
	fz_some_u8(&w, F_MASK_LEN, s->mask_len);
	fz_some_u32(&w, F_SPI_IN, s->spi_in);
	fz_some_u32(&w, F_DISTANCE, s->route_distance);
	write_lease(&w, F_LEASE4, s->lease4);
	write_lease(&w, F_LEASE6, s->lease6);
	write_grant(&w, s->grant);
	dhcp_lease_freeze(s, &w, F_DHCP);
	terms_write(&w, s->terms);
	write_life(&w, s);
	fz_end(&w);
	return wr_ok(&w) ? w.len : 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_addr(struct view v, struct addr *list, uint8_t *n, size_t max)
{
	if (*n >= max)
		return false;
	list[*n] = fz_get_addr(v);
	return list[(*n)++].family != 0;
}

static bool read_prefix(struct view v, struct prefix *list, uint8_t *n, size_t max)
{
	if (*n >= max)
		return false;
	list[*n] = fz_get_prefix(v);
	return list[(*n)++].addr.family != 0;
}

static bool read_lease(struct view v, uint8_t family, struct frozen_lease *l)
{
	struct prefix p = fz_get_prefix(v);

	*l = (struct frozen_lease){p.addr, p.len};
	return p.addr.family == family;
}

/* What only some clients are sent. */
static bool read_extras(uint16_t tag, struct view v, struct ike_grant *g)
{
	switch (tag) {
	case F_SPLIT_DNS: return fz_get_str(v, g->split_dns, sizeof(g->split_dns));
	case F_BACKUP_GATEWAYS: return fz_get_str(v, g->backup_gateways, sizeof(g->backup_gateways));
	case F_CONFIG_URL: return fz_get_str(v, g->config_url, sizeof(g->config_url));
	case F_CONFIG_VERSION: return fz_get_str(v, g->config_version, sizeof(g->config_version));
	case F_LOCAL_LAN: g->include_local_lan = fz_get_u8(v) != 0; return true;
	case F_PFS: g->pfs = fz_get_u8(v) != 0; return true;
	case F_SMARTCARD: g->smartcard_disconnect = fz_get_u8(v) != 0; return true;
	case F_ALLOWS:
		g->allows_ip4 = fz_get_u8(v) & 1;
		g->allows_ip6 = fz_get_u8(v) & 2;
		return true;
	case F_SERVER4: g->server_ip4 = fz_get_addr(v); return g->server_ip4.family != 6;
	case F_SERVER6: g->server_ip6 = fz_get_addr(v); return g->server_ip6.family != 4;
	default: return true;
	}
}

/* Fields of the grant. Unknown ones are a newer program's: passed over. */
static bool read_grant(uint16_t tag, struct view v, struct ike_grant *g)
{
	switch (tag) {
	case F_IP4: g->ip4 = fz_get_addr(v); return g->ip4.family != 6;
	case F_IP4_MASK_LEN: g->ip4_mask_len = fz_get_u8(v); return g->ip4_mask_len <= 32;
	case F_IP6: g->ip6 = fz_get_addr(v); return g->ip6.family != 4;
	case F_IP6_LEN: g->ip6_prefix_len = fz_get_u8(v); return g->ip6_prefix_len <= 128;
	case F_DNS: return read_addr(v, g->dns, &g->n_dns, COUNT(g->dns));
	case F_NBNS: return read_addr(v, g->nbns, &g->n_nbns, COUNT(g->nbns));
	case F_SUBNET: return read_prefix(v, g->subnets, &g->n_subnets, COUNT(g->subnets));
	case F_REMOTE_NET: return read_prefix(v, g->remote, &g->n_remote, COUNT(g->remote));
	case F_DOMAIN: return fz_get_str(v, g->def_domain, sizeof(g->def_domain));
	case F_BANNER: return fz_get_str(v, g->banner, sizeof(g->banner));
	case F_TUN: g->tun = fz_get_u32(v); return true;
	case F_LIFETIME: g->session_lifetime_s = fz_get_u32(v); return true;
	default: return read_extras(tag, v, g);
	}
}

/* What the session keeps at its own length, as wide as a record may have it. */
struct words {
	char profile[SESSION_NAME], policy[SESSION_NAME], policy_user[SESSION_NAME];
	char pool4[SESSION_NAME], pool6[SESSION_NAME], ivrf[SESSION_NAME];
	char username[SESSION_USERNAME], user[IKE_ID_LEN], acct_groups[SESSION_GROUPS];
	struct ike_id peer_id;
};

static bool read_id(struct view v, struct ike_id *id)
{
	if (v.len > sizeof(id->bytes))
		return false;
	id->len = (uint16_t)v.len;
	return fz_get_bytes(v, id->bytes, v.len);
}

/* Its five numbers come one by one, in their order. */
static bool read_carried(struct view v, struct session_totals *t, uint8_t *n)
{
	uint64_t *const into[] = {&t->bytes_in, &t->bytes_out, &t->packets_in, &t->packets_out, &t->drops};

	if (*n >= COUNT(into))
		return false;
	*into[(*n)++] = fz_get_u64(v);
	return true;
}

static bool read_state(struct view v, struct session *s)
{
	uint8_t state = fz_get_u8(v);

	s->state = state == SESSION_UP || state == SESSION_WAITING ? state : SESSION_PENDING;
	return true;
}

static bool read_acct(uint8_t bits, struct session *s)
{
	s->acct_stop_only = bits & 1;
	s->is_of_radius = bits & 2;
	s->aaa_method = bits >> 4;
	return s->aaa_method < AAA_METHODS;
}

static bool read_word(uint16_t tag, struct view v, struct words *w)
{
	switch (tag) {
	case F_PROFILE: return fz_get_str(v, w->profile, sizeof(w->profile));
	case F_POLICY: return fz_get_str(v, w->policy, sizeof(w->policy));
	case F_POLICY_USER: return fz_get_str(v, w->policy_user, sizeof(w->policy_user));
	case F_POOL4: return fz_get_str(v, w->pool4, sizeof(w->pool4));
	case F_POOL6: return fz_get_str(v, w->pool6, sizeof(w->pool6));
	case F_IVRF: return fz_get_str(v, w->ivrf, sizeof(w->ivrf));
	case F_USERNAME: return fz_get_str(v, w->username, sizeof(w->username));
	case F_USER: return fz_get_str(v, w->user, sizeof(w->user));
	case F_ACCT_GROUPS: return fz_get_str(v, w->acct_groups, sizeof(w->acct_groups));
	case F_ID_TYPE: w->peer_id.type = fz_get_u8(v); return true;
	case F_ID: return read_id(v, &w->peer_id);
	default: return true;
	}
}

static enum status take_words(struct session *s, const struct words *w)
{
	const struct {
		const char **to;
		const char *from;
	} all[] = {{&s->profile, w->profile}, {&s->policy, w->policy}, {&s->policy_user, w->policy_user}, {&s->pool4, w->pool4},
		{&s->pool6, w->pool6}, {&s->ivrf, w->ivrf}, {&s->username, w->username}, {&s->user, w->user},
		{&s->acct_groups, w->acct_groups}};
	enum status st = kept_id_set(&s->peer_id, &w->peer_id);

	for (size_t i = 0; i < COUNT(all) && st == ST_OK; i++)
		st = text_set(all[i].to, all[i].from);
	return st;
}

static bool read_life(uint16_t tag, struct view v, struct session *s)
{
	switch (tag) {
	case F_RECONNECT_S: s->reconnect_s = fz_get_u32(v); return true;
	case F_IDLE_TIMEOUT_S: s->idle_timeout_s = fz_get_u32(v); return true;
	case F_UP_MS: s->up_ms = fz_get_u64(v); return true;
	case F_WAITING_MS: s->waiting_ms = fz_get_u64(v); return true;
	case F_REAUTH_MS: s->reauth_ms = fz_get_u64(v); return true;
	case F_RESUMED: s->resumed = fz_get_u32(v); return true;
	case F_ACCT: return read_acct(fz_get_u8(v), s);
	case F_INDEX: s->index = fz_get_u64(v); return true;
	case F_VERIFIER:
		s->has_token = true;
		return fz_get_bytes(v, s->verifier, sizeof(s->verifier));
	default: return true;
	}
}

static bool read_field(uint16_t tag, struct view v, struct session *s, struct ike_grant *g)
{
	switch (tag) {
	case F_ULID: return fz_get_bytes(v, s->ulid.b, sizeof(s->ulid.b));
	case F_STATE: return read_state(v, s);
	case F_INITIATOR: s->we_are_initiator = fz_get_u8(v) != 0; return true;
	case F_SA: s->sa = fz_get_u64(v); return true;
	case F_START_MS: s->start_ms = fz_get_u64(v); return true;
	case F_LOCAL: s->local = fz_get_endpoint(v); return true;
	case F_REMOTE: s->remote = fz_get_endpoint(v); return true;
	case F_MASK_LEN: s->mask_len = fz_get_u8(v); return s->mask_len <= 32;
	case F_SPI_IN: s->spi_in = fz_get_u32(v); return true;
	case F_DISTANCE: s->route_distance = fz_get_u32(v); return true;
	case F_REAUTH: g->session_reauth = fz_get_u8(v) != 0; return true;
	default: return tag >= F_USER ? read_life(tag, v, s) : read_grant(tag, v, g);
	}
}

struct frozen_parts {
	struct frozen_lease lease4, lease6;
	struct aaa_set *terms;
	uint8_t carried; /* fields of it so far */
	struct view dhcp;
	struct words words;
};

/* All of a record into s, the grant and the terms. */
static bool read_all(struct rd *fields, struct session *s, struct ike_grant *grant, struct frozen_parts *parts)
{
	struct view v;
	uint16_t tag;
	bool ok = true;

	while (ok && fz_next(fields, &tag, &v)) {
		if (tag == F_LEASE4)
			ok = read_lease(v, 4, &parts->lease4);
		else if (tag == F_LEASE6)
			ok = read_lease(v, 6, &parts->lease6);
		else if (tag == F_CARRIED)
			ok = read_carried(v, &s->carried, &parts->carried);
		else if (tag == F_DHCP && parts->dhcp.p)
			ok = false; /* twice */
		else if (tag == F_DHCP)
			parts->dhcp = v;
		else if (tag >= TERMS_TAG)
			ok = terms_read(tag, v, parts->terms);
		else
			ok = read_word(tag, v, &parts->words) && read_field(tag, v, s, grant);
	}
	return ok && rd_ok(fields) && !ulid_is_zero(&s->ulid);
}

enum status frozen_read(struct view rec, struct session *s, struct frozen_lease *lease4,
	struct frozen_lease *lease6)
{
	struct rd fields;
	uint16_t kind, version;
	enum status st = fz_open_record(rec, &kind, &version, &fields);
	struct ike_grant grant = {0};
	struct frozen_parts parts = {0};

	if (st != ST_OK)
		return st;
	if (kind != KEEP_SESSION)
		return ST_BAD_PAYLOAD;
	if (version != VERSION)
		return ST_BAD_VERSION;
	parts.terms = aaa_set_new();
	if (!parts.terms)
		return ST_NOMEM;
	st = read_all(&fields, s, &grant, &parts) ? ST_OK : ST_BAD_PAYLOAD;
	if (st == ST_OK)
		st = take_words(s, &parts.words);
	*lease4 = parts.lease4;
	*lease6 = parts.lease6;
	if (st == ST_OK && parts.dhcp.p)
		st = dhcp_lease_thaw(s, parts.dhcp);
	if (st == ST_OK)
		st = terms_keep(parts.terms, &s->terms);
	grant.has_flow_limit = s->terms && s->terms->has_flow_limit;
	grant.flow_limit = grant.has_flow_limit ? s->terms->flow_limit : 0;
	if (st == ST_OK)
		st = grant_keep(&grant, &s->grant);
	aaa_set_free(parts.terms);
	return st;
}
