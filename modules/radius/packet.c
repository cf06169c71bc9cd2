#include "modules/radius/packet.h"

#include <string.h>

#include "core/crypto/rnd.h"

static struct view secret_of(const struct radius_slot *slot)
{
	const struct radius_server_conf *c = &slot->socket->service->server->conf;
	return (struct view){c->secret, c->secret_len};
}

/* Random authenticator and Message-Authenticator, the latter before all else: whoever forges a reply by
 * collisions of MD5 chooses no octet before it. */
static struct wr_mark open_by_chance(struct wr *w, uint8_t code, struct radius_slot *slot)
{
	struct wr_mark m = radius_open(w, code, slot->id);
	rnd_bytes(slot->authenticator, sizeof(slot->authenticator));
	if (wr_ok(w))
		memcpy(w->buf + RADIUS_HEADER - RADIUS_AUTHENTICATOR, slot->authenticator, RADIUS_AUTHENTICATOR);
	radius_put_unsigned(w);
	return m;
}

static void put_own(struct wr *w, const struct radius_slot *slot)
{
	radius_put_addr(w, RADIUS_NAS_IP_ADDRESS, RADIUS_NAS_IPV6_ADDRESS, &slot->socket->own);
}

static enum status close_packet(struct wr *w, struct wr_mark m, struct radius_slot *slot)
{
	wr_close16(w, m);
	if (!wr_ok(w))
		return ST_LIMIT;
	enum status st = radius_sign_request(secret_of(slot), w->buf, w->len);
	if (st == ST_OK)
		memcpy(slot->authenticator, w->buf + RADIUS_HEADER - RADIUS_AUTHENTICATOR, RADIUS_AUTHENTICATOR);
	return st;
}

static void put_password(const struct radius_ask *a, const struct radius_slot *slot, struct wr *w)
{
	uint8_t hidden[RADIUS_PASSWORD_MAX];
	struct wr h = wr_init(hidden, sizeof(hidden));
	if (radius_hide_password(secret_of(slot), slot->authenticator, (struct view){a->password, a->password_len}, &h) == ST_OK)
		radius_put(w, RADIUS_USER_PASSWORD, hidden, h.len);
	else
		w->bad = true;
}

uint32_t radius_packet_delay(const struct radius_ask *a)
{
	uint64_t now = radius_now(a->r);
	uint64_t s = now > a->event_ms ? (now - a->event_ms) / 1000 : 0;
	return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

enum status radius_packet_ask(const struct radius_ask *a, struct radius_slot *slot, struct wr *w)
{
	bool is_acct = a->code == RADIUS_ACCOUNTING_REQUEST;
	struct wr_mark m = is_acct ? radius_open(w, a->code, slot->id) : open_by_chance(w, a->code, slot);
	wr_bytes(w, a->attrs, a->attrs_len);
	put_own(w, slot);
	if (is_acct)
		radius_put_u32(w, RADIUS_ACCT_DELAY_TIME, radius_packet_delay(a));
	if (a->has_password)
		put_password(a, slot, w);
	return close_packet(w, m, slot);
}

enum status radius_packet_probe(struct radius_slot *slot, struct wr *w)
{
	struct wr_mark m = open_by_chance(w, RADIUS_STATUS_SERVER, slot);
	put_own(w, slot);
	return close_packet(w, m, slot);
}
