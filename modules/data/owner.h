/* Main's half of the data path: what was given to the workers, and the orders about it.
 * Loop thread only. */
#ifndef MODULES_DATA_OWNER_H
#define MODULES_DATA_OWNER_H

#include "core/base/map.h"
#include "modules/data/judge.h"

/* A slot of run-time numbers in the holder's memory. */
struct rt_slot {
	struct list unused;   /* in data.unused: first the empty ones, then those of SAs not resumed */
	struct map_node node; /* in data.frozen while it carries an SPI that nobody resumed */
	bool is_frozen;
};

/* One SA pair as main knows it. Dead children wait until every worker has let go of them, and are found by
 * their orders then. */
struct child {
	struct map_node node; /* in data.sas while alive */
	struct child_work work; /* what its orders carry */
	struct esp_child *esp;
	struct rt_slot *slot; /* NULL: none yet */
	uint32_t pending; /* orders that are not back */
	bool is_dead;
	bool is_used;    /* the routes are in, or on their way */
	bool is_left;    /* and out again, for good */
	struct limits *limits;  /* of its session, while alive */
	struct list in_session; /* in limits.children */
	struct esp_meter *meter; /* a reference; NULL: none */
	struct policy_order policy;
	struct cmd cmds[]; /* one of each kind for each worker, see sa.c */
};

/* Sockets of one address, or queues of one TUN: one for each worker. */
struct port_set {
	struct list node; /* in data.ports, also while dead */
	uint32_t pending;
	bool is_dead;
	struct port *ports; /* one for each worker */
	struct cmd cmds[];  /* for each worker: add, del */
};

struct data {
	struct data_config config;
	struct worker_shared shared;
	uint32_t n_threads;
	uint32_t n_inited;
	struct map sas;      /* child.node by SPI */
	struct map limits;   /* limits.by_session */
	struct list ports;
	struct rt_slot *slots;
	struct list unused;
	uint32_t n_unused;   /* without those that wait to be resumed */
	struct map frozen;
	size_t n_routes;                     /* alive, in each worker */
	size_t n_sas[DATA_WORKERS_MAX];      /* alive, by owner */
	size_t fib_slots[DATA_WORKERS_MAX];
	size_t sad_slots[DATA_WORKERS_MAX];
	size_t under_way[DATA_WORKERS_MAX];  /* orders */
	struct cmd *backlog[DATA_WORKERS_MAX]; /* removals that found the ring full, oldest first */
	size_t worker_len; /* bytes of the workers' pages */
};

static inline struct child *child_at(const struct child_work *w)
{
	return CONTAINER_OF((uintptr_t)w, struct child, work);
}

/* Room for so many orders more to each worker. */
bool owner_has_room(const struct data *d, size_t orders);
/* Gives the order; when the ring is full it waits in the backlog. */
void owner_order(struct data *d, uint32_t worker, struct cmd *c);
void owner_flush(struct data *d, uint32_t worker);

/* sa.c */
enum status slots_init(struct data *d) MUST_USE;
void slots_fini(struct data *d);
struct child *child_find(const struct data *d, uint32_t spi_in); /* NULL: none */
void child_order_done(struct data *d, struct child *c);
void child_use(struct data *d, uint32_t spi_in); /* no-op when there is none */
void data_child_free(struct child *c);
/* port.c */
void port_order_done(struct data *d, struct port *p);
void port_set_free(struct data *d, struct port_set *s);

#endif
