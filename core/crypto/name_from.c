/* RFC 4514 text to DER: name_from_text. */
#include <openssl/bytestring.h>
#include <stdbool.h>
#include <string.h>

#include "core/crypto/bssl_heap.h"
#include "core/crypto/name.h"
#include "core/crypto/name_types.h"
#include "core/crypto/words.h"

#define VALUE_MAX 1024

struct part {
	const struct name_type *type;
	size_t rdn;
	size_t from, len; /* in values */
};

struct text {
	const char *p;
	size_t n;
	struct part part[NAME_PARTS_MAX];
	size_t used;
	uint8_t values[VALUE_MAX];
};

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool add(struct text *t, char c)
{
	if (t->used == VALUE_MAX)
		return false;
	t->values[t->used++] = (uint8_t)c;
	return true;
}

static bool parse_type(struct text *t, struct part *part)
{
	size_t n = strcspn(t->p, "=,+\\ ");

	part->type = name_type_find(t->p, n);
	t->p += n;
	t->p += strspn(t->p, " ");
	return part->type != NULL && *t->p++ == '=';
}

/* After a backslash: a special character, or two hex digits. */
static bool parse_escape(struct text *t)
{
	int hi = hex_digit(t->p[0]), lo = hi >= 0 ? hex_digit(t->p[1]) : -1;

	if (lo >= 0) {
		t->p += 2;
		return add(t, (char)(hi << 4 | lo));
	}
	return t->p[0] != '\0' && strchr(" #,+\"\\<>;=", t->p[0]) != NULL && add(t, *t->p++);
}

static bool parse_value(struct text *t, struct part *part)
{
	size_t keep = t->used; /* blanks after it are not of the value, unless escaped */

	part->from = t->used;
	t->p += strspn(t->p, " ");
	if (*t->p == '#')
		return false; /* the hex form is for printing */
	while (*t->p != '\0' && *t->p != ',' && *t->p != '+') {
		bool blank = *t->p == ' ';

		if (strchr("\"<>;", *t->p) != NULL)
			return false;
		if (*t->p == '\\') {
			t->p++;
			if (!parse_escape(t))
				return false;
		} else if (!add(t, *t->p++)) {
			return false;
		}
		if (!blank)
			keep = t->used;
	}
	t->used = keep;
	part->len = keep - part->from;
	return part->len > 0;
}

/* UTF-8 without NUL; ASCII where the kind of string has no more. */
static bool value_ok(const struct text *t, const struct part *part)
{
	struct view v = {t->values + part->from, part->len};

	while (v.len > 0) {
		uint32_t c = utf8_next(&v);

		if (c == UINT32_MAX || c == 0 || (c >= 0x80 && part->type->tag != CBS_ASN1_UTF8STRING))
			return false;
	}
	return true;
}

static bool parse(struct text *t)
{
	size_t rdn = 0;

	for (;;) {
		struct part *part = &t->part[t->n];

		t->p += strspn(t->p, " ");
		if (t->n == NAME_PARTS_MAX || !parse_type(t, part) || !parse_value(t, part) || !value_ok(t, part))
			return false;
		part->rdn = rdn;
		t->n++;
		if (*t->p == '\0')
			return true;
		rdn += *t->p++ == ',';
	}
}

static bool put_part(CBB *set, const struct text *t, const struct part *part)
{
	CBB pair, oid, value;

	return CBB_add_asn1(set, &pair, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&pair, &oid, CBS_ASN1_OBJECT) &&
	       CBB_add_bytes(&oid, part->type->oid, part->type->oid_len) &&
	       CBB_add_asn1(&pair, &value, part->type->tag) &&
	       CBB_add_bytes(&value, t->values + part->from, part->len) && CBB_flush(set);
}

static bool put(CBB *out, const struct text *t)
{
	CBB rdns, set;

	if (!CBB_add_asn1(out, &rdns, CBS_ASN1_SEQUENCE))
		return false;
	for (size_t end = t->n; end > 0;) {
		size_t from = end - 1;

		while (from > 0 && t->part[from - 1].rdn == t->part[end - 1].rdn)
			from--;
		if (!CBB_add_asn1(&rdns, &set, CBS_ASN1_SET))
			return false;
		for (size_t i = from; i < end; i++)
			if (!put_part(&set, t, &t->part[i]))
				return false;
		if (!CBB_flush_asn1_set_of(&set) || !CBB_flush(&rdns))
			return false;
		end = from;
	}
	return CBB_flush(out);
}

enum status name_from_text(const char *text, uint8_t *out, size_t size, size_t *out_len)
{
	struct text t = {.p = text};
	enum status st = ST_LIMIT;
	CBB cbb;

	*out_len = 0;
	if (!parse(&t))
		return ST_CONFIG;
	CBB_zero(&cbb);
	if (CBB_init_fixed(&cbb, out, size) && put(&cbb, &t) && CBB_finish(&cbb, NULL, out_len))
		st = ST_OK;
	CBB_cleanup(&cbb);
	return st;
}
