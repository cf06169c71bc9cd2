/* Names with values from any bytes: what is read is written back the same, and what is done with it keeps
 * its bounds. The first byte is how many bytes are operations instead. */
#include "core/base/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void whole(const struct pairs *p)
{
	must(p->n <= PAIRS_MAX && p->len <= PAIRS_BYTES);
	for (size_t i = 0; i < p->n; i++) {
		const char *name = pairs_name(p, i), *value = pairs_value(p, i);

		must(name[0] && strlen(name) < PAIRS_NAME && strlen(value) < PAIRS_VALUE);
		must(name >= p->bytes && name < p->bytes + p->len);
		must(value >= p->bytes && value + strlen(value) < p->bytes + p->len);
		must(pairs_get(p, name) != NULL);
	}
}

static bool same(const struct pairs *a, const struct pairs *b)
{
	bool ok = a->n == b->n;

	for (size_t i = 0; ok && i < a->n; i++)
		ok = strcmp(pairs_name(a, i), pairs_name(b, i)) == 0 &&
		     strcmp(pairs_value(a, i), pairs_value(b, i)) == 0;
	return ok;
}

static void there_and_back(const struct pairs *p, struct view as)
{
	static struct pairs again;
	static uint8_t bytes[PAIRS_BYTES + 2];
	struct wr w = wr_init(bytes, sizeof(bytes));

	pairs_build(&w, p);
	must(wr_ok(&w));
	must(!as.p || (w.len == as.len && memcmp(bytes, as.p, as.len) == 0));
	must(pairs_parse((struct view){bytes, w.len}, &again) == ST_OK);
	must(same(p, &again));
}

static void operate(struct pairs *p, struct rd *r)
{
	while (r->left > 1) {
		uint8_t what = rd_u8(r);
		struct view v = rd_bytes(r, r->left < (what & 15u) ? r->left : (what & 15u));
		char name[16] = "";

		if (v.len)
			memcpy(name, v.p, v.len);
		if (what & 0x40)
			pairs_add(p, pairs_name(p, what & 15u), pairs_value(p, (what >> 4) & 3));
		else if (what & 0x20)
			pairs_add_u64(p, name, what);
		else
			pairs_add_bytes(p, "n", v.p, v.len);
		whole(p);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pairs p;
	struct rd r = rd_init(data, size);
	struct rd operations = rd_sub(&r, rd_u8(&r));
	struct view rest = rd_rest(&r);
	uint8_t *exact;

	if (!rd_ok(&r))
		return 0;
	exact = mem_dup(rest.p, rest.len);
	if (exact && pairs_parse((struct view){exact, rest.len}, &p) == ST_OK) {
		whole(&p);
		there_and_back(&p, rest);
		operate(&p, &operations);
		there_and_back(&p, (struct view){0});
	}
	mem_free(exact);
	return 0;
}
