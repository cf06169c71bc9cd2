#include "modules/syslog/queue.h"

#include <string.h>

#include "core/base/mem.h"

struct syslog_message *syslog_message_new(const uint8_t *bytes, size_t len, size_t sequence_at)
{
	struct syslog_message *m = mem_new(sizeof(*m) + len);
	if (!m)
		return NULL;
	m->refs = 1;
	m->len = (uint16_t)len;
	m->sequence_at = (uint16_t)sequence_at;
	memcpy(m->bytes, bytes, len);
	return m;
}

void syslog_message_unref(struct syslog_message *m)
{
	if (m && --m->refs == 0)
		mem_free(m);
}

struct syslog_message *syslog_queue_first(const struct syslog_queue *q)
{
	return q->count ? q->ring[q->first] : NULL;
}

void syslog_queue_pop(struct syslog_queue *q)
{
	struct syslog_message *m = q->ring[q->first];
	q->ring[q->first] = NULL;
	q->first = (q->first + 1) % SYSLOG_QUEUE;
	q->count--;
	q->bytes -= m->len;
	syslog_message_unref(m);
}

uint32_t syslog_queue_push(struct syslog_queue *q, struct syslog_message *m)
{
	uint32_t dropped = 0;
	while (q->count && (q->count == SYSLOG_QUEUE || q->bytes + m->len > SYSLOG_QUEUE_BYTES)) {
		syslog_queue_pop(q);
		dropped++;
	}
	m->refs++;
	q->ring[(q->first + q->count++) % SYSLOG_QUEUE] = m;
	q->bytes += m->len;
	return dropped;
}

bool syslog_queue_unpop(struct syslog_queue *q, struct syslog_message *m)
{
	if (q->count == SYSLOG_QUEUE || q->bytes + m->len > SYSLOG_QUEUE_BYTES)
		return false;
	m->refs++;
	q->first = (q->first + SYSLOG_QUEUE - 1) % SYSLOG_QUEUE;
	q->ring[q->first] = m;
	q->count++;
	q->bytes += m->len;
	return true;
}

void syslog_queue_clear(struct syslog_queue *q)
{
	while (q->count)
		syslog_queue_pop(q);
}
