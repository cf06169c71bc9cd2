/* Memory that can be told to fail, and bytes that must not stay behind. Thread-safe. */
#ifndef CORE_BASE_MEM_H
#define CORE_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All return NULL when out of memory (or when the countdown says so); zeroed memory always. */
void *mem_new(size_t size);
void *mem_array(size_t n, size_t size);                    /* overflow-checked */
/* New bytes are zeroed, the old block is zeroed before it is freed; p stays valid on NULL. */
void *mem_grow(void *p, size_t old_size, size_t new_size);
void *mem_dup(const void *p, size_t len);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);
void mem_free(void *p);
/* Zero and free: for anything that held a key or password. */
void mem_free_secret(void *p, size_t len);
/* Zero that the compiler does not remove. */
void mem_zero(void *p, size_t len);
/* For a library whose allocator calls us: obeys the countdown but is not in mem_live, since the
 * library keeps things for the life of the process. Not zeroed at first; free zeroes len bytes. */
void *mem_foreign(size_t size);
void mem_foreign_free(void *p, size_t len);
/* Zeroes the vector registers (x86-64; elsewhere nothing): they are in a core even when memory is not, and
 * keep what was copied or computed last for as long as the thread waits. Before it does. */
void mem_forget_registers(void);
/* Equal in constant time. */
bool mem_eq_secret(const void *a, const void *b, size_t len);

/* Tests: the nth allocation of this thread from now fails (1 = next); 0 = never. */
void mem_fail_at(uint64_t nth);
/* Blocks handed out and not yet freed, whole process. */
int64_t mem_live(void);

#endif
