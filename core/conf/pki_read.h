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

/* Fills *out, which is empty before. ST_OK, with what is wrong in out->status; ST_NOMEM: to be finished all the same. */
enum status pki_point_read(const struct pki_reading *r, struct pki_point *out) MUST_USE;
void pki_point_fini(struct pki_point *p);

#endif
