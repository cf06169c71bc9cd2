#include "modules/data/mtu.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/errqueue.h> /* wants struct timespec */

#include "modules/data/udp.h"

#define QUEUE_MAX 16 /* refusals looked at; another thread may send through the same socket */

/* One byte more than the payload of the largest datagram, so that a link of 65536 bytes refuses it, too.
 * Never written, never read. */
static uint8_t nothing[65535];

static int level_of(uint8_t family)
{
	return family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
}

static void set(int fd, uint8_t family, int option4, int option6, int value)
{
	(void)setsockopt(fd, level_of(family), family == 4 ? option4 : option6, &value, sizeof(value));
}

static void discover(int fd, uint8_t family, int mode)
{
	/* The modes have the same numbers for both families. */
	set(fd, family, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, mode);
}

void mtu_set_df(int fd, uint8_t family, bool df)
{
	discover(fd, family, df ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
}

static bool is_to(const struct sockaddr_storage *ss, const struct addr *a)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (a->family == 4) {
		memcpy(&in, ss, sizeof(in));
		return in.sin_family == AF_INET && memcmp(&in.sin_addr, a->b, 4) == 0;
	}
	memcpy(&in6, ss, sizeof(in6));
	return in6.sin6_family == AF_INET6 && memcmp(&in6.sin6_addr, a->b, 16) == 0;
}

/* The MTU that a refusal of the kernel names; 0: it is about something else. */
static uint32_t named(struct msghdr *m, uint8_t family)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct sock_extended_err e;

		if (c->cmsg_level != level_of(family) ||
		    c->cmsg_type != (family == 4 ? IP_RECVERR : IPV6_RECVERR))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		if (e.ee_errno == EMSGSIZE && e.ee_origin == SO_EE_ORIGIN_LOCAL)
			return e.ee_info;
	}
	return 0;
}

static uint32_t refusal(int fd, const struct addr *to)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	uint32_t mtu = 0;

	for (int i = 0; i < QUEUE_MAX; i++) {
		struct sockaddr_storage name = {0};
		struct msghdr m = {.msg_name = &name, .msg_namelen = sizeof(name), .msg_control = control,
			.msg_controllen = sizeof(control)};
		uint32_t found;

		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		found = named(&m, to->family);
		if (found && is_to(&name, to))
			mtu = found;
	}
	return mtu;
}

static uint32_t ask(int fd, const struct endpoint *local, const struct endpoint *remote, int mode)
{
	discover(fd, remote->addr.family, mode);
	if (udp_send(fd, local, remote, (struct view){0}, (struct view){nothing, sizeof(nothing)}) !=
	    ST_ESP_TOO_BIG)
		return 0;
	return refusal(fd, &remote->addr);
}

/* Refusals are kept for us only as long as it takes: with a queue, errors that the network reports
 * would also be reported to whoever sends next, instead of sending. */
struct mtu mtu_ask(int fd, const struct endpoint *local, const struct endpoint *remote)
{
	uint8_t family = remote->addr.family;
	struct mtu m;

	set(fd, family, IP_RECVERR, IPV6_RECVERR, 1);
	m.path = ask(fd, local, remote, IP_PMTUDISC_DO);
	m.media = ask(fd, local, remote, IP_PMTUDISC_PROBE);
	set(fd, family, IP_RECVERR, IPV6_RECVERR, 0);
	return m;
}
