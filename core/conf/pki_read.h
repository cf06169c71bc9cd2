/* One trustpoint from its files; the parts of pki_load(). */
#ifndef CORE_CONF_PKI_READ_H
#define CORE_CONF_PKI_READ_H

#include "core/conf/pki.h"

#define PKI_CERTS_MAX 512 /* in the files of one trustpoint */

struct pki_reading {
	const struct pki_ports *ports;
	void *ctx;
	const struct snapshot *conf;
	size_t at; /* the trustpoint */
};

/* Fills *out, which is empty before; on failure pki_point_fini() and words say why. ST_NOMEM; any other: the files. */
enum status pki_point_read(const struct pki_reading *r, struct pki_point *out) MUST_USE;
void pki_point_fini(struct pki_point *p);
/* Another reference to everything. ST_NOMEM: *out is empty. */
enum status pki_point_copy(const struct pki_point *from, struct pki_point *out) MUST_USE;

#endif
