/*
 * The test idiom: a test program is a list of T_RUN(function) and `return t_end();`.
 *
 * Every function prints `ok NAME` or `FAIL NAME file:line row: why`; the program ends with
 * `# N passed, M failed`. A failed assertion is recorded and leaves the function that holds it, so
 * assertions belong in functions returning void. A helper that asserts is called through T_DO().
 *
 * Memory from t_hex() and t_readfile() lives until the test function in force ends, each piece in
 * its own allocation of the exact size, so that the sanitizers see a read of one byte too many.
 */
#ifndef TESTS_LIB_T_H
#define TESTS_LIB_T_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define T_RUN(fn) t_run(#fn, fn)

/* Names the table row in force; every failure after it says so. */
#define T_ROW(i, name) t_row((int)(i), name)

#define T_TRUE(x)                                                                                  \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			t_fail(__FILE__, __LINE__, "%s is false", #x);                             \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#define T_EQ(a, b)                                                                                 \
	do {                                                                                       \
		if (!t_eq(__FILE__, __LINE__, #a, #b, (intmax_t)(a), (intmax_t)(b)))               \
			return;                                                                    \
	} while (0)

#define T_MEM(a, b, len)                                                                           \
	do {                                                                                       \
		if (!t_mem(__FILE__, __LINE__, #a, #b, (a), (b), (len)))                           \
			return;                                                                    \
	} while (0)

#define T_STR(a, b)                                                                                \
	do {                                                                                       \
		if (!t_str(__FILE__, __LINE__, #a, #b, (a), (b)))                                  \
			return;                                                                    \
	} while (0)

/* T_FAIL("printf format", ...) */
#define T_FAIL(...)                                                                                \
	do {                                                                                       \
		t_fail(__FILE__, __LINE__, __VA_ARGS__);                                           \
		return;                                                                            \
	} while (0)

/* Calls a helper that asserts; leaves this function too when it failed. */
#define T_DO(call)                                                                                 \
	do {                                                                                       \
		call;                                                                              \
		if (t_failing())                                                                   \
			return;                                                                    \
	} while (0)

void t_run(const char *name, void (*fn)(void));
int t_end(void); /* prints the totals; the exit status of main */

void t_row(int index, const char *name);
bool t_failing(void); /* the test function in force has failed */
void t_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool t_eq(const char *file, int line, const char *as, const char *bs, intmax_t a, intmax_t b);
bool t_mem(const char *file, int line, const char *as, const char *bs, const void *a,
	const void *b, size_t len);
bool t_str(const char *file, int line, const char *as, const char *bs, const char *a,
	const char *b);

/* Bytes of a hex text; blanks, colons and line ends are skipped. Text that is not hex ends the
 * program: it is a mistake in the test. len may be NULL. */
const uint8_t *t_hex(const char *hex, size_t *len);

/* A whole file with a NUL after its last byte, or NULL. A relative path is taken from the root of
 * the source tree. len may be NULL. */
char *t_readfile(const char *path, size_t *len);

/* A file of the Wycheproof vectors (by its bare name), or NULL where they are not present. */
char *t_wycheproof(const char *name, size_t *len);

#endif
