/* The queries of db/QUERIES.md: each is understood and finds what it is for. */
#include <stdint.h>
#include <time.h>

#include "db/acct.h"
#include "db/query.h"
#include "tests/lib/queries.h"
#include "tests/unit/store_lib.h"

#define DAY 86400000ull

static struct query_text queries[QUERIES_MAX];

/* Anna is here now, was here ten days ago and could not come in this morning. */
static void fill(struct store *s)
{
	uint64_t now = (uint64_t)time(NULL) * 1000;
	struct store_traffic t = {.bytes_in = 1000, .bytes_out = 2000, .packets_in = 3};
	struct store_failure f = {.ms = now - 1000, .status = ST_AUTH_FAILED};
	static struct stats none;
	struct sample sample = {.number = 1, .wall_ms = (int64_t)now};
	const uint64_t started[] = {now - 11 * DAY, now - DAY / 2, now - 60000};
	const uint64_t ended[] = {now - 9 * DAY, now - DAY / 4};

	for (unsigned i = 0; i < 3; i++) {
		struct store_session u = lab_session(i + 1, "10.0.0.7");
		struct ulid id = lab_ulid(i + 1);
		struct store_event e = {.ms = started[i], .event = EV_SESSION_UP};
		snprintf(u.identity, sizeof(u.identity), "anna@corp.example");
		snprintf(u.username, sizeof(u.username), "anna@corp.example");
		snprintf(e.session, sizeof(e.session), "%s", u.ulid);
		u.started_ms = u.up_ms = started[i];
		u.n_quotas = 1;
		u.quotas[0] = (struct quota_limit){QUOTA_TOTAL, QUOTA_MONTH, 5000};
		T_EQ(store_session_up(s, i + 1, &u), ST_OK);
		T_EQ(store_acct_put(s, started[i], &id, (const uint8_t *)"x", 1), ST_OK);
		store_event(s, &e);
		store_session_traffic(s, &id, started[i] + 1000, &t);
		if (i < 2)
			T_EQ(store_session_end(s, &id, ended[i], ST_END_PEER, &t), ST_OK);
	}
	snprintf(f.identity, sizeof(f.identity), "anna@corp.example");
	store_failure(s, &f);
	stats_sum(&sample.sums, &none);
	sample.gauge[GG_SESSIONS] = 1;
	store_sample(s, &sample);
	T_TRUE(lab_wait(s, 3));
}

static bool count_row(void *ctx, int n, const struct query_value *v)
{
	++*(int *)ctx;
	return true;
}

static void each_query_finds_something(void)
{
	int n = queries_read("db/QUERIES.md", queries), rows;
	struct query_options o = {.on_row = count_row, .ctx = &rows};
	char detail[QUERY_DETAIL];
	struct query *q;

	T_TRUE(n >= 15);
	lab_new_dir();
	struct store *s = lab_open();
	T_DO(fill(s));
	store_close(s);
	T_EQ(query_open(lab_file("sallyport.db"), &q, detail), ST_OK);
	for (int i = 0; i < n; i++) {
		T_ROW(i, queries[i].words);
		rows = 0;
		if (query_run(q, queries[i].sql, &o, detail) != ST_OK)
			T_FAIL("%s", detail);
		T_TRUE(rows > 0);
	}
	query_close(q);
	lab_remove();
}

int main(void)
{
	T_RUN(each_query_finds_something);
	return t_end();
}
