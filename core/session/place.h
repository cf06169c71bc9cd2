/* A merged set of authorization into a session and its grant, looked up in the configuration. Private to
 * core/session. Pure. */
#ifndef CORE_SESSION_PLACE_H
#define CORE_SESSION_PLACE_H

#include "core/aaa/set.h"
#include "core/conf/snapshot.h"
#include "core/session/session.h"

#define REMOTES_MAX (IKE_TS_MAX - 2) /* two places are for the leases */

struct resolver {
	const struct snapshot *conf;
	const struct ike_question *q;  /* NULL: of a CoA-Request */
	const struct session_ask *ask; /* NULL: nobody has answered */
	const struct iface *tun;       /* NULL: initiator without one */
	enum aaa_method method;        /* how the peer has authenticated */
	struct session *s;
	struct ike_grant *grant;
	struct aaa_set *set; /* merged */
	char *detail;        /* IKE_DETAIL_LEN */
	char label[160];
};

/* Into detail; ST_NOT_AUTHORIZED. */
__attribute__((format(printf, 2, 3))) enum status resolver_refuse(struct resolver *r, const char *fmt, ...);

/* Everything but addresses; s has its device and VRF. ST_NOT_AUTHORIZED with a sentence, ST_NOMEM. An initiator takes
 * only `route accept`. Names in r->set that mean nothing are taken out. */
enum status place_set(struct resolver *r) MUST_USE;
/* Filters and policy maps, alone: their names are looked up. q NULL: of a CoA-Request. */
enum status place_rules(struct resolver *r) MUST_USE;
/* The networks that are pushed, alone. */
enum status place_pushed(struct resolver *r) MUST_USE;
/* One more, unless it is there; false: no room. */
bool place_prefix(struct prefix *v, uint8_t *n, size_t max, const struct prefix *p);
const struct iface *place_iface(const struct snapshot *conf, const char *name); /* NULL is fine; or NULL */

#endif
