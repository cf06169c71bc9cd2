#include "core/ike/cp.h"

#include "core/ike/handshake.h"
#include "core/wire/cp.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum status cp_read_request(struct view body, struct handshake *hs)
{
	struct cp_attr a;
	struct cp cp;
	struct rd r;
	enum status st = cp_parse(body, &cp);

	if (st != ST_OK)
		return st;
	if (cp.type != CP_REQUEST)
		return ST_OK;
	hs->cp_request = true;
	r = cp_attrs(&cp);
	while (cp_next(&r, &a)) {
		/* Several of one kind: one is given (R-MCF-14). 0.0.0.0 means any. */
		if (a.type == CPA_IP4_ADDRESS && !hs->wants_ip4) {
			hs->wants_ip4 = true;
			(void)cp_attr_addr(&a, &hs->hint_ip4);
		} else if (a.type == CPA_IP6_ADDRESS && !hs->wants_ip6) {
			hs->wants_ip6 = true;
			(void)cp_attr_addr(&a, &hs->hint_ip6);
		}
	}
	if (addr_is_any(&hs->hint_ip4))
		hs->hint_ip4 = (struct addr){0};
	if (addr_is_any(&hs->hint_ip6))
		hs->hint_ip6 = (struct addr){0};
	return ST_OK;
}

static void put_address(struct wr *w, const struct kept_grant *g)
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
	}
}

/* R-MCF-15: all other attributes are included, requested or not. The default domain is none of them:
 * INTERNAL_DNS_DOMAIN would mean split DNS (RFC 8598), and the Unity attribute is for clients that
 * say who they are (R-MCF-10). */
void cp_put_reply(struct msg_out *o, const struct kept_grant *g)
{
	struct wr_mark m = payload_open(&o->c, PT_CP);

	cp_build_head(&o->w, CP_REPLY);
	put_address(&o->w, g);
	for (size_t i = 0; i < g->n_dns; i++)
		cp_put_addr(&o->w, g->dns[i].family == 4 ? CPA_IP4_DNS : CPA_IP6_DNS, &g->dns[i]);
	for (size_t i = 0; i < g->n_nbns; i++)
		cp_put_addr(&o->w, CPA_IP4_NBNS, &g->nbns[i]);
	for (size_t i = 0; i < g->n_subnets; i++) {
		const struct prefix *p = &g->subnets[i];

		cp_put_prefix(&o->w, p->addr.family == 4 ? CPA_IP4_SUBNET : CPA_IP6_SUBNET, p);
	}
	payload_close(&o->c, m);
}

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

void cp_put_request(struct msg_out *o, const struct ike_connect *c)
{
	struct wr_mark m = payload_open(&o->c, PT_CP);

	cp_build_head(&o->w, CP_REQUEST);
	if (c->request_ip4) {
		put_wanted(&o->w, CPA_IP4_ADDRESS, &c->want_ip4);
		cp_put(&o->w, CPA_IP4_NETMASK, NULL, 0);
		cp_put(&o->w, CPA_IP4_DNS, NULL, 0);
		cp_put(&o->w, CPA_IP4_NBNS, NULL, 0);
		cp_put(&o->w, CPA_IP4_SUBNET, NULL, 0);
	}
	if (c->request_ip6) {
		put_wanted(&o->w, CPA_IP6_ADDRESS, &c->want_ip6);
		cp_put(&o->w, CPA_IP6_DNS, NULL, 0);
		cp_put(&o->w, CPA_IP6_SUBNET, NULL, 0);
	}
	payload_close(&o->c, m);
}

static void take(const struct cp_attr *a, struct ike_grant *g)
{
	struct addr addr;
	struct prefix p;

	switch (a->type) {
	case CPA_IP4_ADDRESS:
		if (g->ip4.family == 0 && cp_attr_addr(a, &addr) && !addr_is_any(&addr))
			g->ip4 = addr;
		break;
	case CPA_IP4_NETMASK:
		if (cp_attr_addr(a, &addr) && mask_to_len(&addr, &g->ip4_mask_len) != ST_OK)
			g->ip4_mask_len = 0;
		break;
	case CPA_IP6_ADDRESS:
		if (g->ip6.family == 0 && cp_attr_prefix(a, &p) && !addr_is_any(&p.addr)) {
			g->ip6 = p.addr;
			g->ip6_prefix_len = p.len;
		}
		break;
	case CPA_IP4_DNS:
	case CPA_IP6_DNS:
		if (g->n_dns < ARRAY_LEN(g->dns) && cp_attr_addr(a, &addr))
			g->dns[g->n_dns++] = addr;
		break;
	case CPA_IP4_NBNS:
		if (g->n_nbns < ARRAY_LEN(g->nbns) && cp_attr_addr(a, &addr))
			g->nbns[g->n_nbns++] = addr;
		break;
	case CPA_IP4_SUBNET:
	case CPA_IP6_SUBNET:
		if (g->n_subnets < ARRAY_LEN(g->subnets) && cp_attr_prefix(a, &p)) {
			prefix_mask(&p);
			g->subnets[g->n_subnets++] = p;
		}
		break;
	default:
		break;
	}
}

enum status cp_read_reply(struct view body, bool ip4, bool ip6, struct ike_grant *g)
{
	struct cp_attr a;
	struct cp cp;
	struct rd r;
	enum status st = cp_parse(body, &cp);

	if (st != ST_OK)
		return st;
	if (cp.type != CP_REPLY)
		return ST_BAD_PAYLOAD;
	r = cp_attrs(&cp);
	while (cp_next(&r, &a))
		take(&a, g);
	return (ip4 && g->ip4.family == 0) || (ip6 && g->ip6.family == 0) ? ST_NO_ADDRESS : ST_OK;
}
