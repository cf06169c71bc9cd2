/* ESP framing, and what shares port 4500 with it. */
#include "core/wire/esp.h"
#include "tests/unit/wire.h"

static void headers_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
	} rows[] = {
		{"shortest", "00000100 00000001 aabb", ST_OK},
		{"SPI 2^32-1", "ffffffff ffffffff aabbcc", ST_OK},
		{"SPI 0", "00000000 00000001 aabb", ST_ESP_NO_SA},
		{"SPI 255", "000000ff 00000001 aabb", ST_ESP_NO_SA},
		{"one byte of body", "00000100 00000001 aa", ST_ESP_SHORT},
		{"no body", "00000100 00000001", ST_ESP_SHORT},
		{"half a header", "00000100 0000", ST_ESP_SHORT},
		{"empty", "", ST_ESP_SHORT},
	};
	struct esp_hdr h;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view v = hex(rows[i].hex);

		T_ROW(i, rows[i].name);
		T_EQ(esp_hdr_parse(v.p, v.len, &h), rows[i].st);
	}
	struct view v = hex("c0ffee01 00000007 aabbcc");

	T_EQ(esp_hdr_parse(v.p, v.len, &h), ST_OK);
	T_TRUE(h.spi == 0xc0ffee01 && h.seq == 7 && h.body.len == 3 && h.body.p == v.p + 8);
}

static void trailers_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
		size_t len;
		unsigned next;
	} rows[] = {
		{"no padding", "aabb 00 04", ST_OK, 2, 4},
		{"padding", "aabb 010203 03 29", ST_OK, 2, 41},
		{"all padding", "0102 02 3b", ST_OK, 0, 59},
		{"nothing but a trailer", "00 3b", ST_OK, 0, 59},
		{"pad length one more than there is", "0102 03 04", ST_ESP_PAD, 0, 0},
		{"pad length 255", "aabb ff 04", ST_ESP_PAD, 0, 0},
		{"padding of zeros", "aa 0000 02 04", ST_ESP_PAD, 0, 0},
		{"padding from 0", "aa 0001 02 04", ST_ESP_PAD, 0, 0},
		{"last byte wrong", "aa 010204 03 04", ST_ESP_PAD, 0, 0},
		{"first byte wrong", "aa 020203 03 04", ST_ESP_PAD, 0, 0},
		{"one byte", "00", ST_ESP_PAD, 0, 0},
		{"empty", "", ST_ESP_PAD, 0, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view v = hex(rows[i].hex);
		size_t len;
		uint8_t next;

		T_ROW(i, rows[i].name);
		T_EQ(esp_trailer_parse(v.p, v.len, &len, &next), rows[i].st);
		if (rows[i].st != ST_OK)
			continue;
		T_EQ(len, rows[i].len);
		T_EQ(next, rows[i].next);
	}
}

static void written_trailers_parse(void)
{
	for (size_t block = 4; block <= 64; block *= 2) {
		for (size_t payload = 0; payload < 200; payload++) {
			uint8_t buf[512] = {0};
			size_t pad = esp_pad_len(payload, block), len;
			uint8_t next;

			esp_trailer_write(buf + payload, pad, 41);
			T_ROW(payload, "payload");
			T_TRUE(pad < block && (payload + pad + 2) % block == 0);
			T_EQ(esp_trailer_parse(buf, payload + pad + 2, &len, &next), ST_OK);
			T_TRUE(len == payload && next == 41);
		}
	}
	uint8_t most[257];
	size_t len;
	uint8_t next;

	esp_trailer_write(most, 255, 4);
	T_EQ(esp_trailer_parse(most, 257, &len, &next), ST_OK);
	T_EQ(len, 0);
}

static void datagrams_on_4500(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum udp4500_kind kind;
	} rows[] = {
		{"keepalive", "ff", UDP4500_KEEPALIVE},
		{"one other byte", "fe", UDP4500_BAD},
		{"two bytes ff", "ffff", UDP4500_BAD},
		{"empty", "", UDP4500_BAD},
		{"marker alone", "00000000", UDP4500_BAD},
		{"marker and 27 bytes",
			"00000000"
			"0102030405060708 1112131415161718 2e2025080000000100001c",
			UDP4500_BAD},
		{"IKE",
			"00000000"
			"0102030405060708 1112131415161718 2e202508 00000001 0000001c",
			UDP4500_IKE},
		{"ESP", "c0ffee01 00000001 aabb", UDP4500_ESP},
		{"ESP too short", "c0ffee01 00000001 aa", UDP4500_BAD},
		{"ESP SPI alone", "c0ffee01", UDP4500_BAD},
		{"half a marker", "0000", UDP4500_BAD},
		{"IKE without marker is taken for ESP", "0102030405060708 1112131415161718",
			UDP4500_ESP},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view v = hex(rows[i].hex);

		T_ROW(i, rows[i].name);
		T_EQ(udp4500_classify(v.p, v.len), rows[i].kind);
	}
}

int main(void)
{
	T_RUN(headers_judged);
	T_RUN(trailers_judged);
	T_RUN(written_trailers_parse);
	T_RUN(datagrams_on_4500);
	return t_end();
}
