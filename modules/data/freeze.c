#include "core/base/freeze.h"

#include <string.h>

#include "core/base/keep.h"
#include "core/base/mem.h"
#include "modules/data/data.h"

/* Another one with each layout of struct esp_rt, too: the slots of a program with another layout may still be there, and
 * after a rollback an SA must not go on with the numbers of one that had its SPI before. */
#define SA_VERSION 2

enum sa_tag {
	SA_OWNER = 1, SA_SESSION, SA_TUN, SA_SPI_IN, SA_SPI_OUT, SA_ENCR, SA_ENCR_BITS, SA_INTEG,
	SA_FLAGS, SA_WINDOW, SA_LOCAL, SA_REMOTE, SA_KEY_IN, SA_KEY_OUT, SA_LOCAL_TS, SA_REMOTE_TS,
	SA_FIT = 40
};

enum sa_flag { SA_ESN = 1, SA_TRANSPORT = 2, SA_UDP = 4 };

enum fit_tag { RULE_DF = 1, RULE_BEFORE, RULE_MTU4, RULE_MTU6, RULE_MSS4, RULE_MSS6 };

enum ts_tag { TS_PROTO = 1, TS_PORT_LO, TS_PORT_HI, TS_ADDR_LO, TS_ADDR_HI };

static void put_ts(struct wr *w, uint16_t tag, const struct ts *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct wr_mark m = fz_open(w, tag);

		fz_u8(w, TS_PROTO, v[i].proto);
		fz_u16(w, TS_PORT_LO, v[i].port_lo);
		fz_u16(w, TS_PORT_HI, v[i].port_hi);
		fz_addr(w, TS_ADDR_LO, &v[i].lo);
		fz_addr(w, TS_ADDR_HI, &v[i].hi);
		fz_close(w, m);
	}
}

static void put_fit(struct wr *w, const struct fit_rules *r)
{
	struct wr_mark m = fz_open(w, SA_FIT);

	fz_u8(w, RULE_DF, r->df);
	fz_u8(w, RULE_BEFORE, r->before);
	fz_u16(w, RULE_MTU4, r->mtu4);
	fz_u16(w, RULE_MTU6, r->mtu6);
	fz_u16(w, RULE_MSS4, r->mss4);
	fz_u16(w, RULE_MSS6, r->mss6);
	fz_close(w, m);
}

size_t data_sa_freeze(const struct data_sa *sa, uint8_t *out, size_t cap)
{
	struct wr w = wr_init(out, cap);
	uint8_t flags = (uint8_t)((sa->esn ? SA_ESN : 0) | (sa->transport_mode ? SA_TRANSPORT : 0) |
				  (sa->udp_encap ? SA_UDP : 0));

	fz_begin(&w, KEEP_ESP, SA_VERSION);
	fz_u64(&w, SA_OWNER, sa->owner);
	fz_bytes(&w, SA_SESSION, sa->session.b, sizeof(sa->session.b));
	fz_u32(&w, SA_TUN, sa->tun);
	fz_u32(&w, SA_SPI_IN, sa->spi_in);
	fz_u32(&w, SA_SPI_OUT, sa->spi_out);
	fz_u16(&w, SA_ENCR, sa->encr_id);
	fz_u16(&w, SA_ENCR_BITS, sa->encr_key_bits);
	fz_u16(&w, SA_INTEG, sa->integ_id);
	fz_u8(&w, SA_FLAGS, flags);
	fz_u16(&w, SA_WINDOW, sa->replay_window);
	fz_endpoint(&w, SA_LOCAL, &sa->local);
	fz_endpoint(&w, SA_REMOTE, &sa->remote);
	fz_bytes(&w, SA_KEY_IN, sa->key_in, sa->key_in_len);
	fz_bytes(&w, SA_KEY_OUT, sa->key_out, sa->key_out_len);
	put_ts(&w, SA_LOCAL_TS, sa->local_ts, sa->n_local_ts);
	put_ts(&w, SA_REMOTE_TS, sa->remote_ts, sa->n_remote_ts);
	put_fit(&w, &sa->fit);
	fz_end(&w);
	if (wr_ok(&w))
		return w.len;
	mem_zero(out, cap);
	return 0;
}

static bool get_ts(struct view v, struct ts *list, uint8_t *n)
{
	struct rd r = rd_init(v.p, v.len);
	struct ts t = {0};
	uint16_t tag;
	struct view f;

	while (fz_next(&r, &tag, &f)) {
		switch (tag) {
		case TS_PROTO: t.proto = fz_get_u8(f); break;
		case TS_PORT_LO: t.port_lo = fz_get_u16(f); break;
		case TS_PORT_HI: t.port_hi = fz_get_u16(f); break;
		case TS_ADDR_LO: t.lo = fz_get_addr(f); break;
		case TS_ADDR_HI: t.hi = fz_get_addr(f); break;
		default: break;
		}
	}
	if (r.bad || *n >= DATA_TS_MAX || addr_len(&t.lo) == 0 || t.lo.family != t.hi.family ||
	    addr_cmp(&t.lo, &t.hi) > 0)
		return false;
	list[(*n)++] = t;
	return true;
}

static bool get_fit(struct view v, struct fit_rules *out)
{
	struct rd r = rd_init(v.p, v.len);
	uint16_t tag;
	struct view f;

	while (fz_next(&r, &tag, &f)) {
		switch (tag) {
		case RULE_DF: out->df = fz_get_u8(f); break;
		case RULE_BEFORE: out->before = fz_get_u8(f); break;
		case RULE_MTU4: out->mtu4 = fz_get_u16(f); break;
		case RULE_MTU6: out->mtu6 = fz_get_u16(f); break;
		case RULE_MSS4: out->mss4 = fz_get_u16(f); break;
		case RULE_MSS6: out->mss6 = fz_get_u16(f); break;
		default: break;
		}
	}
	return !r.bad && out->df <= FIT_DF_CLEAR;
}

static bool get_key(struct view v, uint8_t key[160], uint16_t *len)
{
	if (v.len > 160)
		return false;
	memcpy(key, v.p, v.len);
	*len = (uint16_t)v.len;
	return true;
}

static void get_flags(uint8_t flags, struct data_sa *sa)
{
	sa->esn = flags & SA_ESN;
	sa->transport_mode = flags & SA_TRANSPORT;
	sa->udp_encap = flags & SA_UDP;
}

static bool get_field(uint16_t tag, struct view v, struct data_sa *sa)
{
	switch (tag) {
	case SA_OWNER: sa->owner = fz_get_u64(v); return true;
	case SA_SESSION: return fz_get_bytes(v, sa->session.b, sizeof(sa->session.b));
	case SA_TUN: sa->tun = fz_get_u32(v); return true;
	case SA_SPI_IN: sa->spi_in = fz_get_u32(v); return true;
	case SA_SPI_OUT: sa->spi_out = fz_get_u32(v); return true;
	case SA_ENCR: sa->encr_id = fz_get_u16(v); return true;
	case SA_ENCR_BITS: sa->encr_key_bits = fz_get_u16(v); return true;
	case SA_INTEG: sa->integ_id = fz_get_u16(v); return true;
	case SA_FLAGS: get_flags(fz_get_u8(v), sa); return true;
	case SA_WINDOW: sa->replay_window = fz_get_u16(v); return true;
	case SA_LOCAL: sa->local = fz_get_endpoint(v); return true;
	case SA_REMOTE: sa->remote = fz_get_endpoint(v); return true;
	case SA_KEY_IN: return get_key(v, sa->key_in, &sa->key_in_len);
	case SA_KEY_OUT: return get_key(v, sa->key_out, &sa->key_out_len);
	case SA_LOCAL_TS: return get_ts(v, sa->local_ts, &sa->n_local_ts);
	case SA_REMOTE_TS: return get_ts(v, sa->remote_ts, &sa->n_remote_ts);
	case SA_FIT: return get_fit(v, &sa->fit);
	default: return true; /* of a newer version */
	}
}

enum status data_sa_thaw(struct view rec, struct data_sa *out)
{
	struct data_sa sa = {0};
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	enum status st = fz_open_record(rec, &kind, &version, &fields);

	if (!st && kind != KEEP_ESP)
		st = ST_BAD_PAYLOAD;
	if (!st && version != SA_VERSION)
		st = ST_BAD_VERSION;
	while (!st && fz_next(&fields, &tag, &v)) {
		if (!get_field(tag, v, &sa))
			st = ST_BAD_PAYLOAD;
	}
	if (!st && (fields.bad || sa.spi_in < 256 || !sa.key_in_len || !sa.key_out_len ||
		    !sa.n_local_ts || !sa.n_remote_ts || !addr_len(&sa.local.addr) ||
		    sa.local.addr.family != sa.remote.addr.family))
		st = ST_BAD_PAYLOAD;
	if (!st)
		*out = sa;
	mem_zero(&sa, sizeof(sa));
	return st;
}
