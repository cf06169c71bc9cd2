/* The writer thread: it alone owns the database handles. Fed by a single-producer ring, answers by
 * another. One transaction holds everything that came in while the last one was written, and waits
 * at most group_ms for more when somebody waits for the answer. */
#ifndef DB_WRITER_H
#define DB_WRITER_H

#include "db/msg.h"
#include "db/rows.h"

struct writer;

struct writer_options {
	uint32_t group_ms;
	uint32_t lazy_ms;
	uint32_t ring_slots;
	struct rows_options rows;
};

/* Opens the files in the caller's thread, so that what is wrong with them is known at once, and
 * starts the thread. */
struct writer *writer_new(const char *dir, const struct writer_options *options, enum status *why,
	char detail[DB_DETAIL]);
/* Writes what was pushed and ends the thread; what comes back can still be popped. */
void writer_stop(struct writer *w);
void writer_free(struct writer *w); /* after writer_stop */

/* Loop side. Takes the message when there is room (true). */
bool writer_push(struct writer *w, struct msg *m);
size_t writer_room(struct writer *w);
struct msg *writer_pop(struct writer *w); /* answers and notices; NULL when there is none */
int writer_fd(const struct writer *w);    /* eventfd: readable when something came back */
void writer_poke(struct writer *w);       /* makes it readable */

struct writer_counts {
	uint64_t commits;
	uint64_t rows;
	uint64_t waiting; /* messages that wait for the store to work again */
	uint64_t lost;    /* messages that a failed transaction took along */
	uint64_t acct_lost; /* accounting records given up */
	bool failing;     /* the last transaction could not be written */
};
void writer_counts(struct writer *w, struct writer_counts *out); /* any thread */

#endif
