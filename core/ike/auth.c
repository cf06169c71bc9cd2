#include "core/ike/auth.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/init.h"
#include "core/ike/intermediate.h"
#include "core/ike/mode.h"
#include "core/ike/resume.h"

enum status auth_read_id(struct view body, struct ike_id *out)
{
	struct ident id;
	struct rd r = rd_init(body.p, body.len);
	enum status st = id_parse(body, &id);

	if (st != ST_OK)
		return st;
	if (id.data.len > IKE_ID_LEN)
		return ST_LIMIT;
	*out = (struct ike_id){.type = id.type, .len = (uint16_t)id.data.len};
	memcpy(out->bytes, id.data.p, id.data.len);
	/* The reserved bytes are signed as they were sent (RFC 7296 2.15). */
	rd_skip(&r, 1);
	memcpy(out->reserved, rd_bytes(&r, sizeof(out->reserved)).p, sizeof(out->reserved));
	return ST_OK;
}

static void set_id(struct ike_id *out, uint8_t type, const void *p, size_t len)
{
	*out = (struct ike_id){.type = type, .len = (uint16_t)len};
	memcpy(out->bytes, p, len);
}

enum status auth_my_id(const struct ike_profile *profile, const struct endpoint *local,
	struct ike_id *out)
{
	const struct id_match *m = &profile->identity;
	const struct addr *a = m->kind == ID_ADDRESS && m->prefix.addr.family != 0
		? &m->prefix.addr : &local->addr;
	size_t len = m->text != NULL ? strlen(m->text) : 0;

	if (len > IKE_ID_LEN)
		return ST_CONFIG;
	switch (m->kind) {
	case ID_NONE:
	case ID_ADDRESS:
		set_id(out, a->family == 4 ? IDT_IPV4 : IDT_IPV6, a->b, addr_len(a));
		return ST_OK;
	case ID_FQDN:
		set_id(out, IDT_FQDN, m->text, len);
		return ST_OK;
	case ID_EMAIL:
		set_id(out, IDT_EMAIL, m->text, len);
		return ST_OK;
	case ID_KEYID:
		set_id(out, IDT_KEY_ID, m->text, len);
		return ST_OK;
	default:
		return ST_CONFIG;
	}
}

enum status auth_judge_methods(const struct ike_profile *profile, char words[IKE_DETAIL_LEN])
{
	if (profile->auth_local != AUTH_PSK)
		snprintf(words, IKE_DETAIL_LEN, "profile %s has no `authentication local pre-share`",
			profile->name);
	else if ((profile->auth_remote & AUTH_PSK) == 0)
		snprintf(words, IKE_DETAIL_LEN, "profile %s has no `authentication remote pre-share`",
			profile->name);
	else
		return ST_OK;
	return ST_AUTH_METHOD;
}

static size_t id_body(const struct ike_id *id, uint8_t out[4 + IKE_ID_LEN])
{
	out[0] = id->type;
	memcpy(out + 1, id->reserved, sizeof(id->reserved));
	memcpy(out + 4, id->bytes, id->len);
	return 4u + id->len;
}

void auth_value(const struct ike_sa *sa, bool of_initiator, const struct ike_id *id,
	struct view key, uint8_t out[PRF_OUT_MAX])
{
	const struct handshake *hs = sa->hs;
	struct view message = of_initiator
		? (struct view){hs->init_request, hs->init_request_len}
		: (struct view){hs->init_reply, hs->init_reply_len};
	struct view nonce = of_initiator ? (struct view){hs->nr, hs->nr_len}
					 : (struct view){hs->ni, hs->ni_len};
	uint8_t body[4 + IKE_ID_LEN];
	size_t len = id_body(id, body);
	uint8_t int_auth[INT_AUTH_MAX];
	struct auth_octets octets;

	keys_auth_octets(sa->suite.prf, &sa->keys, of_initiator, message, nonce,
		(struct view){body, len}, &octets);
	octets.int_auth = intermediate_auth(sa, int_auth);
	if (hs->resumed != NULL)
		keys_auth_resumed(sa->suite.prf, key, &octets, out);
	else
		keys_auth_shared(sa->suite.prf, key, &octets, out);
	mem_zero(&octets, sizeof(octets));
}

enum status auth_verify(struct ike_sa *sa, uint8_t method, struct view data, struct view key)
{
	uint8_t want[PRF_OUT_MAX];
	bool is_right, is_resumed = sa->hs->resumed != NULL;
	enum status st = is_resumed ? resume_judge_ids(sa) : ST_OK;

	if (st != ST_OK)
		return st;
	if (method != AUTHM_PSK)
		return sa_fail(sa, ST_AUTH_METHOD,
			"the peer authenticates by %s, profile %s wants a pre-shared key",
			auth_method_name(method), sa->settings.profile);
	if (key.len == 0)
		return sa_fail(sa, ST_NO_KEY, "no remote pre-shared key for the peer in profile %s",
			sa->settings.profile);
	auth_value(sa, !sa->is_initiator, &sa->peer_id, key, want);
	is_right = data.len == sa->suite.prf->out_len && mem_eq_secret(want, data.p, data.len);
	mem_zero(want, sizeof(want));
	if (!is_right && is_resumed)
		return sa_fail(sa, ST_AUTH_FAILED, "%s", "the ticket is not the peer's");
	if (!is_right)
		return sa_fail(sa, ST_AUTH_FAILED,
			"the pre-shared key%s is not the peer's (profile %s)",
			sa->used_ppk ? " or the post-quantum key" : "", sa->settings.profile);
	sa->auth_remote = is_resumed ? resume_method(sa, !sa->is_initiator) : AUTHM_PSK;
	return ST_OK;
}

enum status auth_sign(struct ike_sa *sa, struct view key)
{
	if (key.len == 0)
		return sa_fail(sa, ST_NO_KEY, "no local pre-shared key for the peer in profile %s",
			sa->settings.profile);
	auth_value(sa, sa->is_initiator, &sa->my_id, key, sa->hs->my_auth);
	sa->auth_local = sa->hs->resumed != NULL ? resume_method(sa, sa->is_initiator) : AUTHM_PSK;
	return ST_OK;
}

void auth_put_id(struct msg_out *o, uint8_t type, const struct ike_id *id)
{
	uint8_t body[4 + IKE_ID_LEN];
	size_t len = id_body(id, body);

	payload_put(&o->c, type, body, len);
}

void auth_put_value(struct msg_out *o, const struct ike_sa *sa)
{
	struct wr_mark m = payload_open(&o->c, PT_AUTH);

	auth_build(&o->w, AUTHM_PSK, sa->hs->my_auth, sa->suite.prf->out_len);
	payload_close(&o->c, m);
}

void auth_put_child(struct msg_out *o, struct ike_sa *sa, const struct sa *offer)
{
	const struct child_offer *c = &sa->hs->child;

	mode_put(o, c->transport);
	init_put_sa(o, offer);
	child_put_ts(o, PT_TSI, c->ts_i, c->n_ts_i);
	child_put_ts(o, PT_TSR, c->ts_r, c->n_ts_r);
}

void auth_take_profile(struct ike_sa *sa, const struct ike_profile *profile)
{
	const struct snapshot *conf = sa->hs->conf;
	struct dpd dpd = profile_dpd(conf, profile);

	snprintf(sa->settings.profile, sizeof(sa->settings.profile), "%s", profile->name);
	sa->settings.lifetime_s = profile->lifetime_s;
	sa->settings.nat_keepalive_s = profile_nat_keepalive_s(conf, profile);
	sa->settings.reauth_s = profile->reauth_s;
	sa->settings.initial_contact_force = profile->initial_contact_force;
	sa->settings.set_send = profile->config_set_send;
	sa->settings.set_accept = profile->config_set_accept;
	sa->dpd = (struct dpd_clock){
		.mode = dpd.mode,
		.interval_s = dpd.interval_s,
		.retry_s = dpd.retry_s,
		.retries = conf->ike.dpd_retries,
	};
}

/* Names that ident_eq takes for equal must meet in the same slot. */
uint64_t auth_peer_hash(const struct ike *ike, const struct ike_id *id, const char *profile)
{
	bool is_name = id->type == IDT_FQDN || id->type == IDT_EMAIL;
	uint8_t key[IKE_ID_LEN];

	for (size_t i = 0; i < id->len; i++)
		key[i] = is_name && id->bytes[i] >= 'A' && id->bytes[i] <= 'Z'
			? (uint8_t)(id->bytes[i] + 'a' - 'A') : id->bytes[i];
	return hash_bytes(ike->seed, key, id->len) ^
	       hash_bytes(ike->seed + id->type, profile, strlen(profile));
}

bool auth_is_same_peer(const struct ike_sa *a, const struct ike_sa *b)
{
	struct ident x = {a->peer_id.type, {a->peer_id.bytes, a->peer_id.len}};
	struct ident y = {b->peer_id.type, {b->peer_id.bytes, b->peer_id.len}};

	return a->local.vrf == b->local.vrf && ident_eq(&x, &y) &&
	       strcmp(a->settings.profile, b->settings.profile) == 0;
}

void auth_replace_older(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	uint64_t hash = auth_peer_hash(ike, &sa->peer_id, sa->settings.profile);
	struct map_node *next;

	for (struct map_node *n = map_first(&ike->by_peer, hash); n != NULL; n = next) {
		struct ike_sa *old = CONTAINER_OF(n, struct ike_sa, by_peer);

		next = map_next(n);
		if (old->number < sa->number && auth_is_same_peer(old, sa))
			sa_event(old, SE_CLOSE, ST_END_REPLACED);
	}
}
