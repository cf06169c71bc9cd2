/* The scripts that ship with the program (modules/lua/scripts), by file name. Any thread. */
#ifndef MODULES_LUA_SHIPPED_H
#define MODULES_LUA_SHIPPED_H

#include <stddef.h>

/* NULL: no such. */
const char *shipped_text(const char *name, size_t *len);
/* NULL after the last. */
const char *shipped_name(size_t i);

#endif
