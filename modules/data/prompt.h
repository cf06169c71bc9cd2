/* A thread that has the processor soon after it wakes up. */
#ifndef MODULES_DATA_PROMPT_H
#define MODULES_DATA_PROMPT_H

/* The calling thread asks the kernel for the shortest slices (Linux 6.12 and later; before, nothing changes): it then runs before
 * those that calculate for milliseconds, without a larger share of the processor. Needs no right. A thread that an
 * administrator made a real-time one stays that. */
void prompt_be(void);

#endif
