/* Longest prefix, several children on one prefix, owners, ranges as prefixes; SAD and FIB that grow
 * under their entries; and a comparison with a list that is searched from end to end. */
#include <stdlib.h>

#include "core/esp/fib.h"
#include "core/esp/sad.h"
#include "tests/lib/t.h"

#define N_SLOTS 8
#define MAX 600

static struct fib fib;
static struct fib_route *slots[N_SLOTS];
static struct fib_route routes[MAX];
static size_t n_routes;
static struct esp_child *children[MAX];

static void start(void)
{
	memset(slots, 0, sizeof(slots));
	memset(routes, 0, sizeof(routes));
	for (size_t i = 0; i < MAX; i++) {
		free(children[i]);
		children[i] = NULL;
	}
	n_routes = 0;
	fib_init(&fib, slots, N_SLOTS);
}

static struct addr A(const char *text)
{
	struct addr a = {0};

	(void)!addr_parse(text, &a);
	return a;
}

/* Child `spi` of `owner` behind a prefix, for one protocol (0: any) and remote port (0: any). */
static struct fib_route *route(uint32_t spi, uint64_t owner, uint32_t tun, const char *prefix,
			       uint8_t proto, uint16_t port)
{
	struct fib_route *r = &routes[n_routes];
	struct esp_child *c = calloc(1, sizeof(*c) + 2 * sizeof(struct ts));

	children[n_routes++] = c;
	(void)!prefix_parse(prefix, &r->prefix);
	c->owner = owner;
	c->tun = tun;
	c->spi_in = spi;
	c->n_local = c->n_remote = 1;
	c->ts[0] = ts_any(r->prefix.addr.family);
	c->ts[0].proto = proto;
	c->ts[1] = ts_from_prefix(&r->prefix);
	c->ts[1].proto = proto;
	if (port)
		c->ts[1].port_lo = c->ts[1].port_hi = port;
	r->child = c;
	fib_add(&fib, r);
	return r;
}

static uint32_t find(uint32_t tun, const char *dst)
{
	struct addr a = A(dst);
	const struct esp_child *c = fib_find(&fib, tun, &a);

	return c ? c->spi_in : 0;
}

static struct ip_info packet(const char *src, const char *dst, uint8_t proto, uint16_t dst_port)
{
	struct ip_info p = {
		.proto = proto,
		.has_ports = proto == 6 || proto == 17,
		.src_port = 1000,
		.dst_port = dst_port,
		.src = A(src),
		.dst = A(dst),
	};

	p.version = p.dst.family;
	return p;
}

/* SPI of the chosen child, or minus the status. */
static int choose(uint32_t tun, struct ip_info p)
{
	const struct esp_child *c;
	enum status st = fib_choose(&fib, tun, &p, &c);

	return st ? -(int)st : (int)c->spi_in;
}

static void longest_prefix(void)
{
	static const struct {
		uint32_t tun;
		const char *dst;
		uint32_t want;
	} rows[] = {
		{1, "10.1.2.3", 32}, {1, "10.1.2.4", 24}, {1, "10.1.3.1", 16}, {1, "10.2.0.1", 8},
		{1, "11.0.0.1", 1}, {1, "255.255.255.255", 1}, {1, "0.0.0.0", 1}, {2, "10.1.2.3", 200},
		{2, "10.2.0.1", 0}, {3, "10.1.2.3", 0}, {1, "2001:db8::1", 128}, {1, "2001:db8::2", 64},
		{1, "2001:db8:0:1::", 48}, {1, "2001:db9::", 0}, {2, "2001:db8::1", 0},
		{1, "2001:db8:8000::", 33},
	};

	start();
	route(1, 1, 1, "0.0.0.0/0", 0, 0);
	route(8, 1, 1, "10.0.0.0/8", 0, 0);
	route(16, 1, 1, "10.1.0.0/16", 0, 0);
	route(24, 1, 1, "10.1.2.0/24", 0, 0);
	route(32, 1, 1, "10.1.2.3/32", 0, 0);
	route(200, 1, 2, "10.1.0.0/16", 0, 0);
	route(128, 1, 1, "2001:db8::1/128", 0, 0);
	route(64, 1, 1, "2001:db8::/64", 0, 0);
	route(48, 1, 1, "2001:db8::/48", 0, 0);
	route(33, 1, 1, "2001:db8:8000::/33", 0, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].dst);
		T_EQ(find(rows[i].tun, rows[i].dst), rows[i].want);
	}
}

static void removal_brings_the_shorter_back(void)
{
	struct fib_route *r24, *r24b;

	start();
	route(8, 1, 1, "10.0.0.0/8", 0, 0);
	r24 = route(24, 1, 1, "10.1.2.0/24", 0, 0);
	r24b = route(25, 1, 1, "10.1.2.0/24", 0, 0);
	T_EQ(find(1, "10.1.2.3"), 25);
	fib_del(&fib, r24b);
	T_EQ(find(1, "10.1.2.3"), 24);
	fib_del(&fib, r24b); /* is not in: nothing */
	T_EQ(find(1, "10.1.2.3"), 24);
	fib_del(&fib, r24);
	T_EQ(find(1, "10.1.2.3"), 8);
	T_EQ(fib.count[0][24], 0);
	T_EQ(fib.in_use[0][0], UINT64_C(1) << 8);
}

static void selectors_choose_among_children(void)
{
	start();
	route(1, 7, 1, "10.0.0.0/8", 0, 0);
	route(2, 7, 1, "10.1.0.0/16", 6, 0);
	route(3, 7, 1, "10.1.0.0/16", 6, 443);
	route(4, 7, 1, "10.1.0.0/16", 17, 53);
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 6, 443)), 3);
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 6, 80)), 2);
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 17, 53)), 4);
	/* Nothing on the longest prefix: another child of the same owner may have it. */
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 17, 54)), 1);
	T_EQ(choose(1, packet("192.0.2.1", "10.2.1.1", 17, 54)), 1);
	T_EQ(choose(1, packet("192.0.2.1", "11.1.1.1", 17, 54)), -(int)ST_OUT_NO_ROUTE);
	/* A device's own chatter is not a destination that somebody misses, but a site may want it. */
	T_EQ(choose(1, packet("192.0.2.1", "224.0.0.251", 17, 54)), -(int)ST_OUT_MULTICAST);
	T_EQ(choose(1, packet("192.0.2.1", "255.255.255.255", 17, 54)), -(int)ST_OUT_MULTICAST);
	route(5, 8, 1, "224.0.0.0/4", 0, 0);
	T_EQ(choose(1, packet("192.0.2.1", "224.0.0.251", 17, 54)), 5);
}

/* A packet for one client never goes to another who has a wider prefix. */
static void another_owner_gets_nothing(void)
{
	start();
	route(1, 7, 1, "0.0.0.0/0", 0, 0);
	route(2, 8, 1, "10.1.0.0/16", 6, 0);
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 6, 80)), 2);
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 17, 80)), -(int)ST_OUT_SELECTOR);
	T_EQ(choose(1, packet("192.0.2.1", "10.2.1.1", 17, 80)), 1);
	/* The newest route of a prefix says whose it is. */
	route(3, 9, 1, "10.1.0.0/16", 0, 0);
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 6, 80)), 3);
}

static void local_selector_counts(void)
{
	struct fib_route *r;

	start();
	r = route(1, 7, 1, "10.1.0.0/16", 0, 0);
	children[0]->ts[0] = ts_from_addr(&(struct addr){4, {192, 0, 2, 1}});
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 17, 80)), 1);
	T_EQ(choose(1, packet("192.0.2.2", "10.1.1.1", 17, 80)), -(int)ST_OUT_SELECTOR);
	fib_del(&fib, r);
	T_EQ(choose(1, packet("192.0.2.1", "10.1.1.1", 17, 80)), -(int)ST_OUT_NO_ROUTE);
}

/* After each of many random changes the table says what a search of the whole list says. */
static const struct fib_route *slow_find(const bool *in, uint32_t tun, const struct addr *dst,
					 const size_t *age)
{
	const struct fib_route *best = NULL;
	size_t best_age = 0;

	for (size_t i = 0; i < n_routes; i++) {
		const struct fib_route *r = &routes[i];

		if (!in[i] || r->child->tun != tun || !prefix_contains(&r->prefix, dst))
			continue;
		if (!best || r->prefix.len > best->prefix.len ||
		    (r->prefix.len == best->prefix.len && age[i] > best_age)) {
			best = r;
			best_age = age[i];
		}
	}
	return best;
}

static void random_addr(struct addr *a)
{
	*a = (struct addr){.family = rand() % 2 ? 6 : 4};
	/* Few values, so that prefixes meet. */
	for (size_t i = 0; i < addr_len(a); i++)
		a->b[i] = (uint8_t)(rand() % 3 ? 0 : rand() % 4 << (rand() % 8));
}

static void like_a_list(void)
{
	static bool in[MAX];
	static size_t age[MAX];
	struct fib_route **bigger = NULL;
	size_t now = 0, found = 0;

	start();
	srand(3);
	memset(in, 0, sizeof(in));
	for (size_t i = 0; i < 400; i++) {
		struct fib_route *r = route((uint32_t)i + 1, 1, 1 + (uint32_t)rand() % 2, "0.0.0.0/0", 0, 0);

		fib_del(&fib, r);
		random_addr(&r->prefix.addr);
		r->prefix.len = (uint8_t)((size_t)rand() % (addr_len(&r->prefix.addr) * 8 + 1));
		prefix_mask(&r->prefix);
	}
	for (int step = 0; step < 6000; step++) {
		size_t i = (size_t)rand() % 400;
		struct addr dst;
		uint32_t tun = 1 + (uint32_t)rand() % 2;
		const struct fib_route *want;
		const struct esp_child *got;

		if (in[i])
			fib_del(&fib, &routes[i]);
		else
			fib_add(&fib, &routes[i]);
		in[i] = !in[i];
		age[i] = ++now;
		if (step == 3000) {
			bigger = calloc(256, sizeof(*bigger));
			T_TRUE(fib_resize(&fib, bigger, 256) == slots);
		}
		random_addr(&dst);
		want = slow_find(in, tun, &dst, age);
		got = fib_find(&fib, tun, &dst);
		T_ROW(step, "step");
		T_EQ(got ? got->spi_in : 0, want ? want->child->spi_in : 0);
		found += want != NULL;
	}
	T_TRUE(found > 2000);
	free(bigger);
}

static void ranges_become_prefixes(void)
{
	static const struct {
		const char *lo, *hi;
		const char *want; /* blank separated */
	} rows[] = {
		{"10.0.0.0", "10.0.0.0", "10.0.0.0/32"},
		{"10.0.0.0", "10.255.255.255", "10.0.0.0/8"},
		{"0.0.0.0", "255.255.255.255", "0.0.0.0/0"},
		{"10.0.0.1", "10.0.0.6", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32"},
		{"10.0.0.0", "10.0.0.2", "10.0.0.0/31 10.0.0.2/32"},
		{"255.255.255.254", "255.255.255.255", "255.255.255.254/31"},
		{"255.255.255.255", "255.255.255.255", "255.255.255.255/32"},
		{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"},
		{"2001:db8::", "2001:db8:0:2:ffff:ffff:ffff:ffff", "2001:db8::/63 2001:db8:0:2::/64"},
		{"10.0.0.2", "10.0.0.1", ""},
		{"10.0.0.1", "2001:db8::", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr lo = A(rows[i].lo), hi = A(rows[i].hi);
		struct prefix got[8];
		char text[400] = "", one[PREFIX_TEXT];
		size_t n = fib_cover(&lo, &hi, got, 8);

		T_ROW(i, rows[i].lo);
		T_TRUE(n <= 8);
		for (size_t j = 0; j < n; j++) {
			strcat(text, j ? " " : "");
			strcat(text, prefix_format(&got[j], one));
		}
		T_STR(text, rows[i].want);
	}
}

static void widest_ranges(void)
{
	struct addr lo = A("::1"), hi = A("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
	struct prefix one;

	T_EQ(fib_cover(&lo, &hi, &one, 1), FIB_COVER_MAX);
	lo = A("0.0.0.1");
	hi = A("255.255.255.254");
	T_EQ(fib_cover(&lo, &hi, &one, 1), 62);
}

static void sad_finds_and_grows(void)
{
	static struct esp_sa *few[4], *many[128];
	static struct esp_sa sas[300], twin;
	struct sad sad;
	size_t n = 0;

	sad_init(&sad, few, 4);
	T_TRUE(!sad_next(&sad, NULL));
	for (uint32_t i = 0; i < 300; i++) {
		sas[i].spi_in = 0x1000 + i * 256; /* one bucket */
		sad_add(&sad, &sas[i]);
	}
	twin.spi_in = sas[5].spi_in;
	sad_add(&sad, &twin);
	T_TRUE(sad_resize(&sad, many, 128) == few);
	T_TRUE(sad_find(&sad, twin.spi_in) == &twin);
	sad_del(&sad, &twin);
	sad_del(&sad, &twin);
	for (uint32_t i = 0; i < 300; i++)
		T_TRUE(sad_find(&sad, 0x1000 + i * 256) == &sas[i]);
	T_TRUE(!sad_find(&sad, 0x1001));
	for (struct esp_sa *sa = NULL; (sa = sad_next(&sad, sa));)
		n++;
	T_EQ(n, 300);
	for (uint32_t i = 0; i < 300; i += 2)
		sad_del(&sad, &sas[i]);
	T_TRUE(!sad_find(&sad, sas[0].spi_in));
	T_TRUE(sad_find(&sad, sas[1].spi_in) == &sas[1]);
}

int main(void)
{
	T_RUN(longest_prefix);
	T_RUN(removal_brings_the_shorter_back);
	T_RUN(selectors_choose_among_children);
	T_RUN(another_owner_gets_nothing);
	T_RUN(local_selector_counts);
	T_RUN(like_a_list);
	T_RUN(ranges_become_prefixes);
	T_RUN(widest_ranges);
	T_RUN(sad_finds_and_grows);
	start();
	return t_end();
}
