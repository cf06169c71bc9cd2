#include "core/crypto/name.h"

#include "core/base/wr.h"
#include "core/crypto/der.h"
#include "core/crypto/name_types.h"
#include "core/crypto/words.h"

#define SPECIAL ",+\"\\<>;="

struct attr {
	size_t rdn; /* which relative name it is of */
	struct view oid;
	struct view whole; /* the value with tag and length */
	struct view value;
	unsigned tag;
};

struct list {
	size_t n;
	size_t rdns;
	struct attr at[NAME_PARTS_MAX];
};

static bool parse_rdn(CBS *set, struct list *l)
{
	if (CBS_len(set) == 0)
		return false;
	while (CBS_len(set) > 0) {
		CBS pair, oid, value, whole;
		struct attr *a;

		if (l->n == NAME_PARTS_MAX)
			return false;
		a = &l->at[l->n++];
		if (!CBS_get_asn1(set, &pair, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) ||
			CBS_len(&oid) == 0)
			return false;
		whole = pair;
		if (!CBS_get_any_asn1(&pair, &value, &a->tag) || CBS_len(&pair) != 0)
			return false;
		a->rdn = l->rdns;
		a->oid = der_view(&oid);
		a->whole = der_view(&whole);
		a->value = der_view(&value);
	}
	l->rdns++;
	return true;
}

static bool parse(struct view der, struct list *l)
{
	CBS all = der_cbs(der), rdns, set;

	l->n = l->rdns = 0;
	if (!CBS_get_asn1(&all, &rdns, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0)
		return false;
	while (CBS_len(&rdns) > 0)
		if (!CBS_get_asn1(&rdns, &set, CBS_ASN1_SET) || !parse_rdn(&set, l))
			return false;
	return true;
}

bool name_ok(struct view der)
{
	struct list l;

	return parse(der, &l);
}

bool name_is_empty(struct view der)
{
	struct list l;

	return parse(der, &l) && l.n == 0;
}

/* ---- text of a value -------------------------------------------------------------------------- */

/* The next character of a string of that kind; UINT32_MAX at the end, or where it is not valid. */
static uint32_t next_char(unsigned tag, struct view *v)
{
	struct rd r = rd_init(v->p, v->len);
	uint32_t c;

	switch (tag) {
	case CBS_ASN1_UTF8STRING: return utf8_next(v);
	case CBS_ASN1_BMPSTRING: c = rd_u16(&r); break;
	case CBS_ASN1_UNIVERSALSTRING: c = rd_u32(&r); break;
	case CBS_ASN1_T61STRING: c = rd_u8(&r); break; /* as everybody does: Latin-1 */
	case CBS_ASN1_PRINTABLESTRING:
	case CBS_ASN1_IA5STRING:
	case CBS_ASN1_VISIBLESTRING:
	case CBS_ASN1_NUMERICSTRING:
		c = rd_u8(&r);
		if (c >= 0x80)
			return UINT32_MAX;
		break;
	default: return UINT32_MAX;
	}
	if (!rd_ok(&r) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return UINT32_MAX;
	*v = (struct view){r.p, r.left};
	return c;
}

/* Text to the end, without NUL. */
static bool is_text(const struct attr *a)
{
	struct view v = a->value;

	if (next_char(a->tag, &(struct view){(const uint8_t *)"aaaa", 4}) == UINT32_MAX)
		return false;
	while (v.len > 0) {
		uint32_t c = next_char(a->tag, &v);

		if (c == UINT32_MAX || c == 0)
			return false;
	}
	return true;
}

/* The characters as they are compared: lower case, one blank for a run of them, none at either end. */
struct folded {
	unsigned tag;
	struct view v;
	bool started;
};

static uint32_t next_folded(struct folded *f)
{
	bool blank = false;

	while (f->v.len > 0) {
		struct view before = f->v;
		uint32_t c = next_char(f->tag, &f->v);

		if (c == ' ') {
			blank = true;
			continue;
		}
		if (blank && f->started) {
			f->v = before;
			return ' ';
		}
		f->started = true;
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	}
	return UINT32_MAX;
}

static bool value_eq(const struct attr *a, const struct attr *b)
{
	struct folded x = {a->tag, a->value, false}, y = {b->tag, b->value, false};
	uint32_t c;

	if (!is_text(a) || !is_text(b))
		return der_same(a->whole, b->whole);
	do {
		c = next_folded(&x);
		if (c != next_folded(&y))
			return false;
	} while (c != UINT32_MAX);
	return true;
}

/* ---- comparing -------------------------------------------------------------------------------- */

static size_t rdn_end(const struct list *l, size_t from)
{
	size_t end = from;

	while (end < l->n && l->at[end].rdn == l->at[from].rdn)
		end++;
	return end;
}

/* The relative names that begin at i of a and j of b: the same attributes, each counted once. */
static bool rdn_eq(const struct list *a, size_t i, const struct list *b, size_t j)
{
	size_t i_end = rdn_end(a, i), j_end = rdn_end(b, j);
	uint64_t used = 0;

	_Static_assert(NAME_PARTS_MAX <= 64, "one bit for each");
	if (i_end - i != j_end - j)
		return false;
	for (; i < i_end; i++) {
		size_t k = j;

		while (k < j_end && ((used >> k & 1) || !der_same(a->at[i].oid, b->at[k].oid) ||
					    !value_eq(&a->at[i], &b->at[k])))
			k++;
		if (k == j_end)
			return false;
		used |= (uint64_t)1 << k;
	}
	return true;
}

bool name_is_within(struct view name, struct view base)
{
	struct list a, b;
	size_t i = 0, j = 0;

	if (!parse(name, &a) || !parse(base, &b) || a.rdns < b.rdns)
		return false;
	while (j < b.n) {
		if (!rdn_eq(&a, i, &b, j))
			return false;
		i = rdn_end(&a, i);
		j = rdn_end(&b, j);
	}
	return true;
}

bool name_eq(struct view x, struct view y)
{
	return name_is_within(x, y) && name_is_within(y, x);
}

/* ---- text --------------------------------------------------------------------------------------- */

static void put_oid(struct words *w, struct view oid)
{
	uint64_t n = 0;
	bool first = true;

	for (size_t i = 0; i < oid.len; i++) {
		if (n >> 56) { /* larger than any that is assigned */
			words_put(w, ".?");
			return;
		}
		n = n << 7 | (oid.p[i] & 0x7f);
		if (oid.p[i] & 0x80)
			continue;
		if (first) {
			uint64_t top = n < 40 ? 0 : n < 80 ? 1 : 2;

			words_put(w, "%u.%llu", (unsigned)top, (unsigned long long)(n - 40 * top));
		} else {
			words_put(w, ".%llu", (unsigned long long)n);
		}
		first = false;
		n = 0;
	}
}

static void put_value(struct words *w, const struct attr *a)
{
	struct view v = a->value;
	bool at_start = true;

	while (v.len > 0) {
		uint32_t c = next_char(a->tag, &v);
		bool edge = c == ' ' && (at_start || v.len == 0);

		words_char(w, c, edge ? " " : at_start ? SPECIAL "#" : SPECIAL);
		at_start = false;
	}
}

static void put_attr(struct words *w, const struct attr *a)
{
	const struct name_type *t = name_type_of(a->oid);

	if (t != NULL && is_text(a)) {
		words_put(w, "%s=", t->label);
		put_value(w, a);
		return;
	}
	if (t != NULL)
		words_put(w, "%s", t->label);
	else
		put_oid(w, a->oid);
	words_put(w, "=#");
	words_hex(w, a->whole);
}

size_t name_text(struct view der, char *out, size_t size)
{
	struct words w = words_init(out, size);
	struct list l;

	if (!parse(der, &l)) {
		words_put(&w, "(malformed name)");
		return words_end(&w);
	}
	for (size_t end = l.n; end > 0;) {
		size_t from = end - 1;

		while (from > 0 && l.at[from - 1].rdn == l.at[end - 1].rdn)
			from--;
		for (size_t i = from; i < end; i++) {
			if (i > from || end < l.n)
				words_put(&w, "%s", i > from ? "+" : ",");
			put_attr(&w, &l.at[i]);
		}
		end = from;
	}
	return words_end(&w);
}

/* ---- fields --------------------------------------------------------------------------------------- */

/* Adds the value as UTF-8; ST_BAD_CERT when it is no text. */
static enum status add_value(struct wr *w, const struct attr *a)
{
	struct view v = a->value;

	if (!is_text(a))
		return ST_BAD_CERT;
	while (v.len > 0) {
		uint8_t utf8[4];

		wr_bytes(w, utf8, utf8_put(next_char(a->tag, &v), utf8));
	}
	return ST_OK;
}

static const struct attr *find_field(const struct list *l, const char *word, size_t nth)
{
	for (size_t i = l->n; i > 0; i--) {
		const struct name_type *t = name_type_of(l->at[i - 1].oid);

		if (t != NULL && strcmp(t->word, word) == 0 && nth-- == 0)
			return &l->at[i - 1];
	}
	return NULL;
}

/* DC=corp,DC=example is written from the root: example, corp. */
static enum status add_domain(struct wr *w, const struct list *l)
{
	const struct attr *email;
	enum status st = ST_NOT_FOUND;

	for (size_t i = l->n; i > 0; i--) {
		const struct name_type *t = name_type_of(l->at[i - 1].oid);

		if (t == NULL || strcmp(t->label, "DC") != 0)
			continue;
		if (st == ST_OK)
			wr_u8(w, '.');
		st = add_value(w, &l->at[i - 1]);
		if (st != ST_OK)
			return st;
	}
	email = find_field(l, "email", 0);
	if (st != ST_OK && email != NULL) {
		struct attr domain = *email;
		const uint8_t *at = memchr(email->value.p, '@', email->value.len);

		if (at == NULL || (email->tag != CBS_ASN1_IA5STRING && email->tag != CBS_ASN1_UTF8STRING))
			return ST_NOT_FOUND;
		domain.value.len = (size_t)(email->value.p + email->value.len - (at + 1));
		domain.value.p = at + 1;
		st = add_value(w, &domain);
	}
	return st;
}

static enum status close_text(struct wr *w, enum status st)
{
	wr_u8(w, 0);
	if (st == ST_OK && !wr_ok(w))
		st = ST_LIMIT;
	if (st != ST_OK && w->cap > 0)
		w->buf[0] = '\0';
	return st;
}

enum status name_field_at(struct view der, const char *word, size_t i, char *out, size_t size)
{
	struct wr w = wr_init(out, size);
	enum status st = ST_NOT_FOUND;
	const struct attr *a;
	struct list l;

	if (*word != '\0' && parse(der, &l) && (a = find_field(&l, word, i)) != NULL)
		st = add_value(&w, a);
	return close_text(&w, st);
}

enum status name_field(struct view der, const char *word, char *out, size_t size)
{
	struct wr w = wr_init(out, size);
	struct list l;
	enum status st;

	if (strcmp(word, "domain") != 0)
		st = name_field_at(der, word, 0, out, size);
	else
		st = close_text(&w, parse(der, &l) ? add_domain(&w, &l) : ST_NOT_FOUND);
	return st == ST_BAD_CERT ? ST_NOT_FOUND : st;
}
