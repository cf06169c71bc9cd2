#include "cmd/acct_record.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/ike/id_text.h"
#include "core/session/coa_match.h"

#define VIRTUAL 5 /* NAS-Port-Type (RFC 2865 5.41) */
#define FRAMED  2 /* Service-Type */

/* u8 length of the groups, the groups, attributes. */
static void put_groups(struct wr *o, const char *groups)
{
	size_t len = strlen(groups);
	wr_u8(o, (uint8_t)(len < UINT8_MAX ? len : UINT8_MAX));
	wr_bytes(o, groups, len < UINT8_MAX ? len : UINT8_MAX);
}

static void put_pair(struct wr *o, const char *name, const char *value)
{
	if (value[0])
		radius_put_avpair(o, name, value);
}

static void put_prefix6(struct wr *o, uint8_t type, const struct prefix *p)
{
	uint8_t v[18] = {0, p->len};
	struct prefix net = *p;
	prefix_mask(&net);
	memcpy(v + 2, net.addr.b, 16);
	radius_put(o, type, v, 2 + ((size_t)p->len + 7) / 8);
}

/* An address, or the whole prefix that is the client's and its address in it (RFC 3162, 6911); and the networks
 * behind it (RFC 4818). */
static void put_ip6(struct wr *o, const struct session *s)
{
	struct prefix net = coa_net6(s);
	uint8_t id[COA_INTERFACE_ID];
	if (net.addr.family == 6 && net.len == 128)
		radius_put(o, RADIUS_FRAMED_IPV6_ADDRESS, s->grant->ip6.b, 16);
	else if (net.addr.family == 6)
		put_prefix6(o, RADIUS_FRAMED_IPV6_PREFIX, &net);
	if (coa_interface_id(s, id))
		radius_put(o, RADIUS_FRAMED_INTERFACE_ID, id, sizeof(id));
	for (size_t i = 0; s->terms && i < s->terms->delegated.n; i++)
		put_prefix6(o, RADIUS_DELEGATED_IPV6_PREFIX, &s->terms->delegated.v[i]);
}

/* As a CoA- or Disconnect-Request may name it. */
static void put_port(struct wr *o, const struct session *s)
{
	char name[COA_IFNAME];
	if (coa_port(s))
		radius_put_u32(o, RADIUS_NAS_PORT, coa_port(s));
	radius_put_text(o, RADIUS_NAS_PORT_ID, coa_ifname(s, name));
	radius_put_u32(o, RADIUS_NAS_PORT_TYPE, VIRTUAL);
}

/* What the server wants to have back (RFC 2865 5.25, RFC 4372). */
static void put_echo(struct wr *o, const struct session_terms *t)
{
	struct view class;
	size_t at = 0;
	while (aaa_class_next(t->class, &at, &class))
		radius_put(o, RADIUS_CLASS, class.p, class.len);
	radius_put_text(o, RADIUS_CUI, t->cui);
}

/* As the server knows the user: in the session it is escaped. */
static void put_user(struct wr *o, const struct session *s)
{
	char name[SESSION_USERNAME];
	if (strcmp(id_text(s->peer_id, name, sizeof(name)), s->username) == 0)
		id_plain(s->peer_id, name, sizeof(name));
	else
		unescape_bytes(name, sizeof(name), s->username);
	radius_put_text(o, RADIUS_USER_NAME, name);
}

void acct_put_who(struct wr *o, const char *nas, const struct session *s)
{
	char id[ULID_TEXT], addr[ADDR_TEXT];
	radius_put_text(o, RADIUS_ACCT_SESSION_ID, ulid_format(&s->ulid, id));
	put_user(o, s);
	radius_put_text(o, RADIUS_NAS_IDENTIFIER, nas);
	put_port(o, s);
	radius_put_text(o, RADIUS_CALLED_STATION_ID, addr_format(&s->local.addr, addr));
	radius_put_text(o, RADIUS_CALLING_STATION_ID, addr_format(&s->remote.addr, addr));
	if (s->grant->ip4.family == 4)
		radius_put(o, RADIUS_FRAMED_IP_ADDRESS, s->grant->ip4.b, 4);
	put_ip6(o, s);
	put_pair(o, "audit-session-id", id);
}

void acct_put_base(struct wr *o, const char *groups, const char *nas, const struct session *s)
{
	char text[IKE_ID_LEN], addr[ADDR_TEXT];
	put_groups(o, groups);
	acct_put_who(o, nas, s);
	radius_put_u32(o, RADIUS_SERVICE_TYPE, FRAMED);
	radius_put_u32(o, RADIUS_ACCT_AUTHENTIC, s->is_of_radius ? RADIUS_AUTHENTIC_RADIUS : RADIUS_AUTHENTIC_LOCAL);
	if (s->terms)
		put_echo(o, s->terms);
	put_pair(o, "isakmp-phase1-id", id_text(s->peer_id, text, sizeof(text)));
	put_pair(o, "isakmp-initiator-ip", addr_format(s->we_are_initiator ? &s->local.addr : &s->remote.addr, addr));
}

static void put_octets(struct wr *o, uint8_t type, uint8_t giga, uint64_t v)
{
	radius_put_u32(o, type, (uint32_t)v);
	if (v >> 32)
		radius_put_u32(o, giga, (uint32_t)(v >> 32));
}

static void put_traffic(struct wr *o, const struct acct_event *e)
{
	const struct acct_traffic *t = e->traffic;
	radius_put_u32(o, RADIUS_ACCT_SESSION_TIME, e->ms > e->start_ms ? (uint32_t)((e->ms - e->start_ms) / 1000) : 0);
	put_octets(o, RADIUS_ACCT_INPUT_OCTETS, RADIUS_ACCT_INPUT_GIGAWORDS, t->bytes_in);
	put_octets(o, RADIUS_ACCT_OUTPUT_OCTETS, RADIUS_ACCT_OUTPUT_GIGAWORDS, t->bytes_out);
	radius_put_u32(o, RADIUS_ACCT_INPUT_PACKETS, (uint32_t)t->packets_in);
	radius_put_u32(o, RADIUS_ACCT_OUTPUT_PACKETS, (uint32_t)t->packets_out);
}

void acct_put_event(struct wr *o, const struct acct_event *e)
{
	radius_put_u32(o, RADIUS_ACCT_STATUS_TYPE, e->kind);
	radius_put_u32(o, RADIUS_EVENT_TIMESTAMP, (uint32_t)(e->ms / 1000));
	radius_put_avpair(o, "connect-progress", "Call Up");
	if (e->traffic)
		put_traffic(o, e);
	if (e->kind != RADIUS_ACCT_STOP)
		return;
	radius_put_u32(o, RADIUS_ACCT_TERMINATE_CAUSE, acct_cause(e->why));
	radius_put_avpair(o, "disc-cause-ext", status_token(e->why));
}

void acct_put_headend(struct wr *o, const char *groups, const char *nas, const struct acct_event *e)
{
	char id[32];
	put_groups(o, groups);
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)e->ms);
	radius_put_text(o, RADIUS_ACCT_SESSION_ID, id);
	radius_put_text(o, RADIUS_NAS_IDENTIFIER, nas);
	radius_put_u32(o, RADIUS_ACCT_STATUS_TYPE, e->kind);
	radius_put_u32(o, RADIUS_EVENT_TIMESTAMP, (uint32_t)(e->ms / 1000));
	if (e->kind == RADIUS_ACCT_OFF)
		radius_put_u32(o, RADIUS_ACCT_TERMINATE_CAUSE, RADIUS_CAUSE_ADMIN_REBOOT);
}

bool acct_open(struct view record, size_t at, char group[RADIUS_VALUE_MAX + 1], struct view *attrs)
{
	struct rd r = rd_init(record.p, record.len);
	struct view groups = rd_bytes(&r, rd_u8(&r));
	size_t from = 0;
	*attrs = rd_rest(&r);
	if (!rd_ok(&r))
		return false;
	while (from < groups.len) {
		const uint8_t *comma = memchr(groups.p + from, ',', groups.len - from);
		size_t end = comma ? (size_t)(comma - groups.p) : groups.len;
		if (at-- == 0) {
			if (end - from > RADIUS_VALUE_MAX)
				return false;
			memcpy(group, groups.p + from, end - from);
			group[end - from] = 0;
			return true;
		}
		from = end + 1;
	}
	return false;
}

struct view acct_groups(struct view record)
{
	struct rd r = rd_init(record.p, record.len);
	struct view groups = rd_bytes(&r, rd_u8(&r));
	return rd_ok(&r) ? groups : (struct view){0};
}

uint32_t acct_cause(enum status why)
{
	static const struct {
		uint16_t status;
		uint16_t cause;
	} rows[] = {
		{ST_END_PEER, RADIUS_CAUSE_USER_REQUEST},
		{ST_END_DPD, RADIUS_CAUSE_LOST_CARRIER},
		{ST_TIMEOUT, RADIUS_CAUSE_LOST_CARRIER},
		{ST_END_NOT_RESUMED, RADIUS_CAUSE_LOST_CARRIER},
		{ST_END_CRASHED, RADIUS_CAUSE_LOST_CARRIER},
		{ST_END_IDLE, RADIUS_CAUSE_IDLE_TIMEOUT},
		{ST_END_SESSION_TIMEOUT, RADIUS_CAUSE_SESSION_TIMEOUT},
		{ST_END_LIFETIME, RADIUS_CAUSE_SESSION_TIMEOUT},
		{ST_END_NOT_REAUTH, RADIUS_CAUSE_SESSION_TIMEOUT},
		{ST_END_ADMIN, RADIUS_CAUSE_ADMIN_RESET},
		{ST_END_DISCONNECT, RADIUS_CAUSE_ADMIN_RESET},
		/* The operator's server takes it away, as by a Disconnect-Request; the others are of users, lines and times. */
		{ST_END_UNAUTHORIZED, RADIUS_CAUSE_ADMIN_RESET},
		{ST_END_SHUTDOWN, RADIUS_CAUSE_ADMIN_REBOOT},
		{ST_END_LOST, RADIUS_CAUSE_NAS_REBOOT},
		{ST_END_CONFIG, RADIUS_CAUSE_NAS_REQUEST},
		{ST_END_QUOTA, RADIUS_CAUSE_NAS_REQUEST},
		{ST_REDIRECTED, RADIUS_CAUSE_NAS_REQUEST},
		{ST_END_REPLACED, RADIUS_CAUSE_PORT_PREEMPTED},
		{ST_END_LOGIN_LIMIT, RADIUS_CAUSE_PORT_PREEMPTED},
		{ST_END_REAUTH, RADIUS_CAUSE_PORT_PREEMPTED},
		{ST_END_RESUMED, RADIUS_CAUSE_PORT_PREEMPTED},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == why)
			return rows[i].cause;
	return RADIUS_CAUSE_NAS_ERROR;
}
