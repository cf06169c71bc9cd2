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

#if defined(__x86_64__)
void mem_forget_registers(void)
{
#define XMM(n) "pxor %%xmm" #n ", %%xmm" #n "\n"
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			"xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	else
		__asm__ volatile(XMM(0) XMM(1) XMM(2) XMM(3) XMM(4) XMM(5) XMM(6) XMM(7) XMM(8) XMM(9) XMM(10)
			XMM(11) XMM(12) XMM(13) XMM(14) XMM(15) ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
			"xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			"xmm15");
#undef XMM
	/* The C library copies with 16 to 31 where there are such; the compiler does not know them. */
#define ZMM(n) "vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n"
	if (__builtin_cpu_supports("avx512f"))
		__asm__ volatile(ZMM(16) ZMM(17) ZMM(18) ZMM(19) ZMM(20) ZMM(21) ZMM(22) ZMM(23) ZMM(24) ZMM(25)
			ZMM(26) ZMM(27) ZMM(28) ZMM(29) ZMM(30) ZMM(31) :::);
#undef ZMM
}
#else
void mem_forget_registers(void)
{
}
#endif

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
