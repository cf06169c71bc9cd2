/* A netlink socket that hears of addresses and routes in a network namespace, for who wants to know. Loop thread. */
#ifndef CMD_WIRE_WATCH_H
#define CMD_WIRE_WATCH_H

#include "cmd/holder_proto.h"
#include "cmd/wire_state.h"
#include "modules/loop/loop.h"

/* A member of what its owner keeps for the namespace. */
struct wire_watch {
	struct list in_list; /* the owner's */
	char vrf[ASROOT_VRF];
	int fd;
	struct loop_fd *watch;
	bool is_wanted; /* for the owner to mark and sweep */
};

/* on_change gets v. ST_NOT_FOUND: no such VRF; ST_NOMEM, ST_IO and others of the holder: v is as it was. */
enum status wire_watch_open(struct wire *w, struct wire_watch *v, const char *vrf, loop_fd_fn *on_change) MUST_USE;
/* In a list of them; NULL: none. */
struct wire_watch *wire_watch_find(struct list *all, const char *vrf);
/* Takes it out of the list that it is in; the memory is the owner's. */
void wire_watch_close(struct wire_watch *v);

#endif
