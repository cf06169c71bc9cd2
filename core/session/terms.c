#include "core/session/terms.h"

#include <string.h>

#include "core/base/freeze.h"
#include "core/base/mem.h"

static const uint64_t of_terms = AAA_BIT(AV_IP6) | AAA_BIT(AV_IP6_LEN) | AAA_BIT(AV_PREFIX6) |
	AAA_BIT(AV_DELEGATED) | AAA_BIT(AV_INTERIM) | AAA_BIT(AV_LOGINS) |
	AAA_BIT(AV_FLOW_LIMIT) | AAA_BIT(AV_MTU) | AAA_BIT(AV_MSS) | AAA_BIT(AV_FILTER_IN4) |
	AAA_BIT(AV_FILTER_OUT4) | AAA_BIT(AV_FILTER_IN6) | AAA_BIT(AV_FILTER_OUT6) | AAA_BIT(AV_SERVICE_IN) |
	AAA_BIT(AV_SERVICE_OUT) | AAA_BIT(AV_QUOTA) | AAA_BIT(AV_CUI) | AAA_BIT(AV_REPLY) | AAA_BIT(AV_CLASS) |
	AAA_BIT(AV_STATE);

static const char *put_text(char **at, const char *text)
{
	size_t len = strlen(text) + 1;
	char *to = *at;

	memcpy(to, text, len);
	*at += len;
	return to;
}

static size_t quotas_len(const struct aaa_quotas *q)
{
	size_t len = q->n * sizeof(struct terms_quota);

	for (size_t i = 0; i < q->n; i++)
		len += strlen(q->v[i].map) + 1;
	return len;
}

/* First of what stands behind the terms, where it is aligned as they are. */
static void put_quotas(struct session_terms *t, const struct aaa_quotas *from, char **at)
{
	t->quotas = (struct terms_quota *)(void *)*at;
	t->n_quotas = from->n;
	*at += from->n * sizeof(struct terms_quota);
	for (size_t i = 0; i < from->n; i++)
		t->quotas[i] = (struct terms_quota){from->v[i].octets, from->v[i].way, from->v[i].period, from->v[i].state, from->v[i].told,
			put_text(at, from->v[i].map)};
}

/* Values that the set does not have are zero in it. */
enum status terms_keep(const struct aaa_set *s, struct session_terms **out)
{
	size_t len = s->class.len + s->state.len + strlen(s->service[0]) + strlen(s->service[1]) + strlen(s->cui) + strlen(s->reply) + 4 +
		quotas_len(&s->quotas);
	struct session_terms *t;

	if (!(s->has & of_terms) && !s->ip4.family) {
		mem_free(*out);
		*out = NULL;
		return ST_OK;
	}
	for (int i = 0; i < AAA_FILTERS; i++)
		len += strlen(s->filter[i]) + 1;
	t = mem_new(sizeof(*t) + len);
	if (!t)
		return ST_NOMEM;
	*t = (struct session_terms){.ip4 = s->ip4, .ip6 = s->ip6, .ip6_len = s->ip6_len, .prefix6 = s->prefix6,
		.delegated = s->delegated, .interim_s = s->interim_s, .logins = s->logins, .logins_refuse = s->logins_refuse,
		.has_flow_limit = aaa_has(s, AV_FLOW_LIMIT), .flow_limit = s->flow_limit, .mtu = s->mtu, .mss = s->mss};
	char *at = (char *)(t + 1);
	put_quotas(t, &s->quotas, &at);
	for (int i = 0; i < AAA_FILTERS; i++)
		t->filter[i] = put_text(&at, s->filter[i]);
	for (int i = 0; i < 2; i++)
		t->service[i] = put_text(&at, s->service[i]);
	t->cui = put_text(&at, s->cui);
	t->reply = put_text(&at, s->reply);
	t->class = (struct view){(const uint8_t *)at, s->class.len};
	memcpy(at, s->class.bytes, s->class.len);
	at += s->class.len;
	t->state = (struct view){(const uint8_t *)at, s->state.len};
	memcpy(at, s->state.bytes, s->state.len);
	mem_free(*out);
	*out = t;
	return ST_OK;
}

/* ---- the frozen record ------------------------------------------------------------------------ */

/* Numbers are for ever; a field that is gone leaves a hole. */
enum field {
	F_IP4 = TERMS_TAG,
	F_IP6,
	F_IP6_LEN,
	F_PREFIX6,
	F_DELEGATED,
	F_INTERIM,
	F_LOGINS,
	F_FLOW_LIMIT,
	F_MTU,
	F_MSS,
	F_FILTER, /* four of them */
	F_SERVICE = F_FILTER + AAA_FILTERS,
	F_CUI = F_SERVICE + 2,
	F_REPLY,
	F_CLASS,
	F_LOGINS_REFUSE,
	F_QUOTA, /* a group for each */
	F_STATE
};
enum quota_field { Q_OCTETS = 1, Q_WAY, Q_PERIOD, Q_STATE, Q_TOLD, Q_MAP };

static void write_quota(struct wr *w, const struct terms_quota *q)
{
	struct wr_mark m = fz_open(w, F_QUOTA);

	fz_u64(w, Q_OCTETS, q->octets);
	fz_u8(w, Q_WAY, q->way);
	fz_u8(w, Q_PERIOD, q->period);
	fz_u8(w, Q_STATE, q->state);
	fz_u8(w, Q_TOLD, q->told);
	fz_some_str(w, Q_MAP, q->map);
	fz_close(w, m);
}

void terms_write(struct wr *w, const struct session_terms *t)
{
	if (!t)
		return;
	fz_some_addr(w, F_IP4, &t->ip4);
	fz_some_addr(w, F_IP6, &t->ip6);
	fz_some_u32(w, F_IP6_LEN, t->ip6_len);
	if (t->prefix6.addr.family)
		fz_prefix(w, F_PREFIX6, &t->prefix6);
	for (int i = 0; i < t->delegated.n; i++)
		fz_prefix(w, F_DELEGATED, &t->delegated.v[i]);
	fz_some_u32(w, F_INTERIM, t->interim_s);
	fz_some_u32(w, F_LOGINS, t->logins);
	fz_some_u32(w, F_LOGINS_REFUSE, t->logins && t->logins_refuse);
	if (t->has_flow_limit)
		fz_u32(w, F_FLOW_LIMIT, t->flow_limit);
	fz_some_u32(w, F_MTU, t->mtu);
	fz_some_u32(w, F_MSS, t->mss);
	for (int i = 0; i < AAA_FILTERS; i++)
		fz_some_str(w, (uint16_t)(F_FILTER + i), t->filter[i]);
	for (int i = 0; i < 2; i++)
		fz_some_str(w, (uint16_t)(F_SERVICE + i), t->service[i]);
	fz_some_str(w, F_CUI, t->cui);
	fz_some_str(w, F_REPLY, t->reply);
	for (size_t i = 0; i < t->n_quotas; i++)
		write_quota(w, &t->quotas[i]);
	if (t->class.len)
		fz_bytes(w, F_CLASS, t->class.p, t->class.len);
	if (t->state.len)
		fz_bytes(w, F_STATE, t->state.p, t->state.len);
}

static bool read_u32(struct view v, struct aaa_set *s, enum aaa_item item, uint32_t *to)
{
	*to = fz_get_u32(v);
	s->has |= AAA_BIT(item);
	return true;
}

static bool read_addr(struct view v, struct aaa_set *s, enum aaa_item item, uint8_t family)
{
	struct addr a = fz_get_addr(v);

	if (a.family && a.family != family)
		return false;
	*(item == AV_IP4 ? &s->ip4 : &s->ip6) = a;
	s->has |= a.family ? AAA_BIT(item) : 0;
	return true;
}

static bool read_prefix(struct view v, struct aaa_set *s, enum aaa_item item)
{
	struct prefix p = fz_get_prefix(v);

	if (p.addr.family != 6 || (item == AV_DELEGATED && s->delegated.n == AAA_DELEGATED))
		return false;
	if (item == AV_DELEGATED)
		s->delegated.v[s->delegated.n++] = p;
	else
		s->prefix6 = p;
	s->has |= AAA_BIT(item);
	return true;
}

static bool read_class(struct view v, struct aaa_set *s)
{
	struct view one;
	size_t at = 0;

	while (aaa_class_next(v, &at, &one))
		if (!aaa_put_class(s, one.p, one.len))
			return false;
	return at == v.len;
}

static bool read_text(struct view v, struct aaa_set *s, enum aaa_item item)
{
	char text[AAA_FILTER];

	return fz_get_str(v, text, sizeof(text)) && aaa_put_text(s, item, text);
}

static bool read_quota(struct view v, struct aaa_set *s)
{
	struct rd fields = rd_init(v.p, v.len);
	struct aaa_quota q = {0};
	uint16_t tag;
	bool ok = true;

	while (ok && fz_next(&fields, &tag, &v))
		switch (tag) {
		case Q_OCTETS: q.octets = fz_get_u64(v); break;
		case Q_WAY: q.way = fz_get_u8(v); break;
		case Q_PERIOD: q.period = fz_get_u8(v); break;
		case Q_STATE: q.state = fz_get_u8(v); break;
		case Q_TOLD: q.told = fz_get_u8(v); break;
		case Q_MAP: ok = fz_get_str(v, q.map, sizeof(q.map)); break;
		default: break;
		}
	return ok && rd_ok(&fields) && q.way < QUOTA_WAYS && q.period < QUOTA_PERIODS && q.state <= QUOTA_OVER &&
	       q.told <= QUOTA_OVER && aaa_put_quota(s, &q);
}

bool terms_read(uint16_t tag, struct view v, struct aaa_set *s)
{
	if (tag >= F_FILTER && tag < F_FILTER + AAA_FILTERS)
		return read_text(v, s, (enum aaa_item)(AV_FILTER_IN4 + tag - F_FILTER));
	switch (tag) {
	case F_IP4: return read_addr(v, s, AV_IP4, 4);
	case F_IP6: return read_addr(v, s, AV_IP6, 6);
	case F_IP6_LEN:
		s->ip6_len = (uint8_t)fz_get_u32(v);
		s->has |= AAA_BIT(AV_IP6_LEN);
		return s->ip6_len <= 128;
	case F_PREFIX6: return read_prefix(v, s, AV_PREFIX6);
	case F_DELEGATED: return read_prefix(v, s, AV_DELEGATED);
	case F_INTERIM: return read_u32(v, s, AV_INTERIM, &s->interim_s);
	case F_LOGINS: return read_u32(v, s, AV_LOGINS, &s->logins);
	case F_LOGINS_REFUSE: s->logins_refuse = fz_get_u32(v) != 0; return true;
	case F_FLOW_LIMIT: return read_u32(v, s, AV_FLOW_LIMIT, &s->flow_limit);
	case F_MTU: return read_u32(v, s, AV_MTU, &s->mtu);
	case F_MSS: return read_u32(v, s, AV_MSS, &s->mss);
	case F_SERVICE: return read_text(v, s, AV_SERVICE_IN);
	case F_SERVICE + 1: return read_text(v, s, AV_SERVICE_OUT);
	case F_CUI: return read_text(v, s, AV_CUI);
	case F_REPLY: return read_text(v, s, AV_REPLY);
	case F_CLASS: return read_class(v, s);
	case F_QUOTA: return read_quota(v, s);
	case F_STATE: return aaa_put_state(s, v);
	default: return true;
	}
}
