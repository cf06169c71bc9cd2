/* crypto pki certificate map, crypto pki certificate chain. */
#include <stdio.h>
#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

#define ENTRIES_MAX 256 /* numbers of one map */
#define TESTS_MAX   64  /* of one number */
#define CERTS_MAX   32  /* of one pasted chain */
#define LINES_MAX   2048 /* of one pasted certificate */

/* ---- dates ---- */

static bool number_at(const char **p, const char *end, unsigned digits, unsigned *out)
{
	unsigned n = 0;
	*out = 0;
	while (*p < end && **p >= '0' && **p <= '9' && n < digits) {
		*out = *out * 10 + (unsigned)(*(*p)++ - '0');
		n++;
	}
	return n != 0;
}

static bool byte_at(const char **p, const char *end, char c)
{
	if (*p >= end || **p != c)
		return false;
	(*p)++;
	while (c == ' ' && *p < end && **p == ' ')
		(*p)++;
	return true;
}

static unsigned month_at(const char **p, const char *end)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	for (unsigned m = 0; m < 12 && end - *p >= 3; m++)
		if (strncasecmp_ascii(*p, names + 3 * m, 3) == 0) {
			*p += 3;
			return m + 1;
		}
	return 0;
}

static bool is_leap(unsigned y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static unsigned month_days(unsigned y, unsigned m)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[m - 1] + (m == 2 && is_leap(y) ? 1u : 0u);
}

static uint64_t days_to(unsigned y, unsigned m, unsigned d)
{
	uint64_t n = d - 1;
	for (unsigned i = 1970; i < y; i++)
		n += is_leap(i) ? 366 : 365;
	for (unsigned i = 1; i < m; i++)
		n += month_days(y, i);
	return n;
}

static bool time_at(const char **p, const char *end, unsigned *h, unsigned *m, unsigned *s)
{
	return number_at(p, end, 2, h) && byte_at(p, end, ':') && number_at(p, end, 2, m) && byte_at(p, end, ':') &&
	       number_at(p, end, 2, s) && *h < 24 && *m < 60 && *s < 60;
}

bool cert_date_parse(const char *text, size_t len, uint64_t *when_s)
{
	const char *p = text, *end = text + len;
	unsigned y, m, d, h = 0, min = 0, s = 0;
	m = month_at(&p, end);
	bool ok = m ? byte_at(&p, end, ' ') && number_at(&p, end, 2, &d)
		    : number_at(&p, end, 2, &d) && byte_at(&p, end, ' ') && number_at(&p, end, 2, &m);
	ok = ok && byte_at(&p, end, ' ') && number_at(&p, end, 4, &y) && y >= 1970 && m >= 1 && m <= 12 && d >= 1 &&
	     d <= month_days(y, m);
	if (ok && p < end)
		ok = byte_at(&p, end, ' ') && time_at(&p, end, &h, &min, &s) && p == end;
	if (ok)
		*when_s = ((days_to(y, m, d) * 24 + h) * 60 + min) * 60 + s;
	return ok;
}

/* ---- maps ---- */

static struct cert_map *map_find(struct snapshot *s, const struct arg *name)
{
	for (size_t i = 0; i < s->cert_map_count; i++)
		if (arg_is(name, s->cert_maps[i].name))
			return &s->cert_maps[i];
	return NULL;
}

static struct cert_map *map_open(struct cmd_call *c, const struct arg *name)
{
	struct cert_map *m = map_find(c->s, name);
	char *text = m ? NULL : cmd_ref(c, name);
	void *tmp;
	if (m || !text)
		return m;
	m = ARENA_PUSH(c->arena, c->s->cert_maps, c->s->cert_map_count, tmp);
	if (m)
		m->name = text;
	return m;
}

/* Entries are in the order of their numbers. */
static struct cert_map_entry *entry_open(struct cmd_call *c, struct cert_map *m, const struct arg *number)
{
	size_t at = 0;
	while (at < m->entry_count && m->entries[at].number < number->num)
		at++;
	if (at < m->entry_count && m->entries[at].number == number->num)
		return &m->entries[at];
	if (m->entry_count >= ENTRIES_MAX) {
		cmd_error(c, number, "too many numbers in one map", "256 are possible");
		c->skip = true;
		return NULL;
	}
	struct cert_map_entry *v = arena_grow(c->arena, m->entries, m->entry_count, sizeof(*v));
	if (!v)
		return NULL;
	m->entries = v;
	memmove(&v[at + 1], &v[at], (m->entry_count++ - at) * sizeof(*v));
	v[at] = (struct cert_map_entry){.number = (uint32_t)number->num};
	return &v[at];
}

static void map_drop(struct cmd_call *c, struct cert_map *m, const struct arg *number)
{
	for (size_t i = m->entry_count; number && i-- > 0;)
		if (m->entries[i].number == number->num)
			m->entry_count = arena_drop(m->entries, m->entry_count, i, sizeof(*m->entries));
	if (!number || !m->entry_count)
		c->s->cert_map_count =
			arena_drop(c->s->cert_maps, c->s->cert_map_count, (size_t)(m - c->s->cert_maps), sizeof(*m));
}

void set_cert_map_block(struct cmd_call *c)
{
	const struct arg *name = cmd_arg(c, "name"), *number = cmd_arg(c, "number");
	if (!name) {
		cmd_error(c, NULL, "which one? a name is missing", "");
		return;
	}
	struct cert_map *m = c->form == FORM_SET ? map_open(c, name) : map_find(c->s, name);
	if (m && c->form == FORM_SET)
		c->enter = entry_open(c, m, number);
	else if (m)
		map_drop(c, m, number);
}

static const char *const op_words[] = {[CERT_OP_CO] = "co",
	[CERT_OP_EQ] = "eq",
	[CERT_OP_NC] = "nc",
	[CERT_OP_NE] = "ne",
	[CERT_OP_LT] = "lt",
	[CERT_OP_GE] = "ge"};

static uint8_t op_of(const struct cmd_call *c)
{
	uint8_t op = 0;
	while (op + 1 < CERT_OP__MAX && !cmd_has(c, op_words[op]))
		op++;
	return op;
}

/* row->off is the field. `no FIELD`: every test of it; with operator and value: that one. */
static void set_test(struct cmd_call *c)
{
	struct cert_map_entry *e = c->obj;
	const struct arg *text = cmd_arg(c, "text");
	struct cert_test t = {.field = (uint8_t)c->row->off, .op = op_of(c)};
	bool date = t.field == CERT_FIELD_START || t.field == CERT_FIELD_EXPIRES, same = false;
	for (size_t i = e->test_count; i-- > 0;) {
		const struct cert_test *old = &e->tests[i];
		bool this = old->field == t.field && (!text || (old->op == t.op && arg_is(text, old->text)));
		same |= this;
		if (this && c->form != FORM_SET)
			e->test_count = arena_drop(e->tests, e->test_count, i, sizeof(t));
	}
	if (c->form != FORM_SET || same)
		return;
	if (date && !cert_date_parse(text->word.p, text->word.len, &t.when_s)) {
		cmd_error(c, text, "not a date:", "31 12 2026 23:59:59 or Dec 31 2026 23:59:59, in UTC");
		return;
	}
	if (e->test_count >= TESTS_MAX) {
		cmd_error(c, NULL, "too many tests in one block", "64 are possible");
		return;
	}
	t.text = cmd_text(c, text);
	struct cert_test *v = t.text ? arena_grow(c->arena, e->tests, e->test_count, sizeof(t)) : NULL;
	if (!v)
		return;
	e->tests = v;
	size_t at = e->test_count++; /* in the order of the fields, as they are printed */
	while (at > 0 && v[at - 1].field > t.field)
		at--;
	memmove(&v[at + 1], &v[at], (e->test_count - 1 - at) * sizeof(t));
	v[at] = t;
}

static void print_test(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct cert_map_entry *e = obj;
	for (size_t i = 0; i < e->test_count; i++) {
		if (e->tests[i].field != row->off)
			continue;
		cout_head(o, row, false);
		cout_word(o, op_words[e->tests[i].op]);
		cout_str(o, " ");
		cout_str(o, e->tests[i].text);
		cout_end(o);
	}
}

void print_cert_map_block(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->cert_map_count; i++)
		for (size_t k = 0; k < s->cert_maps[i].entry_count; k++) {
			const struct cert_map_entry *e = &s->cert_maps[i].entries[k];
			cout_head(o, row, false);
			cout_word(o, s->cert_maps[i].name);
			cout_str(o, " ");
			cout_u32(o, e->number);
			cout_end(o);
			size_t before = o->len;
			o->indent++;
			print_rows(o, MODE_CERTMAP, e);
			cout_empty(o, before);
			o->indent--;
			cout_str(o, "!\n");
		}
}

#define TEST(words, field_, what)                                                                  \
	{                                                                                          \
		.grammar = words " {co|eq|nc|ne} <text:line>", .off = field_, .when = WHEN_NEW,    \
		.set = set_test, .print = print_test, .help = what                                 \
	}
#define DATE(words, field_, what)                                                                  \
	{                                                                                          \
		.grammar = words " {eq|ne|lt|ge} <text:line>", .off = field_, .when = WHEN_NEW,    \
		.set = set_test, .print = print_test, .help = what                                 \
	}

static const struct cmd certmap[] = {
	TEST("subject-name", CERT_FIELD_SUBJECT, "The subject, as in CN=anna,O=corp, without regard to case"),
	TEST("issuer-name", CERT_FIELD_ISSUER, "The issuer"),
	TEST("alt-subject-name", CERT_FIELD_ALT, "Any of the alternative names; nc, ne: all of them"),
	TEST("unstructured-subject-name", CERT_FIELD_UNSTRUCTURED, "The unstructured name in the subject"),
	TEST("serial-number", CERT_FIELD_SERIAL, "The serial number in hex"),
	TEST("name", CERT_FIELD_NAME, "Any of subject, alternative and unstructured name; nc, ne: all of them"),
	DATE("valid-start", CERT_FIELD_START, "From when the certificate is valid; ge: then or later"),
	DATE("expires-on", CERT_FIELD_EXPIRES, "Until when it is valid"),
};
CMD_ROWS(rows_certmap, certmap);

/* ---- pasted certificates ---- */

static const char *const pasted_words[] = {
	[PASTED_CA] = "ca", [PASTED_SELF_SIGNED] = "self-signed", [PASTED_RA] = "ra-general"};

/* A certificate that comes again replaces the former one. */
static void set_pasted(struct cmd_call *c)
{
	struct cert_chain *chain = c->obj;
	const struct arg *file = cmd_arg(c, "file");
	size_t before = chain->cert_count;
	if (file && c->form == FORM_SET) {
		cmd_warn(c, file, "a file of a router, left out:", "paste what `show running-config` prints there");
		c->skip = true;
		return;
	}
	set_block(c);
	if (chain->cert_count > CERTS_MAX) {
		cmd_error(c, NULL, "too many certificates in one chain", "32 are possible");
		chain->cert_count = before;
		c->enter = NULL;
		c->skip = true;
	}
	struct pasted_cert *p = c->enter;
	if (!p)
		return;
	p->lines = (struct str_list){0};
	p->kind = PASTED_OWN;
	for (uint8_t k = PASTED_CA; k <= PASTED_RA; k++)
		if (cmd_has(c, pasted_words[k]))
			p->kind = k;
}

static void print_pasted(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct cert_chain *chain = obj;
	for (size_t i = 0; i < chain->cert_count; i++) {
		const struct pasted_cert *p = &chain->certs[i];
		cout_head(o, row, false);
		if (p->kind != PASTED_OWN)
			cout_word(o, pasted_words[p->kind]);
		cout_word(o, p->serial);
		cout_end(o);
		o->indent++;
		print_rows(o, MODE_CERT, p);
		cout_begin(o);
		cout_str(o, "quit\n");
		o->indent--;
	}
}

static const struct cmd chain[] = {
	{.grammar = "certificate [{ca|self-signed|ra-general}] <name:name> [<file:word>]",
		.enters = MODE_CERT,
		.when = WHEN_NEW,
		.set = set_pasted,
		.print = print_pasted,
		.help = "A certificate in hex, ended by quit; ca: a trust anchor"},
};
CMD_ROWS(rows_chain, chain);

static size_t digits_of(const char *p, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += p[i] != ' ' && p[i] != '\t';
	return n;
}

static void set_hex(struct cmd_call *c)
{
	struct pasted_cert *p = c->obj;
	const struct arg *a = cmd_arg(c, "hex");
	size_t digits = a ? digits_of(a->word.p, a->word.len) : 0;
	void *tmp;
	if (c->form != FORM_SET)
		return;
	for (size_t i = 0; i < p->lines.n; i++)
		digits += digits_of(p->lines.v[i], strlen(p->lines.v[i]));
	if (digits > 2 * (size_t)PKI_CERT_MAX || p->lines.n >= LINES_MAX) {
		cmd_error(c, a, "longer than a certificate may be:", "");
		return;
	}
	char *text = cmd_text(c, a);
	char **slot = text ? ARENA_PUSH(c->arena, p->lines.v, p->lines.n, tmp) : NULL;
	if (slot)
		*slot = text;
}

static void print_hex(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct pasted_cert *p = obj;
	(void)row;
	for (size_t i = 0; i < p->lines.n; i++) {
		cout_begin(o);
		cout_str(o, p->lines.v[i]);
		cout_end(o);
	}
}

static const struct cmd cert[] = {
	{.grammar = "<hex:hexline>", .when = WHEN_NEW, .set = set_hex, .print = print_hex, .help = "Bytes of the certificate"},
};
CMD_ROWS(rows_cert, cert);

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

size_t pasted_bytes(const struct pasted_cert *c, uint8_t *out, size_t cap)
{
	size_t n = 0; /* half bytes */
	for (size_t i = 0; i < c->lines.n; i++)
		for (const char *p = c->lines.v[i]; *p; p++) {
			if (*p == ' ' || *p == '\t')
				continue;
			if (n / 2 >= cap)
				return 0;
			out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] | nibble(*p) : nibble(*p) << 4);
			n++;
		}
	return n % 2 ? 0 : n / 2;
}
