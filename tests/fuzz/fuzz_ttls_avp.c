/* AVPs of TTLS: the parser, and, when the first byte says so, the server inside a true tunnel. The
 * input is cut into messages by its second byte. Nobody knows the password, so nobody gets in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/eap/ttls_avp.h"
#include "core/wire/eap.h"
#include "tests/lib/eap_tls_lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static void parse(const uint8_t *data, size_t size)
{
	struct ttls_avps a;

	if (ttls_avps_parse((struct view){data, size}, &a) != ST_OK)
		return;
	for (int i = 0; i < TTLS__AVPS; i++) {
		struct view v = a.value[i];

		MUST(a.has[i] || v.len == 0);
		MUST(v.len == 0 || (v.p >= data && v.len <= size && v.p + v.len <= data + size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t inner[] = {EAP_MSCHAPV2, EAP_GTC, EAP_MD5, 0};
	struct rd r = rd_init(data, size);
	uint8_t flags = rd_u8(&r), piece = rd_u8(&r);
	uint16_t version = flags & 2 ? TLS_1_3 : TLS_1_2;
	static struct eap_lab l;
	static struct tunnel p;

	if (!rd_ok(&r))
		return 0;
	parse(r.p, r.left);
	if (!(flags & 1))
		return 0;
	MUST(eap_lab_open(
		&l, EAP_TTLS, inner, version, (uint16_t)(64 + (flags >> 2) * 20), "anonymous"));
	l.user.is_locked = true;
	MUST(tunnel_open(&p, EAP_TTLS, version, 1024));
	tunnel_say(&p, &l, (struct view){0});
	MUST(p.is_open && l.step.kind == EAP_SEND);
	for (int n = 0; n < 20 && r.left > 0 && l.step.kind == EAP_SEND; n++)
		tunnel_say(&p, &l, rd_bytes(&r, piece > 0 && piece < r.left ? piece : r.left));
	MUST(l.step.kind != EAP_SUCCESS && !l.step.has_msk);
	tunnel_close(&p);
	eap_lab_close(&l);
	return 0;
}
