#include "tests/sim/faults.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/sim/story.h"

#define FAULTS_MAX 2000

static struct world w;

/* Client and headend of the stories: a plain login, with a post-quantum key, with an additional key
 * exchange. */
static const unsigned pairs[][2] = {{1, 0}, {1, 1}, {3, 4}};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

/* True: the fault came too late to matter, the login needs no more allocations. */
static bool login_with_fault(unsigned pair, uint64_t nth, const char **why)
{
	int64_t live = mem_live();
	uint64_t sa = 0;
	bool is_up, done;

	*why = NULL;
	if (!world_init(&w, nth, story_conf(false, pairs[pair][0]), story_conf(true, pairs[pair][1]))) {
		*why = "no engine without faults";
		return false;
	}
	mem_fail_at(nth);
	(void)!world_connect(&w, &sa);
	world_run(&w, 30000);
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 100000);
	mem_fail_at(0);
	world_run(&w, 200000);
	ike_close_all(w.node[1].ike, ST_END_ADMIN);
	world_run(&w, 120000);
	if (!world_is_empty(&w))
		*why = "something was left behind";
	done = w.node[0].told[IKE_EV_SA_DOWN] == 1 && w.node[1].told[IKE_EV_SA_DOWN] == 1 &&
	       w.node[0].told[IKE_EV_AUTH_FAILED] + w.node[0].told[IKE_EV_INIT_FAILED] == 0;
	/* The next login works. */
	(void)!world_connect(&w, &sa);
	world_run(&w, 5000);
	is_up = w.node[0].up_sa != 0 && w.node[1].up_sa != 0 && world_children_agree(&w);
	if (!is_up && *why == NULL)
		*why = "the next login failed";
	if (w.broken != NULL)
		*why = w.broken;
	world_fini(&w);
	if (mem_live() != live)
		*why = "memory leaked";
	return done;
}

static bool deaf(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)it;
	(void)ctx;
	return from == 0;
}

/* The client lost its connection and comes back with its ticket (RFC 5723), and one allocation fails on
 * the way. True: it was resumed all the same. */
static bool return_with_fault(uint64_t nth, const char **why)
{
	int64_t live = mem_live();
	uint64_t sa = 0;
	bool done;

	*why = NULL;
	if (!world_init(&w, nth, story_conf(false, 1), story_conf(true, 0))) {
		*why = "no engine without faults";
		return false;
	}
	(void)!world_connect(&w, &sa);
	world_run(&w, 5000);
	w.tap = deaf;
	world_run(&w, 60000);
	w.tap = NULL;
	mem_fail_at(nth);
	(void)!world_connect(&w, &sa);
	world_run(&w, 15000);
	mem_fail_at(0);
	world_run(&w, 100000);
	done = world_count(&w.node[0], CT_RESUMED) == 1 && world_count(&w.node[1], CT_RESUMED) == 1;
	if (w.node[0].up_sa == 0)
		(void)!world_connect(&w, &sa);
	world_run(&w, 10000);
	if (w.node[0].up_sa == 0 || w.node[1].up_sa == 0 || !world_children_agree(&w))
		*why = "no way back";
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 100000);
	ike_close_all(w.node[1].ike, ST_END_ADMIN);
	world_run(&w, 100000);
	if (*why == NULL && !world_is_empty(&w))
		*why = "something was left behind";
	if (w.broken != NULL)
		*why = w.broken;
	world_fini(&w);
	if (mem_live() != live)
		*why = "memory leaked";
	return done;
}

static void count(const char *what, uint64_t n, const char *why, uint64_t *passed, uint64_t *failed)
{
	if (why == NULL) {
		(*passed)++;
		return;
	}
	(*failed)++;
	printf("FAIL %s %llu: %s\n%.*s", what, (unsigned long long)n, why, (int)w.log_len, w.log);
}

/* One answer of the world is no, in one login: nothing is left, the next one works. */
static const char *login_with_refusal(int side, unsigned what)
{
	struct world_node *n = &w.node[side];
	const char *why = NULL;
	int64_t live = mem_live();
	uint64_t sa = 0;

	if (!world_init(&w, what, story_conf(false, 0), story_conf(true, 0)))
		return "no engine";
	n->psk_status = what == 0 ? ST_NO_KEY : ST_OK;
	n->hook_status = what == 8 ? ST_HOOK_REFUSED : ST_OK;
	if (what == 9)
		snprintf(n->hook_profile, sizeof(n->hook_profile), "nowhere");
	n->authorize_status = what == 1 ? ST_NOT_AUTHORIZED : ST_OK;
	n->commit_status = what == 2 ? ST_STORE : ST_OK;
	n->install_status = what == 3 ? ST_INSTALL : ST_OK;
	n->keep_fails = what == 4;
	n->never_answers = what == 5;
	snprintf(n->psk_local, sizeof(n->psk_local), "%s", what == 6 ? "wrong" : "secret");
	if (what == 7)
		w.knobs.pool = 0;
	(void)!world_connect(&w, &sa);
	world_run(&w, 300000);
	if (w.node[0].up_sa != 0 || (w.node[1].up_sa != 0 && side == 1))
		why = "up in spite of it";
	else if (!world_is_empty(&w))
		why = "something was left behind";
	n->hook_profile[0] = '\0';
	n->hook_status = n->psk_status = n->authorize_status = n->commit_status = n->install_status = ST_OK;
	n->keep_fails = n->never_answers = false;
	snprintf(n->psk_local, sizeof(n->psk_local), "secret");
	w.knobs.pool = 4;
	(void)!world_connect(&w, &sa);
	world_run(&w, 5000);
	if (why == NULL && (w.node[0].up_sa == 0 || w.node[1].up_sa == 0))
		why = "the next login failed";
	if (w.broken != NULL)
		why = w.broken;
	world_fini(&w);
	return mem_live() != live ? "memory leaked" : why;
}

void faults_run(uint64_t *passed, uint64_t *failed)
{
	const char *why;

	/* A login may survive a fault (something is sent again): only many in a row mean that there
	 * is no allocation left to fail. */
	for (unsigned pair = 0; pair < PAIRS; pair++)
		for (uint64_t nth = 1, in_a_row = 0; nth < FAULTS_MAX && in_a_row < 60; nth++) {
			in_a_row = login_with_fault(pair, nth, &why) ? in_a_row + 1 : 0;
			count("allocation", nth, why, passed, failed);
		}
	for (uint64_t nth = 1, in_a_row = 0; nth < FAULTS_MAX && in_a_row < 40; nth++) {
		in_a_row = return_with_fault(nth, &why) ? in_a_row + 1 : 0;
		count("allocation of a return", nth, why, passed, failed);
	}
	for (unsigned i = 0; i < 20; i++) {
		if (i / 10 == 0 && i % 10 >= 7)
			continue; /* the client has no pool and no hook */
		why = login_with_refusal((int)(i / 10), i % 10);
		count("refusal", i, why, passed, failed);
	}
}
