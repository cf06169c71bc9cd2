/* kill -9 at random moments: whatever was answered is in the file, and no address is held twice. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "db/acct.h"
#include "tests/unit/store_lib.h"

#define LIVES     60 /* SALLYPORT_CRASHES=1000 for more */
#define ADDRESSES 40
#define PER_ROUND 20000

/* What the child has told, in memory that outlives it. */
struct told {
	_Atomic uint64_t asked;            /* sessions asked for, from 1 */
	_Atomic uint8_t acked[PER_ROUND];  /* answered ST_OK */
	_Atomic uint8_t ending[PER_ROUND]; /* its end was given to the store */
	_Atomic uint8_t failed; /* an answer other than ST_OK: there is no reason for one */
};
static struct told *told;
static uint64_t base; /* of the round's ULIDs */

static void child_on_commit(void *ctx, uint64_t number, enum status st)
{
	(void)ctx;
	if (st != ST_OK)
		atomic_store(&told->failed, 1);
	else
		atomic_store(&told->acked[number], 1);
}

/* Sessions come and go on a few addresses, several under way at once. */
static void child(unsigned seed)
{
	struct store_options o = lab_options();
	struct store_traffic none = {0};
	enum status why;
	char detail[STORE_TEXT], ip[20];
	uint64_t holder[ADDRESSES] = {0};

	o.on_commit = child_on_commit;
	struct store *s = store_open(lab.dir, &o, &why, detail);
	if (!s || store_reconcile(s, 0, 1700000000000, NULL, 0))
		_exit(1);
	struct pollfd p = {.fd = store_fd(s), .events = POLLIN};
	for (uint64_t n = 1; n < PER_ROUND; n++) {
		unsigned at = (unsigned)rand_r(&seed) % ADDRESSES;
		if (holder[at]) { /* only what was granted is given back */
			if (!atomic_load(&told->acked[holder[at]])) {
				(void)poll(&p, 1, 10);
				store_poll(s);
				n--;
				continue;
			}
			struct ulid id = lab_ulid(base + holder[at]);
			atomic_store(&told->ending[holder[at]], 1);
			if (store_session_end(s, &id, 1700000000000 + base + n, ST_END_PEER, &none))
				_exit(2);
		}
		snprintf(ip, sizeof(ip), "10.0.0.%u", at);
		struct store_session u = lab_session(base + n, ip);
		atomic_store(&told->asked, n);
		/* In the file before the session is, since it was given before. */
		struct ulid id = lab_ulid(base + n);
		if (store_acct_put(s, base + n, &id, (const uint8_t *)&n, sizeof(n)))
			_exit(4);
		if (store_session_up(s, n, &u))
			_exit(3);
		holder[at] = n;
		if (n % 5 == 0) {
			(void)poll(&p, 1, 10);
			store_poll(s);
		}
	}
	for (;;)
		pause();
}

/* Each record before what was answered after it, in the order given, none twice. */
static void check_spool(void)
{
	sqlite3 *db = lab_sqlite("sallyport.db");
	sqlite3_stmt *st;
	uint64_t last = 0, n = 0, asked = atomic_load(&told->asked);

	T_EQ(sqlite3_prepare_v2(db,
		     "SELECT ms, record FROM accounting WHERE ms > ?1 ORDER BY id", -1, &st, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(st, 1, (sqlite3_int64)base);
	while (sqlite3_step(st) == SQLITE_ROW) {
		n = (uint64_t)sqlite3_column_int64(st, 0) - base;
		T_TRUE(n == last + 1 && sqlite3_column_bytes(st, 1) == sizeof(n));
		T_MEM(sqlite3_column_blob(st, 1), &n, sizeof(n));
		last = n;
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	while (asked > last) {
		T_TRUE(!atomic_load(&told->acked[asked]));
		asked--;
	}
}

static void check_round(uint64_t *acked)
{
	sqlite3 *db = lab_sqlite("sallyport.db");
	sqlite3_stmt *st;
	static const char sql[] =
		"SELECT (SELECT ended_ms IS NULL FROM sessions WHERE ulid = ?1),"
		" (SELECT count(*) FROM leases WHERE session = ?1 AND released_ms IS NULL)";

	if (atomic_load(&told->asked) == 0) { /* perhaps there is not even a table */
		sqlite3_close(db);
		return;
	}
	T_EQ(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	for (uint64_t n = 1; n <= atomic_load(&told->asked); n++) {
		char text[ULID_TEXT];
		struct ulid id = lab_ulid(base + n);
		T_ROW(n, "session");
		if (!atomic_load(&told->acked[n]))
			continue;
		(*acked)++;
		ulid_format(&id, text);
		sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
		T_EQ(sqlite3_step(st), SQLITE_ROW);
		T_TRUE(sqlite3_column_type(st, 0) != SQLITE_NULL);
		if (!atomic_load(&told->ending[n])) {
			T_EQ(sqlite3_column_int(st, 0), 1);
			T_EQ(sqlite3_column_int(st, 1), 1);
		}
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	T_DO(check_spool());
	T_EQ(lab_count("SELECT count(*) FROM (SELECT address FROM leases WHERE released_ms IS NULL"
		       " GROUP BY ivrf, address HAVING count(*) > 1)"),
		0);
	/* A session is there with its lease or not at all. */
	T_EQ(lab_count("SELECT count(*) FROM sessions WHERE ulid NOT IN (SELECT session FROM "
		       "leases)"),
		0);
	T_EQ(lab_count("SELECT count(*) FROM leases WHERE session NOT IN (SELECT ulid FROM "
		       "sessions)"),
		0);
	T_STR(lab_ask("sallyport.db", "PRAGMA integrity_check"), "ok");
}

static uint64_t count_acked(void)
{
	uint64_t n = 0, asked = atomic_load(&told->asked);

	for (uint64_t i = 1; i <= asked; i++)
		n += atomic_load(&told->acked[i]);
	return n;
}

/* One life in four ends while it opens the files and mends what the last one left; the others after a
 * number of answers, whenever those come, and a bit. */
static void wait_for_the_moment(unsigned round, unsigned *seed)
{
	uint64_t answers = (uint64_t)rand_r(seed) % 120;

	if (round % 4 != 0) {
		for (int i = 0; count_acked() < answers && i < 50000; i++)
			usleep(100);
	}
	usleep((useconds_t)(rand_r(seed) % 8000));
}

static void killed_at_random_moments(void)
{
	const char *more = getenv("SALLYPORT_CRASHES");
	unsigned lives = more ? (unsigned)atoi(more) : LIVES, seed = 1;
	uint64_t acked = 0;

	lab_new_dir();
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	T_TRUE(told != MAP_FAILED);
	for (unsigned round = 0; round < lives; round++) {
		int status;
		if (round % 50 == 49) { /* looking at all that was takes longer each time */
			lab_remove();
			lab_new_dir();
		}
		T_ROW(round, "round");
		memset(told, 0, sizeof(*told));
		base = (uint64_t)round * PER_ROUND;
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			child(round + 1);
		wait_for_the_moment(round, &seed);
		kill(pid, SIGKILL);
		T_EQ(waitpid(pid, &status, 0), pid);
		T_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		T_EQ(atomic_load(&told->failed), 0);
		T_DO(check_round(&acked));
	}
	printf("# %llu answered sessions in %u lives\n", (unsigned long long)acked, lives);
	T_TRUE(acked > 15 * lives);
	munmap(told, sizeof(*told));
	lab_remove();
}

int main(void)
{
	T_RUN(killed_at_random_moments);
	return t_end();
}
