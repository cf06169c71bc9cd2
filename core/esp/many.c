#include "core/esp/many.h"

#include "core/wire/esp.h"

/* Of one SA, at most ESP_OPEN_MANY. */
static void decipher_run(struct esp_opening *v, size_t n)
{
	struct esp_shape shape = v->sa->shape;
	struct esp_job jobs[ESP_OPEN_MANY];
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (!v[i].st)
			jobs[m++] = (struct esp_job){.pkt = v[i].pkt.p, .len = v[i].pkt.len, .seq = v[i].seq};
	esp_cipher_open_many(v->sa->in, jobs, m);
	m = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i].st)
			continue;
		v[i].st = jobs[m].result;
		v[i].plain = (struct span){v[i].pkt.p + ESP_HEAD_LEN + shape.iv_len, jobs[m].len};
		m++;
	}
}

void esp_decipher_many(struct esp_opening *v, size_t n)
{
	for (size_t from = 0, to; from < n; from = to) {
		const struct esp_sa *sa = v[from].sa;

		to = from + 1;
		/* After a failure there may be no cipher, and the owner may be making one just now. */
		if (v[from].st || !esp_cipher_wants_many(sa->in)) {
			esp_open_decipher(&v[from]);
			continue;
		}
		while (to < n && to - from < ESP_OPEN_MANY && v[to].sa == sa)
			to++;
		decipher_run(v + from, to - from);
	}
}
