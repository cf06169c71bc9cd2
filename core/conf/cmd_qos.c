/* class-map, policy-map; filters and service policies of an interface. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/conf/parse.h"
#include "core/conf/rule_text.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

/* `type inspect` and the like: not ours. True: said and read past. */
static bool is_of_a_type(struct cmd_call *c)
{
	if (!cmd_has(c, "type"))
		return false;
	if (c->form == FORM_SET)
		cmd_warn(c, NULL, "no meaning here, ignored:", "only maps without a type");
	c->skip = true;
	return true;
}

/* ---- class maps ---- */

void set_class_map(struct cmd_call *c)
{
	if (is_of_a_type(c))
		return;
	set_block(c);
	struct class_map *m = c->enter;
	if (m && (cmd_has(c, "match-any") || cmd_has(c, "match-all")))
		m->match_any = cmd_has(c, "match-any");
}

void print_class_map(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->class_map_count; i++) {
		const struct class_map *m = &s->class_maps[i];
		cout_head(o, row, false);
		cout_str(o, m->match_any ? " match-any" : " match-all");
		cout_word(o, m->name);
		cout_end(o);
		size_t before = o->len;
		o->indent++;
		print_rows(o, MODE_CLASS_MAP, m);
		cout_empty(o, before);
		o->indent--;
		cout_str(o, "!\n");
	}
}

static bool text_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool match_same(const struct class_match *a, const struct class_match *b)
{
	return a->kind == b->kind && text_same(a->name, b->name) && a->values[0] == b->values[0] &&
	       a->values[1] == b->values[1] && a->qos_group == b->qos_group;
}

/* In the order of their kinds, as they are printed; what they mean has no order. */
static void match_put(struct cmd_call *c, const struct class_match *want)
{
	struct class_map *m = c->obj;
	for (size_t i = m->match_count; i-- > 0;)
		if (match_same(&m->matches[i], want)) {
			if (c->form == FORM_SET)
				return;
			m->match_count = arena_drop(m->matches, m->match_count, i, sizeof(*want));
		}
	if (c->form != FORM_SET)
		return;
	if (m->match_count == CLASS_MATCHES_MAX) {
		cmd_error(c, NULL, "too many matches in one class map", "32 are possible");
		return;
	}
	struct class_match *v = arena_grow(c->arena, m->matches, m->match_count, sizeof(*want));
	if (!v)
		return;
	m->matches = v;
	size_t at = m->match_count++;
	while (at > 0 && v[at - 1].kind > want->kind)
		at--;
	memmove(&v[at + 1], &v[at], (m->match_count - 1 - at) * sizeof(*want));
	v[at] = *want;
}

static void set_match_list(struct cmd_call *c)
{
	const struct arg *a = cmd_arg(c, "list");
	struct class_match m = {.kind = CLASS_ACL};
	if (!a)
		return;
	m.name = cmd_ref(c, a);
	if (m.name)
		match_put(c, &m);
}

/* off: the kind. */
static void set_match_values(struct cmd_call *c)
{
	struct class_match m = {.kind = (uint8_t)c->row->off};
	for (size_t i = 0; i < c->n; i++) {
		struct word w = c->args[i].word;
		uint8_t v;
		bool ok = m.kind == CLASS_DSCP ? rule_dscp(w.p, w.len, &v) : rule_precedence(w.p, w.len, &v);
		if (!ok) {
			cmd_error(c, &c->args[i], m.kind == CLASS_DSCP ? "expected a DSCP such as ef, af11 or 46" :
				"expected a precedence, 0-7 or a name", "");
			return;
		}
		m.values[v / 32] |= UINT32_C(1) << v % 32;
	}
	if (c->n)
		match_put(c, &m);
}

static void set_match_any(struct cmd_call *c)
{
	match_put(c, &(struct class_match){.kind = CLASS_ANY});
}

static void set_match_group(struct cmd_call *c)
{
	const struct arg *a = cmd_arg(c, "group");
	if (a)
		match_put(c, &(struct class_match){.kind = CLASS_QOS_GROUP, .qos_group = (uint32_t)a->num});
}

static void print_match(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct class_map *map = obj;
	for (size_t i = 0; i < map->match_count; i++) {
		const struct class_match *m = &map->matches[i];
		if (m->kind != row->off)
			continue;
		cout_head(o, row, false);
		if (m->kind == CLASS_ACL) {
			cout_str(o, " name");
			cout_word(o, m->name);
		}
		for (uint32_t v = 0; v < 64; v++)
			if (m->values[v / 32] >> v % 32 & 1) {
				cout_str(o, " ");
				cout_u32(o, v);
			}
		if (m->kind == CLASS_QOS_GROUP) {
			cout_str(o, " ");
			cout_u32(o, m->qos_group);
		}
		cout_end(o);
	}
}

#define MATCH(words, kind_, set_, print_, flags_, what)                                            \
	{                                                                                          \
		.grammar = words, .off = kind_, .flags = flags_, .when = WHEN_LIVE, .set = set_,   \
		.print = print_, .help = what                                                      \
	}
#define NO_MATCH(words)                                                                            \
	{                                                                                          \
		.grammar = words " ...", .flags = CMD_REFUSED, .set = set_none,                    \
		.help = "packets are matched by access list, DSCP and precedence"                  \
	}

static const struct cmd class_map[] = {
	{.grammar = "description <text:line>",
		.off = offsetof(struct class_map, description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	MATCH("match any", CLASS_ANY, set_match_any, print_match, 0, "Every packet"),
	MATCH("match access-group {name <list:name>|<list:1-2699>}", CLASS_ACL, set_match_list,
		print_match, 0, "What an access list permits, IPv4 or IPv6"),
	MATCH("match dscp <value:word>+", CLASS_DSCP, set_match_values, print_match, 0,
		"Any of these code points, inner header"),
	MATCH("match ip dscp <value:word>+", CLASS_DSCP, set_match_values, NULL, 0, "The same"),
	MATCH("match precedence <value:word>+", CLASS_PRECEDENCE, set_match_values, print_match, 0,
		"Any of these precedences, inner header"),
	MATCH("match ip precedence <value:word>+", CLASS_PRECEDENCE, set_match_values, NULL, 0,
		"The same"),
	MATCH("match qos-group <group:0-99>", CLASS_QOS_GROUP, set_match_group, print_match, CMD_LATER,
		"groups that others set"),
	NO_MATCH("match protocol"),
	NO_MATCH("match not"),
	NO_MATCH("match cos"),
	NO_MATCH("match mpls"),
	NO_MATCH("match vlan"),
	NO_MATCH("match input-interface"),
	NO_MATCH("match source-address"),
	NO_MATCH("match destination-address"),
	NO_MATCH("match packet"),
	NO_MATCH("match class-map"),
};
CMD_ROWS(rows_class_map, class_map);

/* ---- policy maps ---- */

void set_policy_map(struct cmd_call *c)
{
	if (!is_of_a_type(c))
		set_block(c);
}

/* One place is left for class-default. */
static void set_class(struct cmd_call *c)
{
	struct policy_map *p = c->obj;
	const struct arg *name = cmd_arg(c, "name");
	size_t before = p->class_count, others = 0;
	set_block(c);
	for (size_t i = 0; i < p->class_count; i++)
		others += strcmp(p->classes[i].name, CLASS_DEFAULT) != 0;
	if (p->class_count == before || others < POLICY_CLASSES_MAX)
		return;
	cmd_error(c, name, "too many classes in one policy map", "15 are possible beside class-default");
	p->class_count = before;
	c->enter = NULL;
	c->skip = true;
}

static const struct cmd policy_map[] = {
	{.grammar = "description <text:line>",
		.off = offsetof(struct policy_map, description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	{.grammar = "class <name:name>",
		.enters = MODE_POLICY_CLASS,
		.when = WHEN_LIVE,
		.set = set_class,
		.print = print_block,
		.help = "What packets of a class map get; the first class that matches counts"},
};
CMD_ROWS(rows_policy_map, policy_map);

static void set_priority(struct cmd_call *c)
{
	struct policy_class *p = c->obj;
	const struct arg *level = cmd_arg(c, "level"), *percent = cmd_arg(c, "percent"),
			 *kbps = cmd_arg(c, "kbps");
	bool on = c->form == FORM_SET;
	p->priority = on ? (uint8_t)(level ? level->num : 1) : 0;
	p->priority_percent = on && percent ? (uint32_t)percent->num : 0;
	p->priority_kbps = on && kbps ? (uint32_t)kbps->num : 0;
	if (on && (percent || kbps))
		cmd_warn(c, percent ? percent : kbps, "kept, but priority is not limited by it",
			"police limits the class");
}

static void print_priority(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct policy_class *p = obj;
	if (!p->priority)
		return;
	cout_head(o, row, false);
	if (p->priority == 2 || !p->priority_kbps) {
		cout_str(o, " level ");
		cout_u32(o, p->priority);
	}
	if (p->priority_percent) {
		cout_str(o, " percent ");
		cout_u32(o, p->priority_percent);
	}
	if (p->priority_kbps) {
		cout_str(o, " ");
		cout_u32(o, p->priority_kbps);
	}
	cout_end(o);
}

static void set_police(struct cmd_call *c)
{
	struct policy_class *p = c->obj;
	const struct arg *rate = cmd_arg(c, "rate"), *burst = cmd_arg(c, "burst"), *be = cmd_arg(c, "be");
	p->police = c->form == FORM_SET;
	p->rate = p->police ? rate->num : 0;
	p->burst = p->police && burst ? (uint32_t)burst->num : 0;
	p->exceed_passes = false;
	for (size_t i = 0; p->police && i + 1 < c->n; i++)
		if (arg_is(&(struct arg){.word = c->args[i].key}, "exceed-action"))
			p->exceed_passes = arg_is(&(struct arg){.word = c->args[i + 1].key}, "transmit");
	if (p->police && be)
		cmd_warn(c, be, "there is one bucket, no excess burst:", "");
}

static void print_police(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct policy_class *p = obj;
	char text[24];
	if (!p->police)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, p->rate);
	cout_head(o, row, false);
	cout_str(o, " cir ");
	cout_str(o, text);
	if (p->burst) {
		cout_str(o, " bc ");
		cout_u32(o, p->burst);
	}
	cout_str(o, " conform-action transmit exceed-action ");
	cout_str(o, p->exceed_passes ? "transmit" : "drop");
	cout_end(o);
}

/* The lines under `police`, as routers print them. */
static void set_exceed(struct cmd_call *c)
{
	struct policy_class *p = c->obj;
	p->exceed_passes = p->police && c->form == FORM_SET && cmd_has(c, "transmit");
	if (!p->police && c->form == FORM_SET)
		cmd_warn(c, NULL, "nothing is above a rate without police:", "");
}

/* off: whether the value is a precedence. */
static void set_mark(struct cmd_call *c)
{
	struct policy_class *p = c->obj;
	const struct arg *a = cmd_arg(c, "value");
	uint8_t v = 0;
	p->set_dscp = c->form == FORM_SET;
	p->dscp = 0;
	if (!p->set_dscp)
		return;
	bool ok = c->row->off ? rule_precedence(a->word.p, a->word.len, &v) : rule_dscp(a->word.p, a->word.len, &v);
	if (!ok)
		cmd_error(c, a, c->row->off ? "expected a precedence, 0-7 or a name" :
			"expected a DSCP such as ef, af11 or 46", "");
	p->dscp = c->row->off ? (uint8_t)(v << 3) : v;
}

static void print_mark(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct policy_class *p = obj;
	if (!p->set_dscp)
		return;
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, p->dscp);
	cout_end(o);
}

static void set_group(struct cmd_call *c)
{
	struct policy_class *p = c->obj;
	const struct arg *a = cmd_arg(c, "group");
	p->set_group = c->form == FORM_SET;
	p->qos_group = p->set_group ? (uint32_t)a->num : 0;
}

static void print_group(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct policy_class *p = obj;
	if (!p->set_group)
		return;
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, p->qos_group);
	cout_end(o);
}

#define RATE  "8000-100000000000"
#define BURST "1000-512000000"
#define UNUSED(words)                                                                              \
	{                                                                                          \
		.grammar = words " ...", .flags = CMD_IGNORED, .set = set_none,                    \
		.help = "`" words "` of a class"                                                   \
	}
#define CLASS_ROW(words, set_, print_, off_, what)                                                 \
	{                                                                                          \
		.grammar = words, .off = off_, .when = WHEN_LIVE, .set = set_, .print = print_,    \
		.help = what                                                                       \
	}

static const struct cmd policy_class[] = {
	CLASS_ROW("priority [{level <level:1-2> [percent <percent:1-100>]|percent <percent:1-100>|"
		"<kbps:1-10000000> [<bytes:18-2000000>]}]",
		set_priority, print_priority, 0,
		"Sealed and sent before what has none; level 1 before level 2"),
	{.grammar = "bandwidth <text:line>",
		.off = offsetof(struct policy_class, bandwidth),
		.when = WHEN_LIVE,
		.flags = CMD_LATER,
		.set = set_str,
		.print = print_str,
		.help = "shares of what bulk gets"},
	CLASS_ROW("police {cir <rate:" RATE ">|rate <rate:" RATE "> [bps]|<rate:" RATE ">} "
		"[{bc <burst:" BURST ">|burst <burst:" BURST ">|<burst:" BURST ">}] "
		"[{be <be:" BURST ">|<be:" BURST ">}] [conform-action transmit] "
		"[exceed-action {drop|transmit}] [violate-action {drop|transmit}]",
		set_police, print_police, 0,
		"Bits a second, and a burst in bytes (default: a quarter of a second); each session has its own"),
	CLASS_ROW("conform-action transmit", set_none, NULL, 0, "Under police: what is within the rate"),
	CLASS_ROW("exceed-action {drop|transmit}", set_exceed, NULL, 0,
		"Under police: what is above the rate"),
	CLASS_ROW("violate-action {drop|transmit}", set_none, NULL, 0, "Under police: there is one bucket only"),
	CLASS_ROW("set dscp <value:word>", set_mark, print_mark, 0, "Code point of the inner header"),
	CLASS_ROW("set ip dscp <value:word>", set_mark, NULL, 0, "The same"),
	CLASS_ROW("set precedence <value:word>", set_mark, NULL, 1, "The same by precedence"),
	CLASS_ROW("set ip precedence <value:word>", set_mark, NULL, 1, "The same"),
	CLASS_ROW("set qos-group <group:0-99>", set_group, print_group, 0,
		"Group of the packets, for platform ipsec llq"),
	UNUSED("shape"),
	UNUSED("fair-queue"),
	UNUSED("queue-limit"),
	UNUSED("queue-buffers"),
	UNUSED("random-detect"),
	UNUSED("service-policy"),
	UNUSED("netflow-sampler"),
};
CMD_ROWS(rows_policy_class, policy_class);

/* ---- interfaces ---- */

/* off: the pair of names, in and out. */
void set_filter(struct cmd_call *c)
{
	char **pair = (char **)(void *)((char *)c->obj + c->row->off);
	const struct arg *name = cmd_arg(c, "name");
	bool is_in = cmd_has(c, "in"), is_out = cmd_has(c, "out");
	for (int i = 0; i < 2; i++)
		if ((i == 0 && is_in) || (i == 1 && is_out) || (!is_in && !is_out))
			pair[i] = c->form == FORM_SET ? cmd_ref(c, name) : NULL;
}

void print_filter(struct cout *o, const struct cmd *row, const void *obj)
{
	char *pair[2];
	memcpy(pair, (const char *)obj + row->off, sizeof(pair));
	for (int i = 0; i < 2; i++) {
		if (!pair[i])
			continue;
		cout_head(o, row, false);
		cout_word(o, pair[i]);
		cout_str(o, i ? " out" : " in");
		cout_end(o);
	}
}

/* ---- platform ipsec llq ---- */

void set_llq(struct cmd_call *c)
{
	uint32_t *groups = c->s->ipsec.llq_groups;
	const struct arg *a = cmd_arg(c, "group");
	for (uint32_t g = 0; g <= QOS_GROUP_MAX && c->form != FORM_SET; g++)
		if (!a || a->num == g)
			groups[g / 32] &= ~(UINT32_C(1) << g % 32);
	if (c->form == FORM_SET)
		groups[a->num / 32] |= UINT32_C(1) << a->num % 32;
}

void print_llq(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (uint32_t g = 0; g <= QOS_GROUP_MAX; g++)
		if (s->ipsec.llq_groups[g / 32] >> g % 32 & 1) {
			cout_head(o, row, false);
			cout_str(o, " ");
			cout_u32(o, g);
			cout_end(o);
		}
}
