/* Fetching of CRLs and OCSP answers: names by our resolver, addresses of this host by the kernel. Loop thread. */
#ifndef CMD_WIRE_FETCH_H
#define CMD_WIRE_FETCH_H

#include "cmd/wire_state.h"
#include "modules/fetch/fetch.h"

enum status wire_fetch_open(struct wire *w) MUST_USE; /* ST_NOMEM */
void wire_fetch_close(struct wire *w);
/* Which hosts and ports the configuration lists, from its trustpoints: the hosts of `fetch_hosts` and that of `ocsp_url` (with its
 * port). When it is in force. */
void wire_fetch_configure(struct wire *w, const struct snapshot *s);

/* As fetch_done (modules/fetch/fetch.h). */
typedef void wire_fetch_fn(struct wire *w, uint64_t number, enum status st, const char *words, struct view body);

/* As fetch_start; fn and number are the caller's name for it. ST_CONFIG: words say why the URL may not be asked;
 * FETCH_WORDS bytes, never NULL. */
enum status wire_fetch_start(struct wire *w, wire_fetch_fn *fn, uint64_t number, const struct fetch_request *rq,
			     char words[FETCH_WORDS]) MUST_USE;
void wire_fetch_drop(struct wire *w, wire_fetch_fn *fn, uint64_t number); /* one that is not open is fine */
/* fetch_keep with a time of day, UTC in seconds (nextUpdate); at most a day from now. */
void wire_fetch_keep(struct wire *w, const char *url, struct view body, struct view answer, int64_t until_s);
bool wire_fetch_kept(struct wire *w, const char *url, struct view body, struct view *answer);

#endif
