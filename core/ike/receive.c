#include "core/ike/receive.h"

#include "core/base/mem.h"
#include "core/ike/auth_i.h"
#include "core/ike/auth_r.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/freeze.h"
#include "core/ike/info.h"
#include "core/ike/init_i.h"
#include "core/ike/init_r.h"
#include "core/ike/notice.h"
#include "core/ike/payload_table.h"
#include "core/ike/qcd.h"
#include "core/ike/redirect.h"
#include "core/ike/reassemble.h"
#include "core/ike/resume_i.h"
#include "core/ike/trace.h"
#include "core/ike/work.h"

/* ---- outside of any SA ------------------------------------------------------------------------- */

#define NOTIFY_LEN 8 /* a notify payload without data */

/* An unprotected notify to a request that we cannot do anything with. Rarely (RFC 7296 2.21.4), and
 * never longer than what caused it. */
static void refuse(struct ike *ike, const struct msg_in *m, uint16_t type, struct view data)
{
	if (ike_hdr_is_response(&m->hdr) || m->raw.len < IKE_HDR_LEN + NOTIFY_LEN + data.len)
		return;
	if (limiter_take(&ike->notifies, ike_now(ike)))
		init_r_refuse(ike, m, type, data);
	else
		stats_inc(ike->stats, CT_IKE_REFUSALS_LIMITED);
}

/* An exchange that makes an IKE SA. */
static bool is_first(uint8_t exchange)
{
	return exchange == EX_IKE_SA_INIT || exchange == EX_IKE_SESSION_RESUME;
}

static void on_broken(struct ike *ike, const struct msg_in *m, enum status st)
{
	trace_drop(ike, NULL, m, st);
	/* RFC 7296 2.5: a higher major version is told ours. */
	if (st == ST_BAD_VERSION && m->hdr.version >> 4 > 2)
		refuse(ike, m, N_INVALID_MAJOR_VERSION, (struct view){0});
	else if (st == ST_CRITICAL && is_first(m->hdr.exchange) && m->hdr.spi_r == 0)
		refuse(ike, m, N_UNSUPPORTED_CRITICAL_PAYLOAD,
			(struct view){&m->p.unknown_critical, 1});
}

/* Both SPIs and the role bit must be those of the SA. */
static struct ike_sa *find_sa(struct ike *ike, const struct ike_hdr *h)
{
	bool from_initiator = ike_hdr_is_from_initiator(h);
	struct ike_sa *sa = ike_find_spi(ike, from_initiator ? h->spi_r : h->spi_i);

	if (sa == NULL || sa->is_initiator == from_initiator)
		return NULL;
	return sa_spi_remote(sa) == (from_initiator ? h->spi_i : h->spi_r) ? sa : NULL;
}

static void on_init(struct ike *ike, const struct msg_in *m)
{
	struct ike_sa *sa;

	if (!ike_hdr_is_response(&m->hdr)) {
		if (m->hdr.spi_r == 0)
			init_r_on_request(ike, m);
		else
			trace_drop(ike, NULL, m, ST_BAD_SPI);
		return;
	}
	sa = ike_find_spi(ike, m->hdr.spi_i);
	if (sa == NULL || !sa->is_initiator)
		trace_drop(ike, NULL, m, ST_BAD_SPI);
	else if (m->hdr.exchange == EX_IKE_SESSION_RESUME)
		resume_i_on_reply(sa, m);
	else
		init_i_on_reply(sa, m);
}

/* ---- of an SA ------------------------------------------------------------------------------------ */

void receive_follow(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote)
{
	if (sa->state != SA_UP || !sa->nat_remote || endpoint_eq(&sa->remote, remote) ||
		remote->vrf != sa->remote.vrf || remote->addr.family != sa->remote.addr.family)
		return;
	/* Who does MOBIKE says where it is, and proves it; only its port may change without a word. */
	if (sa->mobike.is_on && (sa->mobike.decides || !addr_eq(&remote->addr, &sa->remote.addr)))
		return;
	sa->remote = *remote;
	sa->local = *local;
	mobike_followed(sa);
	LIST_EACH(at, &sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->is_installed)
			sa->ike->ports->move(sa->ike->ctx, c->spi_in, &sa->local, &sa->remote, c->udp_encap);
	}
	ike_keep_counted(sa);
	sa_tell(sa, IKE_EV_PEER_MOVED, NULL);
}

/* RFC 4555 3.8: with MOBIKE an IKE message moves nothing but by what it says. */
static void follow_message(struct ike_sa *sa, const struct msg_in *m)
{
	if (!sa->mobike.is_on)
		receive_follow(sa, m->local, m->remote);
}

static enum sa_event_kind request_event(const struct ike_sa *sa, const struct msg_in *m, bool deletes_ike)
{
	switch (m->hdr.exchange) {
	case EX_IKE_AUTH:
		return auth_r_request_event(sa, &m->p);
	case EX_CREATE_CHILD_SA:
	case EX_IKE_FOLLOWUP_KE:
		return SE_CHILD_REQUEST;
	case EX_IKE_INTERMEDIATE:
		return SE_INTERMEDIATE_REQUEST;
	default:
		return deletes_ike ? SE_DELETE_REQUEST : SE_INFO_REQUEST;
	}
}

/* A session without children, and none in sight, is over. */
static void close_if_empty(struct ike_sa *sa, enum status why)
{
	if (sa_is_spent(sa))
		sa_event(sa, SE_CLOSE, why);
}

/* The peer has not authenticated, and its next IKE_AUTH message is due. */
static bool awaits_auth(const struct ike_sa *sa)
{
	return sa->state == SA_R_AUTH || sa->state == SA_R_EAP || sa->state == SA_R_FINAL || sa->state == SA_R_NEXT;
}

/* st: how opening and parsing went; the message is authentic. */
static void on_request(struct ike_sa *sa, const struct msg_in *m, enum status st)
{
	enum message_kind kind = message_kind(&m->hdr, &m->p);
	struct sa_event ev = {.msg = m};
	bool deletes_ike = false;

	if (kind == MESSAGE_KINDS) {
		trace_drop(sa->ike, sa, m, ST_BAD_EXCHANGE);
		return;
	}
	/* Nothing but what comes next is answered to a peer that has not authenticated. */
	if ((awaits_auth(sa) && m->hdr.exchange != EX_IKE_AUTH) ||
		(sa->state == SA_R_INTERMEDIATE && m->hdr.exchange != EX_IKE_INTERMEDIATE)) {
		trace_drop(sa->ike, sa, m, ST_BAD_STATE);
		return;
	}
	if (st == ST_OK)
		st = payloads_judge(kind, &m->p);
	/* Who has not said who it is, has nothing to end. */
	if (st == ST_OK && kind == MK_AUTH_FINAL && sa->state != SA_R_EAP && sa->state != SA_R_FINAL)
		st = ST_BAD_EXCHANGE;
	if (st == ST_OK && kind == MK_INFO)
		st = info_judge(&m->p, &deletes_ike);
	if (kind == MK_CHILD_REQUEST || kind == MK_FOLLOWUP_REQUEST || kind == MK_INFO)
		stats_inc(sa->ike->stats, kind == MK_INFO ? CT_IKE_INFO_IN : CT_IKE_CHILD_IN);
	ev.status = st;
	if (st == ST_CRITICAL)
		ev.kind = SE_CRITICAL;
	else
		ev.kind = st == ST_OK ? request_event(sa, m, deletes_ike) : SE_BAD_REQUEST;
	if (ev.kind == SE_INFO_REQUEST)
		ev.kind = redirect_i_info_event(sa, &m->p);
	(void)sa_dispatch(sa, &ev);
	close_if_empty(sa, ST_END_PEER);
}

static void on_new_request(struct ike_sa *sa, const struct msg_in *m, enum status st)
{
	struct ike *ike = sa->ike;
	switch (window_in_judge(&sa->in, m->hdr.msgid)) {
	case WIN_NEW:
		sa->in.new_ms = ike_now(ike);
		dpd_heard(&sa->dpd, ike_now(ike));
		on_request(sa, m, st);
		/* Only a message that used up its ID proves where the peer is: another may be a copy
		 * that somebody sends again from elsewhere. */
		if (window_in_judge(&sa->in, m->hdr.msgid) != WIN_NEW)
			follow_message(sa, m);
		sa_arm_dpd(sa);
		if (sa->state == SA_UP)
			work_arm(sa); /* its reply is kept for some time */
		return;
	case WIN_REPEAT:
		stats_inc(ike->stats, CT_IKE_RETRANS_IN);
		sa_send_to(sa, m->local, m->remote, window_in_kept(&sa->in, m->hdr.msgid));
		return;
	case WIN_BUSY:
		return;
	case WIN_OUTSIDE:
		trace_drop(ike, sa, m, ST_BAD_MSGID);
		return;
	}
}

static uint8_t exchange_of(uint8_t kind)
{
	return kind == REQ_AUTH		  ? EX_IKE_AUTH
	       : kind == REQ_CREATE	  ? EX_CREATE_CHILD_SA
	       : kind == REQ_FOLLOWUP	  ? EX_IKE_FOLLOWUP_KE
	       : kind == REQ_INTERMEDIATE ? EX_IKE_INTERMEDIATE
					  : EX_INFORMATIONAL;
}

static void on_reply(struct ike_sa *sa, const struct msg_in *m, enum status st)
{
	struct ike *ike = sa->ike;
	enum message_kind kind = message_kind(&m->hdr, &m->p);
	struct window_request *r = window_out_find(&sa->out, m->hdr.msgid);
	struct sa_event ev = {.msg = m};

	/* Late ones and those to another exchange than the open one. */
	if (r == NULL || m->hdr.exchange != exchange_of(r->kind)) {
		trace_drop(ike, sa, m, ST_BAD_MSGID);
		return;
	}
	dpd_heard(&sa->dpd, ike_now(ike));
	follow_message(sa, m);
	if (st == ST_OK)
		st = payloads_judge(kind, &m->p);
	ev.lane = window_lane_of(r->kind);
	if (r->kind == REQ_CREATE || r->kind == REQ_FOLLOWUP) {
		ev.kind = SE_CHILD_REPLY;
		ev.status = st;
	} else if (r->kind == REQ_INTERMEDIATE) {
		ev.kind = st == ST_OK ? SE_INTERMEDIATE_REPLY : SE_BAD_REPLY;
		ev.status = st;
	} else if (r->kind != REQ_AUTH) {
		/* Whatever it says, the peer lives and has answered. */
		if (st != ST_OK)
			stats_status(ike->stats, st);
		ev.kind = SE_INFO_REPLY;
	} else {
		ev.kind = st != ST_OK ? SE_BAD_REPLY : auth_i_reply_event(sa, &m->p);
		ev.status = st;
	}
	(void)sa_dispatch(sa, &ev);
	close_if_empty(sa, ST_END_LIFETIME); /* the last one was ours to delete */
}

static void on_protected(struct ike_sa *sa, const struct ike_message *parsed, struct msg_in *m)
{
	struct ike *ike = sa->ike;
	bool is_authentic = false;
	enum status st;

	if (!sa->has_keys) {
		trace_drop(sa->ike, sa, m, ST_BAD_STATE);
		return;
	}
	st = reassemble_open(sa, parsed, m, &is_authentic);
	if (st == ST_PENDING)
		return;
	if (!is_authentic) {
		trace_drop(sa->ike, sa, m, st);
		return;
	}
	trace_opened(sa, m, st);
	if (ike_hdr_is_response(&m->hdr))
		on_reply(sa, m, st);
	else
		on_new_request(sa, m, st);
	if (m->hdr.exchange == EX_IKE_AUTH) /* EAP: it may be a password (GTC) */
		mem_zero(ike->plain, m->plain.len);
}

void receive(struct ike *ike, const struct endpoint *local, const struct endpoint *remote,
	struct view raw)
{
	struct ike_message parsed;
	struct msg_in m = {.raw = raw, .local = local, .remote = remote};
	enum status st = ike_message_parse(raw, &parsed);
	struct ike_sa *sa;

	m.hdr = parsed.hdr;
	m.p = parsed.p;
	trace_in(ike, &m, st);
	if (st != ST_OK) {
		on_broken(ike, &m, st);
		return;
	}
	if (is_first(m.hdr.exchange)) {
		on_init(ike, &m);
		return;
	}
	sa = find_sa(ike, &m.hdr);
	if (sa != NULL) {
		if (m.p.sk_type != 0 || !notice_on_plain(sa, &m))
			on_protected(sa, &parsed, &m);
		return;
	}
	if (notice_on_stray(ike, &m))
		return;
	trace_drop(ike, NULL, &m, ST_BAD_SPI);
	if (!qcd_show(ike, &m))
		refuse(ike, &m, N_INVALID_IKE_SPI, (struct view){0});
}
