/* BoringSSL's heap is ours: what it allocates obeys the countdown of core/base/mem.h and is zeroed
 * when freed. Included by every file here whose use of BoringSSL allocates; being included is what
 * links the hooks into the program (they are weak references on BoringSSL's side). */
#ifndef CORE_CRYPTO_BSSL_HEAP_H
#define CORE_CRYPTO_BSSL_HEAP_H

extern const int bssl_heap_is_ours;

static const int *const bssl_heap_link __attribute__((used)) = &bssl_heap_is_ours;

#endif
