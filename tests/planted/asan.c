/* reported as: heap-buffer-overflow */
/* One byte past a heap block of our own. */
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	volatile char *p = malloc(16);
	int past = 15 + argc;
	char got;

	memset((char *)p, 1, 16);
	got = p[past];
	free((char *)p);
	return got == 2;
}
