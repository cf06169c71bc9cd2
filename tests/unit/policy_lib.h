/* Rules of the data path from a configuration's text. */
#ifndef TESTS_UNIT_POLICY_LIB_H
#define TESTS_UNIT_POLICY_LIB_H

#include "core/conf/snapshot.h"
#include "core/esp/policy_make.h"
#include "tests/unit/conf_lib.h"

/* Of Tunnel1 in this text; the caller's. NULL: it has none, or the text has errors. */
static inline struct esp_policy *policy_of(const char *text)
{
	struct esp_policy *p = NULL;
	struct snapshot *s = conf(text);

	if (!s || esp_policy_make(s, snapshot_iface(s, IFACE_TUNNEL, 1), &p) != ST_OK)
		p = NULL;
	snapshot_unref(s);
	return p;
}

#endif
