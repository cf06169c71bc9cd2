/* Names of peers, asked of the host's name servers on main's own loop: nothing here waits. What was
 * answered is kept for as long as the answer says. Loop thread. The only includer of evdns. */
#ifndef MODULES_DNS_DNS_H
#define MODULES_DNS_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"

#define DNS_ADDRS 4 /* kept of one name and family */
#define DNS_NAME  256 /* with NUL */
#define DNS_KEPT  64  /* answers; the one that ends first makes room */

struct dns;
struct dns_query;
struct event_base;

/* ST_OK with 1 to DNS_ADDRS addresses; ST_NOT_FOUND: the name has none; ST_TIMEOUT; ST_IO: the name
 * servers refuse or answer nonsense. */
typedef void dns_fn(void *ctx, enum status st, const struct addr *addrs, size_t n);

/* resolv_conf: file with the name servers, read again when it changed; without one this host is asked.
 * NULL: out of memory. */
struct dns *dns_new(struct event_base *base, const char *resolv_conf);
/* Forgets open queries without a word. */
void dns_free(struct dns *d); /* NULL is fine */

/* What is known without asking, and how many; 0: nothing. */
size_t dns_known(struct dns *d, const char *name, uint8_t family, struct addr out[DNS_ADDRS]);
/* Asks for the addresses of a family; fn is called once, later, and then the query is gone.
 * ST_CONFIG: no name; ST_NOMEM. */
enum status dns_ask(struct dns *d, const char *name, uint8_t family, dns_fn *fn, void *ctx,
		    struct dns_query **out) MUST_USE;
/* fn is not called any more. */
void dns_cancel(struct dns_query *q); /* NULL is fine */

#endif
