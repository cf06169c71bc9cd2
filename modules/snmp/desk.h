/* What the thread knows: the cards that it was handed, the last sample, and what is to be notified.
 * Takes main's messages and gives each back when it is no longer needed. No library; one thread. */
#ifndef MODULES_SNMP_DESK_H
#define MODULES_SNMP_DESK_H

#include "modules/snmp/limit.h"
#include "modules/snmp/tree.h"

/* Puts a notification on its way; false: there is no master to give it to. */
struct desk_ports {
	bool (*session_up)(void *ctx, const struct snmp_card *card);
	bool (*session_down)(void *ctx, const struct snmp_card *card, enum status why,
			     const struct snmp_traffic *total);
	bool (*pool_exhausted)(void *ctx, const struct share_pool *pool);
	bool (*left_out)(void *ctx, uint64_t n);
};

struct desk {
	struct share *share;
	const struct desk_ports *ports;
	void *ctx;
	struct tree_view view; /* what is answered from */
	struct note *sample;    /* of the view; NULL: none yet */
	struct note *radius;    /* the newest; NULL: none yet */
	struct index next;     /* all cards anew, until they are complete */
	bool is_rebuilding;
	struct list back;      /* messages for which the ring had no room */
	bool has_news;         /* main is to be woken */
	struct limit limit;
};

void desk_init(struct desk *d, struct share *share, const struct desk_ports *ports, void *ctx,
	       const char *version, int64_t now_ms);
/* Gives everything back that there is room for, and frees the rest: at the end of the thread. */
void desk_fini(struct desk *d);
/* Takes what main has handed over; reports what was left out. now_ms: monotonic. */
void desk_turn(struct desk *d, int64_t now_ms);
/* To main, which frees it. */
void desk_give_back(struct desk *d, struct note *m);
/* A word to main; text NULL: none. Lost when out of memory. */
void desk_event(struct desk *d, enum snmp_event_kind kind, const char *text);

#endif
