/* What the operator is told of the scripts: events to the log, and lua_info for show. Loop thread. */
#ifndef MODULES_LUA_REPORT_H
#define MODULES_LUA_REPORT_H

#include "modules/lua/state.h"

void report(struct lua *l, enum lua_log_kind kind, const char *script, const char *text);
/* Words of the process without control characters. */
void report_clean(struct view v, char out[SCRIPT_WORDS]);
/* The line in hand (l->msg), unless there were too many in this second. */
void report_print(struct lua *l, const struct slot *s, uint64_t now_ms);
/* The script loaded last, or why it was not. */
void report_loaded(struct lua *l, const struct slot *s);

#endif
