/* The policy of an interface, or of a session with rules of its own: configuration -> what workers judge by. Loop
 * thread. */
#ifndef CORE_ESP_POLICY_MAKE_H
#define CORE_ESP_POLICY_MAKE_H

#include "core/conf/snapshot.h"
#include "core/esp/policy.h"

/* *out: NULL when the interface limits nothing; else with one reference. Nothing of the snapshot is kept.
 * ST_OK, ST_NOMEM. */
enum status esp_policy_make(const struct snapshot *s, const struct iface *i, struct esp_policy **out) MUST_USE;
/* What a policy is made of; by enum esp_dir. */
struct esp_lines {
	const struct ip_rule *v;
	size_t n;
};
struct esp_rules {
	const char *filter4[2]; /* access lists; NULL: none */
	const char *filter6[2];
	struct esp_lines lines4[2]; /* in the place of a list; n 0: none */
	struct esp_lines lines6[2];
	const char *service[2]; /* policy maps; NULL: none */
};
/* Those of an interface. */
struct esp_rules esp_rules_of(const struct iface *i);
/* The same for any rules. ST_NOT_FOUND: a list or a policy map is not there, and nothing was made. */
enum status esp_policy_make_rules(const struct snapshot *s, const struct esp_rules *r, struct esp_policy **out) MUST_USE;
/* Another reference; freed with the last one. Main's only. NULL is fine. */
struct esp_policy *esp_policy_ref(struct esp_policy *p);
void esp_policy_unref(struct esp_policy *p);
/* Does it mean the same? Either may be NULL. */
bool esp_policy_same(const struct esp_policy *a, const struct esp_policy *b);

#endif
