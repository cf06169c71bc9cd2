/* What main says to the holder and what comes back: fixed-size messages of one program to itself
 * over a SOCK_SEQPACKET pair, descriptors beside them (SCM_RIGHTS).
 *
 *   main                                   holder (root)
 *     struct asroot_request  ------------>   checked field by field, then done
 *             <------------  struct asroot_reply + descriptors
 *
 * The holder keeps what it opened under the request's key; the same request of a later main gets
 * the very same descriptors, with what is queued in them. */
#ifndef CMD_HOLDER_PROTO_H
#define CMD_HOLDER_PROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/status.h"

#define ASROOT_NAME 16  /* with NUL: devices sp-[A-Za-z0-9_-]{1,12}, interfaces [!-~ but /], memory (keep|rt)[1-9][0-9]{0,2} */
#define ASROOT_VRF 32   /* name of a network namespace; "" is our own */
#define ASROOT_FDS 64   /* descriptors in one reply */
#define ASROOT_LUA_PLACES 2
#define ASROOT_SCRIPT_NAME 32 /* with NUL: [a-z0-9_-] */
#define ASROOT_PATH 108 /* of a unix socket, with NUL */
#define ASROOT_FILE_NAME 256 /* of a file that the configuration names, with NUL: printable, no quotes */
#define ASROOT_KEYS_MAX 128  /* private keys at a time */
#define ASROOT_AGENTX_PATH "/var/agentx/master" /* where snmpd listens unless it is told otherwise */
#define ASROOT_MEMORY_MAX (128u << 20)
#define ASROOT_MEMORIES 4 /* that are kept: of this main and of the version before */

enum asroot_op {
	ASROOT_UDP,    /* vrf, family, addr (family 0: every address), may_be_absent, port (0: any, it only
			* sends), index -> one socket */
	ASROOT_ASKER,  /* vrf, family, addr (family 0: every address) -> one UDP socket at any port, which hears
			* answers; not kept */
	ASROOT_STREAM, /* vrf, family, addr (family 0: what the kernel chooses) -> one TCP socket that is to be connected; not
			* kept */
	ASROOT_RAW,    /* vrf, family, addr, may_be_absent, index -> one raw socket of ESP (protocol 50), which hears
			* nothing until its filter is replaced */
	ASROOT_TUN,    /* name, vrf, count (queues), mtu, ip4, ip6, vnet_hdr -> count descriptors */
	ASROOT_ROUTE,  /* name (of a TUN that is kept), prefix, metric (0: the kernel's own), is_delete */
	ASROOT_SOURCE, /* vrf, addr of a peer; name: of an interface, or "" -> our address towards it: that of
			* the interface, or what the kernel would choose. ST_NOT_FOUND: no way, no such
			* interface or none of its addresses; ST_EXISTS: the way is a tunnel of ours */
	ASROOT_LINK,   /* vrf -> one netlink socket that tells of addresses and routes that change there, not
			* kept. It was opened by root, but what main would send with it needs main's rights */
	ASROOT_MEMORY, /* name with the version of its layout, size -> memfd; ST_LIMIT. Nothing of it is
			* reserved at first */
	ASROOT_CONFIG, /* is_fresh: the file as it is now; else the accepted copy, if any -> memfd */
	ASROOT_ACCEPT, /* the text of the last ASROOT_CONFIG is in force from now on */
	ASROOT_SCRIPT, /* script: the file lua/SCRIPT.lua beside the configuration -> memfd; ST_NOT_FOUND */
	ASROOT_LUA,    /* index: place 0 or 1; is_delete: ends the process there, else that and a new one
			* -> main's end of its socket pair */
	ASROOT_DROP,   /* of: ASROOT_UDP, ASROOT_RAW or ASROOT_TUN and their keys: closes it */
	ASROOT_SWEEP,  /* closes everything this main did not ask for since it started */
	ASROOT_STATE,  /* state: what the service manager is told */
	/* path -> one stream socket connected to it, non-blocking, not kept. ST_AGAIN: who listens there
	 * does not accept; ST_NOT_FOUND: nobody made it; ST_CONFIG: the operator did not name it.
	 * To connect as root to a unix socket is much (some run commands for root). So main cannot
	 * choose: the path is ASROOT_AGENTX_PATH, or stands behind `agentx` in the configuration file. */
	ASROOT_AGENTX,
	/* name of a memory that is kept, size: so many bytes from its beginning are there for good, and
	 * never swapped out. ST_NOT_FOUND, ST_LIMIT (more than it has); ST_IO: refused, what was reserved
	 * before stays. */
	ASROOT_RESERVE,
	/* vrf, name of an interface of the host, addr of a client, is_delete: hosts there that look for it find
	 * us (ARP, ND). ST_CONFIG: the name does not stand behind `proxy-arp` in the configuration file, and
	 * it is no deletion; ST_NOT_FOUND: there is no such interface. */
	ASROOT_PROXY,
	/* is_delete: ends the process with private keys, else that and a new one -> main's end of its
	 * socket pair */
	ASROOT_KEYS,
	/* file, index, metric (a serial number): opened and handed to that process as key `index`, which reports to
	 * main. Main never gets the descriptor, and cannot choose: the name stands behind `private-key` in the configuration
	 * file. A name without a leading slash counts from the configuration's folder. ST_NOT_FOUND: no such file;
	 * ST_CONFIG: it is not named, or no plain file; ST_LIMIT: too long; ST_AGAIN: the process is busy. */
	ASROOT_KEY,
	/* file: with certificates or revocation lists -> its descriptor, not kept. ST_CONFIG: it does not stand behind
	 * `ca-certificate`, `certificate` or `crl` in the configuration file, or is no plain file;
	 * ST_NOT_FOUND, ST_LIMIT as above. */
	ASROOT_FILE,
	/* -> the credential `sallyport-master-key` of the service manager, which is root's, opened to be read;
	 * not kept. ST_NOT_FOUND: it gave us none. */
	ASROOT_CREDENTIAL,
	/* addr: an IPv4 address of ours, prefix: the address of a DHCP server (its length is of no interest), file: how the
	 * configuration names that server -> one UDP socket at port 67 of addr, in our own namespace, not kept. For
	 * answers of DHCP servers to a relay agent, and not for anything else: ST_CONFIG unless addr stands behind `giaddr`
	 * in the configuration file, or the server behind `server` and addr is what the kernel chooses towards it. */
	ASROOT_DHCP,
	ASROOT__MAX
};

enum asroot_state { ASROOT_READY, ASROOT_RELOADING, ASROOT_STOPPING };

struct asroot_request {
	uint32_t op;
	uint32_t serial;
	uint32_t of;
	uint32_t state;
	uint32_t count;
	uint32_t index;
	uint32_t mtu;
	uint32_t metric;
	uint16_t port;
	uint8_t family;    /* 4 or 6 */
	uint8_t vnet_hdr;  /* these four: 0 or not */
	uint8_t is_delete;
	uint8_t is_fresh;
	uint8_t may_be_absent; /* the host may get the address later */
	struct addr addr;
	struct prefix ip4; /* host bits kept; addr.family 0: none */
	struct prefix ip6;
	struct prefix prefix;
	uint64_t size;
	char name[ASROOT_NAME];
	char vrf[ASROOT_VRF];
	char script[ASROOT_SCRIPT_NAME];
	char path[ASROOT_PATH];
	char file[ASROOT_FILE_NAME];
};

struct asroot_reply {
	uint32_t serial;
	uint32_t status; /* enum status */
	/* errno behind ST_IO. With ST_OK: of ASROOT_UDP and ASROOT_RAW EADDRNOTAVAIL while the address is absent, of
	 * ASROOT_TUN why it has no IPv6 address. */
	int32_t error;
	uint32_t n_fds;
	uint32_t was_kept; /* 1: it was open already */
	struct addr addr;  /* of ASROOT_SOURCE */
	uint32_t is_exposed; /* of ASROOT_KEY: others may read the file, or more than its owner may write to it */
};

/* Main's side. Sends, waits at most 5 s; fds has room for ASROOT_FDS descriptors (close-on-exec),
 * which are the caller's. NULL where no descriptor is expected: such that come are closed. The
 * status is the holder's, or ST_IO / ST_TIMEOUT when the holder cannot be asked; errno is set. */
enum status asroot_call(int control, const struct asroot_request *rq, struct asroot_reply *reply,
			int *fds) MUST_USE;

/* When the socket is readable outside of a call: has the holder gone? A late answer is thrown away. */
bool asroot_is_gone(int control);

/* Holder's side. 1 and a request; 0 when main is gone; -1 for anything else (ignored). */
int asroot_receive(int control, struct asroot_request *rq);
void asroot_answer(int control, const struct asroot_reply *reply, const int *fds);

/* Are all fields within bounds and all names clean? Pure. */
bool asroot_is_sane(const struct asroot_request *rq);

#endif
