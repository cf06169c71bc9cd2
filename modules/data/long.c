#include "modules/data/long.h"

#include <string.h>
#include <unistd.h>

#include "core/esp/seal.h"
#include "core/esp/too_big.h"
#include "modules/data/mtu.h"

static void show(struct worker_sa *sa)
{
	atomic_store_explicit(&sa->mtus, (uint64_t)sa->path.path_mtu << 32 | sa->path.media_mtu,
		memory_order_relaxed);
}

void long_begin(struct worker_sa *sa)
{
	sa->wrap = (struct fit_wrap){
		.shape = sa->esp.shape,
		.family = sa->esp.remote.addr.family,
		.is_udp = sa->esp.udp_encap,
		.is_transport = sa->esp.transport,
	};
	fit_path_init(&sa->path, &sa->wrap);
	show(sa);
}

void long_bound(struct worker_sa *sa)
{
	bool is_udp = sa->out ? sa->out->kind == PORT_UDP : sa->esp.udp_encap;

	if (is_udp == sa->wrap.is_udp)
		return;
	sa->wrap.is_udp = is_udp;
	fit_path_init(&sa->path, &sa->wrap);
	show(sa);
}

static void look(struct worker *w, struct worker_sa *sa)
{
	struct endpoint to = sa->esp.remote;
	struct mtu m = {0};

	if (sa->out) {
		if (sa->out->kind == PORT_RAW)
			to.port = 0; /* a port means a protocol to raw sockets of IPv6 */
		m = mtu_ask(sa->out->fd, &sa->esp.local, &to);
		atomic_store_explicit(&sa->out->df, PORT_DF_UNKNOWN, memory_order_relaxed);
	}
	fit_path_learn(&sa->path, &sa->wrap, m.path, m.media, w->tables.now_ms);
	show(sa);
}

struct fit_verdict long_judge(struct worker *w, struct worker_sa *sa, const struct ip_marks *ip,
			      uint32_t len)
{
	if (fit_path_is_due(&sa->path, len, w->tables.now_ms))
		look(w, sa);
	return fit_judge(&sa->esp.child->fit, &sa->path, ip, len);
}

void long_refused(struct worker_sa *sa)
{
	fit_path_doubt(&sa->path);
}

void long_answer(struct worker *w, const struct port *tun, const uint8_t *packet, size_t len,
		 uint32_t mtu)
{
	size_t head = tun && tun->vnet_hdr ? GSO_HDR_LEN : 0;
	uint8_t buf[GSO_HDR_LEN + TOO_BIG_MAX] = {0};
	struct wr out = wr_init(buf + head, TOO_BIG_MAX);
	struct ip_info ip;

	if (!tun || ip_parse(packet, len, &ip))
		return;
	too_big_build(&out, packet, &ip, mtu);
	if (!wr_ok(&out) || !too_big_may(&w->too_big, &ip.src, w->tables.now_ms))
		return;
	if (write(tun->fd, buf, head + out.len) < 0)
		stats_status(&w->stats, ST_TUN_WRITE);
	else
		stats_inc(&w->stats, CT_TOO_BIG_OUT);
}

void long_set_df(struct port *p, bool df)
{
	int want = df ? PORT_DF_ON : PORT_DF_OFF;

	if (atomic_load_explicit(&p->df, memory_order_relaxed) == want)
		return;
	/* First, so that who forces it off meanwhile has the last word. */
	atomic_store_explicit(&p->df, want, memory_order_relaxed);
	mtu_set_df(p->fd, p->family, df);
}
