/* What one source of authorization gives a session: an authorization policy of the configuration, or the
 * attributes of a RADIUS packet. Plain values without pointers; what they name (pools, access lists,
 * policy maps) are names here, which core/session looks up. Which values are there is said by bits, so
 * that 0, "no" and an empty text can be given too. Pure; loop thread. */
#ifndef CORE_AAA_SET_H
#define CORE_AAA_SET_H

#include "core/base/addr.h"
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
#define AAA_FILTER 2048    /* text of one filter, with NUL */
#define AAA_KEY 256
#define AAA_WHY 192        /* a sentence for the operator, with NUL */

/* How two sources come together (R-AZN-09, R-AZN-10):
 *   ONE   the value of the stronger source counts, as a whole
 *   NETS, NAMES, CLASS  a list in which values of both stand, the stronger source's first, none twice
 * Lists are what says "also": networks, and what accounting echoes. Name servers, domains, gateways and
 * filters are one value although they have parts: a user with a name server of his own does not want that
 * of his group as well, and lines of a filter behind `permit ip any any` would say nothing.
 *
 *   X(NAME, members, how, words) */
#define AAA_ITEM_LIST(X) \
	X(POOL4, pool4, ONE, "pool") \
	X(POOL6, pool6, ONE, "ipv6 pool") \
	X(IP4, ip4, ONE, "Framed-IP-Address") \
	X(MASK4, mask4, ONE, "netmask") \
	X(IP6, ip6, ONE, "IPv6 address") \
	X(IP6_LEN, ip6_len, ONE, "prefix-len") \
	X(PREFIX6, prefix6, ONE, "Framed-IPv6-Prefix") \
	X(DELEGATED, delegated, ONE, "Delegated-IPv6-Prefix") \
	X(DNS4, dns4, ONE, "dns") \
	X(DNS6, dns6, ONE, "ipv6 dns") \
	X(WINS, wins, ONE, "wins") \
	X(DOMAIN, domain, ONE, "def-domain") \
	X(SPLIT_DNS, split_dns, ONE, "split-dns") \
	X(BACKUP, backup, ONE, "backup-gateway") \
	X(BANNER, banner, ONE, "banner") \
	X(CONFIG_URL, config_url, ONE, "configuration url") \
	X(CONFIG_VERSION, config_version, ONE, "configuration version") \
	X(LOCAL_LAN, local_lan, ONE, "include-local-lan") \
	X(PFS, pfs, ONE, "pfs") \
	X(SMARTCARD, smartcard, ONE, "smartcard-removal-disconnect") \
	X(FLOW_LIMIT, flow_limit, ONE, "ipsec flow-limit") \
	X(LIFETIME, lifetime_s, ONE, "session-lifetime") \
	X(TIMEOUT, timeout_s, ONE, "Session-Timeout") \
	X(IDLE, idle_s, ONE, "Idle-Timeout") \
	X(REAUTH, reauth, ONE, "Termination-Action") \
	X(INTERIM, interim_s, ONE, "Acct-Interim-Interval") \
	X(LOGINS, logins, ONE, "Simultaneous-Logins") \
	X(MTU, mtu, ONE, "ip mtu") \
	X(MSS, mss, ONE, "ip tcp adjust-mss") \
	X(VRF, vrf, ONE, "vrf forwarding") \
	X(FILTER_IN4, filter[AAA_IN4], ONE, "filter in") \
	X(FILTER_OUT4, filter[AAA_OUT4], ONE, "filter out") \
	X(FILTER_IN6, filter[AAA_IN6], ONE, "ipv6 filter in") \
	X(FILTER_OUT6, filter[AAA_OUT6], ONE, "ipv6 filter out") \
	X(SERVICE_IN, service[0], ONE, "service-policy input") \
	X(SERVICE_OUT, service[1], ONE, "service-policy output") \
	X(DHCP_SERVER, dhcp_server, ONE, "dhcp server") \
	X(DHCP_GIADDR, dhcp_giaddr, ONE, "dhcp giaddr") \
	X(DHCP_TIMEOUT, dhcp_timeout_s, ONE, "dhcp timeout") \
	X(ROUTE_INTERFACE, route_interface, ONE, "route set interface") \
	X(ROUTE_NETS, route_nets, NETS, "route-set=prefix") \
	X(ROUTE_LISTS4, route_lists4, NAMES, "route set access-list") \
	X(ROUTE_LISTS6, route_lists6, NAMES, "route set access-list ipv6") \
	X(REMOTES, remotes, NETS, "route set remote") \
	X(ROUTE_ACCEPT, route_accept, ONE, "route accept") \
	X(SPLIT_POLICY, split_policy, ONE, "Split-Tunneling-Policy") \
	X(GROUP, group, ONE, "Group-Policy") \
	X(USER_NAME, user_name, ONE, "User-Name") \
	X(CUI, cui, ONE, "Chargeable-User-Identity") \
	X(REPLY, reply, ONE, "Reply-Message") \
	X(CLASS, class, CLASS, "Class") \
	X(KEY_LOCAL, key_local, ONE, "ikev2-password-local") \
	X(KEY_REMOTE, key_remote, ONE, "ikev2-password-remote")

enum aaa_item {
#define X(name, members, how, words) AV_##name,
	AAA_ITEM_LIST(X)
#undef X
	AV_ITEMS
};

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
	uint32_t interim_s;
	uint32_t logins; /* 0: no limit */
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
const char *aaa_item_words(enum aaa_item item);

/* Of an authorization policy all but its attribute list, into an empty set. ST_NOT_AUTHORIZED with a sentence:
 * more than there is room for, a netmask with holes. */
enum status aaa_set_policy(struct aaa_set *s, const struct authz_policy *a, char why[AAA_WHY]) MUST_USE;

/* What follows puts one value; false: no room (or, of a text, too long), and nothing changed. */
bool aaa_put_text(struct aaa_set *s, enum aaa_item item, const char *text);
bool aaa_put_net(struct aaa_set *s, enum aaa_item item, const struct prefix *p); /* one more */
bool aaa_put_name(struct aaa_set *s, enum aaa_item item, const char *name);      /* one more */
bool aaa_put_joined(struct aaa_set *s, enum aaa_item item, const char *name);    /* one more */
bool aaa_put_class(struct aaa_set *s, const void *p, size_t len);
/* Class attributes one by one: *at 0 at first, false at the end. */
bool aaa_class_next(struct view all, size_t *at, struct view *out);

/* user over cached, the result over group, or group over that with override (R-AZN-08, R-AZN-09). Any may
 * be NULL; out is empty. ST_LIMIT with a sentence: a list of all of them has no room. */
struct aaa_sources {
	const struct aaa_set *cached;
	const struct aaa_set *user;
	const struct aaa_set *group;
	bool override;
};
enum status aaa_merge(const struct aaa_sources *from, struct aaa_set *out, char why[AAA_WHY]) MUST_USE;
/* Values of weak that s does not have; lists add up. The step that aaa_merge() is made of. ST_LIMIT. */
enum status aaa_merge_under(struct aaa_set *s, const struct aaa_set *weak, char why[AAA_WHY]) MUST_USE;
/* Of what came with the authentication, but is not asked for by `aaa authorization user cached`, only what is of
 * the login itself stays: name, Class, times, what accounting needs. */
void aaa_set_login_only(struct aaa_set *s);
/* R-AZN-08: is a user authorization of its own wanted, beside what came with the authentication? */
bool aaa_wants_user(const struct aaa_set *cached);

#endif
