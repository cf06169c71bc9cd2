/* THE table of OIDs: every counter, gauge and failure has its number, the MIB says the same, and the
 * walk through it agrees with a naive model. */
#include "modules/snmp/tree.h"

#include <ctype.h>

#include "modules/snmp/limit.h"
#include "tests/unit/snmp_lib.h"

#define ROUNDS 60
#define PROBES 3000

static uint32_t seed = 1;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * n) >> 32);
}

/* ---- the numbers ------------------------------------------------------------------------------- */

static void numbers_rise(void)
{
	for (size_t i = 1; i < tree_rows_len; i++) {
		const struct tree_row *a = &tree_rows[i - 1], *b = &tree_rows[i];
		T_ROW(i, "row");
		T_TRUE(a->group < b->group || (a->group == b->group && a->number < b->number));
		T_TRUE(b->number > 0);
	}
}

static size_t rows_of(enum tree_group group, unsigned arg)
{
	size_t n = 0;
	for (size_t i = 0; i < tree_rows_len; i++)
		n += tree_rows[i].group == group && tree_rows[i].arg == arg;
	return n;
}

/* What is new in a list wants a number in tree.c and an object in the MIB. */
static void all_have_numbers(void)
{
	uint32_t last = 0;
	size_t n = 0;
	for (unsigned i = 0; i < CT__MAX; i++) {
		T_ROW(i, counter_token((enum counter)i));
		T_EQ(rows_of(TREE_COUNTERS, i), 1);
	}
	for (unsigned i = 0; i < GG__MAX; i++) {
		T_ROW(i, gauge_token((enum gauge)i));
		T_EQ(rows_of(TREE_GAUGES, i), 1);
	}
	for (int i = 0; i < ST__MAX; i++) {
		T_ROW(i, status_token((enum status)i));
		T_EQ(tree_failure((enum status)i) != 0, i != ST_OK);
		for (int k = 0; k < i; k++)
			T_TRUE(!tree_failure((enum status)i) ||
			       tree_failure((enum status)i) != tree_failure((enum status)k));
		n += tree_failure((enum status)i) != 0;
		last = tree_failure((enum status)i) > last ? tree_failure((enum status)i) : last;
	}
	T_TRUE(last >= n);
	/* Some that were given away with the first version, for ever. */
	T_EQ(tree_failure(ST_PENDING), 1);
	T_EQ(tree_failure(ST_END_DPD), 55);
	T_EQ(tree_failure(ST_RING_FULL), 78);
}

/* ---- the MIB ----------------------------------------------------------------------------------- */

/* "ike_in_packets" is spIkeInPackets. */
static void descriptor(const char *token, char *out)
{
	*out++ = 's';
	*out++ = 'p';
	for (bool upper = true; *token; token++) {
		if (*token != '_')
			*out++ = upper ? (char)toupper((unsigned char)*token) : *token;
		upper = *token == '_';
	}
	*out = 0;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The text of an object's definition, from its name to its number; NULL: there is none. */
static const char *object(const char *mib, const char *name, char parent[64], unsigned *number)
{
	char head[96];
	snprintf(head, sizeof(head), "\n%s OBJECT-TYPE\n", name);
	const char *at = strstr(mib, head), *end = at ? strstr(at, "::= {") : NULL;
	return end && sscanf(end, "::= { %63s %u }", parent, number) == 2 ? at : NULL;
}

static void mib_has_counters(void)
{
	char *mib = t_readfile("mibs/SALLYPORT-MIB.txt", NULL);
	T_TRUE(mib != NULL);
	for (size_t i = 0; i < tree_rows_len; i++) {
		const struct tree_row *r = &tree_rows[i];
		bool is_counter = r->group == TREE_COUNTERS;
		char name[64], parent[64];
		unsigned number;
		if (!is_counter && r->group != TREE_GAUGES)
			continue;
		const char *token = is_counter ? counter_token((enum counter)r->arg) :
						 gauge_token((enum gauge)r->arg);
		T_ROW(i, token);
		descriptor(token, name);
		T_TRUE(strlen(name) <= 32);
		const char *text = object(mib, name, parent, &number);
		T_TRUE(text != NULL);
		T_STR(parent, is_counter ? "spCounters" : "spGauges");
		T_EQ(number, r->number);
		text = strstr(text, "SYNTAX      ") + strlen("SYNTAX      ");
		T_TRUE(starts(text, is_counter ? "Counter64\n" : "Gauge32\n"));
	}
}

/* As many readable objects as rows, so that none is left over on either side. */
static void mib_has_no_more(void)
{
	char *mib = t_readfile("mibs/SALLYPORT-MIB.txt", NULL);
	size_t n = 0;
	T_TRUE(mib != NULL);
	for (const char *p = mib; (p = strstr(p, "MAX-ACCESS  read-only")) != NULL; p++)
		n++;
	T_EQ(n, tree_rows_len);
	T_TRUE(strstr(mib, "OBJECT IDENTIFIER ::= { enterprises 8072 }") &&
	       starts(SALLYPORT_PEN_TEXT, "8072.9999.9999"));
}

/* ---- a view, and a model of it ----------------------------------------------------------------- */

struct lab {
	struct tree_view view;
	struct note *sample;
};

static void lab_init(struct lab *l, size_t cards, size_t pools, bool has_sample)
{
	*l = (struct lab){.view = {.version = "test", .notify_pools = true}};
	for (size_t i = 0; i < cards; i++) {
		struct note *old, *n = a_note(1 + draw(draw(2) ? 20 : 0x7fffffff));
		if (index_put(&l->view.cards, n, &old) != ST_OK)
			abort();
		mem_free(old);
	}
	if (!has_sample)
		return;
	struct sample *s = a_sample(7);
	l->sample = share_note_sample(pools, cards);
	if (!l->sample)
		abort();
	l->view.sample = &l->sample->sample;
	struct share_values *v = &l->sample->sample.values;
	v->number = s->number;
	v->wall_ms = s->wall_ms;
	for (int i = 0; i < CT__MAX; i++)
		v->count[i] = s->sums.count[i];
	for (int i = 0; i < ST__MAX; i++)
		v->status[i] = s->sums.status[i];
	memcpy(v->gauge, s->gauge, sizeof(v->gauge));
	for (size_t i = 0; i < pools; i++) {
		struct sample_pool *p = &l->sample->sample.pools[i].pool;
		*p = (struct sample_pool){.family = i % 2 ? 6 : 4, .total = 100 + i, .exhausted = i};
		snprintf(p->name, sizeof(p->name), "P%zu", i / 2);
	}
	for (size_t i = 0; i < cards; i++)
		l->sample->sample.traffic[i] = (struct snmp_traffic){
			.index = i < l->view.cards.n ? l->view.cards.v[l->view.cards.n - 1 - i]->card.index : 0,
			.octets_in = i + 1};
	tree_prepare(&l->sample->sample);
	free(s);
}

static void lab_fini(struct lab *l)
{
	for (size_t i = 0; i < l->view.cards.n; i++)
		mem_free(l->view.cards.v[i]);
	index_fini(&l->view.cards);
	mem_free(l->sample);
}

struct name {
	tree_oid v[TREE_NAME];
	size_t len;
};

static int compare(const tree_oid *a, size_t n, const tree_oid *b, size_t m)
{
	for (size_t i = 0; i < n && i < m; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return n < m ? -1 : n > m;
}

static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	return compare(x->v, x->len, y->v, y->len);
}

static void put(struct name *all, size_t *n, const struct tree_row *r, bool is_cell, uint64_t instance)
{
	struct name *out = &all[(*n)++];
	out->len = 0;
	out->v[out->len++] = r->group;
	if (is_cell)
		out->v[out->len++] = 1;
	out->v[out->len++] = r->number;
	out->v[out->len++] = instance;
}

/* Every name there is, written down one by one, then sorted as SNMP sorts. */
static size_t model(const struct tree_view *v, struct name *all)
{
	size_t n = 0;
	for (size_t i = 0; i < tree_rows_len; i++) {
		const struct tree_row *r = &tree_rows[i];
		if (r->group == TREE_SESSIONS)
			for (size_t k = 0; k < v->cards.n; k++)
				put(all, &n, r, true, v->cards.v[k]->card.index);
		else if (r->group == TREE_POOLS)
			for (size_t k = 0; v->sample && k < v->sample->n_pools; k++)
				put(all, &n, r, true, v->sample->pools[k].index);
		else if (r->group == TREE_FAILURES)
			for (int k = 0; v->sample && k < ST__MAX; k++) {
				if (tree_failure((enum status)k))
					put(all, &n, r, true, tree_failure((enum status)k));
			}
		else if (v->sample || r->group == TREE_NOTIFY ||
			 (r->group == TREE_PRODUCT && r->number == 1))
			put(all, &n, r, false, 0);
	}
	qsort(all, n, sizeof(*all), by_name);
	return n;
}

/* Names that are there, near by, cut, longer, and wild. */
static size_t probe(const struct name *all, size_t n, tree_oid out[TREE_NAME + 2])
{
	const struct name *from = &all[draw((uint32_t)n)];
	size_t len = from->len;
	memcpy(out, from->v, len * sizeof(*out));
	switch (draw(7)) {
	case 0: break;
	case 1: len = draw((uint32_t)len + 1); break;
	case 2: out[len++] = draw(3); break;
	case 3: out[draw((uint32_t)len)] += 1; break;
	case 4: {
		size_t at = draw((uint32_t)len);
		out[at] -= out[at] > 0;
		break;
	}
	case 5: out[draw((uint32_t)len)] = draw(2) ? UINT32_MAX : UINT64_MAX; break;
	default:
		len = draw(TREE_NAME + 2);
		for (size_t i = 0; i < len; i++)
			out[i] = draw(12);
	}
	return len;
}

static void agrees(const struct tree_view *v, const struct name *all, size_t n)
{
	for (int i = 0; i < PROBES; i++) {
		tree_oid name[TREE_NAME + 2], got[TREE_NAME];
		bool inclusive = draw(2);
		struct tree_place at;
		size_t len = probe(all, n, name), k = 0;
		while (k < n && compare(all[k].v, all[k].len, name, len) < (inclusive ? 0 : 1))
			k++;
		bool found = tree_next(v, name, len, inclusive, &at);
		T_EQ(found, k < n);
		if (found) {
			T_EQ(tree_name(&at, got), all[k].len);
			T_MEM(got, all[k].v, all[k].len * sizeof(*got));
		}
		bool is_there = k < n && compare(all[k].v, all[k].len, name, len) == 0;
		for (k = 0; !is_there && k < n; k++)
			is_there = compare(all[k].v, all[k].len, name, len) == 0;
		T_EQ(tree_find(v, name, len, &at), is_there);
	}
}

static void walk_agrees_with_model(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct lab l;
		T_ROW(round, "round");
		lab_init(&l, draw(40), draw(6), round % 5 != 0);
		struct name *all = calloc(tree_rows_len * (128 + ST__MAX), sizeof(*all));
		T_TRUE(all != NULL);
		size_t n = model(&l.view, all);
		T_DO(agrees(&l.view, all, n));
		/* From nothing to the end, one after the other. */
		struct tree_place at;
		tree_oid name[TREE_NAME];
		size_t k = 0;
		for (bool ok = tree_next(&l.view, NULL, 0, false, &at); ok;
		     ok = tree_next(&l.view, name, all[k - 1].len, false, &at)) {
			struct tree_value value;
			T_TRUE(k < n);
			T_EQ(tree_name(&at, name), all[k].len);
			T_MEM(name, all[k].v, all[k].len * sizeof(*name));
			tree_get(&l.view, &at, &value);
			T_TRUE(value.type != TREE_OCTETS || value.p || !value.len);
			k++;
		}
		T_EQ(k, n);
		free(all);
		lab_fini(&l);
	}
	T_EQ(mem_live(), 0);
}

/* ---- values ------------------------------------------------------------------------------------ */

static bool get(const struct tree_view *v, const tree_oid *name, size_t len, struct tree_value *out)
{
	struct tree_place at;
	if (!tree_find(v, name, len, &at))
		return false;
	tree_get(v, &at, out);
	return true;
}
#define GET(v, out, ...) \
	get(v, (const tree_oid[]){__VA_ARGS__}, sizeof((const tree_oid[]){__VA_ARGS__}) / sizeof(tree_oid), out)

static void values(void)
{
	struct lab l;
	struct tree_value v;
	static const uint8_t date[] = {0x07, 0xe9, 11, 29, 12, 0, 0, 1, '+', 0, 0};
	lab_init(&l, 0, 2, true);
	T_TRUE(GET(&l.view, &v, TREE_PRODUCT, 1, 0));
	T_EQ(v.len, 4);
	T_MEM(v.p, "test", 4);
	T_TRUE(GET(&l.view, &v, TREE_PRODUCT, 2, 0));
	T_EQ(v.type, TREE_TICKS);
	T_EQ(v.u, (7 * 3000 + GG_UPTIME_S) * 100);
	T_TRUE(GET(&l.view, &v, TREE_SAMPLE, 1, 0));
	T_EQ(v.u, 7);
	T_TRUE(GET(&l.view, &v, TREE_SAMPLE, 2, 0));
	T_EQ(v.len, sizeof(date));
	T_MEM(v.p, date, sizeof(date));
	T_TRUE(GET(&l.view, &v, TREE_COUNTERS, 2, 0));
	T_EQ(v.type, TREE_COUNTER64);
	T_EQ(v.u, 7000 + CT_IKE_IN_BYTES);
	l.sample->sample.values.gauge[GG_IKE_SAS] = 1ull << 40;
	T_TRUE(GET(&l.view, &v, TREE_GAUGES, 1, 0));
	T_EQ(v.u, UINT32_MAX); /* a gauge stops at its top */
	T_TRUE(GET(&l.view, &v, TREE_FAILURES, 1, 4, 55));
	T_EQ(v.u, 14000 + ST_END_DPD);
	T_TRUE(GET(&l.view, &v, TREE_FAILURES, 1, 2, 55));
	T_MEM(v.p, "dpd", 3);
	T_TRUE(GET(&l.view, &v, TREE_NOTIFY, 1, 0) && v.u == 2);
	T_TRUE(GET(&l.view, &v, TREE_NOTIFY, 2, 0) && v.u == 1);
	T_TRUE(GET(&l.view, &v, TREE_NOTIFY, 4, 0) && v.u == LIMIT_BURST);
	T_TRUE(!GET(&l.view, &v, TREE_NOTIFY, 5, 0)); /* for notifications only */
	T_TRUE(!GET(&l.view, &v, TREE_FAILURES, 1, 1, 55));
	T_TRUE(!GET(&l.view, &v, TREE_COUNTERS, 2));
	T_TRUE(!GET(&l.view, &v, TREE_COUNTERS, 2, 1));
	T_TRUE(!GET(&l.view, &v, TREE_COUNTERS, 2, 0, 0));
	lab_fini(&l);
}

static void session_cells(void)
{
	struct snmp_card c = a_card(0x010203);
	struct snmp_traffic t = {.octets_in = 1ull << 40, .idle_s = 9};
	struct tree_value v = {0};
	c.is_orphaned = true;
	tree_session(&c, &t, TREE_S_REMOTE, &v);
	T_EQ(v.len, 4);
	T_MEM(v.p, c.remote.addr.b, 4);
	tree_session(&c, &t, TREE_S_REMOTE_TYPE, &v);
	T_EQ(v.u, 1);
	tree_session(&c, &t, TREE_S_IP6, &v);
	T_EQ(v.len, 0);
	tree_session(&c, &t, TREE_S_IP6_LEN, &v);
	T_EQ(v.u, 0);
	tree_session(&c, &t, TREE_S_STATE, &v);
	T_EQ(v.u, 2);
	c.is_waiting = true;
	tree_session(&c, &t, TREE_S_STATE, &v);
	T_EQ(v.u, 3);
	tree_session(&c, &t, TREE_S_ROLE, &v);
	T_EQ(v.u, 2);
	tree_session(&c, &t, TREE_S_IN_OCTETS, &v);
	T_EQ(v.u, 1ull << 40);
	tree_session(&c, NULL, TREE_S_IN_OCTETS, &v); /* after the sample */
	T_EQ(v.u, 0);
}

/* The number is the pool's own, whatever others there are and in which order. */
static void pool_numbers_stay(void)
{
	struct note *a = share_note_sample(3, 0), *b = share_note_sample(1, 0);
	static const struct sample_pool pools[] = {
		{.name = "RA", .family = 4}, {.name = "RA", .family = 6},
		{.name = "RA", .ivrf = "red", .family = 4}};
	uint32_t number[3] = {0};
	T_TRUE(a && b);
	for (size_t i = 0; i < 3; i++)
		a->sample.pools[i].pool = pools[i];
	tree_prepare(&a->sample);
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++)
			if (memcmp(&a->sample.pools[k].pool, &pools[i], sizeof(pools[i])) == 0)
				number[i] = a->sample.pools[k].index;
	T_TRUE(number[0] && number[1] && number[2] && number[0] != number[1] && number[0] != number[2]);
	T_EQ(number[0], 1174087072); /* for ever */
	for (size_t i = 0; i < 3; i++) {
		b->sample.pools[0].pool = pools[i];
		tree_prepare(&b->sample);
		T_EQ(b->sample.pools[0].index, number[i]);
	}
	/* Two of one number: the second moves on, and both are found. */
	a->sample.pools[1].pool = a->sample.pools[0].pool;
	tree_prepare(&a->sample);
	T_TRUE(a->sample.pools[0].index < a->sample.pools[1].index &&
	       a->sample.pools[1].index < a->sample.pools[2].index);
	mem_free(a);
	mem_free(b);
}

/* ---- the index --------------------------------------------------------------------------------- */

#define MANY 10000

static void index_of_many(void)
{
	struct index x = {0};
	struct note *old;
	uint8_t *has = calloc(MANY + 2, 1);
	size_t count = 0;
	T_TRUE(has != NULL);
	for (int i = 0; i < 6 * MANY; i++) {
		uint32_t n = 1 + draw(MANY);
		if (draw(3)) {
			T_EQ(index_put(&x, a_note(n), &old), ST_OK);
			T_EQ(old != NULL, has[n]);
			count += !has[n];
			has[n] = 1;
			mem_free(old);
		} else {
			old = index_take(&x, n);
			T_EQ(old != NULL, has[n]);
			count -= has[n];
			has[n] = 0;
			mem_free(old);
		}
		T_EQ(x.n, count);
	}
	size_t at = 0;
	for (uint32_t n = 1; n <= MANY + 1; n++) {
		T_EQ(index_from(&x, n), at);
		T_EQ(index_find(&x, n) != NULL, has[n]);
		at += has[n];
	}
	/* Without memory it is as before. */
	T_EQ(index_take(&x, MANY + 1) == NULL, true);
	struct index none = {0};
	struct note *card = a_note(1);
	mem_fail_at(1);
	T_EQ(index_put(&none, card, &old), ST_NOMEM);
	mem_fail_at(0);
	T_EQ(none.n, 0);
	mem_free(card);
	for (size_t i = 0; i < x.n; i++)
		mem_free(x.v[i]);
	index_fini(&x);
	free(has);
	T_EQ(mem_live(), 0);
}

/* ---- the limit --------------------------------------------------------------------------------- */

static void limits(void)
{
	struct limit l;
	int64_t now = 1000000;
	int n = 0;
	limit_init(&l, 100, 20, now);
	while (limit_take(&l, now))
		n++;
	T_EQ(n, 100);
	T_EQ(l.left_out, 1);
	T_EQ(limit_report(&l, now), 0);
	T_TRUE(!limit_take(&l, now + 49));
	T_TRUE(limit_take(&l, now + 50));
	T_TRUE(!limit_take(&l, now + 50));
	T_EQ(limit_report(&l, now + LIMIT_REPORT_MS - 1), 0);
	T_EQ(limit_report(&l, now + LIMIT_REPORT_MS), 3);
	T_EQ(limit_report(&l, now + LIMIT_REPORT_MS), 0);
	/* Ten seconds of a flood: its rate and no more. */
	limit_init(&l, 100, 20, now);
	n = 0;
	for (int ms = 0; ms < 10000; ms++)
		n += limit_take(&l, now + ms);
	T_EQ(n, 100 + 199);
	/* A long rest fills it once; a clock that stands still or goes back gives nothing. */
	now += 1ll << 50;
	n = 0;
	while (limit_take(&l, now))
		n++;
	T_EQ(n, 100);
	T_TRUE(!limit_take(&l, now - 5000));
}

int main(void)
{
	T_RUN(numbers_rise);
	T_RUN(all_have_numbers);
	T_RUN(mib_has_counters);
	T_RUN(mib_has_no_more);
	T_RUN(walk_agrees_with_model);
	T_RUN(values);
	T_RUN(session_cells);
	T_RUN(pool_numbers_stay);
	T_RUN(index_of_many);
	T_RUN(limits);
	return t_end();
}
