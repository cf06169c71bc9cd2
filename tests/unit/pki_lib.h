/* A small PKI out of files (tests/vectors/gen_pki.py), for the tests of trustpoints and maps. */
#ifndef TESTS_UNIT_PKI_LIB_H
#define TESTS_UNIT_PKI_LIB_H

#include "core/conf/pki.h"
#include "tests/unit/conf_lib.h"

#define JUNE_2026 1780315200

static inline char *pki_file(const char *name, size_t *len)
{
	char path[300];
	snprintf(path, sizeof(path), "tests/vectors/pki/%s", name);
	return t_readfile(path, len);
}

/* The first certificate of a file in PEM. */
static inline struct cert *pki_cert(const char *name)
{
	size_t len, der_len;
	uint8_t *der;
	struct cert *c = NULL;
	char *text = pki_file(name, &len);
	struct view at = {(const uint8_t *)text, len};
	if (!text || pem_next(&at, "CERTIFICATE", &der, &der_len) != ST_OK)
		return NULL;
	if (cert_parse((struct view){der, der_len}, &c) != ST_OK)
		c = NULL;
	mem_free(der);
	return c;
}

#endif
