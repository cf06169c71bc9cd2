/* What a CoA-Request or Disconnect-Request (RFC 5176) says: of which NAS, which session is meant, what is to
 * become of it. All attributes count: one that is not understood refuses the request (section 3), and so does one that
 * stands twice where it may stand once. Pure. */
#ifndef CORE_AAA_COA_REQUEST_H
#define CORE_AAA_COA_REQUEST_H

#include "core/aaa/attrs.h"

#define COA_KEYS 12 /* attributes that name a session; more of them refuse the request */

/* What names a session. The session key of a Cisco is audit-session-id. */
enum coa_by {
	COA_BY_AUDIT_ID,
	COA_BY_ACCT_ID,
	COA_BY_MULTI_ID,
	COA_BY_USER,
	COA_BY_CUI,
	COA_BY_ADDR,   /* net: one address, of either family */
	COA_BY_PREFIX, /* net */
	COA_BY_DELEGATED, /* net: one of the networks behind the client */
	COA_BY_INTERFACE_ID, /* text: 8 octets, the second half of an address whose first is a prefix of the client's own */
	COA_BY_CALLING,
	COA_BY_CALLED,
	COA_BY_PORT,   /* number */
	COA_BY_PORT_ID
};

/* Views lead into the packet. */
struct coa_key {
	enum coa_by by;
	uint8_t type; /* of the attribute */
	struct view text;
	struct prefix net;
	uint32_t number;
};

struct coa_request {
	bool is_disconnect;
	bool is_signed; /* has a Message-Authenticator */
	size_t n_keys;
	struct coa_key keys[COA_KEYS];
	struct addr nas[2];  /* NAS-IP-Address, NAS-IPv6-Address; family 0: not said */
	struct view nas_id;  /* NAS-Identifier; p NULL: not said */
	bool reauth;         /* the client is to authenticate again (subscriber:command=reauthenticate) */
	bool authorize;      /* RADIUS is to be asked what it may, with State (Authorize-Only, section 3.2); set is empty then */
	struct view state;   /* as it came; p NULL: none */
	struct aaa_set *set; /* what is to change; of a Disconnect-Request only its Class. Not NULL */
};

struct coa_answer {
	uint32_t cause;    /* enum radius_error_cause; 0: ACK. RADIUS_ERROR_INITIATED: RADIUS is being asked */
	uint32_t sessions; /* ACK: that were ended or changed */
	bool says_why;     /* why goes to the client as Reply-Message */
	char why[AAA_WHY]; /* for the log */
};

/* False: the answer is filled, and out holds nothing. */
bool coa_request_read(const struct radius_packet *p, struct coa_request *out, struct coa_answer *answer);
void coa_request_fini(struct coa_request *r);

/* The Access-Accept to an Authorize-Only: what a CoA-Request could change, by the same tables, into an empty set. False, with
 * a sentence that names the attribute: one of them is impossible, unknown or cannot be changed in a live session. What
 * would name a session in a CoA-Request is not looked at: core/session/coa_match.h does. */
bool coa_accept_read(struct view attrs, struct aaa_set *out, char why[AAA_WHY]);

/* Event-Timestamp (RFC 2869 5.3) without reading the rest. False: there is none, or it is no time. */
bool coa_request_time(const struct radius_packet *p, uint32_t *utc_s);

/* The whole answer, signed, into w; State of a CoA-Request goes back (section 3.3). False: does not fit (more Proxy-State than
 * there is room for). */
bool coa_answer_build(const struct radius_packet *request, const struct coa_answer *a, struct view secret,
	struct wr *w);

#endif
