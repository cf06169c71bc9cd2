#include "cmd/wire_eap_conf.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_pki.h"
#include "cmd/wire_radius.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/crypto/rnd.h"
#include "core/wire/id.h"

static void random_bytes(void *arg, void *out, size_t len)
{
	rnd_bytes(out, len);
}

/* ---- TLS --------------------------------------------------------------------------------------------- */

void eap_tls_cache_clear(struct eap_tls_cache *c)
{
	for (size_t i = 0; i < EAP_TLS_KEPT; i++)
		tls_ctx_unref(c->v[i].ctx);
	*c = (struct eap_tls_cache){0};
}

/* RSA first: every client can verify that. */
static bool choose(const struct wire *w, const struct ike_profile *p, struct wire_credential *out)
{
	static const uint8_t order[] = {AUTH_RSA, AUTH_ECDSA};
	for (size_t i = 0; i < sizeof(order); i++) {
		struct credential_wish wish = {.auth_local = order[i], .peer_hashes = SIG_HASH_OURS};
		if (wire_pki_credential(w, p, &wish, out))
			return true;
	}
	return false;
}

static enum status make_tls(const struct wire *w, const struct ike_profile *p, bool is_server, struct tls_ctx **out,
			    unsigned *key)
{
	struct wire_credential c = {0};
	bool has = choose(w, p, &c);
	*out = NULL;
	*key = c.key;
	if (!has)
		return ST_OK;
	return tls_ctx_new(&(struct tls_conf){.role = is_server ? TLS_SERVER : TLS_CLIENT, .chain = c.chain, .n_chain = c.n},
			   out);
}

/* Without a certificate of ours there is none, and no method that wants one. */
static enum status find_tls(const struct wire *w, struct eap_tls_cache *cache, const struct ike_profile *p, bool is_server,
			    struct eap_side *side)
{
	size_t at;
	for (at = 0; at < EAP_TLS_KEPT; at++)
		if (cache->v[at].ctx && cache->v[at].is_server == is_server && strcmp(cache->v[at].profile, p->name) == 0)
			break;
	if (at == EAP_TLS_KEPT) {
		struct tls_ctx *made;
		unsigned key;
		enum status st = make_tls(w, p, is_server, &made, &key);
		if (st != ST_OK || !made)
			return st;
		at = cache->next++ % EAP_TLS_KEPT;
		tls_ctx_unref(cache->v[at].ctx);
		snprintf(cache->v[at].profile, sizeof(cache->v[at].profile), "%s", p->name);
		cache->v[at].is_server = is_server;
		cache->v[at].key = key;
		cache->v[at].ctx = made;
	}
	side->tls = tls_ctx_ref(cache->v[at].ctx);
	side->key = cache->v[at].key;
	return ST_OK;
}

/* ---- server -------------------------------------------------------------------------------------------- */

static bool is_name(const struct ike_id *id)
{
	return id->type == IDT_FQDN || id->type == IDT_EMAIL || id->type == IDT_KEY_ID;
}

enum status eap_name_of(const struct ike_question *q, bool queries, struct view *out, char *why, size_t cap)
{
	const struct ike_id *id = &q->eap_id;
	*out = is_name(id) ? (struct view){id->bytes, id->len} : (struct view){0};
	if (is_name(id) || queries)
		return ST_OK;
	snprintf(why, cap, "profile %s: the client's identity names no user; `authentication remote eap query-identity` "
		 "asks for one", q->profile);
	return ST_CONFIG;
}

static bool is_local(const struct wire *w, const struct ike_profile *p)
{
	const char *group;
	size_t at = 0;
	return wire_aaa_next(w->conf, AAA_AUTHEN_LOGIN, p->eap_authen_list, &at, &group) == WIRE_AAA_LOCAL;
}

/* Those that prove the gateway and cannot be guessed from (RFC 5998 section 4): they begin with its certificate. */
static bool proves_gateway(uint8_t type)
{
	return type == EAP_TLS || type == EAP_TTLS || type == EAP_PEAP;
}

static uint8_t choose_methods(const struct eap_list *all, bool are_to_prove, uint8_t out[EAP_METHODS_MAX])
{
	uint8_t n = 0;
	for (size_t i = 0; i < all->n; i++)
		if (!are_to_prove || proves_gateway(all->v[i]))
			out[n++] = all->v[i];
	return n;
}

/* Who the client says it is: by IKE, or by the answer that RADIUS servers did not take. */
static enum status take_name(const struct ike_profile *p, const struct eap_side_want *want, struct eap_server_conf *c)
{
	struct eap_packet e;
	if (!want->goes_on) {
		c->query_identity = p->eap_query_identity;
		rnd_bytes(&c->first_id, 1);
		return eap_name_of(want->q, p->eap_query_identity, &c->identity, want->why, IKE_DETAIL_LEN);
	}
	enum status st = eap_parse(want->q->eap, &e);
	if (st == ST_OK && (e.code != EAP_CODE_RESPONSE || e.type != EAP_IDENTITY))
		st = ST_EAP_UNEXPECTED;
	if (st != ST_OK)
		return st;
	c->identity = e.data;
	c->first_id = (uint8_t)(e.id + 1); /* a client takes the same one for the same request (RFC 3748 4.1) */
	return ST_OK;
}

static enum status make_server(const struct wire *w, const struct ike_profile *p, const struct eap_side_want *want,
			       struct eap_side *side)
{
	const struct ike_question *q = want->q;
	struct eap_server_conf c = {
		.server_name = snapshot_hostname(w->conf),
		.tls = side->tls,
		.tls_inner = side->tls,
		.random = random_bytes,
		.quirks = q->is_forticlient ? EAP_QUIRK_FORTICLIENT : 0,
	};
	if (!want->goes_on && !is_local(w, p)) {
		snprintf(want->why, IKE_DETAIL_LEN, "profile %s: authentication list %s names neither `local` nor a group of servers",
			 p->name, p->eap_authen_list);
		return ST_CONFIG;
	}
	enum status st = take_name(p, want, &c);
	if (st != ST_OK)
		return st;
	c.n_methods = choose_methods(&p->eap_methods, q->proves_gateway, c.methods);
	if (c.n_methods == 0 || (q->proves_gateway && !side->tls)) {
		snprintf(want->why, IKE_DETAIL_LEN, "profile %s: the client wants no certificate of ours in IKE, and none of `sallyport eap methods` "
			 "proves us", p->name);
		return ST_CONFIG;
	}
	c.n_inner = p->eap_inner.n;
	memcpy(c.inner, p->eap_inner.v, p->eap_inner.n);
	side->server = eap_server_new(&c);
	return side->server ? ST_OK : ST_NOMEM;
}

/* ---- peer ---------------------------------------------------------------------------------------------- */

static enum status make_peer(const struct ike_profile *p, const struct eap_side_want *want, struct eap_side *side)
{
	const struct ike_question *q = want->q;
	static const uint8_t all[] = {EAP_MSCHAPV2, EAP_GTC, EAP_MD5, EAP_TLS};
	static const uint8_t one[] = {[EAP_LOCAL_GTC] = EAP_GTC, [EAP_LOCAL_MD5] = EAP_MD5, [EAP_LOCAL_MSCHAPV2] = EAP_MSCHAPV2};
	struct eap_peer_conf c = {
		.tls = side->tls,
		.random = random_bytes,
	};
	/* R-EAP-11: an address is nobody's name. */
	if (is_name(&q->my_id))
		c.identity = (struct view){q->my_id.bytes, q->my_id.len};
	if (q->proves_gateway) {
		c.n_methods = 1;
		c.methods[0] = EAP_TLS;
	} else if (p->eap_local == EAP_LOCAL_ANY) {
		c.n_methods = sizeof(all);
		memcpy(c.methods, all, sizeof(all));
	} else {
		c.n_methods = 1;
		c.methods[0] = one[p->eap_local];
	}
	if (q->proves_gateway && (!side->tls || p->eap_local != EAP_LOCAL_ANY)) {
		snprintf(want->why, IKE_DETAIL_LEN, "profile %s: the gateway shows no certificate in IKE, and only EAP-TLS would prove it",
			 p->name);
		return ST_CONFIG;
	}
	if (p->eap_user)
		c.username = (struct view){(const uint8_t *)p->eap_user, strlen(p->eap_user)};
	side->has_password = secret_usable(&p->eap_password);
	if (side->has_password)
		c.password = (struct view){p->eap_password.bytes, p->eap_password.len};
	side->peer = eap_peer_new(&c);
	return side->peer ? ST_OK : ST_NOMEM;
}

enum status eap_side_make(const struct wire *w, struct eap_tls_cache *cache, const struct eap_side_want *want,
			  struct eap_side *out)
{
	const struct ike_profile *p = snapshot_profile(w->conf, want->q->profile);
	bool is_server = !want->q->we_are_initiator;
	*out = (struct eap_side){0};
	if (!p)
		return ST_NO_PROFILE;
	enum status st = find_tls(w, cache, p, is_server, out);
	if (st == ST_OK)
		st = is_server ? make_server(w, p, want, out) : make_peer(p, want, out);
	if (st != ST_OK)
		eap_side_free(out);
	return st;
}

void eap_side_free(struct eap_side *s)
{
	eap_server_free(s->server);
	eap_peer_free(s->peer);
	tls_ctx_unref(s->tls);
	*s = (struct eap_side){0};
}
