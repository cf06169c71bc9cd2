/* SA payloads: proposals, transforms, attributes. */
#include "core/wire/sa.h"
#include "tests/unit/wire.h"

/* Transforms: ENCR AES-CBC 256, PRF, INTEG, DH, ESN. "more" is 03, the last one 00. */
#define ENCR_CBC_256(flag) flag "00 000c 01 00 000c 800e 0100"
#define PRF_256(flag) flag "00 0008 02 00 0005"
#define INTEG_256(flag) flag "00 0008 03 00 000c"
#define DH_19(flag) flag "00 0008 04 00 0013"
#define ESN_0(flag) flag "00 0008 05 00 0000"

#define IKE_PROPOSAL                                                                               \
	"00 00 002c 01 01 00 04" ENCR_CBC_256("03") PRF_256("03") INTEG_256("03") DH_19("00")
#define ESP_PROPOSAL(flag, num)                                                                    \
	flag "00 0028 " num " 03 04 03 c0ffee01" ENCR_CBC_256("03") INTEG_256("03") ESN_0("00")

static struct sa sa;

static enum status parse_strict(struct view v)
{
	return sa_parse(v, SA_NUMBERS_STRICT, &sa);
}

static void one_ike_proposal(void)
{
	T_EQ(parse_strict(hex(IKE_PROPOSAL)), ST_OK);
	T_EQ(sa.n, 1);
	T_EQ(sa.v[0].num, 1);
	T_EQ(sa.v[0].protocol, PROTO_IKE);
	T_EQ(sa.v[0].spi.len, 0);
	T_EQ(sa.v[0].n, 4);
	T_TRUE(!sa.v[0].has_unknown_type);
	T_TRUE(sa.v[0].v[0].type == TRANSFORM_ENCR && sa.v[0].v[0].id == 12);
	T_EQ(sa.v[0].v[0].key_bits, 256);
	T_TRUE(sa.v[0].v[3].type == TRANSFORM_DH && sa.v[0].v[3].id == 19);
	T_EQ(sa.v[0].v[3].key_bits, 0);
	for (int i = 0; i < 4; i++)
		T_TRUE(!sa.v[0].v[i].unusable);
}

static void two_esp_proposals(void)
{
	T_EQ(parse_strict(hex(ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "02"))), ST_OK);
	T_EQ(sa.n, 2);
	T_EQ(sa.v[1].num, 2);
	T_MEM(sa.v[1].spi.p, "\xc0\xff\xee\x01", 4);
}

static void proposals_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
	} rows[] = {
		{"empty", "", ST_TRUNCATED},
		{"reserved bytes are ignored", "00 ff 0010 01 01 00 01 00 ff 0008 04 ff 0013",
			ST_OK},
		{"no transforms", "00 00 0008 01 01 00 00", ST_BAD_PAYLOAD},
		{"count one more", "00 00 0010 01 01 00 02" DH_19("00"), ST_BAD_PAYLOAD},
		{"count one less", "00 00 0018 01 01 00 01" DH_19("03") DH_19("00"),
			ST_BAD_PAYLOAD},
		{"last flag missing", "00 00 0010 01 01 00 01" DH_19("03"), ST_BAD_PAYLOAD},
		{"last flag too early", "00 00 0018 01 01 00 02" DH_19("00") DH_19("00"),
			ST_BAD_PAYLOAD},
		{"transform flag 2", "00 00 0018 01 01 00 02" DH_19("02") DH_19("00"),
			ST_BAD_PAYLOAD},
		{"proposal flag 1", "01 00 0010 01 01 00 01" DH_19("00"), ST_BAD_PAYLOAD},
		{"proposal flag 3", "03 00 0010 01 01 00 01" DH_19("00"), ST_BAD_PAYLOAD},
		{"more proposals that are not there", "02 00 0010 01 01 00 01" DH_19("00"),
			ST_TRUNCATED},
		{"bytes after the last", "00 00 0010 01 01 00 01" DH_19("00") "00", ST_TRAILING},
		{"proposal after the last", ESP_PROPOSAL("00", "01") ESP_PROPOSAL("00", "02"),
			ST_TRAILING},
		{"proposal length 0", "00 00 0000 01 01 00 01" DH_19("00"), ST_TRUNCATED},
		{"proposal length 7", "00 00 0007 01 01 00 01" DH_19("00"), ST_TRUNCATED},
		{"proposal length one more", "00 00 0011 01 01 00 01" DH_19("00"), ST_TRUNCATED},
		{"bytes after the last transform", "00 00 0011 01 01 00 01" DH_19("00") "00",
			ST_BAD_PAYLOAD},
		{"proposal length one less", "00 00 000f 01 01 00 01" DH_19("00"), ST_BAD_PAYLOAD},
		{"transform length 0", "00 00 0010 01 01 00 01 00 00 0000 04 00 0013",
			ST_BAD_PAYLOAD},
		{"transform length 7", "00 00 0010 01 01 00 01 00 00 0007 04 00 0013",
			ST_BAD_PAYLOAD},
		{"transform length beyond", "00 00 0010 01 01 00 01 00 00 0009 04 00 0013",
			ST_BAD_PAYLOAD},
		{"attribute cut", "00 00 0012 01 01 00 01 00 00 000a 01 00 000c 800e",
			ST_BAD_PAYLOAD},
		{"attribute TLV length lies",
			"00 00 0014 01 01 00 01 00 00 000c 01 00 000c 000e 0001", ST_BAD_PAYLOAD},
		{"first number 0", "00 00 0010 00 01 00 01" DH_19("00"), ST_BAD_PAYLOAD},
		{"first number 2", "00 00 0010 02 01 00 01" DH_19("00"), ST_BAD_PAYLOAD},
		{"same number twice", ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "01"),
			ST_BAD_PAYLOAD},
		{"number left out", ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "03"),
			ST_BAD_PAYLOAD},
		{"bug class 18: IKE SPI of 4 bytes", "00 00 0014 01 01 04 01 01020304" DH_19("00"),
			ST_BAD_PAYLOAD},
		{"bug class 18: ESP without SPI", "00 00 0010 01 03 00 01" ESN_0("00"),
			ST_BAD_PAYLOAD},
		{"bug class 18: ESP SPI of 8 bytes",
			"00 00 0018 01 03 08 01 0102030405060708" ESN_0("00"), ST_BAD_PAYLOAD},
		{"bug class 18: AH SPI of 3 bytes", "00 00 0013 01 02 03 01 010203" ESN_0("00"),
			ST_BAD_PAYLOAD},
		{"bug class 18: SPI size beyond the proposal", "00 00 0010 01 03 ff 01" ESN_0("00"),
			ST_TRUNCATED},
		{"bug class 18: protocol 0", "00 00 0011 01 00 01 01 aa" ESN_0("00"), ST_OK},
		{"bug class 18: protocol 255", "00 00 0010 01 ff 00 01" ESN_0("00"), ST_OK},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse_strict(hex(rows[i].hex)), rows[i].st);
	}
}

static void increasing_numbers(void)
{
	static const struct {
		const char *hex;
		enum status st;
	} rows[] = {
		{ESP_PROPOSAL("02", "03") ESP_PROPOSAL("00", "05"), ST_OK},
		{ESP_PROPOSAL("00", "ff"), ST_OK},
		{ESP_PROPOSAL("00", "00"), ST_BAD_PAYLOAD},
		{ESP_PROPOSAL("02", "05") ESP_PROPOSAL("00", "05"), ST_BAD_PAYLOAD},
		{ESP_PROPOSAL("02", "05") ESP_PROPOSAL("00", "04"), ST_BAD_PAYLOAD},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].hex);
		T_EQ(sa_parse(hex(rows[i].hex), SA_NUMBERS_INCREASING, &sa), rows[i].st);
	}
}

/* Bug class 27 and section 3.3.6: what is not understood is not chosen. */
static void attributes_judged(void)
{
	static const struct {
		const char *name;
		const char *attrs;
		unsigned key_bits;
		bool unusable;
	} rows[] = {
		{"none", "", 0, false},
		{"key length", "800e 0080", 128, false},
		{"bug class 27: unknown attribute", "8012 0001", 0, true},
		{"bug class 27: unknown after key length", "800e 0080 8012 0001", 128, true},
		{"bug class 27: unknown before key length", "8012 0001 800e 0080", 128, true},
		{"bug class 27: unknown TLV", "0012 0003 aabbcc", 0, true},
		{"bug class 27: unknown empty TLV", "0012 0000", 0, true},
		{"bug class 27: key length as TLV", "000e 0002 0080", 0, true},
		{"bug class 27: key length twice", "800e 0080 800e 0080", 128, true},
		{"bug class 27: two key lengths", "800e 0080 800e 0100", 128, true},
		{"key length 0", "800e 0000", 0, true},
		{"IKEv1 attribute", "8001 0007", 0, true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view attrs = hex(rows[i].attrs);
		uint8_t buf[64];
		struct wr w = wr_init(buf, sizeof(buf));
		struct wr_mark p, t;

		wr_u16(&w, 0);
		p = wr_open16(&w, 0);
		wr_bytes(&w, "\1\1\0\1", 4);
		wr_u16(&w, 0);
		t = wr_open16(&w, 8);
		wr_bytes(&w, "\1\0\0\14", 4);
		wr_bytes(&w, attrs.p, attrs.len);
		wr_close16(&w, t);
		wr_close16(&w, p);
		T_ROW(i, rows[i].name);
		T_EQ(parse_strict((struct view){buf, w.len}), ST_OK);
		T_EQ(sa.v[0].v[0].unusable, rows[i].unusable);
		T_EQ(sa.v[0].v[0].key_bits, rows[i].key_bits);
	}
}

static void unusable_transform_leaves_the_others(void)
{
	T_EQ(parse_strict(hex("00 00 001c 01 01 00 02"
			      "03 00 000c 01 00 000c 8012 0001"
			      "00 00 0008 04 00 0013")), ST_OK);
	T_EQ(sa.v[0].n, 2);
	T_TRUE(sa.v[0].v[0].unusable && !sa.v[0].v[1].unusable);
}

static void unknown_transform_types_mark_the_proposal(void)
{
	for (unsigned type = 0; type < 256; type++) {
		uint8_t body[] = {0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, (uint8_t)type, 0, 0, 1};

		T_ROW(type, "transform type");
		T_EQ(parse_strict((struct view){body, sizeof(body)}), ST_OK);
		T_EQ(sa.v[0].has_unknown_type, type < 1 || type > 12);
	}
}

static struct proposal sample(uint8_t num, uint8_t n)
{
	struct proposal p = {.num = num, .protocol = PROTO_IKE, .n = n};

	for (uint8_t i = 0; i < n && i < SA_TRANSFORMS_MAX; i++)
		p.v[i] = (struct transform){.type = TRANSFORM_DH, .id = (uint16_t)(i + 1)};
	return p;
}

static void more_proposals_than_kept(void)
{
	static uint8_t buf[255 * 16];
	struct wr w = wr_init(buf, sizeof(buf));

	for (unsigned i = 1; i <= 255; i++) {
		struct proposal p = sample((uint8_t)i, 1);

		sa_build_proposal(&w, &p, i == 255);
	}
	T_TRUE(wr_ok(&w));
	T_EQ(parse_strict((struct view){buf, w.len}), ST_OK);
	T_EQ(sa.n, SA_PROPOSALS_MAX);
	T_EQ(sa.n_skipped, 255 - SA_PROPOSALS_MAX);
	T_EQ(sa.v[SA_PROPOSALS_MAX - 1].num, SA_PROPOSALS_MAX);
	/* The 255th is still read: a lie in it is found. */
	buf[w.len - 8] = 3;
	T_EQ(parse_strict((struct view){buf, w.len}), ST_BAD_PAYLOAD);
}

/* A proposal with n transforms by hand: the builder's struct holds no more than 40. */
static size_t wide_proposal(uint8_t *buf, size_t cap, uint8_t n, uint8_t num, bool last)
{
	struct wr w = wr_init(buf, cap);
	struct wr_mark m;

	wr_u16(&w, last ? 0 : 0x0200);
	m = wr_open16(&w, 0);
	wr_u8(&w, num);
	wr_u8(&w, PROTO_IKE);
	wr_u8(&w, 0);
	wr_u8(&w, n);
	for (unsigned i = 0; i < n; i++) {
		wr_u16(&w, i + 1 < n ? 0x0300 : 0);
		wr_u16(&w, 8);
		wr_u16(&w, TRANSFORM_DH << 8);
		wr_u16(&w, (uint16_t)i);
	}
	wr_close16(&w, m);
	return w.len;
}

static void more_transforms_than_kept(void)
{
	static uint8_t buf[4096];
	size_t n;

	n = wide_proposal(buf, sizeof(buf), SA_TRANSFORMS_MAX, 1, true);
	T_EQ(parse_strict((struct view){buf, n}), ST_OK);
	T_TRUE(sa.n == 1 && sa.v[0].n == SA_TRANSFORMS_MAX && sa.n_skipped == 0);
	n = wide_proposal(buf, sizeof(buf), SA_TRANSFORMS_MAX + 1, 1, false);
	n += wide_proposal(buf + n, sizeof(buf) - n, 255, 2, false);
	n += wide_proposal(buf + n, sizeof(buf) - n, 1, 3, true);
	T_EQ(parse_strict((struct view){buf, n}), ST_OK);
	T_TRUE(sa.n == 1 && sa.n_skipped == 2 && sa.v[0].num == 3);
}

/* Bug class 27: the SPI of an IKE rekey that is missing or zero. */
static void spis_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		uint8_t protocol;
		size_t len;
		bool ok;
	} rows[] = {
		{"IKE_SA_INIT", IKE_PROPOSAL, PROTO_IKE, 0, true},
		{"bug class 27: IKE rekey without SPI", IKE_PROPOSAL, PROTO_IKE, 8, false},
		{"IKE rekey", "00 00 0018 01 01 08 01 0000000000000001" DH_19("00"), PROTO_IKE, 8,
			true},
		{"bug class 27: IKE rekey with SPI zero",
			"00 00 0018 01 01 08 01 0000000000000000" DH_19("00"), PROTO_IKE, 8, false},
		{"IKE_SA_INIT with SPI", "00 00 0018 01 01 08 01 0000000000000001" DH_19("00"),
			PROTO_IKE, 0, false},
		{"ESP", ESP_PROPOSAL("00", "01"), PROTO_ESP, 4, true},
		{"ESP with SPI zero", "00 00 0014 01 03 04 01 00000000" ESN_0("00"), PROTO_ESP, 4,
			false},
		{"second one zero",
			ESP_PROPOSAL("02", "01") "00 00 0014 02 03 04 01 00000000" ESN_0("00"),
			PROTO_ESP, 4, false},
		{"other protocols do not count", ESP_PROPOSAL("00", "01"), PROTO_IKE, 8, true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse_strict(hex(rows[i].hex)), ST_OK);
		T_EQ(sa_spis_are(&sa, rows[i].protocol, rows[i].len), rows[i].ok);
	}
}

static void cuts_and_bytes(void)
{
	T_DO(every_cut(hex(IKE_PROPOSAL), 44, parse_strict));
	T_DO(every_cut(hex(ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "02")), 80, parse_strict));
	every_byte(hex(IKE_PROPOSAL), parse_strict);
	every_byte(hex(ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "02")), parse_strict);
}

static struct proposal random_proposal(struct chance *c, uint8_t num, uint8_t *spi)
{
	static const size_t spi_lens[] = {0, 8, 4, 4};
	struct proposal p = {.num = num};
	size_t kind = (size_t)chance(c, 4);

	p.protocol = (uint8_t)(kind < 2 ? PROTO_IKE : kind);
	p.spi = chance_bytes(c, spi, spi_lens[kind], spi_lens[kind]);
	p.n = (uint8_t)(1 + chance(c, SA_TRANSFORMS_MAX));
	for (uint8_t i = 0; i < p.n; i++) {
		p.v[i].type = (uint8_t)(1 + chance(c, 5));
		p.v[i].id = (uint16_t)chance(c, 65536);
		p.v[i].key_bits = chance(c, 2) ? (uint16_t)(1 + chance(c, 65535)) : 0;
	}
	return p;
}

static void built_ones_parse(void)
{
	struct chance c = {2};

	for (int round = 0; round < 300; round++) {
		static uint8_t buf[20000], spis[SA_PROPOSALS_MAX][8];
		static struct sa want;
		struct wr w = wr_init(buf, sizeof(buf));

		want.n = (uint8_t)(1 + chance(&c, SA_PROPOSALS_MAX));
		for (uint8_t i = 0; i < want.n; i++)
			want.v[i] = random_proposal(&c, (uint8_t)(i + 1), spis[i]);
		sa_build(&w, &want);
		T_ROW(round, "round");
		T_TRUE(wr_ok(&w));
		T_EQ(parse_strict((struct view){buf, w.len}), ST_OK);
		T_EQ(sa.n, want.n);
		for (uint8_t i = 0; i < want.n; i++) {
			T_EQ(sa.v[i].protocol, want.v[i].protocol);
			T_TRUE(view_eq(sa.v[i].spi, want.v[i].spi));
			T_EQ(sa.v[i].n, want.v[i].n);
			for (uint8_t k = 0; k < want.v[i].n; k++) {
				T_EQ(sa.v[i].v[k].type, want.v[i].v[k].type);
				T_EQ(sa.v[i].v[k].id, want.v[i].v[k].id);
				T_EQ(sa.v[i].v[k].key_bits, want.v[i].v[k].key_bits);
				T_TRUE(!sa.v[i].v[k].unusable);
			}
		}
	}
}

int main(void)
{
	T_RUN(one_ike_proposal);
	T_RUN(two_esp_proposals);
	T_RUN(proposals_judged);
	T_RUN(increasing_numbers);
	T_RUN(attributes_judged);
	T_RUN(unusable_transform_leaves_the_others);
	T_RUN(unknown_transform_types_mark_the_proposal);
	T_RUN(more_proposals_than_kept);
	T_RUN(more_transforms_than_kept);
	T_RUN(spis_judged);
	T_RUN(cuts_and_bytes);
	T_RUN(built_ones_parse);
	return t_end();
}
