/* Bytes from a local user: the request of the control socket, in one piece and byte by byte, then
 * its words through the search for a command. */
#include <stdlib.h>
#include <string.h>

#include "cmd/admin.h"
#include "core/base/mem.h"
#include "modules/ctl/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What is decided once must not change with the bytes that follow. */
static enum request_state arrive_in_pieces(const uint8_t *data, size_t size, struct view *body)
{
	enum request_state last = REQUEST_MORE;

	for (size_t n = 0; n <= size; n++) {
		struct view v = {0};
		enum request_state s = request_frame((struct view){data, n}, &v);

		must(last != REQUEST_LONG || s == REQUEST_LONG);
		must(last != REQUEST_WHOLE || s == REQUEST_LONG);
		must(s != REQUEST_WHOLE || (v.p == data + 4 && v.len == n - 4 && v.len <= CTL_REQUEST_MAX));
		last = s;
		*body = v;
	}
	return last;
}

static void find(const struct ctl_request *rq, struct view body)
{
	struct out err;
	size_t used;
	size_t bytes = sizeof("text"); /* as long as "json" */

	for (size_t i = 0; i < rq->n_words; i++) {
		must((const uint8_t *)rq->words[i] >= body.p && (const uint8_t *)rq->words[i] < body.p + body.len);
		bytes += strlen(rq->words[i]) + 1;
	}
	must(bytes == body.len);
	out_init(&err, false);
	const struct admin_command *c = admin_find(rq->words, rq->n_words, &used, &err);
	must(c ? used <= rq->n_words : err.len > 0);
	out_fini(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view body;
	struct ctl_request rq = {0};

	if (size > 3 * CTL_REQUEST_MAX || arrive_in_pieces(data, size, &body) != REQUEST_WHOLE)
		return 0;
	/* Words in memory of their own size: a read past the last NUL is seen. */
	uint8_t *exact = mem_dup(body.p, body.len);
	if (exact && request_split((struct view){exact, body.len}, &rq)) {
		must(rq.n_words > 0 && rq.n_words <= CTL_WORDS);
		find(&rq, (struct view){exact, body.len});
	}
	mem_free(exact);
	return 0;
}
