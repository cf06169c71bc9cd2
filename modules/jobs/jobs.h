/* Slow pure work away from the loop, by a few threads. Two kinds:
 *
 *   Diffie-Hellman    on copies: jobs_put(). Two bounded queues in: jobs of established SAs are done
 *                     first, and a burst of logins leaves room for them.
 *   borrowed objects  jobs_run(): a thread works on an object of the caller's, which must leave it alone
 *                     until it comes back: conversations of EAP and TLS, chains of certificates. Each
 *                     lane has its own bound and its turn, and they leave one thread to Diffie-Hellman.
 *
 *   loop       jobs_run ----> lane ----> thread: run(object) ----> jobs_poll: done(number, object)
 *                jobs_drop: as soon as no thread has it  --------> jobs_poll: dropped(object)
 *
 * One ring per thread back. The threads are nicer than those that move packets. No thread here sees an
 * SA; what was copied is zeroed when it leaves. */
#ifndef MODULES_JOBS_JOBS_H
#define MODULES_JOBS_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include "core/ike/ports.h"

struct jobs;

/* Loop side, called from jobs_poll(). The result is wiped when the callback returns. */
typedef void jobs_done(void *ctx, uint64_t number, const struct ike_job_result *result);

/* Starts the threads (1..8). NULL: out of memory or threads. */
struct jobs *jobs_new(unsigned threads, size_t queue_len, jobs_done *done, void *ctx);
/* Waits for the jobs in hand, forgets the others. Objects that were borrowed are dropped from inside. */
void jobs_free(struct jobs *j);

#define JOBS_RESERVED 64 /* beyond queue_len, for established SAs only */

/* Copies the job. ST_LIMIT: the queue is full; ST_CONFIG: not a kind that is done here; ST_NOMEM. */
enum status jobs_put(struct jobs *j, uint64_t number, const struct ike_job *job) MUST_USE;
/* No result for this number will be delivered. */
void jobs_cancel(struct jobs *j, uint64_t number);

/* Readable when jobs_poll() has something to do. */
int jobs_fd(const struct jobs *j);
void jobs_poll(struct jobs *j);

/* ---- borrowed objects ------------------------------------------------------------------------- */

#define JOBS_LANE_MAX 1024 /* objects in one lane, waiting, worked on or on their way back: one for each negotiation */

/* Whose objects: each lane has one owner and numbers of its own. */
enum jobs_lane {
	JOBS_CHAIN, /* certificates to judge (cmd/wire_pki.c) */
	JOBS_PROOF, /* signatures of peers (cmd/wire_proof.c) */
	JOBS_EAP,   /* conversations of EAP, with their TLS and password hashes (cmd/wire_eap.c) */
	JOBS_TLS,   /* handshakes with RADIUS servers (cmd/wire_radsec.c) */
	JOBS_LANES
};

struct jobs_owner {
	/* From jobs_poll(): the object is the owner's again. May run it anew, drop others and free it. */
	void (*done)(void *ctx, uint64_t number, void *object);
	/* From jobs_poll() or jobs_free(), never from jobs_drop(): nobody waits for it any more and no thread
	 * has it: to be freed. It may have been worked on or not. */
	void (*dropped)(void *ctx, void *object);
	void *ctx;
};

/* Before the first jobs_run() in that lane; the owner is copied. */
void jobs_own(struct jobs *j, enum jobs_lane lane, const struct jobs_owner *owner);
/* A thread calls run(object), later; until done() or dropped() the object is not the caller's. One lane
 * keeps its order of beginning; two objects of it may be worked on at once. run sees nothing but its object.
 * ST_LIMIT: the lane is full; ST_NOMEM; ST_CONFIG: nobody owns the lane. Then the object never left. */
enum status jobs_run(struct jobs *j, enum jobs_lane lane, uint64_t number, void (*run)(void *object),
		     void *object) MUST_USE;
/* No done() for this number of the lane: dropped() instead. One that is not there is fine. */
void jobs_drop(struct jobs *j, enum jobs_lane lane, uint64_t number);
/* Objects in the lane. */
size_t jobs_waiting(const struct jobs *j, enum jobs_lane lane);

#endif
