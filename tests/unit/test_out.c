/* Output of commands: JSON stays JSON whatever a peer wrote, text is escaped, errors are sticky. */
#include "cmd/out.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "tests/lib/t.h"

static void ends_as(struct out *o, const char *want)
{
	out_raw(o, "", 1);
	T_TRUE(out_ok(o));
	T_STR(o->buf, want);
}

static void strings(void)
{
	const struct {
		const char *in;
		size_t len;
		const char *json;
	} rows[] = {
		{"", 0, "\"\"\n"},
		{"plain", 5, "\"plain\"\n"},
		{"say \"hi\"", 8, "\"say \\\"hi\\\"\"\n"},
		{"a\\b", 3, "\"a\\\\b\"\n"},
		{"a\nb\tc", 5, "\"a\\u000ab\\u0009c\"\n"},
		{"a\0b", 3, "\"a\\u0000b\"\n"},
		{"\x1f\x20\x7e\x7f\x80\xff", 6, "\"\\u001f ~\\u007f\\u0080\\u00ff\"\n"},
		{"\xc3\xa4", 2, "\"\\u00c3\\u00a4\"\n"},
		{"</script>", 9, "\"</script>\"\n"},
		{"\",\"admin\":true,\"x\":\"", 20,
		 "\"\\\",\\\"admin\\\":true,\\\"x\\\":\\\"\"\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct out o;

		T_ROW(i, rows[i].json);
		out_init(&o, true);
		js_bytes(&o, NULL, rows[i].in, rows[i].len);
		out_raw(&o, "\n", 1);
		T_DO(ends_as(&o, rows[i].json));
		out_fini(&o);
	}
}

static void nesting(void)
{
	struct out o;

	out_init(&o, true);
	js_open(&o, NULL);
	js_str(&o, "a", "1");
	js_open_array(&o, "b");
	js_close_array(&o);
	js_open_array(&o, "c");
	js_u64(&o, NULL, 0);
	js_u64(&o, NULL, UINT64_MAX);
	js_open(&o, NULL);
	js_close(&o);
	js_open(&o, NULL);
	js_bool(&o, "t", true);
	js_bool(&o, "f", false);
	js_close(&o);
	js_close_array(&o);
	js_str(&o, "k\"ey", "v");
	js_close(&o);
	T_DO(ends_as(&o, "{\"a\":\"1\",\"b\":[],\"c\":[0,18446744073709551615,{},"
			 "{\"t\":true,\"f\":false}],\"k\\\"ey\":\"v\"}\n"));
	out_fini(&o);
}

static void values(void)
{
	struct addr none = {0};
	struct endpoint e = {.port = 4500};
	struct out o;

	T_EQ(addr_parse("2001:db8::1", &e.addr), ST_OK);
	out_init(&o, true);
	js_open_array(&o, NULL);
	js_hex32(&o, NULL, 0xabc);
	js_hex64(&o, NULL, 0xfedcba9876543210);
	js_addr(&o, NULL, &e.addr);
	js_addr(&o, NULL, &none);
	js_endpoint(&o, NULL, &e);
	js_close_array(&o);
	T_DO(ends_as(&o, "[\"0x00000abc\",\"FEDCBA9876543210\",\"2001:db8::1\",null,"
			 "{\"address\":\"2001:db8::1\",\"port\":4500}]\n"));
	out_fini(&o);
}

static void depth_is_bounded(void)
{
	struct out o;

	out_init(&o, true);
	for (int i = 0; i < OUT_DEPTH; i++)
		js_open_array(&o, NULL);
	T_TRUE(out_ok(&o));
	js_open_array(&o, NULL);
	T_TRUE(!out_ok(&o));
	out_fini(&o);
	out_init(&o, true);
	js_close(&o);
	T_TRUE(!out_ok(&o));
	out_fini(&o);
}

static void text_from_peers_is_escaped(void)
{
	struct out o;

	out_init(&o, false);
	out_bytes(&o, "eve\nRouter# \x1b[2J", 16);
	T_DO(ends_as(&o, "eve\\x0aRouter# \\x1b[2J"));
	out_fini(&o);
}

static void long_lines(void)
{
	char word[2000];
	struct out o;

	/* Below, at and above the size of the formatter's own buffer. */
	for (size_t len = 500; len < 530; len++) {
		memset(word, 'x', len);
		word[len] = 0;
		out_init(&o, false);
		out_printf(&o, "<%s>", word);
		out_printf(&o, "%d", 7);
		T_TRUE(out_ok(&o));
		T_EQ(o.len, len + 3);
		T_EQ(o.buf[len], 'x');
		T_EQ(o.buf[len + 1], '>');
		T_EQ(o.buf[len + 2], '7');
		out_fini(&o);
	}
	memset(word, 'y', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	out_init(&o, false);
	for (int i = 0; i < 1000; i++)
		out_printf(&o, "%s", word);
	T_EQ(o.len, 1000 * (sizeof(word) - 1));
	T_EQ(o.buf[o.len - 1], 'y');
	out_fini(&o);
}

static void answers_are_bounded(void)
{
	struct out o;
	char *piece = mem_new(1 << 20);

	T_TRUE(piece);
	out_init(&o, false);
	for (unsigned i = 0; i < OUT_MAX >> 20; i++)
		out_raw(&o, piece, 1 << 20);
	T_TRUE(out_ok(&o));
	T_EQ(o.len, OUT_MAX);
	out_raw(&o, "x", 1);
	T_TRUE(!out_ok(&o));
	T_EQ(o.len, OUT_MAX);
	out_fini(&o);
	mem_free(piece);
}

static void out_of_memory_is_sticky(void)
{
	int64_t live = mem_live();
	int refused = 0;

	for (uint64_t nth = 1; nth < 8; nth++) {
		struct out o;

		out_init(&o, true);
		mem_fail_at(nth);
		js_open_array(&o, NULL);
		for (int i = 0; i < 3000; i++)
			js_u64(&o, NULL, (uint64_t)i);
		js_close_array(&o);
		mem_fail_at(0);
		refused += !out_ok(&o);
		out_raw(&o, "x", 1);
		T_TRUE(out_ok(&o) == (nth > 5));
		out_fini(&o);
		T_EQ(mem_live(), live);
	}
	/* 1, 2, 4, 8 and 16 KiB hold 3000 numbers. */
	T_EQ(refused, 5);
}

int main(void)
{
	T_RUN(strings);
	T_RUN(nesting);
	T_RUN(values);
	T_RUN(depth_is_bounded);
	T_RUN(text_from_peers_is_escaped);
	T_RUN(long_lines);
	T_RUN(answers_are_bounded);
	T_RUN(out_of_memory_is_sticky);
	return t_end();
}
