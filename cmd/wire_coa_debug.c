/* `debug aaa pod`: what the server of CoA and Disconnect does, line by line, in the words of a router (R-POD-10). */
#include <stdio.h>
#include <string.h>

#include "cmd/wire_coa.h"
#include "core/base/log.h"
#include "modules/coa/coa.h"
#include "modules/loop/loop.h"

#define LINE 512
#define VALUE 160

static void say(struct wire *w, const char *text)
{
	debug_put(&w->debug, &(struct debug_text){DEBUG_POD, loop_now_ms(), loop_wall_ms(), text});
}

static const char *word_of(const struct radius_packet *p)
{
	return p && p->code == RADIUS_COA_REQUEST ? "CoA" : "POD";
}

static const char *name_of(uint8_t type)
{
	const char *name = radius_attr_name(type);
	return name ? name : "unknown";
}

/* Of an attribute that may hold a key, and of a pair behind its name, only the length is said. */
static size_t shown_len(const struct radius_attr *a)
{
	const uint8_t *end;
	switch (a->type) {
	case RADIUS_VENDOR_SPECIFIC:
		end = memchr(a->value.p, '=', a->value.len);
		return a->vendor == RADIUS_VENDOR_CISCO && end ? (size_t)(end - a->value.p) : 0;
	case RADIUS_USER_NAME:
	case RADIUS_FILTER_ID:
	case RADIUS_CALLED_STATION_ID:
	case RADIUS_CALLING_STATION_ID:
	case RADIUS_NAS_IDENTIFIER:
	case RADIUS_ACCT_SESSION_ID:
	case RADIUS_ACCT_MULTI_SESSION_ID:
	case RADIUS_NAS_PORT_ID:
	case RADIUS_NAS_FILTER_RULE: return a->value.len;
	default: return 0;
	}
}

static void dump(struct wire *w, const struct coa_trace *t)
{
	char line[LINE], value[VALUE];
	struct radius_cursor c = radius_begin(t->packet->attrs);
	struct radius_attr a;
	while (radius_next(&c, &a)) {
		escape_bytes(value, sizeof(value), a.value.p, shown_len(&a));
		snprintf(line, sizeof(line), "%s:   %u %s, %u octets%s%s", word_of(t->packet), (unsigned)a.type, name_of(a.type),
			 (unsigned)a.value.len, value[0] ? ": " : "", value);
		say(w, line);
	}
}

static void received(struct wire *w, const struct coa_trace *t)
{
	char line[LINE], from[ENDPOINT_TEXT];
	snprintf(line, sizeof(line), "%s: %s received from id %u %s, %s Request, len %zu", word_of(t->packet),
		 word_of(t->packet), (unsigned)t->packet->id, endpoint_format(t->remote, from), word_of(t->packet), t->len);
	say(w, line);
	dump(w, t);
}

static void sending(struct wire *w, const struct coa_trace *t)
{
	char line[LINE], addr[ADDR_TEXT];
	if (t->answer->cause) {
		snprintf(line, sizeof(line), "%s: %s Error-Cause %u: %s", word_of(t->packet),
			 addr_format(&t->remote->addr, addr), (unsigned)t->answer->cause, t->answer->why);
		say(w, line);
	}
	snprintf(line, sizeof(line), "%s: Sending %s from port %u to %s/%u", word_of(t->packet), t->answer->cause ? "NAK" : "ACK",
		 (unsigned)t->local->port, addr_format(&t->remote->addr, addr), (unsigned)t->remote->port);
	say(w, line);
}

static void dropped(struct wire *w, const struct coa_trace *t)
{
	char line[LINE], from[ENDPOINT_TEXT];
	snprintf(line, sizeof(line), "%s: %s DROPPED: %s", word_of(t->packet), endpoint_format(t->remote, from),
		 status_words(t->status));
	say(w, line);
}

void wire_coa_trace(void *ctx, const struct coa_trace *t)
{
	struct wire *w = ctx;
	char line[LINE], addr[ADDR_TEXT];
	if (!debug_watches(&w->debug, DEBUG_POD))
		return;
	const char *client = addr_format(&t->remote->addr, addr), *what = word_of(t->packet);
	switch (t->step) {
	case COA_RECEIVED: received(w, t); return;
	case COA_SENDING: sending(w, t); return;
	case COA_DROPPED: dropped(w, t); return;
	case COA_QUEUED: snprintf(line, sizeof(line), "%s: %s request queued", what, client); break;
	case COA_UNSIGNED:
		snprintf(line, sizeof(line), "%s: %s Message Authenticator missing or failed decode", what, client);
		break;
	case COA_REPEATED: snprintf(line, sizeof(line), "%s: %s came again, same answer", what, client); break;
	}
	say(w, line);
}
