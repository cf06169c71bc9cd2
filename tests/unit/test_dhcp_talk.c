/* One question to a DHCP server: what is sent when and to whom, which answers count, and how it ends. */
#include <stdio.h>

#include "modules/dhcp/talk.h"
#include "tests/lib/t.h"

static struct talk t;
static struct dhcp_outcome out;
static uint64_t now;

static struct addr at(const char *text)
{
	struct addr a = {0};

	(void)!addr_parse(text, &a);
	return a;
}

static void begin(bool is_renewal)
{
	static const uint8_t digest[32] = {7};

	now = 5000;
	t = (struct talk){.xid = 9, .ask = {.is_renewal = is_renewal, .giaddr = at("10.200.0.1"), .n_servers = 1, .within_ms = 8000,
					    .servers = {at("10.99.2.2")}, .server = "dhcp.corp.example"}};
	if (is_renewal)
		t.ask.address = at("10.200.0.50");
	dhcp_who_make(&t.ask.who, digest, "anna");
	talk_begin(&t, now);
}

static struct talk_heard heard(enum dhcp_type type)
{
	struct talk_heard h = {.from = at("10.99.2.2"), .reply = {.type = type, .xid = 9, .giaddr = at("10.200.0.1"),
		.yiaddr = at("10.200.0.50"), .server_id = at("10.99.2.2"), .lease_s = 600}};

	memcpy(h.reply.hardware, t.ask.who.hardware, DHCP_HARDWARE);
	return h;
}

static enum talk_says hears(struct talk_heard h)
{
	return talk_hears(&t, &h, now, &out);
}

/* What is sent next, as type, and to whom. */
static int sends(struct addr *to)
{
	uint8_t buf[DHCP_REQUEST_MAX];
	struct wr w = wr_init(buf, sizeof(buf));

	talk_build(&t, now, &w, to);
	return wr_ok(&w) && buf[240] == DHCP_O_TYPE ? buf[242] : -1;
}

static void an_address(void)
{
	struct addr to;

	begin(false);
	T_EQ(sends(&to), DHCP_DISCOVER);
	T_TRUE(addr_eq(&to, &t.ask.servers[0]));
	now += 40;
	T_EQ(hears(heard(DHCP_OFFER)), TALK_SENDS);
	T_EQ(sends(&to), DHCP_REQUEST);
	/* Another offer comes too late. */
	struct talk_heard other = heard(DHCP_OFFER);
	other.reply.yiaddr = at("10.200.0.60");
	T_EQ(hears(other), TALK_WAITS);
	now += 40;
	T_EQ(hears(heard(DHCP_ACK)), TALK_ENDS);
	T_EQ(out.status, ST_OK);
	T_EQ(out.asked_ms, 5040); /* the lease counts from the request */
	T_EQ(out.reply.lease_s, 600);
}

static void patience(void)
{
	struct addr to;
	uint64_t due[8];
	int n = 0;

	begin(false);
	for (bool more = true; more && n < 8; n++) {
		(void)sends(&to);
		due[n] = talk_next_ms(&t, now, 0) - 5000;
		now = talk_next_ms(&t, now, 0);
		more = talk_due(&t, now, &out) == TALK_SENDS;
	}
	T_EQ(n, 4);
	T_TRUE(due[0] == 1000 && due[1] == 3000 && due[2] == 7000 && due[3] == 8000);
	T_EQ(out.status, ST_DHCP_TIMEOUT);
	T_STR(out.words, "DHCP server dhcp.corp.example did not answer in 8 s: for an address asked 4 times from 10.200.0.1");
	/* Spread, but never past the end. */
	begin(false);
	(void)sends(&to);
	T_TRUE(talk_next_ms(&t, now, 255) > now + 1200 && talk_next_ms(&t, now, 255) < now + 1250);
	T_EQ(talk_next_ms(&t, 12999, 255), 13000);
}

static void in_turn(void)
{
	struct addr to;

	begin(false);
	t.ask.n_servers = 2;
	t.ask.servers[1] = at("10.99.2.3");
	(void)sends(&to);
	T_TRUE(addr_eq(&to, &t.ask.servers[0]));
	(void)sends(&to);
	T_TRUE(addr_eq(&to, &t.ask.servers[1]));
	struct talk_heard h = heard(DHCP_OFFER);
	h.from = h.reply.server_id = at("10.99.2.3");
	T_EQ(hears(h), TALK_SENDS);
	for (int i = 0; i < 3; i++) {
		T_EQ(sends(&to), DHCP_REQUEST);
		T_TRUE(addr_eq(&to, &t.ask.servers[1])); /* the one that made the offer */
	}
}

static void strangers(void)
{
	struct addr to;
	struct talk_heard h;

	begin(false);
	(void)sends(&to);
	h = heard(DHCP_OFFER);
	h.from = h.reply.server_id = at("10.99.2.66");
	T_EQ(hears(h), TALK_STRANGE);
	h = heard(DHCP_OFFER);
	h.reply.hardware[5] ^= 1;
	T_EQ(hears(h), TALK_STRANGE);
	h = heard(DHCP_OFFER);
	h.reply.giaddr = at("10.200.0.2");
	T_EQ(hears(h), TALK_STRANGE);
	h = heard(DHCP_OFFER);
	h.reply.yiaddr = at("0.0.0.0");
	T_EQ(hears(h), TALK_STRANGE);
	T_EQ(hears(heard(DHCP_ACK)), TALK_STRANGE); /* nothing was requested */
	T_EQ(hears(heard(DHCP_NAK)), TALK_STRANGE);
	/* A server with two addresses. */
	h = heard(DHCP_OFFER);
	h.from = at("10.99.2.66");
	T_EQ(hears(h), TALK_SENDS);
	h = heard(DHCP_ACK);
	h.reply.yiaddr = at("10.200.0.51");
	T_EQ(hears(h), TALK_STRANGE);
	h = heard(DHCP_ACK);
	h.reply.server_id = at("10.99.2.66");
	T_EQ(hears(h), TALK_STRANGE);
	T_EQ(hears(heard(DHCP_ACK)), TALK_ENDS);
}

static struct talk_heard nak(const char *text)
{
	struct talk_heard h = heard(DHCP_NAK);

	h.reply.yiaddr = at("0.0.0.0");
	snprintf(h.reply.text, sizeof(h.reply.text), "%s", text);
	return h;
}

static void refusals(void)
{
	struct addr to;

	begin(false);
	t.ask.address = at("10.1.1.1");
	for (int i = 0; i < 3; i++) {
		T_EQ(sends(&to), DHCP_DISCOVER);
		T_EQ(t.ask.address.family, i == 0 ? 4 : 0); /* the wish is given up */
		T_EQ(hears(heard(DHCP_OFFER)), TALK_SENDS);
		T_EQ(sends(&to), DHCP_REQUEST);
		T_EQ(hears(nak("no\\x0a")), i < 2 ? TALK_SENDS : TALK_ENDS);
	}
	T_EQ(out.status, ST_DHCP_REFUSED);
	T_STR(out.words, "DHCP server dhcp.corp.example refused the address: no\\x0a");
	begin(false);
	T_EQ(hears(heard(DHCP_OFFER)), TALK_SENDS);
	struct talk_heard h = heard(DHCP_ACK);
	h.reply.lease_s = 0;
	T_EQ(hears(h), TALK_ENDS);
	T_EQ(out.status, ST_DHCP_REFUSED);
}

static void renewals(void)
{
	struct addr to;
	struct talk_heard h;

	begin(true);
	T_EQ(sends(&to), DHCP_REQUEST);
	T_EQ(hears(heard(DHCP_OFFER)), TALK_WAITS);
	T_EQ(hears(heard(DHCP_ACK)), TALK_ENDS);
	T_EQ(out.status, ST_OK);
	begin(true);
	T_EQ(hears(nak("")), TALK_ENDS);
	T_EQ(out.status, ST_DHCP_REFUSED);
	T_STR(out.words, "DHCP server dhcp.corp.example refused the address");
	begin(true);
	h = heard(DHCP_ACK);
	h.reply.yiaddr = at("10.200.0.51");
	T_EQ(hears(h), TALK_ENDS);
	T_EQ(out.status, ST_DHCP_REFUSED);
}

int main(void)
{
	T_RUN(an_address);
	T_RUN(patience);
	T_RUN(in_turn);
	T_RUN(strangers);
	T_RUN(refusals);
	T_RUN(renewals);
	return t_end();
}
