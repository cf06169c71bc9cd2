#include "cmd/holder_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/holder_become.h"
#include "modules/keys/msg.h"

void holder_keys_init(struct holder_keys *k)
{
	*k = (struct holder_keys){.fd = -1};
}

void holder_keys_stop(struct holder_keys *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	/* It is reaped with all children; its number is not used again before that. */
	if (k->pid > 0)
		kill(k->pid, SIGKILL);
	k->pid = 0;
}

enum status holder_keys_start(struct holder_keys *k, int *fd)
{
	static const char *const argv[] = {"sallyport", "run", "--as-keys", NULL};
	int pair[2], own = -1;
	holder_keys_stop(k);
	if (!k->program || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return ST_IO;
	own = fcntl(pair[0], F_DUPFD_CLOEXEC, 0);
	pid_t pid = own >= 0 ? become(&(struct becoming){HOLDER_KEYS_UID, HOLDER_KEYS_UID, k->program, argv,
							  pair[1]}) :
			       -1;
	int e = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		if (own >= 0)
			close(own);
		errno = e;
		return ST_IO;
	}
	k->pid = pid;
	k->fd = own;
	*fd = pair[0];
	return ST_OK;
}

enum status holder_keys_hand(const struct holder_keys *k, uint8_t key, uint32_t serial, int file)
{
	const struct keys_msg m = {.type = KEYS_MSG_LOAD, .key = key, .serial = serial};
	uint8_t record[16];
	struct wr w = wr_init(record, sizeof(record));
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} ctl = {0};
	keys_msg_build(&w, &m);
	if (!wr_ok(&w) || k->fd < 0) {
		errno = ENOTCONN;
		return ST_IO;
	}
	struct iovec iov = {record, w.len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof(ctl)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &file, sizeof(file));
	if (sendmsg(k->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.len)
		return ST_OK;
	return errno == EAGAIN || errno == EINTR ? ST_AGAIN : ST_IO;
}

bool holder_keys_reaped(struct holder_keys *k, pid_t pid)
{
	if (pid != k->pid || pid == 0)
		return false;
	k->pid = 0;
	return true;
}
