#include "core/conf/grammar.h"

#include <stdio.h>
#include <string.h>

#include "core/conf/argument.h"

#define MODE_ROWS 512

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

void line_split(struct line *l, const char *p, size_t len, uint32_t number)
{
	while (len && (blank(p[len - 1]) || p[len - 1] == '\r'))
		len--;
	*l = (struct line){.p = p, .len = len, .number = number};
	size_t i = 0;
	while (i < len && blank(p[i]))
		i++;
	l->indent = (uint32_t)i;
	while (i < len && l->n < LINE_WORDS) {
		size_t from = i;
		if (p[i] == '"') {
			const char *end = memchr(p + i + 1, '"', len - i - 1);
			i = end ? (size_t)(end - p) + 1 : i;
		}
		while (i < len && !blank(p[i]))
			i++;
		l->w[l->n++] = (struct word){p + from, i - from, (uint32_t)from + 1};
		while (i < len && blank(p[i]))
			i++;
	}
}

size_t grammar_head_len(const char *grammar)
{
	size_t n = strcspn(grammar, "<[{.");
	while (n && grammar[n - 1] == ' ')
		n--;
	return n;
}

size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t max)
{
	enum { LONGEST = 40 };
	uint8_t d[3][LONGEST + 1];
	if (a_len > LONGEST || b_len > LONGEST || a_len > b_len + max || b_len > a_len + max)
		return max + 1;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= a_len; i++) {
		uint8_t *row = d[i % 3], *up = d[(i - 1) % 3], *up2 = d[(i + 1) % 3];
		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= b_len; j++) {
			uint8_t best = (uint8_t)(up[j - 1] + (a[i - 1] != b[j - 1]));
			if (up[j] + 1 < best)
				best = (uint8_t)(up[j] + 1);
			if (row[j - 1] + 1 < best)
				best = (uint8_t)(row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				up2[j - 2] + 1 < best)
				best = (uint8_t)(up2[j - 2] + 1);
			row[j] = best;
		}
	}
	return d[a_len % 3][b_len] > max ? max + 1 : d[a_len % 3][b_len];
}

/* Keyword number `at` of a head; len 0 when the head is shorter. */
static struct word head_word(const struct cmd *row, size_t at)
{
	const char *p = row->grammar;
	for (;; at--) {
		size_t n = 0;
		while (p[n] && p[n] != ' ' && p[n] != '<' && p[n] != '[' && p[n] != '{' &&
			p[n] != '.')
			n++;
		if (at == 0 || n == 0)
			return (struct word){p, n, 0};
		p += p[n] == ' ' ? n + 1 : n;
	}
}

/* What the next word may be among the rows that are still in the race. */
struct race {
	const struct cmd *rows;
	size_t count;
	size_t at; /* head words matched so far */
	uint8_t alive[MODE_ROWS];
	const struct cmd *done; /* its head ends here */
};

/* `ipsec` goes before `ipsec-profile`: who shortens a word means the one that is not composed. */
static bool is_composed_of(struct word longer, struct word word)
{
	return longer.len > word.len && longer.p[word.len] == '-' &&
	       memcmp(longer.p, word.p, word.len) == 0;
}

static struct word race_pick(struct race *r, struct word w, bool *ambiguous)
{
	struct word found = {0};
	*ambiguous = false;
	for (size_t i = 0; i < r->count; i++) {
		struct word k = r->alive[i] ? head_word(&r->rows[i], r->at) : (struct word){0};
		if (k.len < w.len || !k.len || strncasecmp_ascii(k.p, w.p, w.len) != 0)
			continue;
		if (k.len == w.len) {
			*ambiguous = false;
			return k;
		}
		if (found.len && is_composed_of(k, found))
			continue;
		if (found.len && !is_composed_of(found, k) &&
			(found.len != k.len || memcmp(found.p, k.p, k.len) != 0))
			*ambiguous = true;
		found = k;
	}
	return found;
}

static void race_keep(struct race *r, struct word k)
{
	r->done = NULL;
	for (size_t i = 0; i < r->count; i++) {
		struct word h = r->alive[i] ? head_word(&r->rows[i], r->at) : (struct word){0};
		r->alive[i] = h.len == k.len && k.len && memcmp(h.p, k.p, k.len) == 0;
		if (r->alive[i] && !head_word(&r->rows[i], r->at + 1).len)
			r->done = &r->rows[i];
	}
	r->at++;
}

static void race_explain(
	const struct race *r, const struct line *l, size_t at, bool ambiguous, struct mismatch *why)
{
	*why = (struct mismatch){.at = at, .ambiguous = ambiguous};
	size_t best = 3;
	for (size_t i = 0; i < r->count && at < l->n; i++) {
		struct word k = r->alive[i] ? head_word(&r->rows[i], r->at) : (struct word){0};
		if (!k.len)
			continue;
		size_t max = k.len < 4 ? 1 : 2;
		size_t d = word_distance(l->w[at].p, l->w[at].len, k.p, k.len, max);
		if (d <= max && d < best) {
			best = d;
			snprintf(why->near, sizeof(why->near), "%.*s", (int)k.len, k.p);
		}
	}
}

const struct cmd *grammar_head(const struct cmd *rows, size_t count, const struct line *l,
	size_t first, size_t *args_at, struct mismatch *why)
{
	struct race r = {.rows = rows, .count = count < MODE_ROWS ? count : MODE_ROWS};
	memset(r.alive, 1, r.count);
	for (size_t i = 0; i < r.count; i++)
		if (!head_word(&rows[i], 0).len)
			r.done = &rows[i]; /* a row that takes whole lines */
	size_t at = first;
	for (; at < l->n; at++) {
		bool ambiguous;
		struct word k = race_pick(&r, l->w[at], &ambiguous);
		if (ambiguous && !r.done) {
			race_explain(&r, l, at, true, why);
			return NULL;
		}
		if (!k.len || ambiguous)
			break;
		race_keep(&r, k);
	}
	if (!r.done || !grammar_head_len(r.done->grammar))
		race_explain(&r, l, at, false, why);
	*args_at = at;
	return r.done;
}

/* ---- arguments ---- */

struct matcher {
	struct cmd_call *c;
	const struct line *l;
	size_t at;
	struct mismatch *why;
	bool stop; /* a `no` form that ends early */
};

/* End of the element that starts at g: one past its closing bracket, or its last letter. */
static const char *element_end(const char *g, const char *end)
{
	char open = *g;
	char close = open == '[' ? ']' : open == '{' ? '}' : '>';
	if (open != '[' && open != '{' && open != '<') {
		while (g < end && *g != ' ' && *g != '|')
			g++;
		return g;
	}
	int depth = 0;
	for (; g < end; g++) {
		depth += *g == open ? 1 : 0;
		depth -= *g == close ? 1 : 0;
		if (depth == 0)
			return g + 1;
	}
	return end;
}

/* End of the alternative that starts at g: the next | of this level. */
static const char *alternative_end(const char *g, const char *end)
{
	while (g < end && *g != '|')
		g = element_end(g, end) == g ? g + 1 : element_end(g, end);
	return g;
}

static bool is_typed(const char *g)
{
	return *g == '<';
}

static bool keyword_exact(const char *g, size_t len, struct word w)
{
	return len == w.len && strncasecmp_ascii(g, w.p, len) == 0;
}

static bool keyword_fits(const char *g, size_t len, struct word w)
{
	return w.len && w.len <= len && strncasecmp_ascii(g, w.p, w.len) == 0;
}

enum fit { FIT_NO, FIT_PREFIX, FIT_TYPED, FIT_EXACT };

/* How well the next word fits the first element of [g, end). */
static enum fit first_fits(const struct matcher *m, const char *g, const char *end)
{
	while (g < end && *g == ' ')
		g++;
	if (m->at >= m->l->n || g >= end)
		return FIT_NO;
	if (is_typed(g)) {
		struct arg a;
		size_t used;
		return argument_take(g, m->l, m->at, &a, &used, NULL) ? FIT_TYPED : FIT_NO;
	}
	if (*g == '[')
		return first_fits(m, g + 1, element_end(g, end) - 1);
	if (*g == '{') {
		enum fit best = FIT_NO;
		const char *close = element_end(g, end) - 1;
		for (const char *a = g + 1; a < close; a = alternative_end(a, close) + 1) {
			enum fit f = first_fits(m, a, alternative_end(a, close));
			best = f > best ? f : best;
		}
		return best;
	}
	size_t len = (size_t)(element_end(g, end) - g);
	if (keyword_exact(g, len, m->l->w[m->at]))
		return FIT_EXACT;
	return keyword_fits(g, len, m->l->w[m->at]) ? FIT_PREFIX : FIT_NO;
}

static void expected(struct matcher *m, const char *g, size_t len)
{
	m->why->at = m->at;
	snprintf(m->why->expect, sizeof(m->why->expect), "%.*s", (int)len, g);
}

/* "any, 'domain' or a name ...": what stands first in each alternative. */
static void expected_one_of(struct matcher *m, const char *g, const char *close)
{
	char *out = m->why->expect;
	size_t n = 0, cap = sizeof(m->why->expect);
	const struct line none = {0};
	m->why->at = m->at;
	out[0] = '\0';
	for (const char *a = g; a < close && n < cap; a = alternative_end(a, close) + 1) {
		char what[CONF_TEXT];
		struct arg scratch;
		size_t used;
		const char *e = alternative_end(a, close);
		bool last = e >= close;
		if (is_typed(a))
			(void)argument_take(a, &none, 0, &scratch, &used, what);
		else
			snprintf(what, sizeof(what), "%.*s", (int)(element_end(a, e) - a), a);
		int more = snprintf(out + n, cap - n, "%s%s",
			n == 0 ? ""
			: last ? " or "
			       : ", ",
			what);
		n += more > 0 ? (size_t)more : 0;
	}
}

static bool add_arg(struct matcher *m, const struct arg *a)
{
	if (m->c->n == CMD_ARGS) {
		m->why->at = m->at - 1;
		snprintf(m->why->expect, sizeof(m->why->expect), "at most %d values", CMD_ARGS);
		return false;
	}
	m->c->args[m->c->n++] = *a;
	return true;
}

static bool match_seq(struct matcher *m, const char *g, const char *end);

static bool match_keyword(struct matcher *m, const char *g, const char *e)
{
	size_t len = (size_t)(e - g);
	if (m->at >= m->l->n || !keyword_fits(g, len, m->l->w[m->at])) {
		expected(m, g, len);
		return false;
	}
	struct arg a = {.kind = ARG_KEYWORD, .key = {g, len, 0}, .word = m->l->w[m->at]};
	m->at++;
	return add_arg(m, &a);
}

static bool match_typed(struct matcher *m, const char *g)
{
	struct arg a;
	size_t used;
	if (!argument_take(g, m->l, m->at, &a, &used, m->why->expect)) {
		m->why->at = m->at;
		if (m->at < m->l->n)
			argument_near(g, &m->l->w[m->at], m->why->near, sizeof(m->why->near));
		return false;
	}
	m->at += used;
	return add_arg(m, &a);
}

static void nearest_alternative(struct matcher *m, const char *g, const char *close)
{
	size_t best = 3;
	for (const char *a = g; a < close && m->at < m->l->n; a = alternative_end(a, close) + 1) {
		size_t len = (size_t)(element_end(a, close) - a);
		struct word w = m->l->w[m->at];
		size_t max = len < 4 ? 1 : 2;
		size_t d = is_typed(a) ? max + 1 : word_distance(w.p, w.len, a, len, max);
		if (d <= max && d < best) {
			best = d;
			snprintf(m->why->near, sizeof(m->why->near), "%.*s", (int)len, a);
		}
	}
}

/* Abbreviated keyword against a value: `keyring loc K` is `local K`, but a word that stands alone
 * is a value (a VRF called "an" is not `any`). */
static bool try_abbreviation(struct matcher *m, const char *g, const char *close)
{
	for (const char *a = g; a < close; a = alternative_end(a, close) + 1) {
		const char *e = alternative_end(a, close);
		if (first_fits(m, a, e) != FIT_PREFIX || element_end(a, e) == e)
			continue;
		struct mismatch before = *m->why;
		size_t at = m->at, n = m->c->n;
		if (match_seq(m, a, e) && !m->stop)
			return true;
		*m->why = before;
		m->at = at;
		m->c->n = n;
		m->stop = false;
	}
	return false;
}

static bool match_choice(struct matcher *m, const char *g, const char *close)
{
	const char *pick = NULL;
	enum fit best = FIT_NO;
	bool ambiguous = false;
	for (const char *a = g; a < close; a = alternative_end(a, close) + 1) {
		enum fit f = first_fits(m, a, alternative_end(a, close));
		if (f == FIT_PREFIX && best == FIT_PREFIX)
			ambiguous = true;
		if (f > best) {
			best = f;
			pick = a;
			ambiguous = false;
		}
	}
	if (!pick || ambiguous) {
		expected_one_of(m, g, close);
		m->why->ambiguous = ambiguous;
		nearest_alternative(m, g, close);
		return false;
	}
	if (best == FIT_TYPED && try_abbreviation(m, g, close))
		return true;
	return match_seq(m, pick, alternative_end(pick, close));
}

static bool match_element(struct matcher *m, const char *g, const char *e)
{
	if (*g == '[')
		return first_fits(m, g + 1, e - 1) == FIT_NO || match_seq(m, g + 1, e - 1);
	if (*g == '{')
		return match_choice(m, g + 1, e - 1);
	return is_typed(g) ? match_typed(m, g) : match_keyword(m, g, e);
}

static bool match_seq(struct matcher *m, const char *g, const char *end)
{
	while (g < end && !m->stop) {
		if (*g == ' ') {
			g++;
			continue;
		}
		if (m->at >= m->l->n && m->c->form != FORM_SET) {
			m->stop = true;
			return true;
		}
		if (*g == '.') {
			m->at = m->l->n;
			return true;
		}
		const char *e = element_end(g, end);
		if (!match_element(m, g, e))
			return false;
		if (e < end && *e == '+') {
			while (m->at < m->l->n && first_fits(m, g, e) != FIT_NO)
				if (!match_element(m, g, e))
					return false;
			e++;
		}
		g = e;
	}
	return true;
}

bool grammar_args(struct cmd_call *c, const struct line *l, size_t at, struct mismatch *why)
{
	const char *g = c->row->grammar + grammar_head_len(c->row->grammar);
	struct matcher m = {.c = c, .l = l, .at = at, .why = why};
	*why = (struct mismatch){.secret = strstr(g, ":secret>") != NULL};
	c->n = 0;
	if (!match_seq(&m, g, g + strlen(g)))
		return false;
	if (m.at < l->n) {
		why->at = m.at;
		return false;
	}
	return true;
}
