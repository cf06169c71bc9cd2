/* KE, Nonce, Notify, Delete, ID, AUTH, Vendor payloads. */
#include "core/wire/auth.h"
#include "core/wire/id.h"
#include "core/wire/ke.h"
#include "core/wire/notify.h"
#include "core/wire/vendor.h"
#include "tests/unit/wire.h"

static struct ke ke;
static struct notify notify;
static struct ike_delete del;
static struct ident ident;
static struct auth auth;

static enum status do_ke(struct view v)
{
	return ke_parse(v, &ke);
}
static enum status do_notify(struct view v)
{
	return notify_parse(v, &notify);
}
static enum status do_delete(struct view v)
{
	return delete_parse(v, &del);
}
static enum status do_id(struct view v)
{
	return id_parse(v, &ident);
}
static enum status do_auth(struct view v)
{
	return auth_parse(v, &auth);
}

struct row {
	const char *name;
	const char *hex;
	enum status st;
};

static void judge(const struct row *rows, size_t n, parse_fn *parse)
{
	for (size_t i = 0; i < n; i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse(hex(rows[i].hex)), rows[i].st);
	}
	t_row(-1, NULL);
}

/* ---- KE and nonce ---- */

static void key_exchange(void)
{
	static const struct row rows[] = {
		{"one byte", "0013 0000 aa", ST_OK},
		{"reserved is ignored", "0013 ffff aa", ST_OK},
		{"group 0 is for the engine", "0000 0000 aa", ST_OK},
		{"no data", "0013 0000", ST_TRUNCATED},
		{"short", "0013 00", ST_TRUNCATED},
		{"empty", "", ST_TRUNCATED},
	};
	uint8_t buf[16];
	struct wr w = wr_init(buf, sizeof(buf));

	T_DO(judge(rows, COUNT(rows), do_ke));
	T_DO(every_cut(hex("0013 0000 aabb"), 5, do_ke));
	ke_build(&w, 31, "value", 5);
	T_EQ(do_ke((struct view){buf, w.len}), ST_OK);
	T_EQ(ke.group, 31);
	T_TRUE(view_eq(ke.data, (struct view){(const uint8_t *)"value", 5}));
}

static void nonces(void)
{
	static uint8_t bytes[300];

	for (size_t n = 0; n < sizeof(bytes); n++) {
		struct view out;

		T_ROW(n, "length");
		T_EQ(nonce_parse((struct view){bytes, n}, &out),
			n >= 16 && n <= 256 ? ST_OK : ST_BAD_PAYLOAD);
	}
}

/* ---- Notify: every protocol with every SPI size (bug class 18) ---- */

static void notifies_judged(void)
{
	static const struct row rows[] = {
		{"plain", "00 00 4004 aabb", ST_OK},
		{"no data", "00 00 4000", ST_OK},
		{"IKE without SPI", "01 00 4000", ST_OK},
		{"REKEY_SA of ESP", "03 04 4009 c0ffee01", ST_OK},
		{"bug class 18: unknown type with SPI of nobody", "03 04 ffff 00000000", ST_OK},
		{"bug class 18: SPI cut", "03 04 4009 c0ffee", ST_TRUNCATED},
		{"bug class 18: SPI size 255", "03 ff 4009 c0ffee01", ST_TRUNCATED},
		{"empty", "", ST_TRUNCATED},
		{"short", "00 00 40", ST_TRUNCATED},
	};

	T_DO(judge(rows, COUNT(rows), do_notify));
	T_DO(every_cut(hex("00 00 4004 aabbccdd"), 4, do_notify));
	T_DO(every_cut(hex("03 04 4009 c0ffee01 aa"), 8, do_notify));
}

static void notify_protocol_and_spi_size(void)
{
	static const unsigned protocols[] = {0, 1, 2, 3, 4, 5, 200, 255};

	for (size_t i = 0; i < COUNT(protocols); i++) {
		for (unsigned size = 0; size < 256; size++) {
			uint8_t body[4 + 255] = {(uint8_t)protocols[i], (uint8_t)size, 0x40, 9};
			bool ok = size == 0 || (size == 8 && protocols[i] == PROTO_IKE) ||
				  (size == 4 &&
					  (protocols[i] == PROTO_AH || protocols[i] == PROTO_ESP));

			T_ROW(protocols[i] * 1000 + size,
				"bug class 18: protocol * 1000 + SPI size");
			T_EQ(do_notify((struct view){body, 4 + size}), ok ? ST_OK : ST_BAD_PAYLOAD);
			if (size == 0)
				T_EQ(notify.protocol, PROTO_NONE);
		}
	}
}

static void notify_values(void)
{
	uint16_t v16;
	uint32_t v32;
	uint8_t buf[64];
	struct wr w = wr_init(buf, sizeof(buf));

	T_EQ(do_notify(hex("03 04 4009 c0ffee01 aabb")), ST_OK);
	T_TRUE(notify.protocol == PROTO_ESP && notify.type == N_REKEY_SA);
	T_EQ(notify_spi(&notify), 0xc0ffee01);
	T_EQ(notify_u16(&notify, &v16), ST_OK);
	T_EQ(v16, 0xaabb);
	T_EQ(notify_u32(&notify, &v32), ST_BAD_PAYLOAD);
	T_EQ(do_notify(hex("00 00 4001 00000005")), ST_OK);
	T_EQ(notify_u32(&notify, &v32), ST_OK);
	T_EQ(v32, 5);
	T_EQ(notify_u16(&notify, &v16), ST_BAD_PAYLOAD);
	T_EQ(notify_spi(&notify), 0);
	T_EQ(do_notify(hex("01 08 4001 0102030405060708")), ST_OK);
	T_EQ(notify_spi(&notify), 0);

	notify_build_child(&w, N_CHILD_SA_NOT_FOUND, 0x01020304, NULL, 0);
	T_MEM(buf, "\x03\x04\x00\x2c\x01\x02\x03\x04", 8);
	T_EQ(w.len, 8);
	w = wr_init(buf, sizeof(buf));
	notify_build_plain(&w, N_COOKIE, "cookie", 6);
	T_EQ(do_notify((struct view){buf, w.len}), ST_OK);
	T_TRUE(notify.type == N_COOKIE && notify.data.len == 6 && notify.spi.len == 0);
}

static void notify_names(void)
{
	T_STR(notify_name(N_COOKIE), "COOKIE");
	T_STR(notify_name(24), "AUTHENTICATION_FAILED");
	T_STR(notify_name(8), "unknown");
	T_TRUE(notify_is_error(16383) && !notify_is_error(16384));
	/* What a status is answered with has a name. */
	for (int i = 0; i < ST__MAX; i++) {
		uint16_t n = status_notify((enum status)i);

		T_ROW(i, status_token((enum status)i));
		T_TRUE(n == 0 || strcmp(notify_name(n), "unknown") != 0);
	}
}

/* ---- Delete ---- */

static void deletes_judged(void)
{
	static const struct row rows[] = {
		{"IKE SA", "01 00 0000", ST_OK},
		{"ESP", "03 04 0001 c0ffee01", ST_OK},
		{"AH, two", "02 04 0002 00000100 00000101", ST_OK},
		{"bug class 18: protocol 0", "00 00 0000", ST_BAD_PAYLOAD},
		{"bug class 18: protocol 4", "04 04 0001 c0ffee01", ST_BAD_PAYLOAD},
		{"bug class 18: protocol 255", "ff 04 0001 c0ffee01", ST_BAD_PAYLOAD},
		{"bug class 18: IKE with SPI", "01 08 0001 0102030405060708", ST_BAD_PAYLOAD},
		{"bug class 18: IKE with SPI size but none", "01 08 0000", ST_BAD_PAYLOAD},
		{"bug class 18: IKE with count", "01 00 0001", ST_BAD_PAYLOAD},
		{"bug class 18: IKE with bytes", "01 00 0000 aa", ST_TRAILING},
		{"bug class 18: ESP without SPI", "03 04 0000", ST_BAD_PAYLOAD},
		{"bug class 18: ESP with SPI size 0", "03 00 0001", ST_BAD_PAYLOAD},
		{"bug class 18: ESP with SPI size 3", "03 03 0001 010203", ST_BAD_PAYLOAD},
		{"bug class 18: ESP with SPI size 8", "03 08 0001 0102030405060708",
			ST_BAD_PAYLOAD},
		{"count one more", "03 04 0002 c0ffee01", ST_TRUNCATED},
		{"count 65535", "03 04 ffff c0ffee01", ST_TRUNCATED},
		{"size and count 255 * 65535", "03 ff ffff c0ffee01", ST_TRUNCATED},
		{"count one less", "03 04 0001 c0ffee01 c0ffee02", ST_TRAILING},
		{"empty", "", ST_TRUNCATED},
	};

	T_DO(judge(rows, COUNT(rows), do_delete));
	T_DO(every_cut(hex("03 04 0002 00000100 00000101"), 12, do_delete));
	every_byte(hex("03 04 0002 00000100 00000101"), do_delete);
}

static void delete_values(void)
{
	const uint32_t spis[] = {0x100, 0xffffffff, 7};
	uint8_t buf[64];
	struct wr w = wr_init(buf, sizeof(buf));

	delete_build_children(&w, PROTO_ESP, spis, 3);
	T_EQ(do_delete((struct view){buf, w.len}), ST_OK);
	T_TRUE(del.protocol == PROTO_ESP && del.n == 3);
	for (uint16_t i = 0; i < 3; i++)
		T_EQ(delete_spi(&del, i), spis[i]);
	T_EQ(delete_spi(&del, 3), 0);
	T_EQ(delete_spi(&del, 65535), 0);
	w = wr_init(buf, sizeof(buf));
	delete_build_ike(&w);
	T_EQ(do_delete((struct view){buf, w.len}), ST_OK);
	T_TRUE(del.protocol == PROTO_IKE && del.n == 0);
	T_EQ(delete_spi(&del, 0), 0);
}

/* ---- ID (bug class 16) ---- */

static void identities_judged(void)
{
	static const struct row rows[] = {
		{"IPv4", "01 000000 c0000201", ST_OK},
		{"reserved is ignored", "01 ffffff c0000201", ST_OK},
		{"IPv4 of 3 bytes", "01 000000 c00002", ST_BAD_PAYLOAD},
		{"IPv4 of 5 bytes", "01 000000 c000020101", ST_BAD_PAYLOAD},
		{"IPv4 of 16 bytes", "01 000000 20010db8000000000000000000000001", ST_BAD_PAYLOAD},
		{"IPv6", "05 000000 20010db8000000000000000000000001", ST_OK},
		{"IPv6 of 4 bytes", "05 000000 c0000201", ST_BAD_PAYLOAD},
		{"FQDN", "02 000000 612e62", ST_OK},
		{"empty FQDN", "02 000000", ST_BAD_PAYLOAD},
		{"bug class 16: NUL inside", "02 000000 612e6200", ST_BAD_PAYLOAD},
		{"bug class 16: NUL first", "03 000000 00614062", ST_BAD_PAYLOAD},
		{"bug class 16: line end", "03 000000 614062 0a", ST_BAD_PAYLOAD},
		{"bug class 16: DEL", "03 000000 7f", ST_BAD_PAYLOAD},
		{"e-mail in UTF-8", "03 000000 c3bc4062", ST_OK},
		{"empty e-mail", "03 000000", ST_BAD_PAYLOAD},
		{"DN", "09 000000 3000", ST_OK},
		{"empty DN", "09 000000", ST_BAD_PAYLOAD},
		{"key-id with NUL", "0b 000000 00", ST_OK},
		{"empty key-id", "0b 000000", ST_BAD_PAYLOAD},
		{"NULL", "0d 000000", ST_OK},
		{"type 0", "00 000000 aa", ST_BAD_PAYLOAD},
		{"unknown type", "c9 000000 2a24", ST_OK},
		{"short", "02 0000", ST_TRUNCATED},
		{"empty", "", ST_TRUNCATED},
	};

	T_DO(judge(rows, COUNT(rows), do_id));
	T_DO(every_cut(hex("02 000000 612e6263"), 5, do_id));
	T_DO(every_cut(hex("05 000000 20010db8000000000000000000000001"), 20, do_id));
}

static struct ident text_id(enum id_type type, const char *text)
{
	return (struct ident){(uint8_t)type, {(const uint8_t *)text, strlen(text)}};
}

static void identities_compare(void)
{
	static const struct {
		const char *name;
		enum id_type ta;
		const char *a;
		enum id_type tb;
		const char *b;
		bool eq;
	} rows[] = {
		{"same", IDT_FQDN, "vpn.example", IDT_FQDN, "vpn.example", true},
		{"bug class 16: case of FQDN", IDT_FQDN, "VPN.Example", IDT_FQDN, "vpn.exAMPLE",
			true},
		{"bug class 16: case of e-mail", IDT_EMAIL, "A@B.c", IDT_EMAIL, "a@b.C", true},
		{"bug class 16: case of key-id counts", IDT_KEY_ID, "Key", IDT_KEY_ID, "key",
			false},
		{"bug class 16: case of DN bytes counts", IDT_DN, "A", IDT_DN, "a", false},
		{"bug class 16: type counts", IDT_FQDN, "a", IDT_KEY_ID, "a", false},
		{"bug class 16: FQDN is no e-mail", IDT_FQDN, "a@b", IDT_EMAIL, "a@b", false},
		{"bug class 16: beginning", IDT_FQDN, "vpn.example", IDT_FQDN, "vpn.example.org",
			false},
		{"bug class 16: trailing dot", IDT_FQDN, "vpn.example", IDT_FQDN, "vpn.example.",
			false},
		{"letters and their neighbours", IDT_FQDN, "@[`{", IDT_FQDN, "`{@[", false},
		{"only ASCII folds", IDT_EMAIL, "\xc3\x84", IDT_EMAIL, "\xc3\xa4", false},
		{"address bytes", IDT_IPV4, "AAAA", IDT_IPV4, "aaaa", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ident a = text_id(rows[i].ta, rows[i].a), b = text_id(rows[i].tb, rows[i].b);

		T_ROW(i, rows[i].name);
		T_EQ(ident_eq(&a, &b), rows[i].eq);
		T_EQ(ident_eq(&b, &a), rows[i].eq);
		T_TRUE(ident_eq(&a, &a));
	}
}

static void identities_have_domains(void)
{
	static const struct {
		enum id_type type;
		const char *id;
		const char *domain;
		bool has;
	} rows[] = {
		{IDT_FQDN, "a.b.example", "b.example", true},
		{IDT_FQDN, "x.a.b.example", "b.example", true},
		{IDT_FQDN, "a.B.EXAMPLE", "b.example", true},
		{IDT_FQDN, "b.example", "b.example", false},
		{IDT_FQDN, ".b.example", "b.example", false},
		{IDT_FQDN, "evilb.example", "b.example", false},
		{IDT_FQDN, "b.example.org", "b.example", false},
		{IDT_FQDN, "x@b.example", "b.example", false},
		{IDT_FQDN, "a.b.example", "", false},
		{IDT_EMAIL, "x@b.example", "b.example", true},
		{IDT_EMAIL, "x@a.b.example", "b.example", false},
		{IDT_EMAIL, "@b.example", "b.example", false},
		{IDT_EMAIL, "b.example", "b.example", false},
		{IDT_KEY_ID, "a.b.example", "b.example", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ident id = text_id(rows[i].type, rows[i].id);

		T_ROW(i, rows[i].id);
		T_EQ(ident_has_domain(&id, rows[i].domain), rows[i].has);
	}
}

static void identities_as_text(void)
{
	T_STR(id_type_name(IDT_KEY_ID), "key-id");
	T_STR(id_type_name(4), "unknown");
	ident = text_id(IDT_FQDN, "abcd");
	T_EQ(ident_addr(&ident).family, 0);
}

static void identities_round_trip(void)
{
	struct chance c = {3};
	static const uint8_t types[] = {IDT_KEY_ID, IDT_DN, IDT_GN, 77};

	for (int round = 0; round < 200; round++) {
		uint8_t bytes[300], buf[400];
		struct wr w = wr_init(buf, sizeof(buf));
		struct ident want = {
			types[chance(&c, COUNT(types))], chance_bytes(&c, bytes, 1, 300)};

		id_build(&w, &want);
		T_ROW(round, "round");
		T_EQ(do_id((struct view){buf, w.len}), ST_OK);
		T_TRUE(ident_eq(&ident, &want));
	}
}

/* ---- AUTH and Vendor ---- */

static void auths(void)
{
	static const struct row rows[] = {
		{"PSK", "02 000000 aabb", ST_OK},
		{"unknown method is for the engine", "ff 000000 aa", ST_OK},
		{"no data", "02 000000", ST_BAD_PAYLOAD},
		{"short", "02 0000", ST_TRUNCATED},
		{"empty", "", ST_TRUNCATED},
	};
	uint8_t buf[16];
	struct wr w = wr_init(buf, sizeof(buf));

	T_DO(judge(rows, COUNT(rows), do_auth));
	auth_build(&w, AUTHM_PSK, "data", 4);
	T_EQ(do_auth((struct view){buf, w.len}), ST_OK);
	T_TRUE(auth.method == AUTHM_PSK && auth.data.len == 4);
	T_STR(auth_method_name(2), "PSK");
	T_STR(auth_method_name(4), "unknown");
}

static void vendors(void)
{
	static const struct {
		const char *hex;
		enum vendor vendor;
	} rows[] = {
		{"882fe56d6fd20dbc2251613b2ebe5beb", VENDOR_STRONGSWAN},
		{"882fe56d6fd20dbc2251613b2ebe5beb00", VENDOR_UNKNOWN},
		{"882fe56d6fd20dbc2251613b2ebe5b", VENDOR_UNKNOWN},
		{"4f70656e494b45442d372e34", VENDOR_OPENIKED},
		{"1e2b516905991c7d7c96fcbfb587e46100000009", VENDOR_MS_NT5},
		{"4048b7d56ebce88525e7de7f00d6c2d3", VENDOR_CISCO_FRAGMENTATION},
		{"4048b7d56ebce88525e7de7f00d6c2d3c0000000", VENDOR_CISCO_FRAGMENTATION},
		{"464c455856504e2d535550504f52544544", VENDOR_CISCO_FLEXVPN},
		{"464c455856504e2d535550504f5254454400", VENDOR_UNKNOWN},
		{"434953434f2d4752452d4d4f444502", VENDOR_CISCO_GRE_MODE},
		{"", VENDOR_UNKNOWN},
		{"00", VENDOR_UNKNOWN},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].hex);
		T_EQ(vendor_identify(hex(rows[i].hex)), rows[i].vendor);
	}
	T_STR(vendor_name(VENDOR_CISCO_FLEXVPN), "FLEXVPN-SUPPORTED");
	T_STR(vendor_name(VENDOR_UNKNOWN), "unknown");
}

int main(void)
{
	T_RUN(key_exchange);
	T_RUN(nonces);
	T_RUN(notifies_judged);
	T_RUN(notify_protocol_and_spi_size);
	T_RUN(notify_values);
	T_RUN(notify_names);
	T_RUN(deletes_judged);
	T_RUN(delete_values);
	T_RUN(identities_judged);
	T_RUN(identities_compare);
	T_RUN(identities_have_domains);
	T_RUN(identities_as_text);
	T_RUN(identities_round_trip);
	T_RUN(auths);
	T_RUN(vendors);
	return t_end();
}
