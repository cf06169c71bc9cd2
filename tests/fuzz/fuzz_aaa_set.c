/* The attributes of an Access-Accept, a CoA-Request and two lists of names: attributes -> sets -> merge ->
 * what a session keeps. The input is the attributes of several packets, a length of two bytes before each. */
#include <stdlib.h>
#include <string.h>

#include "core/aaa/attrs.h"
#include "core/aaa/filter.h"
#include "core/aaa/merge.h"
#include "core/base/freeze.h"
#include "core/base/mem.h"
#include "core/session/terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static void ends(const char *text, size_t size)
{
	MUST(memchr(text, '\0', size) != NULL);
}

/* Texts end, lists stay in their room, lines of filters are all rules. */
static void look(const struct aaa_set *s)
{
	struct ip_rule rules[AAA_FILTER_LINES];
	struct view one;
	size_t at = 0, n = 0;

	ends(s->pool4, sizeof(s->pool4));
	ends(s->banner, sizeof(s->banner));
	ends(s->split_dns, sizeof(s->split_dns));
	ends(s->backup, sizeof(s->backup));
	ends(s->user_name, sizeof(s->user_name));
	MUST(s->quotas.n <= QUOTAS_MAX);
	for (size_t i = 0; i < s->quotas.n; i++) {
		ends(s->quotas.v[i].map, sizeof(s->quotas.v[i].map));
		MUST(s->quotas.v[i].way < QUOTA_WAYS && s->quotas.v[i].period < QUOTA_PERIODS);
	}
	MUST(s->route_nets.n <= AAA_NETS && s->remotes.n <= AAA_NETS && s->route_lists4.n <= AAA_NAMES &&
		s->delegated.n <= AAA_DELEGATED && s->mask4 <= 32 && s->ip6_len <= 128);
	MUST(s->key_local.len <= AAA_KEY && s->key_remote.len <= AAA_KEY && s->class.len <= AAA_CLASS);
	while (aaa_class_next((struct view){s->class.bytes, s->class.len}, &at, &one))
		n++;
	MUST(n == s->class.n && at == s->class.len);
	for (int i = 0; i < AAA_FILTERS; i++) {
		size_t lines = 0;
		ends(s->filter[i], AAA_FILTER);
		for (const char *p = s->filter[i]; (p = strchr(p, '\n')) != NULL; p++)
			lines++;
		MUST(aaa_filter_rules(s->filter[i], i < AAA_IN6 ? 4 : 6, rules) == lines);
	}
}

/* What is kept comes back out of its record. */
static void keep(const struct aaa_set *s)
{
	static uint8_t one[32768], two[32768];
	struct session_terms *t = NULL, *again = NULL;
	struct aaa_set *back = aaa_set_new();
	struct wr w = wr_init(one, sizeof(one)), v = wr_init(two, sizeof(two));
	uint16_t kind, version, tag;
	struct view field;
	struct rd fields;

	MUST(back && terms_keep(s, &t) == ST_OK);
	fz_begin(&w, 1, 1);
	terms_write(&w, t);
	fz_end(&w);
	MUST(wr_ok(&w) && fz_open_record((struct view){one, w.len}, &kind, &version, &fields) == ST_OK);
	while (fz_next(&fields, &tag, &field))
		MUST(terms_read(tag, field, back));
	MUST(terms_keep(back, &again) == ST_OK);
	fz_begin(&v, 1, 1);
	terms_write(&v, again);
	fz_end(&v);
	MUST(v.len == w.len && memcmp(one, two, w.len) == 0);
	mem_free(t);
	mem_free(again);
	aaa_set_free(back);
}

/* A refusal has a sentence. */
static bool read_one(struct aaa_set *s, enum aaa_source source, struct view attrs)
{
	struct aaa_finding f;
	enum status st = aaa_attrs_read(s, source, attrs, &f);

	ends(f.why, sizeof(f.why));
	ends(f.ignored, sizeof(f.ignored));
	MUST((st == ST_OK) == (f.verdict == AAA_TAKEN) && (st == ST_OK) == !f.why[0]);
	look(s);
	return st == ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct aaa_set *sets[4];
	bool ok[3];

	for (int i = 0; i < 4; i++)
		MUST((sets[i] = aaa_set_new()) != NULL);
	for (int i = 0; i < 3; i++) {
		size_t len = rd_u16(&r);
		struct view attrs = rd_bytes(&r, len < r.left ? len : r.left);
		uint8_t *exact = malloc(attrs.len + 1);
		MUST(exact);
		if (attrs.len)
			memcpy(exact, attrs.p, attrs.len);
		ok[i] = read_one(sets[i], (enum aaa_source)i, (struct view){exact, attrs.len});
		free(exact);
	}
	for (int override = 0; override < 2; override++) {
		const struct aaa_sources from = {ok[0] ? sets[0] : NULL, ok[1] ? sets[1] : NULL, ok[2] ? sets[2] : NULL, override};
		char why[AAA_WHY] = "";
		enum status st = aaa_merge(&from, sets[3], why);
		MUST(st == ST_OK || (st == ST_LIMIT && why[0]));
		look(sets[3]);
		if (st == ST_OK)
			keep(sets[3]);
		memset(sets[3], 0, sizeof(*sets[3]));
	}
	for (int i = 0; i < 4; i++)
		aaa_set_free(sets[i]);
	return 0;
}
