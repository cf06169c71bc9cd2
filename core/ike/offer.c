#include "core/ike/offer.h"

#include <string.h>

#include "core/crypto/suite.h"
#include "core/ike/child.h"

void offer_from_sa(const struct sa *sa, struct offer_set *out)
{
	out->n = 0;
	for (size_t i = 0; i < sa->n; i++) {
		const struct proposal *p = &sa->v[i];
		struct offer_transform *t = out->t[out->n];

		if (p->has_unknown_type)
			continue;
		for (size_t k = 0; k < p->n; k++)
			t[k] = (struct offer_transform){
				.type = p->v[k].type,
				.unusable = p->v[k].unusable,
				.id = p->v[k].id,
				.key_bits = p->v[k].key_bits,
			};
		out->v[out->n++] = (struct offer){
			.number = p->num,
			.protocol = p->protocol,
			.t = t,
			.n = p->n,
		};
	}
}

enum status offer_allowed_ike(const struct snapshot *conf, uint32_t vrf, const struct addr *local,
	struct allowed_set *out)
{
	const struct ike_proposal *v[OFFER_ALLOWED_MAX];
	const struct ike_policy *policy = policy_select(conf, vrf, local);

	out->n = policy != NULL ? policy_proposals(conf, policy, v, OFFER_ALLOWED_MAX) : 0;
	for (size_t i = 0; i < out->n; i++)
		out->v[i] = allowed_from_proposal(v[i]);
	return out->n > 0 ? ST_OK : ST_NO_POLICY;
}

enum status offer_allowed_esp(const struct snapshot *conf, const struct ipsec_profile *profile,
	struct allowed_set *out)
{
	const struct transform_set *v[OFFER_ALLOWED_MAX];

	if (profile == NULL)
		profile = snapshot_ipsec_profile(conf, "default");
	out->n = profile != NULL ? ipsec_sets(conf, profile, v, OFFER_ALLOWED_MAX) : 0;
	for (size_t i = 0; i < out->n; i++)
		out->v[i] = allowed_from_set(v[i], profile);
	return out->n > 0 ? ST_OK : ST_CONFIG;
}

static struct transform_list list_of(struct conf_transform *t, const struct xf *row)
{
	if (row == NULL)
		return (struct transform_list){0};
	*t = (struct conf_transform){row->id, row->key_bits};
	return (struct transform_list){t, 1};
}

void offer_rekey_ike(const struct snapshot *conf, const struct ike_sa *sa, struct offer_own *own,
	struct allowed_set *out)
{
	if (offer_allowed_ike(conf, sa->local.vrf, &sa->local.addr, out) == ST_OK)
		return;
	out->n = 1;
	out->v[0] = (struct allowed){
		.encr = list_of(&own->encr, sa->suite.encr),
		.integ = list_of(&own->integ, sa->suite.integ),
		.prf = list_of(&own->prf, sa->suite.prf),
		.dh = list_of(&own->dh, sa->suite.dh),
	};
}

void offer_rekey_esp(const struct snapshot *conf, const struct ike_sa *sa,
	const struct ike_child *old, struct offer_own *own, struct allowed_set *out)
{
	if (offer_allowed_esp(conf, child_profile(sa, conf), out) == ST_OK || old == NULL)
		return;
	out->n = 1;
	out->v[0] = (struct allowed){
		.encr = list_of(&own->encr, old->suite.encr),
		.integ = list_of(&own->integ, old->suite.integ),
		.esn_allowed = old->suite.esn,
		.no_esn_allowed = !old->suite.esn,
	};
}

uint16_t offer_rekey_group(const struct snapshot *conf, const struct ike_sa *sa)
{
	struct offer_own own;
	struct allowed_set ours;

	offer_rekey_ike(conf, sa, &own, &ours);
	for (size_t i = 0; i < ours.n; i++)
		for (size_t k = 0; k < ours.v[i].dh.n; k++)
			if (ours.v[i].dh.v[k].id == sa->suite.dh->id)
				return sa->suite.dh->id;
	return ours.v[0].dh.n != 0 ? ours.v[0].dh.v[0].id : sa->suite.dh->id;
}

static void put(struct proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	if (p->n < SA_TRANSFORMS_MAX)
		p->v[p->n++] = (struct transform){.type = type, .id = id, .key_bits = key_bits};
}

static void put_list(struct proposal *p, uint8_t type, const struct transform_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		put(p, type, l->v[i].id, l->v[i].key_bits);
}

static size_t put_ciphers(struct proposal *p, const struct transform_list *l, bool aead)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct xf *row = suite_find(XF_ENCR, l->v[i].id, l->v[i].key_bits);

		if (row != NULL && row->is_aead == aead)
			put(p, TRANSFORM_ENCR, row->id, row->key_bits);
	}
	return p->n;
}

static void put_rest(struct proposal *p, uint8_t protocol, const struct allowed *a, bool aead,
	bool with_dh)
{
	if (protocol == PROTO_IKE)
		put_list(p, TRANSFORM_PRF, &a->prf);
	if (!aead)
		put_list(p, TRANSFORM_INTEG, &a->integ);
	if (with_dh)
		put_list(p, TRANSFORM_DH, &a->dh);
	for (size_t k = 0; k < ADDKE_MAX && with_dh; k++) {
		uint8_t type = (uint8_t)(TRANSFORM_ADDKE1 + k);

		put_list(p, type, &a->addke.groups[k]);
		if (a->addke.groups[k].n != 0 && a->addke.optional[k])
			put(p, type, 0, 0);
	}
	if (protocol == PROTO_ESP && a->no_esn_allowed)
		put(p, TRANSFORM_ESN, 0, 0);
	if (protocol == PROTO_ESP && a->esn_allowed)
		put(p, TRANSFORM_ESN, 1, 0);
}

void offer_build(struct sa *out, uint8_t protocol, const struct allowed_set *ours, struct view spi,
	bool with_dh)
{
	*out = (struct sa){0};
	for (size_t i = 0; i < ours->n; i++)
		for (int aead = 1; aead >= 0 && out->n < SA_PROPOSALS_MAX; aead--) {
			struct proposal *p = &out->v[out->n];

			*p = (struct proposal){
				.num = (uint8_t)(out->n + 1),
				.protocol = protocol,
				.spi = spi,
			};
			if (put_ciphers(p, &ours->v[i].encr, aead) == 0)
				continue;
			put_rest(p, protocol, &ours->v[i], aead, with_dh);
			out->n++;
		}
}

static void lead(struct proposal *p, uint16_t group)
{
	uint8_t first = p->n;

	for (uint8_t i = 0; i < p->n; i++) {
		struct transform t = p->v[i];

		if (t.type != TRANSFORM_DH)
			continue;
		if (first == p->n)
			first = i;
		if (t.id != group)
			continue;
		memmove(&p->v[first + 1], &p->v[first], (size_t)(i - first) * sizeof(t));
		p->v[first] = t;
		return;
	}
}

void offer_lead(struct sa *offer, uint16_t group)
{
	for (uint8_t i = 0; i < offer->n; i++)
		lead(&offer->v[i], group);
}

void offer_answer(struct sa *out, uint8_t protocol, const struct chosen *c, bool with_dh,
	struct view spi)
{
	struct proposal *p = &out->v[0];

	*out = (struct sa){.n = 1};
	*p = (struct proposal){.num = c->number, .protocol = protocol, .spi = spi};
	put(p, TRANSFORM_ENCR, c->encr.id, c->encr.key_bits);
	if (protocol == PROTO_IKE)
		put(p, TRANSFORM_PRF, c->prf, 0);
	if (c->integ != 0 || c->integ_none_named)
		put(p, TRANSFORM_INTEG, c->integ, 0);
	if (with_dh && (c->dh != 0 || c->dh_none_named))
		put(p, TRANSFORM_DH, c->dh, 0);
	if (protocol == PROTO_ESP)
		put(p, TRANSFORM_ESN, c->esn ? 1 : 0, 0);
	for (size_t k = 0; k < ADDKE_MAX; k++)
		if (c->addke_named >> k & 1)
			put(p, (uint8_t)(TRANSFORM_ADDKE1 + k), c->addke[k], 0);
}
