#include "core/esp/many.h"

#include "core/wire/esp.h"

bool esp_open_wants_many(const struct esp_tables *t, struct span pkt)
{
	struct esp_hdr hdr;
	const struct esp_sa *sa;

	if (esp_hdr_parse(pkt.p, pkt.len, &hdr))
		return false;
	sa = sad_find(&t->sad, hdr.spi);
	return sa && esp_cipher_wants_many(sa->in);
}

/* Those of one SA that follow each other. All are checked against the window before any is marked: the
 * mark is what finds the second of two that are the same. A number near 2^32 may be inferred otherwise
 * than after the ones before it, if those are very far; then it is not authentic, as if it was lost. */
static void open_run(struct esp_tables *t, const struct span *pkts, size_t n, struct esp_opened *out,
		     enum status *st)
{
	struct esp_shape shape = esp_cipher_shape(out[0].sa->in);
	struct esp_job jobs[ESP_OPEN_MANY];
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (!st[i])
			jobs[m++] = (struct esp_job){.pkt = pkts[i].p, .len = pkts[i].len, .seq = out[i].seq};
	esp_cipher_open_many(out[0].sa->in, jobs, m);
	m = 0;
	for (size_t i = 0; i < n; i++) {
		struct span plain = {0};

		if (!st[i]) {
			st[i] = jobs[m].result;
			plain = (struct span){pkts[i].p + ESP_HEAD_LEN + shape.iv_len, jobs[m].len};
			m++;
		}
		st[i] = esp_open_end(t, st[i], plain, &out[i]);
	}
}

void esp_open_many(struct esp_tables *t, uint32_t vrf, const struct span *pkts, size_t n,
		   struct esp_opened *out, enum status *st)
{
	for (size_t from = 0, to; from < n; from = to) {
		st[from] = esp_open_begin(t, vrf, pkts[from], &out[from]);
		for (to = from + 1; to < n && out[from].sa; to++) {
			st[to] = esp_open_begin(t, vrf, pkts[to], &out[to]);
			if (out[to].sa != out[from].sa)
				break;
		}
		if (out[from].sa)
			open_run(t, pkts + from, to - from, out + from, st + from);
	}
}
