#include "core/aaa/filter.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/aaa/value.h"
#include "core/conf/argument.h"
#include "core/conf/rule_text.h"

static bool refuse(char why[AAA_WHY], const char *line, const char *what)
{
	char shown[96];

	snprintf(why, AAA_WHY, "%s in \"%s\"", what, aaa_shown(line, shown, sizeof(shown)));
	return false;
}

static uint8_t family_of(enum aaa_filter which)
{
	return which == AAA_IN6 || which == AAA_OUT6 ? 6 : 4;
}

static bool is_word(const struct word *w, const char *s)
{
	return w->len == strlen(s) && strncasecmp_ascii(w->p, s, w->len) == 0;
}

/* "[N] permit|deny REST": what it says of a packet; *number as it is when the line has none. */
static bool read_line(const char *line, uint8_t family, uint32_t *number, struct rule_text *out)
{
	struct line l;
	size_t at = 0;

	*out = (struct rule_text){.why = "expected permit or deny", .hint = ""};
	line_split(&l, line, strlen(line), 0);
	if (l.n > 0 && l.w[0].p[0] >= '0' && l.w[0].p[0] <= '9') {
		*number = (uint32_t)strtoul(l.w[0].p, NULL, 10);
		at = 1;
	}
	if (l.n < at + 2 || (!is_word(&l.w[at], "permit") && !is_word(&l.w[at], "deny")))
		return false;
	const char *rest = l.w[at + 1].p;
	struct word text = {rest, (size_t)(line + strlen(line) - rest), 0};
	return rule_text_parse(&text, is_word(&l.w[at], "permit"), family, out) && !out->is_unusable;
}

/* Where the line behind `at` begins. */
static char *next_line(char *at)
{
	return strchr(at, '\n') + 1;
}

/* The first line whose number is above number; *n counts all, *last is the highest. */
static char *place_of(char *filter, uint32_t number, size_t *n, uint32_t *last)
{
	char *place = NULL;

	*n = 0;
	*last = 0;
	for (char *at = filter; *at; at = next_line(at)) {
		uint32_t has = (uint32_t)strtoul(at, NULL, 10);
		if (number && has > number && !place)
			place = at;
		*last = has;
		(*n)++;
	}
	return place ? place : filter + strlen(filter);
}

/* The words behind the number. */
static const char *without_number(const char *line)
{
	while (*line == ' ' || (*line >= '0' && *line <= '9'))
		line++;
	return line;
}

bool aaa_filter_put_line(struct aaa_set *s, enum aaa_filter which, const char *line, char why[AAA_WHY])
{
	char *filter = s->filter[which], text[AAA_FILTER];
	struct rule_text r;
	uint32_t number = 0, last;
	size_t n;

	if (strchr(line, '\n') || (filter[0] && !aaa_filter_is_lines(filter)))
		return refuse(why, line, "a filter has a name or lines, not both:");
	if (!read_line(line, family_of(which), &number, &r))
		return refuse(why, line, r.why);
	char *place = place_of(filter, number, &n, &last);
	int len = snprintf(text, sizeof(text), "%lu %s\n", (unsigned long)(number ? number : last + 10),
		without_number(line));
	if (n == AAA_FILTER_LINES || len >= (int)sizeof(text) || strlen(filter) + (size_t)len >= AAA_FILTER)
		return refuse(why, line, "no room in the filter for");
	memmove(place + len, place, strlen(place) + 1);
	memcpy(place, text, (size_t)len);
	s->has |= AAA_BIT(AV_FILTER_IN4 + (int)which);
	return true;
}

bool aaa_filter_put_name(struct aaa_set *s, enum aaa_filter which, const char *name, char why[AAA_WHY])
{
	if (!aaa_is_name(name))
		return refuse(why, name, "no name of an access list");
	if (aaa_filter_is_lines(s->filter[which]))
		return refuse(why, name, "a filter has a name or lines, not both:");
	return aaa_put_text(s, (enum aaa_item)(AV_FILTER_IN4 + (int)which), name);
}

size_t aaa_filter_rules(const char *filter, uint8_t family, struct ip_rule out[AAA_FILTER_LINES])
{
	char line[AAA_FILTER];
	size_t n = 0;

	while (*filter && n < AAA_FILTER_LINES) {
		struct rule_text r;
		uint32_t number;
		size_t len = strcspn(filter, "\n");
		if (len < sizeof(line)) {
			memcpy(line, filter, len);
			line[len] = '\0';
			if (read_line(line, family, &number, &r))
				out[n++] = r.rule;
		}
		filter += len + (filter[len] == '\n');
	}
	return n;
}
