#include "core/esp/policy.h"

#include <string.h>

#include "core/base/mem.h"

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t v = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, v + n, memory_order_relaxed);
}

static struct esp_class_meter *class_at(struct esp_meter *m, enum esp_dir dir, size_t class)
{
	return &m->class[(dir == ESP_DIR_OUT ? m->n[ESP_DIR_IN] : 0) + class];
}

struct esp_meter *esp_meter_new(const struct esp_policy *p)
{
	size_t in = p->side[ESP_DIR_IN].n_classes, out = p->side[ESP_DIR_OUT].n_classes;
	struct esp_meter *m = mem_new(sizeof(*m) + (in + out) * sizeof(m->class[0]));

	if (!m)
		return NULL;
	m->n[ESP_DIR_IN] = (uint32_t)in;
	m->n[ESP_DIR_OUT] = (uint32_t)out;
	return m;
}

bool esp_meter_fits(const struct esp_meter *m, const struct esp_policy *p)
{
	return m->n[ESP_DIR_IN] == p->side[ESP_DIR_IN].n_classes &&
	       m->n[ESP_DIR_OUT] == p->side[ESP_DIR_OUT].n_classes;
}

bool esp_policy_alike(const struct esp_policy *a, const struct esp_policy *b)
{
	for (int dir = ESP_DIR_IN; dir <= ESP_DIR_OUT; dir++) {
		const struct esp_side *x = &a->side[dir], *y = &b->side[dir];

		if (x->n_classes != y->n_classes)
			return false;
		for (size_t i = 0; i < x->n_classes; i++) {
			if (strcmp(x->classes[i].name, y->classes[i].name) != 0)
				return false;
		}
	}
	return true;
}

/* The burst is not divided: it is what one packet train needs. */
void esp_meter_set(struct esp_meter *m, const struct esp_policy *p, uint32_t share, uint64_t now_ns)
{
	atomic_store_explicit(&m->share, share, memory_order_relaxed);
	for (int dir = ESP_DIR_IN; dir <= ESP_DIR_OUT; dir++) {
		for (size_t i = 0; i < m->n[dir]; i++) {
			const struct esp_class *c = &p->side[dir].classes[i];

			uint64_t rate = c->rate / share;

			policer_set(&class_at(m, (enum esp_dir)dir, i)->policer, c->rate && !rate ? 1 : rate, c->burst,
				    now_ns);
		}
	}
}

enum status esp_policy_judge(const struct esp_policy *p, struct esp_meter *m, enum esp_dir dir,
			     struct ip_info *ip, uint8_t *pkt, struct esp_verdict *out)
{
	const struct esp_side *s = &p->side[dir];
	const struct esp_acl *acl = ip->version == 4 ? s->acl4 : s->acl6;
	const struct esp_class *c;

	*out = (struct esp_verdict){.class = s->n_classes};
	if (acl && !esp_acl_permits(acl, ip, pkt)) {
		add(&m->acl_drops[dir], 1);
		return dir == ESP_DIR_IN ? ST_ESP_ACL : ST_OUT_ACL;
	}
	if (s->n_classes == 0)
		return ST_OK;
	out->class = esp_class_of(s->classes, s->n_classes, ip, pkt);
	if (out->class == s->n_classes)
		return ST_OK;
	c = &s->classes[out->class];
	out->priority = c->priority;
	if (c->set_dscp)
		esp_class_mark(pkt, ip, c->dscp);
	return ST_OK;
}

enum status esp_policy_pass(const struct esp_policy *p, struct esp_meter *m, enum esp_dir dir,
			    size_t class, size_t len, uint64_t now_ns)
{
	const struct esp_side *s = &p->side[dir];
	struct esp_class_meter *cm;

	if (class >= s->n_classes)
		return ST_OK;
	cm = class_at(m, dir, class);
	add(&cm->packets, 1);
	add(&cm->bytes, len);
	if (policer_pass(&cm->policer, len, now_ns))
		return ST_OK;
	add(&cm->exceeded, 1);
	add(&cm->exceeded_bytes, len);
	if (s->classes[class].exceed_passes)
		return ST_OK;
	add(&m->police_drops[dir], 1);
	return dir == ESP_DIR_IN ? ST_ESP_RATE : ST_OUT_RATE;
}
