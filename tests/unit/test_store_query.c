/* Looking without touching: what the read side allows, and how it prints. */
#include "core/base/mem.h"
#include "db/query.h"
#include "tests/unit/store_lib.h"

static void some_rows(void)
{
	struct store *s = lab_open();
	struct store_session u = lab_session(1, "10.0.0.1");

	snprintf(u.identity, sizeof(u.identity), "a,\"b\"\x1b[31m\xff\xc3\xa9");
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	u = lab_session(2, "10.0.0.2");
	T_EQ(store_session_up(s, 2, &u), ST_OK);
	T_TRUE(lab_wait(s, 2));
	store_close(s);
}

static void what_is_allowed(void)
{
	static const struct {
		const char *sql;
		enum status want;
	} rows[] = {
		{"SELECT * FROM v_active", ST_OK},
		{"  select count(*) from sessions ; -- end\n /* of it */ ;", ST_OK},
		{"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) "
		 "SELECT n FROM c",
			ST_OK},
		{"PRAGMA table_info(sessions)", ST_OK},
		{"PRAGMA user_version", ST_OK},
		{"PRAGMA integrity_check", ST_OK},
		{"EXPLAIN QUERY PLAN SELECT * FROM sessions", ST_OK},
		{"PRAGMA user_version = 7", ST_CONFIG},
		{"PRAGMA query_only = OFF", ST_CONFIG},
		{"PRAGMA journal_mode = DELETE", ST_CONFIG},
		{"PRAGMA writable_schema = ON", ST_CONFIG},
		{"PRAGMA wal_checkpoint(TRUNCATE)", ST_CONFIG},
		{"ATTACH 'other.db' AS other", ST_CONFIG},
		{"VACUUM INTO 'other.db'", ST_CONFIG},
		{"VACUUM", ST_CONFIG},
		{"INSERT INTO meta VALUES ('a', 1)", ST_CONFIG},
		{"UPDATE sessions SET node = 'x'", ST_CONFIG},
		{"DELETE FROM leases", ST_CONFIG},
		{"DROP TABLE leases", ST_CONFIG},
		{"CREATE TEMP TABLE t (x)", ST_CONFIG},
		{"BEGIN", ST_CONFIG},
		{"SELECT load_extension('x')", ST_CONFIG},
		{"SELECT 1; SELECT 2", ST_CONFIG},
		{"SELECT 1; DELETE FROM leases", ST_CONFIG},
		{"SELEKT 1", ST_CONFIG},
		{"SELECT nothing FROM nowhere", ST_CONFIG},
		{"", ST_CONFIG},
		{"-- only a comment", ST_CONFIG},
		{"SELECT randomblob(9000000)", ST_IO},
	};
	struct query_options o = {0};
	struct query *q;
	char detail[QUERY_DETAIL];

	lab_new_dir();
	T_DO(some_rows());
	T_EQ(query_open(lab_file("sallyport.db"), &q, detail), ST_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].sql);
		T_EQ(query_run(q, rows[i].sql, &o, detail), rows[i].want);
		T_TRUE((rows[i].want == ST_OK) == (detail[0] == '\0'));
	}
	query_close(q);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 2);
	T_TRUE(access(lab_file("other.db"), F_OK) != 0);
	lab_remove();
}

static void time_and_rows_are_limited(void)
{
	static const char endless[] = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
				      "FROM c) SELECT count(*) FROM c";
	struct query_options o = {.time_ms = 50};
	struct query *q;
	char detail[QUERY_DETAIL];

	lab_new_dir();
	T_DO(some_rows());
	T_EQ(query_open(lab_file("sallyport.db"), &q, detail), ST_OK);
	T_EQ(query_run(q, endless, &o, detail), ST_TIMEOUT);
	T_TRUE(strstr(detail, "too long"));
	o.max_rows = 1;
	T_EQ(query_run(q, "SELECT ulid FROM sessions", &o, detail), ST_LIMIT);
	o.max_rows = 2;
	T_EQ(query_run(q, "SELECT ulid FROM sessions", &o, detail), ST_OK);
	query_close(q);
	lab_remove();
}

static void printed(void)
{
	static const struct {
		enum query_format format;
		const char *sql;
		const char *want;
	} rows[] = {
		{QUERY_TABLE,
			"SELECT ip4 AS address, 12 AS n, NULL AS x FROM sessions ORDER BY ip4",
			"address    n  x\n--------  --  -\n10.0.0.1  12   \n10.0.0.2  12   \n"},
		{QUERY_TABLE, "SELECT identity AS who, 1 AS n FROM sessions WHERE ip4 = '10.0.0.1'",
			"who                 n\n------------------  "
			"-\na,\"b\"\\x1b[31m\\xff\xc3\xa9  1\n"},
		{QUERY_CSV,
			"SELECT identity AS who, x'00ff' AS b, 1.5 AS r FROM sessions ORDER BY ip4",
			"who,b,r\r\n\"a,\"\"b\"\"\x1b[31m\xff\xc3\xa9\",00ff,1.5\r\nuser2@corp."
			"example,00ff,1.5\r\n"},
		{QUERY_JSON, "SELECT identity AS who, NULL AS x, 3 AS n FROM sessions ORDER BY ip4",
			"[\n {\"who\": \"a,\\\"b\\\"\\u001b[31m\\u00ff\xc3\xa9\", \"x\": null, "
			"\"n\": 3},\n"
			" {\"who\": \"user2@corp.example\", \"x\": null, \"n\": 3}\n]\n"},
		{QUERY_JSON, "SELECT 1 AS a FROM sessions WHERE 0", "[]\n"},
		{QUERY_TABLE, "SELECT 1 AS a FROM sessions WHERE 0", "a\n-\n"},
	};
	struct query_options o = {0};
	struct query *q;
	char detail[QUERY_DETAIL];
	int64_t live = mem_live();

	lab_new_dir();
	T_DO(some_rows());
	T_EQ(query_open(lab_file("sallyport.db"), &q, detail), ST_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		T_ROW(i, rows[i].sql);
		T_EQ(query_print(q, rows[i].sql, &o, rows[i].format, out, detail), ST_OK);
		fclose(out);
		T_STR(text, rows[i].want);
		free(text);
	}
	query_close(q);
	T_EQ(mem_live(), live);
	lab_remove();
}

/* Beside a running writer, and after it stopped; also when the path has odd characters. */
static void beside_the_writer(void)
{
	struct query_options o = {0};
	struct query *q;
	char detail[QUERY_DETAIL];

	lab_new_dir();
	T_EQ(query_open(lab_file("sallyport.db"), &q, detail), ST_NOT_FOUND);
	struct store *s = lab_open();
	T_EQ(query_open(lab_file("sallyport.db"), &q, detail), ST_OK);
	struct store_session u = lab_session(1, "10.0.0.1");
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	o.max_rows = 1;
	T_EQ(query_run(q, "SELECT ulid FROM v_active UNION ALL SELECT 1", &o, detail), ST_LIMIT);
	query_close(q);
	store_close(s);
	T_EQ(query_open(lab_file("sallyport.db"), &q, detail), ST_OK);
	query_close(q);
	T_EQ(rename(lab_file("sallyport.db"), "/tmp/sallyport 100%?#.db"), 0);
	T_EQ(query_open("/tmp/sallyport 100%?#.db", &q, detail), ST_OK);
	query_close(q);
	unlink("/tmp/sallyport 100%?#.db");
	unlink("/tmp/sallyport 100%?#.db-wal");
	unlink("/tmp/sallyport 100%?#.db-shm");
	lab_remove();
}

/* The operators' group may read the file and create nothing beside it. */
static void by_the_group(void)
{
	struct query_options o = {.max_rows = 5};
	char detail[QUERY_DETAIL];

	if (geteuid() != 0)
		return;
	for (int running = 0; running < 2; running++) {
		T_ROW(running, "daemon running");
		lab_new_dir();
		T_DO(some_rows());
		struct store *s = running ? lab_open() : NULL;
		T_EQ(chmod(lab.dir, 0755), 0);
		fflush(stdout);
		T_EQ(setegid(0), 0);
		T_EQ(seteuid(65534), 0); /* nobody, in root's group as the file is */
		struct query *q = NULL;
		enum status st = query_open(lab_file("sallyport.db"), &q, detail);
		enum status ran =
			st == ST_OK ? query_run(q, "SELECT * FROM v_active", &o, detail) : st;
		query_close(q);
		struct query *secrets = NULL;
		enum status other = query_open(lab_file("secrets.db"), &secrets, detail);
		T_EQ(seteuid(0), 0);
		T_EQ(st, ST_OK);
		T_EQ(ran, ST_OK);
		T_EQ(other, ST_IO);
		store_close(s);
		lab_remove();
	}
}

int main(void)
{
	T_RUN(what_is_allowed);
	T_RUN(time_and_rows_are_limited);
	T_RUN(printed);
	T_RUN(beside_the_writer);
	T_RUN(by_the_group);
	return t_end();
}
