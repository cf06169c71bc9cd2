#include "core/esp/seal.h"

#include <string.h>

#include "core/esp/transport.h"
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

/* What transport mode leaves out. */
static size_t head_len(const struct esp_sa *sa)
{
	return sa->transport ? transport_head_len(sa) : 0;
}

size_t esp_sealed_len(const struct esp_sa *sa, size_t inner_len)
{
	struct esp_shape shape = sa->shape;
	size_t head = head_len(sa), body_len = inner_len > head ? inner_len - head : 0;

	return ESP_HEAD_LEN + shape.iv_len + body_len + esp_pad_len(body_len, shape.align) + ESP_TRAILER_LEN +
	       shape.icv_len;
}

/* What is encrypted, and what it says that this is. */
static enum status body_of(const struct esp_sa *sa, struct span inner, struct span *body, uint8_t *next)
{
	uint8_t version = inner.len ? inner.p[0] >> 4 : 0;

	if (sa->transport)
		return transport_strip(sa, inner, body, next);
	if (version != 4 && version != 6)
		return ST_ESP_MALFORMED;
	*body = inner;
	*next = version == 4 ? IPP_IPV4 : IPP_IPV6;
	return ST_OK;
}

static enum status seal_body(const struct esp_sa *sa, uint64_t seq, struct span body, uint8_t next, uint8_t *pkt)
{
	size_t pad_len = esp_pad_len(body.len, sa->shape.align);

	esp_trailer_write(body.p + body.len, pad_len, next);
	return esp_cipher_seal(sa->out, sa->spi_out, seq, body.p, body.len + pad_len + ESP_TRAILER_LEN, pkt);
}

enum status esp_seal_numbered(const struct esp_sa *sa, uint64_t seq, struct span inner, uint8_t *pkt)
{
	struct span body = {0};
	uint8_t next = 0;
	enum status st = body_of(sa, inner, &body, &next);

	return st ? st : seal_body(sa, seq, body, next, pkt);
}

void esp_seal_count(struct esp_sa *sa, uint64_t now_ms, uint64_t packets, uint64_t inner_len)
{
	esp_rt_add(&sa->rt->packets_out, packets);
	esp_rt_add(&sa->rt->bytes_out, inner_len);
	atomic_store_explicit(&sa->rt->last_out_ms, now_ms, memory_order_relaxed);
}

/* What is encrypted, and the number that it gets. */
static enum status begin(struct esp_sa *sa, struct span inner, struct span *body, uint8_t *next, uint64_t *seq)
{
	enum status st = body_of(sa, inner, body, next);

	return st ? st : esp_seal_reserve(sa, 1, seq);
}

enum status esp_seal_to(struct esp_sa *sa, uint64_t now_ms, struct span inner, uint8_t *pkt)
{
	struct span body = {0};
	uint8_t next = 0;
	uint64_t seq = 0;
	enum status st = begin(sa, inner, &body, &next, &seq);

	if (!st)
		st = seal_body(sa, seq, body, next, pkt);
	if (!st)
		esp_seal_count(sa, now_ms, 1, inner.len);
	return st;
}

static void lay_body(const struct esp_sa *sa, uint64_t seq, struct span body, uint8_t next, struct esp_job *job)
{
	struct esp_shape shape = sa->shape;
	size_t pad_len = esp_pad_len(body.len, shape.align);
	uint8_t *text = job->pkt + ESP_HEAD_LEN + shape.iv_len;

	job->seq = seq;
	memcpy(text, body.p, body.len);
	esp_trailer_write(text + body.len, pad_len, next);
	job->len = body.len + pad_len + ESP_TRAILER_LEN;
}

enum status esp_seal_lay_numbered(const struct esp_sa *sa, uint64_t seq, struct span inner, struct esp_job *job)
{
	struct span body = {0};
	uint8_t next = 0;
	enum status st = body_of(sa, inner, &body, &next);

	if (!st)
		lay_body(sa, seq, body, next, job);
	return st;
}

enum status esp_seal_lay(struct esp_sa *sa, uint64_t now_ms, struct span inner, struct esp_job *job)
{
	struct span body = {0};
	uint8_t next = 0;
	uint64_t seq = 0;
	enum status st = begin(sa, inner, &body, &next, &seq);

	if (st)
		return st;
	lay_body(sa, seq, body, next, job);
	esp_seal_count(sa, now_ms, 1, inner.len);
	return ST_OK;
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
