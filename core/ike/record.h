/* The flat fields of frozen records, as tables of {tag, form, place}: one list serves freezing and
 * thawing. */
#ifndef CORE_IKE_RECORD_H
#define CORE_IKE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/ike/questions.h"

#define RECORD_VERSION 1

/* Tags are for ever; a field that is not needed any more keeps its number. */
enum {
	TAG_DETAIL = 48, /* sentence that belongs to TAG_WHY; "" mostly */
	TAG_TICKET = 63, /* that the peer gave us: when it ends, u64 in ms; its bytes */
	TAG_SUITE = 100, /* of record_put_suite() */
	TAG_KEPT,        /* reply: message ID, bytes */
	TAG_REQUEST,     /* bytes of the open request that is not INFORMATIONAL */
	TAG_WHY,         /* status token; present: the SA is being deleted */
	TAG_GRANT,       /* group */
	TAG_CHILD,       /* group, repeated */
	TAG_LOCAL_TS,    /* body of a TS payload */
	TAG_REMOTE_TS,
	TAG_DNS,         /* repeated */
	TAG_NBNS,
	TAG_SUBNET,
	TAG_REMOTE,
	TAG_ESP,         /* encr, key bits, integ, esn: u16 each */
	TAG_EXCHANGE,    /* group: CREATE_CHILD_SA of ours that is not answered yet */
	TAG_NI,          /* of it */
	TAG_PRIVATE,
	TAG_PUBLIC,
	TAG_REQUEST_INFO, /* bytes of the open INFORMATIONAL request */
	TAG_WISH,        /* group, repeated: number, selectors */
	TAG_NUMBER,      /* of it: u8 */
	TAG_NR,          /* of a CREATE_CHILD_SA whose additional key exchanges are under way */
	TAG_SECRET,
	TAG_MORE,        /* secrets of those that are done, one after the other */
	TAG_LINK,
	TAG_CLOSE_WHY,   /* status token; it ends as soon as its rekey is through */
	TAG_RESTS        /* of a wish: u8 */
};

/* What an SA keeps at its own length, as wide as a record may have it. */
struct sa_words {
	struct ike_id my_id;
	struct ike_id peer_id;
	char user[IKE_ID_LEN];
	char profile[IKE_NAME_LEN];
	char ipsec_profile[IKE_NAME_LEN];
};

enum record_table { RECORD_SA, RECORD_WORDS, RECORD_KEYS, RECORD_MOBIKE, RECORD_CHILD, RECORD_GRANT, RECORD_EXCHANGE, RECORD_TABLES };

/* Writes the fields of the table from obj (struct ike_sa, sa_words, ike_keys, mobike_peer, ike_child, ike_grant, exchange) that are not zero: obj is
 * zeroed before record_take() fills it. */
void record_put(struct wr *w, enum record_table table, const void *obj);
/* True: the tag is in the table. *good becomes false when its value has not the right form. */
bool record_take(enum record_table table, uint16_t tag, struct view v, void *obj, bool *good);

struct ike_suite;
/* encr, key bits, prf, integ, group: u16 each, also in tickets. */
void record_put_suite(struct wr *w, uint16_t tag, const struct ike_suite *s);
bool record_get_suite(struct view v, struct ike_suite *out); /* false: not ours any more, or damaged */

#endif
