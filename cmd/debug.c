#include "cmd/debug.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/match.h"

#define STAMP_LEN 24
#define LINE_MAX_LEN (STAMP_LEN + TRACE_LINE + 2)

/* ---- streams ----------------------------------------------------------------------------------- */

static void say_topics(struct debug *d)
{
	unsigned topics = 0;
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		if (d->streams[i].to)
			topics |= d->streams[i].topics;
	d->ports->topics(d->ports->ctx, topics & TRACE_ALL);
}

static void held_free(struct debug_held *h)
{
	mem_free(h->bytes);
	*h = (struct debug_held){0};
}

static void held_free_all(struct debug *d)
{
	for (size_t i = 0; i < DEBUG_HELD; i++)
		held_free(&d->held[i]);
}

static bool any_stream(const struct debug *d)
{
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		if (d->streams[i].to)
			return true;
	return false;
}

static void stream_forget(struct debug *d, struct debug_stream *s)
{
	*s = (struct debug_stream){0};
	if (!any_stream(d))
		held_free_all(d);
	say_topics(d);
}

static void stream_end(struct debug *d, struct debug_stream *s, const char *words)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "%s; %llu lines were shown, %llu left out\n", words,
			 (unsigned long long)s->lines, (unsigned long long)s->left_out_all);
	d->ports->put(s->to, line, n > 0 ? (size_t)n : 0);
	d->ports->finish(s->to);
	stream_forget(d, s);
}

void debug_init(struct debug *d, const struct debug_ports *ports)
{
	*d = (struct debug){.ports = ports, .limiter = limiter_init(DEBUG_PER_S, DEBUG_BURST)};
}

void debug_fini(struct debug *d)
{
	held_free_all(d);
	*d = (struct debug){.ports = d->ports};
}

enum status debug_start(struct debug *d, void *to, unsigned topics, uint64_t until_ms, uint64_t lines)
{
	for (size_t i = 0; i < DEBUG_STREAMS; i++) {
		if (d->streams[i].to)
			continue;
		d->streams[i] = (struct debug_stream){.to = to, .topics = topics, .until_ms = until_ms,
						      .lines_max = lines};
		say_topics(d);
		return ST_OK;
	}
	return ST_LIMIT;
}

void debug_gone(struct debug *d, const void *to)
{
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		if (d->streams[i].to == to)
			stream_forget(d, &d->streams[i]);
}

void debug_stop(struct debug *d, const char *words)
{
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		if (d->streams[i].to)
			stream_end(d, &d->streams[i], words);
}

void debug_second(struct debug *d, uint64_t now_ms)
{
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		if (d->streams[i].to && d->streams[i].until_ms <= now_ms)
			stream_end(d, &d->streams[i], "Debugging has switched itself off: its time is over");
}

static void stream_put(struct debug *d, struct debug_stream *s, const char *line, size_t len, bool may)
{
	char words[64];
	if (!may || d->ports->waiting(s->to) > DEBUG_WAITING) {
		s->left_out++;
		s->left_out_all++;
		return;
	}
	if (s->left_out) {
		int n = snprintf(words, sizeof(words), "... %llu lines were left out\n",
				 (unsigned long long)s->left_out);
		d->ports->put(s->to, words, n > 0 ? (size_t)n : 0);
		s->left_out = 0;
	}
	d->ports->put(s->to, line, len);
	if (++s->lines >= s->lines_max)
		stream_end(d, s, "Debugging has switched itself off: its number of lines is reached");
}

/* ---- conditions -------------------------------------------------------------------------------- */

enum status debug_condition_add(struct debug *d, const struct debug_condition *c)
{
	for (size_t i = 0; i < d->n_conditions; i++)
		if (addr_eq(&d->conditions[i].peer, &c->peer) &&
		    strcasecmp(d->conditions[i].identity, c->identity) == 0)
			return ST_EXISTS;
	if (d->n_conditions == DEBUG_CONDITIONS)
		return ST_LIMIT;
	d->conditions[d->n_conditions++] = *c;
	return ST_OK;
}

void debug_conditions_reset(struct debug *d)
{
	d->n_conditions = 0;
	held_free_all(d);
}

/* The identity as an operator writes it: addresses as text, the rest as in a log. */
static void id_text(const struct ike_id *id, char *out, size_t cap)
{
	char text[ADDR_TEXT];
	bool is_addr = (id->type == IKE_ID_IPV4 && id->len == 4) || (id->type == IKE_ID_IPV6 && id->len == 16);
	if (!is_addr) {
		escape_bytes(out, cap, id->bytes, id->len);
		return;
	}
	struct addr a = addr_from(id->bytes, id->len);
	snprintf(out, cap, "%s", addr_format(&a, text));
}

static bool names(const char *pattern, const char *who)
{
	size_t len = strlen(who), end = strlen(pattern);
	if (pattern[0] != '*')
		return strcasecmp(pattern, who) == 0;
	return end - 1 <= len && strcasecmp(pattern + 1, who + len - (end - 1)) == 0;
}

enum verdict { SHOWN, HELD, DROPPED };

static enum verdict judge(const struct debug *d, const struct ike_trace *t)
{
	bool is_known = t->peer_id && t->peer_id->type, may_come = false;
	char who[4 * IKE_ID_LEN];
	if (!d->n_conditions)
		return SHOWN;
	if (is_known)
		id_text(t->peer_id, who, sizeof(who));
	for (size_t i = 0; i < d->n_conditions; i++) {
		const struct debug_condition *c = &d->conditions[i];
		if (c->peer.family ? addr_eq(&c->peer, &t->remote.addr) : is_known && names(c->identity, who))
			return SHOWN;
		may_come |= !c->peer.family;
	}
	return may_come && !is_known && t->sa ? HELD : DROPPED;
}

/* ---- lines --------------------------------------------------------------------------------------- */

struct lines {
	struct debug *d;
	uint64_t now_ms;
	int64_t wall_ms;
	unsigned topic;
	struct debug_held *held; /* NULL: they are shown */
};

static void show(struct debug *d, uint64_t now_ms, unsigned topic, const char *line, size_t len)
{
	bool may = limiter_take(&d->limiter, now_ms);
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		if (d->streams[i].to && (d->streams[i].topics & topic))
			stream_put(d, &d->streams[i], line, len, may);
}

static void hold(struct debug_held *h, unsigned topic, const char *line, size_t len)
{
	if (!h->bytes)
		h->bytes = mem_new(DEBUG_HELD_BYTES);
	if (!h->bytes || len + 1 > DEBUG_HELD_BYTES - h->len) {
		h->is_cut = true;
		return;
	}
	h->bytes[h->len] = (char)topic;
	memcpy(h->bytes + h->len + 1, line, len);
	h->len += len + 1;
}

static void on_line(void *ctx, const char *text)
{
	struct lines *l = ctx;
	char line[LINE_MAX_LEN], stamp[STAMP_LEN];
	time_t s = (time_t)(l->wall_ms / 1000);
	struct tm tm;
	gmtime_r(&s, &tm);
	strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	int n = snprintf(line, sizeof(line), "%s.%03d: %s\n", stamp, (int)(l->wall_ms % 1000), text);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
	if (l->held)
		hold(l->held, l->topic, line, len);
	else
		show(l->d, l->now_ms, l->topic, line, len);
}

static struct debug_held *held_find(struct debug *d, uint64_t sa)
{
	for (size_t i = 0; sa && i < DEBUG_HELD; i++)
		if (d->held[i].sa == sa)
			return &d->held[i];
	return NULL;
}

/* The one that began first makes room. */
static struct debug_held *held_for(struct debug *d, uint64_t sa)
{
	struct debug_held *h = held_find(d, sa);
	if (h)
		return h;
	h = &d->held[0];
	for (size_t i = 1; i < DEBUG_HELD && h->sa; i++)
		if (!d->held[i].sa || d->held[i].order < h->order)
			h = &d->held[i];
	held_free(h);
	*h = (struct debug_held){.sa = sa, .order = ++d->order};
	return h;
}

static void held_show(struct debug *d, uint64_t now_ms, struct debug_held *h)
{
	static const char cut[] = "... more lines from before the peer was known were not kept\n";
	for (size_t at = 0; at < h->len;) {
		const char *line = h->bytes + at + 1;
		const char *end = memchr(line, '\n', h->len - at - 1);
		size_t len = end ? (size_t)(end - line) + 1 : h->len - at - 1;
		show(d, now_ms, (unsigned)h->bytes[at], line, len);
		at += len + 1;
	}
	if (h->is_cut)
		show(d, now_ms, TRACE_ALL, cut, sizeof(cut) - 1);
	held_free(h);
}

void debug_trace(struct debug *d, uint64_t now_ms, int64_t wall_ms, const struct ike_trace *t)
{
	struct lines l = {.d = d, .now_ms = now_ms, .wall_ms = wall_ms, .topic = trace_topic(t->kind)};
	struct debug_held *h = held_find(d, t->sa);
	if (!any_stream(d))
		return;
	if (t->kind == TRACE_GONE) {
		if (h)
			held_free(h);
		return;
	}
	switch (judge(d, t)) {
	case SHOWN:
		if (h)
			held_show(d, now_ms, h);
		break;
	case HELD: l.held = held_for(d, t->sa); break;
	case DROPPED:
		if (h)
			held_free(h);
		return;
	}
	trace_text(t, on_line, &l);
}

bool debug_watches(const struct debug *d, unsigned topic)
{
	bool any = false;
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		any |= d->streams[i].to && (d->streams[i].topics & topic);
	return any;
}

void debug_put(struct debug *d, const struct debug_text *t)
{
	struct lines l = {.d = d, .now_ms = t->now_ms, .wall_ms = t->wall_ms, .topic = t->topic};
	on_line(&l, t->text);
}
