/* What comes to the port of the DHCP relay: read, and as the next packets of questions that are open. The first byte chooses
 * the question; then each packet has a length of two bytes, and one bit of that makes it fit the question. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/dhcp/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define FITS 0x8000u

static const struct addr giaddr = {4, {10, 200, 0, 1}}, server = {4, {10, 99, 2, 2}}, lease = {4, {10, 200, 0, 50}};

static void begin(struct talk *t, uint8_t how)
{
	static const uint8_t digest[32] = {7};

	*t = (struct talk){.xid = 9, .ask = {.is_renewal = how & 1, .giaddr = giaddr, .n_servers = 1 + (how >> 1 & 1),
					     .servers = {server, {4, {10, 99, 2, 3}}}, .within_ms = 8000}};
	if (how & 5)
		t->ask.address = lease;
	dhcp_who_make(&t->ask.who, digest, "anna");
	talk_begin(t, 1000);
}

/* What a server would know of the question. */
static void fit(const struct talk *t, struct talk_heard *h)
{
	memcpy(h->reply.hardware, t->ask.who.hardware, DHCP_HARDWARE);
	h->reply.has_client_id = false;
	h->reply.giaddr = giaddr;
	h->from = server;
}

static void send_one(struct talk *t)
{
	uint8_t buf[DHCP_REQUEST_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct addr to;

	talk_build(t, 1000, &w, &to);
	MUST(wr_ok(&w) && w.len >= DHCP_PAD_TO && buf[3] == 1 && memcmp(buf + 24, giaddr.b, 4) == 0);
	MUST(to.family == 4 && talk_next_ms(t, 1000, 77) > 1000);
}

/* True: it is over. */
static bool hear(struct talk *t, struct view packet, bool fits)
{
	struct talk_heard h = {.from = {4, {10, 66, 6, 6}}}; /* a stranger, unless it fits */
	struct dhcp_outcome o;
	enum talk_says says;

	if (dhcp_parse_reply(packet, &h.reply) != ST_OK)
		return false;
	MUST(h.reply.n_dns <= DHCP_DNS_MAX && h.reply.mask_len <= 32 && strlen(h.reply.text) < DHCP_TEXT_MAX);
	if (fits)
		fit(t, &h);
	says = talk_hears(t, &h, 1000, &o);
	if (says == TALK_SENDS)
		send_one(t);
	if (says != TALK_ENDS)
		return false;
	MUST(fits || dhcp_reply_is_for(&h.reply, &t->ask.who));
	if (o.status == ST_OK)
		MUST(o.reply.type == DHCP_ACK && o.reply.lease_s > 0 && dhcp_reply_is_usable(&o.reply) &&
		     t->state != TALK_SELECTING);
	else
		MUST(o.status == ST_DHCP_REFUSED && o.words[0] && strlen(o.words) < DHCP_WORDS);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct talk t;
	bool is_over = false;

	begin(&t, rd_u8(&r));
	send_one(&t);
	while (r.left > 2 && !is_over) {
		uint16_t head = rd_u16(&r);
		size_t len = head & 0x7ff;

		is_over = hear(&t, rd_bytes(&r, len < r.left ? len : r.left), head & FITS);
	}
	return 0;
}
