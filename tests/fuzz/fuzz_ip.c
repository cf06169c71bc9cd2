/* An inner packet as a client, or the tunnel device, hands it over. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/pieces_left.h"
#include "core/esp/mss.h"
#include "core/esp/tos.h"
#include "core/wire/ip.h"
#include "core/wire/ip_build.h"
#include "core/wire/ts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* An answer to it is a right packet to its source, and not longer than allowed. */
static void answer(const uint8_t *data, size_t size, const struct ip_info *in)
{
	uint8_t buf[1400];
	struct wr w = wr_init(buf, sizeof(buf));
	struct addr from = {.family = in->src.family, .b = {10, 1, 2, 3}};
	struct ip_info out;

	ip_build_too_big(&w, &from, data, size, 1280);
	if (!wr_ok(&w))
		return;
	MUST(w.len <= (in->version == 4 ? 576 : 1280));
	MUST(ip_parse(buf, w.len, &out) == ST_OK);
	MUST(out.total_len == w.len && addr_eq(&out.dst, &in->src) && addr_eq(&out.src, &from));
	if (out.version == 4)
		MUST(ip_checksum(buf, out.header_len) == 0);
	/* never an answer to the answer */
	w = wr_init(buf, sizeof(buf));
	ip_build_too_big(&w, &from, buf, out.total_len, 1280);
	MUST(!wr_ok(&w));
}

/* Its pieces are packets, and together as long as it was. */
static void into_pieces(const uint8_t *data, const struct ip_info *in)
{
	uint8_t buf[600];
	size_t n, all = 0, found = 0;
	struct ip_info out;
	struct pieces f;

	if (pieces_init(&f, data, in, sizeof(buf), 1) != ST_OK)
		return;
	n = pieces_left(&f);
	for (size_t len; (len = pieces_next(&f, buf, sizeof(buf))); found++) {
		MUST(ip_parse(buf, len, &out) == ST_OK && out.total_len == len);
		MUST(ip_checksum(buf, out.header_len) == 0 && out.header_len <= in->header_len);
		all += len - out.header_len;
	}
	MUST(found == n && all == in->total_len - in->header_len);
}

/* What is done to it in place stays inside, and is done once. */
static void change(const uint8_t *data, struct ip_info *in)
{
	uint8_t *p = malloc(in->total_len);
	struct ip_info out;

	if (!p)
		return;
	memcpy(p, data, in->total_len);
	(void)mss_clamp(p, in, 1200, false);
	MUST(!mss_clamp(p, in, 1200, false));
	for (uint8_t outer = 0; outer < 4; outer++)
		(void)!tos_take(p, in, outer);
	MUST(ip_parse(p, in->total_len, &out) == ST_OK && out.tos == in->tos);
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip_info i;
	struct ip_marks marks;
	struct ts any;

	(void)ip_checksum(data, size);
	if (ip_parse(data, size, &i) != ST_OK)
		return 0;
	marks = ip_marks(data);
	MUST(marks.version == i.version && marks.tos == i.tos && marks.dont_fragment == i.dont_fragment);
	MUST(i.total_len <= size && i.header_len <= i.total_len);
	MUST(i.version == i.src.family && i.src.family == i.dst.family);
	MUST(!i.is_later_fragment || (i.is_fragment && !i.has_ports));
	MUST(!i.has_ports || i.total_len - i.header_len >= 4);
	any = ts_any(i.version);
	MUST(ts_match_packet(&any, &i.src, i.proto, ip_src_port(&i)));
	MUST(ts_match_packet(&any, &i.dst, i.proto, ip_dst_port(&i)));
	answer(data, size, &i);
	into_pieces(data, &i);
	change(data, &i);
	return 0;
}
