/* THE table of OIDs (tree.c), and walking in it. Everything that is answered lies below
 *
 *   TREE_MIB . 1 . group . number . 0              a scalar
 *   TREE_MIB . 1 . group . 1 . column . instance   a cell; the instance is one number
 *
 * and comes from one sample and the cards of sessions. Numbers are for ever: they say what
 * mibs/SALLYPORT-MIB.txt says. Pure; belongs to one thread. */
#ifndef MODULES_SNMP_TREE_H
#define MODULES_SNMP_TREE_H

#include "core/base/pen.h"
#include "modules/snmp/index.h"

typedef unsigned long tree_oid; /* one number of an OID, as the library has them */

#define TREE_MIB 1, 3, 6, 1, 4, 1, SALLYPORT_PEN_OID, 1 /* sallyportMIB */
#define TREE_NAME 5 /* most numbers below TREE_MIB . 1 */

enum tree_group {
	TREE_PRODUCT = 1,
	TREE_SAMPLE,
	TREE_GAUGES,
	TREE_COUNTERS,
	TREE_FAILURES,
	TREE_POOLS,
	TREE_SESSIONS,
	TREE_NOTIFY
};

enum tree_type { TREE_OCTETS, TREE_INTEGER, TREE_UNSIGNED, TREE_COUNTER64, TREE_TICKS, TREE_COUNTER32 };

struct tree_value {
	enum tree_type type;
	uint64_t u;       /* all but TREE_OCTETS */
	const void *p;    /* into the view, or into buf; len bytes */
	size_t len;
	uint8_t buf[16];
};

/* What is answered from. */
struct tree_view {
	const char *version;
	const struct share_sample *sample; /* NULL: none was taken; traffic and pools are sorted */
	struct index cards;
	bool notify_sessions, notify_pools;
};

struct tree_row {
	uint8_t group;
	uint8_t number; /* of a table: the column */
	uint8_t type;   /* enum tree_type */
	uint8_t arg;    /* which counter, gauge, ... */
};
extern const struct tree_row tree_rows[]; /* in the order of their OIDs */
extern const size_t tree_rows_len;

/* The fixed number of a failure in its table, 0: it has none. */
uint32_t tree_failure(enum status st);
/* Gives the pools their numbers, which depend on nothing but the pool, and sorts both arrays. */
void tree_prepare(struct share_sample *s);

struct tree_place {
	size_t row;
	uint64_t instance;
};

/* name: what stands behind TREE_MIB . 1, len numbers of it. False: there is no such thing. */
bool tree_find(const struct tree_view *v, const tree_oid *name, size_t len, struct tree_place *out);
/* The first place behind name, or at it when inclusive. False: there is none. */
bool tree_next(const struct tree_view *v, const tree_oid *name, size_t len, bool inclusive,
	       struct tree_place *out);
/* Numbers behind TREE_MIB . 1; how many. */
size_t tree_name(const struct tree_place *at, tree_oid name[TREE_NAME]);
/* of a place that was found in the same view. */
void tree_get(const struct tree_view *v, const struct tree_place *at, struct tree_value *out);

/* Cells of a session's row, also for notifications, whose cards and totals may be out of the view: all
 * but the type, which the row has. t NULL: no traffic is known. */
enum tree_session {
	TREE_S_ID = 2, TREE_S_USER, TREE_S_IDENTITY, TREE_S_PROFILE, TREE_S_POLICY, TREE_S_VRF,
	TREE_S_IVRF, TREE_S_LOCAL_TYPE, TREE_S_LOCAL, TREE_S_LOCAL_PORT, TREE_S_REMOTE_TYPE,
	TREE_S_REMOTE, TREE_S_REMOTE_PORT, TREE_S_IP4, TREE_S_IP6, TREE_S_IP6_LEN, TREE_S_ROLE,
	TREE_S_STATE, TREE_S_START, TREE_S_IDLE, TREE_S_IN_OCTETS, TREE_S_OUT_OCTETS,
	TREE_S_IN_PACKETS, TREE_S_OUT_PACKETS, TREE_S_DROPS
};
void tree_session(const struct snmp_card *card, const struct snmp_traffic *t, enum tree_session column,
		  struct tree_value *out);
enum tree_pool {
	TREE_P_NAME = 2, TREE_P_VRF, TREE_P_FAMILY, TREE_P_SIZE, TREE_P_IN_USE, TREE_P_PEAK,
	TREE_P_REFUSED
};
void tree_pool(const struct share_pool *pool, enum tree_pool column, struct tree_value *out);
/* Numbers of objects that only notifications have, in TREE_NOTIFY. */
enum tree_notify { TREE_N_SESSIONS = 1, TREE_N_POOLS, TREE_N_RATE, TREE_N_BURST, TREE_N_REASON,
		   TREE_N_DURATION, TREE_N_LEFT_OUT };

#endif
