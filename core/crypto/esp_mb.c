#include "core/crypto/esp_mb.h"

#if defined(__x86_64__)

/* Its old names are those of BoringSSL functions. */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <openssl/mem.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/esp_burst.h"

#define NAME "ipsec-mb"

/* The functions of the library that need no manager: they keep everything on the caller's stack, so
 * any thread may use them at any time. Constant after esp_mb_start. */
struct gcm_functions {
	aes_gcm_pre_t key;
	aes_gcm_enc_dec_t seal, open;
	aes_gmac_init_t gmac_init;
	aes_gmac_update_t gmac_update;
	aes_gmac_finalize_t gmac_finalize;
};

static struct {
	enum status st;
	const char *why;
	const char *kind;
	uint64_t features;
	struct gcm_functions gcm[3]; /* by key size */
	chacha_poly_init_t chacha_init;
	chacha_poly_enc_dec_update_t chacha_seal, chacha_open;
	chacha_poly_finalize_t chacha_finalize;
} lib = {.st = ST_AGAIN};

/* ---- start -------------------------------------------------------------------------------------
 */

static const char *kind_of(uint32_t arch)
{
	switch (arch) {
	case IMB_ARCH_AVX: return "AVX";
	case IMB_ARCH_AVX2: return "AVX2";
	case IMB_ARCH_AVX512: return "AVX512";
	default: return NULL;
	}
}

static void take_functions(const IMB_MGR *m)
{
	lib.gcm[0] = (struct gcm_functions){m->gcm128_pre, m->gcm128_enc, m->gcm128_dec,
		m->gmac128_init, m->gmac128_update, m->gmac128_finalize};
	lib.gcm[1] = (struct gcm_functions){m->gcm192_pre, m->gcm192_enc, m->gcm192_dec,
		m->gmac192_init, m->gmac192_update, m->gmac192_finalize};
	lib.gcm[2] = (struct gcm_functions){m->gcm256_pre, m->gcm256_enc, m->gcm256_dec,
		m->gmac256_init, m->gmac256_update, m->gmac256_finalize};
	lib.chacha_init = m->chacha20_poly1305_init;
	lib.chacha_seal = m->chacha20_poly1305_enc_update;
	lib.chacha_open = m->chacha20_poly1305_dec_update;
	lib.chacha_finalize = m->chacha20_poly1305_finalize;
	esp_burst_take(m);
}

enum status esp_mb_start(const char **why)
{
	IMB_MGR *m;

	if (lib.st == ST_AGAIN || lib.st == ST_NOMEM) {
		m = esp_burst_manager_new();
		lib.st = m != NULL ? ST_OK : ST_NOMEM;
		lib.why = m != NULL ? NULL : "out of memory";
		lib.features = m != NULL ? m->features : 0;
		if (m != NULL && (lib.features & IMB_CPUFLAGS_AVX) != IMB_CPUFLAGS_AVX) {
			lib.st = ST_NOT_FOUND;
			lib.why = "the processor lacks AES-NI, PCLMULQDQ or AVX";
		} else if (m != NULL && (imb_get_errno(m) != 0 || kind_of(m->used_arch) == NULL)) {
			lib.st = ST_NOT_FOUND;
			lib.why = "the library refuses this processor or failed its self-test";
		}
		if (lib.st == ST_OK) {
			lib.kind = kind_of(m->used_arch);
			take_functions(m);
		}
		esp_burst_manager_free(m);
	}
	*why = lib.why;
	return lib.st;
}

/* ---- AES-GCM -----------------------------------------------------------------------------------
 */

struct gcm_state {
	struct gcm_key_data key;
	const struct gcm_functions *f;
};

static struct gcm_state *gcm_of(const struct esp_cipher *c)
{
	return (struct gcm_state *)(uintptr_t)c->state;
}

static size_t gcm_len(const struct esp_suite *s)
{
	return sizeof(struct gcm_state);
}

static enum status gcm_key(struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat)
{
	struct gcm_state *g = gcm_of(c);

	g->f = &lib.gcm[s->encr->key_len == 16 ? 0 : s->encr->key_len == 24 ? 1 : 2];
	g->f->key(keymat, &g->key);
	return ST_OK;
}

/* The context holds what masks the tag. */
static enum status gcm_seal(
	const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	uint8_t nonce[16], ad[16];
	uint8_t *iv = pkt + ESP_HEAD_LEN, *body = iv + c->shape.iv_len;
	struct gcm_context_data ctx;
	size_t ad_len = esp_ad(c, pkt, (uint32_t)(seq >> 32), ad);

	esp_put_u64(iv, seq);
	esp_nonce(c, pkt, nonce);
	gcm_of(c)->f->seal(&gcm_of(c)->key, &ctx, body, plain.p, plain.len, nonce, ad, ad_len,
		body + plain.len, c->shape.icv_len);
	mem_zero(&ctx, sizeof(ctx));
	return ST_OK;
}

/* The library tells the tag that should have come; it has decrypted by then. */
static enum status judged(
	const struct esp_cipher *c, const uint8_t *want, const uint8_t *got, struct view text)
{
	if (CRYPTO_memcmp(want, got, c->shape.icv_len) == 0)
		return ST_OK;
	mem_zero((void *)(uintptr_t)text.p, text.len);
	return ST_NOT_AUTHENTIC;
}

static enum status gcm_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out)
{
	uint8_t nonce[16], ad[16], tag[16];
	size_t head = ESP_HEAD_LEN + (size_t)c->shape.iv_len;
	size_t text_len = len - head - c->shape.icv_len;
	struct gcm_context_data ctx;
	size_t ad_len = esp_ad(c, pkt, seq_hi, ad);

	esp_nonce(c, pkt, nonce);
	gcm_of(c)->f->open(&gcm_of(c)->key, &ctx, out, pkt + head, text_len, nonce, ad, ad_len, tag,
		c->shape.icv_len);
	mem_zero(&ctx, sizeof(ctx));
	return judged(c, tag, pkt + head + text_len, (struct view){out, text_len});
}

/* ---- AES-GMAC: RFC 4543 ------------------------------------------------------------------------
 */

static void gmac(const struct esp_cipher *c, const uint8_t *pkt, size_t len, uint32_t seq_hi,
	uint8_t *tag)
{
	const struct gcm_state *g = gcm_of(c);
	uint8_t nonce[16], ad[16];
	struct gcm_context_data ctx;

	esp_nonce(c, pkt, nonce);
	g->f->gmac_init(&g->key, &ctx, nonce, CIPHER_NONCE_LEN);
	g->f->gmac_update(&g->key, &ctx, ad, esp_ad(c, pkt, seq_hi, ad));
	g->f->gmac_update(&g->key, &ctx, pkt + ESP_HEAD_LEN, len - ESP_HEAD_LEN);
	g->f->gmac_finalize(&g->key, &ctx, tag, c->shape.icv_len);
	mem_zero(&ctx, sizeof(ctx));
}

static enum status gmac_seal(
	const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	uint8_t *body = pkt + ESP_HEAD_LEN + c->shape.iv_len;

	esp_put_u64(pkt + ESP_HEAD_LEN, seq);
	if (plain.p != body)
		memcpy(body, plain.p, plain.len);
	gmac(c, pkt, (size_t)(body - pkt) + plain.len, (uint32_t)(seq >> 32), body + plain.len);
	return ST_OK;
}

static enum status gmac_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out)
{
	size_t head = ESP_HEAD_LEN + (size_t)c->shape.iv_len, end = len - c->shape.icv_len;
	uint8_t tag[16];

	gmac(c, pkt, end, seq_hi, tag);
	if (CRYPTO_memcmp(tag, pkt + end, c->shape.icv_len) != 0)
		return ST_NOT_AUTHENTIC;
	if (out != pkt + head)
		memcpy(out, pkt + head, end - head);
	return ST_OK;
}

/* ---- ChaCha20-Poly1305: RFC 7634 ---------------------------------------------------------------
 * The library begins slowly: short packets stay with BoringSSL. */

#define CHACHA_FROM 1024

struct chacha_state {
	struct cipher soft;
	uint8_t key[32];
};

static struct chacha_state *chacha_of(const struct esp_cipher *c)
{
	return (struct chacha_state *)(uintptr_t)c->state;
}

static size_t chacha_len(const struct esp_suite *s)
{
	return sizeof(struct chacha_state);
}

static enum status chacha_key(
	struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat)
{
	memcpy(chacha_of(c)->key, keymat, sizeof(chacha_of(c)->key));
	return cipher_key(&chacha_of(c)->soft, s->encr, keymat);
}

static void chacha_wipe(struct esp_cipher *c)
{
	cipher_wipe(&chacha_of(c)->soft);
}

static void chacha(const struct esp_cipher *c, chacha_poly_enc_dec_update_t update,
	const uint8_t *pkt, uint32_t seq_hi, struct view in, uint8_t *out, uint8_t *tag)
{
	struct chacha20_poly1305_context_data ctx;
	uint8_t nonce[16], ad[16];
	size_t ad_len = esp_ad(c, pkt, seq_hi, ad);

	esp_nonce(c, pkt, nonce);
	lib.chacha_init(chacha_of(c)->key, &ctx, nonce, ad, ad_len);
	update(chacha_of(c)->key, &ctx, out, in.p, in.len);
	lib.chacha_finalize(&ctx, tag, 16);
	mem_zero(&ctx, sizeof(ctx));
}

static enum status chacha_seal(
	const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	uint8_t *body = pkt + ESP_HEAD_LEN + c->shape.iv_len;

	if (plain.len < CHACHA_FROM)
		return esp_aead_seal(c, &chacha_of(c)->soft, seq, plain, pkt);
	esp_put_u64(pkt + ESP_HEAD_LEN, seq);
	chacha(c, lib.chacha_seal, pkt, (uint32_t)(seq >> 32), plain, body, body + plain.len);
	return ST_OK;
}

static enum status chacha_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt,
	size_t len, uint8_t *out)
{
	size_t head = ESP_HEAD_LEN + (size_t)c->shape.iv_len;
	struct view sealed = {pkt + head, len - head - c->shape.icv_len};
	uint8_t tag[16];

	if (sealed.len < CHACHA_FROM)
		return esp_aead_open(c, &chacha_of(c)->soft, seq_hi, pkt, len, out);
	chacha(c, lib.chacha_open, pkt, seq_hi, sealed, out, tag);
	return judged(c, tag, sealed.p + sealed.len, (struct view){out, sealed.len});
}

/* ---- which one ---------------------------------------------------------------------------------
 */

static const struct esp_ops gcm_ops = {
	.engine = NAME, .state_len = gcm_len, .key = gcm_key, .seal = gcm_seal, .open = gcm_open,
};
static const struct esp_ops gmac_ops = {
	.engine = NAME, .state_len = gcm_len, .key = gcm_key, .seal = gmac_seal, .open = gmac_open,
};
static const struct esp_ops chacha_ops = {
	.engine = NAME, .state_len = chacha_len, .key = chacha_key, .wipe = chacha_wipe,
	.seal = chacha_seal, .open = chacha_open,
};

const struct esp_ops *esp_mb_ops(const struct esp_suite *s)
{
	if (lib.st != ST_OK)
		return NULL;
	if (s->integ != NULL)
		return esp_burst_ops(s);
	switch (s->encr->alg) {
	case XA_AES_GCM: return &gcm_ops;
	case XA_AES_GMAC: return &gmac_ops;
	case XA_CHACHA20_POLY1305: return &chacha_ops;
	default: return NULL;
	}
}

enum status esp_mb_thread_begin(void)
{
	return lib.st == ST_OK ? esp_burst_begin() : ST_OK;
}

void esp_mb_thread_end(void)
{
	esp_burst_end();
}

bool esp_mb_thread_can(void)
{
	return esp_burst_can();
}

/* ---- for show ----------------------------------------------------------------------------------
 */

const char *esp_mb_version(void)
{
	return imb_get_version_str();
}

const char *esp_mb_kind(void)
{
	return lib.kind;
}

uint32_t esp_mb_threads(void)
{
	return esp_burst_threads();
}

const char *esp_mb_feature(size_t i, bool *has)
{
	static const struct {
		uint64_t bits;
		const char *name;
	} features[] = {
		{IMB_FEATURE_AESNI, "AES-NI"},
		{IMB_FEATURE_PCLMULQDQ, "PCLMULQDQ"},
		{IMB_FEATURE_SHANI, "SHA-NI"},
		{IMB_FEATURE_AVX, "AVX"},
		{IMB_FEATURE_AVX2, "AVX2"},
		{IMB_FEATURE_AVX512_SKX, "AVX512"},
		{IMB_FEATURE_AVX512_IFMA, "AVX512-IFMA"},
		{IMB_FEATURE_VAES, "VAES"},
		{IMB_FEATURE_VPCLMULQDQ, "VPCLMULQDQ"},
		{IMB_FEATURE_GFNI, "GFNI"},
	};

	if (i >= sizeof(features) / sizeof(features[0]))
		return NULL;
	*has = (lib.features & features[i].bits) == features[i].bits;
	return features[i].name;
}

#else /* another processor */

enum status esp_mb_start(const char **why)
{
	*why = "the processor is not an x86-64";
	return ST_NOT_FOUND;
}

const struct esp_ops *esp_mb_ops(const struct esp_suite *s)
{
	return NULL;
}

enum status esp_mb_thread_begin(void)
{
	return ST_OK;
}

void esp_mb_thread_end(void)
{
}

bool esp_mb_thread_can(void)
{
	return false;
}

const char *esp_mb_version(void)
{
	return NULL;
}

const char *esp_mb_kind(void)
{
	return NULL;
}

uint32_t esp_mb_threads(void)
{
	return 0;
}

const char *esp_mb_feature(size_t i, bool *has)
{
	return NULL;
}

#endif
