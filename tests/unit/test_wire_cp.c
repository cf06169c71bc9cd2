/* Configuration payloads. */
#include "core/wire/cp.h"
#include "tests/unit/wire.h"

static struct cp cp;

static enum status parse(struct view v)
{
	return cp_parse(v, &cp);
}

static void frames_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
	} rows[] = {
		{"no attributes", "01 000000", ST_OK},
		{"one empty", "01 000000 0001 0000", ST_OK},
		{"reserved is ignored", "02 ffffff 8001 0004 0a000001", ST_OK},
		{"unknown attribute", "04 000000 7fff 0003 aabbcc", ST_OK},
		{"type 0", "00 000000", ST_BAD_PAYLOAD},
		{"type 5", "05 000000", ST_BAD_PAYLOAD},
		{"short", "01 0000", ST_TRUNCATED},
		{"empty", "", ST_TRUNCATED},
		{"attribute head cut", "01 000000 0001 00", ST_TRUNCATED},
		{"value cut", "01 000000 0001 0004 0a0000", ST_TRUNCATED},
		{"length lies", "01 000000 0001 ffff 0a000001", ST_TRUNCATED},
		{"second one lies", "01 000000 0001 0000 0003 0001", ST_TRUNCATED},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse(hex(rows[i].hex)), rows[i].st);
	}
	every_byte(hex("01 000000 0001 0004 0a000001 0003 0000"), parse);
}

/* One attribute: whether it is valid, its address and its prefix as text ("" = none). */
static void values_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		bool valid;
		const char *addr;
		const char *prefix;
	} rows[] = {
		{"IP4_ADDRESS", "0001 0004 0a000001", true, "10.0.0.1", ""},
		{"IP4_ADDRESS with the reserved bit", "8001 0004 0a000001", true, "10.0.0.1", ""},
		{"IP4_ADDRESS asked for", "0001 0000", true, "", ""},
		{"IP4_ADDRESS of 3", "0001 0003 0a0000", false, "", ""},
		{"IP4_ADDRESS of 8", "0001 0008 0a000001ffffffff", false, "", ""},
		{"IP4_DNS", "0003 0004 0a000035", true, "10.0.0.53", ""},
		{"IP6_ADDRESS", "0008 0011 20010db8000000000000000000000001 40", true,
			"2001:db8::1", "2001:db8::1/64"},
		{"IP6_ADDRESS without length", "0008 0010 20010db8000000000000000000000001", false,
			"", ""},
		{"IP6_ADDRESS with length 129", "0008 0011 20010db8000000000000000000000001 81",
			false, "", ""},
		{"IP6_DNS", "000a 0010 20010db8000000000000000000000035", true, "2001:db8::35", ""},
		{"IP6_DNS of 17", "000a 0011 20010db8000000000000000000000035 40", false, "", ""},
		{"IP4_SUBNET", "000d 0008 0a000000 ff000000", true, "10.0.0.0", "10.0.0.0/8"},
		{"IP4_SUBNET with holes", "000d 0008 0a000000 ff00ff00", false, "", ""},
		{"IP4_SUBNET of 4", "000d 0004 0a000000", false, "", ""},
		{"IP6_SUBNET", "000f 0011 20010db8000000000000000000000000 20", true,
			"2001:db8::", "2001:db8::/32"},
		{"SUPPORTED_ATTRIBUTES", "000e 0004 0001 0003", true, "", ""},
		{"SUPPORTED_ATTRIBUTES odd", "000e 0003 000100", false, "", ""},
		{"APPLICATION_VERSION", "0007 0003 616263", true, "", ""},
		{"unknown of 4 bytes is no address", "0005 0004 0a000001", true, "", ""},
		{"Windows server address", "5ba0 0004 0a000001", true, "10.0.0.1", ""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view v = hex(rows[i].hex);
		struct rd r = rd_init(v.p, v.len);
		char addr[ADDR_TEXT] = "", prefix[PREFIX_TEXT] = "";
		struct cp_attr a;
		struct addr ad;
		struct prefix p;

		T_ROW(i, rows[i].name);
		T_TRUE(cp_next(&r, &a));
		T_EQ(a.is_valid, rows[i].valid);
		if (cp_attr_addr(&a, &ad))
			addr_format(&ad, addr);
		if (cp_attr_prefix(&a, &p))
			prefix_format(&p, prefix);
		T_STR(addr, rows[i].addr);
		T_STR(prefix, rows[i].prefix);
		T_TRUE(!cp_next(&r, &a) && rd_done(&r));
	}
}

static void built_ones_parse(void)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct addr a4 = addr_v4(0x0a630005), a6;
	struct prefix p4 = {addr_v4(0x0a000000), 8}, p6, got;
	struct cp_attr a;
	struct addr out;
	struct rd r;

	T_EQ(addr_parse("2001:db8::53", &a6), ST_OK);
	T_EQ(prefix_parse("2001:db8:1::5/128", &p6), ST_OK);
	cp_build_head(&w, CP_REPLY);
	cp_put_addr(&w, CPA_IP4_ADDRESS, &a4);
	cp_put_addr(&w, CPA_IP6_DNS, &a6);
	cp_put_prefix(&w, CPA_IP4_SUBNET, &p4);
	cp_put_prefix(&w, CPA_IP6_ADDRESS, &p6);
	cp_put(&w, CPA_UNITY_BANNER, "Welcome", 7);
	cp_put(&w, CPA_IP4_DNS, NULL, 0);
	T_TRUE(wr_ok(&w));
	T_DO(every_cut((struct view){buf, 4}, 4, parse));
	T_EQ(parse((struct view){buf, w.len}), ST_OK);
	T_EQ(cp.type, CP_REPLY);
	r = cp_attrs(&cp);
	T_TRUE(cp_next(&r, &a) && a.type == CPA_IP4_ADDRESS && cp_attr_addr(&a, &out));
	T_TRUE(addr_eq(&out, &a4));
	T_TRUE(cp_next(&r, &a) && a.type == CPA_IP6_DNS && cp_attr_addr(&a, &out));
	T_TRUE(addr_eq(&out, &a6));
	T_TRUE(cp_next(&r, &a) && a.type == CPA_IP4_SUBNET && cp_attr_prefix(&a, &got));
	T_TRUE(prefix_eq(&got, &p4));
	T_TRUE(cp_next(&r, &a) && a.type == CPA_IP6_ADDRESS && cp_attr_prefix(&a, &got));
	T_TRUE(prefix_eq(&got, &p6));
	T_TRUE(cp_next(&r, &a) && a.type == CPA_UNITY_BANNER && a.value.len == 7 && a.is_valid);
	T_TRUE(cp_next(&r, &a) && a.type == CPA_IP4_DNS && a.value.len == 0 && a.is_valid);
	T_TRUE(!cp_next(&r, &a));
}

static void random_ones_parse(void)
{
	struct chance c = {4};

	for (int round = 0; round < 200; round++) {
		static uint8_t buf[4096], values[20][64];
		struct view want[20];
		uint16_t types[20];
		size_t n = (size_t)chance(&c, 20);
		struct wr w = wr_init(buf, sizeof(buf));
		struct cp_attr a;
		struct rd r;

		cp_build_head(&w, CP_SET);
		for (size_t i = 0; i < n; i++) {
			types[i] = (uint16_t)chance(&c, 0x8000);
			want[i] = chance_bytes(&c, values[i], 0, 64);
			cp_put(&w, types[i], want[i].p, want[i].len);
		}
		T_ROW(round, "round");
		T_EQ(parse((struct view){buf, w.len}), ST_OK);
		r = cp_attrs(&cp);
		for (size_t i = 0; i < n; i++)
			T_TRUE(cp_next(&r, &a) && a.type == types[i] && view_eq(a.value, want[i]));
		T_TRUE(!cp_next(&r, &a) && rd_done(&r));
	}
}

static void names(void)
{
	T_STR(cp_attr_name(1), "INTERNAL_IP4_ADDRESS");
	T_STR(cp_attr_name(28672), "MODECFG_BANNER");
	T_STR(cp_attr_name(5), "unknown");
}

int main(void)
{
	T_RUN(frames_judged);
	T_RUN(values_judged);
	T_RUN(built_ones_parse);
	T_RUN(random_ones_parse);
	T_RUN(names);
	return t_end();
}
