#include "modules/syslog/syslog.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/endpoint.h"
#include "core/base/mem.h"
#include "core/base/sockname.h"
#include "modules/syslog/queue.h"

#define RETRY_MS 1000
#define RETRY_MAX_MS 30000
#define BUSY_MS 10 /* the socket is full */
#define BUSY_MAX_MS 500
#define LOOK_MS 1000 /* for a refusal to come back */
#define TRIAL_MS 4000 /* the same of an address that nobody has: neighbours are asked for 3 s */
#define ERRORS_MAX 64

struct dest {
	bool is_used;
	bool is_wanted; /* while a configuration is put in force */
	struct syslog_target target;
	int fd; /* -1: none */
	struct syslog_queue queue;
	struct syslog_message *probe; /* sent to a collector that refused before: will it come back? */
	bool is_unsure;               /* of a collector: refused, and nothing since */
	uint64_t at_ms;               /* nothing is done before; 0: at once */
	uint64_t look_ms;             /* when to look for a refusal; 0: nothing to look for */
	uint64_t wait_ms;             /* of the last failure */
	uint64_t busy_ms;
	uint32_t number; /* last sequenceId */
	uint64_t lost;   /* dropped since it was told */
	uint64_t sent;
	uint64_t dropped;
	char error[SYSLOG_ERROR];
};

struct syslog {
	struct syslog_ports ports;
	void *ctx;
	struct syslog_source source;
	int level;
	uint64_t sent;
	uint64_t dropped;
	struct dest dests[SYSLOG_TARGETS];
};

#define EACH_DEST(d, s) \
	for (struct dest *d = (s)->dests; d < (s)->dests + SYSLOG_TARGETS; d++) \
		if (d->is_used)

static bool is_local(const struct dest *d)
{
	return d->target.addr.family == 0;
}

static bool is_failing(const struct dest *d)
{
	return d->error[0] && (d->fd < 0 || d->is_unsure);
}

static uint32_t index_of(const struct syslog *s, const struct dest *d)
{
	return (uint32_t)(d - s->dests);
}

char *syslog_target_format(const struct syslog_target *t, char buf[SYSLOG_TARGET_TEXT])
{
	char text[ENDPOINT_TEXT];
	struct endpoint e = {.addr = t->addr, .port = t->port};
	if (t->addr.family == 0)
		snprintf(buf, SYSLOG_TARGET_TEXT, "%s", t->path);
	else
		snprintf(buf, SYSLOG_TARGET_TEXT, "%s%s%s", endpoint_format(&e, text),
			 t->vrf[0] ? " vrf " : "", t->vrf);
	return buf;
}

/* ---- when ------------------------------------------------------------------------------------ */

static uint64_t due(const struct dest *d)
{
	uint64_t at = d->queue.count || d->probe ? d->at_ms : UINT64_MAX;
	return d->look_ms && d->look_ms < at ? d->look_ms : at;
}

static void schedule(struct syslog *s)
{
	uint64_t at = UINT64_MAX;
	EACH_DEST(d, s)
		at = due(d) < at ? due(d) : at;
	s->ports.wake_at(s->ctx, at);
}

/* ---- sockets --------------------------------------------------------------------------------- */

static void shut(struct dest *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	d->look_ms = 0;
}

/* The socket goes altogether: a network that was made anew needs a new one. */
static void drop_socket(struct syslog *s, struct dest *d)
{
	shut(d);
	if (!is_local(d))
		s->ports.udp_drop(s->ctx, &d->target, index_of(s, d));
}

static void fail(struct syslog *s, struct dest *d, uint64_t now, const char *why)
{
	drop_socket(s, d);
	snprintf(d->error, sizeof(d->error), "%s", why);
	d->wait_ms = is_local(d) || d->wait_ms == 0 ? RETRY_MS : d->wait_ms * 2;
	d->wait_ms = d->wait_ms < RETRY_MAX_MS ? d->wait_ms : RETRY_MAX_MS;
	d->at_ms = now + d->wait_ms;
	d->is_unsure = !is_local(d);
}

static int connect_local(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	memcpy(sa.sun_path, path, strnlen(path, sizeof(sa.sun_path) - 1));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0) {
		int e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

/* Connected, so that a refusal comes back to this socket and to no other. */
static bool aim(int fd, const struct syslog_target *t)
{
	static const int on = 1;
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	union sockname name;
	socklen_t len = sockname_of(&name, &t->addr, t->port);
	/* It may have been aimed before; the host chooses the source address anew. */
	(void)connect(fd, &nobody, sizeof(nobody));
	if (t->addr.family == 4)
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	return connect(fd, &name.sa, len) == 0;
}

static const char *words_of(enum status st)
{
	return st == ST_IO ? strerror(errno) :
	       st == ST_NOT_FOUND ? "there is no network namespace of that name" : status_words(st);
}

/* Opens it when there is none. */
static bool have_socket(struct syslog *s, struct dest *d, uint64_t now)
{
	if (d->fd >= 0)
		return true;
	if (is_local(d)) {
		d->fd = connect_local(d->target.path);
		if (d->fd < 0)
			fail(s, d, now, strerror(errno));
		return d->fd >= 0;
	}
	enum status st = s->ports.udp(s->ctx, &d->target, index_of(s, d), &d->fd);
	if (st != ST_OK)
		d->fd = -1;
	else if (!aim(d->fd, &d->target))
		st = ST_IO;
	if (st != ST_OK)
		fail(s, d, now, words_of(st));
	return st == ST_OK;
}

/* What came back for datagrams that were sent; 0: nothing. */
static int take_error(int fd)
{
	int error = 0, ignored = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	/* Each report in the queue would set it again. */
	for (int i = 0; i < ERRORS_MAX; i++) {
		uint8_t byte;
		struct iovec iov = {&byte, 1};
		struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
		if (recvmsg(fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
	}
	len = sizeof(ignored);
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &ignored, &len);
	return error;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* 0 or errno. The number counts what is handed to the transport (RFC 5424 section 7.3.1). */
static int transmit(struct dest *d, const struct syslog_message *m)
{
	char digits[SYSLOG_DIGITS + 1];
	uint32_t number = d->number % SYSLOG_NUMBER + 1;
	uint8_t *bytes = (uint8_t *)(uintptr_t)m->bytes; /* sendmsg only reads */
	struct iovec parts[3] = {{bytes, m->len}};
	struct msghdr h = {.msg_iov = parts, .msg_iovlen = 1};
	if (m->sequence_at) {
		int n = snprintf(digits, sizeof(digits), "%u", number);
		parts[0].iov_len = m->sequence_at;
		parts[1] = (struct iovec){digits, (size_t)n};
		parts[2] = (struct iovec){bytes + m->sequence_at, m->len - (size_t)m->sequence_at};
		h.msg_iovlen = 3;
	}
	if (sendmsg(d->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno;
	d->number = number;
	d->busy_ms = 0;
	return 0;
}

static void on_error(struct syslog *s, struct dest *d, uint64_t now, int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == EINTR) {
		d->busy_ms = d->busy_ms == 0 ? BUSY_MS : d->busy_ms * 2;
		d->busy_ms = d->busy_ms < BUSY_MAX_MS ? d->busy_ms : BUSY_MAX_MS;
		d->at_ms = now + d->busy_ms;
	} else {
		fail(s, d, now, strerror(error));
	}
}

static void count_sent(struct syslog *s, struct dest *d)
{
	d->sent++;
	s->sent++;
	d->wait_ms = 0;
}

static void lose(struct syslog *s, struct dest *d, uint64_t n)
{
	char text[SYSLOG_TARGET_TEXT];
	struct syslog_loss loss = {.reason = is_failing(d) ? d->error : "more events than it takes"};
	bool is_first = d->lost == 0;
	d->lost += n;
	d->dropped += n;
	s->dropped += n;
	if (!is_first || n == 0)
		return;
	loss.target = syslog_target_format(&d->target, text);
	s->ports.on_loss(s->ctx, &loss);
}

static bool is_wanted(const struct syslog *s, const struct dest *d, enum event e)
{
	return is_local(d) || event_severity(e) <= s->level;
}

static struct syslog_message *format(const struct syslog *s, const struct syslog_event *ev, bool is_3164)
{
	struct syslog_line line = {.max = SYSLOG_MAX};
	if (is_3164)
		syslog_format_3164(&s->source, ev, &line);
	else
		syslog_format_5424(&s->source, ev, &line);
	return syslog_message_new(line.bytes, line.len, line.sequence_at);
}

/* "N messages were dropped": before the rest of the queue. false: not now. */
static bool tell_loss(struct syslog *s, struct dest *d, const struct syslog_time *t)
{
	char text[SYSLOG_TARGET_TEXT];
	const struct kv kv[] = {kv_str("destination", syslog_target_format(&d->target, text)),
				kv_u64("dropped", d->lost)};
	const struct syslog_event ev = {t->utc_ms, t->local_ms, EV_SYSLOG_QUEUE, kv, 2};
	const struct syslog_loss loss = {.target = text, .reason = "", .is_over = true, .dropped = d->lost};
	bool is_to_be_told = is_wanted(s, d, EV_SYSLOG_QUEUE);
	struct syslog_message *m = is_to_be_told ? format(s, &ev, d->target.is_3164) : NULL;
	if (is_to_be_told && !m)
		return true; /* no memory: with the next message */
	int error = m ? transmit(d, m) : 0;
	if (error) {
		on_error(s, d, t->now_ms, error);
	} else {
		if (m)
			count_sent(s, d);
		d->lost = 0;
		s->ports.on_loss(s->ctx, &loss);
	}
	syslog_message_unref(m);
	return error == 0;
}

/* false: no more in this turn. */
static bool send_first(struct syslog *s, struct dest *d, const struct syslog_time *t)
{
	struct syslog_message *m = syslog_queue_first(&d->queue);
	int error = transmit(d, m);
	if (error == EMSGSIZE) {
		syslog_queue_pop(&d->queue);
		lose(s, d, 1);
		return true;
	}
	if (error) {
		on_error(s, d, t->now_ms, error);
		return false;
	}
	if (d->is_unsure) {
		m->refs++;
		d->probe = m;
		d->at_ms = t->now_ms + TRIAL_MS;
	} else {
		count_sent(s, d);
	}
	syslog_queue_pop(&d->queue);
	return !d->is_unsure;
}

/* What has come back, before anything else is sent. */
static void look(struct syslog *s, struct dest *d, uint64_t now)
{
	struct syslog_message *probe = d->probe;
	int error = d->fd >= 0 ? take_error(d->fd) : 0;
	d->look_ms = 0;
	d->probe = NULL;
	if (error)
		fail(s, d, now, strerror(error));
	if (probe && error) {
		if (!syslog_queue_unpop(&d->queue, probe))
			lose(s, d, 1);
	} else if (probe) {
		d->is_unsure = false;
		count_sent(s, d);
	}
	syslog_message_unref(probe);
}

static void turn(struct syslog *s, struct dest *d, const struct syslog_time *t)
{
	if ((d->probe && t->now_ms >= d->at_ms) || (d->look_ms && t->now_ms >= d->look_ms))
		look(s, d, t->now_ms);
	if (d->probe || d->queue.count == 0 || t->now_ms < d->at_ms || !have_socket(s, d, t->now_ms))
		return;
	d->at_ms = 0;
	for (int i = 0; i < SYSLOG_TURN && d->queue.count; i++) {
		if (d->lost && !d->is_unsure && !tell_loss(s, d, t))
			return;
		if (!send_first(s, d, t))
			return;
	}
	if (!is_local(d) && d->look_ms == 0)
		d->look_ms = t->now_ms + LOOK_MS;
}

void syslog_turn(struct syslog *s, const struct syslog_time *t)
{
	EACH_DEST(d, s)
		turn(s, d, t);
	schedule(s);
}

/* ---- events ---------------------------------------------------------------------------------- */

void syslog_event(struct syslog *s, const struct syslog_event *ev)
{
	struct syslog_message *m[2] = {NULL, NULL}; /* each form is made once */
	bool any = false;
	EACH_DEST(d, s) {
		bool is_3164 = d->target.is_3164;
		if (!is_wanted(s, d, ev->event))
			continue;
		any = true;
		if (!m[is_3164])
			m[is_3164] = format(s, ev, is_3164);
		lose(s, d, m[is_3164] ? syslog_queue_push(&d->queue, m[is_3164]) : 1);
	}
	syslog_message_unref(m[0]);
	syslog_message_unref(m[1]);
	if (any)
		schedule(s);
}

/* ---- configuration ---------------------------------------------------------------------------- */

static bool same_target(const struct syslog_target *a, const struct syslog_target *b)
{
	return addr_eq(&a->addr, &b->addr) && a->port == b->port && strcmp(a->vrf, b->vrf) == 0 &&
	       strcmp(a->path, b->path) == 0;
}

static struct dest *find(struct syslog *s, const struct syslog_target *t)
{
	EACH_DEST(d, s)
		if (same_target(&d->target, t))
			return d;
	return NULL;
}

static void end_dest(struct syslog *s, struct dest *d)
{
	drop_socket(s, d);
	syslog_queue_clear(&d->queue);
	syslog_message_unref(d->probe);
	memset(d, 0, sizeof(*d));
}

static void keep_dest(struct syslog *s, struct dest *d, const struct syslog_target *t)
{
	d->is_wanted = true;
	/* Tried at once: the reason why it did not work may be gone with the old configuration. */
	if (!d->probe)
		d->at_ms = 0;
	if (!addr_eq(&d->target.source, &t->source))
		drop_socket(s, d);
	d->target = *t;
}

static void add_dest(struct syslog *s, const struct syslog_target *t)
{
	for (struct dest *d = s->dests; d < s->dests + SYSLOG_TARGETS; d++) {
		if (d->is_used)
			continue;
		d->is_used = true;
		d->target = *t;
		d->fd = -1;
		return;
	}
}

void syslog_set(struct syslog *s, const struct syslog_conf *c)
{
	s->source = c->source;
	s->level = c->level;
	EACH_DEST(d, s)
		d->is_wanted = false;
	for (size_t i = 0; i < c->n; i++) {
		struct dest *d = find(s, &c->targets[i]);
		if (d)
			keep_dest(s, d, &c->targets[i]);
	}
	EACH_DEST(d, s)
		if (!d->is_wanted)
			end_dest(s, d);
	for (size_t i = 0; i < c->n; i++)
		if (!find(s, &c->targets[i]))
			add_dest(s, &c->targets[i]);
	schedule(s);
}

struct syslog *syslog_new(const struct syslog_ports *ports, void *ctx)
{
	struct syslog *s = mem_new(sizeof(*s));
	if (!s)
		return NULL;
	s->ports = *ports;
	s->ctx = ctx;
	s->level = SYSLOG_OFF;
	return s;
}

void syslog_free(struct syslog *s)
{
	if (!s)
		return;
	EACH_DEST(d, s) {
		shut(d);
		syslog_queue_clear(&d->queue);
		syslog_message_unref(d->probe);
	}
	mem_free(s);
}

/* ---- looking at it ---------------------------------------------------------------------------- */

bool syslog_next(const struct syslog *s, size_t *cursor, struct syslog_info *out)
{
	while (*cursor < SYSLOG_TARGETS) {
		const struct dest *d = &s->dests[(*cursor)++];
		if (!d->is_used)
			continue;
		*out = (struct syslog_info){.target = d->target, .sent = d->sent, .dropped = d->dropped};
		out->queued = d->queue.count + (d->probe ? 1 : 0);
		out->state = is_failing(d) ? SYSLOG_WAITING : d->fd >= 0 ? SYSLOG_UP : SYSLOG_IDLE;
		memcpy(out->error, d->error, sizeof(out->error));
		return true;
	}
	return false;
}

void syslog_totals(const struct syslog *s, uint64_t *sent, uint64_t *dropped)
{
	*sent = s->sent;
	*dropped = s->dropped;
}
