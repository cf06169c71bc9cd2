/* Datagrams to the server of CoA and Disconnect. The first octet says how: with a valid signature, so that the fuzzer
 * gets inside, or as they are; again or not. What is answered proves itself, answers what was asked, and says what was
 * decided; what comes again is answered with the same octets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/aaa/filter.h"
#include "core/aaa/radius_sign.h"
#include "core/base/mem.h"
#include "modules/coa/coa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

enum { SIGNED = 1, AGAIN = 2, REQUIRES_TIME = 4 };

static const struct view key = {(const uint8_t *)"fuzz", 4};
static uint32_t decided_cause;
static int decided, sent;
static uint8_t answer[RADIUS_MAX];
static size_t answer_len;

static uint64_t now_ms(void *ctx)
{
	(void)ctx;
	return 1000;
}

static int64_t wall_ms(void *ctx)
{
	(void)ctx;
	return INT64_C(1700000000000);
}

/* A refusal has a reason and holds nothing; what was understood names a session and is whole. */
static void decide(void *ctx, const struct coa_ask *ask, struct coa_answer *a)
{
	struct coa_request r;
	struct ip_rule rules[AAA_FILTER_LINES];

	(void)ctx;
	decided++;
	if (!coa_request_read(ask->packet, &r, a)) {
		MUST(a->cause >= 400 && a->cause < 600 && a->why[0] && memchr(a->why, 0, sizeof(a->why)));
		MUST(!r.set && r.n_keys == 0);
		decided_cause = a->cause;
		return;
	}
	MUST(a->cause == 0 && r.set && r.n_keys >= 1 && r.n_keys <= COA_KEYS);
	MUST(r.is_disconnect || r.reauth || r.authorize || r.set->has);
	MUST(!r.authorize || (!r.is_disconnect && !r.reauth && r.set->has == 0 && r.state.len > 0));
	MUST(!r.is_disconnect || !(r.set->has & ~AAA_BIT(AV_CLASS)));
	for (int i = 0; i < AAA_FILTERS; i++)
		if (aaa_filter_is_lines(r.set->filter[i]))
			MUST(aaa_filter_rules(r.set->filter[i], i >= AAA_IN6 ? 6 : 4, rules) <= AAA_FILTER_LINES);
	if (r.authorize)
		*a = (struct coa_answer){.cause = RADIUS_ERROR_INITIATED, .why = "asked"};
	coa_request_fini(&r);
	decided_cause = a->cause;
}

/* The same attributes as those of an Access-Accept that follows. */
static void accept(struct view attrs)
{
	struct aaa_set *set = aaa_set_new();
	char why[AAA_WHY];

	MUST(set);
	bool ok = coa_accept_read(attrs, set, why);
	MUST(memchr(why, 0, sizeof(why)) && ok == (why[0] == 0));
	aaa_set_free(set);
}

static void send(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *msg, size_t len)
{
	(void)ctx;
	MUST(local->port == 3799 && remote->port == 40000 && len <= RADIUS_MAX);
	sent++;
	memcpy(answer, msg, len);
	answer_len = len;
}

static void judge(const uint8_t *msg, size_t len)
{
	struct radius_packet asked, p;
	struct radius_attr a;
	uint32_t cause = 0;

	MUST(radius_parse((struct view){msg, len}, &asked) == ST_OK);
	MUST(radius_parse((struct view){answer, answer_len}, &p) == ST_OK);
	MUST(radius_verify_reply(key, asked.authenticator, &p) == ST_OK && p.id == asked.id);
	MUST(p.code == asked.code + (decided_cause ? 2 : 1));
	if (radius_find(p.attrs, RADIUS_ERROR_CAUSE, &a))
		MUST(radius_u32(&a, &cause));
	MUST(cause == decided_cause);
	MUST(radius_find(p.attrs, RADIUS_SERVICE_TYPE, &a) == (cause == RADIUS_ERROR_INITIATED));
	MUST(radius_find(p.attrs, RADIUS_STATE, &a) == (asked.code == RADIUS_COA_REQUEST && radius_find(asked.attrs, RADIUS_STATE, &a)));
	accept(asked.attrs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct coa_ports ports = {now_ms, wall_ms, decide, send, NULL, NULL};
	static struct stats *stats;
	struct coa_client_conf client = {.name = "fuzz", .addr = {4, {192, 0, 2, 1}}, .secret_len = 4, .secret = "fuzz"};
	struct endpoint local = {.addr = {4, {192, 0, 2, 9}}, .port = 3799}, remote = {.addr = client.addr, .port = 40000};
	uint8_t msg[RADIUS_MAX + 16], first[RADIUS_MAX];
	size_t len = size ? size - 1 : 0, first_len;

	if (!stats && !(stats = aligned_alloc(64, sizeof(*stats))))
		abort();
	if (size == 0 || len > sizeof(msg))
		return 0;
	memset(stats, 0, sizeof(*stats));
	memcpy(msg, data + 1, len);
	if (data[0] & SIGNED && len >= RADIUS_HEADER && len <= RADIUS_MAX) {
		msg[2] = (uint8_t)(len >> 8);
		msg[3] = (uint8_t)len;
		(void)!radius_sign_request(key, msg, len);
	}
	struct coa *c = coa_new(&ports, stats);
	struct coa_conf conf = {&client, 1, (data[0] & REQUIRES_TIME) != 0, 300};
	MUST(c && coa_configure(c, &conf) == ST_OK);
	decided = sent = 0;
	coa_on_datagram(c, &local, &remote, msg, len);
	MUST(sent == decided && decided <= 1);
	if (sent)
		judge(msg, len);
	first_len = answer_len;
	memcpy(first, answer, first_len);
	if (data[0] & AGAIN && sent) {
		coa_on_datagram(c, &local, &remote, msg, len);
		MUST(decided == 1 && sent == 2 && answer_len == first_len && memcmp(first, answer, first_len) == 0);
	}
	coa_free(c);
	return 0;
}
