/* TLS by BoringSSL between two memory BIOs. Its asynchronous private key and certificate callbacks
 * are what turns into TLS_WANT_SIGN and TLS_WANT_CHAIN. */
#include "core/crypto/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/stack.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"

struct tls_ctx {
	SSL_CTX *ssl;
	enum tls_role role;
	atomic_uint refs;
};

struct tls_conn {
	SSL *ssl;
	BIO *in;  /* of ssl */
	BIO *out; /* of ssl */
	enum tls_want want;
	enum status status; /* of TLS_FAILED */
	char words[160];
	uint8_t plain_alert; /* the peer's last message was this fatal alert and nothing else; 0: it
				was not */
	/* our signature */
	uint8_t *sign_data;
	size_t sign_len;
	uint16_t sign_scheme;
	enum status sign_status; /* ST_PENDING while it is away */
	uint8_t signature[TLS_SIGNATURE_MAX];
	size_t signature_len;
	/* the peer's chain */
	enum status chain_status; /* ST_PENDING while it is being judged */
};

/* What we sign with and what we accept, the better ones first; SHA-1 is in neither. */
static const uint16_t schemes[] = {SSL_SIGN_ED25519, SSL_SIGN_ECDSA_SECP256R1_SHA256,
	SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_ECDSA_SECP521R1_SHA512,
	SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA512,
	SSL_SIGN_RSA_PKCS1_SHA256, SSL_SIGN_RSA_PKCS1_SHA384, SSL_SIGN_RSA_PKCS1_SHA512};
#define N_SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

/* TLS 1.2: only with ephemeral keys. CBC is for systems of ten years ago, and last. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES";

static enum ssl_private_key_result_t on_sign(SSL *ssl, uint8_t *out, size_t *out_len,
	size_t max_out, uint16_t scheme, const uint8_t *in, size_t in_len)
{
	struct tls_conn *c = SSL_get_app_data(ssl);

	if (in_len > TLS_SIGN_DATA_MAX)
		return ssl_private_key_failure;
	mem_free_secret(c->sign_data, c->sign_len);
	c->sign_data = mem_dup(in, in_len);
	if (c->sign_data == NULL)
		return ssl_private_key_failure;
	c->sign_len = in_len;
	c->sign_scheme = scheme;
	c->sign_status = ST_PENDING;
	return ssl_private_key_retry;
}

static enum ssl_private_key_result_t on_signature(
	SSL *ssl, uint8_t *out, size_t *out_len, size_t max_out)
{
	struct tls_conn *c = SSL_get_app_data(ssl);

	if (c->sign_status == ST_PENDING)
		return ssl_private_key_retry;
	if (c->sign_status != ST_OK || c->signature_len > max_out)
		return ssl_private_key_failure;
	memcpy(out, c->signature, c->signature_len);
	*out_len = c->signature_len;
	return ssl_private_key_success;
}

/* Static RSA key exchange, which is in none of our cipher suites. */
static enum ssl_private_key_result_t on_decrypt(
	SSL *ssl, uint8_t *out, size_t *out_len, size_t max_out, const uint8_t *in, size_t in_len)
{
	return ssl_private_key_failure;
}

static const SSL_PRIVATE_KEY_METHOD key_elsewhere = {on_sign, on_decrypt, on_signature};

/* RFC 8446 6.2, RFC 5246 7.2.2 */
static uint8_t alert_of(enum status st)
{
	switch (st) {
	case ST_NOMEM:
	case ST_INTERNAL:
	case ST_TIMEOUT:
	case ST_CANCELLED: return SSL_AD_INTERNAL_ERROR;
	case ST_CERT_UNTRUSTED: return SSL_AD_UNKNOWN_CA;
	case ST_CERT_EXPIRED:
	case ST_CERT_NOT_YET: return SSL_AD_CERTIFICATE_EXPIRED;
	case ST_CERT_REVOKED: return SSL_AD_CERTIFICATE_REVOKED;
	case ST_REVOCATION_UNKNOWN: return SSL_AD_CERTIFICATE_UNKNOWN;
	case ST_CERT_USAGE:
	case ST_CERT_PURPOSE:
	case ST_CERT_ALGORITHM:
	case ST_SIG_ALGORITHM:
	case ST_WEAK_KEY: return SSL_AD_UNSUPPORTED_CERTIFICATE;
	case ST_NOT_AUTHORIZED:
	case ST_CERT_IDENTITY:
	case ST_EAP_NAME: return SSL_AD_ACCESS_DENIED;
	default: return SSL_AD_BAD_CERTIFICATE;
	}
}

static enum ssl_verify_result_t on_chain(SSL *ssl, uint8_t *out_alert)
{
	struct tls_conn *c = SSL_get_app_data(ssl);
	const STACK_OF(CRYPTO_BUFFER) *certs = SSL_get0_peer_certificates(ssl);

	if (certs == NULL || sk_CRYPTO_BUFFER_num(certs) > TLS_CHAIN_MAX) {
		*out_alert = SSL_AD_BAD_CERTIFICATE;
		return ssl_verify_invalid;
	}
	if (c->chain_status == ST_PENDING)
		return ssl_verify_retry;
	if (c->chain_status == ST_OK)
		return ssl_verify_ok;
	*out_alert = alert_of(c->chain_status);
	return ssl_verify_invalid;
}

/* --- what connections share ----------------------------------------------------------------------
 */

static enum status set_chain(SSL_CTX *ssl, const struct tls_conf *c)
{
	CRYPTO_BUFFER *certs[TLS_CHAIN_MAX];
	size_t n = 0;
	enum status st = ST_OK;

	if (c->n_chain > TLS_CHAIN_MAX)
		return ST_CONFIG;
	for (; n < c->n_chain; n++) {
		certs[n] = CRYPTO_BUFFER_new(c->chain[n].p, c->chain[n].len, NULL);
		if (certs[n] == NULL) {
			st = ST_NOMEM;
			goto out;
		}
	}
	/* ST_CONFIG: a certificate BoringSSL cannot read, or of a key that TLS does not know. */
	if (n > 0 && !SSL_CTX_set_chain_and_key(ssl, certs, n, NULL, &key_elsewhere))
		st = ST_CONFIG;
out:
	while (n > 0)
		CRYPTO_BUFFER_free(certs[--n]);
	return st;
}

static enum status set_issuers(SSL_CTX *ssl, const struct tls_conf *c)
{
	STACK_OF(CRYPTO_BUFFER) * names;

	if (c->n_issuers == 0)
		return ST_OK;
	names = sk_CRYPTO_BUFFER_new_null();
	for (size_t i = 0; names != NULL && i < c->n_issuers; i++) {
		CRYPTO_BUFFER *b = CRYPTO_BUFFER_new(c->issuers[i].p, c->issuers[i].len, NULL);

		if (b == NULL || !sk_CRYPTO_BUFFER_push(names, b)) {
			CRYPTO_BUFFER_free(b);
			sk_CRYPTO_BUFFER_pop_free(names, CRYPTO_BUFFER_free);
			return ST_NOMEM;
		}
	}
	if (names == NULL)
		return ST_NOMEM;
	SSL_CTX_set0_client_CAs(ssl, names);
	return ST_OK;
}

static enum status set_rules(SSL_CTX *ssl, const struct tls_conf *c)
{
	uint16_t min = c->min_version ? c->min_version : TLS_1_2;
	uint16_t max = c->max_version ? c->max_version : TLS_1_3;

	if (!SSL_CTX_set_min_proto_version(ssl, min) || !SSL_CTX_set_max_proto_version(ssl, max))
		return ST_CONFIG;
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_early_data_enabled(ssl, 0);
	SSL_CTX_set_max_cert_list(ssl, TLS_CHAIN_BYTES);
	if (!SSL_CTX_set_num_tickets(ssl, 0) || !SSL_CTX_set_strict_cipher_list(ssl, ciphers) ||
		!SSL_CTX_set_signing_algorithm_prefs(ssl, schemes, N_SCHEMES) ||
		!SSL_CTX_set_verify_algorithm_prefs(ssl, schemes, N_SCHEMES))
		return ST_NOMEM;
	return ST_OK;
}

enum status tls_ctx_new(const struct tls_conf *c, struct tls_ctx **out)
{
	struct tls_ctx *t;
	enum status st = ST_NOMEM;

	*out = NULL;
	if (c->role == TLS_SERVER && c->n_chain == 0)
		return ST_CONFIG;
	t = mem_new(sizeof(*t));
	if (t == NULL)
		return ST_NOMEM;
	t->role = c->role;
	atomic_init(&t->refs, 1);
	t->ssl = SSL_CTX_new(TLS_with_buffers_method());
	if (t->ssl == NULL)
		goto bad;
	st = set_rules(t->ssl, c);
	if (st == ST_OK)
		st = set_chain(t->ssl, c);
	if (st == ST_OK)
		st = set_issuers(t->ssl, c);
	if (st != ST_OK)
		goto bad;
	*out = t;
	return ST_OK;
bad:
	ERR_clear_error();
	tls_ctx_unref(t);
	return st;
}

struct tls_ctx *tls_ctx_ref(struct tls_ctx *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void tls_ctx_unref(struct tls_ctx *c)
{
	if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	SSL_CTX_free(c->ssl);
	mem_free(c);
}

/* --- one connection ------------------------------------------------------------------------------
 */

static enum status conn_setup(struct tls_conn *c, const struct tls_ctx *ctx, bool with_peer_chain)
{
	int mode = SSL_VERIFY_NONE;

	c->ssl = SSL_new(ctx->ssl);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	if (c->ssl == NULL || c->in == NULL || c->out == NULL) {
		BIO_free(c->in);
		BIO_free(c->out);
		return ST_NOMEM;
	}
	/* An empty buffer is not the end of the stream: more comes with the next packet. */
	BIO_set_mem_eof_return(c->in, -1);
	BIO_set_mem_eof_return(c->out, -1);
	SSL_set_bio(c->ssl, c->in, c->out);
	if (!SSL_set_app_data(c->ssl, (char *)c)) /* it allocates */
		return ST_NOMEM;
	SSL_set_renegotiate_mode(c->ssl, ssl_renegotiate_never);
	if (with_peer_chain || ctx->role == TLS_CLIENT)
		mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_set_custom_verify(c->ssl, mode, on_chain);
	if (ctx->role == TLS_SERVER)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	return ST_OK;
}

enum status tls_new(const struct tls_ctx *ctx, bool with_peer_chain, struct tls_conn **out)
{
	struct tls_conn *c = mem_new(sizeof(*c));
	enum status st;

	*out = NULL;
	if (c == NULL)
		return ST_NOMEM;
	c->want = TLS_MORE;
	c->status = ST_OK;
	c->sign_status = ST_PENDING;
	c->chain_status = ST_PENDING;
	st = conn_setup(c, ctx, with_peer_chain);
	if (st != ST_OK) {
		ERR_clear_error();
		tls_free(c);
		return st;
	}
	*out = c;
	return ST_OK;
}

void tls_free(struct tls_conn *c)
{
	if (c == NULL)
		return;
	SSL_free(c->ssl);
	mem_free_secret(c->sign_data, c->sign_len);
	mem_free_secret(c, sizeof(*c));
}

static enum tls_want failed(struct tls_conn *c, enum status st, const char *why)
{
	c->want = TLS_FAILED;
	c->status = st;
	snprintf(c->words, sizeof(c->words), "%s%s%s", status_words(st), why[0] ? ": " : "", why);
	ERR_clear_error();
	return c->want;
}

/* What BoringSSL's error queue says, in order of who is to blame. */
static enum tls_want failed_by_library(struct tls_conn *c)
{
	uint32_t e = ERR_peek_error();
	const char *why = ERR_reason_error_string(e);
	char words[120];

	if (c->chain_status != ST_PENDING && c->chain_status != ST_OK)
		return failed(c, c->chain_status, "");
	if (c->sign_status != ST_PENDING && c->sign_status != ST_OK)
		return failed(c, c->sign_status, "our signature");
	/* A TLS 1.3 client that refuses our certificate has no keys yet under which it could say
	 * so, and BoringSSL expects some already: it is an alert all the same, and not to be
	 * answered by one. */
	if (c->plain_alert != 0) {
		tls_sent(c);
		return failed(c, ST_TLS_ALERT, SSL_alert_desc_string_long(c->plain_alert));
	}
	/* An allocation that failed leaves no entry, or this one. */
	if (e == 0 || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
		return failed(c, ST_NOMEM, "");
	snprintf(words, sizeof(words), "%s", why != NULL ? why : "unknown reason");
	/* Reasons from 1000 on are alerts received, by their number. */
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET) {
		snprintf(words, sizeof(words), "%s",
			SSL_alert_desc_string_long(ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET));
		return failed(c, ST_TLS_ALERT, words);
	}
	return failed(c, ST_TLS, words);
}

static enum tls_want drive(struct tls_conn *c)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(c->ssl);
	if (r == 1)
		return c->want = TLS_DONE;
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ: return c->want = TLS_MORE;
	case SSL_ERROR_WANT_PRIVATE_KEY_OPERATION: return c->want = TLS_WANT_SIGN;
	case SSL_ERROR_WANT_CERTIFICATE_VERIFY: return c->want = TLS_WANT_CHAIN;
	default: return failed_by_library(c);
	}
}

/* RFC 8446 6: record type 21, version, length 2, level fatal, description. */
static uint8_t plain_alert_of(struct view in)
{
	struct rd r = rd_init(in.p, in.len);
	bool is_alert = rd_u8(&r) == 21 && rd_u8(&r) == 3;
	uint8_t what;

	rd_skip(&r, 1);
	is_alert = is_alert && rd_u16(&r) == 2 && rd_u8(&r) == 2;
	what = rd_u8(&r);
	return is_alert && rd_done(&r) ? what : 0;
}

enum tls_want tls_step(struct tls_conn *c, struct view in)
{
	if (c->want == TLS_FAILED)
		return c->want;
	c->plain_alert = plain_alert_of(in);
	if (in.len > 0 && (in.len > TLS_CHAIN_BYTES * 2 ||
				  BIO_write(c->in, in.p, (int)in.len) != (int)in.len))
		return failed(c, ST_NOMEM, "");
	if (c->want != TLS_MORE)
		return c->want;
	return drive(c);
}

enum tls_want tls_signed(struct tls_conn *c, enum status st, struct view signature)
{
	if (c->want != TLS_WANT_SIGN)
		return c->want;
	if (st == ST_OK && (signature.len == 0 || signature.len > sizeof(c->signature)))
		st = ST_INTERNAL;
	c->sign_status = st == ST_PENDING ? ST_INTERNAL : st;
	if (st == ST_OK) {
		memcpy(c->signature, signature.p, signature.len);
		c->signature_len = signature.len;
	}
	return drive(c);
}

enum tls_want tls_chain_judged(struct tls_conn *c, enum status st)
{
	if (c->want != TLS_WANT_CHAIN)
		return c->want;
	c->chain_status = st == ST_PENDING ? ST_INTERNAL : st;
	return drive(c);
}

uint16_t tls_sign_scheme(const struct tls_conn *c)
{
	return c->sign_scheme;
}

struct view tls_sign_data(const struct tls_conn *c)
{
	return (struct view){c->sign_data, c->sign_len};
}

size_t tls_chain(const struct tls_conn *c, struct view out[TLS_CHAIN_MAX])
{
	const STACK_OF(CRYPTO_BUFFER) *certs = SSL_get0_peer_certificates(c->ssl);
	size_t n = 0;

	for (; certs != NULL && n < TLS_CHAIN_MAX && n < sk_CRYPTO_BUFFER_num(certs); n++) {
		const CRYPTO_BUFFER *b = sk_CRYPTO_BUFFER_value(certs, n);

		out[n] = (struct view){CRYPTO_BUFFER_data(b), CRYPTO_BUFFER_len(b)};
	}
	return n;
}

struct view tls_out(const struct tls_conn *c)
{
	const uint8_t *p = NULL;
	size_t len = 0;

	if (!BIO_mem_contents(c->out, &p, &len))
		return (struct view){0};
	return (struct view){p, len};
}

void tls_sent(struct tls_conn *c)
{
	(void)BIO_reset(c->out);
}

enum status tls_write(struct tls_conn *c, struct view data)
{
	if (c->want != TLS_DONE || data.len == 0 || data.len > TLS_CHAIN_BYTES)
		return ST_BAD_STATE;
	ERR_clear_error();
	if (SSL_write(c->ssl, data.p, (int)data.len) == (int)data.len)
		return ST_OK;
	(void)failed_by_library(c);
	return c->status;
}

enum status tls_read(struct tls_conn *c, uint8_t *out, size_t size, size_t *len)
{
	int r;

	*len = 0;
	if (c->want == TLS_FAILED)
		return c->status;
	if (c->want != TLS_DONE || size == 0 || size > TLS_CHAIN_BYTES)
		return ST_BAD_STATE;
	ERR_clear_error();
	r = SSL_read(c->ssl, out, (int)size);
	if (r > 0) {
		*len = (size_t)r;
		return ST_OK;
	}
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ: return ST_PENDING;
	case SSL_ERROR_ZERO_RETURN: return ST_TLS_CLOSED;
	default: (void)failed_by_library(c); return c->status;
	}
}

void tls_close(struct tls_conn *c)
{
	if (c->want == TLS_DONE)
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
}

uint16_t tls_version(const struct tls_conn *c)
{
	return (uint16_t)SSL_version(c->ssl);
}

const char *tls_cipher(const struct tls_conn *c)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(c->ssl);

	return cipher != NULL ? SSL_CIPHER_standard_name(cipher) : "";
}

enum status tls_export(
	struct tls_conn *c, const char *label, struct view context, uint8_t *out, size_t len)
{
	if (c->want != TLS_DONE)
		return ST_BAD_STATE;
	if (!SSL_export_keying_material(c->ssl, out, len, label, strlen(label), context.p,
		    context.len, context.p != NULL)) {
		mem_zero(out, len);
		ERR_clear_error();
		return ST_NOMEM;
	}
	return ST_OK;
}

enum status tls_status(const struct tls_conn *c)
{
	return c->status;
}

const char *tls_words(const struct tls_conn *c)
{
	return c->words;
}
