#include "core/ike/trace.h"

#include "core/ike/engine.h"
#include "core/ike/exchange.h"

unsigned trace_topic(enum trace_kind kind)
{
	switch (kind) {
	case TRACE_IN:
	case TRACE_OPENED:
	case TRACE_BUILT:
	case TRACE_OUT:
		return TRACE_PACKET;
	case TRACE_STATE:
	case TRACE_IGNORED:
		return TRACE_INTERNAL;
	case TRACE_DROPPED:
	case TRACE_FAILED:
		return TRACE_ERROR;
	case TRACE_GONE:
		break;
	}
	return 0;
}

static bool is_watched(const struct ike *ike, unsigned topics)
{
	return (ike->trace_topics & topics) != 0;
}

static void say(struct ike *ike, const struct ike_trace *t)
{
	ike->ports->trace(ike->ctx, t);
}

static struct ike_trace of_sa(enum trace_kind kind, const struct ike_sa *sa)
{
	return (struct ike_trace){
		.kind = kind,
		.sa = sa->number,
		.local = sa->local,
		.remote = sa->remote,
		.peer_id = sa->peer_id,
		.detail = "",
	};
}

/* sa may be NULL. */
static struct ike_trace of_msg(enum trace_kind kind, const struct ike_sa *sa, const struct msg_in *m)
{
	return (struct ike_trace){
		.kind = kind,
		.sa = sa != NULL ? sa->number : 0,
		.local = *m->local,
		.remote = *m->remote,
		.peer_id = sa != NULL ? sa->peer_id : NULL,
		.hdr = &m->hdr,
		.p = &m->p,
		.len = m->raw.len,
		.detail = "",
	};
}

/* Whom a message claims to belong to. */
static const struct ike_sa *claimed(const struct ike *ike, const struct ike_hdr *h)
{
	uint64_t ours = ike_hdr_is_from_initiator(h) ? h->spi_r : h->spi_i;

	return ours != 0 ? ike_find_spi(ike, ours) : NULL;
}

void trace_in(struct ike *ike, const struct msg_in *m, enum status st)
{
	struct ike_trace t;

	if (!is_watched(ike, TRACE_PACKET))
		return;
	t = of_msg(TRACE_IN, claimed(ike, &m->hdr), m);
	t.status = st;
	say(ike, &t);
}

void trace_opened(struct ike_sa *sa, const struct msg_in *m, enum status st)
{
	struct ike_trace t;

	if (!is_watched(sa->ike, TRACE_PACKET))
		return;
	t = of_msg(TRACE_OPENED, sa, m);
	t.status = st;
	say(sa->ike, &t);
}

/* What was written stands in the buffer in the clear: header, for an SA's message the head of SK and
 * room for the IV, then the chain. */
static void say_built(struct ike *ike, const struct msg_out *o)
{
	struct rd r = rd_init(o->w.buf, o->w.len);
	struct ike_hdr hdr = {0};
	struct ike_payloads p = {0};
	struct ike_trace t = {.kind = TRACE_BUILT, .detail = ""};
	const struct ike_sa *sa = o->sa;

	hdr.spi_i = rd_u64(&r);
	hdr.spi_r = rd_u64(&r);
	hdr.next = rd_u8(&r);
	hdr.version = rd_u8(&r);
	hdr.exchange = rd_u8(&r);
	hdr.flags = rd_u8(&r);
	hdr.msgid = rd_u32(&r);
	rd_skip(&r, 4);
	if (sa != NULL) {
		hdr.next = rd_u8(&r);
		rd_skip(&r, PAYLOAD_HDR_LEN - 1 + sa->suite.encr->iv_len);
	} else {
		sa = ike_find_spi(ike, ike_hdr_is_from_initiator(&hdr) ? hdr.spi_i : hdr.spi_r);
	}
	if (sa != NULL)
		t = of_sa(TRACE_BUILT, sa);
	t.status = payloads_parse(hdr.next, rd_rest(&r), PAYLOADS_INNER, &p);
	t.hdr = &hdr;
	t.p = &p;
	t.len = o->w.len;
	say(ike, &t);
}

void trace_built(struct ike *ike, const struct msg_out *o)
{
	if (is_watched(ike, TRACE_PACKET) && wr_ok(&o->w))
		say_built(ike, o);
}

void trace_out(struct ike *ike, struct ike_sa *sa, const struct endpoint *local,
	const struct endpoint *remote, struct view msg)
{
	struct ike_trace t;
	struct ike_hdr hdr;

	if (!is_watched(ike, TRACE_PACKET) || ike_hdr_parse(msg, &hdr) != ST_OK)
		return;
	t = sa != NULL ? of_sa(TRACE_OUT, sa) : (struct ike_trace){.kind = TRACE_OUT, .detail = ""};
	t.local = *local;
	t.remote = *remote;
	t.hdr = &hdr;
	t.len = msg.len;
	say(ike, &t);
}

void trace_drop(struct ike *ike, struct ike_sa *sa, const struct msg_in *m, enum status st)
{
	struct ike_trace t;

	stats_status(ike->stats, st);
	if (!is_watched(ike, TRACE_ERROR))
		return;
	t = of_msg(TRACE_DROPPED, sa, m);
	t.status = st;
	say(ike, &t);
}

void trace_state(struct ike_sa *sa, const char *what, const char *from, const char *to)
{
	struct ike_trace t;

	if (!is_watched(sa->ike, TRACE_INTERNAL))
		return;
	t = of_sa(TRACE_STATE, sa);
	t.what = what;
	t.from = from;
	t.to = to;
	say(sa->ike, &t);
}

void trace_ignored(struct ike_sa *sa, const char *what)
{
	struct ike_trace t;

	if (!is_watched(sa->ike, TRACE_INTERNAL))
		return;
	t = of_sa(TRACE_IGNORED, sa);
	t.what = what;
	t.from = sa_state_info(sa->state)->name;
	say(sa->ike, &t);
}

static const char *x_word(const char *const *names, size_t n, unsigned i)
{
	return i < n && names[i] != NULL ? names[i] : "?";
}

void trace_exchange(const struct exchange *x, unsigned event, unsigned from, unsigned to)
{
	static const char *const events[X_EVENTS] = {
		[XE_START] = "CHILD_START", [XE_START_KE] = "CHILD_START_KE",
		[XE_REQUEST] = "CHILD_REQUEST", [XE_REQUEST_KE] = "CHILD_REQUEST_KE",
		[XE_JOB] = "CHILD_JOB", [XE_JOB_MORE] = "CHILD_JOB_MORE",
		[XE_JOB_EARLY] = "CHILD_JOB_EARLY", [XE_TURN] = "CHILD_TURN",
		[XE_FOLLOWUP] = "CHILD_FOLLOWUP", [XE_FREE] = "CHILD_FREE", [XE_REPLY] = "CHILD_REPLY", [XE_REPLY_KE] = "CHILD_REPLY_KE",
		[XE_OTHER_GROUP] = "CHILD_OTHER_GROUP", [XE_REFUSED] = "CHILD_REFUSED",
		[XE_TIMEOUT] = "CHILD_TIMEOUT",
	};
	static const char *const states[X_STATES] = {
		[XS_NEW] = "CHILD_NEW", [XS_I_DH] = "CHILD_I_DH", [XS_I_WAIT] = "CHILD_I_WAIT",
		[XS_I_SECRET] = "CHILD_I_SECRET", [XS_I_HELD] = "CHILD_I_HELD", [XS_I_MORE_DH] = "CHILD_I_MORE_DH",
		[XS_I_MORE_WAIT] = "CHILD_I_MORE_WAIT", [XS_R_MORE_WAIT] = "CHILD_R_MORE_WAIT",
		[XS_R_DH] = "CHILD_R_DH",
		[XS_R_SECRET] = "CHILD_R_SECRET", [XS_DONE] = "CHILD_DONE",
		[XS_FAILED] = "CHILD_FAILED",
	};

	trace_state(x->sa, x_word(events, X_EVENTS, event), x_word(states, X_STATES, from),
		x_word(states, X_STATES, to));
}

void trace_failed(struct ike_sa *sa, enum status st)
{
	struct ike_trace t;

	if (!is_watched(sa->ike, TRACE_ERROR))
		return;
	t = of_sa(TRACE_FAILED, sa);
	t.status = st;
	say(sa->ike, &t);
}

static bool is_wanted(enum status st)
{
	switch (st) {
	case ST_OK:
	case ST_END_PEER:
	case ST_END_ADMIN:
	case ST_END_DISCONNECT:
	case ST_END_UNAUTHORIZED:
	case ST_END_LIFETIME:
	case ST_END_REPLACED:
	case ST_END_SHUTDOWN:
	case ST_END_REKEYED:
	case ST_END_REDUNDANT:
		return true;
	default:
		return false;
	}
}

void trace_event(struct ike *ike, const struct ike_event *ev)
{
	if (!is_watched(ike, TRACE_ERROR) || is_wanted(ev->status))
		return;
	say(ike, &(struct ike_trace){
		.kind = TRACE_FAILED,
		.sa = ev->sa,
		.local = ev->local,
		.remote = ev->remote,
		.peer_id = ev->peer_id,
		.status = ev->status,
		.detail = ev->detail,
	});
}

void trace_gone(struct ike_sa *sa)
{
	struct ike_trace t;

	if (!is_watched(sa->ike, TRACE_ALL))
		return;
	t = of_sa(TRACE_GONE, sa);
	say(sa->ike, &t);
}
