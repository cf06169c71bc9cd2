#include "core/base/pairs.h"

#include <stdio.h>
#include <string.h>

void pairs_init(struct pairs *p)
{
	p->n = 0;
	p->len = 0;
	p->is_full = false;
}

/* Offset of the copy. The caller made sure that there is room. */
static uint16_t put(struct pairs *p, const void *s, size_t len)
{
	uint16_t at = p->len;

	if (len)
		memcpy(p->bytes + at, s, len);
	p->bytes[at + len] = 0;
	p->len = (uint16_t)(at + len + 1);
	return at;
}

static bool fits(const struct pairs *p, const char *name, size_t name_len, const void *value,
	size_t len)
{
	return p->n < PAIRS_MAX && name_len > 0 && name_len < PAIRS_NAME && len < PAIRS_VALUE &&
	       name_len + len + 2 <= PAIRS_BYTES - (size_t)p->len && (!len || !memchr(value, 0, len));
}

void pairs_add_bytes(struct pairs *p, const char *name, const void *value, size_t len)
{
	size_t name_len = strnlen(name, PAIRS_NAME);

	if (!fits(p, name, name_len, value, len)) {
		p->is_full = true;
		return;
	}
	p->name[p->n] = put(p, name, name_len);
	p->value[p->n] = put(p, value, len);
	p->n++;
}

void pairs_add(struct pairs *p, const char *name, const char *value)
{
	pairs_add_bytes(p, name, value, strnlen(value, PAIRS_VALUE));
}

void pairs_add_u64(struct pairs *p, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	pairs_add(p, name, text);
}

const char *pairs_name(const struct pairs *p, size_t i)
{
	return i < p->n ? p->bytes + p->name[i] : "";
}

const char *pairs_value(const struct pairs *p, size_t i)
{
	return i < p->n ? p->bytes + p->value[i] : "";
}

const char *pairs_get(const struct pairs *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(pairs_name(p, i), name) == 0)
			return pairs_value(p, i);
	}
	return NULL;
}

void pairs_build(struct wr *w, const struct pairs *p)
{
	wr_u16(w, p->n);
	for (size_t i = 0; i < p->n; i++) {
		wr_bytes(w, pairs_name(p, i), strlen(pairs_name(p, i)) + 1);
		wr_bytes(w, pairs_value(p, i), strlen(pairs_value(p, i)) + 1);
	}
}

/* A string, without its NUL; r is bad when there is none. */
static struct view take_string(struct rd *r)
{
	struct rd rest = *r;
	struct view all = rd_rest(&rest);
	const uint8_t *end = all.len ? memchr(all.p, 0, all.len) : NULL;
	struct view s;

	if (!end) {
		rd_skip(r, all.len + 1);
		return (struct view){NULL, 0};
	}
	s = rd_bytes(r, (size_t)(end - all.p));
	rd_skip(r, 1);
	return s;
}

static enum status parse_one(struct rd *r, struct pairs *out)
{
	struct view name = take_string(r), value = take_string(r);
	char text[PAIRS_NAME];

	if (!rd_ok(r))
		return ST_TRUNCATED;
	if (!name.len)
		return ST_BAD_PAYLOAD;
	if (name.len >= sizeof(text))
		return ST_LIMIT;
	memcpy(text, name.p, name.len);
	text[name.len] = 0;
	pairs_add_bytes(out, text, value.p, value.len);
	return out->is_full ? ST_LIMIT : ST_OK;
}

enum status pairs_parse(struct view body, struct pairs *out)
{
	struct rd r = rd_init(body.p, body.len);
	uint16_t n = rd_u16(&r);
	enum status st = rd_ok(&r) ? ST_OK : ST_TRUNCATED;

	pairs_init(out);
	for (uint16_t i = 0; i < n && st == ST_OK; i++)
		st = parse_one(&r, out);
	if (st == ST_OK && !rd_done(&r))
		st = ST_TRAILING;
	return st;
}
