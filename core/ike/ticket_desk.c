#include "core/ike/ticket_desk.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/work.h"
#include "core/wire/notify.h"

#define SHORTEST_S 30 /* what ends sooner is not worth a ticket */
#define ASK_EVERY_MS 30000 /* a gateway whose tickets hardly live does not keep us busy */
#define LOGIN_S 86400 /* where the profile has no lifetime */

bool ticket_desk_is_on(const struct ike_sa *sa)
{
	return sa->ike->conf->own.resumption_s != 0;
}

static uint64_t wall_s(const struct ike *ike)
{
	int64_t s = ike->ports->wall_s(ike->ctx);

	return s > 0 ? (uint64_t)s : 0;
}

static void describe(const struct ike_sa *sa, struct ticket *t)
{
	*t = (struct ticket){
		.session = sa->session,
		.login_s = sa->login_s,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.suite = sa->suite,
		.used_ppk = sa->used_ppk,
		.sk_d_len = sa->keys->d_len,
		.auth_client = sa->is_client ? sa->auth_local : sa->auth_remote,
		.auth_gateway = sa->is_client ? sa->auth_remote : sa->auth_local,
	};
	memcpy(t->sk_d, sa->keys->sk_d, sizeof(t->sk_d));
	kept_id_read(sa->is_client ? sa->my_id : sa->peer_id, &t->client);
	kept_id_read(sa->is_client ? sa->peer_id : sa->my_id, &t->gateway);
	snprintf(t->profile, sizeof(t->profile), "%s", sa->profile);
	snprintf(t->user, sizeof(t->user), "%s", sa->user);
}

/* ---- gateway ------------------------------------------------------------------------------------- */

bool ticket_desk_is_asked(const struct ike_payloads *p)
{
	struct notify n;

	return msg_find_notify(p, N_TICKET_REQUEST, &n);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of a limit that began with the login; one that is beginning has all of it. */
static uint64_t left_of(uint64_t login_s, uint64_t limit_s, uint64_t now_s)
{
	uint64_t past = login_s != 0 && now_s > login_s ? now_s - login_s : 0;

	return limit_s > past ? limit_s - past : 0;
}

/* RFC 5723 6.2: no longer than the SA, or the session, may live; before the SA is established its times
 * have not begun. And however often a session is resumed, the credentials and a key exchange are due
 * again when the lifetime since the last login is over. */
static uint64_t lifetime_s(const struct ike_sa *sa)
{
	uint64_t s = sa->ike->conf->own.resumption_s, now = wall_s(sa->ike);
	uint64_t again = sa->login_s + (sa->settings.lifetime_s != 0 ? sa->settings.lifetime_s : LOGIN_S);

	s = least(s, again > now ? again - now : 0);
	if (sa->settings.reauth_s != 0)
		s = least(s, left_of(sa->login_s, sa->settings.reauth_s, now));
	if (sa->grant != NULL && sa->grant->session_lifetime_s != 0)
		s = least(s, left_of(sa->login_s, sa->grant->session_lifetime_s, now));
	if (sa->up_ms != 0 && sa->end_ms != 0)
		s = least(s, sa_left_s(sa, sa->end_ms));
	if (sa->up_ms != 0 && sa->session_end_ms != 0)
		s = least(s, sa_left_s(sa, sa->session_end_ms));
	if (sa->reauth_end_ms != 0)
		s = least(s, sa_left_s(sa, sa->reauth_end_ms));
	if (sa->up_ms == 0 && sa->settings.lifetime_s != 0)
		s = least(s, sa->settings.lifetime_s);
	return s;
}

static void refresh_keys(struct ike *ike)
{
	uint8_t random[TICKET_KEY_DRAWN], rec[TICKET_KEYS_MAX];
	uint64_t now = wall_s(ike);

	if (!ticket_keys_are_stale(&ike->ticket_keys, now))
		return;
	ike->ports->random(ike->ctx, random, sizeof(random));
	ticket_keys_rotate(&ike->ticket_keys, random, now);
	ike->ports->keep_keys(ike->ctx, rec, ticket_keys_freeze(&ike->ticket_keys, rec));
	mem_zero(random, sizeof(random));
	mem_zero(rec, sizeof(rec));
}

static enum status put_ticket(struct ike_sa *sa, struct msg_out *o)
{
	uint8_t data[4 + TICKET_OWN_MAX], nonce[BOX_NONCE_LEN];
	struct wr w = wr_init(data, 4);
	struct ticket t;
	uint64_t life;
	size_t len;
	enum status st;

	if (sa->login_s == 0)
		sa->login_s = wall_s(sa->ike);
	life = lifetime_s(sa);
	if (life < SHORTEST_S)
		return ST_LIMIT;
	refresh_keys(sa->ike);
	describe(sa, &t);
	t.issued_s = wall_s(sa->ike);
	t.expires_s = t.issued_s + life;
	if (sa->grant != NULL) {
		t.ip4 = sa->grant->ip4;
		t.ip6 = sa->grant->ip6;
	}
	sa->ike->ports->random(sa->ike->ctx, nonce, sizeof(nonce));
	st = ticket_seal(&sa->ike->ticket_keys, nonce, &t, data + 4, &len);
	mem_zero(&t, sizeof(t));
	if (st != ST_OK)
		return st;
	wr_u32(&w, (uint32_t)life);
	msg_notify(o, N_TICKET_LT_OPAQUE, data, 4 + len);
	return ST_OK;
}

void ticket_desk_put(struct ike_sa *sa, bool is_asked, struct msg_out *o)
{
	enum status st;

	if (!is_asked || sa->is_client || !ticket_desk_is_on(sa))
		return;
	st = put_ticket(sa, o);
	if (st == ST_OK)
		stats_inc(sa->ike->stats, CT_TICKET_OUT);
	else
		msg_notify(o, N_TICKET_NACK, NULL, 0);
}

/* ---- client --------------------------------------------------------------------------------------- */

void ticket_desk_ask(struct ike_sa *sa, struct msg_out *o)
{
	if (sa->is_client && ticket_desk_is_on(sa))
		msg_notify(o, N_TICKET_REQUEST, NULL, 0);
}

static void drop(struct ike_sa *sa)
{
	mem_free(sa->ticket.bytes);
	sa->ticket = (struct sa_ticket){0};
}

static bool read_ticket(const struct ike_payloads *p, uint32_t *life_s, struct view *bytes)
{
	struct notify n;
	struct rd r;

	if (!msg_find_notify(p, N_TICKET_LT_OPAQUE, &n))
		return false;
	r = rd_init(n.data.p, n.data.len);
	*life_s = rd_u32(&r);
	*bytes = rd_rest(&r);
	return rd_ok(&r) && *life_s != 0 && bytes->len != 0 && bytes->len <= TICKET_PEER_MAX;
}

void ticket_desk_take(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct view bytes;
	struct notify n;
	uint32_t life_s;

	if (!sa->is_client || !ticket_desk_is_on(sa))
		return;
	/* Later, says the gateway: once, when the SA is up. */
	sa->wants_ticket = sa->hs != NULL && msg_find_notify(p, N_TICKET_ACK, &n);
	if (!read_ticket(p, &life_s, &bytes))
		return;
	drop(sa);
	sa->ticket.bytes = mem_dup(bytes.p, bytes.len);
	if (sa->ticket.bytes == NULL)
		return;
	sa->ticket.len = bytes.len;
	sa->ticket.end_ms = ike_now(sa->ike) + (uint64_t)life_s * 1000;
	stats_inc(sa->ike->stats, CT_TICKET_IN);
	if (sa->state == SA_UP)
		ticket_desk_arm(sa);
}

enum status ticket_desk_request(struct ike_sa *sa)
{
	struct msg_out o;
	struct view msg;
	enum status st;

	sa->wants_ticket = false;
	if (!sa->is_client || !ticket_desk_is_on(sa))
		return ST_OK;
	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next);
	msg_notify(&o, N_TICKET_REQUEST, NULL, 0);
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_TICKET, msg);
	if (st != ST_OK)
		return st;
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

void ticket_desk_on_timer(struct timer *t, void *ctx)
{
	struct ike_sa *sa = CONTAINER_OF(t, struct ike_sa, ticket_timer);

	(void)ctx;
	sa->wants_ticket = true;
	work(sa);
}

static uint32_t tun_of(const struct ike_sa *sa)
{
	if (sa->hs != NULL && sa->hs->connect != NULL)
		return sa->hs->connect->tun;
	return sa->grant != NULL ? sa->grant->tun : 0;
}

void ticket_desk_arm(struct ike_sa *sa)
{
	uint64_t now = ike_now(sa->ike), left;

	/* One of an SA before this one says nothing about it, and must not outlive a farewell. */
	if (sa->is_client)
		wallet_drop(&sa->ike->wallet, sa->profile, &sa->remote, tun_of(sa));
	if (sa->login_s == 0)
		sa->login_s = wall_s(sa->ike);
	if (sa->wants_ticket)
		sa_arm(sa, &sa->work_timer, now);
	if (sa->ticket.bytes == NULL)
		return;
	/* A fresh one when three quarters are over. */
	left = sa->ticket.end_ms > now ? sa->ticket.end_ms - now : 0;
	left = left / 4 * 3;
	sa_arm(sa, &sa->ticket_timer, now + (left > ASK_EVERY_MS ? left : ASK_EVERY_MS));
}

void ticket_desk_inherit(struct ike_sa *old, struct ike_sa *heir)
{
	heir->is_client = old->is_client;
	heir->is_resumed = old->is_resumed;
	heir->login_s = old->login_s;
	heir->wants_ticket = old->is_client && (old->wants_ticket || old->ticket.bytes != NULL);
	drop(old);
}

void ticket_desk_ended(struct ike_sa *sa)
{
	/* What we or the peer ended on purpose may not come back (RFC 5723 6.2). */
	bool was_ended = sa->why != ST_END_DPD && sa->why != ST_TIMEOUT && sa->why != ST_END_CRASHED;
	bool is_farewell = sa->why == ST_END_ADMIN || sa->why == ST_END_CONFIG;
	struct ticket t;

	if (sa->is_client && is_farewell)
		wallet_drop(&sa->ike->wallet, sa->profile, &sa->remote, tun_of(sa));
	if (sa->ticket.bytes != NULL && sa->is_up && !was_ended) {
		describe(sa, &t);
		wallet_put(&sa->ike->wallet, &sa->remote, tun_of(sa), &t,
			(struct view){sa->ticket.bytes, sa->ticket.len}, sa->ticket.end_ms);
		mem_zero(&t, sizeof(t));
	}
	drop(sa);
}

enum status ticket_desk_thaw(struct ike_sa *sa, struct view v)
{
	struct rd r = rd_init(v.p, v.len);
	uint64_t end_ms = rd_u64(&r);
	struct view bytes = rd_rest(&r);

	if (!rd_ok(&r) || bytes.len == 0 || bytes.len > TICKET_PEER_MAX || sa->ticket.bytes != NULL)
		return ST_BAD_PAYLOAD;
	sa->ticket = (struct sa_ticket){mem_dup(bytes.p, bytes.len), bytes.len, end_ms};
	return sa->ticket.bytes != NULL ? ST_OK : ST_NOMEM;
}
