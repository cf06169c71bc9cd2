/* MOBIKE (RFC 4555): an IKE SA and its children go on when an address changes. Private to core/ike.
 *
 * The side that began the first IKE SA decides, rekeyed or not (section 1.3):
 *
 *   decides                                   follows
 *     (its paths changed, or no reply comes)
 *     UPDATE_SA_ADDRESSES  ---------------->    the IKE SA moves
 *             <----------------  its reply
 *             <----------------  COOKIE2        unless it was reached at that address before
 *     COOKIE2  ---------------------------->    the children move (section 3.7) */
#ifndef CORE_IKE_MOBIKE_H
#define CORE_IKE_MOBIKE_H

#include "core/ike/mobike_msg.h"
#include "core/ike/sa_table.h"

struct msg_in;
struct window_request;
struct snapshot;
struct msg_out;

#define MOBIKE_COOKIE 16 /* of ours */

/* What is to be done, and what our open request does: bits. */
#define MOBIKE_UPDATE 1u
#define MOBIKE_CHECK  2u
#define MOBIKE_STALE  4u /* the addresses changed after the open request went out */
#define MOBIKE_LIST   8u /* our other addresses */

/* The peer's; family 0: none. */
struct mobike_peer {
	struct addr addrs[MOBIKE_ADDRS];
};

/* All of it but newest_id and refusals is kept beyond our death. */
struct mobike {
	bool is_on;         /* both sides said that they support it */
	bool decides;       /* we */
	uint8_t wants;      /* UPDATE, CHECK, LIST */
	uint8_t open;       /* of the open request of kind REQ_MOBIKE; with STALE */
	struct mobike_memory { /* only bytes, so that it has no holes */
		uint8_t cookie[MOBIKE_COOKIE]; /* of the open request */
		uint8_t seen[NATD_LEN];        /* how the peer saw us when it was last told */
		struct addr proven;            /* where the peer was reached, and its children go */
	} memory;
	struct mobike_peer *peer; /* where else it could be reached; NULL: not we decide */
	uint32_t newest_id; /* of a request that said anything about addresses */
	uint8_t refusals;   /* UNACCEPTABLE_ADDRESSES in a row */
};

/* IKE_AUTH. Writes MOBIKE_SUPPORTED and our other addresses: those of `sallyport listen`. */
void mobike_put_offer(struct msg_out *o, const struct ike_sa *sa);
/* The same for our initiator, where its profile does MOBIKE. */
void mobike_put_request(struct msg_out *o, const struct ike_sa *sa);
/* What the peer's message of IKE_AUTH says. ST_UNEXPECTED_NAT: it forbids NATs, and there is one; ST_NOMEM. */
enum status mobike_read_offer(struct ike_sa *sa, const struct msg_in *m) MUST_USE;
/* The profile is chosen: may it be? */
void mobike_agree(struct ike_sa *sa);

/* INFORMATIONAL. A request of the peer's: does what it says, writes what belongs into the reply. */
void mobike_answer(struct ike_sa *sa, const struct msg_in *m, struct msg_out *o);
/* Into a liveness check: how do you see us (section 3.8)? Nothing where that does not matter. */
void mobike_put_probe(struct msg_out *o, const struct ike_sa *sa);
/* The reply to ours. ST_OK, or why the SA must be closed. */
enum status mobike_reply(struct ike_sa *sa, const struct msg_in *m) MUST_USE;

bool mobike_wants(const struct ike_sa *sa);
/* Sends what is wanted; the window is free. ST_NOMEM, ST_LIMIT: not sent, still wanted. */
enum status mobike_send(struct ike_sa *sa) MUST_USE;

/* It is established; our address may have gone meanwhile. */
void mobike_on_up(struct ike_sa *sa);
/* Addresses or routes of ours changed. */
void mobike_on_paths(struct ike_sa *sa);
/* Another configuration: what is listened on may be other addresses (section 3.6). */
void mobike_on_conf(struct ike_sa *sa, const struct snapshot *old);
/* A request gets no reply, and is about to be sent again: by another way, if there is one. */
void mobike_try_path(struct ike_sa *sa, const struct window_request *r);
/* ESP showed where the peer is. */
void mobike_followed(struct ike_sa *sa);
/* A rekeyed SA's part goes on in its successor. */
void mobike_inherit(struct ike_sa *heir, struct ike_sa *old);

#endif
