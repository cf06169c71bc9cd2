#include "modules/snmp/tree.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/hash.h"
#include "modules/snmp/limit.h"

#define SCALAR(group, number, type) {group, number, type, 0}
#define G(number, name) {TREE_GAUGES, number, TREE_UNSIGNED, GG_##name}
#define C(number, name) {TREE_COUNTERS, number, TREE_COUNTER64, CT_##name}
#define F(column, type) {TREE_FAILURES, column, type, 0}
#define P(column, type) {TREE_POOLS, TREE_P_##column, type, 0}
#define S(column, type) {TREE_SESSIONS, TREE_S_##column, type, 0}
#define N(number, type) {TREE_NOTIFY, TREE_N_##number, type, 0}

enum { PRODUCT_VERSION = 1, PRODUCT_UPTIME };
enum { SAMPLE_NUMBER = 1, SAMPLE_TIME, SAMPLE_UNIX_MS };
enum { FAILURE_NAME = 2, FAILURE_WORDS, FAILURE_COUNT };

/* THE table. What is new gets the next number of its group, and its place in the MIB; a number is
 * never used for something else. */
const struct tree_row tree_rows[] = {
	SCALAR(TREE_PRODUCT, PRODUCT_VERSION, TREE_OCTETS),
	SCALAR(TREE_PRODUCT, PRODUCT_UPTIME, TREE_TICKS),

	SCALAR(TREE_SAMPLE, SAMPLE_NUMBER, TREE_COUNTER64),
	SCALAR(TREE_SAMPLE, SAMPLE_TIME, TREE_OCTETS),
	SCALAR(TREE_SAMPLE, SAMPLE_UNIX_MS, TREE_COUNTER64),

	G(1, IKE_SAS), G(2, HALF_OPEN), G(3, HALF_OPEN_IN), G(4, CHILD_SAS), G(5, SESSIONS),
	G(6, SESSIONS_PEAK), G(7, UPTIME_S), G(8, TURN_MAX_US), G(9, HOOKS_WAITING),
	G(10, CERTS_JUDGED), G(11, CERT_LEFT_S), G(12, EAP_TALKS), G(13, SESSIONS_WAITING), G(14, RECONNECT_CAPABLE),
	G(20, STORE_FAILING), G(21, STORE_WAITING),

	C(1, IKE_IN), C(2, IKE_IN_BYTES), C(3, IKE_OUT), C(4, IKE_OUT_BYTES), C(5, IKE_RETRANS_IN),
	C(6, IKE_RETRANS_OUT), C(7, IKE_INIT_IN), C(8, IKE_AUTH_IN), C(9, IKE_COOKIES),
	C(10, IKE_UP), C(11, IKE_DOWN), C(12, CHILD_UP), C(13, CHILD_DOWN), C(14, DPD_SENT),
	C(15, DPD_IN), C(16, ESP_IN), C(17, ESP_IN_BYTES), C(18, ESP_OUT), C(19, ESP_OUT_BYTES),
	C(20, ESP_DUMMY), C(21, NAT_KEEPALIVE_IN), C(22, HANDOVER), C(23, SYSLOG_SENT),
	C(24, SYSLOG_DROPPED), C(25, HOOK_CALLS), C(26, HOOK_REFUSED), C(27, HOOK_FAILED),
	C(28, HOOK_KILLS), C(29, NOTIFY_SENT), C(30, NOTIFY_DROPPED),
	C(31, HTTP_REQUESTS), C(32, HTTP_CUT), C(33, TURNS), C(34, TURNS_US), C(35, TURNS_1MS),
	C(36, TURNS_5MS), C(37, TURNS_10MS), C(38, TURNS_50MS), C(39, TURNS_100MS),
	C(40, TURNS_500MS), C(41, TURNS_1S), C(42, IKE_REKEYED), C(43, CHILD_REKEYED),
	C(44, REKEY_COLLISION), C(45, NAT_KEEPALIVE_OUT),
	C(46, FRAGMENTS_IN), C(47, FRAGMENTS_OUT), C(48, FRAGMENTS_WHOLE), C(49, FRAGMENTS_IGNORED),
	C(50, REDIRECT_OUT), C(51, REDIRECT_IN), C(52, REDIRECT_REFUSED), C(53, QCD_OUT),
	C(54, QCD_IN), C(55, QCD_BAD), C(56, INVALID_SPI_OUT), C(57, INVALID_SPI_IN),
	C(58, TICKET_OUT), C(59, TICKET_IN), C(60, RESUME_IN), C(61, RESUMED), C(62, RESUME_REFUSED),
	C(63, RESUME_FALLBACK),
	C(64, MOBIKE_UPDATES_IN), C(65, MOBIKE_UPDATES_OUT), C(66, MOBIKE_CHECKS), C(67, MOBIKE_PATHS),
	C(68, IKE_REAUTH),
	C(73, IKE_CHILD_IN), C(74, IKE_INFO_IN), C(75, IKE_INIT_OUT), C(76, IKE_AUTH_OUT),
	C(77, IKE_CHILD_OUT), C(78, IKE_INFO_OUT), C(79, IKE_REFUSALS_OUT),
	C(80, IKE_REFUSALS_LIMITED), C(81, FAN_OUT), C(82, TRAIN_REFUSED),
	C(91, ESP_CUT), C(92, ESP_OUT_FRAGMENTS), C(93, TOO_BIG_OUT), C(94, MSS_LOWERED),
	C(95, DHCP_OUT), C(96, CERTS_JUDGED_OK), C(97, CERTS_REFUSED), C(98, CERTS_CACHED), C(99, FETCHES),
	C(100, FETCHES_FAILED), C(101, LOGIN_KEY), C(102, LOGIN_CERT), C(103, LOGIN_EAP),
	C(104, REFUSED_KEY), C(105, REFUSED_CERT), C(106, REFUSED_EAP), C(107, RECONNECT_IN),
	C(108, RECONNECTED), C(109, RECONNECT_REFUSED),
	C(121, DHCP_DISCOVERS), C(122, DHCP_REQUESTS), C(123, DHCP_ACKS), C(124, DHCP_NAKS),
	C(125, DHCP_RELEASES), C(126, DHCP_DECLINES), C(127, DHCP_TIMEOUTS), C(128, DHCP_STRANGE),
	C(131, DISCONNECT_IN), C(132, DISCONNECT_ACK), C(133, DISCONNECT_NAK), C(134, COA_IN), C(135, COA_ACK),
	C(136, COA_NAK), C(137, COA_REPEATED),
	C(146, IKE_REAUTH_ASKED),
	C(150, STORE_DROPPED), C(151, ACCT_LOST),

	F(FAILURE_NAME, TREE_OCTETS), F(FAILURE_WORDS, TREE_OCTETS), F(FAILURE_COUNT, TREE_COUNTER64),

	P(NAME, TREE_OCTETS), P(VRF, TREE_OCTETS), P(FAMILY, TREE_INTEGER), P(SIZE, TREE_COUNTER64),
	P(IN_USE, TREE_COUNTER64), P(PEAK, TREE_COUNTER64), P(REFUSED, TREE_COUNTER64),

	S(ID, TREE_OCTETS), S(USER, TREE_OCTETS), S(IDENTITY, TREE_OCTETS), S(PROFILE, TREE_OCTETS),
	S(POLICY, TREE_OCTETS), S(VRF, TREE_OCTETS), S(IVRF, TREE_OCTETS),
	S(LOCAL_TYPE, TREE_INTEGER), S(LOCAL, TREE_OCTETS), S(LOCAL_PORT, TREE_UNSIGNED),
	S(REMOTE_TYPE, TREE_INTEGER), S(REMOTE, TREE_OCTETS), S(REMOTE_PORT, TREE_UNSIGNED),
	S(IP4, TREE_OCTETS), S(IP6, TREE_OCTETS), S(IP6_LEN, TREE_UNSIGNED), S(ROLE, TREE_INTEGER),
	S(STATE, TREE_INTEGER), S(START, TREE_OCTETS), S(IDLE, TREE_UNSIGNED),
	S(IN_OCTETS, TREE_COUNTER64), S(OUT_OCTETS, TREE_COUNTER64), S(IN_PACKETS, TREE_COUNTER64),
	S(OUT_PACKETS, TREE_COUNTER64), S(DROPS, TREE_COUNTER64),

	N(SESSIONS, TREE_INTEGER), N(POOLS, TREE_INTEGER), N(RATE, TREE_UNSIGNED),
	N(BURST, TREE_UNSIGNED),
};

const size_t tree_rows_len = sizeof(tree_rows) / sizeof(tree_rows[0]);

/* Failures and ends: rows of one table. The same rule: the next number, never another. */
static const struct failure {
	uint16_t number;
	uint16_t status;
} failures[] = {
	{1, ST_PENDING}, {2, ST_NOMEM}, {3, ST_AGAIN}, {4, ST_INTERNAL}, {5, ST_TIMEOUT},
	{6, ST_CANCELLED}, {7, ST_NOT_FOUND}, {8, ST_EXISTS}, {9, ST_LIMIT}, {10, ST_IO},
	{11, ST_CONFIG}, {12, ST_TRUNCATED}, {13, ST_TRAILING}, {14, ST_BAD_VERSION},
	{15, ST_BAD_LENGTH}, {16, ST_BAD_PAYLOAD}, {17, ST_BAD_EXCHANGE}, {18, ST_CRITICAL},
	{19, ST_BAD_SPI}, {20, ST_BAD_MSGID}, {21, ST_BAD_STATE}, {22, ST_NOT_AUTHENTIC},
	{23, ST_NAT_MARKER}, {24, ST_LINK_LOCAL}, {25, ST_COOKIE_WANTED}, {26, ST_BAD_COOKIE},
	{27, ST_HALF_OPEN_LIMIT}, {28, ST_HALF_OPEN_SOURCE}, {29, ST_SA_LIMIT}, {30, ST_NO_POLICY},
	{31, ST_NO_PROPOSAL}, {32, ST_INVALID_KE}, {33, ST_BAD_KE}, {34, ST_COOKIE_LOOP},
	{35, ST_NO_PROFILE}, {36, ST_PROFILE_AMBIGUOUS}, {37, ST_PROFILE_SHUTDOWN},
	{38, ST_NO_KEY}, {39, ST_AUTH_METHOD}, {40, ST_AUTH_FAILED}, {41, ST_PEER_REFUSED},
	{42, ST_NOT_AUTHORIZED}, {43, ST_HOOK_REFUSED}, {44, ST_HOOK_FAILED}, {45, ST_NO_ADDRESS},
	{46, ST_POOL_EXHAUSTED}, {47, ST_FAILED_CP}, {48, ST_NO_CHILD_PROPOSAL},
	{49, ST_TS_UNACCEPTABLE}, {50, ST_NO_ADDITIONAL_SAS}, {51, ST_STORE}, {52, ST_INSTALL},
	{53, ST_END_PEER}, {54, ST_END_ADMIN}, {55, ST_END_DPD}, {56, ST_END_LIFETIME},
	{57, ST_END_REPLACED}, {58, ST_END_SHUTDOWN}, {59, ST_END_LOST}, {60, ST_END_CONFIG},
	{61, ST_ESP_SHORT}, {62, ST_ESP_NO_SA}, {63, ST_ESP_REPLAY}, {64, ST_ESP_AUTH},
	{65, ST_ESP_PAD}, {66, ST_ESP_SOURCE}, {67, ST_ESP_SELECTOR}, {68, ST_ESP_MALFORMED},
	{69, ST_ESP_SEQ_END}, {70, ST_ESP_TOO_BIG}, {71, ST_ESP_PORT}, {72, ST_OUT_NO_ROUTE},
	{73, ST_OUT_HAIRPIN}, {74, ST_OUT_SELECTOR}, {75, ST_OUT_REDIRECT}, {76, ST_OUT_SEND},
	{77, ST_TUN_WRITE}, {78, ST_RING_FULL}, {79, ST_TEMPORARY}, {80, ST_NO_CHILD},
	{81, ST_END_REKEYED}, {82, ST_END_REDUNDANT},
	{84, ST_BAD_FRAGMENT}, {85, ST_FRAGMENT_LIMIT}, {86, ST_FRAGMENT_TIMEOUT},
	{87, ST_REDIRECTED}, {88, ST_REDIRECT_REFUSED}, {89, ST_REDIRECT_LOOP}, {90, ST_END_CRASHED},
	{91, ST_TICKET_BAD}, {92, ST_TICKET_EXPIRED}, {93, ST_TICKET_REVOKED}, {94, ST_END_RESUMED},
	{95, ST_UNEXPECTED_NAT}, {96, ST_UNACCEPTABLE_ADDRESSES}, {97, ST_BAD_COOKIE2},
	{98, ST_END_REAUTH}, {99, ST_PPK_REQUIRED}, {100, ST_PPK_UNKNOWN},
	{101, ST_END_IDLE}, {102, ST_ESP_MULTICAST}, {103, ST_DHCP_OTHER},
	{104, ST_ESP_ACL}, {105, ST_OUT_ACL}, {106, ST_ESP_RATE}, {107, ST_OUT_RATE}, {108, ST_OUT_QUEUE},
	{109, ST_OUT_MULTICAST}, {110, ST_ESP_ECN},
	{111, ST_NO_CERT}, {112, ST_BAD_CERT}, {113, ST_WEAK_KEY}, {114, ST_CERT_ALGORITHM},
	{115, ST_SIG_ALGORITHM}, {116, ST_BAD_SIGNATURE}, {117, ST_CERT_UNTRUSTED},
	{118, ST_CERT_EXPIRED}, {119, ST_CERT_NOT_YET}, {120, ST_CERT_NOT_CA},
	{121, ST_CERT_PATH_LENGTH}, {122, ST_CERT_CONSTRAINT}, {123, ST_CERT_USAGE},
	{124, ST_CERT_PURPOSE}, {125, ST_CERT_CRITICAL}, {126, ST_CERT_IDENTITY},
	{127, ST_CERT_REVOKED}, {128, ST_CERT_LIMIT}, {129, ST_REVOCATION_UNKNOWN},
	{130, ST_BAD_REVOCATION}, {131, ST_REVOCATION_STALE}, {132, ST_REVOCATION_SIGNER},
	{133, ST_REVOCATION_REFUSED}, {134, ST_NO_PRIVATE_KEY}, {135, ST_BAD_CMS},
	{140, ST_EAP_MALFORMED}, {141, ST_EAP_UNEXPECTED}, {142, ST_EAP_EARLY},
	{143, ST_EAP_NO_METHOD}, {144, ST_EAP_ROUNDS}, {145, ST_EAP_IDENTITY}, {146, ST_USER_UNKNOWN},
	{147, ST_USER_LOCKED}, {148, ST_USER_VERIFIER}, {149, ST_WRONG_PASSWORD}, {150, ST_WRONG_CODE},
	{151, ST_NO_PASSWORD},
	{152, ST_TLS}, {153, ST_TLS_ALERT}, {154, ST_TLS_CLOSED}, {155, ST_TLS_FRAGMENT},
	{156, ST_EAP_NAME},
	{160, ST_CERT_MAP},
	{161, ST_RADIUS_NONE}, {162, ST_RADIUS_TIMEOUT}, {163, ST_RADIUS_REJECT},
	{164, ST_RADIUS_REPLY}, {165, ST_NAME_MANGLER}, {166, ST_LOGIN_LIMIT}, {167, ST_DRAINING},
	{168, ST_RECONNECT_BAD}, {169, ST_RECONNECT_OVER}, {170, ST_DHCP_TIMEOUT},
	{171, ST_DHCP_REFUSED}, {172, ST_END_SESSION_TIMEOUT}, {173, ST_END_NOT_RESUMED},
	{174, ST_END_LOGIN_LIMIT}, {175, ST_END_DISCONNECT},
	{177, ST_COA_CLIENT}, {178, ST_COA_AUTH}, {179, ST_COA_OLD}, {187, ST_COA_MALFORMED},
	{194, ST_QUOTA_USED}, {195, ST_END_QUOTA},
	{196, ST_END_NOT_REAUTH}, {197, ST_END_UNAUTHORIZED},
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

uint32_t tree_failure(enum status st)
{
	for (size_t i = 0; i < FAILURES; i++)
		if (failures[i].status == st)
			return failures[i].number;
	return 0;
}

static bool is_table(uint8_t group)
{
	return group == TREE_FAILURES || group == TREE_POOLS || group == TREE_SESSIONS;
}

/* ---- instances ----------------------------------------------------------------------------------
 * Each set is sorted by its number; *_from is the position of the first that is not below it. */

static size_t failure_from(uint64_t number)
{
	size_t lo = 0, hi = FAILURES;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (failures[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t pool_from(const struct share_sample *s, uint64_t number)
{
	size_t lo = 0, hi = s->n_pools;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->pools[mid].index < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct snmp_traffic *traffic_of(const struct share_sample *s, uint64_t number)
{
	size_t lo = 0, hi = s ? s->n_traffic : 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->traffic[mid].index == number)
			return &s->traffic[mid];
		if (s->traffic[mid].index < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL; /* it came up after the sample */
}

/* The first instance of a row that is not below `from`. */
static bool instance_from(const struct tree_view *v, const struct tree_row *r, uint64_t from,
			  uint64_t *out)
{
	size_t at;
	switch (r->group) {
	case TREE_FAILURES:
		at = failure_from(from);
		*out = at < FAILURES ? failures[at].number : 0;
		return v->sample && at < FAILURES;
	case TREE_POOLS:
		at = v->sample ? pool_from(v->sample, from) : 0;
		if (!v->sample || at == v->sample->n_pools)
			return false;
		*out = v->sample->pools[at].index;
		return true;
	case TREE_SESSIONS:
		at = index_from(&v->cards, from);
		if (at == v->cards.n)
			return false;
		*out = v->cards.v[at]->card.index;
		return true;
	case TREE_SAMPLE:
	case TREE_GAUGES:
	case TREE_COUNTERS:
		if (!v->sample)
			return false;
		break;
	case TREE_PRODUCT:
		if (r->number == PRODUCT_UPTIME && !v->sample)
			return false;
		break;
	default:
		break;
	}
	*out = 0;
	return from == 0;
}

/* ---- places ------------------------------------------------------------------------------------ */

/* A row's own numbers: group, number for a scalar; group, 1, column for a table. */
static size_t row_name(const struct tree_row *r, tree_oid name[3])
{
	size_t n = 0;
	name[n++] = r->group;
	if (is_table(r->group))
		name[n++] = 1;
	name[n++] = r->number;
	return n;
}

/* Of what stands in name, as much as both have: below 0, 0 or above. */
static int compare(const struct tree_row *r, const tree_oid *name, size_t len)
{
	tree_oid own[3];
	size_t n = row_name(r, own);
	for (size_t i = 0; i < n && i < len; i++)
		if (own[i] != name[i])
			return own[i] < name[i] ? -1 : 1;
	return 0;
}

/* The first row that is not wholly before name. */
static size_t row_from(const tree_oid *name, size_t len)
{
	size_t lo = 0, hi = tree_rows_len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare(&tree_rows[mid], name, len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool tree_find(const struct tree_view *v, const tree_oid *name, size_t len, struct tree_place *out)
{
	size_t row = row_from(name, len);
	uint64_t instance;
	if (row == tree_rows_len || compare(&tree_rows[row], name, len) != 0)
		return false;
	size_t own = is_table(tree_rows[row].group) ? 3 : 2;
	if (len != own + 1 || !instance_from(v, &tree_rows[row], name[own], &instance) ||
	    instance != name[own])
		return false;
	*out = (struct tree_place){row, instance};
	return true;
}

bool tree_next(const struct tree_view *v, const tree_oid *name, size_t len, bool inclusive,
	       struct tree_place *out)
{
	size_t row = row_from(name, len);
	size_t own = row < tree_rows_len && is_table(tree_rows[row].group) ? 3 : 2;
	uint64_t from = 0;
	if (row < tree_rows_len && len > own && compare(&tree_rows[row], name, len) == 0) {
		from = name[own];
		/* What is longer than a place comes behind it. */
		if (len > own + 1 || !inclusive) {
			if (from == UINT64_MAX)
				row++;
			from = from == UINT64_MAX ? 0 : from + 1;
		}
	}
	for (; row < tree_rows_len; row++, from = 0) {
		if (instance_from(v, &tree_rows[row], from, &out->instance)) {
			out->row = row;
			return true;
		}
	}
	return false;
}

size_t tree_name(const struct tree_place *at, tree_oid name[TREE_NAME])
{
	size_t n = row_name(&tree_rows[at->row], name);
	name[n++] = (tree_oid)at->instance;
	return n;
}

/* ---- values ------------------------------------------------------------------------------------ */

static void put_text(struct tree_value *out, const char *text)
{
	out->p = text;
	out->len = strlen(text);
}

/* InetAddressType and InetAddress (RFC 4001): unknown(0) has no octets. */
static uint64_t addr_type(const struct addr *a)
{
	return a->family == 4 ? 1 : a->family == 6 ? 2 : 0;
}

static void put_addr(struct tree_value *out, const struct addr *a)
{
	out->p = a->b;
	out->len = addr_len(a);
}

/* DateAndTime (RFC 2579), UTC. */
static void put_date(struct tree_value *out, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm t;
	memset(out->buf, 0, sizeof(out->buf));
	out->p = out->buf;
	out->len = 11;
	if (ms < 0 || !gmtime_r(&s, &t))
		return;
	const uint8_t date[11] = {(uint8_t)((t.tm_year + 1900) >> 8), (uint8_t)(t.tm_year + 1900),
				  (uint8_t)(t.tm_mon + 1), (uint8_t)t.tm_mday, (uint8_t)t.tm_hour,
				  (uint8_t)t.tm_min, (uint8_t)t.tm_sec, (uint8_t)(ms % 1000 / 100), '+'};
	memcpy(out->buf, date, sizeof(date));
}

static uint64_t truth(bool is)
{
	return is ? 1 : 2; /* TruthValue */
}

static void get_scalar(const struct tree_view *v, const struct tree_row *r, struct tree_value *out)
{
	const struct share_values *now = v->sample ? &v->sample->values : NULL;
	switch (r->group) {
	case TREE_PRODUCT:
		if (r->number == PRODUCT_VERSION)
			put_text(out, v->version);
		else
			out->u = (now->gauge[GG_UPTIME_S] * 100) & UINT32_MAX;
		break;
	case TREE_SAMPLE:
		if (r->number == SAMPLE_TIME)
			put_date(out, now->wall_ms);
		else
			out->u = r->number == SAMPLE_NUMBER ? now->number : (uint64_t)now->wall_ms;
		break;
	case TREE_GAUGES: out->u = now->gauge[r->arg]; break;
	case TREE_COUNTERS: out->u = now->count[r->arg]; break;
	case TREE_NOTIFY:
		out->u = r->number == TREE_N_SESSIONS ? truth(v->notify_sessions) :
			 r->number == TREE_N_POOLS    ? truth(v->notify_pools) :
			 r->number == TREE_N_RATE     ? LIMIT_RATE : LIMIT_BURST;
		break;
	default: break;
	}
}

static void get_failure(const struct tree_view *v, uint8_t column, uint64_t number,
			struct tree_value *out)
{
	enum status st = (enum status)failures[failure_from(number)].status;
	if (column == FAILURE_COUNT)
		out->u = v->sample->values.status[st];
	else
		put_text(out, column == FAILURE_NAME ? status_token(st) : status_words(st));
}

void tree_pool(const struct share_pool *pool, enum tree_pool column, struct tree_value *out)
{
	const struct sample_pool *p = &pool->pool;
	switch (column) {
	case TREE_P_NAME: put_text(out, p->name); break;
	case TREE_P_VRF: put_text(out, p->ivrf); break;
	case TREE_P_FAMILY: out->u = p->family == 4 ? 1 : 2; break;
	case TREE_P_SIZE: out->u = p->total; break;
	case TREE_P_IN_USE: out->u = p->in_use; break;
	case TREE_P_PEAK: out->u = p->peak; break;
	case TREE_P_REFUSED: out->u = p->exhausted; break;
	}
}

void tree_session(const struct snmp_card *card, const struct snmp_traffic *t, enum tree_session column,
		  struct tree_value *out)
{
	switch (column) {
	case TREE_S_ID: put_text(out, card->id); break;
	case TREE_S_USER: put_text(out, card->user); break;
	case TREE_S_IDENTITY: put_text(out, card->identity); break;
	case TREE_S_PROFILE: put_text(out, card->profile); break;
	case TREE_S_POLICY: put_text(out, card->policy); break;
	case TREE_S_VRF: put_text(out, card->vrf); break;
	case TREE_S_IVRF: put_text(out, card->ivrf); break;
	case TREE_S_LOCAL_TYPE: out->u = addr_type(&card->local.addr); break;
	case TREE_S_LOCAL: put_addr(out, &card->local.addr); break;
	case TREE_S_LOCAL_PORT: out->u = card->local.port; break;
	case TREE_S_REMOTE_TYPE: out->u = addr_type(&card->remote.addr); break;
	case TREE_S_REMOTE: put_addr(out, &card->remote.addr); break;
	case TREE_S_REMOTE_PORT: out->u = card->remote.port; break;
	case TREE_S_IP4: put_addr(out, &card->ip4); break;
	case TREE_S_IP6: put_addr(out, &card->ip6); break;
	case TREE_S_IP6_LEN: out->u = card->ip6.family ? card->ip6_len : 0; break;
	case TREE_S_ROLE: out->u = card->is_initiator ? 1 : 2; break;
	case TREE_S_STATE: out->u = card->is_waiting ? 3 : card->is_orphaned ? 2 : 1; break;
	case TREE_S_START: put_date(out, card->start_ms); break;
	case TREE_S_IDLE: out->u = t ? t->idle_s : 0; break;
	case TREE_S_IN_OCTETS: out->u = t ? t->octets_in : 0; break;
	case TREE_S_OUT_OCTETS: out->u = t ? t->octets_out : 0; break;
	case TREE_S_IN_PACKETS: out->u = t ? t->packets_in : 0; break;
	case TREE_S_OUT_PACKETS: out->u = t ? t->packets_out : 0; break;
	case TREE_S_DROPS: out->u = t ? t->drops : 0; break;
	}
}

void tree_get(const struct tree_view *v, const struct tree_place *at, struct tree_value *out)
{
	const struct tree_row *r = &tree_rows[at->row];
	*out = (struct tree_value){.type = (enum tree_type)r->type};
	switch (r->group) {
	case TREE_FAILURES: get_failure(v, r->number, at->instance, out); break;
	case TREE_POOLS:
		tree_pool(&v->sample->pools[pool_from(v->sample, at->instance)],
			  (enum tree_pool)r->number, out);
		break;
	case TREE_SESSIONS:
		tree_session(index_find(&v->cards, at->instance), traffic_of(v->sample, at->instance),
			     (enum tree_session)r->number, out);
		break;
	default: get_scalar(v, r, out); break;
	}
	if (r->type == TREE_UNSIGNED && out->u > UINT32_MAX)
		out->u = UINT32_MAX;
}

/* ---- a new sample ------------------------------------------------------------------------------ */

#define POOL_SEED 0x53616c6c79706f72 /* never another: the numbers are made with it */
#define NUMBER_MAX 0x7fffffffu

static uint32_t pool_number(const struct sample_pool *p)
{
	uint8_t key[2 * SAMPLE_NAME + 1] = {p->family};
	memcpy(key + 1, p->ivrf, strnlen(p->ivrf, SAMPLE_NAME));
	memcpy(key + 1 + SAMPLE_NAME, p->name, strnlen(p->name, SAMPLE_NAME));
	uint32_t n = (uint32_t)hash_bytes(POOL_SEED, key, sizeof(key)) & NUMBER_MAX;
	return n ? n : 1;
}

static int by_pool(const void *a, const void *b)
{
	const struct share_pool *x = a, *y = b;
	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	if (x->pool.family != y->pool.family)
		return x->pool.family < y->pool.family ? -1 : 1;
	int rc = strcmp(x->pool.ivrf, y->pool.ivrf);
	return rc ? rc : strcmp(x->pool.name, y->pool.name);
}

static int by_session(const void *a, const void *b)
{
	const struct snmp_traffic *x = a, *y = b;
	return x->index < y->index ? -1 : x->index > y->index;
}

void tree_prepare(struct share_sample *s)
{
	for (size_t i = 0; i < s->n_pools; i++)
		s->pools[i].index = pool_number(&s->pools[i].pool);
	qsort(s->pools, s->n_pools, sizeof(*s->pools), by_pool);
	/* Two pools of one number are as good as impossible; the second takes the next. */
	for (size_t i = 1; i < s->n_pools; i++)
		if (s->pools[i].index <= s->pools[i - 1].index)
			s->pools[i].index = s->pools[i - 1].index + 1;
	qsort(s->traffic, s->n_traffic, sizeof(*s->traffic), by_session);
}
