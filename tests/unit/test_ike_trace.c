/* What an operator sees of the engine: messages in words, transitions, reasons; nothing when nobody
 * watches, and never a secret. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/trace.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define TEXT_MAX (512 * 1024)

static struct snapshot *client, *server;
static struct world w;
static char text[2][TEXT_MAX]; /* of each side */
static size_t text_len[2];

static void keep_line(struct world *world, int side, const char *line)
{
	int n = snprintf(text[side] + text_len[side], TEXT_MAX - text_len[side], "%s\n", line);

	(void)world;
	if (n > 0 && text_len[side] + (size_t)n < TEXT_MAX)
		text_len[side] += (size_t)n;
}

static void open_world(unsigned topics)
{
	T_TRUE(world_init(&w, 1, client, server));
	w.on_trace = keep_line;
	for (int i = 0; i < 2; i++) {
		text_len[i] = 0;
		text[i][0] = '\0';
	}
	world_trace(&w, topics);
}

static void log_in(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_TRUE(w.node[1].up_sa != 0);
}

static void close_world(void)
{
	T_TRUE(w.broken == NULL);
	world_fini(&w);
}

/* Each after the one before. */
static void in_order(const char *in, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = strstr(in, words[i]);

		T_ROW(i, words[i]);
		T_TRUE(at != NULL);
		in = at + strlen(words[i]);
	}
	t_row(-1, NULL);
}
#define IN_ORDER(in, ...)                                                                          \
	T_DO(in_order(in, (const char *const[]){__VA_ARGS__},                                      \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)))

static void test_login_in_words(void)
{
	T_DO(open_world(TRACE_PACKET));
	T_DO(log_in());
	IN_ORDER(text[1],
		"IKEv2:Received Packet [From 192.0.2.1:500/To 198.51.100.1:500/VRF i0:f0] Initiator SPI : ",
		"Responder SPI : 0000000000000000 Message id: 0 IKE_SA_INIT Exchange REQUEST\n",
		"IKEv2-PAK:Next payload: SA, version: 2.0 Exchange type: IKE_SA_INIT, flags: INITIATOR "
		"MSG-REQUEST Message id: 0, length: ",
		"Payload contents: SA KE NONCE NOTIFY",
		" SA  Next payload: KE, critical: 0, length: ",
		"  Proposal 1: IKE, SPI size 0, ", "transforms: ENCR AES-GCM-",
		"  DH group: 19 (DH_GROUP_256_ECP/Group 19), 64 bytes\n",
		"  Status 16388: NAT_DETECTION_SOURCE_IP, protocol none, 20 bytes\n",
		"IKEv2-PAK:(SESSION ID = 1,SA ID = 1):Next payload: SA", "flags: RESPONDER MSG-RESPONSE",
		"IKEv2:(SESSION ID = 1,SA ID = 1):Sending Packet [To 192.0.2.1:500/From 198.51.100.1:500",
		"IKEv2:(SESSION ID = 1,SA ID = 1):Received Packet [From 192.0.2.1:4500",
		"IKE_AUTH Exchange REQUEST\n", "Payload contents: IDi", "  Id type: email (3), Id data: user@corp.example\n",
		"  Auth method: PSK (2), ", "  cfg type: CFG_REQUEST\n", "  INTERNAL_IP4_ADDRESS, 0 bytes\n",
		"  Proposal 1: ESP, SPI size 4, ", "  0.0.0.0/0\n",
		"Payload contents: IDr", "  cfg type: CFG_REPLY\n", "  INTERNAL_IP4_ADDRESS 10.99.0.1\n",
		"IKE_AUTH Exchange RESPONSE\n");
	T_TRUE(strstr(text[1], "-INTERNAL") == NULL && strstr(text[1], "-ERROR") == NULL);
	/* The initiator's view. */
	IN_ORDER(text[0], "IKEv2:(SESSION ID = 1,SA ID = 1):Sending Packet [To 198.51.100.1:500/From ",
		"Exchange REQUEST", "Received Packet [From 198.51.100.1:500", "IKE_SA_INIT Exchange RESPONSE",
		"Payload contents: SA KE NONCE");
	T_DO(close_world());
}

static void test_states_in_words(void)
{
	T_DO(open_world(TRACE_INTERNAL));
	T_DO(log_in());
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
	world_run(&w, 500);
	T_EQ(ike_close(w.node[0].ike, w.node[0].up_sa, ST_END_ADMIN), ST_OK);
	world_run(&w, 20000);
	IN_ORDER(text[1],
		"IKEv2-INTERNAL:(SESSION ID = 1,SA ID = 1):SM Trace-> Event: ACCEPT, CurState: NEW -> R_DH\n",
		"Event: AUTH_REQUEST, CurState: R_AUTH -> R_NAME", "Event: COMMITTED, CurState: R_COMMIT -> UP",
		"Event: CHILD_REQUEST, CurState: CHILD_NEW -> CHILD_DONE\n", "Event: DELETE_REQUEST, CurState: UP -> LINGER",
		"CurState: LINGER -> DEAD");
	T_TRUE(strstr(text[1], "PAK") == NULL);
	IN_ORDER(text[0], "Event: CHILD_START, CurState: CHILD_NEW -> CHILD_I_WAIT\n",
		"Event: CHILD_REPLY, CurState: CHILD_I_WAIT -> CHILD_DONE\n");
	T_DO(close_world());
}

static void test_reasons_in_words(void)
{
	static const uint8_t junk[IKE_HDR_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1, 1, 1, 1, 1, 0, 0x20, 37, 8,
		0, 0, 0, 0, 0, 0, 0, IKE_HDR_LEN};
	struct endpoint here = world_endpoint("198.51.100.1", 500), there = world_endpoint("192.0.2.66", 500);
	uint64_t sa;

	T_DO(open_world(TRACE_ERROR));
	/* Before there is an SA. */
	world_inject(&w, 1, &here, &there, junk, sizeof(junk));
	world_inject(&w, 1, &here, &there, junk, 9);
	snprintf(w.node[0].psk_local, sizeof(w.node[0].psk_local), "wrong");
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 10000);
	IN_ORDER(text[1],
		"IKEv2-ERROR:Dropped message 0 of INFORMATIONAL from 192.0.2.66:500: no IKE SA with these SPIs (bad_ike_spi)\n",
		"IKEv2-ERROR:Dropped message 0 of exchange 0 from 192.0.2.66:500: message shorter than",
		"IKEv2-ERROR:(SESSION ID = 1,SA ID = 1):Peer 192.0.2.1:4500: authentication failed (wrong key or identity) (auth_failed)");
	T_TRUE(strstr(text[1], "PAK") == NULL && strstr(text[1], "INTERNAL") == NULL);
	/* An end that somebody wanted is no error; a peer that does not answer is. */
	snprintf(w.node[0].psk_local, sizeof(w.node[0].psk_local), "secret");
	text_len[1] = 0;
	text[1][0] = '\0';
	T_DO(log_in());
	T_EQ(ike_close(w.node[0].ike, w.node[0].up_sa, ST_END_ADMIN), ST_OK);
	world_run(&w, 500);
	T_STR(text[1], "");
	T_DO(log_in());
	w.knobs.loss = 1000;
	world_run(&w, 60000);
	IN_ORDER(text[1], "peer does not answer (dpd)\n");
	T_DO(close_world());
}

static void test_init_refused(void)
{
	struct snapshot *other = world_conf("crypto ikev2 proposal P\n encryption 3des\n integrity md5\n group 2\n"
		"crypto ikev2 policy P\n proposal P\n");

	T_TRUE(world_init(&w, 1, client, other));
	w.on_trace = keep_line;
	text_len[1] = 0;
	world_trace(&w, TRACE_ERROR);
	uint64_t sa;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	IN_ORDER(text[1], "IKEv2-ERROR:Peer 192.0.2.1:500: no common IKE proposal (no_proposal): client offered only ");
	T_DO(close_world());
	snapshot_unref(other);
}

static void test_nothing_when_nobody_watches(void)
{
	T_DO(open_world(0));
	T_DO(log_in());
	T_EQ(w.trace_lines, 0);
	/* From the middle, and off again. */
	world_trace(&w, TRACE_ALL);
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	world_run(&w, 500);
	uint64_t lines = w.trace_lines;
	T_TRUE(lines > 10);
	world_trace(&w, 0);
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
	world_run(&w, 500);
	T_EQ(w.trace_lines, lines);
	T_DO(close_world());
}

/* What the peer says about itself, byte by byte. */
static void test_bytes_of_the_peer_are_escaped(void)
{
	static const uint8_t body[] = {0, 0, 0x40, 0x0a, 'x'};
	struct ike_payloads p = {.n = 3, .v = {
		{PT_VENDOR, false, {(const uint8_t *)"\x1b[2J\nIKEv2:forged", 17}},
		{PT_NOTIFY, true, {body, sizeof(body)}},
		{PT_IDI, false, {(const uint8_t *)"\x0b\0\0\0\x07\r\"\\\xff", 9}}}};
	struct ike_hdr h = {.exchange = 99, .next = 200, .version = 0x35};
	struct ike_trace t = {.kind = TRACE_OPENED, .hdr = &h, .p = &p, .detail = ""};

	T_DO(open_world(TRACE_ALL));
	w.node[1].ike->ports->trace(&w.node[1], &t);
	IN_ORDER(text[1], "Next payload: payload 200, version: 3.5 Exchange type: exchange 99", "  \\x1b[2J\\x0aIKEv2:forged\n",
		"  Status 16394: ESP_TFC_PADDING_NOT_SUPPORTED", "critical: 0", "Id type: key-id (11), Id data: \\x07\\x0d\\\"\\\\\\xff\n");
	T_DO(close_world());
}

static bool holds(const char *in, const uint8_t *secret, size_t len)
{
	char hex[2 * 64 + 1];

	for (size_t i = 0; i < len && i < 64; i++)
		snprintf(hex + 2 * i, 3, "%02x", secret[i]);
	return memmem(in, strlen(in), secret, len) != NULL || strstr(in, hex) != NULL;
}

static void test_no_secret(void)
{
	T_DO(open_world(TRACE_ALL));
	T_DO(log_in());
	for (int side = 0; side < 2; side++) {
		const struct ike_sa *sa = CONTAINER_OF(w.node[side].ike->sas.next, struct ike_sa, node);
		const struct ike_child_spec *c = &w.node[side].child[0];

		T_TRUE(holds("xsecret", (const uint8_t *)"secret", 6)); /* the search finds */
		T_TRUE(strlen(text[side]) > 2000);
		T_TRUE(!holds(text[side], (const uint8_t *)w.node[side].psk_local, strlen(w.node[side].psk_local)));
		T_TRUE(!holds(text[side], sa->keys->sk_d, 16));
		T_TRUE(!holds(text[side], c->key_in, 16) && !holds(text[side], c->key_out, 16));
	}
	T_DO(close_world());
}

int main(void)
{
	client = world_conf(world_client_text);
	server = world_conf(world_server_text);
	T_RUN(test_login_in_words);
	T_RUN(test_states_in_words);
	T_RUN(test_reasons_in_words);
	T_RUN(test_init_refused);
	T_RUN(test_nothing_when_nobody_watches);
	T_RUN(test_bytes_of_the_peer_are_escaped);
	T_RUN(test_no_secret);
	snapshot_unref(client);
	snapshot_unref(server);
	return t_end();
}
