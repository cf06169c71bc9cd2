#include "tests/lib/eap_tls_lab.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/password.h"
#include "core/eap/verifier.h"
#include "core/wire/eap.h"

void eap_lab_random(void *arg, void *out, size_t len)
{
	uint64_t *seed = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(*seed >> 56);
	}
}

/* scrypt of the cheapest kind: what it costs is not the question here. */
static void set_user(struct eap_user *u)
{
	static const uint8_t salt[EAP_SCRYPT_SALT] = {1, 2, 3};
	static struct eap_user kept;
	static bool is_set;

	if (!is_set) {
		kept.is_found = true;
		(void)!eap_user_set(&kept, (struct view){(const uint8_t *)"secret", 6},
			EAP_FOR_SHOWN | EAP_FOR_MSCHAPV2 | EAP_FOR_MD5, salt);
		kept.scrypt.log2_n = 2;
		(void)!scrypt_derive((struct view){(const uint8_t *)"secret", 6},
			(struct view){salt, sizeof(salt)},
			(struct scrypt_cost){2, kept.scrypt.r, kept.scrypt.p}, kept.scrypt.hash,
			sizeof(kept.scrypt.hash));
		is_set = true;
	}
	*u = kept;
}

static void settle(struct eap_lab *l)
{
	uint8_t sig[TLS_SIGNATURE_MAX];
	struct eap_step *s = &l->step;
	size_t n;

	for (;;) {
		if (s->checked != EAP_CHECKED_NOTHING)
			l->checked = s->checked;
		switch (s->kind) {
		case EAP_WANT_USER:
			l->n_users++;
			eap_server_user(l->server, LAB_NOW, &l->user, s);
			break;
		case EAP_WANT_SIGN:
			l->n_signs++;
			n = lab_sign(l->id, s->sign_scheme, s->sign_data, sig);
			eap_server_signed(
				l->server, n ? l->sign : ST_INTERNAL, (struct view){sig, n}, s);
			break;
		case EAP_WANT_CHAIN:
			l->n_chains++;
			eap_server_chain(l->server, l->chain, NULL, s);
			break;
		default: return;
		}
	}
}

bool eap_lab_open(struct eap_lab *l, uint8_t method, const uint8_t *inner, uint16_t version,
	uint16_t fragment, const char *identity)
{
	struct eap_server_conf c = {.methods = {method},
		.n_methods = 1,
		.server_name = "gw",
		.first_id = 7,
		.identity = {(const uint8_t *)identity, strlen(identity)},
		.fragment_size = fragment,
		.random = eap_lab_random,
		.random_arg = &l->seed,
		.quirks = l->quirks};

	l->id = lab_id("server");
	l->ctx = lab_ctx(TLS_SERVER, l->id, version, version);
	l->sign = ST_OK;
	l->chain = ST_OK;
	l->n_users = l->n_chains = l->n_signs = 0;
	l->checked = EAP_CHECKED_NOTHING;
	set_user(&l->user);
	for (; inner != NULL && inner[c.n_inner] != 0; c.n_inner++)
		c.inner[c.n_inner] = inner[c.n_inner];
	c.tls = l->ctx;
	c.tls_inner = l->ctx;
	l->server = l->ctx != NULL ? eap_server_new(&c) : NULL;
	if (l->server == NULL)
		return false;
	eap_server_start(l->server, &l->step);
	return true;
}

void eap_lab_close(struct eap_lab *l)
{
	eap_server_free(l->server);
	l->server = NULL;
	tls_ctx_unref(l->ctx);
	l->ctx = NULL;
}

void eap_lab_packet(struct eap_lab *l, struct view packet)
{
	eap_server_packet(l->server, LAB_NOW, packet, &l->step);
	settle(l);
}

/* --- the client of a tunnel ----------------------------------------------------------------------
 */

bool tunnel_open(struct tunnel *p, uint8_t type, uint16_t version, uint16_t fragment)
{
	p->type = type;
	p->is_open = false;
	p->heard_len = 0;
	tls_frame_init(&p->frame, fragment, true);
	p->ctx = lab_ctx(TLS_CLIENT, NULL, version, version);
	return p->ctx != NULL && tls_new(p->ctx, true, &p->tls) == ST_OK;
}

void tunnel_close(struct tunnel *p)
{
	tls_free(p->tls);
	p->tls = NULL;
	tls_ctx_unref(p->ctx);
	p->ctx = NULL;
	tls_frame_fini(&p->frame);
}

static void respond(struct tunnel *p, struct eap_lab *l, struct view message)
{
	uint8_t buf[EAP_PACKET_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct wr_mark m = eap_open(&w, EAP_CODE_RESPONSE, l->step.out[1], p->type);

	if (tls_frame_put(&p->frame, message, &w) && message.len > 0)
		tls_sent(p->tls);
	wr_close16(&w, m);
	eap_lab_packet(l, (struct view){buf, w.len});
}

/* True: something inside was heard, or it is over. */
static bool take(struct tunnel *p, struct eap_lab *l, struct view message)
{
	enum tls_want want = TLS_DONE;

	if (message.len > 0)
		want = tls_step(p->tls, message);
	while (want == TLS_WANT_CHAIN)
		want = tls_chain_judged(p->tls, ST_OK);
	if (want == TLS_FAILED)
		return true;
	p->is_open = want == TLS_DONE;
	if (!p->is_open || tls_out(p->tls).len > 0)
		return false;
	(void)!tls_read(p->tls, p->heard, sizeof(p->heard), &p->heard_len);
	return true;
}

void tunnel_say(struct tunnel *p, struct eap_lab *l, struct view bytes)
{
	struct view message;
	struct eap_packet q;
	enum status why;

	p->heard_len = 0;
	if (bytes.len > 0)
		(void)!tls_write(p->tls, bytes);
	if (p->is_open)
		respond(p, l, tls_out(p->tls));
	while (l->step.kind == EAP_SEND) {
		if (eap_parse((struct view){l->step.out, l->step.out_len}, &q) != ST_OK ||
			q.type != p->type)
			return;
		switch (tls_frame_take(&p->frame, q.data, p->frame.out_at > 0, &message, &why)) {
		case TLS_FRAME_START:
			(void)tls_step(p->tls, (struct view){0});
			respond(p, l, tls_out(p->tls));
			break;
		case TLS_FRAME_ACK: respond(p, l, (struct view){0}); break;
		case TLS_FRAME_NEXT: respond(p, l, tls_out(p->tls)); break;
		case TLS_FRAME_MESSAGE:
			if (take(p, l, message))
				return;
			respond(p, l, tls_out(p->tls));
			break;
		default: return;
		}
	}
}
