/* Everything main holds, in one place: seen by the wire_* files only. Loop thread. */
#ifndef CMD_WIRE_STATE_H
#define CMD_WIRE_STATE_H

#include "cmd/debug.h"
#include "cmd/diagnose.h"
#include "cmd/net_plan.h"
#include "cmd/world.h"
#include "core/base/keep.h"
#include "core/base/list.h"
#include "core/base/map.h"
#include "core/esp/rt.h"

struct coa;
struct logins;
struct ctl;
struct dns;
struct jobs;
struct loop;
struct loop_fd;
struct loop_signal;
struct loop_timer;
struct net;
struct snmp;
struct snmp_traffic;
struct store;
struct wire_coa;
struct wire_coa_asks;
struct wire_dhcp;
struct wire_fetch;
struct wire_keys;
struct wire_lua;
struct wire_pki;
struct wire_eap;
struct wire_acct;
struct wire_spool;
struct wire_authorize;
struct wire_cache;
struct wire_psk;
struct wire_passes;
struct wire_radius;
struct wire_radsec;
struct wire_policies;
struct syslog;
struct users;
struct wire_http_end;

#define WIRE_HTTP_ENDS 2 /* a TCP port and a unix socket */

/* Frozen records: for ten thousand sessions of three records each, and their run-time numbers. */
#define WIRE_KEEP_RECORDS 40960u
#define WIRE_KEEP_BLOCKS 393216u
#define WIRE_RT_SLOTS 16384u

/* Keys of KEEP_META. */
#define META_SAMPLE 1u
#define META_VRFS 2u
#define META_COUNTERS 3u
#define META_TUNS 4u
#define META_POOLS 5u
#define META_DRAIN 6u
#define META_CLEARED 7u

/* A memory of the holder. */
struct wire_memory {
	const char *name;  /* with the version of its layout */
	void *map;         /* of size bytes */
	size_t size;
	size_t have;       /* bytes that are there; what is behind them is not touched */
	bool is_refused;   /* when more was asked for last */
	uint64_t again_ms; /* not asked for before then */
};

struct wire {
	int control; /* to the holder */
	const char *state;
	const char *socket_path;

	struct loop *loop;
	struct jobs *jobs;
	struct store *store;
	struct net *net;
	struct dns *dns;
	struct data *data;
	struct ike *ike;
	struct sessions *sessions;
	struct ctl *ctl;
	struct syslog *syslog;
	uint64_t syslog_sent, syslog_dropped; /* that are in the counters already */
	struct wire_lua *lua;
	struct wire_keys *keys;
	struct wire_fetch *fetch;
	struct wire_dhcp *dhcp; /* of cmd/wire_dhcp_address.c */
	struct list dhcp_names; /* of cmd/wire_dhcp_name.c */
	struct wire_pki *pki;
	struct wire_eap *eap;
	struct wire_cache *cached;  /* of cmd/wire_cached.c */
	struct wire_passes *passes; /* of cmd/wire_pass.c */
	struct wire_psk *psk;
	struct wire_authorize *authorize;
	struct wire_coa_asks *coa_asks; /* of cmd/wire_coa_ask.c */
	struct wire_acct *acct;
	struct wire_spool *spool;
	struct wire_radius *radius;
	struct wire_radsec *radsec;
	struct wire_coa *coa;
	struct coa *coa_server; /* of cmd/wire_coa.c */
	struct snapshot *conf;
	struct stats *stats;  /* the loop's own */
	struct stats *before; /* sums of the mains before this one */
	uint32_t workers;

	struct plan plan;        /* what is open */
	struct list routes;      /* of cmd/wire_route.c */
	struct map route_map;    /* by prefix */
	size_t redirect_turn;    /* whose it is, of the configured targets */
	struct list clients;     /* of cmd/wire_client.c */
	struct list net_watches; /* of port 500 */
	struct list links;       /* of cmd/wire_link.c */
	struct list hosts;       /* of cmd/wire_host.c */
	bool hosts_short;      /* a namespace could not be watched */
	uint32_t hosts_again;  /* seconds that it is so */
	struct list ctl_watches;

	struct wire_http_end *http[WIRE_HTTP_ENDS]; /* of cmd/wire_http.c; NULL: not open */
	struct {
		uint64_t number; /* of the sample that it was made from */
		struct out text;
	} metrics[2]; /* by form */
	struct out health; /* the last answer */

	struct wire_memory keep_memory, rt_memory;
	struct keep *keep;
	struct esp_rt *rt;

	struct list answers;    /* given, not yet delivered */
	struct map children;    /* by inbound SPI */
	struct map children_of; /* by number of the IKE SA */
	struct list child_list;
	struct wire_policies *policies; /* of cmd/wire_policy.c */
	struct list tickets;    /* questions of cmd/wire_ticket.c */
	struct list lookups;    /* of cmd/wire_lookup.c */
	uint64_t lookup_last;
	struct list staples;    /* of cmd/wire_staple.c */
	uint64_t staple_last;
	uint8_t ticket_keys[512]; /* from the file to the engine, at the start */
	size_t ticket_keys_len;
	uint8_t reconnect_key[32]; /* seals what the database has of sessions; of cmd/wire_reconnect.c */
	bool has_reconnect_key;    /* and secrets.db has it */
	struct list reconnect_found; /* sessions of the database, until the thaw */
	struct users *users; /* of cmd/wire_user.c */
	struct logins *logins; /* of cmd/wire_logins.c */
	struct list commits;    /* on their way to the disk */
	struct list quotas;     /* questions of cmd/wire_quota.c */
	uint64_t quota_last;
	struct ulid quota_turn; /* the session that is asked about first in the next second; zero: the oldest */
	struct map pasts;       /* traffic of children that are gone, by session */
	struct map own_rules;   /* sessions with rules of their own, of cmd/wire_policy.c */

	struct loop_fd *jobs_watch, *store_watch, *data_watch, *control_watch;
	struct loop_signal *on_term, *on_hup;
	struct loop_timer *ike_timer, *answer_timer, *second_timer, *sample_timer, *stop_timer, *syslog_timer, *link_timer;
	bool link_due; /* addresses or routes changed a moment ago */

	struct diagnose diagnose;
	struct debug debug;
	struct stats_cleared stats_cleared;
	struct debug_ports debug_ports;
	struct world world;
	struct sample sample;
	struct sample_pool *pools; /* of the sample */
	size_t pools_cap;
	int64_t round_ms; /* when the traffic of all sessions went to the store last */
	uint64_t sessions_peak;
	bool is_fresh;      /* nothing of a main before this one was found */
	bool acct_begun;    /* the accounting of sessions of before is in order */
	int64_t started_ms; /* the headend, not this main */
	bool is_locked; /* memory */
	bool said_offloads;
	struct snmp *snmp; /* NULL: never switched on */
	struct loop_fd *snmp_watch;
	char snmp_path[108]; /* of the master agent, as it was last applied */
	char snmp_why[128];  /* why there is no connection */
	bool snmp_is_waiting; /* connected, and the master has not answered yet */
	uint64_t snmp_sent, snmp_dropped; /* notifications that are in the counters */
	uint64_t store_dropped, acct_lost; /* rows and records that are in the counters */
	struct snmp_traffic *snmp_traffic; /* of the sample */
	size_t snmp_traffic_n, snmp_traffic_cap;

	bool is_stopping;
	enum drain drain; /* of cmd/wire_drain.c */
	size_t net_missing;    /* sockets and devices of the plan whose network namespace is not there */
	bool reconcile_failed; /* the store could not yet compare its sessions with ours */
	bool reconcile_again;  /* with the next second */
	uint64_t stop_by_ms;
	uint64_t seconds; /* since start */
};

#endif
