/* Our side of a conversation as peer: identity, Nak, notifications, the end. EAP-Success is
 * believed only once the method said that it may be (RFC 3748 section 4.2, strongSwan's
 * CVE-2021-45079). A request with the identifier and the bytes of the last one is answered as
 * before; a server that leaves a method for another is left alone. */
#include "core/eap/method.h"

#include <stdio.h>
#include <string.h>

enum state { AT_IDLE, AT_ASKED, AT_DONE };

struct eap_peer {
	struct eap_env env;
	enum state state;
	enum eap_step_kind asked;
	bool for_identity; /* WANT_PASSWORD because of an Identity request */
	uint8_t methods[EAP_METHODS_MAX];
	uint8_t n_methods;
	bool has_name; /* a user name was configured or given */
	char identity[EAP_NAME_MAX + 1];
	uint32_t rounds, dropped;
	const struct eap_method *row;
	void *m;
	struct eap_packet now; /* header of the request in hand; its data is not kept */
	/* The end that the method allows. */
	bool may_succeed;
	bool has_msk;
	uint8_t msk[EAP_MSK_LEN];
	enum status why; /* ST_OK: nothing was said */
	char words[256];
	/* The last request and our answer. */
	bool has_answered;
	uint16_t request_len, last_len;
	uint8_t request[EAP_PACKET_MAX];
	uint8_t last[EAP_PACKET_MAX];
};

static void take_name(char out[EAP_NAME_MAX + 1], struct view name)
{
	if (name.len == 0 || name.len > EAP_NAME_MAX || memchr(name.p, 0, name.len) != NULL)
		return;
	memset(out, 0, EAP_NAME_MAX + 1);
	memcpy(out, name.p, name.len);
}

static void take_password(struct eap_peer *p, struct view password)
{
	p->env.password_known = password.len > 0 && password.len <= EAP_PASSWORD_MAX;
	p->env.password_len = p->env.password_known ? (uint16_t)password.len : 0;
	mem_zero(p->env.password, sizeof(p->env.password));
	if (p->env.password_known)
		memcpy(p->env.password, password.p, password.len);
}

struct eap_peer *eap_peer_new(const struct eap_peer_conf *c)
{
	struct eap_peer *p = mem_new(sizeof(*p));

	if (p == NULL)
		return NULL;
	p->env.fragment_size = c->fragment_size != 0 ? c->fragment_size : EAP_FRAGMENT_SIZE;
	p->env.tls = c->tls;
	p->env.random = c->random;
	p->env.random_arg = c->random_arg;
	take_name(p->identity, c->identity);
	memcpy(p->env.name, p->identity, sizeof(p->env.name));
	take_name(p->env.name, c->username);
	p->has_name = c->username.len > 0;
	take_password(p, c->password);
	for (uint8_t i = 0; i < c->n_methods && i < EAP_METHODS_MAX; i++) {
		const struct eap_method *row = eap_method_find(c->methods[i], false);

		if (row != NULL && (!row->needs_tls || c->tls != NULL))
			p->methods[p->n_methods++] = c->methods[i];
	}
	if (p->n_methods == 0 || p->env.fragment_size < EAP_FRAGMENT_MIN ||
		p->env.fragment_size > EAP_PACKET_MAX) {
		eap_peer_free(p);
		return NULL;
	}
	return p;
}

static void drop_method(struct eap_peer *p)
{
	if (p->m != NULL)
		p->row->drop(p->m);
	p->m = NULL;
}

void eap_peer_free(struct eap_peer *p)
{
	if (p == NULL)
		return;
	drop_method(p);
	mem_free_secret(p, sizeof(*p));
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void clean(struct eap_peer *p, struct eap_step *out)
{
	mem_zero(out, sizeof(*out));
	out->method = p->row != NULL ? p->row->type : 0;
}

static void fail(struct eap_peer *p, enum status st, const char *words, struct eap_step *out)
{
	out->kind = EAP_FAILURE;
	out->out_len = 0;
	out->status = st;
	if (words != out->words)
		snprintf(out->words, sizeof(out->words), "%s",
			words != NULL ? words : status_words(st));
	out->has_msk = false;
	mem_zero(out->msk, sizeof(out->msk));
	p->state = AT_DONE;
	drop_method(p);
}

static void ignore(struct eap_peer *p, enum status st, struct eap_step *out)
{
	p->dropped++;
	out->kind = EAP_NOTHING;
	out->status = st;
}

/* A method writes behind the longest header; the packet is closed up afterwards. */
#define DATA_AT (EAP_HEADER_LEN + 8)

static struct eap_turn turn(struct eap_step *out)
{
	return (struct eap_turn){
		.w = wr_init(out->out + DATA_AT, sizeof(out->out) - DATA_AT), .step = out};
}

static void respond(struct eap_peer *p, uint8_t type, struct eap_turn *t)
{
	struct eap_step *out = t->step;
	struct wr w = wr_init(p->last, sizeof(p->last));
	/* A type that was asked for in the expanded form is answered in it (5.7). */
	struct wr_mark m = p->now.is_expanded
				   ? eap_open_expanded(&w, EAP_CODE_RESPONSE, p->now.id, 0, type)
				   : eap_open(&w, EAP_CODE_RESPONSE, p->now.id, type);

	wr_bytes(&w, out->out + DATA_AT, t->w.len);
	wr_close16(&w, m);
	if (!wr_ok(&t->w) || !wr_ok(&w)) {
		fail(p, ST_INTERNAL, NULL, out);
		return;
	}
	mem_zero(out->out, sizeof(out->out)); /* what the method wrote stood elsewhere */
	memcpy(out->out, p->last, w.len);
	out->kind = EAP_SEND;
	out->out_len = (uint16_t)w.len;
	p->last_len = out->out_len;
	p->has_answered = true;
}

/* What the method allows from here on is ours to remember, not the caller's. */
static void note_end(struct eap_peer *p, struct eap_turn *t)
{
	struct eap_step *out = t->step;

	p->may_succeed = t->may_succeed;
	p->has_msk = out->has_msk;
	memcpy(p->msk, out->msk, sizeof(p->msk));
	p->why = out->status;
	memcpy(p->words, out->words, sizeof(p->words));
	out->has_msk = false;
	mem_zero(out->msk, sizeof(out->msk));
	out->status = ST_OK;
	mem_zero(out->words, sizeof(out->words));
}

static void conclude(struct eap_peer *p, enum eap_step_kind kind, struct eap_turn *t)
{
	struct eap_step *out = t->step;

	p->state = AT_IDLE;
	switch (kind) {
	case EAP_SEND:
		note_end(p, t);
		respond(p, p->row->type, t);
		break;
	case EAP_NOTHING: ignore(p, out->status, out); break;
	case EAP_WANT_PASSWORD:
		out->want_name = !p->has_name && p->for_identity;
		p->state = AT_ASKED;
		p->asked = kind;
		out->kind = kind;
		break;
	case EAP_WANT_SIGN:
	case EAP_WANT_CHAIN:
		p->state = AT_ASKED;
		p->asked = kind;
		out->kind = kind;
		break;
	case EAP_FAILURE: fail(p, out->status, out->words, out); break;
	default: fail(p, ST_INTERNAL, NULL, out);
	}
}

/* ---- requests ------------------------------------------------------------------------------- */

/* R-EAP-11: an identity in IKE that is an address is no name. */
static bool is_nameless(struct eap_peer *p, struct eap_step *out)
{
	if (p->env.name[0] != 0)
		return false;
	fail(p, ST_EAP_IDENTITY, "our identity in IKE names no user, and no user name is known", out);
	return true;
}

static void send_identity(struct eap_peer *p, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (is_nameless(p, out))
		return;
	wr_bytes(&t.w, p->env.name, strlen(p->env.name));
	respond(p, EAP_IDENTITY, &t);
}

static bool may_need_password(const struct eap_peer *p)
{
	for (uint8_t i = 0; i < p->n_methods; i++)
		if (!eap_method_find(p->methods[i], false)->needs_tls)
			return true;
	return false;
}

/* R-EAP-10: who asks for an identity gets a user name; without a configured one, and without a
 * password that would make the IKE identity the name, a person is asked for both. */
static void take_identity(struct eap_peer *p, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (p->row != NULL) {
		fail(p, ST_EAP_UNEXPECTED, NULL, out);
	} else if (p->has_name || p->env.password_known || !may_need_password(p)) {
		send_identity(p, out);
	} else {
		p->for_identity = true;
		conclude(p, EAP_WANT_PASSWORD, &t);
	}
}

static bool may_use(const struct eap_peer *p, uint8_t type)
{
	return memchr(p->methods, type, p->n_methods) != NULL;
}

/* What we would do instead (5.3.1; to an expanded request the expanded one, 5.3.2). */
static void send_nak(struct eap_peer *p, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	for (uint8_t i = 0; i < p->n_methods; i++) {
		if (p->now.is_expanded) {
			wr_u8(&t.w, EAP_EXPANDED);
			wr_zeros(&t.w, 3);
			wr_u32(&t.w, p->methods[i]);
		} else {
			wr_u8(&t.w, p->methods[i]);
		}
	}
	respond(p, EAP_NAK, &t);
}

static void take_method(struct eap_peer *p, const struct eap_packet *q, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (p->row == NULL && !may_use(p, q->type)) {
		send_nak(p, out);
		return;
	}
	if (p->row == NULL) {
		const struct eap_method *row = eap_method_find(q->type, false);

		if (!row->needs_tls && is_nameless(p, out))
			return;
		p->row = row;
		p->m = p->row->make(&p->env);
		out->method = q->type;
	}
	if (p->m == NULL)
		fail(p, ST_NOMEM, NULL, out);
	else if (p->row->type != q->type)
		fail(p, ST_EAP_UNEXPECTED, "the gateway leaves the EAP method for another", out);
	else
		conclude(p, p->row->packet(p->m, q->data, &t), &t);
}

static void take_request(struct eap_peer *p, const struct eap_packet *q, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	p->now = *q;
	p->now.data = (struct view){0};
	p->env.id = q->id;
	p->for_identity = false;
	switch (q->type) {
	case EAP_IDENTITY: take_identity(p, out); break;
	case EAP_NOTIFICATION:
		respond(p, EAP_NOTIFICATION, &t); /* read; nothing more is asked (5.2) */
		break;
	case EAP_NAK: ignore(p, ST_EAP_UNEXPECTED, out); break;
	default: take_method(p, q, out);
	}
}

static void take_end(struct eap_peer *p, const struct eap_packet *q, struct eap_step *out)
{
	/* Some servers count on before they say it. */
	if (!p->has_answered || (q->id != p->now.id && q->id != (uint8_t)(p->now.id + 1))) {
		if (q->code == EAP_CODE_SUCCESS)
			fail(p, ST_EAP_EARLY, NULL, out);
		else
			fail(p, ST_PEER_REFUSED, NULL, out);
		return;
	}
	if (q->code == EAP_CODE_FAILURE) {
		if (p->why != ST_OK)
			fail(p, p->why, p->words, out);
		else
			fail(p, p->row == NULL ? ST_EAP_NO_METHOD : ST_PEER_REFUSED, NULL, out);
		return;
	}
	if (p->row == NULL || !p->may_succeed || q->data.len > 0) {
		fail(p, ST_EAP_EARLY, NULL, out);
		return;
	}
	out->kind = EAP_SUCCESS;
	memcpy(out->name, p->env.name, sizeof(out->name));
	out->has_msk = p->has_msk;
	memcpy(out->msk, p->msk, sizeof(out->msk));
	p->state = AT_DONE;
	drop_method(p);
}

static bool is_repeated(const struct eap_peer *p, struct view packet)
{
	return p->has_answered && packet.len == p->request_len &&
	       memcmp(packet.p, p->request, packet.len) == 0;
}

static void repeat(struct eap_peer *p, struct eap_step *out)
{
	p->dropped++;
	out->kind = EAP_SEND;
	out->out_len = p->last_len;
	memcpy(out->out, p->last, p->last_len);
}

void eap_peer_packet(struct eap_peer *p, struct view packet, struct eap_step *out)
{
	struct eap_packet q;
	enum status st;

	clean(p, out);
	if (p->state == AT_DONE) {
		fail(p, ST_BAD_STATE, NULL, out);
		return;
	}
	if (p->state == AT_ASKED) {
		ignore(p, ST_EAP_UNEXPECTED, out);
		return;
	}
	if (++p->rounds > EAP_ROUNDS_MAX) {
		fail(p, ST_EAP_ROUNDS, NULL, out);
		return;
	}
	if (is_repeated(p, packet)) {
		repeat(p, out);
		return;
	}
	st = packet.len <= EAP_PACKET_MAX ? eap_parse(packet, &q) : ST_LIMIT;
	if (st == ST_OK &&
		(q.code == EAP_CODE_RESPONSE ||
			(q.code == EAP_CODE_REQUEST && p->has_answered && q.id == p->now.id)))
		st = ST_EAP_UNEXPECTED;
	if (st != ST_OK) {
		ignore(p, st, out);
	} else if (q.code == EAP_CODE_REQUEST) {
		p->has_answered = false;
		p->request_len = (uint16_t)packet.len;
		memcpy(p->request, packet.p, packet.len);
		take_request(p, &q, out);
	} else {
		take_end(p, &q, out);
	}
}

/* ---- answers -------------------------------------------------------------------------------- */

static bool was_asked(struct eap_peer *p, enum eap_step_kind kind, struct eap_step *out)
{
	clean(p, out);
	if (p->state == AT_ASKED && p->asked == kind)
		return true;
	fail(p, ST_BAD_STATE, NULL, out);
	return false;
}

void eap_peer_password(struct eap_peer *p, enum status st, struct view name, struct view password,
	struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (!was_asked(p, EAP_WANT_PASSWORD, out))
		return;
	take_password(p, password);
	if (st != ST_OK || !p->env.password_known) {
		fail(p, st != ST_OK ? st : ST_NO_PASSWORD, NULL, out);
		return;
	}
	/* The name that an identity request got, or that was hashed, does not change any more. */
	if (p->for_identity && !p->has_name && name.len > 0) {
		take_name(p->env.name, name);
		p->has_name = true;
	}
	if (!p->for_identity) {
		conclude(p, p->row->password(p->m, &t), &t);
		return;
	}
	p->for_identity = false;
	p->state = AT_IDLE;
	send_identity(p, out);
}

void eap_peer_signed(
	struct eap_peer *p, enum status st, struct view signature, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (was_asked(p, EAP_WANT_SIGN, out))
		conclude(p, p->row->sign_done(p->m, st, signature, &t), &t);
}

void eap_peer_chain(struct eap_peer *p, enum status st, const char *words, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (was_asked(p, EAP_WANT_CHAIN, out))
		conclude(p, p->row->chain_done(p->m, st, words, &t), &t);
}

uint32_t eap_peer_dropped(const struct eap_peer *p)
{
	return p->dropped;
}
