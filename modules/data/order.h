/* Orders of main to a worker. Each comes back when it is carried out, and main frees what it carried or
 * took out. */
#ifndef MODULES_DATA_ORDER_H
#define MODULES_DATA_ORDER_H

#include <stddef.h>

#include "core/base/endpoint.h"

struct child; /* main's record, see owner.h */
struct fib_route;
struct port;
struct worker_sa;

enum cmd_kind {
	CMD_CHILD_ADD, /* routes to the FIB, SA (if not NULL) to the SAD */
	CMD_CHILD_USE, /* routes only */
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

struct cmd {
	enum cmd_kind kind;
	struct cmd *next; /* main's backlog, or fan.c's */
	uint64_t after;   /* fan.c's */
	union {
		struct {
			struct child *child; /* main's; not looked into */
			struct fib_route *routes;
			size_t n_routes;
			struct worker_sa *sa;
		} child;
		struct port *port;
		struct {
			void *slots;
			size_t n;
		} table;
	};
};

/* CMD_SA_MOVE, CMD_SA_POLICY (judge.h) and CMD_SEND are more than their order. A child has four orders for each worker. */
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
