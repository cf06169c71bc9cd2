#include "core/ike/cp.h"

#include <stdio.h>
#include <string.h>

#include "core/ike/cp_set.h"
#include "core/ike/handshake.h"
#include "core/wire/cp.h"
#include "core/wire/notify.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Zero-length in a request, the answer to "who are you" otherwise (RFC 7296 3.15.1). No version: it
 * helps nobody but who looks for old ones. */
static const char application[] = "Sallyport";

/* ---- reading a request ------------------------------------------------------------------------- */

/* Several of one kind: one is given (R-MCF-14). 0.0.0.0 and :: mean any. */
static void take_wish(const struct cp_attr *a, bool *wants, struct addr *hint)
{
	struct addr addr;

	if (!*wants && cp_attr_addr(a, &addr) && !addr_is_any(&addr))
		*hint = addr;
	*wants = true;
}

static void take_network(const struct cp_attr *a, struct prefix *v, uint8_t *n)
{
	struct prefix p;

	if (*n >= IKE_NETS_MAX || !cp_attr_prefix(a, &p))
		return;
	prefix_mask(&p);
	v[(*n)++] = p;
}

static void take_asked(const struct cp_attr *a, struct handshake *hs)
{
	switch (a->type) {
	case CPA_IP4_ADDRESS: take_wish(a, &hs->wants_ip4, &hs->hint_ip4); break;
	case CPA_IP6_PREFIX:
		hs->cp_asked |= CP_ASKED_PREFIX6;
		take_wish(a, &hs->wants_ip6, &hs->hint_ip6);
		break;
	case CPA_IP6_ADDRESS: take_wish(a, &hs->wants_ip6, &hs->hint_ip6); break;
	case CPA_DNS_DOMAIN: hs->cp_asked |= CP_ASKED_DOMAINS; break;
	case CPA_SUPPORTED_ATTRIBUTES: hs->cp_asked |= CP_ASKED_SUPPORTED; break;
	case CPA_MS_IP4_SERVER: hs->cp_asked |= CP_ASKED_SERVER4; break;
	case CPA_MS_IP6_SERVER: hs->cp_asked |= CP_ASKED_SERVER6; break;
	case CPA_SESSION_TOKEN: hs->cp_asked |= CP_ASKED_TOKEN; break;
	case CPA_SESSION_STATE:
		hs->cp_asked |= CP_ASKED_STATE;
		hs->session_state = a->value;
		break;
	default: break;
	}
}

enum status cp_read_request(struct view body, struct handshake *hs)
{
	struct cp_attr a;
	struct cp cp;
	struct rd r;
	enum status st = cp_parse(body, &cp);

	if (st != ST_OK)
		return st;
	if (cp.type != CP_REQUEST && cp.type != CP_SET)
		return ST_OK;
	hs->cp_type = cp.type;
	r = cp_attrs(&cp);
	while (cp_next(&r, &a)) {
		if (cp.type == CP_REQUEST)
			take_asked(&a, hs);
		if (a.type == CPA_IP4_SUBNET || a.type == CPA_IP6_SUBNET)
			take_network(&a, hs->networks, &hs->n_networks);
	}
	return ST_OK;
}

/* ---- answering --------------------------------------------------------------------------------- */

static void put_text(struct wr *w, uint16_t type, const char *text)
{
	if (text[0] != '\0')
		cp_put(w, type, text, strlen(text));
}

static void put_flag(struct wr *w, uint16_t type, bool is_on)
{
	static const uint8_t on[2] = {0, 1};

	if (is_on)
		cp_put(w, type, on, sizeof(on));
}

static void put_address(struct wr *w, const struct handshake *hs, const struct kept_grant *g)
{
	if (g->ip4.family == 4) {
		cp_put_addr(w, CPA_IP4_ADDRESS, &g->ip4);
		if (g->ip4_mask_len != 0) { /* R-MCF-13: only with an address */
			struct addr mask = len_to_mask4(g->ip4_mask_len);

			cp_put_addr(w, CPA_IP4_NETMASK, &mask);
		}
	}
	if (g->ip6.family == 6) {
		struct prefix p = {g->ip6, g->ip6_prefix_len};

		cp_put_prefix(w, CPA_IP6_ADDRESS, &p);
		prefix_mask(&p);
		if ((hs->cp_asked & CP_ASKED_PREFIX6) && p.len < 128)
			cp_put_prefix(w, CPA_IP6_PREFIX, &p);
	}
}

/* RFC 8598 3: an attribute for each domain, and none without a name server. */
static void put_domains(struct wr *w, const char *list)
{
	while (*list != '\0') {
		size_t len = strcspn(list, ",");

		if (len > 0)
			cp_put(w, CPA_DNS_DOMAIN, list, len);
		list += len + (list[len] == ',');
	}
}

/* R-MCF-10, R-MCF-11. Lists of names have commas between them. A LAN that is the client's own is
 * 0.0.0.0 with a mask of a host among the networks that stay outside of the tunnel: address, mask, and
 * six bytes that are zero. */
static void put_unity(struct wr *w, const struct kept_grant *g, bool is_flexvpn)
{
	static const uint8_t own_lan[14] = {0, 0, 0, 0, 255, 255, 255, 255};

	cp_put(w, CPA_APPLICATION_VERSION, application, sizeof(application) - 1);
	put_text(w, CPA_UNITY_BANNER, g->banner);
	put_text(w, CPA_UNITY_DEF_DOMAIN, g->def_domain);
	put_text(w, CPA_UNITY_SPLITDNS_NAME, g->split_dns);
	put_text(w, CPA_UNITY_BACKUP_SERVERS, g->backup_gateways);
	put_flag(w, CPA_UNITY_PFS, g->pfs);
	put_flag(w, CPA_UNITY_SMARTCARD_REMOVAL, g->smartcard_disconnect);
	if (g->include_local_lan)
		cp_put(w, CPA_UNITY_LOCAL_LAN, own_lan, sizeof(own_lan));
	if (!is_flexvpn)
		return;
	put_text(w, CPA_FLEX_CONFIG_URL, g->config_url);
	put_text(w, CPA_FLEX_CONFIG_VERSION, g->config_version);
}

/* What an answer of ours may be about. */
static void put_supported(struct wr *w)
{
	static const uint16_t ours[] = {CPA_IP4_ADDRESS, CPA_IP4_NETMASK, CPA_IP4_DNS, CPA_IP4_NBNS,
		CPA_APPLICATION_VERSION, CPA_IP6_ADDRESS, CPA_IP6_DNS, CPA_IP4_SUBNET,
		CPA_SUPPORTED_ATTRIBUTES, CPA_IP6_SUBNET, CPA_IP6_PREFIX, CPA_DNS_DOMAIN};
	uint8_t value[2 * ARRAY_LEN(ours)];
	struct wr v = wr_init(value, sizeof(value));

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		wr_u16(&v, ours[i]);
	cp_put(w, CPA_SUPPORTED_ATTRIBUTES, value, sizeof(value));
}

static void put_windows(struct wr *w, const struct kept_grant *g, uint8_t asked)
{
	if ((asked & CP_ASKED_SERVER4) && g->server_ip4.family == 4)
		cp_put_addr(w, CPA_MS_IP4_SERVER, &g->server_ip4);
	if ((asked & CP_ASKED_SERVER6) && g->server_ip6.family == 6)
		cp_put_addr(w, CPA_MS_IP6_SERVER, &g->server_ip6);
}

void cp_put_network(struct wr *w, const struct prefix *p)
{
	cp_put_prefix(w, p->addr.family == 4 ? CPA_IP4_SUBNET : CPA_IP6_SUBNET, p);
}

void cp_put_attributes(struct wr *w, const struct kept_grant *g, enum peer_class peer, uint8_t asked)
{
	for (size_t i = 0; i < g->n_dns; i++)
		cp_put_addr(w, g->dns[i].family == 4 ? CPA_IP4_DNS : CPA_IP6_DNS, &g->dns[i]);
	for (size_t i = 0; i < g->n_nbns; i++)
		cp_put_addr(w, CPA_IP4_NBNS, &g->nbns[i]);
	for (size_t i = 0; i < g->n_subnets; i++)
		cp_put_network(w, &g->subnets[i]);
	if ((asked & CP_ASKED_DOMAINS) && g->n_dns > 0)
		put_domains(w, g->split_dns);
	if (asked & CP_ASKED_SUPPORTED)
		put_supported(w);
	if (peer == PEER_WINDOWS)
		put_windows(w, g, asked);
	if (peer_class_takes_unity(peer))
		put_unity(w, g, peer_class_takes_flexvpn(peer));
}

void cp_put_allowed(struct msg_out *o, bool ip4, bool ip6)
{
	if (ip4)
		msg_notify(o, N_IP4_ALLOWED, NULL, 0);
	if (ip6)
		msg_notify(o, N_IP6_ALLOWED, NULL, 0);
}

#define ROOM_AFTER 3072u /* octets of a reply behind the configuration payload: SA, selectors, a ticket */

static void put_token(struct wr *w, const struct session_offer *s)
{
	uint8_t wait[4];
	struct wr v = wr_init(wait, sizeof(wait));

	wr_u32(&v, s->wait_s);
	if (s->id_len > 0) {
		cp_put(w, CPA_SESSION_ID, s->id, s->id_len);
		cp_put(w, CPA_SESSION_TOKEN, s->token, sizeof(s->token));
		cp_put(w, CPA_SESSION_WAIT, wait, sizeof(wait));
	}
	/* It may be missing: what follows may not. */
	if (s->state_len > 0 && w->cap - w->len > s->state_len + ROOM_AFTER)
		cp_put(w, CPA_SESSION_STATE, s->state, s->state_len);
}

void cp_put_answer(struct msg_out *o, const struct handshake *hs, const struct kept_grant *g,
	enum peer_class peer, bool may_ack)
{
	struct wr_mark m;

	if (hs->cp_type == CP_SET && may_ack) {
		cp_set_put_ack(o, hs->networks, hs->n_networks, g);
		return;
	}
	if (hs->cp_type != CP_REQUEST) /* R-MCF-03 */
		return;
	m = payload_open(&o->c, PT_CP);
	cp_build_head(&o->w, CP_REPLY);
	put_address(&o->w, hs, g);
	cp_put_attributes(&o->w, g, peer, hs->cp_asked);
	if (hs->session != NULL)
		put_token(&o->w, hs->session);
	payload_close(&o->c, m);
	if (hs->wants_ip4 || hs->wants_ip6)
		cp_put_allowed(o, g->allows_ip4, g->allows_ip6);
}

/* ---- our own request --------------------------------------------------------------------------- */

static void put_wanted(struct wr *w, enum cp_attr_type type, const struct addr *a)
{
	struct prefix p = {*a, 128};

	if (a->family == 0)
		cp_put(w, type, NULL, 0);
	else if (type == CPA_IP4_ADDRESS)
		cp_put_addr(w, type, a);
	else
		cp_put_prefix(w, type, &p);
}

static void put_empty(struct wr *w, const uint16_t *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cp_put(w, types[i], NULL, 0);
}

void cp_put_request(struct msg_out *o, const struct ike_connect *c)
{
	static const uint16_t with_ip4[] = {CPA_IP4_DNS, CPA_IP4_NBNS, CPA_IP4_SUBNET};
	static const uint16_t with_ip6[] = {CPA_IP6_DNS, CPA_IP6_SUBNET};
	static const uint16_t always[] = {CPA_DNS_DOMAIN};
	static const uint16_t flexvpn[] = {CPA_APPLICATION_VERSION, CPA_UNITY_SPLITDNS_NAME,
		CPA_UNITY_BANNER, CPA_UNITY_BACKUP_SERVERS, CPA_UNITY_DEF_DOMAIN};
	struct wr_mark m = payload_open(&o->c, PT_CP);
	bool both = !c->request_ip4 && !c->request_ip6;

	cp_build_head(&o->w, CP_REQUEST);
	if (c->request_ip4) {
		put_wanted(&o->w, CPA_IP4_ADDRESS, &c->want_ip4);
		cp_put(&o->w, CPA_IP4_NETMASK, NULL, 0);
	}
	if (c->request_ip6)
		put_wanted(&o->w, CPA_IP6_ADDRESS, &c->want_ip6);
	if (c->request_ip4 || both)
		put_empty(&o->w, with_ip4, ARRAY_LEN(with_ip4));
	if (c->request_ip6 || both)
		put_empty(&o->w, with_ip6, ARRAY_LEN(with_ip6));
	put_empty(&o->w, always, ARRAY_LEN(always));
	if (c->is_flexvpn)
		put_empty(&o->w, flexvpn, ARRAY_LEN(flexvpn));
	for (size_t i = 0; i < c->n_networks; i++)
		cp_put_network(&o->w, &c->networks[i]);
	payload_close(&o->c, m);
}

/* ---- what we are given ------------------------------------------------------------------------- */

/* Text of a peer: what is not printable becomes a dot; lines stay lines. */
static char printable(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' ? (char)c : '.';
}

/* Longer text is cut. A zero at the end is none of it. */
static void take_text(struct view v, char *out, size_t cap)
{
	size_t n = 0;

	for (; n < v.len && n + 1 < cap && v.p[n] != 0; n++)
		out[n] = printable(v.p[n]);
	out[n] = '\0';
}

/* One name more, or several; what does not fit as a whole is left out. */
static void add_names(struct view v, char out[IKE_LIST_LEN])
{
	char names[256];
	size_t len = strlen(out);

	take_text(v, names, sizeof(names));
	if (names[0] == '\0' || v.len >= sizeof(names) || strpbrk(names, " \n") != NULL ||
		len + strlen(names) + 2 > IKE_LIST_LEN)
		return;
	snprintf(out + len, IKE_LIST_LEN - len, "%s%s", len ? "," : "", names);
}

static void take_addr(const struct cp_attr *a, struct addr *v, uint8_t *n, size_t max)
{
	struct addr addr;

	if (*n < max && cp_attr_addr(a, &addr) && !addr_is_any(&addr))
		v[(*n)++] = addr;
}

static void take_ip(const struct cp_attr *a, struct ike_grant *g)
{
	struct addr addr;
	struct prefix p;

	if (a->type == CPA_IP4_ADDRESS) {
		if (g->ip4.family == 0 && cp_attr_addr(a, &addr) && !addr_is_any(&addr))
			g->ip4 = addr;
	} else if (a->type == CPA_IP4_NETMASK) {
		if (cp_attr_addr(a, &addr) && mask_to_len(&addr, &g->ip4_mask_len) != ST_OK)
			g->ip4_mask_len = 0;
	} else if (g->ip6.family == 0 && cp_attr_prefix(a, &p) && !addr_is_any(&p.addr)) {
		g->ip6 = p.addr;
		g->ip6_prefix_len = p.len;
	}
}

static void take(const struct cp_attr *a, struct ike_grant *g)
{
	switch (a->type) {
	case CPA_IP4_ADDRESS:
	case CPA_IP4_NETMASK:
	case CPA_IP6_ADDRESS: take_ip(a, g); break;
	case CPA_IP4_DNS:
	case CPA_IP6_DNS: take_addr(a, g->dns, &g->n_dns, ARRAY_LEN(g->dns)); break;
	case CPA_IP4_NBNS: take_addr(a, g->nbns, &g->n_nbns, ARRAY_LEN(g->nbns)); break;
	case CPA_IP4_SUBNET:
	case CPA_IP6_SUBNET: take_network(a, g->subnets, &g->n_subnets); break;
	case CPA_DNS_DOMAIN: add_names(a->value, g->split_dns); break;
	case CPA_UNITY_BACKUP_SERVERS: add_names(a->value, g->backup_gateways); break;
	case CPA_UNITY_DEF_DOMAIN: take_text(a->value, g->def_domain, sizeof(g->def_domain)); break;
	case CPA_UNITY_BANNER: take_text(a->value, g->banner, sizeof(g->banner)); break;
	default: break;
	}
}

/* Unity's list of domains is for who was not given them one by one. */
static void take_unity_domains(const struct cp *cp, struct ike_grant *g)
{
	struct rd r = cp_attrs(cp);
	bool has_them = g->split_dns[0] != '\0';
	struct cp_attr a;

	while (!has_them && cp_next(&r, &a))
		if (a.type == CPA_UNITY_SPLITDNS_NAME)
			add_names(a.value, g->split_dns);
}

enum status cp_read_grant(struct view body, struct ike_grant *g)
{
	struct cp_attr a;
	struct cp cp;
	struct rd r;
	enum status st = cp_parse(body, &cp);

	if (st != ST_OK)
		return st;
	if (cp.type != CP_REPLY && cp.type != CP_SET)
		return ST_BAD_PAYLOAD;
	r = cp_attrs(&cp);
	while (cp_next(&r, &a))
		take(&a, g);
	take_unity_domains(&cp, g);
	return ST_OK;
}

/* RFC 8983 5: the notifies say of a family whether asking for it again has a point. A gateway that has
 * only one of two families that were asked for is good enough. */
enum status cp_judge_grant(const struct ike_connect *c, const struct ike_grant *g,
	const struct ike_payloads *p, char words[IKE_DETAIL_LEN])
{
	struct notify n;
	bool has4 = msg_find_notify(p, N_IP4_ALLOWED, &n), has6 = msg_find_notify(p, N_IP6_ALLOWED, &n);
	bool wants_any = c->request_ip4 || c->request_ip6;

	if (!wants_any || (c->request_ip4 && g->ip4.family != 0) || (c->request_ip6 && g->ip6.family != 0))
		return ST_OK;
	if (has4 != has6)
		snprintf(words, IKE_DETAIL_LEN, "the peer gives IPv%c addresses only", has4 ? '4' : '6');
	else
		snprintf(words, IKE_DETAIL_LEN, "%s", "the peer gave no address");
	return ST_NO_ADDRESS;
}
