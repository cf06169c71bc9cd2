#include "core/conf/rule_text.h"

#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/rule_names.h"

#define ICMP_ANY_CODE 0xff

struct reader {
	struct line l;
	size_t at;
	const struct word *text;
	uint8_t family;
	struct rule_text *out;
};

static struct word word_at(const struct reader *r, size_t at)
{
	if (at >= r->l.n)
		return (struct word){0};
	struct word w = r->l.w[at];
	w.col = r->text->col + (uint32_t)(w.p - r->text->p);
	return w;
}

static bool wrong(struct reader *r, const char *why, const char *hint)
{
	r->out->at = word_at(r, r->at);
	r->out->why = why;
	r->out->hint = hint;
	return false;
}

static bool word_is(const struct reader *r, size_t at, const char *s)
{
	return at < r->l.n && r->l.w[at].len == strlen(s) &&
	       strncasecmp_ascii(r->l.w[at].p, s, strlen(s)) == 0;
}

static bool take_word(struct reader *r, const char *s)
{
	if (!word_is(r, r->at, s))
		return false;
	r->at++;
	return true;
}

static bool number(struct word w, uint16_t max, uint16_t *out)
{
	uint32_t v = 0;
	if (!w.len || w.len > 5)
		return false;
	for (size_t i = 0; i < w.len; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(w.p[i] - '0');
	}
	*out = (uint16_t)v;
	return v <= max;
}

/* A number, or a name of the table. */
static bool take_value(struct reader *r, enum rule_names names, uint16_t max, uint16_t *out)
{
	struct word w = word_at(r, r->at);
	if (!w.len || (!number(w, max, out) && !rule_name_find(names, w.p, w.len, out)))
		return false;
	r->at++;
	return true;
}

static bool take_proto(struct reader *r)
{
	struct ip_rule *rule = &r->out->rule;
	uint16_t v;
	if (take_word(r, r->family == 4 ? "ip" : "ipv6")) {
		rule->any_proto = true;
		return true;
	}
	if (word_is(r, r->at, "object-group")) {
		r->out->is_unusable = true;
		return wrong(r, "object groups are not supported in an access list:", "");
	}
	if (!take_value(r, r->family == 4 ? NAMES_PROTO4 : NAMES_PROTO6, 255, &v))
		return wrong(r, "expected a protocol", r->family == 4 ? "ip, tcp, udp, icmp, or a number" : "ipv6, tcp, udp, icmp, or a number");
	rule->proto = (uint8_t)v;
	return true;
}

static bool take_addr(struct reader *r, struct rule_side *s)
{
	struct arg a, w;
	size_t used;
	const char *addr = r->family == 4 ? "<a:ip4>" : "<a:ip6>";
	bool host = take_word(r, "host");
	if (!host && take_word(r, "any"))
		return true;
	if (word_is(r, r->at, "object-group") || word_is(r, r->at, "addrgroup")) {
		r->out->is_unusable = true;
		return wrong(r, "object groups are not supported in an access list:", "");
	}
	if (!host && argument_take(r->family == 4 ? "<p:prefix4>" : "<p:prefix6>", &r->l, r->at, &a, &used, NULL)) {
		memcpy(s->addr, a.prefix.addr.b, 16);
		rule_mask(s->mask, a.prefix.len);
		r->at++;
		return true;
	}
	if (!argument_take(addr, &r->l, r->at, &a, &used, NULL) || (!host && r->family == 6))
		return wrong(r, "expected a network", r->family == 4 ? "any, host ADDRESS, or ADDRESS WILDCARD" : "any, host ADDRESS, or PREFIX/LENGTH");
	memcpy(s->addr, a.addr.b, 16);
	rule_mask(s->mask, r->family == 4 ? 32 : 128);
	r->at++;
	if (host)
		return true;
	if (!argument_take("<w:ip4>", &r->l, r->at, &w, &used, NULL))
		return wrong(r, "expected wildcard bits such as 0.0.0.255", "host ADDRESS means one");
	for (size_t i = 0; i < 4; i++)
		s->mask[i] = (uint8_t)~w.addr.b[i];
	r->at++;
	return true;
}

static bool take_port(struct reader *r, uint16_t *out)
{
	bool udp = r->out->rule.proto == IPP_UDP;
	if (take_value(r, udp ? NAMES_UDP : NAMES_TCP, 65535, out))
		return true;
	return wrong(r, "expected a port, a number or a name", "");
}

/* eq and neq take several. */
static bool take_list(struct reader *r, struct rule_ports *p)
{
	uint16_t v;
	if (!take_port(r, &p->lo))
		return false;
	p->hi = p->lo;
	while (take_value(r, r->out->rule.proto == IPP_UDP ? NAMES_UDP : NAMES_TCP, 65535, &v)) {
		if (p->n == RULE_PORTS_MORE)
			return wrong(r, "too many ports in one line", "10 are possible, or a range");
		p->more[p->n++] = v;
	}
	return true;
}

static bool take_ports(struct reader *r, struct rule_ports *p)
{
	uint8_t proto = r->out->rule.proto;
	uint16_t v;
	bool fits = !r->out->rule.any_proto && (proto == IPP_TCP || proto == IPP_UDP || proto == IPP_SCTP);
	bool eq = word_is(r, r->at, "eq"), neq = word_is(r, r->at, "neq"), lt = word_is(r, r->at, "lt"),
	     gt = word_is(r, r->at, "gt"), range = word_is(r, r->at, "range");
	if (!eq && !neq && !lt && !gt && !range)
		return true;
	if (!fits)
		return wrong(r, "only tcp, udp and sctp have ports:", "");
	r->at++;
	p->is_set = true;
	p->is_not = neq;
	p->lo = 0;
	p->hi = 65535;
	if (eq || neq)
		return take_list(r, p);
	if (!take_port(r, &v))
		return false;
	if ((lt && v == 0) || (gt && v == 65535)) {
		r->at--;
		return wrong(r, "no port is left by", "");
	}
	if (lt)
		p->hi = (uint16_t)(v - 1);
	else if (gt)
		p->lo = (uint16_t)(v + 1);
	else
		p->lo = v;
	if (range && !take_port(r, &p->hi))
		return false;
	if (p->lo > p->hi)
		return wrong(r, "the range ends before it begins", "");
	return true;
}

/* echo, port-unreachable, 3, or 3 1. */
static bool take_icmp(struct reader *r)
{
	struct ip_rule *rule = &r->out->rule;
	struct word w = word_at(r, r->at);
	uint16_t type, code;
	bool is_icmp = !rule->any_proto && rule->proto == (r->family == 4 ? IPP_ICMP : IPP_ICMPV6);
	if (!is_icmp || !w.len)
		return false;
	if (rule_name_find(r->family == 4 ? NAMES_ICMP4 : NAMES_ICMP6, w.p, w.len, &rule->icmp)) {
		rule->icmp_mask = (rule->icmp & 0xff) == ICMP_ANY_CODE ? 0xff00 : 0xffff;
	} else if (number(w, 255, &type)) {
		rule->icmp = (uint16_t)(type << 8);
		rule->icmp_mask = 0xff00;
		if (number(word_at(r, r->at + 1), 255, &code)) {
			r->at++;
			rule->icmp |= code;
			rule->icmp_mask = 0xffff;
		}
	} else {
		return false;
	}
	r->at++;
	rule->has_icmp = true;
	return true;
}

static bool take_marks(struct reader *r, bool *failed)
{
	struct ip_rule *rule = &r->out->rule;
	bool dscp = word_is(r, r->at, "dscp");
	uint8_t v;
	if (!dscp && !word_is(r, r->at, "precedence"))
		return false;
	struct word w = word_at(r, ++r->at);
	*failed = !w.len || !(dscp ? rule_dscp(w.p, w.len, &v) : rule_precedence(w.p, w.len, &v));
	if (*failed)
		return wrong(r, dscp ? "expected a DSCP such as ef, af11 or 46" : "expected a precedence, 0-7 or a name", "");
	r->at++;
	rule->has_dscps = true;
	rule->dscps = dscp ? UINT64_C(1) << v : UINT64_C(0xff) << 8 * v;
	return true;
}

/* Words that say more than a filter here can see. */
static bool is_unusable(const struct reader *r)
{
	static const char *const words[] = {"time-range", "reflect", "evaluate", "option", "ttl", "tos",
		"match-any", "match-all", "syn", "ack", "fin", "psh", "rst", "urg", "routing",
		"routing-type", "flow-label", "mobility", "mobility-type", "dest-option",
		"dest-option-type", "auth", "undetermined-transport", "timeout", "hbh"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word_is(r, r->at, words[i]))
			return true;
	return false;
}

static bool take_option(struct reader *r)
{
	struct ip_rule *rule = &r->out->rule;
	bool failed = false;
	uint16_t seq;
	if (take_word(r, "established")) {
		rule->established = true;
		return (!rule->any_proto && rule->proto == IPP_TCP) || wrong(r, "only tcp can be established", "");
	}
	if (take_word(r, "fragments")) {
		rule->fragments = true;
		return true;
	}
	if (take_word(r, "log") || take_word(r, "log-input")) {
		r->out->has_log = true;
		return true;
	}
	if (r->family == 6 && word_is(r, r->at, "sequence") && number(word_at(r, r->at + 1), 65535, &seq)) {
		r->at += 2;
		return true;
	}
	if (take_marks(r, &failed) || failed)
		return !failed;
	if (take_icmp(r))
		return true;
	if (!is_unusable(r))
		return wrong(r, "unexpected word", "");
	r->out->is_unusable = true;
	return wrong(r, "a filter cannot judge by", "");
}

bool rule_text_parse(const struct word *text, bool permit, uint8_t family, struct rule_text *out)
{
	struct reader r = {.text = text, .family = family, .out = out};
	*out = (struct rule_text){.why = "", .hint = ""};
	struct ip_rule *rule = &out->rule;
	rule->permit = permit;
	rule->family = family;
	line_split(&r.l, text->p, text->len, 0);
	if (!take_proto(&r) || !take_addr(&r, &rule->src) || !take_ports(&r, &rule->src.ports) ||
		!take_addr(&r, &rule->dst) || !take_ports(&r, &rule->dst.ports))
		return out->is_unusable;
	while (r.at < r.l.n)
		if (!take_option(&r))
			return out->is_unusable;
	if (!rule->fragments || (!rule->src.ports.is_set && !rule->dst.ports.is_set && !rule->has_icmp && !rule->established))
		return true;
	return wrong(&r, "later fragments have no ports, types or flags", "");
}

bool rule_dscp(const char *p, size_t len, uint8_t *out)
{
	uint16_t v;
	if (!number((struct word){p, len, 0}, 63, &v) && !rule_name_find(NAMES_DSCP, p, len, &v))
		return false;
	*out = (uint8_t)v;
	return true;
}

bool rule_precedence(const char *p, size_t len, uint8_t *out)
{
	uint16_t v;
	if (!number((struct word){p, len, 0}, 7, &v) && !rule_name_find(NAMES_PRECEDENCE, p, len, &v))
		return false;
	*out = (uint8_t)v;
	return true;
}
