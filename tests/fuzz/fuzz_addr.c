/* Text that becomes an address, a prefix or a ULID; what was read is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/addr.h"
#include "core/base/log.h"
#include "core/base/ulid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static void try_text(const char *text)
{
	char addr[ADDR_TEXT], prefix[PREFIX_TEXT], ulid[ULID_TEXT];
	struct addr a, b;
	struct prefix p, q;
	struct ulid u, v;

	if (addr_parse(text, &a) == ST_OK) {
		MUST(addr_parse(addr_format(&a, addr), &b) == ST_OK && addr_eq(&a, &b));
	}
	if (prefix_parse(text, &p) == ST_OK) {
		MUST(prefix_parse(prefix_format(&p, prefix), &q) == ST_OK && prefix_eq(&p, &q));
		MUST(prefix_contains(&p, &p.addr));
	}
	if (ulid_parse(text, &u)) {
		MUST(ulid_parse(ulid_format(&u, ulid), &v) && memcmp(&u, &v, sizeof(u)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[64];
	struct kv kv = kv_bytes("peer", data, size);
	char *text = malloc(size + 1);

	MUST(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	try_text(text);
	free(text);
	MUST(log_format(out, sizeof(out), EV_START, &kv, 1) < sizeof(out));
	for (size_t i = 0; i < strlen(out); i++)
		MUST(out[i] >= 0x20 && out[i] < 0x7f);
	return 0;
}
