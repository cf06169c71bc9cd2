#include "cmd/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"

void out_init(struct out *o, bool json)
{
	*o = (struct out){.json = json};
}

void out_fini(struct out *o)
{
	mem_free(o->buf);
	*o = (struct out){0};
}

bool out_ok(const struct out *o)
{
	return !o->bad;
}

static bool out_need(struct out *o, size_t n)
{
	if (o->bad || n > OUT_MAX - o->len) {
		o->bad = true;
		return false;
	}
	if (o->len + n <= o->cap)
		return true;
	size_t cap = o->cap ? o->cap : 1024;
	while (cap < o->len + n)
		cap *= 2;
	char *p = mem_grow(o->buf, o->cap, cap);
	if (!p) {
		o->bad = true;
		return false;
	}
	o->buf = p;
	o->cap = cap;
	return true;
}

void out_raw(struct out *o, const char *s, size_t len)
{
	if (!len || !out_need(o, len))
		return;
	memcpy(o->buf + o->len, s, len);
	o->len += len;
}

static void out_s(struct out *o, const char *s)
{
	out_raw(o, s, strlen(s));
}

void out_printf(struct out *o, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		o->bad = true;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		out_raw(o, small, (size_t)n);
		return;
	}
	if (!out_need(o, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(o->buf + o->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	o->len += (size_t)n;
}

void out_bytes(struct out *o, const void *p, size_t len)
{
	char text[1100];
	size_t n = escape_bytes(text, sizeof(text), p, len);
	out_raw(o, text, n);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void js_string(struct out *o, const char *s, size_t len)
{
	out_raw(o, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\') {
			char two[2] = {'\\', (char)c};
			out_raw(o, two, 2);
		} else if (c < 0x20 || c >= 0x7f) {
			/* Bytes of unknown encoding: each as U+00NN, so that the output is always JSON. */
			out_printf(o, "\\u%04x", c);
		} else {
			out_raw(o, (const char *)&s[i], 1);
		}
	}
	out_raw(o, "\"", 1);
}

static void js_item(struct out *o, const char *key)
{
	if (o->depth && o->has_item[o->depth - 1])
		out_raw(o, ",", 1);
	if (o->depth)
		o->has_item[o->depth - 1] = true;
	if (key) {
		js_string(o, key, strlen(key));
		out_raw(o, ":", 1);
	}
}

static void js_enter(struct out *o, const char *key, const char *bracket)
{
	js_item(o, key);
	out_s(o, bracket);
	if (o->depth == OUT_DEPTH) {
		o->bad = true;
		return;
	}
	o->has_item[o->depth++] = false;
}

static void js_leave(struct out *o, const char *bracket)
{
	if (!o->depth) {
		o->bad = true;
		return;
	}
	o->depth--;
	out_s(o, bracket);
	if (!o->depth)
		out_raw(o, "\n", 1);
}

void js_open(struct out *o, const char *key)
{
	js_enter(o, key, "{");
}

void js_close(struct out *o)
{
	js_leave(o, "}");
}

void js_open_array(struct out *o, const char *key)
{
	js_enter(o, key, "[");
}

void js_close_array(struct out *o)
{
	js_leave(o, "]");
}

void js_bytes(struct out *o, const char *key, const void *p, size_t len)
{
	js_item(o, key);
	js_string(o, p, len);
}

void js_str(struct out *o, const char *key, const char *value)
{
	js_bytes(o, key, value, strlen(value));
}

void js_u64(struct out *o, const char *key, uint64_t value)
{
	js_item(o, key);
	out_printf(o, "%" PRIu64, value);
}

void js_bool(struct out *o, const char *key, bool value)
{
	js_item(o, key);
	out_s(o, value ? "true" : "false");
}

void js_hex32(struct out *o, const char *key, uint32_t value)
{
	char text[12];
	snprintf(text, sizeof(text), "0x%08" PRIx32, value);
	js_str(o, key, text);
}

void js_hex64(struct out *o, const char *key, uint64_t value)
{
	char text[20];
	snprintf(text, sizeof(text), "%016" PRIX64, value);
	js_str(o, key, text);
}

void js_addr(struct out *o, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];
	if (a->family) {
		js_str(o, key, addr_format(a, text));
		return;
	}
	js_item(o, key);
	out_s(o, "null");
}

void js_endpoint(struct out *o, const char *key, const struct endpoint *e)
{
	js_open(o, key);
	js_addr(o, "address", &e->addr);
	js_u64(o, "port", e->port);
	js_close(o);
}
