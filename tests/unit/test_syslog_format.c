/* Events as syslog messages: word by word, and whatever a peer calls itself, one message that a strict reader
 * takes apart into what went in. */
#include <stdio.h>

#include "modules/syslog/format.h"
#include "tests/lib/syslog_check.h"
#include "tests/lib/t.h"

#define WHEN 1769860800123 /* 2026-01-31T12:00:00.123Z */

static struct syslog_source source = {.facility = 20, .pid = 77, .version = "0.1.0+abc", .host = "gw"};
static struct syslog_line line;
static struct syslog_checked checked;
static uint8_t whole[SYSLOG_MAX + 1];
static size_t whole_len;

/* The message as it goes out, with this sequenceId. */
static void make(enum event e, const struct kv *kv, size_t n, const char *number)
{
	struct syslog_event ev = {WHEN, WHEN + 3600000, e, kv, n};
	if (line.max == 0)
		line.max = SYSLOG_MAX;
	syslog_format_5424(&source, &ev, &line);
	size_t digits = strlen(number), at = line.sequence_at;
	T_TRUE(at > 0 && at < line.len && line.len + SYSLOG_DIGITS <= line.max);
	memcpy(whole, line.bytes, at);
	memcpy(whole + at, number, digits);
	memcpy(whole + at + digits, line.bytes + at, line.len - at);
	whole_len = line.len + digits;
	whole[whole_len] = 0;
	const char *why = syslog_check(whole, whole_len, &checked);
	if (why)
		T_FAIL("%s in: %s", why, whole);
}

static struct endpoint endpoint(const char *text, uint16_t port)
{
	struct endpoint e = {.port = port};
	if (addr_parse(text, &e.addr) != ST_OK)
		t_fail(__FILE__, __LINE__, "%s", text);
	return e;
}

#define ORIGIN "[origin enterpriseId=\"8072.9999.9999\" software=\"Sallyport\" swVersion=\"0.1.0+abc\"]"
#define BOM "\xef\xbb\xbf"
#define HEAD(pri, id) "<" pri ">1 2026-01-31T12:00:00.123Z gw sallyport 77 " id " [meta sequenceId=\"9\"]"

static void whole_messages(void)
{
	struct endpoint local = endpoint("198.51.100.1", 4500), remote = endpoint("192.0.2.7", 61234);
	struct endpoint six = endpoint("2001:db8::7", 500);
	const struct kv up[] = {kv_str("session", "01J"), kv_ep("remote", &remote), kv_str("identity", "anna@corp.example"),
				kv_addr("ip4", &local.addr), kv_addr("ip6", &(struct addr){0}), kv_status("status", ST_OK)};
	const struct kv down[] = {kv_ep("remote", &six), kv_str("identity", "group one"), kv_status("status", ST_END_DPD),
				  kv_u64("bytes_in", UINT64_MAX)};
	const struct kv sa[] = {kv_ep("local", &local), kv_spi64("spi_i", 0xabc), kv_spi32("spi_in", 0xabc)};
	const struct kv spi[] = {kv_spi32("spi", 0x1234)};
	const struct kv esp[] = {kv_addr("destaddr", &local.addr), kv_u64("prot", 50), kv_spi32("spi", 0x1234),
				 kv_u64("spi_decimal", 0x1234), kv_addr("srcaddr", &remote.addr), kv_u64("srcport", 4500)};
	const struct kv replay[] = {kv_u64("connection", 0x1234), kv_spi32("spi", 0x1234), kv_ep("remote", &remote)};
	const struct kv none[] = {kv_str("hint", ""), kv_str("word", NULL), kv_bytes("x", "", 0)};
	const struct kv lost[] = {kv_str("destination", "192.0.2.9:514"), kv_u64("dropped", 12)};
	const struct {
		enum event e;
		const struct kv *kv;
		size_t n;
		const char *text;
	} rows[] = {
		{EV_SESSION_UP, up, 6,
		 HEAD("165", "session_up") "[session@8072.9999.9999 session=\"01J\" remote=\"192.0.2.7\" remote_port=\"61234\" "
		 "identity=\"anna@corp.example\" ip4=\"198.51.100.1\" status=\"ok\"]" ORIGIN " " BOM
		 "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP.  Peer 192.0.2.7:61234  Id: anna@corp.example "
		 "session=01J ip4=198.51.100.1 status=ok"},
		{EV_SESSION_DOWN, down, 4,
		 HEAD("165", "session_down") "[session@8072.9999.9999 remote=\"2001:db8::7\" remote_port=\"500\" "
		 "identity=\"group one\" status=\"dpd\" bytes_in=\"18446744073709551615\"]" ORIGIN " " BOM
		 "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN.  Peer [2001:db8::7]:500  Id: \"group one\" "
		 "status=dpd bytes_in=18446744073709551615"},
		{EV_IKE_SA_UP, sa, 3,
		 HEAD("165", "ike_sa_up") "[ike@8072.9999.9999 local=\"198.51.100.1\" local_port=\"4500\" "
		 "spi_i=\"0x0000000000000abc\" spi_in=\"0x00000abc\"]" ORIGIN " " BOM
		 "%IKEV2-5-SA_UP: SA UP local=198.51.100.1:4500 spi_i=0x0000000000000abc spi_in=0x00000abc"},
		{EV_IKE_SA_DOWN, NULL, 0,
		 HEAD("165", "ike_sa_down") "[ike@8072.9999.9999]" ORIGIN " " BOM "%IKEV2-5-SA_DOWN: SA DOWN"},
		{EV_INVALID_SPI, spi, 1,
		 HEAD("164", "invalid_spi") "[esp@8072.9999.9999 spi=\"0x00001234\"]" ORIGIN " " BOM
		 "%CRYPTO-4-RECVD_PKT_INV_SPI: spi=0x00001234"},
		{EV_INVALID_SPI, esp, 6,
		 HEAD("164", "invalid_spi") "[esp@8072.9999.9999 destaddr=\"198.51.100.1\" prot=\"50\" spi=\"0x00001234\" "
		 "spi_decimal=\"4660\" srcaddr=\"192.0.2.7\" srcport=\"4500\"]" ORIGIN " " BOM
		 "%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=198.51.100.1, "
		 "prot=50, spi=0x00001234(4660), srcaddr=192.0.2.7 srcport=4500"},
		{EV_PKT_REPLAY, replay, 3,
		 HEAD("164", "packet_replay") "[esp@8072.9999.9999 connection=\"4660\" spi=\"0x00001234\" remote=\"192.0.2.7\" "
		 "remote_port=\"61234\"]" ORIGIN " " BOM
		 "%CRYPTO-4-PKT_REPLAY_ERR: decrypt: replay check failed connection id=4660 spi=0x00001234 "
		 "remote=192.0.2.7:61234"},
		{EV_STOP, none, 3, HEAD("165", "stop") "[system@8072.9999.9999]" ORIGIN " " BOM "%SALLYPORT-5-STOP:"},
		{EV_SYSLOG_QUEUE, lost, 2,
		 HEAD("164", "syslog_queue") "[system@8072.9999.9999 destination=\"192.0.2.9:514\" dropped=\"12\"]" ORIGIN " " BOM
		 "%SALLYPORT-4-SYSLOG_QUEUE: 12 messages were dropped destination=192.0.2.9:514"},
	};
	line.max = SYSLOG_MAX;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, event_token(rows[i].e));
		T_DO(make(rows[i].e, rows[i].kv, rows[i].n, "9"));
		T_STR((char *)whole, rows[i].text);
	}
}

/* Severity, facility and mnemonic of every event there is. */
static void every_event(void)
{
	const struct kv kv[] = {kv_str("reason", "because")};
	for (int facility = 0; facility < 24; facility++)
		for (int e = 0; e < EV__MAX; e++) {
			T_ROW(e, event_token((enum event)e));
			source.facility = (uint8_t)facility;
			T_DO(make((enum event)e, kv, 1, "2147483647"));
			T_EQ(checked.priority, facility * 8 + event_severity((enum event)e));
			T_STR(checked.msgid, event_token((enum event)e));
			T_TRUE(checked.msg[0] == '%' && strncmp(checked.msg + 1, event_mnemonic((enum event)e),
								strlen(event_mnemonic((enum event)e))) == 0);
			T_STR(syslog_checked_value(&checked, "reason"), "because");
			T_STR(syslog_checked_value(&checked, "sequenceId"), "2147483647");
			T_STR(syslog_checked_value(&checked, "software"), "Sallyport");
			T_EQ(checked.n_elements, 3);
		}
	source.facility = 20;
}

/* What goes in, what the structured data holds, and what stands in MSG. */
static void hostile_values(void)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
		bool is_peer; /* KV_BYTES */
		const char *value;
		const char *msg;
	} rows[] = {
#define IN(s) s, sizeof(s) - 1
		{"quote", IN("a\"b"), false, "a\"b", "k=\"a\\\"b\""},
		{"bracket", IN("a]b"), false, "a]b", "k=a]b"},
		{"backslash", IN("a\\b"), false, "a\\b", "k=\"a\\\\b\""},
		{"ends the element", IN("x\"][evil@1 admin=\"1"), false, "x\"][evil@1 admin=\"1",
		 "k=\"x\\\"][evil@1 admin=\\\"1\""},
		{"line", IN("a\n<0>1 - evil"), false, "a\\x0a<0>1 - evil", "k=\"a\\x0a<0>1 - evil\""},
		{"return", IN("a\r\nb"), false, "a\\x0d\\x0ab", "k=\"a\\x0d\\x0ab\""},
		{"escape sequence", IN("\x1b[31m"), false, "\\x1b[31m", "k=\"\\x1b[31m\""},
		{"blank", IN("a b=c"), false, "a b=c", "k=\"a b=c\""},
		{"umlaut", IN("b\xc3\xbcro"), false, "b\xc3\xbcro", "k=b\xc3\xbcro"},
		{"four bytes", IN("\xf0\x9f\x94\x91"), false, "\xf0\x9f\x94\x91", "k=\xf0\x9f\x94\x91"},
		{"half a character", IN("a\xc3"), false, "a\\xc3", "k=a\\xc3"},
		{"not the shortest", IN("\xc0\xaf"), false, "\\xc0\\xaf", "k=\\xc0\\xaf"},
		{"surrogate", IN("\xed\xa0\x80"), false, "\\xed\\xa0\\x80", "k=\\xed\\xa0\\x80"},
		{"beyond Unicode", IN("\xf4\x90\x80\x80"), false, "\\xf4\\x90\\x80\\x80", "k=\\xf4\\x90\\x80\\x80"},
		{"C1", IN("\xc2\x9b" "31m"), false, "\\xc2\\x9b31m", "k=\\xc2\\x9b31m"},
		{"right to left", IN("a\xe2\x80\xae" "b"), false, "a\\xe2\\x80\\xaeb", "k=a\\xe2\\x80\\xaeb"},
		{"BOM", IN("\xef\xbb\xbf"), false, "\\xef\\xbb\\xbf", "k=\\xef\\xbb\\xbf"},
		{"line separator", IN("\xe2\x80\xa8"), false, "\\xe2\\x80\\xa8", "k=\\xe2\\x80\\xa8"},
		{"peer: word", IN("anna"), true, "anna", "k=anna"},
		{"peer: zero", IN("a\0b"), true, "a\\x00b", "k=\"a\\x00b\""},
		{"peer: all of it", IN("\"\\]\n\xc3\xbc"), true, "\\\"\\\\]\\x0a\\xc3\\xbc",
		 "k=\"\\\"\\\\]\\x0a\\xc3\\xbc\""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kv kv[] = {rows[i].is_peer ? kv_bytes("k", rows[i].in, rows[i].len) : kv_str("k", rows[i].in),
				  kv_str("last", "1")};
		T_ROW(i, rows[i].name);
		T_DO(make(EV_IKE_AUTH_FAILED, kv, 2, "1"));
		T_EQ(checked.n_elements, 3);
		T_STR(syslog_checked_value(&checked, "k"), rows[i].value);
		T_STR(syslog_checked_value(&checked, "last"), "1");
		T_TRUE(syslog_checked_value(&checked, "admin") == NULL);
		T_TRUE(strstr(checked.msg, rows[i].msg) && strstr(checked.msg, " last=1"));
	}
}

static void long_values(void)
{
	char text[2000];
	struct kv kv[] = {kv_str("k", text), kv_bytes("p", text, 300), kv_str("last", "1")};
	memset(text, 'x', sizeof(text));
	text[900] = 0;
	T_DO(make(EV_IKE_AUTH_FAILED, kv, 3, "1"));
	const char *v = syslog_checked_value(&checked, "k");
	T_TRUE(v && strlen(v) == SYSLOG_VALUE + 3 && strcmp(v + SYSLOG_VALUE, "...") == 0);
	v = syslog_checked_value(&checked, "p");
	T_TRUE(v && strlen(v) == 131 && strcmp(v + 128, "...") == 0);
	/* Never in the middle of a character: 512 is not a multiple of three. */
	for (size_t i = 0; i < 600; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[600] = 0;
	T_DO(make(EV_IKE_AUTH_FAILED, kv, 1, "1"));
	v = syslog_checked_value(&checked, "k");
	T_TRUE(v && strlen(v) == 513 + 3 && strcmp(v + 513, "...") == 0);
}

/* Too much for the message: whole parameters are left out, the small ones stay, and how many are missing
 * is said. */
static void whole_parameters(void)
{
	char texts[8][501];
	struct kv kv[10];
	for (int i = 0; i < 8; i++) {
		memset(texts[i], 'a' + i, 500);
		texts[i][500] = 0;
		kv[i] = kv_str((const char *[]){"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"}[i], texts[i]);
	}
	kv[8] = kv_str("small", "1");
	kv[9] = kv_str("a name that cannot be", "1");
	T_DO(make(EV_IKE_AUTH_FAILED, kv, 10, "2147483647"));
	T_STR(syslog_checked_value(&checked, "k0"), texts[0]);
	T_STR(syslog_checked_value(&checked, "k2"), texts[2]);
	T_TRUE(syslog_checked_value(&checked, "k3") == NULL);
	T_STR(syslog_checked_value(&checked, "small"), "1");
	T_STR(syslog_checked_value(&checked, "omitted"), "6");
	T_TRUE(whole_len <= SYSLOG_MAX);
}

/* Every limit, with the longest header there can be. */
static void every_limit(void)
{
	struct syslog_source keep = source;
	struct endpoint remote = endpoint("2001:db8:1111:2222:3333:4444:5555:6666", 65535);
	char id[321];
	const struct kv kv[] = {kv_ep("remote", &remote), kv_str("identity", id), kv_str("profile", "RA"),
				kv_bytes("word", "\"]\\\n", 4), kv_u64("bytes_in", UINT64_MAX)};
	memset(source.host, 'h', SYSLOG_HOST - 1);
	source.pid = UINT32_MAX;
	memset(id, '"', 320);
	id[320] = 0;
	size_t params = 0;
	for (line.max = SYSLOG_MIN; line.max <= SYSLOG_MAX; line.max++) {
		T_ROW(line.max, "max");
		T_DO(make(EV_SESSION_DOWN, kv, 5, "2147483647"));
		T_TRUE(whole_len <= line.max);
		T_TRUE(strncmp(checked.msg, "%CRYPTO-5-SESSION_STATUS:", 25) == 0);
		params = checked.n;
	}
	T_EQ(params, 1 + 6 + 3); /* with room for all of it nothing is missing */
	line.max = SYSLOG_MIN;
	for (int e = 0; e < EV__MAX; e++)
		T_DO(make((enum event)e, kv, 5, "2147483647"));
	line.max = SYSLOG_MAX;
	source = keep;
}

static void host_names(void)
{
	struct syslog_source keep = source;
	snprintf(source.host, sizeof(source.host), "hub one\n\xc3\xbc");
	T_DO(make(EV_STOP, NULL, 0, "1"));
	T_STR(checked.host, "hub-one---");
	source = keep;
}

static void times(void)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {{0, "1970-01-01T00:00:00.000Z"}, {1709164799999, "2024-02-28T23:59:59.999Z"},
		    {1709251199001, "2024-02-29T23:59:59.001Z"}, {253402300799999, "9999-12-31T23:59:59.999Z"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct syslog_event ev = {rows[i].ms, rows[i].ms, EV_STOP, NULL, 0};
		T_ROW(i, rows[i].text);
		line.max = SYSLOG_MAX;
		syslog_format_5424(&source, &ev, &line);
		T_TRUE(syslog_check(line.bytes, line.len, &checked) == NULL);
		T_STR(checked.time, rows[i].text);
	}
}

/* For the daemon of this host: the clock on the wall, no structured data, the same words. */
static void older_form(void)
{
	struct endpoint remote = endpoint("192.0.2.7", 4500);
	const struct kv kv[] = {kv_ep("remote", &remote), kv_str("identity", "a\"\n b"), kv_status("status", ST_OK)};
	struct syslog_event ev = {WHEN, WHEN + 3600000, EV_SESSION_UP, kv, 3};
	struct syslog_line l = {.max = SYSLOG_MAX};
	syslog_format_3164(&source, &ev, &l);
	T_EQ(l.sequence_at, 0);
	l.bytes[l.len] = 0;
	T_STR((char *)l.bytes, "<165>Jan 31 13:00:00 sallyport[77]: %CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP.  "
			       "Peer 192.0.2.7:4500  Id: \"a\\\"\\x0a b\" status=ok");
	ev.local_ms = 1770000000000; /* 2026-02-02T02:40:00Z: days of one digit have a blank before them */
	syslog_format_3164(&source, &ev, &l);
	T_MEM(l.bytes, "<165>Feb  2 02:40:00 sallyport", 30);
}

int main(void)
{
	T_RUN(whole_messages);
	T_RUN(every_event);
	T_RUN(hostile_values);
	T_RUN(long_values);
	T_RUN(whole_parameters);
	T_RUN(every_limit);
	T_RUN(host_names);
	T_RUN(times);
	T_RUN(older_form);
	return t_end();
}
