/* A session that waits for its client: who waits, every clock of it at its very millisecond, the way back,
 * freeze and thaw; the token and its keys against values that another program made. */
#include "core/base/hash.h"
#include "core/session/assign.h"
#include "core/session/wait.h"
#include "tests/unit/session_lab.h"

#define START 1700000000000ull

static const struct hash_key key = {3, 4};

static struct snapshot *conf_with(uint32_t reconnect_s, uint32_t lifetime_s)
{
	struct snapshot *c = lab_snapshot();
	struct authz_policy *a = lab_authz(c, "RA");

	lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1");
	lab_list(c, "LOCAL", "local");
	lab_profile(c, "RA", 1, "LOCAL", "RA")->reconnect_s = reconnect_s;
	lab_pool4(c, "P", "10.99.0.10", "10.99.0.11");
	a->pool = lab_str(c, "P");
	a->session_lifetime_s = lifetime_s;
	return c;
}

static struct sessions *sessions_with(uint32_t reconnect_s, uint32_t lifetime_s)
{
	struct snapshot *c = conf_with(reconnect_s, lifetime_s);
	struct sessions *ss = sessions_new(c, &key);

	if (!ss)
		abort();
	snapshot_unref(c);
	return ss;
}

static struct ike_question question(enum ike_ask_kind kind, uint64_t sa)
{
	struct ike_question q = {.kind = kind, .sa = sa, .wants_ip4 = true};

	snprintf(q.profile, sizeof(q.profile), "RA");
	snprintf(q.user, sizeof(q.user), "anna");
	q.peer_id = (struct ike_id){.type = 3, .len = 8};
	memcpy(q.peer_id.bytes, "a@b.test", 8);
	q.local = (struct endpoint){0, lab_addr("192.0.2.1"), 4500};
	q.remote = (struct endpoint){0, lab_addr("198.51.100.7"), 4500};
	return q;
}

static struct session *login(struct sessions *ss, uint64_t sa)
{
	static uint8_t random[10];
	struct ike_question q = question(ASK_AUTHORIZE, sa);
	struct ike_answer a;
	struct ike_commit c = {.sa = sa, .local = q.local, .remote = q.remote, .spi_in = 7};

	random[0]++;
	session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = START, .random = random}, &a);
	if (a.status != ST_OK)
		abort();
	q = question(ASK_ADDRESS, sa);
	q.session = a.session;
	session_assign(ss, &q, &a);
	if (a.status != ST_OK)
		abort();
	struct session *s = session_find(ss, &q.session);
	s->has_token = true;
	memset(s->verifier, 0x5a, sizeof(s->verifier));
	session_up(ss, s, &c, START + 1000);
	return s;
}

static struct ike_question by_token(const struct session *s, uint64_t sa)
{
	struct ike_question q = question(ASK_AUTHORIZE, sa);
	char id[TOKEN_ID_TEXT];

	q.by_token = true;
	q.remote = (struct endpoint){0, lab_addr("203.0.113.5"), 1024};
	q.peer_id = (struct ike_id){.type = 11, .len = (uint16_t)token_id_put(&s->ulid, id)};
	memcpy(q.peer_id.bytes, id, q.peer_id.len);
	return q;
}

static void who_waits(void)
{
	static const enum status waits[] = {ST_END_DPD, ST_TIMEOUT, ST_END_IDLE, ST_END_CRASHED,
		ST_END_SHUTDOWN, ST_END_LOST, ST_ESP_SEQ_END};
	struct sessions *ss = sessions_with(600, 0);
	struct session *s = login(ss, 1);

	for (int st = 1; st < ST__MAX; st++) {
		bool does = false;
		for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
			does |= waits[i] == (enum status)st;
		T_ROW(st, status_token((enum status)st));
		T_EQ(session_waits(s, (enum status)st), does);
	}
	s->has_token = false; /* nobody could come back */
	T_TRUE(!session_waits(s, ST_END_DPD));
	s->has_token = true;
	s->we_are_initiator = true;
	T_TRUE(!session_waits(s, ST_END_DPD));
	s->we_are_initiator = false;
	s->reconnect_s = 0;
	T_TRUE(!session_waits(s, ST_END_DPD));
	sessions_free(ss);
	ss = sessions_with(0, 0);
	T_TRUE(!session_waits(login(ss, 1), ST_END_DPD));
	sessions_free(ss);
}

/* Who was asked to authenticate again: no token is an answer, silence is no excuse, and a new engine knows of it. */
static void asked_again(void)
{
	static uint8_t rec[SESSION_FROZEN_MAX];
	struct sessions *ss = sessions_with(600, 7200);
	struct session *s = login(ss, 1), *again;
	struct ike_question q = by_token(s, 2);
	enum status why;

	T_TRUE(session_of_token(ss, &q.peer_id, q.local.vrf, &why) == s);
	T_EQ(session_end_why(s, ST_END_DPD), ST_END_DPD);
	s->reauth_ms = START + 60000;
	s->grant->session_reauth = true;
	T_TRUE(session_of_token(ss, &q.peer_id, q.local.vrf, &why) == NULL);
	T_EQ(why, ST_RECONNECT_OVER);
	T_EQ(session_end_why(s, ST_END_DPD), ST_END_NOT_REAUTH);
	T_EQ(session_end_why(s, ST_END_CRASHED), ST_END_NOT_REAUTH);
	T_EQ(session_end_why(s, ST_END_ADMIN), ST_END_ADMIN);
	T_EQ(session_end_why(s, ST_END_REAUTH), ST_END_REAUTH);
	T_TRUE(!session_waits(s, ST_END_NOT_REAUTH) && session_waits(s, ST_END_DPD));
	session_wait(ss, s, START + 10000);
	T_EQ(session_due(s, START + 70000, 0), ST_OK); /* it has its address until its client logs in, or for its time */
	T_EQ(session_due(s, START + 610000, 0), ST_END_NOT_RESUMED);
	T_EQ(session_due(s, START + 7200000, 0), ST_END_NOT_REAUTH);
	size_t len = session_freeze(s, rec, sizeof(rec));
	struct sessions *other = sessions_with(600, 7200);
	T_EQ(session_thaw(other, (struct view){rec, len}, &again), ST_OK);
	T_TRUE(again->reauth_ms == START + 60000 && again->grant->session_reauth);
	sessions_free(ss);
	sessions_free(other);
}

/* Each clock, the moment before it and the moment itself. */
static void clocks(void)
{
	struct sessions *ss = sessions_with(600, 7200);
	struct session *s = login(ss, 1);

	T_EQ(session_due(s, START + 7199999, 0), ST_OK);
	T_EQ(session_due(s, START + 7200000, START + 7199999), ST_END_SESSION_TIMEOUT);
	T_EQ(session_life_left_ms(s, START + 7199999), 1);
	s->idle_timeout_s = 300; /* counts from when it came up, or its last data */
	T_EQ(session_due(s, START + 1000 + 299999, 0), ST_OK);
	T_EQ(session_due(s, START + 1000 + 300000, 0), ST_END_IDLE);
	T_EQ(session_due(s, START + 1000 + 300000, START + 2000), ST_OK);
	T_EQ(session_due(s, START + 2000 + 300000, START + 2000), ST_END_IDLE);
	T_EQ(session_inactive_ms(s, START + 9000, START + 2000), 7000);
	T_EQ(session_wait_left_ms(s, START + 9000), 600000);
	T_EQ(session_wait_left_ms(s, START + 7000000), 200000); /* no longer than it lives */
	session_wait(ss, s, START + 10000);
	T_EQ(session_due(s, START + 10000 + 599999, 0), ST_OK); /* without data, and not idle */
	T_EQ(session_due(s, START + 10000 + 600000, 0), ST_END_NOT_RESUMED);
	T_EQ(session_inactive_ms(s, START + 12000, 0), 2000);
	T_EQ(session_wait_left_ms(s, START + 12000), 598000);
	session_wait(ss, s, START + 20000); /* it goes on since then */
	T_EQ(session_due(s, START + 10000 + 600000, 0), ST_END_NOT_RESUMED);
	s->waiting_ms = START + 7100000;
	T_EQ(session_due(s, START + 7199999, 0), ST_OK);
	T_EQ(session_due(s, START + 7200000, 0), ST_END_SESSION_TIMEOUT); /* whatever its state */
	T_EQ(session_due(s, START - 5000, 0), ST_OK); /* a clock that went back */
	sessions_free(ss);
	ss = sessions_with(600, 0);
	T_EQ(session_life_left_ms(login(ss, 1), START + 1000000000), UINT64_MAX);
	sessions_free(ss);
}

/* What the policy says of waiting and of data counts in the place of what the profile says. */
static void policy_before_profile(void)
{
	static const struct {
		uint32_t profile_s, policy_s, idle_s, is_s;
	} rows[] = {{1800, 0, 0, 1800}, {1800, 600, 300, 600}, {60, 604800, 60, 604800}, {0, 600, 300, 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *c = conf_with(rows[i].profile_s, 0);
		struct authz_policy *a = (struct authz_policy *)(uintptr_t)snapshot_authz(c, "RA");
		a->disconnected_timeout_s = rows[i].policy_s;
		a->idle_timeout_s = rows[i].idle_s;
		struct sessions *ss = sessions_new(c, &key);
		struct session *s = login(ss, 1);
		T_ROW(i, "");
		T_EQ(s->reconnect_s, rows[i].is_s);
		T_EQ(s->idle_timeout_s, rows[i].idle_s);
		T_EQ(session_waits(s, ST_END_DPD), rows[i].is_s > 0);
		uint64_t last = START + 1000 + rows[i].idle_s * 1000ull;
		T_EQ(session_due(s, last - 1, 0), ST_OK);
		T_EQ(session_due(s, last, 0), rows[i].idle_s ? ST_END_IDLE : ST_OK);
		session_wait(ss, s, START + 10000);
		T_EQ(session_due(s, START + 10000 + rows[i].is_s * 1000ull, 0), ST_END_NOT_RESUMED);
		if (rows[i].is_s)
			T_EQ(session_due(s, START + 10000 + rows[i].is_s * 1000ull - 1, 0), ST_OK);
		sessions_free(ss);
		snapshot_unref(c);
	}
}

static void waits_with_all_it_has(void)
{
	struct sessions *ss = sessions_with(600, 7200);
	struct session *s = login(ss, 1);
	struct addr ip4 = s->grant->ip4;

	T_EQ(sessions_with_token(ss), 1);
	session_wait(ss, s, START + 10000);
	T_TRUE(s->state == SESSION_WAITING && s->sa == 0 && s->spi_in == 0 && s->index == 1);
	T_TRUE(session_find_sa(ss, 1) == NULL && session_find_sa(ss, 0) == NULL);
	T_EQ(sessions_up(ss), 0);
	T_EQ(sessions_waiting(ss), 1);
	T_EQ(sessions_with_token(ss), 0);
	T_EQ(sessions_count(ss), 1); /* R-SDB-07 */
	T_TRUE(session_find_addr(ss, "", &ip4) == s);
	struct session *other = login(ss, 2); /* the same identity: it has another address */
	T_TRUE(other && !addr_eq(&other->grant->ip4, &ip4));
	session_end(ss, s);
	T_EQ(sessions_waiting(ss), 0);
	T_TRUE(session_find_addr(ss, "", &ip4) == NULL);
	sessions_free(ss);
}

static void comes_back(void)
{
	struct sessions *ss = sessions_with(600, 7200);
	struct session *s = login(ss, 1);
	struct addr ip4 = s->grant->ip4;
	struct ike_question q = by_token(s, 5);
	struct ike_answer a;

	session_wait(ss, s, START + 10000);
	session_resume(ss, &q, START + 50000, &a);
	T_EQ(a.status, ST_OK);
	T_EQ(a.live_sa, 0);
	T_EQ(a.login_s, START / 1000);
	T_EQ(a.grant.tun, 1);
	T_STR(a.name, "anna");
	T_TRUE(a.peer_id.type == 3 && a.peer_id.len == 8);
	T_MEM(a.session.b, s->ulid.b, sizeof(s->ulid.b));
	T_TRUE(s->state == SESSION_WAITING && s->sa == 5 && session_find_sa(ss, 5) == s);
	T_EQ(s->waiting_ms, START + 10000);
	T_EQ(session_due(s, START + 10000 + 600000, 0), ST_OK); /* it is on its way */
	/* What is asked for does not matter: it has what it had. */
	struct ike_question ask = question(ASK_ADDRESS, 5);
	ask.session = s->ulid;
	ask.wants_ip4 = false;
	ask.wants_ip6 = true;
	session_assign(ss, &ask, &a);
	T_EQ(a.status, ST_OK);
	T_TRUE(addr_eq(&a.grant.ip4, &ip4) && a.grant.ip6.family == 0);
	/* The exchange came to nothing: it waits on, since then. */
	session_wait(ss, s, START + 60000);
	T_TRUE(s->sa == 0 && s->waiting_ms == START + 10000 && s->resumed == 0);
	session_resume(ss, &q, START + 70000, &a);
	struct ike_commit c = {.sa = 5, .local = q.local, .remote = q.remote, .spi_in = 9};
	session_up(ss, s, &c, START + 71000);
	T_TRUE(s->state == SESSION_UP && s->resumed == 1 && s->waiting_ms == 0 && s->up_ms == START + 71000);
	T_TRUE(endpoint_eq(&s->remote, &q.remote)); /* R-SDB-15 */
	s->idle_timeout_s = 300;
	T_EQ(session_due(s, START + 71000 + 299999, 0), ST_OK); /* R-SDB-13: timers begin anew */
	/* The client noticed first: its old SA is named, and no longer the session's. */
	q = by_token(s, 6);
	session_resume(ss, &q, START + 80000, &a);
	T_EQ(a.live_sa, 5);
	T_TRUE(session_find_sa(ss, 5) == NULL && session_find_sa(ss, 6) == s);
	T_EQ(s->waiting_ms, START + 80000);
	sessions_free(ss);
}

static void nobody_else(void)
{
	struct sessions *ss = sessions_with(600, 0);
	struct session *s = login(ss, 1);
	struct ike_question q = by_token(s, 5);
	struct ike_answer a;
	enum status why;

	T_TRUE(session_of_token(ss, &q.peer_id, 0, &why) == s && why == ST_OK);
	T_TRUE(session_of_token(ss, &q.peer_id, 3, &why) == NULL && why == ST_RECONNECT_OVER);
	s->has_token = false;
	T_TRUE(session_of_token(ss, &q.peer_id, 0, &why) == NULL && why == ST_RECONNECT_OVER);
	s->has_token = true;
	struct ike_id other = q.peer_id;
	other.bytes[other.len - 1] ^= 1;
	T_TRUE(session_of_token(ss, &other, 0, &why) == NULL);
	other = q.peer_id;
	other.len--;
	T_TRUE(session_of_token(ss, &other, 0, &why) == NULL && why == ST_RECONNECT_BAD);
	session_end(ss, s);
	T_TRUE(session_of_token(ss, &q.peer_id, 0, &why) == NULL && why == ST_RECONNECT_OVER);
	session_resume(ss, &q, START, &a); /* it ended between two questions */
	T_EQ(a.status, ST_RECONNECT_OVER);
	T_TRUE(a.detail[0] != '\0');
	sessions_free(ss);
}

static void freezes(void)
{
	struct sessions *ss = sessions_with(600, 7200), *tt = sessions_with(600, 7200);
	static uint8_t rec[SESSION_FROZEN_MAX], again[SESSION_FROZEN_MAX];
	struct session *s = login(ss, 1), *t;

	session_wait(ss, s, START + 10000);
	s->idle_timeout_s = 300;
	s->resumed = 4;
	s->carried = (struct session_totals){1, 2, 3, 4, 5};
	size_t len = session_freeze(s, rec, sizeof(rec));
	T_EQ(session_thaw(tt, (struct view){rec, len}, &t), ST_OK);
	T_EQ(session_freeze(t, again, sizeof(again)), len);
	T_MEM(rec, again, len);
	T_TRUE(t->state == SESSION_WAITING && t->waiting_ms == START + 10000 && t->has_token && t->resumed == 4);
	T_TRUE(t->idle_timeout_s == 300 && t->reconnect_s == 600 && t->carried.drops == 5 && t->index == 1);
	T_STR(t->user, "anna");
	T_MEM(t->verifier, s->verifier, sizeof(t->verifier));
	T_EQ(sessions_waiting(tt), 1);
	T_TRUE(session_find_sa(tt, 0) == NULL);
	sessions_free(ss);
	sessions_free(tt);
}

static void token_values(void)
{
	/* Made by Python's hmac: docs/reconnect.md with the token 00 01 02 ... */
	static const uint8_t want[3][32] = {
		{0xd6, 0xa9, 0x43, 0x94, 0x44, 0x0d, 0x54, 0xf8, 0x64, 0x5b, 0xc3,
			0x47, 0xeb, 0xf1, 0xd0, 0x5c, 0x52, 0x30, 0xe0, 0x8e, 0xbc, 0x45,
			0x31, 0xdf, 0x49, 0xdc, 0x55, 0x9d, 0xcb, 0xfb, 0x1d, 0x5f},
		{0xaa, 0xa3, 0x7f, 0x19, 0x25, 0x5e, 0x8c, 0x95, 0xae, 0x8f, 0xec,
			0xa1, 0xab, 0x1c, 0x6b, 0x6c, 0x2c, 0x90, 0x3d, 0x85, 0x2d, 0xd0,
			0xb6, 0x73, 0x0d, 0x30, 0x3d, 0xa5, 0x08, 0xa5, 0x00, 0x81},
		{0xda, 0xad, 0xe0, 0xe8, 0x6b, 0x5b, 0xc3, 0xb1, 0xe2, 0x5c, 0x25,
			0x81, 0x68, 0x75, 0xbb, 0xfd, 0xd2, 0x11, 0x54, 0xd9, 0x38, 0xfb,
			0x3c, 0xca, 0x6c, 0x83, 0xf2, 0x3a, 0x89, 0x30, 0x92, 0x93},
	};
	uint8_t token[IKE_SESSION_TOKEN], verifier[TOKEN_VERIFIER], out[TOKEN_KEY];
	struct ulid u;

	for (size_t i = 0; i < sizeof(token); i++)
		token[i] = (uint8_t)i;
	T_TRUE(ulid_parse("01HF7YAT000123456789ABCDEF", &u));
	token_verifier(token, &u, verifier);
	T_MEM(verifier, want[0], 32);
	token_key(verifier, true, out);
	T_MEM(out, want[1], 32);
	token_key(verifier, false, out);
	T_MEM(out, want[2], 32);
}

static void session_ids(void)
{
	static const struct {
		uint8_t type;
		const char *text;
		bool is_ours, is_read;
	} rows[] = {
		{11, "sallyport-session:01HF7YAT000123456789ABCDEF", true, true},
		{2, "sallyport-session:01HF7YAT000123456789ABCDEF", false, false}, /* a name */
		{11, "sallyport-session:01hf7yat000123456789abcdef", true, false}, /* other octets, other keys */
		{11, "sallyport-session:01HF7YAT000123456789ABCDEF0", true, false},
		{11, "sallyport-session:01HF7YAT000123456789ABCDE", true, false},
		{11, "sallyport-session:01HF7YAT000123456789ABCDE!", true, false},
		{11, "sallyport-session:", true, false},
		{11, "sallyport-sessio", false, false},
		{11, "", false, false},
		{11, "*$AnyConnectClient$*", false, false},
	};
	struct ulid u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_id id = {.type = rows[i].type, .len = (uint16_t)strlen(rows[i].text)};
		memcpy(id.bytes, rows[i].text, id.len);
		T_ROW(i, rows[i].text);
		T_EQ(token_id_is_ours(&id), rows[i].is_ours);
		T_EQ(token_id_read(&id, &u), rows[i].is_read);
	}
}

int main(void)
{
	T_RUN(who_waits);
	T_RUN(asked_again);
	T_RUN(clocks);
	T_RUN(policy_before_profile);
	T_RUN(waits_with_all_it_has);
	T_RUN(comes_back);
	T_RUN(nobody_else);
	T_RUN(freezes);
	T_RUN(token_values);
	T_RUN(session_ids);
	return t_end();
}
