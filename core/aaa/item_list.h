/* THE list of values that a source of authorization may give, and how two sources come together. */
#ifndef CORE_AAA_ITEM_LIST_H
#define CORE_AAA_ITEM_LIST_H

/* How two sources come together (R-AZN-09, R-AZN-10):
 *   ONE   the value of the stronger source counts, as a whole
 *   NETS, NAMES, CLASS  a list in which values of both stand, the stronger source's first, none twice
 * Lists are what says "also": networks, and what accounting echoes. Name servers, domains, gateways and
 * filters are one value although they have parts: a user with a name server of his own does not want that
 * of his group as well, and lines of a filter behind `permit ip any any` would say nothing.
 *   QUOTAS  limits of volume: those of both hold, and of two for the same octets and time the stronger source's
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
	X(DISCONNECTED, disconnected_s, ONE, "disconnected-timeout") \
	X(REAUTH, reauth, ONE, "Termination-Action") \
	X(INTERIM, interim_s, ONE, "Acct-Interim-Interval") \
	X(LOGINS, logins, ONE, "Simultaneous-Logins") \
	X(LOGINS_REFUSE, logins_refuse, ONE, "simultaneous-logins refuse") \
	X(QUOTA, quotas, QUOTAS, "quota") \
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
	X(STATE, state, ONE, "State") \
	X(KEY_LOCAL, key_local, ONE, "ikev2-password-local") \
	X(KEY_REMOTE, key_remote, ONE, "ikev2-password-remote")

enum aaa_item {
#define X(name, members, how, words) AV_##name,
	AAA_ITEM_LIST(X)
#undef X
	AV_ITEMS
};

#endif
