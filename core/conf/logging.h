/* Words and addresses of the logging settings. Pure. */
#ifndef CORE_CONF_LOGGING_H
#define CORE_CONF_LOGGING_H

#include "core/conf/snapshot.h"

/* "informational"; "off" for LOG_TRAP_OFF. */
const char *log_severity_word(uint8_t severity);
/* "local4"; a code may have other words besides. */
const char *log_facility_word(uint8_t code);
/* The next word, from *i 0, with its code; NULL: no more. */
const char *log_facility_next(size_t *i, uint8_t *code);

/* The address that `logging source-interface` lends to messages into this VRF (NULL: our own
 * namespace); family 0: none, the host chooses. */
struct addr log_source_address(const struct snapshot *s, const char *vrf, uint8_t family);
/* Ours, for `logging origin-id ip`: of the source interface, or the first one that is listened on;
 * family 0: there is none in the configuration. */
struct addr log_own_address(const struct snapshot *s);

#endif
