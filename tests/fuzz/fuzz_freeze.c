/* A frozen record as it stands in memory that a crash may have spoiled. The checksum is put right,
 * so that the frame behind it is reached; a nested group is read as one level more. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/freeze.h"
#include "core/base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH_MAX 4

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static void read_fields(struct rd fields, int depth)
{
	struct view v;
	uint16_t tag;
	char text[32];
	uint8_t bytes[8];

	while (fz_next(&fields, &tag, &v)) {
		struct addr a = fz_get_addr(v);
		struct prefix p = fz_get_prefix(v);
		struct endpoint e = fz_get_endpoint(v);

		MUST(a.family == 0 || v.len == 1 + addr_len(&a));
		MUST(p.len <= 8 * addr_len(&p.addr));
		MUST(e.addr.family == 0 || v.len == 7 + addr_len(&e.addr));
		(void)fz_get_u8(v);
		(void)fz_get_u16(v);
		(void)fz_get_u32(v);
		(void)fz_get_u64(v);
		(void)fz_get_str(v, text, sizeof(text));
		(void)fz_get_bytes(v, bytes, sizeof(bytes));
		if (depth < DEPTH_MAX)
			read_fields(rd_init(v.p, v.len), depth + 1);
	}
}

/* The fields of a good record, written again, are the same record. */
static void write_again(uint16_t kind, uint16_t version, struct rd fields, struct view rec)
{
	uint8_t *buf = malloc(rec.len);
	struct wr w = wr_init(buf, rec.len);
	struct view v;
	uint16_t tag;

	MUST(buf != NULL);
	fz_begin(&w, kind, version);
	while (fz_next(&fields, &tag, &v))
		fz_bytes(&w, tag, v.p, v.len);
	fz_end(&w);
	MUST(wr_ok(&w) && w.len == rec.len && memcmp(buf, rec.p, rec.len) == 0);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t kind, version;
	struct rd fields;
	struct view rec;
	uint8_t *copy;
	struct wr w;

	if (fz_open_record((struct view){data, size}, &kind, &version, &fields) == ST_OK)
		read_fields(fields, 0);
	if (size < 8)
		return 0;
	copy = malloc(size);
	MUST(copy != NULL);
	memcpy(copy, data, size);
	w = wr_init(copy, size);
	w.len = size - 4;
	wr_u32(&w, crc32c(0, copy, size - 4));
	rec = (struct view){copy, size};
	if (fz_open_record(rec, &kind, &version, &fields) == ST_OK) {
		read_fields(fields, 0);
		write_again(kind, version, fields, rec);
	}
	free(copy);
	return 0;
}
