/* Frozen records: flat, versioned TLV; never a struct dump. A field is {tag u16, len u32, bytes};
 * a record is {kind u16, version u16, fields..., crc32c u32}. Unknown tags are skipped by thaw, so
 * that an older main can read what a newer one wrote (rollback). A version whose tags mean something
 * else is another number, which thaw refuses. */
#ifndef CORE_BASE_FREEZE_H
#define CORE_BASE_FREEZE_H

#include "core/base/endpoint.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

void fz_begin(struct wr *w, uint16_t kind, uint16_t version);
void fz_u8(struct wr *w, uint16_t tag, uint8_t v);
void fz_u16(struct wr *w, uint16_t tag, uint16_t v);
void fz_u32(struct wr *w, uint16_t tag, uint32_t v);
void fz_u64(struct wr *w, uint16_t tag, uint64_t v);
void fz_bytes(struct wr *w, uint16_t tag, const void *p, size_t len);
void fz_str(struct wr *w, uint16_t tag, const char *s);
void fz_addr(struct wr *w, uint16_t tag, const struct addr *a);
void fz_prefix(struct wr *w, uint16_t tag, const struct prefix *p);
void fz_endpoint(struct wr *w, uint16_t tag, const struct endpoint *e);
/* The same, and nothing where it is zero (family 0, ""): for records that are read into zeros. */
void fz_some_u8(struct wr *w, uint16_t tag, uint8_t v);
void fz_some_u32(struct wr *w, uint16_t tag, uint32_t v);
void fz_some_u64(struct wr *w, uint16_t tag, uint64_t v);
void fz_some_str(struct wr *w, uint16_t tag, const char *s);
void fz_some_addr(struct wr *w, uint16_t tag, const struct addr *a);
/* Nested group of fields. */
struct wr_mark fz_open(struct wr *w, uint16_t tag);
void fz_close(struct wr *w, struct wr_mark m);
void fz_end(struct wr *w); /* adds the CRC over everything since fz_begin; one record per wr */

/* Checks frame and CRC; *fields then iterates. ST_TRUNCATED or ST_BAD_PAYLOAD when damaged. */
enum status fz_open_record(struct view rec, uint16_t *kind, uint16_t *version,
			   struct rd *fields) MUST_USE;
/* Next field; false at the end (or when damaged: then fields->bad). */
bool fz_next(struct rd *fields, uint16_t *tag, struct view *value);
/* Values of a field; a wrong length gives 0 / family 0. */
uint8_t fz_get_u8(struct view v);
uint16_t fz_get_u16(struct view v);
uint32_t fz_get_u32(struct view v);
uint64_t fz_get_u64(struct view v);
struct addr fz_get_addr(struct view v);
struct prefix fz_get_prefix(struct view v);
struct endpoint fz_get_endpoint(struct view v);
/* Copies at most cap-1 bytes and terminates; false when it did not fit. */
bool fz_get_str(struct view v, char *out, size_t cap);
/* Copies exactly len bytes; false when the length differs. */
bool fz_get_bytes(struct view v, void *out, size_t len);

#endif
