/* One child of an IKE SA: a pair of IPsec SAs. Private to core/ike; child.h is what is done with it. */
#ifndef CORE_IKE_CHILD_SA_H
#define CORE_IKE_CHILD_SA_H

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/crypto/suite.h"
#include "core/ike/ike.h"

struct ike_sa;

enum child_state {
	CHILD_UP,
	CHILD_REPLACED, /* it has a successor, and the peer is the one to delete it */
	CHILD_DELETING, /* our DELETE goes out with the next request, or is on its way */
	CHILD_RETIRED   /* deleted; what was under way when that happened still comes in */
};

struct ike_child {
	struct list node;         /* in the SA's list */
	struct map_node by_spi;   /* by spi_in, in the engine's map */
	struct ike_sa *sa;
	uint32_t spi_in;
	uint32_t spi_out;
	struct esp_suite suite;
	bool udp_encap;           /* as the data path was told */
	bool transport;
	bool is_installed;        /* the data path has it */
	uint8_t state;            /* enum child_state */
	uint32_t replaces;        /* our inbound SPI of its predecessor; 0: none */
	uint8_t wish;             /* of ours, that it fulfils; 0: none */
	bool receive_only;        /* nothing leaves through it yet, as far as we know */
	bool may_rekey;           /* we begin it ourselves when it is due */
	bool has_ke;              /* it was made with a key exchange of its own (PFS) */
	bool wants_rekey;
	bool delete_sent;
	bool was_told;            /* CHILD_UP was told */
	enum status why;          /* it is deleted */
	uint16_t replay_window;
	uint32_t tun;
	uint32_t lifetime_s;
	uint64_t lifetime_kb;
	uint32_t idle_s;          /* so long without data, and it goes; 0: it does not */
	uint64_t used_ms;         /* its last data or its predecessor's, or its beginning; may be old (idle.h) */
	uint64_t up_ms;
	uint64_t rekey_ms;        /* when it is to be rekeyed; 0: never */
	uint64_t end_ms;          /* when its state is over: lifetime, patience, retirement; 0: never */
	uint8_t n_local_ts;
	uint8_t n_remote_ts;
	struct ts *ts;            /* the local selectors, then the remote ones */
};

static inline const struct ts *child_local_ts(const struct ike_child *c)
{
	return c->ts;
}

static inline const struct ts *child_remote_ts(const struct ike_child *c)
{
	return c->ts != NULL ? c->ts + c->n_local_ts : NULL;
}

#endif
