/* What the tests of the store share: a folder of their own, a store with its answers, and questions
 * to the file by an SQLite connection that is not ours. */
#ifndef TESTS_UNIT_STORE_LIB_H
#define TESTS_UNIT_STORE_LIB_H

#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/store.h"
#include "tests/lib/t.h"

#define ANSWERS 100000

static struct {
	char dir[64];
	enum status answer[ANSWERS]; /* by number; ST__MAX: none yet */
	size_t n_answers;
	size_t n_notices;
	char notice[STORE_TEXT];
	enum status notice_status;
} lab;

static void lab_new_dir(void)
{
	snprintf(lab.dir, sizeof(lab.dir), "/tmp/sallyport-store-XXXXXX");
	if (!mkdtemp(lab.dir))
		abort();
	for (size_t i = 0; i < ANSWERS; i++)
		lab.answer[i] = ST__MAX;
	lab.n_answers = lab.n_notices = 0;
	lab.notice[0] = '\0';
}

static inline const char *lab_file(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", lab.dir, name);
	return path;
}

static inline void lab_remove(void)
{
	static const char *const names[] = {"sallyport.db", "sallyport.db-wal", "sallyport.db-shm",
		"secrets.db", "secrets.db-wal", "secrets.db-shm", "other.db"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(lab_file(names[i]));
	rmdir(lab.dir);
}

static void lab_on_commit(void *ctx, uint64_t number, enum status st)
{
	(void)ctx;
	if (number >= ANSWERS || lab.answer[number] != ST__MAX)
		abort(); /* nobody asked, or answered twice */
	lab.answer[number] = st;
	lab.n_answers++;
}

static void lab_on_notice(void *ctx, enum status st, const char *text)
{
	(void)ctx;
	lab.n_notices++;
	lab.notice_status = st;
	snprintf(lab.notice, sizeof(lab.notice), "%s", text);
}

static struct store_options lab_options(void)
{
	return (struct store_options){
		.node = "gw1", .on_commit = lab_on_commit, .on_notice = lab_on_notice};
}

static inline struct store *lab_open(void)
{
	struct store_options o = lab_options();
	enum status why;
	char detail[STORE_TEXT];
	struct store *s = store_open(lab.dir, &o, &why, detail);

	if (!s)
		printf("# store_open: %s: %s\n", status_token(why), detail);
	return s;
}

/* Waits until there are so many answers in all; false after 10 s. */
static inline bool lab_wait(struct store *s, size_t answers)
{
	struct pollfd p = {.fd = store_fd(s), .events = POLLIN};

	for (int i = 0; lab.n_answers < answers && i < 1000; i++) {
		(void)poll(&p, 1, 10);
		store_poll(s);
	}
	return lab.n_answers >= answers;
}

static inline struct ulid lab_ulid(uint64_t n)
{
	uint8_t r[10] = {0};

	memcpy(r, &n, sizeof(n));
	return ulid_make(1700000000000ull + n, r);
}

static inline struct store_session lab_session(uint64_t n, const char *ip4)
{
	struct store_session u = {.started_ms = 1700000000000ull + n};
	struct ulid id = lab_ulid(n);

	ulid_format(&id, u.ulid);
	snprintf(u.profile, sizeof(u.profile), "RA");
	snprintf(u.policy, sizeof(u.policy), "RA");
	snprintf(u.identity_type, sizeof(u.identity_type), "email");
	snprintf(u.identity, sizeof(u.identity), "user%llu@corp.example",
		(unsigned long long)(n % 50));
	snprintf(u.local, sizeof(u.local), "192.0.2.1:4500");
	snprintf(u.remote, sizeof(u.remote), "198.51.100.%u:4500", (unsigned)(n % 250));
	snprintf(u.ip4, sizeof(u.ip4), "%s", ip4);
	snprintf(u.pool4, sizeof(u.pool4), "RA");
	return u;
}

static sqlite3 *lab_sqlite(const char *name)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(lab_file(name), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
		abort();
	sqlite3_busy_timeout(db, 5000);
	return db;
}

/* First column of the first row as text ("NULL" for NULL, "" for no row), or the error. */
static const char *lab_ask(const char *name, const char *sql)
{
	static char answer[4][1024];
	static int turn;
	char *out = answer[turn = (turn + 1) % 4];
	sqlite3 *db = lab_sqlite(name);
	sqlite3_stmt *st = NULL;

	snprintf(out, 1024, "%s", "");
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
		snprintf(out, 1024, "%s", sqlite3_errmsg(db));
	} else if (sqlite3_step(st) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		snprintf(out, 1024, "%s", text ? text : "NULL");
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return out;
}

static inline long lab_count(const char *sql)
{
	return atol(lab_ask("sallyport.db", sql));
}

#endif
