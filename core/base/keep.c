/* Layout of the memory, all numbers in the order of the machine that owns it:
 *
 *   head (one page)  magic (of the layout), number of slots, of blocks, of blocks ever written
 *   slots            one 64-bit word a record: 0, or 1 + number of its first block
 *   blocks           KEEP_BLOCK bytes: next block + 1 or 0, the rest of the record
 *
 * The first block's data begins with {kind, length, key, checksum}. Which blocks are free is not
 * written down: attach finds out what the slots reach and zeroes the rest. So a put is: write fresh
 * blocks, store the slot's word, zero the blocks it held before. Death between any two stores
 * leaves a slot that reaches a complete record. */
#include "core/base/keep.h"

#include <stdatomic.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/map.h"
#include "core/base/mem.h"

#define KEEP_MAGIC  0x53414c4c59504b32ull /* changes with the layout */
#define HEAD_BYTES  KEEP_HEAD
#define BLOCK_BYTES KEEP_BLOCK
#define BLOCK_WORDS (BLOCK_BYTES / 8)
#define BLOCK_DATA  (BLOCK_BYTES - 8) /* after the link */
#define HEAD_WORDS  3 /* kind+length, key, checksum: data words of the first block */

/* The only way anything here writes to the shared memory. A test that wants to see every store
 * compiles this file with a recorder of its own. */
#ifndef KEEP_STORE
#define KEEP_STORE(at, v) atomic_store_explicit((at), (v), memory_order_relaxed)
#endif

/* Stores before it are in memory before stores after it. */
#define KEEP_BARRIER() atomic_thread_fence(memory_order_release)

typedef _Atomic uint64_t word;

enum { HEAD_MAGIC, HEAD_SLOTS, HEAD_BLOCKS, HEAD_TOUCHED };

/* Our private knowledge about one slot. */
struct entry {
	struct map_node node;
	uint64_t key;
	enum keep_kind kind;
	uint32_t first; /* block */
	uint32_t len;
	bool used;
};

struct keep {
	word *head;
	word *slots;
	word *blocks;
	uint32_t n_slots;
	uint32_t n_blocks;
	uint32_t usable; /* blocks that are there: those behind them are not touched */
	struct entry *entries;
	uint32_t *free_slots; /* stacks: of what was in use */
	uint32_t *free_blocks;
	uint32_t n_free_slots;
	uint32_t n_free_blocks;
	uint32_t fresh_slot; /* this one and those behind it were not in use yet */
	uint32_t fresh_block;
	uint32_t dropped;
	struct map index;
};

static size_t slots_bytes(uint32_t n)
{
	size_t bytes = (size_t)n * 8;
	return (bytes + HEAD_BYTES - 1) / HEAD_BYTES * HEAD_BYTES;
}

size_t keep_size(uint32_t max_records, uint32_t max_blocks)
{
	return HEAD_BYTES + slots_bytes(max_records) + (size_t)max_blocks * BLOCK_BYTES;
}

static uint64_t load(const word *w)
{
	return atomic_load_explicit(w, memory_order_relaxed);
}

static word *block_at(const struct keep *k, uint32_t block)
{
	return k->blocks + (size_t)block * BLOCK_WORDS;
}

static uint64_t index_hash(enum keep_kind kind, uint64_t key)
{
	return hash_u64(key ^ ((uint64_t)kind << 56));
}

static struct entry *entry_find(const struct keep *k, enum keep_kind kind, uint64_t key)
{
	struct map_node *n = map_first(&k->index, index_hash(kind, key));

	for (; n; n = map_next(n)) {
		struct entry *e =
			(struct entry *)(void *)((char *)n - offsetof(struct entry, node));
		if (e->kind == kind && e->key == key)
			return e;
	}
	return NULL;
}

/* Blocks that size bytes have room for, after the rest. */
static uint32_t blocks_in(const struct keep *k, size_t size)
{
	size_t n = (size - keep_size(k->n_slots, 0)) / BLOCK_BYTES;

	return n < k->n_blocks ? (uint32_t)n : k->n_blocks;
}

/* What was in use comes first, so that no more memory is touched than was needed at a time. */
static uint32_t take_block(struct keep *k)
{
	return k->n_free_blocks ? k->free_blocks[--k->n_free_blocks] : k->fresh_block++;
}

static uint32_t take_slot(struct keep *k)
{
	return k->n_free_slots ? k->free_slots[--k->n_free_slots] : k->fresh_slot++;
}

/* Number of blocks of a record with len bytes. */
static uint32_t blocks_for(size_t len)
{
	return (uint32_t)((len + HEAD_WORDS * 8 + BLOCK_DATA - 1) / BLOCK_DATA);
}

static void zero_block(const struct keep *k, uint32_t block)
{
	word *w = block_at(k, block);

	for (uint32_t i = 0; i < BLOCK_WORDS; i++) {
		if (load(w + i))
			KEEP_STORE(w + i, 0);
	}
}

/* Zeroes a chain that no slot reaches any more; its blocks are free then. */
static void release_chain(struct keep *k, uint32_t block, uint32_t n)
{
	for (; n; n--) {
		uint64_t link = load(block_at(k, block));
		zero_block(k, block);
		k->free_blocks[k->n_free_blocks++] = block;
		if (!link)
			break;
		block = (uint32_t)(link - 1);
	}
}

static uint32_t head_crc(uint64_t kind_len, uint64_t key)
{
	uint64_t head[2] = {kind_len, key};
	return crc32c(0, head, sizeof(head));
}

/* ---- attach ------------------------------------------------------------------------------- */

/* Walks the record that starts at e->first, marks its blocks in used[] and checks it. False when
 * anything is wrong; blocks marked on the way are unmarked by the caller's second look. */
static bool read_chain(const struct keep *k, struct entry *e, const uint8_t *used)
{
	const word *w = block_at(k, e->first);
	uint64_t kind_len = load(w + 1);
	uint64_t key = load(w + 2);
	uint64_t sum = load(w + 3);
	size_t left = (size_t)(kind_len & 0xffffffffu);
	size_t want = blocks_for(left);
	uint32_t crc = head_crc(kind_len, key);
	uint32_t block = e->first;
	size_t at = 8 + HEAD_WORDS * 8;

	if (want > k->usable)
		return false;
	e->kind = (enum keep_kind)(kind_len >> 32);
	e->key = key;
	e->len = (uint32_t)left;
	for (size_t i = 0; i < want; i++) {
		if (block >= k->usable || used[block])
			return false;
		const uint8_t *p = (const uint8_t *)block_at(k, block);
		size_t n = left < BLOCK_BYTES - at ? left : BLOCK_BYTES - at;
		crc = crc32c(crc, p + at, n);
		left -= n;
		at = 8;
		uint64_t link = load(block_at(k, block));
		if ((link == 0) != (i + 1 == want) || link > k->usable)
			return false;
		block = (uint32_t)(link - 1);
	}
	return left == 0 && sum == crc;
}

static void mark_chain(const struct keep *k, const struct entry *e, uint8_t *used)
{
	uint32_t block = e->first;

	for (uint32_t n = blocks_for(e->len); n; n--) {
		used[block] = 1;
		block = (uint32_t)(load(block_at(k, block)) - 1);
	}
}

/* Takes over slot i or empties it. */
static void attach_slot(struct keep *k, uint32_t i, uint8_t *used)
{
	struct entry *e = &k->entries[i];
	uint64_t v = load(k->slots + i);

	if (v == 0) {
		k->free_slots[k->n_free_slots++] = i;
		return;
	}
	e->first = (uint32_t)(v - 1);
	if (v > k->usable || !read_chain(k, e, used) || entry_find(k, e->kind, e->key)) {
		KEEP_STORE(k->slots + i, 0);
		k->free_slots[k->n_free_slots++] = i;
		k->dropped++;
		return;
	}
	mark_chain(k, e, used);
	e->used = true;
	map_add(&k->index, &e->node, index_hash(e->kind, e->key));
}

static void attach_slots(struct keep *k, uint8_t *used)
{
	k->fresh_slot = k->n_slots;
	while (k->fresh_slot && load(k->slots + k->fresh_slot - 1) == 0)
		k->fresh_slot--;
	for (uint32_t i = k->fresh_slot; i-- > 0;)
		attach_slot(k, i, used);
}

/* What no slot reaches may hold half a record, or the one before: with keys in it. Blocks that were
 * never written are not even looked at, so that they need no memory yet. */
static void attach_blocks(struct keep *k, const uint8_t *used)
{
	uint64_t touched = load(k->head + HEAD_TOUCHED);

	k->fresh_block = k->usable;
	while (k->fresh_block > touched && !used[k->fresh_block - 1])
		k->fresh_block--;
	for (uint32_t b = k->fresh_block; b-- > 0;) {
		if (used[b])
			continue;
		zero_block(k, b);
		k->free_blocks[k->n_free_blocks++] = b;
	}
}

static enum status attach_all(struct keep *k)
{
	uint8_t *used = mem_array(k->usable, 1);

	if (!used)
		return ST_NOMEM;
	attach_slots(k, used);
	attach_blocks(k, used);
	mem_free(used);
	return ST_OK;
}

static enum status head_check(struct keep *k)
{
	uint64_t magic = load(k->head + HEAD_MAGIC);

	if (magic == 0) {
		KEEP_STORE(k->head + HEAD_SLOTS, k->n_slots);
		KEEP_STORE(k->head + HEAD_BLOCKS, k->n_blocks);
		KEEP_BARRIER();
		KEEP_STORE(k->head + HEAD_MAGIC, KEEP_MAGIC);
		return ST_OK;
	}
	if (magic != KEEP_MAGIC || load(k->head + HEAD_SLOTS) != k->n_slots ||
		load(k->head + HEAD_BLOCKS) != k->n_blocks)
		return ST_BAD_VERSION;
	return ST_OK;
}

enum status keep_attach(
	void *mem, size_t size, uint32_t max_records, uint32_t max_blocks, struct keep **out)
{
	struct keep *k;
	enum status st = ST_NOMEM;

	*out = NULL;
	if (!max_records || !max_blocks || size < keep_size(max_records, 1))
		return ST_NOMEM;
	k = mem_new(sizeof(*k));
	if (!k)
		return ST_NOMEM;
	k->head = mem;
	k->slots = (word *)(void *)((char *)mem + HEAD_BYTES);
	k->blocks = (word *)(void *)((char *)mem + HEAD_BYTES + slots_bytes(max_records));
	k->n_slots = max_records;
	k->n_blocks = max_blocks;
	k->usable = blocks_in(k, size);
	k->entries = mem_array(max_records, sizeof(*k->entries));
	k->free_slots = mem_array(max_records, sizeof(*k->free_slots));
	k->free_blocks = mem_array(max_blocks, sizeof(*k->free_blocks));
	if (!k->entries || !k->free_slots || !k->free_blocks || map_init(&k->index, max_records))
		goto fail;
	st = head_check(k);
	if (st == ST_OK)
		st = attach_all(k);
	if (st == ST_OK) {
		*out = k;
		return ST_OK;
	}
fail:
	keep_detach(k);
	return st;
}

void keep_detach(struct keep *k)
{
	if (!k)
		return;
	map_fini(&k->index);
	mem_free(k->free_blocks);
	mem_free(k->free_slots);
	mem_free(k->entries);
	mem_free(k);
}

void keep_raise(struct keep *k, size_t size)
{
	if (size > keep_size(k->n_slots, k->usable))
		k->usable = blocks_in(k, size);
}

/* ---- records ------------------------------------------------------------------------------ */

/* The 8 bytes of the record at offset at, zero padded at its end. */
static uint64_t word_of(const uint8_t *rec, size_t len, size_t at)
{
	uint64_t v = 0;

	if (at < len)
		memcpy(&v, rec + at, len - at < 8 ? len - at : 8);
	return v;
}

/* Fills free blocks; returns the first. The caller checked that there are enough. */
static uint32_t write_chain(
	struct keep *k, enum keep_kind kind, uint64_t key, const uint8_t *rec, size_t len)
{
	uint64_t kind_len = (uint64_t)kind << 32 | (uint32_t)len;
	uint32_t left = blocks_for(len);
	uint32_t first = take_block(k);
	uint32_t block = first;
	size_t at = 0;

	for (uint32_t from = 1; left; left--) {
		word *w = block_at(k, block);
		if (block >= load(k->head + HEAD_TOUCHED)) {
			KEEP_STORE(k->head + HEAD_TOUCHED, (uint64_t)block + 1);
			KEEP_BARRIER();
		}
		if (block == first) {
			KEEP_STORE(w + 1, kind_len);
			KEEP_STORE(w + 2, key);
			KEEP_STORE(w + 3, crc32c(head_crc(kind_len, key), rec, len));
			from += HEAD_WORDS;
		}
		for (; from < BLOCK_WORDS && at < len; from++, at += 8)
			KEEP_STORE(w + from, word_of(rec, len, at));
		if (left > 1) {
			block = take_block(k);
			KEEP_STORE(w, (uint64_t)block + 1);
		}
		from = 1;
	}
	return first;
}

enum status keep_put(struct keep *k, enum keep_kind kind, uint64_t key, const void *rec, size_t len)
{
	struct entry *e = entry_find(k, kind, key);
	bool is_new = !e;

	if (len > (size_t)k->n_blocks * BLOCK_DATA || blocks_for(len) > keep_free_blocks(k) ||
		(is_new && keep_free_records(k) == 0))
		return ST_NOMEM;
	uint32_t first = write_chain(k, kind, key, rec, len);
	uint32_t slot = is_new ? take_slot(k) : (uint32_t)(e - k->entries);
	uint32_t old_first = is_new ? 0 : e->first;
	uint32_t old_blocks = is_new ? 0 : blocks_for(e->len);

	KEEP_BARRIER();
	KEEP_STORE(k->slots + slot, (uint64_t)first + 1);
	KEEP_BARRIER();
	e = &k->entries[slot];
	e->kind = kind;
	e->key = key;
	e->first = first;
	e->len = (uint32_t)len;
	e->used = true;
	if (is_new)
		map_add(&k->index, &e->node, index_hash(kind, key));
	else
		release_chain(k, old_first, old_blocks);
	return ST_OK;
}

void keep_del(struct keep *k, enum keep_kind kind, uint64_t key)
{
	struct entry *e = entry_find(k, kind, key);

	if (!e)
		return;
	KEEP_STORE(k->slots + (e - k->entries), 0);
	KEEP_BARRIER();
	release_chain(k, e->first, blocks_for(e->len));
	map_del(&k->index, &e->node);
	k->free_slots[k->n_free_slots++] = (uint32_t)(e - k->entries);
	*e = (struct entry){0};
}

size_t keep_get(const struct keep *k, enum keep_kind kind, uint64_t key, void *out, size_t cap)
{
	const struct entry *e = entry_find(k, kind, key);
	uint8_t *dst = out;
	size_t at = 8 + HEAD_WORDS * 8;

	if (!e)
		return 0;
	size_t left = e->len < cap ? e->len : cap;
	for (uint32_t block = e->first; left;) {
		const uint8_t *p = (const uint8_t *)block_at(k, block);
		size_t n = left < BLOCK_BYTES - at ? left : BLOCK_BYTES - at;
		memcpy(dst, p + at, n);
		dst += n;
		left -= n;
		at = 8;
		block = (uint32_t)(load(block_at(k, block)) - 1);
	}
	return e->len;
}

int keep_next(
	const struct keep *k, uint32_t *cursor, enum keep_kind *kind, uint64_t *key, size_t *len)
{
	for (; *cursor < k->n_slots; (*cursor)++) {
		const struct entry *e = &k->entries[*cursor];
		if (!e->used)
			continue;
		*kind = e->kind;
		*key = e->key;
		*len = e->len;
		(*cursor)++;
		return 1;
	}
	return 0;
}

uint32_t keep_count(const struct keep *k)
{
	return k->fresh_slot - k->n_free_slots;
}

uint32_t keep_free_blocks(const struct keep *k)
{
	return k->n_free_blocks + k->usable - k->fresh_block;
}

uint32_t keep_free_records(const struct keep *k)
{
	return k->n_free_slots + k->n_slots - k->fresh_slot;
}

uint32_t keep_dropped(const struct keep *k)
{
	return k->dropped;
}
