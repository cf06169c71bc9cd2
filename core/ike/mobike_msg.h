/* The notifies of MOBIKE (RFC 4555 section 4) as plain values. Pure. */
#ifndef CORE_IKE_MOBIKE_MSG_H
#define CORE_IKE_MOBIKE_MSG_H

#include <stdbool.h>

#include "core/base/endpoint.h"
#include "core/base/rd.h"
#include "core/ike/natd.h"
#include "core/ike/payload_table.h"

#define MOBIKE_ADDRS 8       /* of a peer that are kept, the one it wrote from among them */
#define MOBIKE_COOKIE_MIN 8  /* COOKIE2, section 4.2.5 */
#define MOBIKE_COOKIE_MAX 64

/* What a message says. Views into it. A notify that is malformed says nothing: all of them are
 * status notifies (RFC 7296 3.10.1), and those that are errors have no data. */
struct mobike_msg {
	bool is_supported;         /* MOBIKE_SUPPORTED */
	bool is_update;            /* UPDATE_SA_ADDRESSES */
	bool lists_addrs;          /* ADDITIONAL_*_ADDRESS or NO_ADDITIONAL_ADDRESSES */
	bool is_unacceptable;      /* UNACCEPTABLE_ADDRESSES */
	bool saw_nat;              /* UNEXPECTED_NAT_DETECTED */
	bool has_natd;
	bool is_translated;        /* NO_NATS_ALLOWED, and the packet's addresses are others */
	uint8_t n_addrs;
	struct addr addrs[MOBIKE_ADDRS]; /* additional ones, in order; what is too many is left out */
	struct view cookie;        /* COOKIE2 of a length that may be; empty: none */
	struct view destination;   /* NAT_DETECTION_DESTINATION_IP; empty: none */
	struct natd_result nat;
};

/* local, remote: of the packet as we received it. spi_i, spi_r: of its header. */
void mobike_msg_parse(const struct ike_payloads *p, uint64_t spi_i, uint64_t spi_r,
	const struct endpoint *local, const struct endpoint *remote, struct mobike_msg *out);

#endif
