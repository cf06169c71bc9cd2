#include "core/crypto/bssl_heap.h"

#include <stddef.h>
#include <stdint.h>

#include "core/base/mem.h"

const int bssl_heap_is_ours = 1;

/* Called by BoringSSL's crypto/mem.c, which declares them for itself. */
void *OPENSSL_memory_alloc(size_t size);
void OPENSSL_memory_free(void *p);
size_t OPENSSL_memory_get_size(void *p);

/* Before each block, so that free knows what to zero; keeps the alignment of malloc. */
union head {
	size_t size;
	max_align_t align;
};

void *OPENSSL_memory_alloc(size_t size)
{
	union head *h;

	if (size > SIZE_MAX - sizeof(*h))
		return NULL;
	h = mem_foreign(sizeof(*h) + size);
	if (h == NULL)
		return NULL;
	h->size = size;
	return h + 1;
}

void OPENSSL_memory_free(void *p)
{
	union head *h = p;

	if (h == NULL)
		return;
	h--;
	mem_foreign_free(h, sizeof(*h) + h->size);
}

size_t OPENSSL_memory_get_size(void *p)
{
	return p != NULL ? ((union head *)p - 1)->size : 0;
}
