#include "cmd/quickstart.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/crypto/rnd.h"

#define KEY_CHARS 26
#define TEXT_MAX 4096
#define NET6_TEXT 24 /* "fd12:3456:789a" */

struct choices {
	char key[KEY_CHARS + 1];
	char net6[NET6_TEXT];
	char address[INET6_ADDRSTRLEN];
};

static const char format[] =
	"! The first configuration, written by `sallyport run --quickstart`. Edit it, then: sallyport reload\n"
	"hostname sallyport\n"
	"aaa new-model\n"
	"aaa authorization network LOCAL local\n"
	"!\n"
	"ip local pool CLIENTS 10.99.0.10 10.99.0.250\n"
	"ipv6 local pool CLIENTS6 %s:1::/64 128\n"
	"!\n"
	"crypto ikev2 authorization policy CLIENTS\n"
	" pool CLIENTS\n"
	" ipv6 pool CLIENTS6\n"
	"!\n"
	"! Everybody who knows the key may connect, under any name.\n"
	"crypto ikev2 profile CLIENTS\n"
	" match identity remote any\n"
	" identity local fqdn sallyport\n"
	" authentication remote pre-share key %s\n"
	" authentication local pre-share key %s\n"
	" aaa authorization group psk list LOCAL CLIENTS\n"
	" nat force-encapsulation\n"
	" virtual-template 1\n"
	"!\n"
	"interface Virtual-Template1 type tunnel\n"
	" ip address 10.99.0.1 255.255.255.0\n"
	" ipv6 address %s::1/64\n"
	" tunnel protection ipsec profile default\n";

static const char client_format[] =
	"\n"
	"Listening on UDP ports 500 and 4500 of every address. A client gets an address of 10.99.0.0/24\n"
	"and %s:1::/64 and reaches 10.99.0.1 and %s::1. With strongSwan, in swanctl.conf:\n"
	"\n"
	"  connections {\n"
	"    sallyport {\n"
	"      version = 2\n"
	"      remote_addrs = %s\n"
	"      vips = 0.0.0.0, ::\n"
	"      local { auth = psk\n"
	"              id = me@sallyport }\n"
	"      remote { auth = psk\n"
	"               id = sallyport }\n"
	"      children { sallyport { remote_ts = 10.99.0.0/24, %s::/48 } }\n"
	"    }\n"
	"  }\n"
	"  secrets {\n"
	"    ike-sallyport { id = sallyport\n"
	"                    secret = \"%s\" }\n"
	"  }\n"
	"\n"
	"then: swanctl --load-all && swanctl --initiate --child sallyport\n"
	"Other systems: IKEv2 with this pre-shared key, remote ID sallyport, any local ID.\n"
	"%s\n";

/* Five bits a character, none of them easily mistaken: 130 bits. */
static void choose_key(char out[KEY_CHARS + 1])
{
	static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[KEY_CHARS];
	rnd_bytes(random, sizeof(random));
	for (size_t i = 0; i < KEY_CHARS; i++)
		out[i] = alphabet[random[i] % 32];
	out[KEY_CHARS] = 0;
	mem_zero(random, sizeof(random));
}

/* A unique local prefix (RFC 4193). */
static void choose_net6(char out[NET6_TEXT])
{
	uint8_t r[5];
	rnd_bytes(r, sizeof(r));
	snprintf(out, NET6_TEXT, "fd%02x:%x:%x", r[0], r[1] << 8 | r[2], r[3] << 8 | r[4]);
}

/* The address that a client elsewhere most likely uses: global before others, IPv4 before IPv6. */
static void find_address(char out[INET6_ADDRSTRLEN])
{
	struct ifaddrs *all, *i;
	int best = 0;
	snprintf(out, INET6_ADDRSTRLEN, "ADDRESS-OF-THIS-MACHINE");
	if (getifaddrs(&all) != 0)
		return;
	for (i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT)))
			continue;
		const struct sockaddr_in *in4 = (const void *)i->ifa_addr;
		const struct sockaddr_in6 *in6 = (const void *)i->ifa_addr;
		if (i->ifa_addr->sa_family == AF_INET && best < 2) {
			inet_ntop(AF_INET, &in4->sin_addr, out, INET6_ADDRSTRLEN);
			best = 2;
		} else if (i->ifa_addr->sa_family == AF_INET6 && best < 1 &&
			   !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)) {
			inet_ntop(AF_INET6, &in6->sin6_addr, out, INET6_ADDRSTRLEN);
			best = 1;
		}
	}
	freeifaddrs(all);
}

static bool is_forwarding(void)
{
	char c = '0';
	int fd = open("/proc/sys/net/ipv4/ip_forward", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (read(fd, &c, 1) != 1)
		c = '1';
	close(fd);
	return c == '1';
}

static bool make_parents(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	if (len >= sizeof(part))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return false;
	}
	return true;
}

/* Never over a file that is there. */
static bool write_new(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = make_parents(path) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (!ok)
		fprintf(stderr, "sallyport: cannot write %s: %s\n", path, strerror(errno));
	return ok;
}

bool quickstart(const char *path)
{
	struct choices c;
	char text[TEXT_MAX];
	if (access(path, F_OK) == 0) {
		printf("Using the configuration %s\n", path);
		fflush(stdout);
		return true;
	}
	choose_key(c.key);
	choose_net6(c.net6);
	find_address(c.address);
	snprintf(text, sizeof(text), format, c.net6, c.key, c.key, c.net6);
	bool ok = write_new(path, text);
	if (ok) {
		printf("Wrote the configuration %s with a new key; it is shown here and never again.\n", path);
		printf(client_format, c.net6, c.net6, c.address, c.net6, c.key,
		       is_forwarding() ? "" :
					 "To reach networks behind this machine: sysctl -w net.ipv4.ip_forward=1\n");
		fflush(stdout);
	}
	mem_zero(text, sizeof(text));
	mem_zero(&c, sizeof(c));
	return ok;
}
