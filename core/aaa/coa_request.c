#include "core/aaa/coa_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/aaa/radius_sign.h"
#include "core/conf/argument.h"

#define EXTENDED_1 241                 /* RFC 6929 */
#define OPERATOR_NAS_IDENTIFIER 8      /* behind it: RFC 8559 */
#define SESSION_KEY "audit-session-id" /* cisco-avpair, and the next two */
#define COMMAND "subscriber:command"
#define REAUTH_TYPE "subscriber:reauthenticate-type"

enum role {
	ROLE_PACKET, /* of the exchange, and of no session */
	ROLE_NAS,
	ROLE_WHO,
	ROLE_CHANGE
};

#define COA  1u
#define DISC 2u
#define BOTH 3u

struct row {
	uint8_t type;
	enum role role;
	enum coa_by by;
	unsigned in;
	bool may_repeat;
};

/* RFC 5176 section 3.6, as far as this is a VPN headend; Framed-IP-Address and the like do name a session in a
 * Disconnect-Request (section 3), whatever the table there says; Delegated-IPv6-Prefix does only there, since in a
 * CoA-Request it would be a change (note 3), which no live session can be given. State is for Authorize-Only, and beside
 * Termination-Action for the login that follows. */
/* clang-format off */
static const struct row rows[] = {
	{RADIUS_PROXY_STATE, ROLE_PACKET, 0, BOTH, true},
	{RADIUS_MESSAGE_AUTHENTICATOR, ROLE_PACKET, 0, BOTH, false},
	{RADIUS_EVENT_TIMESTAMP, ROLE_PACKET, 0, BOTH, false},
	{RADIUS_REPLY_MESSAGE, ROLE_PACKET, 0, BOTH, true},
	{RADIUS_STATE, ROLE_PACKET, 0, COA, false},
	{RADIUS_SERVICE_TYPE, ROLE_PACKET, 0, COA, false},
	{RADIUS_ACCT_TERMINATE_CAUSE, ROLE_PACKET, 0, DISC, false},
	{RADIUS_NAS_IP_ADDRESS, ROLE_NAS, 0, BOTH, false},
	{RADIUS_NAS_IPV6_ADDRESS, ROLE_NAS, 0, BOTH, false},
	{RADIUS_NAS_IDENTIFIER, ROLE_NAS, 0, BOTH, false},
	{RADIUS_USER_NAME, ROLE_WHO, COA_BY_USER, BOTH, false},
	{RADIUS_CUI, ROLE_WHO, COA_BY_CUI, BOTH, false},
	{RADIUS_ACCT_SESSION_ID, ROLE_WHO, COA_BY_ACCT_ID, BOTH, false},
	{RADIUS_ACCT_MULTI_SESSION_ID, ROLE_WHO, COA_BY_MULTI_ID, BOTH, false},
	{RADIUS_FRAMED_IP_ADDRESS, ROLE_WHO, COA_BY_ADDR, BOTH, false},
	{RADIUS_FRAMED_IPV6_ADDRESS, ROLE_WHO, COA_BY_ADDR, BOTH, true},
	{RADIUS_FRAMED_IPV6_PREFIX, ROLE_WHO, COA_BY_PREFIX, BOTH, true},
	{RADIUS_FRAMED_INTERFACE_ID, ROLE_WHO, COA_BY_INTERFACE_ID, BOTH, false},
	{RADIUS_DELEGATED_IPV6_PREFIX, ROLE_WHO, COA_BY_DELEGATED, DISC, true},
	{RADIUS_CALLING_STATION_ID, ROLE_WHO, COA_BY_CALLING, BOTH, false},
	{RADIUS_CALLED_STATION_ID, ROLE_WHO, COA_BY_CALLED, BOTH, false},
	{RADIUS_NAS_PORT, ROLE_WHO, COA_BY_PORT, BOTH, false},
	{RADIUS_NAS_PORT_ID, ROLE_WHO, COA_BY_PORT_ID, BOTH, false},
	{RADIUS_CLASS, ROLE_CHANGE, 0, BOTH, true},
	{RADIUS_FILTER_ID, ROLE_CHANGE, 0, COA, true},
	{RADIUS_NAS_FILTER_RULE, ROLE_CHANGE, 0, COA, true},
	{RADIUS_SESSION_TIMEOUT, ROLE_CHANGE, 0, COA, false},
	{RADIUS_IDLE_TIMEOUT, ROLE_CHANGE, 0, COA, false},
	{RADIUS_TERMINATION_ACTION, ROLE_CHANGE, 0, COA, false},
	{RADIUS_ACCT_INTERIM_INTERVAL, ROLE_CHANGE, 0, COA, false},
	{RADIUS_VENDOR_SPECIFIC, ROLE_CHANGE, 0, COA, true},
};
/* clang-format on */

struct reading {
	struct coa_request *out;
	struct coa_answer *answer;
	bool seen[256];
	bool has_reauth_type;
	uint8_t changes[RADIUS_MAX]; /* attributes for the tables of attrs.h */
	struct wr w;
};

static bool refuse(struct coa_answer *a, uint32_t cause, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse(struct coa_answer *a, uint32_t cause, const char *fmt, ...)
{
	va_list ap;

	*a = (struct coa_answer){.cause = cause};
	va_start(ap, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
	return false;
}

static const struct row *find(uint8_t type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static const char *name_of(uint8_t type)
{
	const char *name = radius_attr_name(type);

	return name ? name : "attribute";
}

static bool wrong_value(const struct reading *r, uint8_t type)
{
	return refuse(r->answer, RADIUS_ERROR_INVALID_VALUE, "%s (%u) has no value of its type", name_of(type),
		(unsigned)type);
}

/* ---- who ---------------------------------------------------------------------------------------- */

/* A text that is empty would be that of every session that has none. */
static bool read_key(const struct radius_attr *a, struct coa_key *k)
{
	k->text = a->value;
	switch (k->by) {
	case COA_BY_ADDR:
		k->net.len = a->type == RADIUS_FRAMED_IP_ADDRESS ? 32 : 128;
		return a->type == RADIUS_FRAMED_IP_ADDRESS ? radius_ip4(a, &k->net.addr) : radius_ip6(a, &k->net.addr);
	case COA_BY_PREFIX:
	case COA_BY_DELEGATED: return radius_prefix6(a, &k->net);
	case COA_BY_INTERFACE_ID: return a->value.len == 8;
	case COA_BY_PORT: return radius_u32(a, &k->number);
	default: return a->value.len > 0 && memchr(a->value.p, 0, a->value.len) == NULL;
	}
}

static bool put_key(struct reading *r, const struct radius_attr *a, enum coa_by by)
{
	struct coa_request *out = r->out;
	struct coa_key k = {.by = by, .type = a->type};

	if (out->n_keys == COA_KEYS)
		return refuse(r->answer, RADIUS_ERROR_INVALID_REQUEST, "more than %d attributes name a session", COA_KEYS);
	if (!read_key(a, &k))
		return wrong_value(r, a->type);
	out->keys[out->n_keys++] = k;
	return true;
}

static bool put_nas(struct reading *r, const struct radius_attr *a)
{
	bool ok = a->value.len > 0;

	if (a->type == RADIUS_NAS_IDENTIFIER)
		r->out->nas_id = a->value;
	else if (a->type == RADIUS_NAS_IP_ADDRESS)
		ok = radius_ip4(a, &r->out->nas[0]);
	else
		ok = radius_ip6(a, &r->out->nas[1]);
	return ok || wrong_value(r, a->type);
}

/* The value of a cisco-avpair "name=VALUE", or an empty view. */
static struct view pair_value(const struct radius_attr *a, const char *name)
{
	const size_t len = strlen(name);

	if (a->vendor != RADIUS_VENDOR_CISCO || a->vendor_type != RADIUS_CISCO_AVPAIR || a->value.len <= len ||
		strncasecmp_ascii((const char *)a->value.p, name, len) != 0 || a->value.p[len] != '=')
		return (struct view){0};
	return (struct view){a->value.p + len + 1, a->value.len - len - 1};
}

static bool is_word(struct view v, const char *word)
{
	return v.len == strlen(word) && strncasecmp_ascii((const char *)v.p, word, v.len) == 0;
}

static bool has_key(const struct coa_request *r, enum coa_by by)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (r->keys[i].by == by)
			return true;
	return false;
}

/* ---- what --------------------------------------------------------------------------------------- */

/* Each part of a VSA stands alone, so that the session key can be taken out. */
static bool put_change(struct reading *r, const struct radius_attr *a)
{
	if (a->type != RADIUS_VENDOR_SPECIFIC)
		wr_bytes(&r->w, a->whole.p, a->whole.len);
	else if (a->vendor_type && a->value.len <= RADIUS_VSA_VALUE_MAX)
		radius_put_vsa(&r->w, a->vendor, a->vendor_type, a->value.p, a->value.len);
	else
		return refuse(r->answer, RADIUS_ERROR_UNSUPPORTED_ATTRIBUTE, "attribute 26 of vendor %lu is not understood",
			(unsigned long)a->vendor);
	return true;
}

static bool take_command(struct reading *r, struct view v)
{
	if (r->out->reauth)
		return refuse(r->answer, RADIUS_ERROR_INVALID_REQUEST, "%s stands twice", COMMAND);
	if (!is_word(v, "reauthenticate"))
		return refuse(r->answer, RADIUS_ERROR_UNSUPPORTED_SERVICE, "%s: only reauthenticate can be done here", COMMAND);
	r->out->reauth = true;
	return true;
}

/* By which method is a matter between the client and its profile: both words mean the same here. */
static bool take_reauth_type(struct reading *r, struct view v)
{
	if (r->has_reauth_type)
		return refuse(r->answer, RADIUS_ERROR_INVALID_REQUEST, "%s stands twice", REAUTH_TYPE);
	if (!is_word(v, "last") && !is_word(v, "rerun"))
		return refuse(r->answer, RADIUS_ERROR_INVALID_VALUE, "%s is last or rerun", REAUTH_TYPE);
	r->has_reauth_type = true;
	return true;
}

/* What a CoA-Request says by a pair. */
static bool take_pair(struct reading *r, const struct radius_attr *a)
{
	struct view command = pair_value(a, COMMAND), type = pair_value(a, REAUTH_TYPE);

	if (command.p != NULL)
		return take_command(r, command);
	return type.p != NULL ? take_reauth_type(r, type) : put_change(r, a);
}

static bool take_vsa(struct reading *r, const struct radius_attr *a)
{
	struct radius_attr inner = *a;

	inner.value = pair_value(a, SESSION_KEY);
	if (inner.value.p == NULL) {
		if (!r->out->is_disconnect)
			return take_pair(r, a);
		return refuse(r->answer, RADIUS_ERROR_UNSUPPORTED_ATTRIBUTE,
			"attribute 26 of vendor %lu does not belong into a Disconnect-Request", (unsigned long)a->vendor);
	}
	if (has_key(r->out, COA_BY_AUDIT_ID))
		return refuse(r->answer, RADIUS_ERROR_INVALID_REQUEST, "%s stands twice", SESSION_KEY);
	return put_key(r, &inner, COA_BY_AUDIT_ID);
}

/* ---- attributes --------------------------------------------------------------------------------- */

/* The only service that a CoA-Request may ask for; the others are of logins. */
static bool take_service(struct reading *r, const struct radius_attr *a)
{
	uint32_t service;

	if (!radius_u32(a, &service))
		return wrong_value(r, a->type);
	r->out->authorize = service == RADIUS_SERVICE_AUTHORIZE_ONLY;
	return r->out->authorize || refuse(r->answer, RADIUS_ERROR_UNSUPPORTED_SERVICE,
		"Service-Type is %lu: only Authorize-Only can be asked for", (unsigned long)service);
}

static bool take_of_packet(struct reading *r, const struct radius_attr *a)
{
	switch (a->type) {
	case RADIUS_MESSAGE_AUTHENTICATOR: r->out->is_signed = true; return true;
	case RADIUS_EVENT_TIMESTAMP: return a->value.len == 4 || wrong_value(r, a->type);
	case RADIUS_SERVICE_TYPE: return take_service(r, a);
	case RADIUS_STATE: r->out->state = a->value; return a->value.len > 0 || wrong_value(r, a->type);
	default: return true;
	}
}

static bool take_row(struct reading *r, const struct row *row, const struct radius_attr *a)
{
	if (r->seen[a->type] && !row->may_repeat)
		return refuse(r->answer, RADIUS_ERROR_INVALID_REQUEST, "%s stands twice", name_of(a->type));
	r->seen[a->type] = true;
	switch (row->role) {
	case ROLE_NAS: return put_nas(r, a);
	case ROLE_WHO: return put_key(r, a, row->by);
	case ROLE_CHANGE: return put_change(r, a);
	case ROLE_PACKET: break;
	}
	return take_of_packet(r, a);
}

static bool take(struct reading *r, const struct radius_attr *a)
{
	const struct row *row = find(a->type);

	/* What a proxy knew us by on the way here; the one that we are is said by NAS-Identifier. */
	if (a->type == EXTENDED_1 && a->value.len > 1 && a->value.p[0] == OPERATOR_NAS_IDENTIFIER)
		return true;
	if (a->type == RADIUS_VENDOR_SPECIFIC)
		return take_vsa(r, a);
	if (!row || !(row->in & (r->out->is_disconnect ? DISC : COA)))
		return refuse(r->answer, RADIUS_ERROR_UNSUPPORTED_ATTRIBUTE, "%s (%u) is not understood here", name_of(a->type),
			(unsigned)a->type);
	return take_row(r, row, a);
}

/* Section 3.2: who asks for Authorize-Only names the NAS and the session, gives State, and nothing else. */
static bool may_authorize(const struct reading *r)
{
	if (!r->out->authorize)
		return true;
	if (r->w.len || r->out->reauth || r->has_reauth_type || r->seen[RADIUS_REPLY_MESSAGE])
		return refuse(r->answer, RADIUS_ERROR_UNSUPPORTED_ATTRIBUTE,
			"Service-Type Authorize-Only stands beside what neither names a session nor is State");
	return r->out->state.p || refuse(r->answer, RADIUS_ERROR_MISSING_ATTRIBUTE, "Service-Type Authorize-Only without State");
}

/* The tables of attributes say what a live session can be given. */
static bool read_changes(struct reading *r)
{
	struct aaa_finding f;

	if (!wr_ok(&r->w))
		return refuse(r->answer, RADIUS_ERROR_INVALID_REQUEST, "too many parts in attributes of vendors");
	r->out->set = aaa_set_new();
	if (!r->out->set)
		return refuse(r->answer, RADIUS_ERROR_RESOURCES, "%s", status_words(ST_NOMEM));
	if (aaa_attrs_read(r->out->set, AAA_OF_COA, (struct view){r->changes, r->w.len}, &f) == ST_OK) {
		aaa_attrs_keep_state(r->out->set, r->out->state);
		return true;
	}
	return refuse(r->answer,
		f.verdict == AAA_WRONG ? RADIUS_ERROR_INVALID_VALUE : RADIUS_ERROR_UNSUPPORTED_ATTRIBUTE, "%s", f.why);
}

/* What the request must have. */
static bool is_whole(const struct reading *from)
{
	const struct coa_request *r = from->out;
	struct coa_answer *answer = from->answer;

	if (r->n_keys == 0)
		return refuse(answer, RADIUS_ERROR_MISSING_ATTRIBUTE, "no attribute names a session");
	if (from->has_reauth_type && !r->reauth)
		return refuse(answer, RADIUS_ERROR_MISSING_ATTRIBUTE, "%s without %s=reauthenticate", REAUTH_TYPE, COMMAND);
	if (!r->is_disconnect && !r->reauth && !r->authorize && r->set->has == 0)
		return refuse(answer, RADIUS_ERROR_MISSING_ATTRIBUTE, "there is nothing to change");
	return true;
}

bool coa_request_read(const struct radius_packet *p, struct coa_request *out, struct coa_answer *answer)
{
	struct reading r = {.out = out, .answer = answer};
	struct radius_cursor c = radius_begin(p->attrs);
	struct radius_attr a;
	bool ok = true;

	*out = (struct coa_request){.is_disconnect = p->code == RADIUS_DISCONNECT_REQUEST};
	*answer = (struct coa_answer){0};
	r.w = wr_init(r.changes, sizeof(r.changes));
	while (ok && radius_next(&c, &a))
		ok = take(&r, &a);
	ok = ok && may_authorize(&r) && read_changes(&r) && is_whole(&r);
	if (!ok)
		coa_request_fini(out);
	return ok;
}

void coa_request_fini(struct coa_request *r)
{
	aaa_set_free(r->set);
	*r = (struct coa_request){0};
}

/* Of the login, beside those that the tables pass over in a CoA-Request. */
static bool is_of_login(const struct radius_attr *a)
{
	return a->type == RADIUS_DELEGATED_IPV6_PREFIX || a->type == RADIUS_FRAMED_INTERFACE_ID;
}

bool coa_accept_read(struct view attrs, struct aaa_set *out, char why[AAA_WHY])
{
	uint8_t rest[RADIUS_MAX];
	struct wr w = wr_init(rest, sizeof(rest));
	struct radius_cursor c = radius_begin(attrs);
	struct radius_attr a;
	const uint8_t *last = NULL;
	struct aaa_finding f;

	while (radius_next(&c, &a)) {
		if (!is_of_login(&a) && a.whole.p != last) /* a VSA comes in its parts */
			wr_bytes(&w, a.whole.p, a.whole.len);
		last = a.whole.p;
	}
	bool ok = aaa_attrs_read(out, AAA_OF_COA, (struct view){rest, w.len}, &f) == ST_OK;

	snprintf(why, AAA_WHY, "%s", ok ? "" : f.why);
	return ok;
}

bool coa_request_time(const struct radius_packet *p, uint32_t *utc_s)
{
	struct radius_attr a;

	return radius_find(p->attrs, RADIUS_EVENT_TIMESTAMP, &a) && radius_u32(&a, utc_s);
}

/* ---- the answer --------------------------------------------------------------------------------- */

static uint8_t code_of(uint8_t request, bool is_ack)
{
	if (request == RADIUS_DISCONNECT_REQUEST)
		return is_ack ? RADIUS_DISCONNECT_ACK : RADIUS_DISCONNECT_NAK;
	return is_ack ? RADIUS_COA_ACK : RADIUS_COA_NAK;
}

/* State of a CoA-Request (section 3.3), each Proxy-State (section 3.1): as they came, in their order. */
static void put_back(struct wr *w, const struct radius_packet *request)
{
	struct radius_cursor c = radius_begin(request->attrs);
	struct radius_attr a;
	bool has_state = request->code != RADIUS_COA_REQUEST;

	while (radius_next(&c, &a)) {
		if (a.type != RADIUS_PROXY_STATE && (a.type != RADIUS_STATE || has_state))
			continue;
		has_state |= a.type == RADIUS_STATE; /* an answer has one at most */
		wr_bytes(w, a.whole.p, a.whole.len);
	}
}

bool coa_answer_build(const struct radius_packet *request, const struct coa_answer *a, struct view secret,
	struct wr *w)
{
	size_t from = w->len;
	struct wr_mark m = radius_open(w, code_of(request->code, a->cause == 0), request->id);
	struct radius_attr ma;

	/* Who proves a request in both ways may look for both proofs in the answer. */
	if (radius_find(request->attrs, RADIUS_MESSAGE_AUTHENTICATOR, &ma))
		radius_put_unsigned(w);
	if (a->cause == RADIUS_ERROR_INITIATED)
		radius_put_u32(w, RADIUS_SERVICE_TYPE, RADIUS_SERVICE_AUTHORIZE_ONLY);
	if (a->cause) {
		radius_put_u32(w, RADIUS_ERROR_CAUSE, a->cause);
		if (a->says_why)
			radius_put_text(w, RADIUS_REPLY_MESSAGE, a->why);
	} else if (request->code == RADIUS_DISCONNECT_REQUEST) {
		radius_put_u32(w, RADIUS_ACCT_TERMINATE_CAUSE, RADIUS_CAUSE_ADMIN_RESET);
	}
	put_back(w, request);
	wr_close16(w, m);
	return wr_ok(w) && w->len - from <= RADIUS_MAX &&
	       radius_sign_reply(secret, request->authenticator, w->buf + from, w->len - from) == ST_OK;
}
