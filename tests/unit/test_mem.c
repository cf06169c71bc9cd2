/* Memory that can be told to fail. */
#include <pthread.h>

#include "core/base/mem.h"
#include "tests/lib/t.h"

static void blocks_are_zeroed_and_counted(void)
{
	int64_t before = mem_live();
	uint8_t *p = mem_new(100), zero[100] = {0};
	void *empty = mem_new(0), *array = mem_array(3, 8);

	T_TRUE(p && empty && array);
	T_MEM(p, zero, 100);
	T_EQ(mem_live(), before + 3);
	mem_free(p);
	mem_free(empty);
	mem_free_secret(array, 24);
	mem_free(NULL);
	mem_free_secret(NULL, 5);
	T_EQ(mem_live(), before);
}

static void arrays_do_not_overflow(void)
{
	T_TRUE(mem_array(SIZE_MAX / 2, 3) == NULL);
	T_TRUE(mem_array(SIZE_MAX, SIZE_MAX) == NULL);
}

static void grow_keeps_and_zeroes(void)
{
	int64_t before = mem_live();
	uint8_t *p = mem_dup("abcd", 4), *q;

	q = mem_grow(p, 4, 9);
	T_TRUE(q != NULL);
	T_MEM(q, "abcd\0\0\0\0\0", 9);
	p = mem_grow(q, 9, 2);
	T_MEM(p, "ab", 2);
	mem_fail_at(1);
	T_TRUE(mem_grow(p, 2, 50) == NULL);
	T_MEM(p, "ab", 2);
	mem_free(p);
	p = mem_grow(NULL, 0, 3);
	T_MEM(p, "\0\0\0", 3);
	mem_free(p);
	T_EQ(mem_live(), before);
}

static void strings(void)
{
	char *a = mem_strdup("hello"), *b = mem_strndup("hello", 3), *c = mem_strndup("hi", 50);

	T_STR(a, "hello");
	T_STR(b, "hel");
	T_STR(c, "hi");
	mem_free(a);
	mem_free(b);
	mem_free(c);
}

static void countdown_fails_the_nth(void)
{
	for (uint64_t nth = 1; nth <= 4; nth++) {
		void *p[5];

		mem_fail_at(nth);
		for (size_t i = 0; i < 5; i++)
			p[i] = mem_new(1);
		T_ROW(nth, "nth");
		for (size_t i = 0; i < 5; i++) {
			T_EQ(p[i] == NULL, i + 1 == nth);
			mem_free(p[i]);
		}
	}
	mem_fail_at(1);
	mem_fail_at(0);
	void *p = mem_new(1);

	T_TRUE(p != NULL);
	mem_free(p);
}

static void *other_thread(void *arg)
{
	void *p = mem_new(1);

	*(bool *)arg = p != NULL;
	mem_free(p);
	return NULL;
}

static void countdown_is_of_one_thread(void)
{
	pthread_t t;
	bool worked = false;

	mem_fail_at(1);
	T_EQ(pthread_create(&t, NULL, other_thread, &worked), 0);
	pthread_join(t, NULL);
	T_TRUE(worked);
	T_TRUE(mem_new(1) == NULL);
}

static void secrets(void)
{
	uint8_t key[32], zero[32] = {0};

	memset(key, 7, sizeof(key));
	T_TRUE(!mem_eq_secret(key, zero, 32));
	T_TRUE(mem_eq_secret(key, key, 32) && mem_eq_secret(key, zero, 0));
	for (size_t i = 0; i < 32; i++) {
		uint8_t other[32];

		memcpy(other, key, 32);
		other[i] ^= 0x80;
		T_ROW(i, "byte that differs");
		T_TRUE(!mem_eq_secret(key, other, 32));
		T_TRUE(mem_eq_secret(key, other, i));
	}
	mem_zero(key, 32);
	T_MEM(key, zero, 32);
	mem_zero(NULL, 0);
}

/* Nothing between the pieces of assembly uses the register. */
static void registers_forget(void)
{
#if defined(__x86_64__)
	uint64_t seen;

	__asm__ volatile("movq %0, %%xmm9" ::"r"(UINT64_C(0x5ec2e7)) : "xmm9");
	__asm__ volatile("movq %%xmm9, %0" : "=r"(seen));
	T_EQ(seen, 0x5ec2e7);
	__asm__ volatile("movq %0, %%xmm9" ::"r"(UINT64_C(0x5ec2e7)) : "xmm9");
	mem_forget_registers();
	__asm__ volatile("movq %%xmm9, %0" : "=r"(seen));
	T_EQ(seen, 0);
#endif
}

int main(void)
{
	T_RUN(blocks_are_zeroed_and_counted);
	T_RUN(arrays_do_not_overflow);
	T_RUN(grow_keeps_and_zeroes);
	T_RUN(strings);
	T_RUN(countdown_fails_the_nth);
	T_RUN(countdown_is_of_one_thread);
	T_RUN(secrets);
	T_RUN(registers_forget);
	return t_end();
}
