/* Addresses of the host as its kernel tells of them: made-up messages, and those of this machine. */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/netlink.h"
#include "core/base/mem.h"
#include "tests/lib/t.h"

static struct {
	_Alignas(8) uint8_t bytes[1024];
	size_t len;
} m;
static char seen[256];

static void found(void *ctx, const struct addr *a)
{
	char text[ADDR_TEXT];
	size_t len = strlen(seen);
	(void)ctx;
	snprintf(seen + len, sizeof(seen) - len, "%s ", addr_format(a, text));
}

static void put(const void *p, size_t len)
{
	memcpy(m.bytes + m.len, p, len);
	m.len += (len + 3) / 4 * 4;
}

static size_t begin(uint16_t type, uint16_t flags, uint32_t number)
{
	struct nlmsghdr h = {.nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = number};
	struct ifaddrmsg body = {0};
	size_t at = m.len;
	put(&h, sizeof(h));
	put(&body, sizeof(body));
	return at;
}

static void attribute(uint16_t type, const char *address, size_t len)
{
	struct rtattr a = {.rta_type = type, .rta_len = (uint16_t)(sizeof(a) + len)};
	struct addr v;
	T_EQ(addr_parse(address, &v), ST_OK);
	put(&a, sizeof(a));
	put(v.b, len);
}

static void end(size_t at)
{
	uint32_t len = (uint32_t)(m.len - at);
	memcpy(m.bytes + at, &len, sizeof(len));
}

static struct netlink_addresses read_all(void)
{
	struct netlink_addresses r = {.number = 7, .found = found};
	uint8_t *exact = mem_dup(m.bytes, m.len); /* so that a sanitizer sees the end */
	seen[0] = 0;
	netlink_addresses_read(&r, exact, m.len);
	mem_free(exact);
	return r;
}

static void an_answer(void)
{
	struct netlink_addresses r;
	m.len = 0;
	size_t at = begin(RTM_NEWADDR, NLM_F_MULTI, 7);
	attribute(IFA_ADDRESS, "10.0.0.2", 4); /* the other end */
	attribute(IFA_LOCAL, "10.0.0.1", 4);
	end(at);
	at = begin(RTM_NEWADDR, NLM_F_MULTI, 7);
	attribute(IFA_ADDRESS, "2001:db8::1", 16);
	attribute(IFA_LABEL, "9.9.9.9", 4);
	end(at);
	r = read_all();
	T_STR(seen, "10.0.0.1 2001:db8::1 ");
	T_TRUE(!r.is_over && !r.is_broken && !r.has_changed);
	end(begin(NLMSG_DONE, NLM_F_MULTI, 7));
	r = read_all();
	T_TRUE(r.is_over && !r.is_broken);
}

static void other_messages(void)
{
	static const struct {
		uint16_t type, flags;
		uint32_t number;
		bool over, broken, changed;
	} rows[] = {
		{RTM_NEWADDR, 0, 0, false, false, true},
		{RTM_DELADDR, 0, 0, false, false, true},
		{RTM_NEWADDR, 0, 7, false, false, true}, /* of a number by chance */
		{RTM_NEWADDR, NLM_F_MULTI, 6, false, false, true}, /* of a question before */
		{RTM_NEWROUTE, 0, 0, false, false, false},
		{NLMSG_DONE, NLM_F_MULTI, 6, false, false, false},
		{NLMSG_ERROR, 0, 7, false, true, false},
		{NLMSG_ERROR, 0, 6, false, false, false},
		{NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 7, true, true, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "message");
		m.len = 0;
		size_t at = begin(rows[i].type, rows[i].flags, rows[i].number);
		attribute(IFA_LOCAL, "10.0.0.1", 4);
		end(at);
		struct netlink_addresses r = read_all();
		T_TRUE(r.is_over == rows[i].over && r.is_broken == rows[i].broken && r.has_changed == rows[i].changed);
		T_STR(seen, "");
	}
}

/* Cut anywhere, and with any length in any place, it is read to where it makes sense. */
static void damaged(void)
{
	m.len = 0;
	size_t at = begin(RTM_NEWADDR, NLM_F_MULTI, 7);
	attribute(IFA_LOCAL, "10.0.0.1", 4);
	end(at);
	size_t whole = m.len;
	for (m.len = 0; m.len < whole; m.len++) {
		(void)read_all();
		T_STR(seen, "");
	}
	for (size_t i = 0; i < whole; i++) {
		uint8_t was = m.bytes[i];
		for (unsigned v = 0; v < 256; v++) {
			m.bytes[i] = (uint8_t)v;
			(void)read_all();
		}
		m.bytes[i] = was;
	}
	(void)read_all();
	T_STR(seen, "10.0.0.1 ");
}

static void this_machine(void)
{
	static uint8_t buf[32768];
	struct netlink_addresses r = {.number = 7, .found = found};
	struct netlink_message ask = netlink_addresses_ask(7);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	T_TRUE(fd >= 0);
	seen[0] = 0;
	T_EQ(send(fd, ask.bytes, ask.len, 0), (ssize_t)ask.len);
	while (!r.is_over && !r.is_broken) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT); /* as in the loop: the answer is there */
		T_TRUE(n > 0);
		netlink_addresses_read(&r, buf, (size_t)n);
	}
	close(fd);
	T_TRUE(r.is_over && strstr(seen, "127.0.0.1 "));
}

int main(void)
{
	T_RUN(an_answer);
	T_RUN(other_messages);
	T_RUN(damaged);
	T_RUN(this_machine);
	return t_end();
}
