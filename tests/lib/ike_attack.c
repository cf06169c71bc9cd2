#include "tests/lib/ike_attack.h"

#include <stdlib.h>
#include <string.h>

#include "core/ike/trace.h"
#include "tests/lib/t.h"

struct attack attack;

void attack_begin(void)
{
	attack.client = world_conf(world_client_text);
	attack.server = world_conf(world_server_text);
}

void attack_end(void)
{
	snapshot_unref(attack.client);
	snapshot_unref(attack.server);
}

/* ---- messages taken apart and put together ------------------------------------------------------- */

struct ike_sa *attack_sa(int side)
{
	struct ike *ike = attack.w.node[side].ike;

	return list_empty(&ike->sas) ? NULL : CONTAINER_OF(ike->sas.next, struct ike_sa, node);
}

/* By its SPIs: one that is being rekeyed is not the only one. */
static struct ike_sa *sa_of(int side, const struct ike_hdr *h)
{
	LIST_EACH(at, &attack.w.node[side].ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(at, struct ike_sa, node);

		if (sa->spi_i == h->spi_i && sa->spi_r == h->spi_r)
			return sa;
	}
	return NULL;
}

void attack_take(const struct ike_payloads *p)
{
	attack.chain.n = 0;
	for (size_t i = 0; i < p->n && attack.chain.n < ATTACK_PAYLOADS; i++) {
		struct attack_payload *l = &attack.chain.v[attack.chain.n++];

		*l = (struct attack_payload){.type = p->v[i].type, .critical = p->v[i].critical, .len = p->v[i].body.len};
		memcpy(l->body, p->v[i].body.p, l->len);
	}
}

void attack_put(struct msg_out *o)
{
	for (size_t i = 0; i < attack.chain.n; i++) {
		size_t at = o->w.len;

		payload_put(&o->c, attack.chain.v[i].type, attack.chain.v[i].body, attack.chain.v[i].len);
		if (attack.chain.v[i].critical)
			o->w.buf[at + 1] |= 0x80;
	}
}

struct attack_payload *attack_find(struct attack_chain *c, uint8_t type)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].type == type)
			return &c->v[i];
	return NULL;
}

void attack_add(struct attack_chain *c, uint8_t type, bool critical, const void *body, size_t len)
{
	struct attack_payload *l = &c->v[c->n++];

	*l = (struct attack_payload){.type = type, .critical = critical, .len = len};
	if (len > 0)
		memcpy(l->body, body, len);
}

static bool reopen(struct world_item *it, int from, struct ike_message *m)
{
	struct ike_sa *to = sa_of(!from, &m->hdr);
	struct msg_in in = {0};
	bool is_authentic;

	if (m->p.sk_type == 0) {
		attack_take(&m->p);
		return true;
	}
	if (to == NULL || !to->has_keys || sa_of(from, &m->hdr) == NULL ||
		msg_open(to, m, (struct view){it->bytes, it->len}, &in, &is_authentic) != ST_OK)
		return false;
	attack_take(&in.p);
	return true;
}

/* The sender's buffer holds the message that is being sent: it is put back. In one piece, however long it
 * has become. */
static void change(struct world_item *it, int from, struct ike_message *m)
{
	static uint8_t kept[MESSAGE_MAX];
	struct ike *ike = attack.w.node[from].ike;
	struct ike_sa *sa = m->p.sk_type != 0 ? sa_of(from, &m->hdr) : NULL;
	uint8_t form = sa != NULL ? sa->frag.form : FRAG_NONE;
	struct msg_out o;
	struct view msg;

	memcpy(kept, ike->out, sizeof(kept));
	if (sa != NULL)
		sa->frag.form = FRAG_NONE;
	ike_set_trace(ike, 0);
	if (m->p.sk_type == 0)
		msg_start_plain(&o, ike, &m->hdr);
	else
		msg_start(&o, sa, m->hdr.exchange, ike_hdr_is_response(&m->hdr), m->hdr.msgid);
	attack_put(&o);
	if (msg_end(&o, &msg) == ST_OK) {
		free(it->bytes);
		it->bytes = malloc(msg.len);
		it->len = msg.len;
		memcpy(it->bytes, msg.p, msg.len);
		attack.edit.done++;
	}
	if (sa != NULL)
		sa->frag.form = form;
	ike_set_trace(ike, TRACE_ALL);
	memcpy(ike->out, kept, sizeof(kept));
}

bool attack_tap(struct world *world, int from, struct world_item *it, void *ctx)
{
	struct ike_message m;

	(void)world;
	(void)ctx;
	if (attack.n_seen < ATTACK_SEEN && it->len <= WORLD_PACKET_MAX) {
		attack.seen[attack.n_seen].from = from;
		attack.seen[attack.n_seen].len = it->len;
		attack.seen[attack.n_seen].local = it->local;
		attack.seen[attack.n_seen].remote = it->remote;
		memcpy(attack.seen[attack.n_seen++].bytes, it->bytes, it->len);
	}
	if (attack.is_mute && from == 1)
		return false;
	if (attack.edit.fn == NULL || from != attack.edit.from ||
		ike_message_parse((struct view){it->bytes, it->len}, &m) != ST_OK ||
		m.hdr.exchange != attack.edit.exchange || ike_hdr_is_response(&m.hdr) != attack.edit.is_response ||
		!reopen(it, from, &m))
		return true;
	attack.edit.fn(&attack.chain, attack.edit.arg);
	change(it, from, &m);
	return true;
}

/* ---- worlds ----------------------------------------------------------------------------------------- */

void attack_open(void)
{
	memset(&attack.edit, 0, sizeof(attack.edit));
	attack.n_seen = 0;
	attack.is_mute = false;
	T_TRUE(world_init(&attack.w, 1, attack.client, attack.server));
	attack.w.tap = attack_tap;
	world_trace(&attack.w, TRACE_ALL);
}

void attack_edit(int from, uint8_t exchange, bool is_response, attack_change *fn, const void *arg)
{
	attack.edit.from = from;
	attack.edit.exchange = exchange;
	attack.edit.is_response = is_response;
	attack.edit.fn = fn;
	attack.edit.arg = arg;
	attack.edit.done = 0;
}

void attack_connect(uint64_t ms)
{
	uint64_t sa;

	T_EQ(world_connect(&attack.w, &sa), ST_OK);
	world_run(&attack.w, ms);
}

void attack_login(void)
{
	T_DO(attack_connect(500));
	T_TRUE(attack.w.node[0].up_sa != 0 && attack.w.node[1].up_sa != 0);
}

static bool lose_auth(struct world *world, int from, struct world_item *it, void *ctx)
{
	return it->bytes[18] != EX_IKE_AUTH && attack_tap(world, from, it, ctx);
}

/* The headend has keys and waits for IKE_AUTH. */
void attack_half_open(void)
{
	attack.w.tap = lose_auth;
	T_DO(attack_connect(500));
	T_EQ(attack_sa(1)->state, SA_R_AUTH);
}

/* Nothing stays of whatever happened, and no rule was broken. */
void attack_close(void)
{
	attack.edit.fn = NULL;
	for (int i = 0; i < 2; i++)
		ike_close_all(attack.w.node[i].ike, ST_END_SHUTDOWN);
	world_run(&attack.w, 200000);
	T_TRUE(attack.w.broken == NULL);
	T_TRUE(world_is_empty(&attack.w));
	T_TRUE(attack.w.trace_lines > 0);
	world_fini(&attack.w);
}

void attack_inject_from(int to, const uint8_t *msg, size_t len, const struct endpoint *remote)
{
	struct endpoint local = world_endpoint(to == 1 ? "198.51.100.1" : "192.0.2.1", remote->port);
	uint8_t *copy = malloc(len > 0 ? len : 1); /* of the exact size, for the sanitizers */

	if (len > 0)
		memcpy(copy, msg, len);
	world_inject(&attack.w, to, &local, remote, copy, len);
	free(copy);
}

void attack_inject(int to, const uint8_t *msg, size_t len)
{
	struct endpoint remote = world_endpoint(to == 1 ? "192.0.2.1" : "198.51.100.1", 4500);

	attack_inject_from(to, msg, len, &remote);
}

/* What is in `chain`, sealed by the other side with its SA's keys. */
size_t attack_sealed(int to, uint8_t exchange, uint32_t msgid, uint8_t out[WORLD_PACKET_MAX])
{
	struct msg_out o;
	struct view msg;

	msg_start(&o, attack_sa(!to), exchange, false, msgid);
	attack_put(&o);
	if (msg_end(&o, &msg) != ST_OK || msg.len > WORLD_PACKET_MAX)
		return 0;
	memcpy(out, msg.p, msg.len);
	return msg.len;
}

void attack_inject_sealed(int to, uint8_t exchange, uint32_t msgid)
{
	uint8_t msg[WORLD_PACKET_MAX];
	size_t len = attack_sealed(to, exchange, msgid, msg);

	T_TRUE(len > 0);
	attack_inject(to, msg, len);
}

/* Both sides have what they had, and the headend answers a liveness check. */
void attack_alive(void)
{
	uint64_t checks = world_count(&attack.w.node[1], CT_DPD_IN);

	T_TRUE(attack_sa(0) != NULL && attack_sa(0)->state == SA_UP);
	T_TRUE(attack_sa(1) != NULL && attack_sa(1)->state == SA_UP && attack.w.node[1].n_child >= 1);
	attack.chain.n = 0;
	T_DO(attack_inject_sealed(1, EX_INFORMATIONAL, attack_sa(1)->in.next));
	T_EQ(world_count(&attack.w.node[1], CT_DPD_IN), checks + 1);
	attack_sa(0)->out.next = attack_sa(1)->in.next; /* it did not send that itself */
}

void attack_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void attack_put32(uint8_t *p, uint32_t v)
{
	attack_put16(p, v >> 16);
	attack_put16(p + 2, v & 0xffff);
}
