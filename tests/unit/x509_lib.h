/* The certificates, CRLs, OCSP and CMS messages of tests/vectors/x509.txt, by name. */
#ifndef TESTS_UNIT_X509_LIB_H
#define TESTS_UNIT_X509_LIB_H

#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/crypto/cert.h"
#include "tests/vectors/vec.h"

#define X509_ROWS 400

static struct {
	size_t n;
	int64_t now;
	char *name[X509_ROWS];
	uint8_t *der[X509_ROWS];
	size_t len[X509_ROWS];
} x509;

static inline int x509_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Once, before the tests; the blocks are of their exact size and stay. */
static inline void x509_load(void)
{
	FILE *f = fopen("tests/vectors/x509.txt", "r");
	char *line = NULL;
	size_t size = 0;

	if (f == NULL)
		abort();
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "now = ", 6) == 0)
			x509.now = atoll(line + 6);
		if (strncmp(line, "name = ", 7) == 0)
			x509.name[x509.n] = strdup(line + 7);
		if (strncmp(line, "der = ", 6) == 0) {
			const char *hex = line + 6;
			size_t len = strlen(hex) / 2;

			x509.len[x509.n] = len;
			x509.der[x509.n] = malloc(len);
			for (size_t i = 0; i < len; i++)
				x509.der[x509.n][i] =
					(uint8_t)(x509_digit(hex[2 * i]) << 4 | x509_digit(hex[2 * i + 1]));
			if (++x509.n == X509_ROWS)
				abort();
		}
	}
	free(line);
	fclose(f);
}

static inline void x509_unload(void)
{
	for (size_t i = 0; i < x509.n; i++) {
		free(x509.name[i]);
		free(x509.der[i]);
	}
}

/* A name that is not there ends the program: it is a mistake in the test. */
static inline struct view x509_der(const char *name)
{
	for (size_t i = 0; i < x509.n; i++)
		if (strcmp(x509.name[i], name) == 0)
			return (struct view){x509.der[i], x509.len[i]};
	fprintf(stderr, "no %s in x509.txt\n", name);
	abort();
}

static inline struct cert *x509_cert(const char *name)
{
	struct cert *c;

	if (cert_parse_weak(x509_der(name), &c) != ST_OK) {
		fprintf(stderr, "%s does not parse\n", name);
		abort();
	}
	return c;
}

static inline struct view text_view(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

#endif
