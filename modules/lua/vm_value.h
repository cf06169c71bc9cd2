/* Pairs to a table for a script, and the table that it returns back to pairs, by THE table of fields.
 * In protected mode: what is wrong is raised. */
#ifndef MODULES_LUA_VM_VALUE_H
#define MODULES_LUA_VM_VALUE_H

#include <lua5.4/lua.h>

#include "core/base/pairs.h"
#include "modules/lua/hooks.h"

/* Pushes a new table with what the hook sees: texts, whole numbers, lists as arrays (empty when there is
 * none). changes wins over in; a value that is empty is absent. */
void vm_value_push(
	lua_State *L, enum hook h, const struct pairs *in, const struct pairs *changes);
/* Takes the fields of the table on top of the stack into changes: they replace, `false` clears. where
 * stands in front of what is said about mistakes. */
void vm_value_take(lua_State *L, enum hook h, const char *where, struct pairs *changes);

#endif
