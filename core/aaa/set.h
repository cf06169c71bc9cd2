/* What one source of authorization gives a session: an authorization policy of the configuration, or the
 * attributes of a RADIUS packet. Plain values without pointers; what they name (pools, access lists,
 * policy maps) are names here, which core/session looks up. Which values are there is said by bits, so
 * that 0, "no" and an empty text can be given too. Pure; loop thread. */
#ifndef CORE_AAA_SET_H
#define CORE_AAA_SET_H

#include "core/aaa/item_list.h"
#include "core/base/addr.h"
#include "core/base/quota.h"
#include "core/base/rd.h"
#include "core/base/status.h"

struct authz_policy;

#define AAA_NAME 64        /* of an object of the configuration, with NUL */
#define AAA_TEXT 256       /* of a domain, a URL, a person, with NUL */
#define AAA_BANNER 512     /* with NUL */
#define AAA_JOINED 1024    /* names with commas between them, with NUL */
#define AAA_JOINED_MAX 10  /* R-RAD-34, R-RAD-35 */
#define AAA_NETS 32        /* networks of one kind */
#define AAA_NAMES 32       /* access lists whose networks are pushed */
#define AAA_DNS 4          /* name servers of one family */
#define AAA_DELEGATED 4
#define AAA_CLASS 1024     /* bytes of all Class attributes */
#define AAA_STATE 253      /* bytes of one attribute */
#define AAA_FILTER 2048    /* text of one filter, with NUL */
#define AAA_KEY 256
#define AAA_WHY 192        /* a sentence for the operator, with NUL */

/* Which way, and of which packets: `in` is what the client sends. */
enum aaa_filter { AAA_IN4, AAA_OUT4, AAA_IN6, AAA_OUT6, AAA_FILTERS };

struct aaa_nets {
	uint8_t n;
	struct prefix v[AAA_NETS];
};
struct aaa_names {
	uint8_t n;
	char v[AAA_NAMES][AAA_NAME];
};
struct aaa_prefixes {
	uint8_t n;
	struct prefix v[AAA_DELEGATED];
};
/* A length and so many bytes, n times, in the order in which they came. */
struct aaa_class {
	uint8_t n;
	uint16_t len;
	uint8_t bytes[AAA_CLASS];
};
/* For the login that takes the place of this session (RFC 2865 5.24). */
struct aaa_state {
	uint8_t len;
	uint8_t bytes[AAA_STATE];
};
struct aaa_key {
	uint16_t len;
	uint8_t bytes[AAA_KEY];
};
struct aaa_accept {
	bool any;        /* false: none */
	bool of_clients; /* it is about what a client announces, too (not the line that policy `default` has) */
	uint32_t tag;
	uint32_t distance;
};

/* A limit of volume: its octets and its time make it this one. */
struct aaa_quota {
	uint64_t octets;    /* 0: no limit, whatever a weaker source says */
	uint8_t way;        /* enum quota_way */
	uint8_t period;     /* enum quota_period */
	uint8_t state;      /* enum quota_state, as two below: of a live session */
	uint8_t told;
	char map[AAA_NAME]; /* policy map of a session beyond it; "": it ends */
};
struct aaa_quotas {
	uint8_t n;
	struct aaa_quota v[QUOTAS_MAX];
};

enum aaa_split { AAA_SPLIT_ALL, AAA_SPLIT_INCLUDE, AAA_SPLIT_EXCLUDE };

struct aaa_set {
	uint64_t has; /* bits of enum aaa_item; use aaa_has() */
	char pool4[AAA_NAME];
	char pool6[AAA_NAME];
	struct addr ip4; /* family 0: out of the pool, whatever a weaker source says (RFC 2865 5.8) */
	uint8_t mask4;
	struct addr ip6;
	uint8_t ip6_len;
	struct prefix prefix6; /* all of it is the client's */
	struct aaa_prefixes delegated;
	struct addr dns4[AAA_DNS]; /* family 0: none in this place */
	struct addr dns6[AAA_DNS];
	struct addr wins[2];
	char domain[AAA_TEXT];
	char split_dns[AAA_JOINED];
	char backup[AAA_JOINED];
	char banner[AAA_BANNER];
	char config_url[AAA_TEXT];
	char config_version[AAA_NAME];
	bool local_lan;
	bool pfs;
	bool smartcard;
	bool reauth; /* when Session-Timeout is over: authenticate again rather than end */
	uint32_t flow_limit; /* IPsec SAs; 0 allows none */
	uint32_t lifetime_s;
	uint32_t timeout_s;
	uint32_t idle_s;
	uint32_t disconnected_s; /* how long it waits for its client */
	uint32_t interim_s;
	uint32_t logins; /* 0: no limit */
	bool logins_refuse; /* one more is refused; else it ends the oldest */
	struct aaa_quotas quotas;
	uint32_t mtu;
	uint32_t mss;
	char vrf[AAA_NAME];
	char filter[AAA_FILTERS][AAA_FILTER]; /* a name, or lines: core/aaa/filter.h */
	char service[2][AAA_NAME];
	char dhcp_server[AAA_TEXT];
	struct addr dhcp_giaddr;
	uint32_t dhcp_timeout_s;
	char route_interface[AAA_NAME]; /* "": the tunnel's own */
	struct aaa_nets route_nets;
	struct aaa_names route_lists4;
	struct aaa_names route_lists6;
	struct aaa_nets remotes;
	struct aaa_accept route_accept;
	uint8_t split_policy; /* enum aaa_split */
	char group[AAA_NAME]; /* authorization policy that takes the place of the profile's for the group */
	char user_name[AAA_TEXT];
	char cui[AAA_TEXT];
	char reply[AAA_TEXT];
	struct aaa_class class;
	struct aaa_state state; /* beside Termination-Action RADIUS-Request of the same packet only */
	struct aaa_key key_local; /* pre-shared keys (R-RAD-20..22) */
	struct aaa_key key_remote;
};

#define AAA_BIT(item) (UINT64_C(1) << (item))

static inline bool aaa_has(const struct aaa_set *s, enum aaa_item item)
{
	return s->has & AAA_BIT(item);
}

/* Empty. NULL: out of memory. Zeroed when it is freed: keys may be in it. */
struct aaa_set *aaa_set_new(void);
void aaa_set_free(struct aaa_set *s); /* NULL is fine */
/* NULL: none of these octets and this time. */
struct aaa_quota *aaa_find_quota(struct aaa_set *s, enum quota_way way, enum quota_period period);
const char *aaa_item_words(enum aaa_item item);

/* Of an authorization policy all but its attribute list, into an empty set. ST_NOT_AUTHORIZED with a sentence:
 * more than there is room for, a netmask with holes. */
enum status aaa_set_policy(struct aaa_set *s, const struct authz_policy *a, char why[AAA_WHY]) MUST_USE;

/* What follows puts one value; false: no room (or, of a text, too long), and nothing changed. */
bool aaa_put_text(struct aaa_set *s, enum aaa_item item, const char *text);
bool aaa_put_net(struct aaa_set *s, enum aaa_item item, const struct prefix *p); /* one more */
bool aaa_put_name(struct aaa_set *s, enum aaa_item item, const char *name);      /* one more */
bool aaa_put_joined(struct aaa_set *s, enum aaa_item item, const char *name);    /* one more */
bool aaa_put_quota(struct aaa_set *s, const struct aaa_quota *q); /* in the place of that of the same octets and time */
bool aaa_put_class(struct aaa_set *s, const void *p, size_t len);
bool aaa_put_state(struct aaa_set *s, struct view state);
/* Class attributes one by one: *at 0 at first, false at the end. */
bool aaa_class_next(struct view all, size_t *at, struct view *out);

#endif
