/* os.time and os.date for scripts, from the time of the call: UTC, or so many minutes east of it. There is
 * no time zone database and no daylight saving time here. */
#ifndef MODULES_LUA_VM_TIME_H
#define MODULES_LUA_VM_TIME_H

#include <lua5.4/lua.h>

/*  os.time()                      seconds since 1970, of the call
 *  os.time{year, month, day [, hour = 12, min, sec]}   the same of a date in UTC; fields may be out of
 *                                 their ranges (day = 0 is the last of the month before)
 *  os.date([format [, seconds [, minutes east]]])      "*t" and most of strftime(3) in English */
int vm_os_time(lua_State *L);
int vm_os_date(lua_State *L);

#endif
