/* Plain structs of everything that is not `crypto ikev2`: authorization policies, pools, access
 * lists, IPsec objects, interfaces, VRFs. Same rules as conf_ike.h. */
#ifndef CORE_CONF_CONF_NET_H
#define CORE_CONF_CONF_NET_H

#include "core/conf/conf_ike.h"
#include "core/conf/conf_quota.h"
#include "core/wire/rule.h"

/* Commands of the dialect whose feature is stored as text (canonical words). A secret inside is
 * text[secret_at .. secret_at+secret_len). */
struct kept {
	uint16_t row; /* of the command table */
	char *text;
	size_t secret_at;
	size_t secret_len;
	struct kept *lines; /* of a block */
	size_t line_count;
};

/* R-AZP. Counters that are 0 and strings that are NULL were not configured. */
struct authz_policy {
	char *name;
	bool disabled;
	bool modified;
	char *pool;
	char *pool6;
	struct addr dns[2];
	struct addr dns6[2];
	struct addr wins[2];
	struct addr netmask; /* IPv4; family 0: none */
	char *def_domain;
	char *banner;
	struct str_list split_dns;
	struct str_list backup_gateways;
	char *config_url;
	char *config_version;
	bool include_local_lan;
	bool pfs;
	bool smartcard_disconnect;
	bool flow_limit_on;
	uint32_t flow_limit;
	uint32_t session_lifetime_s;
	char *attribute_list;
	struct addr dhcp_giaddr;
	char *dhcp_server;
	uint32_t dhcp_timeout_s;
	bool route_set_interface;
	char *route_set_ifname;     /* NULL: the tunnel's own */
	struct str_list route_acls; /* IPv4 standard lists, names or numbers */
	struct str_list route_acls6;
	struct prefix *remotes; /* inside networks of the peer */
	size_t remote_count;
	bool route_accept;
	uint32_t accept_tag;
	uint32_t accept_distance;
	bool redistribute_connected;
	bool redistribute_static;
	char *connected_map;
	char *static_map;
	uint32_t idle_timeout_s;         /* without data for so long the session ends; 0: never */
	uint32_t disconnected_timeout_s; /* it waits so long for its client; 0: as the profile's reconnect says */
	uint32_t simultaneous_logins;    /* of one user; 0: the global number, SIMULTANEOUS_ANY: no limit */
	struct authz_quota *quotas;      /* at most QUOTAS_MAX; no two of the same octets and time */
	size_t quota_count;
	bool simultaneous_refuse;        /* one more is refused; else it ends the oldest */
};
#define SIMULTANEOUS_ANY UINT32_MAX

struct pool4_range {
	struct addr first;
	struct addr last;
};
/* `ip local pool`: several lines of one name add ranges. */
struct pool4 {
	char *name;
	struct pool4_range *ranges;
	size_t range_count;
};
/* `ipv6 local pool NAME prefix/len handout`. */
struct pool6 {
	char *name;
	struct prefix prefix;
	uint8_t handout_len;
};

/* Standard IPv4 lists (named or numbered) and IPv6 lists; the first line that matches decides.
 * For `route set access-list` the permit lines are the subnets. Extended lists are for filters and
 * classes, and refused where a standard one is needed. */
struct acl_line {
	bool permit;
	uint32_t seq;      /* order in the list */
	struct prefix net; /* length 0 for any; of an IPv6 list: the source */
	char *remark;      /* not NULL: only a remark */
	char *text;        /* not NULL: an extended line, as text */
	bool is_pair;      /* the text names two networks and nothing that narrows them */
	struct prefix from;
	struct prefix to;
	bool is_unusable;    /* the text asks for what a filter here cannot judge by */
	struct ip_rule rule; /* of a text that is usable: what it says of a packet */
};
enum acl_kind { ACL_STANDARD, ACL_EXTENDED, ACL_IPV6 };
struct acl {
	char *name;
	uint8_t kind; /* enum acl_kind */
	struct acl_line *lines;
	size_t line_count;
};

enum ipsec_mode { IPSEC_TUNNEL, IPSEC_TRANSPORT };
struct transform_set {
	char *name;
	bool disabled;
	bool modified;
	bool complete;
	uint8_t mode; /* enum ipsec_mode */
	bool mode_required; /* `mode transport require`: rather no child than tunnel mode */
	struct transform_list encr;
	struct transform_list integ; /* empty with combined-mode ciphers */
};

#define INHERIT UINT32_MAX /* the global value counts */
struct ipsec_profile {
	char *name;
	char *description;
	bool disabled;
	bool modified;
	struct str_list sets; /* transform sets in order; empty: `default` */
	char *ike_profile;
	struct transform_list pfs; /* at most one group; empty: off */
	struct addke addke;        /* of children that have a key exchange */
	uint32_t lifetime_s;       /* or INHERIT */
	uint32_t lifetime_kb;      /* or INHERIT; 0: volume lifetime disabled */
	uint32_t replay_window;    /* or INHERIT; 0: replay check disabled */
	uint32_t idle_s;           /* or INHERIT */
	uint32_t flow_limit;       /* set security-policy limit; 0: none */
	bool responder_only;
	bool mixed_mode;
};

enum iface_kind { IFACE_TEMPLATE, IFACE_TUNNEL, IFACE_LOOPBACK };
enum tunnel_mode { TM_DEFAULT, TM_IPSEC4, TM_IPSEC6, TM_GRE4, TM_GRE6, TM_MGRE };
struct iface {
	char *name;   /* canonical: "Virtual-Template1" */
	uint8_t kind; /* enum iface_kind */
	uint32_t number;
	char *description;
	bool shutdown;
	char *vrf;        /* forwarding: the inner VRF; NULL: global */
	struct prefix ip; /* host bits kept; family 0: none */
	bool ip_negotiated;
	char *unnumbered;
	struct prefix *ip6;
	size_t ip6_count;
	bool ip6_negotiated;
	char *unnumbered6;
	bool ip6_enable;
	uint32_t ip_mtu; /* 0: automatic */
	uint32_t ip6_mtu;
	uint32_t tcp_mss; /* 0: off */
	uint32_t tcp_mss6;
	uint32_t bandwidth;
	uint8_t df_bit;   /* 1 + enum df_bit; 0: the global value counts */
	uint8_t fragment; /* 1: after encryption, 2: before it; 0: the global value counts */
	uint8_t tunnel_mode; /* enum tunnel_mode */
	char *tunnel_source; /* address, interface name or "dynamic" */
	char *tunnel_destination;
	char *tunnel_vrf;
	char *tunnel_key;
	bool path_mtu_discovery;
	char *protection; /* IPsec profile */
	char *policy4;    /* access lists: an IPsec SA for each line */
	char *policy6;
	char *service_in;
	char *service_out;
	char *filter[2]; /* `ip access-group`: in, out */
	char *filter6[2]; /* `ipv6 traffic-filter` */
	bool qos_preclassify;
	bool client_to_client; /* sallyport client-to-client permit */
	bool multicast;        /* sallyport multicast permit */
	bool dhcp_inform;      /* sallyport dhcp-inform answer; on by default */
	char *proxy_arp;       /* interface of the host; NULL: off */
	struct kept *extra;
	size_t extra_count;
};

/* num: small, from 1, stable for the name as long as the process lives. */
struct vrf_def {
	char *name;
	uint32_t num;
	char *description;
	char *rd;
	bool ipv4;
	bool ipv6;
};

#endif
