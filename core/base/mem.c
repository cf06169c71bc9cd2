#include "core/base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t live;
static _Thread_local uint64_t fail_in; /* 0: never */

static bool must_fail(void)
{
	if (fail_in == 0)
		return false;
	return --fail_in == 0;
}

void *mem_new(size_t size)
{
	void *p;

	if (must_fail())
		return NULL;
	p = calloc(1, size ? size : 1);
	if (p)
		atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return p;
}

void *mem_array(size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return mem_new(total);
}

/* Not realloc(): the old block may hold secrets and would be left behind unzeroed. */
void *mem_grow(void *p, size_t old_size, size_t new_size)
{
	void *q = mem_new(new_size);

	if (!q)
		return NULL;
	if (p) {
		memcpy(q, p, old_size < new_size ? old_size : new_size);
		mem_free_secret(p, old_size);
	}
	return q;
}

void *mem_dup(const void *p, size_t len)
{
	void *q = mem_new(len);

	if (q && len)
		memcpy(q, p, len);
	return q;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

char *mem_strndup(const char *s, size_t len)
{
	size_t n = strnlen(s, len);
	char *q = n < SIZE_MAX ? mem_new(n + 1) : NULL;

	if (q && n)
		memcpy(q, s, n);
	return q;
}

void mem_free(void *p)
{
	if (!p)
		return;
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
	free(p);
}

void mem_free_secret(void *p, size_t len)
{
	if (!p)
		return;
	mem_zero(p, len);
	mem_free(p);
}

void *mem_foreign(size_t size)
{
	return must_fail() ? NULL : malloc(size ? size : 1);
}

void mem_foreign_free(void *p, size_t len)
{
	if (!p)
		return;
	mem_zero(p, len);
	free(p);
}

void mem_zero(void *p, size_t len)
{
	if (len)
		explicit_bzero(p, len);
}

bool mem_eq_secret(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff = (uint8_t)(diff | (x[i] ^ y[i]));
	return diff == 0;
}

void mem_fail_at(uint64_t nth)
{
	fail_in = nth;
}

int64_t mem_live(void)
{
	return atomic_load_explicit(&live, memory_order_relaxed);
}
