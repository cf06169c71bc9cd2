/* What a PEAP client says inside the tunnel: the TLVs of its end by themselves, and, when the first
 * byte says so, to the server in a true tunnel: before the identity, in the inner method, or in
 * place of the result. Only a client whose inner login was right gets in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/eap/peap_tlv.h"
#include "core/wire/eap.h"
#include "tests/lib/eap_tls_lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define SAY(text) tunnel_say(&p, &l, (struct view){(const uint8_t *)(text), sizeof(text) - 1})

static void parse(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[PEAP_TK_LEN];
	struct peap_keys k;
	struct peap_tlvs t;

	if (peap_tlvs_parse((struct view){data, size}, EAP_CODE_RESPONSE, &t) != ST_OK ||
		t.binding.len == 0)
		return;
	MUST(t.binding.len == PEAP_BINDING_LEN && t.binding.p >= data &&
		t.binding.p + t.binding.len <= data + size);
	peap_keys_make(&k, zeros, zeros);
	(void)peap_binding_is_right(&k, t.binding, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t gtc[] = {EAP_GTC, EAP_MSCHAPV2, 0};
	struct rd r = rd_init(data, size);
	uint8_t flags = rd_u8(&r), piece = rd_u8(&r);
	uint16_t version = flags & 2 ? TLS_1_3 : TLS_1_2;
	bool is_right = (flags & 12) == 8;
	static struct eap_lab l;
	static struct tunnel p;

	if (!rd_ok(&r))
		return 0;
	parse(r.p, r.left);
	if (!(flags & 1))
		return 0;
	MUST(eap_lab_open(
		&l, EAP_PEAP, gtc, version, (uint16_t)(64 + (flags >> 4) * 80), "anonymous"));
	MUST(tunnel_open(&p, EAP_PEAP, version, 1024));
	tunnel_say(&p, &l, (struct view){0});
	if (version == TLS_1_2)
		tunnel_say(&p, &l, (struct view){0});
	MUST(p.is_open && p.heard_len == 1 && p.heard[0] == EAP_IDENTITY);
	if (flags & 12)
		SAY("\x01"
		    "anna");
	if (is_right)
		SAY("\x06"
		    "secret");
	l.user.is_locked = !is_right;
	for (int n = 0; n < 20 && r.left > 0 && l.step.kind == EAP_SEND; n++)
		tunnel_say(&p, &l, rd_bytes(&r, piece > 0 && piece < r.left ? piece : r.left));
	MUST(l.step.kind != EAP_SUCCESS || (is_right && l.step.has_msk));
	MUST(l.step.kind == EAP_SUCCESS || !l.step.has_msk);
	tunnel_close(&p);
	eap_lab_close(&l);
	return 0;
}
