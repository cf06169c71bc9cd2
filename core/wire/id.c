#include "core/wire/id.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"

static bool is_name(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.p[i] < 0x20 || v.p[i] == 0x7f)
			return false;
	}
	return v.len > 0;
}

bool ident_is_valid(const struct ident *id)
{
	switch (id->type) {
	case IDT_NONE: return false;
	case IDT_IPV4: return id->data.len == 4;
	case IDT_IPV6: return id->data.len == 16;
	case IDT_FQDN:
	case IDT_EMAIL: return is_name(id->data);
	case IDT_NULL: return true; /* contents are to be ignored (RFC 7619 section 2.2) */
	default: return id->data.len > 0;
	}
}

enum status id_parse(struct view body, struct ident *out)
{
	struct rd r = rd_init(body.p, body.len);

	out->type = rd_u8(&r);
	rd_skip(&r, 3);
	out->data = rd_rest(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	return ident_is_valid(out) ? ST_OK : ST_BAD_PAYLOAD;
}

void id_build(struct wr *w, const struct ident *id)
{
	wr_u8(w, id->type);
	wr_zeros(w, 3);
	wr_bytes(w, id->data.p, id->data.len);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool same_name(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

bool ident_eq(const struct ident *a, const struct ident *b)
{
	if (a->type != b->type || a->data.len != b->data.len)
		return false;
	if (a->type == IDT_FQDN || a->type == IDT_EMAIL)
		return same_name(a->data.p, b->data.p, a->data.len);
	return a->data.len == 0 || memcmp(a->data.p, b->data.p, a->data.len) == 0;
}

struct addr ident_addr(const struct ident *id)
{
	if (id->type != IDT_IPV4 && id->type != IDT_IPV6)
		return (struct addr){0};
	return addr_from(id->data.p, id->data.len);
}

bool ident_has_domain(const struct ident *id, const char *domain)
{
	struct rd r = rd_init(id->data.p, id->data.len);
	size_t n = strlen(domain);
	struct view head, tail;
	uint8_t before;

	if (n == 0 || n >= id->data.len || (id->type != IDT_FQDN && id->type != IDT_EMAIL))
		return false;
	head = rd_bytes(&r, id->data.len - n);
	tail = rd_rest(&r);
	before = head.p[head.len - 1];
	if (before != (id->type == IDT_FQDN ? '.' : '@') || head.len < 2)
		return false;
	return same_name(tail.p, (const uint8_t *)domain, n);
}

const char *id_type_name(uint8_t type)
{
	switch (type) {
#define X(name, number, words) \
	case number: return words;
		IDT_LIST(X)
#undef X
	default: return "unknown";
	}
}
