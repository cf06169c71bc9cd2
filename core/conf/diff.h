/* What a reload changes, and when each change takes effect (the table's when-column). A session
 * keeps what it resolved at authorization, so "new sessions" needs no act; policy_orphaned() in
 * match.h says which sessions came from something that is gone. */
#ifndef CORE_CONF_DIFF_H
#define CORE_CONF_DIFF_H

#include "core/conf/snapshot.h"

enum conf_change_kind { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED };
enum conf_change_when { CHANGE_LIVE, CHANGE_NEW_SESSIONS, CHANGE_RESTART };

struct conf_change {
	uint8_t kind;       /* enum conf_change_kind */
	uint8_t when;       /* enum conf_change_when */
	const char *object; /* "crypto ikev2 profile", "" for the global mode; constant */
	const char *name; /* of the object, in one of the two snapshots; NULL in the global mode */
	const char *command; /* grammar of the row that differs, "" for a whole object; constant */
};
struct conf_diff {
	struct conf_change *v;
	size_t n;
	bool restart; /* at least one change waits for a restart */
};

/* In the order of the table, objects of one kind in configuration order, removed ones first.
 * ST_OK or ST_NOMEM; fini in both cases. Both snapshots must outlive the diff. */
enum status conf_diff(
	const struct snapshot *old, const struct snapshot *new_, struct conf_diff *d) MUST_USE;
void conf_diff_fini(struct conf_diff *d);
/* "live", "new sessions", "restart". */
const char *conf_when_words(uint8_t when);
/* "crypto ikev2 profile RA: lifetime changed (new sessions)". Returns the length. */
size_t conf_change_format(char *out, size_t cap, const struct conf_change *c);

#endif
