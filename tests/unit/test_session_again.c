/* State of the login that takes the place of a session: of which one, and through what it lives. */
#include "core/session/again.h"
#include "core/session/coa_change.h"
#include "core/wire/auth.h"
#include "tests/unit/coa_lab.h"
#include "tests/unit/session_lab.h"

#define NAME "anna@corp.example"

static const struct hash_key key = {3, 4};
static struct snapshot *conf;
static struct sessions *ss;
static uint64_t last_sa;

static struct snapshot *configuration(void)
{
	struct snapshot *c = lab_snapshot();

	lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1");
	lab_list(c, "LOCAL", "local");
	lab_authz(c, "RA");
	for (const char *name = "RA\0OTHER\0"; *name; name += strlen(name) + 1) {
		struct ike_profile *p = lab_profile(c, name, 1, NULL, NULL);
		p->group[AAA_EAP].list = lab_str(c, "LOCAL");
		p->group[AAA_EAP].username = lab_str(c, "RA");
	}
	return c;
}

static struct ike_question question(const char *profile, const char *remote, uint16_t port)
{
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = ++last_sa, .peer_method = AUTHM_EAP_SHOWN};

	snprintf(q.profile, sizeof(q.profile), "%s", profile);
	snprintf(q.user, sizeof(q.user), "anna");
	q.peer_id.type = 3;
	q.peer_id.len = (uint16_t)snprintf((char *)q.peer_id.bytes, sizeof(q.peer_id.bytes), NAME);
	q.local = (struct endpoint){0, lab_addr("192.0.2.1"), 4500};
	q.remote = (struct endpoint){0, lab_addr(remote), port};
	return q;
}

/* An Access-Accept that had State, a Session-Timeout and an action; len 0: it had none. */
static struct aaa_set *accepted(const char *state, bool reauth)
{
	struct aaa_set *set = aaa_set_new();

	if (!set)
		abort();
	set->timeout_s = 600;
	set->reauth = reauth;
	set->has = AAA_BIT(AV_TIMEOUT) | AAA_BIT(AV_REAUTH);
	aaa_attrs_keep_state(set, (struct view){(const uint8_t *)state, strlen(state)});
	return set;
}

static struct session *login(const struct ike_question *q, const char *state, bool reauth)
{
	static uint8_t random[10];
	struct aaa_set *set = accepted(state, reauth);
	struct session_ask ask = {.q = q, .wall_ms = 1700000000000 + q->sa, .random = random, .cached = set};
	struct ike_commit c = {.local = q->local, .remote = q->remote, .spi_in = (uint32_t)q->sa};
	struct ike_answer a;

	random[0]++;
	session_authorize(ss, &ask, &a);
	aaa_set_free(set);
	struct session *s = session_find_sa(ss, q->sa);
	if (a.status != ST_OK || !s)
		abort();
	c.session = s->ulid;
	session_up(ss, s, &c, 1700000000000);
	return s;
}

static void begin(void)
{
	conf = configuration();
	ss = sessions_new(conf, &key);
	if (!ss)
		abort();
}

static void finish(void)
{
	sessions_free(ss);
	snapshot_unref(conf);
}

static void is_state(struct view v, const char *want)
{
	T_EQ(v.len, strlen(want));
	T_TRUE(v.len == 0 || memcmp(v.p, want, v.len) == 0);
}

static void whose(void)
{
	static const struct {
		const char *name, *profile, *remote;
		uint16_t port;
		const char *said; /* by EAP */
		const char *want;
	} rows[] = {
		{"the same by the same way", "RA", "198.51.100.7", 4500, NULL, "ticket"},
		{"who says his name", "RA", "198.51.100.7", 4500, "anna", "ticket"},
		{"who says another name", "RA", "198.51.100.7", 4500, "bob", ""},
		{"by another port: another device behind one NAT", "RA", "198.51.100.7", 4501, NULL, ""},
		{"from elsewhere", "RA", "198.51.100.8", 4500, NULL, ""},
		{"in another profile", "OTHER", "198.51.100.7", 4500, NULL, ""},
	};

	begin();
	struct ike_question q = question("RA", "198.51.100.7", 4500);
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	struct session *s = login(&q, "ticket", true);
	T_DO(is_state(again_state(ss, &q, NULL), "")); /* it is its own */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		q = question(rows[i].profile, rows[i].remote, rows[i].port);
		T_DO(is_state(again_state(ss, &q, rows[i].said), rows[i].want));
	}
	q = question("RA", "198.51.100.7", 4500);
	q.remote.vrf = 3;
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	q.remote.vrf = 0;
	q.peer_id.bytes[0] = 'A';
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	q.peer_id.bytes[0] = 'a';
	s->we_are_initiator = true;
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	s->we_are_initiator = false;
	/* It waits for its client, who comes by the way of before. */
	session_wait(ss, s, 1700000001000);
	T_DO(is_state(again_state(ss, &q, NULL), "ticket"));
	finish();
}

/* Of an action that is another one there is no such login; of two sessions the newer counts, whatever it has. */
static void which(void)
{
	struct ike_question q;

	begin();
	q = question("RA", "198.51.100.7", 4500);
	(void)login(&q, "ticket", false);
	q = question("RA", "198.51.100.7", 4500);
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	struct session *s = login(&q, "first", true);
	q = question("RA", "198.51.100.7", 4500);
	T_DO(is_state(again_state(ss, &q, NULL), "first"));
	s->grant->session_reauth = false;
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	s->grant->session_reauth = true;
	s->grant->session_lifetime_s = 0;
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	s->grant->session_lifetime_s = 600;
	(void)login(&q, "", true);
	q = question("RA", "198.51.100.7", 4500);
	T_DO(is_state(again_state(ss, &q, NULL), ""));
	finish();
}

static void another_main(void)
{
	uint8_t rec[SESSION_FROZEN_MAX], again[SESSION_FROZEN_MAX];
	char state[AAA_STATE + 1] = {0};
	struct session *t;

	begin();
	memset(state, 's', AAA_STATE);
	struct ike_question q = question("RA", "198.51.100.7", 4500);
	size_t len = session_freeze(login(&q, state, true), rec, sizeof(rec));
	T_TRUE(len > 0);
	sessions_free(ss);
	ss = sessions_new(conf, &key);
	T_EQ(session_thaw(ss, (struct view){rec, len}, &t), ST_OK);
	T_EQ(session_freeze(t, again, sizeof(again)), len);
	T_MEM(rec, again, len);
	q = question("RA", "198.51.100.7", 4500);
	T_DO(is_state(again_state(ss, &q, NULL), state));
	finish();
}

/* A CoA-Request with State and the action takes the place of what was there; one without State leaves it. */
static void by_coa(void)
{
	static const struct {
		const char *state; /* NULL: none */
		uint32_t action;   /* 2: none */
		const char *want;
	} rows[] = {{NULL, 2, "old"}, {"new", 2, "old"}, {"new", 1, "new"}, {NULL, 1, "new"}, {NULL, 0, ""}, {"third", 0, ""}, {NULL, 1, "new"}};
	struct lab_request rq;
	struct radius_packet packet;
	struct coa_request request;
	struct coa_answer answer;
	struct coa_change change;

	begin();
	struct ike_question q = question("RA", "198.51.100.7", 4500);
	struct session *s = login(&q, "old", true);
	q = question("RA", "198.51.100.7", 4500);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].want);
		lab_open(&rq, RADIUS_COA_REQUEST, 1);
		lab_pair(&rq, "audit-session-id=x");
		radius_put_u32(&rq.w, RADIUS_SESSION_TIMEOUT, 900);
		if (rows[i].state)
			lab_text_attr(&rq, RADIUS_STATE, rows[i].state);
		if (rows[i].action < 2)
			radius_put_u32(&rq.w, RADIUS_TERMINATION_ACTION, rows[i].action);
		T_EQ(radius_parse(lab_close(&rq, lab_key), &packet), ST_OK);
		T_TRUE(coa_request_read(&packet, &request, &answer) && coa_change_prepare(conf, s, request.set, &change, &answer));
		coa_change_swap(s, &change);
		T_DO(is_state(again_state(ss, &q, NULL), rows[i].want));
		coa_change_fini(&change);
		coa_request_fini(&request);
	}
	finish();
}

int main(void)
{
	int64_t live = mem_live();

	T_RUN(whose);
	T_RUN(which);
	T_RUN(another_main);
	T_RUN(by_coa);
	if (mem_live() != live)
		printf("FAIL leak %lld\n", (long long)(mem_live() - live));
	return t_end() || mem_live() != live;
}
