#include "cmd/wire_pass.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_cached.h"
#include "cmd/wire_eap.h"
#include "cmd/wire_eap_conf.h"
#include "cmd/wire_radius.h"
#include "core/aaa/radius_sign.h"
#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/session/again.h"
#include "core/wire/eap.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

#define PASS_NAME     (RADIUS_VALUE_MAX + 1)
#define FRAMED_MTU    1200u /* of EAP packets: with IKE and ESP around it in one packet on every path */
#define ROUNDS_MAX    128
#define WITHIN_MS     55000 /* less than the engine waits for us, for all groups of the list */

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
struct pass {
	struct list in_list;
	struct map_node by_sa, by_number;
	uint64_t sa;
	uint64_t number;  /* question that waits; 0: none, and not in that map */
	uint64_t request; /* under way; 0: none */
	struct wire *wire;
	char profile[IKE_NAME_LEN];
	struct endpoint local, remote;
	size_t method_at;     /* of the list, the one after that is asked */
	const char *list;     /* of the configuration in force; NULL after a reload */
	char group[RADIUS_NAME];
	uint64_t end_ms;      /* of the question that waits */
	bool is_asking_name;  /* our own EAP-Request/Identity is on its way */
	bool is_forticlient;
	bool proves_gateway;  /* only methods that do so are passed on (RFC 5998 section 4) */
	bool is_known;        /* a server has answered: the others know nothing of it */
	uint8_t own_id;       /* of that request */
	uint8_t last_id;      /* of the last packet from the client */
	uint16_t server;
	unsigned rounds;
	char name[PASS_NAME];
	uint8_t state[RADIUS_VALUE_MAX];
	size_t state_len;
	uint8_t *packet;      /* the client's last one, as it was passed on */
	size_t packet_len;
};

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

/* 0: no question waits any more. */
static void set_number(struct pass *p, uint64_t number)
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

/* ---- answers to the engine -------------------------------------------------------------------------- */

struct verdict {
	enum status status;
	struct view eap;
	bool is_over;
	const uint8_t *msk; /* NULL: none */
	const char *words;
};

/* The engine may forget the conversation from inside: p is not touched afterwards. */
static void answer(struct pass *p, const struct verdict *v)
{
	struct ike_answer *a = mem_new(sizeof(*a));
	uint64_t number = p->number;
	struct wire *w = p->wire;
	set_number(p, 0);
	if (!a || !number) {
		mem_free(a);
		return; /* its state has a timeout */
	}
	a->kind = ASK_EAP;
	a->status = v->status;
	a->eap = v->eap;
	a->eap_is_over = v->is_over;
	snprintf(a->detail, sizeof(a->detail), "%s", v->words ? v->words : "");
	if (v->is_over)
		snprintf(a->name, sizeof(a->name), "%s", p->name);
	if (v->msk) {
		a->msk_len = IKE_MSK_LEN;
		memcpy(a->msk, v->msk, IKE_MSK_LEN);
	}
	ike_on_answer(w->ike, number, a);
	mem_free_secret(a, sizeof(*a));
}

/* With the server's EAP-Failure where there is one. */
static void refuse(struct pass *p, enum status st, struct view failure, const char *words)
{
	uint8_t own[EAP_HEADER_LEN];
	struct wr w = wr_init(own, sizeof(own));
	if (failure.len == 0) {
		eap_build_end(&w, EAP_CODE_FAILURE, p->last_id);
		failure = (struct view){own, w.len};
	}
	answer(p, &(struct verdict){.status = st, .eap = failure, .words = words});
}

/* ---- what the server says ---------------------------------------------------------------------------- */

/* The key of the method: both halves, or none. What the NAS receives with comes first (RFC 2548 2.4); halves of 16
 * octets (MSCHAPv2) are followed by zeros, which is what the client makes of them, too. */
static enum status read_msk(const struct radius_answer *a, uint8_t out[IKE_MSK_LEN], bool *has)
{
	static const uint8_t order[] = {RADIUS_MS_MPPE_RECV_KEY, RADIUS_MS_MPPE_SEND_KEY};
	size_t at = 0, n = 0;
	memset(out, 0, IKE_MSK_LEN);
	for (unsigned i = 0; i < 2; i++) {
		struct radius_cursor c = radius_begin(a->packet.attrs);
		struct radius_attr v;
		while (radius_next(&c, &v)) {
			size_t len = 0;
			if (v.vendor != RADIUS_VENDOR_MICROSOFT || v.vendor_type != order[i])
				continue;
			if (radius_reveal(a->secret, a->request_authenticator, v.value, out + at, IKE_MSK_LEN / 2, &len) != ST_OK)
				return ST_RADIUS_REPLY;
			at += len;
			n++;
			break;
		}
	}
	*has = n == 2 && at >= 32;
	return n == 0 || *has ? ST_OK : ST_RADIUS_REPLY;
}

/* R-EAP-05: the name that the server gives is the user's. */
static enum status take_accept(struct pass *p, const struct radius_answer *a, char why[IKE_DETAIL_LEN])
{
	struct aaa_set *set = aaa_set_new();
	enum status st = set ? wire_cached_read(set, a->packet.attrs, why) : ST_NOMEM;
	if (st == ST_OK && aaa_has(set, AV_USER_NAME))
		snprintf(p->name, sizeof(p->name), "%.*s", (int)sizeof(p->name) - 1, set->user_name);
	if (st == ST_OK)
		st = wire_cached_put(p->wire, p->sa, set);
	else
		aaa_set_free(set);
	return st;
}

static void on_accept(struct pass *p, const struct radius_answer *a, struct view eap)
{
	uint8_t msk[IKE_MSK_LEN];
	char why[IKE_DETAIL_LEN] = "the server accepts the client without EAP-Success, or with half a key";
	bool has_msk = false;
	enum status st = read_msk(a, msk, &has_msk);
	if (st == ST_OK && (eap.len < EAP_HEADER_LEN || eap.p[0] != EAP_CODE_SUCCESS))
		st = ST_RADIUS_REPLY; /* RFC 3579 2.6.3: the client would not know */
	if (st == ST_OK)
		st = take_accept(p, a, why);
	if (st == ST_OK)
		answer(p, &(struct verdict){.status = ST_OK, .eap = eap, .is_over = true, .msk = has_msk ? msk : NULL});
	else
		refuse(p, st, (struct view){0}, st == ST_NOMEM ? status_words(st) : why);
	mem_zero(msk, sizeof(msk));
}

/* Who shows no certificate of ours is to be sure of us by the method, so only such methods pass. */
static bool may_pass(const struct pass *p, const struct eap_packet *e)
{
	return !p->proves_gateway || e->type == EAP_IDENTITY || e->type == EAP_NOTIFICATION || e->type == EAP_TLS ||
	       e->type == EAP_TTLS || e->type == EAP_PEAP;
}

static void on_challenge(struct pass *p, const struct radius_answer *a, struct view eap)
{
	struct radius_attr state;
	struct eap_packet e;
	if (eap_parse(eap, &e) != ST_OK || e.code != EAP_CODE_REQUEST) {
		refuse(p, ST_RADIUS_REPLY, (struct view){0}, "the server's challenge has no EAP request");
		return;
	}
	if (!may_pass(p, &e)) {
		refuse(p, ST_CONFIG, (struct view){0}, "the client wants no certificate of ours in IKE, and the server's EAP method does not prove us");
		return;
	}
	p->state_len = 0;
	if (radius_find(a->packet.attrs, RADIUS_STATE, &state)) {
		memcpy(p->state, state.value.p, state.value.len);
		p->state_len = state.value.len;
	}
	answer(p, &(struct verdict){.status = ST_OK, .eap = eap});
}

static void on_reject(struct pass *p, const struct radius_answer *a, struct view eap)
{
	char said[IKE_DETAIL_LEN], words[IKE_DETAIL_LEN];
	wire_radius_message(a->packet.attrs, said);
	snprintf(words, sizeof(words), "RADIUS server %.60s refused %.60s%s%.90s", a->server_name, p->name, said[0] ? ": " : "", said);
	if (eap.len < EAP_HEADER_LEN || eap.p[0] != EAP_CODE_FAILURE)
		eap = (struct view){0};
	refuse(p, ST_RADIUS_REJECT, eap, words);
}

static enum status pass_on(struct pass *p);
static void end(struct pass *p);

/* The built-in server is the list's next method: the conversation is its own from now on. */
static void go_on_locally(struct pass *p)
{
	struct ike_question q = {.kind = ASK_EAP, .sa = p->sa, .local = p->local, .remote = p->remote,
				 .eap = {p->packet, p->packet_len}, .is_forticlient = p->is_forticlient,
				 .proves_gateway = p->proves_gateway};
	struct ike_answer *a = mem_new(sizeof(*a));
	memcpy(q.profile, p->profile, sizeof(q.profile));
	if (!a)
		refuse(p, ST_NOMEM, (struct view){0}, status_words(ST_NOMEM));
	else if (wire_eap_go_on(p->wire, p->number, &q, a))
		end(p);
	else
		refuse(p, a->status, (struct view){0}, a->detail[0] ? a->detail : status_words(a->status));
	mem_free(a);
}

/* Who is asked when the group that is asked now does not answer. Nobody, once a server knows of the conversation;
 * `none` could not talk EAP. */
static enum wire_aaa other_method(const struct pass *p, size_t *at, const char **group)
{
	enum wire_aaa next = WIRE_AAA_END;
	*at = p->method_at;
	*group = NULL;
	if (!p->is_known && p->list)
		next = wire_aaa_next(p->wire->conf, AAA_AUTHEN_LOGIN, p->list, at, group);
	return next == WIRE_AAA_GROUP || next == WIRE_AAA_LOCAL ? next : WIRE_AAA_END;
}

/* False: there is none. */
static bool next_method(struct pass *p, enum status why)
{
	const char *group;
	enum wire_aaa next = p->number ? other_method(p, &p->method_at, &group) : WIRE_AAA_END;
	if (next == WIRE_AAA_END)
		return false;
	wire_aaa_log_fall(&(struct wire_aaa_fall){.list = p->list, .silent = p->group, .next = group, .to = next, .why = why,
						  .name = {(const uint8_t *)p->name, strlen(p->name)}});
	if (next == WIRE_AAA_LOCAL) {
		go_on_locally(p);
		return true;
	}
	snprintf(p->group, sizeof(p->group), "%s", group);
	return pass_on(p) == ST_OK;
}

static void on_answer(void *ctx, uint64_t request, const struct radius_answer *a)
{
	struct pass *p = ctx;
	uint8_t eap[IKE_EAP_MAX];
	size_t len = 0;
	(void)request;
	p->request = 0;
	if (a->status != ST_OK) {
		if (!next_method(p, a->status))
			refuse(p, a->status, (struct view){0}, status_words(a->status));
		return;
	}
	p->is_known = true;
	p->server = a->server;
	if (radius_eap(a->packet.attrs, eap, sizeof(eap), &len) == ST_LIMIT)
		len = 0;
	struct view v = {eap, len};
	switch (a->packet.code) {
	case RADIUS_ACCESS_ACCEPT: on_accept(p, a, v); break;
	case RADIUS_ACCESS_CHALLENGE: on_challenge(p, a, v); break;
	default: on_reject(p, a, v); break;
	}
	mem_zero(eap, sizeof(eap));
}

/* ---- what the client says ------------------------------------------------------------------------------ */

static enum status pass_on(struct pass *p)
{
	uint8_t attrs[RADIUS_MAX];
	struct wr o = wr_init(attrs, sizeof(attrs));
	uint64_t now = loop_now_ms();
	const char *group;
	size_t at;
	bool has_other = other_method(p, &at, &group) != WIRE_AAA_END;
	if (p->is_known || !p->end_ms)
		p->end_ms = now + WITHIN_MS;
	struct radius_request q = {.group = p->group, .code = RADIUS_ACCESS_REQUEST, .server = p->server, .has_other = has_other,
				   .within_ms = wire_aaa_within_ms(p->end_ms > now ? p->end_ms - now : 0, has_other),
				   .ctx = p, .done = on_answer};
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
	return st == ST_OK ? pass_on(p) : st;
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
	set_number(p, number);
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
		a->status = pass_on(p);
	snprintf(a->detail, sizeof(a->detail), "%s", words);
	if (a->status != ST_OK)
		return PASS_ANSWERED;
	set_number(p, number);
	return PASS_WAITS;
}

/* ---- life ----------------------------------------------------------------------------------------------- */

void wire_pass_cancel(struct wire *w, uint64_t number)
{
	struct map_node *n = map_first(&w->passes->by_number, hash_u64(number));
	while (n && CONTAINER_OF(n, struct pass, by_number)->number != number)
		n = map_next(n);
	if (n)
		set_number(CONTAINER_OF(n, struct pass, by_number), 0);
}

void wire_pass_configure(struct wire *w)
{
	LIST_EACH(at, &w->passes->all)
		CONTAINER_OF(at, struct pass, in_list)->list = NULL;
}

static void end(struct pass *p)
{
	if (p->request)
		radius_cancel(wire_radius(p->wire), p->request);
	set_number(p, 0);
	map_del(&p->wire->passes->by_sa, &p->by_sa);
	list_del(&p->in_list);
	pass_free(p);
}

void wire_pass_forget(struct wire *w, uint64_t sa)
{
	struct pass *p = find(w, sa);
	if (p)
		end(p);
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
		end(CONTAINER_OF(at, struct pass, in_list));
	map_fini(&w->passes->by_sa);
	map_fini(&w->passes->by_number);
	mem_free(w->passes);
	w->passes = NULL;
}
