/* Plain structs of the global settings and of what is kept as text. Same rules as
 * conf_ike.h. */
#ifndef CORE_CONF_CONF_SYS_H
#define CORE_CONF_CONF_SYS_H

#include "core/conf/conf_aaa.h"
#include "core/conf/conf_client.h"

/* R-GLB. 0 is off or no limit unless said otherwise. */
struct ike_global {
	uint32_t cookie_challenge; /* half-open SAs above which cookies are demanded */
	uint32_t diagnose_error;
	struct dpd dpd;
	uint32_t dpd_retries; /* aggressive retries before the peer is dead */
	uint32_t max_in_negotiation;
	uint32_t max_in_negotiation_in;
	uint32_t max_in_negotiation_out;
	uint32_t max_sa;
	uint32_t nat_keepalive_s;
	uint32_t window;
	bool fragmentation; /* RFC 7383 */
	uint32_t fragmentation_mtu; /* 0: 576 for IPv4, 1280 for IPv6 */
	bool http_url_cert;
	uint32_t certificate_cache;
	uint32_t route_update_interval_s;
	uint32_t route_update_per_msg;
	bool redirect_client;
	uint32_t max_redirects;
	bool redirect_init;
	bool redirect_auth;
	bool logging_ikev2;
	bool logging_session;
	struct reconnect_key reconnect_keys[2];
};

enum df_bit { DF_COPY, DF_SET, DF_CLEAR };
struct ipsec_global {
	uint32_t lifetime_s;
	uint32_t lifetime_kb;   /* 0: disabled */
	uint32_t replay_window; /* 0: replay check disabled */
	uint32_t idle_s;        /* 0: off */
	uint8_t df_bit;         /* enum df_bit */
	bool fragment_before;
	bool nat_transparency;
	bool invalid_spi_recovery;
	uint32_t llq_groups[4]; /* bit n of the 128: qos-group n has priority */
};

struct listen_addr {
	struct addr addr; /* family 0: every address */
	char *vrf;        /* NULL: our own namespace */
	uint32_t num;
};

/* A Lua script: the file NAME.lua in the folder lua beside the configuration, or a shipped one. */
struct conf_script_setting {
	char *name;
	char *value;
};
struct conf_script {
	char *name; /* [a-z0-9_-], at most CONF_SCRIPT_NAME - 1 */
	bool shutdown;
	struct conf_script_setting *settings; /* a name may stand several times */
	size_t setting_count;
};
#define CONF_SCRIPT_NAME 32 /* with NUL */
#define CONF_SCRIPTS 16     /* of a configuration */

/* Where clients are redirected to: an address or, when its family is 0, a name. */
struct redirect_target {
	struct addr addr;
	char *fqdn;
};
#define CONF_REDIRECT_TARGETS 32

enum fan_out { FAN_OUT_AUTO, FAN_OUT_OFF, FAN_OUT_ALWAYS };

/* The `sallyport ...` settings. */
struct own_settings {
	struct listen_addr *listen; /* none: wildcard in our own namespace and in every VRF */
	size_t listen_count;
	struct redirect_target *redirects;
	size_t redirect_count;
	bool qcd; /* RFC 6290 */
	uint32_t port;
	uint32_t nat_port;
	uint32_t workers; /* 0: one per core */
	uint8_t fan_out;  /* enum fan_out: workers cipher for each other */
	bool offload_off; /* packet by packet, as on a kernel that has no offloads */
	uint8_t crypto_engine; /* enum esp_engine */
	bool defaults_legacy;
	uint32_t half_open_per_source; /* 0: no limit */
	bool fragmentation_cisco;      /* besides that of RFC 7383, if that is on */
	uint32_t resumption_s;         /* lifetime of tickets; 0: no resumption */
	uint32_t retention_days;       /* 0: for ever */
	uint32_t anonymize_days;       /* ended sessions lose who they were of; 0: never */
	uint32_t group_commit_ms;
	bool lua_permit;     /* what a login gets when a script fails */
	uint32_t lua_memory_kb;
	uint32_t lua_time_ms; /* wall time of one call */
	uint32_t lua_instructions; /* of one call, in thousands */
	struct addr metrics_addr; /* a loopback address; family 0: off */
	uint32_t metrics_port;    /* 0 when it is off */
	bool metrics_socket;
	char *metrics_path; /* of that socket; NULL: beside the control socket */
	uint32_t user_max_fail;   /* wrong passwords before a user is locked; 0: never */
	uint32_t user_lock_min;   /* minutes that they are counted in, and that the lock lasts */
	char *agentx; /* socket of the SNMP master agent; NULL: off */
	bool notify_sessions;
	bool notify_pools;
	uint32_t simultaneous_logins;  /* of one user; 0: no limit */
	bool simultaneous_refuse;      /* one more is refused; else it ends the oldest */
};

#define LOG_HOSTS            32
#define LOG_PATH             108 /* of a socket, with NUL */
#define LOG_TRAP_DEFAULT     6
#define LOG_TRAP_OFF         8
#define LOG_FACILITY_DEFAULT 20 /* local4 */

struct log_host {
	struct addr addr;
	char *vrf; /* NULL: our own namespace */
	uint32_t port;
};
struct log_source {
	char *ifname; /* canonical */
	char *vrf;    /* of the hosts that it is for; NULL: those in our own namespace */
};
enum log_origin { LOG_ORIGIN_HOSTNAME, LOG_ORIGIN_IP, LOG_ORIGIN_STRING };

/* Syslog. The topics are ike.logging_*. */
struct log_settings {
	bool on;
	uint8_t trap;     /* least urgent severity for hosts, 0..7 or LOG_TRAP_OFF */
	uint8_t facility; /* 0..23 */
	uint8_t origin;   /* enum log_origin */
	char *origin_text;
	struct log_host *hosts;
	size_t host_count;
	struct log_source *sources;
	size_t source_count;
	char *local; /* socket of this host's daemon; NULL: none */
	bool local_5424;
};

#define CONF_AGENTX "/var/agentx/master" /* where snmpd listens unless it is told otherwise */

#endif
