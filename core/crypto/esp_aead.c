#include "core/crypto/esp_aead.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/esp_engine.h"
#include "core/crypto/esp_soft.h"

/* What one call may seal; far above any datagram, far below what GCM forbids. */
#define PLAIN_MAX (1u << 20)

/* ---- life --------------------------------------------------------------------------------------
 */

static size_t len_by(const struct esp_ops *ops, const struct esp_suite *s)
{
	return sizeof(struct esp_cipher) + ops->state_len(s);
}

size_t esp_cipher_len(const struct esp_suite *s)
{
	return len_by(esp_engine_ops(s), s);
}

struct esp_shape esp_suite_shape(const struct esp_suite *s)
{
	return (struct esp_shape){
		.iv_len = s->encr->iv_len,
		.align = s->encr->block_len > 4 ? s->encr->block_len : 4,
		.icv_len = s->integ != NULL ? s->integ->icv_len : s->encr->icv_len,
	};
}

enum status esp_cipher_make(const struct esp_suite *s, struct view keymat, struct esp_room room,
	struct esp_cipher **out)
{
	const struct esp_ops *ops = esp_engine_ops(s);
	struct esp_cipher *c = room.at;
	enum status st;

	*out = NULL;
	if (keymat.len != suite_esp_key_len(s))
		return ST_BAD_LENGTH;
	if (room.len < len_by(ops, s))
		return ST_NOMEM;
	memset(c, 0, len_by(ops, s));
	c->ops = ops;
	c->len = len_by(ops, s);
	c->esn = s->esn;
	c->encr = s->encr;
	c->integ = s->integ;
	c->shape = esp_suite_shape(s);
	memcpy(c->salt, keymat.p + s->encr->key_len, s->encr->salt_len);
	st = c->ops->key(c, s, keymat.p);
	esp_engine_count(c->ops->engine, 1);
	if (st != ST_OK) {
		esp_cipher_end(c);
		return st;
	}
	*out = c;
	return ST_OK;
}

void esp_cipher_end(struct esp_cipher *c)
{
	if (c == NULL)
		return;
	esp_engine_count(c->ops->engine, -1);
	if (c->ops->wipe != NULL)
		c->ops->wipe(c);
	mem_zero(c, c->len);
}

bool esp_cipher_wants_many(const struct esp_cipher *c)
{
	return c->ops->seal_many != NULL && esp_engine_thread_can();
}

/* ---- one packet --------------------------------------------------------------------------------
 */

static bool may_be_sealed(const struct esp_cipher *c, size_t plain_len)
{
	return plain_len != 0 && plain_len <= PLAIN_MAX && plain_len % c->shape.align == 0;
}

static void write_head(uint32_t spi, uint64_t seq, uint8_t *pkt)
{
	put_be32(pkt, spi);
	put_be32(pkt + 4, (uint32_t)seq);
}

static size_t fixed_len(const struct esp_cipher *c)
{
	return ESP_HEAD_LEN + (size_t)c->shape.iv_len + c->shape.icv_len;
}

static bool may_be_opened(const struct esp_cipher *c, size_t len)
{
	size_t fixed = fixed_len(c);

	return len > fixed && (len - fixed) % c->shape.align == 0;
}

enum status esp_cipher_seal(const struct esp_cipher *c, uint32_t spi, uint64_t seq,
	const uint8_t *plain, size_t plain_len, uint8_t *pkt)
{
	if (!may_be_sealed(c, plain_len))
		return ST_BAD_LENGTH;
	write_head(spi, seq, pkt);
	return c->ops->seal(c, seq, (struct view){plain, plain_len}, pkt);
}

enum status esp_cipher_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out, size_t *plain_len)
{
	*plain_len = 0;
	if (!may_be_opened(c, len))
		return ST_ESP_SHORT;
	if (c->ops->open(c, seq_hi, pkt, len, out) != ST_OK)
		return ST_ESP_AUTH;
	*plain_len = len - fixed_len(c);
	return ST_OK;
}

/* ---- many --------------------------------------------------------------------------------------
 * The engine gets the good ones in handfuls. */

static void seal_one(const struct esp_cipher *c, struct esp_job *j)
{
	const uint8_t *plain = j->pkt + ESP_HEAD_LEN + c->shape.iv_len;

	j->result = c->ops->seal(c, j->seq, (struct view){plain, j->len}, j->pkt);
}

static void open_one(const struct esp_cipher *c, struct esp_job *j)
{
	j->result = c->ops->open(c, (uint32_t)(j->seq >> 32), j->pkt, j->len,
		j->pkt + ESP_HEAD_LEN + c->shape.iv_len);
}

static void seal_handful(const struct esp_cipher *c, struct esp_job *const *jobs, size_t n)
{
	if (c->ops->seal_many != NULL && n > 1)
		c->ops->seal_many(c, jobs, n);
	else
		for (size_t i = 0; i < n; i++)
			seal_one(c, jobs[i]);
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->result == ST_OK)
			jobs[i]->len += fixed_len(c);
}

static void open_handful(const struct esp_cipher *c, struct esp_job *const *jobs, size_t n)
{
	if (c->ops->open_many != NULL && n > 1)
		c->ops->open_many(c, jobs, n);
	else
		for (size_t i = 0; i < n; i++)
			open_one(c, jobs[i]);
	for (size_t i = 0; i < n; i++) {
		if (jobs[i]->result == ST_OK)
			jobs[i]->len -= fixed_len(c);
		else
			jobs[i]->result = ST_ESP_AUTH;
	}
}

void esp_cipher_seal_many(const struct esp_cipher *c, uint32_t spi, struct esp_job *jobs, size_t n)
{
	struct esp_job *some[ESP_MANY_MAX];
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		jobs[i].result = may_be_sealed(c, jobs[i].len) ? ST_OK : ST_BAD_LENGTH;
		if (jobs[i].result == ST_OK) {
			write_head(spi, jobs[i].seq, jobs[i].pkt);
			some[m++] = &jobs[i];
		}
		if (m == ESP_MANY_MAX || i + 1 == n) {
			seal_handful(c, some, m);
			m = 0;
		}
	}
}

void esp_cipher_open_many(const struct esp_cipher *c, struct esp_job *jobs, size_t n)
{
	struct esp_job *some[ESP_MANY_MAX];
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		jobs[i].result = may_be_opened(c, jobs[i].len) ? ST_OK : ST_ESP_SHORT;
		if (jobs[i].result == ST_OK)
			some[m++] = &jobs[i];
		if (m == ESP_MANY_MAX || i + 1 == n) {
			open_handful(c, some, m);
			m = 0;
		}
	}
}
