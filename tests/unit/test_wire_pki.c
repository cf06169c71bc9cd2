/* tsan: the job threads are real
 *
 * Verdicts on peers' certificates on a real loop with real job threads, while what would be fetched comes from here: late,
 * not at all, or at once with a refusal. Questions that nobody asks any more, verdicts that are kept, a reload. */
#include <stdlib.h>

#include "cmd/wire_fetch.h"
#include "cmd/wire_pki.h"
#include "core/base/stats.h"
#include "modules/jobs/jobs.h"
#include "modules/loop/loop.h"
#include "tests/unit/pki_lib.h"

/* ---- the fetching that is not ---------------------------------------------------------------------- */

enum mode { ANSWER, FAIL, REFUSE, SILENT, RUBBISH };

static struct {
	enum mode mode;
	wire_fetch_fn *fn;
	struct {
		uint64_t number;
		bool sub;
	} open[16];
	size_t n, started, dropped, kept;
	char kept_url[16][64];
} net;

enum status wire_fetch_start(struct wire *w, wire_fetch_fn *fn, uint64_t number, const struct fetch_request *rq,
	char words[FETCH_WORDS])
{
	net.started++;
	snprintf(words, FETCH_WORDS, "refused by the test");
	if (net.mode == REFUSE)
		return ST_CONFIG;
	net.fn = fn;
	net.open[net.n].sub = strstr(rq->url, "/sub.crl") != NULL;
	net.open[net.n++].number = number;
	return ST_OK;
}

void wire_fetch_drop(struct wire *w, wire_fetch_fn *fn, uint64_t number)
{
	for (size_t i = net.n; i-- > 0;)
		if (net.open[i].number == number) {
			net.open[i] = net.open[--net.n];
			net.dropped++;
		}
}

void wire_fetch_keep(struct wire *w, const char *url, struct view body, struct view answer, int64_t until_s)
{
	if (net.kept < 16)
		snprintf(net.kept_url[net.kept++], 64, "%s", url);
}

bool wire_fetch_kept(struct wire *w, const char *url, struct view body, struct view *answer)
{
	return false;
}

static void answer_nets(struct wire *w)
{
	while (net.n && net.mode != SILENT) {
		size_t len = 0, i = --net.n;
		bool sub = net.open[i].sub;
		char *crl = net.mode == ANSWER	? pki_file(sub ? "sub.crl" : "root.crl", &len)
			    : net.mode == RUBBISH ? pki_file("nothing.pem", &len)
						  : NULL;
		net.fn(w, net.open[i].number, crl ? ST_OK : ST_TIMEOUT, "by the test",
			(struct view){(const uint8_t *)crl, len});
	}
}

/* ---- a main with little in it ---------------------------------------------------------------------- */

static struct wire *w;
static struct stats *stats;

static enum status port_read(void *ctx, const char *file, uint8_t **bytes, size_t *len, char *words)
{
	char *text = pki_file(file, len);
	*bytes = text ? mem_new(*len + 1) : NULL;
	if (!*bytes)
		return ST_NOT_FOUND;
	memcpy(*bytes, text, *len);
	return ST_OK;
}

static void on_ike_job(void *ctx, uint64_t number, const struct ike_job_result *r)
{
}

static void on_jobs(void *ctx, int fd)
{
	jobs_poll(w->jobs);
}

#define TP      "crypto pki trustpoint HQ\n sallyport ca-certificate ca.pem\n"
#define PROFILE "crypto ikev2 profile P\n match identity remote any\n authentication remote rsa-sig\n pki trustpoint HQ\n"

static struct pki *set_of(const char *text, uint64_t generation)
{
	static const struct pki_ports ports = {.read = port_read};
	struct pki *p = NULL;
	struct snapshot *s = conf(text);
	if (!s || pki_load(s, generation, &ports, NULL, &p) != ST_OK)
		abort();
	snapshot_unref(s);
	return p;
}

static void begin(const char *text)
{
	memset(&net, 0, sizeof(net));
	w = mem_new(sizeof(*w));
	stats = aligned_alloc(64, sizeof(*stats));
	memset(stats, 0, sizeof(*stats));
	w->stats = stats;
	w->loop = loop_new();
	w->jobs = jobs_new(2, 16, on_ike_job, NULL);
	if (!w->loop || !w->jobs || loop_fd_add(w->loop, jobs_fd(w->jobs), false, on_jobs, NULL, &w->jobs_watch) != ST_OK ||
		wire_pki_open(w) != ST_OK)
		abort();
	wire_pki_commit(w, set_of(text, 1));
}

static void finish(void)
{
	loop_fd_del(w->jobs_watch);
	jobs_free(w->jobs);
	wire_pki_close(w);
	loop_free(w->loop);
	mem_free(w);
	free(stats);
	T_EQ(mem_live(), 0);
}

/* ---- questions ------------------------------------------------------------------------------------- */

static struct {
	size_t n;
	uint64_t number;
	enum status status;
	char words[CHAIN_WORDS_MAX], trustpoint[64];
	bool has_leaf;
} got;

static struct loop_timer *stop_timer;

static void on_verdict(struct wire *x, uint64_t number, const struct pki_verdict *v)
{
	got.n++;
	got.number = number;
	got.status = v->status;
	got.has_leaf = v->leaf && cert_key_bits(v->leaf) != 0;
	snprintf(got.words, sizeof(got.words), "%s", v->words);
	snprintf(got.trustpoint, sizeof(got.trustpoint), "%s", v->trustpoint);
	loop_stop(w->loop);
}

static enum status ask(uint64_t number, const char *file, const char *email)
{
	struct cert *leaf = pki_cert(file), *sub = pki_cert("sub.pem");
	struct view other = cert_der(sub);
	struct pki_query q = {.profile = "P", .leaf = cert_der(leaf), .others = &other, .n_others = 1,
		.purpose = CHAIN_IKE_CLIENT, .id_type = email ? 3 : 0, .id = bytes(email ? email : "")};
	enum status st = wire_pki_judge(w, on_verdict, number, &q);
	cert_unref(leaf);
	cert_unref(sub);
	return st;
}

static void on_tick(void *ctx)
{
	answer_nets(w);
	loop_stop(w->loop);
}

/* Runs until so many verdicts came, or for that time. */
static void turns(size_t verdicts, uint64_t ms)
{
	uint64_t end = loop_now_ms() + ms;
	if (loop_timer_new(w->loop, on_tick, NULL, &stop_timer) != ST_OK)
		abort();
	while (got.n < verdicts && loop_now_ms() < end) {
		loop_timer_at(stop_timer, loop_now_ms() + 2);
		loop_run(w->loop);
	}
	loop_timer_free(stop_timer);
}

static void verdicts(void)
{
	static const struct {
		const char *what, *lines, *file;
		enum mode mode;
		enum status status;
		size_t started, kept;
	} rows[] = {
		{"fetched", "", "client.pem", ANSWER, ST_OK, 2, 2},
		{"revoked", "", "revoked.pem", ANSWER, ST_CERT_REVOKED, 2, 2},
		{"unreachable", "", "client.pem", FAIL, ST_REVOCATION_UNKNOWN, 2, 0},
		{"rubbish, which is not kept", "", "client.pem", RUBBISH, ST_REVOCATION_UNKNOWN, 2, 0},
		{"may not be asked", "", "client.pem", REFUSE, ST_REVOCATION_UNKNOWN, 2, 0},
		{"unreachable, then none", " revocation-check crl none\n", "client.pem", FAIL, ST_OK, 2, 0},
		{"not checked", " revocation-check none\n", "client.pem", SILENT, ST_OK, 0, 0},
		{"not trusted", "", "client-other.pem", SILENT, ST_CERT_UNTRUSTED, 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		T_ROW(i, rows[i].what);
		snprintf(text, sizeof(text), TP "%s" PROFILE, rows[i].lines);
		memset(&got, 0, sizeof(got));
		begin(text);
		net.mode = rows[i].mode;
		T_EQ(ask(70 + i, rows[i].file, NULL), ST_OK);
		T_EQ(got.n, 0); /* never from inside */
		turns(1, 5000);
		T_EQ(got.n, 1);
		T_EQ(got.number, 70 + i);
		if (got.status != rows[i].status)
			t_fail(__FILE__, __LINE__, "%s: %s", status_token(got.status), got.words);
		T_EQ(net.started, rows[i].started);
		T_EQ(net.kept, rows[i].kept);
		T_TRUE(got.has_leaf);
		T_EQ(stats->count[CT_CERTS_JUDGED_OK] + stats->count[CT_CERTS_REFUSED], 1);
		T_EQ(stats->count[CT_CERTS_JUDGED_OK], rows[i].status == ST_OK);
		T_EQ(stats->count[CT_FETCHES], rows[i].started);
		T_EQ(stats->count[CT_FETCHES_FAILED], rows[i].mode == FAIL || rows[i].mode == REFUSE ? rows[i].started : 0);
		finish();
	}
}

static void kept_verdicts(void)
{
	struct wire_pki_info info;
	memset(&got, 0, sizeof(got));
	begin(TP " revocation-check none\n" PROFILE);
	T_EQ(ask(1, "client.pem", "anna@corp.example"), ST_OK);
	turns(1, 5000);
	T_EQ(got.status, ST_OK);
	T_EQ(ask(2, "client.pem", "anna@corp.example"), ST_OK);
	T_EQ(got.n, 1);
	turns(2, 5000);
	T_EQ(got.n, 2);
	T_EQ(got.number, 2);
	T_EQ(got.status, ST_OK);
	T_STR(got.trustpoint, "HQ");
	T_TRUE(got.has_leaf);
	T_EQ(stats->count[CT_CERTS_CACHED], 1);
	T_EQ(stats->count[CT_CERTS_JUDGED_OK], 1);
	/* a verdict is about a certificate, not about who it is for */
	T_EQ(ask(3, "client.pem", "bob@corp.example"), ST_OK);
	turns(3, 5000);
	T_EQ(got.status, ST_CERT_IDENTITY);
	/* refusals are not kept */
	T_EQ(ask(4, "client-other.pem", NULL), ST_OK);
	turns(4, 5000);
	T_EQ(got.status, ST_CERT_UNTRUSTED);
	wire_pki_info(w, &info);
	T_EQ(info.kept, 1);
	T_EQ(info.judging, 0);
	T_TRUE(info.first_end_s > 0);
	/* another configuration: all is judged anew, and here refused */
	wire_pki_commit(w, set_of(TP " sallyport require-eku\n no sallyport crl fetch\n" PROFILE, 2));
	T_EQ(ask(5, "client.pem", NULL), ST_OK);
	turns(5, 5000);
	T_EQ(got.status, ST_REVOCATION_UNKNOWN);
	/* switched off */
	wire_pki_commit(w, set_of("no crypto ikev2 certificate-cache\n" TP " revocation-check none\n" PROFILE, 3));
	T_EQ(ask(6, "client.pem", NULL), ST_OK);
	turns(6, 5000);
	T_EQ(got.status, ST_OK);
	wire_pki_info(w, &info);
	T_EQ(info.kept, 0);
	finish();
}

static void a_small_cache(void)
{
	struct wire_pki_info info;
	memset(&got, 0, sizeof(got));
	begin("crypto ikev2 certificate-cache 1\n" TP " revocation-check none\n" PROFILE);
	for (unsigned i = 0; i < 4; i++) {
		T_EQ(ask(i, i % 2 ? "nocrl.pem" : "client.pem", NULL), ST_OK);
		turns(i + 1, 5000);
		T_EQ(got.status, ST_OK);
		wire_pki_info(w, &info);
		T_EQ(info.kept, 1);
	}
	T_EQ(stats->count[CT_CERTS_CACHED], 0);
	finish();
}

/* Dropped while a thread has it, while it waits for the network, and when its answer is due. */
static void dropped(void)
{
	struct wire_pki_info info;
	memset(&got, 0, sizeof(got));
	begin(TP PROFILE);
	net.mode = SILENT;
	T_EQ(ask(1, "client.pem", NULL), ST_OK);
	wire_pki_drop(w, on_verdict, 1);
	T_EQ(ask(2, "client.pem", NULL), ST_OK);
	for (unsigned i = 0; i < 500 && net.n < 2; i++)
		turns(1, 10);
	T_EQ(net.n, 2);
	wire_pki_info(w, &info);
	T_EQ(info.judging, 1);
	wire_pki_drop(w, on_verdict, 2);
	T_EQ(net.n, 0);
	T_EQ(net.dropped, 2);
	wire_pki_drop(w, on_verdict, 2);
	turns(1, 50);
	T_EQ(got.n, 0);
	wire_pki_info(w, &info);
	T_EQ(info.judging, 0);
	wire_pki_commit(w, set_of(TP " revocation-check none\n" PROFILE, 2));
	T_EQ(ask(3, "client.pem", NULL), ST_OK);
	turns(1, 5000);
	T_EQ(ask(4, "client.pem", NULL), ST_OK);
	wire_pki_drop(w, on_verdict, 4);
	turns(2, 50);
	T_EQ(got.n, 1);
	finish();
}

/* A reload while one is judged: it ends with what it began with. And the end of all with some open. */
static void in_the_middle(void)
{
	memset(&got, 0, sizeof(got));
	begin(TP PROFILE);
	net.mode = SILENT;
	T_EQ(ask(1, "client.pem", NULL), ST_OK);
	for (unsigned i = 0; i < 500 && net.n < 2; i++)
		turns(1, 10);
	wire_pki_commit(w, set_of("hostname other\n", 2));
	T_EQ(ask(2, "client.pem", NULL), ST_NO_PROFILE);
	net.mode = ANSWER;
	turns(1, 5000);
	T_EQ(got.status, ST_OK);
	wire_pki_commit(w, set_of(TP PROFILE, 3));
	net.mode = SILENT;
	T_EQ(ask(3, "client.pem", NULL), ST_OK);
	for (unsigned i = 0; i < 500 && net.n < 2; i++)
		turns(2, 10);
	T_EQ(ask(4, "client.pem", NULL), ST_OK);
	finish();
}

static void many(void)
{
	size_t asked = 0;
	memset(&got, 0, sizeof(got));
	begin("no crypto ikev2 certificate-cache\n" TP " revocation-check none\n" PROFILE);
	enum status st = ST_OK;
	for (; st == ST_OK && asked < 2000; asked += st == ST_OK)
		st = ask(asked, "client.pem", NULL);
	T_EQ(st, ST_LIMIT);
	T_TRUE(asked >= 256);
	turns(asked, 20000);
	T_EQ(got.n, asked);
	T_EQ(stats->count[CT_CERTS_JUDGED_OK], asked);
	finish();
}

int main(void)
{
	T_RUN(verdicts);
	T_RUN(kept_verdicts);
	T_RUN(a_small_cache);
	T_RUN(dropped);
	T_RUN(in_the_middle);
	T_RUN(many);
	return t_end();
}
