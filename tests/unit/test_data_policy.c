/* tsan */
/* Sessions that may not send everything: policies with SAs, changed while packets pass, shared by the SAs of
 * a session, and never left behind. */
#include <stdlib.h>

#include "tests/unit/policy_lib.h" /* before the ends, which are called a and b */

#include "tests/unit/data_flows.h"

#define DENY_OUT                                                                                   \
	"ip access-list extended L\n deny udp any any eq 9\n permit ip any any\n"                  \
	"interface Tunnel1\n ip access-group L out\n"
#define PERMIT_OUT                                                                                 \
	"ip access-list extended L\n permit udp any any eq 9\n"                                    \
	"interface Tunnel1\n ip access-group L out\n ip access-group L in\n"
#define RATE(bps)                                                                                  \
	"policy-map P\n class class-default\n  police " bps " 1000\n"                              \
	"interface Tunnel1\n service-policy output P\n service-policy input P\n"

#define RATE_OF(class, bps)                                                                        \
	"policy-map P\n class " class "\n  police " bps " 1000\n"                                   \
	"interface Tunnel1\n service-policy output P\n service-policy input P\n"

static struct data_sa sa_of(uint32_t spi_in, const char *inner, uint8_t session, struct esp_policy *p)
{
	struct data_sa sa = dl_sa(spi_in, spi_in + 0x10000, inner);

	sa.session.b[15] = session;
	sa.policy = p;
	sa.local = dl_endpoint("127.0.0.1", b.port);
	sa.remote = dl_endpoint("127.0.0.1", 9);
	return sa;
}

static void to_client(const char *dst, uint32_t number)
{
	struct addr s = dl_addr("192.0.2.1"), d = dl_addr(dst);
	uint8_t inner[256];
	size_t len = dl_packet(inner, &s, &d, 0, number, 72); /* 100 bytes */

	(void)!write(b.tun[0], inner, len);
}

static const struct esp_meter *meter(uint32_t spi_in)
{
	const struct esp_policy *p;
	const struct esp_meter *m;

	return data_sa_limits(b.d, spi_in, &p, &m) ? m : NULL;
}

static struct esp_rt *rt;

static void set_up(uint32_t workers)
{
	b = (struct end){0};
	rt = rt_memory();
	T_TRUE(rt && start(&b, workers, workers > 1, rt));
	T_TRUE(open_ports(&b, 4, false, false));
}

static void tear_down(void)
{
	stop(&b);
	rt_free(rt);
}

static void denied_from_the_first_packet(void)
{
	struct esp_policy *deny = policy_of(DENY_OUT), *permit = policy_of(PERMIT_OUT);
	int64_t live;
	struct data_sa sa;

	T_TRUE(deny && permit);
	live = mem_live();
	T_DO(set_up(2));
	sa = sa_of(0x10001, "10.99.0.1", 1, deny);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	sa = sa_of(0x10002, "10.99.0.2", 2, NULL);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	T_TRUE(meter(0x10001) && !meter(0x10002));
	for (uint32_t i = 0; i < 5; i++)
		to_client("10.99.0.1", i);
	WAIT_FOR(&b, counted(&b, ST_OUT_ACL) == 5);
	T_EQ(counter(&b, CT_ESP_OUT), 0);
	T_EQ(meter(0x10001)->acl_drops[ESP_DIR_OUT], 5);
	to_client("10.99.0.2", 0);
	WAIT_FOR(&b, counter(&b, CT_ESP_OUT) == 1);
	/* another list, none, and the first again */
	T_EQ(data_sa_policy(b.d, 0x10001, permit), ST_OK);
	WAIT_FOR(&b, (to_client("10.99.0.1", 6), counter(&b, CT_ESP_OUT) > 1));
	T_TRUE(meter(0x10001)->acl_drops[ESP_DIR_OUT] >= 5);
	T_EQ(data_sa_policy(b.d, 0x10001, NULL), ST_OK);
	T_TRUE(!meter(0x10001));
	T_EQ(data_sa_policy(b.d, 0x10001, NULL), ST_OK);
	T_EQ(data_sa_policy(b.d, 0x10001, deny), ST_OK);
	T_EQ(data_sa_policy(b.d, 0x10003, deny), ST_NOT_FOUND);
	WAIT_FOR(&b, (to_client("10.99.0.1", 7), meter(0x10001)->acl_drops[ESP_DIR_OUT] > 0));
	data_sa_del(b.d, 0x10001);
	WAIT_FOR(&b, deny->refs == 1 && permit->refs == 1);
	tear_down();
	T_EQ(mem_live(), live);
	esp_policy_unref(deny);
	esp_policy_unref(permit);
}

/* 8 kbit/s and a burst of ten packets: the eleventh in a row is too many, but one comes with each tenth of a second. */
static uint64_t let_through(uint64_t since_ms)
{
	return 12 + (now_ms() - since_ms) / 100;
}

static void rate_of_a_session(void)
{
	struct esp_policy *slow = policy_of(RATE("8000")), *fast = policy_of(RATE("800000000"));
	struct data_sa sa;
	uint64_t sent, began = now_ms();

	T_TRUE(slow && fast);
	T_DO(set_up(1));
	sa = sa_of(0x10001, "10.99.0.1", 1, slow);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	for (uint32_t i = 0; i < 30; i++)
		to_client("10.99.0.1", i);
	WAIT_FOR(&b, counter(&b, CT_ESP_OUT) + counted(&b, ST_OUT_RATE) == 30);
	sent = counter(&b, CT_ESP_OUT);
	T_TRUE(sent >= 10 && sent <= let_through(began));
	/* The successor of the SA, with its bucket: it is as empty as it was. */
	sa = sa_of(0x20001, "10.99.0.1", 1, slow);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	T_TRUE(meter(0x10001) == meter(0x20001) && meter(0x20001)->share == 1);
	data_sa_del(b.d, 0x10001);
	for (uint32_t i = 0; i < 30; i++)
		to_client("10.99.0.1", i);
	WAIT_FOR(&b, counter(&b, CT_ESP_OUT) + counted(&b, ST_OUT_RATE) == 60);
	T_TRUE(counter(&b, CT_ESP_OUT) <= let_through(began));
	T_EQ(meter(0x20001)->police_drops[ESP_DIR_OUT], counted(&b, ST_OUT_RATE));
	T_EQ(meter(0x20001)->class[1].packets, 60);
	/* Another rate: the counters go on. */
	T_EQ(data_sa_policy(b.d, 0x20001, fast), ST_OK);
	WAIT_FOR(&b, slow->refs == 1); /* the worker has it */
	sent = counter(&b, CT_ESP_OUT);
	for (uint32_t i = 0; i < 10; i++)
		to_client("10.99.0.1", i);
	WAIT_FOR(&b, counter(&b, CT_ESP_OUT) - sent == 10);
	T_EQ(meter(0x20001)->class[1].packets, 70);
	tear_down();
	T_TRUE(slow->refs == 1 && fast->refs == 1);
	esp_policy_unref(slow);
	esp_policy_unref(fast);
}

/* Counters and buckets stay with classes of the same names, and with no others. */
static void other_classes_begin_anew(void)
{
	struct esp_policy *one = policy_of("class-map A\n match any\n" RATE_OF("A", "8000"));
	struct esp_policy *faster = policy_of("class-map A\n match any\n" RATE_OF("A", "16000"));
	struct esp_policy *two = policy_of("class-map B\n match any\n" RATE_OF("B", "8000"));
	const struct esp_meter *before;
	struct data_sa sa;

	T_TRUE(one && faster && two);
	T_DO(set_up(1));
	sa = sa_of(0x10001, "10.99.0.1", 1, one);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	before = meter(0x10001);
	T_EQ(data_sa_policy(b.d, 0x10001, faster), ST_OK);
	T_TRUE(meter(0x10001) == before);
	for (uint32_t i = 0; i < 3; i++)
		to_client("10.99.0.1", i);
	WAIT_FOR(&b, meter(0x10001)->class[2].packets == 3);
	T_EQ(data_sa_policy(b.d, 0x10001, two), ST_OK);
	T_EQ(meter(0x10001)->class[2].packets, 0);
	tear_down();
	T_TRUE(one->refs == 1 && faster->refs == 1 && two->refs == 1);
	esp_policy_unref(one);
	esp_policy_unref(faster);
	esp_policy_unref(two);
}

/* SAs of one session with several workers: each has its share of the rate, and all of it again when it
 * is the last. */
static void share_of_workers(void)
{
	struct esp_policy *p = policy_of(RATE("80000"));
	struct data_sa sa;

	T_TRUE(p != NULL);
	T_DO(set_up(4));
	for (uint32_t i = 0; i < 4; i++) {
		sa = sa_of(0x10000 + i, "10.99.0.1", 1, p);
		T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	}
	sa = sa_of(0x20000, "10.99.0.1", 1, p);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	T_TRUE(meter(0x10000) != meter(0x10001) && meter(0x10000) == meter(0x20000));
	for (uint32_t i = 0; i < 4; i++)
		WAIT_FOR(&b, meter(0x10000 + i)->share == 4);
	for (uint32_t i = 1; i < 4; i++)
		data_sa_del(b.d, 0x10000 + i);
	data_sa_del(b.d, 0x10000);
	WAIT_FOR(&b, meter(0x20000)->share == 1);
	tear_down();
	T_EQ(p->refs, 1);
	esp_policy_unref(p);
}

/* Everything at once: SAs come and go, policies change, packets pass. Nothing is left behind. */
static void many_changes(void)
{
	static const char *const texts[] = {DENY_OUT, PERMIT_OUT, RATE("8000"), RATE("800000000")};
	struct esp_policy *p[5] = {0};
	int64_t live;

	for (size_t i = 0; i < 4; i++)
		p[i] = policy_of(texts[i]);
	live = mem_live();
	T_DO(set_up(3));
	srand(7);
	for (uint32_t n = 0; n < 6000; n++) {
		uint32_t i = (uint32_t)rand() % 12, spi = 0x10000 + i * 0x101;
		char inner[32];
		struct data_sa sa;

		snprintf(inner, sizeof(inner), "10.99.0.%u", i % 4 + 1);
		sa = sa_of(spi, inner, (uint8_t)(i % 4 + 1), p[rand() % 5]);
		switch (rand() % 4) {
		case 0: (void)!data_sa_add(b.d, &sa, false); break;
		case 1: data_sa_del(b.d, spi); break;
		case 2: (void)!data_sa_policy(b.d, spi, p[rand() % 5]); break;
		default: to_client(inner, n); break;
		}
		if (n % 64 == 0)
			poll_main(&b);
	}
	tear_down();
	T_EQ(mem_live(), live);
	for (size_t i = 0; i < 4; i++) {
		T_ROW(i, texts[i]);
		T_EQ(p[i]->refs, 1);
		esp_policy_unref(p[i]);
	}
}

static void out_of_memory(void)
{
	struct esp_policy *one = policy_of(DENY_OUT), *two = policy_of(RATE("8000"));
	enum status st = ST_NOMEM;
	struct data_sa sa;

	T_DO(set_up(2));
	sa = sa_of(0x10001, "10.99.0.1", 1, one);
	for (uint64_t n = 1; st != ST_OK && n < 60; n++) {
		mem_fail_at(n);
		st = data_sa_add(b.d, &sa, false);
		mem_fail_at(0);
		T_EQ(data_sa_has(b.d, 0x10001), st == ST_OK);
	}
	T_EQ(st, ST_OK);
	sa = sa_of(0x10002, "10.99.0.1", 1, one);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	for (uint64_t n = 1; n < 4; n++) {
		mem_fail_at(n);
		st = data_sa_policy(b.d, 0x10001, two);
		mem_fail_at(0);
		if (st == ST_OK)
			break;
		T_EQ(st, ST_NOMEM); /* and nothing changed */
		T_TRUE(meter(0x10001) && meter(0x10001)->n[ESP_DIR_OUT] == 0);
	}
	T_EQ(st, ST_OK);
	T_EQ(meter(0x10002)->n[ESP_DIR_OUT], 1);
	tear_down();
	T_TRUE(one->refs == 1 && two->refs == 1);
	esp_policy_unref(one);
	esp_policy_unref(two);
}

/* ---- who goes first ---- */

#define VOICE                                                                                      \
	"class-map VOICE\n match dscp ef\nclass-map VIDEO\n match dscp af41\n"                     \
	"policy-map P\n class VOICE\n  priority level 1\n class VIDEO\n  priority level 2\n"       \
	"interface Tunnel1\n service-policy output P\n"
enum { EF = 46, AF41 = 34 };

/* A queue that is full before the worker sees it; returns where the ESP packets come out. */
struct line_up {
	int tun[2], sink;
};

static void stand_in_line(struct line_up *l, uint8_t dscp, size_t payload)
{
	struct addr s = dl_addr("192.0.2.1"), d = dl_addr("10.99.0.1");
	uint8_t inner[512];
	size_t len = dl_packet(inner, &s, &d, 0, 0, payload);

	inner[1] = (uint8_t)(dscp << 2);
	T_EQ(write(l->tun[0], inner, len), (ssize_t)len);
}

static void open_line(struct line_up *l, struct esp_policy *p)
{
	struct endpoint local = {0};
	struct data_sa sa;
	uint16_t port = 0;
	int udp;

	b = (struct end){0};
	rt = rt_memory();
	T_TRUE(rt && start(&b, 1, false, rt) && queue_pair(l->tun));
	udp = udp_socket(4, &b.port, NULL);
	l->sink = udp_socket(4, &port, "127.0.0.1");
	local.port = b.port;
	T_EQ(data_add_udp(b.d, &local, 4, &udp), ST_OK);
	sa = sa_of(0x10001, "10.99.0.1", 1, p);
	sa.remote.port = port;
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
}

/* Lengths of the ESP packets in their order. */
static size_t see(struct line_up *l, size_t want, size_t *lens)
{
	struct pollfd p = {.fd = l->sink, .events = POLLIN};
	uint8_t esp[1024];
	size_t n = 0;

	while (n < want && poll(&p, 1, PATIENCE_MS) > 0) {
		ssize_t len = recv(l->sink, esp, sizeof(esp), 0);

		if (len > 0)
			lens[n++] = (size_t)len;
	}
	return n;
}

static void close_line(struct line_up *l)
{
	tear_down();
	close(l->tun[0]);
	close(l->sink);
}

static size_t position(const size_t *lens, size_t n, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (lens[i] == len)
			return i;
	}
	return n;
}

static void priority_goes_first(void)
{
	enum { BULK = 200, ESP_MORE = 28 + 8 + 8 + 2 + 2 + 16 }; /* headers, IV, trailer, ICV */
	struct esp_policy *p = policy_of(VOICE);
	struct line_up l;
	size_t lens[BULK + 3];

	T_TRUE(p && p->has_priority);
	T_DO(open_line(&l, p));
	for (int i = 0; i < BULK; i++) {
		if (i == 20)
			T_DO(stand_in_line(&l, AF41, 60)); /* sealed: 60 + ESP_MORE */
		if (i == 30)
			T_DO(stand_in_line(&l, EF, 20));
		T_DO(stand_in_line(&l, 0, 100));
	}
	T_DO(stand_in_line(&l, EF, 40));
	T_EQ(data_add_tun(b.d, &(struct data_tun){1, 0, false, false}, &l.tun[1]), ST_OK);
	T_EQ(see(&l, BULK + 3, lens), BULK + 3);
	T_EQ(position(lens, BULK + 3, 20 + ESP_MORE), 0); /* level 1 */
	T_EQ(position(lens, BULK + 3, 60 + ESP_MORE), 1); /* level 2 */
	T_TRUE(position(lens, BULK + 3, 40 + ESP_MORE) < BULK / 2); /* came last, overtook most */
	T_EQ(counted(&b, ST_OUT_QUEUE), 0);
	T_EQ(meter(0x10001)->class[0].packets, 2);
	/* Without the policy packets leave as they come. */
	T_EQ(data_sa_policy(b.d, 0x10001, NULL), ST_OK);
	WAIT_FOR(&b, p->refs == 1);
	T_DO(stand_in_line(&l, 0, 100));
	T_DO(stand_in_line(&l, EF, 20));
	T_EQ(see(&l, 2, lens), 2);
	T_EQ(lens[0], 100 + ESP_MORE);
	close_line(&l);
	T_EQ(p->refs, 1);
	esp_policy_unref(p);
}

static void bulk_that_is_too_much_is_dropped(void)
{
	enum { BULK = 1000 };
	struct esp_policy *p = policy_of(VOICE);
	struct line_up l;
	size_t lens[BULK + 1], n;

	T_TRUE(p != NULL);
	T_DO(open_line(&l, p));
	for (int i = 0; i < BULK; i++)
		T_DO(stand_in_line(&l, 0, 100));
	T_DO(stand_in_line(&l, EF, 20));
	T_EQ(data_add_tun(b.d, &(struct data_tun){1, 0, false, false}, &l.tun[1]), ST_OK);
	WAIT_FOR(&b, counter(&b, CT_ESP_OUT) + counted(&b, ST_OUT_QUEUE) == BULK + 1);
	T_TRUE(counted(&b, ST_OUT_QUEUE) > 0);
	n = see(&l, counter(&b, CT_ESP_OUT), lens);
	T_EQ(n, counter(&b, CT_ESP_OUT));
	T_TRUE(position(lens, n, 20 + 64) < n); /* the one with priority is there */
	close_line(&l);
	T_EQ(p->refs, 1);
	esp_policy_unref(p);
}

int main(void)
{
	T_RUN(priority_goes_first);
	T_RUN(bulk_that_is_too_much_is_dropped);
	T_RUN(denied_from_the_first_packet);
	T_RUN(rate_of_a_session);
	T_RUN(other_classes_begin_anew);
	T_RUN(share_of_workers);
	T_RUN(many_changes);
	T_RUN(out_of_memory);
	return t_end();
}
