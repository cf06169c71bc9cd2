/* Two IKE engines, virtual time and a bad network between them; every question of an engine is
 * answered late, twice or never as the knobs say. Deterministic: a seed is a whole story.
 *
 * node 0 is the client (192.0.2.1, initiator), node 1 the headend (198.51.100.1). Used by the unit
 * tests of the engine, the simulation and the stateful fuzz target. Its own memory comes from
 * malloc, so that mem_live() counts the engines only. */
#ifndef TESTS_LIB_IKE_WORLD_H
#define TESTS_LIB_IKE_WORLD_H

#include "core/ike/ike.h"
#include "tests/lib/ike_knobs.h"

#define WORLD_PACKET_MAX 2048
#define WORLD_QUEUE 512
#define WORLD_CHILDREN 64
#define WORLD_USED 256
#define WORLD_LEASES 64
#define WORLD_RECORDS 64
#define WORLD_SESSIONS 64
#define WORLD_EAPS 64
#define WORLD_LOG 4096

struct snapshot;
struct world;

enum world_item_kind { WI_PACKET, WI_JOB, WI_ANSWER, WI_COMMIT };

struct world_item {
	uint64_t at_ms;
	uint64_t order;
	int node;             /* who gets it */
	enum world_item_kind kind;
	uint64_t number;
	struct endpoint local, remote; /* as the receiver sees them */
	size_t len;
	uint8_t *bytes;       /* packet */
	uint8_t extra[64];    /* signature, EAP packet */
	size_t extra_len;
	struct ike_job job;
	struct ike_answer answer;
	enum status status;
};

/* An EAP conversation; sa 0: none. */
struct world_eap {
	uint64_t sa;
	uint8_t round;
	uint8_t id;
	uint64_t challenge;
};

/* A lease of the headend; sa 0: free. */
struct world_lease {
	uint64_t sa;
	uint64_t number;      /* of the question */
};

struct world_node {
	struct world *w;
	int side;
	struct ike *ike;
	struct stats stats;
	struct snapshot *conf;
	uint64_t wake_ms;
	/* data path */
	struct ike_child_spec child[WORLD_CHILDREN]; /* in the order of installation */
	size_t n_child;
	struct { uint32_t spi_in; uint64_t at_ms; } data[WORLD_CHILDREN]; /* who had data last; the oldest go */
	size_t n_data;
	uint64_t used[WORLD_USED]; /* keys that packets left with, hashed; the oldest go */
	size_t n_used;
	uint64_t leases_given;
	/* keeper */
	struct {
		uint64_t sa;
		uint8_t *rec;
		size_t len;
	} record[WORLD_RECORDS];
	size_t n_record;
	/* store: SAs that were committed */
	uint64_t committed[256];
	size_t n_committed;
	/* what was told */
	unsigned told[16];    /* by kind */
	enum status last_status;
	char last_detail[IKE_DETAIL_LEN];
	uint64_t up_sa;       /* last SA told up; 0 after it was told down */
	uint64_t up_total;
	/* sessions that were up, as a store has them; the oldest go */
	struct {
		struct ulid session;
		uint64_t sa;     /* 0: over */
		enum status why;
	} session[WORLD_SESSIONS];
	size_t n_session;
	unsigned claims, forgets; /* tickets that were given up to their owners; SAs whose answers went */
	size_t keys_len;
	uint8_t keys[512];    /* what keep_keys was given last */
	char psk_local[64]; /* keys that the questions are answered with */
	char psk_remote[64];
	enum status hook_status, psk_status, authorize_status, commit_status, install_status;
	char hook_profile[IKE_NAME_LEN]; /* what the identity hook chooses; "" nothing */
	char hook_name[IKE_ID_LEN];
	char asked_name[IKE_ID_LEN]; /* of the last ASK_AUTHORIZE */
	uint32_t asked_tun, asked_subnets;
	bool by_token, was_by_token; /* the peer comes back to a session; the last ASK_AUTHORIZE said so, and is told: */
	uint64_t token_live_sa, token_login_s;
	uint32_t session_lifetime_s; /* granted; 0: none */
	struct prefix network; /* granted, too; family 0: none */
	struct ike_grant grant; /* the same: what is not an address, a network or the device */
	struct prefix asked_network; /* the first that came with the last ASK_AUTHORIZE; family 0: none */
	char hook_saw[IKE_NAME_LEN]; /* profile that the hook was told */
	struct gateway redirect_to;  /* what ASK_REDIRECT is answered with */
	enum status redirect_status;
	struct addr asked_from;      /* and what it said */
	struct gateway redirected;   /* where it was told to go last */
	struct world_eap eap[WORLD_EAPS];
	enum { WORLD_MSK_ANY, WORLD_MSK_MADE, WORLD_MSK_OTHER, WORLD_MSK_NONE } msk; /* what EAP makes here */
	bool keep_fails, never_answers; /* all questions */
	unsigned cancelled, keepalives, asked_redirect;
};

struct world {
	uint64_t now_ms;
	uint64_t rng[2];
	uint64_t order;
	struct world_knobs knobs;
	struct world_node node[2];
	struct world_item *queue[WORLD_QUEUE];
	size_t n_queue;
	uint16_t nat_port;    /* translated port base of the client */
	struct addr at[2][2]; /* addresses of each side (inside of its NAT); family 0: none */
	struct addr no_way;   /* an address that no route of the client leads to */
	struct world_lease lease[WORLD_LEASES];
	/* A test may look at and change every packet; false: it is dropped. */
	bool (*tap)(struct world *w, int from, struct world_item *it, void *ctx);
	void *tap_ctx;
	uint64_t packets;
	uint64_t steps;
	bool verbose, was_damaged; /* some message was changed on its way */
	unsigned trace;       /* topics of core/ike/trace.h, by world_trace() */
	uint64_t trace_lines;
	/* Gets each line; NULL: they are checked and thrown away. */
	void (*on_trace)(struct world *w, int side, const char *line);
	const char *broken;   /* a rule that was broken, NULL: none */
	char broken_text[256];
	char log[WORLD_LOG];  /* end of the story, for a failure */
	size_t log_len;
};

/* A parsed configuration; aborts when it has errors. */
struct snapshot *world_conf(const char *text);
extern const char world_server_text[];
extern const char world_client_text[];

/* Engines are made; both configurations are referenced. False: out of memory. */
bool world_init(struct world *w, uint64_t seed, struct snapshot *client, struct snapshot *server);
void world_fini(struct world *w);
uint64_t world_random(struct world *w);
bool world_chance(struct world *w, unsigned per_1000);
/* One connect of the client with both address families asked for. */
struct ike_connect world_connect_request(void);
enum status world_connect(struct world *w, uint64_t *sa);
/* The addresses of a side are others from here on; what is on its way to the old ones is lost. The
 * engine is not told. second: NULL for none. */
void world_readdress(struct world *w, int side, const char *first, const char *second);
bool world_has_addr(const struct world *w, int side, const struct addr *a);
/* Do both sides' IKE SAs and children go from and to where the other one is? Without NATs. */
bool world_is_converged(const struct world *w);
bool world_needs_udp(const struct world *w);
/* Delivers the next packet, answer or wake-up due until until_ms; false: nothing until then (the
 * clock then stands at until_ms). */
bool world_step(struct world *w, uint64_t until_ms);
/* Runs that long. */
void world_run(struct world *w, uint64_t ms);
/* Frozen records only: the engine is destroyed and made anew from what was kept. False: out of
 * memory. */
bool world_restart(struct world *w, int side);
/* The node forgets everything: a machine that lost its power. */
bool world_power_cycle(struct world *w, int side);
/* Delivers bytes as they are. */
void world_inject(struct world *w, int to, const struct endpoint *local,
	const struct endpoint *remote, const uint8_t *msg, size_t len);
/* What both engines do is put into words from now on, and the words are checked. */
void world_trace(struct world *w, unsigned topics);
/* Nothing of any SA is left anywhere: children, leases, records, SAs. */
bool world_is_empty(struct world *w);
/* Through which packets of this side leave: the last that is not receive_only; NULL: none. */
const struct ike_child_spec *world_way_out(const struct world_node *n);
/* Does what leaves one side through it come in at the other? */
bool world_has_way(const struct world *w, int from);
void world_data(struct world_node *n, uint32_t spi_in); /* a packet with data goes through this child now */
bool world_children_agree(struct world *w); /* those that both have are the same, and there is one */
struct endpoint world_endpoint(const char *addr, uint16_t port);
uint64_t world_status_count(const struct world_node *n, enum status st);
uint64_t world_count(const struct world_node *n, enum counter c);
void world_break(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_note(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
