/* Frozen SAs: any bytes as the record itself, and any bytes as the fields of a record whose frame
 * and checksum are right. What thaws freezes to the same. */
#include <stdlib.h>
#include <string.h>

#include "core/base/freeze.h"
#include "core/base/keep.h"
#include "modules/data/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static uint8_t rec[1 << 16], again[1 << 16];

static void thaw(const uint8_t *p, size_t len)
{
	struct data_sa sa, back;
	size_t n;

	if (data_sa_thaw((struct view){p, len}, &sa))
		return;
	MUST(sa.n_local_ts >= 1 && sa.n_local_ts <= DATA_TS_MAX);
	MUST(sa.n_remote_ts >= 1 && sa.n_remote_ts <= DATA_TS_MAX);
	MUST(sa.key_in_len <= sizeof(sa.key_in) && sa.key_out_len <= sizeof(sa.key_out));
	n = data_sa_freeze(&sa, again, sizeof(again));
	MUST(n > 0);
	MUST(data_sa_thaw((struct view){again, n}, &back) == ST_OK);
	MUST(back.spi_in == sa.spi_in && back.key_out_len == sa.key_out_len);
	MUST(memcmp(back.key_in, sa.key_in, sa.key_in_len) == 0);
	MUST(memcmp(back.remote_ts, sa.remote_ts, sa.n_remote_ts * sizeof(struct ts)) == 0 ||
	     ts_eq(&back.remote_ts[0], &sa.remote_ts[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wr w = wr_init(rec, sizeof(rec));

	thaw(data, size);
	fz_begin(&w, KEEP_ESP, 2);
	wr_bytes(&w, data, size);
	fz_end(&w);
	if (wr_ok(&w))
		thaw(rec, w.len);
	return 0;
}
