/* Packet-numbered flows between two ends. */
#ifndef TESTS_UNIT_DATA_FLOWS_H
#define TESTS_UNIT_DATA_FLOWS_H

#include "tests/unit/data_ends.h"

#define SAS 6
#define FLOWS (2 * SAS)
#define IN_FLIGHT 6
#define VNET_HDR 10 /* struct virtio_net_hdr */

struct flow {
	struct end *from, *to;
	struct addr src, dst;
	uint32_t queue;
	uint32_t sent, received, limit;
	uint32_t lost, disordered;
};

static struct flow flows[2 * FLOWS];
static struct end a, b;
static struct data_sa sa_a[SAS], sa_b[SAS];

/* One SA for each client, seen from the client's end `a` and from the headend's `b`. Clients have
 * their own outer addresses where the family has some, so that they reach different sockets. */
static inline bool add_sas(uint8_t family)
{
	for (uint32_t i = 0; i < SAS; i++) {
		char outer[16], inner[32], lan[32];
		struct addr lan_addr;

		snprintf(outer, sizeof(outer), "127.0.0.%u", i + 1);
		snprintf(inner, sizeof(inner), i % 2 ? "2001:db8::%u" : "10.99.0.%u", i + 1);
		sa_b[i] = dl_sa(0x10000 + i * 0x0507, 0x20000 + i * 0x0305, inner);
		/* Each client talks to a host of its own, or they would all be one to `a`. */
		snprintf(lan, sizeof(lan), i % 2 ? "2001:db8:1::%u" : "192.0.2.%u", i + 1);
		lan_addr = dl_addr(lan);
		sa_b[i].local_ts[0] = ts_from_addr(&lan_addr);
		sa_b[i].local = dl_endpoint(family == 4 ? "127.0.0.1" : "::1", b.port);
		sa_b[i].remote = dl_endpoint(family == 4 ? outer : "::1", a.port);
		sa_b[i].local.vrf = sa_b[i].remote.vrf = vrf;
		sa_a[i] = dl_other_end(&sa_b[i]);
		if (data_sa_add(b.d, &sa_b[i], false) || data_sa_add(a.d, &sa_a[i], false))
			return false;
	}
	return true;
}

/* Two flows on different queues through each SA and each direction. */
static inline void make_flows(uint32_t packets)
{
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		struct flow *fl = &flows[f];
		uint32_t i = f % SAS;
		const struct addr *client = &sa_b[i].remote_ts[0].lo;
		struct addr lan = sa_b[i].local_ts[0].lo;
		bool up = f < FLOWS;

		*fl = (struct flow){.from = up ? &a : &b, .to = up ? &b : &a, .limit = packets};
		fl->src = up ? *client : lan;
		fl->dst = up ? lan : *client;
		fl->queue = (f / SAS + i) % fl->from->workers;
	}
}

/* Sends what the flow's window allows; false: nothing. */
static inline bool feed(uint32_t f)
{
	struct flow *fl = &flows[f];
	uint8_t room[VNET_HDR + 256] = {0};
	uint8_t *p = room + VNET_HDR;
	size_t head = fl->from->vnet_hdr ? VNET_HDR : 0;
	bool any = false;

	while (fl->sent < fl->limit && fl->sent - fl->received - fl->lost < IN_FLIGHT) {
		size_t len = dl_packet(p, &fl->src, &fl->dst, f, fl->sent, 8 + fl->sent % 150);

		len += head;
		if (write(fl->from->tun[fl->queue], p - head, len) != (ssize_t)len)
			break;
		fl->sent++;
		any = true;
	}
	return any;
}

static inline bool drain(struct end *e)
{
	static const uint8_t no_offload[VNET_HDR];
	uint8_t room[512];
	size_t head = e->vnet_hdr ? VNET_HDR : 0;
	const uint8_t *p = room + head;
	ssize_t n;
	bool any = false;

	for (uint32_t q = 0; q < e->workers; q++) {
		while ((n = read(e->tun[q], room, sizeof(room))) > 0) {
			struct flow *fl = &flows[dl_flow(p) % (2 * FLOWS)];
			uint32_t number = dl_number(p);

			any = true;
			if (memcmp(room, no_offload, head) || fl->to != e || number < fl->received + fl->lost) {
				fl->disordered++;
				continue;
			}
			fl->lost += number - fl->received - fl->lost;
			fl->received++;
		}
	}
	return any;
}

static inline bool all_done(void)
{
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		if (flows[f].received + flows[f].lost < flows[f].limit)
			return false;
	}
	return true;
}

/* Runs the flows to their end; between() is called all the time. */
static inline void run_flows(void (*between)(void))
{
	uint64_t until = now_ms() + 2 * PATIENCE_MS;

	while (!all_done() && now_ms() < until) {
		bool any = false;

		for (uint32_t f = 0; f < 2 * FLOWS; f++)
			any |= feed(f);
		any |= drain(&a);
		any |= drain(&b);
		poll_main(&a);
		poll_main(&b);
		if (between)
			between();
		if (!any)
			poll(NULL, 0, 1);
	}
}

/* What a failed run looked like from inside. */
static inline void explain(const struct end *e, const char *name)
{
	static struct stats sum;

	memset(&sum, 0, sizeof(sum));
	data_stats(e->d, &sum);
	for (int i = 0; i < ST__MAX; i++) {
		if (sum.status[i])
			printf("# %s %s %llu\n", name, status_token((enum status)i),
			       (unsigned long long)sum.status[i]);
	}
	for (int i = 0; i < CT__MAX; i++) {
		if (sum.count[i])
			printf("# %s %s %llu\n", name, counter_token((enum counter)i),
			       (unsigned long long)sum.count[i]);
	}
}

static inline void no_loss_and_in_order(void)
{
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		if (flows[f].received == flows[f].limit && !flows[f].disordered)
			continue;
		explain(&a, "a");
		explain(&b, "b");
		break;
	}
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		T_ROW(f, "flow");
		T_EQ(flows[f].lost, 0);
		T_EQ(flows[f].disordered, 0);
		T_EQ(flows[f].received, flows[f].limit);
	}
}

#endif
