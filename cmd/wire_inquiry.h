/* Look-ups of names with RADIUS servers, by the lists of `aaa`: authorization of users and groups (R-AZN-12),
 * pre-shared keys (R-AZN-13), and what a session may from now on (RFC 5176 section 3.2). Loop thread. */
#ifndef CMD_WIRE_INQUIRY_H
#define CMD_WIRE_INQUIRY_H

#include "cmd/wire_radius.h"

struct inquiry;

#define INQUIRY_ATTRS 2048 /* of a request */

/* What is asked for. */
struct inquiry_about {
	enum aaa_kind kind; /* of the list */
	const char *list;  /* NULL: none, which is `local` */
	const char *name;  /* User-Name */
	const struct secret *password; /* User-Password; NULL or not usable: none is sent */
	struct radius_who who;
	struct view attrs; /* whole ones of the request, in the place of name, password and who; empty: a look-up of the name */
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
