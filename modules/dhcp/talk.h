/* One question from its first packet to its end; knows nothing of sockets. */
#ifndef MODULES_DHCP_TALK_H
#define MODULES_DHCP_TALK_H

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/base/timer.h"
#include "modules/dhcp/dhcp.h"

enum talk_state { TALK_SELECTING, TALK_REQUESTING, TALK_RENEWING };

struct talk {
	struct list in_list;
	struct map_node by_xid;
	struct timer timer;
	struct dhcp_ask ask;
	enum talk_state state;
	uint32_t xid;
	uint64_t began_ms, end_ms, asked_ms;
	unsigned sent;      /* packets since the state began */
	unsigned all_sent;
	unsigned naks;
	struct dhcp_reply offer; /* TALK_REQUESTING */
	struct addr from;        /* who made it */
};

enum talk_says {
	TALK_WAITS,   /* nothing to be done */
	TALK_SENDS,   /* the next packet is to be sent at once */
	TALK_ENDS,    /* out is the outcome */
	TALK_STRANGE  /* not an answer to it */
};

void talk_begin(struct talk *t, uint64_t now_ms);
/* The packet that is to be sent now, to whom, and when the next one is due if nothing comes. spread: random. */
void talk_build(struct talk *t, uint64_t now_ms, struct wr *w, struct addr *to);
uint64_t talk_next_ms(const struct talk *t, uint64_t now_ms, uint32_t spread);
/* An answer with its xid. */
struct talk_heard {
	struct addr from;
	struct dhcp_reply reply;
};
enum talk_says talk_hears(struct talk *t, const struct talk_heard *h, uint64_t now_ms, struct dhcp_outcome *out);
/* Its timer. */
enum talk_says talk_due(struct talk *t, uint64_t now_ms, struct dhcp_outcome *out);

#endif
