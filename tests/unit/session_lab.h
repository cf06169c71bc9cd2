/* Small snapshots made by hand, for the tests of sessions: pools and what leads to them. */
#ifndef TESTS_UNIT_SESSION_LAB_H
#define TESTS_UNIT_SESSION_LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "tests/lib/t.h"

static inline struct snapshot *lab_snapshot(void)
{
	struct snapshot *s = mem_new(sizeof(*s));

	if (!s)
		abort();
	atomic_init(&s->refs, 1);
	return s;
}

static inline char *lab_str(struct snapshot *s, const char *text)
{
	return arena_strndup(&s->arena, text, strlen(text));
}

static inline struct addr lab_addr(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a) != ST_OK)
		abort();
	return a;
}

static inline struct prefix lab_prefix(const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p) != ST_OK)
		abort();
	return p;
}

/* `ip local pool`; again for another range. */
static inline void lab_pool4(
	struct snapshot *s, const char *name, const char *first, const char *last)
{
	struct pool4 *p = NULL;
	void *tmp;

	for (size_t i = 0; i < s->pool4_count; i++) {
		if (strcmp(s->pools4[i].name, name) == 0)
			p = &s->pools4[i];
	}
	if (!p) {
		p = ARENA_PUSH(&s->arena, s->pools4, s->pool4_count, tmp);
		p->name = lab_str(s, name);
	}
	struct pool4_range *r = ARENA_PUSH(&s->arena, p->ranges, p->range_count, tmp);
	r->first = lab_addr(first);
	r->last = lab_addr(last);
}

static inline void lab_pool6(
	struct snapshot *s, const char *name, const char *prefix, uint8_t handout)
{
	void *tmp;
	struct pool6 *p = ARENA_PUSH(&s->arena, s->pools6, s->pool6_count, tmp);

	p->name = lab_str(s, name);
	p->prefix = lab_prefix(prefix);
	p->handout_len = handout;
}

/* `aaa authorization network NAME METHOD` */
static inline void lab_list(struct snapshot *s, const char *name, const char *method)
{
	void *tmp;
	struct aaa_list *l = ARENA_PUSH(&s->arena, s->aaa_lists, s->aaa_list_count, tmp);

	l->name = lab_str(s, name);
	l->kind = AAA_AUTHOR_NETWORK;
	*ARENA_PUSH(&s->arena, l->methods.v, l->methods.n, tmp) = lab_str(s, method);
}

/* `crypto ikev2 profile NAME`, `virtual-template N`, `aaa authorization group psk list LIST POLICY`
 * (list NULL: without). */
static inline struct ike_profile *lab_profile(struct snapshot *s, const char *name,
	uint32_t template, const char *list, const char *policy)
{
	void *tmp;
	struct ike_profile *p = ARENA_PUSH(&s->arena, s->profiles, s->profile_count, tmp);

	p->name = lab_str(s, name);
	p->complete = true;
	p->virtual_template = template;
	if (list)
		p->group[AAA_PSK].list = lab_str(s, list);
	if (policy)
		p->group[AAA_PSK].username = lab_str(s, policy);
	return p;
}

static inline struct authz_policy *lab_authz(struct snapshot *s, const char *name)
{
	void *tmp;
	struct authz_policy *a = ARENA_PUSH(&s->arena, s->authz, s->authz_count, tmp);

	a->name = lab_str(s, name);
	return a;
}

static inline struct iface *lab_iface(
	struct snapshot *s, uint8_t kind, uint32_t number, const char *name)
{
	void *tmp;
	struct iface *i = ARENA_PUSH(&s->arena, s->ifaces, s->iface_count, tmp);

	i->name = lab_str(s, name);
	i->kind = kind;
	i->number = number;
	return i;
}

static inline void lab_acl(
	struct snapshot *s, uint8_t kind, const char *name, bool permit, const char *net)
{
	struct acl *a = (struct acl *)(uintptr_t)snapshot_acl(s, kind, name);
	void *tmp;

	if (!a) {
		a = ARENA_PUSH(&s->arena, s->acls, s->acl_count, tmp);
		a->name = lab_str(s, name);
		a->kind = kind;
	}
	struct acl_line *l = ARENA_PUSH(&s->arena, a->lines, a->line_count, tmp);
	l->permit = permit;
	l->net = lab_prefix(net);
}

static inline void lab_push_str(struct snapshot *s, struct str_list *l, const char *text)
{
	void *tmp;

	*ARENA_PUSH(&s->arena, l->v, l->n, tmp) = lab_str(s, text);
}

static inline void lab_remote(struct snapshot *s, struct authz_policy *a, const char *prefix)
{
	void *tmp;

	*ARENA_PUSH(&s->arena, a->remotes, a->remote_count, tmp) = lab_prefix(prefix);
}

static inline void lab_vrf(struct snapshot *s, const char *name, uint32_t num)
{
	void *tmp;
	struct vrf_def *v = ARENA_PUSH(&s->arena, s->vrfs, s->vrf_count, tmp);

	v->name = lab_str(s, name);
	v->num = num;
}

/* Text of an address in one of some buffers. */
static inline const char *lab_text(const struct addr *a)
{
	static char buf[8][ADDR_TEXT];
	static unsigned turn;

	return addr_format(a, buf[turn++ % 8]);
}

#endif
