/* The policy of an interface: configuration -> what workers judge by. Loop thread. */
#ifndef CORE_ESP_POLICY_MAKE_H
#define CORE_ESP_POLICY_MAKE_H

#include "core/conf/snapshot.h"
#include "core/esp/policy.h"

/* *out: NULL when the interface limits nothing; else with one reference. Nothing of the snapshot is kept.
 * ST_OK, ST_NOMEM. */
enum status esp_policy_make(const struct snapshot *s, const struct iface *i, struct esp_policy **out) MUST_USE;
/* What a session has in the place of what its interface has: NULL or 0, that of the interface. The index of a filter
 * is its direction, and 2 more for IPv6. */
#define ESP_OWN_FILTERS 4
struct esp_own {
	const char *filter[ESP_OWN_FILTERS]; /* names; a list that is not there permits nothing */
	const struct ip_rule *rules[ESP_OWN_FILTERS]; /* or lines */
	size_t n_rules[ESP_OWN_FILTERS];
	const char *service[2]; /* one that is not there: that of the interface */
};
/* As above, of one session; i may be NULL: its interface has nothing, or is gone. */
enum status esp_policy_make_own(const struct snapshot *s, const struct iface *i, const struct esp_own *own,
	struct esp_policy **out) MUST_USE;
/* Another reference; freed with the last one. Main's only. NULL is fine. */
struct esp_policy *esp_policy_ref(struct esp_policy *p);
void esp_policy_unref(struct esp_policy *p);
/* Does it mean the same? Either may be NULL. */
bool esp_policy_same(const struct esp_policy *a, const struct esp_policy *b);

#endif
