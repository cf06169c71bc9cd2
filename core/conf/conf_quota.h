/* Limits of volume, as the configuration has them. Same rules as conf_ike.h. */
#ifndef CORE_CONF_CONF_QUOTA_H
#define CORE_CONF_CONF_QUOTA_H

#include "core/base/quota.h"

/* A limit of volume of an authorization policy. */
struct authz_quota {
	uint8_t way;     /* enum quota_way */
	uint8_t period;  /* enum quota_period */
	uint8_t unit;    /* enum quota_unit, as it was written */
	uint32_t number; /* of the unit */
	char *map;       /* policy map beyond it; NULL: the session ends */
};

#endif
