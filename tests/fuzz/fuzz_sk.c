/* Opening of SK payloads. First byte: the suite; second byte: what the rest is.
 *   0  a datagram as it came
 *   1  a body of a peer that has the keys: encrypted as it is and with a true ICV
 *   2  payloads that are sealed here, after which one byte of the message (the first two bytes say
 *      which and how) is changed
 *   3  as 0, an Encrypted Fragment */
#include <stdlib.h>
#include <string.h>

#include "core/crypto/cipher.h"
#include "core/crypto/prf.h"
#include "core/crypto/sk.h"

#define SK_AT 28

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key_bytes[64] =
	"thirty-two bytes of key and salt that serve every suite alike..";

static const struct {
	uint16_t encr, bits, integ;
} suites[] = {
	{20, 128, 0},
	{20, 192, 0},
	{20, 256, 0},
	{28, 0, 0},
	{12, 128, 2},
	{12, 128, 12},
	{12, 192, 13},
	{12, 256, 14},
	{3, 0, 1},
};

static struct sk_key pick(uint8_t n)
{
	size_t i = n % (sizeof(suites) / sizeof(suites[0]));
	const struct xf *e = suite_find(XF_ENCR, suites[i].encr, suites[i].bits);

	return (struct sk_key){
		.encr = e,
		.integ = suites[i].integ != 0 ? suite_find(XF_INTEG, suites[i].integ, 0) : NULL,
		.e = key_bytes,
		.salt = key_bytes + e->key_len,
		.a = suites[i].integ != 0 ? key_bytes : NULL,
	};
}

static void must(bool claim)
{
	if (!claim)
		abort();
}

/* Message and plain text in blocks of their exact size. What holds for every outcome is checked. */
static enum status open_exactly(const struct sk_key *k, const uint8_t *msg, size_t len,
	size_t iv_at, const uint8_t *want, size_t want_len)
{
	size_t cap = len > iv_at ? len - iv_at : 0;
	uint8_t *in = malloc(len != 0 ? len : 1), *out = malloc(cap != 0 ? cap : 1);
	struct view plain;
	enum status st;

	memcpy(in, msg, len);
	st = sk_open(k, (struct view){in, len}, iv_at, out, cap, &plain);
	must(len == 0 || memcmp(in, msg, len) == 0);
	if (st == ST_OK) {
		must(plain.p == out && plain.len < cap);
		if (want != NULL)
			must(plain.len == want_len && memcmp(plain.p, want, want_len) == 0);
	} else {
		must(st == ST_TRUNCATED || st == ST_NOT_AUTHENTIC || st == ST_BAD_LENGTH);
		must(plain.p == NULL && plain.len == 0);
	}
	free(in);
	free(out);
	return st;
}

static void true_icv(const struct sk_key *k, const uint8_t *body, size_t n)
{
	uint8_t *msg = calloc(1, 128 + n), *at = msg + SK_AT + 4 + k->encr->iv_len;
	uint8_t nonce[CIPHER_NONCE_LEN] = {0};
	size_t head = (size_t)(at - msg), icv_len;
	struct cipher c;

	must(cipher_key(&c, k->encr, k->e) == ST_OK);
	if (k->encr->is_aead) {
		icv_len = k->encr->icv_len;
		memcpy(nonce, k->salt, k->encr->salt_len);
		must(cipher_seal(&c, nonce, (struct view){msg, SK_AT + 4}, (struct view){body, n},
			     at) == ST_OK);
	} else {
		icv_len = k->integ->icv_len;
		memcpy(at, body, n);
		if (n % k->encr->block_len == 0)
			cipher_cbc_encrypt(&c, msg + SK_AT + 4, body, n, at);
		prf_integ(k->integ, k->a, &(struct view){msg, head + n}, 1, at + n);
	}
	cipher_wipe(&c);
	bool fits = n > 0 && n % k->encr->block_len == 0 && body[n - 1] < n;
	enum status st = open_exactly(
		k, msg, head + n + icv_len, SK_AT + 4, body, fits ? n - 1 - body[n - 1] : 0);
	must(st == (fits ? ST_OK : n == 0 ? ST_TRUNCATED : ST_BAD_LENGTH));
	free(msg);
}

static void changed(const struct sk_key *k, const uint8_t *data, size_t size)
{
	static const uint8_t iv[SK_IV_MAX] = {1, 2, 3};
	const uint8_t *plain = data + 2;
	size_t n = size - 2, cap = SK_AT + 4 + n + sk_overhead(k, n);
	uint8_t *msg = malloc(cap);
	struct wr w = wr_init(msg, cap);

	wr_zeros(&w, SK_AT + 4);
	sk_begin(k, &w);
	wr_bytes(&w, plain, n);
	must(sk_seal(k, &w, SK_AT, SK_AT + 4, iv) == ST_OK && w.len == cap);
	must(open_exactly(k, msg, w.len, SK_AT + 4, plain, n) == ST_OK);
	msg[data[0] * w.len / 256] ^= data[1];
	must(open_exactly(k, msg, w.len, SK_AT + 4, plain, n) ==
		(data[1] == 0 ? ST_OK : ST_NOT_AUTHENTIC));
	free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4 || size > 4096)
		return 0;
	struct sk_key k = pick(data[0]);

	switch (data[1] % 4) {
	case 0: (void)open_exactly(&k, data + 2, size - 2, SK_AT + 4, NULL, 0); break;
	case 1: true_icv(&k, data + 2, size - 2); break;
	case 2: changed(&k, data + 2, size - 2); break;
	default: (void)open_exactly(&k, data + 2, size - 2, SK_AT + 8, NULL, 0); break;
	}
	return 0;
}
