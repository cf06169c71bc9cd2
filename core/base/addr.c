#include "core/base/addr.h"

#include <stdio.h>
#include <string.h>

struct addr addr_v4(uint32_t host_order)
{
	struct addr a = {.family = 4};

	for (size_t i = 0; i < 4; i++)
		a.b[i] = (uint8_t)(host_order >> (24 - 8 * i));
	return a;
}

struct addr addr_from(const uint8_t *bytes, size_t len)
{
	struct addr a = {0};

	if (len != 4 && len != 16)
		return a;
	a.family = len == 4 ? 4 : 6;
	memcpy(a.b, bytes, len);
	return a;
}

size_t addr_len(const struct addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return addr_len(a) && memcmp(a->b, zero, addr_len(a)) == 0;
}

bool addr_is_link_local(const struct addr *a)
{
	return a->family == 6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool addr_is_multicast(const struct addr *a)
{
	if (a->family == 6)
		return a->b[0] == 0xff;
	return a->family == 4 && (a->b[0] >> 4 == 0xe || (a->b[0] & a->b[1] & a->b[2] & a->b[3]) == 0xff);
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, addr_len(a));
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) == 0;
}

struct addr addr_add(const struct addr *a, uint64_t n)
{
	struct addr out = *a;
	unsigned carry = 0;

	for (size_t i = addr_len(a); i-- > 0; n >>= 8) {
		unsigned sum = out.b[i] + (unsigned)(n & 0xff) + carry;

		out.b[i] = (uint8_t)sum;
		carry = sum >> 8;
	}
	return out;
}

uint64_t addr_diff(const struct addr *a, const struct addr *b)
{
	size_t len = addr_len(a);
	uint8_t d[16] = {0};
	uint64_t out = 0;
	int borrow = 0;

	if (a->family != b->family || addr_cmp(b, a) <= 0)
		return 0;
	for (size_t i = len; i-- > 0;) {
		int v = b->b[i] - a->b[i] - borrow;

		borrow = v < 0;
		d[i] = (uint8_t)v;
	}
	for (size_t i = 0; i < len; i++) {
		if (out >> 56)
			return UINT64_MAX;
		out = (out << 8) | d[i];
	}
	return out;
}

/* Decimal without leading zeros, at most max; NULL when there is none. */
static const char *take_decimal(const char *s, unsigned max, unsigned *out)
{
	unsigned v = 0;
	const char *from = s;

	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (unsigned)(*s - '0');
		if (v > max || (s > from && *from == '0'))
			return NULL;
	}
	*out = v;
	return s > from ? s : NULL;
}

static const char *take_v4(const char *s, uint8_t b[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned v;

		if (i && *s++ != '.')
			return NULL;
		s = take_decimal(s, 255, &v);
		if (!s)
			return NULL;
		b[i] = (uint8_t)v;
	}
	return s;
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One group of 1 to 4 digits; NULL when there is none. */
static const char *take_group(const char *s, uint8_t b[2])
{
	unsigned v = 0;
	int n = 0;

	for (; hex_of(*s) >= 0; s++) {
		v = (v << 4) | (unsigned)hex_of(*s);
		if (++n > 4)
			return NULL;
	}
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
	return n ? s : NULL;
}

/* True when the next word of an IPv6 text is its dotted tail. */
static bool is_dotted(const char *s)
{
	return s[strspn(s, "0123456789")] == '.';
}

static enum status parse_v6(const char *s, uint8_t b[16])
{
	size_t at = 0;
	size_t gap = 17; /* where "::" stands; 17 = nowhere */

	if (s[0] == ':' && s[1] == ':') {
		gap = 0;
		s += 2;
	}
	while (*s) {
		bool dotted = is_dotted(s);
		size_t n = dotted ? 4 : 2;

		if (at + n > 16)
			return ST_CONFIG;
		s = dotted ? take_v4(s, b + at) : take_group(s, b + at);
		if (!s || (dotted && *s))
			return ST_CONFIG;
		at += n;
		if (!*s)
			break;
		if (*s++ != ':' || !*s)
			return ST_CONFIG;
		if (*s == ':') {
			if (gap != 17)
				return ST_CONFIG;
			gap = at;
			s++;
		}
	}
	/* "::" stands for at least one group of zeros */
	if (gap == 17 ? at != 16 : at > 14)
		return ST_CONFIG;
	if (gap != 17) {
		memmove(b + 16 - (at - gap), b + gap, at - gap);
		memset(b + gap, 0, 16 - at);
	}
	return ST_OK;
}

enum status addr_parse(const char *text, struct addr *out)
{
	struct addr a = {0};
	const char *end;

	if (strchr(text, ':')) {
		a.family = 6;
		if (parse_v6(text, a.b) != ST_OK)
			return ST_CONFIG;
	} else {
		a.family = 4;
		end = take_v4(text, a.b);
		if (!end || *end)
			return ST_CONFIG;
	}
	*out = a;
	return ST_OK;
}

static unsigned group(const struct addr *a, int i)
{
	return (unsigned)(a->b[2 * i] << 8 | a->b[2 * i + 1]);
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2). */
static int longest_gap(const struct addr *a, int *len)
{
	int best = -1;

	*len = 1;
	for (int i = 0; i < 8;) {
		int n = 0;

		while (i + n < 8 && group(a, i + n) == 0)
			n++;
		if (n > *len) {
			best = i;
			*len = n;
		}
		i += n ? n : 1;
	}
	return best;
}

static void format_v6(const struct addr *a, char buf[ADDR_TEXT])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	int len, gap = longest_gap(a, &len);
	size_t at = 0;

	if (memcmp(a->b, mapped, 12) == 0) { /* section 5 */
		snprintf(buf, ADDR_TEXT, "::ffff:%u.%u.%u.%u", a->b[12], a->b[13], a->b[14],
			a->b[15]);
		return;
	}
	for (int i = 0; i < 8; i++) {
		if (i == gap) {
			at += (size_t)snprintf(buf + at, ADDR_TEXT - at, "::");
			i += len - 1;
			continue;
		}
		at += (size_t)snprintf(buf + at, ADDR_TEXT - at, "%s%x",
			i && i != gap + len ? ":" : "", group(a, i));
	}
}

char *addr_format(const struct addr *a, char buf[ADDR_TEXT])
{
	if (a->family == 4)
		snprintf(buf, ADDR_TEXT, "%u.%u.%u.%u", a->b[0], a->b[1], a->b[2], a->b[3]);
	else if (a->family == 6)
		format_v6(a, buf);
	else
		snprintf(buf, ADDR_TEXT, "-");
	return buf;
}

enum status prefix_parse(const char *text, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	char host[ADDR_TEXT];
	struct prefix p;
	unsigned len;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(host))
		return ST_CONFIG;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(host, &p.addr) != ST_OK)
		return ST_CONFIG;
	len = (unsigned)addr_len(&p.addr) * 8;
	if (slash) {
		const char *end = take_decimal(slash + 1, len, &len);

		if (!end || *end)
			return ST_CONFIG;
	}
	p.len = (uint8_t)len;
	*out = p;
	return ST_OK;
}

char *prefix_format(const struct prefix *p, char buf[PREFIX_TEXT])
{
	char text[ADDR_TEXT];

	addr_format(&p->addr, text);
	if (addr_len(&p->addr))
		snprintf(buf, PREFIX_TEXT, "%s/%u", text, p->len);
	else
		snprintf(buf, PREFIX_TEXT, "%s", text);
	return buf;
}

/* The bits of byte i that belong to a prefix of len bits. */
static uint8_t mask_byte(unsigned len, size_t i)
{
	if (len >= 8 * (i + 1))
		return 0xff;
	if (len <= 8 * i)
		return 0;
	return (uint8_t)(0xff << (8 - (len - 8 * i)));
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
	if (p->addr.family != a->family || addr_len(a) == 0)
		return false;
	for (size_t i = 0; i < addr_len(a); i++) {
		if ((p->addr.b[i] ^ a->b[i]) & mask_byte(p->len, i))
			return false;
	}
	return true;
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->len <= inner->len && prefix_contains(outer, &inner->addr);
}

bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_eq(&a->addr, &b->addr);
}

struct addr prefix_first(const struct prefix *p)
{
	struct addr a = p->addr;

	for (size_t i = 0; i < addr_len(&a); i++)
		a.b[i] = (uint8_t)(a.b[i] & mask_byte(p->len, i));
	return a;
}

struct addr prefix_last(const struct prefix *p)
{
	struct addr a = p->addr;

	for (size_t i = 0; i < addr_len(&a); i++)
		a.b[i] = (uint8_t)(a.b[i] | (uint8_t)~mask_byte(p->len, i));
	return a;
}

void prefix_mask(struct prefix *p)
{
	p->addr = prefix_first(p);
}

enum status mask_to_len(const struct addr *mask, uint8_t *len)
{
	size_t bits = addr_len(mask) * 8;

	for (unsigned n = 0; n <= bits && bits; n++) {
		size_t i = 0;

		while (i < addr_len(mask) && mask->b[i] == mask_byte(n, i))
			i++;
		if (i == addr_len(mask)) {
			*len = (uint8_t)n;
			return ST_OK;
		}
	}
	return ST_CONFIG;
}

struct addr len_to_mask4(uint8_t len)
{
	struct addr a = {.family = 4};

	for (size_t i = 0; i < 4; i++)
		a.b[i] = mask_byte(len, i);
	return a;
}
