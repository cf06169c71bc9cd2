#include "cmd/holder_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/holder_agentx.h"
#include "cmd/holder_file.h"
#include "cmd/holder_credential.h"
#include "cmd/holder_dhcp.h"
#include "cmd/holder_memory.h"
#include "cmd/holder_named.h"
#include "cmd/holder_netlink.h"
#include "cmd/holder_proxy.h"
#include "cmd/holder_socket.h"
#include "cmd/holder_source.h"
#include "core/base/mem.h"

#define THINGS_MAX 4096
#define CONFIG_MAX (16u << 20)
#define SCRIPT_MAX (64u << 10)
#define KEY_MAX (64u << 10)
#define FILE_MAX (16u << 20)
#define NETNS_FOLDER "/run/netns/"

enum thing_kind {
	THING_UDP = ASROOT_UDP,
	THING_RAW = ASROOT_RAW,
	THING_TUN = ASROOT_TUN,
	THING_MEMORY = ASROOT_MEMORY
};

struct thing {
	struct list in_list;
	enum thing_kind kind;
	struct asroot_request rq; /* as it was opened; of a TUN: as it is now */
	uint32_t round;
	unsigned ifindex;
	uint32_t n_fds;
	int fds[ASROOT_FDS];
	int ear; /* RAW of IPv6: see holder_ear(); 0: none */
	struct memory memory;
};

/* ---- network namespaces -------------------------------------------------------------------- */

static enum status enter(const char *vrf)
{
	char path[sizeof(NETNS_FOLDER) + ASROOT_VRF] = NETNS_FOLDER;
	if (vrf[0] == 0)
		return ST_OK;
	memcpy(path + sizeof(NETNS_FOLDER) - 1, vrf, strlen(vrf) + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
	int rc = setns(fd, CLONE_NEWNET);
	int e = errno;
	close(fd);
	errno = e;
	return rc == 0 ? ST_OK : ST_IO;
}

static void leave(const struct kept *k, const char *vrf)
{
	int e = errno;
	/* In the wrong namespace everything that follows would be wrong. */
	if (vrf[0] && setns(k->home_ns, CLONE_NEWNET) != 0)
		_exit(70);
	errno = e;
}

/* ---- things kept --------------------------------------------------------------------------- */

static bool same_key(const struct thing *t, uint32_t kind, const struct asroot_request *rq)
{
	if ((uint32_t)t->kind != kind)
		return false;
	if (kind != ASROOT_UDP && kind != ASROOT_RAW)
		return strcmp(t->rq.name, rq->name) == 0;
	return t->rq.family == rq->family && t->rq.port == rq->port && t->rq.index == rq->index &&
	       addr_eq(&t->rq.addr, &rq->addr) && strcmp(t->rq.vrf, rq->vrf) == 0;
}

static struct thing *find(const struct kept *k, uint32_t kind, const struct asroot_request *rq)
{
	LIST_EACH(at, &k->things) {
		struct thing *t = CONTAINER_OF(at, struct thing, in_list);
		if (same_key(t, kind, rq))
			return t;
	}
	return NULL;
}

static void drop(struct kept *k, struct thing *t)
{
	list_del(&t->in_list);
	k->count--;
	for (uint32_t i = 0; i < t->n_fds; i++)
		close(t->fds[i]);
	if (t->ear)
		close(t->ear);
	memory_close(&t->memory);
	mem_free(t);
}

static struct thing *add(struct kept *k, enum thing_kind kind, const struct asroot_request *rq)
{
	struct thing *t = k->count < THINGS_MAX ? mem_new(sizeof(*t)) : NULL;
	if (!t)
		return NULL;
	t->kind = kind;
	t->rq = *rq;
	list_push_back(&k->things, &t->in_list);
	k->count++;
	return t;
}

static void hand_out(const struct kept *k, struct thing *t, struct asroot_reply *reply, int *fds)
{
	t->round = k->round;
	reply->n_fds = t->n_fds;
	memcpy(fds, t->fds, sizeof(int) * t->n_fds);
}

/* ---- UDP, and ESP without it ----------------------------------------------------------------------------------- */

/* ASROOT_UDP, ASROOT_RAW */
static enum status asroot_socket(struct kept *k, const struct asroot_request *rq,
				 struct asroot_reply *reply, int *fds)
{
	struct thing *t = find(k, rq->op, rq);
	reply->was_kept = t != NULL;
	if (!t) {
		int fd = -1, ear = 0;
		enum status st = enter(rq->vrf);
		if (st == ST_OK) {
			st = holder_socket(rq, &fd, &reply->error);
			if (st == ST_OK)
				ear = holder_ear(rq);
			leave(k, rq->vrf);
		}
		if (st != ST_OK)
			return st;
		t = add(k, (enum thing_kind)rq->op, rq);
		if (!t) {
			close(fd);
			if (ear)
				close(ear);
			return ST_NOMEM;
		}
		t->ear = ear;
		t->fds[0] = fd;
		t->n_fds = 1;
	}
	hand_out(k, t, reply, fds);
	return ST_OK;
}

/* Main's alone: closed here as soon as the reply is on its way. */
static void pass_on(const struct kept *k, struct asroot_reply *reply, int *fds)
{
	fds[0] = k->passing;
	reply->n_fds = 1;
}

static enum status asroot_asker(struct kept *k, const struct asroot_request *rq,
				struct asroot_reply *reply, int *fds)
{
	enum status st = enter(rq->vrf);
	if (st != ST_OK)
		return st;
	st = holder_socket(rq, &k->passing, &reply->error);
	leave(k, rq->vrf);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

/* ---- TUN ----------------------------------------------------------------------------------- */

static enum status open_queue(const struct asroot_request *rq, int *out)
{
	struct ifreq r = {0};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return ST_IO;
	/* Always multi-queue, so that another number of workers finds the same device. */
	r.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE | (rq->vnet_hdr ? IFF_VNET_HDR : 0));
	memcpy(r.ifr_name, rq->name, sizeof(r.ifr_name));
	if (ioctl(fd, TUNSETIFF, &r) != 0) {
		int e = errno;
		close(fd);
		errno = e;
		return ST_IO;
	}
	*out = fd;
	return ST_OK;
}

/* As many queues as are wanted: fewer are closed from the end, more are opened. */
static enum status fit_queues(struct thing *t, const struct asroot_request *rq)
{
	while (t->n_fds > rq->count)
		close(t->fds[--t->n_fds]);
	while (t->n_fds < rq->count) {
		enum status st = open_queue(rq, &t->fds[t->n_fds]);
		if (st != ST_OK)
			return st;
		t->n_fds++;
	}
	return ST_OK;
}

static enum status change_address(unsigned ifindex, const struct prefix *old, const struct prefix *new)
{
	enum status st = ST_OK;
	bool same = addr_eq(&old->addr, &new->addr) && old->len == new->len;
	if (old->addr.family && !same)
		st = netlink_address(ifindex, old, true);
	if (st == ST_OK && new->addr.family)
		st = netlink_address(ifindex, new, false);
	return st;
}

/* *error: the kernel has no IPv6 here; the device is good without it. */
static enum status configure_tun(struct thing *t, const struct asroot_request *rq, int32_t *error)
{
	enum status st = fit_queues(t, rq);
	if (st != ST_OK)
		return st;
	t->ifindex = if_nametoindex(rq->name);
	if (t->ifindex == 0)
		return ST_IO;
	st = netlink_link(t->ifindex, rq->mtu);
	if (st == ST_OK)
		st = change_address(t->ifindex, &t->rq.ip4, &rq->ip4);
	if (st != ST_OK)
		return st;
	struct prefix ip6 = rq->ip6;
	if (change_address(t->ifindex, &t->rq.ip6, &ip6) != ST_OK) {
		*error = errno;
		ip6 = (struct prefix){0};
	}
	t->rq = *rq;
	t->rq.ip6 = ip6;
	return ST_OK;
}

static enum status asroot_tun(struct kept *k, const struct asroot_request *rq,
			      struct asroot_reply *reply, int *fds)
{
	struct thing *t = find(k, ASROOT_TUN, rq);
	reply->was_kept = t != NULL;
	/* What a device is cannot be changed: it must be dropped first. */
	if (t && (strcmp(t->rq.vrf, rq->vrf) != 0 || !t->rq.vnet_hdr != !rq->vnet_hdr))
		return ST_EXISTS;
	if (!t) {
		struct asroot_request bare = *rq;
		bare.ip4 = (struct prefix){0};
		bare.ip6 = (struct prefix){0};
		t = add(k, THING_TUN, &bare);
		if (!t)
			return ST_NOMEM;
	}
	enum status st = enter(rq->vrf);
	if (st == ST_OK) {
		st = configure_tun(t, rq, &reply->error);
		leave(k, rq->vrf);
	}
	if (st != ST_OK) {
		int e = errno;
		if (!reply->was_kept)
			drop(k, t);
		errno = e;
		return st;
	}
	hand_out(k, t, reply, fds);
	return ST_OK;
}

static enum status asroot_route(struct kept *k, const struct asroot_request *rq,
				struct asroot_reply *reply, int *fds)
{
	struct thing *t = find(k, ASROOT_TUN, rq);
	if (!t)
		return ST_NOT_FOUND;
	enum status st = enter(t->rq.vrf);
	if (st == ST_OK) {
		st = netlink_route(t->ifindex, &rq->prefix, rq->metric, rq->is_delete != 0);
		leave(k, t->rq.vrf);
	}
	return st;
}

static enum status asroot_source(struct kept *k, const struct asroot_request *rq,
				 struct asroot_reply *reply, int *fds)
{
	enum status st = enter(rq->vrf);
	if (st == ST_OK) {
		st = holder_source(rq->name, &rq->addr, &reply->addr);
		leave(k, rq->vrf);
	}
	return st;
}

static enum status asroot_link(struct kept *k, const struct asroot_request *rq,
			       struct asroot_reply *reply, int *fds)
{
	enum status st = enter(rq->vrf);
	if (st != ST_OK)
		return st;
	st = netlink_listen(&k->passing);
	leave(k, rq->vrf);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

/* ---- memory and configuration --------------------------------------------------------------- */

static unsigned count_memories(const struct kept *k)
{
	unsigned n = 0;
	LIST_EACH(at, &k->things)
		n += CONTAINER_OF(at, struct thing, in_list)->kind == THING_MEMORY;
	return n;
}

static enum status asroot_memory(struct kept *k, const struct asroot_request *rq,
				 struct asroot_reply *reply, int *fds)
{
	struct thing *t = find(k, ASROOT_MEMORY, rq);
	if (t && t->rq.size != rq->size) {
		drop(k, t); /* of a program with other sizes */
		t = NULL;
	}
	reply->was_kept = t != NULL;
	if (!t && count_memories(k) >= ASROOT_MEMORIES)
		return ST_LIMIT;
	if (!t) {
		struct memory m;
		int fd;
		enum status st = memory_open(rq->name, rq->size, &m, &fd);
		if (st != ST_OK)
			return st;
		t = add(k, THING_MEMORY, rq);
		if (!t) {
			memory_close(&m);
			close(fd);
			return ST_NOMEM;
		}
		t->memory = m;
		t->fds[0] = fd;
		t->n_fds = 1;
	}
	hand_out(k, t, reply, fds);
	return ST_OK;
}

static enum status asroot_reserve(struct kept *k, const struct asroot_request *rq,
				  struct asroot_reply *reply, int *fds)
{
	struct thing *t = find(k, ASROOT_MEMORY, rq);
	return t ? memory_reserve(&t->memory, t->fds[0], rq->size) : ST_NOT_FOUND;
}

static enum status asroot_config(struct kept *k, const struct asroot_request *rq,
				 struct asroot_reply *reply, int *fds)
{
	int fd = k->config_accepted;
	reply->was_kept = !rq->is_fresh && fd >= 0;
	if (!reply->was_kept) {
		enum status st = holder_file_copy(k->config_path, 0, CONFIG_MAX, &fd);
		if (st != ST_OK)
			return st;
		if (k->config_last >= 0)
			close(k->config_last);
		k->config_last = fd;
	}
	fds[0] = fd;
	reply->n_fds = 1;
	return ST_OK;
}

/* lua/NAME.lua beside the configuration. The name is clean: it leads nowhere else. */
static enum status asroot_script(struct kept *k, const struct asroot_request *rq,
				 struct asroot_reply *reply, int *fds)
{
	char path[PATH_MAX];
	const char *slash = strrchr(k->config_path, '/');
	int folder = slash ? (int)(slash - k->config_path) : 0;
	int n = snprintf(path, sizeof(path), "%.*s/lua/%s.lua", folder, k->config_path, rq->script);
	if (n < 0 || n >= (int)sizeof(path))
		return ST_LIMIT;
	enum status st = holder_file_copy(path, O_NOFOLLOW, SCRIPT_MAX, &k->passing);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

static enum status asroot_lua(struct kept *k, const struct asroot_request *rq,
			      struct asroot_reply *reply, int *fds)
{
	if (rq->is_delete) {
		holder_lua_stop(&k->lua, rq->index);
		return ST_OK;
	}
	enum status st = holder_lua_start(&k->lua, rq->index, &k->passing);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

static enum status asroot_keys(struct kept *k, const struct asroot_request *rq,
			       struct asroot_reply *reply, int *fds)
{
	if (rq->is_delete) {
		holder_keys_stop(&k->keys);
		return ST_OK;
	}
	enum status st = holder_keys_start(&k->keys, &k->passing);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

static bool is_named(const struct kept *k, const char *word, const char *value)
{
	return config_names(k->config_accepted, word, value) || config_names(k->config_last, word, value);
}

static enum status asroot_key(struct kept *k, const struct asroot_request *rq,
			      struct asroot_reply *reply, int *fds)
{
	int file = -1;
	bool is_exposed = false;
	if (!is_named(k, "private-key", rq->file))
		return ST_CONFIG;
	enum status st = holder_file_open(k->config_path, rq->file, KEY_MAX, &file, &is_exposed);
	if (st != ST_OK)
		return st;
	st = holder_keys_hand(&k->keys, (uint8_t)rq->index, rq->metric, file);
	int e = errno;
	close(file);
	errno = e;
	reply->is_exposed = is_exposed;
	return st;
}

static enum status asroot_file(struct kept *k, const struct asroot_request *rq,
			       struct asroot_reply *reply, int *fds)
{
	bool is_exposed;
	if (!is_named(k, "ca-certificate", rq->file) && !is_named(k, "certificate", rq->file) &&
	    !is_named(k, "crl", rq->file))
		return ST_CONFIG;
	enum status st = holder_file_open(k->config_path, rq->file, FILE_MAX, &k->passing, &is_exposed);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

static enum status asroot_accept(struct kept *k, const struct asroot_request *rq,
				 struct asroot_reply *reply, int *fds)
{
	if (k->config_last < 0)
		return ST_NOT_FOUND;
	if (k->config_accepted >= 0)
		close(k->config_accepted);
	k->config_accepted = k->config_last;
	k->config_last = -1;
	return ST_OK;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static enum status asroot_drop(struct kept *k, const struct asroot_request *rq,
			       struct asroot_reply *reply, int *fds)
{
	struct thing *t = find(k, rq->of, rq);
	if (!t)
		return ST_NOT_FOUND;
	drop(k, t);
	return ST_OK;
}

static enum status asroot_sweep(struct kept *k, const struct asroot_request *rq,
				struct asroot_reply *reply, int *fds)
{
	LIST_EACH_SAFE(at, &k->things) {
		struct thing *t = CONTAINER_OF(at, struct thing, in_list);
		if (t->round != k->round)
			drop(k, t);
	}
	return ST_OK;
}

static enum status asroot_state(struct kept *k, const struct asroot_request *rq,
				struct asroot_reply *reply, int *fds)
{
	k->state = (enum asroot_state)rq->state;
	k->told = true;
	return ST_OK;
}

static enum status asroot_agentx(struct kept *k, const struct asroot_request *rq,
				 struct asroot_reply *reply, int *fds)
{
	if (!agentx_is_named(rq->path, k->config_accepted) && !agentx_is_named(rq->path, k->config_last))
		return ST_CONFIG;
	enum status st = agentx_connect(rq->path, &k->passing);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

static enum status asroot_proxy(struct kept *k, const struct asroot_request *rq,
				struct asroot_reply *reply, int *fds)
{
	static const char word[] = "proxy-arp";
	if (!rq->is_delete && !is_named(k, word, rq->name))
		return ST_CONFIG;
	enum status st = enter(rq->vrf);
	if (st == ST_OK) {
		st = holder_proxy(rq->name, &rq->addr, rq->is_delete != 0);
		leave(k, rq->vrf);
	}
	return st;
}

static enum status asroot_dhcp(struct kept *k, const struct asroot_request *rq,
			       struct asroot_reply *reply, int *fds)
{
	enum status st = holder_dhcp_open(rq, k->config_accepted, k->config_last, &k->passing);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

static enum status asroot_credential(struct kept *k, const struct asroot_request *rq,
				     struct asroot_reply *reply, int *fds)
{
	enum status st = credential_open("sallyport-master-key", &k->passing);
	if (st == ST_OK)
		pass_on(k, reply, fds);
	return st;
}

/* THE table: all that a process without privileges can have done as root. */
static enum status (*const asroot_table[ASROOT__MAX])(struct kept *, const struct asroot_request *,
						      struct asroot_reply *, int *) = {
	[ASROOT_UDP] = asroot_socket,
	[ASROOT_RAW] = asroot_socket,
	[ASROOT_ASKER] = asroot_asker,
	[ASROOT_STREAM] = asroot_asker,
	[ASROOT_TUN] = asroot_tun,
	[ASROOT_ROUTE] = asroot_route,
	[ASROOT_SOURCE] = asroot_source,
	[ASROOT_LINK] = asroot_link,
	[ASROOT_MEMORY] = asroot_memory,
	[ASROOT_CONFIG] = asroot_config,
	[ASROOT_ACCEPT] = asroot_accept,
	[ASROOT_SCRIPT] = asroot_script,
	[ASROOT_LUA] = asroot_lua,
	[ASROOT_DROP] = asroot_drop,
	[ASROOT_SWEEP] = asroot_sweep,
	[ASROOT_STATE] = asroot_state,
	[ASROOT_AGENTX] = asroot_agentx,
	[ASROOT_RESERVE] = asroot_reserve,
	[ASROOT_PROXY] = asroot_proxy,
	[ASROOT_KEYS] = asroot_keys,
	[ASROOT_KEY] = asroot_key,
	[ASROOT_FILE] = asroot_file,
	[ASROOT_DHCP] = asroot_dhcp,
	[ASROOT_CREDENTIAL] = asroot_credential,
};

void kept_do(struct kept *k, const struct asroot_request *rq, struct asroot_reply *reply, int *fds)
{
	*reply = (struct asroot_reply){.serial = rq->serial};
	kept_answered(k);
	errno = 0;
	enum status st = asroot_is_sane(rq) ? asroot_table[rq->op](k, rq, reply, fds) : ST_CONFIG;
	reply->status = st;
	if (st != ST_OK) {
		reply->error = errno;
		reply->n_fds = 0;
	}
}

void kept_answered(struct kept *k)
{
	if (k->passing >= 0)
		close(k->passing);
	k->passing = -1;
}

enum status kept_init(struct kept *k, const char *config_path)
{
	*k = (struct kept){.config_path = config_path, .config_last = -1, .config_accepted = -1,
			  .passing = -1};
	list_init(&k->things);
	holder_keys_init(&k->keys);
	k->home_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return k->home_ns >= 0 ? ST_OK : ST_IO;
}

void kept_begin(struct kept *k)
{
	k->round++;
	k->told = false;
	holder_lua_stop_all(&k->lua);
	holder_keys_stop(&k->keys);
	/* What the one before read and did not accept is not for the next one to accept. */
	if (k->config_last >= 0)
		close(k->config_last);
	k->config_last = -1;
}

void kept_fini(struct kept *k)
{
	LIST_EACH_SAFE(at, &k->things)
		drop(k, CONTAINER_OF(at, struct thing, in_list));
	kept_answered(k);
	holder_lua_stop_all(&k->lua);
	holder_keys_stop(&k->keys);
	if (k->config_last >= 0)
		close(k->config_last);
	if (k->config_accepted >= 0)
		close(k->config_accepted);
	close(k->home_ns);
}
