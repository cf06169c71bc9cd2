/* `sallyport demo`: a whole VPN in two throw-away network namespaces: the headend as an operator runs
 * it, a client, traffic, and what SQL, log and the rest saw of it. Needs no other program; leaves
 * nothing behind, however it ends. */
#ifndef CMD_DEMO_H
#define CMD_DEMO_H

/* Exit code: 0 every step worked, 1 one did not, or it was interrupted, 2 usage or not root. */
int demo_main(int argc, char **argv);

#endif
