/* When the store is asked how much users have used: all in turn, at most so many in a second, each once at a time. The clock
 * and the store are of this test; what follows a limit that is passed is not asked for. */
#include "cmd/wire_lua.h"
#include "cmd/wire_policy.h"
#include "cmd/wire_quota.h"
#include "cmd/wire_session.h"
#include "db/usage.h"
#include "modules/loop/loop.h"
#include "tests/unit/conf_lib.h"

#define MANY     2500 /* more than are asked about before the first is due again */
#define AT_ONCE  200
#define AGAIN_S  10
#define CONF                                                     \
	"aaa new-model\naaa authorization network LOCAL local\n" \
	"crypto ikev2 authorization policy P\n sallyport quota total 1 gigabytes per day\n" \
	"crypto ikev2 profile P\n match identity remote any\n authentication local pre-share\n" \
	" authentication remote pre-share key k\n aaa authorization group psk list LOCAL P\n virtual-template 1\n" \
	"interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile default\n"

/* ---- the world that is not ------------------------------------------------------------------------- */

static struct {
	uint64_t seconds;
	struct wire w;
	struct snapshot *conf;
	uint64_t open[MANY]; /* numbers of the questions without an answer */
	size_t n_open, in_second;
	uint32_t asked[MANY]; /* how often, by session */
	char ulid[MANY][ULID_TEXT];
} lab;

uint64_t loop_now_ms(void)
{
	return 1000000 + lab.seconds * 1000;
}

int64_t loop_wall_ms(void)
{
	return 1700000000000 + (int64_t)lab.seconds * 1000;
}

enum status store_usage(struct store *s, uint64_t number, const struct store_usage_ask *ask)
{
	if (lab.n_open == MANY)
		return ST_NOMEM;
	for (size_t i = 0; i < MANY; i++)
		lab.asked[i] += strcmp(lab.ulid[i], ask->session) == 0;
	lab.open[lab.n_open++] = number;
	lab.in_second++;
	return ST_OK;
}

static void answer_all(enum status st)
{
	struct store_usage u = {.begin_ms = quota_begin_ms(QUOTA_DAY, (uint64_t)loop_wall_ms())};
	while (lab.n_open)
		wire_quota_on_store(&lab.w, lab.open[--lab.n_open], st, &u);
}

struct session_totals wire_session_totals(void *ctx, const struct session *s)
{
	return (struct session_totals){0};
}

void wire_session_finish(void *ctx, struct session *s, enum status why)
{
	abort();
}

enum status wire_session_keep(struct wire *w, const struct session *s)
{
	abort();
}

void wire_session_changed(struct wire *w, const struct session *s)
{
	abort();
}

enum status wire_policy_make(const struct wire *w, const struct session *s, const struct session_terms *t, struct wire_policy_own **out)
{
	abort();
}

void wire_policy_set(struct wire *w, const struct session *s, struct wire_policy_own *own)
{
	abort();
}

bool wire_lua_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *answer)
{
	abort();
}

void wire_lua_quota(struct wire *w, const struct session *s, const struct terms_quota *q, uint64_t used)
{
	abort();
}

/* ---- sessions -------------------------------------------------------------------------------------- */

static void come(uint32_t i)
{
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = i + 1, .profile = "P"};
	struct ike_answer a;
	uint8_t random[10] = {0};
	memcpy(random, &i, sizeof(i));
	q.peer_id = (struct ike_id){.type = 3};
	q.peer_id.len = (uint16_t)snprintf((char *)q.peer_id.bytes, sizeof(q.peer_id.bytes), "u%u@a.test", i);
	session_authorize(lab.w.sessions, &(struct session_ask){.q = &q, .wall_ms = (uint64_t)loop_wall_ms(), .random = random}, &a);
	struct session *s = session_find(lab.w.sessions, &a.session);
	if (a.status != ST_OK || !s)
		abort();
	session_up(lab.w.sessions, s, &(struct ike_commit){.sa = q.sa}, (uint64_t)loop_wall_ms());
	ulid_format(&s->ulid, lab.ulid[i]);
}

static void begin(uint32_t sessions)
{
	static const struct hash_key key = {3, 9};
	memset(&lab, 0, sizeof(lab));
	lab.conf = conf(CONF);
	lab.w.sessions = lab.conf ? sessions_new(lab.conf, &key) : NULL;
	if (!lab.w.sessions)
		abort();
	wire_quota_init(&lab.w);
	for (uint32_t i = 0; i < sessions; i++)
		come(i);
}

static void finish(void)
{
	wire_quota_fini(&lab.w);
	sessions_free(lab.w.sessions);
	snapshot_unref(lab.conf);
	T_EQ(mem_live(), 0);
}

static void second(void)
{
	lab.seconds++;
	lab.in_second = 0;
	wire_quota_second(&lab.w);
}

static uint32_t least(size_t n)
{
	uint32_t v = lab.asked[0];
	for (size_t i = 1; i < n; i++)
		v = lab.asked[i] < v ? lab.asked[i] : v;
	return v;
}

static uint32_t most(size_t n)
{
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = lab.asked[i] > v ? lab.asked[i] : v;
	return v;
}

/* ---- tests ----------------------------------------------------------------------------------------- */

/* With more of them than the seconds between two questions of one have room for, the newest come to their turn, too. */
static void all_in_turn(void)
{
	begin(MANY);
	for (uint32_t round = 1; round <= 4; round++) {
		/* One second more: the last of a round has what room the turn leaves, the rest is the next one's. */
		for (int i = 0; i < MANY / AT_ONCE + 1; i++) {
			second();
			T_TRUE(lab.in_second <= AT_ONCE);
			answer_all(ST_OK);
		}
		T_ROW(round, "");
		T_TRUE(least(MANY) >= round && most(MANY) <= round + 1);
	}
	T_DO(finish());
}

/* Those who wait for their turn keep it when the session that was next is gone, or all are. */
static void turn_of_one_that_is_gone(void)
{
	begin(2 * AT_ONCE);
	second();
	answer_all(ST_OK);
	T_EQ(lab.in_second, AT_ONCE);
	session_end(lab.w.sessions, session_find(lab.w.sessions, &lab.w.quota_turn));
	second();
	answer_all(ST_OK);
	T_EQ(lab.in_second, AT_ONCE - 1);
	T_EQ(most(2 * AT_ONCE), 1);
	while (session_next(lab.w.sessions, NULL))
		session_end(lab.w.sessions, session_next(lab.w.sessions, NULL));
	second();
	T_EQ(lab.in_second, 0);
	T_DO(finish());
}

static void few_every_ten_seconds(void)
{
	begin(3);
	for (int i = 0; i < 1 + 3 * AGAIN_S; i++) {
		second();
		T_EQ(lab.in_second, i % AGAIN_S == 0 ? 3 : 0);
		answer_all(i == AGAIN_S ? ST_STORE : ST_OK); /* who was not told asks again no sooner */
	}
	T_TRUE(least(3) == 4 && most(3) == 4);
	T_DO(finish());
}

static void slow_store_is_asked_once(void)
{
	begin(3);
	for (int i = 0; i < 5 * AGAIN_S; i++)
		second();
	T_TRUE(lab.n_open == 3 && most(3) == 1);
	answer_all(ST_OK);
	for (int i = 0; i < AGAIN_S; i++)
		second();
	T_TRUE(lab.n_open == 3 && least(3) == 2 && most(3) == 2);
	/* One ends before its answer is there. */
	session_end(lab.w.sessions, session_next(lab.w.sessions, NULL));
	answer_all(ST_OK);
	T_DO(finish());
}

int main(void)
{
	T_RUN(all_in_turn);
	T_RUN(turn_of_one_that_is_gone);
	T_RUN(few_every_ten_seconds);
	T_RUN(slow_store_is_asked_once);
	return t_end();
}
