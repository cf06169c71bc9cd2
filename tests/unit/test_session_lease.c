/* Pools: literal ranges, least recently used first, the same address for the same peer, reload. */
#include "core/session/lease.h"
#include "tests/unit/session_lab.h"

static const struct hash_key key = {1, 2};
static char detail[LEASE_DETAIL];

static struct leases *leases_of(struct snapshot *conf)
{
	struct leases *l = leases_new(&key);

	if (!l || leases_set_conf(l, conf) != ST_OK)
		abort();
	snapshot_unref(conf);
	return l;
}

static void reload(struct leases *l, struct snapshot *conf)
{
	T_EQ(leases_set_conf(l, conf), ST_OK);
	snapshot_unref(conf);
}

static struct lease *take(
	struct leases *l, const char *pool, const char *ivrf, uint64_t who, const char *hint)
{
	struct lease_want w = {
		.family = strchr(pool, '6') ? 6 : 4, .pool = pool, .ivrf = ivrf, .who = who};
	struct lease *e;

	if (hint)
		w.hint = lab_addr(hint);
	return lease_take(l, &w, &e, detail) == ST_OK ? e : NULL;
}

static const char *taken(struct leases *l, const char *pool, uint64_t who, const char *hint)
{
	struct lease *e = take(l, pool, "", who, hint);

	return e ? lab_text(&e->addr) : "none";
}

static void give_back(struct leases *l, const char *addr)
{
	struct addr a = lab_addr(addr);

	lease_release(l, lease_find(l, "", &a));
}

static struct lease_pool_info info(const struct leases *l, const char *name, const char *ivrf)
{
	struct lease_pool_info i;
	size_t cursor = 0;

	while (lease_next_pool(l, &cursor, &i)) {
		if (strcmp(i.name, name) == 0 && strcmp(i.ivrf, ivrf) == 0)
			return i;
	}
	return (struct lease_pool_info){0};
}

/* A pool of IPv6 prefixes with another length after a reload, or beside one with another length:
 * what is lent of one length is not lent again as a part of another. */
static void lengths_change(void)
{
	struct snapshot *c = lab_snapshot();

	lab_pool6(c, "P6", "2001:db8::/104", 112);
	struct leases *l = leases_of(c);
	T_STR(taken(l, "P6", 1, NULL), "2001:db8::");
	T_STR(taken(l, "P6", 2, NULL), "2001:db8::1:0");

	/* Longer now: the addresses inside of both are lent. */
	c = lab_snapshot();
	lab_pool6(c, "P6", "2001:db8::/104", 128);
	T_DO(reload(l, c));
	T_EQ(info(l, "P6", "").outside, 2);
	T_STR(taken(l, "P6", 3, "2001:db8::5"), "2001:db8::2:0");
	T_STR(taken(l, "P6", 4, "2001:db8::7:5"), "2001:db8::7:5");

	/* Shorter, and two lengths beside each other. */
	c = lab_snapshot();
	lab_pool6(c, "P6", "2001:db8::/104", 106);
	lab_pool6(c, "Q6", "2001:db8::/106", 110);
	T_DO(reload(l, c));
	T_STR(taken(l, "P6", 5, "2001:db8::"), "2001:db8::40:0");
	T_STR(taken(l, "Q6", 6, NULL), "2001:db8::8:0");
	T_STR(taken(l, "Q6", 7, "2001:db8::4:0"), "2001:db8::c:0");
	T_STR(taken(l, "P6", 8, NULL), "2001:db8::80:0");
	T_STR(taken(l, "P6", 9, NULL), "2001:db8::c0:0");
	T_STR(taken(l, "P6", 10, NULL), "none");
	/* Given back, the place is found again. */
	static const char *const back[] = {"2001:db8::", "2001:db8::1:0", "2001:db8::2:0",
		"2001:db8::7:5", "2001:db8::8:0", "2001:db8::c:0"};
	for (unsigned i = 0; i < 6; i++) {
		T_STR(taken(l, "P6", 10, NULL), "none");
		T_DO(give_back(l, back[i]));
	}
	T_STR(taken(l, "P6", 10, NULL), "2001:db8::");
	T_STR(taken(l, "Q6", 6, NULL), "none");
	T_DO(give_back(l, "2001:db8::"));
	T_STR(taken(l, "Q6", 6, NULL), "2001:db8::8:0");
	leases_free(l);
}

/* A held prefix that covers more addresses than one can look at. */
static void lengths_change_a_lot(void)
{
	struct snapshot *c = lab_snapshot();

	lab_pool6(c, "P6", "2001:db8::/64", 68);
	struct leases *l = leases_of(c);
	T_STR(taken(l, "P6", 1, NULL), "2001:db8::");
	c = lab_snapshot();
	lab_pool6(c, "P6", "2001:db8::/64", 120);
	T_DO(reload(l, c));
	T_STR(taken(l, "P6", 2, NULL), "2001:db8:0:0:1000::");
	c = lab_snapshot();
	lab_pool6(c, "P6", "2001:db8::/64", 128);
	T_DO(reload(l, c));
	T_STR(taken(l, "P6", 3, NULL), "2001:db8::1000:0:0:100");
	leases_free(l);
}

/* A prepared configuration changes nothing before it is committed, and leaves nothing when it is not. */
static void prepared_and_cancelled(void)
{
	struct snapshot *c = lab_snapshot(), *two = lab_snapshot();
	struct leases_change *change;

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.9");
	lab_pool4(two, "A", "10.0.1.1", "10.0.1.9");
	int64_t live = mem_live();
	struct leases *l = leases_of(snapshot_ref(c));
	T_STR(taken(l, "A", 1, NULL), "10.0.0.1");
	T_DO(give_back(l, "10.0.0.1"));
	int64_t before = mem_live();
	T_EQ(leases_prepare(l, two, &change), ST_OK);
	leases_cancel(change);
	T_EQ(mem_live(), before);
	T_STR(taken(l, "A", 1, NULL), "10.0.0.1"); /* remembered */
	for (uint64_t at = 1; at < 3; at++) {
		mem_fail_at(at);
		T_EQ(leases_prepare(l, two, &change), ST_NOMEM);
		mem_fail_at(0);
		T_TRUE(!change);
		T_EQ(info(l, "A", "").outside, 0);
	}
	T_EQ(leases_prepare(l, two, &change), ST_OK);
	T_EQ(info(l, "A", "").outside, 0);
	leases_commit(l, change);
	T_EQ(info(l, "A", "").outside, 1);
	T_STR(taken(l, "A", 2, NULL), "10.0.1.1");
	leases_free(l);
	T_EQ(mem_live(), live);
	snapshot_unref(c);
	snapshot_unref(two);
}

static void ranges_are_literal(void)
{
	struct snapshot *c = lab_snapshot();

	lab_pool4(c, "A", "10.0.0.254",
		"10.0.1.1"); /* over a border, with what looks like broadcast */
	lab_pool4(c, "A", "10.9.0.0", "10.9.0.0");
	struct leases *l = leases_of(c);
	static const char *const want[] = {
		"10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1", "10.9.0.0"};
	for (unsigned i = 0; i < 5; i++) {
		T_ROW(i, want[i]);
		T_STR(taken(l, "A", i + 1, NULL), want[i]);
	}
	T_STR(taken(l, "A", 6, NULL), "none");
	T_STR(detail, "pool A is exhausted: 5 of 5 addresses in use");
	struct lease_pool_info i = info(l, "A", "");
	T_EQ(i.total, 5);
	T_EQ(i.in_use, 5);
	T_EQ(i.peak, 5);
	T_EQ(i.taken, 5);
	T_EQ(i.exhausted, 1);
	T_STR(taken(l, "B", 1, NULL), "none");
	T_STR(detail, "IPv4 pool B is not defined: add `ip local pool B FIRST LAST`");
	T_STR(taken(l, "B6", 1, NULL), "none");
	T_STR(detail, "IPv6 pool B6 is not defined: add `ipv6 local pool B6 PREFIX/LEN 128`");
	leases_free(l);
}

/* R-MCF-17: /126 handing out 128 serves 4, /124 serves 16. */
static void ipv6_pools(void)
{
	static const struct {
		const char *prefix;
		uint8_t handout;
		unsigned total; /* 0: not counted out */
		const char *second;
		const char *last;
	} rows[] = {
		{"afe0::/126", 128, 4, "afe0::2", "afe0::"},
		{"afe0::/124", 128, 16, "afe0::2", "afe0::"},
		{"2001:db8:1::/48", 64, 65536, "2001:db8:1:1::", "2001:db8:1:ffff::"},
		{"2001:db8::/61", 64, 8, "2001:db8:0:1::", "2001:db8:0:7::"},
		{"2001:db8::/64", 128, 0, "2001:db8::2", ""},
		{"2001:db8::7/128", 128, 1, "none", "2001:db8::7"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *c = lab_snapshot();
		lab_pool6(c, "P6", rows[i].prefix, rows[i].handout);
		struct leases *l = leases_of(c);
		struct lease *e = take(l, "P6", "", 1, NULL);
		T_ROW(i, rows[i].prefix);
		T_TRUE(e != NULL);
		T_EQ(e->prefix_len, rows[i].handout);
		struct addr first = e->addr, last = e->addr;
		T_STR(taken(l, "P6", 2, NULL), rows[i].second);
		for (unsigned n = 3; n <= rows[i].total; n++) {
			e = take(l, "P6", "", n, NULL);
			T_TRUE(e != NULL);
			last = e->addr;
		}
		if (rows[i].total > 2) {
			T_STR(lab_text(&last), rows[i].last);
			T_STR(taken(l, "P6", 99999, NULL), "none");
		}
		/* A hint must be a border of what is handed out. */
		lease_release(l, lease_find(l, "", &first));
		T_STR(taken(l, "P6", 77, lab_text(&first)), lab_text(&first));
		leases_free(l);
	}
}

/* What an interface of the VRF has is not lent; the rest of the pool is. */
static void our_own_addresses(void)
{
	struct snapshot *c = lab_snapshot(), *d;
	struct iface *lo = lab_iface(c, IFACE_LOOPBACK, 1, "Loopback1");
	struct iface *vt = lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1");
	void *tmp;

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.4");
	lab_pool6(c, "A6", "2001:db8::/126", 128);
	lab_pool6(c, "N6", "2001:db8:8::/62", 64);
	lo->ip = (struct prefix){lab_addr("10.0.0.1"), 24}; /* host bits stay, as configured */
	*ARENA_PUSH(&c->arena, lo->ip6, lo->ip6_count, tmp) = lab_prefix("2001:db8::1/128");
	*ARENA_PUSH(&c->arena, lo->ip6, lo->ip6_count, tmp) = lab_prefix("2001:db8:8:1::1/128");
	vt->vrf = lab_str(c, "RED");
	vt->unnumbered = lab_str(c, "Loopback1");
	struct leases *l = leases_of(c);
	T_STR(taken(l, "A", 1, "10.0.0.1"), "10.0.0.2");
	T_STR(taken(l, "A", 2, NULL), "10.0.0.3");
	T_STR(taken(l, "A", 3, NULL), "10.0.0.4");
	T_STR(taken(l, "A", 4, NULL), "none");
	T_STR(detail, "pool A is exhausted: 3 of 3 addresses in use");
	T_STR(taken(l, "A6", 1, NULL), "2001:db8::2");
	T_STR(taken(l, "N6", 1, NULL), "2001:db8:8::");
	T_STR(taken(l, "N6", 2, NULL),
		"2001:db8:8:2::"); /* the prefix with our address is passed over */
	T_STR(lab_text(&take(l, "A", "RED", 1, NULL)->addr), "10.0.0.2"); /* borrowed there */
	T_STR(lab_text(&take(l, "A", "BLUE", 1, NULL)->addr), "10.0.0.1");
	/* An interface takes the address of a lease: it is kept and never lent again. */
	d = lab_snapshot();
	lab_pool4(d, "A", "10.0.0.1", "10.0.0.4");
	lab_iface(d, IFACE_LOOPBACK, 1, "Loopback1")->ip = lab_prefix("10.0.0.2/32");
	T_DO(reload(l, d));
	struct addr two = lab_addr("10.0.0.2");
	T_TRUE(lease_is_outside(lease_find(l, "", &two)));
	give_back(l, "10.0.0.2");
	T_STR(taken(l, "A", 1, "10.0.0.2"), "10.0.0.1");
	T_STR(taken(l, "A", 5, NULL), "none");
	leases_free(l);
}

static bool ours(const struct leases *l, const char *ivrf, const char *prefix)
{
	struct prefix p = lab_prefix(prefix);
	return lease_is_ours(l, ivrf, &p);
}

/* What the host has besides, which comes and goes; however much it is. */
static void addresses_of_the_host(void)
{
	struct snapshot *c = lab_snapshot();
	struct addr many[40], one = lab_addr("10.0.0.2"), six = lab_addr("2001:db8:8:1::77");

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.42");
	lab_pool6(c, "N6", "2001:db8:8::/62", 64);
	lab_iface(c, IFACE_LOOPBACK, 1, "Loopback1")->ip = lab_prefix("10.7.7.7/32");
	struct leases *l = leases_of(c);
	T_STR(taken(l, "A", 1, "10.0.0.2"), "10.0.0.2");
	for (unsigned i = 0; i < 40; i++)
		many[i] = addr_add(&one, i);
	T_EQ(leases_set_host(l, "", many, 40), ST_OK);
	T_TRUE(ours(l, "", "10.0.0.41/32") && ours(l, "", "10.7.7.7/32") && !ours(l, "", "10.0.0.42/32") && !ours(l, "RED", "10.0.0.41/32"));
	T_TRUE(lease_is_outside(lease_find(l, "", &one))); /* who has it keeps it */
	T_STR(taken(l, "A", 2, "10.0.0.41"), "10.0.0.1");
	T_STR(taken(l, "A", 3, NULL), "10.0.0.42");
	T_STR(taken(l, "A", 4, NULL), "none");
	T_STR(detail, "pool A is exhausted: 2 of 2 addresses in use");
	T_STR(lab_text(&take(l, "A", "RED", 1, NULL)->addr), "10.0.0.1"); /* another host, as it were */
	/* Of a prefix that is lent as a whole one address is enough. */
	T_EQ(leases_set_host(l, "", &six, 1), ST_OK);
	T_TRUE(ours(l, "", "2001:db8:8::/48") && ours(l, "", "2001:db8:8:1::77/128") && !ours(l, "", "2001:db8:8:1::78/128"));
	T_STR(taken(l, "N6", 1, NULL), "2001:db8:8::");
	T_STR(taken(l, "N6", 2, NULL), "2001:db8:8:2::");
	/* What it has not any more is lent again. */
	T_STR(taken(l, "A", 4, "10.0.0.41"), "10.0.0.41");
	T_TRUE(!lease_is_outside(lease_find(l, "", &one)));
	T_EQ(leases_set_host(l, "", NULL, 0), ST_OK);
	T_TRUE(!ours(l, "", "2001:db8:8::/48") && ours(l, "", "10.7.7.7/32"));
	for (uint64_t nth = 1; nth < 6; nth++) {
		mem_fail_at(nth);
		enum status st = leases_set_host(l, "", many, 40);
		mem_fail_at(0);
		T_TRUE(st == ST_OK || st == ST_NOMEM);
		T_EQ(ours(l, "", "10.0.0.41/32"), st == ST_OK);
		T_EQ(info(l, "A", "").total, st == ST_OK ? 2 : 42);
		T_EQ(leases_set_host(l, "", NULL, 0), ST_OK);
	}
	leases_free(l);
}

static void hint_same_and_oldest(void)
{
	struct snapshot *c = lab_snapshot();

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.4");
	struct leases *l = leases_of(c);
	T_STR(taken(l, "A", 1, "10.0.0.3"), "10.0.0.3");    /* free: as wished */
	T_STR(taken(l, "A", 2, "10.0.0.3"), "10.0.0.1");    /* not free */
	T_STR(taken(l, "A", 3, "192.168.1.1"), "10.0.0.2"); /* not ours */
	T_STR(taken(l, "A", 4, "0.0.0.0"), "10.0.0.4");
	give_back(l, "10.0.0.2");                  /* of 3 */
	give_back(l, "10.0.0.3");                  /* of 1 */
	give_back(l, "10.0.0.1");                  /* of 2 */
	T_STR(taken(l, "A", 1, NULL), "10.0.0.3"); /* the same as before */
	T_STR(taken(l, "A", 9, NULL), "10.0.0.2"); /* longest free */
	T_STR(taken(l, "A", 8, "10.0.0.1"), "10.0.0.1");
	T_STR(taken(l, "A", 3, NULL), "none");
	give_back(l, "10.0.0.2");
	T_STR(taken(l, "A", 3, NULL), "10.0.0.2"); /* somebody else had it meanwhile */
	leases_free(l);
}

/* An address that was just given back waits until all others had their turn. */
static void an_address_does_not_change_hands_quickly(void)
{
	struct snapshot *c = lab_snapshot();
	char first[ADDR_TEXT];

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.100");
	struct leases *l = leases_of(c);
	snprintf(first, sizeof(first), "%s", taken(l, "A", 1, NULL));
	give_back(l, first);
	for (unsigned i = 2; i <= 100; i++) {
		T_ROW(i, "holder");
		char addr[ADDR_TEXT];
		snprintf(addr, sizeof(addr), "%s", taken(l, "A", i, NULL));
		T_TRUE(strcmp(addr, first) != 0);
		give_back(l, addr);
	}
	T_STR(taken(l, "A", 101, NULL), first);
	leases_free(l);
}

static void vrfs_and_overlapping_pools(void)
{
	struct snapshot *c = lab_snapshot();

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.2");
	lab_pool4(c, "B", "10.0.0.2", "10.0.0.3");
	struct leases *l = leases_of(c);
	struct addr one = lab_addr("10.0.0.1");
	T_TRUE(take(l, "A", "RED", 1, "10.0.0.1") != NULL);
	T_TRUE(take(l, "A", "BLUE", 2, "10.0.0.1") != NULL); /* another world */
	T_TRUE(lease_find(l, "", &one) == NULL);
	T_EQ(lease_find(l, "RED", &one)->who, 1);
	T_EQ(lease_find(l, "BLUE", &one)->who, 2);
	/* In one world: never twice, and what one pool gives back the other may lend. */
	T_STR(taken(l, "A", 1, "10.0.0.2"), "10.0.0.2");
	T_STR(taken(l, "B", 2, "10.0.0.2"), "10.0.0.3");
	T_STR(taken(l, "B", 3, NULL), "none");
	T_STR(detail, "pool B is exhausted: 1 of 2 addresses in use, the others by pools that "
		      "overlap with it");
	give_back(l, "10.0.0.2");
	T_STR(taken(l, "B", 3, NULL), "10.0.0.2");
	T_STR(taken(l, "A", 4, NULL), "10.0.0.1");
	T_STR(taken(l, "A", 5, NULL), "none");
	give_back(l, "10.0.0.2");
	T_STR(taken(l, "A", 5, NULL), "10.0.0.2");
	leases_free(l);
}

static void reload_keeps_what_is_held(void)
{
	struct snapshot *c = lab_snapshot();

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.3");
	struct leases *l = leases_of(c);
	struct lease *one = take(l, "A", "", 1, NULL), *two = take(l, "A", "", 2, NULL);
	T_TRUE(one && two && take(l, "A", "", 3, NULL));
	give_back(l, "10.0.0.3");
	/* shrunk: 10.0.0.2 .. 10.0.0.3, then grown elsewhere */
	c = lab_snapshot();
	lab_pool4(c, "A", "10.0.0.2", "10.0.0.3");
	T_DO(reload(l, c));
	T_TRUE(lease_is_outside(one) && !lease_is_outside(two));
	T_EQ(info(l, "A", "").outside, 1);
	T_EQ(info(l, "A", "").in_use, 1);
	T_STR(taken(l, "A", 4, "10.0.0.1"), "10.0.0.3"); /* reserved and not in the pool */
	T_STR(taken(l, "A", 5, NULL), "none");
	T_STR(detail, "pool A is exhausted: 2 of 2 addresses in use");
	/* gone: nothing more is lent, what is held stays held */
	T_DO(reload(l, lab_snapshot()));
	T_TRUE(info(l, "A", "").is_gone);
	T_STR(taken(l, "A", 5, NULL), "none");
	struct addr a = lab_addr("10.0.0.2");
	T_TRUE(lease_find(l, "", &a) == two);
	/* another pool over the same addresses does not lend them a second time */
	c = lab_snapshot();
	lab_pool4(c, "B", "10.0.0.1", "10.0.0.4");
	T_DO(reload(l, c));
	T_STR(taken(l, "B", 6, "10.0.0.1"), "10.0.0.4");
	T_STR(taken(l, "B", 7, NULL), "none");
	lease_release(l, one);
	T_STR(taken(l, "B", 7, NULL), "10.0.0.1");
	lease_release(l, two);
	give_back(l, "10.0.0.3");
	T_STR(info(l, "A", "").name, ""); /* forgotten with its last lease */
	leases_free(l);
}

static void claims(void)
{
	struct lease_want w = {
		.family = 4, .pool = "A", .ivrf = "", .who = 1, .hint = lab_addr("10.0.0.1")};
	struct snapshot *c = lab_snapshot();
	struct lease *e, *other;

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.3");
	struct leases *l = leases_of(c);
	T_EQ(lease_claim(l, &w, 32, &e), ST_OK);
	T_TRUE(!lease_is_outside(e));
	w.who = 3;
	T_EQ(lease_claim(l, &w, 32, &other), ST_EXISTS);
	T_TRUE(other == NULL);
	w.who = 1; /* two sessions of one holder */
	T_EQ(lease_claim(l, &w, 32, &other), ST_OK);
	T_TRUE(other == e);
	lease_release(l, other);
	T_TRUE(lease_find(l, "", &w.hint) == e);
	T_STR(taken(l, "A", 2, NULL), "10.0.0.2");
	w.hint = lab_addr("10.7.7.7"); /* not in the pool any more */
	T_EQ(lease_claim(l, &w, 32, &e), ST_OK);
	T_TRUE(lease_is_outside(e));
	T_EQ(info(l, "A", "").outside, 1);
	w.pool = "GONE";
	w.hint = lab_addr("10.8.8.8");
	T_EQ(lease_claim(l, &w, 32, &other), ST_OK);
	T_TRUE(info(l, "GONE", "").is_gone);
	lease_release(l, other);
	T_STR(info(l, "GONE", "").name, "");
	lease_release(l, e);
	T_EQ(info(l, "A", "").outside, 0);
	leases_free(l);
}

/* Figures of before main's death. */
static void figures_go_on(void)
{
	struct lease_pool_info was = {.name = "A", .family = 4, .peak = 2, .taken = 7, .exhausted = 3};
	struct snapshot *c = lab_snapshot();

	lab_pool4(c, "A", "10.0.0.1", "10.0.0.3");
	struct leases *l = leases_of(c);
	T_EQ(lease_pool_resume(l, &was), ST_OK);
	T_STR(taken(l, "A", 1, NULL), "10.0.0.1");
	T_EQ(info(l, "A", "").peak, 2);
	T_EQ(info(l, "A", "").taken, 8);
	T_EQ(info(l, "A", "").exhausted, 3);
	for (unsigned i = 2; i <= 4; i++)
		T_STR(taken(l, "A", i, NULL), i == 2 ? "10.0.0.2" : i == 3 ? "10.0.0.3" : "none");
	T_EQ(info(l, "A", "").peak, 3);
	T_EQ(info(l, "A", "").exhausted, 4);
	snprintf(was.name, sizeof(was.name), "GONE");
	T_EQ(lease_pool_resume(l, &was), ST_OK);
	T_STR(info(l, "GONE", "").name, "");
	leases_free(l);
}

/* Far more addresses than are remembered: memory follows the use. */
static void a_large_pool(void)
{
	struct snapshot *c = lab_snapshot();
	int64_t live;

	lab_pool4(c, "A", "10.0.0.0", "10.255.255.255");
	struct leases *l = leases_of(c);
	T_TRUE(take(l, "A", "", 1, NULL) != NULL);
	live = mem_live();
	for (unsigned i = 2; i < 200000; i++) {
		struct lease *e = take(l, "A", "", i, NULL);
		T_TRUE(e != NULL);
		lease_release(l, e);
	}
	T_TRUE(mem_live() - live < 66000);
	T_EQ(info(l, "A", "").in_use, 1);
	leases_free(l);
}

/* ---- random life: no address is lent twice ----------------------------------------------------
 */

#define HOLDERS 60
#define WORLD   64 /* 10.0.0.0 .. 63, three VRFs */

static const char *const vrfs[] = {"", "RED", "BLUE"};

static unsigned draw(unsigned n)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 33) % n);
}

/* Three pools with random, overlapping ranges; sometimes one is missing. */
static struct snapshot *random_conf(void)
{
	static const char *const names[] = {"A", "B", "C"};
	struct snapshot *c = lab_snapshot();

	for (int i = 0; i < 3; i++) {
		unsigned n = draw(4); /* ranges; 0: no such pool */
		while (n--) {
			char first[ADDR_TEXT], last[ADDR_TEXT];
			unsigned a = draw(WORLD), b = a + draw(WORLD - a);
			snprintf(first, sizeof(first), "10.0.0.%u", a);
			snprintf(last, sizeof(last), "10.0.0.%u", b);
			lab_pool4(c, names[i], first, last);
		}
	}
	return c;
}

static bool conf_has(const struct snapshot *c, const char *name, const struct addr *a)
{
	const struct pool4 *p = snapshot_pool4(c, name);

	for (size_t i = 0; p && i < p->range_count; i++) {
		if (addr_cmp(&p->ranges[i].first, a) <= 0 && addr_cmp(a, &p->ranges[i].last) <= 0)
			return true;
	}
	return false;
}

/* What must be free in pool `name` of world v for a refusal to be wrong. */
static bool any_free(
	const struct snapshot *c, const char *name, const bool held[3][WORLD], unsigned v)
{
	for (unsigned i = 0; i < WORLD; i++) {
		struct addr a = addr_v4(0x0a000000 + i);
		if (!held[v][i] && conf_has(c, name, &a))
			return true;
	}
	return false;
}

static void hundred_thousand_random_steps(void)
{
	static const char *const names[] = {"A", "B", "C"};
	struct {
		struct lease *e;
		unsigned v;
	} holder[HOLDERS] = {0};
	bool held[3][WORLD] = {0};
	struct snapshot *c = random_conf();
	struct leases *l = leases_new(&key);
	unsigned granted = 0, refused = 0;

	T_EQ(leases_set_conf(l, c), ST_OK);
	for (unsigned step = 0; step < 100000; step++) {
		unsigned h = draw(HOLDERS), v = draw(3);
		T_ROW(step, "step");
		if (draw(500) == 0) {
			struct snapshot *next = random_conf();
			T_EQ(leases_set_conf(l, next), ST_OK);
			snapshot_unref(c);
			c = next;
		}
		if (holder[h].e) {
			held[holder[h].v][holder[h].e->addr.b[3]] = false;
			lease_release(l, holder[h].e);
			holder[h].e = NULL;
			continue;
		}
		const char *name = names[draw(3)];
		struct lease_want w = {
			.family = 4, .pool = name, .ivrf = vrfs[v], .who = draw(HOLDERS)};
		if (draw(3) == 0)
			w.hint = addr_v4(0x0a000000 + draw(WORLD));
		enum status st = lease_take(l, &w, &holder[h].e, detail);
		if (st != ST_OK) {
			refused++;
			T_TRUE(!any_free(c, name, held, v));
			continue;
		}
		granted++;
		holder[h].v = v;
		T_TRUE(conf_has(c, name, &holder[h].e->addr));
		T_TRUE(!held[v][holder[h].e->addr.b[3]]);
		held[v][holder[h].e->addr.b[3]] = true;
	}
	T_TRUE(granted > 20000 && refused > 1000);
	leases_free(l);
	snapshot_unref(c);
}

static void out_of_memory(void)
{
	int64_t live = mem_live();

	for (uint64_t nth = 1; nth < 40; nth++) {
		struct snapshot *c = lab_snapshot(), *d = lab_snapshot();
		lab_pool4(c, "A", "10.0.0.1", "10.0.0.2");
		lab_pool4(d, "A", "10.0.0.1", "10.0.0.3");
		T_ROW(nth, "allocation");
		mem_fail_at(nth);
		struct leases *l = leases_new(&key);
		if (l) {
			enum status st = leases_set_conf(l, c);
			T_TRUE(st == ST_OK || st == ST_NOMEM);
			const char *got = st == ST_OK ? taken(l, "A", 1, NULL) : "none";
			T_TRUE(strcmp(got, "10.0.0.1") == 0 || strcmp(got, "none") == 0);
			st = leases_set_conf(l, d);
			T_TRUE(st == ST_OK || st == ST_NOMEM);
		}
		mem_fail_at(0);
		if (l) { /* whole again, whatever failed */
			T_EQ(leases_set_conf(l, d), ST_OK);
			T_STR(taken(l, "A", 7, "10.0.0.3"), "10.0.0.3");
		}
		leases_free(l);
		snapshot_unref(c);
		snapshot_unref(d);
		T_EQ(mem_live(), live);
	}
}

int main(void)
{
	T_RUN(ranges_are_literal);
	T_RUN(prepared_and_cancelled);
	T_RUN(lengths_change);
	T_RUN(lengths_change_a_lot);
	T_RUN(ipv6_pools);
	T_RUN(our_own_addresses);
	T_RUN(addresses_of_the_host);
	T_RUN(hint_same_and_oldest);
	T_RUN(an_address_does_not_change_hands_quickly);
	T_RUN(vrfs_and_overlapping_pools);
	T_RUN(reload_keeps_what_is_held);
	T_RUN(claims);
	T_RUN(figures_go_on);
	T_RUN(a_large_pool);
	T_RUN(hundred_thousand_random_steps);
	T_RUN(out_of_memory);
	return t_end();
}
