/* What the files of the client share.
 *
 *   radius -- set: servers, groups      a server has two services; a service has sockets, each with 256 identifiers;
 *      |         |                      a slot is an identifier in use: of an ask (several, when what it
 *      |      service -- socket -- slot says changed with time), or of a probe
 *      |         |                  |
 *      +------- ask ----------------+
 */
#ifndef MODULES_RADIUS_STATE_H
#define MODULES_RADIUS_STATE_H

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/base/timer.h"
#include "modules/radius/frame.h"
#include "modules/radius/radius.h"

#define RADIUS_IDS         256
#define RADIUS_SOCKETS_MAX 256

struct radius_server;
struct radius_ask;

struct radius_service {
	struct radius *r;
	struct radius_server *server;
	bool is_acct;
	uint16_t port;           /* 0: the server does not have it */
	struct list sockets;
	struct list asks;        /* on their way to it */
	uint32_t n_asks;
	uint32_t silent_tries;   /* waited for in vain since it answered */
	uint64_t silent_from_ms; /* the first of them was sent; 0: none */
	bool is_dead;
	uint64_t dead_from_ms;
	uint64_t rest_until_ms;
	uint32_t last_ms; /* round trip */
	struct timer probe_timer;
	struct radius_slot *probe;
	struct radius_counts counts;
	/* by TLS */
	uint32_t failures;       /* of links, one after another */
	uint32_t told_ends;      /* bits of enum radius_link_end that were told since it answered last */
	uint64_t dial_at_ms;     /* none before */
	struct addr own;         /* from where the last link came */
	struct radius_link_info links; /* counts, and the last failure */
};

struct radius_server {
	struct radius_server_conf conf;
	uint16_t handle;  /* not 0 */
	uint32_t last_ms; /* round trip */
	bool was_told;    /* that it is dead */
	bool is_wanted;   /* while a configuration is put in force */
	struct radius_service services[2]; /* auth, acct */
};

struct radius_group {
	char name[RADIUS_NAME];
	struct radius_server *servers[RADIUS_GROUP_SIZE];
	uint8_t n_servers;
	bool balances;
	uint32_t turn;
};

/* What is configured; each server once. */
struct radius_set {
	struct radius_server *servers[RADIUS_SERVERS_MAX];
	size_t n_servers;
	struct radius_group groups[RADIUS_GROUPS_MAX];
	size_t n_groups;
};

/* What a socket has that is a link. */
struct radius_stream {
	uint64_t number;
	enum radius_link_state state;
	struct timer timer;        /* always armed */
	struct radius_slot *probe; /* of the watchdog; NULL: none is out */
	uint64_t probed_ms;        /* a sign of life is waited for since then; 0: it is not */
	uint64_t heard_ms;         /* an answer came, or it opened */
	uint64_t asked_ms;         /* a request went out since then; 0: none */
	uint64_t busy_ms;          /* it was last of use for a request */
	bool was_heard;            /* it brought an answer */
	bool was_told;             /* that it is open */
	struct frame frame;
};

struct radius_socket {
	struct list in_service;
	struct radius_service *service;
	struct radius_stream *stream; /* NULL: UDP */
	int fd;                       /* of UDP, otherwise -1 */
	struct addr own; /* from where the kernel sends; family 0: it does not know */
	uint16_t n_open;
	uint8_t next;    /* identifier to begin with */
	uint64_t used_ms;
	struct radius_slot *slots[RADIUS_IDS];
	uint64_t rests_until_ms[RADIUS_IDS];
};

struct radius_slot {
	struct list in_ask; /* of a probe: in none */
	struct radius_socket *socket;
	struct radius_ask *ask; /* NULL: a probe */
	uint64_t sent_ms;
	uint8_t id;
	uint8_t authenticator[RADIUS_AUTHENTICATOR];
};

struct radius_ask {
	struct map_node by_number;
	struct list in_service;
	struct timer timer; /* always armed */
	struct radius *r;
	struct radius_service *service; /* NULL: on its way to none */
	struct list slots;
	struct radius_slot *slot;       /* the last */
	enum status result;             /* ST_PENDING, or how it ends with its timer */
	uint32_t tries;                 /* at this service */
	uint32_t losses;                /* links of this service that went away beneath it */
	uint32_t wait_ms;               /* the last, without the end of all */
	uint64_t end_ms;                /* TIMER_NEVER: none */
	uint32_t delay_s;               /* as it stands in the packet */
	uint8_t *packet;                /* as it was sent */
	size_t packet_len;
	uint16_t tried[RADIUS_GROUP_SIZE]; /* handles */
	uint8_t n_tried;
	bool was_lied_to; /* an answer came that proved nothing */
	/* what was asked */
	uint64_t number;
	char group[RADIUS_NAME];
	uint8_t code;
	uint8_t *attrs;
	size_t attrs_len;
	bool has_password;
	uint8_t password[RADIUS_PASSWORD_MAX];
	size_t password_len;
	uint64_t event_ms;
	uint16_t sticky; /* handle; 0: none */
	bool has_other;
	void *ctx;
	void (*done)(void *ctx, uint64_t number, const struct radius_answer *a);
};

struct radius {
	struct radius_ports ports;
	struct stats *stats;
	struct timers timers;
	struct timer sweep;
	struct map asks; /* by number */
	size_t bytes;    /* of asks */
	struct radius_set *set;
	uint16_t last_handle;
	uint64_t last_link;
	struct radius_socket *sockets[RADIUS_SOCKETS_MAX];
	size_t n_sockets;
};

static inline uint64_t radius_now(const struct radius *r)
{
	return r->ports.now_ms(r->ports.ctx);
}

#endif
