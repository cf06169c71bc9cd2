/* tsan */
/* Usage by user: what is counted for which day, what the answer about a user says, and the view of limits. */
#include <time.h>

#include "db/usage.h"
#include "tests/unit/store_lib.h"

#define DAY 86400000ull
#define MIDNIGHT (20000 * DAY)

static struct {
	size_t n;
	enum status st;
	struct store_usage v;
} got;

static void on_usage(void *ctx, uint64_t number, enum status st, const struct store_usage *v)
{
	(void)ctx;
	(void)number;
	got.n++;
	got.st = st;
	got.v = *v;
}

static struct store *open_it(void)
{
	struct store_options o = lab_options();
	enum status why;
	char detail[STORE_TEXT];

	o.on_usage = on_usage;
	got.n = 0;
	return store_open(lab.dir, &o, &why, detail);
}

static struct store_session session(uint64_t n, const char *user, const char *profile)
{
	char ip[20];

	snprintf(ip, sizeof(ip), "10.0.0.%u", (unsigned)n);
	struct store_session u = lab_session(n, ip);
	u.started_ms = MIDNIGHT - DAY;
	u.up_ms = MIDNIGHT;
	snprintf(u.username, sizeof(u.username), "%s", user);
	snprintf(u.profile, sizeof(u.profile), "%s", profile);
	return u;
}

static void carry(struct store *s, uint64_t n, uint64_t ms, uint64_t in)
{
	struct ulid id = lab_ulid(n);

	store_session_traffic(s, &id, ms, &(struct store_traffic){.bytes_in = in, .bytes_out = 2 * in});
	store_poll(s);
}

/* What was pushed before is counted: traffic is written when nothing else is to do, so it is asked until it is. */
static void asked(struct store *s, const char *user, uint64_t n, uint64_t day_in)
{
	struct store_usage_ask q = {.begin_ms = {0, MIDNIGHT, MIDNIGHT - 2 * DAY, MIDNIGHT - 9 * DAY}};
	struct ulid id = lab_ulid(n);
	struct pollfd p = {.fd = store_fd(s), .events = POLLIN};

	snprintf(q.username, sizeof(q.username), "%s", user);
	snprintf(q.profile, sizeof(q.profile), "RA");
	ulid_format(&id, q.session);
	for (int i = 0; i < 400; i++) {
		size_t before = got.n;
		T_EQ(store_usage(s, 7, &q), ST_OK);
		while (got.n == before) {
			(void)poll(&p, 1, 10);
			store_poll(s);
		}
		T_EQ(got.st, ST_OK);
		if (got.v.in[QUOTA_DAY] == day_in)
			return;
		usleep(5000);
	}
	T_EQ(got.v.in[QUOTA_DAY], day_in);
}

static void of_all_his_sessions(void)
{
	const char *who[] = {"anna", "anna", "bert", "anna"}, *by[] = {"RA", "RA", "RA", "OTHER"};
	struct ulid id = lab_ulid(1);

	lab_new_dir();
	struct store *s = open_it();
	for (uint64_t n = 1; n <= 4; n++) {
		struct store_session u = session(n, who[n - 1], by[n - 1]);
		T_EQ(store_session_up(s, n, &u), ST_OK);
	}
	T_TRUE(lab_wait(s, 4));
	T_DO(asked(s, "anna", 1, 0));
	/* The last count before midnight is of the day before, the rest is of the new one. */
	carry(s, 1, MIDNIGHT - 10 * DAY, 1ull << 40);
	carry(s, 1, MIDNIGHT - DAY, (1ull << 40) + 100);
	carry(s, 1, MIDNIGHT - 1, (1ull << 40) + 150);
	carry(s, 1, MIDNIGHT, (1ull << 40) + 151);
	carry(s, 2, MIDNIGHT + 5000, 4);
	carry(s, 3, MIDNIGHT + 5000, 1000);
	carry(s, 4, MIDNIGHT + 5000, 1000);
	T_DO(asked(s, "anna", 1, 5));
	T_EQ(got.v.in[QUOTA_WEEK], 155);
	T_EQ(got.v.in[QUOTA_MONTH], 155);
	T_EQ(got.v.out[QUOTA_DAY], 10);
	T_EQ(got.v.out[QUOTA_MONTH], 310);
	T_EQ(got.v.counted_in, (1ull << 40) + 151);
	T_EQ(got.v.counted_out, (1ull << 41) + 302);
	T_EQ(got.v.begin_ms, MIDNIGHT);
	T_DO(asked(s, "anna", 99, 5));
	T_EQ(got.v.counted_in, 0);
	/* With its end, and never a second time. */
	T_EQ(store_session_end(s, &id, MIDNIGHT + 9000, ST_END_QUOTA, &(struct store_traffic){.bytes_in = (1ull << 40) + 153}), ST_OK);
	T_DO(asked(s, "anna", 1, 7));
	T_EQ(got.v.counted_in, 0);
	carry(s, 1, MIDNIGHT + 10000, 1ull << 41);
	T_DO(asked(s, "bert", 3, 1000));
	T_DO(asked(s, "anna", 1, 7));
	store_close(s);
	/* And after a restart. */
	s = open_it();
	T_DO(asked(s, "anna", 2, 7));
	T_EQ(got.v.counted_in, 4);
	store_close(s);
	lab_remove();
}

/* A pseudonym's days count for its user as well. */
static void names_that_are_gone(void)
{
	lab_new_dir();
	struct store *s = open_it();
	struct store_session u = session(1, "anna", "RA");
	u.n_quotas = 1;
	u.quotas[0] = (struct quota_limit){QUOTA_TOTAL, QUOTA_MONTH, 5000};
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	carry(s, 1, MIDNIGHT - 5 * DAY, 10);
	carry(s, 1, MIDNIGHT, 15);
	T_DO(asked(s, "anna", 1, 5));
	T_EQ(lab_count("SELECT count(*) FROM usage_user WHERE username = 'anna'"), 2);
	store_anonymize(s, MIDNIGHT + DAY, 3);
	for (int i = 0; i < 400 && lab_count("SELECT count(*) FROM usage_user WHERE username = 'anna'") != 1; i++)
		usleep(5000);
	T_EQ(lab_count("SELECT count(*) FROM usage_user WHERE username GLOB 'anon-*'"), 1);
	T_DO(asked(s, "anna", 1, 5));
	T_EQ(got.v.in[QUOTA_MONTH], 15);
	T_EQ(lab_count("SELECT count(*) FROM quotas"), 1); /* seen two days ago */
	store_anonymize(s, MIDNIGHT + 9 * DAY, 3);
	for (int i = 0; i < 400 && lab_count("SELECT count(*) FROM quotas") != 0; i++)
		usleep(5000);
	T_EQ(lab_count("SELECT count(*) FROM quotas"), 0);
	/* Nobody asks for what is older than two months. */
	store_prune(s, MIDNIGHT + 70 * DAY, 0);
	for (int i = 0; i < 400 && lab_count("SELECT count(*) FROM usage_user") != 0; i++)
		usleep(5000);
	T_EQ(lab_count("SELECT count(*) FROM usage_user"), 0);
	store_close(s);
	lab_remove();
}

static void the_view(void)
{
	uint64_t now = (uint64_t)time(NULL) * 1000;

	lab_new_dir();
	struct store *s = open_it();
	struct store_session u = session(1, "anna", "RA");
	u.started_ms = u.up_ms = now;
	u.n_quotas = 2;
	u.quotas[0] = (struct quota_limit){QUOTA_TOTAL, QUOTA_MONTH, 5000};
	u.quotas[1] = (struct quota_limit){QUOTA_INPUT, QUOTA_DAY, 1ull << 33};
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	carry(s, 1, now, 100);
	for (int i = 0; i < 400 && lab_count("SELECT max(used) FROM v_quota") == 0; i++)
		usleep(5000);
	T_STR(lab_ask("sallyport.db", "SELECT group_concat(username || ' ' || direction || ' ' || period || ' ' || used || '/' || octets)"
				      " FROM v_quota"), "anna input day 100/8589934592,anna total month 300/5000");
	/* The limits of the last login. */
	u.n_quotas = 1;
	T_EQ(store_session_up(s, 2, &u), ST_OK);
	T_TRUE(lab_wait(s, 2));
	T_EQ(lab_count("SELECT count(*) FROM v_quota"), 1);
	store_close(s);
	lab_remove();
}

int main(void)
{
	T_RUN(of_all_his_sessions);
	T_RUN(names_that_are_gone);
	T_RUN(the_view);
	return t_end();
}
