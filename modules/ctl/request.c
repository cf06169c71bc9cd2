#include "modules/ctl/request.h"

#include <string.h>

enum request_state request_frame(struct view got, struct view *body)
{
	struct rd r = rd_init(got.p, got.len);
	uint32_t len = rd_u32(&r);

	if (!rd_ok(&r))
		return REQUEST_MORE;
	if (len > CTL_REQUEST_MAX || r.left > len)
		return REQUEST_LONG;
	if (r.left < len)
		return REQUEST_MORE;
	*body = rd_rest(&r);
	return REQUEST_WHOLE;
}

bool request_split(struct view body, struct ctl_request *rq)
{
	struct ctl_request next = *rq;
	const char *at = (const char *)body.p;
	const char *end = at + body.len;

	if (!body.len || end[-1] != 0)
		return false;
	next.json = strcmp(at, "json") == 0;
	if (!next.json && strcmp(at, "text") != 0)
		return false;
	for (at += strlen(at) + 1; at < end; at += strlen(at) + 1) {
		if (next.n_words == CTL_WORDS)
			return false;
		next.words[next.n_words++] = at;
	}
	if (!next.n_words)
		return false;
	*rq = next;
	return true;
}
