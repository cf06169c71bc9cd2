#include "modules/dhcp/dhcp.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "modules/dhcp/talk.h"

#define SERVER_PORT 67
#define PACKET_MAX 1500
#define BATCH 64 /* packets of one turn */

struct sock {
	struct list in_list;
	struct addr giaddr;
	int fd;
};

struct dhcp {
	struct dhcp_ports ports;
	void *ctx;
	struct stats *stats;
	struct list socks;
	struct list talks;
	struct map by_xid;
	struct timers timers;
	size_t n_talks;
};

/* ---- sockets -------------------------------------------------------------------------------- */

static struct sock *sock_at(const struct dhcp *d, const struct addr *giaddr)
{
	LIST_EACH(at, (struct list *)&d->socks) {
		struct sock *s = CONTAINER_OF(at, struct sock, in_list);
		if (addr_eq(&s->giaddr, giaddr))
			return s;
	}
	return NULL;
}

static enum status sock_get(struct dhcp *d, const struct dhcp_ask *a, struct sock **out, char why[DHCP_WORDS])
{
	*out = sock_at(d, &a->giaddr);
	if (*out)
		return ST_OK;
	struct sock *s = mem_new(sizeof(*s));
	snprintf(why, DHCP_WORDS, "%s", status_words(ST_NOMEM));
	if (!s)
		return ST_NOMEM;
	enum status st = d->ports.open(d->ctx, a, &s->fd, why);
	if (st != ST_OK) {
		mem_free(s);
		return st;
	}
	s->giaddr = a->giaddr;
	list_push_back(&d->socks, &s->in_list);
	*out = s;
	return ST_OK;
}

static void sock_free(struct dhcp *d, struct sock *s)
{
	list_del(&s->in_list);
	d->ports.close(d->ctx, s->fd);
	mem_free(s);
}

static void send_to(struct dhcp *d, const struct sock *s, const struct addr *to, const struct wr *w)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
	memcpy(&sa.sin_addr, to->b, 4);
	if (!s || !wr_ok(w) || sendto(s->fd, w->buf, w->len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		stats_status(d->stats, ST_OUT_SEND);
}

/* ---- questions ------------------------------------------------------------------------------ */

static void wake(struct dhcp *d)
{
	d->ports.wake_at(d->ctx, timers_next(&d->timers));
}

static void talk_free(struct dhcp *d, struct talk *t)
{
	timer_stop(&d->timers, &t->timer);
	map_del(&d->by_xid, &t->by_xid);
	list_del(&t->in_list);
	d->n_talks--;
	mem_free(t);
}

static struct talk *talk_of_xid(const struct dhcp *d, uint32_t xid)
{
	for (struct map_node *n = map_first(&d->by_xid, hash_u64(xid)); n; n = map_next(n)) {
		struct talk *t = CONTAINER_OF(n, struct talk, by_xid);
		if (t->xid == xid)
			return t;
	}
	return NULL;
}

static struct talk *talk_numbered(const struct dhcp *d, uint64_t number)
{
	LIST_EACH(at, (struct list *)&d->talks) {
		struct talk *t = CONTAINER_OF(at, struct talk, in_list);
		if (t->ask.number == number)
			return t;
	}
	return NULL;
}

/* A socket that went meanwhile is a lost packet, like others. ST_NOMEM only with the first. */
static enum status send_next(struct dhcp *d, struct talk *t)
{
	uint8_t buf[DHCP_REQUEST_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct addr to;
	uint32_t spread;
	uint64_t now = d->ports.now_ms(d->ctx);
	talk_build(t, now, &w, &to);
	stats_inc(d->stats, t->state == TALK_SELECTING ? CT_DHCP_DISCOVERS : CT_DHCP_REQUESTS);
	send_to(d, sock_at(d, &t->ask.giaddr), &to, &w);
	d->ports.random(d->ctx, &spread, sizeof(spread));
	return timer_set(&d->timers, &t->timer, talk_next_ms(t, now, spread));
}

static void finish(struct dhcp *d, struct talk *t, const struct dhcp_outcome *o)
{
	uint64_t number = t->ask.number;
	if (o->status == ST_DHCP_TIMEOUT)
		stats_inc(d->stats, CT_DHCP_TIMEOUTS);
	talk_free(d, t);
	d->ports.done(d->ctx, number, o);
}

static void on_due(struct timer *timer, void *ctx)
{
	struct dhcp *d = ctx;
	struct talk *t = CONTAINER_OF(timer, struct talk, timer);
	struct dhcp_outcome o;
	if (talk_due(t, d->ports.now_ms(d->ctx), &o) == TALK_ENDS)
		finish(d, t, &o);
	else if (send_next(d, t) != ST_OK)
		finish(d, t, &(struct dhcp_outcome){.status = ST_NOMEM, .words = "out of memory"});
}

static enum status begin(struct dhcp *d, const struct dhcp_ask *a)
{
	struct talk *t = mem_new(sizeof(*t));
	if (!t)
		return ST_NOMEM;
	t->ask = *a;
	timer_init(&t->timer, on_due);
	do
		d->ports.random(d->ctx, &t->xid, sizeof(t->xid));
	while (talk_of_xid(d, t->xid));
	map_add(&d->by_xid, &t->by_xid, hash_u64(t->xid));
	list_push_back(&d->talks, &t->in_list);
	d->n_talks++;
	talk_begin(t, d->ports.now_ms(d->ctx));
	enum status st = send_next(d, t);
	if (st != ST_OK)
		talk_free(d, t);
	return st;
}

enum status dhcp_begin(struct dhcp *d, const struct dhcp_ask *a, char why[DHCP_WORDS])
{
	struct sock *s;
	why[0] = 0;
	if (d->n_talks >= DHCP_OPEN_MAX) {
		snprintf(why, DHCP_WORDS, "too many clients wait for an answer of DHCP servers");
		return ST_LIMIT;
	}
	enum status st = sock_get(d, a, &s, why);
	if (st != ST_OK)
		return st;
	st = begin(d, a);
	if (st != ST_OK)
		snprintf(why, DHCP_WORDS, "%s", status_words(st));
	wake(d);
	return st;
}

void dhcp_say(struct dhcp *d, enum dhcp_type type, const struct dhcp_ask *a)
{
	uint8_t buf[DHCP_REQUEST_MAX];
	char why[DHCP_WORDS];
	struct wr w = wr_init(buf, sizeof(buf));
	struct sock *s = NULL;
	bool is_release = type == DHCP_RELEASE;
	struct dhcp_request q = {.type = type, .giaddr = a->giaddr, .server_id = a->server_id, .who = &a->who};
	if (is_release)
		q.ciaddr = a->address;
	else
		q.requested = a->address;
	d->ports.random(d->ctx, &q.xid, sizeof(q.xid));
	dhcp_build_request(&w, &q);
	stats_inc(d->stats, is_release ? CT_DHCP_RELEASES : CT_DHCP_DECLINES);
	(void)!sock_get(d, a, &s, why); /* not there: the lease ends by itself */
	send_to(d, s, &a->servers[0], &w);
}

void dhcp_cancel(struct dhcp *d, uint64_t number)
{
	struct talk *t = talk_numbered(d, number);
	if (!t)
		return;
	if (t->state == TALK_REQUESTING) {
		struct dhcp_ask a = t->ask;
		a.address = t->offer.yiaddr;
		a.server_id = t->offer.server_id;
		a.servers[0] = t->from;
		dhcp_say(d, DHCP_RELEASE, &a);
	}
	talk_free(d, t);
	wake(d);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void count_reply(struct dhcp *d, const struct dhcp_reply *r)
{
	if (r->type == DHCP_ACK)
		stats_inc(d->stats, CT_DHCP_ACKS);
	if (r->type == DHCP_NAK)
		stats_inc(d->stats, CT_DHCP_NAKS);
}

static void on_packet(struct dhcp *d, const struct addr *giaddr, const struct addr *from, struct view payload)
{
	struct talk_heard h = {.from = *from};
	struct dhcp_outcome o;
	struct talk *t = NULL;
	enum talk_says says = TALK_STRANGE;
	if (dhcp_parse_reply(payload, &h.reply) == ST_OK)
		t = talk_of_xid(d, h.reply.xid);
	if (t && addr_eq(&t->ask.giaddr, giaddr))
		says = talk_hears(t, &h, d->ports.now_ms(d->ctx), &o);
	if (says == TALK_STRANGE) {
		stats_inc(d->stats, CT_DHCP_STRANGE);
		return;
	}
	count_reply(d, &h.reply);
	if (says == TALK_ENDS)
		finish(d, t, &o);
	else if (says == TALK_SENDS)
		(void)!send_next(d, t); /* its timer is armed: no memory is needed */
}

static ssize_t receive(int fd, uint8_t buf[PACKET_MAX], struct sockaddr_in *from)
{
	socklen_t len = sizeof(*from);
	return recvfrom(fd, buf, PACKET_MAX, MSG_DONTWAIT, (struct sockaddr *)from, &len);
}

void dhcp_on_readable(struct dhcp *d, int fd)
{
	struct addr giaddr = {0};
	LIST_EACH(at, &d->socks)
		if (CONTAINER_OF(at, struct sock, in_list)->fd == fd)
			giaddr = CONTAINER_OF(at, struct sock, in_list)->giaddr;
	for (int i = 0; i < BATCH && giaddr.family; i++) {
		uint8_t buf[PACKET_MAX];
		struct sockaddr_in sa = {0};
		ssize_t n = receive(fd, buf, &sa);
		if (n < 0)
			break;
		struct addr from = addr_from((const uint8_t *)&sa.sin_addr, 4);
		on_packet(d, &giaddr, &from, (struct view){buf, (size_t)n});
	}
	wake(d);
}

void dhcp_on_time(struct dhcp *d)
{
	(void)timers_run(&d->timers, d->ports.now_ms(d->ctx));
	wake(d);
}

void dhcp_rest(struct dhcp *d)
{
	if (d->n_talks)
		return;
	LIST_EACH_SAFE(at, &d->socks)
		sock_free(d, CONTAINER_OF(at, struct sock, in_list));
}

/* ---- life ----------------------------------------------------------------------------------- */

struct dhcp *dhcp_new(const struct dhcp_ports *ports, void *ctx, struct stats *stats)
{
	struct dhcp *d = mem_new(sizeof(*d));
	if (!d)
		return NULL;
	d->ports = *ports;
	d->ctx = ctx;
	d->stats = stats;
	list_init(&d->socks);
	list_init(&d->talks);
	timers_init(&d->timers, d);
	if (map_init(&d->by_xid, 64) != ST_OK) {
		mem_free(d);
		return NULL;
	}
	return d;
}

void dhcp_free(struct dhcp *d)
{
	if (!d)
		return;
	LIST_EACH_SAFE(at, &d->talks)
		talk_free(d, CONTAINER_OF(at, struct talk, in_list));
	dhcp_rest(d);
	map_fini(&d->by_xid);
	timers_fini(&d->timers);
	mem_free(d);
}
