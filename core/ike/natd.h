/* NAT detection (RFC 7296 2.23, R-NAT-03): SHA-1 over SPIs, address and port. Pure. */
#ifndef CORE_IKE_NATD_H
#define CORE_IKE_NATD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/rd.h"

#define NATD_LEN 20

void natd_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *e, uint8_t out[NATD_LEN]);

struct natd_result {
	bool was_sent;    /* the peer does NAT traversal */
	bool nat_local;   /* we are behind a NAT: the peer sent to another address than ours */
	bool nat_remote;  /* the peer is */
};

/* What the notifies of one INIT message say. A peer may send several SOURCE hashes (one per
 * address): one that fits is enough. */
struct natd {
	uint64_t spi_i;
	uint64_t spi_r; /* as in the header of that message: 0 in a request */
	uint8_t source[NATD_LEN];      /* what we saw */
	uint8_t destination[NATD_LEN];
	bool any_source, source_fits;
	bool any_destination, destination_fits;
};

void natd_start(struct natd *n, uint64_t spi_i, uint64_t spi_r, const struct endpoint *local,
	const struct endpoint *remote);
void natd_source(struct natd *n, struct view data);
void natd_destination(struct natd *n, struct view data);
struct natd_result natd_end(const struct natd *n);

#endif
