/* Which library seals and opens ESP packets: BoringSSL, which is always there and does everything,
 * or Intel's ipsec-mb on an x86-64 processor with AES-NI and AVX. IKE has BoringSSL only. */
#ifndef CORE_CRYPTO_ESP_ENGINE_H
#define CORE_CRYPTO_ESP_ENGINE_H

#include "core/crypto/suite.h"

struct esp_ops;

enum esp_engine { ESP_ENGINE_AUTO, ESP_ENGINE_BORINGSSL, ESP_ENGINE_IPSEC_MB };
#define ESP_ENGINES 3
extern const char *const esp_engine_names[ESP_ENGINES]; /* by enum: the words of the configuration */

/* For ciphers made from now on; those that exist keep theirs. Other threads may make some meanwhile. Before the
 * first call it is BoringSSL.
 * ESP_ENGINE_AUTO: ipsec-mb where it can be, which is not an error where it cannot.
 * ST_NOT_FOUND: ipsec-mb was asked for and the processor or the build does not have what it needs;
 * ST_NOMEM: no room to find out; BoringSSL is in force then. One thread at a time. */
enum status esp_engine_select(enum esp_engine wanted);

/* A thread that seals or opens many packets at once says so, and when it ends: ipsec-mb wants a place
 * of some 200 KiB for each such thread. Without it, or when the processor cannot, everything works,
 * packet by packet. ST_NOMEM: likewise. */
enum status esp_engine_thread_begin(void);
void esp_engine_thread_end(void);
bool esp_engine_thread_can(void); /* it did, and has such a place */

struct esp_engine_info {
	enum esp_engine wanted;
	enum esp_engine in_force;   /* never AUTO */
	const char *why_not;        /* ipsec-mb cannot be, in words; NULL: it can */
	const char *version;        /* of ipsec-mb; NULL: not in this build */
	const char *kind;           /* of its code that suits this processor: "AVX512"; NULL: none */
	uint32_t threads;           /* that said begin and can do many at once */
	uint64_t ciphers[ESP_ENGINES]; /* alive, by who does the work: one for each direction in use of an SA */
	uint64_t made[ESP_ENGINES];    /* ever */
};
/* Any thread; the numbers are of about the same moment. */
void esp_engine_info(struct esp_engine_info *out);

/* What the processor has of that which matters here, one name each time: "AES-NI"; NULL ends. */
const char *esp_engine_feature(size_t i, bool *has);

/* For core/crypto: who does this suite, and the count of it. */
const struct esp_ops *esp_engine_ops(const struct esp_suite *s);
void esp_engine_count(const char *engine, int by);

#endif
