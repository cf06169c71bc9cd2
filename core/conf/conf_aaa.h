/* Plain structs of AAA: method lists, RADIUS servers and their groups, attribute lists, name
 * manglers, dynamic authorization. Same rules as conf_ike.h. INHERIT: the next wider value counts,
 * in the order server, group, global. */
#ifndef CORE_CONF_CONF_AAA_H
#define CORE_CONF_CONF_AAA_H

#include "core/conf/conf_net.h"

#define CONF_RADIUS_SERVERS  64 /* of a configuration, private ones too */
#define CONF_AAA_GROUPS      32
#define CONF_GROUP_SERVERS   16
#define CONF_LIST_METHODS    8
#define CONF_DYNAUTH_CLIENTS 64
#define CONF_DYNAUTH_PORTS   8
#define CONF_ATTRIBUTES      64 /* of an attribute list */

enum aaa_kind { AAA_AUTHEN_LOGIN, AAA_AUTHOR_NETWORK, AAA_ACCT_NETWORK };
/* methods, in order: "local", "none", "group NAME" (aaa_method_group() of aaa.h takes it apart),
 * and words of a router that are never asked here. Of accounting: groups only. */
struct aaa_list {
	char *name;
	uint8_t kind; /* enum aaa_kind */
	struct str_list methods;
	char *acct_mode; /* start-stop, stop-only, none; NULL: not said, nothing is accounted */
	bool broadcast;  /* accounting: to all its groups, not to the first that answers */
};

#define AAA_GROUP_ALL "radius" /* the group of all servers that are not private */

/* `tls` of a `radius server` (RFC 6614). */
enum radius_match { RADIUS_MATCH_HOST, RADIUS_MATCH_NAME, RADIUS_MATCH_ADDRESS, RADIUS_MATCH_EMAIL };
struct radius_tls {
	bool on; /* false: by UDP, whatever else is here */
	uint32_t port;
	char *client;   /* trustpoint of our certificate; NULL: none is shown */
	char *server;   /* trustpoint that judges the server's; NULL: that of client */
	uint8_t match;  /* enum radius_match: what that certificate must name; HOST: host */
	char *identity; /* of the other three */
	uint32_t connect_s;
	uint32_t idle_s;
	uint32_t watchdog_s; /* 0: none */
	uint32_t retries;
};

/* `radius server`, `radius-server host`, `server-private`. */
struct radius_server {
	char *name;       /* of the last two: HOST, HOST:PORT or [HOST]:PORT (IPv6) if auth_port is
			     not RADIUS_AUTH_PORT */
	bool is_host;     /* of `radius-server host` */
	char *host;       /* an address, or a name to be looked up; NULL: none yet */
	struct addr addr; /* host as an address; family 0: a name */
	uint8_t family;   /* of a name: 4 or 6 was asked for, 0: either */
	uint32_t auth_port;
	uint32_t acct_port;
	struct secret key;    /* form SECRET_NONE: radius-server key, by TLS "radsec"; aaa_server_key() */
	uint32_t timeout_s;   /* or INHERIT */
	uint32_t retransmit;  /* tries after the first, or INHERIT */
	char *tester;         /* words of automate-tester; NULL: none */
	bool probe;           /* probe-on is among them: a dead one is asked with Status-Server */
	bool trusts_unsigned; /* replies without Message-Authenticator are taken */
	struct addr source;   /* of our packets; family 0: as source-interface or the host says */
	struct radius_tls tls;
};
#define RADIUS_AUTH_PORT 1812
#define RADIUS_ACCT_PORT 1813

/* `ip|ipv6 radius source-interface`. */
struct radius_source {
	uint8_t family; /* 4 or 6 */
	char *ifname;   /* canonical */
	char *vrf;      /* of the servers that it is for; NULL: those in our own namespace */
};

struct radius_global {
	struct secret key;
	uint32_t timeout_s;
	uint32_t retransmit;
	uint32_t deadtime_min; /* how long a dead server rests; 0: not at all */
	bool balances; /* requests to AAA_GROUP_ALL are shared; else the first that is alive */
	struct radius_source *sources; /* one for each family and VRF */
	size_t source_count;
};

enum aaa_member_kind { MEMBER_NAME, MEMBER_ADDRESS, MEMBER_PRIVATE };
struct aaa_member {
	uint8_t kind; /* enum aaa_member_kind */
	char *name;   /* of MEMBER_NAME */
	/* Of MEMBER_PRIVATE; of MEMBER_ADDRESS only host, addr and the ports that were said (0:
	 * any): aaa_member_server() of aaa.h finds the one that is meant. */
	struct radius_server server;
};
/* `aaa group server radius`. */
struct aaa_group {
	char *name;
	struct aaa_member *members; /* in the order in which they are asked */
	size_t member_count;
	char *vrf;    /* of its servers; NULL: our own namespace */
	char *source; /* canonical interface whose address our packets have; NULL: the global one */
	char *source6;
	uint32_t deadtime_min; /* 0: the global one */
	bool balances;
};

/* Of no object of its own. */
struct aaa_global {
	struct secret authorization_password; /* of look-ups that have none of their own; form
						 SECRET_NONE: none */
	bool update_newinfo;                  /* accounting: a record when something changes */
	uint32_t update_periodic_min;         /* accounting: and so often; 0: not */
};

/* R-AZP-01. In order; a type may stand several times. */
struct aaa_attribute {
	char *type;
	char *value;
	char *service;
	char *protocol;
};
struct attribute_list {
	char *name;
	struct aaa_attribute *attributes;
	size_t attribute_count;
};

/* R-MGL. 0 is no rule for identities of this type. */
enum mangle_field {
	MANGLE_FIELD_NONE,
	MANGLE_COMMON_NAME,
	MANGLE_COUNTRY,
	MANGLE_DOMAIN,
	MANGLE_LOCALITY,
	MANGLE_ORGANIZATION,
	MANGLE_ORGANIZATION_UNIT,
	MANGLE_STATE
};
enum mangle_part {
	MANGLE_NONE,
	MANGLE_ALL,
	MANGLE_DOMAIN_PART, /* email: behind @; fqdn: behind the first dot */
	MANGLE_FIRST_PART,  /* email: username; fqdn: hostname */
	MANGLE_DN,          /* eap: a field of a DN */
	MANGLE_PREFIX,      /* eap: before the delimiter */
	MANGLE_SUFFIX       /* eap: behind it */
};
struct name_mangler {
	char *name;
	uint8_t dn;            /* enum mangle_field */
	uint8_t eap;           /* enum mangle_part */
	uint8_t eap_dn;        /* of MANGLE_DN: enum mangle_field */
	uint8_t eap_delimiter; /* of MANGLE_PREFIX and MANGLE_SUFFIX: one of . @ \ */
	uint8_t email;         /* enum mangle_part */
	uint8_t fqdn;          /* enum mangle_part */
};

/* `aaa server radius dynamic-author` (R-POD, R-COA). */
struct dynauth_client {
	char *host;        /* an address, or a name to be looked up */
	struct addr addr;  /* host as an address; family 0: a name */
	char *vrf;         /* NULL: our own namespace */
	struct secret key; /* form SECRET_NONE: server-key of the block */
};
enum dynauth_match { DYNAUTH_ALL, DYNAUTH_ANY, DYNAUTH_SESSION_KEY };
#define DYNAUTH_PORT     3799 /* RFC 5176 */
#define DYNAUTH_PORT_OLD 1700 /* both listen where no port is named */
#define DYNAUTH_WINDOW_S 300  /* RFC 5176 section 6.3 */
#define DYNAUTH_REAUTH_S 60   /* also of the command, where nothing is configured */
struct dynauth {
	bool on;
	struct dynauth_client *clients;
	size_t client_count;
	struct secret key;
	uint32_t ports[CONF_DYNAUTH_PORTS]; /* 0: none; all 0: the two defaults */
	uint8_t match;                      /* enum dynauth_match: attributes that must fit */
	bool ignores_session_key;
	bool nak_404;            /* Error-Cause of an unknown session: 404, not 503 (R-POD-06) */
	bool requires_timestamp; /* requests without Event-Timestamp are dropped */
	uint32_t timestamp_window_s; /* how far from now it may be */
	uint32_t reauth_s; /* for a client that is told to authenticate again */
};

/* `crypto ikev2 reconnect key` (R-CRK): [0] is index 1. form SECRET_NONE: not configured. */
struct reconnect_key {
	struct secret key;
	bool active; /* session data is encrypted with it; at most one is */
};

#endif
