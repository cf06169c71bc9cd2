/* Slow pure work away from the loop: Diffie-Hellman on copies. A few threads, two bounded queues in
 * (jobs of established SAs are done first, and a burst of logins leaves room for them), one ring per
 * thread back. No thread here sees an SA; everything secret is zeroed when it leaves. */
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
/* Waits for the jobs in hand, forgets the others. */
void jobs_free(struct jobs *j);

#define JOBS_RESERVED 64 /* beyond queue_len, for established SAs only */

/* Copies the job. ST_LIMIT: the queue is full; ST_CONFIG: not a kind that is done here; ST_NOMEM. */
enum status jobs_put(struct jobs *j, uint64_t number, const struct ike_job *job) MUST_USE;
/* No result for this number will be delivered. */
void jobs_cancel(struct jobs *j, uint64_t number);

/* Readable when jobs_poll() has something to do. */
int jobs_fd(const struct jobs *j);
void jobs_poll(struct jobs *j);

#endif
