/* The engine before the peer has proven who it is: datagrams of any bytes, bent INIT requests, messages
 * sealed with the keys of a half-open SA, and a world that answers late, twice, wrong or never. Debug is
 * on: what an attacker sends is also put into words. */
#include "tests/lib/ike_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ike_fuzz_run(data, size, false);
	return 0;
}
