/* NAS-Filter-Rule (RFC 4849): a rule of RFC 6733 section 4.3.1 becomes lines of access lists. */
#include <stdio.h>
#include <string.h>

#include "core/aaa/filter.h"
#include "core/aaa/value.h"
#include "core/conf/argument.h"

#define WORDS_MAX 32
#define SIDE 160 /* text of an address with its ports */

struct nas_rule {
	struct aaa_set *set;
	const char *text;
	char *why;
	char copy[AAA_FILTER];
	const char *w[WORDS_MAX]; /* lower case does not matter */
	size_t n, at;
	bool permit, is_out;
	const char *proto;
	uint8_t family; /* 0: both */
	char from[SIDE], to[SIDE];
	char tail[32];
	const char *icmp_types; /* "8,0"; NULL: any */
};

static bool refuse(struct nas_rule *r, const char *what)
{
	char shown[80];

	snprintf(r->why, AAA_WHY, "NAS-Filter-Rule: %s in \"%s\"", what, aaa_shown(r->text, shown, sizeof(shown)));
	return false;
}

static bool is(const char *a, const char *b)
{
	return a && strlen(a) == strlen(b) && strncasecmp_ascii(a, b, strlen(b)) == 0;
}

static const char *peek(const struct nas_rule *r)
{
	return r->at < r->n ? r->w[r->at] : NULL;
}

static bool take(struct nas_rule *r, const char *word)
{
	if (!is(peek(r), word))
		return false;
	r->at++;
	return true;
}

static bool take_head(struct nas_rule *r)
{
	r->permit = take(r, "permit");
	if (!r->permit && !take(r, "deny"))
		return refuse(r, "neither permit nor deny");
	r->is_out = take(r, "out");
	if (!r->is_out && !take(r, "in"))
		return refuse(r, "neither in nor out");
	r->proto = peek(r);
	if (!r->proto)
		return refuse(r, "no protocol");
	r->at++;
	if (is(r->proto, "1") || is(r->proto, "icmp"))
		r->family = 4;
	else if (is(r->proto, "58"))
		r->family = 6;
	return true;
}

static bool want_family(struct nas_rule *r, uint8_t family)
{
	if (r->family && r->family != family)
		return refuse(r, "IPv4 and IPv6");
	r->family = family;
	return true;
}

/* "80,443" and "1-1023" in words of an access list. */
static bool take_ports(struct nas_rule *r, char *side)
{
	const char *p = peek(r);
	size_t len = strlen(side), range = p ? strcspn(p, "-") : 0;

	if (!p || p[0] < '0' || p[0] > '9')
		return true;
	r->at++;
	if (p[range] && strchr(p, ','))
		return refuse(r, "ports and ranges of ports together");
	if (p[range])
		snprintf(side + len, SIDE - len, " range %.*s %s", (int)range, p, p + range + 1);
	else
		snprintf(side + len, SIDE - len, " eq %s", p);
	for (char *c = side + len; *c; c++)
		if (*c == ',')
			*c = ' ';
	return strlen(side) < SIDE - 1 || refuse(r, "too many ports");
}

/* "any" and "assigned" (nobody has another source than what he was assigned), an address, or ADDRESS/BITS. */
static bool take_side(struct nas_rule *r, const char *word, char *side)
{
	const char *a;
	struct prefix p;
	char text[PREFIX_TEXT];

	if (!take(r, word) || !peek(r))
		return refuse(r, "expected from ADDRESS to ADDRESS");
	a = r->w[r->at++];
	if (is(a, "any") || is(a, "assigned")) {
		snprintf(side, SIDE, "any");
		return take_ports(r, side);
	}
	if (a[0] == '!')
		return refuse(r, "a filter here cannot judge by addresses that are not meant");
	if (prefix_parse(a, &p) != ST_OK)
		return refuse(r, "no address");
	if (!want_family(r, p.addr.family))
		return false;
	prefix_mask(&p);
	if (p.len == (p.addr.family == 4 ? 32 : 128))
		snprintf(side, SIDE, "host %s", addr_format(&p.addr, text));
	else
		snprintf(side, SIDE, "%s", prefix_format(&p, text));
	return take_ports(r, side);
}

static bool take_options(struct nas_rule *r)
{
	while (peek(r)) {
		if (take(r, "established")) {
			snprintf(r->tail, sizeof(r->tail), " established");
		} else if (take(r, "frag")) {
			snprintf(r->tail, sizeof(r->tail), " fragments");
		} else if (take(r, "icmptypes") && peek(r)) {
			r->icmp_types = r->w[r->at++];
		} else {
			return refuse(r, "what a filter here cannot judge by");
		}
	}
	return true;
}

static bool put_line(const struct nas_rule *r, uint8_t family, const char *type)
{
	enum aaa_filter which = family == 4 ? (r->is_out ? AAA_OUT4 : AAA_IN4) : (r->is_out ? AAA_OUT6 : AAA_IN6);
	const char *proto = !is(r->proto, "ip") ? r->proto : family == 4 ? "ip" : "ipv6";
	char line[2 * SIDE + 128];

	snprintf(line, sizeof(line), "%s %.16s %s %s%s%.8s%s", r->permit ? "permit" : "deny", proto, r->from, r->to,
		type ? " " : "", type ? type : "", r->tail);
	return aaa_filter_put_line(r->set, which, line, r->why);
}

static bool put_types(struct nas_rule *r, uint8_t family)
{
	char copy[AAA_TEXT], *at = copy, *type;

	if (!r->icmp_types)
		return put_line(r, family, NULL);
	snprintf(copy, sizeof(copy), "%s", r->icmp_types);
	while ((type = aaa_next_word(&at, ",")) != NULL)
		if (!put_line(r, family, type))
			return false;
	return true;
}

static bool split(struct nas_rule *r)
{
	char *at = r->copy, *word;

	if (strlen(r->text) >= sizeof(r->copy))
		return refuse(r, "too much");
	snprintf(r->copy, sizeof(r->copy), "%s", r->text);
	while ((word = aaa_next_word(&at, " \t\r\n")) != NULL) {
		if (r->n == WORDS_MAX)
			return refuse(r, "too many words");
		r->w[r->n++] = word;
	}
	return true;
}

bool aaa_nas_put(struct aaa_set *s, struct aaa_nas_rules *rules, const char *rule, char why[AAA_WHY])
{
	struct nas_rule r = {.set = s, .text = rule, .why = why};

	if (!split(&r) || !take_head(&r) || !take_side(&r, "from", r.from) || !take_side(&r, "to", r.to) ||
		!take_options(&r))
		return false;
	if ((r.family != 6 && !put_types(&r, 4)) || (r.family != 4 && !put_types(&r, 6)))
		return false;
	rules->has[r.is_out] = true;
	rules->last_permits[r.is_out] = r.permit;
	return true;
}

/* An access list that is there denies what none of its lines matches; one that is not there, nothing. */
bool aaa_nas_end(struct aaa_set *s, const struct aaa_nas_rules *rules, char why[AAA_WHY])
{
	for (int out = 0; out < 2; out++) {
		for (int six = 0; rules->has[out] && six < 2; six++) {
			enum aaa_filter which = (enum aaa_filter)(2 * six + out);
			const char *rest = six ? "ipv6 any any" : "ip any any";
			char line[32];
			if (!s->filter[which][0] && !rules->last_permits[out])
				continue;
			snprintf(line, sizeof(line), "%s %s", rules->last_permits[out] ? "deny" : "permit", rest);
			if (!aaa_filter_put_line(s, which, line, why))
				return false;
		}
	}
	return true;
}
