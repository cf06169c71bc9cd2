#include "modules/syslog/format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/pen.h"
#include "core/base/wr.h"

#define APP_NAME "sallyport"
#define BOM "\xef\xbb\xbf"
#define PEER_BYTES 128                     /* as on standard error */
#define ESCAPED (PEER_BYTES * 4 + 1)
#define ELEMENT_ROOM 64                    /* for an element without parameters, in any case */
#define OMITTED_ROOM sizeof(" omitted=\"99\"]")
#define NAME_MAX_OCTETS 32                 /* SD-NAME */

static void put(struct wr *w, const char *s)
{
	wr_bytes(w, s, strlen(s));
}

static void put_number(struct wr *w, uint64_t n)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	put(w, text);
}

/* ---- characters ------------------------------------------------------------------------------ */

/* A character as it may stand in a log. */
struct piece {
	uint8_t b[4];
	uint8_t len;
	bool is_escape; /* \xNN made here */
};

/* Line breaks, and what turns the direction of the text around it. */
static bool is_treacherous(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff || c == 0xfeff ||
	       c == 0x061c || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || (c & 0xfffe) == 0xfffe;
}

/* Length of the character of more than one byte that r begins with, in its shortest form (RFC 3629);
 * 0: there is none, or it may not stand. */
static size_t wide_len(struct rd r)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = rd_u8(&r);
	size_t len = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 :
		     first >= 0xc0 && first < 0xe0 ? 2 : 0;
	uint32_t c = first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		uint8_t next = rd_u8(&r);
		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	return rd_ok(&r) && len && c >= least[len] && !is_treacherous(c) ? len : 0;
}

static struct piece take_piece(struct rd *r)
{
	struct piece p = {0};
	struct rd at = *r;
	uint8_t first = rd_u8(&at);
	size_t len = first >= 0x20 && first < 0x7f ? 1 : wide_len(*r);
	struct view v = rd_bytes(r, len ? len : 1);
	if (len) {
		p.len = (uint8_t)len;
		memcpy(p.b, v.p, len);
		return p;
	}
	static const char hex[] = "0123456789abcdef";
	p = (struct piece){{'\\', 'x', (uint8_t)hex[first >> 4], (uint8_t)hex[first & 15]}, 4, true};
	return p;
}

/* ---- values ---------------------------------------------------------------------------------- */

struct text {
	const uint8_t *p;
	size_t len;
	bool is_cut;
	bool is_escaped; /* quotes and backslashes already */
};

static struct text text_from(const char *s)
{
	return (struct text){.p = (const uint8_t *)s, .len = s ? strlen(s) : 0};
}

/* The value of a pair, in scratch where it has no text of its own. Length 0: there is none. */
static struct text text_of(const struct kv *kv, char scratch[ESCAPED])
{
	struct text t;
	switch (kv->type) {
	case KV_STR: return text_from(kv->s);
	case KV_STATUS: return text_from(status_token(kv->st));
	case KV_BYTES:
		t = (struct text){.p = (const uint8_t *)scratch, .is_escaped = true};
		t.is_cut = kv->bytes.len > PEER_BYTES;
		t.len = escape_bytes(scratch, ESCAPED, kv->bytes.p, t.is_cut ? PEER_BYTES : kv->bytes.len);
		return t;
	case KV_U64: snprintf(scratch, ESCAPED, "%llu", (unsigned long long)kv->u); break;
	case KV_HEX64: snprintf(scratch, ESCAPED, "0x%016llx", (unsigned long long)kv->u); break;
	case KV_HEX32: snprintf(scratch, ESCAPED, "0x%08x", (unsigned)kv->u); break;
	case KV_ADDR:
		if (kv->addr.family == 0)
			return (struct text){0};
		addr_format(&kv->addr, scratch);
		break;
	case KV_ENDPOINT:
		if (kv->ep.addr.family == 0)
			return (struct text){0};
		endpoint_format(&kv->ep, scratch);
		break;
	}
	return text_from(scratch);
}

/* special: characters that a backslash goes before; in structured data also before the one of \xNN. */
static void put_text(struct wr *w, const struct text *t, const char *special, bool is_data)
{
	struct rd r = rd_init(t->p, t->len);
	while (r.left && t->len - r.left < SYSLOG_VALUE) {
		struct piece p = take_piece(&r);
		if (p.is_escape ? is_data : p.len == 1 && strchr(special, p.b[0]))
			wr_u8(w, '\\');
		wr_bytes(w, p.b, p.len);
	}
	if (r.left || t->is_cut)
		put(w, "...");
}

/* ---- structured data --------------------------------------------------------------------------- */

/* RFC 5424 section 6.3.3: these three and no others are escaped. */
static void put_value(struct wr *w, const char *name, const char *suffix, const struct text *t)
{
	put(w, " ");
	put(w, name);
	put(w, suffix);
	put(w, "=\"");
	put_text(w, t, "\"\\]", true);
	put(w, "\"");
}

static bool is_name(const char *s)
{
	size_t len = strlen(s);
	if (len == 0 || len > NAME_MAX_OCTETS)
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr("=]\"", s[i]))
			return false;
	return true;
}

/* An endpoint is an address and a port: what a collector searches for is the address. */
static void put_endpoint(struct wr *w, const struct kv *kv)
{
	char addr[ADDR_TEXT], port[8];
	struct text t = text_from(addr_format(&kv->ep.addr, addr));
	put_value(w, kv->key, "", &t);
	snprintf(port, sizeof(port), "%u", kv->ep.port);
	t = text_from(port);
	put_value(w, kv->key, "_port", &t);
}

/* A whole parameter or nothing of it: false. */
static bool put_param(struct wr *w, const struct kv *kv)
{
	char scratch[ESCAPED];
	struct text t = text_of(kv, scratch);
	struct wr before = *w;
	if (t.len == 0)
		return true;
	if (!is_name(kv->key))
		return false;
	if (kv->type == KV_ENDPOINT)
		put_endpoint(w, kv);
	else
		put_value(w, kv->key, "", &t);
	if (wr_ok(w))
		return true;
	*w = before;
	return false;
}

/* What an event is about: the SD-ID before the @. */
static const char *kind_of(enum event e)
{
	static const struct {
		const char *prefix; /* of the token */
		const char *kind;
	} kinds[] = {{"ike_", "ike"}, {"session_", "session"}, {"child_", "esp"}, {"packet_", "esp"},
		     {"invalid_spi", "esp"}, {"radius_", "aaa"}, {"coa_", "aaa"}};
	const char *token = event_token(e);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(token, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].kind;
	return event_topic(e) == TOPIC_IKEV2 ? "ike" : event_topic(e) == TOPIC_SESSION ? "session" : "system";
}

static void put_element(struct wr *w, const struct syslog_event *ev)
{
	unsigned omitted = 0;
	put(w, "[");
	put(w, kind_of(ev->event));
	put(w, "@" SALLYPORT_PEN_TEXT);
	w->cap -= OMITTED_ROOM;
	for (size_t i = 0; i < ev->n; i++)
		omitted += !put_param(w, &ev->kv[i]);
	w->cap += OMITTED_ROOM;
	if (omitted) {
		put(w, " omitted=\"");
		put_number(w, omitted < 99 ? omitted : 99);
		put(w, "\"");
	}
	put(w, "]");
}

static void put_origin(struct wr *w, const struct syslog_source *src)
{
	struct wr before = *w;
	struct text version = text_from(src->version);
	put(w, "[origin enterpriseId=\"" SALLYPORT_PEN_TEXT "\" software=\"Sallyport\"");
	put_value(w, "swVersion", "", &version);
	put(w, "]");
	if (!wr_ok(w))
		*w = before;
}

/* ---- MSG --------------------------------------------------------------------------------------- */

static const struct kv *find(const struct syslog_event *ev, const char *key)
{
	for (size_t i = 0; i < ev->n; i++)
		if (strcmp(ev->kv[i].key, key) == 0)
			return &ev->kv[i];
	return NULL;
}

static bool needs_quotes(const struct text *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (t->p[i] <= ' ' || t->p[i] == 0x7f || strchr("\"\\=", t->p[i]))
			return true;
	return false;
}

/* before: " key=" or so. Nothing for a pair that is missing, has no value, or does not fit. */
static void put_words(struct wr *w, const char *before, const struct kv *kv, const char *after)
{
	char scratch[ESCAPED];
	struct text t = kv ? text_of(kv, scratch) : (struct text){0};
	struct wr old = *w;
	if (t.len == 0)
		return;
	bool quoted = needs_quotes(&t);
	put(w, before);
	put(w, quoted ? "\"" : "");
	put_text(w, &t, t.is_escaped || !quoted ? "" : "\"\\", false);
	put(w, quoted ? "\"" : "");
	put(w, after);
	if (!wr_ok(w))
		*w = old;
}

static void put_fixed(struct wr *w, const char *words)
{
	struct wr old = *w;
	put(w, words);
	if (!wr_ok(w))
		*w = old;
}

/* R-ISP-05, to the letter. */
static const struct {
	const char *key;
	const char *before;
	const char *after;
} invalid_spi[] = {
	{"destaddr", " decaps: rec'd IPSEC packet has invalid spi for destaddr=", ""},
	{"prot", ", prot=", ""},
	{"spi", ", spi=", ""},
	{"spi_decimal", "(", ")"},
	{"srcaddr", ", srcaddr=", ""},
};
#define INVALID_SPI_KEYS (sizeof(invalid_spi) / sizeof(invalid_spi[0]))

static bool has_invalid_spi(const struct syslog_event *ev)
{
	for (size_t i = 0; i < INVALID_SPI_KEYS; i++)
		if (!find(ev, invalid_spi[i].key))
			return false;
	return true;
}

static void put_invalid_spi(struct wr *w, const struct syslog_event *ev)
{
	if (!has_invalid_spi(ev))
		return;
	for (size_t i = 0; i < INVALID_SPI_KEYS; i++)
		put_words(w, invalid_spi[i].before, find(ev, invalid_spi[i].key), invalid_spi[i].after);
}

/* What operators know by heart (R-LOG-02, R-LOG-05), and what a number alone would not say. */
static void put_head(struct wr *w, const struct syslog_event *ev)
{
	put(w, "%");
	put(w, event_mnemonic(ev->event));
	put(w, ":");
	switch (ev->event) {
	case EV_SESSION_UP:
	case EV_SESSION_DOWN:
		put_fixed(w, ev->event == EV_SESSION_UP ? " Crypto tunnel is UP." :
							  " Crypto tunnel is DOWN.");
		put_words(w, "  Peer ", find(ev, "remote"), "");
		put_words(w, "  Id: ", find(ev, "identity"), "");
		break;
	case EV_INVALID_SPI: put_invalid_spi(w, ev); break;
	case EV_PKT_REPLAY: /* R-ARW-07 */
		put_words(w, " decrypt: replay check failed connection id=", find(ev, "connection"), "");
		break;
	case EV_IKE_SA_UP: put_fixed(w, " SA UP"); break;
	case EV_IKE_SA_DOWN: put_fixed(w, " SA DOWN"); break;
	case EV_SYSLOG_QUEUE: put_words(w, " ", find(ev, "dropped"), " messages were dropped"); break;
	default: break;
	}
}

static bool is_in_head(const struct syslog_event *ev, const struct kv *kv)
{
	if (ev->event == EV_SESSION_UP || ev->event == EV_SESSION_DOWN)
		return kv == find(ev, "remote") || kv == find(ev, "identity");
	if (ev->event == EV_INVALID_SPI && has_invalid_spi(ev))
		for (size_t i = 0; i < INVALID_SPI_KEYS; i++)
			if (strcmp(kv->key, invalid_spi[i].key) == 0)
				return true;
	if (ev->event == EV_PKT_REPLAY)
		return kv == find(ev, "connection");
	return ev->event == EV_SYSLOG_QUEUE && kv == find(ev, "dropped");
}

static void put_details(struct wr *w, const struct syslog_event *ev)
{
	char before[NAME_MAX_OCTETS + 3];
	for (size_t i = 0; i < ev->n; i++) {
		if (is_in_head(ev, &ev->kv[i]) || !is_name(ev->kv[i].key))
			continue;
		snprintf(before, sizeof(before), " %s=", ev->kv[i].key);
		put_words(w, before, &ev->kv[i], "");
	}
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static void put_priority(struct wr *w, const struct syslog_source *src, enum event e)
{
	put(w, "<");
	put_number(w, src->facility * 8u + ((unsigned)event_severity(e) & 7));
	put(w, ">");
}

/* PRINTUSASCII, RFC 5424 section 6.2.4. */
static void put_host(struct wr *w, const char *host)
{
	for (size_t i = 0; host[i] && i < SYSLOG_HOST - 1; i++)
		wr_u8(w, host[i] > ' ' && host[i] <= '~' ? (uint8_t)host[i] : '-');
	put(w, " ");
}

/* ms: not before 1970. */
static struct tm broken_down(int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm = {.tm_mday = 1};
	gmtime_r(&s, &tm);
	return tm;
}

static void put_header(struct wr *w, const struct syslog_source *src, const struct syslog_event *ev)
{
	char text[64];
	struct tm tm = broken_down(ev->utc_ms);
	put_priority(w, src, ev->event);
	snprintf(text, sizeof(text), "1 %04d-%02d-%02dT%02d:%02d:%02d.%03dZ ",
		 (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (int)(ev->utc_ms % 1000));
	put(w, text);
	put_host(w, src->host);
	put(w, APP_NAME " ");
	put_number(w, src->pid);
	put(w, " ");
	put(w, event_token(ev->event));
	put(w, " ");
}

void syslog_format_5424(const struct syslog_source *src, const struct syslog_event *ev,
			struct syslog_line *out)
{
	uint8_t head_bytes[SYSLOG_MAX];
	struct wr w = wr_init(out->bytes, out->max - SYSLOG_DIGITS);
	put_header(&w, src, ev);
	put(&w, "[meta sequenceId=\"");
	out->sequence_at = w.len;
	put(&w, "\"]");
	/* The words for people are short and come first in what is left, then what machines read. */
	size_t room = w.cap - w.len - ELEMENT_ROOM;
	struct wr head = wr_init(head_bytes, room < out->max / 3 ? room : out->max / 3);
	put_head(&head, ev);
	size_t kept = head.len + sizeof(" " BOM) - 1;
	w.cap -= kept;
	put_element(&w, ev);
	put_origin(&w, src);
	w.cap += kept;
	put(&w, " " BOM);
	wr_bytes(&w, head_bytes, head.len);
	put_details(&w, ev);
	out->len = w.len;
}

void syslog_format_3164(const struct syslog_source *src, const struct syslog_event *ev,
			struct syslog_line *out)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[48];
	struct tm tm = broken_down(ev->local_ms);
	struct wr w = wr_init(out->bytes, out->max);
	put_priority(&w, src, ev->event);
	snprintf(text, sizeof(text), "%s %2d %02d:%02d:%02d " APP_NAME "[", months[(unsigned)tm.tm_mon % 12],
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	put(&w, text);
	put_number(&w, src->pid);
	put(&w, "]: ");
	put_head(&w, ev);
	put_details(&w, ev);
	out->sequence_at = 0;
	out->len = w.len;
}
