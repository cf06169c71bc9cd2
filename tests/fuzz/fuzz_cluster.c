/* Sealed sessions of another gateway as anybody may send them, and records that were sealed with our key and
 * make no sense all the same: the checksum is put right, so that the fields behind it are reached. What is in
 * them as a session is thawed, as a gateway does it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/crypto/prf.h"
#include "core/session/cluster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1800000000u
#define HEAD 14 /* version, index, nonce */
#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static struct snapshot conf;
static uint8_t text[] = "key", plain[CLUSTER_STATE_MAX];

static void thaw(struct view record)
{
	static const struct hash_key key = {1, 2};
	struct sessions *ss = sessions_new(&conf, &key);
	struct session *s;

	MUST(ss != NULL);
	if (session_thaw(ss, record, &s) == ST_OK) {
		session_wait(ss, s, NOW * 1000ull);
		MUST(s->sa == 0 && sessions_waiting(ss) == 1);
		session_end(ss, s);
	}
	sessions_free(ss);
}

static void sealed_junk(const uint8_t *data, size_t size)
{
	static const char label[] = "Sallyport cluster reconnect key 1";
	uint8_t sealed[CLUSTER_STATE_MAX + 64] = {1, 1}, key[BOX_KEY_LEN];
	struct view part = {(const uint8_t *)label, sizeof(label) - 1};
	struct cluster_state c;
	uint32_t crc;

	if (size < 8 || HEAD + size + BOX_TAG_LEN > CLUSTER_STATE_MAX)
		return;
	memcpy(sealed + HEAD, data, size);
	memcpy(sealed + HEAD, "\x74\x03\x00\x01", 4);
	crc = crc32c(0, sealed + HEAD, size - 4);
	for (size_t i = 0; i < 4; i++)
		sealed[HEAD + size - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
	prf_hmac_sha256((struct view){text, 3}, &part, 1, key);
	MUST(box_seal(key, sealed + 2, (struct view){sealed, 2}, sealed + HEAD, size) == ST_OK);
	if (cluster_open(&conf, (struct view){sealed, HEAD + size + BOX_TAG_LEN}, NOW, plain, &c) != ST_OK)
		return;
	MUST(c.expires_s > NOW && c.record.len > 0);
	MUST(memchr(c.node, 0, sizeof(c.node)) != NULL && memchr(c.vrf, 0, sizeof(c.vrf)) != NULL);
	thaw(c.record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cluster_state c;

	atomic_init(&conf.refs, 1000);
	conf.ike.reconnect_keys[0] = (struct reconnect_key){.key = {text, 3, SECRET_PLAIN}, .active = true};
	/* Nobody without the key writes one that is accepted. */
	MUST(cluster_open(&conf, (struct view){data, size}, NOW, plain, &c) == ST_RECONNECT_BAD);
	sealed_junk(data, size);
	return 0;
}
