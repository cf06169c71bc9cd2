/* Several sources of authorization become one (R-AZN-07..10). Pure; loop thread. */
#ifndef CORE_AAA_MERGE_H
#define CORE_AAA_MERGE_H

#include "core/aaa/set.h"

/* user over cached, the result over group, or group over that with override (R-AZN-08, R-AZN-09). Any may
 * be NULL; out is empty. ST_LIMIT with a sentence: a list of all of them has no room. */
struct aaa_sources {
	const struct aaa_set *cached;
	const struct aaa_set *user;
	const struct aaa_set *group;
	bool override;
};
enum status aaa_merge(const struct aaa_sources *from, struct aaa_set *out, char why[AAA_WHY]) MUST_USE;
/* Values of weak that s does not have; lists add up. The step that aaa_merge() is made of. ST_LIMIT. */
enum status aaa_merge_under(struct aaa_set *s, const struct aaa_set *weak, char why[AAA_WHY]) MUST_USE;
/* Of what came with the authentication, but is not asked for by `aaa authorization user cached`, only what is of
 * the login itself stays: name, Class, times, what accounting needs. */
void aaa_set_login_only(struct aaa_set *s);
/* R-AZN-08: is a user authorization of its own wanted, beside what came with the authentication? */
bool aaa_wants_user(const struct aaa_set *cached);

#endif
