#include "core/esp/seal.h"

#include "core/wire/esp.h"

static enum status next_seq(struct esp_sa *sa, uint64_t *seq)
{
	uint64_t last = atomic_load_explicit(&sa->rt->seq_out, memory_order_relaxed);

	if (last >= (sa->esn ? UINT64_MAX - ESP_SEQ_SKIP : ESP_SEQ_LAST))
		return ST_ESP_SEQ_END;
	*seq = last + 1;
	atomic_store_explicit(&sa->rt->seq_out, *seq, memory_order_release);
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

enum status esp_seal_to(struct esp_sa *sa, uint64_t now_ms, struct span inner, uint8_t *pkt)
{
	struct esp_shape shape = esp_cipher_shape(sa->out);
	uint8_t version = inner.len ? inner.p[0] >> 4 : 0;
	size_t pad_len = esp_pad_len(inner.len, shape.align);
	size_t plain_len = inner.len + pad_len + ESP_TRAILER_LEN;
	uint64_t seq;
	enum status st;

	if (version != 4 && version != 6)
		return ST_ESP_MALFORMED;
	st = next_seq(sa, &seq);
	if (st)
		return st;
	esp_trailer_write(inner.p + inner.len, pad_len, version == 4 ? IPP_IPV4 : IPP_IPV6);
	st = esp_cipher_seal(sa->out, sa->spi_out, seq, inner.p, plain_len, pkt);
	if (st)
		return st;
	esp_rt_add(&sa->rt->packets_out, 1);
	esp_rt_add(&sa->rt->bytes_out, inner.len);
	atomic_store_explicit(&sa->rt->last_out_ms, now_ms, memory_order_relaxed);
	return ST_OK;
}

void esp_seal_resume(struct esp_rt *rt)
{
	uint64_t seq = atomic_load_explicit(&rt->seq_out, memory_order_relaxed);

	seq = seq > UINT64_MAX - ESP_SEQ_SKIP ? UINT64_MAX : seq + ESP_SEQ_SKIP;
	atomic_store_explicit(&rt->seq_out, seq, memory_order_release);
}
