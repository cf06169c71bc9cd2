#include "cmd/wire_ports.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_child.h"
#include "cmd/wire_client.h"
#include "cmd/wire_ctl.h"
#include "cmd/wire_lua.h"
#include "cmd/wire_net.h"
#include "cmd/wire_redirect.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_session.h"
#include "cmd/wire_tell.h"
#include "cmd/wire_ticket.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/crypto/rnd.h"
#include "modules/jobs/jobs.h"
#include "modules/data/data.h"
#include "modules/loop/loop.h"

/* An answer to be given in the next turn. */
struct waiting {
	struct list in_list;
	uint64_t number;
	struct ike_answer answer;
};

/* ---- clock, chance, wire ----------------------------------------------------------------------- */

static uint64_t port_now_ms(void *ctx)
{
	return loop_now_ms();
}

static int64_t port_wall_s(void *ctx)
{
	return loop_wall_ms() / 1000;
}

static void port_random(void *ctx, void *out, size_t len)
{
	rnd_bytes(out, len);
}

static void port_send(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		      const uint8_t *msg, size_t len)
{
	wire_net_send(ctx, local, remote, msg, len);
}

static void port_keepalive(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	struct wire *w = ctx;
	if (data_send_keepalive(w->data, local, remote) != ST_OK)
		stats_status(w->stats, ST_OUT_SEND);
}

static bool port_has_raw(void *ctx, const struct endpoint *local, uint8_t family)
{
	const struct wire *w = ctx;
	return data_has_raw(w->data, local, family);
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	struct wire *w = ctx;
	loop_timer_at(w->ike_timer, at_ms);
}

void wire_ike_due(void *ctx)
{
	struct wire *w = ctx;
	ike_on_time(w->ike);
}

void wire_on_ike(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		 const uint8_t *msg, size_t len)
{
	struct wire *w = ctx;
	ike_on_datagram(w->ike, local, remote, msg, len);
}

/* ---- jobs -------------------------------------------------------------------------------------- */

static enum status port_job(void *ctx, uint64_t number, const struct ike_job *job)
{
	struct wire *w = ctx;
	return jobs_put(w->jobs, number, job);
}

void wire_on_job(void *ctx, uint64_t number, const struct ike_job_result *result)
{
	struct wire *w = ctx;
	ike_on_job(w->ike, number, result);
}

/* ---- questions ---------------------------------------------------------------------------------- */

static void copy_key(const struct secret *s, uint8_t *out, uint16_t *len)
{
	if (!s || !secret_usable(s) || s->len > IKE_PSK_LEN)
		return;
	memcpy(out, s->bytes, s->len);
	*len = (uint16_t)s->len;
}

/* The post-quantum key by the ID that is wanted. */
static void answer_ppk(const struct wire *w, const struct ike_profile *p, const struct ike_question *q,
		       struct ike_answer *a)
{
	struct view id = {q->peer_id.bytes, q->peer_id.len};
	const struct ike_peer *peer =
		q->we_are_initiator ? ppk_for_initiator(w->conf, p, q->peer_name[0] ? q->peer_name : NULL,
							&q->remote.addr) :
				      ppk_for_responder(w->conf, p, q->peer_id.type, id, &q->remote.addr);
	if (peer && q->ppk_id_len && strlen(peer->ppk_id) == q->ppk_id_len &&
	    memcmp(peer->ppk_id, q->ppk_id, q->ppk_id_len) == 0)
		copy_key(&peer->ppk, a->ppk, &a->ppk_len);
}

static void answer_psk(const struct wire *w, const struct ike_question *q, struct ike_answer *a)
{
	struct psk_pair pair = {0};
	const struct ike_profile *p = snapshot_profile(w->conf, q->profile);
	struct view id = {q->peer_id.bytes, q->peer_id.len};
	if (!p) {
		a->status = ST_NO_PROFILE;
		snprintf(a->detail, sizeof(a->detail), "profile %s is not configured any more", q->profile);
		return;
	}
	if (q->we_are_initiator)
		a->status = psk_for_initiator(w->conf, p, q->peer_name[0] ? q->peer_name : NULL,
					      &q->remote.addr, &pair);
	else
		a->status = psk_for_responder(w->conf, p, q->peer_id.type, id, &q->remote.addr, &pair);
	if (a->status != ST_OK) {
		snprintf(a->detail, sizeof(a->detail),
			 "profile %s: neither an inline key nor %s%s has a usable key for this peer",
			 q->profile, p->keyring ? "keyring " : "a keyring", p->keyring ? p->keyring : "");
		return;
	}
	copy_key(pair.local, a->local_key, &a->local_key_len);
	copy_key(pair.remote, a->remote_key, &a->remote_key_len);
	answer_ppk(w, p, q, a);
	if (a->local_key_len == 0 || a->remote_key_len == 0) {
		a->status = ST_NO_KEY;
		snprintf(a->detail, sizeof(a->detail), "profile %s: there is no key for the %s side",
			 q->profile, a->local_key_len ? "remote" : "local");
	}
}

static void give(struct wire *w, struct waiting *a)
{
	list_push_back(&w->answers, &a->in_list);
	loop_timer_at(w->answer_timer, 0);
}

static enum status port_ask(void *ctx, uint64_t number, const struct ike_question *q)
{
	struct wire *w = ctx;
	struct waiting *a = mem_new(sizeof(*a));
	bool is_asked = false;
	if (!a)
		return ST_NOMEM;
	a->number = number;
	a->answer.kind = q->kind;
	switch (q->kind) {
	case ASK_KEYS: answer_psk(w, q, &a->answer); break;
	case ASK_AUTHORIZE:
		wire_session_ask(w, q, &a->answer);
		is_asked = a->answer.status == ST_OK && wire_lua_ask(w, number, q, &a->answer);
		break;
	case ASK_ADDRESS: wire_session_ask(w, q, &a->answer); break;
	case ASK_HOOK: is_asked = wire_lua_ask(w, number, q, &a->answer); break;
	case ASK_REDIRECT: wire_redirect_answer(w, q, &a->answer); break;
	case ASK_TICKET: is_asked = wire_ticket_ask(w, number, q, &a->answer); break;
	case ASK_PROOF:
	case ASK_EAP: a->answer.status = ST_CONFIG; break;
	}
	if (is_asked)
		mem_free(a);
	else
		give(w, a);
	return ST_OK;
}

static void waiting_free(struct waiting *a)
{
	list_del(&a->in_list);
	mem_free_secret(a, sizeof(*a));
}

void wire_answers_due(void *ctx)
{
	struct wire *w = ctx;
	struct list now;
	/* Those that come meanwhile belong to the next turn. */
	list_init(&now);
	while (!list_empty(&w->answers)) {
		struct list *n = w->answers.next;
		list_del(n);
		list_push_back(&now, n);
	}
	while (!list_empty(&now)) {
		struct waiting *a = CONTAINER_OF(now.next, struct waiting, in_list);
		ike_on_answer(w->ike, a->number, &a->answer);
		waiting_free(a);
	}
}

void wire_answers_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->answers)
		waiting_free(CONTAINER_OF(at, struct waiting, in_list));
}

/* ---- commit, cancel, keep ------------------------------------------------------------------------ */

static enum status port_commit(void *ctx, uint64_t number, const struct ike_commit *c)
{
	return wire_session_commit(ctx, number, c);
}

void wire_on_commit(void *ctx, uint64_t number, enum status st)
{
	struct wire *w = ctx;
	if (wire_ticket_answered(w, number, st))
		return;
	st = wire_session_committed(w, number, st);
	if (st != ST_CANCELLED && w->ike)
		ike_on_commit(w->ike, number, st);
}

/* Answers to a cancelled question and commits on their way are ignored by their number. */
static void port_cancel(void *ctx, uint64_t number)
{
	struct wire *w = ctx;
	jobs_cancel(w->jobs, number);
	wire_lua_cancel(w, number);
}

static enum status port_keep(void *ctx, uint64_t sa, const uint8_t *rec, size_t len)
{
	struct wire *w = ctx;
	if (len)
		return wire_reserve_put(w, KEEP_IKE, sa, rec, len);
	keep_del(w->keep, KEEP_IKE, sa);
	return ST_OK;
}

const struct ike_ports wire_ports = {
	.now_ms = port_now_ms,
	.wall_s = port_wall_s,
	.random = port_random,
	.send = port_send,
	.keepalive = port_keepalive,
	.source = wire_client_source,
	.wake_at = port_wake_at,
	.job = port_job,
	.ask = port_ask,
	.commit = port_commit,
	.cancel = port_cancel,
	.has_raw = port_has_raw,
	.install = wire_install,
	.move = wire_move,
	.use = wire_use,
	.unuse = wire_unuse,
	.remove = wire_remove,
	.last_data = wire_last_data,
	.keep = port_keep,
	.keep_keys = wire_ticket_keep_keys,
	.tell = wire_tell,
	.trace = wire_trace,
};
