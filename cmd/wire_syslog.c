#include "cmd/wire_syslog.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_log.h"
#include "core/conf/logging.h"
#include "gen/version.h"
#include "modules/loop/loop.h"
#include "modules/syslog/queue.h"
#include "modules/syslog/syslog.h"

_Static_assert(SYSLOG_TARGETS == LOG_HOSTS + 1, "every collector and the local socket");
_Static_assert(SYSLOG_TARGETS <= ASROOT_FDS, "each has a socket of its own");
_Static_assert(SYSLOG_PATH == LOG_PATH && SYSLOG_VRF == ASROOT_VRF, "names fit");

static struct syslog_time now(void)
{
	struct syslog_time t = {.now_ms = loop_now_ms(), .utc_ms = loop_wall_ms()};
	time_t s = (time_t)(t.utc_ms / 1000);
	struct tm tm = {0};
	localtime_r(&s, &tm);
	t.local_ms = t.utc_ms + (int64_t)tm.tm_gmtoff * 1000;
	return t;
}

/* ---- ports --------------------------------------------------------------------------------------- */

static void wake_at(void *ctx, uint64_t at_ms)
{
	struct wire *w = ctx;
	loop_timer_at(w->syslog_timer, at_ms == UINT64_MAX ? LOOP_NEVER : at_ms);
}

static void on_timer(void *ctx)
{
	struct wire *w = ctx;
	struct syslog_time t = now();
	syslog_turn(w->syslog, &t);
}

static struct asroot_request request(const struct syslog_target *t, uint32_t index)
{
	struct asroot_request rq = {.op = ASROOT_UDP, .of = ASROOT_UDP, .family = t->addr.family,
				    .addr = t->source, .index = index};
	memcpy(rq.vrf, t->vrf, sizeof(rq.vrf));
	return rq;
}

static enum status udp(void *ctx, const struct syslog_target *t, uint32_t index, int *fd)
{
	struct wire *w = ctx;
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = request(t, index);
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_OK)
		*fd = fds[0];
	return st;
}

static void udp_drop(void *ctx, const struct syslog_target *t, uint32_t index)
{
	struct wire *w = ctx;
	struct asroot_reply reply;
	struct asroot_request rq = request(t, index);
	rq.op = ASROOT_DROP;
	/* ST_NOT_FOUND: it never got one. */
	(void)!asroot_call(w->control, &rq, &reply, NULL);
}

/* Comes back through the log's sink, which does not export it: each destination is told by itself. */
static void on_loss(void *ctx, const struct syslog_loss *l)
{
	if (l->is_over)
		LOG(EV_SYSLOG_QUEUE, kv_str("destination", l->target), kv_u64("dropped", l->dropped));
	else
		LOG(EV_SYSLOG_QUEUE, kv_str("destination", l->target), kv_str("reason", l->reason));
}

/* ---- configuration -------------------------------------------------------------------------------- */

static void set_host(const struct snapshot *s, char out[SYSLOG_HOST])
{
	char text[ADDR_TEXT];
	struct addr a = log_own_address(s);
	out[0] = 0;
	if (s->log.origin == LOG_ORIGIN_STRING)
		snprintf(out, SYSLOG_HOST, "%s", s->log.origin_text);
	else if (s->log.origin == LOG_ORIGIN_IP && a.family)
		snprintf(out, SYSLOG_HOST, "%s", addr_format(&a, text));
	else if (s->hostname)
		snprintf(out, SYSLOG_HOST, "%s", s->hostname);
	else if (gethostname(out, SYSLOG_HOST - 1) != 0)
		out[0] = 0;
	if (out[0] == 0)
		snprintf(out, SYSLOG_HOST, "sallyport");
}

/* false: its VRF cannot be the name of a network namespace; the plan has said so. */
static bool set_target(const struct snapshot *s, const struct log_host *h, struct syslog_target *t)
{
	size_t len = h->vrf ? strlen(h->vrf) : 0;
	*t = (struct syslog_target){.addr = h->addr, .port = (uint16_t)h->port};
	t->source = log_source_address(s, h->vrf, h->addr.family);
	if (len >= sizeof(t->vrf))
		return false;
	if (len)
		memcpy(t->vrf, h->vrf, len);
	return true;
}

void wire_syslog_apply(struct wire *w)
{
	const struct snapshot *s = w->conf;
	struct syslog_target targets[SYSLOG_TARGETS];
	struct syslog_conf c = {.targets = targets};
	c.source = (struct syslog_source){.facility = s->log.facility, .pid = (uint32_t)getpid(),
					  .version = SALLYPORT_VERSION};
	c.level = s->log.trap == LOG_TRAP_OFF ? SYSLOG_OFF : s->log.trap;
	set_host(s, c.source.host);
	for (size_t i = 0; s->log.on && i < s->log.host_count; i++)
		c.n += set_target(s, &s->log.hosts[i], &targets[c.n]);
	if (s->log.on && s->log.local) {
		struct syslog_target *t = &targets[c.n++];
		*t = (struct syslog_target){.is_3164 = !s->log.local_5424};
		snprintf(t->path, sizeof(t->path), "%s", s->log.local);
	}
	syslog_set(w->syslog, &c);
}

enum status wire_syslog_open(struct wire *w)
{
	static const struct syslog_ports ports = {.wake_at = wake_at, .udp = udp, .udp_drop = udp_drop,
						  .on_loss = on_loss};
	enum status st = loop_timer_new(w->loop, on_timer, w, &w->syslog_timer);
	w->syslog = st == ST_OK ? syslog_new(&ports, w) : NULL;
	if (!w->syslog)
		return ST_NOMEM;
	w->world.syslog = w->syslog;
	wire_syslog_apply(w);
	wire_log_export(wire_syslog_event, w);
	return ST_OK;
}

/* ---- in force -------------------------------------------------------------------------------------- */

/* R-LOG-07, R-GLB-11, R-GLB-12. */
static bool is_wanted(const struct snapshot *s, enum event e)
{
	switch (event_topic(e)) {
	case TOPIC_IKEV2: return s->ike.logging_ikev2;
	case TOPIC_SESSION: return s->ike.logging_session;
	case TOPIC_ALWAYS: break;
	}
	return e != EV_SYSLOG_QUEUE;
}

void wire_syslog_event(void *ctx, enum event e, const struct kv *kv, size_t n)
{
	struct wire *w = ctx;
	if (!is_wanted(w->conf, e))
		return;
	struct syslog_time t = now();
	syslog_event(w->syslog, &(struct syslog_event){t.utc_ms, t.local_ms, e, kv, n});
}

void wire_syslog_second(struct wire *w)
{
	uint64_t sent, dropped;
	syslog_totals(w->syslog, &sent, &dropped);
	stats_add(w->stats, CT_SYSLOG_SENT, sent - w->syslog_sent);
	stats_add(w->stats, CT_SYSLOG_DROPPED, dropped - w->syslog_dropped);
	w->syslog_sent = sent;
	w->syslog_dropped = dropped;
}

void wire_syslog_close(struct wire *w)
{
	wire_log_export(NULL, NULL);
	if (w->syslog) {
		struct syslog_time t = now();
		for (size_t i = 0; i < SYSLOG_QUEUE / SYSLOG_TURN; i++)
			syslog_turn(w->syslog, &t);
		syslog_free(w->syslog);
	}
	loop_timer_free(w->syslog_timer);
	w->world.syslog = w->syslog = NULL;
	w->syslog_timer = NULL;
}
