#include "core/ike/payload_table.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MANY PAYLOADS_MAX

#define RULE(k, t, min, max) {MK_##k, PT_##t, min, max}

/* CP stands in some clients' IKE_SA_INIT and CREATE_CHILD_SA, where it means nothing: allowed,
 * ignored. CERTREQ comes with pre-shared keys, too. */
static const struct payload_rule rules[] = {
	RULE(INIT_REQUEST, SA, 1, 1),
	RULE(INIT_REQUEST, KE, 1, 1),
	RULE(INIT_REQUEST, NONCE, 1, 1),
	RULE(INIT_REQUEST, NOTIFY, 0, MANY),
	RULE(INIT_REQUEST, VENDOR, 0, MANY),
	RULE(INIT_REQUEST, CP, 0, 1),

	RULE(INIT_REPLY, SA, 1, 1),
	RULE(INIT_REPLY, KE, 1, 1),
	RULE(INIT_REPLY, NONCE, 1, 1),
	RULE(INIT_REPLY, NOTIFY, 0, MANY),
	RULE(INIT_REPLY, VENDOR, 0, MANY),
	RULE(INIT_REPLY, CERTREQ, 0, MANY),

	RULE(INIT_ERROR, NOTIFY, 1, MANY),
	RULE(INIT_ERROR, VENDOR, 0, MANY),

	RULE(RESUME_REQUEST, NONCE, 1, 1),
	RULE(RESUME_REQUEST, NOTIFY, 1, MANY),
	RULE(RESUME_REQUEST, VENDOR, 0, MANY),

	RULE(RESUME_REPLY, NONCE, 1, 1),
	RULE(RESUME_REPLY, NOTIFY, 0, MANY),
	RULE(RESUME_REPLY, VENDOR, 0, MANY),

	RULE(AUTH_REQUEST, IDI, 1, 1),
	RULE(AUTH_REQUEST, IDR, 0, 1),
	RULE(AUTH_REQUEST, AUTH, 0, 1), /* absent: the client wants EAP */
	RULE(AUTH_REQUEST, CERT, 0, MANY),
	RULE(AUTH_REQUEST, CERTREQ, 0, MANY),
	RULE(AUTH_REQUEST, SA, 1, 1),
	RULE(AUTH_REQUEST, TSI, 1, 1),
	RULE(AUTH_REQUEST, TSR, 1, 1),
	RULE(AUTH_REQUEST, CP, 0, 1),
	RULE(AUTH_REQUEST, NOTIFY, 0, MANY),
	RULE(AUTH_REQUEST, VENDOR, 0, MANY),

	RULE(AUTH_CHILDLESS, IDI, 1, 1), /* RFC 6023 5 */
	RULE(AUTH_CHILDLESS, IDR, 0, 1),
	RULE(AUTH_CHILDLESS, AUTH, 0, 1),
	RULE(AUTH_CHILDLESS, CERT, 0, MANY),
	RULE(AUTH_CHILDLESS, CERTREQ, 0, MANY),
	RULE(AUTH_CHILDLESS, CP, 0, 1),
	RULE(AUTH_CHILDLESS, NOTIFY, 0, MANY),
	RULE(AUTH_CHILDLESS, VENDOR, 0, MANY),

	RULE(AUTH_EAP, EAP, 1, 1),
	RULE(AUTH_EAP, NOTIFY, 0, MANY),
	RULE(AUTH_EAP, VENDOR, 0, MANY),

	RULE(AUTH_FINAL, AUTH, 1, 1),
	RULE(AUTH_FINAL, NOTIFY, 0, MANY),
	RULE(AUTH_FINAL, VENDOR, 0, MANY),

	RULE(AUTH_EAP_REPLY, EAP, 1, 1),
	RULE(AUTH_EAP_REPLY, IDR, 0, 1),
	RULE(AUTH_EAP_REPLY, CERT, 0, MANY),
	RULE(AUTH_EAP_REPLY, AUTH, 0, 1),
	RULE(AUTH_EAP_REPLY, NOTIFY, 0, MANY),
	RULE(AUTH_EAP_REPLY, VENDOR, 0, MANY),

	RULE(AUTH_LAST, AUTH, 1, 1),
	RULE(AUTH_LAST, SA, 0, 1),
	RULE(AUTH_LAST, TSI, 0, 1),
	RULE(AUTH_LAST, TSR, 0, 1),
	RULE(AUTH_LAST, CP, 0, 1),
	RULE(AUTH_LAST, NOTIFY, 0, MANY),
	RULE(AUTH_LAST, VENDOR, 0, MANY),

	RULE(AUTH_REPLY, IDR, 1, 1),
	RULE(AUTH_REPLY, AUTH, 1, 1),
	RULE(AUTH_REPLY, CERT, 0, MANY),
	RULE(AUTH_REPLY, SA, 0, 1),
	RULE(AUTH_REPLY, TSI, 0, 1),
	RULE(AUTH_REPLY, TSR, 0, 1),
	RULE(AUTH_REPLY, CP, 0, 1),
	RULE(AUTH_REPLY, NOTIFY, 0, MANY),
	RULE(AUTH_REPLY, VENDOR, 0, MANY),

	RULE(AUTH_ERROR, NOTIFY, 1, MANY),
	RULE(AUTH_ERROR, VENDOR, 0, MANY),
	RULE(AUTH_ERROR, IDR, 0, 1),

	RULE(CHILD_REQUEST, SA, 1, 1),
	RULE(CHILD_REQUEST, NONCE, 1, 1),
	RULE(CHILD_REQUEST, KE, 0, 1),
	RULE(CHILD_REQUEST, TSI, 0, 1),
	RULE(CHILD_REQUEST, TSR, 0, 1),
	RULE(CHILD_REQUEST, CP, 0, 1),
	RULE(CHILD_REQUEST, NOTIFY, 0, MANY),
	RULE(CHILD_REQUEST, VENDOR, 0, MANY),

	RULE(CHILD_REPLY, SA, 0, 1),
	RULE(CHILD_REPLY, NONCE, 0, 1),
	RULE(CHILD_REPLY, KE, 0, 1),
	RULE(CHILD_REPLY, TSI, 0, 1),
	RULE(CHILD_REPLY, TSR, 0, 1),
	RULE(CHILD_REPLY, CP, 0, 1),
	RULE(CHILD_REPLY, NOTIFY, 0, MANY),
	RULE(CHILD_REPLY, VENDOR, 0, MANY),

	RULE(INFO, NOTIFY, 0, MANY),
	RULE(INFO, DELETE, 0, MANY),
	RULE(INFO, CP, 0, 1),
	RULE(INFO, VENDOR, 0, MANY),

	RULE(INTERMEDIATE, KE, 1, 1),
	RULE(INTERMEDIATE, NOTIFY, 0, MANY),
	RULE(INTERMEDIATE, VENDOR, 0, MANY),

	RULE(FOLLOWUP_REQUEST, KE, 1, 1),
	RULE(FOLLOWUP_REQUEST, NOTIFY, 0, MANY),
	RULE(FOLLOWUP_REQUEST, VENDOR, 0, MANY),

	RULE(FOLLOWUP_REPLY, KE, 0, 1),
	RULE(FOLLOWUP_REPLY, NOTIFY, 0, MANY),
	RULE(FOLLOWUP_REPLY, VENDOR, 0, MANY),
};

static bool is_childless(const struct ike_payloads *p)
{
	return payload_find(p, PT_SA) == NULL && payload_find(p, PT_TSI) == NULL &&
	       payload_find(p, PT_TSR) == NULL;
}

static enum message_kind auth_request_kind(const struct ike_payloads *p)
{
	if (payload_find(p, PT_EAP) != NULL)
		return MK_AUTH_EAP;
	if (payload_find(p, PT_IDI) == NULL && payload_find(p, PT_AUTH) != NULL)
		return MK_AUTH_FINAL;
	return is_childless(p) ? MK_AUTH_CHILDLESS : MK_AUTH_REQUEST;
}

static enum message_kind auth_reply_kind(const struct ike_payloads *p)
{
	if (payload_find(p, PT_EAP) != NULL)
		return MK_AUTH_EAP_REPLY;
	if (payload_find(p, PT_AUTH) == NULL)
		return MK_AUTH_ERROR;
	return payload_find(p, PT_IDR) != NULL ? MK_AUTH_REPLY : MK_AUTH_LAST;
}

enum message_kind message_kind(const struct ike_hdr *hdr, const struct ike_payloads *p)
{
	bool reply = ike_hdr_is_response(hdr);

	switch (hdr->exchange) {
	case EX_IKE_SA_INIT:
		if (!reply)
			return MK_INIT_REQUEST;
		return payload_find(p, PT_SA) != NULL ? MK_INIT_REPLY : MK_INIT_ERROR;
	case EX_IKE_SESSION_RESUME:
		if (!reply)
			return MK_RESUME_REQUEST;
		return payload_find(p, PT_NONCE) != NULL ? MK_RESUME_REPLY : MK_INIT_ERROR;
	case EX_IKE_AUTH:
		return reply ? auth_reply_kind(p) : auth_request_kind(p);
	case EX_CREATE_CHILD_SA:
		return reply ? MK_CHILD_REPLY : MK_CHILD_REQUEST;
	case EX_INFORMATIONAL:
		return MK_INFO;
	case EX_IKE_INTERMEDIATE:
		return MK_INTERMEDIATE;
	case EX_IKE_FOLLOWUP_KE:
		return reply ? MK_FOLLOWUP_REPLY : MK_FOLLOWUP_REQUEST;
	default:
		return MESSAGE_KINDS;
	}
}

static const struct payload_rule *find(enum message_kind kind, uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].kind == kind && rules[i].type == type)
			return &rules[i];
	return NULL;
}

enum status payloads_judge(enum message_kind kind, const struct ike_payloads *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (find(kind, p->v[i].type) == NULL)
			return ST_BAD_EXCHANGE;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		size_t n;

		if (rules[i].kind != kind)
			continue;
		n = payload_count(p, rules[i].type);
		if (n < rules[i].min || n > rules[i].max)
			return ST_BAD_EXCHANGE;
	}
	return ST_OK;
}

const struct payload_rule *payload_rules(size_t *n)
{
	*n = ARRAY_LEN(rules);
	return rules;
}
