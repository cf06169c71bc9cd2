#include <string.h>

#include "core/base/mem.h"
#include "core/conf/check.h"
#include "core/conf/set.h"
#include "core/conf/shape.h"
#include "core/crypto/suite.h"

static bool is_aead(const struct conf_transform *t)
{
	const struct xf *x = suite_find(XF_ENCR, t->id, t->key_bits);
	return x && x->is_aead;
}

static bool all_aead(const struct transform_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!is_aead(&l->v[i]))
			return false;
	return l->n != 0;
}

/* R-POL-04: without `prf` the hash of each integrity algorithm. */
static void derive_prf(struct arena *a, struct ike_proposal *p)
{
	void *tmp;
	if (p->prf_named)
		return;
	p->prf = (struct transform_list){0};
	for (size_t i = 0; i < p->integ.n; i++) {
		const struct xf *integ =
			suite_find(XF_INTEG, p->integ.v[i].id, p->integ.v[i].key_bits);
		for (const struct xf *x = suite_next(XF_PRF, NULL); x && integ;
			x = suite_next(XF_PRF, x)) {
			struct conf_transform *slot =
				x->alg == integ->alg ? ARENA_PUSH(a, p->prf.v, p->prf.n, tmp)
						     : NULL;
			if (slot)
				*slot = (struct conf_transform){x->id, x->key_bits};
		}
	}
}

void derive_objects(struct snapshot *s)
{
	for (size_t i = 0; i < s->proposal_count; i++) {
		struct ike_proposal *p = &s->proposals[i];
		derive_prf(&s->arena, p);
		p->complete =
			p->encr.n && p->dh.n && p->prf.n &&
			(all_aead(&p->encr) ? p->integ.n == 0 : p->integ.n != 0); /* R-POL-05 */
	}
	for (size_t i = 0; i < s->policy_count; i++)
		s->policies[i].complete = s->policies[i].proposals.n != 0;
	for (size_t i = 0; i < s->profile_count; i++)
		s->profiles[i].complete = s->profiles[i].remote_count != 0;
	for (size_t i = 0; i < s->set_count; i++) {
		struct transform_set *t = &s->sets[i];
		t->complete = t->encr.n && (all_aead(&t->encr) ? t->integ.n == 0 : t->integ.n != 0);
	}
}

static uint32_t number_of(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->vrf_number_count; i++)
		if (strcmp(s->vrf_numbers[i].name, name) == 0)
			return s->vrf_numbers[i].num;
	return VRF_NONE;
}

static void number_add(struct snapshot *s, const char *name, uint32_t num)
{
	void *tmp;
	char *copy = arena_strndup(&s->arena, name, strlen(name));
	struct vrf_def *v =
		copy ? ARENA_PUSH(&s->arena, s->vrf_numbers, s->vrf_number_count, tmp) : NULL;
	if (v)
		*v = (struct vrf_def){.name = copy, .num = num};
}

static uint32_t resolve(const struct snapshot *s, const char *name)
{
	return snapshot_vrf(s, name) ? number_of(s, name) : VRF_NONE;
}

static void resolve_match(const struct snapshot *s, struct vrf_match *m)
{
	m->num = m->kind == VRF_NAMED ? resolve(s, m->name) : 0;
}

void derive_vrfs(struct snapshot *s, const struct snapshot *previous)
{
	uint32_t next = 1;
	for (size_t i = 0; previous && i < previous->vrf_number_count; i++) {
		const struct vrf_def *v = &previous->vrf_numbers[i];
		number_add(s, v->name, v->num);
		next = v->num >= next ? v->num + 1 : next;
	}
	for (size_t i = 0; i < s->vrf_count; i++) {
		if (number_of(s, s->vrfs[i].name) == VRF_NONE)
			number_add(s, s->vrfs[i].name, next++);
		s->vrfs[i].num = number_of(s, s->vrfs[i].name);
	}
	for (size_t i = 0; i < s->policy_count; i++)
		resolve_match(s, &s->policies[i].fvrf);
	for (size_t i = 0; i < s->profile_count; i++)
		resolve_match(s, &s->profiles[i].fvrf);
	for (size_t i = 0; i < s->own.listen_count; i++)
		s->own.listen[i].num = s->own.listen[i].vrf ? resolve(s, s->own.listen[i].vrf) : 0;
}

#define MODIFIED(list, count, shape, ref_)                                                         \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < s->count; i_++)                                           \
			if (strcmp(s->list[i_].name, "default") == 0 && !s->list[i_].disabled)     \
				s->list[i_].modified =                                             \
					!shape_equal(&(shape), &s->list[i_], (ref_));              \
	} while (0)

bool derive_modified(struct snapshot *s)
{
	struct snapshot *ref = mem_new(sizeof(*ref));
	if (!ref)
		return false;
	ref->refs = 1;
	ref->own.defaults_legacy = s->own.defaults_legacy;
	struct parse ps = {.s = ref, .system = true};
	parse_defaults(&ps, NULL);
	derive_objects(ref);
	bool ok = !ref->arena.nomem && ref->proposal_count && ref->policy_count &&
		  ref->authz_count && ref->set_count && ref->ipsec_profile_count;
	if (ok) {
		MODIFIED(proposals, proposal_count, shape_proposal, ref->proposals);
		MODIFIED(policies, policy_count, shape_policy, ref->policies);
		MODIFIED(authz, authz_count, shape_authz, ref->authz);
		MODIFIED(sets, set_count, shape_set, ref->sets);
		MODIFIED(ipsec_profiles, ipsec_profile_count, shape_ipsec_profile,
			ref->ipsec_profiles);
	}
	snapshot_unref(ref);
	return ok;
}
