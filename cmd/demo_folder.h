/* The demo's temporary folder, and its keeper: a process that outlives every other one of the demo,
 * however that ends, and then removes what no process takes with it: the folder, and the headend's
 * claim of its network namespace. */
#ifndef CMD_DEMO_FOLDER_H
#define CMD_DEMO_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmd/demo_net.h"

#define DEMO_FOLDER_TEXT 48

struct demo_folder {
	char path[DEMO_FOLDER_TEXT];
	int lock;     /* held by every process of the demo */
	int lifeline; /* likewise; the keeper sees the end of the last one */
	pid_t keeper; /* 0: none */
};

/* Makes the folder and starts the keeper, before any other process. A demo that takes longer than
 * limit_s is killed by it. */
bool demo_folder_make(struct demo_folder *f, int gateway_netns, unsigned limit_s, char why[DEMO_WHY]);
/* When the other processes have ended. True: the folder is gone. */
bool demo_folder_drop(struct demo_folder *f);

#endif
