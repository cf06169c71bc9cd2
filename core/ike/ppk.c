#include "core/ike/ppk.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/ike/auth.h"
#include "core/ike/engine.h"
#include "core/ike/proof.h"
#include "core/wire/notify.h"

#define PPK_ID_FIXED 2 /* RFC 8784 5.1 */

struct ppk {
	bool is_used;     /* USE_PPK was exchanged */
	bool is_required; /* initiator */
	bool has_plain;
	uint16_t id_len;  /* responder: 0, none was named */
	uint8_t id[IKE_ID_LEN];
	/* The AUTH value without the key: ours as initiator, the peer's as responder. */
	uint16_t plain_len;
	uint8_t plain_auth[IKE_AUTH_MAX];
	uint16_t kept_len;          /* initiator: the key, until the signature without it is made */
	uint8_t kept[IKE_PSK_LEN];
	struct ike_keys plain_keys; /* initiator: until the responder has said that it uses the key */
};

void ppk_free(struct ppk *ppk)
{
	mem_free_secret(ppk, sizeof(*ppk));
}

static const struct ike_profile *profile_of(const struct ike_sa *sa)
{
	return snapshot_profile(sa->hs->conf, sa->profile);
}

/* The keyring's entry for the peer; NULL: it has none with a key. */
static const struct ike_peer *entry_of(const struct ike_sa *sa)
{
	const struct ike_connect *c = sa->hs->connect;

	if (sa->is_initiator)
		return ppk_for_initiator(sa->hs->conf, profile_of(sa),
			c->peer_name[0] != '\0' ? c->peer_name : NULL, &sa->remote.addr);
	return ppk_for_responder(sa->hs->conf, profile_of(sa), sa->peer_id->type,
		(struct view){sa->peer_id->bytes, sa->peer_id->len}, &sa->remote.addr);
}

bool ppk_is_required(const struct ike_sa *sa)
{
	const struct ike_peer *peer = entry_of(sa);

	return peer != NULL && peer->ppk_required;
}

/* ---- IKE_SA_INIT --------------------------------------------------------------------------------- */

enum status ppk_begin(struct ike_sa *sa)
{
	const struct ike_peer *peer = entry_of(sa);
	struct ppk *ppk;
	size_t len = peer != NULL ? strlen(peer->ppk_id) : 0;

	if (peer == NULL || len > sizeof(ppk->id))
		return ST_OK;
	ppk = mem_new(sizeof(*ppk));
	if (ppk == NULL)
		return ST_NOMEM;
	ppk->is_required = peer->ppk_required;
	ppk->id_len = (uint16_t)len;
	memcpy(ppk->id, peer->ppk_id, len);
	sa->hs->ppk = ppk;
	return ST_OK;
}

enum status ppk_read_request(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct notify n;

	if (!msg_find_notify(p, N_USE_PPK, &n) ||
		!profiles_have_ppk(sa->hs->conf, sa->local.vrf, &sa->local.addr))
		return ST_OK;
	sa->hs->ppk = mem_new(sizeof(*sa->hs->ppk));
	if (sa->hs->ppk == NULL)
		return ST_NOMEM;
	sa->hs->ppk->is_used = true;
	return ST_OK;
}

void ppk_put_use(struct msg_out *o, const struct ike_sa *sa)
{
	if (sa->hs->ppk != NULL)
		msg_notify(o, N_USE_PPK, NULL, 0);
}

enum status ppk_read_reply(const struct ike_sa *sa, const struct ike_payloads *p, bool *is_used)
{
	const struct ppk *ppk = sa->hs->ppk;
	struct notify n;

	*is_used = ppk != NULL && msg_find_notify(p, N_USE_PPK, &n);
	return ppk != NULL && ppk->is_required && !*is_used ? ST_PPK_REQUIRED : ST_OK;
}

void ppk_take_reply(struct ike_sa *sa, bool is_used)
{
	if (sa->hs->ppk != NULL)
		sa->hs->ppk->is_used = is_used;
}

void ppk_ask(const struct ike_sa *sa, struct ike_question *q)
{
	const struct ppk *ppk = sa->hs->ppk;

	if (ppk == NULL || !ppk->is_used)
		return;
	q->ppk_id_len = ppk->id_len;
	memcpy(q->ppk_id, ppk->id, ppk->id_len);
}

/* ---- IKE_AUTH ------------------------------------------------------------------------------------ */

static void mix(struct ike_sa *sa, struct view key)
{
	keys_mix_ppk(sa->suite.prf, key, sa->keys);
	sa->used_ppk = true;
}

/* Our AUTH value without the key, and the keys for a responder that does not use it. */
static void keep_plain(struct ike_sa *sa)
{
	const struct proof *p = sa->hs->proof;
	struct ppk *ppk = sa->hs->ppk;

	ppk->plain_len = p->my_auth_len;
	memcpy(ppk->plain_auth, p->my_auth, p->my_auth_len);
	ppk->plain_keys = *sa->keys;
}

static bool has_key(const struct ike_answer *a)
{
	return a->ppk_len > 0 && a->ppk_len <= sizeof(a->ppk);
}

enum status ppk_sign(struct ike_sa *sa, const struct ike_answer *a)
{
	struct ppk *ppk = sa->hs->ppk;

	if (ppk == NULL || !ppk->is_used)
		return ST_OK;
	if (!has_key(a))
		return sa_fail(sa, ST_NO_KEY, "the post-quantum key of profile %s is gone",
			sa->profile);
	keep_plain(sa);
	mix(sa, (struct view){a->ppk, a->ppk_len});
	return auth_sign(sa, (struct view){a->local_key, a->local_key_len});
}

enum status ppk_keep_answer(struct ike_sa *sa, const struct ike_answer *a)
{
	struct ppk *ppk = sa->hs->ppk;

	if (ppk == NULL || !ppk->is_used)
		return ST_OK;
	if (!has_key(a))
		return sa_fail(sa, ST_NO_KEY, "the post-quantum key of profile %s is gone",
			sa->profile);
	/* Where it is required, there is no signature without it. */
	if (ppk->is_required) {
		mix(sa, (struct view){a->ppk, a->ppk_len});
		return ST_OK;
	}
	ppk->kept_len = a->ppk_len;
	memcpy(ppk->kept, a->ppk, a->ppk_len);
	return ST_OK;
}

bool ppk_wants_second(const struct ike_sa *sa)
{
	return sa->hs->ppk != NULL && sa->hs->ppk->kept_len > 0;
}

void ppk_mix_kept(struct ike_sa *sa)
{
	struct ppk *ppk = sa->hs->ppk;

	keep_plain(sa);
	mix(sa, (struct view){ppk->kept, ppk->kept_len});
	mem_zero(ppk->kept, sizeof(ppk->kept));
	ppk->kept_len = 0;
}

void ppk_read_auth(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct ppk *ppk = sa->hs->ppk;
	struct notify n;

	if (ppk == NULL)
		return;
	/* An opaque PPK_ID means something to others only. */
	if (msg_find_notify(p, N_PPK_IDENTITY, &n) && n.data.len > 1 &&
		n.data.len <= 1 + sizeof(ppk->id) && n.data.p[0] == PPK_ID_FIXED) {
		ppk->id_len = (uint16_t)(n.data.len - 1);
		memcpy(ppk->id, n.data.p + 1, ppk->id_len);
	}
	if (!msg_find_notify(p, N_NO_PPK_AUTH, &n))
		return;
	ppk->has_plain = true;
	/* As in the AUTH payload: another length is not the right value. */
	ppk->plain_len = n.data.len <= sizeof(ppk->plain_auth) ? (uint16_t)n.data.len : 0;
	memcpy(ppk->plain_auth, n.data.p, ppk->plain_len);
}

enum status ppk_decide(struct ike_sa *sa, const struct ike_answer *a)
{
	struct handshake *hs = sa->hs;
	struct ppk *ppk = hs->ppk;
	bool is_required = ppk_is_required(sa);

	if (ppk == NULL)
		return is_required ? sa_fail(sa, ST_PPK_REQUIRED,
					     "profile %s requires a post-quantum key of this peer, which "
					     "uses none", sa->profile)
				   : ST_OK;
	if (ppk->id_len != 0 && has_key(a)) {
		mix(sa, (struct view){a->ppk, a->ppk_len});
		return ST_OK;
	}
	/* Who authenticates by EAP names its key at the end, or does without. */
	if (ppk->id_len == 0 && hs->proof->by_eap && !is_required)
		return ST_OK;
	if (ppk->id_len == 0)
		return sa_fail(sa, ST_PPK_UNKNOWN, "%s",
			"the peer offers post-quantum keys and names none that could be understood");
	if (is_required || !ppk->has_plain)
		return sa_fail(sa, ST_PPK_UNKNOWN,
			"profile %s has no post-quantum key for this peer by the ID that it names%s",
			sa->profile, is_required ? ", and requires one" : "");
	hs->proof->auth_len = ppk->plain_len;
	memcpy(hs->proof->auth, ppk->plain_auth, ppk->plain_len);
	return ST_OK;
}

void ppk_put(struct msg_out *o, const struct ike_sa *sa)
{
	const struct ppk *ppk = sa->hs->ppk;
	uint8_t data[1 + IKE_ID_LEN];

	if (ppk == NULL || !sa->used_ppk)
		return;
	if (!sa->is_initiator) {
		msg_notify(o, N_PPK_IDENTITY, NULL, 0);
		return;
	}
	data[0] = PPK_ID_FIXED;
	memcpy(data + 1, ppk->id, ppk->id_len);
	msg_notify(o, N_PPK_IDENTITY, data, 1u + ppk->id_len);
	if (!ppk->is_required)
		msg_notify(o, N_NO_PPK_AUTH, ppk->plain_auth, ppk->plain_len);
}

enum status ppk_read_auth_reply(struct ike_sa *sa, const struct ike_payloads *p)
{
	const struct ppk *ppk = sa->hs->ppk;
	struct notify n;

	if (ppk == NULL || !sa->used_ppk || msg_find_notify(p, N_PPK_IDENTITY, &n))
		return ST_OK;
	if (ppk->is_required)
		return sa_fail(sa, ST_PPK_REQUIRED, "%s", "the peer did not use the post-quantum key");
	*sa->keys = ppk->plain_keys;
	sa->used_ppk = false;
	return ST_OK;
}
