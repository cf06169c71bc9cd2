/* The Configuration payload (RFC 7296 section 3.15, RFC 8598, Cisco Unity numbers). Pure. */
#ifndef CORE_WIRE_CP_H
#define CORE_WIRE_CP_H

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

enum cp_type { CP_REQUEST = 1, CP_REPLY = 2, CP_SET = 3, CP_ACK = 4 };

/* How a value looks; every form may also be empty (a request). */
enum cp_form {
	CPF_BYTES,   /* opaque or text */
	CPF_IP4,     /* 4 bytes */
	CPF_IP6,     /* 16 */
	CPF_IP6_LEN, /* 16 and a prefix length 0..128 */
	CPF_NET4,    /* address and contiguous mask */
	CPF_U32,     /* a number of 4 bytes */
	CPF_U16S     /* a list of numbers */
};

/* Numbers up to 26 are IANA's; 21328 to 21331 are our own (docs/reconnect.md). 20, 21, 23, 24 belong to other uses (3GPP): known so that a log has
 * their names. The private ones from 28672 on are Cisco's: 28672 to 28682 are published in several
 * open implementations; 28684, 28692 and 28693 are not, only the names are. */
/*  X(NAME, number, form, words) */
#define CPA_LIST(X) \
	X(IP4_ADDRESS, 1, IP4, "INTERNAL_IP4_ADDRESS") \
	X(IP4_NETMASK, 2, IP4, "INTERNAL_IP4_NETMASK") \
	X(IP4_DNS, 3, IP4, "INTERNAL_IP4_DNS") \
	X(IP4_NBNS, 4, IP4, "INTERNAL_IP4_NBNS") \
	X(IP4_DHCP, 6, IP4, "INTERNAL_IP4_DHCP") \
	X(APPLICATION_VERSION, 7, BYTES, "APPLICATION_VERSION") \
	X(IP6_ADDRESS, 8, IP6_LEN, "INTERNAL_IP6_ADDRESS") \
	X(IP6_DNS, 10, IP6, "INTERNAL_IP6_DNS") \
	X(IP6_DHCP, 12, IP6, "INTERNAL_IP6_DHCP") \
	X(IP4_SUBNET, 13, NET4, "INTERNAL_IP4_SUBNET") \
	X(SUPPORTED_ATTRIBUTES, 14, U16S, "SUPPORTED_ATTRIBUTES") \
	X(IP6_SUBNET, 15, IP6_LEN, "INTERNAL_IP6_SUBNET") \
	X(IP6_LINK, 17, BYTES, "INTERNAL_IP6_LINK") \
	X(IP6_PREFIX, 18, IP6_LEN, "INTERNAL_IP6_PREFIX") \
	X(P_CSCF_IP4, 20, IP4, "P_CSCF_IP4_ADDRESS") \
	X(P_CSCF_IP6, 21, IP6, "P_CSCF_IP6_ADDRESS") \
	X(SOURCE_NAT_INFO, 23, BYTES, "EXTERNAL_SOURCE_IP4_NAT_INFO") \
	X(LIVENESS_TIMEOUT, 24, U32, "TIMEOUT_PERIOD_FOR_LIVENESS_CHECK") \
	X(DNS_DOMAIN, 25, BYTES, "INTERNAL_DNS_DOMAIN") \
	X(DNSSEC_TA, 26, BYTES, "INTERNAL_DNSSEC_TA") \
	X(MS_IP4_SERVER, 23456, IP4, "INTERNAL_IP4_SERVER") \
	X(MS_IP6_SERVER, 23457, IP6, "INTERNAL_IP6_SERVER") \
	X(SESSION_ID, 21328, BYTES, "SALLYPORT_SESSION_ID") \
	X(SESSION_TOKEN, 21329, BYTES, "SALLYPORT_SESSION_TOKEN") \
	X(SESSION_WAIT, 21330, U32, "SALLYPORT_SESSION_WAIT") \
	X(SESSION_STATE, 21331, BYTES, "SALLYPORT_SESSION_STATE") \
	X(UNITY_BANNER, 28672, BYTES, "MODECFG_BANNER") \
	X(UNITY_SAVE_PASSWD, 28673, BYTES, "MODECFG_SAVEPWD") \
	X(UNITY_DEF_DOMAIN, 28674, BYTES, "MODECFG_DEFDOMAIN") \
	X(UNITY_SPLITDNS_NAME, 28675, BYTES, "MODECFG_SPLITDNS_NAME") \
	X(UNITY_SPLIT_INCLUDE, 28676, BYTES, "MODECFG_SPLIT_INCLUDE") \
	X(UNITY_NATT_PORT, 28677, BYTES, "MODECFG_NATT_PORT") \
	X(UNITY_LOCAL_LAN, 28678, BYTES, "MODECFG_INCLUDE_LOCAL_LAN") \
	X(UNITY_PFS, 28679, BYTES, "MODECFG_PFS") \
	X(UNITY_FW_TYPE, 28680, BYTES, "MODECFG_FW_TYPE") \
	X(UNITY_BACKUP_SERVERS, 28681, BYTES, "MODECFG_BACKUPSERVERS") \
	X(UNITY_DDNS_HOSTNAME, 28682, BYTES, "MODECFG_DDNS_HOSTNAME") \
	X(UNITY_SMARTCARD_REMOVAL, 28684, BYTES, "MODECFG_SMARTCARD_REMOVAL_DISCONNECT") \
	X(FLEX_CONFIG_URL, 28692, BYTES, "MODECFG_CONFIG_URL") \
	X(FLEX_CONFIG_VERSION, 28693, BYTES, "MODECFG_CONFIG_VERSION")

enum cp_attr_type {
#define X(name, number, form, words) CPA_##name = number,
	CPA_LIST(X)
#undef X
};

struct cp {
	uint8_t type; /* enum cp_type */
	struct view attrs;
};

struct cp_attr {
	uint16_t type; /* 15 bits; enum cp_attr_type or a number unknown to us (ignore it) */
	bool is_valid; /* the value has the form of its type or is empty; true for unknown types */
	struct view value;
};

/* Checks the frames of all attributes. ST_TRUNCATED; ST_BAD_PAYLOAD: unknown CFG type. */
enum status cp_parse(struct view body, struct cp *out) MUST_USE;
/* struct rd r = cp_attrs(cp); while (cp_next(&r, &a)) ... An attribute with !is_valid says that its
 * type was asked for, but its value must not be used. */
struct rd cp_attrs(const struct cp *cp);
bool cp_next(struct rd *r, struct cp_attr *out);
/* Values. False when the attribute has none, is not valid or has another form. */
bool cp_attr_addr(const struct cp_attr *a, struct addr *out); /* IP4, IP6, IP6_LEN, NET4 */
/* IP6_LEN, NET4; host bits are kept. */
bool cp_attr_prefix(const struct cp_attr *a, struct prefix *out);

void cp_build_head(struct wr *w, enum cp_type type); /* attributes follow */
void cp_put(struct wr *w, uint16_t type, const void *value, size_t len);
void cp_put_addr(struct wr *w, uint16_t type, const struct addr *a); /* IP4, IP6 */
/* IP6_LEN for a v6 prefix (addresses too: host bits kept), NET4 for a v4 prefix. */
void cp_put_prefix(struct wr *w, uint16_t type, const struct prefix *p);
const char *cp_attr_name(uint16_t type); /* "unknown" for other numbers */

#endif
