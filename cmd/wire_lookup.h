/* Certificates that a peer names by hash and URL (`crypto ikev2 http-url cert`, RFC 7296 3.6). Who asks is a stranger still: so
 * few, so short, by the rules of modules/fetch, and what comes must have the hash. Loop thread. */
#ifndef CMD_WIRE_LOOKUP_H
#define CMD_WIRE_LOOKUP_H

#include "cmd/wire_state.h"

#define LOOKUPS_MAX   4           /* of one login */
#define LOOKUPS_OPEN  16          /* at a time: half of the connections stay for what trusted certificates need */
#define LOOKUP_BYTES  (64u << 10) /* of one answer */
#define LOOKUP_MS     5000
#define LOOKUP_WORDS  IKE_DETAIL_LEN

struct lookup {
	struct view named; /* by the CERT payload: SHA-1, then the URL */
	uint8_t *bytes;    /* NULL: not here yet */
	size_t len;
};

/* Those of one login. */
struct lookups {
	struct list in_list;
	uint64_t number; /* the caller's, unique among open ones */
	uint64_t own;    /* times LOOKUPS_MAX: the first number of its fetches */
	size_t n, open;
	struct lookup v[LOOKUPS_MAX];
	char words[LOOKUP_WORDS]; /* why not */
};

/* Called once, never from inside: all are there, or st and words of the first that cannot be had. */
typedef void wire_lookup_fn(struct wire *w, struct lookups *l, enum status st);

void wire_lookup_open(wire_lookup_fn *done);
/* Adds one to those that are to be looked up; ST_CERT_LIMIT: there are too many. */
enum status wire_lookup_add(struct lookups *l, struct view named) MUST_USE;
/* Begins; at least one is in it. Not ST_OK: none is under way, l->words says why; ST_LIMIT: others look up too much. */
enum status wire_lookup_start(struct wire *w, struct lookups *l) MUST_USE;
/* The one of that number, under way no more; NULL: there is none. */
struct lookups *wire_lookup_drop(struct wire *w, uint64_t number);
/* Any that is under way, which ends with that; NULL: none. */
struct lookups *wire_lookup_drop_any(struct wire *w);
void wire_lookup_fini(struct lookups *l); /* not under way */

#endif
