/* A whole IKE datagram as anyone may send it: header, chain, every payload by its own parser. The
 * body of an SK is read once more as the inner chain it would be after decryption. */
#include <stdint.h>
#include <stdlib.h>

#include "core/wire/auth.h"
#include "core/wire/cp.h"
#include "core/wire/gateway.h"
#include "core/wire/id.h"
#include "core/wire/ke.h"
#include "core/wire/notify.h"
#include "core/wire/payload.h"
#include "core/wire/sa.h"
#include "core/wire/ts.h"
#include "core/wire/vendor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

/* Reads every byte of a view, so that a view outside the datagram is seen. */
static void touch(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		sink = (uint8_t)(sink + v.p[i]);
}

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static void same_bytes(const struct wr *w, struct view body)
{
	MUST(wr_ok(w) && w->len == body.len);
	for (size_t i = 0; i < body.len; i++)
		MUST(w->buf[i] == body.p[i]);
}

static void try_sa(struct view body)
{
	static struct sa sa, again;
	static uint8_t buf[65536];
	struct wr w = wr_init(buf, sizeof(buf));

	if (sa_parse(body, SA_NUMBERS_INCREASING, &sa) != ST_OK)
		return;
	for (size_t i = 0; i < sa.n; i++) {
		MUST(sa.v[i].n > 0 && sa.v[i].n <= SA_TRANSFORMS_MAX);
		touch(sa.v[i].spi);
	}
	(void)sa_spis_are(&sa, PROTO_IKE, 8);
	(void)sa_spis_are(&sa, PROTO_ESP, 4);
	if (sa.n == 0)
		return;
	/* What is kept can be written and read again. */
	sa_build(&w, &sa);
	MUST(wr_ok(&w));
	MUST(sa_parse((struct view){buf, w.len}, SA_NUMBERS_INCREASING, &again) == ST_OK);
	MUST(again.n == sa.n);
}

/* The data of any notify as that of a REDIRECT: what was read is written to the same bytes. */
static void try_gateway(struct view data)
{
	static uint8_t buf[65536];
	struct wr w = wr_init(buf, sizeof(buf));
	struct gateway g;
	struct view nonce;
	char text[GATEWAY_TEXT];

	if (gateway_parse(data, &g, &nonce) != ST_OK)
		return;
	touch(nonce);
	MUST(!gateway_is_none(&g) && gateway_format(&g, text)[0] != '\0');
	gateway_build(&w, &g, nonce);
	same_bytes(&w, data);
}

static void try_notify(struct view body)
{
	static uint8_t buf[65536];
	struct wr w = wr_init(buf, sizeof(buf));
	struct notify n;
	uint16_t v16;
	uint32_t v32;

	if (notify_parse(body, &n) != ST_OK)
		return;
	touch(n.spi);
	touch(n.data);
	try_gateway(n.data);
	(void)notify_spi(&n);
	(void)!notify_u16(&n, &v16);
	(void)!notify_u32(&n, &v32);
	(void)notify_name(n.type);
	notify_build(&w, &n);
	MUST(wr_ok(&w) && w.len == body.len);
}

static void try_delete(struct view body)
{
	struct ike_delete d;

	if (delete_parse(body, &d) != ST_OK)
		return;
	touch(d.spis);
	for (uint32_t i = 0; i <= d.n && i <= UINT16_MAX; i++)
		(void)delete_spi(&d, (uint16_t)i);
}

static void try_id(struct view body)
{
	struct ident id;

	if (id_parse(body, &id) != ST_OK)
		return;
	touch(id.data);
	MUST(ident_eq(&id, &id) && ident_is_valid(&id));
	(void)ident_addr(&id);
	(void)ident_has_domain(&id, "corp.example");
}

static void try_cp(struct view body)
{
	struct cp cp;
	struct cp_attr a;
	struct addr addr;
	struct prefix prefix;

	if (cp_parse(body, &cp) != ST_OK)
		return;
	struct rd r = cp_attrs(&cp);

	while (cp_next(&r, &a)) {
		touch(a.value);
		(void)cp_attr_addr(&a, &addr);
		if (cp_attr_prefix(&a, &prefix))
			MUST(prefix.len <= 8 * addr_len(&prefix.addr));
	}
	MUST(rd_done(&r));
}

static void try_ts(struct view body)
{
	static struct ts v[TS_MAX], narrowed[TS_MAX];
	const struct ts ours[] = {ts_any(4), ts_any(6)};
	char text[TS_TEXT];
	size_t n, kept;

	if (ts_parse(body, v, TS_MAX, &n) != ST_OK)
		return;
	MUST(n <= TS_MAX);
	for (size_t i = 0; i < n; i++) {
		(void)ts_format(&v[i], text);
		(void)ts_is_single_prefix(&v[i], NULL);
		MUST(ts_contains(&v[i], &v[i]));
	}
	kept = ts_narrow(v, n, ours, 2, narrowed, TS_MAX);
	MUST(kept <= n);
	for (size_t i = 0; i < kept; i++)
		MUST(ts_contains(&ours[narrowed[i].lo.family == 6], &narrowed[i]));
}

static void try_payload(const struct payload *p)
{
	struct ke ke;
	struct auth auth;
	struct view nonce;

	touch(p->body);
	switch (p->type) {
	case PT_SA: try_sa(p->body); break;
	case PT_KE:
		if (ke_parse(p->body, &ke) == ST_OK)
			touch(ke.data);
		break;
	case PT_IDI:
	case PT_IDR: try_id(p->body); break;
	case PT_AUTH:
		if (auth_parse(p->body, &auth) == ST_OK)
			touch(auth.data);
		break;
	case PT_NONCE:
		if (nonce_parse(p->body, &nonce) == ST_OK)
			touch(nonce);
		break;
	case PT_NOTIFY: try_notify(p->body); break;
	case PT_DELETE: try_delete(p->body); break;
	case PT_VENDOR: (void)vendor_name(vendor_identify(p->body)); break;
	case PT_TSI:
	case PT_TSR: try_ts(p->body); break;
	case PT_CP: try_cp(p->body); break;
	default: break;
	}
}

static void try_payloads(const struct ike_payloads *p)
{
	MUST(p->n <= PAYLOADS_MAX);
	for (size_t i = 0; i < p->n; i++) {
		MUST(payload_find(p, p->v[i].type) != NULL);
		try_payload(&p->v[i]);
	}
	touch(p->sk);
}

/* A message without SK and without unknown payloads is written again to the same bytes, but for
 * the critical and reserved bits. */
static void rebuild(const struct ike_message *m, struct view msg)
{
	static uint8_t buf[65536];
	struct wr w = wr_init(buf, sizeof(buf));
	struct wr_mark len = ike_hdr_open(&w, &m->hdr);
	struct payload_chain c = payload_chain_init(&w, IKE_HDR_NEXT_AT);
	size_t at = IKE_HDR_LEN;

	for (size_t i = 0; i < m->p.n; i++) {
		payload_put(&c, m->p.v[i].type, m->p.v[i].body.p, m->p.v[i].body.len);
		if (wr_ok(&w) && w.len <= msg.len)
			buf[at + 1] = msg.p[at + 1];
		at = w.len;
	}
	wr_close32(&w, len);
	same_bytes(&w, msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ike_message m;
	static struct ike_payloads inner;
	struct view msg = {data, size};
	enum status st = ike_message_parse(msg, &m);
	struct skf skf;

	if (st != ST_OK && st != ST_CRITICAL)
		return 0;
	MUST((st == ST_CRITICAL) == (m.p.unknown_critical != 0));
	touch(m.aad);
	try_payloads(&m.p);
	if (m.p.sk_type == PT_SKF && skf_parse(m.p.sk, &skf) == ST_OK) {
		MUST(skf.number >= 1 && skf.number <= skf.total && skf.body.len > 0);
		MUST(skf.body.p == m.aad.p + m.aad.len);
		touch(skf.body);
	}
	if (m.p.sk_type == PT_SK) {
		MUST(m.p.sk.p == m.aad.p + m.aad.len);
		st = payloads_parse(m.p.sk_first, m.p.sk, PAYLOADS_INNER, &inner);
		if (st == ST_OK)
			try_payloads(&inner);
	} else if (m.p.sk_type == 0 && m.p.n_skipped == 0 && !m.p.unknown_critical) {
		rebuild(&m, msg);
	}
	return 0;
}
