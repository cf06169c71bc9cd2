/* The text of a sample in both forms: everything is there, once, under a valid name; and what a reader
 * asks for. */
#include "cmd/metrics.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "tests/lib/t.h"

static struct sample_pool pools[3];
static struct sample sample;

static void make_sample(void)
{
	memset(&sample, 0, sizeof(sample));
	sample.number = 17000000000000001u;
	sample.wall_ms = 1700000000042;
	for (int i = 0; i < CT__MAX; i++)
		sample.sums.count[i] = 1000000u + (unsigned)i;
	for (int i = 0; i < ST__MAX; i++)
		sample.sums.status[i] = 2000u + (unsigned)i;
	for (int i = 0; i < GG__MAX; i++)
		sample.gauge[i] = 30u + (unsigned)i;
	sample.sums.count[CT_ESP_IN_BYTES] = UINT64_MAX;
	sample.sums.count[CT_TURNS] = 100;
	sample.sums.count[CT_TURNS_US] = 12000345;
	for (int i = CT_TURNS_1MS; i <= CT_TURNS_1S; i++)
		sample.sums.count[i] = (unsigned)(CT_TURNS_1S + 1 - i);
	pools[0] = (struct sample_pool){.name = "RA", .family = 4, .total = 241, .in_use = 3, .peak = 7, .exhausted = 2};
	pools[1] = (struct sample_pool){.name = "RA", .ivrf = "RED", .family = 6, .total = UINT64_MAX};
	pools[2] = (struct sample_pool){.name = "a\"b\\c\nd", .ivrf = "\xc3\xa9\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82",
					.family = 4, .total = 1};
	sample.pools = pools;
	sample.n_pools = 3;
}

static char *text_of(enum metrics_form form)
{
	struct out o;
	out_init(&o, false);
	metrics_text(&o, form, &sample, "0.1.0+abc\"\\\n");
	char *text = out_ok(&o) ? mem_strndup(o.buf, o.len) : NULL;
	out_fini(&o);
	return text;
}

/* How many lines of the text are this one. */
static int lines(const char *text, const char *line)
{
	int n = 0;
	size_t len = strlen(line);
	for (const char *p = text; p && *p; p = strchr(p, '\n'), p += p != NULL)
		n += strncmp(p, line, len) == 0 && p[len] == '\n';
	return n;
}

#define LINE(...)                                                                                  \
	do {                                                                                       \
		char line_[512];                                                                   \
		snprintf(line_, sizeof(line_), __VA_ARGS__);                                       \
		if (lines(text, line_) != 1)                                                       \
			T_FAIL("%d times: %s", lines(text, line_), line_);                         \
	} while (0)
#define NO_LINE(line) T_EQ(lines(text, line), 0)

static void has_every_value(const char *text, enum metrics_form form)
{
	const char *end = form == METRICS_OPEN ? "" : "_total";
	for (int i = 0; i < CT__MAX; i++) {
		const char *token = counter_token((enum counter)i);
		LINE("# TYPE sallyport_%s%s counter", token, end);
		LINE("# HELP sallyport_%s%s %s", token, end, counter_words((enum counter)i));
		LINE("sallyport_%s_total %llu", token, (unsigned long long)sample.sums.count[i]);
	}
	for (int i = 0; i < GG__MAX; i++) {
		const char *token = gauge_token((enum gauge)i);
		LINE("# TYPE sallyport_%s gauge", token);
		LINE("# HELP sallyport_%s %s", token, gauge_words((enum gauge)i));
		LINE("sallyport_%s %llu", token, (unsigned long long)sample.gauge[i]);
	}
	LINE("# TYPE sallyport_failures%s counter", end);
	for (int i = 1; i < ST__MAX; i++)
		LINE("sallyport_failures_total{status=\"%s\"} %d", status_token((enum status)i), 2000 + i);
	NO_LINE("sallyport_failures_total{status=\"ok\"} 2000");
	LINE("sallyport_sample_number 17000000000000001");
	LINE("sallyport_sample_time_seconds 1700000000.042");
	LINE("sallyport_build_info{version=\"0.1.0+abc\\\"\\\\\\n\"} 1");
}

static void has_turns_and_pools(const char *text)
{
	LINE("# TYPE sallyport_loop_turn_seconds histogram");
	LINE("sallyport_loop_turn_seconds_bucket{le=\"0.001\"} 93");
	LINE("sallyport_loop_turn_seconds_bucket{le=\"0.005\"} 94");
	LINE("sallyport_loop_turn_seconds_bucket{le=\"1.0\"} 99");
	LINE("sallyport_loop_turn_seconds_bucket{le=\"+Inf\"} 100");
	LINE("sallyport_loop_turn_seconds_count 100");
	LINE("sallyport_loop_turn_seconds_sum 12.000345");
	LINE("sallyport_pool_addresses{pool=\"RA\",family=\"ipv4\",vrf=\"\"} 241");
	LINE("sallyport_pool_addresses{pool=\"RA\",family=\"ipv6\",vrf=\"RED\"} 18446744073709551615");
	LINE("sallyport_pool_in_use{pool=\"RA\",family=\"ipv4\",vrf=\"\"} 3");
	LINE("sallyport_pool_in_use_peak{pool=\"RA\",family=\"ipv4\",vrf=\"\"} 7");
	LINE("sallyport_pool_exhausted_total{pool=\"RA\",family=\"ipv4\",vrf=\"\"} 2");
	/* Quotes, backslashes and line ends are escaped; bytes that are not UTF-8 are spelled out. */
	LINE("sallyport_pool_addresses{pool=\"a\\\"b\\\\c\\nd\",family=\"ipv4\",vrf=\"\xc3\xa9\\\\xff\\\\xc0\\\\x80"
	     "\\\\xed\\\\xa0\\\\x80\\\\xf4\\\\x90\\\\x80\\\\x80\\\\xe2\\\\x82\"} 1");
}

static void open_form(void)
{
	make_sample();
	char *text = text_of(METRICS_OPEN);
	T_TRUE(text);
	T_DO(has_every_value(text, METRICS_OPEN));
	T_DO(has_turns_and_pools(text));
	LINE("# TYPE sallyport_build info");
	LINE("# UNIT sallyport_ike_in_packets packets");
	LINE("# UNIT sallyport_esp_in_bytes bytes");
	LINE("# UNIT sallyport_uptime_seconds seconds");
	LINE("# UNIT sallyport_loop_turn_seconds seconds");
	/* The unit is no suffix of the name. */
	NO_LINE("# UNIT sallyport_dpd_sent requests");
	NO_LINE("# UNIT sallyport_loop_turn_max_us microseconds");
	LINE("# EOF");
	T_STR(text + strlen(text) - 7, "\n# EOF\n");
	mem_free(text);
	T_EQ(mem_live(), 0);
}

static void classic_form(void)
{
	make_sample();
	char *text = text_of(METRICS_CLASSIC);
	T_TRUE(text);
	T_DO(has_every_value(text, METRICS_CLASSIC));
	T_DO(has_turns_and_pools(text));
	LINE("# TYPE sallyport_build_info gauge");
	LINE("# TYPE sallyport_pool_exhausted_total counter");
	T_TRUE(!strstr(text, "# UNIT") && !strstr(text, "# EOF"));
	T_EQ(text[strlen(text) - 1], '\n');
	mem_free(text);
}

/* Every line of values belongs to the family whose head was said last, and a family comes once. */
static void families_are_whole(void)
{
	static char seen[400][80];
	make_sample();
	for (int form = METRICS_OPEN; form <= METRICS_CLASSIC; form++) {
		size_t n = 0;
		char *text = text_of((enum metrics_form)form), *save = NULL, family[80] = "?";
		T_TRUE(text);
		for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			char word[80];
			T_ROW(form, l);
			if (sscanf(l, "# TYPE %79s", word) == 1) {
				snprintf(family, sizeof(family), "%s", word);
				for (size_t i = 0; i < n; i++)
					T_TRUE(strcmp(seen[i], word) != 0);
				T_TRUE(n < 400);
				snprintf(seen[n++], sizeof(seen[0]), "%s", word);
			} else if (sscanf(l, "# HELP %79s", word) == 1 || sscanf(l, "# UNIT %79s", word) == 1) {
				T_STR(word, family);
			} else if (strcmp(l, "# EOF") != 0) {
				size_t len = strcspn(l, "{ ");
				T_TRUE(strncmp(l, family, strlen(family)) == 0 && len < sizeof(word));
				for (size_t i = 0; i < len; i++)
					T_TRUE(islower(l[i]) || isdigit(l[i]) || l[i] == '_');
			}
		}
		T_TRUE(n > CT__MAX + GG__MAX);
		mem_free(text);
	}
}

/* Names that OpenMetrics keeps for itself. */
static void tokens_are_sane(void)
{
	static const char *const kept[] = {"_total", "_created", "_count", "_sum", "_bucket", "_info"};
	for (int i = 0; i < CT__MAX + GG__MAX; i++) {
		const char *token = i < CT__MAX ? counter_token((enum counter)i) : gauge_token((enum gauge)(i - CT__MAX));
		T_ROW(i, token);
		T_TRUE(islower(token[0]));
		for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++) {
			size_t len = strlen(token), n = strlen(kept[k]);
			T_TRUE(len <= n || strcmp(token + len - n, kept[k]) != 0);
		}
	}
}

static void without_pools(void)
{
	make_sample();
	sample.n_pools = 0;
	sample.pools = NULL;
	char *text = text_of(METRICS_OPEN);
	T_TRUE(text && !strstr(text, "pool_addresses"));
	mem_free(text);
}

static void accepts(void)
{
	static const struct {
		const char *accept;
		enum metrics_form form;
	} rows[] = {
		{"", METRICS_CLASSIC},
		{"*/*", METRICS_CLASSIC},
		{"text/html,application/xhtml+xml,*/*;q=0.8", METRICS_CLASSIC},
		{"application/*", METRICS_CLASSIC},
		{"text/plain", METRICS_CLASSIC},
		{"application/openmetrics-text", METRICS_OPEN},
		{"Application/OpenMetrics-Text ; Version=1.0.0", METRICS_OPEN},
		/* Prometheus 2.42, 2.30 and 3.0. */
		{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
		 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", METRICS_OPEN},
		{"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", METRICS_OPEN},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;"
		 "version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;"
		 "q=0.2,/;q=0.1", METRICS_OPEN},
		{"application/openmetrics-text;q=0.2, text/plain;q=0.9", METRICS_CLASSIC},
		{"text/plain;q=0.5,application/openmetrics-text;q=0.75", METRICS_OPEN},
		{"text/plain;q=0.7,application/openmetrics-text;q=0.7", METRICS_OPEN},
		{"application/openmetrics-text;q=0", METRICS_CLASSIC},
		{"application/openmetrics-text;q=0.000", METRICS_CLASSIC},
		{"application/openmetrics-text;q=0.001", METRICS_OPEN},
		{"application/openmetrics-text;q=x", METRICS_CLASSIC},
		{"application/openmetrics-text;q=", METRICS_CLASSIC},
		{"application/openmetrics-text;q=1.5, text/plain", METRICS_OPEN},
		{"application/openmetrics-text;version=2.0.0", METRICS_CLASSIC},
		{"application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.1", METRICS_OPEN},
		{"application/openmetrics-textual", METRICS_CLASSIC},
		{"application/openmetrics-tex", METRICS_CLASSIC},
		{" , ;,;;=,=;q,q=q;,", METRICS_CLASSIC},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].accept);
		T_EQ(metrics_form_of(rows[i].accept), rows[i].form);
	}
	T_STR(metrics_content_type(METRICS_OPEN), "application/openmetrics-text; version=1.0.0; charset=utf-8");
	T_STR(metrics_content_type(METRICS_CLASSIC), "text/plain; version=0.0.4; charset=utf-8");
}

static void no_memory(void)
{
	make_sample();
	for (uint64_t nth = 1;; nth++) {
		struct out o;
		out_init(&o, false);
		mem_fail_at(nth);
		metrics_text(&o, METRICS_OPEN, &sample, "x");
		mem_fail_at(0);
		bool is_whole = out_ok(&o);
		out_fini(&o);
		T_EQ(mem_live(), 0);
		if (is_whole) {
			T_TRUE(nth > 3);
			return;
		}
	}
}

int main(void)
{
	T_RUN(open_form);
	T_RUN(classic_form);
	T_RUN(families_are_whole);
	T_RUN(tokens_are_sane);
	T_RUN(without_pools);
	T_RUN(accepts);
	T_RUN(no_memory);
	return t_end();
}
