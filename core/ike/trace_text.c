/* Messages and transitions in words, in the form of the guide: "IKEv2:(SESSION ID = n,SA ID = m):text",
 * and for the contents of messages "IKEv2-PAK:(...):". */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/crypto/suite.h"
#include "core/ike/trace.h"
#include "core/wire/auth.h"
#include "core/wire/cp.h"
#include "core/wire/id.h"
#include "core/wire/ke.h"
#include "core/wire/notify.h"
#include "core/wire/sa.h"
#include "core/wire/ts.h"
#include "core/wire/vendor.h"

#define ESCAPED 360 /* of what a peer wrote into one field */
#define SHOWN_SPIS 4 /* of one Delete */
#define SHOWN_TS 16  /* selectors, attributes of one payload */

struct text {
	const struct ike_trace *t;
	trace_line *line;
	void *ctx;
	char buf[TRACE_LINE];
	size_t len;
};

static void put(struct text *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *x, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(x->buf + x->len, sizeof(x->buf) - x->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		x->len += (size_t)n;
	if (x->len >= sizeof(x->buf)) /* cut */
		x->len = sizeof(x->buf) - 1;
}

static void end_line(struct text *x)
{
	x->line(x->ctx, x->buf);
	x->len = 0;
	x->buf[0] = '\0';
}

static void put_head(struct text *x, const char *word)
{
	unsigned id = (unsigned)(x->t->sa & 0xffffffffu);

	if (x->t->sa != 0)
		put(x, "%s:(SESSION ID = %u,SA ID = %u):", word, id, id);
	else
		put(x, "%s:", word);
}

static void put_bytes(struct text *x, struct view v)
{
	char out[ESCAPED];

	escape_bytes(out, sizeof(out), v.p, v.len);
	put(x, "%s", out);
}

static void put_endpoint(struct text *x, const struct endpoint *e)
{
	char a[ENDPOINT_TEXT];

	put(x, "%s", e->addr.family != 0 ? endpoint_format(e, a) : "any");
}

/* ---- numbers with names ------------------------------------------------------------------------- */

static void put_payload_name(struct text *x, uint8_t type)
{
	const char *name = payload_name(type);

	if (type == PT_NONE)
		put(x, "NONE");
	else if (strcmp(name, "unknown") == 0)
		put(x, "payload %u", type);
	else
		put(x, "%s", name);
}

static void put_exchange(struct text *x, uint8_t exchange)
{
	const char *name = exchange_name(exchange);

	if (strcmp(name, "unknown") == 0)
		put(x, "exchange %u", exchange);
	else
		put(x, "%s", name);
}

static const char *proto_name(uint8_t protocol)
{
	static const char *const names[] = {"none", "IKE", "AH", "ESP"};

	return protocol < sizeof(names) / sizeof(names[0]) ? names[protocol] : "unknown protocol";
}

/* ---- payloads ------------------------------------------------------------------------------------- */

static const char *transform_type(uint8_t type)
{
	static const char *const names[] = {"?", "ENCR", "PRF", "INTEG", "DH", "ESN",
		"ADDKE1", "ADDKE2", "ADDKE3", "ADDKE4", "ADDKE5", "ADDKE6", "ADDKE7"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "type ?";
}

static void put_transform(struct text *x, const struct transform *t)
{
	enum xf_type type = t->type >= TRANSFORM_ADDKE1 ? XF_DH : (enum xf_type)t->type;
	const struct xf *row = suite_find(type, t->id, t->key_bits);
	const char *not_built = suite_not_built(type, t->id);

	put(x, " %s ", transform_type(t->type));
	if (t->type == TRANSFORM_ESN)
		put(x, "%s", t->id == 0 ? "no" : t->id == 1 ? "yes" : "unknown");
	else if (t->id == 0)
		put(x, "none");
	else if (not_built != NULL)
		put(x, "%s (not built)", not_built);
	else if (row == NULL)
		put(x, "%u", t->id);
	else
		put(x, "%s", row->label != NULL ? row->label : row->show);
	if (row == NULL && t->key_bits != 0)
		put(x, "/%u", t->key_bits);
	if (t->unusable)
		put(x, " (unusable)");
}

static void text_sa(struct text *x, struct view body)
{
	struct sa sa;

	if (sa_parse(body, SA_NUMBERS_INCREASING, &sa) != ST_OK) {
		put(x, "  malformed");
		end_line(x);
		return;
	}
	for (size_t i = 0; i < sa.n; i++) {
		const struct proposal *p = &sa.v[i];

		put(x, "  Proposal %u: %s, SPI size %zu, %u transforms:", p->num,
			proto_name(p->protocol), p->spi.len, p->n);
		for (size_t k = 0; k < p->n && k < SA_TRANSFORMS_MAX; k++)
			put_transform(x, &p->v[k]);
		end_line(x);
	}
}

static void text_ke(struct text *x, struct view body)
{
	const struct xf *row;
	struct ke ke;

	if (ke_parse(body, &ke) != ST_OK) {
		put(x, "  malformed");
	} else {
		row = suite_find(XF_DH, ke.group, 0);
		put(x, "  DH group: %u%s%s%s, %zu bytes", ke.group, row != NULL ? " (" : "",
			row != NULL ? row->label : "", row != NULL ? ")" : "", ke.data.len);
	}
	end_line(x);
}

static void text_id(struct text *x, struct view body)
{
	struct ident id;

	if (id_parse(body, &id) != ST_OK) {
		put(x, "  malformed");
	} else {
		struct addr a = ident_addr(&id);
		char text[ADDR_TEXT];

		put(x, "  Id type: %s (%u), Id data: ", id_type_name(id.type), id.type);
		if (a.family != 0)
			put(x, "%s", addr_format(&a, text));
		else
			put_bytes(x, id.data);
	}
	end_line(x);
}

static void text_auth(struct text *x, struct view body)
{
	struct auth auth;

	if (auth_parse(body, &auth) != ST_OK)
		put(x, "  malformed");
	else
		put(x, "  Auth method: %s (%u), %zu bytes", auth_method_name(auth.method),
			auth.method, auth.data.len);
	end_line(x);
}

/* Data is shown of those that carry plain numbers; of the others only the length. */
static void text_notify(struct text *x, struct view body)
{
	struct notify n;
	uint16_t v;

	if (notify_parse(body, &n) != ST_OK) {
		put(x, "  malformed");
		end_line(x);
		return;
	}
	put(x, "  %s %u: %s, protocol %s", notify_is_error(n.type) ? "Error" : "Status", n.type,
		notify_name(n.type), proto_name(n.protocol));
	if (n.spi.len == 4)
		put(x, ", SPI 0x%08x", notify_spi(&n));
	if (n.type == N_INVALID_KE_PAYLOAD && notify_u16(&n, &v) == ST_OK)
		put(x, ", group %u", v);
	else if (n.type == N_UNSUPPORTED_CRITICAL_PAYLOAD && n.data.len == 1)
		put(x, ", payload %u", n.data.p[0]);
	else if (n.data.len > 0)
		put(x, ", %zu bytes", n.data.len);
	end_line(x);
}

static void text_delete(struct text *x, struct view body)
{
	struct ike_delete d;

	if (delete_parse(body, &d) != ST_OK) {
		put(x, "  malformed");
		end_line(x);
		return;
	}
	put(x, "  Protocol: %s, %u SPIs", proto_name(d.protocol), d.n);
	for (uint16_t i = 0; d.protocol != PROTO_IKE && i < d.n && i < SHOWN_SPIS; i++)
		put(x, "%s0x%08x", i == 0 ? ": " : ", ", delete_spi(&d, i));
	end_line(x);
}

static void text_ts(struct text *x, struct view body)
{
	struct ts v[SHOWN_TS];
	char text[TS_TEXT];
	size_t n = 0;

	if (ts_parse(body, v, SHOWN_TS, &n) != ST_OK) {
		put(x, "  malformed");
		end_line(x);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		put(x, "  %s", ts_format(&v[i], text));
		end_line(x);
	}
}

static void put_attr(struct text *x, const struct cp_attr *a)
{
	const char *name = cp_attr_name(a->type);
	char text[ADDR_TEXT];
	struct prefix p;
	struct addr addr;

	if (strcmp(name, "unknown") == 0)
		put(x, "  attribute %u, %zu bytes", a->type, a->value.len);
	else if (cp_attr_prefix(a, &p))
		put(x, "  %s %s/%u", name, addr_format(&p.addr, text), p.len);
	else if (cp_attr_addr(a, &addr))
		put(x, "  %s %s", name, addr_format(&addr, text));
	else
		put(x, "  %s, %zu bytes", name, a->value.len);
	end_line(x);
}

static void text_cp(struct text *x, struct view body)
{
	static const char *const types[] = {"?", "CFG_REQUEST", "CFG_REPLY", "CFG_SET", "CFG_ACK"};
	struct cp_attr a;
	struct cp cp;
	struct rd r;

	if (cp_parse(body, &cp) != ST_OK) {
		put(x, "  malformed");
		end_line(x);
		return;
	}
	put(x, "  cfg type: %s", cp.type < sizeof(types) / sizeof(types[0]) ? types[cp.type] : "?");
	end_line(x);
	r = cp_attrs(&cp);
	for (size_t i = 0; i < SHOWN_TS && cp_next(&r, &a); i++)
		put_attr(x, &a);
}

/* What a vendor ID says is public; what a certificate or an EAP packet says is not for a debug. */
static void text_vendor(struct text *x, struct view body)
{
	enum vendor v = vendor_identify(body);

	put(x, "  ");
	if (v != VENDOR_UNKNOWN)
		put(x, "%s", vendor_name(v));
	else
		put_bytes(x, body);
	end_line(x);
}

static const struct {
	uint8_t type;
	void (*text)(struct text *x, struct view body);
} rows[] = {
	{PT_SA, text_sa}, {PT_KE, text_ke}, {PT_IDI, text_id}, {PT_IDR, text_id}, {PT_AUTH, text_auth},
	{PT_NOTIFY, text_notify}, {PT_DELETE, text_delete}, {PT_TSI, text_ts}, {PT_TSR, text_ts},
	{PT_CP, text_cp}, {PT_VENDOR, text_vendor},
};

static void text_payload(struct text *x, const struct ike_payloads *p, size_t at)
{
	const struct payload *it = &p->v[at];

	put(x, " ");
	put_payload_name(x, it->type);
	put(x, "  Next payload: ");
	put_payload_name(x, at + 1 < p->n ? p->v[at + 1].type : p->sk_type);
	put(x, ", critical: %u, length: %zu", it->critical, it->body.len + PAYLOAD_HDR_LEN);
	end_line(x);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == it->type)
			rows[i].text(x, it->body);
}

static void text_payloads(struct text *x, const struct ike_payloads *p)
{
	put(x, "Payload contents:");
	for (size_t i = 0; i < p->n; i++) {
		put(x, " ");
		put_payload_name(x, p->v[i].type);
	}
	if (p->sk_type != 0)
		put(x, " %s", payload_name(p->sk_type));
	if (p->n == 0 && p->sk_type == 0)
		put(x, " NONE");
	if (p->n_skipped > 0)
		put(x, " (and %u that are not understood)", p->n_skipped);
	end_line(x);
	for (size_t i = 0; i < p->n; i++)
		text_payload(x, p, i);
}

/* ---- messages --------------------------------------------------------------------------------------- */

static void text_header(struct text *x)
{
	const struct ike_hdr *h = x->t->hdr;

	put_head(x, "IKEv2-PAK");
	put(x, "Next payload: ");
	put_payload_name(x, h->next);
	put(x, ", version: %u.%u Exchange type: ", h->version >> 4, h->version & 15);
	put_exchange(x, h->exchange);
	put(x, ", flags: %s%s Message id: %u, length: %zu",
		ike_hdr_is_from_initiator(h) ? "INITIATOR " : "RESPONDER ",
		ike_hdr_is_response(h) ? "MSG-RESPONSE" : "MSG-REQUEST", h->msgid, x->t->len);
	end_line(x);
}

static void text_way(struct text *x, const char *words)
{
	const struct ike_hdr *h = x->t->hdr;

	put_head(x, "IKEv2");
	put(x, "%s ", words);
	put_endpoint(x, &x->t->remote);
	put(x, "/%s ", x->t->kind == TRACE_IN ? "To" : "From");
	put_endpoint(x, &x->t->local);
	put(x, "/VRF i0:f%u] Initiator SPI : %016llX - Responder SPI : %016llX Message id: %u ",
		x->t->local.vrf, (unsigned long long)h->spi_i, (unsigned long long)h->spi_r, h->msgid);
	put_exchange(x, h->exchange);
	put(x, " Exchange %s", ike_hdr_is_response(h) ? "RESPONSE" : "REQUEST");
	end_line(x);
}

static void text_why(struct text *x)
{
	const struct ike_trace *t = x->t;

	put(x, "%s (%s)", status_words(t->status), status_token(t->status));
	if (t->detail != NULL && t->detail[0] != '\0') {
		put(x, ": ");
		put_bytes(x, (struct view){(const uint8_t *)t->detail, strlen(t->detail)});
	}
	end_line(x);
}

static void text_malformed(struct text *x)
{
	if (x->t->status == ST_OK)
		return;
	put_head(x, "IKEv2-PAK");
	text_why(x);
}

static void text_error(struct text *x)
{
	const struct ike_hdr *h = x->t->hdr;

	put_head(x, "IKEv2-ERROR");
	if (h != NULL) {
		put(x, "Dropped message %u of ", h->msgid);
		put_exchange(x, h->exchange);
		put(x, " from ");
	} else {
		put(x, "Peer ");
	}
	put_endpoint(x, &x->t->remote);
	put(x, ": ");
	text_why(x);
}

void trace_text(const struct ike_trace *t, trace_line *line, void *ctx)
{
	struct text x = {.t = t, .line = line, .ctx = ctx};

	switch (t->kind) {
	case TRACE_IN:
		text_way(&x, "Received Packet [From");
		if (t->p->sk_type != 0 && t->status == ST_OK)
			return; /* what it holds comes when it has been opened */
		text_header(&x);
		text_malformed(&x);
		text_payloads(&x, t->p);
		return;
	case TRACE_OPENED:
	case TRACE_BUILT:
		text_header(&x);
		text_malformed(&x);
		text_payloads(&x, t->p);
		return;
	case TRACE_OUT: text_way(&x, "Sending Packet [To"); return;
	case TRACE_STATE:
		put_head(&x, "IKEv2-INTERNAL");
		put(&x, "SM Trace-> Event: %s, CurState: %s -> %s", t->what, t->from, t->to);
		end_line(&x);
		return;
	case TRACE_IGNORED:
		put_head(&x, "IKEv2-INTERNAL");
		put(&x, "SM Trace-> Event: %s is not expected in CurState: %s", t->what, t->from);
		end_line(&x);
		return;
	case TRACE_DROPPED:
	case TRACE_FAILED: text_error(&x); return;
	case TRACE_GONE: return;
	}
}
