#include "cmd/wire_proxy.h"

#include <errno.h>
#include <string.h>

#include "cmd/holder_proto.h"
#include "core/base/log.h"
#include "core/session/session.h"

static void set_one(struct wire *w, const struct plan_tun *t, const struct addr *a, bool is_delete)
{
	struct asroot_request rq = {.op = ASROOT_PROXY, .addr = *a, .is_delete = is_delete};
	struct asroot_reply reply = {0};
	if (addr_len(a) == 0)
		return;
	_Static_assert(sizeof(rq.name) == sizeof(t->proxy) && sizeof(rq.vrf) == sizeof(t->vrf_name), "one size");
	memcpy(rq.name, t->proxy, sizeof(rq.name));
	memcpy(rq.vrf, t->vrf_name, sizeof(rq.vrf));
	enum status st = asroot_call(w->control, &rq, &reply, NULL);
	if (st != ST_OK)
		LOG(EV_NET_ERROR, kv_str("interface", t->proxy), kv_addr("proxy", a),
		    kv_str("reason", st == ST_IO ? strerror(reply.error ? reply.error : errno) :
				     st == ST_NOT_FOUND ? "there is no such interface" : status_words(st)));
}

static void set(struct wire *w, const struct plan_tun *t, const struct session *s, bool is_delete)
{
	if (!t || !t->proxy[0] || s->we_are_initiator)
		return;
	set_one(w, t, &s->grant->ip4, is_delete);
	set_one(w, t, &s->grant->ip6, is_delete);
}

void wire_proxy_up(struct wire *w, const struct session *s)
{
	set(w, plan_find_tun(&w->plan, s->grant->tun), s, false);
}

void wire_proxy_over(struct wire *w, const struct session *s)
{
	set(w, plan_find_tun(&w->plan, s->grant->tun), s, true);
}

static bool is_same(const struct plan_tun *a, const struct plan_tun *b)
{
	return a && b && strcmp(a->proxy, b->proxy) == 0 && strcmp(a->vrf_name, b->vrf_name) == 0;
}

void wire_proxy_apply(struct wire *w, const struct plan *old)
{
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		const struct plan_tun *before = plan_find_tun(old, s->grant->tun);
		const struct plan_tun *now = plan_find_tun(&w->plan, s->grant->tun);
		if (s->state != SESSION_UP || is_same(before, now))
			continue;
		set(w, before, s, true);
		set(w, now, s, false);
	}
}
