/* Frozen records in a block of shared memory that outlives the process which writes it.
 * One writer. A record is published by one 64-bit store after it was written completely to fresh
 * blocks, so death at any instruction leaves the old record or the new one, never a mixture;
 * attach verifies frame and checksum of everything and counts what it had to drop. */
#ifndef CORE_BASE_KEEP_H
#define CORE_BASE_KEEP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"

enum keep_kind { KEEP_IKE = 1, KEEP_ESP = 2, KEEP_SESSION = 3, KEEP_META = 4 };

struct keep;

/* Octets of a block: a record has blocks of its own. Small ones, since most records are of some hundred octets. */
#define KEEP_BLOCK 128u
/* Octets at the beginning of the memory that say what it is. */
#define KEEP_HEAD 4096u

/* Bytes of memory needed for so many records and blocks. */
size_t keep_size(uint32_t max_records, uint32_t max_blocks);
/* Zeroed memory becomes an empty keep; memory of an earlier process is verified and attached.
 * mem is page aligned and stays the caller's. size: bytes that are there now, of
 * keep_size(max_records, max_blocks); what is behind them is not touched before keep_raise(). They
 * must reach as far as any process before has written. ST_BAD_VERSION: layout of another version
 * (the caller starts empty after wiping), ST_NOMEM, also when there is not one block. */
enum status keep_attach(void *mem, size_t size, uint32_t max_records, uint32_t max_blocks,
			struct keep **out) MUST_USE;
void keep_detach(struct keep *k); /* the memory stays as it is */
/* So many bytes are there from now on; fewer than before changes nothing. */
void keep_raise(struct keep *k, size_t size);
/* How many may still be written, of the blocks that are there and of all records. */
uint32_t keep_free_blocks(const struct keep *k);
uint32_t keep_free_records(const struct keep *k);
/* Put replaces the record under (kind, key). ST_NOMEM: full, the old record stays. */
enum status keep_put(struct keep *k, enum keep_kind kind, uint64_t key, const void *rec, size_t len) MUST_USE;
void keep_del(struct keep *k, enum keep_kind kind, uint64_t key); /* blocks are zeroed */
/* Copies at most cap bytes; returns the record's length, 0 when there is none. */
size_t keep_get(const struct keep *k, enum keep_kind kind, uint64_t key, void *out, size_t cap);
/* Walk: *cursor 0 at first; false at the end. Deleting the current record is allowed. */
int keep_next(const struct keep *k, uint32_t *cursor, enum keep_kind *kind, uint64_t *key, size_t *len);
uint32_t keep_count(const struct keep *k);
uint32_t keep_dropped(const struct keep *k); /* damaged records found by attach */

#endif
