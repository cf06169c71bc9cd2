/* Requests of a CoA client, built and signed by hand, for tests and the fuzzer of the server. */
#ifndef TESTS_UNIT_COA_LAB_H
#define TESTS_UNIT_COA_LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/aaa/radius_sign.h"
#include "modules/coa/coa.h"

#define LAB_KEY "coa-secret"

static const struct view lab_key = {(const uint8_t *)LAB_KEY, sizeof(LAB_KEY) - 1};

struct lab_request {
	uint8_t bytes[RADIUS_MAX];
	struct wr w;
	struct wr_mark m;
};

static inline void lab_open(struct lab_request *r, uint8_t code, uint8_t id)
{
	r->w = wr_init(r->bytes, sizeof(r->bytes));
	r->m = radius_open(&r->w, code, id);
}

static inline void lab_text_attr(struct lab_request *r, uint8_t type, const char *text)
{
	radius_put(&r->w, type, text, strlen(text));
}

static inline void lab_pair(struct lab_request *r, const char *pair)
{
	radius_put_vsa(&r->w, RADIUS_VENDOR_CISCO, RADIUS_CISCO_AVPAIR, pair, strlen(pair));
}

/* Signs; a test that wants a wrong one alters it afterwards. */
static inline struct view lab_close(struct lab_request *r, struct view key)
{
	wr_close16(&r->w, r->m);
	if (!wr_ok(&r->w) || radius_sign_request(key, r->bytes, r->w.len) != ST_OK)
		abort();
	return (struct view){r->bytes, r->w.len};
}

#endif
