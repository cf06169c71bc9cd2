#include "cmd/wire_proxy.h"

#include <errno.h>
#include <string.h>

#include "cmd/holder_proto.h"
#include "core/base/log.h"
#include "core/session/session.h"

#define AGAIN_S 10

static struct plan_tun *find(const struct plan *p, const struct session *s)
{
	return (struct plan_tun *)(uintptr_t)plan_find_tun(p, s->grant->tun);
}

static void say(const struct plan_tun *t, const struct addr *a, enum status st, const struct asroot_reply *reply)
{
	LOG(EV_NET_ERROR, kv_str("interface", t->proxy), kv_addr("proxy", a),
	    kv_str("reason", st == ST_IO ? strerror(reply->error ? reply->error : errno) :
			     st == ST_NOT_FOUND ? "there is no such interface" : status_words(st)));
}

/* Said once of an interface that is missing: all its clients have the same trouble, again and again. */
static void set_one(struct wire *w, struct plan_tun *t, const struct addr *a, bool is_delete)
{
	struct asroot_request rq = {.op = ASROOT_PROXY, .addr = *a, .is_delete = is_delete};
	struct asroot_reply reply = {0};
	if (addr_len(a) == 0)
		return;
	_Static_assert(sizeof(rq.name) == sizeof(t->proxy) && sizeof(rq.vrf) == sizeof(t->vrf_name), "one size");
	memcpy(rq.name, t->proxy, sizeof(rq.name));
	memcpy(rq.vrf, t->vrf_name, sizeof(rq.vrf));
	enum status st = asroot_call(w->control, &rq, &reply, NULL);
	if (st != ST_OK && !(st == ST_NOT_FOUND && t->proxy_is_missing))
		say(t, a, st, &reply);
	if (!is_delete)
		t->proxy_is_missing = st == ST_NOT_FOUND;
}

static void set(struct wire *w, struct plan_tun *t, const struct session *s, bool is_delete)
{
	if (!t || !t->proxy[0] || s->we_are_initiator)
		return;
	set_one(w, t, &s->grant->ip4, is_delete);
	set_one(w, t, &s->grant->ip6, is_delete);
}

/* Of all sessions there, until one fails for all. */
static void set_all(struct wire *w, struct plan_tun *t)
{
	bool is_missing = false;
	for (const struct session *s = session_next(w->sessions, NULL); s && !is_missing; s = session_next(w->sessions, s)) {
		if (s->state != SESSION_UP || s->grant->tun != t->number)
			continue;
		set(w, t, s, false);
		is_missing = t->proxy_is_missing;
	}
}

/* While it is missing there is nothing to be had; the second in which it is there does it for all. */
void wire_proxy_up(struct wire *w, const struct session *s)
{
	struct plan_tun *t = find(&w->plan, s);
	if (!t || t->proxy_is_missing)
		return;
	set(w, t, s, false);
}

void wire_proxy_over(struct wire *w, const struct session *s)
{
	set(w, find(&w->plan, s), s, true);
}

void wire_proxy_second(struct wire *w)
{
	for (size_t i = 0; i < w->plan.tun_count && w->seconds % AGAIN_S == 0; i++)
		if (w->plan.tuns[i].proxy_is_missing)
			set_all(w, &w->plan.tuns[i]);
}

static bool is_same(const struct plan_tun *a, const struct plan_tun *b)
{
	return a && b && strcmp(a->proxy, b->proxy) == 0 && strcmp(a->vrf_name, b->vrf_name) == 0;
}

void wire_proxy_apply(struct wire *w, const struct plan *old)
{
	for (size_t i = 0; i < w->plan.tun_count; i++) {
		struct plan_tun *t = &w->plan.tuns[i];
		const struct plan_tun *before = plan_find_tun(old, t->number);
		t->proxy_is_missing = is_same(before, t) && before->proxy_is_missing;
	}
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		struct plan_tun *before = find(old, s), *now = find(&w->plan, s);
		if (s->state != SESSION_UP || is_same(before, now))
			continue;
		set(w, before, s, true);
		if (now && !now->proxy_is_missing)
			set(w, now, s, false);
	}
}
