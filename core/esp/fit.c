#include "core/esp/fit.h"

#include "core/wire/esp.h"

#define IP4_LEN 20u
#define IP6_LEN 40u
#define UDP_LEN 8u
#define PACKET_MAX 65535u

static uint32_t lowest(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t highest(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Bytes around plain text and trailer. */
static uint32_t frame(const struct fit_wrap *w)
{
	return (w->family == 4 ? IP4_LEN : IP6_LEN) + (w->is_udp ? UDP_LEN : 0) + ESP_HEAD_LEN +
	       w->shape.iv_len + w->shape.icv_len;
}

/* What transport mode leaves out. */
static uint32_t inner_head(const struct fit_wrap *w)
{
	if (!w->is_transport)
		return 0;
	return w->family == 4 ? IP4_LEN : IP6_LEN;
}

uint32_t fit_room(const struct fit_wrap *w, uint32_t mtu)
{
	uint32_t plain;

	mtu = lowest(mtu, PACKET_MAX);
	if (mtu < frame(w))
		return 0;
	plain = (mtu - frame(w)) & ~(w->shape.align - 1u);
	return plain > ESP_TRAILER_LEN ? plain - ESP_TRAILER_LEN + inner_head(w) : 0;
}

static uint32_t mtu_min(const struct fit_wrap *w)
{
	return w->family == 4 ? FIT_MTU_MIN4 : FIT_MTU_MIN6;
}

static void set_path(struct fit_path *p, const struct fit_wrap *w, uint32_t path_mtu, uint32_t media_mtu)
{
	p->media_mtu = lowest(highest(media_mtu, mtu_min(w)), PACKET_MAX);
	p->path_mtu = lowest(highest(path_mtu, mtu_min(w)), p->media_mtu);
	p->room = fit_room(w, p->path_mtu);
}

void fit_path_init(struct fit_path *p, const struct fit_wrap *w)
{
	*p = (struct fit_path){.floor = fit_room(w, mtu_min(w)), .is_whole = w->is_transport};
	set_path(p, w, FIT_MTU_START, FIT_MTU_START);
}

void fit_path_learn(struct fit_path *p, const struct fit_wrap *w, uint32_t path_mtu, uint32_t media_mtu,
		    uint64_t now_ms)
{
	if (path_mtu && media_mtu) {
		set_path(p, w, path_mtu, media_mtu);
		p->is_doubtful = path_mtu < mtu_min(w);
	}
	p->looked_ms = now_ms;
	p->wait_ms = FIT_LOOK_MS;
}

/* Not for every packet: a path below the smallest MTU refuses many. */
void fit_path_doubt(struct fit_path *p)
{
	if (p->wait_ms)
		p->wait_ms = FIT_DOUBT_MS;
}

/* As a router with an interface of that MTU does, before any tunnel is thought of. */
static struct fit_verdict beyond_tunnel(const struct fit_path *p, const struct ip_marks *ip, uint32_t mtu, bool df)
{
	uint32_t len = lowest(mtu, p->room);

	if (ip->version == 6)
		return (struct fit_verdict){FIT_TOO_BIG, false, highest(len, FIT_MTU_MIN6)};
	if (ip->dont_fragment)
		return (struct fit_verdict){FIT_TOO_BIG, df, len};
	return p->is_whole ? (struct fit_verdict){FIT_AFTER, false, len} : (struct fit_verdict){FIT_BEFORE, df, len};
}

static struct fit_verdict too_long(const struct fit_rules *r, const struct fit_path *p,
				   const struct ip_marks *ip, uint32_t len, bool df)
{
	const struct fit_verdict after = {FIT_AFTER, false, p->room};
	const struct fit_verdict before = {FIT_BEFORE, df, p->room};
	bool is_refused = ip->dont_fragment && r->df != FIT_DF_CLEAR;

	if (ip->version == 6)
		return !is_refused || len <= FIT_MTU_MIN6 ?
			       after :
			       (struct fit_verdict){FIT_TOO_BIG, false, highest(p->room, FIT_MTU_MIN6)};
	if (is_refused)
		return (struct fit_verdict){FIT_TOO_BIG, false, p->room};
	return r->before && !p->is_whole ? before : after;
}

struct fit_verdict fit_judge(const struct fit_rules *r, const struct fit_path *p,
			     const struct ip_marks *ip, uint32_t len)
{
	uint32_t mtu = ip->version == 4 ? r->mtu4 : r->mtu6;
	bool df = !p->is_doubtful && (r->df == FIT_DF_SET || (r->df == FIT_DF_COPY && ip->dont_fragment));

	if (mtu && len > mtu)
		return beyond_tunnel(p, ip, mtu, df);
	if (len <= p->room)
		return (struct fit_verdict){FIT_SEND, df, len};
	return too_long(r, p, ip, len, df);
}
