/* Local users of the configuration. */
#ifndef CORE_CONF_CONF_USER_H
#define CORE_CONF_CONF_USER_H

#include "core/conf/conf_id.h"

#define CONF_USERS 10000

struct conf_user {
	char *name;
	struct secret password; /* as text; usable, else the line was refused */
	bool is_secret;         /* the line said `secret` */
};

#endif
