/* Text that becomes a configuration: any bytes are safe; what is accepted prints to a text that is
 * accepted too and means the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/conf.h"
#include "core/conf/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static struct conf_report report;

static void again(const struct snapshot *s, unsigned flags)
{
	char *text;
	size_t len;
	struct snapshot *t;
	struct conf_diff d;
	MUST(conf_print(s, flags, &text, &len) == ST_OK);
	if (flags & CONF_SECRETS) {
		MUST(conf_parse(text, len, s, &t, &report) == ST_OK);
		MUST(snapshot_equal(s, t));
		MUST(conf_diff(s, t, &d) == ST_OK);
		MUST(d.n == 0);
		conf_diff_fini(&d);
		snapshot_unref(t);
	}
	mem_free_secret(text, len + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot *s;
	char *text = malloc(size + 1); /* its exact size: a read past the end is seen */
	MUST(text != NULL);
	memcpy(text, data, size);
	char *exact = realloc(text, size ? size : 1);
	MUST(exact != NULL);
	enum status st = conf_parse(exact, size, NULL, &s, &report);
	MUST(st == ST_OK ? s != NULL && report.errors == 0 : s == NULL);
	for (size_t i = 0; i < report.count; i++) {
		char out[1024];
		MUST(conf_message_format(out, sizeof(out), "f", &report.msg[i]) < sizeof(out));
	}
	if (s) {
		again(s, CONF_SECRETS);
		again(s, CONF_SECRETS | CONF_ALL);
		again(s, CONF_SHOW);
		snapshot_unref(s);
	}
	MUST(mem_live() == 0);
	free(exact);
	return 0;
}
