#include "core/wire/dhcp.h"

#include <string.h>

#include "core/wire/dhcp_parts.h"

#define NAMES_LEN (DHCP_SNAME_LEN + DHCP_FILE_LEN)
#define IP_UDP_LEN 28
#define UDP_LEN 8
#define OPTION_MAX 255

static const struct {
	uint8_t option;
	unsigned want;
} wishes[] = {
	{DHCP_O_MASK, DHCP_WANTS_MASK}, {DHCP_O_DNS, DHCP_WANTS_DNS}, {DHCP_O_DOMAIN, DHCP_WANTS_DOMAIN},
	{DHCP_O_NBNS, DHCP_WANTS_NBNS}, {DHCP_O_ROUTES, DHCP_WANTS_ROUTES}, {DHCP_O_MS_ROUTES, DHCP_WANTS_MS_ROUTES},
};
#define WISHES (sizeof(wishes) / sizeof(wishes[0]))

/* ---- reading ------------------------------------------------------------------------------ */

static unsigned want_of(uint8_t option)
{
	for (size_t i = 0; i < WISHES; i++)
		if (wishes[i].option == option)
			return wishes[i].want;
	return 0;
}

static void read_list(struct rd *r, struct dhcp_inform *out)
{
	while (r->left > 0)
		out->wants |= want_of(rd_u8(r));
}

static uint16_t max_len_of(uint16_t datagram)
{
	if (datagram < DHCP_MESSAGE_MIN + IP_UDP_LEN)
		return DHCP_MESSAGE_MIN;
	return datagram > DHCP_MESSAGE_MAX + IP_UDP_LEN ? DHCP_MESSAGE_MAX : (uint16_t)(datagram - IP_UDP_LEN);
}

/* Options in sname and file (option 52) hold nothing that is of interest here. */
static enum status read_options(struct rd *r, struct dhcp_inform *out)
{
	uint8_t type = 0, option = DHCP_O_PAD;
	bool has_list = false;

	while (r->left > 0 && option != DHCP_O_END) {
		struct rd o;

		option = rd_u8(r);
		if (option == DHCP_O_PAD || option == DHCP_O_END)
			continue;
		o = rd_sub(r, rd_u8(r));
		if (option == DHCP_O_TYPE)
			type = rd_u8(&o);
		else if (option == DHCP_O_MAX_LEN)
			out->max_len = max_len_of(rd_u16(&o));
		else if (option == DHCP_O_LIST) {
			has_list = true;
			read_list(&o, out);
		} else
			rd_skip(&o, o.left);
		if (!rd_done(&o))
			return ST_BAD_PAYLOAD;
	}
	if (!rd_ok(r))
		return ST_TRUNCATED;
	for (size_t i = 0; !has_list && i < WISHES; i++)
		out->wants |= wishes[i].want;
	return type == DHCP_INFORM ? ST_OK : ST_DHCP_OTHER;
}

enum status dhcp_parse(struct view payload, struct dhcp_inform *out)
{
	struct rd r = rd_init(payload.p, payload.len);
	struct view ciaddr, chaddr;
	uint8_t op = rd_u8(&r);
	uint32_t cookie;

	*out = (struct dhcp_inform){.max_len = DHCP_MESSAGE_MIN};
	out->htype = rd_u8(&r);
	out->hlen = rd_u8(&r);
	rd_skip(&r, 1); /* hops */
	out->xid = rd_u32(&r);
	rd_skip(&r, 2); /* secs */
	out->flags = rd_u16(&r);
	ciaddr = rd_bytes(&r, 4);
	rd_skip(&r, 12); /* yiaddr, siaddr, giaddr */
	chaddr = rd_bytes(&r, sizeof(out->chaddr));
	rd_skip(&r, NAMES_LEN);
	cookie = rd_u32(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (op != DHCP_BOOTREQUEST || cookie != DHCP_COOKIE)
		return ST_DHCP_OTHER;
	if (out->hlen > sizeof(out->chaddr))
		return ST_BAD_PAYLOAD;
	out->ciaddr = addr_from(ciaddr.p, ciaddr.len);
	memcpy(out->chaddr, chaddr.p, chaddr.len);
	return read_options(&r, out);
}

/* ---- building ----------------------------------------------------------------------------- */

/* An option that is whole or not there. The end of all options has its byte always. */
struct option_out {
	struct wr *w;
	size_t limit;    /* no option ends behind it */
	size_t from;     /* where the option in hand begins */
};

static void option_begin(struct option_out *o, uint8_t option)
{
	o->from = o->w->len;
	wr_u8(o->w, option);
	wr_u8(o->w, 0);
}

static size_t option_len(const struct option_out *o)
{
	return o->w->len - o->from - 2;
}

static bool option_has_room(const struct option_out *o, size_t more)
{
	return o->w->len + more <= o->limit && option_len(o) + more <= OPTION_MAX;
}

/* Nothing in it: there is none. */
static void option_end(struct option_out *o)
{
	size_t len = option_len(o);

	if (len == 0)
		o->w->len = o->from;
	else
		wr_put_u8(o->w, o->from + 1, (uint8_t)len);
}

static void put_bytes(struct option_out *o, uint8_t option, const void *p, size_t len)
{
	if (o->w->len + 2 > o->limit)
		return;
	option_begin(o, option);
	if (option_has_room(o, len))
		wr_bytes(o->w, p, len);
	option_end(o);
}

static void put_addrs(struct option_out *o, uint8_t option, const struct addr *v, size_t n)
{
	if (o->w->len + 2 > o->limit)
		return;
	option_begin(o, option);
	for (size_t i = 0; i < n; i++)
		if (v[i].family == 4 && option_has_room(o, 4))
			wr_bytes(o->w, v[i].b, 4);
	option_end(o);
}

/* RFC 3442: the length of the prefix, its significant octets, the router. How many there are then. */
static size_t put_routes(struct option_out *o, uint8_t option, const struct dhcp_answer *a)
{
	size_t n = 0;

	if (o->w->len + 2 > o->limit)
		return 0;
	option_begin(o, option);
	for (size_t i = 0; i < a->n_routes; i++) {
		const struct prefix *p = &a->routes[i];
		size_t octets = (size_t)(p->len + 7) / 8;

		if (p->addr.family != 4 || p->len > 32 || !option_has_room(o, 1 + octets + 4))
			continue;
		wr_u8(o->w, p->len);
		wr_bytes(o->w, p->addr.b, octets);
		wr_bytes(o->w, a->server.b, 4);
		n++;
	}
	option_end(o);
	return n;
}

static void put_mask(struct option_out *o, uint8_t len)
{
	uint8_t b[4];
	struct wr w = wr_init(b, sizeof(b));

	wr_u32(&w, len == 0 ? 0 : UINT32_MAX << (32 - (len < 32 ? len : 32)));
	put_bytes(o, DHCP_O_MASK, b, sizeof(b));
}

/* What a client cannot do without comes first. Whoever takes both forms of routes is given no second list that is
 * shorter than the first, because it may be the one that counts. */
static void put_options(struct option_out *o, const struct dhcp_inform *in, const struct dhcp_answer *a)
{
	size_t n = 0, before;

	put_bytes(o, DHCP_O_TYPE, &(uint8_t){DHCP_ACK}, 1);
	put_bytes(o, DHCP_O_SERVER, a->server.b, 4);
	if (in->wants & DHCP_WANTS_MASK)
		put_mask(o, a->mask_len);
	if (in->wants & DHCP_WANTS_MS_ROUTES)
		n = put_routes(o, DHCP_O_MS_ROUTES, a);
	if (in->wants & DHCP_WANTS_DNS)
		put_addrs(o, DHCP_O_DNS, a->dns, a->n_dns);
	if (in->wants & DHCP_WANTS_DOMAIN)
		put_bytes(o, DHCP_O_DOMAIN, a->domain, strlen(a->domain));
	before = o->w->len;
	if ((in->wants & DHCP_WANTS_ROUTES) && put_routes(o, DHCP_O_ROUTES, a) < n)
		o->w->len = before;
	if (in->wants & DHCP_WANTS_NBNS)
		put_addrs(o, DHCP_O_NBNS, a->nbns, a->n_nbns);
}

void dhcp_build_ack(struct wr *w, const struct dhcp_inform *in, const struct dhcp_answer *a)
{
	struct option_out o = {.w = w, .limit = w->len + in->max_len - 1};
	size_t from = w->len;

	wr_u8(w, DHCP_BOOTREPLY);
	wr_u8(w, in->htype);
	wr_u8(w, in->hlen);
	wr_u8(w, 0);
	wr_u32(w, in->xid);
	wr_u16(w, 0);
	wr_u16(w, in->flags);
	wr_bytes(w, in->ciaddr.b, 4);
	wr_zeros(w, 12); /* RFC 2131 4.3.5: no yiaddr, and no times */
	wr_bytes(w, in->chaddr, sizeof(in->chaddr));
	wr_zeros(w, NAMES_LEN);
	wr_u32(w, DHCP_COOKIE);
	put_options(&o, in, a);
	wr_u8(w, DHCP_O_END);
	if (wr_ok(w) && w->len - from < DHCP_PAD_TO)
		wr_zeros(w, DHCP_PAD_TO - (w->len - from));
}

/* ---- whole packets ------------------------------------------------------------------------ */

enum status dhcp_open(const uint8_t *packet, size_t len, struct dhcp_inform *out)
{
	struct ip_info ip;
	enum status st = ip_parse(packet, len, &ip);
	struct rd r;
	uint16_t udp_len;

	if (st)
		return st;
	if (ip.version != 4 || ip.proto != IPP_UDP || ip.is_fragment ||
	    ip_src_port(&ip) != DHCP_CLIENT_PORT || ip_dst_port(&ip) != DHCP_SERVER_PORT)
		return ST_DHCP_OTHER;
	r = rd_init(packet, ip.total_len);
	rd_skip(&r, ip.header_len + 4);
	udp_len = rd_u16(&r);
	rd_skip(&r, 2); /* the checksum says nothing that ESP did not */
	if (!rd_ok(&r) || udp_len < UDP_LEN || udp_len > r.left + UDP_LEN)
		return ST_TRUNCATED;
	st = dhcp_parse(rd_bytes(&r, udp_len - UDP_LEN), out);
	if (st)
		return st;
	if (addr_is_any(&out->ciaddr))
		out->ciaddr = ip.src;
	return addr_eq(&out->ciaddr, &ip.src) ? ST_OK : ST_DHCP_OTHER;
}

void dhcp_build_packet(struct wr *w, const struct dhcp_inform *in, const struct dhcp_answer *a)
{
	struct ip_head head = {.src = a->server, .dst = in->ciaddr};
	uint8_t message[DHCP_MESSAGE_MAX];
	struct wr m = wr_init(message, sizeof(message));

	dhcp_build_ack(&m, in, a);
	if (wr_ok(&m))
		ip_build_udp(w, &head, DHCP_SERVER_PORT, DHCP_CLIENT_PORT, message, m.len);
	else
		w->bad = true;
}
