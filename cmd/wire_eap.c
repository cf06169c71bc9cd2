#include "cmd/wire_eap.h"

#include <stdio.h>
#include <string.h>

#include "cmd/logins.h"
#include "cmd/wire_logins.h"
#include "cmd/wire_eap_conf.h"
#include "cmd/wire_keys.h"
#include "cmd/wire_pki.h"
#include "cmd/wire_user.h"
#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/eap/eap.h"
#include "modules/jobs/jobs.h"
#include "modules/loop/loop.h"

enum input { IN_START, IN_PACKET, IN_USER, IN_SIGNED, IN_CHAIN, IN_PASSWORD };

/* The loop's while `is_lent` is not set; then it is a job thread's from `profile` on. */
struct talk {
	struct list in_list;
	struct map_node by_own, by_sa, by_number;
	uint64_t own;    /* number of its jobs, signatures and verdicts */
	uint64_t sa;
	uint64_t number; /* question that waits; 0: none, and not in that map */
	bool is_lent;
	char profile[IKE_NAME_LEN];
	struct ike_id must_be; /* whom the other side's certificate has to name; type 0: that does not matter */
	struct eap_side side;

	enum input input;
	uint8_t *bytes; /* packet or signature */
	size_t n_bytes;
	enum status status;
	char words[IKE_DETAIL_LEN];
	struct eap_user user;
	struct logins_pair given;
	bool waits; /* for it */
	int64_t now_s;
	struct eap_step step;
};

struct wire_eap {
	struct wire *wire;
	struct list talks;
	struct map by_own, by_sa, by_number; /* hundreds log in at once, and each has a dozen steps */
	uint64_t last;
	struct eap_tls_cache tls;
};

/* ---- a step, in a job thread ------------------------------------------------------------------------ */

static void run_server(struct talk *t)
{
	struct eap_server *s = t->side.server;
	struct view v = {t->bytes, t->n_bytes};
	switch (t->input) {
	case IN_START: eap_server_start(s, &t->step); break;
	case IN_PACKET: eap_server_packet(s, t->now_s, v, &t->step); break;
	case IN_USER: eap_server_user(s, t->now_s, &t->user, &t->step); break;
	case IN_SIGNED: eap_server_signed(s, t->status, v, &t->step); break;
	case IN_CHAIN: eap_server_chain(s, t->status, t->words, &t->step); break;
	case IN_PASSWORD: break; /* a server does not ask for one */
	}
}

static void run_peer(struct talk *t)
{
	struct eap_peer *p = t->side.peer;
	struct view v = {t->bytes, t->n_bytes};
	struct view name = {(const uint8_t *)t->given.name, strlen(t->given.name)};
	struct view password = {t->given.password, t->given.len};
	switch (t->input) {
	case IN_START:
	case IN_USER: break; /* it does neither */
	case IN_PACKET: eap_peer_packet(p, v, &t->step); break;
	case IN_SIGNED: eap_peer_signed(p, t->status, v, &t->step); break;
	case IN_CHAIN: eap_peer_chain(p, t->status, t->words, &t->step); break;
	case IN_PASSWORD: eap_peer_password(p, t->status, name, password, &t->step); break;
	}
}

static void run(void *object)
{
	struct talk *t = object;
	mem_zero(&t->step, sizeof(t->step));
	if (t->side.server)
		run_server(t);
	else
		run_peer(t);
	eap_user_wipe(&t->user);
	mem_zero(&t->given, sizeof(t->given));
}

/* ---- its life ---------------------------------------------------------------------------------------- */

static void talk_free(void *ctx, void *object)
{
	struct talk *t = object;
	eap_side_free(&t->side);
	if (t->bytes)
		mem_free_secret(t->bytes, t->n_bytes);
	mem_free_secret(t, sizeof(*t));
}

static struct talk *find(const struct wire_eap *e, uint64_t own)
{
	struct map_node *n = map_first(&e->by_own, hash_u64(own));
	while (n && CONTAINER_OF(n, struct talk, by_own)->own != own)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct talk, by_own) : NULL;
}

static struct talk *find_sa(const struct wire_eap *e, uint64_t sa)
{
	struct map_node *n = map_first(&e->by_sa, hash_u64(sa));
	while (n && CONTAINER_OF(n, struct talk, by_sa)->sa != sa)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct talk, by_sa) : NULL;
}

static struct talk *find_number(const struct wire_eap *e, uint64_t number)
{
	struct map_node *n = map_first(&e->by_number, hash_u64(number));
	while (n && CONTAINER_OF(n, struct talk, by_number)->number != number)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct talk, by_number) : NULL;
}

/* 0: no question waits any more. */
static void set_number(struct wire_eap *e, struct talk *t, uint64_t number)
{
	if (t->number)
		map_del(&e->by_number, &t->by_number);
	t->number = number;
	if (number)
		map_add(&e->by_number, &t->by_number, hash_u64(number));
}

static void enter(struct wire_eap *e, struct talk *t, uint64_t sa)
{
	t->own = ++e->last;
	t->sa = sa;
	list_push_back(&e->talks, &t->in_list);
	map_add(&e->by_own, &t->by_own, hash_u64(t->own));
	map_add(&e->by_sa, &t->by_sa, hash_u64(sa));
}

static void leave(struct wire_eap *e, struct talk *t)
{
	set_number(e, t, 0);
	map_del(&e->by_sa, &t->by_sa);
	map_del(&e->by_own, &t->by_own);
	list_del(&t->in_list);
}

static void on_signature(struct wire *w, uint64_t own, enum status st, struct view signature);
static void on_verdict(struct wire *w, uint64_t own, const struct pki_verdict *v);

static void end(struct wire_eap *e, struct talk *t)
{
	leave(e, t);
	wire_keys_drop(e->wire, on_signature, t->own);
	wire_pki_drop(e->wire, on_verdict, t->own);
	if (t->is_lent)
		jobs_drop(e->wire->jobs, JOBS_EAP, t->own); /* it comes back by talk_free() */
	else
		talk_free(NULL, t);
}

static enum status set_bytes(struct talk *t, struct view v)
{
	uint8_t *copy = v.len ? mem_dup(v.p, v.len) : NULL;
	if (v.len && !copy)
		return ST_NOMEM;
	if (t->bytes)
		mem_free_secret(t->bytes, t->n_bytes);
	t->bytes = copy;
	t->n_bytes = v.len;
	return ST_OK;
}

static enum status lend(struct wire_eap *e, struct talk *t, enum input input)
{
	t->input = input;
	t->now_s = loop_wall_ms() / 1000;
	enum status st = jobs_run(e->wire->jobs, JOBS_EAP, t->own, run, t);
	t->is_lent = st == ST_OK;
	return st;
}

/* ---- answers ------------------------------------------------------------------------------------------ */

static void answer(struct wire_eap *e, struct talk *t, enum status st, const char *words)
{
	struct ike_answer *a = mem_new(sizeof(*a));
	uint64_t number = t->number;
	set_number(e, t, 0);
	if (!a || !number) {
		mem_free(a);
		return; /* its state has a timeout */
	}
	a->kind = ASK_EAP;
	a->status = st;
	snprintf(a->detail, sizeof(a->detail), "%s", words);
	a->eap = (struct view){t->step.out, t->step.out_len};
	a->eap_is_over = t->step.kind == EAP_SUCCESS;
	a->eap_ends = t->step.kind == EAP_SEND ? t->step.status : ST_OK;
	if (a->eap_is_over) {
		a->msk_len = t->step.has_msk ? IKE_MSK_LEN : 0;
		memcpy(a->msk, t->step.msk, a->msk_len);
		snprintf(a->name, sizeof(a->name), "%s", t->step.name);
	}
	/* The engine may end the conversation meanwhile: a has a view of it. */
	struct ike_answer *copy = a;
	uint8_t packet[EAP_PACKET_MAX];
	memcpy(packet, t->step.out, t->step.out_len);
	copy->eap.p = packet;
	mem_zero(&t->step, sizeof(t->step));
	ike_on_answer(e->wire->ike, number, a);
	mem_zero(packet, sizeof(packet));
	mem_free_secret(a, sizeof(*a));
}

/* EAP-Failure, where the method believed the client and we must not. */
static void put_failure(struct talk *t)
{
	t->step.kind = EAP_FAILURE;
	if (!t->side.server || t->step.out_len < 4)
		return;
	t->step.out[0] = 4;
	t->step.out[2] = 0;
	t->step.out[3] = 4;
	t->step.out_len = 4;
}

static void refuse(struct wire_eap *e, struct talk *t, enum status st)
{
	put_failure(t);
	answer(e, t, st, status_words(st));
}

static enum status want_signature(struct wire_eap *e, struct talk *t)
{
	return wire_keys_sign(e->wire, on_signature, t->own, t->side.key, KEYS_TLS, t->step.sign_scheme,
			      t->step.sign_data);
}

static enum status want_verdict(struct wire_eap *e, struct talk *t)
{
	struct pki_query q = {
		.profile = t->profile,
		.leaf = t->step.n_chain ? t->step.chain[0] : (struct view){0},
		.others = t->step.chain + 1,
		.n_others = t->step.n_chain ? t->step.n_chain - 1 : 0,
		.purpose = t->side.server ? CHAIN_TLS_CLIENT : CHAIN_TLS_SERVER,
		.id_type = t->must_be.type,
		.id = {t->must_be.bytes, t->must_be.len},
		.stapled = &t->step.stapled,
		.n_stapled = t->step.stapled.len ? 1 : 0,
	};
	return wire_pki_judge(e->wire, on_verdict, t->own, &q);
}

/* The profile has none. */
static enum status want_password(struct wire_eap *e, struct talk *t)
{
	struct logins_question q = {
		.sa = t->sa,
		.profile = t->profile,
		.want_name = t->step.want_name,
		.is_further = t->side.has_password,
		.prompt = t->step.words,
	};
	t->status = wire_logins_ask(e->wire, &q, &t->given);
	t->waits = t->status == ST_PENDING;
	return t->waits ? ST_OK : lend(e, t, IN_PASSWORD);
}

/* What the step wants. */
static enum status follow(struct wire_eap *e, struct talk *t)
{
	enum status st = ST_OK;
	switch (t->step.kind) {
	case EAP_WANT_USER:
		wire_user_ask(e->wire, t->step.name, &t->user);
		return lend(e, t, IN_USER);
	case EAP_WANT_SIGN: return want_signature(e, t);
	case EAP_WANT_CHAIN:
		st = want_verdict(e, t);
		if (st != ST_CERT_LIMIT)
			return st;
		t->status = st;
		snprintf(t->words, sizeof(t->words), "%s", status_words(st));
		return lend(e, t, IN_CHAIN);
	case EAP_WANT_PASSWORD: return want_password(e, t);
	case EAP_NOTHING:
		stats_status(e->wire->stats, t->step.status);
		/* Ours alone speaks first: what was sent last is sent again. A gateway's nonsense ends it. */
		if (t->side.server && t->step.out_len)
			answer(e, t, ST_OK, "");
		else
			answer(e, t, t->step.status, status_words(t->step.status));
		return ST_OK;
	case EAP_FAILURE: answer(e, t, t->step.status != ST_OK ? t->step.status : ST_AUTH_FAILED, t->step.words); return ST_OK;
	case EAP_SEND: answer(e, t, ST_OK, t->step.status != ST_OK ? t->step.words : ""); return ST_OK;
	case EAP_SUCCESS:
		if (t->side.peer)
			logins_passed(e->wire->logins, t->sa);
		answer(e, t, ST_OK, "");
		return ST_OK;
	}
	return ST_INTERNAL;
}

static void on_step(void *ctx, uint64_t own, void *object)
{
	struct wire_eap *e = ctx;
	struct talk *t = object;
	t->is_lent = false;
	enum status st = t->side.server && t->step.checked != EAP_CHECKED_NOTHING ?
				 wire_user_result(e->wire, &t->step) : ST_OK;
	if (st == ST_OK)
		st = follow(e, t);
	if (st != ST_OK)
		refuse(e, t, st);
}

static void on_signature(struct wire *w, uint64_t own, enum status st, struct view signature)
{
	struct talk *t = find(w->eap, own);
	if (!t)
		return;
	t->status = st;
	if (t->status == ST_OK)
		t->status = set_bytes(t, signature);
	st = lend(w->eap, t, IN_SIGNED);
	if (st != ST_OK)
		refuse(w->eap, t, st);
}

static void on_verdict(struct wire *w, uint64_t own, const struct pki_verdict *v)
{
	struct talk *t = find(w->eap, own);
	if (!t)
		return;
	t->status = v->status;
	snprintf(t->words, sizeof(t->words), "%s", v->words);
	enum status st = lend(w->eap, t, IN_CHAIN);
	if (st != ST_OK)
		refuse(w->eap, t, st);
}

void wire_eap_given(struct wire *w, uint64_t sa, enum status st, const struct logins_pair *p)
{
	struct talk *t = find_sa(w->eap, sa);
	if (!t || !t->waits)
		return;
	t->waits = false;
	t->status = st;
	if (p)
		t->given = *p;
	st = lend(w->eap, t, IN_PASSWORD);
	if (st != ST_OK)
		refuse(w->eap, t, st);
}

/* ---- questions ------------------------------------------------------------------------------------------ */

static enum status begin(struct wire_eap *e, const struct eap_side_want *want, struct talk **out)
{
	const struct ike_question *q = want->q;
	struct talk *t = mem_new(sizeof(*t));
	if (!t)
		return ST_NOMEM;
	list_init(&t->in_list);
	enum status st = eap_side_make(e->wire, &e->tls, want, &t->side);
	if (st != ST_OK) {
		talk_free(NULL, t);
		return st;
	}
	snprintf(t->profile, sizeof(t->profile), "%s", q->profile);
	/* The server of EAP may be another machine than the gateway, unless it speaks for it. */
	if (q->we_are_initiator && q->proves_gateway)
		t->must_be = q->peer_id;
	enter(e, t, q->sa);
	*out = t;
	return ST_OK;
}

bool wire_eap_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a)
{
	struct wire_eap *e = w->eap;
	struct talk *t = find_sa(e, q->sa);
	enum status st = t ? ST_OK : begin(e, &(struct eap_side_want){.q = q, .why = a->detail}, &t);
	if (st == ST_OK && (t->is_lent || t->number))
		st = ST_BAD_STATE;
	if (st == ST_OK)
		st = set_bytes(t, q->eap);
	if (st == ST_OK)
		st = lend(e, t, q->eap.len || q->we_are_initiator ? IN_PACKET : IN_START);
	if (st == ST_OK)
		set_number(e, t, number);
	a->status = st;
	return st == ST_OK;
}

bool wire_eap_go_on(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a)
{
	struct wire_eap *e = w->eap;
	struct talk *t = NULL;
	wire_eap_forget(w, q->sa); /* of its first authentication, where it has two */
	enum status st = begin(e, &(struct eap_side_want){.q = q, .goes_on = true, .why = a->detail}, &t);
	if (st == ST_OK)
		st = lend(e, t, IN_START);
	if (st == ST_OK)
		set_number(e, t, number);
	a->status = st;
	return st == ST_OK;
}

void wire_eap_cancel(struct wire *w, uint64_t number)
{
	struct talk *t = find_number(w->eap, number);
	if (t)
		set_number(w->eap, t, 0);
}

size_t wire_eap_count(const struct wire *w)
{
	return w->eap->by_sa.count;
}

void wire_eap_forget(struct wire *w, uint64_t sa)
{
	struct talk *t = find_sa(w->eap, sa);
	if (t)
		end(w->eap, t);
}

void wire_eap_configure(struct wire *w)
{
	eap_tls_cache_clear(&w->eap->tls);
}

enum status wire_eap_open(struct wire *w)
{
	w->eap = mem_new(sizeof(*w->eap));
	if (!w->eap)
		return ST_NOMEM;
	w->eap->wire = w;
	list_init(&w->eap->talks);
	struct map *maps[] = {&w->eap->by_own, &w->eap->by_sa, &w->eap->by_number};
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		enum status st = map_init(maps[i], 64);
		if (st != ST_OK)
			return st;
	}
	jobs_own(w->jobs, JOBS_EAP, &(struct jobs_owner){.done = on_step, .dropped = talk_free, .ctx = w->eap});
	return ST_OK;
}

void wire_eap_close(struct wire *w)
{
	if (!w->eap)
		return;
	LIST_EACH_SAFE(at, &w->eap->talks) {
		struct talk *t = CONTAINER_OF(at, struct talk, in_list);
		/* Those that were lent came back when the threads ended. */
		leave(w->eap, t);
		if (!t->is_lent)
			talk_free(NULL, t);
	}
	eap_tls_cache_clear(&w->eap->tls);
	map_fini(&w->eap->by_own);
	map_fini(&w->eap->by_sa);
	map_fini(&w->eap->by_number);
	mem_free(w->eap);
	w->eap = NULL;
}
