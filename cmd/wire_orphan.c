#include "cmd/wire_orphan.h"

#include "cmd/wire_reserve.h"
#include "core/base/freeze.h"
#include "core/base/log.h"
#include "core/session/session.h"

#define RECORD_KIND 0x5304
#define RECORD_MAX 16384
#define TAG_TUN 1
#define TAG_NUMBER 1
#define TAG_VRF 2
#define TAG_VRF_NAME 3
#define TAG_MTU 4
#define TAG_IP4 5
#define TAG_IP6 6
#define TAG_CLIENT_TO_CLIENT 7
#define TAG_MULTICAST 8
#define TAG_DHCP_INFORM 9
#define TAG_PROXY 10

static void freeze_tun(struct wr *r, const struct plan_tun *t)
{
	struct wr_mark m = fz_open(r, TAG_TUN);
	fz_u32(r, TAG_NUMBER, t->number);
	fz_u32(r, TAG_VRF, t->vrf);
	fz_str(r, TAG_VRF_NAME, t->vrf_name);
	fz_u32(r, TAG_MTU, t->mtu);
	if (t->ip4.addr.family)
		fz_prefix(r, TAG_IP4, &t->ip4);
	if (t->ip6.addr.family)
		fz_prefix(r, TAG_IP6, &t->ip6);
	fz_u8(r, TAG_CLIENT_TO_CLIENT, t->client_to_client);
	fz_u8(r, TAG_MULTICAST, t->multicast);
	fz_u8(r, TAG_DHCP_INFORM, t->dhcp_inform);
	fz_str(r, TAG_PROXY, t->proxy);
	fz_close(r, m);
}

static bool thaw_tun(struct view group, struct plan_tun *t)
{
	struct rd fields = rd_init(group.p, group.len);
	uint16_t tag;
	struct view v;
	*t = (struct plan_tun){.is_orphan = true, .mtu = PLAN_MTU};
	while (fz_next(&fields, &tag, &v)) {
		switch (tag) {
		case TAG_NUMBER: t->number = fz_get_u32(v); break;
		case TAG_VRF: t->vrf = fz_get_u32(v); break;
		case TAG_VRF_NAME:
			if (!fz_get_str(v, t->vrf_name, sizeof(t->vrf_name)))
				return false;
			break;
		case TAG_MTU: t->mtu = fz_get_u32(v); break;
		case TAG_IP4: t->ip4 = fz_get_prefix(v); break;
		case TAG_IP6: t->ip6 = fz_get_prefix(v); break;
		case TAG_CLIENT_TO_CLIENT: t->client_to_client = fz_get_u8(v) != 0; break;
		case TAG_MULTICAST: t->multicast = fz_get_u8(v) != 0; break;
		case TAG_DHCP_INFORM: t->dhcp_inform = fz_get_u8(v) != 0; break;
		case TAG_PROXY:
			if (!fz_get_str(v, t->proxy, sizeof(t->proxy)))
				return false;
			break;
		default: break;
		}
	}
	plan_tun_name(t->number, t->name);
	return t->number != 0;
}

void wire_orphan_keep(struct wire *w)
{
	uint8_t rec[RECORD_MAX];
	size_t n = 0;
	struct wr r = wr_init(rec, sizeof(rec));
	fz_begin(&r, RECORD_KIND, 1);
	for (size_t i = 0; i < w->plan.tun_count; i++) {
		if (!w->plan.tuns[i].is_orphan)
			continue;
		freeze_tun(&r, &w->plan.tuns[i]);
		n++;
	}
	fz_end(&r);
	if (n == 0)
		keep_del(w->keep, KEEP_META, META_TUNS);
	else if (!wr_ok(&r) || wire_reserve_put(w, KEEP_META, META_TUNS, rec, r.len) != ST_OK)
		LOG(EV_CONFIG_WARNING, kv_str("reason", "removed interfaces are not kept over a restart"));
}

bool wire_orphan_is_used(const struct wire *w, const struct plan_tun *t)
{
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s))
		if (s->grant->tun == t->number)
			return true;
	return false;
}

static enum status retain(const struct wire *w, struct plan *want, const struct plan_tun *t)
{
	struct plan_tun copy = *t;
	if (plan_find_tun(want, t->number) || plan_is_shut(want, t->number) || !wire_orphan_is_used(w, t))
		return ST_OK;
	copy.is_orphan = true;
	return plan_add_tun(want, &copy);
}

enum status wire_orphan_retain(const struct wire *w, struct plan *want)
{
	uint8_t rec[RECORD_MAX];
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	struct plan_tun t;
	enum status st = ST_OK;
	for (size_t i = 0; i < w->plan.tun_count && st == ST_OK; i++)
		st = retain(w, want, &w->plan.tuns[i]);
	if (w->plan.tun_count)
		return st;
	size_t len = keep_get(w->keep, KEEP_META, META_TUNS, rec, sizeof(rec));
	if (len && len <= sizeof(rec) &&
	    fz_open_record((struct view){rec, len}, &kind, &version, &fields) == ST_OK &&
	    kind == RECORD_KIND)
		while (st == ST_OK && fz_next(&fields, &tag, &v))
			if (tag == TAG_TUN && thaw_tun(v, &t))
				st = retain(w, want, &t);
	return st;
}
