/* The EAP server against any packets, all its methods, every order. */
#include "tests/fuzz/eap_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	script_run(data, size, 0xff, true, false);
	return 0;
}
