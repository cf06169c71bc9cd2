/*
 * The two forms differ little. A counter's family is called without _total in OpenMetrics and with it
 * in the older one; OpenMetrics has units, a type for information, more escapes in help, and an end.
 * The values carry no time stamp of their own: Prometheus would then go on showing the last one for
 * minutes when we are gone. When the sample was taken is a value like the others.
 */
#include "cmd/metrics.h"

#include <inttypes.h>
#include <string.h>

#define PREFIX "sallyport_"

/* ---- what a reader asks for ------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The text up to `end` (which is passed over) or to the end of all, without blanks around it. */
static struct view next_part(struct rd *r, uint8_t end)
{
	const uint8_t *stop = memchr(r->p, end, r->left);
	struct view v = rd_bytes(r, stop ? (size_t)(stop - r->p) : r->left);
	if (stop)
		rd_skip(r, 1);
	while (v.len && is_blank(v.p[0])) {
		v.p++;
		v.len--;
	}
	while (v.len && is_blank(v.p[v.len - 1]))
		v.len--;
	return v;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_word(struct view v, const char *word)
{
	size_t i = 0;
	for (; i < v.len && word[i]; i++)
		if (lower(v.p[i]) != (uint8_t)word[i])
			return false;
	return i == v.len && !word[i];
}

/* "1", "0.75": thousandths; what cannot be read counts as 0. */
static unsigned quality(struct view v)
{
	struct rd r = rd_init(v.p, v.len);
	uint8_t whole = rd_u8(&r);
	unsigned q = whole == '1' ? 1000 : 0, digit = 100;
	if (whole != '0' && whole != '1')
		return 0;
	if (!r.left)
		return q;
	if (rd_u8(&r) != '.')
		return 0;
	for (; r.left; digit /= 10) {
		uint8_t c = rd_u8(&r);
		if (c < '0' || c > '9')
			return 0;
		q += digit * (unsigned)(c - '0');
	}
	return q < 1000 ? q : 1000;
}

/* How much a range of the header is liked; 0: it is a version that we do not have. */
static unsigned liking(struct rd params, bool is_open)
{
	unsigned q = 1000;
	while (params.left) {
		struct view v = next_part(&params, ';');
		struct rd r = rd_init(v.p, v.len);
		struct view name = next_part(&r, '=');
		struct view value = next_part(&r, ';');
		if (is_word(name, "q"))
			q = quality(value);
		/* The draft of 1.0.0 called itself 0.0.1. */
		else if (is_open && is_word(name, "version") && !is_word(value, "1.0.0") &&
			 !is_word(value, "0.0.1"))
			return 0;
	}
	return q;
}

enum metrics_form metrics_form_of(const char *accept)
{
	struct rd header = rd_init(accept, strlen(accept));
	unsigned open = 0, classic = 0;
	while (header.left) {
		struct view range = next_part(&header, ',');
		struct rd params = rd_init(range.p, range.len);
		struct view type = next_part(&params, ';');
		bool is_open = is_word(type, "application/openmetrics-text");
		unsigned *best = is_open ? &open : is_word(type, "text/plain") ? &classic : NULL;
		unsigned q = best ? liking(params, is_open) : 0;
		if (best && q > *best)
			*best = q;
	}
	return open && open >= classic ? METRICS_OPEN : METRICS_CLASSIC;
}

const char *metrics_content_type(enum metrics_form form)
{
	return form == METRICS_OPEN ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				    : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- text ------------------------------------------------------------------------------------- */

/* Length of the UTF-8 sequence at p, 0 when it is none: overlong, a surrogate, too large, cut off. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

/* What is not UTF-8 becomes \xNN, or a reader would refuse all of the text. */
static void put_escaped(struct out *o, const char *s, bool quotes)
{
	size_t left = strlen(s);
	for (size_t n; left; s += n, left -= n) {
		n = utf8_len((const uint8_t *)s, left);
		if (!n) {
			n = 1;
			out_printf(o, "\\\\x%02x", (uint8_t)*s);
		} else if (*s == '\n') {
			out_raw(o, "\\n", 2);
		} else if (*s == '\\' || (quotes && *s == '"')) {
			out_printf(o, "\\%c", *s);
		} else {
			out_raw(o, s, n);
		}
	}
}

struct writer {
	struct out *out;
	enum metrics_form form;
};

/* A unit is only said where the name ends in it: so the rule of OpenMetrics. */
static bool ends_in_unit(const char *name, const char *unit)
{
	size_t n = strlen(name), u = strlen(unit);
	return u && n > u && name[n - u - 1] == '_' && strcmp(name + n - u, unit) == 0;
}

static void head(const struct writer *w, const char *name, const char *type, const char *unit,
		 const char *words)
{
	bool is_open = w->form == METRICS_OPEN;
	const char *end = !is_open && strcmp(type, "counter") == 0 ? "_total" : "";
	out_printf(w->out, "# TYPE " PREFIX "%s%s %s\n", name, end, type);
	if (is_open && ends_in_unit(name, unit))
		out_printf(w->out, "# UNIT " PREFIX "%s %s\n", name, unit);
	out_printf(w->out, "# HELP " PREFIX "%s%s ", name, end);
	put_escaped(w->out, words, is_open);
	out_printf(w->out, "\n");
}

static void gauge(const struct writer *w, const char *name, const char *unit, const char *words,
		  uint64_t value)
{
	head(w, name, "gauge", unit, words);
	out_printf(w->out, PREFIX "%s %" PRIu64 "\n", name, value);
}

static void put_build(const struct writer *w, const char *version)
{
	bool is_open = w->form == METRICS_OPEN;
	head(w, is_open ? "build" : "build_info", is_open ? "info" : "gauge", "", "version of the program");
	out_printf(w->out, PREFIX "build_info{version=\"");
	put_escaped(w->out, version, true);
	out_printf(w->out, "\"} 1\n");
}

static void put_number(const struct writer *w, const struct sample *s)
{
	gauge(w, "sample_number", "", "number of the sample that all these values belong to", s->number);
	head(w, "sample_time_seconds", "gauge", "seconds", "when the sample was taken, seconds of Unix time");
	out_printf(w->out, PREFIX "sample_time_seconds %" PRId64 ".%03" PRId64 "\n", s->wall_ms / 1000,
		   s->wall_ms % 1000);
}

static void put_counters(const struct writer *w, const struct sample *s)
{
	for (int i = 0; i < CT__MAX; i++) {
		enum counter c = (enum counter)i;
		head(w, counter_token(c), "counter", counter_unit(c), counter_words(c));
		out_printf(w->out, PREFIX "%s_total %" PRIu64 "\n", counter_token(c), (uint64_t)s->sums.count[i]);
	}
}

static void put_failures(const struct writer *w, const struct sample *s)
{
	head(w, "failures", "counter", "", "failures and ends, by name");
	for (int i = 1; i < ST__MAX; i++)
		out_printf(w->out, PREFIX "failures_total{status=\"%s\"} %" PRIu64 "\n",
			   status_token((enum status)i), (uint64_t)s->sums.status[i]);
}

/* The counters of long turns once more, in the shape that histograms have. */
static void put_turns(const struct writer *w, const struct sample *s)
{
	static const struct {
		const char *le;
		enum counter over;
	} buckets[] = {{"0.001", CT_TURNS_1MS}, {"0.005", CT_TURNS_5MS}, {"0.01", CT_TURNS_10MS},
		       {"0.05", CT_TURNS_50MS}, {"0.1", CT_TURNS_100MS}, {"0.5", CT_TURNS_500MS},
		       {"1.0", CT_TURNS_1S}};
	uint64_t all = s->sums.count[CT_TURNS], us = s->sums.count[CT_TURNS_US];
	head(w, "loop_turn_seconds", "histogram", "seconds", "how long the turns of the main loop took");
	for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++)
		out_printf(w->out, PREFIX "loop_turn_seconds_bucket{le=\"%s\"} %" PRIu64 "\n", buckets[i].le,
			   all - s->sums.count[buckets[i].over]);
	out_printf(w->out, PREFIX "loop_turn_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", all);
	out_printf(w->out, PREFIX "loop_turn_seconds_count %" PRIu64 "\n", all);
	out_printf(w->out, PREFIX "loop_turn_seconds_sum %" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

static void put_pools(const struct writer *w, const struct sample *s)
{
	static const struct {
		const char *name, *type, *words;
		size_t off;
	} rows[] = {
		{"pool_addresses", "gauge", "addresses of a pool that can be lent", offsetof(struct sample_pool, total)},
		{"pool_in_use", "gauge", "addresses of a pool that are held now", offsetof(struct sample_pool, in_use)},
		{"pool_in_use_peak", "gauge", "most addresses of a pool that were ever held", offsetof(struct sample_pool, peak)},
		{"pool_exhausted", "counter", "requests that found no address in a pool",
		 offsetof(struct sample_pool, exhausted)},
	};
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]) && s->n_pools; r++) {
		head(w, rows[r].name, rows[r].type, "", rows[r].words);
		for (size_t i = 0; i < s->n_pools; i++) {
			const struct sample_pool *p = &s->pools[i];
			uint64_t value;
			memcpy(&value, (const char *)p + rows[r].off, sizeof(value));
			out_printf(w->out, PREFIX "%s%s{pool=\"", rows[r].name,
				   strcmp(rows[r].type, "counter") == 0 ? "_total" : "");
			put_escaped(w->out, p->name, true);
			out_printf(w->out, "\",family=\"%s\",vrf=\"", p->family == 4 ? "ipv4" : "ipv6");
			put_escaped(w->out, p->ivrf, true);
			out_printf(w->out, "\"} %" PRIu64 "\n", value);
		}
	}
}

void metrics_text(struct out *o, enum metrics_form form, const struct sample *s, const char *version)
{
	struct writer w = {o, form};
	put_build(&w, version);
	put_number(&w, s);
	for (int i = 0; i < GG__MAX; i++)
		gauge(&w, gauge_token((enum gauge)i), gauge_unit((enum gauge)i), gauge_words((enum gauge)i),
		      s->gauge[i]);
	put_counters(&w, s);
	put_failures(&w, s);
	put_turns(&w, s);
	put_pools(&w, s);
	if (form == METRICS_OPEN)
		out_printf(o, "# EOF\n");
}
