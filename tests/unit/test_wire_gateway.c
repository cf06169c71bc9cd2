/* Data of REDIRECT and REDIRECTED_FROM (RFC 5685 section 7). */
#include "core/wire/gateway.h"
#include "tests/lib/t.h"

static void test_parsing(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum status st;
		const char *text; /* of the gateway */
		size_t nonce_len;
	} rows[] = {
		{"\1\4\300\0\2\1", 6, ST_OK, "192.0.2.1", 0},
		{"\1\4\300\0\2\1nonce", 11, ST_OK, "192.0.2.1", 5},
		{"\2\20\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 18, ST_OK, "2001:db8::1", 0},
		{"\3\10gw.test.N", 11, ST_OK, "gw.test.", 1},
		{"\3\4a-_9", 6, ST_OK, "a-_9", 0},
		{"", 0, ST_TRUNCATED, "", 0},
		{"\1", 1, ST_TRUNCATED, "", 0},
		{"\1\4\300\0\2", 5, ST_TRUNCATED, "", 0},
		{"\3\5gw", 4, ST_TRUNCATED, "", 0},
		{"\1\5\300\0\2\1\1", 7, ST_BAD_PAYLOAD, "", 0},
		{"\2\4\300\0\2\1", 6, ST_BAD_PAYLOAD, "", 0},
		{"\1\0", 2, ST_BAD_PAYLOAD, "", 0},
		{"\3\0", 2, ST_BAD_PAYLOAD, "", 0},
		{"\0\0", 2, ST_BAD_PAYLOAD, "", 0},
		{"\4\4\300\0\2\1", 6, ST_BAD_PAYLOAD, "", 0},
		{"\3\4gw\0x", 6, ST_BAD_PAYLOAD, "", 0},
		{"\3\4gw x", 6, ST_BAD_PAYLOAD, "", 0},
		{"\3\4gw\n\n", 6, ST_BAD_PAYLOAD, "", 0},
		{"\3\4gw/x", 6, ST_BAD_PAYLOAD, "", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gateway g;
		struct view nonce;
		char text[GATEWAY_TEXT];
		enum status st = gateway_parse(
			(struct view){(const uint8_t *)rows[i].bytes, rows[i].len}, &g, &nonce);

		T_ROW(i, rows[i].text);
		T_EQ(st, rows[i].st);
		if (st != ST_OK)
			continue;
		T_STR(gateway_format(&g, text), rows[i].text);
		T_EQ(nonce.len, rows[i].nonce_len);
		T_TRUE(!gateway_is_none(&g));
	}
}

static void test_built_is_parsed(void)
{
	static const char nonce_bytes[] = "0123456789abcdef";
	struct view nonce = {(const uint8_t *)nonce_bytes, 16}, rest;
	struct gateway in[3] = {[0] = {.name = "gw.example.test"}}, out;

	T_EQ(addr_parse("198.51.100.7", &in[1].addr), ST_OK);
	T_EQ(addr_parse("fd00::7", &in[2].addr), ST_OK);
	for (size_t i = 0; i < 3; i++) {
		uint8_t bytes[300];
		struct wr w = wr_init(bytes, sizeof(bytes));

		T_ROW(i, in[i].name);
		gateway_build(&w, &in[i], i == 1 ? (struct view){0} : nonce);
		T_TRUE(wr_ok(&w));
		T_EQ(gateway_parse((struct view){bytes, w.len}, &out, &rest), ST_OK);
		T_STR(out.name, in[i].name);
		T_TRUE(addr_eq(&out.addr, &in[i].addr));
		T_EQ(rest.len, i == 1 ? 0 : 16);
	}
	out = (struct gateway){0};
	T_TRUE(gateway_is_none(&out));
}

static void test_longest_name(void)
{
	struct gateway in = {0}, out;
	struct view nonce;
	uint8_t bytes[300];
	struct wr w = wr_init(bytes, sizeof(bytes));

	memset(in.name, 'a', GATEWAY_NAME - 1);
	gateway_build(&w, &in, (struct view){0});
	T_EQ(w.len, 2 + 255);
	T_EQ(gateway_parse((struct view){bytes, w.len}, &out, &nonce), ST_OK);
	T_STR(out.name, in.name);
	T_TRUE(gateway_name_is_valid(in.name, 255) && !gateway_name_is_valid(in.name, 256));
}

int main(void)
{
	T_RUN(test_parsing);
	T_RUN(test_built_is_parsed);
	T_RUN(test_longest_name);
	return t_end();
}
