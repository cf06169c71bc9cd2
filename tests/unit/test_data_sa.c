/* tsan */
/* Main's half of the data path: what is accepted, run-time slots, frozen records, tables that grow,
 * and memory that runs out at every place. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "tests/lib/t.h"
#include "tests/unit/data_lib.h"

#define SLOTS 3000

static struct esp_rt *rt;

static void on_ike(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		   const uint8_t *msg, size_t len)
{
}

static void on_lost(void *ctx, uint32_t spi_in, enum status why)
{
}

static void on_notice(void *ctx, enum status what, uint32_t spi, size_t len,
		      const struct endpoint *local, const struct endpoint *remote)
{
}

static struct data *start_of(uint32_t workers, uint32_t slots, uint32_t most)
{
	struct data_config c = {
		.workers = workers,
		.rt = rt,
		.rt_slots = slots,
		.rt_slots_max = most,
		.on_ike = on_ike,
		.on_lost = on_lost,
		.on_notice = on_notice,
	};

	return data_new(&c);
}

static struct data *start(uint32_t workers, uint32_t slots)
{
	return start_of(workers, slots, 0);
}

static struct data_sa good(uint32_t spi_in)
{
	struct data_sa sa = dl_sa(spi_in, 0x7000, "10.99.0.1");

	sa.local = dl_endpoint("192.0.2.1", 4500);
	sa.remote = dl_endpoint("198.51.100.1", 4500);
	return sa;
}

static void wipe(void)
{
	memset(rt, 0, SLOTS * sizeof(*rt));
}

static void wait_for_room(struct data *d)
{
	struct data_sa sa = good(0x12345678);

	/* Slots come home when the workers have let go of them. */
	for (int i = 0; i < 100000; i++) {
		data_poll(d);
		if (data_sa_add(d, &sa, false) == ST_OK) {
			data_sa_del(d, sa.spi_in);
			return;
		}
	}
}

/* ---- what is accepted ----------------------------------------------------------------------- */

static void spi_low(struct data_sa *sa) { sa->spi_in = 255; }
static void spi_out_low(struct data_sa *sa) { sa->spi_out = 0; }
static void transport_in_udp(struct data_sa *sa) { sa->transport_mode = true; }

static void transport(struct data_sa *sa)
{
	sa->transport_mode = true;
	sa->udp_encap = false;
}

static void raw_esp(struct data_sa *sa) { sa->udp_encap = false; }
static void no_local(struct data_sa *sa) { sa->n_local_ts = 0; }
static void no_remote(struct data_sa *sa) { sa->n_remote_ts = 0; }
static void many_ts(struct data_sa *sa) { sa->n_remote_ts = DATA_TS_MAX + 1; }
static void window(struct data_sa *sa) { sa->replay_window = 1025; }
static void window_most(struct data_sa *sa) { sa->replay_window = 1024; }
static void no_window(struct data_sa *sa) { sa->replay_window = 0; }
static void mixed(struct data_sa *sa) { sa->local = dl_endpoint("2001:db8::1", 4500); }
static void nowhere(struct data_sa *sa) { sa->local.addr.family = sa->remote.addr.family = 0; }
static void vrfs(struct data_sa *sa) { sa->remote.vrf = 7; }
static void no_cipher(struct data_sa *sa) { sa->encr_id = 3; sa->integ_id = 0; }
static void gcm_192_bits(struct data_sa *sa) { sa->encr_key_bits = 100; }
static void gcm_with_integ(struct data_sa *sa) { sa->integ_id = 12; }
static void short_key(struct data_sa *sa) { sa->key_in_len = 19; }
static void long_key(struct data_sa *sa) { sa->key_out_len = 36; }
static void nothing(struct data_sa *sa) { (void)sa; }
static void esn(struct data_sa *sa) { sa->esn = true; }

static void aes_256(struct data_sa *sa)
{
	sa->encr_key_bits = 256;
	sa->key_in_len = sa->key_out_len = 36;
}

static void cbc(struct data_sa *sa)
{
	sa->encr_id = 12;
	sa->integ_id = 12;
	sa->key_in_len = sa->key_out_len = 16 + 32;
}

/* Fits 254 prefixes; a second such range does not. */
static void widest(struct data_sa *sa)
{
	sa->remote_ts[0] = ts_any(6);
	sa->remote_ts[0].lo.b[15] = 1;
	sa->remote_ts[0].hi.b[15] = 0xfe;
}

static void too_wide(struct data_sa *sa)
{
	widest(sa);
	sa->remote_ts[1] = sa->remote_ts[0];
	sa->remote_ts[1].lo.b[15] = 3;
	sa->n_remote_ts = 2;
}

static void same_range_twice(struct data_sa *sa)
{
	widest(sa);
	sa->remote_ts[1] = sa->remote_ts[0];
	sa->remote_ts[1].proto = 6;
	sa->n_remote_ts = 2;
}

static void what_is_accepted(void)
{
	static const struct {
		void (*change)(struct data_sa *sa);
		enum status want;
	} rows[] = {
		{nothing, ST_OK}, {esn, ST_OK}, {aes_256, ST_OK}, {cbc, ST_OK}, {window_most, ST_OK},
		{no_window, ST_OK}, {widest, ST_OK}, {same_range_twice, ST_OK},
		{spi_low, ST_CONFIG}, {spi_out_low, ST_CONFIG}, {transport_in_udp, ST_CONFIG},
		{raw_esp, ST_OK}, {transport, ST_OK}, {no_local, ST_CONFIG}, {no_remote, ST_CONFIG},
		{many_ts, ST_CONFIG}, {window, ST_CONFIG}, {mixed, ST_CONFIG}, {nowhere, ST_CONFIG},
		{vrfs, ST_CONFIG}, {no_cipher, ST_CONFIG}, {gcm_192_bits, ST_CONFIG},
		{gcm_with_integ, ST_CONFIG}, {short_key, ST_CONFIG}, {long_key, ST_CONFIG},
		{too_wide, ST_CONFIG},
	};
	struct data *d;

	wipe();
	d = start(2, 50);
	T_TRUE(d);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct data_sa sa = good(0x1000 + (uint32_t)i);

		rows[i].change(&sa);
		T_ROW(i, "row");
		T_EQ(data_sa_add(d, &sa, false), rows[i].want);
		T_EQ(data_sa_has(d, sa.spi_in), rows[i].want == ST_OK);
		T_EQ(data_sa_rt(d, sa.spi_in) != NULL, rows[i].want == ST_OK);
		if (rows[i].want == ST_OK)
			T_EQ(data_sa_add(d, &sa, false), ST_EXISTS);
	}
	T_EQ(data_sa_use(d, 0x1000), ST_OK);
	T_EQ(data_sa_use(d, 0x999), ST_NOT_FOUND);
	data_sa_unuse(d, 0x1000);
	data_sa_unuse(d, 0x1000);
	T_EQ(data_sa_use(d, 0x1000), ST_OK);
	data_sa_unuse(d, 0x999);
	data_sa_del(d, 0x999); /* nothing there: nothing happens */
	data_free(d);
	T_TRUE(!start(0, 1) && !start(DATA_WORKERS_MAX + 1, 1));
}

/* ---- run-time slots ------------------------------------------------------------------------- */

static void slots_are_taken_and_come_back(void)
{
	struct data *d;
	struct data_sa sa;

	wipe();
	d = start(2, 4);
	T_TRUE(d);
	for (uint32_t i = 0; i < 4; i++) {
		sa = good(0x1000 + i);
		T_EQ(data_sa_add(d, &sa, false), ST_OK);
		T_EQ(data_sa_rt(d, 0x1000 + i)->spi_in, 0x1000 + i);
	}
	sa = good(0x2000);
	T_EQ(data_sa_add(d, &sa, false), ST_INSTALL);
	T_TRUE(!data_sa_has(d, 0x2000));
	data_sa_del(d, 0x1001);
	T_TRUE(!data_sa_has(d, 0x1001) && !data_sa_rt(d, 0x1001));
	wait_for_room(d);
	wait_for_room(d);
	data_free(d);
	/* What was alive at the end stays for the next process; what was removed is gone. */
	T_EQ((rt[0].spi_in == 0x1000) + (rt[1].spi_in == 0x1000) + (rt[2].spi_in == 0x1000) +
	     (rt[3].spi_in == 0x1000), 1);
	for (int i = 0; i < 4; i++)
		T_TRUE(rt[i].spi_in != 0x1001);
}

static void windows_of_slots(void)
{
	static const struct {
		uint16_t asked;
		uint32_t got;
	} rows[] = {{0, 0}, {1, 64}, {63, 64}, {64, 64}, {1000, 1000}, {1024, 1024}};
	struct data *d;

	wipe();
	d = start(1, 10);
	T_TRUE(d);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct data_sa sa = good(0x1000 + (uint32_t)i);

		T_ROW(i, "window");
		sa.replay_window = rows[i].asked;
		T_EQ(data_sa_add(d, &sa, false), ST_OK);
		T_EQ(data_sa_rt(d, sa.spi_in)->window, rows[i].got);
	}
	data_free(d);
}

static void resumed_slots(void)
{
	struct data_sa sa = good(0x1000);
	const struct esp_rt *r;
	struct data *d;

	wipe();
	rt[2].spi_in = 0x1000;
	rt[2].window = 1000000; /* damaged: the most there is */
	rt[2].seq_out = 77;
	rt[2].seq_top = 99;
	rt[2].packets_in = 5;
	rt[1].spi_in = 0x2000;
	rt[1].seq_out = 4;
	d = start(2, 3);
	T_TRUE(d);
	T_EQ(data_sa_add(d, &sa, true), ST_OK);
	r = data_sa_rt(d, 0x1000);
	T_TRUE(r == &rt[2]);
	T_EQ(r->seq_out, 77 + 65536);
	T_EQ(r->seq_top, 99);
	T_EQ(r->packets_in, 5);
	T_EQ(r->window, ESP_WINDOW_MAX);
	/* An SPI drawn again is a new SA with new keys: its numbers begin at the beginning, and the
	 * old slot cannot be resumed later. */
	sa = good(0x2000);
	T_EQ(data_sa_add(d, &sa, false), ST_OK);
	T_EQ(data_sa_rt(d, 0x2000)->seq_out, 0);
	data_sa_del(d, 0x2000);
	T_EQ(data_sa_add(d, &sa, true), ST_INSTALL);
	data_free(d);

	/* Slots that nobody resumes are used again when there is no other. */
	wipe();
	rt[0].spi_in = 0x5000;
	rt[0].seq_out = 9;
	d = start(1, 2);
	T_TRUE(d);
	sa = good(0x1000);
	T_EQ(data_sa_add(d, &sa, false), ST_OK);
	T_TRUE(data_sa_rt(d, 0x1000) == &rt[1]);
	sa = good(0x1001);
	T_EQ(data_sa_add(d, &sa, false), ST_OK);
	T_EQ(data_sa_rt(d, 0x1001)->seq_out, 0);
	sa = good(0x5000);
	T_EQ(data_sa_add(d, &sa, true), ST_INSTALL);
	data_free(d);
}

/* Thousands of SAs: tables grow under them, everything comes back. */
/* Behind the slots that are there nothing is read or written. */
static void slots_that_come_later(void)
{
	size_t page = 4096, per_page = page / sizeof(*rt), most = 40 * page / sizeof(*rt);
	uint8_t *mem = mmap(NULL, 40 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct esp_rt *before = rt;
	struct data_sa sa = good(0x5000);
	struct data *d;

	T_TRUE(mem != MAP_FAILED && mprotect(mem, page, PROT_READ | PROT_WRITE) == 0);
	rt = (struct esp_rt *)(void *)mem;
	rt[1].spi_in = 0x5000;
	d = start_of(2, (uint32_t)per_page, (uint32_t)most);
	T_TRUE(d);
	T_EQ(data_slots_free(d), per_page - 1);
	for (uint32_t i = 0; i + 1 < per_page; i++) {
		sa = good(0x1000 + i);
		T_EQ(data_sa_add(d, &sa, false), ST_OK);
	}
	T_EQ(data_slots_free(d), 0);
	data_slots_raise(d, (uint32_t)per_page - 1); /* fewer */
	T_EQ(data_slots_free(d), 0);
	T_TRUE(mprotect(mem, 40 * page, PROT_READ | PROT_WRITE) == 0);
	data_slots_raise(d, (uint32_t)most * 2); /* as many as there can be */
	T_EQ(data_slots_free(d), most - per_page);
	/* The one that waits is not taken while there are others. */
	sa = good(0x2000);
	T_EQ(data_sa_add(d, &sa, false), ST_OK);
	T_TRUE(data_sa_rt(d, 0x2000) >= rt + per_page);
	sa = good(0x5000);
	T_EQ(data_sa_add(d, &sa, true), ST_OK);
	T_TRUE(data_sa_rt(d, 0x5000) == rt + 1);
	T_EQ(data_slots_free(d), most - per_page - 1);
	data_free(d);
	munmap(mem, 40 * page);
	rt = before;
}

static void many_come_and_go(void)
{
	int64_t before = mem_live();
	struct data *d;

	wipe();
	d = start(3, SLOTS);
	T_TRUE(d);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < SLOTS; i++) {
			struct data_sa sa = good(0x10000 + i * 77);
			enum status st;

			sa.remote_ts[0].lo.b[2] = sa.remote_ts[0].hi.b[2] = (uint8_t)(i >> 8);
			sa.remote_ts[0].lo.b[3] = sa.remote_ts[0].hi.b[3] = (uint8_t)i;
			for (int try = 0; (st = data_sa_add(d, &sa, false)) == ST_INSTALL && try < 1000000;
			     try++)
				data_poll(d);
			T_ROW(i, "add");
			T_EQ(st, ST_OK);
		}
		for (uint32_t i = 0; i < SLOTS; i++) {
			T_TRUE(data_sa_has(d, 0x10000 + i * 77));
			data_sa_del(d, 0x10000 + i * 77);
			T_TRUE(!data_sa_has(d, 0x10000 + i * 77));
		}
	}
	data_free(d);
	T_EQ(mem_live(), before);
}

/* ---- memory that runs out ------------------------------------------------------------------- */

static void faults_while_starting(void)
{
	int64_t before = mem_live();
	uint64_t nth;

	wipe();
	for (nth = 1; nth < 200; nth++) {
		struct data *d;

		mem_fail_at(nth);
		d = start(2, 10);
		mem_fail_at(0);
		T_ROW(nth, "allocation");
		if (d) {
			data_free(d);
			break;
		}
		T_EQ(mem_live(), before);
	}
	T_TRUE(nth > 10 && nth < 200);
	T_EQ(mem_live(), before);
}

static void faults_while_installing(void)
{
	struct data_sa sa = good(0x1000);
	struct data *d;
	uint64_t nth;

	wipe();
	d = start(2, 3);
	T_TRUE(d);
	for (nth = 1; nth < 50; nth++) {
		int64_t before = mem_live();
		enum status st;

		mem_fail_at(nth);
		st = data_sa_add(d, &sa, false);
		mem_fail_at(0);
		T_ROW(nth, "allocation");
		T_EQ(data_sa_has(d, 0x1000), st == ST_OK);
		if (st == ST_OK)
			break;
		T_EQ(st, ST_NOMEM);
		T_EQ(mem_live(), before);
	}
	T_TRUE(nth > 4 && nth < 50);
	/* No slot was lost on the way. */
	sa.spi_in++;
	T_EQ(data_sa_add(d, &sa, false), ST_OK);
	sa.spi_in++;
	T_EQ(data_sa_add(d, &sa, false), ST_OK);
	mem_fail_at(1);
	T_EQ(data_sa_move(d, 0x1000, &sa.local, &sa.remote, true), ST_NOMEM);
	T_EQ(data_sa_move(d, 0x1000, &sa.local, &sa.remote, true), ST_OK);
	data_free(d);
}

/* ---- frozen records ------------------------------------------------------------------------- */

static void fill(struct data_sa *sa, bool full)
{
	*sa = good(0xfedcba98);
	sa->owner = 0x1122334455667788;
	memset(sa->session.b, 0xa5, sizeof(sa->session.b));
	sa->tun = 12;
	sa->esn = true;
	sa->integ_id = 3;
	sa->local.vrf = sa->remote.vrf = 9;
	sa->remote.port = 61234;
	for (size_t i = 0; i < sizeof(sa->key_in); i++) {
		sa->key_in[i] = full ? (uint8_t)i : 0;
		sa->key_out[i] = full ? (uint8_t)(255 - i) : 0;
	}
	if (!full)
		return;
	sa->key_in_len = sa->key_out_len = 160;
	sa->n_local_ts = sa->n_remote_ts = DATA_TS_MAX;
	sa->fit = (struct fit_rules){FIT_DF_CLEAR, true, 1400, 65535, 1360, 1};
	for (uint8_t i = 0; i < DATA_TS_MAX; i++) {
		sa->local_ts[i] = ts_any(i % 2 ? 6 : 4);
		sa->local_ts[i].port_lo = i;
		sa->remote_ts[i] = ts_any(i % 2 ? 4 : 6);
		sa->remote_ts[i].proto = i;
		sa->remote_ts[i].port_lo = 65535; /* OPAQUE is kept too */
		sa->remote_ts[i].port_hi = 0;
		sa->remote_ts[i].lo.b[3] = i;
	}
}

static void same_sa(const struct data_sa *x, const struct data_sa *y)
{
	T_EQ(x->owner, y->owner);
	T_MEM(x->session.b, y->session.b, 16);
	T_EQ(x->tun, y->tun);
	T_EQ(x->spi_in, y->spi_in);
	T_EQ(x->spi_out, y->spi_out);
	T_EQ(x->encr_id, y->encr_id);
	T_EQ(x->encr_key_bits, y->encr_key_bits);
	T_EQ(x->integ_id, y->integ_id);
	T_EQ(x->esn, y->esn);
	T_EQ(x->transport_mode, y->transport_mode);
	T_EQ(x->udp_encap, y->udp_encap);
	T_EQ(x->replay_window, y->replay_window);
	T_EQ(x->fit.df, y->fit.df);
	T_EQ(x->fit.before, y->fit.before);
	T_TRUE(x->fit.mtu4 == y->fit.mtu4 && x->fit.mtu6 == y->fit.mtu6);
	T_TRUE(x->fit.mss4 == y->fit.mss4 && x->fit.mss6 == y->fit.mss6);
	T_TRUE(endpoint_eq(&x->local, &y->local));
	T_TRUE(endpoint_eq(&x->remote, &y->remote));
	T_EQ(x->key_in_len, y->key_in_len);
	T_EQ(x->key_out_len, y->key_out_len);
	T_MEM(x->key_in, y->key_in, x->key_in_len);
	T_MEM(x->key_out, y->key_out, x->key_out_len);
	T_EQ(x->n_local_ts, y->n_local_ts);
	T_EQ(x->n_remote_ts, y->n_remote_ts);
	for (size_t i = 0; i < x->n_local_ts; i++)
		T_TRUE(ts_eq(&x->local_ts[i], &y->local_ts[i]));
	for (size_t i = 0; i < x->n_remote_ts; i++)
		T_TRUE(ts_eq(&x->remote_ts[i], &y->remote_ts[i]));
}

static void frozen_and_thawed(void)
{
	for (int full = 0; full < 2; full++) {
		static uint8_t rec[8192], again[8192];
		struct data_sa sa, back;
		size_t len;

		T_ROW(full, "sa");
		fill(&sa, full);
		len = data_sa_freeze(&sa, rec, sizeof(rec));
		T_TRUE(len > 0);
		T_EQ(data_sa_thaw((struct view){rec, len}, &back), ST_OK);
		T_DO(same_sa(&sa, &back));
		T_EQ(data_sa_freeze(&back, again, sizeof(again)), len);
		T_MEM(again, rec, len);
		for (size_t cap = 0; cap < len; cap++)
			T_EQ(data_sa_freeze(&sa, again, cap), 0);
		T_EQ(data_sa_freeze(&sa, again, len), len);
	}
}

static void damaged_records(void)
{
	static uint8_t rec[8192];
	struct data_sa sa, back;
	size_t len;

	fill(&sa, true);
	len = data_sa_freeze(&sa, rec, sizeof(rec));
	memset(&back, 0x11, sizeof(back));
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = mem_dup(rec, cut);
		enum status st = data_sa_thaw((struct view){exact, cut}, &back);

		mem_free(exact);
		T_ROW(cut, "length");
		T_TRUE(st != ST_OK);
	}
	for (size_t bit = 0; bit < len * 8; bit++) {
		rec[bit / 8] ^= (uint8_t)(1 << bit % 8);
		T_ROW(bit, "bit");
		T_TRUE(data_sa_thaw((struct view){rec, len}, &back) != ST_OK);
		rec[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	T_EQ(back.spi_in, 0x11111111); /* was never written */
}

/* A sound record, of a version that means something else by it. */
static void other_versions(void)
{
	static uint8_t rec[8192];
	struct data_sa sa, back;

	fill(&sa, true);
	for (uint8_t version = 0; version < 4; version++) {
		size_t len = data_sa_freeze(&sa, rec, sizeof(rec));

		rec[3] = version;
		uint32_t crc = htonl(crc32c(0, rec, len - 4));
		memcpy(rec + len - 4, &crc, 4);
		T_ROW(version, "version");
		T_EQ(data_sa_thaw((struct view){rec, len}, &back), version == 2 ? ST_OK : ST_BAD_VERSION);
	}
}

int main(void)
{
	rt = aligned_alloc(64, SLOTS * sizeof(*rt));
	if (!rt)
		return 1;
	T_RUN(what_is_accepted);
	T_RUN(slots_are_taken_and_come_back);
	T_RUN(windows_of_slots);
	T_RUN(resumed_slots);
	T_RUN(slots_that_come_later);
	T_RUN(many_come_and_go);
	T_RUN(faults_while_starting);
	T_RUN(faults_while_installing);
	T_RUN(frozen_and_thawed);
	T_RUN(damaged_records);
	T_RUN(other_versions);
	free(rt);
	return t_end();
}
