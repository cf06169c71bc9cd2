#include "core/esp/seal.h"

#include <string.h>

#include "core/wire/esp.h"

enum status esp_seal_reserve(struct esp_sa *sa, size_t n, uint64_t *first)
{
	uint64_t last = atomic_load_explicit(&sa->rt->seq_out, memory_order_relaxed);
	uint64_t end = sa->esn ? UINT64_MAX - ESP_SEQ_SKIP : ESP_SEQ_LAST;

	if (last >= end || end - last < n)
		return ST_ESP_SEQ_END;
	*first = last + 1;
	atomic_store_explicit(&sa->rt->seq_out, last + n, memory_order_release);
	return ST_OK;
}

size_t esp_sealed_len(const struct esp_sa *sa, size_t inner_len)
{
	struct esp_shape shape = esp_cipher_shape(sa->out);

	return ESP_HEAD_LEN + shape.iv_len + inner_len + esp_pad_len(inner_len, shape.align) + ESP_TRAILER_LEN +
	       shape.icv_len;
}

enum status esp_seal(struct esp_sa *sa, uint64_t now_ms, struct span inner, struct span *pkt)
{
	pkt->p = inner.p - esp_cipher_shape(sa->out).iv_len - ESP_HEAD_LEN;
	pkt->len = esp_sealed_len(sa, inner.len);
	return esp_seal_to(sa, now_ms, inner, pkt->p);
}

static bool is_ip(struct span inner)
{
	return inner.len && (inner.p[0] >> 4 == 4 || inner.p[0] >> 4 == 6);
}

enum status esp_seal_numbered(const struct esp_sa *sa, uint64_t seq, struct span inner, uint8_t *pkt)
{
	struct esp_shape shape = esp_cipher_shape(sa->out);
	size_t pad_len = esp_pad_len(inner.len, shape.align);

	if (!is_ip(inner))
		return ST_ESP_MALFORMED;
	esp_trailer_write(inner.p + inner.len, pad_len, inner.p[0] >> 4 == 4 ? IPP_IPV4 : IPP_IPV6);
	return esp_cipher_seal(sa->out, sa->spi_out, seq, inner.p, inner.len + pad_len + ESP_TRAILER_LEN, pkt);
}

void esp_seal_count(struct esp_sa *sa, uint64_t now_ms, uint64_t packets, uint64_t inner_len)
{
	esp_rt_add(&sa->rt->packets_out, packets);
	esp_rt_add(&sa->rt->bytes_out, inner_len);
	atomic_store_explicit(&sa->rt->last_out_ms, now_ms, memory_order_relaxed);
}

enum status esp_seal_to(struct esp_sa *sa, uint64_t now_ms, struct span inner, uint8_t *pkt)
{
	uint64_t seq;
	enum status st = is_ip(inner) ? esp_seal_reserve(sa, 1, &seq) : ST_ESP_MALFORMED;

	if (!st)
		st = esp_seal_numbered(sa, seq, inner, pkt);
	if (!st)
		esp_seal_count(sa, now_ms, 1, inner.len);
	return st;
}

enum status esp_seal_lay_numbered(const struct esp_sa *sa, uint64_t seq, struct span inner, struct esp_job *job)
{
	struct esp_shape shape = esp_cipher_shape(sa->out);
	size_t pad_len = esp_pad_len(inner.len, shape.align);
	uint8_t *text = job->pkt + ESP_HEAD_LEN + shape.iv_len;

	if (!is_ip(inner))
		return ST_ESP_MALFORMED;
	job->seq = seq;
	memcpy(text, inner.p, inner.len);
	esp_trailer_write(text + inner.len, pad_len, inner.p[0] >> 4 == 4 ? IPP_IPV4 : IPP_IPV6);
	job->len = inner.len + pad_len + ESP_TRAILER_LEN;
	return ST_OK;
}

enum status esp_seal_lay(struct esp_sa *sa, uint64_t now_ms, struct span inner, struct esp_job *job)
{
	uint64_t seq;
	enum status st = is_ip(inner) ? esp_seal_reserve(sa, 1, &seq) : ST_ESP_MALFORMED;

	if (!st)
		st = esp_seal_lay_numbered(sa, seq, inner, job);
	if (!st)
		esp_seal_count(sa, now_ms, 1, inner.len);
	return st;
}

bool esp_seal_laid(const struct esp_sa *sa, struct esp_job *jobs, size_t n)
{
	bool good = true;

	esp_cipher_seal_many(sa->out, sa->spi_out, jobs, n);
	for (size_t i = 0; i < n; i++)
		good &= jobs[i].result == ST_OK;
	return good;
}

void esp_seal_resume(struct esp_rt *rt)
{
	uint64_t seq = atomic_load_explicit(&rt->seq_out, memory_order_relaxed);

	seq = seq > UINT64_MAX - ESP_SEQ_SKIP ? UINT64_MAX : seq + ESP_SEQ_SKIP;
	atomic_store_explicit(&rt->seq_out, seq, memory_order_release);
}
