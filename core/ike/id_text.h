/* An identity as people read it. */
#ifndef CORE_IKE_ID_TEXT_H
#define CORE_IKE_ID_TEXT_H

#include "core/ike/questions.h"

/* An address, the subject of a certificate as "CN=anna,O=Corp" (RFC 4514), other identities as they are; one
 * escaped line, cut to cap. Returns out. */
char *id_text(const struct ike_id *id, char *out, size_t cap);
/* The same for those who look it up: not escaped, unless there are control characters in it or it is too long. */
char *id_plain(const struct ike_id *id, char *out, size_t cap);

#endif
