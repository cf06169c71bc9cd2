/* Records that outlive their writer: every store to the memory is recorded, and the memory as it is
 * after each prefix of the stores is given to a new process. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

struct stored {
	size_t at; /* word */
	uint64_t v;
};
static struct {
	uint64_t *base;
	struct stored *v;
	size_t n, cap;
	int on;
} tape;

static void record(_Atomic uint64_t *at, uint64_t v)
{
	if (tape.on) {
		if (tape.n == tape.cap) {
			tape.cap = tape.cap ? tape.cap * 2 : 1024;
			tape.v = realloc(tape.v, tape.cap * sizeof(*tape.v));
		}
		tape.v[tape.n++] = (struct stored){(size_t)((uint64_t *)(void *)at - tape.base), v};
	}
	atomic_store_explicit(at, v, memory_order_relaxed);
}
#define KEEP_STORE(at, v) record((at), (v))
#include "core/base/keep.c"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/t.h"

#define RECORDS 8
#define BLOCKS  96

static uint64_t *memory(void)
{
	static _Alignas(4096) uint64_t mem[65536 / 8];

	memset(mem, 0, sizeof(mem));
	return keep_size(RECORDS, BLOCKS) <= sizeof(mem) ? mem : NULL;
}

/* Bytes of version v of a record. */
static void fill(uint8_t *p, size_t len, uint64_t key, unsigned v)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(1 + (key * 31 + v * 7 + i) % 255);
}

static bool has(const struct keep *k, uint64_t key, size_t len, unsigned v)
{
	uint8_t want[4096], got[4096];

	fill(want, len, key, v);
	return keep_get(k, KEEP_IKE, key, got, sizeof(got)) == len && memcmp(want, got, len) == 0;
}

static void put(struct keep *k, uint64_t key, size_t len, unsigned v)
{
	uint8_t rec[4096];

	fill(rec, len, key, v);
	T_EQ(keep_put(k, KEEP_IKE, key, rec, len), ST_OK);
}

static void put_get_del_walk(void)
{
	static const size_t lens[] = {0, 1, 7, 8, 479, 480, 481, 983, 984, 985, 2000};
	struct keep *k;

	T_EQ(keep_attach(memory(), 65536, RECORDS, BLOCKS, &k), ST_OK);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		T_ROW(i, "length");
		T_DO(put(k, 5, lens[i], 1));
		T_TRUE(has(k, 5, lens[i], 1));
		T_EQ(keep_count(k), 1);
	}
	T_DO(put(k, 6, 100, 1));
	T_EQ(keep_put(k, KEEP_ESP, 5, "x", 1), ST_OK); /* another kind is another record */
	T_TRUE(has(k, 5, 2000, 1));
	uint32_t cursor = 0, seen = 0;
	enum keep_kind kind;
	uint64_t key;
	size_t len;
	while (keep_next(k, &cursor, &kind, &key, &len)) {
		seen++;
		keep_del(k, kind, key);
	}
	T_EQ(seen, 3);
	T_EQ(keep_count(k), 0);
	T_EQ(keep_get(k, KEEP_IKE, 5, NULL, 0), 0);
	keep_detach(k);
}

/* Deleted and replaced records leave no byte behind. */
static void nothing_stays_behind(void)
{
	uint64_t *mem = memory();
	struct keep *k;

	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_OK);
	for (unsigned v = 0; v < 5; v++)
		T_DO(put(k, 1, 2000 - v * 300, v));
	keep_del(k, KEEP_IKE, 1);
	keep_detach(k);
	for (size_t i = 4096 / 8; i < 65536 / 8; i++)
		T_EQ(mem[i], 0);
}

static void full_keeps_the_old_record(void)
{
	uint8_t big[BLOCKS * BLOCK_BYTES] = {1};
	struct keep *k;

	T_EQ(keep_attach(memory(), 65536, RECORDS, BLOCKS, &k), ST_OK);
	for (uint64_t key = 0; key < RECORDS; key++)
		T_DO(put(k, key, 900, 1));                      /* 8 blocks each: 64 of 96 */
	T_EQ(keep_put(k, KEEP_IKE, 99, "x", 1), ST_NOMEM);      /* no slot */
	T_EQ(keep_put(k, KEEP_IKE, 3, big, 33 * BLOCK_DATA), ST_NOMEM); /* no blocks */
	T_EQ(keep_put(k, KEEP_IKE, 3, big, sizeof(big)), ST_NOMEM);
	T_TRUE(has(k, 3, 900, 1));
	T_DO(put(k, 3, 3000, 2));
	T_TRUE(has(k, 3, 3000, 2));
	for (uint64_t key = 0; key < RECORDS; key++)
		T_TRUE(key == 3 || has(k, key, 900, 1));
	keep_detach(k);
}

/* More bytes than the layout has are no more blocks. */
static void more_than_the_layout(uint8_t *mem, size_t most)
{
	struct keep *k;

	T_TRUE(mprotect(mem, most, PROT_READ | PROT_WRITE) == 0);
	T_EQ(keep_attach(mem, most, 64, 4096, &k), ST_OK);
	T_EQ(keep_free_blocks(k), 4072);
	keep_raise(k, most * 2);
	T_EQ(keep_free_blocks(k), 4072);
	keep_detach(k);
}

/* Nothing behind the bytes that are there is touched: they are followed by a page that must not be. */
static void grows_when_told(void)
{
	size_t page = 4096, most = keep_size(64, 4096);
	uint8_t *mem = mmap(NULL, most, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t size = 2 * page + page;
	struct keep *k;

	T_TRUE(mem != MAP_FAILED && mprotect(mem, size, PROT_READ | PROT_WRITE) == 0);
	T_EQ(keep_attach(mem, size, 64, 4096, &k), ST_OK);
	T_EQ(keep_free_blocks(k), 32);
	T_EQ(keep_free_records(k), 64);
	for (uint64_t key = 0; key < 4; key++)
		T_DO(put(k, key, 900, 1)); /* 8 blocks each */
	T_EQ(keep_free_blocks(k), 0);
	T_EQ(keep_put(k, KEEP_IKE, 9, "x", 1), ST_NOMEM);
	T_EQ(keep_put(k, KEEP_IKE, 2, "x", 1), ST_NOMEM);
	T_TRUE(has(k, 2, 900, 1));
	keep_raise(k, size - 1); /* fewer */
	T_EQ(keep_put(k, KEEP_IKE, 9, "x", 1), ST_NOMEM);
	keep_raise(k, size + BLOCK_BYTES - 1); /* not a whole block more */
	T_EQ(keep_put(k, KEEP_IKE, 9, "x", 1), ST_NOMEM);
	T_TRUE(mprotect(mem, size + page, PROT_READ | PROT_WRITE) == 0);
	keep_raise(k, size + page);
	T_EQ(keep_free_blocks(k), 32);
	T_DO(put(k, 2, 3000, 2)); /* 26 blocks, and 8 come back */
	T_EQ(keep_free_blocks(k), 14);
	T_TRUE(has(k, 2, 3000, 2));
	T_EQ(keep_free_records(k), 60);
	keep_detach(k);

	/* A process after it finds what was written, and is told of no less. */
	T_EQ(keep_attach(mem, size + page, 64, 4096, &k), ST_OK);
	T_EQ(keep_dropped(k), 0);
	T_EQ(keep_free_blocks(k), 14);
	T_TRUE(has(k, 2, 3000, 2) && has(k, 3, 900, 1));
	keep_detach(k);
	/* What reaches behind the end is damaged, and not followed. */
	T_TRUE(mprotect(mem + size, page, PROT_NONE) == 0);
	T_EQ(keep_attach(mem, size, 64, 4096, &k), ST_OK);
	T_EQ(keep_dropped(k), 1);
	T_TRUE(!has(k, 2, 3000, 2) && has(k, 3, 900, 1));
	keep_detach(k);
	more_than_the_layout(mem, most);
	munmap(mem, most);
}

static void layout_and_size_are_checked(void)
{
	uint64_t *mem = memory();
	struct keep *k;

	T_EQ(keep_attach(mem, keep_size(RECORDS, 1) - 1, RECORDS, BLOCKS, &k), ST_NOMEM);
	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_OK);
	keep_detach(k);
	T_EQ(keep_attach(mem, 65536, RECORDS + 1, BLOCKS, &k), ST_BAD_VERSION);
	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS - 1, &k), ST_BAD_VERSION);
	mem[0]++;
	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_BAD_VERSION);
}

/* Any flipped bit costs at most the record it is in; what is left is what was written. */
static void damage_is_dropped(void)
{
	static uint64_t good[65536 / 8];
	uint64_t *mem = memory();
	struct keep *k;

	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_OK);
	for (uint64_t key = 0; key < 4; key++)
		T_DO(put(k, key, 700, 1));
	keep_detach(k);
	memcpy(good, mem, sizeof(good));
	size_t words = keep_size(RECORDS, BLOCKS) / 8;
	for (size_t w = 4096 / 8; w < words; w++) {
		if (good[w] == 0 && w % BLOCK_WORDS > 2)
			continue;
		T_ROW(w, "word");
		memcpy(mem, good, sizeof(good));
		mem[w] ^= 1ull << (w % 64);
		T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_OK);
		uint32_t live = 0;
		for (uint64_t key = 0; key < 4; key++) {
			bool there = keep_get(k, KEEP_IKE, key, NULL, 0) != 0;
			T_TRUE(!there || has(k, key, 700, 1));
			live += there;
		}
		T_EQ(live, keep_count(k));
		T_TRUE(live >= 3);
		/* (A slot whose only bit went away is an empty slot.) */
		T_TRUE(w < (4096 + 4096) / 8 || live + keep_dropped(k) == 4);
		T_DO(put(k, 7, 900, 2)); /* and it goes on */
		keep_detach(k);
	}
}

/* The story whose every prefix is replayed: new, replaced by longer, by shorter, deleted. */
struct step {
	uint64_t key;
	size_t len; /* 0: delete */
	unsigned v;
};
static const struct step story[] = {
	{1, 600, 1},
	{2, 40, 1},
	{1, 1700, 2},
	{3, 1000, 1},
	{2, 0, 0},
	{1, 30, 3},
	{2, 500, 2},
	{3, 0, 0},
	{1, 0, 0},
	{1, BLOCK_DATA, 4},
};
#define STEPS (sizeof(story) / sizeof(story[0]))

/* Is key, in k, as it was after `steps` steps? */
static bool as_after(const struct keep *k, uint64_t key, size_t steps)
{
	size_t len = 0;
	unsigned v = 0;

	for (size_t i = 0; i < steps; i++) {
		if (story[i].key == key) {
			len = story[i].len;
			v = story[i].v;
		}
	}
	return len ? has(k, key, len, v) : keep_get(k, KEEP_IKE, key, NULL, 0) == 0;
}

static void is_clean(const struct keep *k, uint32_t block)
{
	for (uint32_t w = 0; w < BLOCK_WORDS; w++)
		T_EQ(load(block_at(k, block) + w), 0);
}

static void replay(uint64_t *mem, size_t upto, size_t step)
{
	struct keep *k;

	memset(mem, 0, 65536);
	for (size_t i = 0; i < upto; i++)
		mem[tape.v[i].at] = tape.v[i].v;
	T_ROW(upto, "stores");
	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_OK);
	T_EQ(keep_dropped(k), 0);
	bool is_old = true, is_new = true;
	for (uint64_t key = 1; key <= 3; key++) {
		is_old = is_old && as_after(k, key, step);
		is_new = is_new && as_after(k, key, step + 1);
	}
	T_TRUE(is_old || is_new);
	/* Blocks that lost their record are clean and usable. */
	uint32_t blocks = 0;
	for (uint32_t i = 0; i < RECORDS; i++)
		blocks += k->entries[i].used ? blocks_for(k->entries[i].len) : 0;
	T_EQ(blocks + keep_free_blocks(k), BLOCKS);
	for (uint32_t i = 0; i < k->n_free_blocks; i++)
		T_DO(is_clean(k, k->free_blocks[i]));
	for (uint32_t b = k->fresh_block; b < BLOCKS; b++)
		T_DO(is_clean(k, b));
	T_DO(put(k, 4, 800, 9));
	T_TRUE(has(k, 4, 800, 9));
	keep_detach(k);
}

static void death_at_every_store(void)
{
	size_t ends[STEPS + 1];
	uint64_t *mem = memory();
	struct keep *k;

	tape.base = mem;
	tape.n = 0;
	tape.on = 1;
	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_OK);
	ends[0] = tape.n;
	for (size_t i = 0; i < STEPS; i++) {
		if (story[i].len)
			T_DO(put(k, story[i].key, story[i].len, story[i].v));
		else
			keep_del(k, KEEP_IKE, story[i].key);
		ends[i + 1] = tape.n;
	}
	keep_detach(k);
	tape.on = 0;
	T_TRUE(tape.n > 1000);
	size_t step = 0;
	for (size_t n = 0; n <= tape.n; n++) {
		while (step + 1 < STEPS && n > ends[step + 1])
			step++;
		T_DO(replay(mem, n, n <= ends[0] ? 0 : step));
	}
}

/* A real death: the child is killed while it writes; each record must be whole and no older than
 * what the child had told before. */
struct shared {
	_Atomic uint64_t done[RECORDS];
};

static void child(void *mem, struct shared *sh, unsigned seed)
{
	struct keep *k;
	uint8_t rec[1200];

	if (keep_attach(mem, 65536, RECORDS, BLOCKS, &k))
		_exit(1);
	for (uint64_t v = 1;; v++) {
		uint64_t key = (v * 7 + seed) % RECORDS;
		size_t len = 16 + (v * 97 + seed) % 1000;
		memset(rec, (int)(v & 0xff), sizeof(rec));
		memcpy(rec, &v, 8);
		if (keep_put(k, KEEP_IKE, key, rec, len))
			_exit(2);
		atomic_store(&sh->done[key], v);
	}
}

static void check_after_death(void *mem, const struct shared *sh)
{
	struct keep *k;
	uint8_t rec[1200];

	T_EQ(keep_attach(mem, 65536, RECORDS, BLOCKS, &k), ST_OK);
	T_EQ(keep_dropped(k), 0);
	for (uint64_t key = 0; key < RECORDS; key++) {
		uint64_t v = 0, done = atomic_load(&sh->done[key]);
		size_t len = keep_get(k, KEEP_IKE, key, rec, sizeof(rec));
		if (len)
			memcpy(&v, rec, 8);
		T_TRUE(v >= done);
		for (size_t i = 8; i < len; i++)
			T_EQ(rec[i], v & 0xff);
	}
	keep_detach(k);
}

static void killed_writers(void)
{
	int flags = MAP_SHARED | MAP_ANONYMOUS;
	void *mem = mmap(NULL, 65536, PROT_READ | PROT_WRITE, flags, -1, 0);
	struct shared *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);

	T_TRUE(mem != MAP_FAILED && sh != MAP_FAILED);
	for (unsigned round = 0; round < 100; round++) {
		T_ROW(round, "round");
		memset(mem, 0, 65536);
		memset(sh, 0, sizeof(*sh));
		pid_t pid = fork();
		if (pid == 0)
			child(mem, sh, round);
		usleep(500 + round * 37 % 3000);
		kill(pid, SIGKILL);
		int status;
		T_EQ(waitpid(pid, &status, 0), pid);
		T_TRUE(WIFSIGNALED(status));
		T_DO(check_after_death(mem, sh));
	}
	munmap(mem, 65536);
	munmap(sh, 4096);
}

static void out_of_memory(void)
{
	uint64_t *mem = memory();
	int64_t before = mem_live();
	struct keep *k;

	for (uint64_t nth = 1;; nth++) {
		mem_fail_at(nth);
		enum status st = keep_attach(mem, 65536, RECORDS, BLOCKS, &k);
		mem_fail_at(0);
		if (st == ST_OK)
			break;
		T_ROW(nth, "allocation");
		T_EQ(st, ST_NOMEM);
		T_TRUE(k == NULL);
		T_EQ(mem_live(), before);
	}
	keep_detach(k);
	T_EQ(mem_live(), before);
}

int main(void)
{
	T_RUN(put_get_del_walk);
	T_RUN(nothing_stays_behind);
	T_RUN(full_keeps_the_old_record);
	T_RUN(grows_when_told);
	T_RUN(layout_and_size_are_checked);
	T_RUN(damage_is_dropped);
	T_RUN(death_at_every_store);
	T_RUN(killed_writers);
	T_RUN(out_of_memory);
	free(tape.v);
	return t_end();
}
