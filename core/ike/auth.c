#include "core/ike/auth.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/init.h"
#include "core/ike/mode.h"
#include "core/ike/proof.h"
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

enum status auth_read_peer_id(struct ike_sa *sa, struct view body)
{
	struct ike_id id;
	enum status st = auth_read_id(body, &id);

	return st == ST_OK ? kept_id_set(&sa->peer_id, &id) : st;
}

static enum status set_my_id(struct ike_sa *sa, uint8_t type, const void *p, size_t len)
{
	struct ike_id id = {.type = type, .len = (uint16_t)len};

	memcpy(id.bytes, p, len);
	return kept_id_set(&sa->my_id, &id);
}

enum status auth_my_id(struct ike_sa *sa, const struct ike_profile *profile, struct view subject)
{
	const struct id_match *m = &profile->identity;
	const struct addr *a = m->kind == ID_ADDRESS && m->prefix.addr.family != 0
		? &m->prefix.addr : &sa->local.addr;
	uint8_t type = m->kind == ID_FQDN ? IDT_FQDN : m->kind == ID_EMAIL ? IDT_EMAIL : IDT_KEY_ID;
	size_t len = m->text != NULL ? strlen(m->text) : 0;

	if (m->kind == ID_DN || (m->kind == ID_NONE && subject.len > 0)) {
		if (subject.len == 0 || subject.len > IKE_ID_LEN)
			return sa_fail(sa, ST_CONFIG, subject.len == 0
				? "profile %s: our identity is the subject of our certificate, and there is none"
				: "profile %s: the subject of our certificate is too long for an identity; "
				  "`identity local fqdn` gives another", profile->name);
		return set_my_id(sa, IDT_DN, subject.p, subject.len);
	}
	if (m->kind == ID_NONE || m->kind == ID_ADDRESS)
		return set_my_id(sa, a->family == 4 ? IDT_IPV4 : IDT_IPV6, a->b, addr_len(a));
	if (len > IKE_ID_LEN)
		return sa_fail(sa, ST_CONFIG, "profile %s: our identity is too long", profile->name);
	return set_my_id(sa, type, m->text, len);
}

static size_t id_body(const struct ike_id *id, uint8_t out[4 + IKE_ID_LEN])
{
	out[0] = id->type;
	memcpy(out + 1, id->reserved, sizeof(id->reserved));
	memcpy(out + 4, id->bytes, id->len);
	return 4u + id->len;
}

void auth_octets(const struct ike_sa *sa, bool of_initiator, const struct ike_id *id,
	struct auth_octets *out, uint8_t int_auth[INT_AUTH_MAX])
{
	const struct handshake *hs = sa->hs;
	struct view message = of_initiator
		? (struct view){hs->init_request, hs->init_request_len}
		: (struct view){hs->init_reply, hs->init_reply_len};
	struct view nonce = of_initiator ? (struct view){hs->nr, hs->nr_len}
					 : (struct view){hs->ni, hs->ni_len};
	uint8_t body[4 + IKE_ID_LEN];
	size_t len = id_body(id, body);

	keys_auth_octets(sa->suite.prf, sa->keys, of_initiator, message, nonce,
		(struct view){body, len}, out);
	out->int_auth = intermediate_auth(sa, int_auth);
}

void auth_value(const struct ike_sa *sa, bool of_initiator, const struct ike_id *id,
	struct view key, uint8_t out[PRF_OUT_MAX])
{
	uint8_t int_auth[INT_AUTH_MAX];
	struct auth_octets octets;

	auth_octets(sa, of_initiator, id, &octets, int_auth);
	if (sa->hs->resumed != NULL)
		keys_auth_resumed(sa->suite.prf, key, &octets, out);
	else
		keys_auth_shared(sa->suite.prf, key, &octets, out);
	mem_zero(&octets, sizeof(octets));
}

bool auth_is_right(const struct ike_sa *sa, const struct ike_id *id, struct view key)
{
	const struct proof *p = sa->hs->proof;
	uint8_t want[PRF_OUT_MAX];
	bool is_right;

	auth_value(sa, !sa->is_initiator, id, key, want);
	is_right = p->auth_len == sa->suite.prf->out_len && mem_eq_secret(want, p->auth, p->auth_len);
	mem_zero(want, sizeof(want));
	return is_right;
}

enum status auth_verify(struct ike_sa *sa, struct view key)
{
	const struct proof *p = sa->hs->proof;
	bool is_resumed = sa->hs->resumed != NULL, is_right;
	enum status st = is_resumed ? resume_judge_ids(sa) : ST_OK;

	if (st != ST_OK)
		return st;
	if (p->method != AUTHM_PSK)
		return sa_fail(sa, ST_AUTH_METHOD,
			"the peer authenticates by %s, profile %s wants a pre-shared key",
			auth_method_name(p->method), sa->profile);
	if (key.len == 0)
		return sa_fail(sa, ST_NO_KEY, "no remote pre-shared key for the peer in profile %s",
			sa->profile);
	is_right = auth_is_right(sa, sa->peer_id, key);
	if (!is_right && is_resumed)
		return sa_fail(sa, ST_AUTH_FAILED, "%s", "the ticket is not the peer's");
	if (!is_right && sa->hs->by_token)
		return sa_fail(sa, ST_RECONNECT_BAD, "%s", "the peer does not hold the token of the session");
	if (!is_right)
		return sa_fail(sa, ST_AUTH_FAILED,
			"the pre-shared key%s is not the peer's (profile %s)",
			sa->used_ppk ? " or the post-quantum key" : "", sa->profile);
	sa->auth_remote = is_resumed ? resume_method(sa, !sa->is_initiator) : AUTHM_PSK;
	return ST_OK;
}

enum status auth_sign(struct ike_sa *sa, struct view key)
{
	enum status st;

	if (key.len == 0)
		return sa_fail(sa, ST_NO_KEY, "no local pre-shared key for the peer in profile %s",
			sa->profile);
	st = proof_share(sa, key);
	sa->auth_local = sa->hs->resumed != NULL ? resume_method(sa, sa->is_initiator) : AUTHM_PSK;
	return st;
}

void auth_put_id(struct msg_out *o, uint8_t type, const struct ike_id *id)
{
	uint8_t body[4 + IKE_ID_LEN];
	size_t len = id_body(id, body);

	payload_put(&o->c, type, body, len);
}

void auth_put_value(struct msg_out *o, const struct ike_sa *sa)
{
	const struct proof *p = sa->hs->proof;
	struct wr_mark m = payload_open(&o->c, PT_AUTH);

	auth_build(&o->w, p->my_method, p->my_auth, p->my_auth_len);
	payload_close(&o->c, m);
}

void auth_put_ours(struct msg_out *o, uint8_t id_type, const struct ike_sa *sa)
{
	const struct proof *p = sa->hs->proof;

	if (!p->was_shown) {
		auth_put_id(o, id_type, sa->my_id);
		proof_put_certs(o, p);
	}
	if (p->my_method != 0)
		auth_put_value(o, sa);
}

void auth_put_child(struct msg_out *o, struct ike_sa *sa, const struct sa *offer)
{
	const struct child_offer *c = &sa->hs->child;

	mode_put(o, c->transport);
	init_put_sa(o, offer);
	child_put_ts(o, PT_TSI, c->ts_i, c->n_ts_i);
	child_put_ts(o, PT_TSR, c->ts_r, c->n_ts_r);
}

enum status auth_take_profile(struct ike_sa *sa, const struct ike_profile *profile)
{
	const struct snapshot *conf = sa->hs->conf;
	struct dpd dpd = profile_dpd(conf, profile);

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
	return text_set(&sa->profile, profile->name);
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
	struct ident x = {a->peer_id->type, {a->peer_id->bytes, a->peer_id->len}};
	struct ident y = {b->peer_id->type, {b->peer_id->bytes, b->peer_id->len}};

	/* Users of EAP may say any identity in IKE, and those of Windows behind two NATs the same. */
	return a->local.vrf == b->local.vrf && ident_eq(&x, &y) && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->profile, b->profile) == 0;
}

void auth_replace_older(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	uint64_t hash = auth_peer_hash(ike, sa->peer_id, sa->profile);
	struct map_node *next;

	for (struct map_node *n = map_first(&ike->by_peer, hash); n != NULL; n = next) {
		struct ike_sa *old = CONTAINER_OF(n, struct ike_sa, by_peer);

		next = map_next(n);
		if (old->number < sa->number && auth_is_same_peer(old, sa))
			sa_event(old, SE_CLOSE, ST_END_REPLACED);
	}
}
