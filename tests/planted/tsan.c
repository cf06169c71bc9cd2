/* reported as: WARNING: ThreadSanitizer: data race */
/* Two threads write one plain field. */
#include <pthread.h>

static long counter;

static void *count(void *arg)
{
	for (int i = 0; i < 100000; i++)
		counter++;
	return NULL;
}

int main(void)
{
	pthread_t one, two;

	pthread_create(&one, NULL, count, NULL);
	pthread_create(&two, NULL, count, NULL);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	return counter == 0;
}
