/* Tickets of gateways whose SAs ended without anybody ending them: for the next connection (RFC 5723
 * 4.3.1). A few, in memory only. Pure; the caller's thread. */
#ifndef CORE_IKE_WALLET_H
#define CORE_IKE_WALLET_H

#include "core/base/list.h"
#include "core/ike/ticket.h"

#define WALLET_MAX 64

struct wallet {
	struct list entries; /* the newest last */
	size_t n;
};

struct wallet_entry {
	struct list node;
	struct endpoint gateway; /* its port does not count */
	uint32_t tun;            /* device of the session */
	uint64_t end_ms;
	struct ticket state;     /* what we know of what is in the ticket */
	uint8_t *bytes;
	size_t len;
};

void wallet_init(struct wallet *w);
void wallet_fini(struct wallet *w);
/* Takes copies, replaces an older ticket of the same profile, gateway and device, lets go of the oldest when
 * there are too many. Out of memory: there is no ticket. */
void wallet_put(struct wallet *w, const struct endpoint *gateway, uint32_t tun,
	const struct ticket *state, struct view bytes, uint64_t end_ms);
/* NULL: none that is valid at now_ms. */
const struct wallet_entry *wallet_find(struct wallet *w, const char *profile,
	const struct endpoint *gateway, uint32_t tun, uint64_t now_ms);
/* It was used, or is of no use. */
void wallet_drop(struct wallet *w, const char *profile, const struct endpoint *gateway,
	uint32_t tun);
/* All of a profile; NULL: all. */
void wallet_forget(struct wallet *w, const char *profile);

#endif
