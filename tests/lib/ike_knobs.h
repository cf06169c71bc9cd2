/* How bad the simulated network is, and how late the world answers. */
#ifndef TESTS_LIB_IKE_KNOBS_H
#define TESTS_LIB_IKE_KNOBS_H

#include <stdbool.h>
#include <stdint.h>

/* Chances are out of 1000. */
struct world_knobs {
	unsigned loss, twice, corrupt, late;     /* packets; late: up to late_ms more */
	uint32_t delay_ms, late_ms;
	unsigned answer_late, answer_twice, answer_never, answer_after_cancel;
	uint32_t answer_ms, answer_late_ms;
	bool real_crypto;
	bool nat_client;      /* the client's address is translated */
	bool nat_server;      /* the headend is behind 1:1 NAT */
	bool no_raw[2];       /* this side has no sockets for ESP without UDP */
	unsigned nat_float;   /* chance per packet that the mapping changes */
	unsigned more;        /* further children that the client wants, at most IKE_MORE_MAX */
	unsigned pool;        /* addresses of the headend, at most WORLD_LEASES */
};

#endif
