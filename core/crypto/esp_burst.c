#include "core/crypto/esp_burst.h"

#if defined(__x86_64__)

/* Its old names are those of BoringSSL functions. */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <openssl/mem.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/mem.h"

/* A manager holds the lanes of work in progress, so each thread has one. Its functions finish all
 * that they are given before they return: between two calls nothing is in progress, and no key. */
static _Thread_local IMB_MGR *manager;
static _Atomic uint32_t threads;

#define ALIGN 64

/* ---- managers ----------------------------------------------------------------------------------
 */

/* The block as it was allocated is found through the word before the manager. */
IMB_MGR *esp_burst_manager_new(void)
{
	size_t len = imb_get_mb_mgr_size() + 2 * ALIGN;
	uint8_t *block = mem_new(len);
	uint8_t *at;
	IMB_ARCH arch;
	IMB_MGR *m;

	if (block == NULL)
		return NULL;
	at = block + ALIGN + (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
	memcpy(at - sizeof(block), &block, sizeof(block));
	m = imb_set_pointers_mb_mgr(at, 0, 1);
	/* Without AES-NI the library would compute AES by itself: never wanted, and slow to test. */
	if (m != NULL && (m->features & IMB_CPUFLAGS_AVX) == IMB_CPUFLAGS_AVX)
		init_mb_mgr_auto(m, &arch);
	if (m == NULL)
		mem_free(block);
	return m;
}

void esp_burst_manager_free(IMB_MGR *m)
{
	uint8_t *block;

	if (m == NULL)
		return;
	memcpy(&block, (uint8_t *)m - sizeof(block), sizeof(block));
	mem_free_secret(block, imb_get_mb_mgr_size() + 2 * ALIGN);
}

enum status esp_burst_begin(void)
{
	if (manager != NULL)
		return ST_OK;
	manager = esp_burst_manager_new();
	if (manager == NULL)
		return ST_NOMEM;
	atomic_fetch_add(&threads, 1);
	return ST_OK;
}

void esp_burst_end(void)
{
	if (manager == NULL)
		return;
	esp_burst_manager_free(manager);
	manager = NULL;
	atomic_fetch_sub(&threads, 1);
}

bool esp_burst_can(void)
{
	return manager != NULL;
}

uint32_t esp_burst_threads(void)
{
	return atomic_load(&threads);
}

/* ---- keys --------------------------------------------------------------------------------------
 */

/* By key size, and by hash; constant after esp_burst_take. */
static struct {
	keyexp_t key[3];
	hash_one_block_t sha1, sha256, sha384, sha512;
	uint32_t lanes; /* 32-bit ones of a vector register: SHA-1 and SHA-256 */
	bool has_sha;   /* the processor's own instructions, which a single packet is done with */
} lib;

void esp_burst_take(const IMB_MGR *m)
{
	lib.key[0] = m->keyexp_128;
	lib.key[1] = m->keyexp_192;
	lib.key[2] = m->keyexp_256;
	lib.sha1 = m->sha1_one_block;
	lib.sha256 = m->sha256_one_block;
	lib.sha384 = m->sha384_one_block;
	lib.sha512 = m->sha512_one_block;
	lib.lanes = m->used_arch == IMB_ARCH_AVX512 ? 16 : m->used_arch == IMB_ARCH_AVX2 ? 8 : 4;
	lib.has_sha = (m->features & IMB_FEATURE_SHANI) != 0;
}

/* The keys of a single packet first, as esp_mac_seal and esp_mac_open want them. */
struct burst_state {
	struct esp_mac_state single;
	_Alignas(16) uint8_t enc[15 * 16];
	_Alignas(16) uint8_t dec[15 * 16];
	_Alignas(16) uint8_t inner[64]; /* the hash's state after the padded key */
	_Alignas(16) uint8_t outer[64];
	IMB_HASH_ALG hash;
	IMB_CIPHER_MODE mode; /* IMB_CIPHER_NULL: one after the other */
};

static struct burst_state *burst_of(const struct esp_cipher *c)
{
	return (struct burst_state *)(uintptr_t)c->state;
}

static size_t burst_len(const struct esp_suite *s)
{
	return sizeof(struct burst_state);
}

struct hash {
	IMB_HASH_ALG alg;
	size_t block_len;
	hash_one_block_t one_block;
};

static struct hash hash_of(enum xf_alg alg)
{
	switch (alg) {
	case XA_SHA1: return (struct hash){IMB_AUTH_HMAC_SHA_1, 64, lib.sha1};
	case XA_SHA256: return (struct hash){IMB_AUTH_HMAC_SHA_256, 64, lib.sha256};
	case XA_SHA384: return (struct hash){IMB_AUTH_HMAC_SHA_384, 128, lib.sha384};
	case XA_SHA512: return (struct hash){IMB_AUTH_HMAC_SHA_512, 128, lib.sha512};
	default: return (struct hash){IMB_AUTH_NULL, 0, NULL};
	}
}

/* RFC 2104; the keys of the table's rows are never longer than a block. */
static void hash_keys(struct burst_state *b, const struct hash *h, struct view key)
{
	uint8_t block[128] = {0};

	memcpy(block, key.p, key.len);
	for (size_t i = 0; i < h->block_len; i++)
		block[i] ^= 0x36;
	h->one_block(block, b->inner);
	for (size_t i = 0; i < h->block_len; i++)
		block[i] ^= 0x36 ^ 0x5c;
	h->one_block(block, b->outer);
	mem_zero(block, sizeof(block));
}

static enum status burst_key(
	struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat)
{
	struct burst_state *b = burst_of(c);
	struct hash h = hash_of(s->integ->alg);
	const struct view a = {
		keymat + s->encr->key_len + s->encr->salt_len, s->integ->key_len};

	b->hash = h.alg;
	hash_keys(b, &h, a);
	b->mode = s->encr->alg == XA_AES_CBC   ? IMB_CIPHER_CBC
		  : s->encr->alg == XA_AES_CTR ? IMB_CIPHER_CNTR
					       : IMB_CIPHER_NULL;
	if (b->mode != IMB_CIPHER_NULL)
		lib.key[s->encr->key_len == 16 ? 0 : s->encr->key_len == 24 ? 1 : 2](
			keymat, b->enc, b->dec);
	return esp_mac_key(c, s, keymat);
}

/* ---- many packets ------------------------------------------------------------------------------
 */

struct burst {
	IMB_JOB jobs[ESP_MANY_MAX];
	_Alignas(16) uint8_t ivs[ESP_MANY_MAX][16];
	uint8_t icvs[ESP_MANY_MAX][HMAC_OUT_MAX];
};

/* The whole counter block of RFC 3686 for CTR. */
static const uint8_t *iv_of(const struct esp_cipher *c, const uint8_t *pkt, uint8_t block[16])
{
	if (burst_of(c)->mode != IMB_CIPHER_CNTR)
		return pkt + ESP_HEAD_LEN;
	esp_nonce(c, pkt, block);
	put_be32(block + CIPHER_NONCE_LEN, 1);
	return block;
}

/* texts[i]: length. */
static bool cipher_burst(const struct esp_cipher *c, struct burst *u, struct esp_job *const *jobs,
	const size_t *texts, size_t n, IMB_CIPHER_DIRECTION dir)
{
	const struct burst_state *b = burst_of(c);

	for (size_t i = 0; i < n; i++) {
		uint8_t *body = jobs[i]->pkt + ESP_HEAD_LEN + c->shape.iv_len;
		IMB_JOB *j = &u->jobs[i];

		memset(j, 0, sizeof(*j));
		j->enc_keys = b->enc;
		j->dec_keys = b->dec;
		j->key_len_in_bytes = c->encr->key_len;
		j->src = j->dst = body;
		j->msg_len_to_cipher_in_bytes = texts[i];
		j->iv = iv_of(c, jobs[i]->pkt, u->ivs[i]);
		j->iv_len_in_bytes = 16;
		j->cipher_mode = b->mode;
		j->cipher_direction = dir;
	}
	return IMB_SUBMIT_CIPHER_BURST(manager, u->jobs, (uint32_t)n, b->mode, dir,
		       (IMB_KEY_SIZE_BYTES)c->encr->key_len) == n;
}

/* A pass costs the same with one lane in use as with all: from how many packets on it is cheaper than
 * one after the other (measured by tests/bench/esp.c). Short packets gain nothing before it is full. */
#define SHORT_LEN 256

static size_t worthwhile(const struct burst_state *b, size_t lanes, size_t mean_len)
{
	if (b->hash == IMB_AUTH_HMAC_SHA_384 || b->hash == IMB_AUTH_HMAC_SHA_512 || !lib.has_sha)
		return lanes / 4 + 1;
	if (mean_len < SHORT_LEN)
		return lanes;
	return b->hash == IMB_AUTH_HMAC_SHA_1 ? lanes * 5 / 16 + 1 : lanes * 5 / 8 + 1;
}

/* How many of n packets go into lanes; the rest does not fill them well enough. */
static size_t for_lanes(const struct burst_state *b, const size_t *lens, size_t n)
{
	bool is_64_bit = b->hash == IMB_AUTH_HMAC_SHA_384 || b->hash == IMB_AUTH_HMAC_SHA_512;
	size_t lanes = is_64_bit ? lib.lanes / 2 : lib.lanes, sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += lens[i];
	return n % lanes >= worthwhile(b, lanes, sum / n) ? n : n - n % lanes;
}

/* The high half of a number stands where the ICV goes while it is hashed: what was there comes from
 * or goes to u->icvs. lens[i]: before the ICV. */
static bool hash_burst(const struct esp_cipher *c, struct burst *u, struct esp_job *const *jobs,
	const size_t *lens, size_t all)
{
	const struct burst_state *b = burst_of(c);
	size_t n = for_lanes(b, lens, all);

	for (size_t i = n; i < all; i++)
		esp_mac_icv(
			c, jobs[i]->pkt, lens[i], (uint32_t)(jobs[i]->seq >> 32), u->icvs[i]);
	if (n == 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		IMB_JOB *j = &u->jobs[i];

		memset(j, 0, sizeof(*j));
		if (c->esn)
			put_be32(jobs[i]->pkt + lens[i], (uint32_t)(jobs[i]->seq >> 32));
		j->src = jobs[i]->pkt;
		j->msg_len_to_hash_in_bytes = lens[i] + (c->esn ? ESP_SEQ_HI_LEN : 0);
		j->auth_tag_output = u->icvs[i];
		j->auth_tag_output_len_in_bytes = c->shape.icv_len;
		j->u.HMAC._hashed_auth_key_xor_ipad = b->inner;
		j->u.HMAC._hashed_auth_key_xor_opad = b->outer;
		j->hash_alg = b->hash;
	}
	return IMB_SUBMIT_HASH_BURST(manager, u->jobs, (uint32_t)n, b->hash) == n;
}

/* CBC encryption of one packet alone is quicker with what a single packet is done with. */
#define CBC_FROM 3

static bool one_after_the_other(const struct esp_cipher *c, size_t n)
{
	IMB_CIPHER_MODE mode = burst_of(c)->mode;

	return mode == IMB_CIPHER_NULL || (mode == IMB_CIPHER_CBC && n < CBC_FROM);
}

/* Encrypts in place and leaves the lengths before the ICV in lens. */
static bool encrypt_all(const struct esp_cipher *c, struct burst *u, struct esp_job *const *jobs,
	size_t *lens, size_t n)
{
	size_t head = ESP_HEAD_LEN + (size_t)c->shape.iv_len;
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		esp_mac_iv(c, jobs[i]->seq, jobs[i]->pkt + ESP_HEAD_LEN);
		lens[i] = jobs[i]->len;
	}
	if (!one_after_the_other(c, n))
		good = cipher_burst(c, u, jobs, lens, n, IMB_DIR_ENCRYPT);
	for (size_t i = 0; i < n; i++) {
		if (one_after_the_other(c, n))
			esp_mac_encrypt(
				c, (struct view){jobs[i]->pkt + head, lens[i]}, jobs[i]->pkt);
		lens[i] += head;
	}
	return good;
}

static void seal_single(const struct esp_cipher *c, struct esp_job *j)
{
	const uint8_t *plain = j->pkt + ESP_HEAD_LEN + c->shape.iv_len;

	j->result = esp_mac_seal(c, j->seq, (struct view){plain, j->len}, j->pkt);
}

static void seal_many(const struct esp_cipher *c, struct esp_job *const *jobs, size_t n)
{
	size_t lens[ESP_MANY_MAX] = {0};
	struct burst u;
	bool good;

	if (manager == NULL) {
		for (size_t i = 0; i < n; i++)
			seal_single(c, jobs[i]);
		return;
	}
	good = encrypt_all(c, &u, jobs, lens, n) && hash_burst(c, &u, jobs, lens, n);
	for (size_t i = 0; i < n; i++) {
		/* The library refuses only what is not well formed. */
		jobs[i]->result = good ? ST_OK : ST_INTERNAL;
		memcpy(jobs[i]->pkt + lens[i], u.icvs[i], c->shape.icv_len);
	}
}

static void open_single(const struct esp_cipher *c, struct esp_job *j)
{
	j->result = esp_mac_open(c, (uint32_t)(j->seq >> 32), j->pkt, j->len,
		j->pkt + ESP_HEAD_LEN + c->shape.iv_len);
}

/* Those whose ICV is right, in order; returns how many. */
static size_t authentic(const struct esp_cipher *c, const struct burst *u,
	uint8_t theirs[][ESP_ICV_MAX], struct esp_job *const *jobs, struct esp_job **out,
	size_t *texts, size_t n)
{
	size_t fixed = ESP_HEAD_LEN + (size_t)c->shape.iv_len + c->shape.icv_len, m = 0;

	for (size_t i = 0; i < n; i++) {
		jobs[i]->result = ST_NOT_AUTHENTIC;
		memcpy(jobs[i]->pkt + jobs[i]->len - c->shape.icv_len, theirs[i],
			c->shape.icv_len);
		if (CRYPTO_memcmp(u->icvs[i], theirs[i], c->shape.icv_len) != 0)
			continue;
		jobs[i]->result = ST_OK;
		texts[m] = jobs[i]->len - fixed;
		out[m++] = jobs[i];
	}
	return m;
}

static void open_many(const struct esp_cipher *c, struct esp_job *const *jobs, size_t n)
{
	uint8_t theirs[ESP_MANY_MAX][ESP_ICV_MAX];
	struct esp_job *real[ESP_MANY_MAX];
	size_t lens[ESP_MANY_MAX] = {0}, m;
	struct burst u;
	bool good;

	if (manager == NULL) {
		for (size_t i = 0; i < n; i++)
			open_single(c, jobs[i]);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		lens[i] = jobs[i]->len - c->shape.icv_len;
		memcpy(theirs[i], jobs[i]->pkt + lens[i], c->shape.icv_len);
	}
	good = hash_burst(c, &u, jobs, lens, n);
	m = authentic(c, &u, theirs, jobs, real, lens, n);
	if (good && m != 0 && burst_of(c)->mode != IMB_CIPHER_NULL) {
		good = cipher_burst(c, &u, real, lens, m, IMB_DIR_DECRYPT);
	} else {
		for (size_t i = 0; i < m; i++)
			esp_mac_decrypt(c, real[i]->pkt, lens[i],
				real[i]->pkt + ESP_HEAD_LEN + c->shape.iv_len);
	}
	for (size_t i = 0; i < n && !good; i++)
		jobs[i]->result = ST_INTERNAL;
}

/* ---- which one ---------------------------------------------------------------------------------
 */

static const struct esp_ops ops = {
	.engine = "ipsec-mb", .state_len = burst_len, .key = burst_key, .seal = esp_mac_seal,
	.open = esp_mac_open, .seal_many = seal_many, .open_many = open_many,
};

const struct esp_ops *esp_burst_ops(const struct esp_suite *s)
{
	return hash_of(s->integ->alg).block_len != 0 ? &ops : NULL;
}

#endif
