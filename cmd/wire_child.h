/* Children in the data path: install, move and remove, each with its frozen record, and what their
 * counters say to the engine and to the session. */
#ifndef CMD_WIRE_CHILD_H
#define CMD_WIRE_CHILD_H

#include "cmd/wire_state.h"
#include "core/ike/ports.h"

/* One child that the data path has. */
struct wire_child {
	struct map_node by_spi;
	struct map_node by_sa;
	struct list in_list;
	uint32_t spi_in;
	uint64_t sa;
	struct ulid session;
	uint32_t tun;
	uint64_t seen_in_ms, seen_out_ms; /* last told to the engine */
	bool is_move_due;   /* the workers had no room for it */
	bool is_policy_due; /* there was no memory for it */
};

struct wire_child *wire_child_find(const struct wire *w, uint32_t spi_in); /* or NULL */
/* Children of an IKE SA; prev NULL for the first. */
struct wire_child *wire_child_next(const struct wire *w, uint64_t sa, const struct wire_child *prev);

struct data_sa;
/* Both describe one SA pair; they differ because neither side may see the other's header. */
void wire_data_sa(const struct ike_child_spec *spec, struct data_sa *out);

/* Ports of the engine (ctx is struct wire). */
enum status wire_install(void *ctx, const struct ike_child_spec *spec);
void wire_move(void *ctx, uint32_t spi_in, const struct endpoint *local, const struct endpoint *remote,
	       bool udp_encap);
void wire_use(void *ctx, uint32_t spi_in);
void wire_unuse(void *ctx, uint32_t spi_in);
void wire_remove(void *ctx, uint32_t spi_in);
uint64_t wire_last_data(void *ctx, uint32_t spi_in);

/* A frozen record into the data path. A damaged or unwanted one is removed. ST_NOMEM. */
enum status wire_child_thaw(struct wire *w, uint32_t spi_in) MUST_USE;
/* After both halves are back: a child without its IKE SA goes, and the engine learns of children
 * whose data path half is gone. */
void wire_child_reconcile(struct wire *w);

/* Once a second: the engine learns who sent and received. */
void wire_child_second(struct wire *w);
/* Tells the engine that authentic ESP came from elsewhere. */
void wire_child_moved(void *ctx, uint32_t spi_in, const struct endpoint *local,
		      const struct endpoint *remote);
/* Tells the engine that the data path lost it. */
void wire_child_lost(void *ctx, uint32_t spi_in, enum status why);
/* Forgets the table; the data path and the records stay. */
void wire_child_fini(struct wire *w);

#endif
