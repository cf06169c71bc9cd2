#include "modules/data/judge.h"

#include "modules/data/llq.h"

static bool is_free(const struct worker_sa *sa)
{
	return !sa->policy || !sa->meter;
}

enum status judge_in(struct worker *w, struct worker_sa *sa, struct esp_opened *o)
{
	struct esp_verdict v;
	enum status st;

	if (is_free(sa))
		return ST_OK;
	st = esp_policy_judge(sa->policy, sa->meter, ESP_DIR_IN, &o->ip, o->inner.p, &v);
	if (!st)
		st = esp_policy_pass(sa->policy, sa->meter, ESP_DIR_IN, v.class, o->inner.len, w->now_ns);
	if (st)
		esp_rt_add(&sa->esp.rt->drops_policy, 1);
	return st;
}

enum status judge_out(const struct worker_sa *sa, struct pkt *k)
{
	struct esp_verdict v;
	struct ip_info ip;
	enum status st;

	k->class = 0;
	k->priority = 0;
	if (is_free(sa))
		return ST_OK;
	st = ip_parse(k->p, k->len, &ip);
	if (!st)
		st = esp_policy_judge(sa->policy, sa->meter, ESP_DIR_OUT, &ip, k->p, &v);
	if (st)
		return st;
	k->class = (uint8_t)v.class;
	k->priority = v.priority;
	return ST_OK;
}

enum status judge_rate(const struct worker *w, const struct worker_sa *sa, const struct pkt *k, size_t len)
{
	if (is_free(sa))
		return ST_OK;
	return esp_policy_pass(sa->policy, sa->meter, ESP_DIR_OUT, k->class, len, w->now_ns);
}

void judge_begin(struct worker *w, struct worker_sa *sa)
{
	llq_changed(w, NULL, sa->policy);
	if (sa->meter)
		esp_meter_set(sa->meter, sa->policy, sa->share, w->now_ns);
}

void judge_change(struct worker *w, struct policy_order *o)
{
	struct worker_sa *sa = o->order.child->sa;
	struct esp_policy *policy = sa->policy;
	struct esp_meter *meter = sa->meter;

	w->judged++;
	llq_changed(w, policy, o->policy);
	sa->policy = o->policy;
	sa->meter = o->meter;
	sa->share = o->share;
	o->policy = policy;
	o->meter = meter;
	if (sa->meter)
		esp_meter_set(sa->meter, sa->policy, sa->share, w->now_ns);
}
