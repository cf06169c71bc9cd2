/* EAP-TLS (RFC 5216; RFC 9190 for TLS 1.3), both roles.
 *
 *   peer                                server
 *                              <-  Start
 *   ClientHello                ->
 *                              <-  ServerHello .. Finished
 *   Certificate .. Finished    ->
 *                              <-  Finished (1.2) or the byte 0x00, protected (1.3)
 *   (empty)                    ->
 *                              <-  EAP-Success
 *
 * The server demands a certificate. The user is called by it: the name in it that the EAP identity
 * means (login_name.h). When none does the login is refused with ST_EAP_NAME, so that nobody gets
 * the address or the rights of another by naming them in the EAP identity. */
#include "core/base/mem.h"
#include "core/crypto/login_name.h"
#include "core/eap/tls_link.h"

#define LABEL_12 "client EAP encryption" /* RFC 5216 2.3 */

struct eap_tls {
	struct eap_env *env;
	struct tls_link link;
	char name[EAP_NAME_MAX + 1]; /* server: of the certificate */
	bool is_through;             /* peer: EAP-Success is all that is missing */
};

static void *make(struct eap_env *env, bool is_server)
{
	struct eap_tls *m = mem_new(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->env = env;
	if (tls_link_init(&m->link, EAP_TLS, env, env->tls, is_server) != ST_OK) {
		tls_link_fini(&m->link);
		mem_free_secret(m, sizeof(*m));
		return NULL;
	}
	return m;
}

static void drop(void *p)
{
	struct eap_tls *m = p;

	tls_link_fini(&m->link);
	mem_free_secret(m, sizeof(*m));
}

/* --- server --------------------------------------------------------------------------------------
 */

static void *server_make(struct eap_env *env)
{
	return make(env, true);
}

static enum eap_step_kind server_start(void *p, struct eap_turn *t)
{
	struct eap_tls *m = p;

	return tls_link_start(&m->link, t);
}

/* RFC 9190 2.1.1: with TLS 1.3 this byte says that nothing of the handshake follows. */
static enum eap_step_kind server_opened(struct eap_tls *m, struct eap_turn *t)
{
	static const uint8_t commitment[1] = {0};

	if (tls_version(m->link.tls) == TLS_1_3)
		return tls_link_write(&m->link, (struct view){commitment, sizeof(commitment)}, t);
	return tls_link_send(&m->link, t);
}

/* The peer has our last flight and says nothing more; if it says something, it is an alert. */
static enum eap_step_kind server_finish(struct eap_tls *m, bool is_empty, struct eap_turn *t)
{
	uint8_t data[16];
	size_t n;
	enum status st = tls_link_read(&m->link, data, sizeof(data), &n);

	if (st != ST_OK)
		return eap_fail(t, st, tls_words(m->link.tls));
	if (n > 0 || !is_empty)
		return eap_fail(t, ST_TLS, "data inside EAP-TLS");
	st = tls_link_msk(&m->link, LABEL_12, t->step);
	if (st != ST_OK)
		return eap_fail(t, st, NULL);
	memcpy(t->step->name, m->name, sizeof(m->name));
	return EAP_SUCCESS;
}

static enum eap_step_kind server_packet(void *p, struct view data, struct eap_turn *t)
{
	struct eap_tls *m = p;
	bool was_open = m->link.state == TLS_LINK_OPEN, is_empty;
	enum eap_step_kind kind;

	if (!tls_link_packet(&m->link, data, t, &is_empty, &kind))
		return kind;
	return was_open ? server_finish(m, is_empty, t) : server_opened(m, t);
}

static enum status take_name(struct eap_tls *m)
{
	struct view chain[TLS_CHAIN_MAX], name;
	struct view identity = {(const uint8_t *)m->env->name, strlen(m->env->name)};
	struct login_names names;
	enum status st;

	if (tls_chain(m->link.tls, chain) == 0)
		return ST_EAP_NAME;
	st = login_names(chain[0], &names);
	if (st != ST_OK)
		return st;
	if (m->env->quirks & EAP_TLS_ANY_NAME)
		identity.len = 0;
	if (!login_name_choose(&names, identity, &name))
		return ST_EAP_NAME;
	memcpy(m->name, name.p, name.len);
	m->name[name.len] = '\0';
	return ST_OK;
}

static enum eap_step_kind server_sign_done(
	void *p, enum status st, struct view sig, struct eap_turn *t)
{
	struct eap_tls *m = p;
	enum eap_step_kind kind;

	return tls_link_signed(&m->link, st, sig, t, &kind) ? server_opened(m, t) : kind;
}

static enum eap_step_kind server_chain_done(
	void *p, enum status st, const char *words, struct eap_turn *t)
{
	struct eap_tls *m = p;
	enum eap_step_kind kind;

	if (st == ST_OK) {
		st = take_name(m);
		words = st == ST_EAP_NAME ? "the certificate does not name the EAP identity" : NULL;
	}
	return tls_link_judged(&m->link, st, words, t, &kind) ? server_opened(m, t) : kind;
}

const struct eap_method eap_tls_server = {
	.type = EAP_TLS,
	.needs_tls = true,
	.make = server_make,
	.start = server_start,
	.packet = server_packet,
	.sign_done = server_sign_done,
	.chain_done = server_chain_done,
	.drop = drop,
};

/* --- peer ----------------------------------------------------------------------------------------
 */

static void *peer_make(struct eap_env *env)
{
	struct eap_tls *m = make(env, false);

	if (m != NULL)
		tls_link_be_peer(&m->link);
	return m;
}

static enum eap_step_kind peer_through(struct eap_tls *m, struct eap_turn *t)
{
	enum status st = tls_link_msk(&m->link, LABEL_12, t->step);

	if (st != ST_OK)
		return eap_fail(t, st, NULL);
	m->is_through = true;
	t->may_succeed = true;
	return tls_link_send(&m->link, t);
}

/* With TLS 1.2 the server's Finished was the last; with TLS 1.3 it is ours, and success may be
 * believed only after the server's 0x00 (RFC 9190 2.1.1). */
static enum eap_step_kind peer_opened(struct eap_tls *m, struct eap_turn *t)
{
	return tls_version(m->link.tls) == TLS_1_3 ? tls_link_send(&m->link, t)
						   : peer_through(m, t);
}

static enum eap_step_kind peer_commitment(struct eap_tls *m, struct eap_turn *t)
{
	uint8_t data[16];
	size_t n;
	enum status st = tls_link_read(&m->link, data, sizeof(data), &n);

	if (st != ST_OK)
		return tls_link_end(&m->link, st, tls_words(m->link.tls), t);
	if (n == 0) /* tickets, which are of no use here */
		return tls_link_send(&m->link, t);
	if (n != 1 || data[0] != 0)
		return eap_fail(t, ST_TLS, "data inside EAP-TLS");
	return peer_through(m, t);
}

static enum eap_step_kind peer_packet(void *p, struct view data, struct eap_turn *t)
{
	struct eap_tls *m = p;
	bool was_open = m->link.state == TLS_LINK_OPEN, is_empty;
	enum eap_step_kind kind;

	if (m->is_through)
		return eap_fail(t, ST_BAD_STATE, "EAP-TLS goes on after its end");
	if (!tls_link_packet(&m->link, data, t, &is_empty, &kind))
		return kind;
	return was_open ? peer_commitment(m, t) : peer_opened(m, t);
}

static enum eap_step_kind peer_sign_done(
	void *p, enum status st, struct view sig, struct eap_turn *t)
{
	struct eap_tls *m = p;
	enum eap_step_kind kind;

	return tls_link_signed(&m->link, st, sig, t, &kind) ? peer_opened(m, t) : kind;
}

static enum eap_step_kind peer_chain_done(
	void *p, enum status st, const char *words, struct eap_turn *t)
{
	struct eap_tls *m = p;
	enum eap_step_kind kind;

	return tls_link_judged(&m->link, st, words, t, &kind) ? peer_opened(m, t) : kind;
}

const struct eap_method eap_tls_peer = {
	.type = EAP_TLS,
	.needs_tls = true,
	.make = peer_make,
	.packet = peer_packet,
	.sign_done = peer_sign_done,
	.chain_done = peer_chain_done,
	.drop = drop,
};
