/* PEAPv0 (draft-kamath-pppext-peapv0, [MS-PEAP]; RFC 9427 for TLS 1.3), server. In the tunnel EAP
 * goes on without its header (code, identifier, length), except for packets of type 33, whose
 * identifier is that of the outer request:
 *
 *   peer                                server
 *                 (TLS handshake)
 *                              <-  Request/Identity
 *   Response/Identity          ->
 *                              <-> MSCHAPv2 or GTC
 *                              <-  type 33: Result, Crypto-Binding
 *   type 33: Result, Crypto-Binding ->
 *                              <-  EAP-Success, outside
 *
 * Crypto-Binding ties the inner method to the tunnel, so that a login in another tunnel cannot be
 * carried into this one. A client may leave it out; when it is there it must be right, and the MSK
 * then comes from both. There is no fast reconnect. */
#include <string.h>

#include "core/base/mem.h"
#include "core/eap/inner.h"
#include "core/eap/peap_tlv.h"
#include "core/eap/tls_link.h"

#define LABEL_12    "client EAP encryption" /* as in RFC 5216 2.3 */
#define MESSAGE_MAX EAP_PACKET_MAX

enum peap_state { PEAP_HANDSHAKE, PEAP_IDENTITY, PEAP_INNER, PEAP_RESULT, PEAP_REFUSED };

struct peap {
	struct eap_env *env;
	struct tls_link link;
	struct eap_inner inner;
	enum peap_state state;
	struct peap_keys keys;
	enum status why; /* REFUSED */
	char words[256];
	char name[EAP_NAME_MAX + 1]; /* of the user who was through */
};

static void *make(struct eap_env *env)
{
	struct peap *m = mem_new(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->env = env;
	if (tls_link_init(&m->link, EAP_PEAP, env, env->tls_inner, false) != ST_OK) {
		tls_link_fini(&m->link);
		mem_free_secret(m, sizeof(*m));
		return NULL;
	}
	return m;
}

static void drop(void *p)
{
	struct peap *m = p;

	tls_link_fini(&m->link);
	eap_inner_fini(&m->inner);
	mem_free_secret(m, sizeof(*m));
}

static enum eap_step_kind start(void *p, struct eap_turn *t)
{
	struct peap *m = p;

	return tls_link_start(&m->link, t);
}

/* --- out -----------------------------------------------------------------------------------------
 */

static enum eap_step_kind ask_identity(struct peap *m, struct eap_turn *t)
{
	static const uint8_t request[1] = {EAP_IDENTITY};

	m->state = PEAP_IDENTITY;
	return tls_link_write(&m->link, (struct view){request, sizeof(request)}, t);
}

/* With TLS 1.2 the Finished is ours; the client acknowledges it, and the tunnel begins. */
static enum eap_step_kind opened(struct peap *m, struct eap_turn *t)
{
	return tls_version(m->link.tls) == TLS_1_3 ? ask_identity(m, t)
						   : tls_link_send(&m->link, t);
}

static enum eap_step_kind send_result(
	struct peap *m, enum peap_result result, const struct peap_keys *keys, struct eap_turn *t)
{
	uint8_t buf[128], nonce[PEAP_NONCE_LEN];
	struct wr w = wr_init(buf, sizeof(buf));

	m->env->random(m->env->random_arg, nonce, sizeof(nonce));
	/* The request that carries it has the identifier after the last response's. */
	peap_tlvs_put(&w, EAP_CODE_REQUEST, (uint8_t)(m->env->id + 1), result, keys, 0, nonce);
	return wr_ok(&w) ? tls_link_write(&m->link, (struct view){buf, w.len}, t)
			 : eap_fail(t, ST_INTERNAL, NULL);
}

/* RFC 9427 2.4: with TLS 1.3, too, the tunnel key is the beginning of Key_Material. */
static enum eap_step_kind inner_succeeded(struct peap *m, struct eap_turn *t)
{
	static const uint8_t no_key[PEAP_ISK_LEN];
	const struct eap_step *in = m->inner.step;
	uint8_t key[TLS_LINK_KEY_LEN];
	enum status st = tls_link_key(&m->link, LABEL_12, key);

	if (st != ST_OK)
		return eap_fail(t, st, NULL);
	peap_keys_make(&m->keys, key, in->has_msk ? in->msk : no_key);
	mem_zero(key, sizeof(key));
	memcpy(m->name, in->name, sizeof(m->name));
	m->state = PEAP_RESULT;
	return send_result(m, PEAP_SUCCEEDED, &m->keys, t);
}

static enum eap_step_kind inner_failed(struct peap *m, struct eap_turn *t)
{
	m->why = t->step->status;
	memcpy(m->words, t->step->words, sizeof(m->words));
	m->state = PEAP_REFUSED;
	return send_result(m, PEAP_FAILED, NULL, t);
}

static enum eap_step_kind conclude_inner(
	struct peap *m, enum eap_step_kind kind, struct eap_turn *t)
{
	struct view out;

	switch (kind) {
	case EAP_SEND:
		out = eap_inner_out(&m->inner);
		return tls_link_write(&m->link,
			(struct view){out.p + EAP_HEADER_LEN, out.len - EAP_HEADER_LEN}, t);
	case EAP_SUCCESS: return inner_succeeded(m, t);
	case EAP_FAILURE: return inner_failed(m, t);
	default: return kind;
	}
}

/* --- in ------------------------------------------------------------------------------------------
 */

static enum eap_step_kind take_identity(struct peap *m, struct view data, struct eap_turn *t)
{
	/* MD5 hashes an identifier that PEAP does not carry. */
	static const uint8_t types[] = {EAP_MSCHAPV2, EAP_GTC};
	struct rd r = rd_init(data.p, data.len);
	uint8_t type = rd_u8(&r);
	struct view name = rd_rest(&r);

	if (!rd_ok(&r) || type != EAP_IDENTITY || name.len == 0 || name.len > EAP_NAME_MAX ||
		memchr(name.p, 0, name.len) != NULL)
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	m->state = PEAP_INNER;
	return conclude_inner(m,
		eap_inner_begin(&m->inner, m->env, types, sizeof(types), name,
			(uint8_t)(m->env->id + 1), t),
		t);
}

/* The header that was left away is put back. */
static enum eap_step_kind take_inner(struct peap *m, struct view data, struct eap_turn *t)
{
	uint8_t buf[MESSAGE_MAX + EAP_HEADER_LEN];
	struct wr w = wr_init(buf, sizeof(buf));
	enum eap_step_kind kind;

	wr_u8(&w, EAP_CODE_RESPONSE);
	wr_u8(&w, eap_inner_id(&m->inner));
	wr_u16(&w, (uint16_t)(EAP_HEADER_LEN + data.len));
	wr_bytes(&w, data.p, data.len);
	kind = wr_ok(&w)
		       ? conclude_inner(m,
				 eap_inner_packet(&m->inner, m->env, (struct view){buf, w.len}, t),
				 t)
		       : eap_fail(t, ST_EAP_MALFORMED, NULL);
	mem_zero(buf, sizeof(buf));
	return kind;
}

static enum eap_step_kind take_result(struct peap *m, struct view data, struct eap_turn *t)
{
	struct peap_tlvs tlvs;
	enum status st = peap_tlvs_parse(data, EAP_CODE_RESPONSE, &tlvs);

	if (st != ST_OK || tlvs.result == PEAP_NO_RESULT)
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	if (tlvs.result != PEAP_SUCCEEDED)
		return eap_fail(t, ST_PEER_REFUSED, "the client refuses the result of PEAP");
	memcpy(t->step->name, m->name, sizeof(m->name));
	if (tlvs.binding.len == 0) {
		st = tls_link_msk(&m->link, LABEL_12, t->step);
		return st == ST_OK ? EAP_SUCCESS : eap_fail(t, st, NULL);
	}
	if (!peap_binding_is_right(&m->keys, tlvs.binding, 1))
		return eap_fail(t, ST_AUTH_FAILED,
			"Crypto-Binding: the inner method was not done in this tunnel");
	peap_keys_msk(&m->keys, t->step->msk);
	t->step->has_msk = true;
	return EAP_SUCCESS;
}

static enum eap_step_kind take_message(struct peap *m, struct view data, struct eap_turn *t)
{
	switch (m->state) {
	case PEAP_HANDSHAKE:
		return data.len == 0 ? ask_identity(m, t) : eap_fail(t, ST_EAP_UNEXPECTED, NULL);
	case PEAP_IDENTITY: return take_identity(m, data, t);
	case PEAP_INNER: return take_inner(m, data, t);
	case PEAP_RESULT: return take_result(m, data, t);
	default: return eap_fail(t, m->why, m->words); /* whatever it says to our refusal */
	}
}

static enum eap_step_kind packet(void *p, struct view data, struct eap_turn *t)
{
	struct peap *m = p;
	bool was_open = m->link.state == TLS_LINK_OPEN, is_empty;
	uint8_t buf[MESSAGE_MAX];
	enum eap_step_kind kind;
	enum status st;
	size_t len;

	if (!tls_link_packet(&m->link, data, t, &is_empty, &kind))
		return kind;
	if (!was_open)
		return opened(m, t);
	st = tls_link_read(&m->link, buf, sizeof(buf), &len);
	kind = st == ST_OK ? take_message(m, (struct view){buf, len}, t)
			   : eap_fail(t, st, tls_words(m->link.tls));
	mem_zero(buf, sizeof(buf));
	return kind;
}

static enum eap_step_kind sign_done(void *p, enum status st, struct view sig, struct eap_turn *t)
{
	struct peap *m = p;
	enum eap_step_kind kind;

	return tls_link_signed(&m->link, st, sig, t, &kind) ? opened(m, t) : kind;
}

static enum eap_step_kind user(void *p, const struct eap_user *u, struct eap_turn *t)
{
	struct peap *m = p;

	if (m->state != PEAP_INNER)
		return eap_fail(t, ST_BAD_STATE, NULL);
	return conclude_inner(m, eap_inner_user(&m->inner, m->env, u, t), t);
}

const struct eap_method eap_peap_server = {
	.type = EAP_PEAP,
	.needs_tls_inner = true,
	.make = make,
	.start = start,
	.packet = packet,
	.user = user,
	.sign_done = sign_done,
	.drop = drop,
};
