/* BER to DER, for messages of peers that write indefinite lengths and strings in pieces (CMS). For core/crypto only. */
#ifndef CORE_CRYPTO_BER_H
#define CORE_CRYPTO_BER_H

#include "core/base/rd.h"
#include "core/base/status.h"

#define BER_DEPTH_MAX 24

/* One element, the whole view: definite lengths as short as they can be, strings in one piece; sets are not sorted and
 * values not looked at. A new block of *out_len bytes (mem_free). ST_BAD_CMS, ST_NOMEM. */
enum status ber_to_der(struct view ber, uint8_t **out, size_t *out_len) MUST_USE;

#endif
