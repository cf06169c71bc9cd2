/* ESP ciphers by Intel's ipsec-mb: GCM, GMAC and ChaCha20-Poly1305 packet by packet, CBC, CTR and
 * NULL with HMAC many packets at once (esp_burst.h). On other processors than x86-64 none of it is
 * there and the functions say so. For core/crypto only. */
#ifndef CORE_CRYPTO_ESP_MB_H
#define CORE_CRYPTO_ESP_MB_H

#include "core/crypto/suite.h"

struct esp_ops;

/* Looks at the processor and takes the library's functions for it; the second time it only says how
 * it went. ST_NOT_FOUND with the reason in words in *why, ST_NOMEM likewise. */
enum status esp_mb_start(const char **why) MUST_USE;
/* NULL: BoringSSL does it as well (or the library is not in use). */
const struct esp_ops *esp_mb_ops(const struct esp_suite *s);

enum status esp_mb_thread_begin(void) MUST_USE;
void esp_mb_thread_end(void);
bool esp_mb_thread_can(void);

/* For show: see struct esp_engine_info. */
const char *esp_mb_version(void);
const char *esp_mb_kind(void);
uint32_t esp_mb_threads(void);
const char *esp_mb_feature(size_t i, bool *has);

#endif
