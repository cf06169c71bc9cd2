/* An access list as a filter: the first line that matches decides, what no line matches is denied.
 * Immutable; made by main, judged by workers. */
#ifndef CORE_ESP_ACL_H
#define CORE_ESP_ACL_H

#include <stddef.h>

#include "core/wire/rule.h"

struct esp_acl {
	size_t n;
	const struct ip_rule *rules; /* remarks left out */
};

/* pkt is where ip was read from. A list of one family denies every packet of the other: the caller asks
 * the list of the packet's own family, and none when there is none. */
bool esp_acl_permits(const struct esp_acl *acl, const struct ip_info *ip, const uint8_t *pkt);

#endif
