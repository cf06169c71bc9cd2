#include "core/ike/ike.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/auth.h"
#include "core/ike/auth_i.h"
#include "core/ike/auth_r.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/followup.h"
#include "core/ike/intermediate.h"
#include "core/ike/receive.h"
#include "core/ike/redirect.h"
#include "core/ike/resume_i.h"
#include "core/ike/trace.h"
#include "core/ike/work.h"

#define MAP_SLOTS 64

/* ---- life ------------------------------------------------------------------------------------ */

static enum status init_maps(struct ike *ike)
{
	struct map *const maps[] = {&ike->by_number, &ike->by_spi, &ike->by_init,
		&ike->by_question, &ike->by_peer, &ike->children, &ike->promised};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (map_init(maps[i], MAP_SLOTS) != ST_OK)
			return ST_NOMEM;
	return ST_OK;
}

struct ike *ike_new(const struct ike_ports *ports, void *ctx, struct snapshot *conf, struct stats *stats)
{
	struct ike *ike = mem_new(sizeof(*ike));

	if (ike == NULL)
		return NULL;
	ike->ports = ports;
	ike->ctx = ctx;
	ike->conf = snapshot_ref(conf);
	ike->stats = stats;
	list_init(&ike->sas);
	list_init(&ike->dead);
	wallet_init(&ike->wallet);
	timers_init(&ike->timers, ike);
	ike->notifies = limiter_init(10, 20);
	ike->reports = limiter_init(10, 50);
	ike->notices = limiter_init(20, 40);
	ike->hints = limiter_init(20, 40);
	ike->tokens_in = limiter_init(100, 200);
	/* After a crash every client asks: none of them should wait for long. */
	ike->tokens_out = limiter_init(200, 1000);
	ports->random(ctx, &ike->seed, sizeof(ike->seed));
	ports->random(ctx, &ike->guard.seed, sizeof(ike->guard.seed));
	/* Numbers of a former engine's questions must not be answered to this one. */
	ports->random(ctx, &ike->last_question, sizeof(ike->last_question));
	ike->last_question >>= 1;
	ike->wake_ms = TIMER_NEVER;
	if (init_maps(ike) != ST_OK) {
		ike_free(ike);
		return NULL;
	}
	return ike;
}

enum status ike_take_keys(struct ike *ike, struct view rec)
{
	return ticket_keys_thaw(&ike->ticket_keys, rec);
}

static void free_all(struct list *head)
{
	while (!list_empty(head))
		sa_free(CONTAINER_OF(head->next, struct ike_sa, node));
}

void ike_free(struct ike *ike)
{
	if (ike == NULL)
		return;
	free_all(&ike->sas);
	wallet_fini(&ike->wallet);
	mem_free(ike->authorities);
	timers_fini(&ike->timers);
	map_fini(&ike->by_number);
	map_fini(&ike->by_spi);
	map_fini(&ike->by_init);
	map_fini(&ike->by_question);
	map_fini(&ike->by_peer);
	map_fini(&ike->children);
	map_fini(&ike->promised);
	snapshot_unref(ike->conf);
	mem_free_secret(ike, sizeof(*ike));
}

void ike_set_conf(struct ike *ike, struct snapshot *conf)
{
	struct snapshot *old = ike->conf;

	ike->conf = snapshot_ref(conf);
	ike_enter(ike);
	LIST_EACH_SAFE(at, &ike->sas)
		mobike_on_conf(CONTAINER_OF(at, struct ike_sa, node), old);
	ike_settle(ike);
	snapshot_unref(old);
	if (conf->own.resumption_s == 0)
		wallet_forget(&ike->wallet, NULL);
}

void ike_set_token_secret(struct ike *ike, const uint8_t secret[IKE_TOKEN_SECRET])
{
	memcpy(ike->token_secret, secret, IKE_TOKEN_SECRET);
	ike->has_token_secret = true;
}

enum status ike_set_authorities(struct ike *ike, struct view hashes)
{
	uint8_t *copy = hashes.len > 0 ? mem_dup(hashes.p, hashes.len) : NULL;

	if (copy == NULL && hashes.len > 0)
		return ST_NOMEM;
	mem_free(ike->authorities);
	ike->authorities = copy;
	ike->authorities_len = hashes.len;
	return ST_OK;
}

void ike_set_trace(struct ike *ike, unsigned topics)
{
	ike->trace_topics = topics;
}

void ike_enter(struct ike *ike)
{
	ike->depth++;
}

void ike_settle(struct ike *ike)
{
	uint64_t next;

	/* A listener that calls back from inside a transition: the outer call cleans up. */
	if (--ike->depth > 0)
		return;
	while (!list_empty(&ike->dead))
		sa_free(CONTAINER_OF(ike->dead.next, struct ike_sa, dead));
	next = timers_next(&ike->timers);
	if (next != ike->wake_ms) {
		ike->wake_ms = next;
		ike->ports->wake_at(ike->ctx, next);
	}
}

/* ---- finding ----------------------------------------------------------------------------------- */

struct ike_sa *ike_find_number(const struct ike *ike, uint64_t number)
{
	struct map_node *n = map_first(&ike->by_number, hash_u64(number));

	for (; n != NULL; n = map_next(n)) {
		struct ike_sa *sa = CONTAINER_OF(n, struct ike_sa, by_number);

		if (sa->number == number)
			return sa;
	}
	return NULL;
}

struct ike_sa *ike_find_spi(const struct ike *ike, uint64_t spi_local)
{
	struct map_node *n = map_first(&ike->by_spi, hash_u64(spi_local));

	for (; n != NULL; n = map_next(n)) {
		struct ike_sa *sa = CONTAINER_OF(n, struct ike_sa, by_spi);

		if (sa_spi_local(sa) == spi_local)
			return sa;
	}
	return NULL;
}

struct ike_child *ike_find_child(const struct ike *ike, uint32_t spi_in)
{
	struct map_node *n = map_first(&ike->children, hash_u64(spi_in));

	for (; n != NULL; n = map_next(n)) {
		struct ike_child *c = CONTAINER_OF(n, struct ike_child, by_spi);

		if (c->spi_in == spi_in)
			return c;
	}
	return NULL;
}

static struct waiter *find_question(const struct ike *ike, uint64_t number)
{
	struct map_node *n = map_first(&ike->by_question, hash_u64(number));

	for (; n != NULL; n = map_next(n)) {
		struct waiter *w = CONTAINER_OF(n, struct waiter, by_number);

		if (w->number == number)
			return w;
	}
	return NULL;
}

struct guard_limits ike_limits(const struct ike *ike)
{
	const struct ike_global *g = &ike->conf->ike;

	return (struct guard_limits){
		.total = g->max_in_negotiation,
		.incoming = g->max_in_negotiation_in,
		.outgoing = g->max_in_negotiation_out,
		.per_source = ike->conf->own.half_open_per_source,
		.cookie = g->cookie_challenge,
		.established = g->max_sa,
	};
}

void ike_report(struct ike *ike, const struct ike_event *ev)
{
	trace_event(ike, ev);
	if (limiter_take(&ike->reports, ike_now(ike)))
		ike->ports->tell(ike->ctx, ev);
}

/* ---- what comes in ------------------------------------------------------------------------------ */

void ike_on_datagram(struct ike *ike, const struct endpoint *local, const struct endpoint *remote,
	const uint8_t *msg, size_t len)
{
	ike_enter(ike);
	stats_inc(ike->stats, CT_IKE_IN);
	stats_add(ike->stats, CT_IKE_IN_BYTES, len);
	receive(ike, local, remote, (struct view){msg, len});
	ike_settle(ike);
}

void ike_on_time(struct ike *ike)
{
	ike_enter(ike);
	ike->wake_ms = 0; /* the call was spent */
	timers_run(&ike->timers, ike_now(ike));
	ike_settle(ike);
}

/* Who waits for the answer; it does not any more. NULL: nobody does (counted). */
static struct waiter *take_question(struct ike *ike, uint64_t number)
{
	struct waiter *w = find_question(ike, number);

	if (w == NULL) {
		stats_status(ike->stats, ST_CANCELLED);
		return NULL;
	}
	map_del(&ike->by_question, &w->by_number);
	w->number = 0;
	return w;
}

/* Which event the end of a computation is. */
static enum sa_event_kind done(const struct ike_sa *sa)
{
	switch (sa->state) {
	case SA_R_SIGN:
		return auth_r_sign_event(sa);
	case SA_I_SIGN:
		return auth_i_sign_event(sa);
	default:
		return intermediate_follows(sa) ? SE_JOB_MORE : SE_JOB;
	}
}

void ike_on_job(struct ike *ike, uint64_t number, const struct ike_job_result *result)
{
	struct waiter *w = take_question(ike, number);
	struct sa_event ev = {.job = result};

	ike_enter(ike);
	if (w != NULL && w->x != NULL)
		exchange_event(w->x, &(struct x_event){
			.kind = exchange_job_kind(w->x), .job = result});
	else if (w != NULL) {
		ev.kind = done(w->sa);
		(void)sa_dispatch(w->sa, &ev);
	}
	ike_settle(ike);
}

/* Which event a yes is. */
static enum sa_event_kind yes(const struct ike_sa *sa, const struct ike_answer *answer)
{
	switch (sa->state) {
	case SA_R_KEYS:
		return auth_r_keys_event(sa, answer);
	case SA_R_PROOF:
		return auth_r_proof_event(sa);
	case SA_I_KEYS:
		return auth_i_keys_event(sa, answer);
	case SA_I_PROOF:
		return auth_i_proof_event(sa);
	case SA_R_EAP_ASK:
	case SA_I_EAP_ASK:
		return answer->eap_is_over ? SE_EAP_OVER : SE_GRANTED;
	case SA_R_INIT_TARGET:
	case SA_R_AUTH_TARGET:
		return redirect_r_answer_event(sa, answer);
	case SA_R_AUTHORIZE:
		return sa->hs->child.status != ST_OK ? SE_CHILDLESS : SE_GRANTED;
	default:
		return SE_GRANTED;
	}
}

void ike_on_answer(struct ike *ike, uint64_t number, const struct ike_answer *answer)
{
	struct waiter *w = take_question(ike, number);
	struct sa_event ev = {.kind = SE_REFUSED, .answer = answer, .status = answer->status};

	ike_enter(ike);
	if (w != NULL) {
		struct ike_sa *sa = w->sa;

		if (answer->status == ST_OK)
			ev.kind = yes(sa, answer);
		if (ev.kind == SE_GRANTED && sa->state == SA_R_NAME && sa->hs->resumed != NULL)
			ev.kind = SE_RESUMED;
		(void)sa_dispatch(sa, &ev);
	}
	ike_settle(ike);
}

void ike_on_commit(struct ike *ike, uint64_t number, enum status status)
{
	struct waiter *w = take_question(ike, number);
	struct sa_event ev = {.kind = SE_COMMITTED, .status = status};

	ike_enter(ike);
	if (w != NULL)
		(void)sa_dispatch(w->sa, &ev);
	ike_settle(ike);
}

void ike_on_traffic(struct ike *ike, uint32_t spi_in, uint64_t last_in_ms, uint64_t last_out_ms)
{
	struct ike_child *c = ike_find_child(ike, spi_in);
	struct ike_sa *sa = c != NULL ? c->sa : NULL;
	uint64_t heard;

	if (sa == NULL || sa->state != SA_UP)
		return;
	ike_enter(ike);
	heard = sa->dpd.last_in_ms;
	dpd_heard(&sa->dpd, last_in_ms);
	dpd_sent(&sa->dpd, last_out_ms);
	/* Life while a check is open: the answer may be lost, the peer is not. */
	if (sa->dpd.last_in_ms > heard && window_out_has(&sa->out, REQ_DPD))
		window_alive(&sa->out.lane[LANE_INFO]);
	sa_arm_dpd(sa);
	ike_settle(ike);
}

void ike_on_volume(struct ike *ike, uint32_t spi_in, uint64_t octets, uint64_t sequence)
{
	struct ike_child *c = ike_find_child(ike, spi_in);

	ike_enter(ike);
	if (c != NULL && c->state == CHILD_UP && c->sa->state == SA_UP)
		work_volume(c, octets, sequence);
	ike_settle(ike);
}

void ike_on_moved(struct ike *ike, uint32_t spi_in, const struct endpoint *local,
	const struct endpoint *remote)
{
	struct ike_child *c = ike_find_child(ike, spi_in);

	ike_enter(ike);
	if (c != NULL)
		receive_follow(c->sa, local, remote);
	ike_settle(ike);
}

void ike_on_paths_changed(struct ike *ike)
{
	ike_enter(ike);
	LIST_EACH_SAFE(at, &ike->sas)
		mobike_on_paths(CONTAINER_OF(at, struct ike_sa, node));
	ike_settle(ike);
}

/* Another one that packets still go through. */
static bool has_other_child(const struct ike_child *lost)
{
	LIST_EACH(at, &lost->sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c != lost && c->state == CHILD_UP && c->is_installed)
			return true;
	}
	return false;
}

static void on_lost(struct ike_child *c, enum status why)
{
	struct ike_sa *sa = c->sa;

	if (sa->state != SA_UP || (c->state == CHILD_UP && !sa->may_be_empty && !has_other_child(c)))
		sa_event(sa, SE_CHILD_LOST, why);
	else
		work_delete_child(c, why);
}

void ike_on_child_lost(struct ike *ike, uint32_t spi_in, enum status why)
{
	struct ike_child *c = ike_find_child(ike, spi_in);

	ike_enter(ike);
	if (c != NULL)
		on_lost(c, why);
	ike_settle(ike);
}

static void mark_missing(struct ike_sa *sa, ike_has_child *has, void *ctx)
{
	LIST_EACH_SAFE(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		c->is_installed = c->is_installed && has(ctx, c->spi_in);
		if (c->is_installed && c->state == CHILD_RETIRED)
			sa->ike->ports->unuse(sa->ike->ctx, c->spi_in);
		if (!c->is_installed && c->state == CHILD_RETIRED)
			child_end(c, ST_END_LOST);
	}
}

/* The SA ends when it has no way left, else what is missing is deleted. */
static void give_up_missing(struct ike_sa *sa)
{
	/* The peer was about to make the next one; with us. */
	if (sa_is_spent(sa))
		sa_event(sa, SE_CHILD_LOST, ST_END_LOST);
	LIST_EACH(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->is_installed || c->state != CHILD_UP)
			continue;
		if (!sa->may_be_empty && !has_other_child(c)) {
			sa_event(sa, SE_CHILD_LOST, ST_END_LOST);
			return;
		}
		work_delete_child(c, ST_END_LOST);
		/* It may have been what held up an end that was decided before, and all children are gone. */
		if (sa->state != SA_UP)
			return;
	}
}

void ike_reconcile(struct ike *ike, ike_has_child *has, void *ctx)
{
	ike_enter(ike);
	LIST_EACH(at, &ike->sas)
		mark_missing(CONTAINER_OF(at, struct ike_sa, node), has, ctx);
	LIST_EACH_SAFE(at, &ike->sas)
		give_up_missing(CONTAINER_OF(at, struct ike_sa, node));
	ike_settle(ike);
}

/* ---- what the operator wants -------------------------------------------------------------------- */

static enum status judge_connect(struct ike *ike, const struct ike_connect *c,
	const struct ike_profile **profile)
{
	struct guard_limits limits = ike_limits(ike);

	*profile = snapshot_profile(ike->conf, c->profile);
	if (*profile == NULL)
		return ST_NO_PROFILE;
	if ((*profile)->shutdown)
		return ST_PROFILE_SHUTDOWN;
	if (!(*profile)->complete || addr_len(&c->remote.addr) == 0 ||
		c->n_local_ts > IKE_TS_MAX || c->n_remote_ts > IKE_TS_MAX || c->n_more > IKE_MORE_MAX)
		return ST_CONFIG;
	/* EAP of a responder means nothing; without a method of ours or of the peer there is nothing to begin. */
	if ((*profile)->auth_local == 0 ||
		((*profile)->auth_remote & (AUTH_PSK | AUTH_RSA | AUTH_ECDSA)) == 0)
		return ST_AUTH_METHOD;
	return guard_judge_outgoing(&ike->guard, &limits);
}

static enum status start(struct ike *ike, const struct ike_connect *c,
	const struct ike_profile *profile, uint64_t *number)
{
	struct endpoint local = c->local, remote = c->remote;
	struct sa_event ev = {.kind = SE_CONNECT};
	struct ike_sa *sa;

	if (local.port == 0)
		local.port = (uint16_t)ike->conf->own.port;
	if (remote.port == 0)
		remote.port = IKE_PORT;
	sa = sa_new(ike, true, &local, &remote);
	if (sa == NULL)
		return ST_NOMEM;
	sa->hs = handshake_new(ike->conf);
	if (sa->hs != NULL)
		sa->hs->connect = mem_dup(c, sizeof(*c));
	if (sa->hs == NULL || sa->hs->connect == NULL) {
		sa_free(sa);
		return ST_NOMEM;
	}
	if (sa->hs->connect->ipsec_profile[0] == '\0')
		snprintf(sa->hs->connect->ipsec_profile, IKE_NAME_LEN, "default");
	if (text_set(&sa->ipsec_profile, sa->hs->connect->ipsec_profile) != ST_OK || auth_take_profile(sa, profile) != ST_OK) {
		sa_free(sa);
		return ST_NOMEM;
	}
	sa->is_client = true;
	if (resume_i_prepare(sa))
		ev.kind = SE_RESUME;
	*number = sa->number;
	(void)sa_dispatch(sa, &ev);
	return ST_OK;
}

enum status ike_connect(struct ike *ike, const struct ike_connect *c, uint64_t *sa)
{
	const struct ike_profile *profile;
	enum status st = judge_connect(ike, c, &profile);

	ike_enter(ike);
	if (st == ST_OK)
		st = start(ike, c, profile, sa);
	ike_settle(ike);
	return st;
}

void ike_forget_tickets(struct ike *ike, const char *profile)
{
	wallet_forget(&ike->wallet, profile);
}

enum status ike_close(struct ike *ike, uint64_t number, enum status why)
{
	struct ike_sa *sa = ike_find_number(ike, number);

	if (sa == NULL)
		return ST_NOT_FOUND;
	ike_enter(ike);
	sa_event(sa, SE_CLOSE, why);
	ike_settle(ike);
	return ST_OK;
}

enum status ike_rekey(struct ike *ike, uint64_t number, bool children)
{
	struct ike_sa *sa = ike_find_number(ike, number);

	if (sa == NULL)
		return ST_NOT_FOUND;
	if (sa->state != SA_UP)
		return ST_BAD_STATE;
	ike_enter(ike);
	if (!children)
		sa->wants_rekey = true;
	LIST_EACH(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		c->wants_rekey |= children && c->state == CHILD_UP && child_may_be_rekeyed(c);
	}
	work(sa);
	ike_settle(ike);
	return ST_OK;
}

void ike_close_all(struct ike *ike, enum status why)
{
	ike_enter(ike);
	LIST_EACH_SAFE(at, &ike->sas)
		sa_event(CONTAINER_OF(at, struct ike_sa, node), SE_CLOSE, why);
	ike_settle(ike);
}
