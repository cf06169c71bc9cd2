#include "modules/snmp/transport.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/snmp_transport.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK_MS 2000  /* for main and the holder */
#define SEND_MS 1000 /* a master that does not read for so long is none */
#define MESSAGE_MAX 65536

/* The library gives its callbacks no place for a pointer of ours. */
static struct share *the_share;

/* Below our own arc; nobody else sees it. */
static const oid domain_name[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 0};

static int receive(netsnmp_transport *t, void *buf, int size, void **opaque, int *olength)
{
	ssize_t n;
	*opaque = NULL;
	*olength = 0;
	do
		n = recv(t->sock, buf, (size_t)size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		t->flags |= NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
		return 0;
	}
	return (int)n;
}

/* All of it, or the connection is at an end: a message that was cut would spoil all that follow. */
static int transmit(netsnmp_transport *t, const void *buf, int size, void **opaque, int *olength)
{
	int done = 0;
	while (done < size) {
		struct pollfd p = {.fd = t->sock, .events = POLLOUT};
		ssize_t n = send(t->sock, (const char *)buf + done, (size_t)(size - done),
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			done += (int)n;
			continue;
		}
		if (errno == EINTR || (errno == EAGAIN && poll(&p, 1, SEND_MS) > 0))
			continue;
		(void)shutdown(t->sock, SHUT_RDWR);
		return -1;
	}
	return done;
}

static int close_it(netsnmp_transport *t)
{
	if (t->sock < 0)
		return -1;
	/* Main has a second descriptor of it. */
	(void)shutdown(t->sock, SHUT_RDWR);
	int rc = close(t->sock);
	t->sock = -1;
	return rc;
}

static char *format(netsnmp_transport *t, const void *data, int len)
{
	return strdup("master agent");
}

static netsnmp_transport *create(netsnmp_tdomain_spec *spec)
{
	int fd = share_ask_fd(the_share, ASK_MS);
	if (fd < 0)
		return NULL;
	netsnmp_transport *t = calloc(1, sizeof(*t)); /* the library frees it */
	if (!t) {
		close(fd);
		return NULL;
	}
	t->domain = domain_name;
	t->domain_length = OID_LENGTH(domain_name);
	t->sock = fd;
	t->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
	t->msgMaxSize = MESSAGE_MAX;
	t->f_recv = receive;
	t->f_send = transmit;
	t->f_close = close_it;
	t->f_fmtaddr = format;
	return t;
}

void transport_register(struct share *sh)
{
	static netsnmp_tdomain domain = {.name = domain_name, .name_length = OID_LENGTH(domain_name),
					 .f_create_from_tspec = create};
	the_share = sh;
	domain.prefix = calloc(2, sizeof(*domain.prefix)); /* the library frees it */
	if (!domain.prefix)
		return; /* and never connects */
	domain.prefix[0] = "holder";
	netsnmp_tdomain_register(&domain);
}
