/* show policy-map interface: what the sessions may send, and what was dropped of it. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/show.h"
#include "core/esp/policy.h"
#include "modules/data/data.h"

static uint64_t get(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static const struct esp_class_meter *meter_at(const struct esp_meter *m, int dir, size_t i)
{
	return &m->class[(dir == ESP_DIR_OUT ? m->n[ESP_DIR_IN] : 0) + i];
}

static const char *const way[] = {"input", "output"};

static void print_list(struct out *out, const char *name, const char *what, int dir)
{
	if (name[0])
		out_printf(out, "  %s: %s %s\n", what, name, dir == ESP_DIR_IN ? "in" : "out");
}

static void print_class(struct out *out, const struct esp_class *c, const struct esp_class_meter *m)
{
	uint64_t packets = get(&m->packets), bytes = get(&m->bytes), over = get(&m->exceeded),
		 over_bytes = get(&m->exceeded_bytes);
	out_printf(out, "\n    Class-map: %s (%s)\n      %" PRIu64 " packets, %" PRIu64 " bytes\n", c->name,
		   c->match_all ? "match-all" : "match-any", packets, bytes);
	if (c->priority)
		out_printf(out, "      Priority: level %u\n", c->priority);
	if (c->set_dscp)
		out_printf(out, "      QoS Set\n        dscp %u\n", c->dscp);
	if (!c->rate)
		return;
	out_printf(out, "      police:\n          cir %" PRIu64 " bps, bc %" PRIu64 " bytes\n", c->rate, c->burst);
	out_printf(out, "        conformed %" PRIu64 " packets, %" PRIu64 " bytes; actions: transmit\n",
		   packets - over, bytes - over_bytes);
	out_printf(out, "        exceeded %" PRIu64 " packets, %" PRIu64 " bytes; actions: %s\n", over,
		   over_bytes, c->exceed_passes ? "transmit" : "drop");
}

static void print_side(struct out *out, const struct esp_policy *p, const struct esp_meter *m, int dir)
{
	const struct esp_side *s = &p->side[dir];
	print_list(out, s->acl4_name, "Access-group", dir);
	print_list(out, s->acl6_name, "IPv6 traffic-filter", dir);
	if (s->acl4 || s->acl6)
		out_printf(out, "    denied %" PRIu64 " packets\n", get(&m->acl_drops[dir]));
	if (!s->n_classes)
		return;
	out_printf(out, "\n  Service-policy %s: %s\n    dropped %" PRIu64 " packets\n", way[dir], s->name,
		   get(&m->police_drops[dir]));
	for (size_t i = 0; i < s->n_classes; i++)
		print_class(out, &s->classes[i], meter_at(m, dir, i));
}

static void js_side(struct out *out, const struct esp_policy *p, const struct esp_meter *m, int dir)
{
	const struct esp_side *s = &p->side[dir];
	js_open(out, way[dir]);
	js_str(out, "access_group", s->acl4_name);
	js_str(out, "ipv6_traffic_filter", s->acl6_name);
	js_u64(out, "acl_drops", get(&m->acl_drops[dir]));
	js_str(out, "service_policy", s->name);
	js_u64(out, "police_drops", get(&m->police_drops[dir]));
	js_open_array(out, "classes");
	for (size_t i = 0; i < s->n_classes; i++) {
		const struct esp_class *c = &s->classes[i];
		const struct esp_class_meter *k = meter_at(m, dir, i);
		js_open(out, NULL);
		js_str(out, "class", c->name);
		js_u64(out, "packets", get(&k->packets));
		js_u64(out, "bytes", get(&k->bytes));
		js_u64(out, "priority", c->priority);
		js_u64(out, "rate", c->rate);
		js_u64(out, "burst", c->rate ? c->burst : 0);
		js_u64(out, "exceeded_packets", get(&k->exceeded));
		js_u64(out, "exceeded_bytes", get(&k->exceeded_bytes));
		js_str(out, "exceed_action", c->exceed_passes ? "transmit" : "drop");
		js_close(out);
	}
	js_close_array(out);
	js_close(out);
}

static void show_one(struct world *w, struct out *out, const struct ike_sa_info *sa,
		     const struct esp_policy *p, const struct esp_meter *m)
{
	char ifname[SHOW_IFNAME], ulid[ULID_TEXT], addr[ADDR_TEXT];
	uint32_t share = atomic_load_explicit(&m->share, memory_order_relaxed);
	if (out->json) {
		js_open(out, NULL);
		js_str(out, "interface", show_ifname(sa, ifname));
		js_str(out, "session", ulid_is_zero(&sa->session) ? "" : ulid_format(&sa->session, ulid));
		js_id(out, "identity", &sa->peer_id);
		js_endpoint(out, "peer", &sa->remote);
		js_str(out, "ivrf", show_ivrf(w, sa));
		js_u64(out, "share", share);
		js_side(out, p, m, ESP_DIR_IN);
		js_side(out, p, m, ESP_DIR_OUT);
		js_close(out);
		return;
	}
	out_printf(out, "%s peer %s ", show_ifname(sa, ifname), addr_format(&sa->remote.addr, addr));
	show_id(out, &sa->peer_id);
	out_printf(out, "\n");
	if (share > 1)
		out_printf(out, "  One of %u parts, each with its share of the rates\n", share);
	print_side(out, p, m, ESP_DIR_IN);
	print_side(out, p, m, ESP_DIR_OUT);
	out_printf(out, "\n");
}

/* SAs of one session with one worker have one meter: it is shown once. */
static void show_session(struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	const struct esp_policy *p;
	const struct esp_meter *m, *other;
	for (size_t i = 0; i < sa->n_children; i++) {
		bool seen = false;
		if (!data_sa_limits(w->data, sa->children[i].spi_in, &p, &m))
			continue;
		for (size_t k = 0; k < i && !seen; k++)
			seen = data_sa_limits(w->data, sa->children[k].spi_in, &p, &other) && other == m;
		if (!seen)
			show_one(w, out, sa, p, m);
	}
}

SHOW(show_policy_map)
{
	struct show_filter f;
	struct ike_sa_info sa;
	uint64_t cursor = 0;
	int rc = show_filter_parse(args, &f, err);
	if (rc)
		return rc;
	if (out->json) {
		js_open(out, NULL);
		js_open_array(out, "sessions");
	}
	while (ike_next_info(w->ike, &cursor, &sa))
		if (w->data && show_filter_takes(w, &f, &sa))
			show_session(w, out, &sa);
	if (out->json) {
		js_close_array(out);
		js_close(out);
	}
	return 0;
}
