/* What the engine tells: feeds log, store, accounting, SNMP, metrics. Plain values. */
#ifndef CORE_IKE_EVENTS_H
#define CORE_IKE_EVENTS_H

#include "core/ike/child_spec.h"
#include "core/ike/job.h"

enum ike_event_kind {
	IKE_EV_INIT_FAILED,  /* before an SA could exist: status, detail */
	IKE_EV_AUTH_FAILED,  /* half-open SA failed: status, detail */
	IKE_EV_SA_UP,
	IKE_EV_SA_DOWN,      /* status = why */
	IKE_EV_CHILD_UP,
	IKE_EV_CHILD_DOWN,
	IKE_EV_CHILD_FAILED,
	IKE_EV_SA_REKEYED,   /* spi_i, spi_r: of the new one; the number and the session stay */
	IKE_EV_REKEY_FAILED, /* spi_in: of the child, 0: the IKE SA; status, detail: it is tried again */
	IKE_EV_REDIRECTED,   /* we are to go on at another gateway; this SA ends */
	IKE_EV_REDIRECT_SENT, /* the peer is */
	IKE_EV_PEER_MOVED,   /* endpoint of the peer changed */
	IKE_EV_HALF_OPEN_LIMIT,
	IKE_EV_REAUTH_DUE    /* initiator: a new IKE SA with the peer is wanted, to take over from this one */
};

struct ike_event {
	enum ike_event_kind kind;
	uint64_t sa;
	uint64_t spi_i;
	uint64_t spi_r;
	struct endpoint local;
	struct endpoint remote;
	const struct ike_id *peer_id; /* NULL when not known yet; as kept_id.h has it: not to be copied whole */
	const char *profile;          /* "" when none was selected */
	enum status status;
	const char *detail;           /* sentence for the operator, "" when the words suffice */
	struct ulid session;          /* zero when none */
	const struct gateway *gateway; /* REDIRECTED, REDIRECT_SENT: the other one */
	uint32_t spi_in;              /* children */
	uint32_t spi_out;
};

#endif
