/* The test idiom of t.h: bookkeeping of one running test function, and memory it borrowed. */
#include "tests/lib/t.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct piece {
	struct piece *next;
	void *mem;
};

static struct {
	const char *name;
	const char *row_name;
	int row;
	bool failing;
	int passed, failed;
	struct piece *pieces;
} t = {.row = -1};

static void *keep(size_t size)
{
	struct piece *p = malloc(sizeof(*p));
	void *mem = malloc(size);

	if (p == NULL || (mem == NULL && size > 0))
		abort();
	*p = (struct piece){.next = t.pieces, .mem = mem};
	t.pieces = p;
	return mem;
}

static void release(void)
{
	while (t.pieces != NULL) {
		struct piece *p = t.pieces;

		t.pieces = p->next;
		free(p->mem);
		free(p);
	}
}

/* T_ONLY=part-of-a-name in the environment runs only the functions whose name holds it. */
void t_run(const char *name, void (*fn)(void))
{
	const char *only = getenv("T_ONLY");

	if (only != NULL && strstr(name, only) == NULL)
		return;
	setvbuf(stdout, NULL, _IOLBF, 0);
	t.name = name;
	t.row = -1;
	t.row_name = NULL;
	t.failing = false;
	fn();
	release();
	if (t.failing) {
		t.failed++;
	} else {
		t.passed++;
		printf("ok %s\n", name);
	}
}

int t_end(void)
{
	release();
	printf("# %d passed, %d failed\n", t.passed, t.failed);
	return t.failed == 0 ? 0 : 1;
}

void t_row(int index, const char *name)
{
	t.row = index;
	t.row_name = name;
}

bool t_failing(void)
{
	return t.failing;
}

void t_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	t.failing = true;
	printf("FAIL %s %s:%d", t.name, file, line);
	if (t.row >= 0)
		printf(" row %d %s", t.row, t.row_name != NULL ? t.row_name : "");
	printf(": ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

bool t_eq(const char *file, int line, const char *as, const char *bs, intmax_t a, intmax_t b)
{
	if (a == b)
		return true;
	t_fail(file, line, "%s is %jd (0x%jx), %s is %jd (0x%jx)", as, a, (uintmax_t)a, bs, b,
		(uintmax_t)b);
	return false;
}

/* Some bytes around the first difference, enough to find the place in a dump. */
static void print_bytes(const char *what, const uint8_t *p, size_t from, size_t len)
{
	size_t end = from + 16 < len ? from + 16 : len;

	printf("  %s:", what);
	for (size_t i = from; i < end; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

bool t_mem(const char *file, int line, const char *as, const char *bs, const void *a,
	const void *b, size_t len)
{
	const uint8_t *pa = a, *pb = b;

	for (size_t i = 0; i < len; i++) {
		if (pa[i] == pb[i])
			continue;
		t_fail(file, line, "%s and %s differ at byte %zu of %zu", as, bs, i, len);
		print_bytes(as, pa, i, len);
		print_bytes(bs, pb, i, len);
		return false;
	}
	return true;
}

bool t_str(const char *file, int line, const char *as, const char *bs, const char *a,
	const char *b)
{
	if (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0))
		return true;
	t_fail(file, line, "%s is \"%s\", %s is \"%s\"", as, a != NULL ? a : "(null)", bs,
		b != NULL ? b : "(null)");
	return false;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Counts the digits of a hex text, skipping what may stand between them. */
static size_t digits(const char *hex)
{
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		if (digit(*hex) >= 0) {
			n++;
		} else if (strchr(" \t\r\n:", *hex) == NULL) {
			fprintf(stderr, "t_hex: '%c' is no hex digit\n", *hex);
			abort();
		}
	}
	return n;
}

const uint8_t *t_hex(const char *hex, size_t *len)
{
	size_t n = digits(hex), at = 0;
	uint8_t *out;

	if (n % 2 != 0) {
		fprintf(stderr, "t_hex: odd number of digits\n");
		abort();
	}
	out = keep(n / 2);
	memset(out, 0, n / 2);
	for (; *hex != '\0'; hex++) {
		int d = digit(*hex);

		if (d < 0)
			continue;
		out[at / 2] = (uint8_t)(out[at / 2] << 4 | d);
		at++;
	}
	if (len != NULL)
		*len = n / 2;
	return out;
}

char *t_readfile(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	long size;
	char *text;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0) {
		fclose(f);
		return NULL;
	}
	text = keep((size_t)size + 1);
	if (fread(text, 1, (size_t)size, f) != (size_t)size) {
		fclose(f);
		return NULL;
	}
	fclose(f);
	text[size] = '\0';
	if (len != NULL)
		*len = (size_t)size;
	return text;
}

char *t_wycheproof(const char *name, size_t *len)
{
	const char *dir = getenv("SALLYPORT_WYCHEPROOF");
	char path[512];

	if (dir == NULL || snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return NULL;
	return t_readfile(path, len);
}
