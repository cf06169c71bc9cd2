#include "core/ike/freeze.h"

#include <string.h>

#include "core/base/freeze.h"
#include "core/base/hash.h"
#include "core/base/keep.h"
#include "core/base/mem.h"
#include "core/ike/auth.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/info.h"
#include "core/ike/keepalive.h"
#include "core/ike/record.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/wish.h"
#include "core/ike/work.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static bool get_ts(struct view v, struct ts *out, uint8_t *n)
{
	size_t count = 0;

	if (ts_parse(v, out, IKE_TS_MAX, &count) != ST_OK)
		return false;
	*n = (uint8_t)count;
	return count > 0;
}

static bool get_esp(struct view v, struct esp_suite *out)
{
	struct rd r = rd_init(v.p, v.len);
	uint16_t id[4];

	for (size_t i = 0; i < 4; i++)
		id[i] = rd_u16(&r);
	return suite_esp(id[0], id[1], id[2], id[3] != 0, out) == ST_OK;
}

/* What a child's record says, before there is a child. */
static bool get_child(struct view group, struct ike_child *c, struct ts local[IKE_TS_MAX],
	struct ts remote[IKE_TS_MAX])
{
	struct rd r = rd_init(group.p, group.len);
	struct view v;
	uint16_t tag;
	bool good = true, has_suite = false;

	while (fz_next(&r, &tag, &v)) {
		if (record_take(RECORD_CHILD, tag, v, c, &good))
			continue;
		if (tag == TAG_LOCAL_TS)
			good &= get_ts(v, local, &c->n_local_ts);
		if (tag == TAG_REMOTE_TS)
			good &= get_ts(v, remote, &c->n_remote_ts);
		if (tag == TAG_ESP)
			has_suite = get_esp(v, &c->suite);
	}
	if (c->state == CHILD_DELETING)
		c->why = ST_END_REKEYED; /* most likely; whatever it was, it goes */
	return good && rd_ok(&r) && has_suite && c->spi_in > 255 && c->n_local_ts > 0 &&
	       c->n_remote_ts > 0 && c->state <= CHILD_RETIRED;
}

static enum status get_grant(struct view group, struct kept_grant **out)
{
	struct ike_grant whole = {0}, *g = &whole;
	struct rd r = rd_init(group.p, group.len);
	struct view v;
	uint16_t tag;
	bool good = true;

	while (fz_next(&r, &tag, &v)) {
		if (record_take(RECORD_GRANT, tag, v, g, &good))
			continue;
		if (tag == TAG_DNS && g->n_dns < ARRAY_LEN(g->dns))
			g->dns[g->n_dns++] = fz_get_addr(v);
		if (tag == TAG_NBNS && g->n_nbns < ARRAY_LEN(g->nbns))
			g->nbns[g->n_nbns++] = fz_get_addr(v);
		if (tag == TAG_SUBNET && g->n_subnets < ARRAY_LEN(g->subnets))
			g->subnets[g->n_subnets++] = fz_get_prefix(v);
		if (tag == TAG_REMOTE && g->n_remote < ARRAY_LEN(g->remote))
			g->remote[g->n_remote++] = fz_get_prefix(v);
	}
	return good && rd_ok(&r) ? grant_keep(g, out) : ST_BAD_PAYLOAD;
}

static enum status get_kept(struct view v, struct window_in *in)
{
	struct rd r = rd_init(v.p, v.len);
	uint32_t msgid = rd_u32(&r);
	struct view bytes = rd_rest(&r);

	if (!rd_ok(&r) || bytes.len == 0 || bytes.len > DATAGRAMS_MAX)
		return ST_BAD_PAYLOAD;
	return window_in_restore(in, msgid, bytes);
}

static enum status get_request(struct view v, struct window_request *r)
{
	if (v.len == 0 || v.len > DATAGRAMS_MAX || r->bytes != NULL)
		return ST_BAD_PAYLOAD;
	r->bytes = mem_dup(v.p, v.len);
	r->len = v.len;
	return r->bytes != NULL ? ST_OK : ST_NOMEM;
}

static enum status add_child(struct ike_sa *sa, struct view group)
{
	struct ts local[IKE_TS_MAX], remote[IKE_TS_MAX];
	struct ike_child c = {0}, *child;

	if (!get_child(group, &c, local, remote))
		return ST_BAD_PAYLOAD;
	if (ike_find_child(sa->ike, c.spi_in) != NULL)
		return ST_EXISTS;
	child = child_new(sa, c.spi_in);
	if (child == NULL)
		return ST_NOMEM;
	/* Everything but the links, which point into the child itself. */
	c.node = child->node;
	c.by_spi = child->by_spi;
	c.sa = sa;
	c.is_installed = true;
	*child = c;
	if (child->state == CHILD_RETIRED)
		sa->n_children--;
	return child_set_ts(child, local, c.n_local_ts, remote, c.n_remote_ts);
}

static enum status get_wish(struct ike_sa *sa, struct view group)
{
	struct rd r = rd_init(group.p, group.len);
	struct wish w = {0};
	struct view v;
	uint16_t tag;
	bool good = true;

	while (fz_next(&r, &tag, &v)) {
		if (tag == TAG_NUMBER)
			w.number = fz_get_u8(v);
		if (tag == TAG_RESTS)
			w.rests = fz_get_u8(v) != 0;
		if (tag == TAG_LOCAL_TS)
			good &= get_ts(v, w.local_ts, &w.n_local_ts);
		if (tag == TAG_REMOTE_TS)
			good &= get_ts(v, w.remote_ts, &w.n_remote_ts);
	}
	good &= rd_ok(&r) && w.number != 0 && w.n_local_ts > 0 && w.n_remote_ts > 0 &&
		wish_find(sa, w.number) == NULL;
	return good ? wish_add(sa, &w) : ST_BAD_PAYLOAD;
}

static bool take_bytes(struct view v, void *out, size_t cap, uint16_t *len)
{
	if (v.len > cap)
		return false;
	memcpy(out, v.p, v.len);
	*len = (uint16_t)v.len;
	return true;
}

/* What the additional key exchanges of one of ours have come to: where its last request was one. */
static bool get_followups(struct exchange *x, uint16_t tag, struct view v)
{
	struct followups *f = &x->more;

	switch (tag) {
	case TAG_NR:
		return take_bytes(v, x->nr, sizeof(x->nr), &x->nr_len);
	case TAG_SECRET:
		return take_bytes(v, x->secret, sizeof(x->secret), &x->secret_len);
	case TAG_MORE:
		return take_bytes(v, f->secrets, sizeof(f->secrets), &f->secrets_len);
	case TAG_LINK:
		return take_bytes(v, f->link, sizeof(f->link), &f->link_len);
	case TAG_SUITE:
		return record_get_suite(v, &x->suite);
	case TAG_ESP:
		return get_esp(v, &x->child.suite);
	default:
		return true;
	}
}

static bool are_sound_followups(const struct exchange *x)
{
	const struct followups *f = &x->more;

	if (f->step == 0)
		return f->n <= ADDKE_MAX;
	return f->n <= ADDKE_MAX && f->step <= f->n && x->group == f->groups[f->step - 1] &&
	       x->nr_len >= NONCE_MIN &&
	       (x->kind == X_REKEY_IKE ? x->suite.encr != NULL && x->spi_peer != 0
				       : x->child.suite.encr != NULL && x->child.spi_peer != 0);
}

static enum status get_exchange(struct ike_sa *sa, struct view group)
{
	struct rd r = rd_init(group.p, group.len);
	struct exchange *x = sa->mine == NULL ? exchange_thaw(sa) : NULL;
	struct view v;
	uint16_t tag;
	bool good = true;

	if (x == NULL)
		return sa->mine != NULL ? ST_BAD_PAYLOAD : ST_NOMEM;
	while (fz_next(&r, &tag, &v)) {
		if (record_take(RECORD_EXCHANGE, tag, v, x, &good))
			continue;
		if (tag == TAG_NI)
			good &= take_bytes(v, x->ni, sizeof(x->ni), &x->ni_len);
		if (tag == TAG_PRIVATE)
			good &= take_bytes(v, x->private_key, sizeof(x->private_key), &x->private_len);
		if (tag == TAG_PUBLIC)
			good &= take_bytes(v, x->public_key, sizeof(x->public_key), &x->public_len);
		if (tag == TAG_LOCAL_TS)
			good &= get_ts(v, x->child.ts_i, &x->child.n_ts_i);
		if (tag == TAG_REMOTE_TS)
			good &= get_ts(v, x->child.ts_r, &x->child.n_ts_r);
		good &= get_followups(x, tag, v);
	}
	if (x->more.step > 0)
		x->state = XS_I_MORE_WAIT;
	good &= rd_ok(&r) && are_sound_followups(x) && x->ni_len >= NONCE_MIN && x->rival_nonce_len <= sizeof(x->rival_nonce) &&
		x->kind <= X_REKEY_IKE && (x->group == 0 || suite_find(XF_DH, x->group, 0) != NULL) &&
		(x->kind != X_REKEY_IKE || (x->group != 0 && x->spi_ours != 0)) &&
		(x->kind == X_REKEY_IKE || (x->child.spi_ours > 255 && x->child.n_ts_i != 0));
	if (good && x->kind == X_REKEY_IKE)
		exchange_promise(x);
	return good ? ST_OK : ST_BAD_PAYLOAD;
}

static enum status get_why(struct view v, enum status *out)
{
	char token[64];

	if (!fz_get_str(v, token, sizeof(token)))
		return ST_BAD_PAYLOAD;
	*out = status_from_token(token);
	if (*out == ST__MAX || *out == ST_OK)
		*out = ST_INTERNAL;
	return ST_OK;
}

static enum status get_detail(struct view v, char **detail)
{
	char words[IKE_DETAIL_LEN];

	if (*detail != NULL || !fz_get_str(v, words, sizeof(words)))
		return ST_BAD_PAYLOAD;
	if (words[0] != '\0')
		*detail = mem_strdup(words);
	return words[0] == '\0' || *detail != NULL ? ST_OK : ST_NOMEM;
}

/* One field that the table does not have. */
static enum status take_other(struct ike_sa *sa, uint16_t tag, struct view v)
{
	switch (tag) {
	case TAG_DETAIL:
		return get_detail(v, &sa->detail);
	case TAG_SUITE:
		return record_get_suite(v, &sa->suite) ? ST_OK : ST_BAD_PAYLOAD;
	case TAG_KEPT:
		return get_kept(v, &sa->in);
	case TAG_REQUEST:
		return get_request(v, &sa->out.lane[LANE_EXCHANGE]);
	case TAG_REQUEST_INFO:
		return get_request(v, &sa->out.lane[LANE_INFO]);
	case TAG_TICKET:
		return ticket_desk_thaw(sa, v);
	case TAG_WHY:
		return get_why(v, &sa->why);
	case TAG_CLOSE_WHY:
		return get_why(v, &sa->close_why);
	case TAG_GRANT:
		return sa->grant == NULL ? get_grant(v, &sa->grant) : ST_BAD_PAYLOAD;
	case TAG_CHILD:
		return add_child(sa, v);
	case TAG_WISH:
		return get_wish(sa, v);
	case TAG_EXCHANGE:
		return get_exchange(sa, v);
	default:
		return ST_OK; /* of a newer main (rollback) */
	}
}

static bool is_sound_window(const struct ike_sa *sa)
{
	for (size_t i = 0; i < LANES; i++) {
		const struct window_request *r = &sa->out.lane[i];

		if ((r->kind != REQ_NONE) != (r->bytes != NULL) || r->kind >= REQ_KINDS ||
			(r->kind != REQ_NONE && (window_lane_of(r->kind) != i || r->msgid >= sa->out.next)))
			return false;
	}
	return sa->in.size <= WINDOW_MAX && sa->out.size <= WINDOW_MAX &&
	       sa->in.missing < 1u << WINDOW_MAX &&
	       (sa->mine == NULL ||
		       window_out_has(&sa->out, sa->mine->more.step > 0 ? REQ_FOLLOWUP : REQ_CREATE));
}

/* Nothing in a record may lead outside of what the code takes for granted. */
static bool is_sound(const struct ike_sa *sa)
{
	const struct ike_suite *s = &sa->suite;

	return s->encr != NULL && sa->number != 0 && sa->spi_i != 0 && sa->spi_r != 0 &&
	       sa->up_ms != 0 &&
	       sa->keys->d_len == s->prf->key_len &&
	       sa->keys->e_len == s->encr->key_len + s->encr->salt_len &&
	       sa->keys->a_len == (s->integ != NULL ? s->integ->key_len : 0) &&
	       is_sound_window(sa) && sa->frag.form <= FRAG_CISCO &&
	       (sa->frag.mtu == 0 || (sa->frag.mtu >= 68 && sa->frag.mtu <= 1500)) &&
	       (sa->grant != NULL || sa->why != ST_OK);
}

static enum status take_words(struct ike_sa *sa, const struct sa_words *w)
{
	enum status st = kept_id_set(&sa->my_id, &w->my_id);

	if (st == ST_OK)
		st = kept_id_set(&sa->peer_id, &w->peer_id);
	if (st == ST_OK)
		st = text_set(&sa->user, w->user);
	if (st == ST_OK)
		st = text_set(&sa->profile, w->profile);
	return st == ST_OK ? text_set(&sa->ipsec_profile, w->ipsec_profile) : st;
}

/* What the SA keeps in its own memory, as wide as a record may have it. */
struct wide {
	struct sa_words words;
	struct ike_keys keys;
	struct mobike_peer peer;
};

static bool take_wide(struct wide *to, uint16_t tag, struct view v, bool *good)
{
	return record_take(RECORD_WORDS, tag, v, &to->words, good) || record_take(RECORD_KEYS, tag, v, &to->keys, good) ||
	       record_take(RECORD_MOBIKE, tag, v, &to->peer, good);
}

static enum status take_peer(struct ike_sa *sa, const struct mobike_peer *peer)
{
	if (!sa->mobike.is_on || !sa->mobike.decides)
		return ST_OK;
	sa->mobike.peer = mem_dup(peer, sizeof(*peer));
	return sa->mobike.peer != NULL ? ST_OK : ST_NOMEM;
}

static enum status read_record(struct ike_sa *sa, struct view rec)
{
	struct wide wide = {0};
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	bool good = true;
	enum status st = fz_open_record(rec, &kind, &version, &fields);

	if (st == ST_OK && (kind != KEEP_IKE || version != RECORD_VERSION))
		st = ST_BAD_PAYLOAD;
	while (st == ST_OK && fz_next(&fields, &tag, &v))
		if (!record_take(RECORD_SA, tag, v, sa, &good) && !take_wide(&wide, tag, v, &good))
			st = take_other(sa, tag, v);
	*sa->keys = wide.keys;
	ike_keys_shorten(&sa->keys);
	keys_wipe(&wide.keys);
	if (st == ST_OK && (!good || !is_sound(sa) || wide.words.my_id.len > IKE_ID_LEN || wide.words.peer_id.len > IKE_ID_LEN))
		st = ST_BAD_PAYLOAD;
	if (st == ST_OK)
		st = take_words(sa, &wide.words);
	return st == ST_OK ? take_peer(sa, &wide.peer) : st;
}

/* ---- coming back ----------------------------------------------------------------------------- */

void ike_skip_numbers(struct ike *ike, uint64_t last)
{
	if (last > ike->last_number)
		ike->last_number = last;
}

/* In the order of numbers, as ike_next_info promises. */
static void insert_by_number(struct ike *ike, struct ike_sa *sa)
{
	struct list *at = ike->sas.prev;

	while (at != &ike->sas && CONTAINER_OF(at, struct ike_sa, node)->number > sa->number)
		at = at->prev;
	list_add_before(at->next, &sa->node);
	ike_skip_numbers(ike, sa->number);
}

/* Counts and tables as sa_enter_up leaves them; nobody is told: nothing happened. */
static void resume_up(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	sa->is_up = true;
	ike->guard.established++;
	map_add(&ike->by_peer, &sa->by_peer,
		auth_peer_hash(ike, sa->peer_id, sa->profile));
	work_arm(sa);
	sa_arm_dpd(sa);
	keepalive_arm(sa);
	ticket_desk_arm(sa);
	/* What was on its way is sent again; what was wanted is wanted. */
	sa_arm(sa, &sa->work_timer, ike_now(ike));
}

static void resume(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	insert_by_number(ike, sa);
	map_add(&ike->by_number, &sa->by_number, hash_u64(sa->number));
	map_add(&ike->by_spi, &sa->by_spi, hash_u64(sa_spi_local(sa)));
	sa->has_keys = true;
	sa->in.new_ms = ike_now(ike); /* or a little earlier */
	/* Our request may or may not have gone out: its repetition starts again. */
	for (size_t i = 0; i < LANES; i++)
		window_alive(&sa->out.lane[i]);
	sa_arm_request(sa);
	/* A rekeyed one is the peer's to delete, unless our DELETE is out already. */
	bool is_replaced = sa->why == ST_END_REKEYED && !window_out_has(&sa->out, REQ_DELETE);

	sa_resume(sa, sa->why == ST_OK ? SA_UP : is_replaced ? SA_REPLACED : SA_DELETING);
	if (sa->why == ST_OK)
		resume_up(sa);
	else if (!is_replaced)
		info_send_delete(sa);
}

enum status ike_thaw(struct ike *ike, struct view rec)
{
	struct ike_sa *sa = sa_alloc(ike);
	enum status st;

	if (sa == NULL)
		return ST_NOMEM;
	st = read_record(sa, rec);
	if (st == ST_OK && (ike_find_number(ike, sa->number) != NULL ||
				   ike_find_spi(ike, sa_spi_local(sa)) != NULL))
		st = ST_EXISTS;
	if (st != ST_OK) {
		sa_free(sa);
		return st;
	}
	ike_enter(ike);
	resume(sa);
	ike_settle(ike);
	return ST_OK;
}
