#include "cmd/wire_reconnect.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_dhcp_address.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_session.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/box.h"
#include "core/crypto/rnd.h"
#include "core/session/cluster.h"
#include "core/session/dhcp_lease.h"
#include "db/store.h"
#include "modules/loop/loop.h"

#define KEY_NAME "reconnect-key"
#define GUEST_S 60 /* for the rest of IKE_AUTH */

_Static_assert(STORE_RECORD >= BOX_NONCE_LEN + SESSION_FROZEN_MAX + BOX_TAG_LEN, "a sealed record fits");
_Static_assert(sizeof(((struct wire *)0)->reconnect_key) == BOX_KEY_LEN, "the key of a box");

/* A row of the database, between its reading and the thaw. */
struct found_row {
	struct list in_list;
	struct store_waiting row;
	uint8_t record[]; /* row.record_len */
};

static bool find_vrf(const struct wire *w, struct session *s, const char *name);

/* ---- questions -------------------------------------------------------------------------------- */

/* One sentence for all that is wrong with what a stranger names: it is not proven yet. */
static void refuse(struct wire *w, struct ike_answer *a, enum status why)
{
	a->status = why;
	snprintf(a->detail, sizeof(a->detail), "%s",
		 why == ST_RECONNECT_BAD ? "the peer names a session in a form that is not ours" :
					   "the session that the peer names is over, or was never here");
	stats_inc(w->stats, CT_RECONNECT_REFUSED);
}

/* A session of another gateway, as its client brings it. Nobody has proven anything yet: it is here for a
 * minute, in memory only, and stays when its token is proven. */
static enum status thaw_guest(struct wire *w, const struct ike_question *q, const struct cluster_state *c)
{
	struct session *s;
	struct ulid ulid;
	uint64_t now = (uint64_t)loop_wall_ms();
	enum status st = session_thaw(w->sessions, c->record, &s);
	if (st != ST_OK)
		return st == ST_NOMEM ? st : ST_RECONNECT_OVER; /* somebody has its address, or its record is damaged */
	session_wait(w->sessions, s, now);
	s->waiting_ms = now - (s->reconnect_s > GUEST_S ? (uint64_t)(s->reconnect_s - GUEST_S) * 1000 : 0);
	s->index = 0;
	s->carried = (struct session_totals){0}; /* what went through here */
	if (token_id_read(&q->peer_id, &ulid) && memcmp(&ulid, &s->ulid, sizeof(ulid)) == 0 &&
	    find_vrf(w, s, c->vrf) && session_life_left_ms(s, now) > 0)
		return ST_OK;
	session_end(w->sessions, s);
	return ST_RECONNECT_OVER;
}

static enum status take_in(struct wire *w, const struct ike_question *q)
{
	static uint8_t plain[CLUSTER_STATE_MAX];
	struct cluster_state c;
	enum status st = cluster_open(w->conf, q->session_state, (uint64_t)loop_wall_ms() / 1000, plain, &c);
	/* What is ours and is not here has ended here. */
	if (st == ST_OK && strcmp(c.node, snapshot_hostname(w->conf)) == 0)
		st = ST_RECONNECT_OVER;
	if (st == ST_OK && wire_reserve_login(w, false) != ST_OK)
		st = ST_NOMEM;
	if (st == ST_OK)
		st = thaw_guest(w, q, &c);
	mem_zero(plain, sizeof(plain));
	return st;
}

bool wire_reconnect_named(struct wire *w, const struct ike_question *q, struct ike_answer *a)
{
	enum status why;
	if (q->we_are_initiator || !token_id_is_ours(&q->peer_id))
		return false;
	stats_inc(w->stats, CT_RECONNECT_IN);
	const struct session *s = session_of_token(w->sessions, &q->peer_id, q->local.vrf, &why);
	if (!s && why == ST_RECONNECT_OVER && q->session_state.len) {
		why = take_in(w, q);
		s = why == ST_OK ? session_of_token(w->sessions, &q->peer_id, q->local.vrf, &why) : NULL;
	}
	const struct ike_profile *p = s ? snapshot_profile(w->conf, s->profile) : NULL;
	if (s && (!p || !p->reconnect_s)) /* the configuration of today decides who may come back */
		why = ST_RECONNECT_OVER;
	if (why != ST_OK) {
		refuse(w, a, why);
		return true;
	}
	a->by_token = true;
	snprintf(a->profile, sizeof(a->profile), "%s", s->profile);
	return true;
}

void wire_reconnect_keys(const struct wire *w, const struct ike_question *q, struct ike_answer *a)
{
	const struct session *s = session_of_token(w->sessions, &q->peer_id, q->local.vrf, &a->status);
	if (!s) {
		snprintf(a->detail, sizeof(a->detail), "the session ended meanwhile");
		return;
	}
	token_key(s->verifier, true, a->remote_key);
	token_key(s->verifier, false, a->local_key);
	a->remote_key_len = a->local_key_len = TOKEN_KEY;
}

/* The same for every gateway with the key. It goes with the address, and its record is as the session will be. */
static void offer_state(const struct wire *w, const struct session *s, struct ike_answer *a, uint8_t **block)
{
	static uint8_t rec[CLUSTER_STATE_MAX], sealed[CLUSTER_STATE_MAX];
	uint64_t now = (uint64_t)loop_wall_ms(), life_s = session_life_left_ms(s, now) / 1000;
	uint8_t nonce[BOX_NONCE_LEN];
	size_t len = session_freeze(s, rec, sizeof(rec)), sealed_len;
	struct cluster_state c = {.expires_s = now / 1000 + (life_s < CLUSTER_LIFE_S ? life_s : CLUSTER_LIFE_S),
				  .record = {rec, len}};
	const char *vrf = snapshot_vrf_name(w->conf, s->local.vrf);
	snprintf(c.node, sizeof(c.node), "%s", snapshot_hostname(w->conf));
	snprintf(c.vrf, sizeof(c.vrf), "%s", vrf ? vrf : "");
	rnd_bytes(nonce, sizeof(nonce));
	/* One that is granted too much has to come back here. */
	if (len && cluster_seal(w->conf, nonce, &c, sealed, &sealed_len) == ST_OK)
		*block = mem_dup(sealed, sealed_len);
	if (*block)
		a->session_state = (struct view){*block, sealed_len};
	mem_zero(rec, sizeof(rec));
}

static void offer_token(struct session *s, struct ike_answer *a)
{
	char id[TOKEN_ID_TEXT];
	rnd_bytes(a->token, sizeof(a->token));
	token_verifier(a->token, &s->ulid, s->verifier);
	s->has_token = true;
	a->session_id_len = (uint16_t)token_id_put(&s->ulid, id);
	memcpy(a->session_id, id, a->session_id_len);
	a->wait_s = (uint32_t)(session_wait_left_ms(s, s->start_ms) / 1000);
}

void wire_reconnect_offer(struct wire *w, const struct ike_question *q, struct ike_answer *a, uint8_t **block)
{
	struct session *s = session_find(w->sessions, &q->session);
	if (!s || !s->reconnect_s || s->we_are_initiator)
		return;
	if (q->wants_token && s->state == SESSION_PENDING) /* who came back has its token */
		offer_token(s, a);
	/* What a DHCP server lends is lent to us as its relay: nobody else could renew it. */
	if (q->wants_state && s->has_token && !dhcp_lease_is_used(s) && cluster_active(w->conf))
		offer_state(w, s, a, block);
}

/* ---- the record in the database ----------------------------------------------------------------- */

static struct view whose(const char ulid[ULID_TEXT])
{
	return (struct view){(const uint8_t *)ulid, ULID_TEXT - 1};
}

size_t wire_reconnect_seal(const struct wire *w, const struct session *s, uint8_t *out)
{
	char ulid[ULID_TEXT];
	if (!s->has_token)
		return 0;
	size_t len = session_freeze(s, out + BOX_NONCE_LEN, SESSION_FROZEN_MAX);
	if (!len) {
		mem_zero(out, BOX_NONCE_LEN + SESSION_FROZEN_MAX);
		return 0;
	}
	rnd_bytes(out, BOX_NONCE_LEN);
	if (box_seal(w->reconnect_key, out, whose(ulid_format(&s->ulid, ulid)), out + BOX_NONCE_LEN, len) != ST_OK) {
		mem_zero(out, BOX_NONCE_LEN + len);
		return 0;
	}
	return BOX_NONCE_LEN + len + BOX_TAG_LEN;
}

static bool found(void *ctx, const struct store_waiting *row)
{
	struct wire *w = ctx;
	struct found_row *f = row->record_len <= STORE_RECORD ? mem_new(sizeof(*f) + row->record_len) : NULL;
	if (!f)
		return true; /* it ends as lost */
	f->row = *row;
	memcpy(f->record, row->record, row->record_len);
	list_push_back(&w->reconnect_found, &f->in_list);
	return true;
}

void wire_reconnect_read(struct wire *w)
{
	uint8_t key[STORE_SECRET];
	w->has_reconnect_key = store_secret_read(w->state, KEY_NAME, key) == BOX_KEY_LEN;
	if (w->has_reconnect_key)
		memcpy(w->reconnect_key, key, BOX_KEY_LEN);
	else
		rnd_bytes(w->reconnect_key, BOX_KEY_LEN);
	mem_zero(key, sizeof(key));
	if (w->has_reconnect_key)
		store_waiting_read(w->state, found, w);
}

void wire_reconnect_keep_key(struct wire *w)
{
	if (!w->has_reconnect_key)
		store_secret(w->store, KEY_NAME, w->reconnect_key, BOX_KEY_LEN);
	w->has_reconnect_key = true;
}

/* Its VRF may have another number now. */
static bool find_vrf(const struct wire *w, struct session *s, const char *name)
{
	const struct vrf_def *vrf = name[0] ? snapshot_vrf(w->conf, name) : NULL;
	if (name[0] && !vrf)
		return false;
	s->local.vrf = s->remote.vrf = vrf ? vrf->num : 0;
	return true;
}

static void take_row(struct session *s, const struct store_waiting *row)
{
	s->waiting_ms = row->waiting_ms ? row->waiting_ms : (uint64_t)loop_wall_ms();
	s->resumed = row->resumes;
	s->index = 0; /* IKE SAs are numbered anew */
	s->carried = (struct session_totals){row->traffic.bytes_in, row->traffic.bytes_out,
					     row->traffic.packets_in, row->traffic.packets_out, 0};
}

static enum status restore(struct wire *w, const struct found_row *f)
{
	static uint8_t rec[SESSION_FROZEN_MAX];
	struct session *s;
	struct view sealed = {f->record + BOX_NONCE_LEN, f->row.record_len - BOX_NONCE_LEN};
	if (f->row.record_len < BOX_NONCE_LEN + BOX_TAG_LEN)
		return ST_TRUNCATED;
	if (sealed.len - BOX_TAG_LEN > sizeof(rec))
		return ST_BAD_LENGTH;
	enum status st = box_open(w->reconnect_key, f->record, whose(f->row.ulid), sealed, rec);
	if (st == ST_OK)
		st = session_thaw(w->sessions, (struct view){rec, sealed.len - BOX_TAG_LEN}, &s);
	mem_zero(rec, sizeof(rec));
	if (st != ST_OK)
		return st;
	session_wait(w->sessions, s, 0);
	take_row(s, &f->row);
	dhcp_lease_restored(s, loop_now_ms(), (uint64_t)loop_wall_ms());
	if (!find_vrf(w, s, f->row.vrf) || wire_session_keep(w, s) != ST_OK) {
		wire_dhcp_release(w, s);
		session_end(w->sessions, s); /* its row ends as lost */
		return ST_NOT_FOUND;
	}
	return ST_OK;
}

void wire_reconnect_restore(struct wire *w)
{
	uint64_t n = 0;
	LIST_EACH_SAFE(at, &w->reconnect_found) {
		struct found_row *f = CONTAINER_OF(at, struct found_row, in_list);
		struct ulid ulid;
		list_del(&f->in_list);
		if (ulid_parse(f->row.ulid, &ulid) && !session_find(w->sessions, &ulid)) {
			enum status st = restore(w, f);
			n += st == ST_OK;
			if (st != ST_OK)
				LOG(EV_THAW, kv_str("what", "session"), kv_str("session", f->row.ulid), kv_status("status", st));
		}
		mem_free(f);
	}
	if (n)
		LOG(EV_THAW, kv_str("what", "sessions of the database"), kv_u64("waiting", n));
}

void wire_reconnect_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->reconnect_found)
		mem_free(CONTAINER_OF(at, struct found_row, in_list));
	mem_zero(w->reconnect_key, sizeof(w->reconnect_key));
}
