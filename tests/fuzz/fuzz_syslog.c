/* Pairs made of any bytes, as what peers and operators call themselves: the syslog message is one that a
 * strict reader takes apart into the same names and values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/syslog/format.h"
#include "tests/lib/syslog_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAIRS 12
#define TEXT 700

#define must(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "line %d: %s\n", __LINE__, #x);                           \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct pairs {
	struct kv kv[PAIRS];
	char text[PAIRS][TEXT + 1];
	uint8_t *exact[PAIRS];
	size_t n;
};

static const char *const keys[] = {"remote", "identity", "dropped", "reason", "k\"]", "a b", ""};

static void take_pair(struct rd *r, struct pairs *p)
{
	uint8_t what = rd_u8(r);
	struct view v = rd_bytes(r, rd_u8(r) * 3u % (r->left + 1));
	struct kv *kv = &p->kv[p->n];
	*kv = (struct kv){.key = keys[what / 8 % 7], .type = (enum kv_type)(what % 8)};
	switch (kv->type) {
	case KV_STR:
		v.len = v.len < TEXT ? v.len : TEXT;
		if (v.len)
			memcpy(p->text[p->n], v.p, v.len);
		p->text[p->n][v.len] = 0;
		kv->s = what & 0x80 ? p->text[p->n] : NULL;
		break;
	case KV_BYTES:
		/* In memory of its own size: a read past the end is seen. */
		p->exact[p->n] = malloc(v.len ? v.len : 1);
		must(p->exact[p->n] != NULL);
		if (v.len)
			memcpy(p->exact[p->n], v.p, v.len);
		kv->bytes = (struct view){p->exact[p->n], v.len};
		break;
	case KV_ADDR: kv->addr = addr_from(v.p, v.len); break;
	case KV_ENDPOINT: kv->ep = (struct endpoint){.addr = addr_from(v.p, v.len), .port = what}; break;
	case KV_STATUS: kv->st = (enum status)(v.len % (ST__MAX + 1)); break;
	default: kv->u = v.len * 0x123456789abcull; break;
	}
	p->n++;
}

static void check_5424(const struct syslog_source *src, const struct syslog_event *ev, struct syslog_line *line)
{
	static struct syslog_checked c;
	syslog_format_5424(src, ev, line);
	must(line->len + SYSLOG_DIGITS <= line->max && line->sequence_at && line->sequence_at < line->len);
	/* Without the digits the value is empty, which the grammar allows. */
	const char *why = syslog_check(line->bytes, line->len, &c);
	if (why)
		fprintf(stderr, "%s\n", why);
	must(why == NULL);
	must(strcmp(c.msgid, event_token(ev->event)) == 0 && strcmp(c.app, "sallyport") == 0);
	must(c.n_elements == 2 || c.n_elements == 3);
	must(c.msg_len > 0 && c.msg[0] == '%');
	for (size_t i = 0; i < c.n; i++) {
		bool is_ours = strcmp(c.params[i].element, "meta") == 0 || strcmp(c.params[i].element, "origin") == 0;
		const char *n = c.params[i].name;
		must(is_ours || !strcmp(n, "remote") || !strcmp(n, "remote_port") || !strcmp(n, "identity") ||
		     !strcmp(n, "identity_port") || !strcmp(n, "dropped") || !strcmp(n, "dropped_port") ||
		     !strcmp(n, "reason") || !strcmp(n, "reason_port") || !strcmp(n, "omitted"));
	}
}

static void check_3164(const struct syslog_source *src, const struct syslog_event *ev, struct syslog_line *line)
{
	syslog_format_3164(src, ev, line);
	must(line->len <= line->max && line->sequence_at == 0 && line->bytes[0] == '<');
	must(syslog_check_text(line->bytes, line->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pairs p;
	static struct syslog_line line;
	struct rd r = rd_init(data, size);
	struct syslog_source src = {.version = "0.1.0", .host = "gw"};
	memset(&p, 0, sizeof(p));
	src.facility = rd_u8(&r) % 24;
	src.pid = rd_u32(&r);
	line.max = SYSLOG_MIN + rd_u16(&r) % (SYSLOG_MAX - SYSLOG_MIN + 1);
	struct syslog_event ev = {.event = (enum event)(rd_u8(&r) % (EV__MAX + 1)), .kv = p.kv};
	ev.utc_ms = (int64_t)(rd_u64(&r) % 253402300800000);
	ev.local_ms = ev.utc_ms;
	struct view host = rd_bytes(&r, rd_u8(&r) % (r.left + 1));
	for (size_t i = 0; i < host.len; i++)
		src.host[i] = (char)(host.p[i] ? host.p[i] : 'h');
	while (r.left && p.n < PAIRS)
		take_pair(&r, &p);
	ev.n = p.n;
	check_5424(&src, &ev, &line);
	check_3164(&src, &ev, &line);
	for (size_t i = 0; i < p.n; i++)
		free(p.exact[i]);
	return 0;
}
