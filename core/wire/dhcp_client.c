#include "core/wire/dhcp_client.h"

#include <string.h>

#include "core/base/log.h"

#define ETHERNET 1
#define TAKES_LEN 1260 /* option 57 counts the IP and UDP headers */

enum overload { IN_FILE = 1, IN_SNAME = 2 };

/* ---- who ------------------------------------------------------------------------------------ */

static bool is_label(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "anna@corp.example", "CORP\anna", "CN=anna, O=Corp": anna. */
static void put_host_name(char out[DHCP_HOST_NAME], const char *user)
{
	size_t end = strcspn(user, "@,"), from = 0, n = 0;

	for (size_t i = 0; i < end; i++)
		if (strchr("\\/=", user[i]))
			from = i + 1;
	for (size_t i = from; i < end && n + 1 < DHCP_HOST_NAME; i++) {
		if (is_label(user[i]))
			out[n++] = user[i];
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

void dhcp_who_make(struct dhcp_who *who, const uint8_t digest[32], const char *user)
{
	memcpy(who->hardware, digest + 16, DHCP_HARDWARE);
	who->hardware[0] = (uint8_t)((who->hardware[0] & 0xfc) | 2); /* local, of one host */
	who->client_id[0] = 0;
	memcpy(who->client_id + 1, digest, DHCP_CLIENT_ID - 1);
	put_host_name(who->host_name, user);
}

/* ---- building ------------------------------------------------------------------------------- */

static void put_bytes(struct wr *w, uint8_t option, const void *p, size_t len)
{
	wr_u8(w, option);
	wr_u8(w, (uint8_t)len);
	wr_bytes(w, p, len);
}

static void put_addr(struct wr *w, uint8_t option, const struct addr *a)
{
	if (a->family == 4)
		put_bytes(w, option, a->b, 4);
}

static void put_field(struct wr *w, const struct addr *a)
{
	static const uint8_t none[4];

	wr_bytes(w, a->family == 4 ? a->b : none, 4);
}

static void put_head(struct wr *w, const struct dhcp_request *q)
{
	const struct addr none = {0};

	wr_u8(w, DHCP_BOOTREQUEST);
	wr_u8(w, ETHERNET);
	wr_u8(w, DHCP_HARDWARE);
	wr_u8(w, 1); /* hops: it came to us, and we passed it on */
	wr_u32(w, q->xid);
	wr_u16(w, q->secs);
	wr_u16(w, 0);
	put_field(w, &q->ciaddr);
	put_field(w, &none); /* yiaddr */
	put_field(w, &none); /* siaddr */
	put_field(w, &q->giaddr);
	wr_bytes(w, q->who->hardware, DHCP_HARDWARE);
	wr_zeros(w, 16 - DHCP_HARDWARE + DHCP_SNAME_LEN + DHCP_FILE_LEN);
	wr_u32(w, DHCP_COOKIE);
}

void dhcp_build_request(struct wr *w, const struct dhcp_request *q)
{
	static const uint8_t list[] = {DHCP_O_MASK, DHCP_O_DNS, DHCP_O_LEASE, DHCP_O_SERVER, DHCP_O_T1, DHCP_O_T2};
	static const uint8_t takes[] = {TAKES_LEN >> 8, TAKES_LEN & 0xff};
	size_t from = w->len;

	put_head(w, q);
	put_bytes(w, DHCP_O_TYPE, &(uint8_t){(uint8_t)q->type}, 1);
	put_bytes(w, DHCP_O_CLIENT_ID, q->who->client_id, DHCP_CLIENT_ID);
	put_addr(w, DHCP_O_REQUESTED, &q->requested);
	put_addr(w, DHCP_O_SERVER, &q->server_id);
	if (q->type == DHCP_DISCOVER || q->type == DHCP_REQUEST) {
		if (q->who->host_name[0])
			put_bytes(w, DHCP_O_HOST_NAME, q->who->host_name, strlen(q->who->host_name));
		put_bytes(w, DHCP_O_MAX_LEN, takes, sizeof(takes));
		put_bytes(w, DHCP_O_LIST, list, sizeof(list));
	}
	wr_u8(w, DHCP_O_END);
	if (wr_ok(w) && w->len - from < DHCP_PAD_TO)
		wr_zeros(w, DHCP_PAD_TO - (w->len - from));
}

/* ---- reading -------------------------------------------------------------------------------- */

static struct addr read_addr(struct rd *r)
{
	struct view v = rd_bytes(r, 4);

	return addr_from(v.p, v.len);
}

static void read_dns(struct rd *o, struct dhcp_reply *out)
{
	while (o->left > 0) {
		struct addr a = read_addr(o);
		if (rd_ok(o) && out->n_dns < DHCP_DNS_MAX && !addr_is_any(&a))
			out->dns[out->n_dns++] = a;
	}
}

static void read_client_id(struct rd *o, struct dhcp_reply *out)
{
	out->has_client_id = true;
	out->is_client_id_long = o->left != DHCP_CLIENT_ID;
	if (out->is_client_id_long)
		rd_skip(o, o->left);
	else
		memcpy(out->client_id, rd_bytes(o, DHCP_CLIENT_ID).p, DHCP_CLIENT_ID);
}

static enum status read_mask(struct rd *o, struct dhcp_reply *out)
{
	struct addr mask = read_addr(o);

	return rd_ok(o) && mask_to_len(&mask, &out->mask_len) == ST_OK ? ST_OK : ST_BAD_PAYLOAD;
}

static void read_text(struct rd *o, struct dhcp_reply *out)
{
	struct view v = rd_rest(o);

	escape_bytes(out->text, sizeof(out->text), v.p, v.len);
}

static enum status read_option(uint8_t option, struct rd *o, struct dhcp_reply *out, uint8_t *overload)
{
	enum status st = ST_OK;

	switch (option) {
	case DHCP_O_TYPE: out->type = (enum dhcp_type)rd_u8(o); break;
	case DHCP_O_MASK: st = read_mask(o, out); break;
	case DHCP_O_DNS: read_dns(o, out); break;
	case DHCP_O_LEASE: out->lease_s = rd_u32(o); break;
	case DHCP_O_T1: out->t1_s = rd_u32(o); break;
	case DHCP_O_T2: out->t2_s = rd_u32(o); break;
	case DHCP_O_SERVER: out->server_id = read_addr(o); break;
	case DHCP_O_CLIENT_ID: read_client_id(o, out); break;
	case DHCP_O_OVERLOAD: *overload = rd_u8(o); break;
	case DHCP_O_TEXT: read_text(o, out); break;
	default: rd_skip(o, o->left); break;
	}
	return st == ST_OK && rd_done(o) ? ST_OK : ST_BAD_PAYLOAD;
}

static enum status read_options(struct rd *r, struct dhcp_reply *out, uint8_t *overload)
{
	uint8_t option = DHCP_O_PAD;

	while (r->left > 0 && option != DHCP_O_END) {
		struct rd o;
		enum status st;

		option = rd_u8(r);
		if (option == DHCP_O_PAD || option == DHCP_O_END)
			continue;
		o = rd_sub(r, rd_u8(r));
		st = read_option(option, &o, out, overload);
		if (st != ST_OK)
			return st;
	}
	return rd_ok(r) ? ST_OK : ST_TRUNCATED;
}

/* Where the server was short of room, options go on in the fields for names (RFC 2131 4.1). */
static enum status read_all(struct rd *r, struct view sname, struct view file, struct dhcp_reply *out)
{
	uint8_t overload = 0, none;
	struct rd in_file = rd_init(file.p, file.len), in_sname = rd_init(sname.p, sname.len);
	enum status st = read_options(r, out, &overload);

	if (st == ST_OK && (overload & IN_FILE))
		st = read_options(&in_file, out, &none);
	if (st == ST_OK && (overload & IN_SNAME))
		st = read_options(&in_sname, out, &none);
	if (st != ST_OK)
		return st;
	return out->type == DHCP_OFFER || out->type == DHCP_ACK || out->type == DHCP_NAK ? ST_OK : ST_DHCP_OTHER;
}

enum status dhcp_parse_reply(struct view payload, struct dhcp_reply *out)
{
	struct rd r = rd_init(payload.p, payload.len);
	struct view chaddr, sname, file;
	uint8_t op = rd_u8(&r), htype = rd_u8(&r), hlen = rd_u8(&r);
	uint32_t cookie;

	*out = (struct dhcp_reply){0};
	rd_skip(&r, 1); /* hops */
	out->xid = rd_u32(&r);
	rd_skip(&r, 8); /* secs, flags, ciaddr */
	out->yiaddr = read_addr(&r);
	rd_skip(&r, 4); /* siaddr */
	out->giaddr = read_addr(&r);
	chaddr = rd_bytes(&r, 16);
	sname = rd_bytes(&r, DHCP_SNAME_LEN);
	file = rd_bytes(&r, DHCP_FILE_LEN);
	cookie = rd_u32(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (op != DHCP_BOOTREPLY || cookie != DHCP_COOKIE || htype != ETHERNET || hlen != DHCP_HARDWARE)
		return ST_DHCP_OTHER;
	memcpy(out->hardware, chaddr.p, DHCP_HARDWARE);
	return read_all(&r, sname, file, out);
}

/* ---- judging -------------------------------------------------------------------------------- */

bool dhcp_reply_is_for(const struct dhcp_reply *r, const struct dhcp_who *who)
{
	if (memcmp(r->hardware, who->hardware, DHCP_HARDWARE) != 0)
		return false;
	return !r->has_client_id ||
		(!r->is_client_id_long && memcmp(r->client_id, who->client_id, DHCP_CLIENT_ID) == 0);
}

bool dhcp_reply_is_usable(const struct dhcp_reply *r)
{
	const struct prefix loopback = {addr_v4(0x7f000000), 8}, zero = {addr_v4(0), 8}, link = {addr_v4(0xa9fe0000), 16};
	const struct addr *a = &r->yiaddr;

	return r->server_id.family == 4 && !addr_is_any(&r->server_id) && !addr_is_multicast(a) && a->b[0] < 240 &&
		!prefix_contains(&loopback, a) && !prefix_contains(&zero, a) && !prefix_contains(&link, a);
}
