/* Main's side of the scripts, as lua.c and report.c share it. Loop thread. */
#ifndef MODULES_LUA_STATE_H
#define MODULES_LUA_STATE_H

#include "modules/lua/call.h"
#include "modules/lua/slot.h"

#define SLOTS 2

struct lua {
	struct lua_ports ports;
	void *ctx;
	bool deny_on_failure;
	uint32_t wall_ms;
	uint32_t wait_ms;
	size_t queue;
	struct slot slots[SLOTS];
	struct slot *active;   /* answers; NULL: nobody */
	struct slot *coming;   /* of a newer configuration: loads, or has errors; NULL */
	bool is_switching;     /* coming is loaded and takes over after the call under way */
	struct list waiting;
	size_t n_waiting;
	struct list settled;   /* decided here, to be answered */
	size_t n_settled;
	struct call *under_way; /* in the active process */
	uint32_t serial;
	uint64_t armed_ms;      /* what wake_at was told last */
	uint64_t lines_ms;      /* the second of which lines are counted */
	unsigned lines;
	uint64_t left_out;      /* since they were told */
	struct lua_info counts; /* only its counts */
	struct lua_msg msg;     /* in hand */
};

#endif
