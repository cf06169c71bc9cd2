/* The engine's own struct. Private to core/ike. */
#ifndef CORE_IKE_ENGINE_H
#define CORE_IKE_ENGINE_H

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/base/timer.h"
#include "core/conf/snapshot.h"
#include "core/ike/cookie.h"
#include "core/ike/guard.h"
#include "core/ike/ike.h"
#include "core/ike/sa.h"
#include "core/ike/ticket.h"
#include "core/ike/wallet.h"

#define MESSAGE_MAX 8192 /* longest message we build */
#define DATAGRAM_MAX 65535
#define DATAGRAMS_MAX (MESSAGE_MAX + FRAG_TOTAL_MAX * FRAG_OVERHEAD_MAX) /* of one, cut to pieces */
#define KEPT_MAX (DATAGRAMS_MAX + MESSAGE_MAX) /* replies in a frozen record */
/* Frozen SA with kept replies and two open requests. */
#define RECORD_MAX (KEPT_MAX + 2 * DATAGRAMS_MAX + MESSAGE_MAX)
#define IKE_PORT 500      /* RFC 7296 2: of peers; our own are configured */
#define IKE_NAT_PORT 4500

struct ike {
	const struct ike_ports *ports;
	void *ctx;
	struct snapshot *conf;
	struct stats *stats;
	struct timers timers;
	struct list sas;        /* by number */
	struct list dead;
	size_t count;
	size_t n_exchanges;     /* of all SAs; each has a timer */
	uint64_t last_number;
	uint64_t last_question;
	uint64_t seed;          /* of the maps whose keys a peer chooses */
	struct map by_number;
	struct map by_spi;
	struct map by_init;
	struct map by_question;
	struct map by_peer;
	struct map children;
	struct map promised;    /* exchanges of ours that rekey an IKE SA, by the SPI that the peer was told */
	struct guard guard;
	struct cookie_jar cookies;
	struct ticket_keys ticket_keys;
	struct wallet wallet;
	struct limiter notifies; /* unprotected answers */
	struct limiter notices;  /* about ESP with unknown SPIs */
	struct limiter hints;    /* unprotected ones that are looked at */
	struct limiter tokens_in; /* unprotected ones that are compared */
	struct limiter tokens_out;
	bool has_token_secret;
	uint8_t token_secret[IKE_TOKEN_SECRET];
	struct limiter reports;  /* events caused by unauthenticated input */
	uint8_t *authorities;    /* CERTREQ as responder; NULL: none */
	size_t authorities_len;
	uint64_t wake_ms;        /* last told to wake_at */
	unsigned depth;          /* entry points under way */
	unsigned trace_topics;   /* bits of trace.h */
	uint8_t out[MESSAGE_MAX];   /* message being built */
	uint8_t datagrams[DATAGRAMS_MAX]; /* the same, cut to pieces */
	uint8_t plain[DATAGRAM_MAX]; /* payloads being read */
	uint8_t record[RECORD_MAX];  /* being frozen */
};

static inline uint64_t ike_now(const struct ike *ike)
{
	return ike->ports->now_ms(ike->ctx);
}

/* Around what every entry point does: at the end what died is freed, and the world is told when to
 * call again. */
void ike_enter(struct ike *ike);
void ike_settle(struct ike *ike);
/* NULL when there is none. */
struct ike_sa *ike_find_number(const struct ike *ike, uint64_t number);
struct ike_sa *ike_find_spi(const struct ike *ike, uint64_t spi_local);
struct ike_child *ike_find_child(const struct ike *ike, uint32_t spi_in);
struct guard_limits ike_limits(const struct ike *ike);
/* An unprotected event: counted always, told as often as the limiter allows. */
void ike_report(struct ike *ike, const struct ike_event *ev);

#endif
