/* OCSP responses about our own certificates (`sallyport ocsp staple`), fetched ahead and sent to peers that ask for
 * them in IKE (RFC 4806). Part of cmd/wire_pki.c. Loop thread. */
#ifndef CMD_WIRE_STAPLE_H
#define CMD_WIRE_STAPLE_H

#include "cmd/wire_state.h"
#include "core/conf/pki.h"

#define STAPLE_BYTES 8192 /* longer responses are not sent: the certificates have to fit, too */

void wire_staple_init(struct wire *w);
void wire_staple_fini(struct wire *w);
/* These trustpoints are in force: what is kept for a certificate that is still ours stays. */
void wire_staple_commit(struct wire *w, const struct pki *set);
/* Asks where it is time: halfway to the end of what is kept, once an hour at least; after a failure, in a minute. Once a
 * second. */
void wire_staple_second(struct wire *w);
/* A response that is in time and says good, valid until the next turn of the loop; {0}: there is none. */
struct view wire_staple(const struct wire *w, const struct cert *leaf);

#endif
