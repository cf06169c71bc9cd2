/* The system calls that the script process may still make. */
#ifndef MODULES_LUA_FILTER_H
#define MODULES_LUA_FILTER_H

#include <stdbool.h>

/* From now on any other call ends the process. False: the kernel refused; errno says why. */
bool filter_install(void);

#endif
