/* Orders of main to a worker. Each comes back when it is carried out, and main frees what it carried or
 * took out. */
#ifndef MODULES_DATA_ORDER_H
#define MODULES_DATA_ORDER_H

#include <stddef.h>

#include "core/base/endpoint.h"

struct fib_route;
struct port;
struct worker_sa;

enum cmd_kind {
	CMD_CHILD_ADD,  /* routes to the FIB; at the owner the SA to the SAD */
	CMD_CHILD_HOLD, /* the SA only */
	CMD_CHILD_USE,  /* the routes only */
	CMD_CHILD_UNUSE, /* the other way */
	CMD_CHILD_DEL, /* whatever of both is in */
	CMD_SA_MOVE,
	CMD_SA_POLICY,
	CMD_PORT_ADD,
	CMD_PORT_DEL,
	CMD_SAD_RESIZE, /* comes back with the old slots */
	CMD_FIB_RESIZE,
	CMD_SEND
};

/* A child as workers see it: part of main's record, and constant. */
struct child_work {
	struct worker_sa *sa;     /* the owner's */
	struct fib_route *routes; /* n_routes for each worker */
	uint32_t n_routes;
	uint32_t owner;
};

/* Small: some are made for each child, so that its removal never wants memory. */
struct cmd {
	struct cmd *next; /* main's backlog, or fan.c's */
	union {
		const struct child_work *child;
		struct port *port;
	};
	enum cmd_kind kind;
	uint32_t after; /* fan.c's */
};

/* Other orders are more than that: these, CMD_SA_POLICY (judge.h), and those below. */
struct resize {
	struct cmd order;
	void *slots;
	size_t n;
};

struct move {
	struct cmd order;
	uint32_t spi_in;
	bool udp_encap;
	struct endpoint local, remote;
};

/* An inner packet that main has for the peer of an SA; to its owner. */
struct send {
	struct cmd order;
	uint32_t spi_in;
	size_t len;
	uint8_t packet[];
};

#endif
