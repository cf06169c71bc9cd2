/* How long packets may be: sizes forth and back, the decision table for packets that are too long
 * (requirement group PFR), and what is known of a path. */
#include "core/esp/fit.h"
#include "tests/lib/t.h"

#define GCM {.iv_len = 8, .align = 4, .icv_len = 16}
#define CBC {.iv_len = 16, .align = 16, .icv_len = 16}

/* The other direction, as RFC 4303 section 2 has the fields: length of the outer IP packet, 0 when no packet is that
 * long. */
static uint32_t outer_len(const struct fit_wrap *w, uint32_t inner_len)
{
	uint32_t ip = w->family == 4 ? 20 : 40, body = inner_len - (w->is_transport ? ip : 0), padded = body + 2, len;

	while (padded % w->shape.align)
		padded++;
	len = ip + (w->is_udp ? 8 : 0) + 8 + w->shape.iv_len + padded + w->shape.icv_len;
	/* IPv6 does not count its own header. */
	return inner_len > 65535 || len > 65535 + (w->family == 6 ? 40u : 0u) ? 0 : len;
}

/* Reckoned by hand: outer header, UDP 8, ESP 8, IV, plain text with trailer in whole blocks, ICV. */
static void sizes(void)
{
	static const struct {
		const char *name;
		struct fit_wrap wrap;
		uint32_t mtu, room;
	} rows[] = {
		/* 1500 - 20 - 8 - 8 - 8 - 16 = 1440, less 2 */
		{"gcm udp v4", {GCM, 4, true}, 1500, 1438},
		{"gcm raw v4", {GCM, 4, false}, 1500, 1446},
		{"gcm udp v6", {GCM, 6, true}, 1500, 1418},
		{"gcm raw v6", {GCM, 6, false}, 1500, 1426},
		/* 1500 - 20 - 8 - 8 - 16 - 16 = 1432, 89 blocks, less 2 */
		{"cbc udp v4", {CBC, 4, true}, 1500, 1422},
		{"cbc raw v6", {CBC, 6, false}, 1500, 1406},
		{"gcm udp v4, odd mtu", {GCM, 4, true}, 1401, 1338},
		{"smallest v4", {GCM, 4, true}, 576, 514},
		{"smallest v6", {GCM, 6, true}, 1280, 1198},
		{"largest", {GCM, 4, true}, 65535, 65470},
		{"more than a packet", {GCM, 4, true}, 65536, 65470},
		{"nothing fits", {CBC, 6, true}, 88, 0},
		{"one block, no payload", {GCM, 4, true}, 62, 0},
		{"one block", {CBC, 6, true}, 104, 14},
		{"zero", {GCM, 4, true}, 0, 0},
		/* The header of 20 or 40 bytes goes outside: 1500 - 20 - 8 - 8 - 16 = 1448, less 2, and 20. */
		{"transport v4", {GCM, 4, false, true}, 1500, 1466},
		{"transport v6", {GCM, 6, false, true}, 1500, 1466},
		{"transport cbc v4", {CBC, 4, false, true}, 1500, 1458},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(fit_room(&rows[i].wrap, rows[i].mtu), rows[i].room);
		if (!rows[i].room)
			continue;
		T_TRUE(outer_len(&rows[i].wrap, rows[i].room) <= rows[i].mtu);
		T_TRUE(outer_len(&rows[i].wrap, rows[i].room + 1) > rows[i].mtu ||
		       outer_len(&rows[i].wrap, rows[i].room + 1) == 0);
	}
}

/* The two directions agree at every size and for every shape. */
static void forth_and_back(void)
{
	static const struct esp_shape shapes[] = {GCM, CBC, {0, 4, 12}, {16, 16, 32}, {8, 8, 12}};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]) * 4; i++) {
		struct fit_wrap w = {shapes[i / 4], i & 1 ? 4 : 6, i & 2};

		T_ROW(i, "shape");
		for (uint32_t mtu = 576; mtu < 9100; mtu++) {
			uint32_t room = fit_room(&w, mtu);

			T_TRUE(outer_len(&w, room) <= mtu && outer_len(&w, room + 1) > mtu);
		}
		T_EQ(outer_len(&w, 65536), 0);
	}
}

/* The table of requirement R-PFR-07 and what it leaves out; room is 1438, IPv4. */
static void decisions(void)
{
	enum { B = true, A = false };
	static const struct {
		const char *name;
		bool before;
		uint8_t df;
		int version;
		bool inner_df;
		uint32_t len;
		enum fit_act act;
		bool outer_df;
		uint32_t verdict_len;
	} rows[] = {
		/* the twelve rows */
		{"on clear 0", B, FIT_DF_CLEAR, 4, 0, 1500, FIT_BEFORE, 0, 1438},
		{"on clear 1", B, FIT_DF_CLEAR, 4, 1, 1500, FIT_BEFORE, 0, 1438},
		{"off clear 0", A, FIT_DF_CLEAR, 4, 0, 1500, FIT_AFTER, 0, 1438},
		{"off clear 1", A, FIT_DF_CLEAR, 4, 1, 1500, FIT_AFTER, 0, 1438},
		{"on set 0", B, FIT_DF_SET, 4, 0, 1500, FIT_BEFORE, 1, 1438},
		{"on set 1", B, FIT_DF_SET, 4, 1, 1500, FIT_TOO_BIG, 0, 1438},
		{"off set 0", A, FIT_DF_SET, 4, 0, 1500, FIT_AFTER, 0, 1438},
		{"off set 1", A, FIT_DF_SET, 4, 1, 1500, FIT_TOO_BIG, 0, 1438},
		{"on copy 0", B, FIT_DF_COPY, 4, 0, 1500, FIT_BEFORE, 0, 1438},
		{"on copy 1", B, FIT_DF_COPY, 4, 1, 1500, FIT_TOO_BIG, 0, 1438},
		{"off copy 0", A, FIT_DF_COPY, 4, 0, 1500, FIT_AFTER, 0, 1438},
		{"off copy 1", A, FIT_DF_COPY, 4, 1, 1500, FIT_TOO_BIG, 0, 1438},
		/* what fits, at its edge */
		{"fits, clear 1", A, FIT_DF_CLEAR, 4, 1, 1438, FIT_SEND, 0, 1438},
		{"fits, set 0", A, FIT_DF_SET, 4, 0, 1438, FIT_SEND, 1, 1438},
		{"fits, copy 0", B, FIT_DF_COPY, 4, 0, 1438, FIT_SEND, 0, 1438},
		{"fits, copy 1", B, FIT_DF_COPY, 4, 1, 1438, FIT_SEND, 1, 1438},
		{"one more, copy 1", B, FIT_DF_COPY, 4, 1, 1439, FIT_TOO_BIG, 0, 1438},
		/* IPv6 */
		{"v6 on copy", B, FIT_DF_COPY, 6, 1, 1500, FIT_TOO_BIG, 0, 1438},
		{"v6 off set", A, FIT_DF_SET, 6, 1, 1500, FIT_TOO_BIG, 0, 1438},
		{"v6 on clear", B, FIT_DF_CLEAR, 6, 1, 1500, FIT_AFTER, 0, 1438},
		{"v6 off clear", A, FIT_DF_CLEAR, 6, 1, 1500, FIT_AFTER, 0, 1438},
		{"v6 fits, copy", A, FIT_DF_COPY, 6, 1, 1438, FIT_SEND, 1, 1438},
		{"v6 fits, clear", A, FIT_DF_CLEAR, 6, 1, 1438, FIT_SEND, 0, 1438},
	};
	const struct fit_wrap wrap = {GCM, 4, true};
	struct fit_path p;

	fit_path_init(&p, &wrap);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fit_rules r = {.df = rows[i].df, .before = rows[i].before};
		struct ip_marks ip = {.version = (uint8_t)rows[i].version,
			.dont_fragment = rows[i].inner_df};
		struct fit_verdict v = fit_judge(&r, &p, &ip, rows[i].len);

		T_ROW(i, rows[i].name);
		T_EQ(v.act, rows[i].act);
		T_EQ(v.df, rows[i].outer_df);
		T_EQ(v.len, rows[i].verdict_len);
	}
}

/* A path on which not even 1280 bytes fit: IPv6 of that size is carried, and nobody told less. */
static void small_path(void)
{
	const struct fit_wrap wrap = {GCM, 4, true};
	const struct fit_rules copy = {.df = FIT_DF_COPY, .before = true};
	struct ip_marks v6 = {.version = 6, .dont_fragment = true};
	struct fit_path p;
	struct fit_verdict v;

	fit_path_init(&p, &wrap);
	fit_path_learn(&p, &wrap, 1300, 1500, 1);
	T_EQ(p.room, 1238);
	T_EQ(fit_judge(&copy, &p, &v6, 1238).act, FIT_SEND);
	v = fit_judge(&copy, &p, &v6, 1280);
	T_EQ(v.act, FIT_AFTER);
	T_TRUE(!v.df);
	v = fit_judge(&copy, &p, &v6, 1281);
	T_EQ(v.act, FIT_TOO_BIG);
	T_EQ(v.len, 1280);
}

/* What the kernel was told and we do not believe: it would refuse what has DF, so nothing has. */
static void forged_path(void)
{
	const struct fit_wrap wrap = {GCM, 4, true}, wrap6 = {GCM, 6, true};
	const struct fit_rules copy = {.df = FIT_DF_COPY}, set = {.df = FIT_DF_SET};
	struct ip_marks v4 = {.version = 4, .dont_fragment = true};
	struct fit_path p;

	fit_path_init(&p, &wrap);
	T_TRUE(fit_judge(&copy, &p, &v4, 514).df);
	fit_path_learn(&p, &wrap, 552, 1500, 1);
	T_EQ(p.room, 514);
	T_EQ(fit_judge(&copy, &p, &v4, 514).act, FIT_SEND);
	T_TRUE(!fit_judge(&copy, &p, &v4, 514).df && !fit_judge(&set, &p, &v4, 514).df);
	T_EQ(fit_judge(&copy, &p, &v4, 515).act, FIT_TOO_BIG);
	fit_path_learn(&p, &wrap, 576, 1500, 2);
	T_TRUE(fit_judge(&copy, &p, &v4, 514).df);
	/* Nothing is learned from no answer. */
	fit_path_learn(&p, &wrap6, 1000, 1500, 3);
	fit_path_learn(&p, &wrap6, 0, 0, 4);
	T_TRUE(!fit_judge(&copy, &p, &v4, 514).df);
}

/* `ip mtu` and `ipv6 mtu` count for their family, like those of a router's interface. */
static void tunnel_mtu(void)
{
	const struct fit_wrap wrap = {GCM, 4, true};
	const struct fit_rules r = {.df = FIT_DF_CLEAR, .mtu4 = 1000, .mtu6 = 1300};
	struct ip_marks v4 = {.version = 4}, v4_df = {.version = 4, .dont_fragment = true};
	struct ip_marks v6 = {.version = 6, .dont_fragment = true};
	struct fit_path p;
	struct fit_verdict v;

	fit_path_init(&p, &wrap);
	T_EQ(fit_judge(&r, &p, &v4, 1000).act, FIT_SEND);
	v = fit_judge(&r, &p, &v4, 1001);
	T_TRUE(v.act == FIT_BEFORE && v.len == 1000);
	v = fit_judge(&r, &p, &v4_df, 1001);
	T_TRUE(v.act == FIT_TOO_BIG && v.len == 1000);
	T_EQ(fit_judge(&r, &p, &v6, 1300).act, FIT_SEND);
	v = fit_judge(&r, &p, &v6, 1301);
	T_TRUE(v.act == FIT_TOO_BIG && v.len == 1300);
	/* the path may be shorter still */
	fit_path_learn(&p, &wrap, 700, 1500, 1);
	v = fit_judge(&r, &p, &v4, 1001);
	T_TRUE(v.act == FIT_BEFORE && v.len == p.room);
	v = fit_judge(&r, &p, &v6, 1301);
	T_TRUE(v.act == FIT_TOO_BIG && v.len == 1280);
}

/* A fragment is nothing that transport mode carries: what may be cut is cut outside, also by `ip mtu`. */
static void transport_is_whole(void)
{
	const struct fit_wrap wrap = {GCM, 4, false, true};
	const struct fit_rules r = {.df = FIT_DF_COPY, .before = true, .mtu4 = 1400};
	const struct fit_rules wide = {.df = FIT_DF_SET, .before = true};
	struct ip_marks v4 = {.version = 4}, v4_df = {.version = 4, .dont_fragment = true};
	struct fit_path p;
	struct fit_verdict v;

	fit_path_init(&p, &wrap);
	T_EQ(fit_judge(&wide, &p, &v4, 1466).act, FIT_SEND);
	v = fit_judge(&wide, &p, &v4, 1467);
	T_TRUE(v.act == FIT_AFTER && !v.df);
	T_EQ(fit_judge(&wide, &p, &v4_df, 1467).act, FIT_TOO_BIG);
	v = fit_judge(&r, &p, &v4, 1401);
	T_TRUE(v.act == FIT_AFTER && !v.df);
	v = fit_judge(&r, &p, &v4_df, 1401);
	T_TRUE(v.act == FIT_TOO_BIG && v.len == 1400);
	fit_path_learn(&p, &wrap, 700, 1500, 1);
	T_TRUE(p.is_whole && fit_judge(&wide, &p, &v4, 900).act == FIT_AFTER);
}

static void path_is_learned(void)
{
	const struct fit_wrap w4 = {GCM, 4, true}, w6 = {GCM, 6, true};
	struct fit_path p;

	fit_path_init(&p, &w4);
	T_TRUE(p.path_mtu == 1500 && p.media_mtu == 1500 && p.room == 1438 && p.floor == 514);
	/* Short packets need no look, long ones at once. */
	T_TRUE(!fit_path_is_due(&p, 514, 5000) && fit_path_is_due(&p, 515, 5000));
	fit_path_doubt(&p);
	T_TRUE(fit_path_is_due(&p, 515, 1));
	fit_path_learn(&p, &w4, 1400, 9000, 5000);
	T_TRUE(p.path_mtu == 1400 && p.media_mtu == 9000 && p.room == 1338);
	T_TRUE(!fit_path_is_due(&p, 1500, 5000 + FIT_LOOK_MS - 1));
	T_TRUE(fit_path_is_due(&p, 1500, 5000 + FIT_LOOK_MS));
	/* Refused: at once when the last look was some time ago, otherwise soon. */
	fit_path_doubt(&p);
	T_TRUE(!fit_path_is_due(&p, 1500, 5000 + FIT_DOUBT_MS - 1));
	T_TRUE(fit_path_is_due(&p, 1500, 5000 + FIT_DOUBT_MS));
	T_TRUE(!fit_path_is_due(&p, 514, 5000 + FIT_DOUBT_MS));
	/* No outcome: what was known stays. It grows again. */
	fit_path_learn(&p, &w4, 0, 0, 7000);
	T_TRUE(p.path_mtu == 1400 && !fit_path_is_due(&p, 1500, 8000));
	fit_path_learn(&p, &w4, 9000, 9000, 70000);
	T_TRUE(p.path_mtu == 9000 && p.room == fit_room(&w4, 9000));
	/* Bounds. */
	fit_path_learn(&p, &w4, 68, 1500, 1);
	T_EQ(p.path_mtu, 576);
	fit_path_learn(&p, &w4, 65536, 65536, 1);
	T_TRUE(p.path_mtu == 65535 && p.media_mtu == 65535);
	fit_path_learn(&p, &w4, 9000, 1500, 1);
	T_EQ(p.path_mtu, 1500);
	fit_path_init(&p, &w6);
	fit_path_learn(&p, &w6, 600, 1500, 1);
	T_TRUE(p.path_mtu == 1280 && p.floor == p.room);
}

int main(void)
{
	T_RUN(sizes);
	T_RUN(forth_and_back);
	T_RUN(decisions);
	T_RUN(small_path);
	T_RUN(forged_path);
	T_RUN(tunnel_mtu);
	T_RUN(transport_is_whole);
	T_RUN(path_is_learned);
	return t_end();
}
