/* The watch of the host's addresses: a network namespace that is not there yet, or that could not be watched or read, is tried
 * again, and from then on nobody is granted an address of it. Holder and kernel are of this test. */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_host.h"
#include "core/session/assign.h"
#include "modules/loop/loop.h"
#include "tests/unit/conf_lib.h"

#define AGAIN_S 10
#define TRIES   3 /* to read; when the watch begins, and once a second */
#define CONF                                                               \
	"vrf definition RED\naaa new-model\naaa authorization network LOCAL local\n" \
	"ip local pool RA 10.9.0.1 10.9.0.9\n"                            \
	"crypto ikev2 authorization policy P\n pool RA\n"                 \
	"crypto ikev2 profile P\n match identity remote any\n authentication local pre-share\n" \
	" authentication remote pre-share key k\n aaa authorization group psk list LOCAL P\n virtual-template 1\n" \
	"interface Virtual-Template1 type tunnel\n vrf forwarding RED\n tunnel protection ipsec profile default\n"

/* ---- the holder and the kernel --------------------------------------------------------------------- */

static struct {
	struct wire w;
	enum status red; /* what the holder says of the namespace */
	int calls;       /* it was asked about it */
	int kernel;      /* the other end of its socket; -1: none */
	uint32_t users;
} lab;

static void put(uint8_t *buf, size_t *len, const void *p, size_t n)
{
	memcpy(buf + *len, p, n);
	*len += NLMSG_ALIGN(n);
}

/* The whole answer to a question: one address. */
static void kernel_answers(int fd, uint32_t number, const char *address)
{
	struct addr a = ip(address);
	struct rtattr at = {.rta_type = IFA_LOCAL, .rta_len = RTA_LENGTH(4)};
	struct ifaddrmsg body = {.ifa_family = AF_INET};
	struct nlmsghdr h = {.nlmsg_type = RTM_NEWADDR, .nlmsg_flags = NLM_F_MULTI, .nlmsg_seq = number,
		.nlmsg_len = NLMSG_LENGTH(sizeof(body)) + RTA_LENGTH(4)};
	uint8_t buf[256] = {0};
	size_t len = 0;
	put(buf, &len, &h, sizeof(h));
	put(buf, &len, &body, sizeof(body));
	put(buf, &len, &at, sizeof(at));
	put(buf, &len, a.b, 4);
	h.nlmsg_type = NLMSG_DONE;
	h.nlmsg_len = NLMSG_HDRLEN;
	put(buf, &len, &h, sizeof(h));
	if (send(fd, buf, len, 0) != (ssize_t)len)
		abort();
}

/* Of our own namespace everything goes well. */
enum status asroot_call(int control, const struct asroot_request *rq, struct asroot_reply *reply, int *fds)
{
	int pair[2];
	bool is_red = strcmp(rq->vrf, "RED") == 0;
	if (rq->op != ASROOT_LINK)
		abort();
	lab.calls += is_red;
	if (is_red && lab.red != ST_OK)
		return lab.red;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0)
		abort();
	fds[0] = pair[0];
	if (is_red) {
		lab.kernel = pair[1];
	} else {
		kernel_answers(pair[1], 1, "10.9.0.1"); /* of another namespace than the pool's */
		close(pair[1]);
	}
	return ST_OK;
}

/* ---- sessions -------------------------------------------------------------------------------------- */

static const char *granted(void)
{
	static char text[ADDR_TEXT];
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = ++lab.users, .profile = "P", .wants_ip4 = true};
	struct ike_answer a;
	uint8_t random[10] = {(uint8_t)lab.users};
	q.peer_id = (struct ike_id){.type = 3};
	q.peer_id.len = (uint16_t)snprintf((char *)q.peer_id.bytes, sizeof(q.peer_id.bytes), "u%u@a.test", lab.users);
	session_authorize(lab.w.sessions, &(struct session_ask){.q = &q, .wall_ms = 1700000000000, .random = random}, &a);
	q.session = a.session;
	if (a.status == ST_OK)
		session_assign(lab.w.sessions, &q, &a);
	return a.status == ST_OK ? addr_format(&a.grant.ip4, text) : status_token(a.status);
}

static void begin(enum status red)
{
	static const struct hash_key key = {3, 9};
	memset(&lab, 0, sizeof(lab));
	lab.red = red;
	lab.kernel = -1;
	lab.w.conf = conf(CONF);
	lab.w.loop = loop_new();
	lab.w.sessions = lab.w.conf ? sessions_new(lab.w.conf, &key) : NULL;
	if (!lab.w.sessions || !lab.w.loop)
		abort();
	list_init(&lab.w.hosts);
	wire_host_apply(&lab.w);
}

static void finish(void)
{
	wire_host_close(&lab.w);
	if (lab.kernel >= 0)
		close(lab.kernel);
	sessions_free(lab.w.sessions);
	loop_free(lab.w.loop);
	snapshot_unref(lab.w.conf);
	T_EQ(mem_live(), 0);
}

static void seconds(int n)
{
	for (int i = 0; i < n; i++)
		wire_host_second(&lab.w);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static void tried_again(void)
{
	static const enum status why[] = {ST_NOT_FOUND, ST_NOMEM, ST_IO, ST_TIMEOUT};
	for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
		T_ROW(i, status_token(why[i]));
		begin(why[i]);
		T_EQ(lab.calls, 1);
		T_STR(granted(), "10.9.0.1"); /* nobody knows better */
		seconds(3 * AGAIN_S);
		T_EQ(lab.calls, 4);
		lab.red = ST_OK;
		seconds(AGAIN_S - 1);
		T_EQ(lab.calls, 4);
		seconds(1);
		T_EQ(lab.calls, 5);
		/* It could be watched, and nothing was read: that is for the next second. */
		kernel_answers(lab.kernel, 2 * TRIES + 1, "10.9.0.2");
		seconds(1);
		T_STR(granted(), "10.9.0.3");
		seconds(3 * AGAIN_S);
		T_EQ(lab.calls, 5); /* it is watched once */
		T_DO(finish());
	}
}

/* A reload begins anew, with the configuration's word that something is wrong, and counts its own ten seconds. */
static void reload_tries_at_once(void)
{
	begin(ST_NOT_FOUND);
	seconds(AGAIN_S - 1);
	wire_host_apply(&lab.w);
	T_EQ(lab.calls, 2);
	seconds(AGAIN_S - 1);
	T_EQ(lab.calls, 2);
	lab.red = ST_OK;
	seconds(1);
	T_EQ(lab.calls, 3);
	T_DO(finish());
}

int main(void)
{
	T_RUN(tried_again);
	T_RUN(reload_tries_at_once);
	return t_end();
}
