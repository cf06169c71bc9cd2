/* What the holder opens and keeps: sockets, TUN queues, memory, the configuration. THE table of
 * asroot_x commands is in holder_open.c. Requests were judged sane before they come here. */
#ifndef CMD_HOLDER_OPEN_H
#define CMD_HOLDER_OPEN_H

#include "cmd/holder_keys.h"
#include "cmd/holder_lua.h"
#include "cmd/holder_proto.h"
#include "core/base/list.h"

struct kept {
	struct list things;
	size_t count;
	int home_ns;             /* our own network namespace */
	const char *config_path; /* as the operator named it, made absolute */
	int config_last;         /* copy handed out last; -1 none */
	int config_accepted;     /* copy in force; -1 none */
	uint32_t round;          /* counts the mains; things remember who asked last */
	enum asroot_state state; /* what main reported last; only valid when told */
	bool told;
	struct holder_lua lua;
	struct holder_keys keys;
	int passing; /* opened for the reply in hand, not kept; -1: none */
};

enum status kept_init(struct kept *k, const char *config_path) MUST_USE; /* ST_IO with errno */
void kept_fini(struct kept *k);
/* A new main begins to ask. */
void kept_begin(struct kept *k);
/* Does one request. fds has room for ASROOT_FDS and stays the holder's. */
void kept_do(struct kept *k, const struct asroot_request *rq, struct asroot_reply *reply, int *fds);
/* The reply was sent: what is not kept is closed. */
void kept_answered(struct kept *k);

#endif
