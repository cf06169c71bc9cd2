#include "modules/snmp/notify.h"

#include "modules/snmp/value.h"

#include <string.h>
#include <time.h>

#define AGENTX_NOTIFY 12 /* RFC 2741 section 6.1 */

/* sallyportNotifications: TREE_MIB . 0 . number */
enum { UP = 1, DOWN, POOL, LEFT_OUT };

static const oid mib[] = {TREE_MIB};
#define MIB_LEN OID_LENGTH(mib)
#define NAME_MAX_LEN (MIB_LEN + 1 + TREE_NAME)

struct list_of {
	netsnmp_variable_list *vars;
	bool is_bad;
};

static void begin(struct list_of *l, oid number)
{
	static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}; /* snmpTrapOID.0 */
	oid value[MIB_LEN + 2];
	memcpy(value, mib, sizeof(mib));
	value[MIB_LEN] = 0;
	value[MIB_LEN + 1] = number;
	*l = (struct list_of){0};
	l->is_bad = !snmp_varlist_add_variable(&l->vars, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID,
					       value, sizeof(value));
}

static void add(struct list_of *l, const oid *behind, size_t n, const struct tree_value *v)
{
	oid name[NAME_MAX_LEN];
	memcpy(name, mib, sizeof(mib));
	name[MIB_LEN] = 1;
	memcpy(name + MIB_LEN + 1, behind, n * sizeof(oid));
	l->is_bad = l->is_bad || !value_add(&l->vars, name, MIB_LEN + 1 + n, v);
}

static void add_cell(struct list_of *l, enum tree_group group, oid column, oid instance,
		     struct tree_value *v)
{
	const oid behind[] = {group, 1, column, instance};
	for (size_t i = 0; i < tree_rows_len; i++)
		if (tree_rows[i].group == group && tree_rows[i].number == column)
			v->type = (enum tree_type)tree_rows[i].type;
	add(l, behind, OID_LENGTH(behind), v);
}

static void add_own(struct list_of *l, enum tree_notify number, const struct tree_value *v)
{
	const oid behind[] = {TREE_NOTIFY, number, 0};
	add(l, behind, OID_LENGTH(behind), v);
}

/* The master answers each; what it says changes nothing. */
static int on_answer(int op, netsnmp_session *session, int reqid, netsnmp_pdu *pdu, void *magic)
{
	return 1;
}

/* Straight to the master's session: the library's own way would make an SNMPv1 trap first, which has
 * no 64-bit counters, and complain about it each time. sysUpTime is the master's to add. */
static bool hand_over(const struct notify_to *to, struct list_of *l)
{
	netsnmp_pdu *pdu = l->is_bad || !to->session ? NULL : snmp_pdu_create(AGENTX_NOTIFY);
	if (!pdu) {
		snmp_free_varbind(l->vars);
		return false;
	}
	pdu->version = to->session->version;
	pdu->sessid = to->session->sessid;
	pdu->variables = l->vars;
	if (snmp_async_send(to->session, pdu, on_answer, NULL))
		return true;
	snmp_free_pdu(pdu);
	return false;
}

static void add_session(struct list_of *l, const struct snmp_card *card, const struct snmp_traffic *t,
			const enum tree_session *columns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct tree_value v = {0};
		tree_session(card, t, columns[i], &v);
		add_cell(l, TREE_SESSIONS, columns[i], card->index, &v);
	}
}

static void add_who(struct list_of *l, const struct snmp_card *card)
{
	static const enum tree_session who[] = {
		TREE_S_ID, TREE_S_USER, TREE_S_IDENTITY, TREE_S_PROFILE, TREE_S_LOCAL_TYPE,
		TREE_S_LOCAL, TREE_S_LOCAL_PORT, TREE_S_REMOTE_TYPE, TREE_S_REMOTE,
		TREE_S_REMOTE_PORT, TREE_S_IP4, TREE_S_IP6, TREE_S_IP6_LEN};
	add_session(l, card, NULL, who, sizeof(who) / sizeof(who[0]));
}

static bool session_up(void *ctx, const struct snmp_card *card)
{
	struct list_of l;
	begin(&l, UP);
	add_who(&l, card);
	return hand_over(ctx, &l);
}

static uint64_t seconds_since(int64_t start_ms)
{
	int64_t s = (int64_t)time(NULL) - start_ms / 1000;
	return s > 0 ? (uint64_t)s : 0;
}

static bool session_down(void *ctx, const struct snmp_card *card, enum status why,
			 const struct snmp_traffic *total)
{
	static const enum tree_session sums[] = {TREE_S_IN_OCTETS, TREE_S_OUT_OCTETS,
						 TREE_S_IN_PACKETS, TREE_S_OUT_PACKETS};
	struct list_of l;
	const char *token = status_token(why);
	begin(&l, DOWN);
	add_who(&l, card);
	add_own(&l, TREE_N_REASON,
		&(struct tree_value){.type = TREE_OCTETS, .p = token, .len = strlen(token)});
	add_own(&l, TREE_N_DURATION,
		&(struct tree_value){.type = TREE_UNSIGNED, .u = seconds_since(card->start_ms)});
	add_session(&l, card, total, sums, sizeof(sums) / sizeof(sums[0]));
	return hand_over(ctx, &l);
}

static bool pool_exhausted(void *ctx, const struct share_pool *pool)
{
	static const enum tree_pool columns[] = {TREE_P_NAME, TREE_P_VRF, TREE_P_FAMILY, TREE_P_SIZE,
						 TREE_P_IN_USE, TREE_P_REFUSED};
	struct list_of l;
	begin(&l, POOL);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct tree_value v = {0};
		tree_pool(pool, columns[i], &v);
		add_cell(&l, TREE_POOLS, columns[i], pool->index, &v);
	}
	return hand_over(ctx, &l);
}

static bool left_out(void *ctx, uint64_t n)
{
	struct list_of l;
	begin(&l, LEFT_OUT);
	add_own(&l, TREE_N_LEFT_OUT,
		&(struct tree_value){.type = TREE_UNSIGNED, .u = n < UINT32_MAX ? n : UINT32_MAX});
	return hand_over(ctx, &l);
}

const struct desk_ports notify_ports = {.session_up = session_up, .session_down = session_down,
					.pool_exhausted = pool_exhausted, .left_out = left_out};
