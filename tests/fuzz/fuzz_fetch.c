/* What an HTTP server answers, from any bytes: whole and in pieces it must mean the same, and stay within its bounds.
 * Or a URL, which must come apart into what a request can be made of. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "modules/fetch/reply.h"
#include "modules/fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 300

static void must(bool holds)
{
	if (!holds)
		abort();
}

static enum status feed(struct reply *r, const uint8_t *data, size_t size, size_t piece)
{
	reply_init(r, MAX);
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		/* A copy of its size: a byte too many is seen. */
		uint8_t *exact = mem_dup(data + at, n);
		if (!exact)
			abort();
		enum status st = reply_feed(r, (struct view){exact, n});
		mem_free(exact);
		must(r->len <= MAX);
		if (st != ST_PENDING)
			return st;
	}
	return reply_end(r);
}

static void answer(const uint8_t *data, size_t size, size_t piece)
{
	static struct reply whole, cut;
	enum status st = feed(&whole, data, size, size ? size : 1);
	must(feed(&cut, data, size, piece) == st);
	must((st == ST_OK) == (whole.words[0] == 0));
	must(st == ST_OK || st == ST_NOT_FOUND || st == ST_LIMIT || st == ST_IO || st == ST_BAD_PAYLOAD);
	must(strcmp(whole.words, cut.words) == 0);
	if (st == ST_OK)
		must(whole.len == cut.len && (whole.len == 0 || memcmp(whole.body, cut.body, whole.len) == 0));
	reply_fini(&whole);
	reply_fini(&cut);
	must(mem_live() == 0);
}

static void url(const uint8_t *data, size_t size)
{
	struct url u;
	const char *why;
	char *text = mem_strndup((const char *)data, size);
	if (!text)
		abort();
	enum status st = url_parse(text, &u, &why);
	must(st == ST_OK || (st == ST_CONFIG && why[0]));
	if (st == ST_OK) {
		must(u.host[0] && u.port && strcspn(u.host, "\r\n \t/?#@[]\"") == strlen(u.host));
		must(u.path >= text && u.path <= text + strlen(text));
		for (const char *p = u.path; *p; p++)
			must(*p > ' ' && *p <= '~');
		if (u.addr.family)
			(void)url_forbidden(&u.addr);
	}
	mem_free(text);
	must(mem_live() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'U')
		url(data + 1, size - 1);
	else
		answer(data + 1, size - 1, 1 + data[0] % 16);
	return 0;
}
