/* tsan */
/* What grows old: limits of rows, rows that lose who they are about, and what a file of before gets. */
#include "db/migrate.h"
#include "gen/schema.h"
#include "tests/unit/store_lib.h"

#define DAY 86400000ull
#define NOW (20000 * DAY + 7 * 3600000)

/* A session of so many days ago that lived an hour, with an event and a failure. */
static void old_session(struct store *s, uint64_t n, unsigned days, const char *who)
{
	char ip[20];
	uint64_t ms = NOW - days * DAY;
	struct store_traffic t = {.bytes_in = 100, .packets_in = 1};
	struct ulid id = lab_ulid(n);
	struct store_event e = {.ms = ms, .event = EV_SESSION_UP};
	struct store_failure f = {.ms = ms, .status = ST_AUTH_FAILED};

	snprintf(ip, sizeof(ip), "10.%u.%u.%u", (unsigned)(n >> 16), (unsigned)(n >> 8 & 255),
		(unsigned)(n & 255));
	struct store_session u = lab_session(n, ip);
	u.started_ms = ms - 3600000;
	snprintf(u.identity, sizeof(u.identity), "%s", who);
	snprintf(u.username, sizeof(u.username), "%s", n % 2 ? who : "");
	snprintf(e.session, sizeof(e.session), "%s", u.ulid);
	snprintf(e.peer, sizeof(e.peer), "198.51.100.77:4500");
	snprintf(e.detail, sizeof(e.detail), "identity=%s", who);
	snprintf(f.identity, sizeof(f.identity), "%s", who);
	snprintf(f.remote, sizeof(f.remote), "198.51.100.77:500");
	snprintf(f.sentence, sizeof(f.sentence), "%s has another password", who);
	T_EQ(store_session_up(s, n, &u), ST_OK);
	store_event(s, &e);
	store_failure(s, &f);
	if (days)
		T_EQ(store_session_end(s, &id, ms, ST_END_PEER, &t), ST_OK);
	if (n % 200 == 0)
		T_TRUE(lab_wait(s, n)); /* events find no room otherwise */
}

/* Waits until the answer to sql is this. */
static void wait_until(const char *sql, long value)
{
	for (int i = 0; i < 1000 && lab_count(sql) != value; i++)
		usleep(5000);
	T_EQ(lab_count(sql), value);
}

#define NAMED "(SELECT identity FROM sessions UNION ALL SELECT username FROM sessions UNION ALL"          \
	      " SELECT identity FROM leases UNION ALL SELECT detail FROM events UNION ALL SELECT"         \
	      " identity || sentence FROM failures UNION ALL SELECT identity FROM usage_daily)"

static void names_become_pseudonyms(void)
{
	lab_new_dir();
	struct store *s = lab_open();
	for (uint64_t n = 1; n <= 1200; n++) /* more than some batches */
		T_DO(old_session(s, n, 20 + (unsigned)(n % 2), n % 3 ? "anna@corp.example" : "bob@corp.example"));
	T_DO(old_session(s, 1201, 5, "anna@corp.example"));
	T_DO(old_session(s, 1202, 0, "anna@corp.example"));
	T_TRUE(lab_wait(s, 1202));
	T_DO(wait_until("SELECT count(*) FROM v_history", 1201));
	store_anonymize(s, NOW, 0); /* nothing */
	store_anonymize(s, NOW, 10);
	T_DO(wait_until("SELECT count(*) FROM meta WHERE name = 'anonymized_ms'", 1));
	store_close(s);
	/* Who is connected, and who was here this week. */
	T_EQ(lab_count("SELECT count(*) FROM " NAMED " WHERE identity LIKE '%bob@%'"), 0);
	T_EQ(lab_count("SELECT count(*) FROM " NAMED " WHERE identity LIKE '%anna@%'"),
		2 + 1 + 2 + 2 + 2 + 2);
	T_EQ(lab_count("SELECT count(*) FROM v_history WHERE identity_type = 'anonymous'"), 1200);
	T_EQ(lab_count("SELECT count(DISTINCT identity) FROM v_history WHERE identity GLOB"
		       " 'anon-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'"),
		2);
	T_EQ(lab_count("SELECT count(*) FROM v_history WHERE identity_type = 'anonymous' AND (remote"
		       " <> '' OR ip4 IS NOT NULL OR ip6 IS NOT NULL OR username NOT IN ('', identity))"),
		0);
	T_EQ(lab_count("SELECT count(*) FROM leases WHERE address = ''"), 1200);
	T_EQ(lab_count("SELECT count(*) FROM events WHERE peer = '' AND detail = ''"), 1200);
	T_EQ(lab_count("SELECT count(*) FROM failures WHERE remote = '' AND sentence = ''"), 1200);
	/* Counts and sums by user are what they were, and the pseudonym is the same everywhere. */
	T_EQ(lab_count("SELECT sum(sessions) FROM v_usage_daily WHERE identity GLOB 'anon-*'"), 1200);
	T_EQ(lab_count("SELECT count(*) FROM v_usage_daily WHERE identity GLOB 'anon-*'"), 4);
	T_EQ(lab_count("SELECT max(n) FROM (SELECT sum(sessions) AS n FROM v_usage_daily JOIN (SELECT"
		       " DISTINCT identity FROM v_history WHERE identity GLOB 'anon-*') USING (identity)"
		       " GROUP BY identity)"),
		800);
	T_EQ(lab_count("SELECT sum(sessions) = 1202 AND max(users) = 2 FROM v_usage_total"), 1);
	T_STR(lab_ask("sallyport.db", "PRAGMA integrity_check"), "ok");
}

/* Another process, another day: the key is kept, nothing becomes a pseudonym of a pseudonym. */
static void the_same_after_a_restart(void)
{
	char before[64];

	snprintf(before, sizeof(before), "%s",
		lab_ask("sallyport.db", "SELECT identity FROM v_history GROUP BY identity HAVING count(*) = 800"));
	T_EQ(strlen(before), 13);
	struct store *s = lab_open();
	store_anonymize(s, NOW + DAY, 5);
	T_DO(wait_until("SELECT count(*) FROM v_history WHERE identity_type = 'anonymous'", 1201));
	T_DO(wait_until("SELECT count(*) FROM v_usage_daily WHERE identity GLOB 'anon-*'", 5));
	store_close(s);
	T_STR(lab_ask("sallyport.db", "SELECT identity FROM v_history GROUP BY identity HAVING count(*) = 801"),
		before);
	T_EQ(lab_count("SELECT count(*) FROM v_active WHERE identity = 'anna@corp.example'"), 1);
	/* The key is where secrets are, and neither in the readable file nor its log. */
	T_STR(lab_ask("secrets.db", "SELECT length(value) FROM kept WHERE name = 'anonym'"), "32");
	lab_remove();
}

static void another_installation_gives_another_name(void)
{
	char names[2][64];

	for (int i = 0; i < 2; i++) {
		lab_new_dir();
		struct store *s = lab_open();
		T_DO(old_session(s, 1, 20, "anna@corp.example"));
		T_TRUE(lab_wait(s, 1));
		T_DO(wait_until("SELECT count(*) FROM v_history", 1));
		store_anonymize(s, NOW, 10);
		T_DO(wait_until("SELECT count(*) FROM v_history WHERE identity_type = 'anonymous'", 1));
		store_close(s);
		snprintf(names[i], sizeof(names[i]), "%s", lab_ask("sallyport.db", "SELECT identity FROM v_history"));
		lab_remove();
	}
	T_TRUE(strcmp(names[0], names[1]) != 0);
}

/* Written after the rest of its time had become pseudonymous: the next run finds it. */
static void an_end_that_comes_late(void)
{
	lab_new_dir();
	struct store *s = lab_open();
	T_DO(old_session(s, 1, 20, "anna@corp.example"));
	T_TRUE(lab_wait(s, 1));
	T_DO(wait_until("SELECT count(*) FROM v_history", 1));
	store_anonymize(s, NOW, 10);
	T_DO(wait_until("SELECT count(*) FROM meta WHERE name = 'anonymized_ms'", 1));
	T_DO(old_session(s, 2, 25, "bob@corp.example"));
	T_TRUE(lab_wait(s, 2));
	T_DO(wait_until("SELECT count(*) FROM v_history WHERE identity = 'bob@corp.example'", 1));
	T_EQ(lab_count("SELECT count(*) FROM v_usage_daily WHERE identity = 'bob@corp.example'"), 1);
	store_anonymize(s, NOW, 10);
	T_DO(wait_until("SELECT count(*) FROM v_history WHERE identity_type = 'anonymous'", 2));
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM " NAMED " WHERE identity LIKE '%bob@%'"), 0);
	lab_remove();
}

/* However many come within the days that are kept. */
static void limits_of_sessions(void)
{
	struct store_options o = lab_options();
	enum status why;
	char detail[STORE_TEXT];

	lab_new_dir();
	o.max_sessions = 700;
	struct store *s = store_open(lab.dir, &o, &why, detail);
	T_TRUE(s != NULL);
	for (uint64_t n = 1; n <= 2000; n++)
		T_DO(old_session(s, n, 1, "anna@corp.example"));
	T_DO(old_session(s, 2001, 0, "anna@corp.example"));
	T_TRUE(lab_wait(s, 2001));
	store_prune(s, NOW, 90);
	T_DO(wait_until("SELECT count(*) FROM sessions", 700));
	T_DO(wait_until("SELECT count(*) FROM leases", 1400));
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_active"), 1);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 1);
	T_EQ(lab_count("SELECT value FROM meta WHERE name = 'sessions'"), 700);
	T_EQ(lab_count("SELECT sum(sessions) FROM v_usage_total"), 2001);
	lab_remove();
}

/* Sums go with the rows that they are of. */
static void usage_grows_old(void)
{
	lab_new_dir();
	struct store *s = lab_open();
	for (unsigned d = 1; d <= 40; d++)
		T_DO(old_session(s, d, d, "anna@corp.example"));
	T_TRUE(lab_wait(s, 40));
	T_EQ(lab_count("SELECT count(*) FROM v_usage_total"), 40);
	store_prune(s, NOW, 30);
	T_DO(wait_until("SELECT count(*) FROM v_usage_daily", 30));
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_usage_total"), 30);
	T_EQ(lab_count("SELECT sum(sessions) FROM v_usage_total"), 30);
	lab_remove();
}

/* A file of the first step with rows in it: the sums are those of its rows. */
static void a_file_of_before(void)
{
	char detail[DB_DETAIL];
	int first = 0;

	while (strstr(schema_steps[first].name, "_main_") == NULL)
		first++;
	lab_new_dir();
	sqlite3 *db = lab_sqlite("sallyport.db");
	T_EQ(migrate(db, "main", &schema_steps[first], 1, detail), ST_OK);
	T_EQ(sqlite3_exec(db,
		     "INSERT INTO sessions(ulid, node, vrf, ivrf, profile, policy, identity_type, identity,"
		     " username, local, remote, started_ms, counted_ms)"
		     " VALUES('U','','','','','','','','','','',1,1), ('V','','','','','','','','','','',1,1);"
		     "INSERT INTO usage_daily VALUES ('2026-01-01', 'gw1', '', 'a', 1, 2, 3, 4, 5, 6),"
		     " ('2026-01-01', 'gw1', '', 'b', 10, 20, 30, 40, 50, 60),"
		     " ('2026-01-02', 'gw1', '', 'a', 7, 7, 7, 7, 7, 7)",
		     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	store_close(lab_open());
	T_STR(lab_ask("sallyport.db", "SELECT users || ' ' || sessions || ' ' || bytes_out || ' ' ||"
				      " packets_out FROM v_usage_total WHERE day = '2026-01-01'"),
		"2 11 44 66");
	T_EQ(lab_count("SELECT count(*) FROM v_usage_total"), 2);
	T_EQ(lab_count("SELECT value FROM meta WHERE name = 'sessions'"), 2);
	T_EQ(lab_count("SELECT value FROM meta WHERE name = 'compatible_from'"), 1);
	lab_remove();
}

int main(void)
{
	T_RUN(names_become_pseudonyms);
	T_RUN(the_same_after_a_restart);
	T_RUN(another_installation_gives_another_name);
	T_RUN(an_end_that_comes_late);
	T_RUN(limits_of_sessions);
	T_RUN(usage_grows_old);
	T_RUN(a_file_of_before);
	return t_end();
}
