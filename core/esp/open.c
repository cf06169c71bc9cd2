#include "core/esp/open.h"

#include "core/esp/replay.h"
#include "core/esp/transport.h"
#include "core/wire/dhcp.h"
#include "core/wire/esp.h"

static void count_drop(struct esp_rt *rt, enum status st)
{
	switch (st) {
	case ST_ESP_REPLAY: esp_rt_add(&rt->drops_replay, 1); break;
	case ST_ESP_AUTH: esp_rt_add(&rt->drops_auth, 1); break;
	case ST_ESP_SOURCE:
	case ST_ESP_MULTICAST:
	case ST_ESP_SELECTOR:
	case ST_OUT_HAIRPIN: esp_rt_add(&rt->drops_policy, 1); break;
	default: esp_rt_add(&rt->drops_other, 1); break;
	}
}

/* Trailer off, and what traffic flow confidentiality put behind the inner packet (section 2.7). */
static enum status unwrap(const struct esp_sa *sa, struct span plain, struct span *inner,
			  struct ip_info *ip, bool *is_dummy)
{
	size_t len;
	uint8_t next_header;
	enum status st = esp_trailer_parse(plain.p, plain.len, &len, &next_header);

	if (st)
		return st;
	*is_dummy = next_header == IPP_NONE;
	if (*is_dummy)
		return ST_OK;
	if (sa->transport)
		return transport_wrap(sa, next_header, (struct span){plain.p, len}, inner, ip);
	if (next_header != IPP_IPV4 && next_header != IPP_IPV6)
		return ST_ESP_PAD;
	st = ip_parse(plain.p, len, ip);
	if (st)
		return st;
	if (ip->version != (next_header == IPP_IPV4 ? 4 : 6))
		return ST_ESP_MALFORMED;
	*inner = (struct span){plain.p, ip->total_len};
	return ST_OK;
}

static bool is_of_another(const struct esp_tables *t, const struct esp_child *c, uint32_t tun,
			  const struct addr *dst)
{
	const struct esp_child *other = fib_find(&t->fib, tun, dst);

	return other && other->owner != c->owner;
}

/* Client to client: both devices must permit it. The one of the sender is judged also when it is
 * not in the list, because it is just going or coming. */
static bool may_reach(const struct esp_tables *t, const struct esp_sa *sa, const struct addr *dst)
{
	const struct esp_child *c = sa->child;
	const struct esp_tun *own = t->tuns;

	if (!sa->client_to_client && is_of_another(t, c, c->tun, dst))
		return false;
	while (own && own->tun != c->tun)
		own = own->next;
	for (const struct esp_tun *to = own ? t->tuns : NULL; to; to = to->next) {
		if (to != own && to->group == own->group &&
		    !(sa->client_to_client && to->client_to_client) &&
		    is_of_another(t, c, to->tun, dst))
			return false;
	}
	return true;
}

/* Of a client that looks for its server. It goes no further than to us, so that selectors for what is behind
 * us need not name it: with them a client may well have less than the broadcast address. */
static bool is_dhcp(const struct esp_sa *sa, const struct ip_info *ip)
{
	static const struct addr all = {4, {255, 255, 255, 255}};

	return sa->takes_dhcp && ip->version == 4 && ip->proto == IPP_UDP && !ip->is_fragment &&
	       ip->dst_port == DHCP_SERVER_PORT && ip->src_port == DHCP_CLIENT_PORT &&
	       (addr_eq(&ip->dst, &all) || addr_eq(&ip->dst, &sa->self));
}

/* The selectors name addresses first, so that a forged source has a name of its own. */
static enum status judge(const struct esp_tables *t, const struct esp_sa *sa,
			 const struct ip_info *ip, bool *for_dhcp)
{
	const struct esp_child *c = sa->child;
	const struct ts *remote = esp_child_remote(c);
	bool is_ours = false;

	for (size_t i = 0; i < c->n_remote && !is_ours; i++)
		is_ours = ts_contains_addr(&remote[i], &ip->src);
	if (!is_ours)
		return ST_ESP_SOURCE;
	*for_dhcp = is_dhcp(sa, ip);
	if (*for_dhcp)
		return ST_OK;
	if (sa->no_multicast && addr_is_multicast(&ip->dst))
		return ST_ESP_MULTICAST;
	if (!ts_match_any(remote, c->n_remote, &ip->src, ip->proto, ip_src_port(ip)) ||
	    !ts_match_any(esp_child_local(c), c->n_local, &ip->dst, ip->proto, ip_dst_port(ip)))
		return ST_ESP_SELECTOR;
	return may_reach(t, sa, &ip->dst) ? ST_OK : ST_OUT_HAIRPIN;
}

void esp_open_begin(const struct esp_tables *t, uint32_t vrf, struct esp_opening *o)
{
	struct esp_hdr hdr;

	o->sa = NULL;
	o->seq = 0;
	o->st = esp_hdr_parse(o->pkt.p, o->pkt.len, &hdr);
	if (o->st)
		return;
	o->sa = sad_find(&t->sad, hdr.spi);
	if (!o->sa)
		o->st = ST_ESP_NO_SA;
	else if (o->sa->local.vrf != vrf)
		o->st = ST_ESP_PORT;
	else
		o->st = replay_infer(o->sa->rt, o->sa->esn, hdr.seq, &o->seq);
	if (!o->st)
		o->st = replay_check(o->sa->rt, o->seq);
	if (!o->st && o->pkt.len < ESP_HEAD_LEN + (size_t)o->sa->shape.iv_len)
		o->st = ST_ESP_SHORT;
}

void esp_open_decipher(struct esp_opening *o)
{
	if (o->st)
		return;
	o->plain.p = o->pkt.p + ESP_HEAD_LEN + o->sa->shape.iv_len;
	o->st = esp_cipher_open(o->sa->in, (uint32_t)(o->seq >> 32), o->pkt.p, o->pkt.len, o->plain.p,
				&o->plain.len);
}

enum status esp_open_end(struct esp_tables *t, const struct esp_opening *o, struct esp_opened *out)
{
	enum status st = o->st;
	bool is_authentic;
	struct esp_rt *rt;

	out->sa = o->sa;
	out->seq = 0;
	out->inner = (struct span){0};
	out->is_dummy = false;
	out->is_dhcp = false;
	if (!o->sa)
		return st;
	rt = o->sa->rt;
	if (!st)
		st = replay_mark(rt, o->seq);
	is_authentic = !st;
	if (!st) {
		out->seq = o->seq;
		st = unwrap(o->sa, o->plain, &out->inner, &out->ip, &out->is_dummy);
	}
	if (!st && !out->is_dummy)
		st = judge(t, o->sa, &out->ip, &out->is_dhcp);
	if (!st && !out->is_dummy) {
		atomic_store_explicit(&rt->last_in_ms, t->now_ms, memory_order_relaxed);
		esp_rt_add(&rt->packets_in, 1);
		esp_rt_add(&rt->bytes_in, out->inner.len);
		return ST_OK;
	}
	if (st)
		count_drop(rt, st);
	if (is_authentic)
		atomic_store_explicit(&rt->last_bare_ms, t->now_ms, memory_order_relaxed);
	return st;
}

