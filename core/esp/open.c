#include "core/esp/open.h"

#include "core/esp/replay.h"
#include "core/wire/esp.h"

static void count_drop(struct esp_rt *rt, enum status st)
{
	switch (st) {
	case ST_ESP_REPLAY: esp_rt_add(&rt->drops_replay, 1); break;
	case ST_ESP_AUTH: esp_rt_add(&rt->drops_auth, 1); break;
	case ST_ESP_SOURCE:
	case ST_ESP_SELECTOR:
	case ST_OUT_HAIRPIN: esp_rt_add(&rt->drops_policy, 1); break;
	default: esp_rt_add(&rt->drops_other, 1); break;
	}
}

/* Trailer off, and what traffic flow confidentiality put behind the inner packet (section 2.7). */
static enum status unwrap(struct span plain, struct span *inner, struct ip_info *ip, bool *is_dummy)
{
	size_t len;
	uint8_t next_header;
	enum status st = esp_trailer_parse(plain.p, plain.len, &len, &next_header);

	if (st)
		return st;
	*is_dummy = next_header == IPP_NONE;
	if (*is_dummy)
		return ST_OK;
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

/* The selectors name addresses first, so that a forged source has a name of its own. */
static enum status judge(const struct esp_tables *t, const struct esp_sa *sa,
			 const struct ip_info *ip)
{
	const struct esp_child *c = sa->child;
	const struct ts *remote = esp_child_remote(c);
	bool is_ours = false;

	for (size_t i = 0; i < c->n_remote && !is_ours; i++)
		is_ours = ts_contains_addr(&remote[i], &ip->src);
	if (!is_ours)
		return ST_ESP_SOURCE;
	if (!ts_match_any(remote, c->n_remote, &ip->src, ip->proto, ip_src_port(ip)) ||
	    !ts_match_any(esp_child_local(c), c->n_local, &ip->dst, ip->proto, ip_dst_port(ip)))
		return ST_ESP_SELECTOR;
	return may_reach(t, sa, &ip->dst) ? ST_OK : ST_OUT_HAIRPIN;
}

enum status esp_open_begin(const struct esp_tables *t, uint32_t vrf, struct span pkt, struct esp_opened *out)
{
	struct esp_hdr hdr;
	enum status st;

	out->sa = NULL;
	out->seq = 0;
	out->inner = (struct span){0};
	out->is_dummy = false;
	st = esp_hdr_parse(pkt.p, pkt.len, &hdr);
	if (st)
		return st;
	out->sa = sad_find(&t->sad, hdr.spi);
	if (!out->sa)
		return ST_ESP_NO_SA;
	if (out->sa->local.vrf != vrf)
		return ST_ESP_PORT;
	st = replay_infer(out->sa->rt, out->sa->esn, hdr.seq, &out->seq);
	if (!st)
		st = replay_check(out->sa->rt, out->seq);
	if (!st && pkt.len < ESP_HEAD_LEN + (size_t)esp_cipher_shape(out->sa->in).iv_len)
		st = ST_ESP_SHORT;
	return st;
}

/* The replay mark first: before it the packet is authentic, after it it is new, too. */
enum status esp_open_end(const struct esp_tables *t, enum status st, struct span plain, struct esp_opened *out)
{
	struct esp_rt *rt = out->sa ? out->sa->rt : NULL;

	if (!rt)
		return st;
	if (!st)
		st = replay_mark(rt, out->seq);
	if (st) {
		out->seq = 0;
	} else {
		atomic_store_explicit(&rt->last_in_ms, t->now_ms, memory_order_relaxed);
		st = unwrap(plain, &out->inner, &out->ip, &out->is_dummy);
	}
	if (!st && !out->is_dummy)
		st = judge(t, out->sa, &out->ip);
	if (st) {
		count_drop(rt, st);
	} else if (!out->is_dummy) {
		esp_rt_add(&rt->packets_in, 1);
		esp_rt_add(&rt->bytes_in, out->inner.len);
	}
	return st;
}

enum status esp_open(struct esp_tables *t, uint32_t vrf, struct span pkt, struct esp_opened *out)
{
	struct span plain = {0};
	enum status st = esp_open_begin(t, vrf, pkt, out);

	if (!st) {
		plain.p = pkt.p + ESP_HEAD_LEN + esp_cipher_shape(out->sa->in).iv_len;
		st = esp_cipher_open(
			out->sa->in, (uint32_t)(out->seq >> 32), pkt.p, pkt.len, plain.p, &plain.len);
	}
	return esp_open_end(t, st, plain, out);
}
