#include "core/esp/acl.h"

bool esp_acl_permits(const struct esp_acl *acl, const struct ip_info *ip, const uint8_t *pkt)
{
	for (size_t i = 0; i < acl->n; i++) {
		if (rule_matches(&acl->rules[i], ip, pkt))
			return acl->rules[i].permit;
	}
	return false;
}
