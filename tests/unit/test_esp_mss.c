/* The MSS of SYNs: both families, any place in the option list, lists that are broken, checksums that
 * stay right, and packets that are none of its business. */
#include "core/esp/mss.h"
#include "core/wire/ip_build.h"
#include "tests/lib/t.h"

#define SYN 0x02
#define SYN_ACK 0x12
#define ACK 0x10

struct made {
	uint8_t buf[256];
	size_t len;
	size_t at; /* of TCP */
	struct ip_info ip;
};

/* A TCP packet with these options (hex, whole words) and four bytes of data. doff: header length in
 * words, 0: what it is. */
static void make(struct made *m, bool v6, uint8_t flags, const char *hex, uint8_t doff)
{
	size_t n;
	const uint8_t *options = t_hex(hex, &n);
	uint8_t tcp[128] = {0x30, 0x39, 0x01, 0xbb, 1, 2, 3, 4, 0, 0, 0, 0};
	struct ip_head h = {.proto = IPP_TCP};
	struct wr w = wr_init(m->buf, sizeof(m->buf));
	uint16_t check;

	(void)!addr_parse(v6 ? "fd00::1" : "10.0.0.1", &h.src);
	(void)!addr_parse(v6 ? "fd00::2" : "10.0.0.2", &h.dst);
	tcp[12] = (uint8_t)((doff ? doff : 5 + n / 4) << 4);
	tcp[13] = flags;
	memcpy(tcp + 20, options, n);
	memcpy(tcp + 20 + n, "data", 4);
	check = ip_sum_finish(ip_sum(ip_pseudo_sum(&h.src, &h.dst, IPP_TCP, (uint32_t)(24 + n)), tcp, 24 + n));
	tcp[16] = (uint8_t)(check >> 8);
	tcp[17] = (uint8_t)check;
	ip_build(&w, &h, tcp, 24 + n);
	m->len = w.len;
	m->at = w.len - 24 - n;
	(void)!ip_parse(m->buf, m->len, &m->ip);
}

static bool sum_is_right(const struct made *m)
{
	uint32_t len = (uint32_t)(m->len - m->at);

	return ip_sum_finish(ip_sum(ip_pseudo_sum(&m->ip.src, &m->ip.dst, IPP_TCP, len), m->buf + m->at, len)) == 0;
}

static void clamps(void)
{
	static const struct {
		const char *name;
		uint8_t flags;
		const char *options, *want; /* NULL: nothing changes */
	} rows[] = {
		{"first", SYN, "020405b4", "020404b0"},
		{"answer", SYN_ACK, "020405b4", "020404b0"},
		{"behind others", SYN, "0402080a0000000100000000020405b401030307", "0402080a0000000100000000020404b001030307"},
		{"at an odd place", SYN, "01020405b4010000", "01020404b0010000"},
		{"twice", SYN, "020405b4020405dc", "020404b0020404b0"},
		{"largest", SYN, "0204ffff", "020404b0"},
		{"just above", SYN, "020404b1", "020404b0"},
		{"exact", SYN, "020404b0", NULL},
		{"lower", SYN, "02040218", NULL},
		{"none", SYN, "", NULL},
		{"not a SYN", ACK, "020405b4", NULL},
		{"behind the end", SYN, "0002020405b40000", NULL},
		{"length 0", SYN, "03000000020405b4", NULL},
		{"length 1", SYN, "03010000020405b4", NULL},
		{"too long", SYN, "03ff0000020405b4", NULL},
		{"cut off", SYN, "010102ff", NULL},
		{"kind only", SYN, "01010102", NULL},
		{"half a value", SYN, "010204ff", NULL},
		{"wrong length", SYN, "020305b4", NULL},
		{"longer than it is", SYN, "020605b400000000", NULL},
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct made m, want;

		T_ROW(i, rows[i / 2].name);
		make(&m, i % 2, rows[i / 2].flags, rows[i / 2].options, 0);
		T_TRUE(sum_is_right(&m));
		make(&want, i % 2, rows[i / 2].flags,
			rows[i / 2].want ? rows[i / 2].want : rows[i / 2].options, 0);
		T_EQ(mss_clamp(m.buf, &m.ip, 1200, false), rows[i / 2].want != NULL);
		T_MEM(m.buf, want.buf, want.len);
		T_TRUE(sum_is_right(&m));
	}
}

/* With an offload the field is no checksum yet, and stays. */
static void partial_sum(void)
{
	struct made m;
	uint8_t field[2];

	make(&m, false, SYN, "020405b4", 0);
	memcpy(field, m.buf + m.at + 16, 2);
	T_TRUE(mss_clamp(m.buf, &m.ip, 1200, true));
	T_MEM(m.buf + m.at + 16, field, 2);
	T_EQ(m.buf[m.at + 22], 1200 >> 8);
}

static void stays_inside(void)
{
	struct made m;
	uint8_t was[sizeof(m.buf)];

	/* Header length beyond the packet, and shorter than a header. */
	for (uint8_t doff = 0; doff < 16; doff++) {
		if (doff == 6 || doff == 7)
			continue;
		T_ROW(doff, "header length");
		make(&m, false, SYN, "020405b4", 6);
		m.buf[m.at + 12] = (uint8_t)(doff << 4);
		memcpy(was, m.buf, sizeof(was));
		T_TRUE(!mss_clamp(m.buf, &m.ip, 1200, false));
		T_MEM(m.buf, was, sizeof(was));
	}
	/* Not TCP, a later fragment, cut off in the header. */
	make(&m, false, SYN, "020405b4", 0);
	m.ip.proto = IPP_UDP;
	T_TRUE(!mss_clamp(m.buf, &m.ip, 1200, false));
	m.ip.proto = IPP_TCP;
	m.ip.is_later_fragment = true;
	T_TRUE(!mss_clamp(m.buf, &m.ip, 1200, false));
	m.ip.is_later_fragment = false;
	m.ip.total_len = m.ip.header_len + 19;
	T_TRUE(!mss_clamp(m.buf, &m.ip, 1200, false));
}

int main(void)
{
	T_RUN(clamps);
	T_RUN(partial_sum);
	T_RUN(stays_inside);
	return t_end();
}
