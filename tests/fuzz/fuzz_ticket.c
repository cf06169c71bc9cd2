/* Tickets as anybody may send them, and records that were sealed with our key and make no sense all the
 * same (a bug of another version, a thief of the key): the checksum is put right, so that the fields
 * behind it are reached. What is accepted keeps the rules that the code takes for granted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/ike/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1800000000u
#define HEAD 21 /* version, key id, nonce */

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static struct ticket_keys keys;

static void check(const struct ticket *t)
{
	static const uint8_t nonce[BOX_NONCE_LEN];
	uint8_t again[TICKET_OWN_MAX];
	struct ticket same;
	size_t len;

	MUST(t->suite.encr != NULL && t->suite.prf != NULL && t->suite.dh != NULL);
	MUST((t->suite.integ == NULL) == t->suite.encr->is_aead);
	MUST(t->sk_d_len == t->suite.prf->key_len && t->sk_d_len <= sizeof(t->sk_d));
	MUST(t->client.len <= IKE_ID_LEN && t->gateway.len <= IKE_ID_LEN);
	MUST(t->client.type != 0 && t->gateway.type != 0);
	MUST(memchr(t->profile, 0, sizeof(t->profile)) != NULL && t->profile[0] != 0);
	MUST(t->ip4.family == 0 || addr_len(&t->ip4) != 0);
	MUST(t->expires_s > NOW && t->issued_s <= NOW + 300);
	/* It can be given again, and means the same. */
	MUST(ticket_seal(&keys, nonce, t, again, &len) == ST_OK);
	MUST(ticket_open(&keys, (struct view){again, len}, NOW, &same) == ST_OK);
	MUST(memcmp(&same.session, &t->session, sizeof(same.session)) == 0);
	MUST(same.sk_d_len == t->sk_d_len && memcmp(same.sk_d, t->sk_d, t->sk_d_len) == 0);
	MUST(same.client.len == t->client.len && strcmp(same.profile, t->profile) == 0);
}

static void sealed_junk(const uint8_t *data, size_t size)
{
	uint8_t ticket[TICKET_OWN_MAX + 64] = {TICKET_VERSION};
	uint8_t *record = ticket + HEAD;
	struct ticket t;
	uint32_t crc;

	if (size < 4 || HEAD + size + BOX_TAG_LEN > sizeof(ticket))
		return;
	memcpy(ticket + 1, keys.now.id, TICKET_KEY_ID);
	memcpy(record, data, size);
	crc = crc32c(0, record, size - 4);
	for (size_t i = 0; i < 4; i++)
		record[size - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
	MUST(box_seal(keys.now.key, ticket + 9, (struct view){ticket, 9}, record, size) == ST_OK);
	if (ticket_open(&keys, (struct view){ticket, HEAD + size + BOX_TAG_LEN}, NOW, &t) == ST_OK)
		check(&t);
}

/* A good record with some bytes changed: {where u16, what u8} each. */
static void bent_record(const uint8_t *data, size_t size)
{
	static const uint8_t nonce[BOX_NONCE_LEN];
	struct ticket good = {.session = {{1}}, .issued_s = NOW, .expires_s = NOW + 60, .login_s = NOW,
		.spi_i = 1, .spi_r = 2, .client = {.type = 3, .len = 4, .bytes = "user"},
		.gateway = {.type = 2, .len = 3, .bytes = "vpn"}, .profile = "RA",
		.ip4 = {.family = 4, .b = {10, 1, 2, 3}}};
	uint8_t sealed[TICKET_OWN_MAX], record[TICKET_OWN_MAX];
	size_t len;

	MUST(suite_ike(20, 256, 5, 0, 19, &good.suite) == ST_OK);
	good.sk_d_len = good.suite.prf->key_len;
	MUST(ticket_seal(&keys, nonce, &good, sealed, &len) == ST_OK);
	MUST(box_open(keys.now.key, nonce, (struct view){sealed, 9},
		     (struct view){sealed + HEAD, len - HEAD}, record) == ST_OK);
	len -= HEAD + BOX_TAG_LEN;
	for (size_t i = 0; i + 3 <= size; i += 3)
		record[(data[i] << 8 | data[i + 1]) % len] = data[i + 2];
	sealed_junk(record, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t random[TICKET_KEY_DRAWN] = {1, 2, 3};
	uint8_t rec[TICKET_KEYS_MAX];
	struct ticket_keys k;
	struct ticket t;

	if (keys.now.made_s == 0)
		ticket_keys_rotate(&keys, random, NOW);
	/* Nobody without the key writes one that is accepted. */
	MUST(ticket_open(&keys, (struct view){data, size}, NOW, &t) == ST_TICKET_BAD);
	sealed_junk(data, size);
	bent_record(data, size);
	if (ticket_keys_thaw(&k, (struct view){data, size}) == ST_OK)
		MUST(k.now.made_s != 0 && ticket_keys_freeze(&k, rec) != 0);
	return 0;
}
