#include "core/ike/record.h"

#include <string.h>

#include "core/base/freeze.h"
#include "core/ike/exchange.h"
#include "core/ike/sa.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum kind { F_BOOL, F_U8, F_U16, F_U32, F_U64, F_BYTES, F_STR, F_EP, F_ADDR };

struct field {
	uint8_t tag;
	uint8_t kind;
	uint16_t at;
	uint16_t size;
};

#define FIELD(tag, kind, type, member) \
	{tag, _Generic(((type *)NULL)->member, bool: F_BOOL, default: kind), offsetof(type, member), \
		sizeof(((type *)NULL)->member)}
#define SA(tag, kind, member) FIELD(tag, kind, struct ike_sa, member)
/* Five tags from the first on. */
#define OPEN(tag, n) \
	SA(tag, F_U8, out.lane[n].kind), SA((tag) + 1, F_U32, out.lane[n].msgid), \
	SA((tag) + 2, F_U32, out.lane[n].backoff.first_ms), \
	SA((tag) + 3, F_U32, out.lane[n].backoff.cap_ms), \
	SA((tag) + 4, F_U8, out.lane[n].backoff.repeats)
#define WORDS(tag, kind, member) FIELD(tag, kind, struct sa_words, member)
#define KEYS(tag, kind, member) FIELD(tag, kind, struct ike_keys, member)
#define MOBIKE(tag, kind, member) FIELD(tag, kind, struct mobike_peer, member)
#define CHILD(tag, kind, member) FIELD(tag, kind, struct ike_child, member)
#define GRANT(tag, kind, member) FIELD(tag, kind, struct ike_grant, member)
#define EXCHANGE(tag, kind, member) FIELD(tag, kind, struct exchange, member)

static const struct field sa_fields[] = {
	SA(1, F_U64, number), SA(2, F_U8, is_initiator), SA(3, F_U8, nat_local),
	SA(4, F_U8, nat_remote), SA(5, F_U8, auth_local), SA(6, F_U8, auth_remote),
	SA(7, F_U64, spi_i), SA(8, F_U64, spi_r), SA(9, F_EP, local), SA(10, F_EP, remote),
	SA(21, F_U32, in.next), SA(22, F_U32, out.next),
	OPEN(23, LANE_EXCHANGE),
	SA(28, F_U8, dpd.mode), SA(29, F_U32, dpd.interval_s), SA(30, F_U32, dpd.retry_s),
	SA(31, F_U32, dpd.retries), SA(32, F_U64, dpd.last_in_ms), SA(33, F_U64, dpd.last_out_ms),
	SA(41, F_U32, settings.lifetime_s),
	SA(42, F_U8, settings.initial_contact_force), SA(43, F_BYTES, session.b),
	SA(44, F_U64, created_ms), SA(45, F_U64, up_ms), SA(46, F_U64, end_ms),
	SA(47, F_U64, session_end_ms), SA(49, F_U64, rekey_ms),
	SA(50, F_U8, wants_rekey), SA(52, F_U32, settings.nat_keepalive_s),
	SA(53, F_U8, frag.ours), SA(54, F_U8, frag.form), SA(55, F_U32, frag.mtu),
	SA(56, F_U8, follows_redirects), SA(57, F_U8, peer_token.is_known),
	SA(58, F_BYTES, peer_token.digest), SA(59, F_U8, owes_token),
	SA(60, F_U8, is_client), SA(61, F_U8, is_resumed), SA(62, F_U64, login_s),
	SA(64, F_U8, mobike.is_on), SA(65, F_U8, mobike.decides), SA(66, F_U8, mobike.wants),
	SA(67, F_U8, mobike.open), SA(69, F_BYTES, mobike.memory),
	SA(70, F_U64, reauth_ms), SA(71, F_U32, settings.reauth_s), SA(72, F_U8, used_ppk),
	SA(77, F_U32, in.missing), SA(78, F_U8, in.size), SA(79, F_U8, out.size),
	OPEN(80, LANE_INFO), SA(85, F_U8, may_be_empty), SA(86, F_U8, in_udp),
	SA(87, F_U8, claims_nat), SA(88, F_U8, peer_class), SA(89, F_U8, settings.set_accept),
	SA(96, F_U64, reauth_end_ms), SA(97, F_U8, owes_lifetime),
};

/* Of the SA, too: tags are those that it has not. 19 and 20 were SK_pi and SK_pr. */
static const struct field words_fields[] = {
	WORDS(34, F_U8, my_id.type), WORDS(35, F_U16, my_id.len), WORDS(36, F_BYTES, my_id.bytes),
	WORDS(37, F_U8, peer_id.type), WORDS(38, F_U16, peer_id.len), WORDS(39, F_BYTES, peer_id.bytes),
	WORDS(40, F_STR, profile), WORDS(51, F_STR, ipsec_profile), WORDS(90, F_STR, user),
};

static const struct field keys_fields[] = {
	KEYS(11, F_U8, d_len), KEYS(12, F_U8, a_len), KEYS(13, F_U8, e_len), KEYS(14, F_BYTES, sk_d),
	KEYS(15, F_BYTES, sk_ai), KEYS(16, F_BYTES, sk_ar), KEYS(17, F_BYTES, sk_ei), KEYS(18, F_BYTES, sk_er),
};

static const struct field mobike_fields[] = {
	MOBIKE(68, F_BYTES, addrs),
};

static const struct field child_fields[] = {
	CHILD(1, F_U32, spi_in), CHILD(2, F_U32, spi_out), CHILD(3, F_U8, udp_encap),
	CHILD(4, F_U16, replay_window), CHILD(5, F_U32, tun), CHILD(6, F_U32, lifetime_s),
	CHILD(7, F_U64, lifetime_kb), CHILD(8, F_U64, up_ms), CHILD(9, F_U8, state),
	CHILD(10, F_U8, may_rekey), CHILD(11, F_U8, wants_rekey), CHILD(12, F_U8, was_told),
	CHILD(13, F_U64, rekey_ms), CHILD(14, F_U64, end_ms),
	CHILD(15, F_U32, replaces), CHILD(16, F_U8, wish), CHILD(17, F_U8, transport),
	CHILD(18, F_U32, idle_s), CHILD(19, F_U64, used_ms),
	CHILD(20, F_U8, has_ke),
};

static const struct field exchange_fields[] = {
	EXCHANGE(1, F_U8, kind), EXCHANGE(2, F_U16, group), EXCHANGE(3, F_U32, old_spi),
	EXCHANGE(4, F_U64, spi_ours), EXCHANGE(5, F_U32, child.spi_ours),
	EXCHANGE(6, F_U64, groups_tried), EXCHANGE(7, F_U32, rival_spi),
	EXCHANGE(8, F_U16, rival_nonce_len), EXCHANGE(9, F_BYTES, rival_nonce),
	EXCHANGE(10, F_U8, wish), EXCHANGE(11, F_U8, more.n), EXCHANGE(12, F_U8, more.step),
	EXCHANGE(13, F_BYTES, more.groups), EXCHANGE(14, F_U64, spi_peer),
	EXCHANGE(15, F_U32, peer_window), EXCHANGE(16, F_U8, peer_token.is_known),
	EXCHANGE(17, F_BYTES, peer_token.digest), EXCHANGE(18, F_U32, child.spi_peer),
	EXCHANGE(19, F_U8, child.transport),
};

static const struct field grant_fields[] = {
	GRANT(1, F_ADDR, ip4), GRANT(2, F_U8, ip4_mask_len), GRANT(3, F_ADDR, ip6),
	GRANT(4, F_U8, ip6_prefix_len), GRANT(5, F_STR, def_domain), GRANT(6, F_STR, banner),
	GRANT(7, F_U32, tun), GRANT(8, F_U32, session_lifetime_s),
	GRANT(9, F_STR, split_dns), GRANT(10, F_STR, backup_gateways), GRANT(11, F_STR, config_url),
	GRANT(12, F_STR, config_version), GRANT(13, F_U8, include_local_lan), GRANT(14, F_U8, pfs),
	GRANT(15, F_U8, smartcard_disconnect), GRANT(16, F_ADDR, server_ip4),
	GRANT(17, F_ADDR, server_ip6), GRANT(18, F_U8, allows_ip4), GRANT(19, F_U8, allows_ip6),
	GRANT(20, F_U8, has_flow_limit), GRANT(21, F_U32, flow_limit),
	GRANT(26, F_U8, session_reauth),
};

#undef SA
#undef OPEN
#undef WORDS
#undef KEYS
#undef MOBIKE
#undef CHILD
#undef GRANT
#undef EXCHANGE

static const struct {
	const struct field *v;
	size_t n;
} tables[RECORD_TABLES] = {
	[RECORD_SA] = {sa_fields, ARRAY_LEN(sa_fields)},
	[RECORD_WORDS] = {words_fields, ARRAY_LEN(words_fields)},
	[RECORD_KEYS] = {keys_fields, ARRAY_LEN(keys_fields)},
	[RECORD_MOBIKE] = {mobike_fields, ARRAY_LEN(mobike_fields)},
	[RECORD_CHILD] = {child_fields, ARRAY_LEN(child_fields)},
	[RECORD_GRANT] = {grant_fields, ARRAY_LEN(grant_fields)},
	[RECORD_EXCHANGE] = {exchange_fields, ARRAY_LEN(exchange_fields)},
};

/* Without the zeros at the end: names and keys are seldom as long as they may be. */
static size_t used_of(const uint8_t *p, size_t size)
{
	while (size > 0 && p[size - 1] == 0)
		size--;
	return size;
}

static void put_field(struct wr *w, const struct field *f, const void *obj)
{
	const uint8_t *p = (const uint8_t *)obj + f->at;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch ((enum kind)f->kind) {
	case F_BOOL:
		fz_u8(w, f->tag, *(const bool *)p);
		break;
	case F_U8:
		fz_u8(w, f->tag, *p);
		break;
	case F_U16:
		memcpy(&v16, p, sizeof(v16));
		fz_u16(w, f->tag, v16);
		break;
	case F_U32:
		memcpy(&v32, p, sizeof(v32));
		fz_u32(w, f->tag, v32);
		break;
	case F_U64:
		memcpy(&v64, p, sizeof(v64));
		fz_u64(w, f->tag, v64);
		break;
	case F_BYTES:
		fz_bytes(w, f->tag, p, used_of(p, f->size));
		break;
	case F_STR:
		fz_str(w, f->tag, (const char *)p);
		break;
	case F_EP:
		fz_endpoint(w, f->tag, (const struct endpoint *)(const void *)p);
		break;
	case F_ADDR:
		fz_addr(w, f->tag, (const struct addr *)(const void *)p);
		break;
	}
}

/* What is zero is left out: whoever takes a record begins with zeros. */
void record_put(struct wr *w, enum record_table table, const void *obj)
{
	for (size_t i = 0; i < tables[table].n; i++) {
		const struct field *f = &tables[table].v[i];

		if (used_of((const uint8_t *)obj + f->at, f->size) > 0)
			put_field(w, f, obj);
	}
}

static bool get_field(const struct field *f, struct view v, void *obj)
{
	uint8_t *p = (uint8_t *)obj + f->at;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch ((enum kind)f->kind) {
	case F_BOOL:
		*(bool *)p = fz_get_u8(v) != 0;
		return v.len == 1;
	case F_U8:
		*p = fz_get_u8(v);
		return v.len == 1;
	case F_U16:
		v16 = fz_get_u16(v);
		memcpy(p, &v16, sizeof(v16));
		return v.len == 2;
	case F_U32:
		v32 = fz_get_u32(v);
		memcpy(p, &v32, sizeof(v32));
		return v.len == 4;
	case F_U64:
		v64 = fz_get_u64(v);
		memcpy(p, &v64, sizeof(v64));
		return v.len == 8;
	case F_BYTES:
		if (v.len > f->size)
			return false;
		memset(p, 0, f->size);
		return fz_get_bytes(v, p, v.len);
	case F_STR:
		return fz_get_str(v, (char *)p, f->size);
	case F_EP:
		*(struct endpoint *)(void *)p = fz_get_endpoint(v);
		return true;
	case F_ADDR:
		*(struct addr *)(void *)p = fz_get_addr(v);
		return true;
	}
	return false;
}

bool record_take(enum record_table table, uint16_t tag, struct view v, void *obj, bool *good)
{
	for (size_t i = 0; i < tables[table].n; i++)
		if (tables[table].v[i].tag == tag) {
			*good &= get_field(&tables[table].v[i], v, obj);
			return true;
		}
	return false;
}

void record_put_suite(struct wr *w, uint16_t tag, const struct ike_suite *s)
{
	struct wr_mark m = fz_open(w, tag);

	wr_u16(w, s->encr->id);
	wr_u16(w, s->encr->key_bits);
	wr_u16(w, s->prf->id);
	wr_u16(w, s->integ != NULL ? s->integ->id : 0);
	wr_u16(w, s->dh->id);
	fz_close(w, m);
}

bool record_get_suite(struct view v, struct ike_suite *out)
{
	struct rd r = rd_init(v.p, v.len);
	uint16_t id[5];

	for (size_t i = 0; i < 5; i++)
		id[i] = rd_u16(&r);
	return rd_done(&r) && suite_ike(id[0], id[1], id[2], id[3], id[4], out) == ST_OK;
}
