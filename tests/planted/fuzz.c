/* reported as: stack-buffer-overflow|runtime error: index [0-9]+ out of bounds */
/* A length that a peer chose, trusted after a magic word that blind chance would not find. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volatile uint8_t copy[4];

	if (size < 6 || memcmp(data, "IKE2", 4) != 0)
		return 0;
	for (int i = 0; i < data[4] % 8; i++)
		copy[i] = data[5];
	return copy[0] == 1 ? 0 : 0;
}
