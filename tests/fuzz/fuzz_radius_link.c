/* What a RADIUS server sends through TLS, in pieces of any length: cut into packets, judged as answers to requests that are
 * open, and the end of the link where it is none. The first byte is the length of a piece; then each packet has a length of two
 * bytes, one bit of which signs it as the answer that is waited for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/stats.h"
#include "modules/radius/radius.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define FITS  0x8000u
#define ASKED 4

static const struct view secret = {(const uint8_t *)"radsec", 6};

static struct {
	struct radius *r;
	struct stats stats;
	uint64_t now, link;
	bool is_there;
	uint8_t authenticators[256][RADIUS_AUTHENTICATOR];
	unsigned answers;
} w;

static enum status open_udp(void *ctx, const char *vrf, uint8_t family, const struct addr *source, int *fd)
{
	return ST_IO;
}

static void shut_udp(void *ctx, int fd)
{
	abort();
}

static uint64_t now_ms(void *ctx)
{
	return w.now;
}

static void wake_at(void *ctx, uint64_t at_ms)
{
}

static void changed(void *ctx, const char *server, bool is_dead)
{
}

static enum status dial(void *ctx, uint64_t number, const struct radius_server_conf *c, struct addr *own, char words[RADIUS_LINK_WORDS])
{
	if (w.is_there)
		return ST_IO; /* one is enough here */
	w.link = number;
	w.is_there = true;
	return ST_OK;
}

static enum status send_it(void *ctx, uint64_t number, struct view packet)
{
	struct radius_packet p;
	MUST(w.is_there && number == w.link && radius_parse(packet, &p) == ST_OK);
	memcpy(w.authenticators[p.id], p.authenticator, RADIUS_AUTHENTICATOR);
	return ST_OK;
}

static void hang_up(void *ctx, uint64_t number)
{
	MUST(w.is_there && number == w.link);
	w.is_there = false;
}

static void look(void *ctx, uint64_t number, struct radius_link_look *out)
{
	*out = (struct radius_link_look){.version = ""};
}

static void told(void *ctx, const struct radius_link_event *e)
{
}

static void done(void *ctx, uint64_t number, const struct radius_answer *a)
{
	if (a->status == ST_OK)
		w.answers++;
}

static void begin(void)
{
	static const struct radius_ports ports = {.open = open_udp, .shut = shut_udp, .now_ms = now_ms, .wake_at = wake_at,
						  .changed = changed, .link = {dial, send_it, hang_up, look, told}};
	struct radius_server_conf c = {.name = "a", .addr = {4, {127, 0, 0, 1}}, .auth_port = 2083,
				       .acct_port = 2083, .secret_len = 6, .secret = "radsec", .timeout_ms = 1000,
				       .tls = {.is_on = true, .connect_ms = 1000, .idle_ms = 1000, .watchdog_ms = 1000}};
	struct radius_group_conf g = {.name = "g", .n_servers = 1};
	struct radius_request q = {.group = "g", .code = RADIUS_ACCESS_REQUEST, .done = done};
	memset(&w, 0, sizeof(w));
	w.now = 1000;
	w.r = radius_new(&ports, &w.stats);
	MUST(w.r && radius_configure(w.r, &(struct radius_conf){&c, 1, &g, 1}) == ST_OK);
	for (q.number = 1; q.number <= ASKED; q.number++)
		MUST(radius_ask(w.r, &q) == ST_OK);
	radius_link_opened(w.r, w.link);
}

static void send_pieces(const uint8_t *p, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece)
		radius_link_bytes(w.r, w.link, (struct view){p + at, len - at < piece ? len - at : piece});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	size_t piece = 1 + (size_t)rd_u8(&r);
	int64_t before = mem_live();
	begin();
	while (r.left > 2) {
		uint8_t packet[RADIUS_MAX];
		unsigned head = rd_u16(&r);
		size_t len = (head & 0xfff) < r.left ? (head & 0xfff) : r.left;
		struct view v = rd_bytes(&r, len);
		memcpy(packet, v.p, len);
		if ((head & FITS) && len >= RADIUS_HEADER)
			(void)!radius_sign_reply(secret, w.authenticators[packet[1]], packet, len);
		send_pieces(packet, len, piece);
		w.now += head & 0x4000 ? 1000 : 0;
		radius_on_time(w.r);
	}
	MUST(w.answers <= ASKED);
	radius_free(w.r);
	MUST(!w.is_there && mem_live() == before);
	return 0;
}
