/* The system calls that the keys process may still make. */
#ifndef MODULES_KEYS_FILTER_H
#define MODULES_KEYS_FILTER_H

#include <stdbool.h>

/* From now on any other call ends the process. False: the kernel refused; errno says why. */
bool keys_filter_install(void);

#endif
