/* reported as: heap-buffer-overflow */
/* BoringSSL is told of one byte more than there is: seen only when it was built with the tool. */
#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	unsigned char *p = malloc(15);
	BIGNUM *n;

	memset(p, 1, 15);
	n = BN_bin2bn(p, 16, NULL);
	free(p);
	BN_free(n);
	return 0;
}
