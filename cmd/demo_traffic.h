/* What the demo sends through its tunnel: echo requests, and a TCP stream between two processes. Each
 * function is a task (demo_task.h) in the network namespace of its side; results are written into the
 * struct, which must be in memory that is shared with the demo. */
#ifndef CMD_DEMO_TRAFFIC_H
#define CMD_DEMO_TRAFFIC_H

#include <stdint.h>

#include "core/base/addr.h"

struct demo_ping {
	struct addr to;
	unsigned count;
	unsigned gap_ms;
	/* results */
	unsigned answers;
	uint64_t sum_us; /* of the times they took */
	int error;       /* errno when nothing could be sent */
};
int demo_ping_run(void *ctx); /* exit code 0: all were answered */

struct demo_stream {
	int listener;     /* descriptor that listens; -1: connects instead */
	struct addr to;   /* IPv4, when it connects */
	uint16_t port;
	bool is_sender;
	unsigned send_ms;
	/* results of the receiver */
	uint64_t bytes;
	uint64_t took_us; /* from the first to the last byte */
};
int demo_stream_run(void *ctx); /* exit code 0: the stream came to its proper end */

#endif
