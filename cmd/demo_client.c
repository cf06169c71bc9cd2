/*
 *   engine (initiator)  --- send --->  data: UDP 4500  --->  gateway
 *      | ask, commit: answered in the next turn, by nobody but us
 *      | install ----------------->  data: one worker, one TUN
 */
#include "cmd/demo_client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "cmd/demo_device.h"
#include "cmd/wire_child.h"
#include "core/base/mem.h"
#include "core/conf/conf.h"
#include "core/conf/match.h"
#include "core/crypto/rnd.h"
#include "core/crypto/suite.h"
#include "core/ike/ike.h"
#include "modules/data/data.h"
#include "modules/jobs/jobs.h"
#include "modules/loop/loop.h"

#define PORT 4500 /* from the start: the same socket carries IKE and ESP */
#define TUN_NUMBER 1
#define RT_SLOTS 16
#define STOP_MS 2000
#define STOP_LOOK_MS 5

/* An answer to a question or a commit, to be given in the next turn. */
struct waiting {
	struct list in_list;
	uint64_t number;
	bool is_commit;
	struct ike_answer answer;
};

struct client {
	const struct demo_client *order;
	struct demo_device *device;
	struct loop *loop;
	struct jobs *jobs;
	struct data *data;
	struct ike *ike;
	struct snapshot *conf;
	struct stats *stats;
	struct esp_rt *rt;
	struct list answers;
	struct loop_fd *jobs_watch, *data_watch;
	struct loop_signal *on_term;
	struct loop_timer *ike_timer, *answer_timer, *stop_timer;
	uint64_t started_us;
	uint64_t stop_by_ms;
	uint64_t sa;
	struct demo_address address; /* given to us */
	uint8_t n_remote;     /* what is behind the gateway */
	struct ts remote[IKE_TS_MAX];
	bool has_reported;
	bool said_goodbye;
};

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the demo is told ----------------------------------------------------------------------------- */

static void report(struct client *c, struct demo_client_report *r)
{
	if (c->has_reported)
		return;
	c->has_reported = true;
	r->took_us = now_us() - c->started_us;
	(void)!send(c->order->report, r, sizeof(*r), MSG_NOSIGNAL);
}

static void report_failure(struct client *c, enum status st, const char *detail)
{
	struct demo_client_report r = {.status = st};
	snprintf(r.detail, sizeof(r.detail), "%s", detail ? detail : "");
	report(c, &r);
}

static void describe(const struct ike_sa_info *sa, struct demo_client_report *r)
{
	const struct xf *encr = suite_find(XF_ENCR, sa->encr_id, sa->encr_key_bits);
	const struct xf *prf = suite_find(XF_PRF, sa->prf_id, 0);
	snprintf(r->ike, sizeof(r->ike), "%s-%u, PRF %s, group %u", encr ? encr->show : "?",
		 sa->encr_key_bits, prf ? prf->show : "?", sa->dh_group);
	if (sa->n_children == 0)
		return;
	const struct ike_child_info *child = &sa->children[0];
	encr = suite_find(XF_ENCR, child->encr_id, child->encr_key_bits);
	snprintf(r->esp, sizeof(r->esp), "%s-%u%s%s", encr ? encr->show : "?", child->encr_key_bits,
		 child->esn ? ", ESN" : "", child->udp_encap ? ", in UDP" : "");
}

static void on_up(struct client *c)
{
	struct demo_client_report r = {.is_up = true};
	struct ike_sa_info *sa = mem_new(sizeof(*sa));
	uint64_t cursor = 0;
	enum status st = sa ? demo_device_use(c->device, &c->address, c->remote, c->n_remote) : ST_NOMEM;
	r.address = c->address;
	if (st == ST_OK && ike_next_info(c->ike, &cursor, sa))
		describe(sa, &r);
	mem_free(sa);
	if (st == ST_OK)
		report(c, &r);
	else
		report_failure(c, st, "the TUN device did not take its addresses and routes");
}

/* ---- ports of the engine -------------------------------------------------------------------------- */

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
	struct client *c = ctx;
	/* What is lost is sent again. */
	(void)!data_send_ike(c->data, local, remote, msg, len);
}

static void port_keepalive(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	(void)!data_send_keepalive(((struct client *)ctx)->data, local, remote);
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	loop_timer_at(((struct client *)ctx)->ike_timer, at_ms);
}

static enum status port_job(void *ctx, uint64_t number, const struct ike_job *job)
{
	return jobs_put(((struct client *)ctx)->jobs, number, job);
}

static void copy_key(const struct secret *s, uint8_t *out, uint16_t *len)
{
	if (!s || !secret_usable(s) || s->len > IKE_PSK_LEN)
		return;
	memcpy(out, s->bytes, s->len);
	*len = (uint16_t)s->len;
}

static void answer_psk(const struct client *c, const struct ike_question *q, struct ike_answer *a)
{
	struct psk_pair pair = {0};
	const struct ike_profile *p = snapshot_profile(c->conf, q->profile);
	a->status = p ? psk_for_initiator(c->conf, p, NULL, &q->remote.addr, &pair) : ST_NO_PROFILE;
	if (a->status != ST_OK)
		return;
	copy_key(pair.local, a->local_key, &a->local_key_len);
	copy_key(pair.remote, a->remote_key, &a->remote_key_len);
	if (!a->local_key_len || !a->remote_key_len)
		a->status = ST_NO_KEY;
}

static struct waiting *wait_turn(struct client *c, uint64_t number)
{
	struct waiting *w = mem_new(sizeof(*w));
	if (!w)
		return NULL;
	w->number = number;
	list_push_back(&c->answers, &w->in_list);
	loop_timer_at(c->answer_timer, 0);
	return w;
}

static enum status port_ask(void *ctx, uint64_t number, const struct ike_question *q)
{
	struct client *c = ctx;
	struct waiting *w = wait_turn(c, number);
	if (!w)
		return ST_NOMEM;
	w->answer.kind = q->kind;
	if (q->kind == ASK_KEYS) {
		answer_psk(c, q, &w->answer);
	} else if (q->kind == ASK_AUTHORIZE) {
		/* The gateway has proved who it is, and says what we get. */
		c->address.ip4 = q->hint_ip4;
		c->address.ip6 = q->hint_ip6;
		w->answer.grant.tun = TUN_NUMBER;
	} else {
		w->answer.status = ST_CONFIG;
	}
	return ST_OK;
}

static enum status port_commit(void *ctx, uint64_t number, const struct ike_commit *commit)
{
	struct waiting *w = wait_turn(ctx, number);
	if (!w)
		return ST_NOMEM;
	w->is_commit = true;
	return ST_OK;
}

/* Answers to a cancelled question are ignored by their number. */
static void port_cancel(void *ctx, uint64_t number)
{
	jobs_cancel(((struct client *)ctx)->jobs, number);
}

static enum status port_install(void *ctx, const struct ike_child_spec *spec)
{
	struct client *c = ctx;
	struct data_sa sa;
	wire_data_sa(spec, &sa);
	enum status st = data_sa_add(c->data, &sa, false);
	mem_zero(&sa, sizeof(sa));
	c->n_remote = spec->n_remote_ts;
	memcpy(c->remote, spec->remote_ts, sizeof(c->remote));
	return st == ST_OK || st == ST_NOMEM ? st : ST_INSTALL;
}

static void port_move(void *ctx, uint32_t spi_in, const struct endpoint *local,
		      const struct endpoint *remote, bool udp_encap)
{
	(void)!data_sa_move(((struct client *)ctx)->data, spi_in, local, remote, udp_encap);
}

static void port_use(void *ctx, uint32_t spi_in)
{
	(void)!data_sa_use(((struct client *)ctx)->data, spi_in);
}

static void port_unuse(void *ctx, uint32_t spi_in)
{
	data_sa_unuse(((struct client *)ctx)->data, spi_in);
}

static void port_remove(void *ctx, uint32_t spi_in)
{
	data_sa_del(((struct client *)ctx)->data, spi_in);
}

static enum status port_keep(void *ctx, uint64_t sa, const uint8_t *rec, size_t len)
{
	return ST_OK;
}

static void port_tell(void *ctx, const struct ike_event *ev)
{
	struct client *c = ctx;
	switch (ev->kind) {
	case IKE_EV_CHILD_UP: on_up(c); break;
	case IKE_EV_INIT_FAILED:
	case IKE_EV_AUTH_FAILED:
	case IKE_EV_CHILD_FAILED:
	case IKE_EV_SA_DOWN:
		report_failure(c, ev->status, ev->detail);
		c->said_goodbye = ev->status == ST_END_SHUTDOWN;
		if (!c->stop_by_ms)
			loop_stop(c->loop);
		break;
	case IKE_EV_SA_UP:
	case IKE_EV_CHILD_DOWN:
	case IKE_EV_SA_REKEYED:
	case IKE_EV_REKEY_FAILED:
	case IKE_EV_REDIRECTED:
	case IKE_EV_REDIRECT_SENT:
	case IKE_EV_PEER_MOVED:
	case IKE_EV_HALF_OPEN_LIMIT:
	case IKE_EV_REAUTH_DUE: break;
	}
}

static const struct ike_ports ports = {
	.now_ms = port_now_ms,
	.wall_s = port_wall_s,
	.random = port_random,
	.send = port_send,
	.keepalive = port_keepalive,
	.wake_at = port_wake_at,
	.job = port_job,
	.ask = port_ask,
	.commit = port_commit,
	.cancel = port_cancel,
	.install = port_install,
	.move = port_move,
	.use = port_use,
	.unuse = port_unuse,
	.remove = port_remove,
	.keep = port_keep,
	.tell = port_tell,
};

/* ---- what comes back ------------------------------------------------------------------------------ */

static void on_answers(void *ctx)
{
	struct client *c = ctx;
	while (!list_empty(&c->answers)) {
		struct waiting *w = CONTAINER_OF(c->answers.next, struct waiting, in_list);
		list_del(&w->in_list);
		if (w->is_commit)
			ike_on_commit(c->ike, w->number, ST_OK);
		else
			ike_on_answer(c->ike, w->number, &w->answer);
		mem_free_secret(w, sizeof(*w));
	}
}

static void on_job(void *ctx, uint64_t number, const struct ike_job_result *result)
{
	ike_on_job(((struct client *)ctx)->ike, number, result);
}

static void on_ike_time(void *ctx)
{
	ike_on_time(((struct client *)ctx)->ike);
}

static void on_ike(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		   const uint8_t *msg, size_t len)
{
	ike_on_datagram(((struct client *)ctx)->ike, local, remote, msg, len);
}

static void on_lost(void *ctx, uint32_t spi_in, enum status why)
{
	ike_on_child_lost(((struct client *)ctx)->ike, spi_in, why);
}

static void on_notice(void *ctx, enum status what, uint32_t spi, size_t len,
		      const struct endpoint *local, const struct endpoint *remote)
{
}

static void on_jobs(void *ctx, int fd)
{
	jobs_poll(((struct client *)ctx)->jobs);
}

static void on_data(void *ctx, int fd)
{
	data_poll(((struct client *)ctx)->data);
}

static void on_term(void *ctx)
{
	struct client *c = ctx;
	c->stop_by_ms = loop_now_ms() + STOP_MS;
	ike_close_all(c->ike, ST_END_SHUTDOWN);
	loop_timer_at(c->stop_timer, 0);
}

static void on_stop_look(void *ctx)
{
	struct client *c = ctx;
	uint64_t now = loop_now_ms();
	if (ike_count(c->ike) == 0 || now >= c->stop_by_ms)
		loop_stop(c->loop);
	else
		loop_timer_at(c->stop_timer, now + STOP_LOOK_MS);
}

/* ---- beginning and end ---------------------------------------------------------------------------- */

static enum status open_net(struct client *c)
{
	struct endpoint any = {.port = PORT};
	int fd = -1;
	enum status st = demo_device_udp(c->device, PORT, &fd);
	if (st == ST_OK)
		st = data_add_udp(c->data, &any, 4, &fd);
	if (st == ST_OK)
		st = demo_device_tun(c->device, &fd);
	if (st == ST_OK)
		st = data_add_tun(c->data, &(struct data_tun){.number = TUN_NUMBER, .vnet_hdr = true}, &fd);
	return st;
}

static enum status make_loop(struct client *c)
{
	c->loop = loop_new();
	if (!c->loop)
		return ST_NOMEM;
	enum status st = loop_timer_new(c->loop, on_ike_time, c, &c->ike_timer);
	if (st == ST_OK)
		st = loop_timer_new(c->loop, on_answers, c, &c->answer_timer);
	if (st == ST_OK)
		st = loop_timer_new(c->loop, on_stop_look, c, &c->stop_timer);
	if (st == ST_OK)
		st = loop_signal_add(c->loop, SIGTERM, on_term, c, &c->on_term);
	if (st == ST_OK)
		st = loop_fd_add(c->loop, jobs_fd(c->jobs), false, on_jobs, c, &c->jobs_watch);
	if (st == ST_OK)
		st = loop_fd_add(c->loop, data_fd(c->data), false, on_data, c, &c->data_watch);
	return st;
}

/* Workers and the engine's counters want cache lines of their own, which mem_new does not promise. */
static void *new_lines(size_t len)
{
	void *p = aligned_alloc(64, len);
	if (p)
		memset(p, 0, len);
	return p;
}

static enum status begin(struct client *c)
{
	static struct conf_report wrong;
	enum status st = conf_parse(c->order->conf, strlen(c->order->conf), NULL, &c->conf, &wrong);
	if (st != ST_OK)
		return st;
	c->stats = new_lines(sizeof(*c->stats));
	c->rt = new_lines(RT_SLOTS * sizeof(*c->rt));
	if (!c->stats || !c->rt)
		return ST_NOMEM;
	struct data_config config = {.workers = 1, .rt = c->rt, .rt_slots = RT_SLOTS, .on_ike = on_ike,
				     .on_lost = on_lost, .on_notice = on_notice, .ctx = c};
	c->jobs = jobs_new(1, 16, on_job, c);
	c->data = data_new(&config);
	if (!c->jobs || !c->data)
		return ST_NOMEM;
	st = make_loop(c);
	if (st == ST_OK)
		st = open_net(c);
	if (st != ST_OK)
		return st;
	c->ike = ike_new(&ports, c, c->conf, c->stats);
	return c->ike ? ST_OK : ST_NOMEM;
}

static enum status dial(struct client *c)
{
	struct ike_connect to = {.profile = DEMO_CLIENT_PROFILE,
				 .local = {.addr = c->order->local, .port = PORT},
				 .remote = {.addr = c->order->gateway, .port = PORT},
				 .request_ip4 = true, .request_ip6 = true};
	return ike_connect(c->ike, &to, &c->sa);
}

static void end(struct client *c)
{
	ike_free(c->ike);
	loop_fd_del(c->jobs_watch);
	loop_fd_del(c->data_watch);
	if (c->jobs)
		jobs_free(c->jobs);
	data_free(c->data);
	while (!list_empty(&c->answers)) {
		struct waiting *w = CONTAINER_OF(c->answers.next, struct waiting, in_list);
		list_del(&w->in_list);
		mem_free_secret(w, sizeof(*w));
	}
	loop_timer_free(c->ike_timer);
	loop_timer_free(c->answer_timer);
	loop_timer_free(c->stop_timer);
	loop_signal_del(c->on_term);
	if (c->loop)
		loop_free(c->loop);
	snapshot_unref(c->conf);
	demo_device_free(c->device);
	free(c->stats);
	free(c->rt);
}

int demo_client_run(void *ctx)
{
	struct client c = {.order = ctx, .started_us = now_us()};
	list_init(&c.answers);
	c.device = demo_device_new();
	enum status st = c.device ? begin(&c) : ST_NOMEM;
	if (st == ST_OK)
		st = dial(&c);
	if (st == ST_OK)
		loop_run(c.loop);
	else
		report_failure(&c, st, "the client cannot start");
	bool ok = c.said_goodbye && ike_count(c.ike) == 0;
	end(&c);
	return ok ? 0 : 1;
}
