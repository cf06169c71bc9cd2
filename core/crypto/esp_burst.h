/* Many ESP packets of one SA at once by ipsec-mb: each packet takes a lane of the vector registers,
 * so that what is serial in one packet (CBC encryption, a hash) is done for sixteen in the time of
 * two or three. x86-64 only; for core/crypto/esp_mb.c only. */
#ifndef CORE_CRYPTO_ESP_BURST_H
#define CORE_CRYPTO_ESP_BURST_H

#include "core/crypto/esp_soft.h"

/* A manager of the library, never the same in two threads. */
struct IMB_MGR;

/* A new one, with the code that suits the processor; NULL: out of memory or not usable. */
struct IMB_MGR *esp_burst_manager_new(void);
void esp_burst_manager_free(struct IMB_MGR *m);

/* This thread does many at once from now until end. ST_NOMEM. */
enum status esp_burst_begin(void) MUST_USE;
void esp_burst_end(void);
bool esp_burst_can(void);
uint32_t esp_burst_threads(void);

/* NULL: the library has no advantage for this suite. */
const struct esp_ops *esp_burst_ops(const struct esp_suite *s);
/* The manager whose functions make keys; once, before the first cipher is made. */
void esp_burst_take(const struct IMB_MGR *m);

#endif
