/* What a script finds when it starts: THE list of names. Everything else of Lua's libraries is not
 * there. */
#ifndef MODULES_LUA_VM_LIB_H
#define MODULES_LUA_VM_LIB_H

#include <lua5.4/lua.h>

#include "core/base/pairs.h"

/* Fills the globals of an empty state; in protected mode. */
void vm_lib_open(lua_State *L);
/* `config.NAME`: the text of a setting that is given once; more often: an error when it is read.
 * `config_list.NAME`: the texts of all. A dash in a name becomes an underscore. In protected mode. */
void vm_lib_settings(lua_State *L, const struct pairs *settings);

#endif
