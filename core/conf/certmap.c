#include "core/conf/certmap.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/name.h"

#define TEXT_MAX 4096 /* of one value; longer ones meet nothing */
#define CUT      8    /* a text that ends so near to the room that it had was cut */

/* Text as it is compared. */
struct flat {
	char p[TEXT_MAX];
	size_t len;
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_tight(char c)
{
	return c == '=' || c == ',' || c == '+';
}

/* Is the character there, which separates parts, one of a value: behind a backslash that is none itself? */
static bool is_escaped(const char *p, size_t at)
{
	size_t n = 0;
	while (n < at && p[at - 1 - n] == '\\')
		n++;
	return n % 2;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Small letters, one blank for many, none beside what separates. false: too long. */
static bool flatten(const char *p, size_t len, struct flat *out)
{
	out->len = 0;
	for (size_t i = 0; i < len; i++) {
		bool blank = is_blank(p[i]);
		char last = out->len ? out->p[out->len - 1] : ' ';
		/* One at an end of a value is escaped: with it goes its backslash, which else would be that of a comma. */
		if (p[i] == '\\' && i + 1 < len && is_blank(p[i + 1]) && !is_escaped(p, i))
			continue;
		if (blank && (last == ' ' || is_tight(last)))
			continue;
		if (is_tight(p[i]) && out->len && last == ' ')
			out->len--;
		if (out->len == sizeof(out->p))
			return false;
		out->p[out->len++] = blank ? ' ' : lower(p[i]);
	}
	if (out->len && out->p[out->len - 1] == ' ')
		out->len--;
	return true;
}

/* The parts between commas in the other order; a comma behind a backslash is part of a value. */
static void reverse(const struct flat *in, struct flat *out)
{
	size_t end = in->len;
	out->len = 0;
	for (size_t i = in->len + 1; i-- > 0;) {
		bool cuts = i == 0 || (in->p[i - 1] == ',' && !is_escaped(in->p, i - 1));
		if (!cuts)
			continue;
		if (out->len)
			out->p[out->len++] = ',';
		memcpy(out->p + out->len, in->p + i, end - i);
		out->len += end - i;
		end = i ? i - 1 : 0;
	}
}

static bool flat_eq(const struct flat *a, const struct flat *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

static bool begins_part(const struct flat *v, size_t at)
{
	return at == 0 || ((v->p[at - 1] == ',' || v->p[at - 1] == '+') && !is_escaped(v->p, at - 1));
}

/* Does the text begin with the kind of an attribute, as in ou=staff? */
static bool names_part(const struct flat *want)
{
	size_t n = 0;
	while (n < want->len && strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", want->p[n]))
		n++;
	return n && n < want->len && want->p[n] == '=';
}

/* ou=staff is looked for where a part begins: a common name may have such words in it, and is no unit for it. */
static bool contains(const struct flat *v, const struct flat *want, bool is_name)
{
	bool whole = is_name && names_part(want);
	for (size_t at = 0; at + want->len <= v->len; at++)
		if (memcmp(v->p + at, want->p, want->len) == 0 && (!whole || begins_part(v, at)))
			return true;
	return false;
}

static bool is_negative(uint8_t op)
{
	return op == CERT_OP_NC || op == CERT_OP_NE;
}

/* One test over all values of its field. */
struct ask {
	const struct cert_test *test;
	struct flat want, back; /* its text, and that with its parts in the other order */
	struct flat value;
	bool is_name;   /* parts may stand in the other order */
	bool hit;       /* a value contains, or is, the text */
	bool is_broken; /* a value cannot be compared */
};

static void ask_value(struct ask *a, const char *p, size_t len)
{
	if (!flatten(p, len, &a->value)) {
		a->is_broken = true;
		return;
	}
	if (a->test->op == CERT_OP_CO || a->test->op == CERT_OP_NC)
		a->hit |= contains(&a->value, &a->want, a->is_name);
	else
		a->hit |= flat_eq(&a->value, &a->want) || (a->is_name && flat_eq(&a->value, &a->back));
}

static void ask_name(struct ask *a, struct view name)
{
	char text[TEXT_MAX];
	size_t n = name_text(name, text, sizeof(text));
	a->is_name = true;
	if (n + CUT >= sizeof(text))
		a->is_broken = true;
	else
		ask_value(a, text, n);
	a->is_name = false;
}

/* rfc822Name, dNSName, URI, iPAddress. */
static void ask_alt(struct ask *a, const struct cert *c)
{
	static const uint8_t kinds[] = {1, 2, 6, 7};
	for (size_t k = 0; k < sizeof(kinds); k++)
		for (size_t i = 0;; i++) {
			struct view v = cert_san(c, kinds[k], i);
			char text[ADDR_TEXT];
			struct addr addr = {.family = v.len == 4 ? 4 : 6};
			if (!v.p)
				break;
			if (kinds[k] != 7) {
				ask_value(a, (const char *)v.p, v.len);
			} else if (v.len == 4 || v.len == 16) {
				memcpy(addr.b, v.p, v.len);
				addr_format(&addr, text);
				ask_value(a, text, strlen(text));
			}
		}
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

/* unstructuredName (PKCS #9), which name_text() writes as its bytes in hex: tag, length, text. */
static void ask_unstructured(struct ask *a, const struct cert *c)
{
	static const char oid[] = "1.2.840.113549.1.9.2=#";
	char text[TEXT_MAX];
	uint8_t raw[TEXT_MAX / 2];
	size_t len = name_text(cert_subject(c), text, sizeof(text));
	if (len + CUT >= sizeof(text))
		a->is_broken = true;
	for (const char *p = text; !a->is_broken && (p = strstr(p, oid)) != NULL;) {
		size_t n = 0;
		for (p += sizeof(oid) - 1; hex(p[0]) >= 0 && hex(p[1]) >= 0; p += 2)
			raw[n++] = (uint8_t)(hex(p[0]) << 4 | hex(p[1]));
		struct rd r = rd_init(raw, n);
		(void)rd_u8(&r);
		uint8_t l = rd_u8(&r);
		struct view v = rd_bytes(&r, l == 0x81 ? rd_u8(&r) : l);
		if (!rd_done(&r) || (l & 0x80 && l != 0x81))
			a->is_broken = true;
		else
			ask_value(a, (const char *)v.p, v.len);
	}
}

/* Hex without its leading zeros and whatever stands between the digits. */
static size_t plain_serial(const char *p, size_t len, char *out, size_t cap)
{
	size_t n = 0;
	if (len > 2 && p[0] == '0' && lower(p[1]) == 'x') {
		p += 2;
		len -= 2;
	}
	for (size_t i = 0; i < len && n < cap; i++)
		if (p[i] != ' ' && p[i] != ':' && (n || p[i] != '0'))
			out[n++] = p[i];
	return n;
}

static void ask_serial(struct ask *a, const struct cert *c)
{
	char text[256], plain[256];
	size_t n = plain_serial(a->test->text, strlen(a->test->text), plain, sizeof(plain));
	a->is_broken |= !flatten(plain, n, &a->want);
	n = cert_serial_text(c, text, sizeof(text));
	a->is_broken |= n + CUT >= sizeof(text);
	ask_value(a, plain, plain_serial(text, n, plain, sizeof(plain)));
}

static bool meets_date(const struct cert_test *t, int64_t when)
{
	bool before = when < 0 || (uint64_t)when < t->when_s, same = when >= 0 && (uint64_t)when == t->when_s;
	switch (t->op) {
	case CERT_OP_EQ: return same;
	case CERT_OP_NE: return !same;
	case CERT_OP_LT: return before;
	case CERT_OP_GE: return !before;
	default: return false;
	}
}

static bool meets_text(const struct cert_test *t, const struct cert *c)
{
	struct ask a;
	a.test = t;
	a.is_name = a.hit = false;
	a.is_broken = !flatten(t->text, strlen(t->text), &a.want);
	if (a.is_broken)
		return false;
	reverse(&a.want, &a.back);
	if (t->field == CERT_FIELD_SUBJECT || t->field == CERT_FIELD_NAME)
		ask_name(&a, cert_subject(c));
	if (t->field == CERT_FIELD_ISSUER)
		ask_name(&a, cert_issuer(c));
	if (t->field == CERT_FIELD_ALT || t->field == CERT_FIELD_NAME)
		ask_alt(&a, c);
	if (t->field == CERT_FIELD_UNSTRUCTURED || t->field == CERT_FIELD_NAME)
		ask_unstructured(&a, c);
	if (t->field == CERT_FIELD_SERIAL)
		ask_serial(&a, c);
	return !a.is_broken && a.hit != is_negative(t->op);
}

static bool meets(const struct cert_test *t, const struct cert *c)
{
	if (t->field == CERT_FIELD_START)
		return meets_date(t, cert_not_before(c));
	if (t->field == CERT_FIELD_EXPIRES)
		return meets_date(t, cert_not_after(c));
	return meets_text(t, c);
}

bool cert_map_meets(const struct cert_map *m, const struct cert *c)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		const struct cert_map_entry *e = &m->entries[i];
		size_t k = 0;
		while (k < e->test_count && meets(&e->tests[k], c))
			k++;
		if (e->test_count && k == e->test_count)
			return true;
	}
	return false;
}

bool certmap_matches(const struct snapshot *s, const char *name, const struct cert *c)
{
	const struct cert_map *m = snapshot_cert_map(s, name);
	return m && cert_map_meets(m, c);
}

size_t certmaps_of(const struct snapshot *s, const struct cert *c, const char **names, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < s->cert_map_count && n < max; i++)
		if (cert_map_meets(&s->cert_maps[i], c))
			names[n++] = s->cert_maps[i].name;
	return n;
}
