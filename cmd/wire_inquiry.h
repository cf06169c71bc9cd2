/* Look-ups of names with RADIUS servers, by the lists of `aaa`: authorization of users and groups (R-AZN-12), and
 * pre-shared keys (R-AZN-13). Loop thread. */
#ifndef CMD_WIRE_INQUIRY_H
#define CMD_WIRE_INQUIRY_H

#include "cmd/wire_radius.h"

struct inquiry;

/* What is asked for. */
struct inquiry_about {
	const char *list;  /* of `aaa authorization network`; NULL: none, which is `local` */
	const char *name;  /* User-Name */
	const struct secret *password; /* User-Password; NULL or not usable: none is sent */
	struct radius_who who;
	bool of_servers_only; /* nobody else could answer: dead servers are tried all the same */
};

struct inquiry_result {
	/* WIRE_AAA_GROUP: a server answered, or none did, and nothing else stands in the list; status says which. The
	 * others: that is what comes next in the list, because no server of the ones before it answered. */
	enum wire_aaa from;
	enum status status; /* of WIRE_AAA_GROUP: ST_OK, ST_RADIUS_REJECT, ST_RADIUS_TIMEOUT, ST_RADIUS_NONE... */
	char words[IKE_DETAIL_LEN];
	/* with ST_OK; valid during the call */
	struct view attrs;
	struct view secret;
	const uint8_t *request_authenticator;
};

typedef void inquiry_fn(void *ctx, const struct inquiry_result *r);

/* WIRE_AAA_GROUP: servers are asked; done is called once, later, unless it is dropped before. The others: nobody is
 * asked, that is what the list begins with, and *out is NULL. ST_NOMEM, ST_LIMIT in *st: nothing is under way. */
enum wire_aaa inquiry_start(struct wire *w, const struct inquiry_about *about, inquiry_fn *done, void *ctx, struct inquiry **out,
			    enum status *st);
void inquiry_drop(struct inquiry *q); /* NULL is fine */

#endif
