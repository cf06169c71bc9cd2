/* Main: every port of core joined to a module, the order of start and stop. */
#ifndef CMD_WIRE_H
#define CMD_WIRE_H

/* The life of the process main. control: the socket to the holder; absolute paths. Exit code. */
int wire_main(int control, const char *state, const char *socket_path);

#endif
