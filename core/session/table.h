/* All sessions as the files of this folder see them; others go through session.h. Loop thread. */
#ifndef CORE_SESSION_TABLE_H
#define CORE_SESSION_TABLE_H

#include "core/session/session.h"

struct sessions {
	struct snapshot *conf;
	struct leases *leases;
	struct hash_key key;
	struct list in_order;
	struct map by_ulid;
	struct map by_sa;
	struct map by_identity;
	size_t count, n_up, n_waiting;
};

/* One that is in no table and nobody's yet, all of it zero, "" and nobody. NULL: out of memory. */
struct session *session_new(void);
/* Of session_new(), and of no table. NULL: nothing. */
void session_free(struct session *s);
/* In whose name leases are taken: a hash of the identity in IKE. */
uint64_t session_who(const struct sessions *ss, const struct ike_id *id);
/* The newest session that has the lease; NULL: none that lives. */
struct session *session_of_lease(const struct sessions *ss, const struct lease *l);
/* The same user, by the same profile: what one of the sessions has the other may have. */
bool session_same_owner(const struct session *a, const struct session *b);
/* The answer when memory is out: its status and sentence. */
void session_no_memory(struct ike_answer *a);

#endif
