/* RADIUS in streams: packets out of bytes that come in any pieces, and links that open, fail, fall silent and come back, by a
 * scripted transport in stepped time. */
#include "modules/radius/frame.h"
#include "tests/unit/radius_lab.h"

#define TLS_SECRET "radsec"
#define LINKS 512

static const struct view tls_secret = {(const uint8_t *)TLS_SECRET, sizeof(TLS_SECRET) - 1};

/* What the transport does with a link of a server. */
enum script {
	OPENS,    /* at once */
	HANGS,    /* never comes to its end */
	REFUSES,  /* no TCP */
	NO_TRUST, /* its certificate is refused */
	NO_DIAL,  /* dial itself fails */
};

struct world_link {
	uint64_t number;
	unsigned server;
	bool is_there, is_open;
	bool reported;
};

static struct {
	enum script script[SERVERS];
	bool answers[SERVERS];       /* requests */
	bool probes[SERVERS];        /* Status-Server */
	bool is_full[SERVERS];
	uint8_t says[SERVERS];       /* 0: what is asked for; otherwise this code */
	bool forges[SERVERS];
	unsigned dials[SERVERS], requests[SERVERS], status_servers[SERVERS], hung_up[SERVERS];
	size_t chunk;                /* answers come in pieces of so many bytes */
	struct world_link links[LINKS];
	size_t n_links;
	struct {
		uint64_t number;
		uint8_t bytes[256];
		size_t len;
	} out[LINKS];                /* answers on their way */
	size_t n_out;
	unsigned opened, ended[RADIUS_LINK_ENDS];
	char words[RADIUS_LINK_WORDS];
	uint64_t event_age_s;        /* Acct-Delay-Time of the last record */
} world;

static struct world_link *link_of(uint64_t number)
{
	for (size_t i = 0; i < world.n_links; i++)
		if (world.links[i].number == number && world.links[i].is_there)
			return &world.links[i];
	return NULL;
}

/* ---- the transport -------------------------------------------------------------------------------------- */

static enum status dial(void *ctx, uint64_t number, const struct radius_server_conf *c, struct addr *own,
			char words[RADIUS_LINK_WORDS])
{
	unsigned server = (unsigned)(c->name[0] - 'a');
	(void)ctx;
	world.dials[server]++;
	if (world.script[server] == NO_DIAL) {
		snprintf(words, RADIUS_LINK_WORDS, "no certificate");
		return ST_CONFIG;
	}
	if (world.n_links == LINKS)
		abort();
	world.links[world.n_links++] = (struct world_link){.number = number, .server = server, .is_there = true};
	(void)!addr_parse("192.0.2.1", own);
	return ST_OK;
}

static void answer(struct world_link *l, const struct radius_packet *q)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct view secret = world.forges[l->server] ? (struct view){(const uint8_t *)"x", 1} : tls_secret;
	uint8_t code = world.says[l->server] ? world.says[l->server] :
		       q->code == RADIUS_ACCOUNTING_REQUEST ? RADIUS_ACCOUNTING_RESPONSE : RADIUS_ACCESS_ACCEPT;
	struct wr_mark m = radius_open(&w, code, q->id);
	radius_put_text(&w, RADIUS_CLASS, "class");
	wr_close16(&w, m);
	(void)!radius_sign_reply(secret, q->authenticator, buf, w.len);
	if (world.n_out == LINKS)
		abort();
	world.out[world.n_out].number = l->number;
	world.out[world.n_out].len = w.len;
	memcpy(world.out[world.n_out++].bytes, buf, w.len);
}

static enum status send_it(void *ctx, uint64_t number, struct view packet)
{
	struct world_link *l = link_of(number);
	struct radius_packet q;
	struct radius_attr a;
	if (!l || !l->is_open) {
		t_fail(__FILE__, __LINE__, "sent to a link that is not open");
		return ST_LIMIT;
	}
	if (world.is_full[l->server])
		return ST_LIMIT;
	if (radius_parse(packet, &q) != ST_OK || radius_verify_request(tls_secret, &q) != ST_OK)
		t_fail(__FILE__, __LINE__, "no packet that is signed as it must be");
	if (q.code == RADIUS_STATUS_SERVER)
		world.status_servers[l->server]++;
	else
		world.requests[l->server]++;
	if (radius_find(q.attrs, RADIUS_ACCT_DELAY_TIME, &a))
		world.event_age_s = a.value.p[3];
	if (q.code == RADIUS_STATUS_SERVER ? world.probes[l->server] : world.answers[l->server])
		answer(l, &q);
	return ST_OK;
}

static void hang_up(void *ctx, uint64_t number)
{
	struct world_link *l = link_of(number);
	T_TRUE(l != NULL);
	if (!l)
		return;
	l->is_there = false;
	world.hung_up[l->server]++;
}

static void look(void *ctx, uint64_t number, struct radius_link_look *out)
{
	const struct world_link *l = link_of(number);
	*out = (struct radius_link_look){.version = l && l->is_open ? "TLS 1.3" : ""};
	snprintf(out->phase, sizeof(out->phase), "%s", l && l->is_open ? "" : "TCP");
}

static void told(void *ctx, const struct radius_link_event *e)
{
	if (e->is_open) {
		world.opened++;
		return;
	}
	world.ended[e->end]++;
	snprintf(world.words, sizeof(world.words), "%s", e->words);
}

/* ---- its time -------------------------------------------------------------------------------------------- */

static void close_link(struct world_link *l, enum radius_link_end end)
{
	l->is_there = false;
	radius_link_closed(lab.r, l->number, end, "");
}

static bool go_on(struct world_link *l)
{
	if (!l->is_there || l->reported || world.script[l->server] == HANGS)
		return false;
	l->reported = true;
	if (world.script[l->server] == REFUSES)
		close_link(l, RADIUS_LINK_UNREACHABLE);
	else if (world.script[l->server] == NO_TRUST)
		close_link(l, RADIUS_LINK_CERTIFICATE);
	else {
		l->is_open = true;
		radius_link_opened(lab.r, l->number);
	}
	return true;
}

static void deliver(uint64_t number, const uint8_t *bytes, size_t len)
{
	size_t chunk = world.chunk ? world.chunk : len;
	for (size_t at = 0; at < len; at += chunk)
		radius_link_bytes(lab.r, number, (struct view){bytes + at, len - at < chunk ? len - at : chunk});
}

static void pump(void)
{
	for (bool any = true; any;) {
		any = false;
		for (size_t i = 0; i < world.n_links; i++)
			any |= go_on(&world.links[i]);
		while (world.n_out) {
			size_t i = --world.n_out;
			uint8_t bytes[sizeof(world.out[0].bytes)];
			size_t len = world.out[i].len;
			memcpy(bytes, world.out[i].bytes, len);
			deliver(world.out[i].number, bytes, len);
			any = true;
		}
	}
}

static void pass(uint64_t ms)
{
	uint64_t until = lab.now + ms;
	pump();
	while (lab.wake <= until) {
		lab.now = lab.wake > lab.now ? lab.wake : lab.now;
		radius_on_time(lab.r);
		pump();
	}
	lab.now = until;
}

static void close_all(unsigned server)
{
	for (size_t i = 0, n = world.n_links; i < n; i++) /* without those that are opened in their place */
		if (world.links[i].server == server && world.links[i].is_there)
			close_link(&world.links[i], RADIUS_LINK_CLOSED);
}

static struct radius_server_conf tls_conf(unsigned i)
{
	struct radius_server_conf c = lab_conf(i);
	c.auth_port = c.acct_port = 2083;
	memcpy(c.secret, TLS_SECRET, sizeof(TLS_SECRET) - 1);
	c.secret_len = sizeof(TLS_SECRET) - 1;
	c.dead_ms = 0;
	c.tls = (struct radius_tls_conf){.is_on = true, .connect_ms = 5000, .idle_ms = 60000, .watchdog_ms = 30000, .retries = 5};
	return c;
}

static void begin(unsigned n)
{
	const struct radius_ports ports = {.open = lab_open, .shut = lab_shut, .now_ms = lab_now, .wake_at = lab_wake,
					   .changed = lab_changed, .link = {dial, send_it, hang_up, look, told}};
	struct radius_server_conf c[SERVERS];
	lab_begin();
	radius_free(lab.r);
	memset(&world, 0, sizeof(world));
	for (unsigned i = 0; i < SERVERS; i++)
		world.answers[i] = world.probes[i] = true;
	lab.r = radius_new(&ports, &lab.stats);
	for (unsigned i = 0; i < n; i++)
		c[i] = tls_conf(i);
	T_EQ(lab_set(c, (uint8_t)n, false), ST_OK);
}

static void finish(void)
{
	lab_end();
	for (size_t i = 0; i < world.n_links; i++)
		T_TRUE(!world.links[i].is_there);
}

static enum status asked(uint64_t number)
{
	enum status st = lab_ask(number, "g");
	if (st != ST_OK)
		return st;
	pass(0);
	return lab.answers[number] ? lab.status[number] : ST_PENDING;
}

/* ---- framing ----------------------------------------------------------------------------------------------- */

/* Two packets and a piece of a third, cut at every two places. */
static void every_split(void)
{
	static uint8_t stream[20 + 57 + 11];
	for (size_t i = 0; i < sizeof(stream); i++)
		stream[i] = (uint8_t)i;
	stream[2] = stream[20 + 2] = stream[77 + 2] = 0;
	stream[3] = 20;
	stream[20 + 3] = 57;
	stream[77 + 3] = 99;
	for (size_t a = 0; a <= sizeof(stream); a++)
		for (size_t b = a; b <= sizeof(stream); b++) {
			static struct frame f;
			const size_t cuts[] = {0, a, b, sizeof(stream)};
			size_t at = 0, n = 0;
			frame_init(&f);
			for (int k = 0; k < 3; k++) {
				struct view in = {stream + cuts[k], cuts[k + 1] - cuts[k]}, packet;
				while (frame_take(&f, &in, &packet) == ST_OK) {
					T_EQ(packet.len, n ? 57 : 20);
					T_TRUE(memcmp(packet.p, stream + at, packet.len) == 0);
					at += packet.len;
					n++;
				}
				T_EQ(in.len, 0);
			}
			T_EQ(n, 2);
		}
}

static enum status framed(uint8_t hi, uint8_t lo, size_t len)
{
	static struct frame f;
	static uint8_t bytes[RADIUS_MAX + 10];
	struct view in = {bytes, len}, packet;
	bytes[2] = hi;
	bytes[3] = lo;
	frame_init(&f);
	return frame_take(&f, &in, &packet);
}

static void lengths(void)
{
	T_EQ(framed(0, 0, 4), ST_BAD_LENGTH);
	T_EQ(framed(0, 19, 4), ST_BAD_LENGTH);
	T_EQ(framed(0, 19, 3), ST_PENDING);
	T_EQ(framed(0, 20, 20), ST_OK);
	T_EQ(framed(0, 20, 19), ST_PENDING);
	T_EQ(framed(0x10, 0, 4096), ST_OK);
	T_EQ(framed(0x10, 0, 4095), ST_PENDING);
	T_EQ(framed(0x10, 1, 4), ST_BAD_LENGTH);
	T_EQ(framed(0xff, 0xff, 4), ST_BAD_LENGTH);
}

/* ---- links --------------------------------------------------------------------------------------------------- */

static void answered(void)
{
	begin(1);
	for (world.chunk = 0; world.chunk < 50; world.chunk++)
		T_EQ(asked(1 + world.chunk), ST_OK);
	T_EQ(world.dials[0], 1);
	T_EQ(world.requests[0], 50);
	T_EQ(lab_account(100, "g"), ST_OK);
	pass(0);
	T_EQ(lab.status[100], ST_OK);
	T_EQ(world.dials[0], 2); /* records have a link of their own */
	struct radius_server_info i = lab_info(0);
	T_EQ(i.links[0].state, RADIUS_LINK_OPEN);
	T_EQ(i.links[0].opened, 1);
	T_EQ(i.auth.accepts, 50);
	T_EQ(i.acct.responses, 1);
	T_STR(i.links[0].look.version, "TLS 1.3");
	/* Status-Server each 30 s, then it was idle. */
	pass(59999);
	T_EQ(world.status_servers[0], 2);
	T_EQ(lab_info(0).links[0].state, RADIUS_LINK_OPEN);
	pass(2);
	T_EQ(lab_info(0).links[0].state, RADIUS_LINK_NONE);
	T_EQ(world.ended[RADIUS_LINK_IDLE], 2);
	T_EQ(world.hung_up[0], 2);
	T_STR(lab.changed, "");
	T_EQ(asked(200), ST_OK);
	T_EQ(world.dials[0], 3);
	finish();
}

/* 256 on one link, then another. */
static void identifiers(void)
{
	begin(1);
	world.answers[0] = false;
	for (uint64_t i = 1; i <= 300; i++)
		T_EQ(asked(i), ST_PENDING);
	T_EQ(world.dials[0], 2);
	T_EQ(lab_info(0).links[0].n_links, 2);
	T_EQ(lab_pending(0), 300);
	/* The second one has an identifier for Status-Server, the first one has 256 requests without an answer. */
	pass(1500);
	T_EQ(world.status_servers[0], 1);
	T_TRUE(!lab_info(0).is_dead);
	pass(600);
	T_EQ(world.ended[RADIUS_LINK_SILENT], 1);
	T_TRUE(world.hung_up[0] == 1 && lab_info(0).is_dead);
	/* Its requests filled the other one; when they are given up, Status-Server finds an identifier again, if on a new link. */
	pass(20000);
	T_TRUE(!lab_info(0).is_dead);
	finish();
}

static void all_links(void)
{
	begin(1);
	world.answers[0] = false;
	/* More than all links have: no server has room. */
	for (uint64_t i = 1; i <= 256 * RADIUS_LINKS_MAX; i++)
		T_EQ(lab_ask(i, "g"), ST_OK);
	T_EQ(world.dials[0], RADIUS_LINKS_MAX);
	T_EQ(asked(9000), ST_RADIUS_TIMEOUT);
	T_EQ(world.dials[0], RADIUS_LINKS_MAX);
	finish();
}

/* Each failure goes on to the next server at once; the reason is counted; it is tried again by itself. */
static void failover(void)
{
	static const struct {
		enum script script;
		enum radius_link_end end;
		uint32_t ms;
	} rows[] = {{REFUSES, RADIUS_LINK_UNREACHABLE, 0}, {NO_TRUST, RADIUS_LINK_CERTIFICATE, 0}, {HANGS, RADIUS_LINK_TIMEOUT, 5000},
		    {NO_DIAL, RADIUS_LINK_OURS, 0}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, radius_link_token(rows[i].end));
		begin(2);
		world.script[0] = rows[i].script;
		T_EQ(lab_ask(1, "g"), ST_OK);
		pass(rows[i].ms);
		T_EQ(lab.status[1], ST_OK);
		T_STR(lab.name, "b");
		T_EQ(lab_info(0).links[0].ends[rows[i].end], 1);
		T_EQ(world.ended[rows[i].end], 1);
		T_TRUE(lab_info(0).is_dead);
		T_STR(lab.changed, "-a ");
		T_EQ(asked(2), ST_OK); /* nobody waits for it any more */
		T_EQ(world.dials[0], 1);
		pass(3600000);
		T_TRUE(world.dials[0] > 100 && world.dials[0] < 300); /* 16 s, or 21 s with a time-out, between two */
		T_EQ(world.ended[rows[i].end], 1); /* said once */
		world.script[0] = OPENS;
		pass(25000);
		T_STR(lab.changed, "-a +a ");
		T_EQ(world.requests[0], 0);
		T_EQ(asked(3), ST_OK);
		T_STR(lab.name, "a");
		finish();
	}
}

/* One server only: requests wait for it as long as they may. */
static void waits_for_the_only_one(void)
{
	begin(1);
	T_EQ(asked(1), ST_OK);
	world.answers[0] = false;
	T_EQ(asked(2), ST_PENDING);
	T_EQ(lab_account(3, "g"), ST_OK);
	pass(200);
	close_all(0); /* it is started anew */
	world.answers[0] = true;
	pass(0);
	T_EQ(lab.status[2], ST_OK);
	T_EQ(lab_info(0).auth.retransmits, 1);
	T_EQ(world.ended[RADIUS_LINK_CLOSED], 2);
	T_TRUE(lab_info(0).is_dead); /* of records: that link had not served yet */
	pass(1100);
	T_EQ(lab.status[3], ST_OK);
	T_EQ(world.event_age_s, 1); /* as long as it took, though its packet was made before */
	T_STR(lab.changed, "-a +a ");
	/* Away for good: within the time of all tries. */
	world.script[0] = REFUSES;
	close_all(0);
	T_EQ(asked(4), ST_PENDING);
	pass(2999);
	T_EQ(lab.answers[4], 0);
	pass(2);
	T_EQ(lab.status[4], ST_RADIUS_TIMEOUT);
	finish();
}

/* It takes requests and says nothing: Status-Server after one time-out, the end after two. */
static void silence(void)
{
	begin(2);
	T_EQ(asked(1), ST_OK);
	world.answers[0] = world.probes[0] = false;
	T_EQ(asked(2), ST_PENDING);
	pass(999);
	T_EQ(world.status_servers[0], 0);
	pass(2);
	T_EQ(world.status_servers[0], 1);
	T_EQ(lab.answers[2], 0);
	pass(1000);
	T_EQ(lab.status[2], ST_OK);
	T_STR(lab.name, "b");
	T_EQ(world.ended[RADIUS_LINK_SILENT], 1);
	T_STR(lab.changed, "-a ");
	/* A link that opens proves nothing, and is not told of: the server must answer. */
	unsigned opened = world.opened;
	pass(60000);
	T_TRUE(lab_info(0).is_dead);
	T_TRUE(lab_info(0).links[0].opened > 3);
	T_EQ(world.opened, opened);
	world.probes[0] = true;
	pass(20000);
	T_STR(lab.changed, "-a +a ");
	/* It answers the watchdog and not the request: the request goes on in its time, and the server lives. */
	T_EQ(asked(3), ST_PENDING);
	pass(3001);
	T_EQ(lab.status[3], ST_OK);
	T_STR(lab.name, "b");
	T_EQ(world.ended[RADIUS_LINK_SILENT], 1);
	T_EQ(lab_info(0).auth.timeouts, 1);
	finish();
}

static void without_watchdog(void)
{
	begin(2);
	struct radius_server_conf c[2] = {tls_conf(0), tls_conf(1)};
	c[0].tls.watchdog_ms = 0;
	T_EQ(lab_set(c, 2, false), ST_OK);
	world.answers[0] = world.probes[0] = false;
	T_EQ(asked(1), ST_PENDING);
	pass(3001);
	T_EQ(lab.status[1], ST_OK);
	T_STR(lab.name, "b");
	T_EQ(world.status_servers[0], 0);
	T_EQ(world.ended[RADIUS_LINK_SILENT], 1);
	T_STR(lab.changed, "-a ");
	world.answers[0] = true;
	pass(1200);
	T_STR(lab.changed, "-a +a ");
	T_EQ(asked(2), ST_OK);
	T_STR(lab.name, "a");
	finish();
}

/* What is no answer ends the link, and the request goes elsewhere. */
static void wrong_packets(void)
{
	static const uint8_t bad[][24] = {
		{2, 0, 0, 19}, {2, 0, 0x10, 1}, {2, 0, 0, 24, [20] = 1, [21] = 9}, {77, 0, 0, 20}, {2, 0, 0, 20}};
	for (size_t i = 0; i < COUNT(bad); i++) {
		T_ROW(i, "bad packet");
		begin(2);
		world.answers[0] = false;
		T_EQ(asked(1), ST_PENDING);
		radius_link_bytes(lab.r, world.links[0].number, (struct view){bad[i], bad[i][3] == 24 ? 24 : 20});
		pass(0);
		T_EQ(lab.status[1], ST_OK);
		T_STR(lab.name, "b");
		T_EQ(lab_info(0).links[0].ends[RADIUS_LINK_PACKET], 1);
		T_EQ(world.hung_up[0], 1);
		finish();
	}
	begin(1);
	world.forges[0] = true;
	T_EQ(asked(1), ST_PENDING);
	pass(10000);
	T_EQ(lab.status[1], ST_RADIUS_REPLY);
	T_TRUE(lab_info(0).auth.bad_authenticators > 0);
	finish();
	/* An answer that nobody waits for any more is none of this: the link stays. */
	begin(1);
	T_EQ(lab_ask(1, "g"), ST_OK);
	for (size_t i = 0; i < world.n_links; i++)
		(void)go_on(&world.links[i]);
	radius_cancel(lab.r, 1);
	pass(0);
	T_EQ(lab_info(0).auth.dropped, 1);
	T_EQ(lab_info(0).links[0].state, RADIUS_LINK_OPEN);
	/* Nor is that to Status-Server on a link of records, when a record was answered before. */
	static const uint8_t late[20] = {RADIUS_ACCESS_ACCEPT, 200, 0, 20};
	T_EQ(lab_account(2, "g"), ST_OK);
	pass(0);
	radius_link_bytes(lab.r, world.links[1].number, (struct view){late, sizeof(late)});
	T_EQ(lab_info(0).acct.dropped, 1);
	T_EQ(lab_info(0).links[1].state, RADIUS_LINK_OPEN);
	finish();
}

static void no_room(void)
{
	begin(2);
	T_EQ(asked(1), ST_OK);
	world.is_full[0] = true;
	T_EQ(asked(2), ST_OK);
	T_STR(lab.name, "b");
	T_EQ(lab_info(0).links[0].stalled, 1);
	finish();
}

/* A server that is configured otherwise has its link closed, one that is not changed keeps it. */
static void reconfigured(void)
{
	begin(2);
	struct radius_server_conf c[2] = {tls_conf(0), tls_conf(1)};
	T_EQ(asked(1), ST_OK);
	T_EQ(lab_set(c, 2, false), ST_OK);
	T_EQ(asked(2), ST_OK);
	T_EQ(world.dials[0], 1);
	world.answers[0] = false;
	T_EQ(asked(3), ST_PENDING);
	snprintf(c[0].tls.client, sizeof(c[0].tls.client), "HQ");
	world.answers[0] = true;
	T_EQ(lab_set(c, 2, false), ST_OK);
	T_EQ(world.hung_up[0], 1);
	pass(0);
	T_EQ(lab.status[3], ST_OK);
	T_STR(lab.name, "a");
	T_EQ(world.dials[0], 2);
	/* Reports about what is not there any more. */
	radius_link_opened(lab.r, world.links[0].number);
	radius_link_bytes(lab.r, world.links[0].number, (struct view){(const uint8_t *)"x", 1});
	radius_link_closed(lab.r, world.links[0].number, RADIUS_LINK_CLOSED, "");
	T_EQ(lab_info(0).links[0].state, RADIUS_LINK_OPEN);
	finish();
}

/* Wherever memory ends: requests fail or go on, nothing leaks. */
static void out_of_memory(void)
{
	for (uint64_t nth = 1; nth < 40; nth++) {
		begin(2);
		mem_fail_at(nth);
		enum status st = lab_ask(1, "g");
		pump();
		mem_fail_at(0);
		pass(10000);
		T_EQ(lab.answers[1], st == ST_OK);
		finish();
	}
}

int main(void)
{
	T_RUN(every_split);
	T_RUN(lengths);
	T_RUN(answered);
	T_RUN(identifiers);
	T_RUN(all_links);
	T_RUN(failover);
	T_RUN(waits_for_the_only_one);
	T_RUN(silence);
	T_RUN(without_watchdog);
	T_RUN(wrong_packets);
	T_RUN(no_room);
	T_RUN(reconfigured);
	T_RUN(out_of_memory);
	return t_end();
}
