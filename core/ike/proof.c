#include "core/ike/proof.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/conf/certmap.h"
#include "core/crypto/sig.h"
#include "core/ike/auth.h"
#include "core/ike/engine.h"
#include "core/ike/intermediate.h"
#include "core/ike/ppk.h"
#include "core/wire/certs.h"
#include "core/wire/notify.h"

#define NOTIFY_EMPTY_LEN 8 /* a notify without data */
#define OCTETS_MAX (INIT_MAX + NONCE_MAX + PRF_OUT_MAX + INT_AUTH_MAX)

/* ---- what is kept -------------------------------------------------------------------------------- */

enum status proof_begin(struct handshake *hs)
{
	if (hs->proof == NULL)
		hs->proof = mem_new(sizeof(*hs->proof));
	return hs->proof != NULL ? ST_OK : ST_NOMEM;
}

void proof_free(struct proof *p)
{
	if (p == NULL)
		return;
	mem_free(p->theirs.bytes);
	mem_free(p->mine.bytes);
	mem_free(p->authority_bytes);
	mem_free(p->reply.bytes);
	mem_free_secret(p, sizeof(*p));
}

/* Copies the certificates; what was in the pile goes. */
static enum status pile_keep(struct cert_pile *pile, const struct ike_cert *certs, size_t n)
{
	struct cert_pile out = {0};
	size_t len = 0, at = 0;

	if (n > IKE_CERTS_MAX)
		return ST_LIMIT;
	for (size_t i = 0; i < n; i++)
		len += certs[i].data.len;
	if (len > CERT_BYTES_MAX)
		return ST_LIMIT;
	if (n > 0) {
		out.bytes = mem_new(len);
		if (out.bytes == NULL)
			return ST_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(out.bytes + at, certs[i].data.p, certs[i].data.len);
		out.v[i] = (struct ike_cert){certs[i].encoding, {out.bytes + at, certs[i].data.len}};
		at += certs[i].data.len;
	}
	out.n = (uint8_t)n;
	mem_free(pile->bytes);
	*pile = out;
	return ST_OK;
}

void proof_drop_certs(struct proof *p)
{
	mem_free(p->mine.bytes);
	p->mine = (struct cert_pile){0};
	p->my_scheme = SIG_NONE;
}

/* ---- reading ------------------------------------------------------------------------------------- */

static enum status read_certs(struct proof *proof, const struct ike_payloads *p)
{
	struct ike_cert certs[IKE_CERTS_MAX];
	struct cert_payload cert;
	size_t n = 0;
	enum status st;

	for (const struct payload *at = payload_find(p, PT_CERT); at != NULL; at = payload_find_next(p, at)) {
		st = cert_payload_parse(at->body, &cert);
		if (st != ST_OK)
			return st;
		if (n == IKE_CERTS_MAX)
			return ST_LIMIT;
		certs[n++] = (struct ike_cert){cert.encoding, cert.data};
	}
	return pile_keep(&proof->theirs, certs, n);
}

enum status proof_read(struct ike_sa *sa, const struct ike_payloads *p)
{
	const struct payload *at = payload_find(p, PT_AUTH);
	struct proof *proof;
	struct auth auth;
	enum status st = proof_begin(sa->hs);

	if (st != ST_OK)
		return st;
	proof = sa->hs->proof;
	proof->method = 0;
	proof->auth_len = 0;
	if (at != NULL) {
		st = auth_parse(at->body, &auth);
		if (st != ST_OK)
			return st;
		proof->method = auth.method;
		/* Only a value of a possible length can be the right one; longer ones are not kept. */
		proof->auth_len = auth.data.len <= sizeof(proof->auth) ? (uint16_t)auth.data.len : 0;
		memcpy(proof->auth, auth.data.p, proof->auth_len);
	}
	return proof_is_signed(proof) ? read_certs(proof, p) : pile_keep(&proof->theirs, NULL, 0);
}

static void read_authorities(struct handshake *hs, struct view v)
{
	size_t room = sizeof(hs->authorities) - hs->authorities_len;
	size_t len = v.len < room ? v.len : room;

	/* Whole hashes: the array holds so many. */
	memcpy(hs->authorities + hs->authorities_len, v.p, len);
	hs->authorities_len = (uint16_t)(hs->authorities_len + len);
}

enum status proof_read_wants(struct handshake *hs, const struct ike_payloads *p)
{
	struct certreq req;
	struct notify n;
	enum status st;

	hs->peer_eap_only |= msg_find_notify(p, N_EAP_ONLY_AUTHENTICATION, &n);
	for (const struct payload *at = payload_find(p, PT_CERTREQ); at != NULL;
		at = payload_find_next(p, at)) {
		st = certreq_parse(at->body, &req);
		if (st != ST_OK)
			return st;
		if (req.encoding == CERT_ENC_OCSP)
			hs->peer_wants_ocsp = true;
		else if (req.encoding == CERT_ENC_X509)
			read_authorities(hs, req.authorities);
	}
	return ST_OK;
}

void proof_read_hashes(struct handshake *hs, const struct ike_payloads *p)
{
	struct notify n;
	struct rd r;

	hs->peer_hashes = 0;
	if (!msg_find_notify(p, N_SIGNATURE_HASH_ALGORITHMS, &n))
		return;
	r = rd_init(n.data.p, n.data.len);
	while (r.left >= 2) {
		uint16_t number = rd_u16(&r);

		if (number < 16)
			hs->peer_hashes = (uint16_t)(hs->peer_hashes | 1u << number);
	}
}

void proof_put_hashes(struct msg_out *o)
{
	uint8_t data[2 * 16];
	struct wr w = wr_init(data, sizeof(data));

	for (uint16_t i = 0; i < 16; i++)
		if (SIG_HASH_OURS & 1u << i)
			wr_u16(&w, i);
	msg_notify(o, N_SIGNATURE_HASH_ALGORITHMS, data, w.len);
}

/* ---- methods ------------------------------------------------------------------------------------- */

bool proof_is_signed(const struct proof *p)
{
	return p->method != 0 && p->method != AUTHM_PSK;
}

/* Which word of the configuration allows the peer's method; 0: none does. */
static uint8_t method_bit(const struct proof *p)
{
	struct rd r = rd_init(p->auth, p->auth_len);
	enum sig_scheme scheme = SIG_NONE;

	switch (p->method) {
	case 0:
		return AUTH_EAP;
	case AUTHM_PSK:
		return AUTH_PSK;
	case AUTHM_RSA:
		return AUTH_RSA;
	case AUTHM_ECDSA_256:
	case AUTHM_ECDSA_384:
	case AUTHM_ECDSA_521:
		return AUTH_ECDSA;
	case AUTHM_DIGITAL_SIGNATURE:
		if (sig_scheme_parse(&r, &scheme) != ST_OK)
			return 0;
		return sig_fits(scheme, CERT_RSA) ? AUTH_RSA : AUTH_ECDSA;
	default:
		return 0;
	}
}

static const char *bit_words(uint8_t bit)
{
	return bit == AUTH_PSK	   ? "pre-share"
	       : bit == AUTH_RSA   ? "rsa-sig"
	       : bit == AUTH_ECDSA ? "ecdsa-sig"
				   : "eap";
}

/* RFC 7296 3.6: the first one is of the key that signs. NULL: it cannot be read. */
static struct cert *leaf_of(const struct proof *p)
{
	struct cert *leaf = NULL;

	if (p == NULL || p->theirs.n == 0 || p->theirs.v[0].encoding != CERT_ENC_X509)
		return NULL;
	/* Whether it is good enough is judged later: here it only chooses a profile. */
	return cert_parse(p->theirs.v[0].data, &leaf) == ST_OK ? leaf : NULL;
}

size_t proof_cert_maps(const struct ike_sa *sa, const char **names, size_t max)
{
	struct cert *leaf = leaf_of(sa->hs->proof);
	size_t n = leaf != NULL ? certmaps_of(sa->hs->conf, leaf, names, max) : 0;

	cert_unref(leaf);
	return n;
}

bool proof_profile_covers(const struct ike_sa *sa, const struct ike_profile *profile)
{
	struct view id = {sa->peer_id->bytes, sa->peer_id->len};
	struct cert *leaf = leaf_of(sa->hs->proof);
	bool covers = false;

	for (size_t i = 0; i < profile->remote_count && !covers; i++) {
		const struct id_match *m = &profile->remotes[i];

		covers = m->kind == ID_CERT_MAP ? leaf != NULL && certmap_matches(sa->hs->conf, m->text, leaf)
						: id_covers(m, sa->peer_id->type, id);
	}
	cert_unref(leaf);
	return covers;
}

enum status proof_judge_remote(struct ike_sa *sa, const struct ike_profile *profile)
{
	const struct proof *p = sa->hs->proof;
	uint8_t bit = method_bit(p);

	if (bit == 0 && p->method == AUTHM_DIGITAL_SIGNATURE)
		return sa_fail(sa, ST_SIG_ALGORITHM, "%s", "the peer's digital signature does not begin with an "
			"algorithm that is accepted here (RFC 7427)");
	if (bit == 0)
		return sa_fail(sa, ST_AUTH_METHOD, "the peer authenticates by %s, which is not supported",
			auth_method_name(p->method));
	if ((profile->auth_remote & bit) == 0)
		return sa_fail(sa, ST_AUTH_METHOD,
			"the peer authenticates by %s, and profile %s has no `authentication remote %s`",
			bit == AUTH_EAP ? "EAP" : auth_method_name(p->method), profile->name, bit_words(bit));
	return ST_OK;
}

enum status proof_judge_methods(struct ike_sa *sa, const struct ike_profile *profile)
{
	bool by_eap = sa->hs->proof->method == 0;
	enum status st = proof_judge_remote(sa, profile);

	if (st != ST_OK)
		return st;
	if ((profile->auth_local & (AUTH_PSK | AUTH_RSA | AUTH_ECDSA)) == 0)
		return sa_fail(sa, ST_AUTH_METHOD, "profile %s has no `authentication local` that a "
			"responder can use", profile->name);
	if (profile->eap_multiple && !(proof_is_signed(sa->hs->proof) && sa->hs->another_follows))
		return sa_fail(sa, ST_AUTH_METHOD, "profile %s has `sallyport eap multiple`: a certificate and then EAP, "
			"and the client wants only one of them", profile->name);
	if (sa->hs->another_follows && !profile->eap_multiple)
		return sa_fail(sa, ST_AUTH_METHOD, "the client authenticates a second time, and profile %s has no "
			"`sallyport eap multiple`", profile->name);
	/* R-AUT-04; and without a signature of ours the second round would not come. */
	if ((by_eap || profile->eap_multiple) && (profile->auth_local & (AUTH_RSA | AUTH_ECDSA)) == 0)
		return sa_fail(sa, ST_AUTH_METHOD, "profile %s: a client that uses EAP wants a certificate of "
			"ours, not a pre-shared key", profile->name);
	return ST_OK;
}

/* ---- keys ---------------------------------------------------------------------------------------- */

enum status proof_ask_keys(struct ike_sa *sa)
{
	const struct handshake *hs = sa->hs;
	struct ike_question q = {
		.kind = ASK_KEYS,
		.hashes = hs->peer_hashes,
		.authorities = {hs->authorities, hs->authorities_len},
		.wants_ocsp = hs->peer_wants_ocsp,
	};

	if (sa->is_initiator)
		memcpy(q.peer_name, hs->connect->peer_name, sizeof(q.peer_name));
	ppk_ask(sa, &q);
	return sa_ask(sa, &q);
}

bool proof_signs(const struct ike_answer *a)
{
	return a->scheme != SIG_NONE;
}

enum status proof_take_keys(struct ike_sa *sa, const struct ike_answer *a)
{
	struct proof *p;
	enum status st = proof_begin(sa->hs);

	if (st != ST_OK)
		return st;
	p = sa->hs->proof;
	p->my_scheme = a->scheme;
	p->my_key = a->key;
	st = pile_keep(&p->mine, a->certs, a->n_certs);
	if (st != ST_OK || a->authorities.len == 0)
		return st;
	mem_free(p->authority_bytes);
	p->authority_bytes = mem_dup(a->authorities.p, a->authorities.len);
	p->authorities = (struct view){p->authority_bytes, a->authorities.len};
	return p->authority_bytes != NULL ? ST_OK : ST_NOMEM;
}

struct view proof_eap_key(const struct ike_sa *sa, bool of_initiator)
{
	const struct proof *p = sa->hs->proof;

	if (p->msk_len > 0)
		return (struct view){p->msk, p->msk_len};
	return (struct view){of_initiator ? sa->keys->sk_pi : sa->keys->sk_pr, sa->keys->d_len};
}

enum status proof_share(struct ike_sa *sa, struct view key)
{
	struct proof *p;
	enum status st = proof_begin(sa->hs);

	if (st != ST_OK)
		return st;
	p = sa->hs->proof;
	auth_value(sa, sa->is_initiator, sa->my_id, key, p->my_auth);
	p->my_auth_len = sa->suite.prf->out_len;
	p->my_method = AUTHM_PSK;
	return ST_OK;
}

/* ---- signatures ---------------------------------------------------------------------------------- */

/* What the AUTH payload of a side covers (RFC 7296 2.15, RFC 9242 3.3.2), in one piece. */
static size_t octets_of(const struct ike_sa *sa, bool of_initiator, uint8_t out[OCTETS_MAX])
{
	const struct ike_id *id = of_initiator == sa->is_initiator ? sa->my_id : sa->peer_id;
	uint8_t int_auth[INT_AUTH_MAX];
	struct auth_octets o;
	struct wr w = wr_init(out, OCTETS_MAX);

	auth_octets(sa, of_initiator, id, &o, int_auth);
	wr_bytes(&w, o.message.p, o.message.len);
	wr_bytes(&w, o.nonce.p, o.nonce.len);
	wr_bytes(&w, o.maced_id, o.maced_len);
	wr_bytes(&w, o.int_auth.p, o.int_auth.len);
	mem_zero(&o, sizeof(o));
	return w.len;
}

enum status proof_ask(struct ike_sa *sa)
{
	const struct proof *p = sa->hs->proof;
	struct ike_question q = {
		.kind = ASK_PROOF,
		.method = p->method,
		.auth = {p->auth, p->auth_len},
		.n_certs = p->theirs.n,
	};
	uint8_t octets[OCTETS_MAX];

	if (p->theirs.n == 0)
		return sa_fail(sa, ST_NO_CERT, "%s", "the peer signs and sends no certificate");
	if (p->auth_len == 0)
		return sa_fail(sa, ST_AUTH_FAILED, "%s", "the peer's signature is longer than any");
	memcpy(q.certs, p->theirs.v, sizeof(q.certs));
	q.octets = (struct view){octets, octets_of(sa, !sa->is_initiator, octets)};
	return sa_ask(sa, &q);
}

enum status proof_sign(struct ike_sa *sa)
{
	const struct proof *p = sa->hs->proof;
	uint8_t octets[OCTETS_MAX];
	struct ike_job job = {.kind = JOB_SIGN, .scheme = p->my_scheme, .key = p->my_key};

	job.octets = (struct view){octets, octets_of(sa, sa->is_initiator, octets)};
	return sa_job(sa, &job);
}

enum status proof_signed(struct ike_sa *sa, const struct ike_job_result *r)
{
	struct proof *p = sa->hs->proof;
	struct wr w = wr_init(p->my_auth, sizeof(p->my_auth));
	uint8_t alg[SIG_ALG_MAX];

	if (r->status != ST_OK)
		return sa_fail(sa, r->status, "our own signature could not be made (profile %s)",
			sa->profile);
	if (r->signature_len == 0 || r->signature_len > sizeof(r->signature))
		return ST_INTERNAL;
	wr_bytes(&w, alg, sig_scheme_put((enum sig_scheme)p->my_scheme, alg));
	wr_bytes(&w, r->signature, r->signature_len);
	if (!wr_ok(&w))
		return ST_INTERNAL;
	p->my_method = sig_method((enum sig_scheme)p->my_scheme);
	p->my_auth_len = (uint16_t)w.len;
	sa->auth_local = p->my_method;
	return ST_OK;
}

/* ---- writing ------------------------------------------------------------------------------------- */

void proof_put_certs(struct msg_out *o, const struct proof *p)
{
	for (size_t i = 0; i < p->mine.n; i++) {
		struct wr_mark m = payload_open(&o->c, PT_CERT);

		cert_payload_build(&o->w, p->mine.v[i].encoding, p->mine.v[i].data);
		payload_close(&o->c, m);
	}
}

static void put_certreq(struct msg_out *o, uint8_t encoding, struct view authorities)
{
	struct wr_mark m = payload_open(&o->c, PT_CERTREQ);

	certreq_build(&o->w, encoding, authorities);
	payload_close(&o->c, m);
}

void proof_put_certreq(struct msg_out *o, const struct handshake *hs)
{
	if (hs->proof->authorities.len == 0)
		return;
	if (hs->conf->ike.http_url_cert)
		msg_notify(o, N_HTTP_CERT_LOOKUP_SUPPORTED, NULL, 0);
	put_certreq(o, CERT_ENC_X509, hs->proof->authorities);
}

void proof_put_authorities(struct msg_out *o, const struct ike *ike, size_t room)
{
	size_t before = ike->conf->ike.http_url_cert ? NOTIFY_EMPTY_LEN : 0;
	size_t head = before + PAYLOAD_HDR_LEN + 1;
	size_t fit = room > head ? (room - head) / CERT_HASH_LEN * CERT_HASH_LEN : 0;
	struct view all = {ike->authorities, ike->authorities_len};

	if (all.len == 0 || fit == 0)
		return;
	if (before > 0)
		msg_notify(o, N_HTTP_CERT_LOOKUP_SUPPORTED, NULL, 0);
	put_certreq(o, CERT_ENC_X509, (struct view){all.p, all.len < fit ? all.len : fit});
}

/* ---- a reply kept ---------------------------------------------------------------------------------- */

enum status proof_keep_reply(struct proof *p, const struct msg_in *m)
{
	uint8_t *copy = mem_dup(m->plain.p, m->plain.len);

	if (copy == NULL)
		return ST_NOMEM;
	mem_free(p->reply.bytes);
	p->reply = (struct kept_reply){copy, m->plain.len, m->first, *m->local, *m->remote};
	return ST_OK;
}

enum status proof_reply(const struct proof *p, struct msg_in *out)
{
	*out = (struct msg_in){
		.plain = {p->reply.bytes, p->reply.len},
		.first = p->reply.first,
		.local = &p->reply.local,
		.remote = &p->reply.remote,
	};
	return payloads_parse(p->reply.first, out->plain, PAYLOADS_INNER, &out->p);
}
