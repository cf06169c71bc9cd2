/* Frozen sessions come from memory that an earlier, perhaps other, program wrote. Any bytes give a
 * session or a refusal; what was thawed freezes to a record that thaws to the same. The first byte
 * says whether the checksum is made right, so that the fields behind it are reached. */
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/session/session.h"

static struct sessions *new_sessions(void)
{
	static const struct hash_key key = {1, 2};
	struct snapshot *conf = mem_new(sizeof(*conf));

	atomic_init(&conf->refs, 1);
	struct sessions *ss = sessions_new(conf, &key);
	snapshot_unref(conf);
	return ss;
}

static void again(const struct session *s)
{
	static uint8_t one[SESSION_FROZEN_MAX * 2], two[SESSION_FROZEN_MAX * 2];
	struct sessions *ss = new_sessions();
	struct session *t;
	size_t len = session_freeze(s, one, sizeof(one));

	if (len == 0 || len > SESSION_FROZEN_MAX ||
		session_thaw(ss, (struct view){one, len}, &t) != ST_OK ||
		session_freeze(t, two, sizeof(two)) != len || memcmp(one, two, len) != 0)
		abort();
	sessions_free(ss);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	size_t len = size - 1;
	uint8_t *rec = malloc(len + 4);
	if (!rec)
		return 0;
	memcpy(rec, data + 1, len);
	if (data[0] & 1) {
		uint32_t crc = crc32c(0, rec, len);
		for (int i = 0; i < 4; i++)
			rec[len + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
		len += 4;
	}
	struct sessions *ss = new_sessions();
	struct session *s;
	if (session_thaw(ss, (struct view){rec, len}, &s) == ST_OK) {
		again(s);
		session_end(ss, s);
	}
	sessions_free(ss);
	free(rec);
	return 0;
}
