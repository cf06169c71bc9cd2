/* One fat tunnel on several cores. Only the owner of an SA numbers, judges and sends its packets, but
 * the ciphering of large batches may be done by others:
 *
 *   owner: numbers, replay check --(work)--> helper: cipher --(back)--> owner, in the order of the numbers:
 *                                                                       sends, or delivers to the TUN
 *
 * Batches wait in one line at the owner; what it does itself meanwhile joins the line.
 * It is done when the owner has been busy for a while without losing its core to others, and a helper
 * that is idle has a core of its own, too: elsewhere it would only cost. */
#ifndef MODULES_DATA_FAN_H
#define MODULES_DATA_FAN_H

#include "core/esp/cut.h"
#include "modules/data/worker.h"

#define FAN_JOBS 32   /* of one owner */
#define FAN_DEPTH 3   /* of them at one helper */
#define FAN_PACKETS 8 /* fewer in a batch are not worth the way */
#define FAN_ROOM (80 * 1024) /* a batch of 64 KiB, sealed */

struct job {
	struct job *next;     /* in the line, or among the unused ones */
	bool is_seal;
	bool is_done;         /* the owner knows it */
	uint32_t owner;
	uint32_t helper;
	struct worker_sa *sa;
	struct pkt *k;
	enum status st;       /* SEAL */
	struct cut cut;
	struct marks marks;
	uint64_t seq;         /* of the first */
	uint8_t *room;        /* FAN_ROOM bytes: sealed packets of seg bytes, the last may be shorter */
	size_t len;
	size_t seg;
	size_t inner_len;
	unsigned n;           /* packets */
	struct esp_opening parts[UDP_TRAIN_MAX]; /* OPEN */
};

struct fan {
	struct job *jobs;     /* FAN_JOBS */
	uint8_t *rooms;
	struct job *unused;
	struct job *first;    /* the line */
	struct job *last;
	unsigned n;           /* in the line */
	struct ring *work;    /* [n] by owner: to this helper */
	struct ring *back;    /* [n] by helper: to this owner */
	unsigned at[DATA_WORKERS_MAX]; /* jobs of this owner at each helper */
	uint64_t ended;       /* jobs, ever */
	struct cmd *late;     /* orders carried out whose objects jobs still use, the oldest first */
	struct cmd *late_last;
	uint64_t awake_ms;    /* since when the worker has not slept */
	uint64_t judged_ms;   /* when is_pushed was judged last */
	long pushed;          /* times that the thread lost its core, then */
	bool is_pushed;
	_Atomic bool is_busy; /* read by others: has no time for work of theirs */
};

enum status fan_init(struct worker *w) MUST_USE;
void fan_fini(struct worker *w);

/* Takes the packet (an inner one with gso, or a train) when its batch goes by the line; false: still the caller's. */
bool fan_seal(struct worker *w, struct worker_sa *sa, struct pkt *k, const struct cut *cut, struct marks marks);
bool fan_open(struct worker *w, struct pkt *k);
/* Nothing is in the line when it returns. */
void fan_settle(struct worker *w);
/* Ciphers for others, and ends what came back, in order; true: there was anything. */
bool fan_turn(struct worker *w);
bool fan_has_work(const struct worker *w);
/* Is a batch of this SA in the line? */
bool fan_has(const struct worker *w, const struct worker_sa *sa);
/* May the order be given back? Otherwise it is, when the jobs have ended that may use what it took out. */
bool fan_may_return(struct worker *w, struct cmd *c);
/* The worker was without work until now. */
void fan_slept(struct worker *w, uint64_t now_ms);

#endif
