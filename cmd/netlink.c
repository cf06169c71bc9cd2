#include "cmd/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

void netlink_put(struct netlink_message *m, const void *p, size_t len)
{
	if (len)
		memcpy(m->bytes + m->len, p, len);
	m->len += NLMSG_ALIGN(len);
}

struct netlink_message netlink_begin(uint16_t type, uint16_t flags, const void *body, size_t len)
{
	struct netlink_message m = {0};
	struct nlmsghdr h = {.nlmsg_type = type,
			     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)};
	netlink_put(&m, &h, sizeof(h));
	netlink_put(&m, body, len);
	return m;
}

void netlink_attribute(struct netlink_message *m, uint16_t type, const void *p, size_t len)
{
	struct rtattr a = {.rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type};
	netlink_put(m, &a, sizeof(a));
	netlink_put(m, p, len);
}

size_t netlink_open_nest(struct netlink_message *m, uint16_t type)
{
	size_t at = m->len;
	netlink_attribute(m, type, NULL, 0);
	return at;
}

void netlink_close_nest(struct netlink_message *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);
	memcpy(m->bytes + at, &len, sizeof(len));
}

ssize_t netlink_get(struct netlink_message *m, uint8_t *buf, size_t cap)
{
	uint32_t len = (uint32_t)m->len;
	struct timeval patience = {.tv_sec = 2};
	memcpy(m->bytes, &len, sizeof(len)); /* nlmsg_len */
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ssize_t n = send(fd, m->bytes, m->len, 0) < 0 ? -1 : recv(fd, buf, cap, 0);
	int e = errno;
	close(fd);
	errno = e;
	return n;
}

int netlink_ask(struct netlink_message *m)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buf[4096];
	ssize_t n = netlink_get(m, buf, sizeof(buf));
	if (n < 0)
		return errno;
	struct nlmsghdr h;
	struct nlmsgerr e;
	if ((size_t)n < sizeof(h) + sizeof(e.error))
		return EPROTO;
	memcpy(&h, buf, sizeof(h));
	memcpy(&e.error, buf + NLMSG_HDRLEN, sizeof(e.error));
	return h.nlmsg_type == NLMSG_ERROR ? -e.error : EPROTO;
}

/* ---- addresses ---------------------------------------------------------------------------------------- */

struct netlink_message netlink_addresses_ask(uint32_t number)
{
	struct ifaddrmsg all = {.ifa_family = AF_UNSPEC};
	struct netlink_message m = netlink_begin(RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
	struct nlmsghdr h;
	memcpy(&h, m.bytes, sizeof(h));
	h.nlmsg_len = (uint32_t)m.len;
	h.nlmsg_seq = number;
	h.nlmsg_flags &= (uint16_t)~NLM_F_ACK; /* NLMSG_DONE is enough */
	memcpy(m.bytes, &h, sizeof(h));
	return m;
}

/* At a link between two, IFA_ADDRESS is of the other end. */
static void read_address(struct netlink_addresses *r, const uint8_t *p, size_t len)
{
	struct addr local = {0}, address = {0};
	struct rtattr a;
	while (len >= sizeof(a)) {
		memcpy(&a, p, sizeof(a));
		size_t step = RTA_ALIGN(a.rta_len);
		if (a.rta_len < sizeof(a) || a.rta_len > len)
			break;
		size_t body = a.rta_len - sizeof(a);
		if ((a.rta_type == IFA_LOCAL || a.rta_type == IFA_ADDRESS) && (body == 4 || body == 16))
			*(a.rta_type == IFA_LOCAL ? &local : &address) = addr_from(p + sizeof(a), body);
		if (step >= len)
			break;
		p += step;
		len -= step;
	}
	if (local.family || address.family)
		r->found(r->ctx, local.family ? &local : &address);
}

static void read_message(struct netlink_addresses *r, const struct nlmsghdr *h, const uint8_t *body, size_t len)
{
	bool is_answer = h->nlmsg_seq == r->number && (h->nlmsg_flags & NLM_F_MULTI);
	bool is_address = h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR;
	size_t head = NLMSG_ALIGN(sizeof(struct ifaddrmsg));
	if (!is_answer) {
		r->has_changed |= is_address;
		r->is_broken |= h->nlmsg_type == NLMSG_ERROR && h->nlmsg_seq == r->number;
		return;
	}
	r->is_broken |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	r->is_over |= h->nlmsg_type == NLMSG_DONE;
	if (h->nlmsg_type == RTM_NEWADDR && len > head)
		read_address(r, body + head, len - head);
}

void netlink_addresses_read(struct netlink_addresses *r, const uint8_t *buf, size_t len)
{
	struct nlmsghdr h;
	while (len >= sizeof(h)) {
		memcpy(&h, buf, sizeof(h));
		size_t step = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > len)
			return;
		read_message(r, &h, buf + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
		if (step >= len)
			return;
		buf += step;
		len -= step;
	}
}
