/* Fault countdown: a whole login, and a return with a ticket, again and again, each time with the next
 * allocation failing; and the same for each answer of the world that may be no. */
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H

#include <stdint.h>

void faults_run(uint64_t *passed, uint64_t *failed);

#endif
