/* The demo's client: the engine's initiator, one worker of the data path and one TUN device in a
 * process of its own, in the client's network namespace. The least that makes a tunnel: it connects
 * once, keeps nothing, and says goodbye on SIGTERM. */
#ifndef CMD_DEMO_CLIENT_H
#define CMD_DEMO_CLIENT_H

#include <stdint.h>

#include "cmd/demo_device.h"
#include "core/base/endpoint.h"
#include "core/ike/questions.h"

#define DEMO_CLIENT_PROFILE "OFFICE" /* in its configuration */
#define DEMO_SUITE 64

/* One message to the demo when the tunnel is up, or when it is known that there will be none. */
struct demo_client_report {
	bool is_up;
	struct demo_address address; /* of the TUN device */
	char ike[DEMO_SUITE]; /* what was agreed, in words */
	char esp[DEMO_SUITE];
	uint64_t took_us;
	enum status status;
	char detail[IKE_DETAIL_LEN]; /* a sentence; "" when the words of the status suffice */
};

struct demo_client {
	const char *conf; /* text of its configuration */
	struct addr local;
	struct addr gateway;
	int report;       /* SOCK_SEQPACKET */
};

/* A task (demo_task.h). Exit code 0: asked to stop, and the peer answered our DELETE. */
int demo_client_run(void *ctx); /* struct demo_client */

#endif
