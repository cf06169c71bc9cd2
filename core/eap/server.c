/* The server's side of a conversation: identity, choice of a method (Nak), identifiers, the end.
 *
 *   START -> IDENTITY -> METHOD -> DONE
 *                        | ^ ASKED (a question to the world is open)
 *                        ` ANNOUNCED (FortiClient: a code follows) -> METHOD (GTC)
 *
 * A response must carry the identifier of the last request and its type; everything else is dropped
 * and counted (RFC 3748 section 4.1). A method that has begun is not left for another. */
#include "core/eap/method.h"

#include <stdio.h>
#include <string.h>

enum state { AT_START, AT_IDENTITY, AT_METHOD, AT_ASKED, AT_ANNOUNCED, AT_DONE };

struct eap_server {
	struct eap_env env;
	enum state state;
	enum eap_step_kind asked; /* AT_ASKED: what */
	uint8_t methods[EAP_METHODS_MAX];
	bool tried[EAP_METHODS_MAX];
	uint8_t n_methods;
	uint8_t inner[EAP_METHODS_MAX];
	bool query_identity;
	bool has_sent;
	bool has_begun; /* a response of the method came: no Nak any more */
	uint8_t id;     /* of the last request; before one: of the first */
	uint32_t rounds, dropped;
	const struct eap_method *row;
	void *m;
	struct eap_user user; /* FortiClient: until the code was asked for */
	uint16_t last_len;
	uint8_t last[EAP_PACKET_MAX];
};

/* A name as C text. false: too long, or with a NUL; nothing is a name of no bytes. */
static bool take_name(char out[EAP_NAME_MAX + 1], struct view name)
{
	if (name.len > EAP_NAME_MAX || (name.len > 0 && memchr(name.p, 0, name.len) != NULL))
		return false;
	memset(out, 0, EAP_NAME_MAX + 1);
	if (name.len > 0)
		memcpy(out, name.p, name.len);
	return true;
}

static bool can_do(const struct eap_env *env, uint8_t type)
{
	const struct eap_method *row = eap_method_find(type, true);

	return row != NULL && (!row->needs_tls || env->tls != NULL) &&
	       (!row->needs_tls_inner || env->tls_inner != NULL);
}

static void take_methods(struct eap_server *s, const struct eap_server_conf *c)
{
	for (uint8_t i = 0; i < c->n_methods && i < EAP_METHODS_MAX; i++) {
		if (can_do(&s->env, c->methods[i]))
			s->methods[s->n_methods++] = c->methods[i];
	}
	s->env.n_inner = c->n_inner < EAP_METHODS_MAX ? c->n_inner : EAP_METHODS_MAX;
	memcpy(s->inner, c->inner, s->env.n_inner);
	s->env.inner = s->inner;
}

struct eap_server *eap_server_new(const struct eap_server_conf *c)
{
	struct eap_server *s = mem_new(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->env.fragment_size = c->fragment_size != 0 ? c->fragment_size : EAP_FRAGMENT_SIZE;
	s->env.tls = c->tls;
	s->env.tls_inner = c->tls_inner;
	s->env.random = c->random;
	s->env.random_arg = c->random_arg;
	s->env.quirks = c->quirks;
	if (c->server_name != NULL)
		snprintf(s->env.server_name, sizeof(s->env.server_name), "%s", c->server_name);
	/* An identity that is no name is as good as none. */
	(void)take_name(s->env.name, c->identity);
	s->query_identity = c->query_identity;
	s->id = c->first_id;
	take_methods(s, c);
	if (s->n_methods == 0 || s->env.fragment_size < EAP_FRAGMENT_MIN ||
		s->env.fragment_size > EAP_PACKET_MAX) {
		eap_server_free(s);
		return NULL;
	}
	return s;
}

static void drop_method(struct eap_server *s)
{
	if (s->m != NULL)
		s->row->drop(s->m);
	s->m = NULL;
	s->row = NULL;
}

void eap_server_free(struct eap_server *s)
{
	if (s == NULL)
		return;
	drop_method(s);
	mem_free_secret(s, sizeof(*s));
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void clean(struct eap_server *s, struct eap_step *out)
{
	mem_zero(out, sizeof(*out));
	out->method = s->row != NULL ? s->row->type : 0;
}

static void sent(struct eap_server *s, struct eap_step *out, const struct wr *w)
{
	out->kind = EAP_SEND;
	out->out_len = (uint16_t)w->len;
	memcpy(s->last, out->out, w->len);
	s->last_len = out->out_len;
}

static uint8_t next_id(const struct eap_server *s)
{
	return s->has_sent ? (uint8_t)(s->id + 1) : s->id;
}

static void end(struct eap_server *s, uint8_t code, struct eap_step *out)
{
	struct wr w = wr_init(out->out, sizeof(out->out));

	eap_build_end(&w, code, s->id);
	out->kind = code == EAP_CODE_SUCCESS ? EAP_SUCCESS : EAP_FAILURE;
	out->out_len = (uint16_t)w.len;
	s->state = AT_DONE;
	drop_method(s);
	eap_user_wipe(&s->user);
}

static void fail(struct eap_server *s, enum status st, const char *words, struct eap_step *out)
{
	out->status = st;
	out->has_msk = false;
	mem_zero(out->msk, sizeof(out->msk));
	if (words != out->words)
		snprintf(out->words, sizeof(out->words), "%s",
			words != NULL ? words : status_words(st));
	end(s, EAP_CODE_FAILURE, out);
}

/* The packet is as if it had not come; whoever must answer repeats what was said last. */
static void ignore(struct eap_server *s, enum status st, struct eap_step *out)
{
	s->dropped++;
	out->kind = EAP_NOTHING;
	out->status = st;
	out->out_len = s->last_len;
	memcpy(out->out, s->last, s->last_len);
}

/* A method writes its type-data behind the place of the header, which comes last. */
#define DATA_AT (EAP_HEADER_LEN + 1)

static struct eap_turn turn(struct eap_step *out)
{
	return (struct eap_turn){
		.w = wr_init(out->out + DATA_AT, sizeof(out->out) - DATA_AT), .step = out};
}

static void send_request(struct eap_server *s, uint8_t type, struct eap_turn *t)
{
	struct eap_step *out = t->step;
	struct wr w = wr_init(out->out, sizeof(out->out));
	struct wr_mark mark;

	s->id = next_id(s);
	s->has_sent = true;
	mark = eap_open(&w, EAP_CODE_REQUEST, s->id, type);
	(void)wr_room(&w, t->w.len);
	wr_close16(&w, mark);
	if (!wr_ok(&t->w) || !wr_ok(&w))
		fail(s, ST_INTERNAL, NULL, out);
	else
		sent(s, out, &w);
}

/* EAP-Success with the type that follows, which is how FortiClient learns of it. */
static void announce(struct eap_server *s, struct eap_step *out)
{
	struct wr w = wr_init(out->out, sizeof(out->out));
	struct wr_mark mark;

	wr_u8(&w, EAP_CODE_SUCCESS);
	wr_u8(&w, s->id);
	mark = wr_open16(&w, 0);
	wr_u8(&w, EAP_GTC);
	wr_close16(&w, mark);
	out->has_msk = false;
	mem_zero(out->msk, sizeof(out->msk));
	drop_method(s);
	s->state = AT_ANNOUNCED;
	sent(s, out, &w);
}

static void succeed(struct eap_server *s, struct eap_step *out)
{
	if (s->user.has_totp && s->row->type == EAP_MSCHAPV2) {
		announce(s, out);
		return;
	}
	if (out->name[0] == '\0')
		memcpy(out->name, s->env.name, sizeof(out->name));
	end(s, EAP_CODE_SUCCESS, out);
}

/* What a method returned becomes a step. */
static void conclude(struct eap_server *s, enum eap_step_kind kind, struct eap_turn *t)
{
	struct eap_step *out = t->step;

	s->state = AT_METHOD;
	switch (kind) {
	case EAP_SEND: send_request(s, s->row->type, t); break;
	case EAP_NOTHING: ignore(s, out->status, out); break;
	case EAP_WANT_USER:
	case EAP_WANT_SIGN:
	case EAP_WANT_CHAIN:
		if (kind == EAP_WANT_USER)
			memcpy(s->env.name, out->name, sizeof(s->env.name));
		s->state = AT_ASKED;
		s->asked = kind;
		out->kind = kind;
		break;
	case EAP_SUCCESS: succeed(s, out); break;
	case EAP_FAILURE: fail(s, out->status, out->words, out); break;
	default: fail(s, ST_INTERNAL, NULL, out);
	}
}

static bool make_method(struct eap_server *s, uint8_t type, struct eap_step *out)
{
	drop_method(s);
	s->has_begun = false;
	s->row = eap_method_find(type, true);
	s->m = s->row->make(&s->env);
	out->method = type;
	if (s->m != NULL)
		return true;
	fail(s, ST_NOMEM, NULL, out);
	return false;
}

static void start_method(struct eap_server *s, uint8_t index, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	s->tried[index] = true;
	if (!make_method(s, s->methods[index], out))
		return;
	s->env.id = next_id(s);
	conclude(s, s->row->start(s->m, &t), &t);
}

static void first_method(struct eap_server *s, struct eap_step *out)
{
	if (s->env.name[0] == '\0')
		fail(s, ST_EAP_IDENTITY, NULL, out);
	else
		start_method(s, 0, out);
}

void eap_server_start(struct eap_server *s, struct eap_step *out)
{
	clean(s, out);
	if (s->state != AT_START) {
		fail(s, ST_BAD_STATE, NULL, out);
		out->out_len = 0;
		return;
	}
	if (s->query_identity) {
		struct eap_turn t = turn(out);

		s->state = AT_IDENTITY;
		send_request(s, EAP_IDENTITY, &t);
	} else {
		first_method(s, out);
	}
}

/* ---- packets -------------------------------------------------------------------------------- */

/* Type-data of an identity: the name, then after a NUL options that are not ours (section 5.1).
 * Android may send no name at all; the IKE identity stands. */
static void take_identity(struct eap_server *s, struct view data, struct eap_step *out)
{
	const uint8_t *nul = data.len > 0 ? memchr(data.p, 0, data.len) : NULL;
	char name[EAP_NAME_MAX + 1];

	if (nul != NULL)
		data.len = (size_t)(nul - data.p);
	if (!take_name(name, data)) {
		fail(s, ST_EAP_IDENTITY, "the EAP identity is longer than 255 bytes", out);
		return;
	}
	if (name[0] != '\0')
		memcpy(s->env.name, name, sizeof(name));
	first_method(s, out);
}

/* The first of our methods that was not tried and that the peer wants. */
static void take_nak(struct eap_server *s, const struct eap_packet *p, struct eap_step *out)
{
	uint8_t wanted[16];
	size_t n = eap_nak_types(p, wanted, sizeof(wanted));

	for (uint8_t i = 0; i < s->n_methods; i++) {
		if (!s->tried[i] && n > 0 && memchr(wanted, s->methods[i], n) != NULL) {
			start_method(s, i, out);
			return;
		}
	}
	fail(s, ST_EAP_NO_METHOD, NULL, out);
}

static void ask_code(struct eap_server *s, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (!make_method(s, EAP_GTC, out))
		return;
	s->has_begun = true; /* it is the second half of a login: nothing else will do */
	conclude(s, eap_gtc_ask_code(s->m, &s->user, &t), &t);
	eap_user_wipe(&s->user);
}

static void take_response(struct eap_server *s, const struct eap_packet *p, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (s->state == AT_IDENTITY && p->type == EAP_IDENTITY)
		take_identity(s, p->data, out);
	else if (s->state == AT_METHOD && p->type == EAP_NAK && !s->has_begun)
		take_nak(s, p, out);
	else if (s->state == AT_METHOD && p->type == s->row->type) {
		s->has_begun = true;
		s->env.id = p->id;
		conclude(s, s->row->packet(s->m, p->data, &t), &t);
	} else
		ignore(s, ST_EAP_UNEXPECTED, out);
}

void eap_server_packet(
	struct eap_server *s, int64_t now_s, struct view packet, struct eap_step *out)
{
	struct eap_packet p;
	enum status st;

	clean(s, out);
	if (s->state == AT_START || s->state == AT_DONE) {
		fail(s, ST_BAD_STATE, NULL, out);
		out->out_len = 0;
		return;
	}
	if (s->state == AT_ASKED) {
		ignore(s, ST_EAP_UNEXPECTED, out);
		return;
	}
	if (++s->rounds > EAP_ROUNDS_MAX) {
		fail(s, ST_EAP_ROUNDS, NULL, out);
		return;
	}
	s->env.now_s = now_s;
	/* What FortiClient says to an announcement is not an answer to a request. */
	if (s->state == AT_ANNOUNCED) {
		ask_code(s, out);
		return;
	}
	st = eap_parse(packet, &p);
	if (st == ST_OK && (p.code != EAP_CODE_RESPONSE || p.id != s->id))
		st = ST_EAP_UNEXPECTED;
	if (st != ST_OK)
		ignore(s, st, out);
	else
		take_response(s, &p, out);
}

/* ---- answers -------------------------------------------------------------------------------- */

static bool was_asked(struct eap_server *s, enum eap_step_kind kind, struct eap_step *out)
{
	clean(s, out);
	if (s->state == AT_ASKED && s->asked == kind)
		return true;
	fail(s, ST_BAD_STATE, NULL, out);
	out->out_len = 0;
	return false;
}

void eap_server_user(
	struct eap_server *s, int64_t now_s, const struct eap_user *u, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (!was_asked(s, EAP_WANT_USER, out))
		return;
	s->env.now_s = now_s;
	memcpy(out->name, s->env.name, sizeof(out->name));
	if (s->env.quirks & EAP_QUIRK_FORTICLIENT)
		s->user = *u;
	conclude(s, s->row->user(s->m, u, &t), &t);
}

void eap_server_signed(
	struct eap_server *s, enum status st, struct view signature, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (was_asked(s, EAP_WANT_SIGN, out))
		conclude(s, s->row->sign_done(s->m, st, signature, &t), &t);
}

void eap_server_chain(struct eap_server *s, enum status st, const char *words, struct eap_step *out)
{
	struct eap_turn t = turn(out);

	if (was_asked(s, EAP_WANT_CHAIN, out))
		conclude(s, s->row->chain_done(s->m, st, words, &t), &t);
}

const char *eap_server_name(const struct eap_server *s)
{
	return s->env.name;
}

uint32_t eap_server_dropped(const struct eap_server *s)
{
	return s->dropped;
}
