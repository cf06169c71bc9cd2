/* reported as: runtime error: signed integer overflow */
/* Arithmetic past the end of int. */
#include <limits.h>

int main(int argc, char **argv)
{
	volatile int sum = INT_MAX;

	sum = sum + argc;
	return sum == 0;
}
