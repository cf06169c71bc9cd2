#include "core/crypto/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct words words_init(char *p, size_t size)
{
	if (size > 0)
		*p = '\0';
	return (struct words){.p = p, .size = size};
}

/* All of it or nothing; after a cut nothing more. */
static void add(struct words *w, const char *text, size_t len)
{
	if (w->is_cut || w->len + len >= w->size) {
		w->is_cut = true;
		return;
	}
	memcpy(w->p + w->len, text, len);
	w->len += len;
	w->p[w->len] = '\0';
}

void words_put(struct words *w, const char *fmt, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n < 0)
		return;
	add(w, line, strlen(line));
	if ((size_t)n >= sizeof(line))
		w->is_cut = true;
}

size_t utf8_put(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | (c >> 18 & 7));
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

uint32_t utf8_next(struct view *v)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	struct rd r = rd_init(v->p, v->len);
	uint32_t c = rd_u8(&r);
	size_t more = c < 0x80 ? 0 : c < 0xc0 ? 4 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf8 ? 3 : 4;

	if (more == 4)
		return UINT32_MAX;
	if (more > 0)
		c &= 0x3fu >> more;
	for (size_t i = 0; i < more; i++) {
		uint8_t b = rd_u8(&r);

		if ((b & 0xc0) != 0x80)
			return UINT32_MAX;
		c = c << 6 | (b & 0x3f);
	}
	if (!rd_ok(&r) || c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return UINT32_MAX;
	*v = (struct view){r.p, r.left};
	return c;
}

/* Moves the cursor, turns the line, or is not there at all. */
static bool is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff0 && c <= 0xfffb) || c >= 0xe0000;
}

static void put_escaped(struct words *w, const uint8_t *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	char text[12];

	for (size_t i = 0; i < n; i++) {
		text[3 * i] = '\\';
		text[3 * i + 1] = hex[p[i] >> 4];
		text[3 * i + 2] = hex[p[i] & 15];
	}
	add(w, text, 3 * n);
}

void words_char(struct words *w, uint32_t c, const char *special)
{
	uint8_t utf8[4];
	size_t n = utf8_put(c, utf8);

	if (is_hidden(c)) {
		put_escaped(w, utf8, n);
	} else if (c < 0x80 && strchr(special, (int)c) != NULL) {
		char pair[2] = {'\\', (char)c};

		add(w, pair, 2);
	} else {
		add(w, (const char *)utf8, n);
	}
}

void words_bytes(struct words *w, struct view v, const char *special)
{
	while (v.len > 0 && !w->is_cut) {
		uint32_t c = utf8_next(&v);

		if (c != UINT32_MAX) {
			words_char(w, c, special);
		} else {
			put_escaped(w, v.p, 1);
			v.p++;
			v.len--;
		}
	}
}

void words_hex(struct words *w, struct view v)
{
	for (size_t i = 0; i < v.len && !w->is_cut; i++)
		words_put(w, "%02x", v.p[i]);
}

size_t words_end(struct words *w)
{
	/* a character is not cut in the middle: step back over its later bytes */
	if (w->is_cut && w->size > 3) {
		size_t at = w->len < w->size - 4 ? w->len : w->size - 4;

		while (at > 0 && at < w->len && ((uint8_t)w->p[at] & 0xc0) == 0x80)
			at--;
		memcpy(w->p + at, "...", 4);
		w->len = at + 3;
	}
	return w->len;
}
