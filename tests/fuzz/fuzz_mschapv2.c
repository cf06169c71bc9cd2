/* EAP-MSCHAPv2 on both sides, disturbed on both. */
#include "tests/fuzz/eap_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	script_run(data, size, 0, true, true);
	return 0;
}
