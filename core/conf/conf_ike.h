/* Plain structs of the `crypto ikev2 ...` objects. All strings and arrays live in the arena of the
 * snapshot; a string is NULL when it was not configured. Everything is read-only for everybody
 * but the parser. Names refer to other objects by name (forward references are legal): the find
 * functions of snapshot.h resolve them, at use. */
#ifndef CORE_CONF_CONF_IKE_H
#define CORE_CONF_CONF_IKE_H

#include "core/conf/conf_id.h"

/* One transform by its IANA number (RFC 7296 section 3.3.2); key_bits only for ciphers whose key
 * length is an attribute, otherwise 0. The list order is the order of preference. */
struct conf_transform {
	uint16_t id;
	uint16_t key_bits;
};
struct transform_list {
	struct conf_transform *v;
	size_t n;
};

#define ADDKE_MAX 7 /* additional key exchanges (RFC 9370) */

struct addke {
	struct transform_list groups[ADDKE_MAX]; /* of each additional key exchange; empty: not done */
	bool optional[ADDKE_MAX];                /* it may be left out */
};

/* R-POL-01..09. */
struct ike_proposal {
	char *name;
	bool complete;  /* R-POL-05; incomplete ones are never offered or accepted */
	bool disabled;  /* `no crypto ikev2 proposal default` */
	bool modified;  /* of the default object: the user changed it */
	bool prf_named; /* false: prf follows integrity (R-POL-04) */
	struct transform_list encr;
	struct transform_list integ;
	struct transform_list prf; /* effective */
	struct transform_list dh;
	struct addke addke;
};

/* Which outer VRF. num is resolved when the snapshot is finished; an undefined name is VRF_NONE and
 * matches nothing. */
enum vrf_kind { VRF_GLOBAL, VRF_ANY, VRF_NAMED };
#define VRF_NONE UINT32_MAX
struct vrf_match {
	uint8_t kind; /* enum vrf_kind */
	char *name;
	uint32_t num;
};

/* A local address, or (profiles only) the name of an interface. */
struct local_match {
	struct addr addr;
	char *ifname;
};

/* R-POL-11..17. */
struct ike_policy {
	char *name;
	bool complete;
	bool disabled;
	bool modified;
	struct vrf_match fvrf;
	struct local_match *locals;
	size_t local_count;
	struct str_list proposals; /* names in order of preference */
};

#define AUTH_PSK        0x01u
#define AUTH_RSA        0x02u
#define AUTH_ECDSA      0x04u
#define AUTH_EAP        0x08u
#define AUTH_ANYCONNECT 0x10u

enum eap_kind { EAP_LOCAL_ANY, EAP_LOCAL_GTC, EAP_LOCAL_MD5, EAP_LOCAL_MSCHAPV2 };

/* Methods of the built-in EAP server by their IANA numbers. */
#define EAP_LIST_MAX 6
struct eap_list {
	uint8_t v[EAP_LIST_MAX];
	uint8_t n;
};
/* Its word in the configuration, "?" for a number without one. */
const char *eap_method_word(uint8_t type);

enum dpd_mode { DPD_UNSET, DPD_ON_DEMAND, DPD_PERIODIC };
struct dpd {
	uint8_t mode; /* enum dpd_mode; DPD_UNSET in a profile: the global one, globally: off */
	uint32_t interval_s;
	uint32_t retry_s;
};

/* `keyring {local NAME | aaa LIST}`. */
enum keyring_kind { KEYRING_NONE, KEYRING_LOCAL, KEYRING_AAA };

struct trustpoint_ref {
	char *name;
	bool sign; /* neither flag was named: both are true */
	bool verify;
};

/* Authorization and accounting are per remote method. AAA_ALL: no method was named. */
enum aaa_method { AAA_PSK, AAA_CERT, AAA_EAP, AAA_ANYCONNECT, AAA_ALL, AAA_METHODS };
struct aaa_author {
	bool cached;   /* user only */
	bool override; /* group only: group over user */
	char *list;    /* NULL: none */
	char *username;
	char *mangler;
};

struct ike_profile {
	char *name;
	char *description;
	bool shutdown;
	bool complete; /* has a match identity or certificate, R-PFL-02 */
	struct vrf_match fvrf;
	struct local_match *locals;
	size_t local_count;
	struct id_match *remotes;
	size_t remote_count;
	struct id_match identity; /* ID_NONE: by method, R-PFL-09 */
	uint8_t auth_local;       /* one AUTH_ bit, 0 = none configured */
	uint8_t auth_remote;      /* AUTH_ bits */
	struct secret key_local;  /* inline, R-KEY-11 */
	struct secret key_remote;
	uint8_t eap_local; /* enum eap_kind */
	char *eap_user;
	struct secret eap_password;
	bool eap_query_identity;
	uint32_t eap_timeout_s;
	struct eap_list eap_methods; /* of the built-in server, in order of preference */
	struct eap_list eap_inner;   /* inside TTLS and PEAP */
	bool eap_multiple;           /* a certificate, then EAP: both (RFC 4739) */
	bool eap_only;               /* our certificate may be missing where EAP proves us, too (RFC 5998) */
	bool anyconnect_cert_request;
	uint8_t keyring_kind; /* enum keyring_kind */
	char *keyring;        /* keyring or AAA list */
	char *keyring_mangler;
	struct secret keyring_password;
	char *keyring_ppk;
	struct trustpoint_ref *trustpoints;
	size_t trustpoint_count;
	uint32_t lifetime_s;
	struct dpd dpd;
	uint32_t nat_keepalive_s; /* 0: the global one */
	uint32_t reauth_s;        /* 0: never */
	bool nat_force_encap;
	bool childless; /* as initiator: the IPsec SA in an exchange of its own */
	bool udp_checksum_zero;
	bool initial_contact_force;
	bool mobike;
	char *ivrf;
	uint32_t virtual_template; /* 0: none */
	bool template_auto;
	char *accounting[AAA_METHODS];
	char *eap_authen_list;
	char *anyconnect_authen_list;
	struct aaa_author user[AAA_METHODS];
	struct aaa_author group[AAA_METHODS];
	bool config_request;
	bool config_set_send;
	bool config_set_accept;
	uint32_t reconnect_s; /* 0: off */
	bool redirect_auth;
};

/* R-KEY. A symmetric key fills `key`, an asymmetric pair the other two. */
struct ike_peer {
	char *name;
	char *description;
	char *hostname;
	struct prefix address; /* family 0: none */
	struct id_match *identities;
	size_t identity_count;
	struct secret key;
	struct secret key_local;
	struct secret key_remote;
	struct secret ppk;
	char *ppk_id;
	bool ppk_required;
};
struct ike_keyring {
	char *name;
	struct ike_peer *peers;
	size_t peer_count;
};

#endif
