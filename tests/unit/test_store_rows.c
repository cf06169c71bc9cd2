/* tsan */
/* What the store writes, and what a reader finds: rows, views, retention, refusals. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "tests/unit/store_lib.h"

#define DAY 86400000ull

static void files_and_modes(void)
{
	struct stat st;

	lab_new_dir();
	struct store *s = lab_open();
	T_TRUE(s != NULL);
	struct store_session u = lab_session(1, "10.0.0.1");
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {{"sallyport.db", 0640}, {"sallyport.db-wal", 0640}, {"sallyport.db-shm", 0640},
		{"secrets.db", 0600}, {"secrets.db-wal", 0600}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		T_ROW(i, files[i].name);
		T_EQ(stat(lab_file(files[i].name), &st), 0);
		T_EQ(st.st_mode & 0777, files[i].mode);
	}
	store_close(s);
	T_STR(lab_ask("sallyport.db", "PRAGMA integrity_check"), "ok");
	T_STR(lab_ask("secrets.db", "PRAGMA integrity_check"), "ok");
	T_STR(lab_ask("sallyport.db", "PRAGMA journal_mode"), "wal");
	lab_remove();
}

/* Names and order of the views' columns: what operators' scripts depend on. */
static void views_are_a_contract(void)
{
	static const struct {
		const char *view;
		const char *columns;
	} views[] = {
		{"v_active", "ulid,node,vrf,ivrf,profile,policy,identity_type,identity,username,"
			     "local,remote,ip4,ip6,"
			     "started_ms,started,resumed,bytes_in,bytes_out,packets_in,packets_out,"
			     "counted_ms,state,waiting_since,waiting_ms,resumes"},
		{"v_history", "ulid,node,vrf,ivrf,profile,policy,identity_type,identity,username,"
			      "local,remote,ip4,ip6,"
			      "started_ms,started,ended_ms,ended,seconds,end_reason,resumed,bytes_"
			      "in,bytes_out,"
			      "packets_in,packets_out"},
		{"v_usage_daily", "day,node,ivrf,identity,sessions,seconds,bytes_in,bytes_out,"
				  "packets_in,packets_out"},
		{"v_failures", "id,ms,at,node,vrf,status,sentence,local,remote,identity,profile"},
		{"v_leases", "ivrf,address,family,pool,session,identity,granted_ms,granted,"
			     "released_ms,released,held"},
		{"v_events", "id,ms,at,node,event,severity,session,peer,detail"},
		{"v_counters", "token,value,sample,ms"},
		{"v_counter_history", "token,ms,at,sample,value"},
		{"v_usage_total", "day,node,ivrf,users,sessions,seconds,bytes_in,bytes_out,"
				  "packets_in,packets_out"},
		{"v_accounting", "id,ms,at,session,octets"},
		{"v_quota", "username,profile,direction,period,begins,octets,used,last_login"},
	};
	char sql[256];

	lab_new_dir();
	store_close(lab_open());
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		T_ROW(i, views[i].view);
		snprintf(sql, sizeof(sql), "SELECT group_concat(name) FROM pragma_table_info('%s')",
			views[i].view);
		T_STR(lab_ask("sallyport.db", sql), views[i].columns);
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", views[i].view);
		T_STR(lab_ask("sallyport.db", sql), "0"); /* and it runs */
	}
	T_STR(lab_ask("sallyport.db", "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"),
		"11");
	T_STR(lab_ask("sallyport.db", "SELECT value FROM meta WHERE name = 'views'"), "3");
	lab_remove();
}

static void a_session_from_up_to_end(void)
{
	const uint64_t day1 = 1700006400000ull; /* 2023-11-15 00:00 UTC */
	struct store_traffic t = {
		.bytes_in = 1000, .bytes_out = 5000, .packets_in = 10, .packets_out = 20};
	struct ulid id = lab_ulid(7);

	lab_new_dir();
	struct store *s = lab_open();
	struct store_session u = lab_session(7, "10.0.0.7");
	snprintf(u.ip6, sizeof(u.ip6), "2001:db8::7");
	snprintf(u.pool6, sizeof(u.pool6), "RA6");
	u.started_ms = day1 - 60000;
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	T_EQ(lab.answer[1], ST_OK);
	T_EQ(lab_count("SELECT count(*) FROM v_active"), 1);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 2);
	T_STR(lab_ask("sallyport.db", "SELECT started FROM v_active"), "2023-11-14T23:59:00Z");
	/* Totals, on the day they were counted. */
	store_session_traffic(s, &id, day1 - 1000, &t);
	t.bytes_in = 4000;
	store_session_traffic(s, &id, day1 + 60000, &t);
	store_poll(s);
	for (int i = 0; i < 500 && lab_count("SELECT bytes_in FROM v_active") != 4000; i++)
		usleep(5000); /* an end may overtake them: they would then count on its day */
	t.bytes_in = 4500;
	t.packets_out = 25;
	T_EQ(store_session_end(s, &id, day1 + 120000, ST_END_PEER, &t), ST_OK);
	store_close(s);
	T_STR(lab_ask("sallyport.db", "SELECT end_reason || ' ' || seconds || ' ' || bytes_in || ' "
				      "' || packets_out FROM v_history"),
		"peer_delete 180 4500 25");
	T_EQ(lab_count("SELECT count(*) FROM v_active"), 0);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 0);
	T_EQ(lab_count("SELECT count(*) FROM v_leases"), 2);
	T_STR(lab_ask("sallyport.db", "SELECT group_concat(day || ':' || sessions || ':' || "
				      "seconds || ':' || bytes_in || ':' ||"
				      " bytes_out || ':' || packets_out, ' ') FROM (SELECT * FROM "
				      "v_usage_daily ORDER BY day)"),
		"2023-11-14:1:59:1000:5000:20 2023-11-15:0:121:3500:0:5");
	lab_remove();
}

/* The file is the last judge of who has an address. */
static void an_address_is_held_once(void)
{
	lab_new_dir();
	struct store *s = lab_open();
	struct store_session a = lab_session(1, "10.0.0.1");
	struct store_session b = lab_session(2, "10.0.0.1");
	struct store_session c = lab_session(3, "10.0.0.1");
	struct store_session d = lab_session(4, "10.0.0.4");
	struct ulid id = lab_ulid(1);
	struct store_traffic none = {0};

	snprintf(c.ivrf, sizeof(c.ivrf), "BLUE"); /* overlapping pools of two VRFs */
	T_EQ(store_session_up(s, 1, &a), ST_OK);
	T_EQ(store_session_up(s, 2, &b), ST_OK);
	T_EQ(store_session_up(s, 3, &c), ST_OK);
	T_EQ(store_session_up(s, 4, &d), ST_OK);
	T_EQ(store_session_up(s, 5, &a), ST_OK); /* again: a session that was thawed */
	T_TRUE(lab_wait(s, 5));
	static const enum status want[] = {ST_OK, ST_STORE, ST_OK, ST_OK, ST_OK};
	for (size_t i = 0; i < 5; i++) {
		T_ROW(i, "answer");
		T_EQ(lab.answer[i + 1], want[i]);
	}
	T_TRUE(strstr(lab.notice, "10.0.0.1") && strstr(lab.notice, b.ulid));
	T_EQ(lab_count("SELECT count(*) FROM sessions"), 3); /* the refused one left no row */
	T_EQ(lab_count("SELECT count(*) FROM leases"), 3);
	T_EQ(lab_count("SELECT sum(sessions) FROM usage_daily"), 3);
	/* Free for the next one once it was released, in the same transaction if need be. */
	T_EQ(store_session_end(s, &id, 1700000009000, ST_END_DPD, &none), ST_OK);
	T_EQ(store_session_up(s, 6, &b), ST_OK);
	T_TRUE(lab_wait(s, 6));
	T_EQ(lab.answer[6], ST_OK);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE address = '10.0.0.1' AND held AND ivrf "
		       "= ''"),
		1);
	lab_remove();
}

/* A peer that authenticates again has two sessions for a moment; the newer one has the row. */
static void an_address_goes_to_the_newer_session_of_its_holder(void)
{
	lab_new_dir();
	struct store *s = lab_open();
	struct store_session a = lab_session(1, "10.0.0.1"), b = lab_session(2, "10.0.0.1");
	struct ulid id = lab_ulid(1);
	struct store_traffic none = {0};

	memcpy(b.identity, a.identity, sizeof(b.identity));
	T_EQ(store_session_up(s, 1, &a), ST_OK);
	T_EQ(store_session_up(s, 2, &b), ST_OK);
	T_EQ(store_session_end(s, &id, 1700000009000, ST_END_REAUTH, &none), ST_OK);
	T_TRUE(lab_wait(s, 2));
	T_TRUE(lab.answer[1] == ST_OK && lab.answer[2] == ST_OK);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_leases"), 2);
	T_EQ(lab_count("SELECT count(*) FROM v_leases l JOIN v_active a ON a.ulid = l.session WHERE held"), 1);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 1);
	lab_remove();
}

static void reconcile_ends_the_lost(void)
{
	struct ulid live[2] = {lab_ulid(5), lab_ulid(2)};
	char ip[16];

	lab_new_dir();
	struct store *s = lab_open();
	for (unsigned i = 1; i <= 6; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%u", i);
		struct store_session u = lab_session(i, ip);
		T_EQ(store_session_up(s, i, &u), ST_OK);
	}
	T_TRUE(lab_wait(s, 6));
	store_close(s); /* as death would leave it */
	s = lab_open();
	T_EQ(store_reconcile(s, 7, 1700000100000, live, 2), ST_OK);
	T_TRUE(lab_wait(s, 7));
	T_EQ(lab.answer[7], ST_OK);
	T_EQ(lab_count("SELECT count(*) FROM v_active"), 2);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 2);
	T_EQ(lab_count("SELECT count(*) FROM v_history WHERE end_reason = 'lost' AND ended_ms = "
		       "1700000100000"),
		4);
	T_EQ(store_reconcile(s, 8, 1700000200000, NULL, 0), ST_OK);
	T_TRUE(lab_wait(s, 8));
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 0);
	store_close(s);
	lab_remove();
}

static void failures_events_and_limits(void)
{
	struct store_failure f = {.ms = 1700000000000, .status = ST_NO_PROPOSAL};
	struct endpoint ep = {.addr = addr_v4(0xc6336401), .port = 500};
	struct kv kv[] = {kv_str("session", "01HF7YAT00000000000000000A"), kv_ep("remote", &ep),
		kv_bytes("id", "a\nb", 3), kv_u64("n", 5)};

	lab_new_dir();
	struct store *s = lab_open();
	snprintf(f.remote, sizeof(f.remote), "198.51.100.1:500");
	store_failure(s, &f);
	snprintf(f.sentence, sizeof(f.sentence),
		"client offered only modp1024; allow it with group 2");
	store_failure(s, &f);
	for (int i = 0; i < 5000; i++) /* a flood in one second */
		store_failure(s, &f);
	f.ms += 1000;
	store_failure(s, &f);
	store_log(s, 1700000000000, EV_SESSION_UP, kv, 4);
	struct store_counts c;
	store_counts(s, &c);
	T_EQ(c.suppressed, 5002 - 100);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM failures"), 101);
	T_STR(lab_ask("sallyport.db",
		      "SELECT status || ': ' || sentence FROM failures WHERE id = 1"),
		"no_proposal: no common IKE proposal");
	T_STR(lab_ask("sallyport.db", "SELECT sentence FROM v_failures LIMIT 1"),
		"client offered only modp1024; allow it with group 2");
	T_STR(lab_ask("sallyport.db", "SELECT event || '|' || severity || '|' || session || '|' || "
				      "peer || '|' || detail FROM v_events"),
		"session_up|5|01HF7YAT00000000000000000A|198.51.100.1:500|id=\"a\\x0ab\" n=5");
	lab_remove();
}

static void put_sample(struct store *s, uint64_t number, int64_t ms, const struct stats *sums,
	uint64_t sessions)
{
	struct sample sample = {.number = number, .wall_ms = ms};
	stats_sum(&sample.sums, sums);
	sample.gauge[GG_SESSIONS] = sessions;
	store_sample(s, &sample);
}

static void samples(void)
{
	static struct stats st, fresh;

	lab_new_dir();
	struct store *s = lab_open();
	stats_add(&st, CT_IKE_IN, 10);
	put_sample(s, 1, 1000, &st, 7);
	stats_add(&st, CT_IKE_IN, 5);
	stats_status(&st, ST_AUTH_FAILED);
	put_sample(s, 2, 6000, &st, 3); /* of the same minute */
	put_sample(s, 3, 61000, &st, 3);
	put_sample(s, 4, 121000, &st, 3); /* nothing changed */
	store_close(s);
	T_STR(lab_ask("sallyport.db", "SELECT value || ' ' || sample || ' ' || ms FROM v_counters"
				      " WHERE token = 'ike_in_packets'"),
		"15 4 121000");
	T_STR(lab_ask("sallyport.db",
		      "SELECT value FROM v_counters WHERE token = 'status_auth_failed'"),
		"1");
	T_EQ(lab_count("SELECT count(*) FROM v_counters"), CT__MAX + GG__MAX + 1);
	T_EQ(lab_count("SELECT value FROM v_counters WHERE token = 'sessions'"), 3);
	T_STR(lab_ask("sallyport.db",
		      "SELECT group_concat(sample || ':' || value, ' ') FROM v_counter_history"
		      " WHERE token = 'ike_in_packets'"),
		"1:10 3:15");
	T_EQ(lab_count("SELECT count(*) FROM counter_history WHERE ms = 121000"), 0);
	/* Another process begins at 0, and what it has not counted is not in its sample. */
	s = lab_open();
	put_sample(s, 1, 181000, &fresh, 0);
	store_prune(s, 30 * DAY + 61000, 0); /* never more than 30 days of these */
	T_EQ(store_reconcile(s, 1, 1, NULL, 0), ST_OK);
	T_TRUE(lab_wait(s, 1));
	for (int i = 0; i < 500 && lab_count("SELECT min(ms) FROM counter_history") == 1000; i++)
		usleep(10000);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_counters"), CT__MAX + GG__MAX);
	T_EQ(lab_count("SELECT sum(value) FROM v_counters"), 0);
	T_EQ(lab_count("SELECT count(*) FROM counter_history WHERE ms < 61000"), 0);
	T_TRUE(lab_count("SELECT count(*) FROM counter_history") > 0);
	lab_remove();
}

static void fill_old_rows(struct store *s, uint64_t now, unsigned n)
{
	struct store_traffic none = {0};
	char ip[20];

	for (unsigned i = 0; i < n; i++) {
		uint64_t ms = now - (uint64_t)(i % 20) * DAY;
		struct ulid id = lab_ulid(i);
		snprintf(ip, sizeof(ip), "10.1.%u.%u", i / 200, i % 200);
		struct store_session u = lab_session(i, ip);
		struct store_event e = {.ms = ms, .event = EV_SESSION_UP};
		u.started_ms = ms - 5000;
		T_EQ(store_session_up(s, i, &u), ST_OK);
		T_EQ(store_session_end(s, &id, ms, ST_END_PEER, &none), ST_OK);
		store_event(s, &e);
		if (i % 500 == 0)
			T_TRUE(lab_wait(s, i + 1));
	}
	T_TRUE(lab_wait(s, n));
}

/* More rows than one batch; only the old go, live sessions never. */
static void retention(void)
{
	uint64_t now = 1800000000000ull;

	lab_new_dir();
	struct store *s = lab_open();
	T_DO(fill_old_rows(s, now, 2000));
	struct store_session u = lab_session(5000, "10.2.0.1");
	u.started_ms = now - 100 * DAY;
	T_EQ(store_session_up(s, 2000, &u), ST_OK);
	T_TRUE(lab_wait(s, 2001));
	store_prune(s, now, 0); /* for ever */
	T_EQ(store_reconcile(s, 2001, now, (struct ulid[]){lab_ulid(5000)}, 1), ST_OK);
	T_TRUE(lab_wait(s, 2002));
	T_EQ(lab_count("SELECT count(*) FROM sessions"), 2001);
	store_prune(s, now, 10);
	for (int i = 0; i < 500 && lab_count("SELECT count(*) FROM v_history") > 1100; i++)
		usleep(10000);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_history"), 1100); /* days 0..10 of 20 */
	T_EQ(lab_count("SELECT count(*) FROM v_leases"), 1101);
	T_EQ(lab_count("SELECT count(*) FROM v_active"), 1);
	lab_remove();
}

/* Row limits hold whatever the age: a flood of failures does not fill the disk. */
static void row_limits(void)
{
	struct store_options o = lab_options();
	enum status why;
	char detail[STORE_TEXT];

	lab_new_dir();
	o.max_failures = 300;
	o.max_events = 200;
	struct store *s = store_open(lab.dir, &o, &why, detail);
	T_TRUE(s != NULL);
	for (unsigned i = 0; i < 3000; i++) {
		struct store_failure f = {
			.ms = 1700000000000ull + i * 20, .status = ST_AUTH_FAILED};
		struct store_event e = {
			.ms = 1700000000000ull + i * 20, .event = EV_IKE_AUTH_FAILED};
		store_failure(s, &f);
		store_event(s, &e);
		if (i % 200 == 0)
			usleep(2000);
	}
	T_EQ(store_reconcile(s, 1, 0, NULL, 0), ST_OK);
	T_TRUE(lab_wait(s, 1));
	store_prune(s, 1700000100000, 0);
	for (int i = 0; i < 500 && lab_count("SELECT count(*) FROM events") > 200; i++)
		usleep(10000);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM failures"), 300);
	T_EQ(lab_count("SELECT count(*) FROM events"), 200);
	lab_remove();
}

/* A full disk: who waits is told, an end is kept and written when there is room again. */
static void full_disk_and_recovery(void)
{
	struct rlimit old, small;
	struct ulid id = lab_ulid(1);
	struct store_traffic none = {0};
	struct stat st;
	char ip[20];
	size_t n = 1;

	lab_new_dir();
	signal(SIGXFSZ, SIG_IGN);
	struct store *s = lab_open();
	struct store_session u = lab_session(1, "10.0.0.1");
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	T_EQ(stat(lab_file("sallyport.db-wal"), &st), 0);
	T_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = (rlim_t)st.st_size + 20000;
	T_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	do {
		n++;
		snprintf(
			ip, sizeof(ip), "10.0.%u.%u", (unsigned)(n / 200), (unsigned)(n % 200 + 2));
		u = lab_session(n, ip);
		T_EQ(store_session_up(s, n, &u), ST_OK);
		T_TRUE(lab_wait(s, n));
	} while (lab.answer[n] == ST_OK && n < 1000);
	T_EQ(lab.answer[n], ST_STORE);
	T_EQ(lab.n_notices, 1);
	T_EQ(lab.notice_status, ST_STORE);
	small.rlim_cur = 4096; /* now nothing fits, not even what an emptied log would take */
	T_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	T_EQ(store_session_end(s, &id, 1700000060000, ST_END_ADMIN, &none), ST_OK);
	u = lab_session(n + 1, "10.0.0.250");
	T_EQ(store_session_up(s, n + 1, &u), ST_OK);
	T_TRUE(lab_wait(s, n + 1));
	T_EQ(lab.answer[n + 1], ST_STORE);
	struct store_counts c;
	store_counts(s, &c);
	T_EQ(c.waiting, 1);
	T_TRUE(c.failing);
	T_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	for (int i = 0; lab.notice_status != ST_OK && i < 500; i++) { /* by itself */
		usleep(10000);
		store_poll(s);
	}
	T_EQ(lab.notice_status, ST_OK);
	store_counts(s, &c);
	T_EQ(c.waiting, 0);
	T_TRUE(!c.failing);
	u = lab_session(n + 2, "10.0.0.251");
	T_EQ(store_session_up(s, n + 2, &u), ST_OK);
	T_TRUE(lab_wait(s, n + 2));
	T_EQ(lab.answer[n + 2], ST_OK);
	T_EQ(lab.notice_status, ST_OK);
	store_close(s);
	T_STR(lab_ask("sallyport.db", "SELECT end_reason FROM v_history"), "admin_clear");
	T_EQ(lab_count("SELECT count(*) FROM v_active"), (long)n - 1);
	T_STR(lab_ask("sallyport.db", "PRAGMA integrity_check"), "ok");
	lab_remove();
}

/* More than the ring holds, while the writer is kept waiting by somebody's open transaction. */
static void full_ring_loses_no_answer(void)
{
	struct store_options o = lab_options();
	struct store_traffic none = {0};
	enum status why;
	char detail[STORE_TEXT], ip[20];

	lab_new_dir();
	o.ring_slots = 8;
	struct store *s = store_open(lab.dir, &o, &why, detail);
	T_TRUE(s != NULL);
	for (unsigned i = 1; i <= 6; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%u", i);
		struct store_session u = lab_session(i, ip);
		T_EQ(store_session_up(s, i, &u), ST_OK);
	}
	T_TRUE(lab_wait(s, 6));
	sqlite3 *db = lab_sqlite("sallyport.db");
	T_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	struct store_session first = lab_session(7, "10.0.1.7");
	T_EQ(store_session_up(s, 7, &first), ST_OK);
	usleep(50000); /* the writer has it in hand and waits */
	size_t refused = 0;
	for (unsigned i = 8; i < 40; i++) {
		snprintf(ip, sizeof(ip), "10.0.1.%u", i);
		struct store_session u = lab_session(i, ip);
		T_EQ(store_session_up(s, i, &u), ST_OK);
	}
	for (unsigned i = 1; i <= 6; i++) { /* no room: kept here */
		struct ulid id = lab_ulid(i);
		T_EQ(store_session_end(s, &id, 1700000009000, ST_END_PEER, &none), ST_OK);
	}
	T_EQ(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	T_TRUE(lab_wait(s, 39));
	for (unsigned i = 7; i < 40; i++)
		refused += lab.answer[i] == ST_STORE;
	T_EQ(refused, 24);
	store_close(s);
	T_EQ(lab.n_answers, 39);
	T_EQ(lab_count("SELECT count(*) FROM v_history"), 6);
	T_EQ(lab_count("SELECT count(*) FROM v_active"), 33 - (long)refused);
	lab_remove();
}

/* Somebody's shell holds the file for longer than we wait: refused, said, and over with it. */
static void locked_by_a_shell(void)
{
	lab_new_dir();
	struct store *s = lab_open();
	struct store_session u = lab_session(1, "10.0.0.1");
	sqlite3 *db = lab_sqlite("sallyport.db");
	T_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	T_EQ(lab.answer[1], ST_STORE);
	T_TRUE(lab.n_notices == 1 && strstr(lab.notice, "locked"));
	T_EQ(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	T_EQ(store_session_up(s, 2, &u), ST_OK);
	T_TRUE(lab_wait(s, 2));
	T_EQ(lab.answer[2], ST_OK);
	T_TRUE(lab.n_notices == 2 && lab.notice_status == ST_OK);
	store_close(s);
	lab_remove();
}

/* Ten thousand totals and a flood of events leave room for a login; none of the totals is lost. */
static void totals_of_many_sessions(void)
{
	struct store_options o = lab_options();
	struct store_traffic t = {.bytes_in = 1, .packets_in = 1};
	struct store_counts c;
	enum status why;
	char detail[STORE_TEXT], ip[20];

	lab_new_dir();
	o.ring_slots = 64;
	struct store *s = store_open(lab.dir, &o, &why, detail);
	T_TRUE(s != NULL);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(ip, sizeof(ip), "10.3.%u.%u", i / 200, i % 200);
		struct store_session u = lab_session(i, ip);
		T_EQ(store_session_up(s, i, &u), ST_OK);
		if (i % 30 == 29)
			T_TRUE(lab_wait(s, i + 1));
	}
	for (unsigned i = 0; i < 3000; i++) {
		struct ulid id = lab_ulid(i);
		store_session_traffic(s, &id, 1700000100000, &t);
	}
	store_poll(s); /* takes the last, incomplete batch along */
	store_counts(s, &c);
	T_EQ(c.dropped, 0);
	sqlite3 *db = lab_sqlite("sallyport.db");
	T_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 500; i++) {
		struct store_event e = {.ms = 1700000100000 + i * 10, .event = EV_PKT_REPLAY};
		store_event(s, &e);
	}
	struct store_session u = lab_session(9000, "10.4.0.1");
	T_EQ(store_session_up(s, 9000, &u), ST_OK);
	T_EQ(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	T_TRUE(lab_wait(s, 3001));
	T_EQ(lab.answer[9000], ST_OK);
	store_close(s);
	T_EQ(lab_count("SELECT sum(bytes_in) FROM v_active"), 3000);
	T_EQ(lab_count("SELECT sum(bytes_in) FROM v_usage_daily"), 3000);
	lab_remove();
}

/* The address of a session of ours as initiator is shown and is no lease. */
static void an_address_from_the_peer(void)
{
	lab_new_dir();
	struct store *s = lab_open();
	struct store_session u = lab_session(1, "10.0.0.1"), v = lab_session(2, "10.0.0.1");
	u.pool4[0] = '\0';
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_EQ(store_session_up(s, 2, &v), ST_OK);
	T_TRUE(lab_wait(s, 2));
	T_EQ(lab.answer[2], ST_OK);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_active WHERE ip4 = '10.0.0.1'"), 2);
	T_EQ(lab_count("SELECT count(*) FROM leases"), 1);
	lab_remove();
}

/* The store knows text and numbers: nothing in its folder can see a type that holds a secret. */
static void no_secret_has_a_way_in(void)
{
	static const char *const files[] = {"db/store.h", "db/store.c", "db/msg.h", "db/rows.h",
		"db/rows.c", "db/writer.h", "db/writer.c", "db/acct.h", "db/acct.c", "db/retain.c",
		"db/msg.c", "db/migrate.h", "db/migrate.c",
		"db/file.h", "db/file.c"};
	static const char *const worlds[] = {"\"core/ike", "\"core/conf", "\"core/crypto",
		"\"core/session", "\"core/aaa", "\"core/eap", "struct secret", "ike_answer"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *text = t_readfile(files[i], NULL);
		T_ROW(i, files[i]);
		T_TRUE(text != NULL);
		for (size_t k = 0; k < sizeof(worlds) / sizeof(worlds[0]); k++) {
			if (strstr(text, worlds[k]))
				T_FAIL("it mentions %s", worlds[k]);
		}
	}
}

static void no_folder_or_no_database(void)
{
	struct store_options o = lab_options();
	enum status why;
	char detail[STORE_TEXT];
	int64_t live = mem_live();

	T_TRUE(store_open("/nonexistent-folder", &o, &why, detail) == NULL);
	T_EQ(why, ST_IO);
	T_TRUE(detail[0]);
	lab_new_dir();
	FILE *f = fopen(lab_file("sallyport.db"), "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database ", f);
	fclose(f);
	T_TRUE(store_open(lab.dir, &o, &why, detail) == NULL);
	T_EQ(why, ST_STORE);
	T_TRUE(strstr(detail, "not a database"));
	T_EQ(mem_live(), live);
	lab_remove();
}

/* Files of two installations put together. */
static void mixed_files_are_noticed(void)
{
	char other[128];

	lab_new_dir();
	store_close(lab_open());
	T_EQ(lab.n_notices, 0);
	unlink(lab_file("secrets.db-wal"));
	unlink(lab_file("secrets.db-shm"));
	snprintf(other, sizeof(other), "%s", lab_file("other.db"));
	T_EQ(rename(lab_file("secrets.db"), other), 0);
	store_close(lab_open());
	T_EQ(lab.n_notices, 1);
	T_TRUE(strstr(lab.notice, "belong together"));
	store_close(lab_open());
	T_EQ(lab.n_notices, 1); /* said once */
	lab_remove();
}

static void no_memory(void)
{
	struct store_session u = lab_session(1, "10.0.0.1");
	struct store_traffic none = {0};
	struct ulid id = lab_ulid(1);
	struct store_options o = lab_options();
	enum status why;
	char detail[STORE_TEXT];
	int64_t live = mem_live();

	lab_new_dir();
	struct store *s = NULL;
	for (uint64_t nth = 1; !s && nth < 50; nth++) {
		T_ROW(nth, "allocation");
		mem_fail_at(nth);
		s = store_open(lab.dir, &o, &why, detail);
		mem_fail_at(0);
		T_TRUE(s || (why == ST_NOMEM && detail[0]));
		T_TRUE(s || mem_live() == live);
	}
	T_TRUE(s != NULL);
	mem_fail_at(1);
	T_EQ(store_session_up(s, 1, &u), ST_NOMEM);
	mem_fail_at(1);
	T_EQ(store_session_end(s, &id, 1, ST_END_PEER, &none), ST_NOMEM);
	mem_fail_at(2);
	T_EQ(store_reconcile(s, 1, 1, &id, 1), ST_NOMEM);
	mem_fail_at(0);
	store_close(s);
	T_EQ(lab.n_answers, 0);
	T_EQ(mem_live(), live);
	lab_remove();
}

int main(void)
{
	T_RUN(files_and_modes);
	T_RUN(views_are_a_contract);
	T_RUN(a_session_from_up_to_end);
	T_RUN(an_address_is_held_once);
	T_RUN(an_address_goes_to_the_newer_session_of_its_holder);
	T_RUN(reconcile_ends_the_lost);
	T_RUN(failures_events_and_limits);
	T_RUN(samples);
	T_RUN(retention);
	T_RUN(row_limits);
	T_RUN(full_disk_and_recovery);
	T_RUN(full_ring_loses_no_answer);
	T_RUN(locked_by_a_shell);
	T_RUN(totals_of_many_sessions);
	T_RUN(an_address_from_the_peer);
	T_RUN(no_secret_has_a_way_in);
	T_RUN(no_folder_or_no_database);
	T_RUN(mixed_files_are_noticed);
	T_RUN(no_memory);
	return t_end();
}
