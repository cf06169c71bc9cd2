/* The deterministic simulation: two engines, virtual time, a bad network, late and missing answers,
 * restarts between any two messages. Every seed is one story and must keep the rules of story.h.
 *
 *   sim [--seeds N] [--first S] [--real-crypto-share PERCENT] [--verbose SEED] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/faults.h"
#include "tests/sim/story.h"

struct options {
	uint64_t seeds;
	uint64_t first;
	unsigned real_share;
	uint64_t verbose;
	bool is_verbose;
};

static bool number(const char *text, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return *text != '\0' && *end == '\0';
}

static bool parse(int argc, char **argv, struct options *o)
{
	uint64_t v;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 >= argc || !number(argv[i + 1], &v))
			return false;
		if (strcmp(argv[i], "--seeds") == 0)
			o->seeds = v;
		else if (strcmp(argv[i], "--first") == 0)
			o->first = v;
		else if (strcmp(argv[i], "--real-crypto-share") == 0)
			o->real_share = (unsigned)v;
		else if (strcmp(argv[i], "--verbose") == 0)
			o->verbose = v, o->is_verbose = true;
		else
			return false;
	}
	return true;
}

static bool run(uint64_t seed, const struct options *o, struct story_total *total, bool verbose)
{
	struct story_result r;

	story_run(seed, o->real_share, verbose, total, &r);
	if (r.broken[0] == '\0')
		return true;
	printf("FAIL seed %llu: %s\n%s", (unsigned long long)seed, r.broken, r.log);
	return false;
}

int main(int argc, char **argv)
{
	struct options o = {.seeds = 1000, .first = 1, .real_share = 2};
	struct story_total total = {0};
	uint64_t passed = 0, failed = 0;
	clock_t start = clock();

	if (!parse(argc, argv, &o)) {
		fprintf(stderr, "usage: sim [--seeds N] [--first S] [--real-crypto-share PERCENT] "
				"[--verbose SEED]\n");
		return 2;
	}
	story_init();
	if (o.is_verbose) {
		failed = !run(o.verbose, &o, &total, true);
		passed = !failed;
	} else {
		faults_run(&passed, &failed);
		for (uint64_t s = o.first; s < o.first + o.seeds && failed < 10; s++)
			run(s, &o, &total, false) ? passed++ : failed++;
	}
	story_fini();
	printf("# %llu packets, %llu steps, %llu SAs up, %llu restarts, %.1f s\n",
		(unsigned long long)total.packets, (unsigned long long)total.steps,
		(unsigned long long)total.up, (unsigned long long)total.restarts,
		(double)(clock() - start) / CLOCKS_PER_SEC);
	printf("# %llu rekeys begun, %llu SAs replaced, %llu collisions, %llu SAs resumed, %llu IKE_FOLLOWUP_KE\n",
		(unsigned long long)total.rekeys, (unsigned long long)total.rekeyed,
		(unsigned long long)total.collisions, (unsigned long long)total.resumed,
		(unsigned long long)total.followups);
	printf("# %llu changes of address, %llu SAs compared after them\n", (unsigned long long)total.moves,
		(unsigned long long)total.followed);
	printf("# %llu messages put together from fragments\n", (unsigned long long)total.reassembled);
	printf("# %llu crashes, %llu proven by a token, %llu forged notices, %llu clients redirected\n",
		(unsigned long long)total.crashes, (unsigned long long)total.tokens,
		(unsigned long long)total.forged, (unsigned long long)total.redirected);
	printf("# %llu passed, %llu failed\n", (unsigned long long)passed,
		(unsigned long long)failed);
	return failed != 0;
}
