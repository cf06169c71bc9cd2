/* The engine after a login: what a hostile peer can do that holds the keys. The input's bytes become
 * the payloads inside messages of any exchange, flags and message ID, sealed as the peer would. Debug
 * is on. */
#include "tests/lib/ike_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ike_fuzz_run(data, size, true);
	return 0;
}
