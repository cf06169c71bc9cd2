/* What an IKE SA is made of, as far as it is the business of one extension. Private to core/ike. */
#ifndef CORE_IKE_SA_PARTS_H
#define CORE_IKE_SA_PARTS_H

#include "core/base/timer.h"
#include "core/ike/frag.h"
#include "core/ike/questions.h"

/* What an established SA took from its profile; the profile may go. */
struct sa_settings {
	uint32_t lifetime_s;
	bool initial_contact_force;
	bool set_send;                    /* CFG_SET to the peer; meaningless once established */
	bool set_accept;                  /* CFG_SET of the peer's is taken and acknowledged */
	uint32_t nat_keepalive_s;         /* 0: none */
	uint32_t reauth_s;                /* 0: none */
};

enum frag_form { FRAG_NONE = 0, FRAG_STD = 1, FRAG_CISCO = 2 }; /* bits where it is a set */

struct cp_body; /* cp_set.h */
struct frag_pile;

/* Fragmentation, as IKE_SA_INIT settled it. */
struct sa_frag {
	uint8_t ours;              /* set of forms that we did by our configuration */
	uint8_t form;              /* enum frag_form in use */
	uint32_t mtu;              /* of IP datagrams; 0: frag_room() knows */
	struct frag_set *request;  /* being put together; NULL: none */
	struct frag_set *reply;
	struct frag_pile *pile;
	struct timer timer;        /* the next that is given up */
};

#define QCD_DIGEST 32

/* The peer's token, as a digest (RFC 6290 section 3). */
struct qcd_token {
	bool is_known;
	uint8_t digest[QCD_DIGEST];
};

/* The ticket that a gateway gave us for this SA. */
struct sa_ticket {
	uint8_t *bytes;   /* NULL: none */
	size_t len;
	uint64_t end_ms;
};

#endif
