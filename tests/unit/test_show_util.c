/* What the show commands share: filters, names, selectors. */
#include <stdio.h>

#include "cmd/show.h"
#include "core/conf/match.h"
#include "tests/lib/t.h"

#define WORDS_MAX 12

static size_t split(char *text, const char *words[WORDS_MAX])
{
	size_t n = 0;

	for (char *p = strtok(text, " "); p && n < WORDS_MAX; p = strtok(NULL, " "))
		words[n++] = p;
	return n;
}

static struct endpoint ep(const char *addr, uint16_t port, uint32_t vrf)
{
	struct endpoint e = {.port = port, .vrf = vrf};

	if (addr_parse(addr, &e.addr) != ST_OK)
		t_fail(__FILE__, __LINE__, "bad address %s", addr);
	return e;
}

static void filters(void)
{
	/* Every row is asked about an SA number 7 from 192.0.2.9:4500 to 10.0.0.1:4500 in a VRF
	 * whose name the configuration has lost. */
	static const struct {
		const char *typed;
		int code;
		bool takes;
		bool detail;
	} rows[] = {
		{"", 0, true, false},
		{"detail", 0, true, true},
		{"detailed", 0, true, true},
		{"det", 0, true, true},
		{"local 10.0.0.1", 0, true, false},
		{"local 10.0.0.2", 0, false, false},
		{"loc 10.0.0.1", 0, true, false},
		{"local 10.0.0.1 4500", 0, true, false},
		{"local 10.0.0.1 500", 0, false, false},
		{"local 10.0.0.1 port 4500", 0, true, false},
		{"local 10.0.0.1 port 500", 0, false, false},
		{"remote 192.0.2.9", 0, true, false},
		{"remote 192.0.2.9 port 4500 detail", 0, true, true},
		{"remote 192.0.2.8", 0, false, false},
		{"remote ::1", 0, false, false},
		{"local 10.0.0.1 remote 192.0.2.9", 0, true, false},
		{"local 10.0.0.1 remote 192.0.2.8", 0, false, false},
		{"id 7", 0, true, false},
		{"id 8", 0, false, false},
		{"fvrf removed", 0, true, false},
		{"fvrf none", 0, false, false},
		{"ivrf none", 0, true, false},
		{"ivrf red", 0, false, false},
		{"detail id 7 remote 192.0.2.9 local 10.0.0.1 4500", 0, true, true},
		/* Not understood: nothing may be cleared by a mistake. */
		{"local", 2, false, false},
		{"local 10.0.0", 2, false, false},
		{"local 10.0.0.1 65536", 2, false, false},
		{"local 10.0.0.1 port", 2, false, false},
		{"local 10.0.0.1 port x", 2, false, false},
		{"remote host", 2, false, false},
		{"id", 2, false, false},
		{"id seven", 2, false, false},
		{"id -7", 2, false, false},
		{"id 99999999999999999999", 2, false, false},
		{"fvrf", 2, false, false},
		{"detailedx", 2, false, false},
		{"all", 2, false, false},
	};
	struct snapshot conf = {0};
	struct world w = {.conf = &conf};
	struct ike_sa_info sa = {.sa = 7, .local = ep("10.0.0.1", 4500, 3), .remote = ep("192.0.2.9", 4500, 3)};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[100];
		const char *words[WORDS_MAX];
		struct show_filter f;
		struct out err;

		T_ROW(i, rows[i].typed);
		strcpy(text, rows[i].typed);
		struct admin_args args = {split(text, words), words};
		out_init(&err, false);
		T_EQ(show_filter_parse(&args, &f, &err), rows[i].code);
		T_TRUE((err.len > 0) == (rows[i].code != 0));
		if (!rows[i].code) {
			T_TRUE(show_filter_takes(&w, &f, &sa) == rows[i].takes);
			T_TRUE(f.detail == rows[i].detail);
		}
		out_fini(&err);
	}
}

/* `id 0` names no SA; were it read as "any", a clear would end everybody. */
static void number_zero_is_nobody(void)
{
	static const char *const words[] = {"id", "0"};
	struct admin_args args = {2, words};
	struct show_filter f;
	struct snapshot conf = {0};
	struct world w = {.conf = &conf};
	struct ike_sa_info sa = {.sa = 7};
	struct out err;

	out_init(&err, false);
	T_TRUE(show_filter_parse(&args, &f, &err) == 2 || !show_filter_takes(&w, &f, &sa));
	out_fini(&err);
}

/* The same of ports: `remote A port 0`. */
static void port_zero_is_none(void)
{
	static const char *const words[] = {"remote", "192.0.2.9", "port", "0"};
	struct admin_args args = {4, words};
	struct show_filter f;
	struct snapshot conf = {0};
	struct world w = {.conf = &conf};
	struct ike_sa_info sa = {.sa = 7, .remote = ep("192.0.2.9", 4500, 0)};
	struct out err;

	out_init(&err, false);
	T_TRUE(show_filter_parse(&args, &f, &err) == 2 || !show_filter_takes(&w, &f, &sa));
	out_fini(&err);
}

static void selectors(void)
{
	static const struct {
		const char *lo, *hi;
		uint8_t proto;
		uint16_t port_lo, port_hi;
		const char *text;
	} rows[] = {
		{"10.0.0.0", "10.0.0.255", 0, 0, 65535, "10.0.0.0/255.255.255.0/0/0"},
		{"10.0.0.7", "10.0.0.7", 17, 53, 53, "10.0.0.7/255.255.255.255/17/53"},
		{"0.0.0.0", "255.255.255.255", 0, 0, 65535, "0.0.0.0/0.0.0.0/0/0"},
		{"10.0.0.1", "10.0.0.9", 6, 0, 1023, "10.0.0.1-10.0.0.9/6/0"},
		{"2001:db8::", "2001:db8::ffff", 0, 0, 65535, "2001:db8::/112/0/0"},
		{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 58, 0, 65535, "::/0/58/0"},
		{"2001:db8::1", "2001:db8::5", 6, 22, 22, "2001:db8::1-2001:db8::5/6/22"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ts ts = {rows[i].proto, rows[i].port_lo, rows[i].port_hi, ep(rows[i].lo, 0, 0).addr,
				ep(rows[i].hi, 0, 0).addr};
		struct out o;

		T_ROW(i, rows[i].text);
		out_init(&o, false);
		show_selector(&o, &ts);
		out_raw(&o, "", 1);
		T_STR(o.buf, rows[i].text);
		out_fini(&o);
	}
}

static void identities(void)
{
	static const struct {
		uint8_t type;
		const char *bytes;
		uint16_t len;
		const char *text;
		const char *json;
	} rows[] = {
		{IKE_ID_EMAIL, "a@b", 3, "a@b", "\"a@b\""},
		{IKE_ID_IPV4, "\xc0\0\2\1", 4, "192.0.2.1", "\"192.0.2.1\""},
		{IKE_ID_IPV6, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, "2001:db8::1", "\"2001:db8::1\""},
		{IKE_ID_IPV4, "\xc0\0\2", 3, "\\xc0\\x00\\x02", "\"\\u00c0\\u0000\\u0002\""},
		{IKE_ID_KEYID, "a\"\n", 3, "a\\\"\\x0a", "\"a\\\"\\u000a\""},
		{0, "", 0, "", "\"\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_id id = {.type = rows[i].type, .len = rows[i].len};
		struct out o;

		T_ROW(i, rows[i].json);
		memcpy(id.bytes, rows[i].bytes, rows[i].len);
		out_init(&o, false);
		show_id(&o, &id);
		out_raw(&o, "", 1);
		T_STR(o.buf, rows[i].text);
		out_fini(&o);
		out_init(&o, true);
		js_id(&o, NULL, &id);
		out_raw(&o, "", 1);
		T_STR(o.buf, rows[i].json);
		out_fini(&o);
	}
}

static void transforms(void)
{
	static const struct {
		uint16_t encr, bits, integ;
		const char *text;
	} rows[] = {
		{20, 256, 0, "esp-gcm 256"},
		{20, 128, 0, "esp-gcm"},
		{28, 0, 0, "esp-chacha20-poly1305"},
		{12, 256, 12, "esp-aes 256 esp-sha256-hmac"},
		{999, 0, 0, "esp-unknown"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_child_info c = {.encr_id = rows[i].encr, .encr_key_bits = rows[i].bits,
					   .integ_id = rows[i].integ};
		struct out o;

		T_ROW(i, rows[i].text);
		out_init(&o, false);
		show_transform(&o, &c);
		out_raw(&o, "", 1);
		T_STR(o.buf, rows[i].text);
		out_fini(&o);
	}
}

static void auth_names(void)
{
	T_STR(show_auth(0), "Unknown - 0");
	T_STR(show_auth(1), "RSA");
	T_STR(show_auth(2), "PSK");
	T_STR(show_auth(10), "ECDSA");
	T_STR(show_auth(14), "Digital signature");
	T_STR(show_auth(200), "Other");
}

int main(void)
{
	T_RUN(filters);
	T_RUN(number_zero_is_nobody);
	T_RUN(port_zero_is_none);
	T_RUN(selectors);
	T_RUN(identities);
	T_RUN(transforms);
	T_RUN(auth_names);
	return t_end();
}
