/* Name manglers (R-MGL): from who a peer is to the name that authorization or a key is looked up by. Pure. */
#ifndef CORE_AAA_MANGLER_H
#define CORE_AAA_MANGLER_H

#include "core/aaa/set.h"
#include "core/conf/conf_aaa.h"

struct mangle_identity {
	uint8_t type;    /* enum id_type */
	struct view ike; /* body of the ID payload */
	struct view eap; /* empty: none */
};

/* A rule for EAP counts where there is an EAP identity; else, and where there is no such rule, that for the type of the
 * IKE identity. A delimiter that stands there several times: the first counts, so that prefix and suffix are the
 * whole together. ST_NAME_MANGLER with a sentence: no rule, no such field or delimiter, nothing left, too long,
 * or control characters in it. */
enum status mangler_apply(const struct name_mangler *m, const struct mangle_identity *who,
	char out[AAA_TEXT], char why[AAA_WHY]) MUST_USE;

#endif
