/* Queues of packets that wait to be sealed, by hand: one worker of two without threads; the test is main
 * and the other worker at once. What is sealed has no socket to leave by and is counted so. */
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/data/judge.h"
#include "modules/data/llq.h"
#include "modules/data/path.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/t.h"
#include "tests/unit/data_lib.h"
#include "tests/unit/policy_lib.h"

#define SEALED ST_OUT_SEND
enum { EF = 46, AF41 = 34, BULK_MAX = 384 };

static struct worker *workers;
static struct worker_shared *all;
static struct worker *me, *other;

/* One SA of mine. */
struct pair {
	struct worker_sa sa;
	struct esp_rt rt;
	struct esp_child *child;
};

#define VOICE                                                                                      \
	"class-map VOICE\n match dscp ef\nclass-map VIDEO\n match dscp af41\n"                     \
	"policy-map P\n class VOICE\n  priority level 1\n class VIDEO\n  priority level 2\n"       \
	"interface Tunnel1\n service-policy output P\n"
#define DENY                                                                                       \
	"ip access-list extended L\n deny udp any any eq 9\n permit ip any any\n"                  \
	"interface Tunnel1\n ip access-group L out\n"

static void set_up(void)
{
	all = pages_new(sizeof(*all));
	workers = pages_new(2 * sizeof(*workers));
	T_TRUE(all && workers);
	all->workers = workers;
	all->n = 2;
	all->main_fd = -1;
	for (uint32_t b = 0; b < BUCKETS; b++)
		all->owner_of[b] = b % 2;
	for (uint32_t i = 0; i < 2; i++) {
		workers[i].index = i;
		workers[i].all = all;
		T_EQ(worker_init(&workers[i]), ST_OK);
	}
	me = &workers[0];
	other = &workers[1];
}

static void tear_down(void)
{
	for (uint32_t i = 0; i < 2; i++)
		worker_fini(&workers[i]);
	pages_free(workers, 2 * sizeof(*workers));
	pages_free(all, sizeof(*all));
}

static void begin(struct pair *p, uint32_t spi, struct esp_policy *is)
{
	struct data_sa d = dl_sa(spi, spi + 0x10000, "10.99.0.1");
	struct esp_suite suite;

	*p = (struct pair){.sa.esp = {.spi_in = spi, .spi_out = d.spi_out, .udp_encap = true}};
	T_EQ(suite_esp(d.encr_id, d.encr_key_bits, d.integ_id, d.esn, &suite), ST_OK);
	p->sa.esp.shape = esp_suite_shape(&suite);
	T_EQ(esp_cipher_new(&suite, d.key_out, d.key_out_len, &p->sa.esp.out), ST_OK);
	p->child = mem_new(sizeof(*p->child) + 2 * sizeof(struct ts));
	p->child->owner = p->child->tun = 1;
	p->child->spi_in = spi;
	p->child->n_local = p->child->n_remote = 1;
	p->child->ts[0] = d.local_ts[0];
	p->child->ts[1] = d.remote_ts[0];
	p->sa.esp.child = p->child;
	p->sa.esp.rt = &p->rt;
	p->sa.esp.local = dl_endpoint("192.0.2.1", 4500);
	p->sa.esp.remote = dl_endpoint("192.0.2.2", 4500);
	p->sa.policy = is;
	p->sa.meter = is ? esp_meter_new(is) : NULL;
	p->sa.share = 1;
	judge_begin(me, &p->sa);
	sad_add(&me->tables.sad, &p->sa.esp);
}

static void end(struct pair *p)
{
	sad_del(&me->tables.sad, &p->sa.esp);
	llq_changed(me, p->sa.policy, NULL);
	esp_cipher_free(p->sa.esp.out);
	mem_free(p->sa.meter);
	mem_free(p->child);
}

static struct pkt *inner(struct worker *from, uint32_t spi, uint8_t dscp, size_t payload)
{
	struct pkt *k = pool_get(&from->pool);
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1");

	if (!k)
		return NULL;
	k->kind = PKT_INNER;
	k->spi = spi;
	k->tun = 1;
	k->gso = (struct gso_hdr){0};
	k->len = dl_packet(k->p, &src, &dst, 0, 0, payload);
	k->p[1] = (uint8_t)(dscp << 2);
	return k;
}

static uint64_t count(enum status st)
{
	return atomic_load(&me->stats.status[st]);
}

/* A packet of the second priority whose SA went away goes to the successor now, not with the next
 * packet that happens to come. */
static void nobody_is_left_waiting(void)
{
	struct esp_policy *p = policy_of(VOICE);
	struct fib_route r;
	struct pair one, two;

	T_TRUE(p != NULL);
	T_DO(set_up());
	T_DO(begin(&one, 0x1000, p));
	T_DO(begin(&two, 0x2000, p));
	r = (struct fib_route){.child = two.child, .prefix = {two.child->ts[1].lo, 32}};
	fib_add(&me->tables.fib, &r);
	llq_take(me, &one.sa, inner(me, 0x1000, AF41, 20));
	llq_take(me, &one.sa, inner(me, 0x1000, AF41, 20));
	llq_take(me, &one.sa, inner(me, 0x1000, 0, 20));
	T_EQ(me->second.n, 2);
	T_EQ(me->bulk.n, 1);
	T_EQ(count(SEALED), 0);
	T_DO(end(&one));
	path_flush(me);
	T_EQ(me->second.n, 0);
	T_EQ(count(SEALED), 2);
	T_EQ(two.rt.packets_out, 2);
	while (llq_turn(me))
		;
	T_EQ(two.rt.packets_out, 3);
	/* Without a successor they are dropped, once. */
	llq_take(me, &two.sa, inner(me, 0x2000, AF41, 20));
	llq_take(me, &two.sa, inner(me, 0x2000, 0, 20));
	fib_del(&me->tables.fib, &r);
	T_DO(end(&two));
	path_flush(me);
	T_TRUE(!llq_turn(me));
	T_EQ(count(ST_OUT_NO_ROUTE), 2);
	T_EQ(me->pool.n_free, POOL_PKTS);
	T_EQ(all->llq_sas, 0);
	tear_down();
	esp_policy_unref(p);
}

/* A policy that comes while packets wait is theirs, too. */
static void judged_by_what_is_in_force(void)
{
	struct esp_policy *voice = policy_of(VOICE), *deny = policy_of(DENY);
	struct pair one, prior;
	const struct child_work work = {.sa = &one.sa};
	struct policy_order o = {.order.child = &work, .share = 1};

	T_TRUE(voice && deny);
	T_DO(set_up());
	T_DO(begin(&one, 0x1000, voice));
	T_DO(begin(&prior, 0x2000, voice)); /* so that the rest waits */
	llq_take(me, &one.sa, inner(me, 0x1000, 0, 20));
	llq_take(me, &prior.sa, inner(me, 0x2000, 0, 20));
	o.policy = deny;
	o.meter = esp_meter_new(deny);
	judge_change(me, &o);
	mem_free(o.meter);
	T_TRUE(!llq_turn(me));
	T_EQ(count(ST_OUT_ACL), 1);
	T_EQ(count(SEALED), 1);
	T_EQ(prior.rt.packets_out, 1);
	T_EQ(me->pool.n_free, POOL_PKTS);
	T_DO(end(&one));
	T_DO(end(&prior));
	tear_down();
	esp_policy_unref(voice);
	esp_policy_unref(deny);
}

/* Bulk that waits does not keep the last buffers of whoever read it, or he could receive nothing. */
static void bulk_of_a_short_worker_goes_home(void)
{
	static struct pkt *taken[POOL_PKTS];
	struct esp_policy *p = policy_of(VOICE);
	struct pair one;
	size_t n = 0;

	T_TRUE(p != NULL);
	T_DO(set_up());
	T_DO(begin(&one, 0x1000, p));
	llq_say_short(other);
	llq_take(me, &one.sa, inner(other, 0x1000, 0, 20));
	T_EQ(me->bulk.n, 1);
	while (n < POOL_PKTS - POOL_PKTS / 8)
		taken[n++] = pool_get(&other->pool);
	llq_say_short(other);
	llq_take(me, &one.sa, inner(other, 0x1000, 0, 20));
	T_EQ(me->bulk.n, 1);
	T_EQ(count(ST_OUT_QUEUE), 1);
	T_TRUE(ring_pop(&other->home[0]) != NULL);
	llq_take(me, &one.sa, inner(other, 0x1000, EF, 20)); /* what has priority does not wait */
	path_flush(me);
	T_EQ(count(SEALED), 1);
	llq_take(me, &one.sa, inner(me, 0x1000, 0, 20)); /* my own may */
	T_EQ(me->bulk.n, 2);
	while (n > 0)
		pool_put(&other->pool, taken[--n]);
	llq_say_short(other);
	llq_take(me, &one.sa, inner(other, 0x1000, 0, 20));
	T_EQ(me->bulk.n, 3);
	/* It stops with packets in its queue: they are in the pools. */
	T_DO(end(&one));
	tear_down();
	esp_policy_unref(p);
}

/* While the queue is full what has no room in it is not even read whole, and what has priority behind it
 * is taken as ever. */
static void full_queue_reads_beginnings(void)
{
	struct port port = {.kind = PORT_TUN, .tun = 1};
	struct esp_policy *p = policy_of(VOICE);
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1");
	static uint8_t large[13000], small[100];
	struct fib_route r;
	struct pair one;
	size_t len, small_len;
	int tun[2];

	T_TRUE(p != NULL);
	T_DO(set_up());
	T_DO(begin(&one, 0x1000, p));
	r = (struct fib_route){.child = one.child, .prefix = {one.child->ts[1].lo, 32}};
	fib_add(&me->tables.fib, &r);
	T_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun), 0);
	port.fd = tun[0];
	len = dl_packet(large, &src, &dst, 0, 0, 12000);
	small_len = dl_packet(small, &src, &dst, 0, 0, 20);
	small[1] = EF << 2;
	/* There is room: both are taken, the large one to wait. */
	T_EQ(write(tun[1], large, len), (ssize_t)len);
	T_EQ(write(tun[1], small, small_len), (ssize_t)small_len);
	T_TRUE(path_receive(me, &port));
	path_flush(me);
	T_EQ(me->bulk.n, 1);
	T_EQ(count(SEALED), 1);
	while (me->bulk.n < BULK_MAX)
		llq_take(me, &one.sa, inner(me, 0x1000, 0, 20));
	T_EQ(llq_room(me), 0);
	T_EQ(count(ST_OUT_QUEUE), 0);
	large[19] = 9; /* nobody's, which is not found out */
	for (int i = 0; i < 3; i++)
		T_EQ(write(tun[1], large, len), (ssize_t)len);
	T_EQ(write(tun[1], small, small_len), (ssize_t)small_len);
	T_TRUE(path_receive(me, &port));
	path_flush(me);
	T_EQ(count(ST_OUT_QUEUE), 3);
	T_EQ(count(ST_ESP_MALFORMED) + count(ST_OUT_NO_ROUTE), 0);
	T_EQ(count(SEALED), 2);
	T_EQ(me->bulk.n, BULK_MAX);
	T_EQ(me->pool.n_free, POOL_PKTS - BULK_MAX);
	/* A short one without priority is read, and has no room either. */
	small[1] = 0;
	T_EQ(write(tun[1], small, small_len), (ssize_t)small_len);
	T_TRUE(path_receive(me, &port));
	T_EQ(count(ST_OUT_QUEUE), 4);
	while (llq_turn(me))
		;
	T_EQ(count(SEALED), 2 + BULK_MAX);
	T_EQ(me->pool.n_free, POOL_PKTS);
	T_TRUE(llq_room(me) > sizeof(large));
	close(tun[0]);
	close(tun[1]);
	T_DO(end(&one));
	tear_down();
	esp_policy_unref(p);
}

/* Many packets in one buffer, with priority: all of them go first, and are counted one by one. */
static void super_packet_goes_first(void)
{
	struct esp_policy *p = policy_of(VOICE);
	struct pair one;
	struct pkt *k;

	T_TRUE(p != NULL);
	T_DO(set_up());
	T_DO(begin(&one, 0x1000, p));
	llq_take(me, &one.sa, inner(me, 0x1000, 0, 20));
	T_TRUE((k = inner(me, 0x1000, EF, 1000)));
	k->gso = (struct gso_hdr){.flags = GSO_NEEDS_CSUM, .type = GSO_UDP_L4, .hdr_len = 28, .size = 100,
				  .csum_start = 20, .csum_offset = 6};
	llq_take(me, &one.sa, k);
	path_flush(me);
	T_EQ(count(SEALED), 10);
	T_EQ(one.sa.meter->class[0].packets, 10);
	T_EQ(one.rt.packets_out, 10);
	T_EQ(me->bulk.n, 1);
	T_TRUE(!llq_turn(me));
	T_EQ(one.rt.packets_out, 11);
	T_EQ(me->pool.n_free, POOL_PKTS);
	T_DO(end(&one));
	tear_down();
	esp_policy_unref(p);
}

int main(void)
{
	T_RUN(nobody_is_left_waiting);
	T_RUN(judged_by_what_is_in_force);
	T_RUN(bulk_of_a_short_worker_goes_home);
	T_RUN(full_queue_reads_beginnings);
	T_RUN(super_packet_goes_first);
	return t_end();
}
