#include "cmd/wire_pass_parts.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_cached.h"
#include "cmd/wire_eap.h"
#include "core/aaa/radius_sign.h"
#include "core/base/mem.h"
#include "core/wire/eap.h"

/* ---- answers to the engine -------------------------------------------------------------------------- */

struct verdict {
	enum status status;
	struct view eap;
	bool is_over;
	const uint8_t *msk; /* NULL: none */
	const char *words;
};

/* The engine may forget the conversation from inside: p is not touched afterwards. */
static void answer(struct pass *p, const struct verdict *v)
{
	struct ike_answer *a = mem_new(sizeof(*a));
	uint64_t number = p->number;
	struct wire *w = p->wire;
	wire_pass_set_number(p, 0);
	if (!a || !number) {
		mem_free(a);
		return; /* its state has a timeout */
	}
	a->kind = ASK_EAP;
	a->status = v->status;
	a->eap = v->eap;
	a->eap_is_over = v->is_over;
	snprintf(a->detail, sizeof(a->detail), "%s", v->words ? v->words : "");
	if (v->is_over)
		snprintf(a->name, sizeof(a->name), "%s", p->name);
	if (v->msk) {
		a->msk_len = IKE_MSK_LEN;
		memcpy(a->msk, v->msk, IKE_MSK_LEN);
	}
	ike_on_answer(w->ike, number, a);
	mem_free_secret(a, sizeof(*a));
}

/* With the server's EAP-Failure where there is one. */
static void refuse(struct pass *p, enum status st, struct view failure, const char *words)
{
	uint8_t own[EAP_HEADER_LEN];
	struct wr w = wr_init(own, sizeof(own));
	if (failure.len == 0) {
		eap_build_end(&w, EAP_CODE_FAILURE, p->last_id);
		failure = (struct view){own, w.len};
	}
	answer(p, &(struct verdict){.status = st, .eap = failure, .words = words});
}

/* ---- what the server says ---------------------------------------------------------------------------- */

/* The key of the method: both halves, or none. What the NAS receives with comes first (RFC 2548 2.4); halves of 16
 * octets (MSCHAPv2) are followed by zeros, which is what the client makes of them, too. */
static enum status read_msk(const struct radius_answer *a, uint8_t out[IKE_MSK_LEN], bool *has)
{
	static const uint8_t order[] = {RADIUS_MS_MPPE_RECV_KEY, RADIUS_MS_MPPE_SEND_KEY};
	size_t at = 0, n = 0;
	memset(out, 0, IKE_MSK_LEN);
	for (unsigned i = 0; i < 2; i++) {
		struct radius_cursor c = radius_begin(a->packet.attrs);
		struct radius_attr v;
		while (radius_next(&c, &v)) {
			size_t len = 0;
			if (v.vendor != RADIUS_VENDOR_MICROSOFT || v.vendor_type != order[i])
				continue;
			if (radius_reveal(a->secret, a->request_authenticator, v.value, out + at, IKE_MSK_LEN / 2, &len) != ST_OK)
				return ST_RADIUS_REPLY;
			at += len;
			n++;
			break;
		}
	}
	*has = n == 2 && at >= 32;
	return n == 0 || *has ? ST_OK : ST_RADIUS_REPLY;
}

/* R-EAP-05: the name that the server gives is the user's. */
static enum status take_accept(struct pass *p, const struct radius_answer *a, char why[IKE_DETAIL_LEN])
{
	struct aaa_set *set = aaa_set_new();
	enum status st = set ? wire_cached_read(set, a->packet.attrs, why) : ST_NOMEM;
	if (st == ST_OK && aaa_has(set, AV_USER_NAME))
		snprintf(p->name, sizeof(p->name), "%.*s", (int)sizeof(p->name) - 1, set->user_name);
	if (st == ST_OK)
		st = wire_cached_put(p->wire, p->sa, set);
	else
		aaa_set_free(set);
	return st;
}

static void on_accept(struct pass *p, const struct radius_answer *a, struct view eap)
{
	uint8_t msk[IKE_MSK_LEN];
	char why[IKE_DETAIL_LEN] = "the server accepts the client without EAP-Success, or with half a key";
	bool has_msk = false;
	enum status st = read_msk(a, msk, &has_msk);
	if (st == ST_OK && (eap.len < EAP_HEADER_LEN || eap.p[0] != EAP_CODE_SUCCESS))
		st = ST_RADIUS_REPLY; /* RFC 3579 2.6.3: the client would not know */
	if (st == ST_OK)
		st = take_accept(p, a, why);
	if (st == ST_OK)
		answer(p, &(struct verdict){.status = ST_OK, .eap = eap, .is_over = true, .msk = has_msk ? msk : NULL});
	else
		refuse(p, st, (struct view){0}, st == ST_NOMEM ? status_words(st) : why);
	mem_zero(msk, sizeof(msk));
}

/* Who shows no certificate of ours is to be sure of us by the method, so only such methods pass. */
static bool may_pass(const struct pass *p, const struct eap_packet *e)
{
	return !p->proves_gateway || e->type == EAP_IDENTITY || e->type == EAP_NOTIFICATION || e->type == EAP_TLS ||
	       e->type == EAP_TTLS || e->type == EAP_PEAP;
}

static void on_challenge(struct pass *p, const struct radius_answer *a, struct view eap)
{
	struct radius_attr state;
	struct eap_packet e;
	if (eap_parse(eap, &e) != ST_OK || e.code != EAP_CODE_REQUEST) {
		refuse(p, ST_RADIUS_REPLY, (struct view){0}, "the server's challenge has no EAP request");
		return;
	}
	if (!may_pass(p, &e)) {
		refuse(p, ST_CONFIG, (struct view){0}, "the client wants no certificate of ours in IKE, and the server's EAP method does not prove us");
		return;
	}
	p->state_len = 0;
	if (radius_find(a->packet.attrs, RADIUS_STATE, &state)) {
		memcpy(p->state, state.value.p, state.value.len);
		p->state_len = state.value.len;
	}
	answer(p, &(struct verdict){.status = ST_OK, .eap = eap});
}

static void on_reject(struct pass *p, const struct radius_answer *a, struct view eap)
{
	char said[IKE_DETAIL_LEN], words[IKE_DETAIL_LEN];
	wire_radius_message(a->packet.attrs, said);
	snprintf(words, sizeof(words), "RADIUS server %.60s refused %.60s%s%.90s", a->server_name, p->name, said[0] ? ": " : "", said);
	if (eap.len < EAP_HEADER_LEN || eap.p[0] != EAP_CODE_FAILURE)
		eap = (struct view){0};
	refuse(p, ST_RADIUS_REJECT, eap, words);
}

/* The built-in server is the list's next method: the conversation is its own from now on. */
static void go_on_locally(struct pass *p)
{
	struct ike_question q = {.kind = ASK_EAP, .sa = p->sa, .local = p->local, .remote = p->remote,
				 .eap = {p->packet, p->packet_len}, .is_forticlient = p->is_forticlient,
				 .proves_gateway = p->proves_gateway};
	struct ike_answer *a = mem_new(sizeof(*a));
	memcpy(q.profile, p->profile, sizeof(q.profile));
	if (!a)
		refuse(p, ST_NOMEM, (struct view){0}, status_words(ST_NOMEM));
	else if (wire_eap_go_on(p->wire, p->number, &q, a))
		wire_pass_end(p);
	else
		refuse(p, a->status, (struct view){0}, a->detail[0] ? a->detail : status_words(a->status));
	mem_free(a);
}

enum wire_aaa wire_pass_other(const struct pass *p, size_t *at, const char **group)
{
	enum wire_aaa next = WIRE_AAA_END;
	*at = p->method_at;
	*group = NULL;
	if (!p->is_known && p->list)
		next = wire_aaa_next(p->wire->conf, AAA_AUTHEN_LOGIN, p->list, at, group);
	return next == WIRE_AAA_GROUP || next == WIRE_AAA_LOCAL ? next : WIRE_AAA_END;
}

/* False: there is none. */
static bool next_method(struct pass *p, enum status why)
{
	const char *group;
	enum wire_aaa next = p->number ? wire_pass_other(p, &p->method_at, &group) : WIRE_AAA_END;
	if (next == WIRE_AAA_END)
		return false;
	wire_aaa_log_fall(&(struct wire_aaa_fall){.list = p->list, .silent = p->group, .next = group, .to = next, .why = why,
						  .name = {(const uint8_t *)p->name, strlen(p->name)}});
	if (next == WIRE_AAA_LOCAL) {
		go_on_locally(p);
		return true;
	}
	snprintf(p->group, sizeof(p->group), "%s", group);
	return wire_pass_on(p) == ST_OK;
}

void wire_pass_on_server(void *ctx, uint64_t request, const struct radius_answer *a)
{
	struct pass *p = ctx;
	uint8_t eap[IKE_EAP_MAX];
	size_t len = 0;
	(void)request;
	p->request = 0;
	if (a->status != ST_OK) {
		if (!next_method(p, a->status))
			refuse(p, a->status, (struct view){0}, status_words(a->status));
		return;
	}
	p->is_known = true;
	p->server = a->server;
	if (radius_eap(a->packet.attrs, eap, sizeof(eap), &len) == ST_LIMIT)
		len = 0;
	struct view v = {eap, len};
	switch (a->packet.code) {
	case RADIUS_ACCESS_ACCEPT: on_accept(p, a, v); break;
	case RADIUS_ACCESS_CHALLENGE: on_challenge(p, a, v); break;
	default: on_reject(p, a, v); break;
	}
	mem_zero(eap, sizeof(eap));
}
