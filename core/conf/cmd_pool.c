/* ip local pool, ipv6 local pool, access lists. */
#include <stdio.h>
#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/identity.h"
#include "core/conf/parse.h"
#include "core/conf/rule_text.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

/* ---- pools ---- */

static struct pool4 *pool4_find(struct cmd_call *c, const struct arg *name)
{
	for (size_t i = 0; i < c->s->pool4_count; i++)
		if (arg_is(name, c->s->pools4[i].name))
			return &c->s->pools4[i];
	return NULL;
}

static void pool4_drop(struct cmd_call *c, struct pool4 *p, const struct arg *first)
{
	for (size_t i = p->range_count; first && i-- > 0;)
		if (addr_eq(&p->ranges[i].first, &first->addr))
			p->range_count =
				arena_drop(p->ranges, p->range_count, i, sizeof(p->ranges[0]));
	if (!first || !p->range_count)
		c->s->pool4_count = arena_drop(
			c->s->pools4, c->s->pool4_count, (size_t)(p - c->s->pools4), sizeof(*p));
}

static bool pool4_overlaps(const struct pool4 *p, const struct pool4_range *r)
{
	for (size_t i = 0; i < p->range_count; i++)
		if (addr_cmp(&p->ranges[i].first, &r->last) <= 0 &&
			addr_cmp(&r->first, &p->ranges[i].last) <= 0)
			return true;
	return false;
}

void set_pool4(struct cmd_call *c)
{
	const struct arg *name = cmd_arg(c, "name"), *first = cmd_arg(c, "first"),
			 *last = cmd_arg(c, "last");
	struct pool4 *p = pool4_find(c, name);
	void *tmp;
	if (c->form != FORM_SET) {
		if (p)
			pool4_drop(c, p, first);
		return;
	}
	struct pool4_range r = {first->addr, last ? last->addr : first->addr};
	if (addr_cmp(&r.last, &r.first) < 0) {
		cmd_error(c, last, "the last address is before the first", "");
		return;
	}
	for (size_t i = 0; p && i < p->range_count; i++)
		if (addr_eq(&p->ranges[i].first, &r.first) && addr_eq(&p->ranges[i].last, &r.last))
			return;
	if (p && pool4_overlaps(p, &r)) {
		cmd_error(c, first, "overlaps a range that the pool has", "");
		return;
	}
	if (!p) {
		p = ARENA_PUSH(c->arena, c->s->pools4, c->s->pool4_count, tmp);
		if (!p)
			return;
		p->name = cmd_ref(c, name);
	}
	struct pool4_range *slot = ARENA_PUSH(c->arena, p->ranges, p->range_count, tmp);
	if (slot)
		*slot = r;
}

void print_pool4(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->pool4_count; i++)
		for (size_t k = 0; k < s->pools4[i].range_count; k++) {
			const struct pool4_range *r = &s->pools4[i].ranges[k];
			cout_head(o, row, false);
			cout_word(o, s->pools4[i].name);
			cout_str(o, " ");
			cout_addr(o, &r->first);
			cout_str(o, " ");
			cout_addr(o, &r->last);
			cout_end(o);
		}
}

void set_pool6(struct cmd_call *c)
{
	const struct arg *name = cmd_arg(c, "name"), *prefix = cmd_arg(c, "prefix"),
			 *len = cmd_arg(c, "handout");
	struct snapshot *s = c->s;
	struct pool6 *p = NULL;
	void *tmp;
	for (size_t i = 0; i < s->pool6_count; i++)
		if (arg_is(name, s->pools6[i].name))
			p = &s->pools6[i];
	if (c->form != FORM_SET) {
		if (p)
			s->pool6_count = arena_drop(
				s->pools6, s->pool6_count, (size_t)(p - s->pools6), sizeof(*p));
		return;
	}
	if (len->num < prefix->prefix.len) {
		cmd_error(c, len, "shorter than the prefix of the pool",
			"128 gives one address a client");
		return;
	}
	if (!p) {
		p = ARENA_PUSH(c->arena, s->pools6, s->pool6_count, tmp);
		if (!p)
			return;
		p->name = cmd_ref(c, name);
	}
	p->prefix = prefix->prefix;
	prefix_mask(&p->prefix);
	p->handout_len = (uint8_t)len->num;
}

void print_pool6(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->pool6_count; i++) {
		const struct pool6 *p = &s->pools6[i];
		cout_head(o, row, false);
		cout_word(o, p->name);
		cout_str(o, " ");
		cout_addr(o, &p->prefix.addr);
		cout_str(o, "/");
		cout_u32(o, p->prefix.len);
		cout_str(o, " ");
		cout_u32(o, p->handout_len);
		cout_end(o);
	}
}

/* ---- access lists ---- */

#define SEQ_STEP 10

static struct acl *acl_open(struct cmd_call *c, enum acl_kind kind, const struct arg *name)
{
	struct snapshot *s = c->s;
	for (size_t i = 0; i < s->acl_count; i++) {
		struct acl *a = &s->acls[i];
		if (!arg_is(name, a->name) || (a->kind == ACL_IPV6) != (kind == ACL_IPV6))
			continue;
		if (a->kind == kind)
			return a;
		cmd_error(c, name, "this list exists with another type", "");
		return NULL;
	}
	struct acl fresh = {.kind = (uint8_t)kind, .name = cmd_ref(c, name)};
	struct acl *v =
		fresh.name ? arena_grow(c->arena, s->acls, s->acl_count, sizeof(fresh)) : NULL;
	if (!v)
		return NULL;
	s->acls = v;
	size_t at = s->acl_count++; /* the lists of one kind stand together, as they are printed */
	while (at > 0 && v[at - 1].kind > fresh.kind)
		at--;
	memmove(&v[at + 1], &v[at], (s->acl_count - 1 - at) * sizeof(fresh));
	v[at] = fresh;
	return &v[at];
}

static void acl_drop(struct cmd_call *c, enum acl_kind kind, const struct arg *name)
{
	struct snapshot *s = c->s;
	for (size_t i = s->acl_count; i-- > 0;)
		if (arg_is(name, s->acls[i].name) && s->acls[i].kind == kind)
			s->acl_count = arena_drop(s->acls, s->acl_count, i, sizeof(s->acls[0]));
}

static enum acl_kind kind_of(const struct cmd *row)
{
	return row->enters == MODE_ACL4   ? ACL_STANDARD
	       : row->enters == MODE_ACL6 ? ACL_IPV6
					  : ACL_EXTENDED;
}

void set_acl(struct cmd_call *c)
{
	const struct arg *name = cmd_arg(c, "name");
	if (!name)
		cmd_error(c, NULL, "which list?", "");
	else if (c->form == FORM_SET)
		c->enter = acl_open(c, kind_of(c->row), name);
	else
		acl_drop(c, kind_of(c->row), name);
}

static bool same_line(const struct acl_line *a, const struct acl_line *b)
{
	if (!a->remark != !b->remark || !a->text != !b->text)
		return false;
	if (a->remark)
		return strcmp(a->remark, b->remark) == 0;
	if (a->text)
		return strcmp(a->text, b->text) == 0;
	return a->permit == b->permit && prefix_eq(&a->net, &b->net);
}

/* Lines are in the order of their numbers; one without a number comes last. */
static void acl_add(struct cmd_call *c, struct acl *a, struct acl_line line)
{
	const struct arg *seq = cmd_arg(c, "seq");
	for (size_t i = a->line_count; i-- > 0;) {
		bool same = c->form != FORM_SET && seq
				    ? a->lines[i].seq == seq->num
				    : !line.remark && same_line(&a->lines[i], &line);
		if (!same)
			continue;
		if (c->form == FORM_SET && !seq)
			return;
		a->line_count = arena_drop(a->lines, a->line_count, i, sizeof(line));
	}
	if (c->form != FORM_SET)
		return;
	uint32_t last = a->line_count ? a->lines[a->line_count - 1].seq : 0;
	line.seq = seq ? (uint32_t)seq->num : last + SEQ_STEP;
	struct acl_line *v = arena_grow(c->arena, a->lines, a->line_count, sizeof(line));
	if (!v)
		return;
	a->lines = v;
	size_t at = a->line_count++;
	while (at > 0 && v[at - 1].seq > line.seq)
		at--;
	memmove(&v[at + 1], &v[at], (a->line_count - 1 - at) * sizeof(line));
	v[at] = line;
}

static struct prefix source_of(const struct cmd_call *c)
{
	const struct arg *a = cmd_arg(c, "address"), *w = cmd_arg(c, "wild");
	struct prefix r = {.addr.family = 4};
	if (a)
		r = (struct prefix){a->addr, (uint8_t)(w ? w->prefix.len : 32)};
	prefix_mask(&r);
	return r;
}

/* One side of a line: any, host A, A WILD, P/LEN. Returns how many words it is, 0: none of these.
 */
static size_t side_words(const struct line *l, size_t at, uint8_t family, struct prefix *out)
{
	struct arg a, w;
	size_t used;
	bool host = at < l->n && l->w[at].len == 4 && memcmp(l->w[at].p, "host", 4) == 0;
	*out = (struct prefix){.addr.family = family};
	if (at < l->n && l->w[at].len == 3 && memcmp(l->w[at].p, "any", 3) == 0)
		return 1;
	if (argument_take(
		    family == 4 ? "<a:ip4>" : "<a:ip6>", l, host ? at + 1 : at, &a, &used, NULL)) {
		*out = (struct prefix){a.addr, family == 4 ? 32 : 128};
		if (host)
			return 2;
		if (family == 4 && argument_take("<w:wild>", l, at + 1, &w, &used, NULL)) {
			out->len = w.prefix.len;
			prefix_mask(out);
			return 2;
		}
		return family == 4 ? 1 : 0;
	}
	if (family == 6 && argument_take("<p:prefix6>", l, at, &a, &used, NULL)) {
		*out = a.prefix;
		prefix_mask(out);
		return 1;
	}
	return 0;
}

/* Text of a line that names a source network and nothing else that narrows it. */
static bool source_text(const struct arg *text, uint8_t family, struct prefix *out)
{
	struct line l;
	struct prefix other;
	line_split(&l, text->word.p, text->word.len, 0);
	size_t at = 0;
	if (family == 6 && (l.n < 1 || l.w[0].len != 4 || memcmp(l.w[0].p, "ipv6", 4) != 0))
		return false;
	at += family == 6 ? 1 : 0;
	size_t n = side_words(&l, at, family, out);
	at += n;
	if (n && family == 6) {
		n = side_words(&l, at, family, &other);
		at += n;
		n = other.len ? 0 : n;
	}
	at += at < l.n && l.w[at].len == 3 && memcmp(l.w[at].p, "log", 3) == 0 ? 1 : 0;
	return n && at == l.n;
}

/* ip SRC DST, or ipv6 SRC DST. */
static bool pair_text(const struct arg *text, struct prefix *from, struct prefix *to)
{
	struct line l;
	line_split(&l, text->word.p, text->word.len, 0);
	bool six = l.n > 0 && l.w[0].len == 4 && memcmp(l.w[0].p, "ipv6", 4) == 0;
	if (!six && (l.n < 1 || l.w[0].len != 2 || memcmp(l.w[0].p, "ip", 2) != 0))
		return false;
	size_t n = side_words(&l, 1, six ? 6 : 4, from);
	size_t m = n ? side_words(&l, 1 + n, six ? 6 : 4, to) : 0;
	return m && 1 + n + m == l.n;
}

static bool is_deny(const struct cmd_call *c)
{
	return cmd_has(c, "deny") || strncmp(c->row->grammar, "deny", 4) == 0;
}

/* What a line of text says of a packet. False: it is wrong. */
static bool rule_of(struct cmd_call *c, const struct acl *a, const struct arg *text, struct acl_line *line)
{
	struct rule_text r;
	bool ok = rule_text_parse(&text->word, line->permit, a->kind == ACL_IPV6 ? 6 : 4, &r);
	struct arg at = {.kind = ARG_TEXT, .word = r.at};
	if (!r.at.len)
		at.word.col = text->word.col + (uint32_t)text->word.len;
	line->rule = r.rule;
	line->is_unusable = r.is_unusable;
	if (!ok && c->form == FORM_SET)
		cmd_error(c, &at, r.why, r.hint);
	else if (r.is_unusable && c->form == FORM_SET)
		cmd_warn(c, &at, r.why, "the line is kept, but the list cannot be a filter");
	else if (r.has_log && c->form == FORM_SET)
		cmd_warn(c, NULL, "packets are counted, not logged:", "");
	return ok;
}

static void line_into(struct cmd_call *c, struct acl *a)
{
	const struct arg *remark = cmd_arg(c, "remark"), *text = cmd_arg(c, "text");
	struct acl_line line = {.permit = !is_deny(c)};
	if (remark) {
		line.remark = cmd_text(c, remark);
	} else if (text && (a->kind == ACL_EXTENDED ||
				   !source_text(text, a->kind == ACL_IPV6 ? 6 : 4, &line.net))) {
		size_t n = line.permit ? 7 : 5;
		char *t = arena_new(c->arena, text->word.len + 8);
		if (!t)
			return;
		line.net = (struct prefix){0};
		memcpy(t, line.permit ? "permit " : "deny ", n);
		memcpy(t + n, text->word.p, text->word.len);
		line.text = t;
		line.is_pair = pair_text(text, &line.from, &line.to);
		if (!rule_of(c, a, text, &line) && c->form == FORM_SET)
			return;
	} else if (!text) {
		line.net = source_of(c);
	}
	acl_add(c, a, line);
}

static void set_line(struct cmd_call *c)
{
	line_into(c, c->obj);
}

/* `access-list N ...`: 1-99 and 1300-1999 are standard, the rest extended. */
void set_acl_numbered(struct cmd_call *c)
{
	const struct arg *number = cmd_arg(c, "number");
	bool standard = number->num < 100 || (number->num >= 1300 && number->num < 2000);
	if (c->form != FORM_SET && c->n == 1) {
		acl_drop(c, standard ? ACL_STANDARD : ACL_EXTENDED, number);
		return;
	}
	const struct arg *text = cmd_arg(c, "text");
	struct prefix net;
	if (standard && text && !source_text(text, 4, &net)) {
		cmd_error(
			c, text, "not a line of a standard access list", "permit NETWORK WILDCARD");
		return;
	}
	struct acl *a = acl_open(c, standard ? ACL_STANDARD : ACL_EXTENDED, number);
	if (a)
		line_into(c, a);
}

static void print_line(struct cout *o, const struct acl *a, const struct acl_line *l)
{
	cout_begin(o);
	if (l->remark || l->text) {
		cout_str(o, l->remark ? "remark " : "");
		cout_str(o, l->remark ? l->remark : l->text);
		cout_end(o);
		return;
	}
	cout_str(o, l->permit ? "permit" : "deny");
	cout_str(o, a->kind == ACL_IPV6 ? " ipv6" : "");
	if (l->net.len == 0) {
		cout_str(o, " any");
	} else if (a->kind == ACL_IPV6) {
		prefix_print(o, &l->net);
	} else {
		struct addr wild = len_to_mask4(l->net.len);
		for (size_t i = 0; i < 4; i++)
			wild.b[i] = (uint8_t)~wild.b[i];
		cout_str(o, " ");
		cout_addr(o, &l->net.addr);
		cout_str(o, " ");
		cout_addr(o, &wild);
	}
	cout_str(o, a->kind == ACL_IPV6 ? " any" : "");
	cout_end(o);
}

/* Each of the three rows prints the lists of its kind. */
void print_acl(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->acl_count; i++) {
		const struct acl *a = &s->acls[i];
		if (a->kind != kind_of(row))
			continue;
		cout_line(o, row, a->name);
		o->indent++;
		for (size_t k = 0; k < a->line_count; k++)
			print_line(o, a, &a->lines[k]);
		cout_empty(o, a->line_count ? 0 : o->len);
		o->indent--;
		cout_str(o, "!\n");
	}
}

#define SEQ     "<seq:1-2147483647> "
#define SOURCE4 "{any|host <address:ip4>|<address:ip4> [<wild:wild>]} [log]"

static const struct cmd acl4[] = {
	{.grammar = "permit " SOURCE4,
		.when = WHEN_NEW,
		.set = set_line,
		.help = "Networks that match"},
	{.grammar = "deny " SOURCE4,
		.when = WHEN_NEW,
		.set = set_line,
		.help = "Networks that do not"},
	{.grammar = "remark <remark:line>", .when = WHEN_NEW, .set = set_line, .help = "Free text"},
	{.grammar = SEQ "{permit " SOURCE4 "|deny " SOURCE4 "|remark <remark:line>}",
		.when = WHEN_NEW,
		.set = set_line,
		.help = "With its place in the list"},
};
CMD_ROWS(rows_acl4, acl4);

static const struct cmd acl_ext[] = {
	{.grammar = "permit <text:line>",
		.when = WHEN_NEW,
		.set = set_line,
		.help = "Traffic that matches"},
	{.grammar = "deny <text:line>",
		.when = WHEN_NEW,
		.set = set_line,
		.help = "Traffic that does not"},
	{.grammar = "remark <remark:line>", .when = WHEN_NEW, .set = set_line, .help = "Free text"},
	{.grammar = SEQ "{permit <text:line>|deny <text:line>|remark <remark:line>}",
		.when = WHEN_NEW,
		.set = set_line,
		.help = "With its place in the list"},
};
CMD_ROWS(rows_acl_ext, acl_ext);

static const struct cmd acl6[] = {
	{.grammar = "permit <text:line>",
		.when = WHEN_NEW,
		.set = set_line,
		.help = "Networks that match: ipv6 SOURCE any"},
	{.grammar = "deny <text:line>",
		.when = WHEN_NEW,
		.set = set_line,
		.help = "Networks that do not"},
	{.grammar = "remark <remark:line>", .when = WHEN_NEW, .set = set_line, .help = "Free text"},
	{.grammar = "sequence " SEQ "{permit <text:line>|deny <text:line>|remark <remark:line>}",
		.when = WHEN_NEW,
		.set = set_line,
		.help = "With its place in the list"},
};
CMD_ROWS(rows_acl6, acl6);
