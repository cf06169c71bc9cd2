#include "core/eap/tls_link.h"

#include <stdio.h>

#include "core/base/mem.h"

enum status tls_link_init(struct tls_link *l, uint8_t type, const struct eap_env *env,
	const struct tls_ctx *ctx, bool with_peer_chain)
{
	*l = (struct tls_link){.type = type};
	tls_frame_init(&l->frame, env->fragment_size, type != EAP_TLS);
	return tls_new(ctx, with_peer_chain, &l->tls);
}

void tls_link_be_peer(struct tls_link *l)
{
	l->is_peer = true;
}

void tls_link_fini(struct tls_link *l)
{
	tls_free(l->tls);
	l->tls = NULL;
	tls_frame_fini(&l->frame);
}

enum eap_step_kind tls_link_start(struct tls_link *l, struct eap_turn *t)
{
	l->state = TLS_LINK_HANDSHAKE;
	wr_u8(&t->w, TLS_FRAME_S);
	return EAP_SEND;
}

enum eap_step_kind tls_link_send(struct tls_link *l, struct eap_turn *t)
{
	if (tls_frame_put(&l->frame, tls_out(l->tls), &t->w))
		tls_sent(l->tls);
	return EAP_SEND;
}

enum eap_step_kind tls_link_end(
	struct tls_link *l, enum status st, const char *words, struct eap_turn *t)
{
	/* Of a peer that still answers: why, should EAP-Failure come. */
	(void)eap_fail(t, st, words);
	if (tls_out(l->tls).len == 0 && !l->is_peer)
		return EAP_FAILURE;
	l->end_status = st;
	l->state = TLS_LINK_ENDING;
	return tls_link_send(l, t);
}

/* The alert goes out before the failure is told (RFC 5216 2.1.3). */
static enum eap_step_kind end(struct tls_link *l, struct eap_turn *t)
{
	if (l->words[0] == '\0')
		snprintf(l->words, sizeof(l->words), "%s", tls_words(l->tls));
	return tls_link_end(l, tls_status(l->tls), l->words, t);
}

static enum eap_step_kind ask_signature(struct tls_link *l, struct eap_turn *t)
{
	t->step->sign_scheme = tls_sign_scheme(l->tls);
	t->step->sign_data = tls_sign_data(l->tls);
	return EAP_WANT_SIGN;
}

static enum eap_step_kind ask_chain(struct tls_link *l, struct eap_turn *t)
{
	_Static_assert(EAP_CHAIN_MAX >= TLS_CHAIN_MAX, "a chain fits into a step");

	t->step->n_chain = tls_chain(l->tls, t->step->chain);
	return EAP_WANT_CHAIN;
}

static bool go_on(
	struct tls_link *l, enum tls_want want, struct eap_turn *t, enum eap_step_kind *kind)
{
	switch (want) {
	case TLS_DONE: l->state = TLS_LINK_OPEN; return true;
	case TLS_WANT_SIGN: *kind = ask_signature(l, t); return false;
	case TLS_WANT_CHAIN: *kind = ask_chain(l, t); return false;
	case TLS_FAILED: *kind = end(l, t); return false;
	case TLS_MORE: break;
	}
	/* Flights are whole messages here: a peer that sent half a record has nothing more to say.
	 */
	*kind = tls_out(l->tls).len > 0
			? tls_link_send(l, t)
			: eap_fail(t, ST_TLS, "the peer's TLS message is incomplete");
	return false;
}

static bool take_message(struct tls_link *l, struct view message, struct eap_turn *t,
	bool *is_empty, enum eap_step_kind *kind)
{
	enum tls_want want;

	*is_empty = message.len == 0;
	if (l->state == TLS_LINK_ENDING) {
		*kind = eap_fail(t, l->end_status, l->words);
		return false;
	}
	if (l->state == TLS_LINK_IDLE || (l->state == TLS_LINK_HANDSHAKE && *is_empty)) {
		*kind = eap_fail(t, ST_TLS_FRAGMENT, "an empty message where TLS was to go on");
		return false;
	}
	want = tls_step(l->tls, message);
	if (l->state == TLS_LINK_OPEN && want == TLS_DONE)
		return true;
	return go_on(l, want, t, kind);
}

bool tls_link_packet(struct tls_link *l, struct view data, struct eap_turn *t, bool *is_empty,
	enum eap_step_kind *kind)
{
	struct view message;
	enum status why;

	*is_empty = true;
	/* Between two pieces out_at is what was sent; otherwise everything was, or nothing is there
	 * yet. */
	switch (tls_frame_take(&l->frame, data, l->frame.out_at > 0, &message, &why)) {
	case TLS_FRAME_ACK:
		(void)tls_frame_put(&l->frame, (struct view){0}, &t->w);
		*kind = EAP_SEND;
		return false;
	case TLS_FRAME_NEXT: *kind = tls_link_send(l, t); return false;
	case TLS_FRAME_MESSAGE: return take_message(l, message, t, is_empty, kind);
	case TLS_FRAME_START:
		if (l->state == TLS_LINK_IDLE) {
			l->state = TLS_LINK_HANDSHAKE;
			return go_on(l, tls_step(l->tls, (struct view){0}), t, kind);
		}
		why = ST_TLS_FRAGMENT;
		break;
	case TLS_FRAME_BAD: break;
	}
	*kind = eap_fail(t, why, NULL);
	return false;
}

bool tls_link_signed(struct tls_link *l, enum status st, struct view signature, struct eap_turn *t,
	enum eap_step_kind *kind)
{
	return go_on(l, tls_signed(l->tls, st, signature), t, kind);
}

bool tls_link_judged(struct tls_link *l, enum status st, const char *words, struct eap_turn *t,
	enum eap_step_kind *kind)
{
	if (st != ST_OK)
		snprintf(l->words, sizeof(l->words), "%s",
			words != NULL && words[0] ? words : status_words(st));
	return go_on(l, tls_chain_judged(l->tls, st), t, kind);
}

enum eap_step_kind tls_link_write(struct tls_link *l, struct view data, struct eap_turn *t)
{
	enum status st = tls_write(l->tls, data);

	return st == ST_OK ? tls_link_send(l, t) : eap_fail(t, st, NULL);
}

enum status tls_link_read(struct tls_link *l, uint8_t *out, size_t size, size_t *len)
{
	enum status st = ST_OK;
	uint8_t one;
	size_t n;

	*len = 0;
	while (*len < size && st == ST_OK) {
		st = tls_read(l->tls, out + *len, size - *len, &n);
		*len += n;
	}
	if (st == ST_OK) { /* full: nothing may be left */
		st = tls_read(l->tls, &one, 1, &n);
		if (st == ST_OK)
			return ST_BAD_LENGTH;
	}
	return st == ST_PENDING ? ST_OK : st;
}

enum status tls_link_key(struct tls_link *l, const char *label12, uint8_t out[TLS_LINK_KEY_LEN])
{
	if (tls_version(l->tls) == TLS_1_3)
		return tls_export(l->tls, "EXPORTER_EAP_TLS_Key_Material",
			(struct view){&l->type, 1}, out, TLS_LINK_KEY_LEN);
	return tls_export(l->tls, label12, (struct view){0}, out, TLS_LINK_KEY_LEN);
}

enum status tls_link_msk(struct tls_link *l, const char *label12, struct eap_step *step)
{
	uint8_t key[TLS_LINK_KEY_LEN];
	enum status st = tls_link_key(l, label12, key);

	if (st == ST_OK) {
		memcpy(step->msk, key, EAP_MSK_LEN);
		step->has_msk = true;
	}
	mem_zero(key, sizeof(key));
	return st;
}
