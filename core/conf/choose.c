#include "core/conf/choose.h"

#include <string.h>

#include "core/crypto/suite.h"

#define MAX_TYPES (TRANSFORM_ADDKE7 + 1)

/* What kind of choice it is. */
struct how {
	uint8_t protocol;
	bool first_child;
	bool answer; /* the offer is the responder's answer to ours */
};

struct allowed allowed_from_proposal(const struct ike_proposal *p)
{
	struct allowed a = {.encr = p->encr, .integ = p->integ, .prf = p->prf, .dh = p->dh};
	a.addke = p->addke;
	return a;
}

struct allowed allowed_from_set(const struct transform_set *t, const struct ipsec_profile *p)
{
	struct allowed a = {
		.encr = t->encr, .integ = t->integ, .no_esn_allowed = true, .esn_allowed = true};
	if (p) {
		a.dh = p->pfs;
		a.addke = p->addke;
	}
	return a;
}

static bool lists(const struct transform_list *l, uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].id == id && l->v[i].key_bits == key_bits)
			return true;
	return false;
}

/* Is the transform (of an offer) one we allow? NONE counts where our list is empty. */
static bool permits(const struct allowed *a, const struct offer_transform *t)
{
	if (t->unusable)
		return false;
	switch (t->type) {
	case TRANSFORM_ENCR: return lists(&a->encr, t->id, t->key_bits);
	case TRANSFORM_PRF: return lists(&a->prf, t->id, t->key_bits);
	case TRANSFORM_INTEG: return lists(&a->integ, t->id, t->key_bits);
	case TRANSFORM_DH: return a->dh.n ? lists(&a->dh, t->id, t->key_bits) : t->id == 0;
	case TRANSFORM_ESN:
		return t->key_bits == 0 &&
		       ((t->id == 0 && a->no_esn_allowed) || (t->id == 1 && a->esn_allowed));
	default: return false;
	}
}

static bool offers_type(const struct offer *o, uint8_t type)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->t[i].type == type)
			return true;
	return false;
}

/* First transform of a type, in the offer's order, that we allow. */
static const struct offer_transform *first_of(
	const struct offer *o, const struct allowed *a, uint8_t type)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->t[i].type == type && permits(a, &o->t[i]))
			return &o->t[i];
	return NULL;
}

static bool offers_none(const struct offer *o, uint8_t type)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->t[i].type == type && o->t[i].id == 0 && !o->t[i].unusable)
			return true;
	return false;
}

/* RFC 7296 section 3.3: a combined-mode cipher comes without integrity algorithm or with NONE, any
 * other cipher with one. */
static bool choose_integ(const struct offer *o, const struct allowed *a, uint16_t encr,
	uint16_t key_bits, struct chosen *c)
{
	const struct xf *row = suite_find(XF_ENCR, encr, key_bits);
	if (!row)
		return false;
	if (row->is_aead) {
		c->integ_none_named = offers_none(o, TRANSFORM_INTEG);
		return c->integ_none_named || !offers_type(o, TRANSFORM_INTEG);
	}
	const struct offer_transform *t = first_of(o, a, TRANSFORM_INTEG);
	if (!t || t->id == 0)
		return false;
	c->integ = t->id;
	return true;
}

/* Without `set pfs` a responder still does the key exchange a peer asks for (R-IKE-09 says only
 * that we do not ask), with groups that are not legacy. */
static const struct offer_transform *first_dh(
	const struct how *how, const struct offer *o, const struct allowed *a)
{
	if (how->protocol == CHOOSE_IKE || how->answer || a->dh.n)
		return first_of(o, a, TRANSFORM_DH);
	for (size_t i = 0; i < o->n; i++) {
		const struct offer_transform *t = &o->t[i];
		if (t->type != TRANSFORM_DH || t->unusable || t->key_bits)
			continue;
		const struct xf *row = suite_find(XF_DH, t->id, 0);
		if (t->id == 0 || (row && !row->is_legacy))
			return t;
	}
	return NULL;
}

static bool choose_dh(
	const struct how *how, const struct offer *o, const struct allowed *a, struct chosen *c)
{
	if (how->protocol == CHOOSE_ESP && how->first_child)
		return true;
	if (!offers_type(o, TRANSFORM_DH))
		return how->protocol == CHOOSE_ESP && a->dh.n == 0; /* our `set pfs` asks for one */
	const struct offer_transform *t = first_dh(how, o, a);
	if (!t || (how->protocol == CHOOSE_IKE && t->id == 0))
		return false;
	c->dh = t->id;
	c->dh_none_named = t->id == 0;
	return true;
}

/* RFC 9370 2.2.1: every method once. */
static bool is_taken(const struct chosen *c, uint16_t id)
{
	bool taken = c->dh == id;
	for (size_t i = 0; i < ADDKE_MAX; i++)
		taken = taken || c->addke[i] == id;
	return taken;
}

static bool choose_addke(
	const struct how *how, const struct offer *o, const struct allowed *a, struct chosen *c)
{
	if (how->protocol == CHOOSE_ESP && how->first_child)
		return true;
	bool can_be = c->dh != 0; /* RFC 9370 2.2.4: they follow a key exchange */
	for (size_t k = 0; k < ADDKE_MAX; k++) {
		uint8_t type = (uint8_t)(TRANSFORM_ADDKE1 + k);
		bool may_be_none = !can_be || a->addke.groups[k].n == 0 || a->addke.optional[k];
		const struct offer_transform *found = NULL;

		for (size_t i = 0; i < o->n && !found; i++) {
			const struct offer_transform *t = &o->t[i];
			if (t->type == type && !t->unusable &&
				(t->id == 0 ? may_be_none
					    : can_be && lists(&a->addke.groups[k], t->id, t->key_bits) &&
							!is_taken(c, t->id)))
				found = t;
		}
		if (offers_type(o, type))
			c->addke_named |= (uint8_t)(1u << k);
		if (!found && (offers_type(o, type) || !may_be_none))
			return false;
		c->addke[k] = found ? found->id : 0;
	}
	return true;
}

static bool choose_rest(
	const struct how *how, const struct offer *o, const struct allowed *a, struct chosen *c)
{
	if (how->protocol == CHOOSE_IKE) {
		const struct offer_transform *prf = first_of(o, a, TRANSFORM_PRF);
		if (!prf)
			return false;
		c->prf = prf->id;
		return true;
	}
	const struct offer_transform *esn = first_of(o, a, TRANSFORM_ESN);
	if (!esn)
		return false;
	c->esn = esn->id == 1;
	return true;
}

/* RFC 7296 section 3.3.6: a proposal with a transform type we do not know is not acceptable. */
static bool types_known(const struct offer *o, uint8_t protocol)
{
	for (size_t i = 0; i < o->n; i++) {
		uint8_t t = o->t[i].type;
		bool known = t == TRANSFORM_ENCR || t == TRANSFORM_INTEG || t == TRANSFORM_DH ||
			     (t == TRANSFORM_PRF && protocol == CHOOSE_IKE) ||
			     (t == TRANSFORM_ESN && protocol == CHOOSE_ESP) ||
			     (t >= TRANSFORM_ADDKE1 && t <= TRANSFORM_ADDKE7);
		if (!known)
			return false;
	}
	return true;
}

/* One proposal of the peer against one of ours. The types are independent except for encryption
 * and integrity, so the first of each type is the first of the peer's expansion (R-POL-07). */
static bool try_pair(
	const struct how *how, const struct offer *o, const struct allowed *a, struct chosen *out)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct offer_transform *t = &o->t[i];
		if (t->type != TRANSFORM_ENCR || !permits(a, t))
			continue;
		struct chosen c = {.number = o->number, .encr = {t->id, t->key_bits}};
		if (choose_integ(o, a, t->id, t->key_bits, &c) && choose_rest(how, o, a, &c) &&
			choose_dh(how, o, a, &c) && choose_addke(how, o, a, &c)) {
			*out = c;
			return true;
		}
	}
	return false;
}

static enum status choose(const struct how *how, const struct allowed *ours, size_t our_count,
	const struct offer *offers, size_t offer_count, struct chosen *out)
{
	for (size_t i = 0; i < offer_count; i++) {
		if (offers[i].protocol != how->protocol || !types_known(&offers[i], how->protocol))
			continue;
		for (size_t k = 0; k < our_count; k++)
			if (try_pair(how, &offers[i], &ours[k], out)) {
				out->offer_index = i;
				out->allowed_index = k;
				return ST_OK;
			}
	}
	return how->protocol == CHOOSE_ESP ? ST_NO_CHILD_PROPOSAL : ST_NO_PROPOSAL;
}

enum status proposal_choose(uint8_t protocol, bool first_child, const struct allowed *ours,
	size_t our_count, const struct offer *offers, size_t offer_count, struct chosen *out)
{
	struct how how = {.protocol = protocol, .first_child = first_child};
	return choose(&how, ours, our_count, offers, offer_count, out);
}

enum status proposal_accept(uint8_t protocol, bool first_child, const struct allowed *ours,
	size_t our_count, const struct offer *answer, struct chosen *out)
{
	uint8_t seen[MAX_TYPES] = {0};
	for (size_t i = 0; i < answer->n; i++) {
		uint8_t t = answer->t[i].type;
		if (t >= MAX_TYPES || seen[t]++)
			return protocol == CHOOSE_ESP ? ST_NO_CHILD_PROPOSAL : ST_NO_PROPOSAL;
	}
	struct how how = {.protocol = protocol, .first_child = first_child, .answer = true};
	return choose(&how, ours, our_count, answer, 1, out);
}
