/* debug crypto ikev2 | condition, debug aaa pod, undebug all, show debugging (R-LOG-06). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/debug.h"
#include "cmd/show.h"

#define MINUTES_MAX 1440u
#define LINES_MAX 10000000u

struct wish {
	unsigned topics;
	uint64_t minutes, lines;
};

static const struct {
	const char *word;
	unsigned topic;
} topics[] = {{"error", TRACE_ERROR}, {"packet", TRACE_PACKET}, {"internal", TRACE_INTERNAL}};

#define N_TOPICS (sizeof(topics) / sizeof(topics[0]))

static bool is_prefix_of(const char *typed, const char *word)
{
	return typed[0] && strncmp(word, typed, strlen(typed)) == 0;
}

static bool number(const struct admin_args *args, size_t at, uint64_t max, uint64_t *out)
{
	char *end;
	if (at >= args->n || args->words[at][0] < '0' || args->words[at][0] > '9')
		return false;
	errno = 0;
	unsigned long long v = strtoull(args->words[at], &end, 10);
	if (*end || errno || v < 1 || v > max)
		return false;
	*out = v;
	return true;
}

/* Words of topics only where there are some: of IKEv2. */
static int wish_parse(const struct admin_args *args, bool is_ike, struct wish *w, struct out *err)
{
	*w = (struct wish){.minutes = DEBUG_MINUTES, .lines = DEBUG_LINES};
	for (size_t at = 0; at < args->n; at++) {
		const char *word = args->words[at];
		bool is_known = false;
		for (size_t i = 0; is_ike && i < N_TOPICS && !is_known; i++) {
			is_known = is_prefix_of(word, topics[i].word);
			w->topics |= is_known ? topics[i].topic : 0;
		}
		if (!is_known && is_prefix_of(word, "minutes"))
			is_known = number(args, ++at, MINUTES_MAX, &w->minutes);
		else if (!is_known && is_prefix_of(word, "lines"))
			is_known = number(args, ++at, LINES_MAX, &w->lines);
		if (is_known)
			continue;
		out_printf(err, "\"%s\" is not understood here; one of: %sminutes 1-%u, lines 1-%u\n", word,
			   is_ike ? "error, packet, internal, " : "", MINUTES_MAX, LINES_MAX);
		return 2;
	}
	if (!w->topics)
		w->topics = is_ike ? TRACE_ALL : DEBUG_POD;
	return 0;
}

static void put_topics(struct out *out, unsigned bits)
{
	const char *sep = "";
	for (size_t i = 0; i < N_TOPICS; i++)
		if (bits & topics[i].topic) {
			out_printf(out, "%s%s", sep, topics[i].word);
			sep = ", ";
		}
}

static void put_condition(struct out *out, const struct debug_condition *c)
{
	char text[ADDR_TEXT];
	if (c->peer.family)
		out_printf(out, "peer ipv%u %s", c->peer.family, addr_format(&c->peer, text));
	else {
		out_printf(out, "identity ");
		out_bytes(out, c->identity, strlen(c->identity));
	}
}

static void put_conditions(struct out *out, const struct debug *d)
{
	for (size_t i = 0; i < d->n_conditions; i++) {
		out_printf(out, "Condition %zu: ", i + 1);
		put_condition(out, &d->conditions[i]);
		out_printf(out, "\n");
	}
}

static void put_stream(struct out *out, unsigned bits)
{
	if (bits & DEBUG_POD) {
		out_printf(out, "AAA POD debugging is on");
		return;
	}
	out_printf(out, "IKEv2 debugging is on (");
	put_topics(out, bits);
	out_printf(out, ")");
}

static int start(struct world *w, const struct wish *wish, struct out *out, struct out *err)
{
	if (out->json) {
		out_printf(err, "lines of debug have no JSON form\n");
		return 2;
	}
	if (debug_start(w->debug, w->caller, wish->topics, w->now_ms(w->ctx) + wish->minutes * 60000,
			wish->lines) != ST_OK) {
		out_printf(err, "%d are debugging already; `undebug all` ends them\n", DEBUG_STREAMS);
		return 1;
	}
	put_stream(out, wish->topics);
	out_printf(out, " for %" PRIu64 " minutes or %" PRIu64 " lines; it ends with this connection\n", wish->minutes,
		   wish->lines);
	return ADMIN_STAYS;
}

SHOW(debug_ikev2)
{
	struct wish wish;
	int rc = wish_parse(args, true, &wish, err);
	if (rc == 0)
		rc = start(w, &wish, out, err);
	if (rc == ADMIN_STAYS)
		put_conditions(out, w->debug);
	return rc;
}

SHOW(debug_pod)
{
	struct wish wish;
	int rc = wish_parse(args, false, &wish, err);
	return rc ? rc : start(w, &wish, out, err);
}

/* 2, with a sentence in err, when the words are wrong. */
static int condition_parse(const struct admin_args *args, struct debug_condition *c, struct out *err)
{
	*c = (struct debug_condition){0};
	if (args->n == 3 && is_prefix_of(args->words[0], "peer") &&
	    (strcmp(args->words[1], "ipv4") == 0 || strcmp(args->words[1], "ipv6") == 0) &&
	    addr_parse(args->words[2], &c->peer) == ST_OK && c->peer.family == args->words[1][3] - '0')
		return 0;
	if (args->n == 2 && is_prefix_of(args->words[0], "identity") && args->words[1][0] &&
	    strlen(args->words[1]) < sizeof(c->identity)) {
		memcpy(c->identity, args->words[1], strlen(args->words[1]));
		return 0;
	}
	out_printf(err, "write: peer ipv4 ADDRESS, peer ipv6 ADDRESS, identity NAME (or *END of it), or reset\n");
	return 2;
}

SHOW(debug_condition)
{
	struct debug_condition c;
	if (args->n == 1 && is_prefix_of(args->words[0], "reset")) {
		debug_conditions_reset(w->debug);
		out_printf(out, "All conditions have been removed\n");
		return 0;
	}
	int rc = condition_parse(args, &c, err);
	if (rc)
		return rc;
	enum status st = debug_condition_add(w->debug, &c);
	if (st == ST_LIMIT) {
		out_printf(err, "there are %d conditions already\n", DEBUG_CONDITIONS);
		return 1;
	}
	put_conditions(out, w->debug);
	return 0;
}

SHOW(undebug_all)
{
	debug_stop(w->debug, "Debugging has been switched off by an operator");
	debug_conditions_reset(w->debug);
	out_printf(out, "All possible debugging has been turned off\n");
	return 0;
}

static void js_debug(struct out *out, const struct debug *d, uint64_t now_ms)
{
	js_open(out, NULL);
	js_open_array(out, "streams");
	for (size_t i = 0; i < DEBUG_STREAMS; i++) {
		const struct debug_stream *s = &d->streams[i];
		if (!s->to)
			continue;
		js_open(out, NULL);
		for (size_t k = 0; k < N_TOPICS; k++)
			js_bool(out, topics[k].word, s->topics & topics[k].topic);
		js_bool(out, "pod", s->topics & DEBUG_POD);
		js_u64(out, "ends_in_ms", s->until_ms > now_ms ? s->until_ms - now_ms : 0);
		js_u64(out, "lines", s->lines);
		js_u64(out, "lines_max", s->lines_max);
		js_u64(out, "lines_left_out", s->left_out_all);
		js_close(out);
	}
	js_close_array(out);
	js_open_array(out, "conditions");
	for (size_t i = 0; i < d->n_conditions; i++) {
		const struct debug_condition *c = &d->conditions[i];
		js_open(out, NULL);
		js_addr(out, "peer", &c->peer);
		js_bytes(out, "identity", c->identity, strlen(c->identity));
		js_close(out);
	}
	js_close_array(out);
	js_close(out);
}

SHOW(show_debugging)
{
	const struct debug *d = w->debug;
	uint64_t now_ms = w->now_ms(w->ctx);
	bool any = false;
	if (out->json) {
		js_debug(out, d, now_ms);
		return 0;
	}
	for (size_t i = 0; i < DEBUG_STREAMS; i++) {
		const struct debug_stream *s = &d->streams[i];
		if (!s->to)
			continue;
		any = true;
		put_stream(out, s->topics);
		out_printf(out, ": %" PRIu64 " of %" PRIu64 " lines, %" PRIu64 " left out, ends in %" PRIu64 " s\n",
			   s->lines, s->lines_max, s->left_out_all,
			   s->until_ms > now_ms ? (s->until_ms - now_ms) / 1000 : 0);
	}
	if (!any)
		out_printf(out, "Nobody is debugging\n");
	put_conditions(out, d);
	return 0;
}
