#include "core/esp/policy_make.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/conf/match.h"

struct list_box {
	struct list_box *next;
	const void *from; /* while it is made: the list, or the first line */
	struct esp_acl acl;
	struct ip_rule rules[];
};

struct esp_policy_parts {
	struct list_box *lists;
	struct esp_match *matches; /* of all classes */
	struct esp_class *classes; /* of both sides */
};

struct maker {
	const struct snapshot *s;
	struct esp_policy *p;
	size_t n_matches;
	bool nomem;
};

static void put_name(char out[ESP_CLASS_NAME], const char *name)
{
	size_t n = name ? strnlen(name, ESP_CLASS_NAME - 1) : 0;

	if (n)
		memcpy(out, name, n);
}

/* ---- access lists ------------------------------------------------------------------------- */

/* A line without text names a source network. */
static struct ip_rule rule_of(const struct acl *a, const struct acl_line *l)
{
	struct ip_rule r = {.permit = l->permit, .any_proto = true};

	if (l->text)
		return l->rule;
	r.family = a->kind == ACL_IPV6 ? 6 : 4;
	memcpy(r.src.addr, l->net.addr.b, sizeof(r.src.addr));
	rule_mask(r.src.mask, l->net.len);
	return r;
}

/* What a router permits at the end of every IPv6 list: without it nobody could find his neighbour. */
static struct ip_rule discovery(uint8_t type)
{
	return (struct ip_rule){.permit = true, .family = 6, .proto = IPP_ICMPV6, .has_icmp = true,
				.icmp = (uint16_t)(type << 8), .icmp_mask = 0xff00};
}

enum { SOLICITATION = 135, ADVERTISEMENT = 136, IMPLICIT = 2 };

/* Room for n lines; it is in the list of the policy already. NULL: out of memory. */
static struct list_box *box_new(struct maker *m, const void *from, size_t n)
{
	struct list_box *b = mem_new(sizeof(*b) + (n + IMPLICIT) * sizeof(struct ip_rule));

	if (!b) {
		m->nomem = true;
		return NULL;
	}
	b->from = from;
	b->acl.rules = b->rules;
	b->next = m->p->parts->lists;
	m->p->parts->lists = b;
	return b;
}

static const struct esp_acl *box_end(struct list_box *b, uint8_t family)
{
	if (family == 6) {
		b->rules[b->acl.n++] = discovery(SOLICITATION);
		b->rules[b->acl.n++] = discovery(ADVERTISEMENT);
	}
	return &b->acl;
}

static const struct esp_acl *list_of(struct maker *m, uint8_t family, const char *name)
{
	const struct acl *a = filter_acl(m->s, family, name);
	struct list_box *b = m->p->parts->lists;

	while (b && b->from != a)
		b = b->next;
	if (!a || b)
		return b ? &b->acl : NULL;
	b = box_new(m, a, a->line_count);
	for (size_t i = 0; b && i < a->line_count; i++) {
		if (!a->lines[i].remark && !a->lines[i].is_unusable)
			b->rules[b->acl.n++] = rule_of(a, &a->lines[i]);
	}
	return b ? box_end(b, family) : NULL;
}

static const struct esp_acl *lines_of(struct maker *m, uint8_t family, const struct esp_lines *l)
{
	struct list_box *b = box_new(m, l->v, l->n);

	for (size_t i = 0; b && i < l->n; i++)
		b->rules[b->acl.n++] = l->v[i];
	return b ? box_end(b, family) : NULL;
}

/* ---- classes ------------------------------------------------------------------------------ */

static uint64_t dscps_of(const struct class_match *c)
{
	uint64_t all = 0, values = (uint64_t)c->values[1] << 32 | c->values[0];

	if (c->kind == CLASS_DSCP)
		return values;
	for (unsigned v = 0; v < 8; v++)
		all |= values >> v & 1 ? UINT64_C(0xff) << 8 * v : 0;
	return all;
}

static struct esp_match match_of(struct maker *m, const struct class_match *c)
{
	struct esp_match r = {.kind = ESP_MATCH_NEVER};

	switch (c->kind) {
	case CLASS_ANY: r.kind = ESP_MATCH_ANY; break;
	case CLASS_ACL:
		r.kind = ESP_MATCH_ACL;
		r.acl4 = list_of(m, 4, c->name);
		r.acl6 = list_of(m, 6, c->name);
		break;
	case CLASS_DSCP:
	case CLASS_PRECEDENCE:
		r.kind = ESP_MATCH_DSCP;
		r.dscps = dscps_of(c);
		break;
	default: break; /* CLASS_QOS_GROUP: nobody marks packets before they come here */
	}
	return r;
}

static bool is_llq(const struct snapshot *s, const struct policy_class *c)
{
	return c->set_group && s->ipsec.llq_groups[c->qos_group / 32] >> c->qos_group % 32 & 1;
}

static void make_class(struct maker *m, const char *name, const struct policy_class *c, struct esp_class *out)
{
	const struct class_map *map = snapshot_class_map(m->s, name);
	struct esp_match *at = &m->p->parts->matches[m->n_matches];

	put_name(out->name, name);
	out->matches = at;
	if (strcmp(name, CLASS_DEFAULT) == 0)
		at[out->n_matches++].kind = ESP_MATCH_ANY;
	else
		out->match_all = map && !map->match_any;
	for (size_t i = 0; map && i < map->match_count; i++)
		at[out->n_matches++] = match_of(m, &map->matches[i]);
	m->n_matches += out->n_matches;
	if (!c)
		return;
	out->priority = c->priority ? c->priority : is_llq(m->s, c);
	out->set_dscp = c->set_dscp;
	out->dscp = c->dscp;
	out->rate = c->police ? c->rate : 0;
	out->burst = c->burst ? c->burst : policer_default_burst(c->rate);
	out->exceed_passes = c->exceed_passes;
}

/* class-default comes last wherever it stands, and is there when it does not. */
static size_t make_classes(struct maker *m, const struct policy_map *p, struct esp_class *out)
{
	const struct policy_class *rest = NULL;
	size_t n = 0;

	if (!p)
		return 0;
	for (size_t i = 0; i < p->class_count; i++) {
		if (strcmp(p->classes[i].name, CLASS_DEFAULT) == 0)
			rest = &p->classes[i];
		else if (n < ESP_CLASSES_MAX - 1)
			make_class(m, p->classes[i].name, &p->classes[i], &out[n++]);
	}
	make_class(m, CLASS_DEFAULT, rest, &out[n++]);
	return n;
}

static size_t count_matches(const struct snapshot *s, const struct policy_map *p)
{
	size_t n = 1;

	for (size_t i = 0; p && i < p->class_count; i++) {
		const struct class_map *c = snapshot_class_map(s, p->classes[i].name);

		n += c ? c->match_count : 0;
	}
	return n;
}

static void make_side(struct maker *m, const struct esp_rules *r, enum esp_dir dir, const struct policy_map *p)
{
	struct esp_side *s = &m->p->side[dir];
	struct esp_class *classes = m->p->parts->classes + (dir == ESP_DIR_OUT ? ESP_CLASSES_MAX : 0);

	s->acl4 = r->lines4[dir].n ? lines_of(m, 4, &r->lines4[dir]) : list_of(m, 4, r->filter4[dir]);
	s->acl6 = r->lines6[dir].n ? lines_of(m, 6, &r->lines6[dir]) : list_of(m, 6, r->filter6[dir]);
	put_name(s->acl4_name, r->lines4[dir].n ? "(lines)" : r->filter4[dir]);
	put_name(s->acl6_name, r->lines6[dir].n ? "(lines)" : r->filter6[dir]);
	s->classes = classes;
	s->n_classes = make_classes(m, p, classes);
	if (p)
		put_name(s->name, p->name);
	for (size_t k = 0; dir == ESP_DIR_OUT && k < s->n_classes; k++)
		m->p->has_priority |= classes[k].priority != 0;
}

struct esp_rules esp_rules_of(const struct iface *i)
{
	return (struct esp_rules){.filter4 = {i->filter[0], i->filter[1]}, .filter6 = {i->filter6[0], i->filter6[1]},
				  .service = {i->service_in, i->service_out}};
}

static bool is_nothing(const struct esp_rules *r)
{
	for (int d = 0; d < 2; d++)
		if (r->filter4[d] || r->filter6[d] || r->lines4[d].n || r->lines6[d].n || r->service[d])
			return false;
	return true;
}

/* What is named and not there. */
static bool is_missing(const struct snapshot *s, const struct esp_rules *r)
{
	for (int d = 0; d < 2; d++)
		if ((r->filter4[d] && !r->lines4[d].n && !filter_acl(s, 4, r->filter4[d])) ||
		    (r->filter6[d] && !r->lines6[d].n && !filter_acl(s, 6, r->filter6[d])) ||
		    (r->service[d] && !snapshot_policy_map(s, r->service[d])))
			return true;
	return false;
}

static enum status make(const struct snapshot *s, const struct esp_rules *r, struct esp_policy **out)
{
	const struct policy_map *in = r->service[0] ? snapshot_policy_map(s, r->service[0]) : NULL;
	const struct policy_map *put = r->service[1] ? snapshot_policy_map(s, r->service[1]) : NULL;
	size_t matches = count_matches(s, in) + count_matches(s, put);
	struct maker m = {.s = s};

	m.p = mem_new(sizeof(*m.p));
	if (!m.p)
		return ST_NOMEM;
	m.p->refs = 1;
	m.p->parts = mem_new(sizeof(*m.p->parts));
	if (m.p->parts) {
		m.p->parts->matches = mem_array(matches, sizeof(struct esp_match));
		m.p->parts->classes = mem_array(2 * ESP_CLASSES_MAX, sizeof(struct esp_class));
	}
	if (!m.p->parts || !m.p->parts->matches || !m.p->parts->classes) {
		esp_policy_unref(m.p);
		return ST_NOMEM;
	}
	make_side(&m, r, ESP_DIR_IN, in);
	make_side(&m, r, ESP_DIR_OUT, put);
	for (struct list_box *b = m.p->parts->lists; b; b = b->next)
		b->from = NULL;
	if (m.nomem) {
		esp_policy_unref(m.p);
		return ST_NOMEM;
	}
	*out = m.p;
	return ST_OK;
}

enum status esp_policy_make_rules(const struct snapshot *s, const struct esp_rules *r, struct esp_policy **out)
{
	*out = NULL;
	if (is_nothing(r))
		return ST_OK;
	return is_missing(s, r) ? ST_NOT_FOUND : make(s, r, out);
}

enum status esp_policy_make(const struct snapshot *s, const struct iface *i, struct esp_policy **out)
{
	struct esp_rules r = esp_rules_of(i);

	*out = NULL;
	return is_nothing(&r) ? ST_OK : make(s, &r, out);
}

struct esp_policy *esp_policy_ref(struct esp_policy *p)
{
	if (p)
		p->refs++;
	return p;
}

void esp_policy_unref(struct esp_policy *p)
{
	if (!p || --p->refs)
		return;
	while (p->parts && p->parts->lists) {
		struct list_box *b = p->parts->lists;

		p->parts->lists = b->next;
		mem_free(b);
	}
	if (p->parts) {
		mem_free(p->parts->matches);
		mem_free(p->parts->classes);
	}
	mem_free(p->parts);
	mem_free(p);
}

/* ---- the same? ---------------------------------------------------------------------------- */

/* Padding counts: at worst equal lists are taken for different ones, which costs an order. */
static bool list_same(const struct esp_acl *a, const struct esp_acl *b)
{
	if (!a || !b)
		return a == b;
	return a->n == b->n && (a->n == 0 || memcmp(a->rules, b->rules, a->n * sizeof(*a->rules)) == 0);
}

static bool class_same(const struct esp_class *a, const struct esp_class *b)
{
	if (strcmp(a->name, b->name) != 0 || a->match_all != b->match_all || a->n_matches != b->n_matches ||
	    a->priority != b->priority || a->set_dscp != b->set_dscp || a->dscp != b->dscp ||
	    a->rate != b->rate || a->burst != b->burst || a->exceed_passes != b->exceed_passes)
		return false;
	for (size_t i = 0; i < a->n_matches; i++) {
		const struct esp_match *x = &a->matches[i], *y = &b->matches[i];

		if (x->kind != y->kind || x->dscps != y->dscps || !list_same(x->acl4, y->acl4) ||
		    !list_same(x->acl6, y->acl6))
			return false;
	}
	return true;
}

static bool side_same(const struct esp_side *a, const struct esp_side *b)
{
	if (strcmp(a->name, b->name) != 0 || strcmp(a->acl4_name, b->acl4_name) != 0 ||
	    strcmp(a->acl6_name, b->acl6_name) != 0 || !list_same(a->acl4, b->acl4) ||
	    !list_same(a->acl6, b->acl6) || a->n_classes != b->n_classes)
		return false;
	for (size_t i = 0; i < a->n_classes; i++) {
		if (!class_same(&a->classes[i], &b->classes[i]))
			return false;
	}
	return true;
}

bool esp_policy_same(const struct esp_policy *a, const struct esp_policy *b)
{
	if (!a || !b)
		return a == b;
	return side_same(&a->side[0], &b->side[0]) && side_same(&a->side[1], &b->side[1]);
}
