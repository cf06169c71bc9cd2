/* Limits of volume: states and times of the calendar at their borders, attributes with their halves of 32 bits, how
 * two sources come together, sessions that are judged, frozen and thawed, and what CoA makes of them. */
#include "core/aaa/merge.h"
#include "core/base/freeze.h"
#include "core/session/coa_change.h"
#include "core/session/quota.h"
#include "tests/unit/aaa_lab.h"
#include "tests/unit/session_lab.h"

#define DAY 86400000ull

static const struct hash_key key = {3, 9};

static void states(void)
{
	static const struct {
		uint64_t used, octets;
		enum quota_state is;
	} rows[] = {
		{0, 0, QUOTA_BELOW}, {UINT64_MAX, 0, QUOTA_BELOW}, {0, 1, QUOTA_BELOW}, {1, 1, QUOTA_OVER},
		{79, 100, QUOTA_BELOW}, {80, 100, QUOTA_NEAR}, {99, 100, QUOTA_NEAR}, {100, 100, QUOTA_OVER},
		{UINT32_MAX, 1ull << 32, QUOTA_NEAR}, {1ull << 32, 1ull << 32, QUOTA_OVER},
		{UINT64_MAX - 1, UINT64_MAX, QUOTA_NEAR}, {UINT64_MAX, UINT64_MAX, QUOTA_OVER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "");
		T_EQ(quota_state_of(rows[i].used, rows[i].octets), rows[i].is);
	}
	T_TRUE(quota_octets(1, QUOTA_OCTETS) == 1 && quota_octets(3, QUOTA_KILOBYTES) == 3072);
	T_TRUE(quota_octets(5, QUOTA_GIGABYTES) == 5ull << 30 && quota_octets(UINT32_MAX, QUOTA_GIGABYTES) == (uint64_t)UINT32_MAX << 30);
	T_TRUE(quota_octets(UINT64_MAX, QUOTA_KILOBYTES) == UINT64_MAX && quota_octets(1ull << 34, QUOTA_GIGABYTES) == UINT64_MAX);
}

/* Seconds as `date -u -d ... +%s` says them. */
static void borders_of_the_calendar(void)
{
	static const struct {
		uint64_t at_s, day_s, week_s, month_s;
	} rows[] = {
		{0, 0, 0, 0}, /* a Thursday: the week began before there were numbers */
		{1796083199, 1795996800, 1795996800, 1793491200}, /* 2026-11-30 23:59:59, a Monday */
		{1796083200, 1796083200, 1795996800, 1796083200}, /* 2026-12-01 00:00:00 */
		{1709164800, 1709164800, 1708905600, 1706745600}, /* 2024-02-29, a Thursday */
		{1709251199, 1709164800, 1708905600, 1706745600},
		{1709251200, 1709251200, 1708905600, 1709251200}, /* 2024-03-01 */
		{951782400, 951782400, 951696000, 949363200},     /* 2000-02-29, a Tuesday */
		{4107542399, 4107456000, 4106937600, 4105123200}, /* 2100-02-28 23:59:59, a Sunday: no leap year */
		{4107542400, 4107542400, 4107542400, 4107542400}, /* 2100-03-01, a Monday */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "");
		T_EQ(quota_begin_ms(QUOTA_DAY, rows[i].at_s * 1000 + 999), rows[i].day_s * 1000);
		T_EQ(quota_begin_ms(QUOTA_WEEK, rows[i].at_s * 1000 + 999), rows[i].week_s * 1000);
		T_EQ(quota_begin_ms(QUOTA_MONTH, rows[i].at_s * 1000 + 999), rows[i].month_s * 1000);
		T_EQ(quota_begin_ms(QUOTA_SESSION, rows[i].at_s * 1000), 0);
	}
}

/* ---- attributes -------------------------------------------------------------------------------- */

static const char *said(struct aaa_set *s)
{
	static char out[512];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s->quotas.n; i++) {
		const struct aaa_quota *q = &s->quotas.v[i];
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s %llu %s %s", i ? ", " : "",
			quota_way_word((enum quota_way)q->way), (unsigned long long)q->octets,
			quota_period_word((enum quota_period)q->period), q->map[0] ? q->map : "-");
	}
	return out;
}

static void halves(void)
{
	static const struct {
		uint8_t type[3];
		uint32_t value[3];
		const char *is;
	} rows[] = {
		{{1}, {UINT32_MAX}, "input 4294967295 session -"},
		{{3, 23}, {0, 1}, "total 4294967296 session -"},
		{{23, 3}, {1, 0}, "total 4294967296 session -"}, /* in any order */
		{{2, 22, 1}, {UINT32_MAX, UINT32_MAX, 5}, "output 18446744073709551615 session -, input 5 session -"},
		{{21}, {2}, "input 8589934592 session -"},
		{{3}, {0}, "total 0 session -"}, /* no limit, whatever the group says */
		{{3, 3}, {7, 8}, "total 8 session -"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		static struct attrs a;
		T_ROW(i, rows[i].is);
		attrs_init(&a);
		for (int k = 0; k < 3 && rows[i].type[k]; k++)
			radius_put_vsa_u32(&a.w, RADIUS_VENDOR_CHILLI, rows[i].type[k], rows[i].value[k]);
		T_EQ(aaa_attrs_read(s, i % 2 ? AAA_OF_ACCEPT : AAA_OF_COA, attrs_view(&a), &f), ST_OK);
		T_STR(said(s), rows[i].is);
		aaa_set_free(s);
	}
}

/* Of another length, and those of the vendor that are about something else. */
static void other_halves(void)
{
	struct aaa_set *s = aaa_set_new();
	struct aaa_finding f;
	static struct attrs a;

	attrs_init(&a);
	radius_put_vsa(&a.w, RADIUS_VENDOR_CHILLI, 3, "12", 2);
	T_EQ(aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f), ST_RADIUS_REPLY);
	attrs_init(&a);
	radius_put_vsa_u32(&a.w, RADIUS_VENDOR_CHILLI, 4, 1000);
	T_EQ(aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f), ST_OK);
	T_TRUE(strstr(f.ignored, "attribute 4 of vendor 14559") != NULL);
	T_EQ(aaa_attrs_read(s, AAA_OF_COA, attrs_view(&a), &f), ST_RADIUS_REPLY);
	aaa_set_free(s);
}

static void pairs_of_our_own(void)
{
	static const struct {
		const char *pair, *is; /* "": refused */
	} rows[] = {
		{"ipsec:quota-total=5000", "total 5000 session -"},
		{"quota-input=2 kilobytes", "input 2048 session -"},
		{"ipsec:quota-output=3 megabytes per day", "output 3145728 day -"},
		{"ipsec:quota-total=5 gigabytes per month action disconnect", "total 5368709120 month -"},
		{"ipsec:quota-total=5 octets per week action service-policy SLOW", "total 5 week SLOW"},
		{"ipsec:quota-total=0 per month", "total 0 month -"},
		{"ipsec:quota-total=18446744073709551600", "total 18446744073709551600 session -"},
		{"ipsec:quota-total=18446744073709551615", ""}, {"ipsec:quota-total=18446744073709551616", ""},
		{"ipsec:quota-total=17179869184 gigabytes", ""}, {"ipsec:quota-total=", ""}, {"ipsec:quota-total=five", ""},
		{"ipsec:quota-total=-5", ""}, {"ipsec:quota-total=5 bytes", ""}, {"ipsec:quota-total=5 per", ""},
		{"ipsec:quota-total=5 per year", ""}, {"ipsec:quota-total=5 action", ""}, {"ipsec:quota-total=5 action sleep", ""},
		{"ipsec:quota-total=5 action service-policy", ""}, {"ipsec:quota-total=5 per day per day", ""},
		{"ipsec:quota-total=5 action disconnect now", ""}, {"ipsec:quota-total=5 action service-policy A B", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		char why[AAA_WHY] = "";
		T_ROW(i, rows[i].pair);
		T_EQ(aaa_avpair_put(s, AAA_OF_COA, rows[i].pair, why), rows[i].is[0] ? AAA_TAKEN : AAA_WRONG);
		T_STR(said(s), rows[i].is);
		T_EQ(why[0] == '\0', rows[i].is[0] != '\0');
		aaa_set_free(s);
	}
}

static void eight_and_no_more(void)
{
	static const char *const units[] = {"session", "day", "week", "month"};
	struct aaa_set *s = aaa_set_new();
	char pair[64], why[AAA_WHY];

	for (int i = 0; i < 9; i++) {
		snprintf(pair, sizeof(pair), "quota-%s=%d per %s", quota_way_word((enum quota_way)(i / 4)), i + 1, units[i % 4]);
		T_EQ(aaa_avpair_put(s, AAA_OF_ACCEPT, pair, why), i < 8 ? AAA_TAKEN : AAA_WRONG);
	}
	T_EQ(aaa_avpair_put(s, AAA_OF_ACCEPT, "quota-input=99", why), AAA_TAKEN); /* in the place of the first */
	T_TRUE(s->quotas.n == 8 && s->quotas.v[0].octets == 99);
	aaa_set_free(s);
}

static struct aaa_set *set_of(const char *a, const char *b)
{
	struct aaa_set *s = aaa_set_new();
	char why[AAA_WHY];

	if (aaa_avpair_put(s, AAA_OF_ACCEPT, a, why) != AAA_TAKEN || (b && aaa_avpair_put(s, AAA_OF_ACCEPT, b, why) != AAA_TAKEN))
		abort();
	return s;
}

static void sources(void)
{
	struct aaa_set *user = set_of("quota-total=5", "quota-total=0 per month"), *out = aaa_set_new();
	struct aaa_set *group = set_of("quota-total=9 action service-policy SLOW", "quota-input=7 per month");
	char why[AAA_WHY];

	T_DO((void)aaa_put_quota(group, &(struct aaa_quota){.octets = 8, .way = QUOTA_TOTAL, .period = QUOTA_MONTH}));
	T_EQ(aaa_merge(&(struct aaa_sources){.user = user, .group = group}, out, why), ST_OK);
	T_STR(said(out), "total 5 session -, total 0 month -, input 7 month -");
	aaa_set_free(user);
	aaa_set_free(group);
	aaa_set_free(out);
}

/* ---- sessions ------------------------------------------------------------------------------------ */

#define NOW (20000 * DAY + 5000)

static struct snapshot *conf(void)
{
	struct snapshot *c = lab_snapshot();
	struct authz_policy *a = lab_authz(c, "RA");
	void *tmp;

	lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1");
	lab_list(c, "LOCAL", "local");
	lab_profile(c, "RA", 1, "LOCAL", "RA");
	ARENA_PUSH(&c->arena, c->policy_maps, c->policy_map_count, tmp)->name = lab_str(c, "SLOW");
	struct authz_quota *q = ARENA_PUSH(&c->arena, a->quotas, a->quota_count, tmp);
	*q = (struct authz_quota){.way = QUOTA_TOTAL, .period = QUOTA_SESSION, .unit = QUOTA_KILOBYTES, .number = 1};
	q = ARENA_PUSH(&c->arena, a->quotas, a->quota_count, tmp);
	*q = (struct authz_quota){.way = QUOTA_INPUT, .period = QUOTA_MONTH, .unit = QUOTA_KILOBYTES, .number = 10,
		.map = lab_str(c, "SLOW")};
	return c;
}

static struct session *login(struct sessions *ss, enum status *st, char *detail)
{
	static const uint8_t random[10];
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = 7};
	struct ike_answer a;

	snprintf(q.profile, sizeof(q.profile), "RA");
	q.peer_id = (struct ike_id){.type = 3, .len = 8};
	memcpy(q.peer_id.bytes, "a@b.test", 8);
	session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = NOW, .random = random}, &a);
	*st = a.status;
	snprintf(detail, IKE_DETAIL_LEN, "%s", a.detail);
	return a.status == ST_OK ? session_find(ss, &a.session) : NULL;
}

static struct {
	struct snapshot *c;
	struct sessions *ss;
	struct session *s;
	struct session_totals now;
} lab;

static void begin(void)
{
	enum status st;
	char detail[IKE_DETAIL_LEN];

	lab.c = conf();
	lab.ss = sessions_new(lab.c, &key);
	if (!lab.ss || !(lab.s = login(lab.ss, &st, detail)))
		abort();
	lab.now = (struct session_totals){0};
}

static void finish(void)
{
	sessions_free(lab.ss);
	snapshot_unref(lab.c);
	T_EQ(mem_live(), 0);
}

static bool judged(uint64_t in, uint64_t out, uint64_t at)
{
	lab.now = (struct session_totals){.bytes_in = in, .bytes_out = out};
	return quota_judge(lab.s, lab.s->terms, &lab.now, at);
}

static void told_once(void)
{
	begin();
	T_EQ(lab.s->terms->n_quotas, 2);
	T_TRUE(quota_wants_store(lab.s->terms) && !judged(600, 219, NOW) && !quota_tell(lab.s));
	T_TRUE(judged(600, 220, NOW)); /* 1024 less a fifth */
	const struct terms_quota *q = quota_tell(lab.s);
	T_TRUE(q && q->state == QUOTA_NEAR && q->way == QUOTA_TOTAL && !quota_tell(lab.s));
	T_TRUE(!judged(600, 423, NOW) && !quota_ends(lab.s->terms));
	T_TRUE(judged(600, 424, NOW) && quota_ends(lab.s->terms));
	q = quota_tell(lab.s);
	T_TRUE(q && q->state == QUOTA_OVER && !quota_tell(lab.s) && !quota_map(lab.s->terms));
	finish();
}

/* The other sessions of the user, what is not counted yet, and a new day. */
static void of_a_month(void)
{
	struct session_used *u;
	uint64_t used;

	begin();
	const struct terms_quota *q = &lab.s->terms->quotas[1];
	u = &lab.s->used;
	T_TRUE(!quota_used(lab.s, q, &lab.now, NOW, &used)); /* nobody has answered yet */
	T_TRUE(!judged(700, 0, NOW));
	*u = (struct session_used){.begin_ms = 20000 * DAY, .in[QUOTA_MONTH] = 9000, .out[QUOTA_MONTH] = UINT64_MAX, .counted_in = 100};
	lab.now.bytes_in = 700;
	T_TRUE(quota_used(lab.s, q, &lab.now, NOW, &used) && used == 9600);
	lab.now.bytes_in = 50; /* the store is ahead */
	T_TRUE(quota_used(lab.s, q, &lab.now, NOW, &used) && used == 9000);
	T_TRUE(judged(700, 0, NOW) && !quota_map(lab.s->terms));
	u->in[QUOTA_MONTH] = 10240 - 600;
	T_TRUE(judged(700, 0, NOW) && !quota_ends(lab.s->terms));
	T_STR(quota_map(lab.s->terms), "SLOW");
	T_TRUE(quota_tell(lab.s) && !quota_tell(lab.s));
	/* Midnight: as it was, until the store has answered for the new day. */
	T_TRUE(!quota_used(lab.s, q, &lab.now, NOW + DAY, &used) && !judged(700, 0, NOW + DAY) && quota_map(lab.s->terms));
	*u = (struct session_used){.begin_ms = 20001 * DAY, .counted_in = 700};
	T_TRUE(judged(700, 0, NOW + DAY) && !quota_map(lab.s->terms));
	T_TRUE(!quota_tell(lab.s)); /* that it is in order again is no news, and the next time is */
	u->in[QUOTA_MONTH] = 10240;
	T_TRUE(judged(700, 0, NOW + DAY) && quota_tell(lab.s));
	/* Sums that no number holds are the largest one. */
	lab.s->terms->quotas[1].way = QUOTA_TOTAL;
	u->out[QUOTA_MONTH] = UINT64_MAX;
	T_TRUE(quota_used(lab.s, q, &lab.now, NOW + DAY, &used) && used == UINT64_MAX);
	finish();
}

static void at_the_door(void)
{
	char detail[IKE_DETAIL_LEN] = "";

	begin();
	lab.s->used = (struct session_used){.begin_ms = 20000 * DAY, .in[QUOTA_MONTH] = 10240};
	T_EQ(quota_login(lab.s, NOW, detail), ST_OK); /* with its policy map from the start */
	T_STR(quota_map(lab.s->terms), "SLOW");
	T_TRUE(quota_tell(lab.s) != NULL); /* of which is told when it is there */
	lab.s->terms->quotas[1].map = "";
	T_EQ(quota_login(lab.s, NOW, detail), ST_QUOTA_USED);
	T_STR(detail, "user a@b.test has used 10240 of 10240 octets (input) of this month");
	finish();
}

static void frozen(void)
{
	static uint8_t rec[SESSION_FROZEN_MAX];
	struct session *t;

	begin();
	T_TRUE(judged(600, 220, NOW) && quota_tell(lab.s));
	size_t len = session_freeze(lab.s, rec, sizeof(rec));
	session_end(lab.ss, lab.s);
	T_EQ(session_thaw(lab.ss, (struct view){rec, len}, &t), ST_OK);
	T_EQ(t->terms->n_quotas, 2);
	T_TRUE(t->terms->quotas[0].state == QUOTA_NEAR && t->terms->quotas[0].told == QUOTA_NEAR && t->terms->quotas[0].octets == 1024);
	T_STR(t->terms->quotas[1].map, "SLOW");
	T_TRUE(t->used.begin_ms == 0 && t->used_next_ms == 0); /* asked for anew */
	lab.s = t;
	T_TRUE(!judged(600, 220, NOW) && judged(600, 424, NOW)); /* nothing is told twice */
	finish();
}

static void map_that_is_not_there(void)
{
	struct snapshot *c = conf();
	enum status st;
	char detail[IKE_DETAIL_LEN];

	c->policy_map_count = 0;
	struct sessions *ss = sessions_new(c, &key);
	T_TRUE(!login(ss, &st, detail) && st == ST_NOT_AUTHORIZED);
	T_STR(detail, "authorization policy RA names policy-map SLOW for a quota, which is not defined");
	sessions_free(ss);
	snapshot_unref(c);
}

static void changed_by_coa(void)
{
	struct aaa_set *set = aaa_set_new();
	struct coa_change change;
	struct coa_answer answer;
	char why[AAA_WHY];

	begin();
	T_TRUE(judged(600, 424, NOW) && quota_tell(lab.s));
	T_EQ(aaa_avpair_put(set, AAA_OF_COA, "ipsec:quota-total=1 megabytes", why), AAA_TAKEN);
	T_TRUE(coa_change_prepare(lab.c, lab.s, set, &change, &answer));
	T_EQ(change.terms->n_quotas, 2); /* the one of the month stays */
	T_TRUE(!quota_judge(lab.s, change.terms, &lab.now, NOW) && !quota_ends(change.terms));
	coa_change_swap(lab.s, &change);
	T_TRUE(lab.s->terms->quotas[0].octets == 1048576 && lab.s->terms->quotas[1].octets == 10240);
	coa_change_fini(&change);
	T_EQ(aaa_avpair_put(set, AAA_OF_COA, "ipsec:quota-total=1 action service-policy NO", why), AAA_TAKEN);
	T_TRUE(!coa_change_prepare(lab.c, lab.s, set, &change, &answer) && answer.cause == 407);
	aaa_set_free(set);
	finish();
}

int main(void)
{
	T_RUN(states);
	T_RUN(borders_of_the_calendar);
	T_RUN(halves);
	T_RUN(other_halves);
	T_RUN(pairs_of_our_own);
	T_RUN(eight_and_no_more);
	T_RUN(sources);
	T_RUN(told_once);
	T_RUN(of_a_month);
	T_RUN(at_the_door);
	T_RUN(frozen);
	T_RUN(map_that_is_not_there);
	T_RUN(changed_by_coa);
	return t_end();
}
