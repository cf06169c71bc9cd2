#include "core/crypto/chap.h"

#include <openssl/des.h>
#include <openssl/md4.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

#include "core/base/mem.h"

void chap_md5(uint8_t id, struct view secret, struct view challenge, uint8_t out[CHAP_MD5_LEN])
{
	MD5_CTX c;

	MD5_Init(&c);
	MD5_Update(&c, &id, 1);
	MD5_Update(&c, secret.p, secret.len);
	MD5_Update(&c, challenge.p, challenge.len);
	MD5_Final(out, &c);
	mem_zero(&c, sizeof(c));
}

/* One character of UTF-8 (RFC 3629); UINT32_MAX and a bad cursor when it is none. */
static uint32_t next_char(struct rd *r)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t c = rd_u8(r);
	unsigned more = c < 0x80   ? 0
			: c < 0xc0 ? 4
			: c < 0xe0 ? 1
			: c < 0xf0 ? 2
			: c < 0xf8 ? 3
				   : 4;

	if (more == 4)
		goto bad;
	if (more > 0)
		c &= 0x3fu >> more;
	for (unsigned i = 0; i < more; i++) {
		uint8_t b = rd_u8(r);

		if ((b & 0xc0) != 0x80)
			goto bad;
		c = c << 6 | (b & 0x3f);
	}
	if (c >= least[more] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff))
		return c;
bad:
	r->bad = true;
	return UINT32_MAX;
}

bool mschap_nt_hash(struct view password_utf8, uint8_t nt[MSCHAP_NT_LEN])
{
	uint8_t wide[2 * MSCHAP_PASSWORD_MAX];
	struct rd r = rd_init(password_utf8.p, password_utf8.len);
	size_t n = 0;

	while (rd_ok(&r) && r.left > 0) {
		uint32_t c = next_char(&r);
		bool pair = c >= 0x10000;

		if (!rd_ok(&r) || n + (pair ? 4 : 2) > sizeof(wide)) {
			r.bad = true;
			break;
		}
		if (pair) {
			uint32_t high = 0xd800 + ((c - 0x10000) >> 10);

			wide[n++] = (uint8_t)high;
			wide[n++] = (uint8_t)(high >> 8);
			c = 0xdc00 + (c & 0x3ff);
		}
		wide[n++] = (uint8_t)c;
		wide[n++] = (uint8_t)(c >> 8);
	}
	if (rd_ok(&r))
		MD4(wide, n, nt);
	mem_zero(wide, sizeof(wide));
	return rd_ok(&r);
}

/* 8.2 */
static void challenge_hash(const struct mschap *x, uint8_t out[8])
{
	uint8_t digest[SHA_DIGEST_LENGTH];
	SHA_CTX c;

	SHA1_Init(&c);
	SHA1_Update(&c, x->peer_challenge, MSCHAP_CHALLENGE_LEN);
	SHA1_Update(&c, x->auth_challenge, MSCHAP_CHALLENGE_LEN);
	SHA1_Update(&c, x->name.p, x->name.len);
	SHA1_Final(digest, &c);
	memcpy(out, digest, 8);
}

/* 8.6: DES with a key of 56 bits; where the parity bits go, they are not looked at. */
static void des_encrypt(const uint8_t clear[8], const uint8_t key[7], uint8_t out[8])
{
	DES_key_schedule schedule;
	DES_cblock in, block;
	uint64_t bits = 0;

	for (int i = 0; i < 7; i++)
		bits = bits << 8 | key[i];
	for (int i = 0; i < 8; i++)
		block.bytes[i] = (uint8_t)((bits >> (49 - 7 * i) & 0x7f) << 1);
	DES_set_key(&block, &schedule);
	memcpy(in.bytes, clear, 8);
	DES_ecb_encrypt(&in, &block, &schedule, DES_ENCRYPT);
	memcpy(out, block.bytes, 8);
	mem_zero(&schedule, sizeof(schedule));
	mem_zero(&bits, sizeof(bits));
}

void mschap_response(
	const struct mschap *x, const uint8_t nt[MSCHAP_NT_LEN], uint8_t out[MSCHAP_RESPONSE_LEN])
{
	uint8_t challenge[8], padded[21] = {0};

	challenge_hash(x, challenge);
	memcpy(padded, nt, MSCHAP_NT_LEN);
	for (int i = 0; i < 3; i++)
		des_encrypt(challenge, padded + 7 * i, out + 8 * i);
	mem_zero(padded, sizeof(padded));
}

/* SHA-1 of the password's hash, hashed once more, the response, and a constant. */
static void response_digest(const uint8_t nt[MSCHAP_NT_LEN], const uint8_t response[MSCHAP_RESPONSE_LEN],
	const char *magic, uint8_t out[SHA_DIGEST_LENGTH])
{
	uint8_t hash_hash[MD4_DIGEST_LENGTH];
	SHA_CTX c;

	MD4(nt, MSCHAP_NT_LEN, hash_hash);
	SHA1_Init(&c);
	SHA1_Update(&c, hash_hash, sizeof(hash_hash));
	SHA1_Update(&c, response, MSCHAP_RESPONSE_LEN);
	SHA1_Update(&c, magic, strlen(magic));
	SHA1_Final(out, &c);
	mem_zero(hash_hash, sizeof(hash_hash));
	mem_zero(&c, sizeof(c));
}

void mschap_proof(const struct mschap *x, const uint8_t nt[MSCHAP_NT_LEN],
	const uint8_t response[MSCHAP_RESPONSE_LEN], char out[MSCHAP_PROOF_LEN])
{
	static const char magic2[] = "Pad to make it do more than one iteration";
	static const char digits[] = "0123456789ABCDEF";
	uint8_t challenge[8], digest[SHA_DIGEST_LENGTH];
	SHA_CTX c;

	response_digest(nt, response, "Magic server to client signing constant", digest);
	challenge_hash(x, challenge);
	SHA1_Init(&c);
	SHA1_Update(&c, digest, sizeof(digest));
	SHA1_Update(&c, challenge, sizeof(challenge));
	SHA1_Update(&c, magic2, sizeof(magic2) - 1);
	SHA1_Final(digest, &c);
	out[0] = 'S';
	out[1] = '=';
	for (size_t i = 0; i < sizeof(digest); i++) {
		out[2 + 2 * i] = digits[digest[i] >> 4];
		out[3 + 2 * i] = digits[digest[i] & 15];
	}
	mem_zero(&c, sizeof(c));
}

/* GetAsymmetricStartKey */
static void start_key(const uint8_t master[16], const char *magic, size_t len, uint8_t out[16])
{
	uint8_t pad1[40] = {0}, pad2[40], digest[SHA_DIGEST_LENGTH];
	SHA_CTX c;

	memset(pad2, 0xf2, sizeof(pad2));
	SHA1_Init(&c);
	SHA1_Update(&c, master, 16);
	SHA1_Update(&c, pad1, sizeof(pad1));
	SHA1_Update(&c, magic, len);
	SHA1_Update(&c, pad2, sizeof(pad2));
	SHA1_Final(digest, &c);
	memcpy(out, digest, MSCHAP_KEY_LEN);
	mem_zero(digest, sizeof(digest));
	mem_zero(&c, sizeof(c));
}

void mschap_keys(const uint8_t nt[MSCHAP_NT_LEN], const uint8_t response[MSCHAP_RESPONSE_LEN],
	uint8_t receive[MSCHAP_KEY_LEN], uint8_t send[MSCHAP_KEY_LEN])
{
	static const char to_server[] = "On the client side, this is the send key; "
					"on the server side, it is the receive key.";
	static const char to_client[] = "On the client side, this is the receive key; "
					"on the server side, it is the send key.";
	uint8_t master[SHA_DIGEST_LENGTH];

	response_digest(nt, response, "This is the MPPE Master Key", master);
	start_key(master, to_server, sizeof(to_server) - 1, receive);
	start_key(master, to_client, sizeof(to_client) - 1, send);
	mem_zero(master, sizeof(master));
}

struct view mschap_bare_name(struct view name)
{
	const uint8_t *slash = name.len > 0 ? memchr(name.p, '\\', name.len) : NULL;

	if (slash == NULL)
		return name;
	return (struct view){slash + 1, (size_t)(name.p + name.len - (slash + 1))};
}
