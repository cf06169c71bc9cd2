#include "core/esp/tos.h"

#include "core/base/be.h"

enum ecn { NOT_ECT, ECT_1, ECT_0, CE };

/* The figures' one case in which the packet is dropped. */
#define DROP 0xff

/* By inner, then outer field. Combinations that nobody makes (CE under ECT(1), say) are not signs of
 * danger for this version of ECN: the figure's result is taken and nothing is logged. */
static const uint8_t result_of[4][4] = {
	[NOT_ECT] = {[NOT_ECT] = NOT_ECT, [ECT_0] = NOT_ECT, [ECT_1] = NOT_ECT, [CE] = DROP},
	[ECT_0] = {[NOT_ECT] = ECT_0, [ECT_0] = ECT_0, [ECT_1] = ECT_1, [CE] = CE},
	[ECT_1] = {[NOT_ECT] = ECT_1, [ECT_0] = ECT_1, [ECT_1] = ECT_1, [CE] = CE},
	[CE] = {[NOT_ECT] = CE, [ECT_0] = CE, [ECT_1] = CE, [CE] = CE},
};

/* Version and header length stand before the byte, in one word of the checksum. */
static void set_v4(uint8_t *p, uint8_t tos)
{
	uint16_t before = be16(p);
	uint16_t check;

	p[1] = tos;
	check = ip_sum_change(be16(p + 10), before, be16(p));
	p[10] = (uint8_t)(check >> 8);
	p[11] = (uint8_t)check;
}

static void set_v6(uint8_t *p, uint8_t tos)
{
	p[0] = (uint8_t)((p[0] & 0xf0) | tos >> 4);
	p[1] = (uint8_t)((p[1] & 0x0f) | tos << 4);
}

void tos_put(uint8_t *p, struct ip_info *ip, uint8_t outer)
{
	ip->tos = outer;
	if (ip->version == 4)
		set_v4(p, outer);
	else
		set_v6(p, outer);
}

enum status tos_take(uint8_t *p, struct ip_info *ip, uint8_t outer)
{
	uint8_t ecn = result_of[ip->tos & TOS_ECN][outer & TOS_ECN];

	if (ecn == DROP)
		return ST_ESP_ECN;
	if (ecn == (ip->tos & TOS_ECN))
		return ST_OK;
	tos_put(p, ip, (uint8_t)((ip->tos & ~TOS_ECN) | ecn));
	return ST_OK;
}
