#include "core/ike/natd.h"

#include <string.h>

#include "core/base/wr.h"
#include "core/crypto/prf.h"

void natd_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *e, uint8_t out[NATD_LEN])
{
	uint8_t buf[8 + 8 + 16 + 2];
	struct wr w = wr_init(buf, sizeof(buf));
	struct view part;

	wr_u64(&w, spi_i);
	wr_u64(&w, spi_r);
	wr_bytes(&w, e->addr.b, addr_len(&e->addr));
	wr_u16(&w, e->port);
	part = (struct view){buf, w.len};
	prf_sha1(&part, 1, out);
}

void natd_start(struct natd *n, uint64_t spi_i, uint64_t spi_r, const struct endpoint *local,
	const struct endpoint *remote)
{
	*n = (struct natd){.spi_i = spi_i, .spi_r = spi_r};
	natd_hash(spi_i, spi_r, remote, n->source);
	natd_hash(spi_i, spi_r, local, n->destination);
}

static bool fits(const uint8_t hash[NATD_LEN], struct view data)
{
	return data.len == NATD_LEN && memcmp(hash, data.p, NATD_LEN) == 0;
}

void natd_source(struct natd *n, struct view data)
{
	n->any_source = true;
	n->source_fits |= fits(n->source, data);
}

void natd_destination(struct natd *n, struct view data)
{
	n->any_destination = true;
	n->destination_fits |= fits(n->destination, data);
}

struct natd_result natd_end(const struct natd *n)
{
	return (struct natd_result){
		.was_sent = n->any_source && n->any_destination,
		.nat_local = n->any_destination && !n->destination_fits,
		.nat_remote = n->any_source && !n->source_fits,
	};
}
