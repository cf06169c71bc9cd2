/*     client             we                                server
 *     IKE_AUTH  ------>  [EAP-Request/Identity ----.
 *               <------]                           |  with query-identity
 *               ------>  EAP-Response/Identity     |  else made of the IKE identity
 *                        Access-Request  --------------->
 *               <------  EAP-Request   <---------------  Access-Challenge, State
 *               ------>  EAP-Response  --------------->  Access-Request, State
 *               <------  EAP-Success   <---------------  Access-Accept, MSK, attributes
 *
 * Where no server answers the first Access-Request, the next method of the list is asked; `local` is the built-in
 * server, which goes on from EAP-Response/Identity. Later nobody else can: a method has begun. */
#include "cmd/wire_pass.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_eap_conf.h"
#include "cmd/wire_pass_parts.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/session/again.h"
#include "core/wire/eap.h"
#include "modules/loop/loop.h"

#define FRAMED_MTU 1200u /* of EAP packets: with IKE and ESP around it in one packet on every path */
#define ROUNDS_MAX 128
#define WITHIN_MS  55000 /* less than the engine waits for us, for all groups of the list */

struct wire_passes {
	struct list all;
	struct map by_sa, by_number;
};

static struct pass *find(const struct wire *w, uint64_t sa)
{
	struct map_node *n = map_first(&w->passes->by_sa, hash_u64(sa));
	while (n && CONTAINER_OF(n, struct pass, by_sa)->sa != sa)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct pass, by_sa) : NULL;
}

void wire_pass_set_number(struct pass *p, uint64_t number)
{
	struct map *m = &p->wire->passes->by_number;
	if (p->number)
		map_del(m, &p->by_number);
	p->number = number;
	if (number)
		map_add(m, &p->by_number, hash_u64(number));
}

static void pass_free(struct pass *p)
{
	if (p->packet)
		mem_free_secret(p->packet, p->packet_len);
	mem_free_secret(p, sizeof(*p));
}

static enum status set_packet(struct pass *p, struct view v)
{
	uint8_t *copy = mem_dup(v.p, v.len);
	if (!copy)
		return ST_NOMEM;
	if (p->packet)
		mem_free_secret(p->packet, p->packet_len);
	p->packet = copy;
	p->packet_len = v.len;
	return ST_OK;
}

/* ---- what the client says ------------------------------------------------------------------------------ */

enum status wire_pass_on(struct pass *p)
{
	uint8_t attrs[RADIUS_MAX];
	struct wr o = wr_init(attrs, sizeof(attrs));
	uint64_t now = loop_now_ms();
	const char *group;
	size_t at;
	bool has_other = wire_pass_other(p, &at, &group) != WIRE_AAA_END;
	if (p->is_known || !p->end_ms)
		p->end_ms = now + WITHIN_MS;
	struct radius_request q = {.group = p->group, .code = RADIUS_ACCESS_REQUEST, .server = p->server, .has_other = has_other,
				   .within_ms = wire_aaa_within_ms(p->end_ms > now ? p->end_ms - now : 0, has_other),
				   .ctx = p, .done = wire_pass_on_server};
	radius_put_text(&o, RADIUS_USER_NAME, p->name);
	radius_put_u32(&o, RADIUS_SERVICE_TYPE, 1); /* Login, R-RAD-04 */
	radius_put_u32(&o, RADIUS_FRAMED_MTU, FRAMED_MTU);
	wire_radius_put_who(p->wire, &o, &(struct radius_who){&p->local, &p->remote, p->profile, p->sa});
	if (p->state_len)
		radius_put(&o, RADIUS_STATE, p->state, p->state_len);
	radius_put_eap(&o, (struct view){p->packet, p->packet_len});
	if (!wr_ok(&o))
		return ST_LIMIT;
	q.number = wire_radius_number(p->wire);
	q.attrs = (struct view){attrs, o.len};
	enum status st = radius_ask(wire_radius(p->wire), &q);
	mem_zero(attrs, o.len);
	if (st == ST_OK)
		p->request = q.number;
	return st;
}

/* The client's own packet, also as the answer to our question for its name. */
static enum status take_packet(struct pass *p, struct view v, const char **words)
{
	struct eap_packet e;
	enum status st = eap_parse(v, &e);
	*words = "";
	if (st != ST_OK)
		return st;
	p->last_id = e.id;
	if (e.code != EAP_CODE_RESPONSE)
		return ST_EAP_UNEXPECTED;
	if (++p->rounds > ROUNDS_MAX)
		return ST_EAP_ROUNDS;
	if (!p->is_asking_name)
		return set_packet(p, v);
	if (e.type != EAP_IDENTITY || e.id != p->own_id)
		return ST_EAP_UNEXPECTED;
	p->is_asking_name = false;
	/* Android says nothing here: its IKE identity is its name. */
	bool is_usable = e.data.len > 0 && e.data.len < sizeof(p->name) && !memchr(e.data.p, 0, e.data.len);
	if (is_usable) {
		memcpy(p->name, e.data.p, e.data.len);
		p->name[e.data.len] = 0;
		return set_packet(p, v);
	}
	*words = "the client's answer to the question for its name is empty or too long";
	return ST_EAP_IDENTITY;
}

static enum status build_identity(uint8_t code, uint8_t id, const char *name, struct wr *o)
{
	struct wr_mark m = eap_open(o, code, id, EAP_IDENTITY);
	wr_bytes(o, name, strlen(name));
	wr_close16(o, m);
	return wr_ok(o) ? ST_OK : ST_LIMIT;
}

/* R-EAP-02: the client's answer to a question that it was not asked. */
static enum status begin_with_identity(struct pass *p)
{
	uint8_t bytes[PASS_NAME + 8];
	struct wr o = wr_init(bytes, sizeof(bytes));
	enum status st = build_identity(EAP_CODE_RESPONSE, p->own_id, p->name, &o);
	if (st == ST_OK)
		st = set_packet(p, (struct view){bytes, o.len});
	return st == ST_OK ? wire_pass_on(p) : st;
}

/* R-EAP-03. */
static enum wire_pass ask_name(struct pass *p, struct ike_answer *a, uint8_t **block)
{
	uint8_t bytes[16];
	struct wr o = wr_init(bytes, sizeof(bytes));
	a->status = build_identity(EAP_CODE_REQUEST, p->own_id, "", &o);
	*block = a->status == ST_OK ? mem_dup(bytes, o.len) : NULL;
	if (!*block) {
		a->status = ST_NOMEM;
		return PASS_ANSWERED;
	}
	a->eap = (struct view){*block, o.len};
	p->is_asking_name = true;
	return PASS_ANSWERED;
}

/* Of a session in whose place this one comes; a challenge has another. name: as the client was asked for it, or NULL. */
static void take_state(struct pass *p, const struct ike_question *q, const char *name)
{
	struct view state = again_state(p->wire->sessions, q, name);
	if (state.len)
		memcpy(p->state, state.p, state.len);
	p->state_len = state.len;
}

static struct pass *begin(struct wire *w, const struct ike_question *q, const struct ike_profile *profile)
{
	struct pass *p = mem_new(sizeof(*p));
	if (!p)
		return NULL;
	p->wire = w;
	p->sa = q->sa;
	p->local = q->local;
	p->remote = q->remote;
	p->proves_gateway = q->proves_gateway;
	p->is_forticlient = q->is_forticlient;
	p->list = profile->eap_authen_list;
	snprintf(p->profile, sizeof(p->profile), "%s", q->profile);
	rnd_bytes(&p->own_id, 1);
	list_push_back(&w->passes->all, &p->in_list);
	map_add(&w->passes->by_sa, &p->by_sa, hash_u64(p->sa));
	return p;
}

static enum wire_pass first(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a, uint8_t **block)
{
	const struct ike_profile *profile = snapshot_profile(w->conf, q->profile);
	const char *group = NULL;
	struct view name;
	size_t at = 0;
	if (!profile || wire_aaa_next(w->conf, AAA_AUTHEN_LOGIN, profile->eap_authen_list, &at, &group) != WIRE_AAA_GROUP)
		return PASS_NOT_OURS;
	a->status = eap_name_of(q, profile->eap_query_identity, &name, a->detail, sizeof(a->detail));
	if (a->status == ST_OK && name.len >= PASS_NAME)
		a->status = ST_EAP_IDENTITY; /* nor would it fit into User-Name */
	if (a->status != ST_OK)
		return PASS_ANSWERED;
	struct pass *p = begin(w, q, profile);
	if (!p) {
		a->status = ST_NOMEM;
		return PASS_ANSWERED;
	}
	p->method_at = at;
	snprintf(p->group, sizeof(p->group), "%s", group);
	if (name.len)
		memcpy(p->name, name.p, name.len);
	if (profile->eap_query_identity)
		return ask_name(p, a, block);
	take_state(p, q, NULL);
	a->status = begin_with_identity(p);
	if (a->status != ST_OK)
		return PASS_ANSWERED;
	wire_pass_set_number(p, number);
	return PASS_WAITS;
}

enum wire_pass wire_pass_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a, uint8_t **block)
{
	struct pass *p = q->we_are_initiator ? NULL : find(w, q->sa);
	const char *words = "";
	*block = NULL;
	if (q->we_are_initiator)
		return PASS_NOT_OURS;
	if (!p && q->eap.len) /* it goes on where it began */
		return PASS_NOT_OURS;
	if (!p)
		return first(w, number, q, a, block);
	/* The second round of a client that authenticates twice begins anew. */
	if (q->eap.len == 0) {
		wire_pass_forget(w, q->sa);
		return first(w, number, q, a, block);
	}
	a->status = p->request || p->number ? ST_BAD_STATE : take_packet(p, q->eap, &words);
	if (a->status == ST_OK && !p->is_known)
		take_state(p, q, p->name);
	if (a->status == ST_OK)
		a->status = wire_pass_on(p);
	snprintf(a->detail, sizeof(a->detail), "%s", words);
	if (a->status != ST_OK)
		return PASS_ANSWERED;
	wire_pass_set_number(p, number);
	return PASS_WAITS;
}

/* ---- life ----------------------------------------------------------------------------------------------- */

void wire_pass_cancel(struct wire *w, uint64_t number)
{
	struct map_node *n = map_first(&w->passes->by_number, hash_u64(number));
	while (n && CONTAINER_OF(n, struct pass, by_number)->number != number)
		n = map_next(n);
	if (n)
		wire_pass_set_number(CONTAINER_OF(n, struct pass, by_number), 0);
}

void wire_pass_configure(struct wire *w)
{
	LIST_EACH(at, &w->passes->all)
		CONTAINER_OF(at, struct pass, in_list)->list = NULL;
}

void wire_pass_end(struct pass *p)
{
	if (p->request)
		radius_cancel(wire_radius(p->wire), p->request);
	wire_pass_set_number(p, 0);
	map_del(&p->wire->passes->by_sa, &p->by_sa);
	list_del(&p->in_list);
	pass_free(p);
}

void wire_pass_forget(struct wire *w, uint64_t sa)
{
	struct pass *p = find(w, sa);
	if (p)
		wire_pass_end(p);
}

size_t wire_pass_count(const struct wire *w)
{
	return w->passes->by_sa.count;
}

enum status wire_pass_open(struct wire *w)
{
	w->passes = mem_new(sizeof(*w->passes));
	if (!w->passes)
		return ST_NOMEM;
	list_init(&w->passes->all);
	enum status st = map_init(&w->passes->by_sa, 64);
	return st == ST_OK ? map_init(&w->passes->by_number, 64) : st;
}

void wire_pass_close(struct wire *w)
{
	if (!w->passes)
		return;
	LIST_EACH_SAFE(at, &w->passes->all)
		wire_pass_end(CONTAINER_OF(at, struct pass, in_list));
	map_fini(&w->passes->by_sa);
	map_fini(&w->passes->by_number);
	mem_free(w->passes);
	w->passes = NULL;
}
