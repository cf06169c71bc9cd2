/* What the data path knows of a child SA, in two halves: the child, which every worker may read
 * and nobody changes, and the SA, which belongs to one worker. Both are made and freed by main. */
#ifndef CORE_ESP_SA_H
#define CORE_ESP_SA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/crypto/esp_aead.h"
#include "core/esp/fit.h"
#include "core/esp/rt.h"
#include "core/wire/ts.h"

/* Who a child is and which packets are its own. Immutable. */
struct esp_child {
	uint64_t owner;  /* IKE SA number: packets between two owners are client to client */
	uint32_t tun;
	uint32_t spi_in;
	struct fit_rules fit;
	uint8_t n_local, n_remote;
	struct ts ts[];  /* the local selectors, then the remote ones */
};

static inline const struct ts *esp_child_local(const struct esp_child *c)
{
	return c->ts;
}

static inline const struct ts *esp_child_remote(const struct esp_child *c)
{
	return c->ts + c->n_local;
}

/* What each packet asks for comes first. */
struct esp_sa {
	struct esp_sa *next; /* in its slot of the SAD */
	const struct esp_child *child;
	uint32_t spi_in;
	uint32_t spi_out;
	struct esp_rt *rt;
	struct esp_cipher *in, *out; /* NULL: its key is not expanded; the owner does that for a packet */
	struct esp_shape shape;      /* of both */
	bool esn;
	bool client_to_client; /* the TUN lets packets pass from client to client */
	bool no_multicast;     /* it takes none, nor broadcasts */
	bool takes_dhcp;       /* DHCP to all, or to `self`, is for us: it is not delivered */
	bool transport; /* the inner IP header is the outer one; transport.h */
	bool udp_encap; /* sends in UDP; changed by a move, as the endpoints */
	struct endpoint local, remote;
	struct addr self; /* IPv4, of the TUN; family 0: none */
};

#endif
