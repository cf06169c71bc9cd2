#include "cmd/wire_psk.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_cached.h"
#include "cmd/wire_inquiry.h"
#include "cmd/wire_proof.h"
#include "core/aaa/attrs.h"
#include "core/aaa/mangler.h"
#include "core/aaa/radius_sign.h"
#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/ike/id_text.h"

struct asked_key {
	struct list in_list;
	struct wire *wire;
	struct inquiry *inquiry;
	uint64_t number;
	struct ike_question question;
	uint8_t *authorities; /* of the question */
};

struct wire_psk {
	struct list asked;
};

static void key_free(struct asked_key *k)
{
	list_del(&k->in_list);
	inquiry_drop(k->inquiry);
	mem_free(k->authorities);
	mem_free(k);
}

/* ---- answers ------------------------------------------------------------------------------------------ */

/* RFC 2868 3.5: a tag, then what is salted. Cisco's attributes for each side win. */
static enum status read_tunnel_password(const struct inquiry_result *r, struct aaa_set *set)
{
	uint8_t key[RADIUS_VALUE_MAX];
	struct radius_attr a;
	size_t len = 0;
	if (aaa_has(set, AV_KEY_LOCAL) || aaa_has(set, AV_KEY_REMOTE) || !radius_find(r->attrs, RADIUS_TUNNEL_PASSWORD, &a))
		return ST_OK;
	enum status st = a.value.len < 1 ? ST_RADIUS_REPLY :
		radius_reveal(r->secret, r->request_authenticator, (struct view){a.value.p + 1, a.value.len - 1}, key, sizeof(key), &len);
	if (st == ST_OK && !aaa_put_key(set, key, len))
		st = ST_RADIUS_REPLY;
	mem_zero(key, sizeof(key));
	return st == ST_OK ? ST_OK : ST_RADIUS_REPLY;
}

static void copy(const struct aaa_key *from, uint8_t *to, uint16_t *len)
{
	*len = from->len < IKE_PSK_LEN ? from->len : IKE_PSK_LEN;
	memcpy(to, from->bytes, *len);
}

/* What the profile has inline wins, as over another keyring. */
static void take_keys(const struct aaa_set *set, struct ike_answer *a)
{
	if (aaa_has(set, AV_KEY_LOCAL) && a->local_key_len == 0)
		copy(&set->key_local, a->local_key, &a->local_key_len);
	if (aaa_has(set, AV_KEY_REMOTE) && a->remote_key_len == 0)
		copy(&set->key_remote, a->remote_key, &a->remote_key_len);
}

static enum status read_accept(struct asked_key *k, const struct inquiry_result *r, struct ike_answer *a)
{
	struct aaa_set *set = aaa_set_new();
	enum status st = set ? wire_cached_read(set, r->attrs, a->detail) : ST_NOMEM;
	if (st == ST_OK)
		st = read_tunnel_password(r, set);
	if (st != ST_OK) {
		if (!a->detail[0])
			snprintf(a->detail, sizeof(a->detail), "the server's Tunnel-Password cannot be read: is its secret another one?");
		aaa_set_free(set);
		return st;
	}
	take_keys(set, a);
	return wire_cached_put(k->wire, k->question.sa, set);
}

static void on_result(void *ctx, const struct inquiry_result *r)
{
	struct asked_key *k = ctx;
	struct wire *w = k->wire;
	uint64_t number = k->number;
	uint8_t *block = NULL;
	struct ike_answer *a = mem_new(sizeof(*a));
	k->inquiry = NULL;
	if (a) {
		a->kind = ASK_KEYS;
		/* Local lists have no keys (R-AZN-13). */
		a->status = r->from == WIRE_AAA_GROUP ? r->status : ST_NO_KEY;
		snprintf(a->detail, sizeof(a->detail), "%s", r->words);
		if (a->status == ST_OK)
			a->status = read_accept(k, r, a);
		if (a->status == ST_OK)
			wire_proof_keys(w, &k->question, a, &block);
	}
	key_free(k);
	if (a) /* else its state has a timeout */
		ike_on_answer(w->ike, number, a);
	if (a)
		mem_free_secret(a, sizeof(*a));
	mem_free(block);
}

/* ---- questions ------------------------------------------------------------------------------------------ */

static enum status name_of(const struct wire *w, const struct ike_profile *p, const struct ike_question *q, char out[AAA_TEXT],
			   char *why)
{
	const struct name_mangler *m = p->keyring_mangler ? snapshot_mangler(w->conf, p->keyring_mangler) : NULL;
	char text[AAA_WHY] = "", addr[ADDR_TEXT];
	if (m) {
		struct mangle_identity who = {.type = q->peer_id.type, .ike = {q->peer_id.bytes, q->peer_id.len}};
		enum status st = mangler_apply(m, &who, out, text);
		snprintf(why, IKE_DETAIL_LEN, "%s", text);
		return st;
	}
	if (p->keyring_mangler) {
		snprintf(why, IKE_DETAIL_LEN, "profile %.63s: there is no name mangler %.63s", p->name, p->keyring_mangler);
		return ST_NAME_MANGLER;
	}
	if (q->peer_id.len)
		id_plain(&q->peer_id, out, AAA_TEXT);
	else
		snprintf(out, AAA_TEXT, "%s", q->peer_name[0] ? q->peer_name : addr_format(&q->remote.addr, addr));
	return ST_OK;
}

static struct asked_key *remember(struct wire *w, uint64_t number, const struct ike_question *q)
{
	struct asked_key *k = mem_new(sizeof(*k));
	uint8_t *authorities = q->authorities.len ? mem_dup(q->authorities.p, q->authorities.len) : NULL;
	if (!k || (q->authorities.len && !authorities)) {
		mem_free(k);
		mem_free(authorities);
		return NULL;
	}
	k->wire = w;
	k->number = number;
	k->question = *q;
	k->authorities = authorities;
	k->question.authorities.p = authorities;
	list_push_back(&w->psk->asked, &k->in_list);
	return k;
}

bool wire_psk_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a)
{
	const struct ike_profile *p = snapshot_profile(w->conf, q->profile);
	char name[AAA_TEXT];
	if (!p || p->keyring_kind != KEYRING_AAA || (p->auth_local != AUTH_PSK && !(p->auth_remote & AUTH_PSK)))
		return false;
	a->status = name_of(w, p, q, name, a->detail);
	if (a->status != ST_OK)
		return false;
	struct inquiry_about about = {
		.kind = AAA_AUTHOR_NETWORK,
		.list = p->keyring,
		.name = name,
		.password = secret_usable(&p->keyring_password) ? &p->keyring_password : &w->conf->aaa.authorization_password,
		.who = {&q->local, &q->remote, q->profile, q->sa},
		.of_servers_only = true,
	};
	struct asked_key *k = remember(w, number, q);
	if (!k) {
		a->status = ST_NOMEM;
		return false;
	}
	enum wire_aaa from = inquiry_start(w, &about, on_result, k, &k->inquiry, &a->status);
	if (k->inquiry)
		return true;
	key_free(k);
	if (from != WIRE_AAA_GROUP) {
		a->status = ST_NO_KEY;
		snprintf(a->detail, sizeof(a->detail), "profile %.63s: list %.63s asks no RADIUS server, and others have no keys", p->name,
			 p->keyring);
	}
	return false;
}

void wire_psk_cancel(struct wire *w, uint64_t number)
{
	LIST_EACH_SAFE(at, &w->psk->asked) {
		struct asked_key *k = CONTAINER_OF(at, struct asked_key, in_list);
		if (k->number == number)
			key_free(k);
	}
}

enum status wire_psk_open(struct wire *w)
{
	w->psk = mem_new(sizeof(*w->psk));
	if (!w->psk)
		return ST_NOMEM;
	list_init(&w->psk->asked);
	return ST_OK;
}

void wire_psk_close(struct wire *w)
{
	if (!w->psk)
		return;
	LIST_EACH_SAFE(at, &w->psk->asked)
		key_free(CONTAINER_OF(at, struct asked_key, in_list));
	mem_free(w->psk);
	w->psk = NULL;
}
