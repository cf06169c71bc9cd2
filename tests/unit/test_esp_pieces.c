/* IPv4 packets cut before they are sealed: the pieces fit, are equal, and give the packet again. */
#include "tests/lib/pieces_left.h"
#include "tests/lib/t.h"

#define PACKET_MAX 65535
#define FRESH_ID 0x7777

struct whole {
	uint8_t data[PACKET_MAX + 64];
	uint8_t seen[PACKET_MAX + 64];
	size_t end; /* of the piece without MF; 0: none yet */
	size_t pieces, longest;
};

static uint8_t packet[PACKET_MAX], out[PACKET_MAX];
static struct whole whole;

/* field: DF, MF and offset. Options in hex, whole words. */
static size_t make(const char *options, size_t payload, uint16_t field, uint16_t id)
{
	size_t n, head;
	const uint8_t *o = t_hex(options, &n);
	uint16_t check;

	head = 20 + n;
	memset(packet, 0, head);
	packet[0] = (uint8_t)(0x40 | head / 4);
	packet[1] = 0xb9;
	packet[2] = (uint8_t)((head + payload) >> 8);
	packet[3] = (uint8_t)(head + payload);
	packet[4] = (uint8_t)(id >> 8);
	packet[5] = (uint8_t)id;
	packet[6] = (uint8_t)(field >> 8);
	packet[7] = (uint8_t)field;
	packet[8] = 61;
	packet[9] = IPP_UDP;
	memcpy(packet + 12, "\x0a\x00\x00\x01\x0a\x09\x00\x01", 8);
	memcpy(packet + 20, o, n);
	check = ip_checksum(packet, head);
	packet[10] = (uint8_t)(check >> 8);
	packet[11] = (uint8_t)check;
	for (size_t i = 0; i < payload; i++)
		packet[head + i] = (uint8_t)(i * 7 + i / 251);
	return head + payload;
}

/* One piece into the whole, as a receiver does it. */
static void take_piece(size_t len, size_t room, uint16_t id)
{
	struct ip_info ip;
	size_t at, n;

	T_TRUE(len <= room);
	T_EQ(ip_parse(out, len, &ip), ST_OK);
	T_EQ(ip.total_len, len);
	T_EQ(ip_checksum(out, ip.header_len), 0);
	T_TRUE(!ip.dont_fragment);
	T_EQ(out[4] << 8 | out[5], id);
	T_TRUE(ip.tos == 0xb9 && ip.ttl == 61 && ip.proto == IPP_UDP);
	T_MEM(out + 12, packet + 12, 8);
	at = (size_t)(out[6] << 8 | out[7]) % 8192 * 8;
	n = len - ip.header_len;
	if (out[6] & 0x20)
		T_EQ(n % 8, 0);
	else
		whole.end = at + n;
	for (size_t i = 0; i < n; i++)
		T_TRUE(!whole.seen[at + i]++);
	memcpy(whole.data + at, out + ip.header_len, n);
	if (n > whole.longest)
		whole.longest = n;
	whole.pieces++;
}

static void cut_and_join(size_t len, uint32_t room, uint16_t id)
{
	struct ip_info ip;
	struct pieces f;
	size_t n, head, from;
	uint32_t count;

	memset(&whole, 0, sizeof(whole));
	T_EQ(ip_parse(packet, len, &ip), ST_OK);
	T_EQ(pieces_init(&f, packet, &ip, room, FRESH_ID), ST_OK);
	count = pieces_left(&f);
	while ((n = pieces_next(&f, out, sizeof(out))))
		T_DO(take_piece(n, room, id));
	T_EQ(pieces_left(&f), 0);
	T_EQ(whole.pieces, count);
	head = ip.header_len;
	from = (size_t)(packet[6] << 8 | packet[7]) % 8192 * 8;
	T_MEM(whole.data + from, packet + head, len - head);
	/* the end is known when it was */
	T_EQ(whole.end, packet[6] & 0x20 ? 0 : from + len - head);
	/* as few as possible, and equal: no piece is shorter by more than rounding makes it */
	T_EQ(whole.pieces, (len - head + ((room - head) & ~7u) - 1) / ((room - head) & ~7u));
	T_TRUE(whole.longest * whole.pieces < len - head + 8 * whole.pieces);
}

static void pieces(void)
{
	static const struct {
		const char *name, *options;
		size_t payload;
		uint16_t field, id;
		uint32_t room;
		uint16_t want_id;
	} rows[] = {
		{"just too long", "", 1420, 0, 0x1234, 1438, 0x1234},
		{"two", "", 1480, 0, 0x1234, 1400, 0x1234},
		{"many", "", 65515, 0, 0x1234, 576, 0x1234},
		{"one byte over", "", 1381, 0, 1, 1400, 1},
		{"exactly two", "", 2 * 1376, 0, 1, 1396, 1},
		{"odd room", "", 3000, 0, 1, 1401, 1},
		{"smallest room", "", 100, 0, 1, 28, 1},
		{"options", "8607000000010100", 2000, 0, 5, 1400, 5},
		{"DF has its number changed", "", 1480, 0x4000, 0, 1400, FRESH_ID},
		{"a fragment with DF keeps it", "", 1480, 0x6000, 9, 1400, 9},
		{"first fragment", "", 1480, 0x2000, 9, 1400, 9},
		{"middle fragment", "", 1480, 0x2000 | 185, 9, 1400, 9},
		{"last fragment", "", 1477, 370, 9, 1400, 9},
		{"last of the longest", "", 1500, (65535 - 1500) / 8, 9, 576, 9},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = make(rows[i].options, rows[i].payload, rows[i].field, rows[i].id);

		T_ROW(i, rows[i].name);
		T_DO(cut_and_join(len, rows[i].room, rows[i].want_id));
	}
}

/* Every size around the limits of one and two pieces. */
static void every_size(void)
{
	for (size_t payload = 1; payload < 3000; payload++) {
		T_ROW(payload, "payload");
		T_DO(cut_and_join(make("", payload, 0, 3), 1004, 3));
	}
}

/* The second piece has those options whose copied flag is set; the first has all. */
static void options(void)
{
	static const struct {
		const char *name, *options, *later;
	} rows[] = {
		{"none", "", ""},
		{"copied", "86040000", "86040000"},
		{"not copied", "07040400", ""},
		{"mixed", "0704040086060000000001010001000000000000", "8606000000000000"},
		{"behind the end", "0000000086040000", ""},
		{"length 0", "86000000", ""},
		{"length 1", "8601000086040000", ""},
		{"beyond the header", "86ff0000", ""},
		{"cut off", "01010186", ""},
		{"forty bytes", "86280000000000000000000000000000000000000000000000000000000000000000000000000000",
			"86280000000000000000000000000000000000000000000000000000000000000000000000000000"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t all, copied;
		const uint8_t *o = t_hex(rows[i].options, &all), *c = t_hex(rows[i].later, &copied);
		size_t len = make(rows[i].options, 200, 0, 3);
		struct ip_info ip;
		struct pieces f;

		T_ROW(i, rows[i].name);
		T_EQ(ip_parse(packet, len, &ip), ST_OK);
		T_EQ(pieces_init(&f, packet, &ip, 180, 0), ST_OK);
		T_TRUE(pieces_next(&f, out, sizeof(out)) > 0);
		T_EQ((out[0] & 15) * 4, 20 + all);
		T_MEM(out + 20, o, all);
		T_TRUE(pieces_next(&f, out, sizeof(out)) > 0);
		T_EQ((out[0] & 15) * 4, 20 + copied);
		T_MEM(out + 20, c, copied);
		T_EQ(ip_checksum(out, 20 + copied), 0);
	}
}

static void refused(void)
{
	struct ip_info ip;
	struct pieces f;
	size_t len = make("", 1000, 0, 3);

	T_EQ(ip_parse(packet, len, &ip), ST_OK);
	T_EQ(pieces_init(&f, packet, &ip, 27, 0), ST_ESP_TOO_BIG);
	T_EQ(pieces_init(&f, packet, &ip, 500, 0), ST_OK);
	T_EQ(pieces_next(&f, out, 300), 0); /* the caller's memory is too small */
	/* ends beyond 65535 when put together */
	len = make("", 1000, 8100, 3);
	T_EQ(ip_parse(packet, len, &ip), ST_OK);
	T_EQ(pieces_init(&f, packet, &ip, 500, 0), ST_ESP_MALFORMED);
	/* nothing to cut */
	len = make("", 0, 0, 3);
	T_EQ(ip_parse(packet, len, &ip), ST_OK);
	T_EQ(pieces_init(&f, packet, &ip, 500, 0), ST_ESP_MALFORMED);
	ip.version = 6;
	T_EQ(pieces_init(&f, packet, &ip, 500, 0), ST_ESP_MALFORMED);
}

int main(void)
{
	T_RUN(pieces);
	T_RUN(every_size);
	T_RUN(options);
	T_RUN(refused);
	return t_end();
}
