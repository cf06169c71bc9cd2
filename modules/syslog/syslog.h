/* The syslog exporter: every event to several collectors (UDP, RFC 5426) and to the syslog daemon of this
 * host (a datagram socket such as /dev/log). Nobody waits for a destination: each has a bounded queue whose
 * oldest messages make room, and learns how many it missed as soon as it can be reached again.
 *
 *   idle --message--> open, send --ok--> up       what failed stays in the queue and is tried again
 *                        |  ^                     later and later (1 s to 30 s; the local socket each
 *                        v  | after a while       second). A collector that refused gets one message
 *                       waiting                   first, which counts as sent when nothing comes back.
 *
 * Says nothing through the log itself; what it has to say goes to on_loss. Loop thread. */
#ifndef MODULES_SYSLOG_SYSLOG_H
#define MODULES_SYSLOG_SYSLOG_H

#include <stdbool.h>

#include "core/base/addr.h"
#include "modules/syslog/format.h"

#define SYSLOG_TARGETS 33 /* 32 collectors and the local socket */
#define SYSLOG_VRF 32
#define SYSLOG_PATH 108 /* of a socket, with NUL */
#define SYSLOG_TARGET_TEXT 160
#define SYSLOG_ERROR 96
#define SYSLOG_OFF (-1)
#define SYSLOG_TURN 64 /* messages for one destination in one turn */

struct syslog_target {
	struct addr addr; /* family 0: the local socket at `path` */
	uint16_t port;
	char vrf[SYSLOG_VRF]; /* name of a network namespace; "": our own */
	struct addr source;   /* family 0: what the host chooses */
	char path[SYSLOG_PATH];
	bool is_3164; /* the older form */
};

struct syslog_conf {
	struct syslog_source source;
	int level; /* of collectors: least urgent severity, 0..7 or SYSLOG_OFF; the local socket gets all */
	const struct syslog_target *targets;
	size_t n; /* at most SYSLOG_TARGETS */
};

struct syslog_time {
	uint64_t now_ms; /* never goes back */
	int64_t utc_ms;
	int64_t local_ms;
};

struct syslog_loss {
	const char *target; /* as syslog_target_format */
	const char *reason; /* when it begins */
	bool is_over;
	uint64_t dropped; /* when it is over */
};

struct syslog_ports {
	/* Calls syslog_turn then, or as soon as may be when it has passed; replaces the time asked for
	 * before. UINT64_MAX: not at all. */
	void (*wake_at)(void *ctx, uint64_t at_ms);
	/* A datagram socket of t's VRF, family and source address, which becomes the module's; index tells
	 * several of them apart. Asking again may give the same one. ST_IO with errno, or another. */
	enum status (*udp)(void *ctx, const struct syslog_target *t, uint32_t index, int *fd);
	/* That one is not needed any more. */
	void (*udp_drop)(void *ctx, const struct syslog_target *t, uint32_t index);
	/* Messages for a destination begin to be lost, or arrive again. */
	void (*on_loss)(void *ctx, const struct syslog_loss *l);
};

struct syslog;

struct syslog *syslog_new(const struct syslog_ports *ports, void *ctx); /* NULL: memory */
void syslog_free(struct syslog *s);                                     /* NULL is fine */

/* Destinations that stay keep their queue, their numbers and their socket. */
void syslog_set(struct syslog *s, const struct syslog_conf *c);
/* Queues it; nothing is sent before the next turn. */
void syslog_event(struct syslog *s, const struct syslog_event *ev);
void syslog_turn(struct syslog *s, const struct syslog_time *t);

enum syslog_state { SYSLOG_IDLE, SYSLOG_UP, SYSLOG_WAITING };

struct syslog_info {
	struct syslog_target target;
	enum syslog_state state;
	uint64_t sent;
	uint64_t dropped;
	uint32_t queued;
	char error[SYSLOG_ERROR]; /* the last one, "" none */
};

/* One after the other, collectors in the order of the configuration as far as slots allow, from
 * *cursor 0; false: no more. */
bool syslog_next(const struct syslog *s, size_t *cursor, struct syslog_info *out);
/* Since syslog_new, destinations that are gone included. */
void syslog_totals(const struct syslog *s, uint64_t *sent, uint64_t *dropped);
/* "192.0.2.9:514", "192.0.2.9:514 vrf red", "/dev/log". */
char *syslog_target_format(const struct syslog_target *t, char buf[SYSLOG_TARGET_TEXT]);

#endif
