/* What a TTLS client says inside its tunnel: Diameter AVPs (RFC 5281 10), of which a login uses
 * few. Pure. */
#ifndef CORE_EAP_TTLS_AVP_H
#define CORE_EAP_TTLS_AVP_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define TTLS_AVP_MANDATORY 0x40

enum ttls_avp {
	TTLS_USER_NAME,
	TTLS_USER_PASSWORD, /* padding of zeros (11.2.5) removed */
	TTLS_EAP_MESSAGE,
	TTLS_MS_CHALLENGE,
	TTLS_MS2_RESPONSE,
	TTLS_MS2_SUCCESS, /* ours */
	TTLS__AVPS
};

struct ttls_avps {
	struct view value[TTLS__AVPS]; /* into the bytes that were parsed */
	bool has[TTLS__AVPS];
};

/* ST_OK also for no AVP at all. ST_BAD_LENGTH: a length below that of its header or past the end,
 * padding that is missing. ST_BAD_PAYLOAD: an AVP twice, or an unknown one that is mandatory
 * (10.1). */
enum status ttls_avps_parse(struct view bytes, struct ttls_avps *out) MUST_USE;
/* One AVP, mandatory, with its padding. */
void ttls_avp_put(struct wr *w, enum ttls_avp which, struct view value);

#endif
