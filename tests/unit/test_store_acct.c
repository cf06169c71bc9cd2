/* tsan */
/* The spool of accounting records: order, batches, limits, and what stays when we die. */
#include "core/base/mem.h"
#include "db/acct.h"
#include "db/statements.h"
#include "tests/unit/store_lib.h"

#define DAY 86400000ull

static struct {
	enum status st;
	size_t n;
	uint64_t id[STORE_ACCT_BATCH];
	uint8_t first[STORE_ACCT_BATCH];
	size_t len[STORE_ACCT_BATCH];
	uint64_t ms[STORE_ACCT_BATCH];
	char session[ULID_TEXT];
	uint64_t started_ms, bytes_in, packets_out; /* of the first */
	enum status why;
} got;

static void on_acct(
	void *ctx, uint64_t number, enum status st, const struct store_acct *v, size_t n)
{
	got.st = st;
	got.n = n;
	if (n) {
		got.started_ms = v[0].started_ms;
		got.bytes_in = v[0].bytes_in;
		got.packets_out = v[0].packets_out;
		got.why = v[0].why;
	}
	for (size_t i = 0; i < n; i++) {
		got.id[i] = v[i].id;
		got.first[i] = v[i].record[v[i].len - 1];
		got.len[i] = v[i].len;
		got.ms[i] = v[i].ms;
		memcpy(got.session, v[i].session, sizeof(got.session));
	}
	lab_on_commit(ctx, number, st);
}

static struct store *open_with(uint32_t max, uint32_t days)
{
	struct store_options o = lab_options();
	enum status why;
	char detail[STORE_TEXT];

	o.on_acct = on_acct;
	o.acct_max = max;
	o.acct_days = days;
	o.lazy_ms = 1;
	return store_open(lab.dir, &o, &why, detail);
}

static enum status put(struct store *s, uint8_t first, uint64_t ms, size_t len)
{
	static uint8_t record[STORE_ACCT_MAX + 1];
	struct ulid id = lab_ulid(first);

	memset(record, 0, sizeof(record)); /* a queue without a name */
	if (len)
		record[len - 1] = first;
	return store_acct_put(s, ms, &id, record, len);
}

static uint64_t number = 1000;

static struct view named(const char *queue)
{
	return (struct view){(const uint8_t *)queue, strlen(queue)};
}

/* The answer is in got. */
static void ask_queue(struct store *s, const char *queue, uint64_t after)
{
	size_t want = lab.n_answers + 1;

	T_EQ(store_acct_next(s, ++number, named(queue), after), ST_OK);
	T_TRUE(lab_wait(s, want));
	T_EQ(got.st, ST_OK);
}

static void ask(struct store *s, uint64_t after)
{
	ask_queue(s, "", after);
}

static void in_order_and_in_batches(void)
{
	char id[ULID_TEXT];
	struct ulid u = lab_ulid(1);
	int64_t live = mem_live();

	lab_new_dir();
	struct store *s = open_with(0, 0);
	T_TRUE(s != NULL);
	T_DO(ask(s, 0));
	T_EQ(got.n, 0);
	T_EQ(put(s, 1, 0, 0), ST_BAD_LENGTH);
	T_EQ(put(s, 1, 0, STORE_ACCT_MAX + 1), ST_BAD_LENGTH);
	T_EQ(put(s, 1, 777, STORE_ACCT_MAX), ST_OK);
	T_DO(ask(s, 0));
	T_TRUE(got.n == 1 && got.first[0] == 1 && got.len[0] == STORE_ACCT_MAX && got.ms[0] == 777);
	T_STR(got.session, ulid_format(&u, id));
	for (uint8_t i = 2; i <= 80; i++)
		T_EQ(put(s, i, 1000 - i, i), ST_OK); /* order is of putting, not of their times */
	T_DO(ask(s, 0));
	T_EQ(got.n, STORE_ACCT_BATCH);
	T_TRUE(got.first[0] == 1 && got.first[31] == 32 && got.len[31] == 32);
	uint64_t third = got.id[2];
	T_DO(ask(s, got.id[31]));
	T_TRUE(got.n == STORE_ACCT_BATCH && got.first[0] == 33);
	T_DO(ask(s, got.id[31]));
	T_TRUE(got.n == 80 - 64 && got.first[15] == 80);
	T_EQ(store_acct_done(s, third), ST_OK);
	T_EQ(store_acct_done(s, third), ST_OK); /* nothing more */
	T_EQ(store_acct_done(s, 999999), ST_OK);
	T_DO(ask(s, 0));
	T_TRUE(got.first[1] == 2 && got.first[2] == 4);
	store_close(s);
	T_EQ(mem_live(), live);
	T_STR(lab_ask("sallyport.db", "SELECT count(*) || ' ' || max(octets) FROM v_accounting"), "79 4096");
	lab_remove();
}

/* A number is not used again, also when the spool was empty when we ended. */
static void another_life(void)
{
	lab_new_dir();
	struct store *s = open_with(0, 0);
	T_EQ(put(s, 1, 1, 1), ST_OK);
	T_EQ(put(s, 2, 2, 1), ST_OK);
	T_DO(ask(s, 0));
	uint64_t second = got.id[1];
	T_EQ(store_acct_done(s, got.id[0]), ST_OK);
	store_close(s);
	s = open_with(0, 0);
	T_DO(ask(s, 0));
	T_TRUE(got.n == 1 && got.first[0] == 2 && got.id[0] == second);
	T_EQ(store_acct_done(s, second), ST_OK);
	store_close(s);
	s = open_with(0, 0);
	T_EQ(put(s, 3, 3, 1), ST_OK);
	T_DO(ask(s, 0));
	T_TRUE(got.n == 1 && got.id[0] > second);
	store_close(s);
	lab_remove();
}

/* The oldest go, counted; said once until the spool was empty. */
static void more_than_may_wait(void)
{
	struct store_counts c;

	lab_new_dir();
	struct store *s = open_with(10, 0);
	for (uint8_t i = 1; i <= 10; i++)
		T_EQ(put(s, i, 1, 1), ST_OK);
	T_DO(ask(s, 0));
	T_EQ(lab.n_notices, 0);
	for (uint8_t i = 11; i <= 25; i++) {
		T_EQ(put(s, i, 1, 1), ST_OK);
		if (i % 5 == 0)
			T_DO(ask(s, 0));
	}
	T_TRUE(got.n == 10 && got.first[0] == 16 && got.first[9] == 25);
	store_counts(s, &c);
	T_EQ(c.acct_lost, 15);
	T_EQ(lab.n_notices, 1);
	T_EQ(lab.notice_status, ST_LIMIT);
	T_TRUE(strstr(lab.notice, "more than 10"));
	store_close(s);
	/* With a lower limit the next one makes room for all of that; and it is said once more. */
	s = open_with(4, 0);
	T_EQ(put(s, 26, 1, 1), ST_OK);
	T_DO(ask(s, 0));
	T_TRUE(got.n == 4 && got.first[0] == 23);
	T_EQ(lab.n_notices, 2);
	for (size_t i = 0; i < 4; i++)
		T_EQ(store_acct_done(s, got.id[i]), ST_OK);
	T_DO(ask(s, 0));
	T_EQ(got.n, 0);
	for (uint8_t i = 1; i <= 5; i++)
		T_EQ(put(s, i, 1, 1), ST_OK);
	T_DO(ask(s, 0));
	T_EQ(lab.n_notices, 3); /* it had been empty */
	store_close(s);
	lab_remove();
}

static void older_than_may_wait(void)
{
	struct store_counts c;

	lab_new_dir();
	struct store *s = open_with(0, 2);
	for (uint8_t i = 1; i <= 9; i++)
		T_EQ(put(s, i, i * DAY, 1), ST_OK);
	T_DO(ask(s, 0));
	T_EQ(got.n, 9);
	store_prune(s, 9 * DAY + 1, 0); /* history for ever, these not */
	for (int i = 0; i < 500 && got.n > 2; i++) {
		usleep(5000);
		T_DO(ask(s, 0));
	}
	T_TRUE(got.n == 2 && got.first[0] == 8);
	store_counts(s, &c);
	T_EQ(c.acct_lost, 7);
	T_EQ(lab.n_notices, 1);
	T_EQ(lab.notice_status, ST_LIMIT);
	store_close(s);
	lab_remove();
}

static enum status put_into(struct store *s, const char *queue, uint8_t first)
{
	uint8_t record[64] = {(uint8_t)strlen(queue)};
	size_t len = strlen(queue);
	struct ulid id = lab_ulid(first);

	memcpy(record + 1, queue, len);
	record[len + 1] = first;
	return store_acct_put(s, 1, &id, record, len + 2);
}

static void ask_queues(struct store *s, const char *after)
{
	size_t want = lab.n_answers + 1;

	T_EQ(store_acct_queues(s, ++number, named(after)), ST_OK);
	T_TRUE(lab_wait(s, want));
	T_EQ(got.st, ST_OK);
}

/* Each is read by itself: its own order, its own end. */
static void queues(void)
{
	static const uint8_t long_name[STORE_ACCT_QUEUE + 1];
	char name[8];

	lab_new_dir();
	struct store *s = open_with(0, 0);
	T_DO(ask_queues(s, ""));
	T_EQ(got.n, 0);
	for (uint8_t i = 1; i <= 40; i++) {
		T_EQ(put_into(s, "DEAD", i), ST_OK);
		T_EQ(put_into(s, i % 2 ? "A" : "A,B", i), ST_OK);
	}
	T_EQ(put(s, 99, 1, 1), ST_OK); /* of no queue */
	T_DO(ask_queue(s, "A", 0));
	T_TRUE(got.n == 20 && got.first[0] == 1 && got.first[19] == 39);
	T_DO(ask_queue(s, "A,B", 0));
	T_TRUE(got.n == 20 && got.first[0] == 2 && got.first[19] == 40);
	T_DO(ask_queue(s, "A,B", got.id[18]));
	T_TRUE(got.n == 1 && got.first[0] == 40);
	T_DO(ask_queue(s, "DEAD", 0));
	T_EQ(got.n, STORE_ACCT_BATCH);
	T_DO(ask_queue(s, "", 0));
	T_TRUE(got.n == 1 && got.first[0] == 99);
	T_DO(ask_queue(s, "B", 0));
	T_EQ(got.n, 0);
	T_EQ(store_acct_next(s, 1, (struct view){long_name, sizeof(long_name)}, 0), ST_BAD_LENGTH);
	/* their names */
	T_DO(ask_queues(s, ""));
	T_TRUE(got.n == 3 && got.len[0] == 1 && got.len[1] == 3 && got.len[2] == 4);
	T_DO(ask_queues(s, "A"));
	T_TRUE(got.n == 2 && got.len[0] == 3);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "Q%02u", i);
		T_EQ(put_into(s, name, 1), ST_OK);
	}
	T_DO(ask_queues(s, ""));
	T_EQ(got.n, STORE_ACCT_BATCH);
	T_DO(ask_queues(s, "Q28"));
	T_TRUE(got.n == 11 && got.first[10] == '9');
	store_close(s);
	lab_remove();
}

/* The longest name, where its octet of length has the highest bit. */
static void a_long_name(void)
{
	static uint8_t record[STORE_ACCT_QUEUE + 2];
	struct ulid id = lab_ulid(1);
	size_t want;

	lab_new_dir();
	struct store *s = open_with(0, 0);
	for (size_t i = 0; i < sizeof(record); i++)
		record[i] = (uint8_t)(255 - i);
	T_EQ(store_acct_put(s, 1, &id, record, sizeof(record)), ST_OK);
	want = lab.n_answers + 1;
	T_EQ(store_acct_next(s, ++number, (struct view){record + 1, STORE_ACCT_QUEUE}, 0), ST_OK);
	T_TRUE(lab_wait(s, want));
	T_EQ(got.n, 1);
	store_close(s);
	lab_remove();
}

/* Rows that the database reads for one answer: with the same statement, in the file that a store has left. */
static int64_t steps(const char *sql, const char *queue)
{
	char path[512];
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n = -1;

	snprintf(path, sizeof(path), "%s/sallyport.db", lab.dir);
	if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK) {
		sqlite3_bind_blob(st, 1, queue, (int)strlen(queue), SQLITE_STATIC);
		if (sqlite3_bind_parameter_count(st) == 3)
			sqlite3_bind_int64(st, 2, 0);
		sqlite3_bind_int64(st, sqlite3_bind_parameter_count(st), STORE_ACCT_BATCH);
		while (sqlite3_step(st) == SQLITE_ROW)
			continue;
		n = sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 0);
		sqlite3_finalize(st);
	}
	sqlite3_close(db);
	return n;
}

/* Fifty thousand records that nobody takes, before and behind those of others: what is read of these costs as much as
 * without them. */
static void a_dead_queue_costs_nothing(void)
{
#define X(name, sql) [S_##name] = sql,
	static const char *const sqls[] = {STATEMENT_LIST(X)};
#undef X
	int64_t few[2], many[2];

	lab_new_dir();
	struct store *s = open_with(0, 0);
	for (uint8_t i = 1; i <= 5; i++)
		T_EQ(put_into(s, "A", i), ST_OK);
	T_EQ(put_into(s, "DEAD", 1), ST_OK);
	store_close(s);
	few[0] = steps(sqls[S_ACCT_NEXT], "A");
	few[1] = steps(sqls[S_ACCT_QUEUES], "");
	T_STR(lab_ask("sallyport.db", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
				      " INSERT INTO accounting(id, ms, session, record) SELECT i - 40000, 1, 'x', x'044445414461' FROM n"
				      " WHERE i - 40000 NOT IN (SELECT id FROM accounting)"), "");
	T_TRUE(lab_count("SELECT count(*) FROM accounting WHERE queue = CAST('DEAD' AS BLOB)") > 49000);
	many[0] = steps(sqls[S_ACCT_NEXT], "A");
	many[1] = steps(sqls[S_ACCT_QUEUES], "");
	T_TRUE(few[0] > 0 && few[1] > 0);
	T_EQ(many[0], few[0]);
	T_EQ(many[1], few[1]);
	lab_remove();
}

static void no_memory(void)
{
	int64_t live = mem_live();

	lab_new_dir();
	struct store *s = open_with(0, 0);
	for (uint64_t nth = 1; nth <= 2; nth++) {
		mem_fail_at(nth);
		T_EQ(put(s, 1, 1, 1), ST_NOMEM);
	}
	mem_fail_at(1);
	T_EQ(store_acct_next(s, 1, (struct view){0}, 0), ST_NOMEM);
	mem_fail_at(1);
	T_EQ(store_acct_done(s, 1), ST_NOMEM);
	mem_fail_at(0);
	store_close(s);
	T_EQ(mem_live(), live);
	T_EQ(lab_count("SELECT count(*) FROM accounting"), 0);
	lab_remove();
}

/* Sessions that ended with us, or whose end nobody told: each comes until its Stop is in the spool. */
static void sessions_without_an_end(void)
{
	static const uint8_t base[] = {0, 7};
	const struct store_traffic sum = {.bytes_in = 11, .packets_out = 22};
	lab_new_dir();
	struct store *s = open_with(0, 0);
	for (uint8_t n = 1; n <= 3; n++) {
		char ip[ADDR_TEXT];
		struct ulid id = lab_ulid(n);
		snprintf(ip, sizeof(ip), "10.0.0.%u", n);
		struct store_session row = lab_session(n, ip);
		T_EQ(store_session_up(s, n, &row), ST_OK);
		T_EQ(store_acct_open(s, &id, base, sizeof(base)), ST_OK);
		T_EQ(put(s, n, 1, 1), ST_OK);
	}
	struct ulid one = lab_ulid(1), two = lab_ulid(2), nobody = lab_ulid(9);
	T_EQ(store_acct_open(s, &nobody, base, sizeof(base)), ST_OK);
	/* The first one as it should be, the second without its Stop, the third lives. */
	T_EQ(store_session_end(s, &one, 1700000005000ull, ST_END_PEER, &sum), ST_OK);
	T_EQ(store_acct_stop(s, 5, &one, base, sizeof(base)), ST_OK);
	T_EQ(store_session_end(s, &two, 1700000006000ull, ST_END_DPD, &sum), ST_OK);
	store_close(s);
	s = open_with(0, 0);
	size_t want = lab.n_answers + 1;
	T_EQ(store_acct_lost(s, 500), ST_OK);
	T_TRUE(lab_wait(s, want));
	T_TRUE(got.st == ST_OK && got.n == 2 && got.first[0] == 7 && got.len[0] == sizeof(base));
	T_TRUE(got.ms[0] == 1700000006000ull && got.started_ms == 1700000000002ull && got.why == ST_END_DPD);
	T_TRUE(got.bytes_in == 11 && got.packets_out == 22 && got.ms[1] == 0);
	T_EQ(store_acct_stop(s, 6, &two, base, sizeof(base)), ST_OK);
	T_EQ(store_acct_stop(s, 6, &nobody, base, sizeof(base)), ST_OK);
	T_EQ(store_acct_lost(s, 501), ST_OK);
	T_TRUE(lab_wait(s, want + 1));
	T_EQ(got.n, 0);
	T_DO(ask(s, 0));
	T_EQ(got.n, 6);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM accounting_open"), 1);
	lab_remove();
}

int main(void)
{
	T_RUN(sessions_without_an_end);
	T_RUN(in_order_and_in_batches);
	T_RUN(another_life);
	T_RUN(more_than_may_wait);
	T_RUN(older_than_may_wait);
	T_RUN(queues);
	T_RUN(a_long_name);
	T_RUN(a_dead_queue_costs_nothing);
	T_RUN(no_memory);
	return t_end();
}
