/* The RADIUS client beside servers that lie, identifiers in great numbers, configurations that change meanwhile, and a
 * world that refuses. */
#include "tests/unit/radius_lab.h"

/* ---- answers that prove nothing ------------------------------------------------------------------------ */

static uint64_t counted(const struct radius_counts *c, const char *which)
{
	return !strcmp(which, "malformed") ? c->malformed :
	       !strcmp(which, "bad")       ? c->bad_authenticators :
	       !strcmp(which, "unknown")   ? c->unknown :
					     c->dropped;
}

static void lies(void)
{
	static const struct {
		const char *name;
		enum lab_mode mode;
		const char *counter;
		bool of_accounting_too;
	} rows[] = {
		{"no Message-Authenticator", UNSIGNED, "bad", false},
		{"none, with EAP", UNSIGNED_EAP, "bad", false},
		{"Message-Authenticator wrong", WRONG_PROOF, "bad", false},
		{"two of them", TWO_PROOFS, "bad", false},
		{"another secret", WRONG_SECRET, "bad", true},
		{"a Proxy-State of nobody", PROXY_STATE, "dropped", true},
		{"a code that answers nothing", WRONG_CODE, "unknown", true},
		{"cut short", SHORT, "malformed", true},
		{"another identifier", WRONG_ID, "dropped", true},
		{"another sender", OTHER_SOURCE, "dropped", true},
	};
	uint64_t number = 0;

	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int is_acct = 0; is_acct <= rows[i].of_accounting_too; is_acct++) {
			struct radius_server_info before = lab_info(0), after;
			uint64_t drops = lab.stats.status[ST_RADIUS_REPLY];
			T_ROW(i, rows[i].name);
			number++;
			lab.servers[0].mode = rows[i].mode;
			T_EQ(is_acct ? lab_account(number, "g") : lab_ask(number, "g"), ST_OK);
			lab_pump();
			T_EQ(lab.answers[number], 0);
			after = lab_info(0);
			T_EQ(counted(is_acct ? &after.acct : &after.auth, rows[i].counter),
			     counted(is_acct ? &before.acct : &before.auth, rows[i].counter) + 1);
			T_EQ(lab.stats.status[ST_RADIUS_REPLY], drops + 1);
			/* The right one is still waited for. */
			lab.servers[0].mode = GOOD;
			lab_reply(&lab.servers[0], &lab.servers[0].last);
			lab_pump();
			T_TRUE(lab.answers[number] == 1 && lab.status[number] == ST_OK);
		}
	}
	T_DO(lab_end());
}

/* Who waited in vain learns whether there was an answer of any kind. */
static void nothing_but_lies(void)
{
	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	for (uint64_t n = 0; n < 3; n++) {
		struct radius_request q = lab_request(n, "g");
		q.within_ms = n == 1 ? 1500 : 0;
		lab.servers[0].mode = n < 2 ? WRONG_SECRET : DEAF;
		T_EQ(radius_ask(lab.r, &q), ST_OK);
		lab_step(9000);
		T_ROW(n, "request");
		T_EQ(lab.status[n], n < 2 ? ST_RADIUS_REPLY : ST_RADIUS_TIMEOUT);
	}
	/* That is no life. */
	T_TRUE(lab_info(0).is_dead);
	T_DO(lab_end());
}

/* A server that is trusted without proof, but not with EAP; and a Proxy-State that is ours. */
static void trusted(void)
{
	static const uint8_t attrs[] = {RADIUS_PROXY_STATE, 5, 'o', 'w', 'n'};
	struct radius_server_conf c;
	struct radius_request q;
	T_DO(lab_begin());
	c = lab_conf(0);
	c.trusts_unsigned = true;
	T_EQ(lab_set(&c, 1, false), ST_OK);
	lab.servers[0].mode = UNSIGNED;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.answers[1], 1);
	lab.servers[0].mode = UNSIGNED_EAP;
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.answers[2], 0);
	lab.servers[0].mode = WRONG_PROOF;
	T_EQ(lab_ask(3, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.answers[3], 0);
	lab.servers[0].mode = OWN_PROXY;
	q = lab_request(4, "g");
	q.attrs = (struct view){attrs, sizeof(attrs)};
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_pump();
	T_EQ(lab.answers[4], 1);
	T_DO(lab_end());
}

/* ---- identifiers --------------------------------------------------------------------------------------- */

static int by_source(const void *x, const void *y)
{
	const struct lab_request *a = x, *b = y;
	int d = memcmp(&a->from, &b->from, sizeof(struct sockaddr_in));
	return d ? d : (int)a->bytes[1] - (int)b->bytes[1];
}

static void a_thousand(void)
{
	struct lab_server *s = &lab.servers[0];
	unsigned sources = 1;
	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	s->mode = HOLD;
	for (uint64_t n = 0; n < 1000; n++) {
		T_EQ(lab_ask(n, "g"), ST_OK);
		lab_pump();
	}
	T_TRUE(s->n_held == 1000 && lab_pending(0) == 1000 && lab.n_fds == 4);
	T_EQ(lab_ask(7, "g"), ST_EXISTS);
	qsort(s->held, s->n_held, sizeof(s->held[0]), by_source);
	for (size_t i = 1; i < s->n_held; i++) {
		T_TRUE(by_source(&s->held[i - 1], &s->held[i]) != 0);
		sources += memcmp(&s->held[i - 1].from, &s->held[i].from, sizeof(struct sockaddr_in)) != 0;
	}
	T_EQ(sources, 4);
	lab_let_go(s);
	lab_pump();
	T_EQ(lab.n_answers, 1000);
	for (uint64_t n = 0; n < 1000; n++)
		T_TRUE(lab.answers[n] == 1 && lab.status[n] == ST_OK);
	/* Idle sockets go, and the next one has another port. */
	lab_step(130000);
	T_EQ(lab.n_fds, 0);
	T_EQ(lab.wake, TIMER_NEVER);
	s->mode = GOOD;
	T_EQ(lab_ask(2000, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.answers[2000], 1);
	T_DO(lab_end());
}

/* A socket whose answers do not end does not hold up the loop. */
static void bounded_turns(void)
{
	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	lab.servers[0].mode = HOLD;
	for (uint64_t n = 0; n < 200; n++)
		T_EQ(lab_ask(n, "g"), ST_OK);
	lab_pump();
	lab_let_go(&lab.servers[0]);
	radius_on_readable(lab.r, lab.fds[0]);
	T_EQ(lab.n_answers, RADIUS_TURN);
	radius_on_readable(lab.r, 9999); /* nobody's */
	lab_pump();
	T_EQ(lab.n_answers, 200);
	T_DO(lab_end());
}

static void limits(void)
{
	static uint8_t attrs[RADIUS_MAX];
	struct radius_request q;
	uint64_t n = 0;
	enum status st;
	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	lab.servers[0].mode = DEAF;
	for (; n < RADIUS_OPEN_MAX; n++)
		T_EQ(lab_ask(n, "g"), ST_OK);
	T_EQ(lab_ask(n, "g"), ST_LIMIT);
	lab_step(10000);
	T_EQ(lab.n_answers, RADIUS_OPEN_MAX);
	T_TRUE(lab_pending(0) == 0 && lab.most_fds == RADIUS_OPEN_MAX / 256);
	/* Attributes that fill a packet. */
	for (size_t at = 0; at < sizeof(attrs); at += 128) {
		attrs[at] = RADIUS_CLASS;
		attrs[at + 1] = 128;
	}
	memset(lab.answers, 0, sizeof(lab.answers));
	q = lab_request(0, "g");
	q.attrs = (struct view){attrs, 30 * 128};
	for (n = 0; (st = radius_ask(lab.r, &q)) == ST_OK && n < RADIUS_OPEN_MAX; n++)
		q.number++;
	T_TRUE(st == ST_LIMIT && n > 3500 && n < 4400);
	lab_step(10000);
	q.attrs.len = RADIUS_MAX - 128;
	T_EQ(radius_ask(lab.r, &q), ST_LIMIT);
	q.attrs.len = 128;
	q.password = (struct view){attrs, RADIUS_PASSWORD_MAX + 1};
	T_EQ(radius_ask(lab.r, &q), ST_LIMIT);
	T_DO(lab_end());
}

/* An identifier that had no answer rests, and what comes late finds nobody. */
static void late(void)
{
	struct lab_server *s = &lab.servers[0];
	struct lab_request first;
	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	s->mode = DEAF;
	T_EQ(lab_ask(0, "g"), ST_OK);
	lab_step(9000);
	T_EQ(lab.status[0], ST_RADIUS_TIMEOUT);
	first = s->last;
	s->mode = GOOD;
	lab_reply(s, &first);
	lab_pump();
	T_TRUE(lab_info(0).auth.dropped == 1 && lab.answers[0] == 1);
	/* All others are used, and the first of them again. */
	for (uint64_t n = 1; n <= 256; n++) {
		T_EQ(lab_ask(n, "g"), ST_OK);
		lab_pump();
		T_TRUE(lab_id(&s->last) != lab_id(&first));
	}
	lab_step(31000);
	for (uint64_t n = 300; n < 555; n++) {
		T_EQ(lab_ask(n, "g"), ST_OK);
		lab_pump();
	}
	T_EQ(lab_id(&s->last), lab_id(&first));
	T_TRUE(memcmp(&s->last.from, &first.from, sizeof(struct sockaddr_in)) == 0);
	/* The answer to the old request is none to the new one. */
	s->mode = DEAF;
	for (uint64_t n = 600; n < 856; n++)
		T_EQ(lab_ask(n, "g"), ST_OK);
	lab_pump();
	s->mode = GOOD;
	lab_reply(s, &first);
	lab_pump();
	T_EQ(lab_info(0).auth.bad_authenticators, 1);
	T_DO(lab_end());
}

/* ---- meanwhile ------------------------------------------------------------------------------------------- */

static void ask_again(uint64_t number)
{
	if (number < 50)
		(void)!lab_ask(number + 1, "g");
	radius_cancel(lab.r, number + 1000);
	radius_cancel(lab.r, number);
}

/* Whoever is told of an answer asks and cancels at once. */
static void from_inside(void)
{
	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	lab.also = ask_again;
	lab.servers[0].mode = HOLD;
	for (uint64_t n = 1001; n < 1050; n++)
		T_EQ(lab_ask(n, "g"), ST_OK);
	lab_pump();
	lab.servers[0].mode = GOOD;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.n_answers, 50);
	lab_let_go(&lab.servers[0]);
	lab_pump();
	T_TRUE(lab.n_answers == 50 && lab_info(0).auth.dropped == 49);
	/* At the end of their time as well. */
	lab.servers[0].mode = DEAF;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_step(600000);
	T_TRUE(lab.n_answers == 100 && lab_pending(0) == 0);
	T_DO(lab_end());
}

static void cancelled(void)
{
	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	lab.servers[0].mode = HOLD;
	T_EQ(lab_ask(1, "g"), ST_OK);
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_pump();
	radius_cancel(lab.r, 1);
	radius_cancel(lab.r, 1);
	radius_cancel(lab.r, 77);
	lab_let_go(&lab.servers[0]);
	lab_pump();
	T_TRUE(lab.answers[1] == 0 && lab.answers[2] == 1 && lab_info(0).auth.dropped == 1);
	/* Open when all ends: without a word. */
	T_EQ(lab_ask(3, "g"), ST_OK);
	T_DO(lab_end());
	T_EQ(lab.answers[3], 0);
}

static void reconfigured(void)
{
	struct radius_server_conf c[2];
	struct lab_server *a = &lab.servers[0], *b = &lab.servers[1];
	T_DO(lab_begin());
	c[0] = lab_conf(0);
	T_EQ(lab_set(c, 1, false), ST_OK);
	a->mode = HOLD;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_pump();
	/* It is still there, at another place: on its way it stays, and its counts do. */
	c[1] = lab_conf(0);
	c[0] = lab_conf(1);
	T_EQ(lab_set(c, 2, false), ST_OK);
	lab_let_go(a);
	lab_pump();
	T_TRUE(lab.status[1] == ST_OK && lab.answers[1] == 1 && b->seen == 0);
	T_EQ(lab_info(1).auth.accepts, 1);
	/* Its secret changes, so it is another; who asked the old one asks what is first now. */
	T_EQ(lab_set(c + 1, 1, false), ST_OK);
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_pump();
	c[1].secret_len--;
	T_EQ(lab_set(c, 2, false), ST_OK);
	T_EQ(lab.answers[2], 0);
	lab_step(0);
	T_TRUE(lab.status[2] == ST_OK && b->seen == 1);
	lab_let_go(a);
	lab_pump();
	T_EQ(lab.answers[2], 1);
	/* One that was tried in vain is tried again when its configuration is another. */
	c[1] = lab_conf(0);
	T_EQ(lab_set(c, 2, false), ST_OK);
	a->mode = b->mode = DEAF;
	T_EQ(lab_ask(4, "g"), ST_OK);
	lab_step(9000);
	T_EQ(lab.answers[4], 0);
	b->mode = GOOD;
	T_EQ(lab_set(c, 1, false), ST_OK);
	lab_step(0);
	T_TRUE(lab.answers[4] == 1 && lab.status[4] == ST_OK);
	/* Nothing is left. */
	b->mode = DEAF;
	T_EQ(lab_ask(3, "g"), ST_OK);
	lab_pump();
	T_EQ(radius_configure(lab.r, &(struct radius_conf){0}), ST_OK);
	T_EQ(lab.n_fds, 0);
	lab_step(0);
	T_TRUE(lab.answers[3] == 1 && lab.status[3] == ST_RADIUS_NONE);
	T_DO(lab_end());
}

/* Two with equal contents are one, and what cannot be leaves all as it was. */
static void wrong_configurations(void)
{
	static struct radius_server_conf many[RADIUS_SERVERS_MAX + 1];
	static struct radius_group_conf groups[RADIUS_GROUPS_MAX + 1];
	struct radius_server_conf c[2];
	size_t cursor = 0;
	struct radius_server_info i;
	T_DO(lab_begin());
	c[0] = c[1] = lab_conf(0);
	T_EQ(lab_set(c, 2, false), ST_OK);
	(void)lab_info(0);
	cursor = 1;
	T_TRUE(!radius_next_info(lab.r, &cursor, &i));
	lab.servers[0].mode = HOLD;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_pump();
	T_EQ(radius_configure(lab.r, &(struct radius_conf){.servers = many, .n_servers = RADIUS_SERVERS_MAX + 1}), ST_LIMIT);
	T_EQ(radius_configure(lab.r, &(struct radius_conf){.groups = groups, .n_groups = RADIUS_GROUPS_MAX + 1}), ST_LIMIT);
	groups[0].n_servers = 1;
	T_EQ(radius_configure(lab.r, &(struct radius_conf){.groups = groups, .n_groups = 1}), ST_CONFIG);
	groups[0].n_servers = RADIUS_GROUP_SIZE + 1;
	T_EQ(radius_configure(lab.r, &(struct radius_conf){.servers = c, .n_servers = 1, .groups = groups, .n_groups = 1}), ST_LIMIT);
	c[1] = lab_conf(1);
	c[1].secret_len = RADIUS_SECRET_MAX + 1;
	T_EQ(radius_configure(lab.r, &(struct radius_conf){.servers = c, .n_servers = 2}), ST_LIMIT);
	lab_let_go(&lab.servers[0]);
	lab_pump();
	T_EQ(lab.status[1], ST_OK);
	T_DO(lab_end());
}

/* ---- what the world refuses ------------------------------------------------------------------------------- */

/* IPv6, and addresses that are chosen. */
static void addresses(void)
{
	struct radius_server_conf c = {0};
	struct radius_packet p;
	struct radius_attr a;
	struct addr own;
	T_DO(lab_begin());
	close(lab.servers[0].fd);
	lab.servers[0].fd = lab_socket(6, &lab.servers[0].port);
	c = lab_conf(0);
	T_EQ(addr_parse("::1", &c.addr), ST_OK);
	T_EQ(lab_set(&c, 1, false), ST_OK);
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.status[1], ST_OK);
	T_EQ(radius_parse((struct view){lab.servers[0].last.bytes, lab.servers[0].last.len}, &p), ST_OK);
	T_TRUE(radius_find(p.attrs, RADIUS_NAS_IPV6_ADDRESS, &a) && radius_ip6(&a, &own) && own.b[15] == 1);
	T_TRUE(!radius_find(p.attrs, RADIUS_NAS_IP_ADDRESS, &a));
	c = lab_conf(1);
	T_EQ(addr_parse("127.1.2.3", &c.source), ST_OK);
	T_EQ(lab_set(&c, 1, false), ST_OK);
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.status[2], ST_OK);
	T_EQ(radius_parse((struct view){lab.servers[1].last.bytes, lab.servers[1].last.len}, &p), ST_OK);
	T_TRUE(radius_find(p.attrs, RADIUS_NAS_IP_ADDRESS, &a) && radius_ip4(&a, &own) && addr_eq(&own, &c.source));
	T_MEM(&((struct sockaddr_in *)&lab.servers[1].last.from)->sin_addr, c.source.b, 4);
	T_DO(lab_end());
}

static void no_socket(void)
{
	T_DO(lab_begin());
	T_EQ(lab_set_default(2), ST_OK);
	lab.open_says = ST_IO;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_step(0);
	T_TRUE(lab.answers[1] == 1 && lab.status[1] == ST_RADIUS_TIMEOUT);
	lab.open_says = ST_OK;
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_pump();
	T_TRUE(lab.status[2] == ST_OK && lab_info(0).auth.requests == 1);
	T_DO(lab_end());
}

/* Each allocation fails once: that request ends with a word, or was never taken; nothing else happens. */
static void out_of_memory(void)
{
	static const struct radius_ports ports = {.wake_at = lab_wake, .now_ms = lab_now};
	unsigned failed = 0;
	for (uint64_t nth = 1; nth <= 2; nth++) {
		mem_fail_at(nth);
		T_TRUE(radius_new(&ports, NULL) == NULL);
		mem_fail_at(0);
	}
	radius_free(NULL);
	T_DO(lab_begin());
	for (uint64_t nth = 1;; nth++) {
		T_ROW(nth, "allocation of a configuration");
		mem_fail_at(nth);
		enum status st = lab_set_default(3);
		mem_fail_at(0);
		if (st == ST_OK)
			break;
		T_EQ(st, ST_NOMEM);
		size_t cursor = 0;
		struct radius_server_info i;
		T_TRUE(!radius_next_info(lab.r, &cursor, &i));
	}
	for (uint64_t nth = 1; nth <= 8; nth++) {
		T_ROW(nth, "allocation of a request");
		T_EQ(lab_set_default(2), ST_OK);
		mem_fail_at(nth);
		enum status st = nth % 2 ? lab_account(nth, "g") : lab_ask(nth, "g");
		lab_pump();
		mem_fail_at(0);
		lab_step(0);
		T_TRUE(st == ST_OK || st == ST_NOMEM);
		T_EQ(lab.answers[nth], st == ST_OK);
		T_TRUE(st != ST_OK || lab.status[nth] == ST_OK || lab.status[nth] == ST_NOMEM);
		failed += st == ST_NOMEM || lab.status[nth] == ST_NOMEM;
		/* Without sockets and servers of before, so that each request allocates all. */
		T_EQ(radius_configure(lab.r, &(struct radius_conf){0}), ST_OK);
	}
	t_row(-1, NULL);
	T_TRUE(failed >= 4);
	T_DO(lab_end());
}

/* Memory that fails later: what was there goes once more, and another server is asked. */
static void out_of_memory_later(void)
{
	struct radius_server_conf c[2];
	for (uint64_t nth = 1; nth <= 8; nth++) {
		T_ROW(nth, "allocation");
		T_DO(lab_begin());
		c[0] = lab_conf(0);
		c[1] = lab_conf(1);
		c[0].wants_probe = true;
		T_EQ(lab_set(c, 2, false), ST_OK);
		lab.servers[0].mode = lab.servers[1].mode = DEAF;
		T_EQ(lab_account(1, "g"), ST_OK);
		T_EQ(lab_ask(2, "g"), ST_OK);
		lab_pump();
		mem_fail_at(nth);
		lab_step(60000);
		mem_fail_at(0);
		T_TRUE(lab.answers[1] == 1 && lab.answers[2] == 1);
		T_TRUE(lab.status[1] == ST_RADIUS_TIMEOUT || lab.status[1] == ST_NOMEM);
		T_TRUE(lab.status[2] == ST_RADIUS_TIMEOUT || lab.status[2] == ST_NOMEM);
		T_DO(lab_end());
	}
}

int main(void)
{
	T_RUN(lies);
	T_RUN(nothing_but_lies);
	T_RUN(trusted);
	T_RUN(a_thousand);
	T_RUN(bounded_turns);
	T_RUN(limits);
	T_RUN(late);
	T_RUN(from_inside);
	T_RUN(cancelled);
	T_RUN(reconfigured);
	T_RUN(wrong_configurations);
	T_RUN(addresses);
	T_RUN(no_socket);
	T_RUN(out_of_memory);
	T_RUN(out_of_memory_later);
	return t_end();
}
