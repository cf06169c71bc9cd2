/* tsan */
/* One fat tunnel that several workers cipher for: nothing is lost, nothing overtakes, the work is shared, and SAs come
 * and go meanwhile. */
#include "tests/unit/data_ends.h"

#include "core/esp/gso.h"
#include "tests/unit/policy_lib.h"

#define TOTAL 20000 /* datagrams each way */
#define IN_FLIGHT 600
#define ROOM 65000

static uint32_t piece = 200; /* payload of a datagram */
static uint32_t in_run = 32; /* datagrams of a large packet */
static struct esp_policy *policy; /* of the SA at b, which marks what it sends */

static struct end a, b;
static struct data_sa sa_a, sa_b;
static struct addr client, lan;

static struct way {
	struct end *from, *to;
	uint32_t sent, received, disordered, gone;
	uint32_t written_off; /* that have been sent when the SA changed: they may come, or not */
} ways[2];

static void set_up(uint32_t workers, bool wrong_steering)
{
	T_TRUE(start(&a, workers, wrong_steering, rt_memory()));
	T_TRUE(start(&b, workers, wrong_steering, rt_memory()));
	T_TRUE(open_ports(&a, 4, true, false));
	T_TRUE(open_ports(&b, 4, true, false));
	client = dl_addr("10.99.0.1");
	lan = dl_addr("192.0.2.1");
	ways[0] = (struct way){.from = &a, .to = &b};
	ways[1] = (struct way){.from = &b, .to = &a};
}

static void add_sas(uint32_t spi)
{
	sa_b = dl_sa(spi, spi + 0x1000, "10.99.0.1");
	sa_b.local = dl_endpoint("127.0.0.1", b.port);
	sa_b.remote = dl_endpoint("127.0.0.1", a.port);
	sa_a = dl_other_end(&sa_b);
	sa_b.policy = policy;
	T_EQ(data_sa_add(a.d, &sa_a, false), ST_OK);
	T_EQ(data_sa_add(b.d, &sa_b, false), ST_OK);
}

static void tear_down(void)
{
	struct esp_rt *rt[2] = {a.rt, b.rt};

	stop(&a);
	stop(&b);
	rt_free(rt[0]);
	rt_free(rt[1]);
}

/* How many of the datagrams nobody waits for any more. */
static uint32_t settled(const struct way *way)
{
	uint32_t n = way->received + way->gone;

	return way->written_off > n ? way->written_off : n;
}

/* A large packet of n datagrams that go on counting; every seventh is a single small one. */
static bool feed(unsigned w)
{
	static uint8_t room[GSO_HDR_LEN + 28 + ROOM];
	struct way *way = &ways[w];
	uint32_t n = way->sent % 7 == 0 ? 1 : in_run;
	struct gso_hdr h = {.flags = GSO_NEEDS_CSUM, .type = n > 1 ? GSO_UDP_L4 : GSO_NONE,
			    .size = n > 1 ? (uint16_t)piece : 0, .csum_start = 20, .csum_offset = 6};
	uint8_t *p = room + GSO_HDR_LEN;
	size_t len;

	if (way->sent >= TOTAL || way->sent - settled(way) > IN_FLIGHT)
		return false;
	len = dl_packet(p, w ? &lan : &client, w ? &client : &lan, w, way->sent, n * piece);
	if (w && policy)
		p[1] = 34 << 2; /* AF41; the device does not look at the sum */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = way->sent + i;
		uint8_t *d = p + 28 + i * piece;

		memcpy(d, (uint8_t[]){0, 0, 0, (uint8_t)w, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
				      (uint8_t)(number >> 8), (uint8_t)number}, 8);
	}
	gso_write(&h, room);
	if (write(way->from->tun[0], room, GSO_HDR_LEN + len) < 0)
		return false;
	way->sent += n;
	return true;
}

static bool drain(unsigned w)
{
	uint8_t room[GSO_HDR_LEN + 2048];
	struct way *way = &ways[w];
	bool any = false;

	for (uint32_t q = 0; q < way->to->workers; q++) {
		while (read(way->to->tun[q], room, sizeof(room)) > 0) {
			uint32_t number = dl_number(room + GSO_HDR_LEN), next = way->received + way->gone;

			any = true;
			if (number < next || dl_flow(room + GSO_HDR_LEN) != w) {
				way->disordered++;
				continue;
			}
			way->gone += number - next;
			way->received++;
		}
	}
	return any;
}

static bool is_done(void)
{
	for (unsigned w = 0; w < 2; w++) {
		if (ways[w].sent < TOTAL || settled(&ways[w]) < ways[w].sent)
			return false;
	}
	return true;
}

static void run(void (*between)(void))
{
	uint64_t until = now_ms() + PATIENCE_MS;

	while (!is_done() && now_ms() < until) {
		bool any = false;

		for (unsigned w = 0; w < 2; w++) {
			any |= feed(w);
			any |= drain(w);
		}
		poll_main(&a);
		poll_main(&b);
		if (between)
			between();
		if (!any)
			poll(NULL, 0, 1);
	}
}

static void order_is_kept(void)
{
	static const struct {
		uint32_t workers;
		bool wrong_steering;
	} rows[] = {{2, false}, {2, true}, {4, false}, {4, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "workers and steering");
		fan_out = DATA_FAN_ALWAYS;
		T_DO(set_up(rows[i].workers, rows[i].wrong_steering));
		T_DO(add_sas(0x2001));
		run(NULL);
		for (unsigned w = 0; w < 2; w++) {
			T_EQ(ways[w].disordered, 0);
			T_EQ(ways[w].gone, 0);
			T_EQ(ways[w].received, ways[w].sent);
		}
		/* Each was sealed and opened; how much others did depends on when they get a core. */
		T_TRUE(counter(&a, CT_FAN_OUT) + counter(&b, CT_FAN_OUT) > TOTAL / 20);
		T_EQ(data_sa_rt(b.d, sa_b.spi_in)->packets_in, ways[0].sent);
		T_EQ(data_sa_rt(b.d, sa_b.spi_in)->packets_out, ways[1].sent);
		T_EQ(counter(&b, CT_ESP_IN) + counter(&b, CT_ESP_OUT), (uint64_t)ways[0].sent + ways[1].sent);
		tear_down();
	}
}

static void alone_it_is_not_used(void)
{
	fan_out = DATA_FAN_ALWAYS;
	T_DO(set_up(1, false));
	T_DO(add_sas(0x2001));
	run(NULL);
	T_EQ(ways[0].received, ways[0].sent);
	T_EQ(counter(&a, CT_FAN_OUT) + counter(&b, CT_FAN_OUT), 0);
	tear_down();
	fan_out = DATA_FAN_OFF;
	T_DO(set_up(2, false));
	T_DO(add_sas(0x2001));
	run(NULL);
	T_EQ(ways[0].received, ways[0].sent);
	T_EQ(counter(&a, CT_FAN_OUT) + counter(&b, CT_FAN_OUT), 0);
	tear_down();
}

static unsigned turns;
static unsigned used; /* SAs through which something has passed both ways */
static uint32_t received[2]; /* when the SA was exchanged last */

/* The SA goes while its batches are at helpers, and another comes. All that is under way may be lost with it. */
static void change(void)
{
	if (!ways[0].received || !ways[1].received || ++turns % 50)
		return;
	used += ways[0].received > received[0] && ways[1].received > received[1];
	for (unsigned w = 0; w < 2; w++) {
		ways[w].written_off = ways[w].sent;
		received[w] = ways[w].received;
	}
	data_sa_del(a.d, sa_a.spi_in);
	data_sa_del(b.d, sa_b.spi_in);
	add_sas(0x2001 + turns / 50 % 0xf * 0x100); /* the same owner */
}

static void sas_come_and_go(void)
{
	fan_out = DATA_FAN_ALWAYS;
	T_DO(set_up(4, false));
	T_DO(add_sas(0x2001));
	run(change);
	T_TRUE(is_done());
	T_TRUE(turns > 100);
	T_TRUE(used > 1); /* not the first alone */
	T_EQ(ways[0].disordered + ways[1].disordered, 0);
	T_TRUE(ways[0].received > 0 && ways[1].received > 0);
	tear_down();
}

/* So many small segments do not fit into a job's room once they are sealed. */
static void small_segments(void)
{
	piece = 20;
	in_run = 1200;
	fan_out = DATA_FAN_ALWAYS;
	T_DO(set_up(2, false));
	T_DO(add_sas(0x2001));
	run(NULL);
	for (unsigned w = 0; w < 2; w++) {
		T_EQ(ways[w].disordered, 0);
		T_TRUE(ways[w].received >= TOTAL && ways[w].received == ways[w].sent);
	}
	tear_down();
	piece = 200;
	in_run = 32;
}

/* What has the second priority waits for the end of a batch, also while the line is emptied for it. */
static void second_priority_beside_a_line(void)
{
	policy = policy_of("class-map VIDEO\n match dscp af41\npolicy-map P\n class VIDEO\n  priority level 2\n"
			   "interface Tunnel1\n service-policy output P\n");
	T_TRUE(policy != NULL);
	fan_out = DATA_FAN_ALWAYS;
	T_DO(set_up(2, false));
	T_DO(add_sas(0x2001));
	run(NULL);
	for (unsigned w = 0; w < 2; w++) {
		T_EQ(ways[w].disordered, 0);
		T_EQ(ways[w].received, ways[w].sent);
	}
	tear_down();
	esp_policy_unref(policy);
	policy = NULL;
}

int main(void)
{
	T_RUN(order_is_kept);
	T_RUN(alone_it_is_not_used);
	T_RUN(sas_come_and_go);
	T_RUN(small_segments);
	T_RUN(second_priority_beside_a_line);
	return t_end();
}
