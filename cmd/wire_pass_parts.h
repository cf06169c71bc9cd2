/* A conversation of EAP between a client and RADIUS servers, as both halves of it know it: cmd/wire_pass.c has the client's,
 * cmd/wire_pass_server.c what the servers say. Loop thread. */
#ifndef CMD_WIRE_PASS_PARTS_H
#define CMD_WIRE_PASS_PARTS_H

#include "cmd/wire_radius.h"
#include "cmd/wire_state.h"
#include "core/ike/ports.h"
#include "core/wire/radius.h"
#include "modules/radius/radius.h"

#define PASS_NAME (RADIUS_VALUE_MAX + 1)

struct pass {
	struct list in_list;
	struct map_node by_sa, by_number;
	uint64_t sa;
	uint64_t number;  /* question that waits; 0: none, and not in that map */
	uint64_t request; /* under way; 0: none */
	struct wire *wire;
	char profile[IKE_NAME_LEN];
	struct endpoint local, remote;
	size_t method_at;     /* of the list, the one after that is asked */
	const char *list;     /* of the configuration in force; NULL after a reload */
	char group[RADIUS_NAME];
	uint64_t end_ms;      /* of the question that waits */
	bool is_asking_name;  /* our own EAP-Request/Identity is on its way */
	bool is_forticlient;
	bool proves_gateway;  /* only methods that do so are passed on (RFC 5998 section 4) */
	bool is_known;        /* a server has answered: the others know nothing of it */
	uint8_t own_id;       /* of that request */
	uint8_t last_id;      /* of the last packet from the client */
	uint16_t server;
	unsigned rounds;
	char name[PASS_NAME];
	uint8_t state[RADIUS_VALUE_MAX];
	size_t state_len;
	uint8_t *packet;      /* the client's last one, as it was passed on */
	size_t packet_len;
};

/* The question that waits; 0: none does any more. */
void wire_pass_set_number(struct pass *p, uint64_t number);
/* The client's last packet, to a server of the group; that is heard of by wire_pass_on_server(). ST_NOMEM, ST_LIMIT. */
enum status wire_pass_on(struct pass *p) MUST_USE;
/* Over, and p with it. */
void wire_pass_end(struct pass *p);

/* A server has answered, or none does: the next method of the list, or an answer to the engine. ctx: the conversation. */
void wire_pass_on_server(void *ctx, uint64_t request, const struct radius_answer *a);
/* Who is asked when the group that is asked now does not answer. Nobody, once a server knows of the conversation;
 * `none` could not talk EAP. *at: of the list, the one after that. */
enum wire_aaa wire_pass_other(const struct pass *p, size_t *at, const char **group);

#endif
