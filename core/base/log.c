#include "core/base/log.h"

#include <stdio.h>
#include <string.h>

#define PEER_BYTES_MAX 128

struct event_row {
	const char *token;
	const char *mnemonic;
	int severity;
	enum event_topic topic;
};

static const struct event_row rows[EV__MAX] = {
#define X(name, token, sev, mnemonic, topic) [EV_##name] = {token, mnemonic, sev, topic},
	EVENT_LIST(X)
#undef X
};

static const struct event_row none = {"unknown", "SALLYPORT-7-UNKNOWN", 7, TOPIC_ALWAYS};

/* The loop thread's, set before anything is emitted. */
static log_sink *the_sink;
static void *the_ctx;

static const struct event_row *row_of(enum event e)
{
	unsigned i = (unsigned)e;

	return i < EV__MAX ? &rows[i] : &none;
}

const char *event_token(enum event e)
{
	return row_of(e)->token;
}

int event_severity(enum event e)
{
	return row_of(e)->severity;
}

const char *event_mnemonic(enum event e)
{
	return row_of(e)->mnemonic;
}

enum event_topic event_topic(enum event e)
{
	return row_of(e)->topic;
}

/* Text that stops at the first piece that does not fit, so that no escape is cut in two. */
struct text {
	char *p;
	size_t cap;
	size_t len;
	bool full;
};

static void put(struct text *t, const char *s, size_t n)
{
	if (t->full || n >= t->cap - t->len) {
		t->full = true;
		return;
	}
	memcpy(t->p + t->len, s, n);
	t->len += n;
	t->p[t->len] = '\0';
}

static void put_str(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static void put_escaped(struct text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char piece[5];
		int n;

		if (p[i] == '"' || p[i] == '\\')
			n = snprintf(piece, sizeof(piece), "\\%c", p[i]);
		else if (p[i] >= 0x20 && p[i] < 0x7f)
			n = snprintf(piece, sizeof(piece), "%c", p[i]);
		else
			n = snprintf(piece, sizeof(piece), "\\x%02x", p[i]);
		put(t, piece, (size_t)n);
	}
}

size_t escape_bytes(char *out, size_t cap, const void *p, size_t len)
{
	struct text t = {.p = out, .cap = cap};

	if (cap == 0)
		return 0;
	out[0] = '\0';
	put_escaped(&t, p, len);
	return t.len;
}

/* The character of an escape at p, and how long that is; 0: there is none, or it is one to keep. */
static size_t read_escape(const char *p, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *high, *low;

	*out = p[1];
	if (p[0] != '\\')
		return 0;
	if (p[1] == '"' || p[1] == '\\')
		return 2;
	high = p[1] == 'x' && p[2] ? strchr(digits, p[2]) : NULL;
	low = high && p[3] ? strchr(digits, p[3]) : NULL;
	if (!low || high < digits + 8) /* below 0x80 only control characters are written so */
		return 0;
	*out = (char)((high - digits) * 16 + (low - digits));
	return 4;
}

size_t unescape_bytes(char *out, size_t cap, const char *text)
{
	size_t n = 0;

	while (*text && n + 1 < cap) {
		size_t len = read_escape(text, &out[n]);

		if (len == 0)
			out[n] = *text;
		text += len ? len : 1;
		n++;
	}
	if (cap)
		out[n] = '\0';
	return n;
}

/* A word stands bare; anything that a reader of key=value could mistake is quoted. */
static bool needs_quotes(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] <= ' ' || p[i] >= 0x7f || p[i] == '"' || p[i] == '\\' || p[i] == '=')
			return true;
	}
	return len == 0;
}

static void put_value(struct text *t, const void *p, size_t len)
{
	bool quoted = needs_quotes(p, len);

	if (quoted)
		put(t, "\"", 1);
	put_escaped(t, p, len);
	if (quoted)
		put(t, "\"", 1);
}

static void put_peer_bytes(struct text *t, struct view v)
{
	if (v.len <= PEER_BYTES_MAX) {
		put_value(t, v.p, v.len);
		return;
	}
	put_value(t, v.p, PEER_BYTES_MAX);
	put_str(t, "...");
}

static void put_pair(struct text *t, const struct kv *kv)
{
	char buf[ENDPOINT_TEXT];

	put_str(t, " ");
	put_str(t, kv->key);
	put_str(t, "=");
	switch (kv->type) {
	case KV_STR:
		put_value(t, kv->s ? kv->s : "", kv->s ? strlen(kv->s) : 0);
		return;
	case KV_BYTES: put_peer_bytes(t, kv->bytes); return;
	case KV_U64: snprintf(buf, sizeof(buf), "%llu", (unsigned long long)kv->u); break;
	case KV_HEX64: snprintf(buf, sizeof(buf), "0x%016llx", (unsigned long long)kv->u); break;
	case KV_HEX32: snprintf(buf, sizeof(buf), "0x%08x", (unsigned)kv->u); break;
	case KV_ADDR: addr_format(&kv->addr, buf); break;
	case KV_ENDPOINT: endpoint_format(&kv->ep, buf); break;
	case KV_STATUS: put_str(t, status_token(kv->st)); return;
	}
	put_str(t, buf);
}

size_t log_format(char *out, size_t cap, enum event e, const struct kv *kv, size_t n)
{
	struct text t = {.p = out, .cap = cap};

	if (cap == 0)
		return 0;
	out[0] = '\0';
	put_str(&t, event_token(e));
	for (size_t i = 0; i < n; i++)
		put_pair(&t, &kv[i]);
	return t.len;
}

void log_set_sink(log_sink *sink, void *ctx)
{
	the_sink = sink;
	the_ctx = ctx;
}

void log_emit(enum event e, const struct kv *kv, size_t n)
{
	if (the_sink)
		the_sink(the_ctx, e, kv, n);
}
