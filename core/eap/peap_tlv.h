/* What ends a PEAPv0 conversation inside the tunnel: an EAP packet of type 33 with TLVs
 * (draft-kamath-pppext- peapv0 section 2, [MS-PEAP] 2.2.8), and the keys of its Crypto-Binding
 * ([MS-PEAP] 3.1.5.5). Pure. */
#ifndef CORE_EAP_PEAP_TLV_H
#define CORE_EAP_PEAP_TLV_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define EAP_EXTENSIONS 33 /* the EAP type of TLVs */

#define PEAP_NONCE_LEN   32
#define PEAP_MAC_LEN     20
#define PEAP_BINDING_LEN 60 /* a whole Crypto-Binding TLV */
#define PEAP_TK_LEN      60 /* the first bytes of Key_Material: the tunnel key */
#define PEAP_ISK_LEN     32 /* the first bytes of the inner method's key, zeros when it has none */
#define PEAP_MSK_LEN     64

enum peap_result { PEAP_NO_RESULT = 0, PEAP_SUCCEEDED = 1, PEAP_FAILED = 2 };

struct peap_tlvs {
	enum peap_result result;
	struct view binding; /* the whole TLV, PEAP_BINDING_LEN bytes; or nothing */
};

/* A whole EAP packet of type 33. ST_EAP_MALFORMED: not that, a TLV twice or with another length, a
 * mandatory TLV that is unknown. */
enum status peap_tlvs_parse(struct view packet, uint8_t code, struct peap_tlvs *out) MUST_USE;

struct peap_keys {
	uint8_t ipmk[40];
	uint8_t cmk[20];
};
void peap_keys_make(
	struct peap_keys *k, const uint8_t tk[PEAP_TK_LEN], const uint8_t isk[PEAP_ISK_LEN]);
/* The MSK when both sides have bound the tunnel to the inner method (3.1.5.7). */
void peap_keys_msk(const struct peap_keys *k, uint8_t msk[PEAP_MSK_LEN]);

/* A packet of type 33: the result, and with keys a Crypto-Binding of subtype 0 (request) or 1
 * (response). */
void peap_tlvs_put(struct wr *w, uint8_t code, uint8_t id, enum peap_result result,
	const struct peap_keys *keys, uint8_t subtype, const uint8_t nonce[PEAP_NONCE_LEN]);
/* Whether the binding is a response to ours, of the same keys. The nonce of a response is its
 * sender's. */
bool peap_binding_is_right(const struct peap_keys *k, struct view binding, uint8_t subtype);

#endif
