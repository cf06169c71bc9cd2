#include "tests/lib/ike_creds.h"
#include "tests/lib/ike_ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/conf/match.h"
#include "core/conf/snapshot.h"
#include "core/crypto/dh.h"
#include "core/ike/trace.h"

#define KEY_LEN_MAX 64

/* ---- clock, random ------------------------------------------------------------------------------ */

static uint64_t now_ms(void *ctx)
{
	return ((struct world_node *)ctx)->w->now_ms;
}

static int64_t wall_s(void *ctx)
{
	return 1800000000 + (int64_t)(now_ms(ctx) / 1000);
}

static void fill_random(void *ctx, void *out, size_t len)
{
	struct world *w = ((struct world_node *)ctx)->w;
	uint8_t *p = out;

	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = world_random(w);

		memcpy(p + i, &v, len - i < 8 ? len - i : 8);
	}
}

static enum status source(void *ctx, uint32_t tun, const struct endpoint *remote, struct addr *out)
{
	struct world_node *n = ctx;

	(void)tun;
	if (n->side == 0 && addr_eq(&remote->addr, &n->w->no_way))
		return ST_NOT_FOUND;
	for (int i = 0; i < 2; i++)
		if (n->w->at[n->side][i].family == remote->addr.family) {
			*out = n->w->at[n->side][i];
			return ST_OK;
		}
	return ST_NOT_FOUND;
}

static void wake_at(void *ctx, uint64_t at)
{
	((struct world_node *)ctx)->wake_ms = at;
}

/* ---- network ------------------------------------------------------------------------------------ */

#define SERVER_INSIDE "198.51.100.1"
#define SERVER_OUTSIDE "203.0.113.80"
#define CLIENT_OUTSIDE "203.0.113.9"

/* What the receiver sees of a packet from local to remote, after the NATs between. False: nobody
 * is there (an old mapping). */
static bool translate(struct world *w, int from, const struct endpoint *local,
	const struct endpoint *remote, struct world_item *it)
{
	it->local = *remote;
	it->remote = *local;
	if (from == 0) {
		if (it->remote.addr.family == 0)
			it->remote.addr = w->at[0][0];
		if (w->knobs.nat_client) {
			it->remote.addr = world_endpoint(CLIENT_OUTSIDE, 0).addr;
			it->remote.port = (uint16_t)(w->nat_port + local->port);
		}
		if (w->knobs.nat_server)
			it->local.addr = world_endpoint(SERVER_INSIDE, 0).addr;
		return true;
	}
	if (w->knobs.nat_client) {
		it->local.addr = w->at[0][0];
		it->local.port = (uint16_t)(remote->port - w->nat_port);
		if (it->local.port != 500 && it->local.port != 4500)
			return false;
	}
	if (w->knobs.nat_server)
		it->remote.addr = world_endpoint(SERVER_OUTSIDE, 0).addr;
	return true;
}

static struct world_item *new_item(struct world_node *n, enum world_item_kind kind, uint64_t number)
{
	struct world_item *it = calloc(1, sizeof(*it));

	if (it == NULL)
		abort();
	it->node = n->side;
	it->kind = kind;
	it->number = number;
	return it;
}

static void post_packet(struct world *w, int from, const struct endpoint *local,
	const struct endpoint *remote, const uint8_t *msg, size_t len)
{
	struct world_item *it = new_item(&w->node[!from], WI_PACKET, 0);

	it->bytes = malloc(len);
	it->len = len;
	memcpy(it->bytes, msg, len);
	it->at_ms = w->now_ms + w->knobs.delay_ms;
	if (world_chance(w, w->knobs.late))
		it->at_ms += world_random(w) % (w->knobs.late_ms + 1);
	if (world_chance(w, w->knobs.corrupt)) {
		it->bytes[world_random(w) % len] ^= (uint8_t)(1u << world_random(w) % 8);
		w->was_damaged = true;
	}
	if (!translate(w, from, local, remote, it) ||
		(w->tap != NULL && !w->tap(w, from, it, w->tap_ctx))) {
		free(it->bytes);
		free(it);
		return;
	}
	world_push(w, it);
}

static void count_keepalive(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	struct world_node *n = ctx;

	n->keepalives++;
	if (local->port != 4500 || remote->port == 500)
		world_break(n->w, "a keepalive with the ports of IKE");
}

static void send_packet(void *ctx, const struct endpoint *local, const struct endpoint *remote,
	const uint8_t *msg, size_t len)
{
	struct world_node *n = ctx;
	struct world *w = n->w;

	w->packets++;
	/* A source that this host does not have (any more). */
	if (local->addr.family != 0 && !world_has_addr(w, n->side, &local->addr))
		return;
	if (n->side == 0 && world_chance(w, w->knobs.nat_float))
		w->nat_port = (uint16_t)(20000 + world_random(w) % 20000);
	if (!world_chance(w, w->knobs.loss))
		post_packet(w, n->side, local, remote, msg, len);
	if (world_chance(w, w->knobs.twice))
		post_packet(w, n->side, local, remote, msg, len);
}

/* ---- jobs ---------------------------------------------------------------------------------------- */

static void expand(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len)
{
	uint64_t seed = hash_bytes(7, in, in_len);

	for (size_t i = 0; i < out_len; i++) {
		if (i % 8 == 0)
			seed = hash_u64(seed + i);
		out[i] = (uint8_t)(seed >> (i % 8 * 8));
	}
}

/* A key exchange that is only as strong as a test needs: secret = f(A xor B). */
static void toy_dh(struct world *w, const struct xf *g, const struct ike_job *job,
	struct ike_job_result *r)
{
	uint8_t mine[IKE_DH_MAX];

	if (job->kind == JOB_DH_GENERATE) {
		for (size_t i = 0; i < g->private_len; i++)
			r->private_key[i] = (uint8_t)world_random(w);
		expand(r->private_key, g->private_len, r->public_key, g->public_len);
		return;
	}
	expand(job->private_key, g->private_len, mine, g->public_len);
	for (size_t i = 0; i < g->public_len; i++)
		mine[i] ^= job->peer_public[i];
	expand(mine, g->public_len, r->secret, g->secret_len);
}

void world_do_job(struct world *w, const struct ike_job *job, struct ike_job_result *r)
{
	const struct xf *g = suite_find(XF_DH, job->group, 0);
	uint8_t seed[DH_SEED_MAX];

	r->status = ST_OK;
	if (g == NULL || (job->kind == JOB_DH_COMPUTE && job->public_len != g->public_len)) {
		r->status = ST_BAD_KE;
		return;
	}
	r->private_len = g->private_len;
	r->public_len = g->public_len;
	r->secret_len = g->secret_len;
	if (!w->knobs.real_crypto) {
		toy_dh(w, g, job, r);
	} else if (job->kind == JOB_DH_GENERATE) {
		for (size_t i = 0; i < sizeof(seed); i++)
			seed[i] = (uint8_t)world_random(w);
		r->status = dh_generate(g, seed, r->private_key, r->public_key);
	} else {
		r->status = dh_compute(g, job->private_key, job->peer_public, job->public_len,
			r->secret);
	}
}

/* ---- questions ------------------------------------------------------------------------------------ */

static void post(struct world_node *n, struct world_item *it)
{
	struct world *w = n->w;

	it->at_ms = w->now_ms + w->knobs.answer_ms;
	if (world_chance(w, w->knobs.answer_late))
		it->at_ms += world_random(w) % (w->knobs.answer_late_ms + 1);
	if (n->never_answers || world_chance(w, w->knobs.answer_never)) {
		free(it);
		return;
	}
	if (world_chance(w, w->knobs.answer_twice)) {
		struct world_item *copy = malloc(sizeof(*copy));

		*copy = *it;
		copy->at_ms += world_random(w) % 50;
		world_push(w, copy);
	}
	world_push(w, it);
}

static enum status ask_job(void *ctx, uint64_t number, const struct ike_job *job)
{
	struct world_node *n = ctx;
	struct world_item *it = new_item(n, WI_JOB, number);

	it->job = *job;
	if (job->kind == JOB_SIGN) {
		creds_sign(n, job, it->extra);
		it->extra_len = CREDS_SIGNATURE;
	}
	post(n, it);
	return ST_OK;
}

/* An address of the pool for the SA; 0 when there is none. The same for a repeated question. */
static unsigned lease(struct world *w, uint64_t sa, uint64_t number)
{
	for (unsigned i = 0; i < w->knobs.pool && i < WORLD_LEASES; i++)
		if (w->lease[i].sa == 0) {
			w->lease[i] = (struct world_lease){sa, number};
			w->node[1].leases_given++;
			return i + 1;
		}
	return 0;
}

static void answer_address(struct world_node *n, const struct ike_question *q, uint64_t number,
	struct ike_answer *a)
{
	struct ike_grant *g = &a->grant;
	unsigned i = lease(n->w, q->sa, number);

	*g = n->grant;
	if (i == 0) {
		a->status = ST_POOL_EXHAUSTED;
		snprintf(a->detail, sizeof(a->detail), "pool RA has no free address");
		return;
	}
	if (q->wants_ip4) {
		g->ip4 = addr_v4(0x0a630000u + i);
		g->remote[g->n_remote++] = (struct prefix){g->ip4, 32};
		g->dns[g->n_dns++] = addr_v4(0x0a000035u);
		g->subnets[g->n_subnets++] = (struct prefix){addr_v4(0x0a000000u), 16};
	}
	if (q->wants_ip6) {
		struct addr base = world_endpoint("fd00:99::", 0).addr;

		g->ip6 = addr_add(&base, i);
		g->ip6_prefix_len = 128;
		g->remote[g->n_remote++] = (struct prefix){g->ip6, 128};
	}
	if (n->network.addr.family != 0)
		g->remote[g->n_remote++] = n->network;
	g->tun = 1;
	g->session_lifetime_s = n->session_lifetime_s;
}

static void set_key(uint8_t *out, uint16_t *len, const char *key)
{
	*len = (uint16_t)strlen(key);
	memcpy(out, key, *len);
}

/* Like a store: whether a session is up, how it ended, and that it is resumed once. */
static void answer_ticket(struct world_node *n, const struct ike_question *q, struct ike_answer *a)
{
	size_t count = n->n_session < WORLD_SESSIONS ? n->n_session : WORLD_SESSIONS;

	a->status = ST_TICKET_REVOKED;
	for (size_t i = 0; i < count; i++) {
		enum status why = n->session[i].why;

		if (memcmp(&n->session[i].session, &q->ticket, sizeof(q->ticket)) != 0)
			continue;
		a->live_sa = n->session[i].sa;
		if (a->live_sa == 0 && why != ST_END_DPD && why != ST_TIMEOUT && why != ST_END_LOST &&
			why != ST_END_CRASHED)
			return;
		a->status = ST_OK;
		if (q->claims_ticket) {
			n->session[i].why = ST_END_RESUMED;
			n->claims++;
		}
	}
}

static void note_session(struct world_node *n, const struct ike_event *ev)
{
	size_t count = n->n_session < WORLD_SESSIONS ? n->n_session : WORLD_SESSIONS;

	if (ev->kind == IKE_EV_SA_UP) {
		size_t i = n->n_session++ % WORLD_SESSIONS;

		n->session[i].session = ev->session;
		n->session[i].sa = ev->sa;
		n->session[i].why = ST_OK;
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (n->session[i].sa == ev->sa &&
			memcmp(&n->session[i].session, &ev->session, sizeof(ev->session)) == 0) {
			n->session[i].sa = 0;
			n->session[i].why = ev->status;
		}
}

static void keep_keys(void *ctx, const uint8_t *rec, size_t len)
{
	struct world_node *n = ctx;

	if (len == 0 || len > sizeof(n->keys)) {
		world_break(n->w, "keys of tickets of a strange length");
		return;
	}
	memcpy(n->keys, rec, len);
	n->keys_len = len;
}

/* As the configuration says. */
static void answer_ppk(const struct world_node *n, const struct ike_question *q, struct ike_answer *a)
{
	const struct ike_profile *p = snapshot_profile(n->conf, q->profile);
	struct view id = {q->peer_id.bytes, q->peer_id.len};
	const struct ike_peer *peer = q->we_are_initiator
		? ppk_for_initiator(n->conf, p, NULL, &q->remote.addr)
		: ppk_for_responder(n->conf, p, q->peer_id.type, id, &q->remote.addr);

	if (peer == NULL || strlen(peer->ppk_id) != q->ppk_id_len ||
		memcmp(peer->ppk_id, q->ppk_id, q->ppk_id_len) != 0)
		return;
	a->ppk_len = (uint16_t)peer->ppk.len;
	memcpy(a->ppk, peer->ppk.bytes, peer->ppk.len);
}

/* A session of somebody who has logged in once. */
static void answer_token(const struct world_node *n, struct ike_answer *a)
{
	static const char who[] = "user@corp.example";

	a->live_sa = n->token_live_sa;
	a->login_s = n->token_login_s;
	a->peer_id = (struct ike_id){.type = 3, .len = sizeof(who) - 1};
	memcpy(a->peer_id.bytes, who, sizeof(who) - 1);
	snprintf(a->name, sizeof(a->name), "anna");
}

static enum status ask(void *ctx, uint64_t number, const struct ike_question *q)
{
	struct world_node *n = ctx;
	struct world_item *it = new_item(n, WI_ANSWER, number);
	struct ike_answer *a = &it->answer;

	a->kind = q->kind;
	switch (q->kind) {
	case ASK_HOOK:
		a->status = n->hook_status;
		snprintf(n->hook_saw, sizeof(n->hook_saw), "%s", q->profile);
		snprintf(a->profile, sizeof(a->profile), "%s", n->hook_profile);
		snprintf(a->name, sizeof(a->name), "%s", n->hook_name);
		a->by_token = n->by_token;
		break;
	case ASK_KEYS:
		a->status = n->psk_status;
		set_key(a->local_key, &a->local_key_len, n->psk_local);
		set_key(a->remote_key, &a->remote_key_len, n->psk_remote);
		if (!q->by_token)
			creds_keys(n, q, a);
		answer_ppk(n, q, a);
		break;
	case ASK_PROOF:
		creds_proof(n, q, a);
		break;
	case ASK_EAP:
		creds_eap(n, q, it);
		break;
	case ASK_AUTHORIZE:
		a->status = n->authorize_status;
		snprintf(n->asked_name, sizeof(n->asked_name), "%s", q->name);
		n->asked_tun = q->tun;
		n->asked_subnets = q->n_subnets;
		n->asked_network = q->n_subnets ? q->subnets[0] : (struct prefix){0};
		fill_random(n, a->session.b, sizeof(a->session.b));
		a->grant.tun = 7;
		n->was_by_token = q->by_token;
		if (q->by_token)
			answer_token(n, a);
		break;
	case ASK_TICKET:
		answer_ticket(n, q, a);
		break;
	case ASK_ADDRESS:
		answer_address(n, q, number, a);
		break;
	case ASK_REDIRECT:
		n->asked_redirect++;
		n->asked_from = q->redirected_from;
		a->status = n->redirect_status;
		a->gateway = n->redirect_to;
		break;
	}
	post(n, it);
	return ST_OK;
}

static enum status commit(void *ctx, uint64_t number, const struct ike_commit *c)
{
	struct world_node *n = ctx;
	struct world_item *it = new_item(n, WI_COMMIT, number);

	it->status = n->commit_status;
	if (it->status == ST_OK)
		n->committed[n->n_committed++ % 256] = c->sa;
	post(n, it);
	return ST_OK;
}

static void cancel(void *ctx, uint64_t number)
{
	struct world_node *n = ctx;
	struct world *w = n->w;

	n->cancelled++;
	for (size_t i = 0; i < w->n_queue;) {
		struct world_item *it = w->queue[i];

		if (it->kind != WI_PACKET && it->node == n->side && it->number == number &&
			!world_chance(w, w->knobs.answer_after_cancel)) {
			free(it);
			w->queue[i] = w->queue[--w->n_queue];
		} else {
			i++;
		}
	}
}

static void forget(void *ctx, uint64_t sa)
{
	creds_forget(ctx, sa);
}

/* ---- data path and keeper ---------------------------------------------------------------------------- */

/* Whoever installs an SA begins with sequence number 1: with a key that was used, a nonce repeats. */
static void take_into_use(struct world_node *n, const struct ike_child_spec *c)
{
	uint64_t key = hash_bytes(7, c->key_out, c->key_out_len);

	for (size_t i = 0; i < n->n_used && i < WORLD_USED; i++)
		if (n->used[i] == key)
			world_break(n->w, "SPI %08x: a key is used again from the beginning", c->spi_in);
	n->used[n->n_used++ % WORLD_USED] = key;
}

static bool has_raw(void *ctx, const struct endpoint *local, uint8_t family)
{
	const struct world_node *n = ctx;

	(void)local;
	(void)family;
	return !n->w->knobs.no_raw[n->side];
}

/* In UDP through a NAT, and where one side can do nothing else. Elsewhere it need not be, but may for a
 * while: a request that is repeated by another way says addresses that are none of that way. One that
 * moves learns afterwards what is there. */
static void judge_form(const struct world_node *n, const struct ike_child_spec *c)
{
	/* Whose answer to IKE_SA_INIT was damaged on the way stays at port 500. Its user is let in before it can find
	 * out, and then it goes. */
	bool is_damaged = n->w->was_damaged && n->side == 1 && c->local.port == 500;

	if (world_needs_udp(n->w) && !c->udp_encap && !is_damaged)
		world_break(n->w, "SPI %08x: ESP without UDP, where that is not possible", c->spi_in);
	if (c->udp_encap && (c->local.port == 500 || c->transport_mode))
		world_break(n->w, "SPI %08x: not to be had in UDP", c->spi_in);
}

static enum status install(void *ctx, const struct ike_child_spec *spec)
{
	struct world_node *n = ctx;

	if (n->install_status != ST_OK)
		return n->install_status;
	if (n->n_child == WORLD_CHILDREN)
		return ST_INSTALL;
	for (size_t i = 0; i < n->n_child; i++)
		if (n->child[i].spi_in == spec->spi_in)
			world_break(n->w, "SPI %08x installed twice", spec->spi_in);
	if (spec->spi_in <= 255 || spec->n_local_ts == 0 || spec->n_remote_ts == 0 ||
		spec->key_in_len == 0)
		world_break(n->w, "incomplete child");
	judge_form(n, spec);
	n->child[n->n_child++] = *spec;
	if (!spec->receive_only)
		take_into_use(n, spec);
	return ST_OK;
}

static void move(void *ctx, uint32_t spi_in, const struct endpoint *local, const struct endpoint *remote,
	bool udp_encap)
{
	struct world_node *n = ctx;

	for (size_t i = 0; i < n->n_child; i++)
		if (n->child[i].spi_in == spi_in) {
			n->child[i].local = *local;
			n->child[i].remote = *remote;
			n->child[i].udp_encap = udp_encap;
			return;
		}
	world_break(n->w, "unknown SPI moved");
}

static void use(void *ctx, uint32_t spi_in)
{
	struct world_node *n = ctx;

	for (size_t i = 0; i < n->n_child; i++)
		if (n->child[i].spi_in == spi_in) {
			if (n->child[i].receive_only)
				take_into_use(n, &n->child[i]);
			n->child[i].receive_only = false;
			return;
		}
	world_break(n->w, "unknown SPI used");
}

static void unuse(void *ctx, uint32_t spi_in)
{
	struct world_node *n = ctx;

	for (size_t i = 0; i < n->n_child; i++)
		if (n->child[i].spi_in == spi_in)
			n->child[i].receive_only = true;
}

static void remove_child(void *ctx, uint32_t spi_in)
{
	struct world_node *n = ctx;

	for (size_t i = 0; i < n->n_child; i++)
		if (n->child[i].spi_in == spi_in) {
			n->n_child--;
			memmove(&n->child[i], &n->child[i + 1],
				(n->n_child - i) * sizeof(n->child[0]));
			return;
		}
	world_break(n->w, "unknown SPI removed");
}

static uint64_t last_data(void *ctx, uint32_t spi_in)
{
	const struct world_node *n = ctx;
	uint64_t at_ms = 0;

	for (size_t i = 0; i < n->n_data && i < WORLD_CHILDREN; i++)
		if (n->data[i].spi_in == spi_in && n->data[i].at_ms > at_ms)
			at_ms = n->data[i].at_ms;
	return at_ms;
}

static enum status keep(void *ctx, uint64_t sa, const uint8_t *rec, size_t len)
{
	struct world_node *n = ctx;
	size_t i = 0;

	while (i < n->n_record && n->record[i].sa != sa)
		i++;
	if (len != 0 && n->keep_fails)
		return ST_NOMEM;
	if (i == n->n_record) {
		if (len == 0)
			return ST_OK;
		if (i == WORLD_RECORDS)
			return ST_NOMEM;
		n->n_record++;
	} else {
		free(n->record[i].rec);
	}
	if (len == 0) {
		n->record[i] = n->record[--n->n_record];
		return ST_OK;
	}
	n->record[i].sa = sa;
	n->record[i].rec = malloc(len);
	n->record[i].len = len;
	memcpy(n->record[i].rec, rec, len);
	return ST_OK;
}

/* ---- listeners ------------------------------------------------------------------------------------------ */

static void release(struct world *w, uint64_t sa)
{
	for (size_t i = 0; i < WORLD_LEASES; i++)
		if (w->lease[i].sa == sa)
			w->lease[i].sa = 0;
}

static bool has_record(const struct world_node *n, uint64_t sa)
{
	for (size_t i = 0; i < n->n_record; i++)
		if (n->record[i].sa == sa)
			return true;
	return false;
}

void world_reconcile_leases(struct world *w)
{
	for (size_t i = 0; i < WORLD_LEASES; i++)
		if (w->lease[i].sa != 0 && !has_record(&w->node[1], w->lease[i].sa))
			w->lease[i].sa = 0;
	for (size_t i = 0; i < WORLD_SESSIONS; i++)
		if (w->node[1].session[i].sa != 0 && !has_record(&w->node[1], w->node[1].session[i].sa)) {
			w->node[1].session[i].sa = 0;
			w->node[1].session[i].why = ST_END_LOST;
		}
	for (size_t i = 0; i < w->n_queue; i++)
		if (w->queue[i]->node == 1 && w->queue[i]->kind == WI_ANSWER)
			w->queue[i]->answer.status = ST_CANCELLED;
}

static bool was_committed(const struct world_node *n, uint64_t sa)
{
	size_t count = n->n_committed < 256 ? n->n_committed : 256;

	for (size_t i = 0; i < count; i++)
		if (n->committed[i] == sa)
			return true;
	return false;
}

static void tell(void *ctx, const struct ike_event *ev)
{
	struct world_node *n = ctx;

	world_note(n->w, "%d tells %d sa %llu: %s %s", n->side, ev->kind,
		(unsigned long long)ev->sa, status_token(ev->status), ev->detail);
	n->told[ev->kind]++;
	if (ev->kind == IKE_EV_REDIRECTED)
		n->redirected = *ev->gateway;
	if (ev->kind == IKE_EV_SA_UP || ev->kind == IKE_EV_SA_DOWN)
		note_session(n, ev);
	if (ev->kind == IKE_EV_SA_UP) {
		n->up_sa = ev->sa;
		n->up_total++;
		if (!was_committed(n, ev->sa))
			world_break(n->w, "SA %llu is up without a commit", (unsigned long long)ev->sa);
		if (!has_record(n, ev->sa))
			world_break(n->w, "SA %llu is up without a record", (unsigned long long)ev->sa);
	}
	if (ev->kind == IKE_EV_CHILD_UP || ev->kind == IKE_EV_CHILD_DOWN)
		return;
	if (ev->kind != IKE_EV_SA_UP && ev->kind != IKE_EV_PEER_MOVED) {
		n->last_status = ev->status;
		snprintf(n->last_detail, sizeof(n->last_detail), "%s", ev->detail);
	}
	if (ev->kind != IKE_EV_SA_DOWN && ev->kind != IKE_EV_AUTH_FAILED)
		return;
	if (n->up_sa == ev->sa)
		n->up_sa = 0;
	if (n->side == 1 && ev->sa != 0)
		release(n->w, ev->sa);
}

static void take_line(void *ctx, const char *line)
{
	struct world_node *n = ctx;
	struct world *w = n->w;
	size_t len = strlen(line);

	w->trace_lines++;
	for (size_t i = 0; i < len; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			world_break(w, "a byte of the peer in a line of debug");
	if (len == 0 || len >= TRACE_LINE)
		world_break(w, "a line of debug with %zu bytes", len);
	if (w->on_trace != NULL)
		w->on_trace(w, n->side, line);
}

static void trace(void *ctx, const struct ike_trace *t)
{
	trace_text(t, take_line, ctx);
}

const struct ike_ports world_ports = {
	.now_ms = now_ms,
	.wall_s = wall_s,
	.random = fill_random,
	.send = send_packet,
	.keepalive = count_keepalive,
	.source = source,
	.wake_at = wake_at,
	.job = ask_job,
	.ask = ask,
	.commit = commit,
	.cancel = cancel,
	.forget = forget,
	.has_raw = has_raw,
	.install = install,
	.move = move,
	.use = use,
	.unuse = unuse,
	.remove = remove_child,
	.last_data = last_data,
	.keep = keep,
	.keep_keys = keep_keys,
	.tell = tell,
	.trace = trace,
};
