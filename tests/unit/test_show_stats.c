/* show and clear crypto ikev2 stats: what is printed begins anew, the counters themselves never go back. */
#include <stdlib.h>

#include "cmd/show.h"
#include "core/base/mem.h"
#include "tests/lib/t.h"

static struct sample sample;
static struct snapshot conf;
static struct stats_cleared cleared;
static int kept;

static const struct sample *take(void *ctx)
{
	return &sample;
}

/* What the next main has: all of it, or nothing was cleared for it. */
static void keep(void *ctx)
{
	kept += cleared.sums.count[CT_IKE_INIT_IN] == sample.sums.count[CT_IKE_INIT_IN] && cleared.wall_ms == sample.wall_ms;
}

static struct world w = {.conf = &conf, .sample = take, .stats_cleared = &cleared, .keep_cleared = keep};
static char text[16384];

static int ask(int (*fn)(struct world *, const struct admin_args *, struct out *, struct out *), bool json)
{
	struct out out, err;
	struct admin_args args = {0};

	out_init(&out, json);
	out_init(&err, false);
	int code = fn(&w, &args, &out, &err);
	const struct out *said = code ? &err : &out;
	memcpy(text, said->buf, said->len);
	text[said->len] = 0;
	out_fini(&out);
	out_fini(&err);
	return code;
}

static bool has(const char *words)
{
	return strstr(text, words) != NULL;
}

static void prints_and_clears(void)
{
	memset(&cleared, 0, sizeof(cleared));
	sample = (struct sample){.number = 7, .wall_ms = 1000};
	sample.gauge[GG_IKE_SAS] = 5;
	sample.gauge[GG_HALF_OPEN] = 3;
	sample.gauge[GG_HALF_OPEN_IN] = 2;
	conf.ike.max_in_negotiation = 1000;
	conf.ike.max_in_negotiation_in = 40;
	conf.ike.max_sa = 9;
	sample.sums.count[CT_IKE_INIT_IN] = 100;
	sample.sums.count[CT_IKE_CHILD_OUT] = 42;
	sample.sums.count[CT_IKE_COOKIES] = 17;
	sample.sums.status[ST_NO_PROPOSAL] = 6;
	sample.sums.status[ST_HALF_OPEN_SOURCE] = 4;
	sample.sums.status[ST_SA_LIMIT] = 1;
	sample.sums.status[ST_ESP_AUTH] = 8;
	T_EQ(ask(show_ikev2_stats, false), 0);
	T_TRUE(has("Max IKEv2 SAs: 9        Max in nego(in/out): 40/1000\n"));
	T_TRUE(has("Total IKEv2 SA count:    8        active: 5               negotiating(in/out): 2/1\n"));
	T_TRUE(has("Incoming IKEv2 Requests: 100      rejected by limits: 5 (in all: 0, of one source: 4, SA limit: 1)\n"));
	T_TRUE(has("Cookie Challenged Requests: 17"));
	T_TRUE(has("CREATE_CHILD_SA requests                    0             42\n"));
	T_TRUE(has("6  no_proposal            no common IKE proposal\n"));
	T_TRUE(!has("esp_auth") && !has("bad_cookie  "));
	T_EQ(ask(show_ikev2_stats, true), 0);
	T_TRUE(has("\"ike_create_child_out\":42") && has("\"no_proposal\":6") && has("\"cleared_wall_ms\":0") && !has("esp_auth"));

	T_EQ(ask(clear_ikev2_stats, false), 0);
	T_EQ(kept, 1);
	T_EQ(sample.sums.count[CT_IKE_INIT_IN], 100); /* what SNMP, metrics and SQL have */
	T_EQ(ask(show_ikev2_stats, false), 0);
	T_TRUE(has("Incoming IKEv2 Requests: 0 ") && has("active: 5 ") && has("by name: none\n"));
	sample.sums.count[CT_IKE_INIT_IN] = 103;
	sample.sums.status[ST_NO_PROPOSAL]++;
	T_EQ(ask(show_ikev2_stats, false), 0);
	T_TRUE(has("Incoming IKEv2 Requests: 3 ") && has("1  no_proposal"));
	T_EQ(ask(show_ikev2_stats, true), 0);
	T_TRUE(has("\"ike_init_in\":3") && has("\"cleared_wall_ms\":1000"));
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(prints_and_clears);
	return t_end();
}
