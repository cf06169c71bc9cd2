/* The RADIUS client: requests as they must look, and servers that are silent, dead, and back. */
#include "tests/unit/radius_lab.h"

/* ---- what is sent ---------------------------------------------------------------------------------- */

static void a_login(void)
{
	struct radius_request q;
	struct lab_server *s = &lab.servers[0];
	struct radius_packet p;
	struct radius_attr a;
	struct addr own;
	uint8_t plain[RADIUS_PASSWORD_MAX];
	struct wr w = wr_init(plain, sizeof(plain));

	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	q = lab_request(1, "g");
	q.has_password = true;
	q.password = (struct view){(const uint8_t *)"arctangent", 10};
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	T_EQ(lab.n_answers, 0);
	lab_pump();
	T_TRUE(lab.answers[1] == 1 && lab.status[1] == ST_OK && lab.code[1] == RADIUS_ACCESS_ACCEPT);
	T_STR(lab.name, "a");
	T_TRUE(lab.server[1] != 0 && lab.key_len == 32 && memcmp(lab.key, "a key of thirty", 15) == 0);
	T_EQ(radius_parse((struct view){s->last.bytes, s->last.len}, &p), ST_OK);
	T_TRUE(radius_find(p.attrs, RADIUS_USER_NAME, &a) && a.value.len == 4);
	T_TRUE(radius_find(p.attrs, RADIUS_NAS_IP_ADDRESS, &a) && radius_ip4(&a, &own));
	T_EQ(own.b[0], 127);
	T_TRUE(radius_find(p.attrs, RADIUS_USER_PASSWORD, &a));
	T_EQ(radius_reveal_password(lab_secret, p.authenticator, a.value, &w), ST_OK);
	T_TRUE(w.len == 10 && memcmp(plain, "arctangent", 10) == 0);
	T_TRUE(!radius_find(p.attrs, RADIUS_ACCT_DELAY_TIME, &a));
	/* The next one is of another authenticator and identifier, and has no password. */
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_pump();
	T_TRUE(memcmp(s->first.bytes + 4, s->last.bytes + 4, 16) != 0 && lab_id(&s->first) != lab_id(&s->last));
	T_EQ(radius_parse((struct view){s->last.bytes, s->last.len}, &p), ST_OK);
	T_TRUE(!radius_find(p.attrs, RADIUS_USER_PASSWORD, &a));
	T_EQ(lab_info(0).auth.accepts, 2);
	T_EQ(lab_info(0).auth.requests, 2);
	T_EQ(lab_pending(0), 0);
	T_TRUE(lab_info(0).conf.secret[0] == 0 && lab_info(0).conf.secret_len == 0);
	T_EQ(lab.wake > lab.now, 1);
	T_DO(lab_end());
}

static void other_answers(void)
{
	static const struct {
		enum lab_mode mode;
		uint8_t code;
	} rows[] = {{REJECT, RADIUS_ACCESS_REJECT}, {CHALLENGE, RADIUS_ACCESS_CHALLENGE}, {GOOD, RADIUS_ACCESS_ACCEPT}};

	T_DO(lab_begin());
	T_EQ(lab_set_default(1), ST_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, "code");
		lab.servers[0].mode = rows[i].mode;
		T_EQ(lab_ask(i, "g"), ST_OK);
		lab_pump();
		T_TRUE(lab.status[i] == ST_OK && lab.code[i] == rows[i].code);
	}
	T_TRUE(lab_info(0).auth.rejects == 1 && lab_info(0).auth.challenges == 1 && lab_info(0).auth.responses == 3);
	T_DO(lab_end());
}

static unsigned delay_of(const struct lab_request *q)
{
	struct radius_packet p;
	struct radius_attr a;
	uint32_t s = UINT32_MAX;
	if (radius_parse((struct view){q->bytes, q->len}, &p) == ST_OK && radius_find(p.attrs, RADIUS_ACCT_DELAY_TIME, &a))
		(void)!radius_u32(&a, &s);
	return s;
}

/* Time that goes by makes another packet of it; whichever is answered, it is answered. */
static void accounting(void)
{
	struct radius_server_conf c;
	struct lab_server *s = &lab.servers[0];
	T_DO(lab_begin());
	c = lab_conf(0);
	c.timeout_ms = 2000;
	T_EQ(lab_set(&c, 1, false), ST_OK);
	T_EQ(lab_account(1, "g"), ST_OK);
	lab_pump();
	T_TRUE(lab.status[1] == ST_OK && lab.code[1] == RADIUS_ACCOUNTING_RESPONSE);
	T_EQ(delay_of(&s->last), 0);
	T_TRUE(lab_info(0).acct.requests == 1 && lab_info(0).acct.responses == 1 && lab_info(0).auth.requests == 0);
	s->mode = HOLD;
	s->seen = 0;
	T_EQ(lab_account(2, "g"), ST_OK);
	lab_step(2300);
	T_EQ(s->seen, 2);
	T_TRUE(delay_of(&s->first) == 0 && delay_of(&s->last) >= 1);
	T_TRUE(lab_id(&s->first) != lab_id(&s->last));
	T_TRUE(memcmp(s->first.bytes + 4, s->last.bytes + 4, 16) != 0);
	/* Late, to the first of the two. */
	lab.servers[0].mode = GOOD;
	s->n_held = 0;
	lab_reply(s, &s->first);
	lab_pump();
	T_TRUE(lab.answers[2] == 1 && lab.status[2] == ST_OK);
	/* The second answer finds nobody. */
	lab_reply(s, &s->last);
	lab_pump();
	T_EQ(lab_info(0).acct.dropped, 1);
	T_EQ(lab_info(0).acct.retransmits, 1);
	T_EQ(lab.answers[2], 1);
	T_DO(lab_end());
}

/* Less than a second later it says the same, so it is the same. */
static void accounting_at_once(void)
{
	struct radius_server_conf c;
	struct lab_server *s = &lab.servers[0];
	T_DO(lab_begin());
	c = lab_conf(0);
	c.timeout_ms = 100;
	s->mode = DEAF;
	T_EQ(lab_set(&c, 1, false), ST_OK);
	T_EQ(lab_account(1, "g"), ST_OK);
	lab_step(150);
	T_EQ(s->seen, 2);
	T_EQ(s->first.len, s->last.len);
	T_MEM(s->first.bytes, s->last.bytes, s->last.len);
	T_DO(lab_end());
}

/* RFC 5080 2.2.1: the same octets, later and later, never at the same distance. */
static void tries(void)
{
	static const uint32_t want[] = {2000, 4000, 8000, 16000, 16000};
	struct radius_server_conf c;
	struct lab_server *s = &lab.servers[0];
	uint64_t last;
	bool differs = false;
	T_DO(lab_begin());
	c = lab_conf(0);
	c.timeout_ms = 2000;
	c.retransmit = 5;
	s->mode = DEAF;
	T_EQ(lab_set(&c, 1, false), ST_OK);
	last = lab.now;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_pump();
	for (size_t i = 0; i < COUNT(want); i++) {
		unsigned seen = s->seen;
		while (s->seen == seen && lab.now < last + 60000)
			lab_step(1);
		T_ROW(i, "wait");
		uint64_t waited = lab.now - last;
		/* what was waited before is in it, and its chance with it */
		T_TRUE(waited * 10 >= want[i] * (i ? 7 : 9) && waited * 10 <= want[i] * (i < 3 ? 14 : 12));
		differs = differs || waited != want[i];
		last = lab.now;
		T_MEM(s->first.bytes, s->last.bytes, s->last.len);
	}
	t_row(-1, NULL);
	T_TRUE(differs);
	lab_step(20000);
	T_TRUE(s->seen == 6 && lab.answers[1] == 1 && lab.status[1] == ST_RADIUS_TIMEOUT);
	T_TRUE(lab_info(0).auth.retransmits == 5 && lab_info(0).auth.timeouts == 6 && lab_info(0).auth.requests == 1);
	T_DO(lab_end());
}

/* ---- servers that are silent ------------------------------------------------------------------------- */

static void failover(void)
{
	struct lab_server *a = &lab.servers[0], *b = &lab.servers[1];
	T_DO(lab_begin());
	T_EQ(lab_set_default(2), ST_OK);
	a->mode = DEAF;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_step(9000);
	T_TRUE(a->seen == 3 && b->seen == 1 && lab.status[1] == ST_OK);
	T_STR(lab.changed, "-a ");
	T_STR(lab.name, "b");
	T_TRUE(lab_info(0).is_dead && !lab_info(1).is_dead && lab_info(0).auth.deaths == 1);
	/* To b at once from now on, and accounting of a is another matter. */
	T_EQ(lab_ask(2, "g"), ST_OK);
	T_EQ(lab_account(3, "g"), ST_OK);
	lab_pump();
	T_TRUE(b->seen == 2 && lab.status[2] == ST_OK && a->seen == 4);
	lab_step(9000);
	T_TRUE(lab.status[3] == ST_OK && lab_info(0).acct.deaths == 1);
	T_STR(lab.changed, "-a ");
	T_TRUE(lab_info(0).dead_s >= 9);
	T_DO(lab_end());
}

/* After its rest one request tries it; the others go elsewhere until it answers. */
static void revival(void)
{
	struct lab_server *a = &lab.servers[0], *b = &lab.servers[1];
	T_DO(lab_begin());
	T_EQ(lab_set_default(2), ST_OK);
	a->mode = DEAF;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_step(9000);
	T_EQ(a->seen, 3);
	lab_step(61000);
	T_EQ(lab_ask(2, "g"), ST_OK);
	T_EQ(lab_ask(3, "g"), ST_OK);
	T_EQ(lab_ask(4, "g"), ST_OK);
	lab_pump();
	T_TRUE(a->seen == 4 && b->seen == 3 && lab.answers[2] == 0 && lab.answers[3] && lab.answers[4]);
	/* A try is enough to see that it is not back, when there is another. */
	lab_step(1200);
	T_TRUE(a->seen == 4 && lab.status[2] == ST_OK && lab.answers[2] == 1);
	lab_step(58000);
	T_EQ(lab_ask(5, "g"), ST_OK);
	lab_pump();
	T_EQ(a->seen, 4);
	lab_step(3000);
	a->mode = GOOD;
	T_EQ(lab_ask(6, "g"), ST_OK);
	T_EQ(lab_ask(7, "g"), ST_OK);
	lab_pump();
	T_STR(lab.changed, "-a +a ");
	T_EQ(a->seen, 5);
	T_EQ(lab_ask(8, "g"), ST_OK);
	lab_pump();
	T_TRUE(a->seen == 6 && !lab_info(0).is_dead && lab_info(0).auth.deaths == 1);
	T_DO(lab_end());
}

static void all_dead(void)
{
	T_DO(lab_begin());
	T_EQ(lab_set_default(2), ST_OK);
	lab.servers[0].mode = lab.servers[1].mode = DEAF;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_step(20000);
	T_TRUE(lab.answers[1] == 1 && lab.status[1] == ST_RADIUS_TIMEOUT);
	T_STR(lab.changed, "-a -b ");
	/* Both are tried all the same. */
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_step(20000);
	T_TRUE(lab.servers[0].seen == 6 && lab.servers[1].seen == 6 && lab.status[2] == ST_RADIUS_TIMEOUT);
	lab.servers[1].mode = GOOD;
	T_EQ(lab_ask(3, "g"), ST_OK);
	lab_step(20000);
	T_EQ(lab.status[3], ST_OK);
	T_STR(lab.changed, "-a -b +b ");
	T_DO(lab_end());
}

/* Who could ask somebody else does not wait for the dead: one request after a rest finds out, with one try. */
static void others_to_ask(void)
{
	struct radius_request q;
	unsigned seen;
	T_DO(lab_begin());
	T_EQ(lab_set_default(2), ST_OK);
	lab.servers[0].mode = lab.servers[1].mode = DEAF;
	q = lab_request(1, "g");
	q.has_other = true;
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_step(20000);
	T_TRUE(lab.answers[1] == 1 && lab.status[1] == ST_RADIUS_TIMEOUT);
	T_STR(lab.changed, "-a -b ");
	seen = lab.servers[0].seen + lab.servers[1].seen;
	T_EQ(seen, 6); /* alive, each had all its tries */
	q.number = 2;
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	T_EQ(lab.answers[2], 0); /* never from inside */
	lab_step(0);
	T_TRUE(lab.answers[2] == 1 && lab.status[2] == ST_RADIUS_TIMEOUT);
	T_EQ(lab.servers[0].seen + lab.servers[1].seen, seen);
	lab_step(70000);
	for (uint64_t n = 3; n <= 5; n++) {
		q.number = n;
		T_EQ(radius_ask(lab.r, &q), ST_OK);
	}
	lab_step(0);
	T_TRUE(lab.answers[5] == 1 && lab.answers[3] == 0); /* two servers, two requests that find out */
	lab_step(5000);
	T_TRUE(lab.answers[3] == 1 && lab.answers[4] == 1);
	T_EQ(lab.servers[0].seen + lab.servers[1].seen, seen + 2);
	lab_step(70000);
	lab.servers[1].mode = GOOD;
	q.number = 6;
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_step(5000);
	T_EQ(lab.status[6], ST_OK);
	T_STR(lab.changed, "-a -b +b ");
	T_DO(lab_end());
}

/* dead_ms 0: it rests for nobody. And one that answered others meanwhile is not dead. */
static void not_dead(void)
{
	struct radius_server_conf c[2];
	struct lab_server *a = &lab.servers[0];
	T_DO(lab_begin());
	c[0] = lab_conf(0);
	c[1] = lab_conf(1);
	c[0].dead_ms = 0;
	T_EQ(lab_set(c, 2, false), ST_OK);
	a->mode = DEAF;
	for (uint64_t n = 1; n <= 2; n++) {
		T_EQ(lab_ask(n, "g"), ST_OK);
		lab_step(9000);
		T_TRUE(a->seen == 3 * n && lab.status[n] == ST_OK);
	}
	T_STR(lab.changed, "");
	c[0].dead_ms = 1000;
	T_EQ(lab_set(c, 2, false), ST_OK);
	T_EQ(lab_ask(3, "g"), ST_OK);
	lab_step(2000);
	a->mode = GOOD;
	T_EQ(lab_ask(4, "g"), ST_OK);
	lab_pump();
	T_EQ(lab.status[4], ST_OK);
	a->mode = DEAF;
	lab_step(9000);
	T_EQ(lab.status[3], ST_OK);
	T_STR(lab.name, "b");
	T_STR(lab.changed, "");
	T_DO(lab_end());
}

/* Requests that their users give up early show it all the same. */
static void impatient(void)
{
	struct radius_request q;
	T_DO(lab_begin());
	T_EQ(lab_set_default(2), ST_OK);
	lab.servers[0].mode = DEAF;
	for (uint64_t n = 1; n <= 8; n++) {
		q = lab_request(n, "g");
		q.within_ms = 1500;
		T_EQ(radius_ask(lab.r, &q), ST_OK);
		lab_step(2000);
		T_EQ(lab.answers[n], 1);
		T_TRUE(lab.status[n] == (n <= 4 ? ST_RADIUS_TIMEOUT : ST_OK) || n == 4 || n == 5);
	}
	T_STR(lab.changed, "-a ");
	/* The end comes when it was said, not with the next try. */
	lab.servers[1].mode = DEAF;
	q = lab_request(20, "g");
	q.within_ms = 10;
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_step(9);
	T_EQ(lab.answers[20], 0);
	lab_step(1);
	T_TRUE(lab.answers[20] == 1 && lab.status[20] == ST_RADIUS_TIMEOUT);
	T_DO(lab_end());
}

static void probing(void)
{
	struct radius_server_conf c[2];
	struct lab_server *a = &lab.servers[0], *acct = &lab.servers[2];
	unsigned probes;
	T_DO(lab_begin());
	c[0] = lab_conf(0);
	c[1] = lab_conf(1);
	c[0].acct_port = acct->port;
	c[0].wants_probe = true;
	c[0].dead_ms = 10000;
	T_EQ(lab_set(c, 2, false), ST_OK);
	a->mode = acct->mode = DEAF;
	acct->is_acct = true;
	T_EQ(lab_ask(1, "g"), ST_OK);
	T_EQ(lab_account(2, "g"), ST_OK);
	lab_step(9000);
	T_TRUE(lab.status[1] == ST_OK && lab.status[2] == ST_OK && a->seen == 3 && acct->seen == 3 && lab_info(0).is_dead);
	/* However long it rests, no user's request goes there. */
	lab_step(100000);
	T_TRUE(a->probes >= 8 && a->probes <= 12 && acct->probes >= 8 && acct->probes <= 12 && a->seen == 3);
	T_EQ(lab_ask(3, "g"), ST_OK);
	lab_pump();
	T_TRUE(a->seen == 3 && lab.status[3] == ST_OK);
	/* An answer with a wrong proof does not bring it back. */
	a->mode = WRONG_PROOF;
	acct->mode = WRONG_SECRET;
	lab_step(15000);
	T_TRUE(lab_info(0).auth.bad_authenticators > 0 && lab_info(0).acct.bad_authenticators > 0);
	a->mode = UNSIGNED; /* RFC 5997 section 5: none is needed */
	lab_step(12000);
	a->mode = GOOD;
	T_STR(lab.changed, "-a "); /* as long as one of its services is */
	T_EQ(lab_ask(4, "g"), ST_OK);
	lab_pump();
	T_EQ(a->seen, 4);
	acct->mode = GOOD;
	lab_step(12000);
	T_TRUE(!lab_info(0).is_dead);
	T_STR(lab.changed, "-a +a ");
	probes = a->probes + acct->probes;
	lab_step(60000);
	T_EQ(a->probes + acct->probes, probes);
	T_EQ(a->bad + acct->bad, 0);
	T_DO(lab_end());
}

/* ---- groups ----------------------------------------------------------------------------------------- */

static void balanced(void)
{
	struct radius_server_conf c[3];
	T_DO(lab_begin());
	for (unsigned i = 0; i < 3; i++)
		c[i] = lab_conf(i);
	T_EQ(lab_set(c, 3, true), ST_OK);
	for (uint64_t n = 0; n < 30; n++)
		T_EQ(lab_ask(n, "g"), ST_OK);
	lab_pump();
	for (size_t i = 0; i < 3; i++)
		T_EQ(lab.servers[i].seen, 10);
	/* A conversation stays where it is. */
	struct radius_request q = lab_request(100, "g");
	for (uint64_t n = 100; n < 110; n++) {
		q.number = n;
		T_EQ(radius_ask(lab.r, &q), ST_OK);
		lab_pump();
		q.server = lab.server[n];
	}
	T_TRUE(lab.servers[0].seen + lab.servers[1].seen + lab.servers[2].seen == 40);
	T_TRUE(lab.servers[0].seen == 20 || lab.servers[1].seen == 20 || lab.servers[2].seen == 20);
	/* Unless its server does not answer any more. */
	for (unsigned i = 0; i < 3; i++)
		lab.servers[i].mode = lab.servers[i].seen == 20 ? DEAF : GOOD;
	q.number = 200;
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_step(9000);
	T_TRUE(lab.status[200] == ST_OK && lab.server[200] != q.server);
	q.number = 201;
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_pump();
	T_EQ(lab.status[201], ST_OK);
	T_DO(lab_end());
}

/* Sticks to the second of a group whose first is alive. */
static void conversation(void)
{
	struct radius_request q;
	T_DO(lab_begin());
	T_EQ(lab_set_default(2), ST_OK);
	lab.servers[0].mode = DEAF;
	T_EQ(lab_ask(1, "g"), ST_OK);
	lab_step(9000);
	lab.servers[0].mode = GOOD;
	lab_step(70000);
	T_EQ(lab_ask(2, "g"), ST_OK);
	lab_pump();
	T_STR(lab.name, "a");
	q = lab_request(3, "g");
	q.server = lab.server[1];
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_pump();
	T_STR(lab.name, "b");
	q.number = 4;
	q.server = 999; /* long gone */
	T_EQ(radius_ask(lab.r, &q), ST_OK);
	lab_pump();
	T_STR(lab.name, "a");
	T_DO(lab_end());
}

static void nobody(void)
{
	struct radius_server_conf c;
	T_DO(lab_begin());
	T_EQ(lab_ask(1, "g"), ST_OK); /* not configured at all */
	T_EQ(lab.answers[1], 0);
	lab_step(0);
	T_TRUE(lab.answers[1] == 1 && lab.status[1] == ST_RADIUS_NONE);
	c = lab_conf(0);
	c.acct_port = 0;
	T_EQ(lab_set(&c, 1, false), ST_OK);
	T_EQ(lab_ask(2, "other"), ST_OK);
	T_EQ(lab_account(3, "g"), ST_OK); /* it has no such service */
	lab_step(0);
	T_TRUE(lab.status[2] == ST_RADIUS_NONE && lab.status[3] == ST_RADIUS_NONE && lab.servers[0].seen == 0);
	T_DO(lab_end());
}

int main(void)
{
	T_RUN(a_login);
	T_RUN(other_answers);
	T_RUN(accounting);
	T_RUN(accounting_at_once);
	T_RUN(tries);
	T_RUN(failover);
	T_RUN(revival);
	T_RUN(all_dead);
	T_RUN(others_to_ask);
	T_RUN(not_dead);
	T_RUN(impatient);
	T_RUN(probing);
	T_RUN(balanced);
	T_RUN(conversation);
	T_RUN(nobody);
	return t_end();
}
