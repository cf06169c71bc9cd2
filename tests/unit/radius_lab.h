/* The RADIUS client beside servers of our own on loopback: the clock is stepped, the sockets are real. */
#ifndef TESTS_UNIT_RADIUS_LAB_H
#define TESTS_UNIT_RADIUS_LAB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/stats.h"
#include "core/crypto/radius_hash.h"
#include "modules/radius/radius.h"
#include "tests/lib/t.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECRET "xyzzy5461"
#define SERVERS 4
#define NUMBERS 10000

static const struct view lab_secret = {(const uint8_t *)SECRET, sizeof(SECRET) - 1};

enum lab_mode {
	GOOD,
	DEAF,
	HOLD,          /* answers when it is told to */
	UNSIGNED,      /* no Message-Authenticator */
	UNSIGNED_EAP,  /* the same, with an EAP-Message */
	WRONG_PROOF,   /* Message-Authenticator of another secret, the authenticator is right */
	WRONG_SECRET,  /* both */
	TWO_PROOFS,
	PROXY_STATE,   /* one that nobody sent */
	OWN_PROXY,     /* the Proxy-State of the request */
	WRONG_CODE,
	SHORT,
	WRONG_ID,
	OTHER_SOURCE,  /* from another port */
	REJECT,
	CHALLENGE,
};

struct lab_request {
	struct sockaddr_storage from;
	socklen_t from_len;
	size_t len;
	uint8_t bytes[RADIUS_MAX];
};

struct lab_server {
	int fd, other_fd;
	uint16_t port;
	enum lab_mode mode;
	bool is_acct;       /* Status-Server means accounting */
	unsigned seen;      /* without Status-Server */
	unsigned probes;
	unsigned bad;       /* not signed as it must be */
	struct lab_request last, first;
	struct lab_request *held; /* of HOLD */
	size_t n_held, cap_held;
};

static struct {
	struct radius *r;
	struct stats stats;
	uint64_t now, wake;
	int64_t live;
	int fds[512];
	size_t n_fds, most_fds;
	enum status open_says;
	uint16_t open_fails_for; /* family */
	char changed[200];
	struct lab_server servers[SERVERS];
	/* by number */
	unsigned char answers[NUMBERS];
	enum status status[NUMBERS];
	uint8_t code[NUMBERS];
	uint16_t server[NUMBERS];
	char name[RADIUS_NAME]; /* of the last */
	uint8_t key[64];
	size_t key_len;
	unsigned n_answers;
	void (*also)(uint64_t number); /* in done() */
} lab;

/* ---- ports -------------------------------------------------------------------------------------- */

static inline enum status lab_open(void *ctx, const char *vrf, uint8_t family, const struct addr *source, int *fd)
{
	if (lab.open_says != ST_OK)
		return lab.open_says;
	*fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || lab.n_fds == COUNT(lab.fds))
		return ST_IO;
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	memcpy(&in4.sin_addr, source->b, 4);
	if (source->family == 4 && bind(*fd, (struct sockaddr *)&in4, sizeof(in4)) != 0)
		return ST_IO;
	lab.fds[lab.n_fds++] = *fd;
	lab.most_fds = lab.n_fds > lab.most_fds ? lab.n_fds : lab.most_fds;
	return ST_OK;
}

static inline void lab_shut(void *ctx, int fd)
{
	for (size_t i = 0; i < lab.n_fds; i++)
		if (lab.fds[i] == fd) {
			lab.fds[i] = lab.fds[--lab.n_fds];
			close(fd);
			return;
		}
	t_fail(__FILE__, __LINE__, "shut what is not open");
}

static inline uint64_t lab_now(void *ctx)
{
	return lab.now;
}

static inline void lab_wake(void *ctx, uint64_t at_ms)
{
	lab.wake = at_ms;
}

static inline void lab_changed(void *ctx, const char *server, bool is_dead)
{
	size_t n = strlen(lab.changed);
	snprintf(lab.changed + n, sizeof(lab.changed) - n, "%s%s ", is_dead ? "-" : "+", server);
}

/* ---- servers ------------------------------------------------------------------------------------- */

static inline int lab_socket(uint8_t family, uint16_t *port)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *sa = family == 4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6;
	socklen_t len = family == 4 ? sizeof(in4) : sizeof(in6);
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = 1 << 22;
	if (fd < 0 || bind(fd, sa, len) != 0 || getsockname(fd, sa, &len) != 0)
		abort();
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	*port = ntohs(family == 4 ? in4.sin_port : in6.sin6_port);
	return fd;
}

static inline uint8_t lab_code(const struct lab_server *s, uint8_t asked)
{
	if (asked == RADIUS_ACCOUNTING_REQUEST || (asked == RADIUS_STATUS_SERVER && s->is_acct))
		return s->mode == WRONG_CODE ? RADIUS_ACCESS_ACCEPT : RADIUS_ACCOUNTING_RESPONSE;
	return s->mode == WRONG_CODE ? RADIUS_ACCOUNTING_RESPONSE :
	       s->mode == REJECT     ? RADIUS_ACCESS_REJECT :
	       s->mode == CHALLENGE  ? RADIUS_ACCESS_CHALLENGE :
				       RADIUS_ACCESS_ACCEPT;
}

static inline void lab_fill(const struct lab_server *s, const struct radius_packet *q, struct wr *w)
{
	static const uint8_t key[32] = "a key of thirty-two octets, yes";
	uint8_t hidden[64];
	struct wr h = wr_init(hidden, sizeof(hidden));
	struct radius_attr a;
	if (s->mode == UNSIGNED_EAP)
		radius_put_eap(w, (struct view){key, 4});
	if (s->mode == PROXY_STATE)
		radius_put(w, RADIUS_PROXY_STATE, "forged", 6);
	if (s->mode == OWN_PROXY && radius_find(q->attrs, RADIUS_PROXY_STATE, &a))
		wr_bytes(w, a.whole.p, a.whole.len);
	if (s->mode == TWO_PROOFS)
		radius_put_unsigned(w);
	wr_u16(&h, 0x8001);
	(void)!radius_hide(lab_secret, q->authenticator, (struct view){key, sizeof(key)}, &h);
	radius_put_vsa(w, RADIUS_VENDOR_MICROSOFT, RADIUS_MS_MPPE_RECV_KEY, hidden, h.len);
	radius_put_text(w, RADIUS_CLASS, "class");
}

/* The authenticator over the reply as it stands: what a forger by collisions of MD5 could have. */
static inline void lab_seal(const struct radius_packet *q, uint8_t *reply, size_t len)
{
	const struct view parts[] = {{reply, 4}, {q->authenticator, 16}, {reply + 20, len - 20}, lab_secret};
	radius_hash_md5(parts, COUNT(parts), reply + 4);
}

static inline void lab_sign(const struct lab_server *s, const struct radius_packet *q, uint8_t *reply, size_t len)
{
	struct view other = {(const uint8_t *)"other", 5};
	(void)!radius_sign_reply(s->mode == WRONG_SECRET ? other : lab_secret, q->authenticator, reply, len);
	if (s->mode == WRONG_PROOF)
		reply[22] ^= 1;
	if (s->mode == WRONG_PROOF || s->mode == TWO_PROOFS)
		lab_seal(q, reply, len);
}

static inline void lab_reply(struct lab_server *s, const struct lab_request *rq)
{
	uint8_t buf[RADIUS_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct radius_packet q;
	if (radius_parse((struct view){rq->bytes, rq->len}, &q) != ST_OK)
		return;
	struct wr_mark m = radius_open(&w, lab_code(s, q.code), s->mode == WRONG_ID ? (uint8_t)(q.id + 99) : q.id);
	if (s->mode != UNSIGNED && s->mode != UNSIGNED_EAP && q.code != RADIUS_ACCOUNTING_REQUEST)
		radius_put_unsigned(&w);
	lab_fill(s, &q, &w);
	wr_close16(&w, m);
	lab_sign(s, &q, buf, w.len);
	(void)!sendto(s->mode == OTHER_SOURCE ? s->other_fd : s->fd, buf, s->mode == SHORT ? w.len - 1 : w.len, 0,
		      (const struct sockaddr *)&rq->from, rq->from_len);
}

static inline void lab_look(struct lab_server *s, const struct lab_request *rq)
{
	struct radius_packet q;
	struct radius_attr a;
	if (radius_parse((struct view){rq->bytes, rq->len}, &q) != ST_OK || radius_verify_request(lab_secret, &q) != ST_OK)
		s->bad++;
	/* First of all (CVE-2024-3596). */
	else if (q.code != RADIUS_ACCOUNTING_REQUEST &&
		 (!radius_find(q.attrs, RADIUS_MESSAGE_AUTHENTICATOR, &a) || a.whole.p != q.attrs.p))
		s->bad++;
	if (q.code == RADIUS_STATUS_SERVER) {
		s->probes++;
		return;
	}
	if (s->seen++ == 0)
		s->first = *rq;
	s->last = *rq;
}

static inline bool lab_serve(struct lab_server *s)
{
	static struct lab_request rq;
	rq.from_len = sizeof(rq.from);
	ssize_t n = recvfrom(s->fd, rq.bytes, sizeof(rq.bytes), 0, (struct sockaddr *)&rq.from, &rq.from_len);
	if (n < 0)
		return false;
	rq.len = (size_t)n;
	lab_look(s, &rq);
	if (s->mode == HOLD) {
		if (s->n_held == s->cap_held) {
			s->cap_held = s->cap_held ? 2 * s->cap_held : 16;
			s->held = realloc(s->held, s->cap_held * sizeof(rq));
		}
		s->held[s->n_held++] = rq;
	} else if (s->mode != DEAF) {
		lab_reply(s, &rq);
	}
	return true;
}

/* Answers what it held, the last first. */
static inline void lab_let_go(struct lab_server *s)
{
	while (s->n_held)
		lab_reply(s, &s->held[--s->n_held]);
}

/* ---- asking --------------------------------------------------------------------------------------- */

static inline void lab_done(void *ctx, uint64_t number, const struct radius_answer *a)
{
	struct radius_cursor c = radius_begin(a->packet.attrs);
	struct radius_attr at;
	lab.n_answers++;
	lab.answers[number]++;
	lab.status[number] = a->status;
	lab.code[number] = a->packet.code;
	lab.server[number] = a->server;
	snprintf(lab.name, sizeof(lab.name), "%s", a->server_name);
	lab.key_len = 0;
	while (a->status == ST_OK && radius_next(&c, &at))
		if (at.vendor == RADIUS_VENDOR_MICROSOFT)
			(void)!radius_reveal(a->secret, a->request_authenticator, at.value, lab.key, sizeof(lab.key), &lab.key_len);
	if (lab.also)
		lab.also(number);
}

static inline struct radius_request lab_request(uint64_t number, const char *group)
{
	static const uint8_t user[] = {RADIUS_USER_NAME, 6, 'n', 'e', 'm', 'o'};
	return (struct radius_request){.number = number, .group = group, .code = RADIUS_ACCESS_REQUEST,
				       .attrs = {user, sizeof(user)}, .done = lab_done};
}

static inline enum status lab_ask(uint64_t number, const char *group)
{
	struct radius_request q = lab_request(number, group);
	return radius_ask(lab.r, &q);
}

static inline enum status lab_account(uint64_t number, const char *group)
{
	struct radius_request q = lab_request(number, group);
	q.code = RADIUS_ACCOUNTING_REQUEST;
	q.event_ms = lab.now;
	return radius_ask(lab.r, &q);
}

/* Everything that is on its way arrives. */
static inline void lab_pump(void)
{
	for (bool any = true; any;) {
		any = false;
		for (size_t i = 0; i < SERVERS; i++)
			while (lab_serve(&lab.servers[i]))
				any = true;
		for (size_t i = lab.n_fds; i-- > 0;) {
			uint8_t byte;
			if (i < lab.n_fds && recv(lab.fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) {
				radius_on_readable(lab.r, lab.fds[i]);
				any = true;
			}
		}
	}
}

static inline void lab_step(uint64_t ms)
{
	uint64_t until = lab.now + ms;
	lab_pump();
	for (int i = 0; i < 200000 && lab.wake <= until; i++) {
		lab.now = lab.wake > lab.now ? lab.wake : lab.now;
		radius_on_time(lab.r);
		lab_pump();
	}
	lab.now = until;
}

/* ---- configuration --------------------------------------------------------------------------------- */

static inline struct radius_server_conf lab_conf(unsigned i)
{
	struct radius_server_conf c = {.auth_port = lab.servers[i].port, .acct_port = lab.servers[i].port,
				       .secret_len = sizeof(SECRET) - 1, .timeout_ms = 1000, .retransmit = 2, .dead_ms = 60000};
	c.name[0] = (char)('a' + i);
	memcpy(c.secret, SECRET, sizeof(SECRET) - 1);
	(void)!addr_parse("127.0.0.1", &c.addr);
	return c;
}

/* One group "g" of all of them. */
static inline enum status lab_set(const struct radius_server_conf *servers, uint8_t n, bool balances)
{
	struct radius_group_conf g = {.name = "g", .n_servers = n, .balances = balances};
	struct radius_conf c = {.servers = servers, .n_servers = n, .groups = &g, .n_groups = 1};
	for (uint8_t i = 0; i < n; i++)
		g.servers[i] = i;
	return radius_configure(lab.r, &c);
}

static inline enum status lab_set_default(uint8_t n)
{
	struct radius_server_conf c[SERVERS];
	for (uint8_t i = 0; i < n; i++)
		c[i] = lab_conf(i);
	return lab_set(c, n, false);
}

static inline void lab_begin(void)
{
	static const struct radius_ports ports = {.open = lab_open, .shut = lab_shut, .now_ms = lab_now, .wake_at = lab_wake,
						  .changed = lab_changed};
	memset(&lab, 0, sizeof(lab));
	lab.live = mem_live();
	lab.now = 1000000;
	lab.wake = TIMER_NEVER;
	for (size_t i = 0; i < SERVERS; i++) {
		uint16_t other;
		lab.servers[i].fd = lab_socket(4, &lab.servers[i].port);
		lab.servers[i].other_fd = lab_socket(4, &other);
	}
	lab.r = radius_new(&ports, &lab.stats);
	T_TRUE(lab.r != NULL);
}

static inline void lab_end(void)
{
	radius_free(lab.r);
	T_EQ(lab.n_fds, 0);
	T_EQ(mem_live(), lab.live);
	for (size_t i = 0; i < SERVERS; i++) {
		close(lab.servers[i].fd);
		close(lab.servers[i].other_fd);
		free(lab.servers[i].held);
		T_EQ(lab.servers[i].bad, 0);
	}
}

static inline struct radius_server_info lab_info(size_t n)
{
	struct radius_server_info i = {0};
	size_t cursor = 0;
	for (size_t k = 0; k <= n; k++)
		if (!radius_next_info(lab.r, &cursor, &i))
			t_fail(__FILE__, __LINE__, "there is no server %zu", n);
	return i;
}

/* Requests on their way to a server. */
static inline uint32_t lab_pending(size_t n)
{
	struct radius_server_info i = lab_info(n);
	return i.of_auth.open + i.of_acct.open;
}

static inline unsigned lab_id(const struct lab_request *q)
{
	return q->bytes[1];
}

#endif
