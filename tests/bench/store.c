/* The store with a year in it: what its queries, logins, rounds of traffic and growth cost.
 *
 *   store     STORE_DAYS=365 STORE_USERS=10000   appends a section to tests/bench/RESULTS.md
 *             STORE_DIR=FOLDER   the year is there from an earlier time; nothing of it is removed
 *
 * The year is written in one transaction, its last day is today and its users are connected. Then the
 * real store is opened: ten thousand log in at once, as many at the rate of ten thousand a minute beside
 * a round of traffic, and all of them end. */
#include <poll.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "db/query.h"
#include "db/store.h"
#include "gen/version.h"
#include "tests/lib/queries.h"

#define LOGINS   10000
#define PACED    3000
#define PACE_US  6000 /* ten thousand in a minute */
#define MAX_NUMS 200000

static char dir[128];
static FILE *report;
static uint64_t asked_us[MAX_NUMS], took_us[MAX_NUMS];
static size_t answers, refused;

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* To the terminal and into the report. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list a;
	va_start(a, format);
	vfprintf(report, format, a);
	va_end(a);
	va_start(a, format);
	vprintf(format, a);
	va_end(a);
	fflush(stdout);
}

static const char *file(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static double mib_of(const char *name)
{
	struct stat st;
	return stat(file(name), &st) == 0 ? (double)st.st_size / 1048576 : 0;
}

/* ---- the year ----------------------------------------------------------------------------------- */

#define USERS "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT users FROM k) - 1)"
#define FALLING(n) "WITH RECURSIVE n(i) AS (SELECT " n " UNION ALL SELECT i - 1 FROM n WHERE i > 1)"

/* A session of four hours for each user and day. */
static const char fill_sql[] =
	"CREATE TEMP TABLE who AS " USERS
	" SELECT i, CASE i WHEN 0 THEN 'anna@corp.example' ELSE printf('user%05d@corp.example', i) END AS who,"
	" CASE i WHEN 0 THEN '10.0.0.7' ELSE printf('10.%d.%d.%d', 1 + i / 62500, i / 250 % 250, i % 250 + 1)"
	" END AS ip FROM n;"
	"INSERT INTO sessions(ulid, node, vrf, ivrf, profile, policy, identity_type, identity, username, local,"
	" remote, ip4, started_ms, ended_ms, end_reason, bytes_in, bytes_out, packets_in, packets_out, counted_ms)"
	" WITH RECURSIVE d(n) AS (SELECT (SELECT days FROM k) UNION ALL SELECT n - 1 FROM d WHERE n > 0)"
	" SELECT printf('00%024d', (100000 - d.n) * 100000 + i), 'gw1', '', '', 'RA', 'RA', 'email', who, who,"
	" '192.0.2.1:4500', printf('198.51.%d.%d:4500', i / 250 % 250, i % 250), ip,"
	" now - d.n * 86400000 - 14400000 + i * 10, CASE d.n WHEN 0 THEN NULL ELSE now - d.n * 86400000 + i * 10 END,"
	" CASE d.n WHEN 0 THEN NULL ELSE 'peer_delete' END, 1000000 + i, 9000000 + i, 5000, 9000,"
	" now - d.n * 86400000 + i * 10 FROM d, k, who ORDER BY d.n DESC, i;"
	"INSERT INTO leases(ivrf, address, family, pool, session, identity, granted_ms, released_ms)"
	" SELECT '', ip4, 4, 'RA', ulid, identity, started_ms, ended_ms FROM sessions ORDER BY ulid;"
	"INSERT INTO usage_daily SELECT date(started_ms / 1000, 'unixepoch'), node, ivrf, identity, 1, 14400000,"
	" bytes_in, bytes_out, packets_in, packets_out FROM sessions ORDER BY 1, 4;"
	"INSERT INTO events(ms, node, event, severity, session, peer, detail) " FALLING("500000")
	" SELECT now - i * 10000, 'gw1', 'session_up', 5, printf('00%024d', (100000 - i / 8640) * 100000 + i % users),"
	" '198.51.100.7:4500',"
	" 'identity=\"anna@corp.example\" profile=RA ip4=10.0.0.1 status=ok bytes_in=0 bytes_out=0' FROM n, k;"
	"INSERT INTO failures(ms, node, vrf, status, sentence, local, remote, identity, profile) " FALLING("100000")
	" SELECT now - i * 60000, 'gw1', '', 'auth_failed', 'the peer did not prove who it is', '192.0.2.1:500',"
	" '198.51.100.7:500', printf('user%05d@corp.example', i % 10000), 'RA' FROM n, k;"
	"INSERT INTO counter_history(token, ms, sample, value) " FALLING("43200")
	" SELECT CASE c.value WHEN 1 THEN 'sessions' ELSE 'counter_' || c.value END, (now / 60000 - i) * 60000,"
	" 43200 - i, (43200 - i) * c.value FROM n, k, json_each((SELECT json_group_array(i) FROM (" FALLING("60")
	" SELECT i FROM n))) AS c;";

static int collect_indexes(void *ctx, int n, char **v, char **names)
{
	char (*sql)[2][512] = ctx;
	for (; (*sql)[0][0]; sql++)
		;
	snprintf((*sql)[0], 512, "DROP INDEX %s", v[0]);
	snprintf((*sql)[1], 512, "%s", v[1]);
	return 0;
}

/* Indexes are made when the rows are there: much faster, and the same in the end. */
static int fill(const char *days, const char *users)
{
	static char indexes[64][2][512];
	char sql[256], *why = NULL;
	sqlite3 *db;
	if (sqlite3_open(file("sallyport.db"), &db) != SQLITE_OK)
		return 1;
	snprintf(sql, sizeof(sql),
		 "PRAGMA cache_size = -400000; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN; CREATE TEMP TABLE k AS"
		 " SELECT unixepoch('now') * 1000 AS now, %d AS days, %d AS users", atoi(days), atoi(users));
	int rc = sqlite3_exec(db, sql, NULL, NULL, &why);
	if (!rc)
		rc = sqlite3_exec(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
				  collect_indexes, indexes, &why);
	for (int i = 0; i < 64 && !rc; i++)
		rc = sqlite3_exec(db, indexes[i][0], NULL, NULL, &why);
	if (!rc)
		rc = sqlite3_exec(db, fill_sql, NULL, NULL, &why);
	for (int i = 0; i < 64 && !rc; i++)
		rc = sqlite3_exec(db, indexes[i][1], NULL, NULL, &why);
	if (!rc)
		rc = sqlite3_exec(db, "COMMIT; PRAGMA journal_mode = WAL", NULL, NULL, &why);
	if (rc)
		fprintf(stderr, "store: cannot fill: %s\n", why ? why : sqlite3_errmsg(db));
	sqlite3_free(why);
	sqlite3_close(db);
	return rc != SQLITE_OK;
}

/* ---- queries ------------------------------------------------------------------------------------ */

static bool count_row(void *ctx, int n, const struct query_value *v)
{
	++*(uint64_t *)ctx;
	return true;
}

static double run_query(struct query *q, const char *sql, uint64_t *rows)
{
	struct query_options o = {.on_row = count_row, .ctx = rows, .time_ms = 60000};
	char detail[QUERY_DETAIL];
	uint64_t from = now_us();
	*rows = 0;
	if (query_run(q, sql, &o, detail) != ST_OK)
		fprintf(stderr, "store: %s: %s\n", sql, detail);
	return (double)(now_us() - from) / 1000;
}

static void measure(struct query *q, const char *words, const char *sql)
{
	double first, best = 1e9;
	uint64_t rows;
	first = run_query(q, sql, &rows);
	for (int i = 0; i < 4; i++) {
		double ms = run_query(q, sql, &rows);
		best = ms < best ? ms : best;
	}
	say("| %s | %llu | %.1f | %.1f |\n", words, (unsigned long long)rows, first, best);
}

static int queries(void)
{
	static const char *const views[] = {"v_active", "v_history", "v_leases", "v_usage_daily", "v_usage_total",
					    "v_failures", "v_events", "v_counters", "v_counter_history", "v_accounting"};
	static struct query_text text[QUERIES_MAX];
	char detail[QUERY_DETAIL], sql[64];
	struct query *q;
	int n = queries_read("db/QUERIES.md", text);
	if (n < 0 || query_open(file("sallyport.db"), &q, detail) != ST_OK)
		return 1;
	say("| query | rows | first, ms | best of four more |\n| --- | --- | --- | --- |\n");
	for (int i = 0; i < n; i++)
		measure(q, text[i].words, text[i].sql);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		snprintf(sql, sizeof(sql), "SELECT * FROM %s LIMIT 100", views[i]);
		measure(q, sql, sql);
	}
	query_close(q);
	return 0;
}

/* ---- the store at work ------------------------------------------------------------------------- */

static void on_commit(void *ctx, uint64_t number, enum status st)
{
	took_us[number] = now_us() - asked_us[number];
	refused += st != ST_OK;
	answers++;
}

static struct ulid ulid_of(uint64_t n)
{
	uint8_t r[10] = {0};
	memcpy(r, &n, sizeof(n));
	return ulid_make((uint64_t)time(NULL) / 86400 * 86400000, r);
}

static void login(struct store *s, uint64_t n)
{
	struct store_session u = {.started_ms = (uint64_t)time(NULL) * 1000};
	struct ulid id = ulid_of(n);
	ulid_format(&id, u.ulid);
	snprintf(u.profile, sizeof(u.profile), "RA");
	snprintf(u.policy, sizeof(u.policy), "RA");
	snprintf(u.identity_type, sizeof(u.identity_type), "email");
	snprintf(u.identity, sizeof(u.identity), "user%05u@corp.example", (unsigned)(n * 7919 % LOGINS));
	snprintf(u.username, sizeof(u.username), "%s", u.identity);
	snprintf(u.local, sizeof(u.local), "192.0.2.1:4500");
	snprintf(u.remote, sizeof(u.remote), "198.51.100.%u:4500", (unsigned)(n % 250));
	snprintf(u.ip4, sizeof(u.ip4), "10.200.%u.%u", (unsigned)(n / 250), (unsigned)(n % 250 + 1));
	snprintf(u.pool4, sizeof(u.pool4), "RA");
	asked_us[n] = now_us();
	if (store_session_up(s, n, &u) != ST_OK)
		refused++;
}

static void wait_for(struct store *s, size_t want)
{
	struct pollfd p = {.fd = store_fd(s), .events = POLLIN};
	while (answers < want) {
		(void)poll(&p, 1, 100);
		store_poll(s);
	}
}

static void round_of_traffic(struct store *s, uint64_t n, uint64_t turn)
{
	uint64_t ms = (uint64_t)time(NULL) * 1000;
	struct store_traffic t = {.bytes_in = turn * 1000, .bytes_out = turn * 5000, .packets_in = turn, .packets_out = turn};
	for (uint64_t i = 0; i < n; i++) {
		struct ulid id = ulid_of(i);
		store_session_traffic(s, &id, ms, &t);
	}
	store_poll(s); /* the last ones */
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void say_latency(const char *what, uint64_t from, uint64_t n, double seconds)
{
	qsort(took_us + from, n, sizeof(took_us[0]), order);
	say("| %s | %llu | %.0f | %.1f | %.1f | %.1f |\n", what, (unsigned long long)n, (double)n / seconds,
	    (double)took_us[from + n / 2] / 1000, (double)took_us[from + n * 99 / 100] / 1000,
	    (double)took_us[from + n - 1] / 1000);
}

static void all_at_once(struct store *s)
{
	uint64_t from = now_us();
	for (uint64_t n = 0; n < LOGINS; n++) {
		login(s, n);
		if (n % 200 == 199)
			wait_for(s, answers + 100 < n ? n - 100 : answers);
	}
	wait_for(s, LOGINS);
	say_latency("as fast as they are taken", 0, LOGINS, (double)(now_us() - from) / 1e6);
}

/* A login each 6 ms; in the middle of them a round of traffic of all. */
static void a_minute(struct store *s)
{
	uint64_t from = now_us(), next = from, round_us = 0;
	struct pollfd p = {.fd = store_fd(s), .events = POLLIN};
	for (uint64_t n = 0; n < PACED; next += PACE_US) {
		for (uint64_t now; (now = now_us()) < next; store_poll(s))
			(void)poll(&p, 1, (int)((next - now) / 1000));
		login(s, LOGINS + n++);
		if (n % 1000 == 500) {
			uint64_t t0 = now_us();
			round_of_traffic(s, LOGINS, n);
			round_us = now_us() - t0 > round_us ? now_us() - t0 : round_us;
		}
	}
	wait_for(s, LOGINS + PACED);
	say_latency("ten thousand a minute, three rounds of traffic among them", LOGINS, PACED, (double)(now_us() - from) / 1e6);
	say("\nA round of totals of %d sessions holds the loop for %.1f ms.", LOGINS, (double)round_us / 1000);
}

static void traffic(struct store *s)
{
	uint64_t best = UINT64_MAX;
	for (int i = 0; i < 5; i++) {
		struct store_counts c;
		store_counts(s, &c);
		uint64_t from = now_us(), want = c.rows + (LOGINS + 255) / 256;
		round_of_traffic(s, LOGINS, 10000 + (uint64_t)i);
		while (c.rows < want) {
			usleep(500);
			store_counts(s, &c);
		}
		uint64_t us = now_us() - from;
		best = us < best ? us : best;
	}
	say(" It is in the file after %.0f ms (best of five).", (double)best / 1000);
}

static void ends(struct store *s)
{
	struct store_traffic t = {.bytes_in = 1};
	struct store_counts c = {.waiting = 1};
	uint64_t from = now_us();
	for (uint64_t n = 0; n < LOGINS + PACED; n++) {
		struct ulid id = ulid_of(n);
		if (store_session_end(s, &id, (uint64_t)time(NULL) * 1000, ST_END_PEER, &t) != ST_OK)
			refused++;
	}
	for (uint64_t rows = 0; c.waiting || c.rows > rows; store_poll(s)) {
		rows = c.rows;
		usleep(400000);
		store_counts(s, &c);
	}
	say(" The ends of %d sessions take %.1f s at most.", LOGINS + PACED, (double)(now_us() - from - 400000) / 1e6);
	if (refused)
		say(" %zu answers were not ST_OK!", refused);
}

static int work(void)
{
	struct store_options o = {.node = "gw1", .on_commit = on_commit};
	enum status why;
	char detail[STORE_TEXT];
	uint64_t from = now_us();
	struct store *s = store_open(dir, &o, &why, detail);
	if (!s) {
		fprintf(stderr, "store: %s\n", detail);
		return 1;
	}
	double open_ms = (double)(now_us() - from) / 1000;
	say("\n| logins | n | per s | p50 ms | p99 | longest |\n| --- | --- | --- | --- | --- | --- |\n");
	all_at_once(s);
	a_minute(s);
	double log = mib_of("sallyport.db-wal");
	traffic(s);
	ends(s);
	say(" The log was %.0f MiB long. Opening took %.0f ms.", log, open_ms);
	from = now_us();
	store_close(s);
	say(" Closing took %.0f ms.\n", (double)(now_us() - from) / 1000);
	return 0;
}

int main(void)
{
	const char *days = getenv("STORE_DAYS"), *users = getenv("STORE_USERS");
	struct store_options o = {.node = "gw1", .on_commit = on_commit};
	enum status why;
	char detail[STORE_TEXT], date[32];
	time_t t = time(NULL);
	uint64_t from = now_us();
	days = days ? days : "365";
	users = users ? users : "10000";
	const char *there = getenv("STORE_DIR");
	snprintf(dir, sizeof(dir), "%s", there ? there : "build/bench-store-XXXXXX");
	report = atoi(days) == 365 && atoi(users) == 10000 ? fopen("tests/bench/RESULTS.md", "a") : fopen("/dev/null", "w");
	if (!report || (!there && !mkdtemp(dir)))
		return 1;
	struct store *s = store_open(dir, &o, &why, detail);
	store_close(s);
	int bad = !s || (!there && fill(days, users));
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&t));
	double filled = mib_of("sallyport.db");
	if (!bad) {
		printf("store: filled in %.0f s\n", (double)(now_us() - from) / 1e6);
		say("\n### The store, %s\n\n%s days of %s users, sallyport %s: %.0f MiB, %.0f octets a session with its lease and"
		    " its share of everything else.\n\n", date, days, users, SALLYPORT_VERSION, filled,
		    filled * 1048576 / (atof(users) * (atof(days) + 1)));
		bad = queries() || work();
	}
	static const char *const names[] = {"sallyport.db", "sallyport.db-wal", "sallyport.db-shm", "secrets.db", "secrets.db-wal",
					    "secrets.db-shm"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !there; i++)
		unlink(file(names[i]));
	if (!there)
		rmdir(dir);
	fclose(report);
	return bad;
}
