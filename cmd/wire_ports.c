#include "cmd/wire_ports.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_authorize.h"
#include "cmd/wire_cached.h"
#include "cmd/wire_child.h"
#include "cmd/wire_client.h"
#include "cmd/wire_ctl.h"
#include "cmd/wire_dhcp_address.h"
#include "cmd/wire_drain.h"
#include "cmd/wire_eap.h"
#include "cmd/wire_lua.h"
#include "cmd/wire_net.h"
#include "cmd/wire_pass.h"
#include "cmd/wire_proof.h"
#include "cmd/wire_psk.h"
#include "cmd/wire_quota.h"
#include "cmd/wire_redirect.h"
#include "cmd/wire_reconnect.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_session.h"
#include "cmd/wire_tell.h"
#include "cmd/wire_ticket.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "modules/jobs/jobs.h"
#include "modules/data/data.h"
#include "modules/loop/loop.h"

/* An answer to be given in the next turn. */
struct waiting {
	struct list in_list;
	uint64_t number;
	struct ike_answer answer;
	uint8_t *block; /* what its views point into; NULL: nothing */
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
	return job->kind == JOB_SIGN ? wire_proof_sign(w, number, job) : jobs_put(w->jobs, number, job);
}

void wire_on_job(void *ctx, uint64_t number, const struct ike_job_result *result)
{
	struct wire *w = ctx;
	ike_on_job(w->ike, number, result);
}

/* ---- questions ---------------------------------------------------------------------------------- */

static void give(struct wire *w, struct waiting *a)
{
	list_push_back(&w->answers, &a->in_list);
	loop_timer_at(w->answer_timer, 0);
}

/* Servers elsewhere know the user, or we do. */
static bool ask_eap(struct wire *w, uint64_t number, const struct ike_question *q, struct waiting *a)
{
	switch (wire_pass_ask(w, number, q, &a->answer, &a->block)) {
	case PASS_NOT_OURS: return wire_eap_ask(w, number, q, &a->answer);
	case PASS_WAITS: return true;
	case PASS_ANSWERED: break;
	}
	return false;
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
	case ASK_KEYS:
		is_asked = wire_psk_ask(w, number, q, &a->answer);
		if (!is_asked && a->answer.status == ST_OK)
			wire_proof_keys(w, q, &a->answer, &a->block);
		break;
	case ASK_PROOF: is_asked = wire_proof_ask(w, number, q, &a->answer); break;
	case ASK_AUTHORIZE:
		/* Who comes back was authorized before (R-SDB-16). */
		if (q->by_token)
			wire_session_ask(w, q, &a->answer, &a->block);
		else
			is_asked = !wire_drain_refuses(w, q, &a->answer) &&
				   wire_authorize_ask(w, number, q, &a->answer);
		break;
	case ASK_ADDRESS:
		is_asked = wire_dhcp_ask(w, number, q);
		if (!is_asked)
			wire_session_ask(w, q, &a->answer, &a->block);
		break;
	case ASK_HOOK:
		is_asked = !wire_reconnect_named(w, q, &a->answer) && wire_lua_ask(w, number, q, &a->answer);
		break;
	case ASK_REDIRECT: wire_redirect_answer(w, q, &a->answer); break;
	case ASK_TICKET: is_asked = wire_ticket_ask(w, number, q, &a->answer); break;
	case ASK_EAP: is_asked = ask_eap(w, number, q, a); break;
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
	mem_free(a->block);
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
	wire_proof_cancel(w, number);
	wire_eap_cancel(w, number);
	wire_dhcp_cancel(w, number);
	wire_pass_cancel(w, number);
	wire_psk_cancel(w, number);
	wire_authorize_cancel(w, number);
	wire_quota_cancel(w, number);
}

static void port_forget(void *ctx, uint64_t sa)
{
	wire_eap_forget(ctx, sa);
	wire_pass_forget(ctx, sa);
	wire_cached_forget(ctx, sa);
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
	.forget = port_forget,
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
