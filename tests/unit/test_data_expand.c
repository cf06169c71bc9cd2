/* tsan */
/* Keys that are expanded while there are packets: one worker by hand in stepped time, with both ends of each SA pair;
 * then running workers. The rooms in which expanded keys are. */
#include <sys/mman.h>

#include "core/crypto/esp_engine.h"
#include "modules/data/expand.h"
#include "modules/data/fan.h"
#include "modules/data/long.h"
#include "modules/data/path.h"
#include "modules/data/rooms.h"
#include "tests/unit/data_flows.h"

#define ROOMS ROOM_GROUP
#define MINUTE 60000

static struct worker *workers, *me;
static struct worker_shared *all;
static struct port out;
static int sink;

static void set_up(void)
{
	struct sockaddr_in in = {0};
	socklen_t len = sizeof(in);

	all = pages_new(sizeof(*all));
	workers = pages_new(2 * sizeof(*workers));
	T_TRUE(all && workers);
	all->workers = workers;
	all->n = 2;
	all->rooms = ROOMS;
	all->main_fd = -1;
	for (uint32_t i = 0; i < 2; i++) {
		workers[i].index = i;
		workers[i].all = all;
		T_EQ(worker_init(&workers[i]), ST_OK);
	}
	me = &workers[0];
	me->tables.now_ms = 1000000;
	out = (struct port){.family = 4, .cuts_not = true};
	out.fd = udp_socket(4, &(uint16_t){0}, "127.0.0.1");
	sink = udp_socket(4, &(uint16_t){0}, "127.0.0.1");
	T_TRUE(out.fd >= 0 && sink >= 0 && !fcntl(sink, F_SETFL, O_NONBLOCK) &&
	       !getsockname(sink, (struct sockaddr *)&in, &len));
	out.local = dl_endpoint("127.0.0.1", ntohs(in.sin_port));
}

static void tear_down(void)
{
	for (uint32_t i = 0; i < 2; i++)
		worker_fini(&workers[i]);
	pages_free(workers, 2 * sizeof(*workers));
	pages_free(all, sizeof(*all));
	close(out.fd);
	close(sink);
}

static uint64_t status_of(enum status st)
{
	return atomic_load(&me->stats.status[st]);
}

/* Ciphers of both engines, by now or ever. */
static uint64_t ciphers(bool ever)
{
	struct esp_engine_info i;
	uint64_t n = 0;

	esp_engine_info(&i);
	for (int e = 0; e < ESP_ENGINES; e++)
		n += ever ? i.made[e] : i.ciphers[e];
	return n;
}

/* One end of an SA pair. */
struct one {
	struct worker_sa sa;
	struct esp_rt rt;
	struct esp_child *child;
	struct sa_keys *keys;
};

static void begin(struct one *o, const struct data_sa *d, const struct esp_suite *s)
{
	*o = (struct one){.sa.esp = {.spi_in = d->spi_in, .spi_out = d->spi_out, .udp_encap = true, .esn = s->esn,
				     .local = dl_endpoint("127.0.0.1", 0), .remote = out.local,
				     .shape = esp_suite_shape(s)}};
	o->child = mem_new(sizeof(*o->child) + 2 * sizeof(struct ts));
	o->child->owner = o->child->tun = 1;
	o->child->spi_in = d->spi_in;
	o->child->n_local = o->child->n_remote = 1;
	o->child->ts[0] = o->child->ts[1] = ts_any(4);
	o->keys = mem_new(sizeof(*o->keys) + 2 * d->key_in_len);
	o->keys->suite = *s;
	o->keys->len = d->key_in_len;
	memcpy(o->keys->bytes, d->key_in, d->key_in_len);
	memcpy(o->keys->bytes + d->key_in_len, d->key_out, d->key_out_len);
	o->rt.spi_in = d->spi_in;
	o->rt.window = 64;
	o->sa.esp.child = o->child;
	o->sa.esp.rt = &o->rt;
	o->sa.keys = o->keys;
	o->sa.out = &out;
	long_begin(&o->sa);
	sad_add(&me->tables.sad, &o->sa.esp);
}

static void end(struct one *o)
{
	sad_del(&me->tables.sad, &o->sa.esp);
	expand_end(me, &o->sa);
	mem_free(o->keys);
	mem_free(o->child);
}

/* Two ends; their SPIs are n and n + 2. */
static void begin_both(struct one v[2], uint32_t n, const struct esp_suite *s)
{
	struct data_sa d = dl_sa(n, n + 2, "10.99.0.1"), other;

	d.key_in_len = d.key_out_len = (uint16_t)suite_esp_key_len(s);
	other = dl_other_end(&d);
	begin(&v[0], &d, s);
	begin(&v[1], &other, s);
}

static struct esp_suite gcm(void)
{
	struct esp_suite s;

	(void)!suite_esp(AES_GCM_16, 128, 0, false, &s);
	return s;
}

struct packet {
	uint8_t p[512];
	size_t len;
};

/* An inner packet is sealed and caught; len 0: none came out. */
static struct packet seal(const struct one *o)
{
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1");
	struct pkt *k = pool_get(&me->pool);
	struct packet made = {.len = 0};
	ssize_t n;

	k->kind = PKT_INNER;
	k->spi = o->sa.esp.spi_in;
	k->tun = 1;
	k->gso = (struct gso_hdr){0};
	k->len = dl_packet(k->p, &src, &dst, 0, 0, 40);
	path_handed(me, k);
	path_flush(me);
	n = recv(sink, made.p, sizeof(made.p), 0);
	made.len = n > 0 ? (size_t)n : 0;
	return made;
}

static void take(const struct packet *p)
{
	struct pkt *k = pool_get(&me->pool);

	k->kind = PKT_ESP;
	k->spi = dl_u32(p->p);
	k->len = p->len;
	memcpy(k->p, p->p, p->len);
	k->local = dl_endpoint("127.0.0.1", 0);
	k->remote = out.local;
	path_handed(me, k);
	path_flush(me);
}

/* Time passes, with all turns that a worker makes meanwhile. */
static void pass(uint64_t ms)
{
	for (uint64_t left = ms; left > 0;) {
		uint64_t step = left < 1000 ? left : 1000;

		me->tables.now_ms += step;
		left -= step;
		do
			expand_turn(me);
		while (expand_sleep_ms(me) == 0);
	}
}

static bool is_zero(const void *p, size_t len)
{
	const uint8_t *at = p;

	for (size_t i = 0; i < len; i++) {
		if (at[i])
			return false;
	}
	return true;
}

/* ---- one SA pair ---------------------------------------------------------------------------- */

static void silence_and_traffic(void)
{
	uint64_t live = ciphers(false), made = ciphers(true);
	struct esp_suite s = gcm();
	struct packet first, p;
	struct one v[2];
	void *room;

	T_DO(set_up());
	T_DO(begin_both(v, 0x1000, &s));
	T_EQ(ciphers(false), live);
	T_EQ(expand_sleep_ms(me), 0); /* the first round has not been */
	pass(1);
	T_EQ(expand_sleep_ms(me), -1);
	first = seal(&v[0]);
	T_TRUE(first.len > 60 && v[0].sa.esp.out && !v[0].sa.esp.in);
	take(&first);
	T_TRUE(v[1].sa.esp.in && !v[1].sa.esp.out);
	T_EQ(v[1].rt.packets_in, 1);
	T_EQ(ciphers(false), live + 2);
	T_EQ(expand_sleep_ms(me), EXPAND_ROUND_MS);
	room = v[0].sa.esp.out;
	T_TRUE(!is_zero(room, esp_cipher_len(&s)));

	/* Not before a minute, and with the next round after it. */
	pass(MINUTE - 1000);
	T_TRUE(v[0].sa.esp.out && v[1].sa.esp.in);
	p = seal(&v[0]);
	take(&p);
	T_EQ(v[1].rt.packets_in, 2);
	pass(MINUTE - 1000);
	T_TRUE(v[0].sa.esp.out && v[1].sa.esp.in);
	T_EQ(ciphers(true), made + 2);
	pass(1000 + EXPAND_ROUND_MS);
	T_TRUE(!v[0].sa.esp.out && !v[1].sa.esp.in);
	T_EQ(ciphers(false), live);
	T_EQ(expand_sleep_ms(me), -1);
	T_TRUE(is_zero(room, esp_cipher_len(&s)));

	/* It goes on where it was: a copy is known again without a key, and the numbers go on. */
	take(&first);
	T_EQ(v[1].rt.drops_replay, 1);
	T_TRUE(!v[1].sa.esp.in);
	p = seal(&v[0]);
	T_EQ(dl_u32(p.p + 4), 3);
	take(&p);
	T_EQ(v[1].rt.packets_in, 3);
	T_EQ(v[0].rt.packets_out, 3);
	T_EQ(v[1].rt.seq_top, 3);
	T_EQ(ciphers(true), made + 4);
	T_EQ(status_of(ST_ESP_AUTH), 0);

	/* Each direction for itself. */
	p = seal(&v[1]);
	take(&p);
	T_EQ(ciphers(false), live + 4);
	for (int i = 0; i < 70; i++) {
		pass(1000);
		p = seal(&v[0]);
		take(&p);
	}
	T_TRUE(v[0].sa.esp.out && v[1].sa.esp.in && !v[0].sa.esp.in && !v[1].sa.esp.out);
	T_EQ(v[1].rt.packets_in, 73);
	end(&v[0]);
	end(&v[1]);
	T_EQ(ciphers(false), live);
	tear_down();
}

/* What is not authentic expands a key once a minute at most, and does not keep it. */
static void forged_packets(void)
{
	uint64_t made = ciphers(true);
	struct esp_suite s = gcm();
	struct packet old, p;
	struct one v[2];

	T_DO(set_up());
	T_DO(begin_both(v, 0x1000, &s));
	old = seal(&v[0]);
	for (int i = 0; i < 100; i++)
		p = seal(&v[0]);
	take(&p);
	pass(MINUTE + EXPAND_ROUND_MS);
	T_TRUE(!v[1].sa.esp.in);
	T_EQ(ciphers(true), made + 2);
	for (int i = 0; i < 10; i++)
		take(&old); /* below the window */
	T_TRUE(!v[1].sa.esp.in);
	T_EQ(v[1].rt.drops_replay, 10);
	p.p[7]++;
	for (int i = 0; i < 650; i++) {
		take(&p);
		pass(1000);
	}
	T_EQ(v[1].rt.drops_auth, 650);
	T_TRUE(ciphers(true) >= made + 12 && ciphers(true) <= made + 13);
	pass(MINUTE + EXPAND_ROUND_MS);
	T_TRUE(!v[1].sa.esp.in);
	T_EQ(v[1].rt.seq_top, 101);
	end(&v[0]);
	end(&v[1]);
	tear_down();
}

/* A packet that finds no room is dropped and counted; the next one tries again. */
static void no_room(void)
{
	static struct one v[ROOMS / 2 + 1][2];
	struct esp_suite s = gcm();
	struct packet p;

	T_DO(set_up());
	for (uint32_t i = 0; i < ROOMS / 2 + 1; i++)
		T_DO(begin_both(v[i], 0x1000 + 8 * i, &s));
	p = seal(&v[0][0]);
	for (size_t i = 1; i < ROOMS / 2; i++) {
		struct packet q = seal(&v[i][0]);

		take(&q);
	}
	take(&p);
	T_EQ(status_of(ST_NOMEM), 0);
	T_EQ(seal(&v[ROOMS / 2][0]).len, 0);
	T_EQ(status_of(ST_NOMEM), 1);
	T_EQ(v[ROOMS / 2][0].rt.seq_out, 0); /* no number is lost */
	expand_end(me, &v[0][0].sa);
	p = seal(&v[ROOMS / 2][0]);
	T_EQ(dl_u32(p.p + 4), 1);
	take(&p);
	T_EQ(status_of(ST_NOMEM), 2);
	T_EQ(v[ROOMS / 2][1].rt.drops_other, 1);
	T_EQ(v[ROOMS / 2][1].rt.packets_in, 0);
	expand_end(me, &v[1][0].sa);
	take(&p);
	T_EQ(v[ROOMS / 2][1].rt.packets_in, 1);
	T_EQ(status_of(ST_NOMEM), 2);
	T_EQ(me->pool.n_free, POOL_PKTS);
	for (uint32_t i = 0; i < ROOMS / 2 + 1; i++) {
		end(&v[i][0]);
		end(&v[i][1]);
	}
	tear_down();
}

/* While a batch of the SA is in the line of fan.c others use its cipher. */
static void a_batch_holds_it(void)
{
	struct esp_suite s = gcm();
	struct one v[2];
	struct job j = {.sa = &v[0].sa};

	T_DO(set_up());
	T_DO(begin_both(v, 0x1000, &s));
	T_TRUE(seal(&v[0]).len && seal(&v[1]).len);
	me->fan->first = &j;
	pass(2 * MINUTE);
	T_TRUE(v[0].sa.esp.out && !v[1].sa.esp.out);
	me->fan->first = NULL;
	pass(EXPAND_ROUND_MS);
	T_TRUE(!v[0].sa.esp.out);
	end(&v[0]);
	end(&v[1]);
	tear_down();
}

static atomic_bool halt;

static void *help(void *arg)
{
	while (!atomic_load(&halt))
		(void)fan_turn(&workers[1]);
	return arg;
}

/* A helper has a batch of which nothing is good, while the owner makes the cipher for the next packet. */
static void a_batch_without_a_cipher(void)
{
	enum { N = 10 };
	struct esp_suite s = gcm();
	struct packet old, p;
	struct pkt *k;
	struct one v[2];
	pthread_t thread;

	T_DO(set_up());
	all->fan_out = DATA_FAN_ALWAYS;
	T_DO(begin_both(v, 0x1000, &s));
	old = seal(&v[0]);
	v[0].rt.seq_out = v[1].rt.seq_top = 1000;
	p = seal(&v[0]);
	atomic_store(&halt, false);
	T_EQ(pthread_create(&thread, NULL, help, NULL), 0);
	k = pool_get(&me->pool);
	k->kind = PKT_ESP;
	k->spi = dl_u32(old.p);
	k->seg = (uint16_t)old.len;
	for (; k->len < N * old.len; k->len += old.len)
		memcpy(k->p + k->len, old.p, old.len);
	path_handed(me, k);
	T_TRUE(!v[1].sa.esp.in && me->fan->n == 1);
	take(&p);
	T_TRUE(v[1].sa.esp.in);
	fan_settle(me);
	atomic_store(&halt, true);
	pthread_join(thread, NULL);
	T_EQ(v[1].rt.drops_replay, N);
	T_EQ(v[1].rt.packets_in, 1);
	end(&v[0]);
	end(&v[1]);
	tear_down();
}

/* Every kind of suite by either engine, in one worker; what wakes up has the engine of then. */
static void all_suites(void)
{
	static const uint16_t rows[][3] = {
		{20, 128, 0}, {20, 256, 0}, {18, 192, 0}, {28, 0, 0}, {21, 256, 0}, {12, 128, 2}, {12, 256, 14},
		{13, 128, 12}, {11, 0, 12}, {11, 0, 1}, {3, 0, 2},
	};
	static const enum esp_engine engines[] = {ESP_ENGINE_BORINGSSL, ESP_ENGINE_AUTO, ESP_ENGINE_BORINGSSL};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	static struct one v[N][2];
	struct esp_suite s;

	T_DO(set_up());
	for (uint32_t i = 0; i < N; i++) {
		T_EQ(suite_esp(rows[i][0], rows[i][1], rows[i][2], i % 2, &s), ST_OK);
		T_DO(begin_both(v[i], 0x1000 + 8 * i, &s));
	}
	for (uint32_t round = 1; round <= 3; round++) {
		uint64_t live = ciphers(false);

		T_EQ(esp_engine_select(engines[round - 1]), ST_OK);
		for (uint32_t i = 0; i < N; i++) {
			struct packet p = seal(&v[i][0]), q;

			T_ROW(i, "suite");
			take(&p);
			q = seal(&v[i][1]);
			take(&q);
			T_EQ(v[i][0].rt.packets_in, round);
			T_EQ(v[i][1].rt.packets_in, round);
		}
		T_EQ(ciphers(false), live + 4 * N);
		pass(MINUTE + EXPAND_ROUND_MS);
		T_EQ(ciphers(false), live);
	}
	T_EQ(status_of(ST_NOMEM), 0);
	for (uint32_t i = 0; i < N; i++) {
		end(&v[i][0]);
		end(&v[i][1]);
	}
	T_EQ(esp_engine_select(ESP_ENGINE_BORINGSSL), ST_OK);
	tear_down();
}

/* ---- rooms ---------------------------------------------------------------------------------- */

static size_t resident(const struct rooms *r)
{
	static unsigned char seen[4096];
	size_t len = r->groups * ROOM_GROUP * r->size, n = 0;

	if (len / 4096 > sizeof(seen) || mincore(r->pages, len, seen))
		return 0;
	for (size_t i = 0; i < len / 4096; i++)
		n += seen[i] & 1;
	return n;
}

static void rooms_come_and_go(void)
{
	enum { N = 3 * ROOM_GROUP };
	static uint8_t *at[N];
	struct rooms r;

	T_EQ(rooms_init(&r, (size_t)1 << 40, (size_t)1 << 20), ST_NOMEM);
	rooms_fini(&r);
	T_EQ(rooms_init(&r, 1100, N - 10), ST_OK);
	T_EQ(r.size, 1152);
	for (size_t i = 0; i < N; i++) {
		T_ROW(i, "room");
		T_TRUE((at[i] = rooms_take(&r)));
		T_EQ((uintptr_t)at[i] % ROOM_ALIGN, 0);
		T_TRUE(is_zero(at[i], 1152) && rooms_have(&r, at[i]));
		memset(at[i], (int)i | 1, 1152);
		T_TRUE(rooms_at(&r, i / ROOM_GROUP, i % ROOM_GROUP) == at[i]);
	}
	T_TRUE(!rooms_take(&r));
	T_TRUE(!rooms_have(&r, at));
	T_EQ(resident(&r), N * 1152 / 4096);
	/* The lowest first. */
	rooms_give(&r, at[100]);
	rooms_give(&r, at[5]);
	T_TRUE(!rooms_at(&r, 0, 5));
	T_TRUE(rooms_take(&r) == at[5]);
	T_TRUE(rooms_take(&r) == at[100]);
	T_TRUE(is_zero(at[5], 1152) && is_zero(at[100], 1152));
	for (size_t i = 0; i < N; i++)
		rooms_give(&r, at[i]);
	for (size_t g = r.end; g > 0; g--)
		rooms_rest(&r, g - 1);
	T_EQ(r.end, 0);
	T_EQ(resident(&r), 0);
	T_TRUE(rooms_take(&r) == at[0]);
	rooms_fini(&r);
}

/* What is taken loses no byte when pages go back; what is free costs none. */
static void one_room_stays(void)
{
	static uint8_t *at[ROOM_GROUP];
	struct rooms r;

	T_EQ(rooms_init(&r, 1152, 2 * ROOM_GROUP), ST_OK);
	for (size_t stays = 0; stays < ROOM_GROUP; stays++) {
		T_ROW(stays, "room");
		for (size_t i = 0; i < ROOM_GROUP; i++) {
			T_TRUE((at[i] = rooms_take(&r)));
			memset(at[i], (int)i + 1, 1152);
		}
		for (size_t i = 0; i < ROOM_GROUP; i++) {
			if (i != stays)
				rooms_give(&r, at[i]);
		}
		rooms_rest(&r, 0);
		for (size_t i = 0; i < 1152; i++)
			T_EQ(at[stays][i], stays + 1);
		T_EQ(resident(&r), ((stays + 1) * 1152 - 1) / 4096 - stays * 1152 / 4096 + 1);
		rooms_give(&r, at[stays]);
	}
	rooms_fini(&r);
}

/* ---- running workers -------------------------------------------------------------------------- */

/* SAs that are removed, and those that are there at the end, leave no cipher behind. */
static void workers_end_them(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	uint64_t live = ciphers(false);

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 2, false, rt_a) && start(&b, 4, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	T_EQ(ciphers(false), live);
	make_flows(20);
	run_flows(NULL);
	T_TRUE(all_done());
	T_EQ(ciphers(false), live + 4 * SAS);
	for (uint32_t i = 1; i < SAS; i++) {
		data_sa_del(a.d, sa_a[i].spi_in);
		data_sa_del(b.d, sa_b[i].spi_in);
	}
	WAIT_FOR(&a, (poll_main(&b), ciphers(false) == live + 4));
	stop(&a);
	stop(&b);
	T_EQ(ciphers(false), live);
	rt_free(rt_a);
	rt_free(rt_b);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SHADOW 1
#endif
#endif

/* How often these 16 bytes are in memory that this process may write to, as they are when they have no
 * mask. The search goes by a copy that is no key either. */
static unsigned found(const uint8_t masked[16])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	unsigned n = 0;
	char line[512], mode[8];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) != 0)
			continue;
		for (const uint8_t *p = (const uint8_t *)from; p + 16 <= (const uint8_t *)to; p++) {
			size_t i = 0;

			while (i < 16 && (p[i] ^ 0x5a) == masked[i])
				i++;
			n += i == 16;
		}
	}
	if (maps)
		fclose(maps);
	return n;
}

/* The first round key of AES is the key: what is found is the one and the other. */
static void keys_are_wiped(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	uint8_t masked[16];

#ifdef HAS_SHADOW
	printf("# SKIPPED: this program has more memory than can be searched\n");
	return;
#endif
	T_TRUE(rt_a && rt_b);
	for (size_t i = 0; i < sizeof(masked); i++)
		masked[i] = (uint8_t)(0xc1 + 29 * i);
	T_TRUE(start(&a, 1, false, rt_a) && start(&b, 1, false, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	data_sa_del(a.d, sa_a[0].spi_in);
	data_sa_del(b.d, sa_b[0].spi_in);
	sa_a[0].spi_in += 256 * 7;
	sa_b[0].spi_out = sa_a[0].spi_in;
	for (size_t i = 0; i < 16; i++)
		sa_a[0].key_in[i] = sa_b[0].key_out[i] = masked[i] ^ 0x5a;
	T_EQ(data_sa_add(a.d, &sa_a[0], false), ST_OK);
	T_EQ(data_sa_add(b.d, &sa_b[0], false), ST_OK);
	mem_zero(sa_a[0].key_in, 16);
	mem_zero(sa_b[0].key_out, 16);
	T_EQ(found(masked), 2); /* as they were agreed, of both ends */
	make_flows(20);
	run_flows(NULL);
	T_TRUE(all_done());
	T_EQ(found(masked), 4); /* and expanded */
	data_sa_del(a.d, sa_a[0].spi_in);
	WAIT_FOR(&a, found(masked) == 2);
	stop(&b);
	T_EQ(found(masked), 0);
	stop(&a);
	rt_free(rt_a);
	rt_free(rt_b);
}

int main(void)
{
	T_RUN(rooms_come_and_go);
	T_RUN(one_room_stays);
	T_RUN(silence_and_traffic);
	T_RUN(forged_packets);
	T_RUN(no_room);
	T_RUN(a_batch_holds_it);
	T_RUN(a_batch_without_a_cipher);
	T_RUN(all_suites);
	T_RUN(workers_end_them);
	T_RUN(keys_are_wiped);
	return t_end();
}
