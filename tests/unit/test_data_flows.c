/* tsan */
/* Two data paths back to back over loopback: packet-numbered flows with N = 1, 2 and 4 workers, with
 * wrong steering and without, and under installs, rekeys, moves and removals. */
#include "tests/unit/data_flows.h"

static void both_ways(uint32_t workers, bool wrong_steering, uint8_t family, bool vnet_hdr)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	uint32_t packets = 400;
	uint64_t through = 0;

	vrf = wrong_steering ? workers : 0;
	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, workers, wrong_steering, rt_a));
	T_TRUE(start(&b, workers, wrong_steering, rt_b));
	T_TRUE(open_ports(&a, family, vnet_hdr, false));
	T_TRUE(open_ports(&b, family, vnet_hdr, false));
	T_TRUE(add_sas(family));
	make_flows(packets);
	run_flows(NULL);
	T_DO(no_loss_and_in_order());
	for (uint32_t i = 0; i < SAS; i++) {
		const struct esp_rt *rt = data_sa_rt(b.d, sa_b[i].spi_in);

		T_EQ(rt->packets_in, 2 * packets);
		T_EQ(rt->packets_out, 2 * packets);
		through += rt->packets_in + rt->packets_out;
	}
	/* A worker counts what it has sent, which may have arrived already. */
	for (int i = 0; i < 2000 && counter(&b, CT_ESP_IN) + counter(&b, CT_ESP_OUT) < through; i++)
		usleep(1000);
	T_EQ(counter(&b, CT_ESP_IN) + counter(&b, CT_ESP_OUT), through);
	poll_main(&b);
	T_EQ(b.moved, 0);
	vrf = 0;
	if (workers == 1)
		T_EQ(counter(&b, CT_HANDOVER), 0);
	else if (wrong_steering)
		T_TRUE(counter(&b, CT_HANDOVER) >= through);
	else /* what comes from the network came to its owner */
		T_TRUE(counter(&b, CT_HANDOVER) <= counter(&b, CT_ESP_OUT));
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

static void flows_with_wrong_steering(void)
{
	static const uint32_t workers[] = {1, 2, 4};

	for (size_t i = 0; i < 3; i++) {
		T_DO(both_ways(workers[i], true, 4, false));
		T_DO(both_ways(workers[i], true, 6, false));
	}
}

static void flows_as_the_kernel_steers(void)
{
	T_DO(both_ways(1, false, 4, false));
	T_DO(both_ways(2, false, 6, false));
	T_DO(both_ways(4, false, 4, false));
	T_DO(both_ways(2, false, 4, true));
}

/* ---- changes under traffic ------------------------------------------------------------------ */

static uint32_t rounds;
static enum { CALM, BOTH, SWITCHED } stage;
static struct data_sa old_a, old_b;
static uint32_t mark[2 * FLOWS];

/* A successor with the same bucket (so the same owner): the responder only listens on it at first,
 * then the initiator uses it, and its first packet makes the responder use it too. */
static void add_successor(uint32_t i)
{
	old_a = sa_a[i];
	old_b = sa_b[i];
	sa_b[i].spi_in += 0x100000;
	sa_b[i].spi_out += 0x100000;
	sa_b[i].key_in[9]++;
	sa_b[i].key_out[9]++;
	sa_a[i] = dl_other_end(&sa_b[i]);
	sa_b[i].receive_only = true;
	if (!data_sa_add(b.d, &sa_b[i], false) && !data_sa_add(a.d, &sa_a[i], false))
		stage = BOTH;
}

static bool is_past_marks(uint32_t i)
{
	for (uint32_t f = i; f < 2 * FLOWS; f += SAS) {
		if (flows[f].received + flows[f].lost < mark[f])
			return false;
	}
	return true;
}

/* One rekey after the other. The predecessor goes when nothing that it sealed is under way; packets
 * of the flows never stop. */
static void change_something(void)
{
	uint32_t i = rounds % SAS;

	switch (stage) {
	case CALM: add_successor(i); break;
	case BOTH:
		if (!data_sa_rt(a.d, sa_a[i].spi_in)->packets_out ||
		    !data_sa_rt(b.d, sa_b[i].spi_in)->packets_out)
			break;
		for (uint32_t f = 0; f < 2 * FLOWS; f++)
			mark[f] = flows[f].sent;
		data_sa_unuse(a.d, old_a.spi_in);
		data_sa_unuse(b.d, old_b.spi_in);
		stage = SWITCHED;
		break;
	case SWITCHED:
		if (!is_past_marks(i))
			break;
		data_sa_del(a.d, old_a.spi_in);
		data_sa_del(b.d, old_b.spi_in);
		rounds++;
		stage = CALM;
		break;
	}
}

static void rekeys_under_traffic(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 4, true, rt_a) && start(&b, 2, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	make_flows(2000);
	rounds = 0;
	stage = CALM;
	run_flows(change_something);
	T_TRUE(rounds >= SAS);
	T_DO(no_loss_and_in_order());
	T_EQ(counted(&a, ST_OUT_NO_ROUTE) + counted(&b, ST_OUT_NO_ROUTE), 0);
	T_EQ(counted(&a, ST_ESP_NO_SA) + counted(&b, ST_ESP_NO_SA), 0);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* The client moves to another address: the headend answers there as soon as it was told. */
static void moves_under_traffic(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 2, true, rt_a) && start(&b, 4, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	make_flows(300);
	for (uint32_t round = 0; round < 5; round++) {
		run_flows(NULL);
		for (uint32_t i = 0; i < SAS; i++) {
			char outer[16];

			snprintf(outer, sizeof(outer), "127.0.%u.%u", round + 1, i + 1);
			sa_a[i].local = dl_endpoint(outer, a.port);
			sa_b[i].remote = sa_a[i].local;
			T_EQ(data_sa_move(a.d, sa_a[i].spi_in, &sa_a[i].local, &sa_a[i].remote, true), ST_OK);
			T_EQ(data_sa_move(b.d, sa_b[i].spi_in, &sa_b[i].local, &sa_b[i].remote, true), ST_OK);
		}
		for (uint32_t f = 0; f < 2 * FLOWS; f++)
			flows[f].limit += 300;
	}
	run_flows(NULL);
	T_DO(no_loss_and_in_order());
	T_EQ(data_sa_move(a.d, 0x777, &sa_a[0].local, &sa_a[0].remote, true), ST_NOT_FOUND);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* SAs, sockets and TUNs come and go as fast as main can, while other flows run. */
static uint32_t churned;

static void churn(void)
{
	struct data_sa sa = dl_sa(0x5000 + churned % 7, 0x6000, "10.98.0.1");
	struct endpoint local = {.addr = dl_addr("127.0.0.77")};
	int udp[WORKERS_MAX], tun[WORKERS_MAX];

	sa.local = dl_endpoint("127.0.0.1", b.port);
	sa.remote = dl_endpoint("127.0.0.99", a.port);
	if (churned % 2 == 0) {
		if (data_sa_add(b.d, &sa, false))
			return;
	} else {
		sa.spi_in = 0x5000 + (churned - 1) % 7;
		data_sa_del(b.d, sa.spi_in);
	}
	churned++;
	if (churned % 20)
		return;
	for (uint32_t i = 0; i < b.workers; i++) {
		int pair[2];

		udp[i] = udp_socket(4, &local.port, "127.0.0.77");
		if (udp[i] < 0 || !queue_pair(pair))
			return;
		close(pair[0]);
		tun[i] = pair[1];
	}
	if (data_add_udp(b.d, &local, 4, udp) || data_add_tun(b.d, &(struct data_tun){.number = 2}, tun) ||
	    data_del_udp(b.d, &local, 4) || data_del_tun(b.d, 2))
		churned = 1000000;
}

static void churn_under_traffic(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 2, true, rt_a) && start(&b, 4, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	make_flows(500);
	churned = 0;
	run_flows(churn);
	T_DO(no_loss_and_in_order());
	T_TRUE(churned > 100 && churned < 1000000);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

int main(void)
{
	T_RUN(flows_with_wrong_steering);
	T_RUN(flows_as_the_kernel_steers);
	T_RUN(rekeys_under_traffic);
	T_RUN(moves_under_traffic);
	T_RUN(churn_under_traffic);
	return t_end();
}
