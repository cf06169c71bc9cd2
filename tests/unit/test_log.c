/* One event, one line; what a peer wrote cannot forge another. */
#include "core/base/log.h"
#include "tests/lib/t.h"

static void lines(void)
{
	struct addr a = {0};
	struct endpoint e = {.port = 4500};

	T_EQ(addr_parse("192.0.2.1", &a), ST_OK);
	T_EQ(addr_parse("2001:db8::1", &e.addr), ST_OK);
	const struct {
		struct kv kv;
		const char *text;
	} rows[] = {
		{kv_str("k", "word"), "start k=word"},
		{kv_str("k", "two words"), "start k=\"two words\""},
		{kv_str("k", ""), "start k=\"\""},
		{kv_str("k", NULL), "start k=\"\""},
		{kv_str("k", "a=b"), "start k=\"a=b\""},
		{kv_str("k", "say \"hi\"\\"), "start k=\"say \\\"hi\\\"\\\\\""},
		{kv_bytes("k", "user", 4), "start k=user"},
		{kv_bytes("k", "a\nstart x=1", 11), "start k=\"a\\x0astart x=1\""},
		{kv_bytes("k", "\0\x7f\xff", 3), "start k=\"\\x00\\x7f\\xff\""},
		{kv_bytes("k", "", 0), "start k=\"\""},
		{kv_u64("k", UINT64_MAX), "start k=18446744073709551615"},
		{kv_spi64("k", 0x1), "start k=0x0000000000000001"},
		{kv_spi32("k", 0xabc), "start k=0x00000abc"},
		{kv_addr("k", &a), "start k=192.0.2.1"},
		{kv_ep("k", &e), "start k=[2001:db8::1]:4500"},
		{kv_status("k", ST_ESP_AUTH), "start k=esp_auth"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[200];

		T_ROW(i, rows[i].text);
		T_EQ(log_format(out, sizeof(out), EV_START, &rows[i].kv, 1), strlen(rows[i].text));
		T_STR(out, rows[i].text);
	}
}

static void many_pairs(void)
{
	const struct kv kv[] = {kv_str("a", "1"), kv_u64("b", 2), kv_str("c", "3 3")};
	char out[100];

	log_format(out, sizeof(out), EV_IKE_SA_UP, kv, 3);
	T_STR(out, "ike_sa_up a=1 b=2 c=\"3 3\"");
	log_format(out, sizeof(out), EV_STOP, NULL, 0);
	T_STR(out, "stop");
}

static void peer_bytes_are_cut(void)
{
	char long_name[200], out[1000];
	struct kv kv = kv_bytes("id", long_name, sizeof(long_name));

	memset(long_name, 'x', sizeof(long_name));
	T_EQ(log_format(out, sizeof(out), EV_START, &kv, 1), strlen("start id=") + 128 + 3);
	T_STR(out + strlen(out) - 4, "x...");
}

/* Every size of buffer: terminated, never beyond, no escape cut in two. */
static void small_buffers(void)
{
	const struct kv kv[] = {kv_bytes("k", "\x01\x02 \"", 4), kv_u64("n", 12345)};
	char whole[100];
	size_t all = log_format(whole, sizeof(whole), EV_START, kv, 2);

	for (size_t cap = 1; cap <= all + 1; cap++) {
		char out[101];
		size_t n;

		memset(out, '#', sizeof(out));
		n = log_format(out, cap, EV_START, kv, 2);
		T_ROW(cap, "cap");
		T_TRUE(n < cap && out[n] == '\0' && out[cap] == '#');
		T_MEM(out, whole, n);
		T_TRUE(n == 0 || out[n - 1] != '\\' || (n > 1 && out[n - 2] == '\\'));
	}
	T_EQ(log_format(whole, 0, EV_START, kv, 2), 0);
}

static void escapes(void)
{
	char out[64];

	T_EQ(escape_bytes(out, sizeof(out), "a\"b\\c\x80", 6), 11);
	T_STR(out, "a\\\"b\\\\c\\x80");
	T_EQ(escape_bytes(out, 4, "\x80\x80", 2), 0);
	T_STR(out, "");
	T_EQ(escape_bytes(out, 5, "\x80\x80", 2), 4);
	T_STR(out, "\\x80");
	T_EQ(escape_bytes(out, 0, "abc", 3), 0);
	T_EQ(unescape_bytes(out, sizeof(out), "a\\\"b\\\\c\\x80"), 6);
	T_STR(out, "a\"b\\c\x80");
	T_EQ(unescape_bytes(out, sizeof(out), "a\\x00\\x0a\\x7f\\x8\\"), 17); /* what is no escape, or must stay one */
	T_STR(out, "a\\x00\\x0a\\x7f\\x8\\");
	T_EQ(unescape_bytes(out, 3, "abc"), 2);
	T_STR(out, "ab");
}

static char seen[100];

static void sink(void *ctx, enum event e, const struct kv *kv, size_t n)
{
	(*(int *)ctx)++;
	log_format(seen, sizeof(seen), e, kv, n);
}

static void sink_gets_events(void)
{
	int count = 0;

	LOG(EV_STOP, kv_str("why", "nobody listens"));
	log_set_sink(sink, &count);
	LOG(EV_STOP, kv_str("why", "test"), kv_u64("n", 3));
	T_EQ(count, 1);
	T_STR(seen, "stop why=test n=3");
	log_set_sink(NULL, NULL);
	LOG(EV_STOP, kv_str("why", "nobody listens"));
	T_EQ(count, 1);
}

int main(void)
{
	T_RUN(lines);
	T_RUN(many_pairs);
	T_RUN(peer_bytes_are_cut);
	T_RUN(small_buffers);
	T_RUN(escapes);
	T_RUN(sink_gets_events);
	return t_end();
}
