/* From the holder to one of its processes: root is given up for good, then the program is executed
 * anew. Holder. */
#ifndef CMD_HOLDER_BECOME_H
#define CMD_HOLDER_BECOME_H

#include <sys/types.h>

#define HOLDER_CONTROL_FD 3 /* the other end of the socket pair, in every process of ours */

struct becoming {
	uid_t uid;
	gid_t gid;
	const char *program;     /* absolute */
	const char *const *argv; /* NULL ends */
	int control;             /* becomes HOLDER_CONTROL_FD; the only descriptor but 0 to 2 */
};

/* Forks. In the child nothing but calls that are safe after fork happen, then execve; it dies with
 * the holder. The pid; -1 with errno. */
pid_t become(const struct becoming *b);
/* Why it exited before it was itself; "exited by itself" for all others. */
const char *become_exit_words(int code);

#endif
