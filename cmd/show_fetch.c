/* show fetch: what was asked of HTTP servers for certificates, and how it went. */
#include <inttypes.h>

#include "cmd/show.h"
#include "modules/fetch/fetch.h"

SHOW(show_fetch)
{
	(void)args;
	(void)err;
	struct fetch_info i = {0};
	if (w->fetch)
		fetch_info(w->fetch, &i);
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {{"open", i.open}, {"waiting", i.waiting}, {"asked", i.asked}, {"answered", i.answered},
		       {"failed", i.failed}, {"refused_addresses", i.refused}, {"bytes", i.bytes},
		       {"kept", i.kept}, {"kept_bytes", i.kept_bytes}, {"from_kept", i.from_kept}};
	if (out->json) {
		js_open(out, NULL);
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
			js_u64(out, numbers[k].name, numbers[k].value);
		js_close(out);
		return 0;
	}
	out_printf(out, "Fetching of CRLs and OCSP answers: %zu under way, %zu waiting for one\n", i.open, i.waiting);
	out_printf(out, "  Asked %" PRIu64 ": answered %" PRIu64 ", failed %" PRIu64 "; addresses refused %" PRIu64
		   "; %" PRIu64 " bytes\n", i.asked, i.answered, i.failed, i.refused, i.bytes);
	out_printf(out, "  Kept now %zu of %zu bytes, used again %" PRIu64 " times\n", i.kept, i.kept_bytes, i.from_kept);
	return 0;
}
