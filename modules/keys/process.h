/* The keys process: the only place where our private keys are. It has the socket to main, and for a moment the
 * file of a key that the holder opened; no network, no other file, no other process, and a filter that knows the few
 * system calls that are left. Its memory is not dumpable and, where the limit allows it, never swapped out. */
#ifndef MODULES_KEYS_PROCESS_H
#define MODULES_KEYS_PROCESS_H

/* The whole life of the process. fd: SOCK_SEQPACKET to main and the holder, the only descriptor that is
 * kept. The caller has dropped all privileges. The exit status: 0 when the other end closed, 1 when it cannot be
 * confined or hears what it does not understand. */
int keys_process_main(int fd);

#endif
