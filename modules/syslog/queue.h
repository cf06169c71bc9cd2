/* What waits for one destination: at most SYSLOG_QUEUE messages and SYSLOG_QUEUE_BYTES, the oldest make room.
 * Messages are shared between the queues of all destinations. Loop thread. */
#ifndef MODULES_SYSLOG_QUEUE_H
#define MODULES_SYSLOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSLOG_QUEUE 1024
#define SYSLOG_QUEUE_BYTES (1u << 20)

struct syslog_message {
	uint32_t refs;
	uint16_t len;
	uint16_t sequence_at; /* as in struct syslog_line */
	uint8_t bytes[];
};

struct syslog_queue { /* zeroed: empty */
	struct syslog_message *ring[SYSLOG_QUEUE];
	uint32_t first;
	uint32_t count;
	size_t bytes;
};

/* NULL: out of memory. One reference, the caller's. */
struct syslog_message *syslog_message_new(const uint8_t *bytes, size_t len, size_t sequence_at);
void syslog_message_unref(struct syslog_message *m); /* NULL is fine */

/* Takes a reference of its own. Returns how many of the oldest were dropped for it. */
uint32_t syslog_queue_push(struct syslog_queue *q, struct syslog_message *m);
struct syslog_message *syslog_queue_first(const struct syslog_queue *q); /* NULL: empty */
void syslog_queue_pop(struct syslog_queue *q);                           /* not of an empty one */
/* Back to where it was taken from, with a reference of the queue's own; false: no room. */
bool syslog_queue_unpop(struct syslog_queue *q, struct syslog_message *m);
void syslog_queue_clear(struct syslog_queue *q);

#endif
