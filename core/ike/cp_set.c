#include "core/ike/cp_set.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/cp.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/wire/cp.h"

#define BODY_MAX 6144  /* of a payload of ours; the largest grant needs less */
#define WAIT_MS  1000  /* the reply of IKE_AUTH should be there first */

/* ---- sending ----------------------------------------------------------------------------------- */

/* A tunnel between two sites has its routes by itself (R-MCF-18). */
static bool is_site(const struct kept_grant *g)
{
	for (size_t i = 0; i < g->n_remote; i++)
		if (g->remote[i].len == 0)
			return true;
	return false;
}

/* Attributes of the push; the head is not among them. */
static void put_push(const struct ike_sa *sa, struct wr *w)
{
	const struct handshake *hs = sa->hs;

	if (sa->is_initiator) {
		for (size_t i = 0; i < hs->connect->n_networks; i++)
			cp_put_network(w, &hs->connect->networks[i]);
	} else if (hs->cp_type != CP_REQUEST && !is_site(sa->grant)) {
		cp_put_attributes(w, sa->grant, (enum peer_class)sa->peer_class, 0);
	}
}

void cp_set_owe(struct ike_sa *sa)
{
	uint8_t *room = sa->settings.set_send ? mem_new(BODY_MAX) : NULL;
	struct wr w = wr_init(room, room != NULL ? BODY_MAX : 0);
	struct cp_body *body;
	size_t head;

	if (room == NULL)
		return;
	cp_build_head(&w, CP_SET);
	head = w.len;
	put_push(sa, &w);
	body = wr_ok(&w) && w.len > head ? mem_new(sizeof(*body) + w.len) : NULL;
	if (body != NULL) {
		body->len = w.len;
		memcpy(body->bytes, room, w.len);
		mem_free(sa->owed_set);
		sa->owed_set = body;
		sa_arm(sa, &sa->work_timer, ike_now(sa->ike) + WAIT_MS);
	}
	mem_free(room);
}

/* The answer, CFG_ACK or nothing, says what the peer makes of it; there is nothing to be done about
 * it. It is a liveness check at the same time. */
enum status cp_set_send(struct ike_sa *sa)
{
	struct msg_out o;
	struct view msg;
	enum status st;

	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next);
	payload_put(&o.c, PT_CP, sa->owed_set->bytes, sa->owed_set->len);
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_DPD, msg);
	if (st != ST_OK)
		return st;
	mem_free(sa->owed_set);
	sa->owed_set = NULL;
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

/* ---- answering --------------------------------------------------------------------------------- */

static bool leads_to_peer(const struct kept_grant *g, bool is_client, const struct prefix *net)
{
	const struct prefix *v = is_client ? g->subnets : g->remote;
	size_t n = is_client ? g->n_subnets : g->n_remote;

	for (size_t i = 0; i < n; i++)
		if (prefix_covers(&v[i], net))
			return true;
	return false;
}

static uint16_t attr_of(const struct prefix *p)
{
	return p->addr.family == 4 ? CPA_IP4_SUBNET : CPA_IP6_SUBNET;
}

void cp_set_put_ack(struct msg_out *o, const struct prefix *networks, size_t n,
	const struct kept_grant *g)
{
	struct wr_mark m = payload_open(&o->c, PT_CP);

	cp_build_head(&o->w, CP_ACK);
	for (size_t i = 0; i < n; i++)
		if (leads_to_peer(g, false, &networks[i]))
			cp_put(&o->w, attr_of(&networks[i]), NULL, 0);
	payload_close(&o->c, m);
}

static bool is_for_show(uint16_t type)
{
	switch (type) {
	case CPA_IP4_DNS:
	case CPA_IP6_DNS:
	case CPA_IP4_NBNS:
	case CPA_DNS_DOMAIN:
	case CPA_UNITY_SPLITDNS_NAME:
	case CPA_UNITY_BACKUP_SERVERS:
	case CPA_UNITY_DEF_DOMAIN:
	case CPA_UNITY_BANNER: return true;
	default: return false;
	}
}

/* What the peer pushes replaces what it said of that before; what does not concern `show` stays. */
static void take_pushed(struct ike_sa *sa, struct view body)
{
	struct ike_grant was, now = {0};

	if (cp_read_grant(body, &now) != ST_OK)
		return;
	grant_read(sa->grant, &was);
	if (now.n_dns != 0) {
		was.n_dns = now.n_dns;
		memcpy(was.dns, now.dns, sizeof(was.dns));
	}
	if (now.n_nbns != 0) {
		was.n_nbns = now.n_nbns;
		memcpy(was.nbns, now.nbns, sizeof(was.nbns));
	}
	if (now.split_dns[0] != '\0')
		memcpy(was.split_dns, now.split_dns, sizeof(was.split_dns));
	if (now.backup_gateways[0] != '\0')
		memcpy(was.backup_gateways, now.backup_gateways, sizeof(was.backup_gateways));
	if (now.def_domain[0] != '\0')
		memcpy(was.def_domain, now.def_domain, sizeof(was.def_domain));
	if (now.banner[0] != '\0')
		memcpy(was.banner, now.banner, sizeof(was.banner));
	if (grant_keep(&was, &sa->grant) != ST_OK)
		stats_status(sa->ike->stats, ST_NOMEM);
}

static bool is_accepted(const struct ike_sa *sa, const struct cp_attr *a)
{
	struct prefix net;

	if (sa->is_client && is_for_show(a->type))
		return true;
	if ((a->type != CPA_IP4_SUBNET && a->type != CPA_IP6_SUBNET) || !cp_attr_prefix(a, &net))
		return false;
	prefix_mask(&net);
	return leads_to_peer(sa->grant, sa->is_client, &net);
}

void cp_set_answer(struct ike_sa *sa, const struct ike_payloads *p, struct msg_out *o)
{
	const struct payload *at = payload_find(p, PT_CP);
	struct cp_attr a;
	struct wr_mark m;
	struct cp cp;
	struct rd r;

	if (at == NULL || sa->state != SA_UP || sa->grant == NULL || !sa->settings.set_accept ||
		cp_parse(at->body, &cp) != ST_OK || cp.type != CP_SET)
		return;
	m = payload_open(&o->c, PT_CP);
	cp_build_head(&o->w, CP_ACK);
	r = cp_attrs(&cp);
	while (cp_next(&r, &a))
		if (is_accepted(sa, &a))
			cp_put(&o->w, a.type, NULL, 0);
	payload_close(&o->c, m);
	if (sa->is_client)
		take_pushed(sa, at->body);
}
