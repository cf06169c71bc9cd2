/* tsan */
/* The store on a disk that fails: every kind of work meets every fault. Whoever waits gets an answer,
 * what was answered ST_OK is in the file, what must not be lost comes when the disk works again, by
 * itself, and the file is whole. */
#include <signal.h>
#include <time.h>

#include "core/base/mem.h"
#include "db/acct.h"
#include "tests/unit/store_lib.h"
/* after stdio */
#include "tests/unit/fault_vfs.h"

#define PER_CASE 16 /* sessions, and numbers of answers */

static uint64_t base; /* of the case in force */
static size_t n_spool;
static uint64_t spool_ids[STORE_ACCT_BATCH];

static void on_acct(
	void *ctx, uint64_t number, enum status st, const struct store_acct *v, size_t n)
{
	if (st == ST_OK) {
		n_spool = n;
		for (size_t i = 0; i < n; i++)
			spool_ids[i] = v[i].id;
	}
	lab_on_commit(ctx, number, st);
}

static struct store *open_store(enum status *why, char detail[STORE_TEXT])
{
	struct store_options o = lab_options();

	o.lazy_ms = 1;
	o.on_acct = on_acct;
	return store_open(lab.dir, &o, why, detail);
}

/* Asks for session base + n and waits for the answer, which is returned. */
static enum status login(struct store *s, uint64_t n)
{
	char ip[32];
	size_t want = lab.n_answers + 1;

	snprintf(ip, sizeof(ip), "10.%u.%u.%u", (unsigned)((base + n) >> 16),
		(unsigned)((base + n) >> 8 & 255), (unsigned)((base + n) & 255));
	struct store_session u = lab_session(base + n, ip);
	if (store_session_up(s, base + n, &u) != ST_OK || !lab_wait(s, want))
		return ST__MAX;
	return lab.answer[base + n];
}

static enum status end(struct store *s, uint64_t n)
{
	struct store_traffic t = {.bytes_in = 500, .packets_in = 5};
	struct ulid id = lab_ulid(base + n);

	return store_session_end(s, &id, 1700000100000ull + base, ST_END_DPD, &t);
}

static long number_of(const char *format, uint64_t n)
{
	char sql[256], id[ULID_TEXT];
	struct ulid u = lab_ulid(base + n);

	snprintf(sql, sizeof(sql), format, ulid_format(&u, id));
	return lab_count(sql);
}

#define IS_ACTIVE "SELECT count(*) FROM v_active WHERE ulid = '%s'"
#define IS_ENDED  "SELECT count(*) FROM v_history WHERE ulid = '%s'"

/* ---- the kinds of work: given under the fault, looked at after it ------------------------------ */

static void none_after(struct store *s)
{
}

static void do_login(struct store *s)
{
	struct store_session u = lab_session(base + 3, "10.255.0.1");

	T_EQ(store_session_up(s, base + 3, &u), ST_OK);
}

static void after_login(struct store *s)
{
	if (lab.answer[base + 3] == ST_OK)
		T_EQ(number_of(IS_ACTIVE, 3), 1);
	T_EQ(end(s, 3), ST_OK); /* whatever the answer was */
}

static void do_end(struct store *s)
{
	T_EQ(end(s, 1), ST_OK);
}

static void after_end(struct store *s)
{
	T_EQ(number_of(IS_ENDED, 1), 1);
	T_EQ(number_of("SELECT bytes_in FROM v_history WHERE ulid = '%s'", 1), 500);
	T_EQ(number_of("SELECT count(*) FROM v_leases WHERE held AND session = '%s'", 1), 0);
}

static void do_traffic(struct store *s)
{
	struct store_traffic t = {.bytes_in = 100, .packets_in = 1};
	struct ulid id = lab_ulid(base + 1);

	for (int i = 0; i < 300; i++)
		store_session_traffic(s, &id, 1700000050000ull, &t);
}

static void after_traffic(struct store *s)
{
	struct store_traffic t = {.bytes_in = 200, .packets_in = 2};
	struct ulid id = lab_ulid(base + 1);

	/* Totals: the next ones bring what was lost. */
	store_session_traffic(s, &id, 1700000060000ull, &t);
	store_poll(s);
	for (int i = 0; i < 500 && number_of("SELECT bytes_in FROM v_active WHERE ulid = '%s'", 1) != 200; i++)
		usleep(5000);
	T_EQ(number_of("SELECT bytes_in FROM v_active WHERE ulid = '%s'", 1), 200);
}

static void do_events(struct store *s)
{
	struct store_event e = {.ms = 1700000000000ull + base, .event = EV_IKE_AUTH_FAILED};
	struct store_failure f = {.ms = 1700000000000ull + base, .status = ST_AUTH_FAILED};

	store_event(s, &e);
	store_failure(s, &f);
}

/* The first ones of a bad time are kept. */
static void after_events(struct store *s)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		"SELECT (SELECT count(*) FROM events WHERE ms = %llu) + (SELECT count(*) FROM failures"
		" WHERE ms = %llu)",
		1700000000000ull + base, 1700000000000ull + base);
	T_EQ(lab_count(sql), 2);
}

static void do_sample(struct store *s)
{
	static struct stats none;
	struct sample sample = {.number = base, .wall_ms = (int64_t)(1700000000000ull + base * 60000)};

	stats_sum(&sample.sums, &none);
	store_sample(s, &sample);
}

static void do_prune(struct store *s)
{
	store_prune(s, 1700000000000ull + base + 86400000, 1);
}

static void do_anonymize(struct store *s)
{
	store_anonymize(s, 1700000000000ull + base + 86400000, 1);
}

static void do_resume(struct store *s)
{
	T_EQ(end(s, 2), ST_OK);
	T_EQ(store_resume(s, base + 5, &(struct ulid){.b = {0}}, true), ST_OK);
	struct ulid id = lab_ulid(base + 2);
	T_EQ(store_resume(s, base + 6, &id, true), ST_OK);
}

/* A yes is given once, also when the disk failed between. */
static void after_resume(struct store *s)
{
	struct ulid id = lab_ulid(base + 2);
	size_t want = lab.n_answers + 1;

	T_EQ(store_resume(s, base + 7, &id, true), ST_OK);
	T_TRUE(lab_wait(s, want));
	T_TRUE((lab.answer[base + 6] == ST_OK) != (lab.answer[base + 7] == ST_OK));
}

static void do_user(struct store *s)
{
	struct store_user u = {.failures = (uint32_t)base, .len = 3, .record = {1, 2, 3}};

	snprintf(u.name, sizeof(u.name), "anna");
	T_EQ(store_user(s, &u), ST_OK);
}

static void after_user(struct store *s)
{
	T_EQ(atol(lab_ask("secrets.db", "SELECT failures FROM users WHERE name = 'anna'")), (long)base);
}

static void do_secret(struct store *s)
{
	store_secret(s, "keys", &base, sizeof(base));
}

static void do_acct(struct store *s)
{
	for (uint8_t i = 1; i <= 3; i++) {
		struct ulid id = lab_ulid(base + i);
		T_EQ(store_acct_put(s, base, &id, &i, 1), ST_OK);
	}
	T_EQ(store_acct_next(s, base + 5, (struct view){0}, 0), ST_OK);
}

static void after_acct(struct store *s)
{
	size_t want = lab.n_answers + 1;

	T_EQ(store_acct_next(s, base + 6, (struct view){0}, 0), ST_OK);
	T_TRUE(lab_wait(s, want));
	T_EQ(lab.answer[base + 6], ST_OK);
	T_EQ(n_spool, 3);
	T_STR(lab_ask("sallyport.db", "SELECT group_concat(hex(record)) FROM (SELECT record FROM"
				      " accounting ORDER BY id)"),
		"01,02,03");
	for (size_t i = 0; i < 3; i++)
		T_EQ(store_acct_done(s, spool_ids[i]), ST_OK);
	T_EQ(login(s, 4), ST_OK);
	T_EQ(lab_count("SELECT count(*) FROM accounting"), 0);
}

static const struct kind {
	const char *name;
	void (*work)(struct store *s);
	void (*after)(struct store *s);
	size_t answers; /* that the work waits for */
} kinds[] = {
	{"login", do_login, after_login, 1},
	{"end", do_end, after_end, 0},
	{"traffic", do_traffic, after_traffic, 0},
	{"events", do_events, after_events, 0},
	{"sample", do_sample, none_after, 0},
	{"retention", do_prune, none_after, 0},
	{"pseudonyms", do_anonymize, none_after, 0},
	{"resumption", do_resume, after_resume, 2},
	{"user", do_user, after_user, 0},
	{"secret", do_secret, none_after, 0},
	{"accounting", do_acct, after_acct, 1},
};

static struct disk {
	const char *name;
	struct fault_plan plan;
	int hits;
} disks[] = {
	{"full", {FAULT_WRITE, "-wal", SQLITE_FULL, 1}},
	{"full in the middle", {FAULT_WRITE, "-wal", SQLITE_FULL, 4}},
	{"full for a moment", {FAULT_WRITE, "-wal", SQLITE_FULL, 2, true}},
	{"errors", {FAULT_WRITE, "", SQLITE_IOERR_WRITE, 1}},
	{"an error in the middle", {FAULT_WRITE, "", SQLITE_IOERR_WRITE, 3, true}},
	{"read-only", {FAULT_WRITE, "", SQLITE_READONLY, 1}},
	{"full for secrets", {FAULT_WRITE, "secrets.db-wal", SQLITE_FULL, 1}},
	{"sync fails", {FAULT_SYNC, "", SQLITE_IOERR_FSYNC, 1}},
	{"no truncation", {FAULT_TRUNCATE, "", SQLITE_IOERR_TRUNCATE, 1}},
};

/* ---- a case ------------------------------------------------------------------------------------- */

static void files_are_whole(void)
{
	T_STR(lab_ask("sallyport.db", "PRAGMA integrity_check"), "ok");
	T_STR(lab_ask("secrets.db", "PRAGMA integrity_check"), "ok");
	T_EQ(lab_count("SELECT (SELECT value FROM meta WHERE name = 'sessions') -"
		       " (SELECT count(*) FROM sessions)"),
		0);
	T_EQ(lab_count("SELECT count(*) FROM (SELECT sum(sessions) AS n FROM usage_daily) d,"
		       " (SELECT sum(sessions) AS n FROM usage_total) t WHERE d.n IS NOT t.n"),
		0);
}

static void one_case(struct store *s, const struct kind *kind, struct disk *disk)
{
	struct store_counts c;
	size_t want;

	fault_clear();
	T_EQ(login(s, 1), ST_OK);
	T_EQ(login(s, 2), ST_OK);
	lab.n_notices = 0;
	fault_set(disk->plan);
	want = lab.n_answers + kind->answers;
	kind->work(s);
	T_TRUE(lab_wait(s, want)); /* nobody waits for the disk to come back */
	enum status st = login(s, 9);
	T_TRUE(st == ST_OK || st == ST_STORE);
	enum status next = login(s, 8); /* also what was left for after the transaction is over now */
	T_TRUE(next == ST_OK || next == ST_STORE);
	disk->hits += atomic_load(&fault.hits);
	fault_clear();
	T_EQ(login(s, 10), ST_OK); /* as soon as the disk works */
	store_counts(s, &c);
	T_TRUE(!c.failing && c.waiting == 0);
	T_TRUE(lab.n_notices == 0 || lab.notice_status == ST_OK);
	T_TRUE(lab.n_notices >= 2 || st == ST_OK); /* trouble is said, and its end */
	if (st == ST_OK)
		T_EQ(number_of(IS_ACTIVE, 9), 1);
	T_DO(kind->after(s));
	for (uint64_t n = 1; n <= 10; n++)
		T_EQ(end(s, n), ST_OK);
	T_DO(files_are_whole());
}

static void every_work_meets_every_fault(void)
{
	enum status why;
	char detail[STORE_TEXT], row[96];
	const size_t n_disks = sizeof(disks) / sizeof(disks[0]);

	lab_new_dir();
	struct store *s = open_store(&why, detail);
	T_TRUE(s != NULL);
	base = 0;
	for (size_t d = 0; d < n_disks; d++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			base += PER_CASE;
			snprintf(row, sizeof(row), "%s, disk: %s", kinds[k].name, disks[d].name);
			T_ROW(base / PER_CASE, row);
			T_DO(one_case(s, &kinds[k], &disks[d]));
		}
		T_TRUE(disks[d].hits > 0); /* otherwise nothing was tested */
	}
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_active"), 0);
	T_EQ(lab_count("SELECT count(*) FROM v_leases WHERE held"), 0);
	T_DO(files_are_whole());
	lab_remove();
}

/* ---- opening, and opening again ---------------------------------------------------------------- */

static void at_the_start(void)
{
	static const struct {
		enum fault_op op;
		int rc;
	} plans[] = {{FAULT_OPEN, SQLITE_CANTOPEN}, {FAULT_WRITE, SQLITE_FULL},
		{FAULT_WRITE, SQLITE_READONLY}, {FAULT_SYNC, SQLITE_IOERR_FSYNC},
		{FAULT_SHM, SQLITE_IOERR_SHMSIZE}};
	enum status why;
	char detail[STORE_TEXT];

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		bool was_hit = true;
		int refused = 0;
		/* In order up to the last call of an opening: later ones are rare in kind. */
		for (int nth = 1; was_hit && nth < 200; nth += 1 + nth / 6) {
			int64_t live = mem_live();
			T_ROW(nth, "nth call");
			lab_new_dir();
			fault_set((struct fault_plan){plans[i].op, "", plans[i].rc, nth});
			struct store *s = open_store(&why, detail);
			was_hit = atomic_load(&fault.hits) > 0;
			fault_clear();
			refused += !s;
			T_TRUE(s || detail[0]);
			store_close(s);
			T_EQ(mem_live(), live);
			s = open_store(&why, detail);
			T_TRUE(s != NULL);
			base = 0;
			T_EQ(login(s, 1), ST_OK);
			store_close(s);
			T_DO(files_are_whole());
			lab_remove();
		}
		T_TRUE(refused > 0 && !was_hit);
	}
}

/* The files cannot even be opened again for a while; then it works by itself, with nobody asking. */
static void away_and_back(void)
{
	enum status why;
	char detail[STORE_TEXT];
	struct store_counts c;

	lab_new_dir();
	base = 0;
	struct store *s = open_store(&why, detail);
	T_TRUE(s != NULL);
	T_EQ(login(s, 1), ST_OK);
	fault_set((struct fault_plan){FAULT_WRITE, "", SQLITE_IOERR_WRITE, 1});
	T_EQ(login(s, 2), ST_STORE);
	T_TRUE(lab.n_notices == 1 && lab.notice_status == ST_STORE);
	fault_set((struct fault_plan){FAULT_OPEN, "", SQLITE_CANTOPEN, 1});
	T_EQ(login(s, 3), ST_STORE);
	T_EQ(end(s, 1), ST_OK);
	T_EQ(login(s, 4), ST_STORE);
	store_counts(s, &c);
	T_TRUE(c.failing && c.waiting == 1);
	fault_clear();
	for (int i = 0; lab.notice_status != ST_OK && i < 500; i++) {
		usleep(10000);
		store_poll(s);
	}
	T_EQ(lab.notice_status, ST_OK);
	T_EQ(lab.n_notices, 2);
	T_EQ(number_of(IS_ENDED, 1), 1);
	store_close(s);
	T_DO(files_are_whole());
	lab_remove();
}

/* More ends than a batch holds, while nothing can be written: logins are still answered. */
static void a_crowd_leaves_while_the_disk_is_full(void)
{
	enum { CROWD = 3000 };
	enum status why;
	char detail[STORE_TEXT];

	lab_new_dir();
	base = 0;
	struct store *s = open_store(&why, detail);
	T_TRUE(s != NULL);
	for (uint64_t n = 1; n <= CROWD; n++) {
		struct store_session u = lab_session(n, "");
		T_EQ(store_session_up(s, n, &u), ST_OK);
		if (n % 500 == 0)
			T_TRUE(lab_wait(s, n));
	}
	fault_set((struct fault_plan){FAULT_WRITE, "", SQLITE_FULL, 1});
	for (uint64_t n = 1; n <= CROWD; n++)
		T_EQ(end(s, n), ST_OK);
	T_EQ(login(s, CROWD + 1), ST_STORE);
	int hits = atomic_load(&fault.hits);
	usleep(500000);
	T_TRUE(atomic_load(&fault.hits) - hits < 10); /* it tries once a second and does not spin */
	fault_clear();
	T_EQ(login(s, CROWD + 2), ST_OK);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_history"), CROWD);
	T_DO(files_are_whole());
	lab_remove();
}

/* ---- the log and the file ----------------------------------------------------------------------- */

static long n_records;

/* Enough for the log to be moved, and then it is. */
static void fill_log(struct store *s)
{
	static const uint8_t record[STORE_ACCT_MAX];
	struct ulid id = lab_ulid(1);

	for (int i = 0; i < 1200; i++)
		T_EQ(store_acct_put(s, 1, &id, record, sizeof(record)), ST_OK);
	n_records += 1200;
	base += PER_CASE;
	T_EQ(login(s, 1), ST_OK);
}

/* The file is synced by a round that gets to the end of the log: when more comes meanwhile, by one of the next. */
static void fill_log_until(struct store *s, const atomic_int *what)
{
	for (int i = 0; i < 10 && atomic_load(what) == 0; i++) {
		T_DO(fill_log(s));
		for (int k = 0; atomic_load(what) == 0 && k < 300; k++)
			usleep(10000);
	}
	T_TRUE(atomic_load(what) > 0);
}

static void a_checkpoint_fails(void)
{
	static const struct disk plans[] = {
		{"full", {FAULT_WRITE, "sallyport.db", SQLITE_FULL, 1}},
		{"error", {FAULT_WRITE, "sallyport.db", SQLITE_IOERR_WRITE, 100, true}},
		{"log not synced", {FAULT_SYNC, "sallyport.db-wal", SQLITE_IOERR_FSYNC, 1}},
		{"file not synced", {FAULT_SYNC, "sallyport.db", SQLITE_IOERR_FSYNC, 1, true}},
	};
	enum status why;
	char detail[STORE_TEXT];

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		T_ROW(i, plans[i].name);
		lab_new_dir();
		base = 0;
		n_records = 0;
		struct store *s = open_store(&why, detail);
		T_TRUE(s != NULL);
		fault_set(plans[i].plan);
		T_DO(fill_log_until(s, &fault.hits));
		base += PER_CASE;
		T_EQ(login(s, 1), ST_OK); /* the log still has room */
		fault_clear();
		T_DO(fill_log(s));
		store_close(s);
		T_EQ(lab_count("SELECT count(*) FROM accounting"), n_records);
		T_EQ(lab_count("SELECT count(*) FROM v_active"), n_records / 1200 + 1);
		T_DO(files_are_whole());
		lab_remove();
	}
}

/* While the file is being synced, which takes as long as the logins do, they are committed. */
static void a_slow_disk_keeps_no_login_waiting(void)
{
	enum status why;
	char detail[STORE_TEXT];

	lab_new_dir();
	base = 0;
	struct store *s = open_store(&why, detail);
	T_TRUE(s != NULL);
	fault_set((struct fault_plan){FAULT_SYNC, "sallyport.db", SQLITE_OK, 1, true, 60000});
	T_DO(fill_log_until(s, &fault.inside));
	T_EQ(atomic_load(&fault.inside), 1);
	for (unsigned i = 0; i < 8; i++) {
		base += PER_CASE;
		T_EQ(login(s, 1), ST_OK);
	}
	T_EQ(atomic_load(&fault.inside), 1); /* all of that beside it */
	fault_clear();
	store_close(s);
	T_DO(files_are_whole());
	lab_remove();
}

/* Writes that take long: the loop is never held up, whoever finds no room is refused at once. */
static void slow_writes(void)
{
	enum status why;
	char detail[STORE_TEXT];
	struct store_options o = lab_options();
	struct timespec t0, t1;
	size_t ok = 0;

	lab_new_dir();
	o.ring_slots = 64;
	struct store *s = store_open(lab.dir, &o, &why, detail);
	T_TRUE(s != NULL);
	fault_set((struct fault_plan){FAULT_WRITE, "sallyport.db-wal", SQLITE_OK, 1, false, 20});
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (uint64_t n = 1; n <= 300; n++) {
		struct store_session u = lab_session(n, "");
		T_EQ(store_session_up(s, n, &u), ST_OK);
		do_events(s);
		store_poll(s);
	}
	clock_gettime(CLOCK_MONOTONIC, &t1);
	/* 300 times 20 ms is what it would be if they waited. */
	T_TRUE((t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000 < 3000);
	T_TRUE(lab_wait(s, 300));
	fault_clear();
	store_close(s);
	T_EQ(lab.n_answers, 300);
	for (uint64_t n = 1; n <= 300; n++)
		ok += lab.answer[n] == ST_OK;
	T_TRUE(ok > 0 && ok < 300);
	T_EQ(lab_count("SELECT count(*) FROM v_active"), (long)ok);
	lab_remove();
}

int main(void)
{
	fault_install();
	T_RUN(every_work_meets_every_fault);
	T_RUN(at_the_start);
	T_RUN(away_and_back);
	T_RUN(a_crowd_leaves_while_the_disk_is_full);
	T_RUN(a_checkpoint_fails);
	T_RUN(a_slow_disk_keeps_no_login_waiting);
	T_RUN(slow_writes);
	return t_end();
}
