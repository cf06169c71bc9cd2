#include "cmd/wire_tell.h"

#include <string.h>

#include "cmd/wire_client.h"
#include "cmd/wire_logins.h"
#include "cmd/wire_session.h"
#include "cmd/wire_state.h"
#include "core/base/log.h"
#include "core/ike/id_text.h"
#include "core/session/session.h"
#include "db/store.h"
#include "modules/loop/loop.h"

/* What each kind of event is in the log, and whether it is a failure to be explained. */
static const struct {
	enum event event;
	bool is_failure;
	bool ends_session;
} rows[] = {
	[IKE_EV_INIT_FAILED] = {EV_IKE_INIT_FAILED, true, false},
	[IKE_EV_AUTH_FAILED] = {EV_IKE_AUTH_FAILED, true, true},
	[IKE_EV_SA_UP] = {EV_IKE_SA_UP, false, false},
	[IKE_EV_SA_DOWN] = {EV_IKE_SA_DOWN, false, true},
	[IKE_EV_CHILD_UP] = {EV_CHILD_UP, false, false},
	[IKE_EV_CHILD_DOWN] = {EV_CHILD_DOWN, false, false},
	[IKE_EV_CHILD_FAILED] = {EV_CHILD_FAILED, true, false},
	[IKE_EV_SA_REKEYED] = {EV_IKE_REKEYED, false, false},
	[IKE_EV_REKEY_FAILED] = {EV_REKEY_FAILED, true, false},
	[IKE_EV_REDIRECTED] = {EV_REDIRECTED, false, false},
	[IKE_EV_REDIRECT_SENT] = {EV_REDIRECT_SENT, false, false},
	[IKE_EV_PEER_MOVED] = {EV_PEER_MOVED, false, false},
	[IKE_EV_HALF_OPEN_LIMIT] = {EV_HALF_OPEN_LIMIT, false, false},
	[IKE_EV_REAUTH_DUE] = {EV_IKE_REAUTH_DUE, false, false},
};

static void log_event(enum event e, const struct ike_event *ev, const char *who)
{
	struct kv kv[12];
	char id[ULID_TEXT];
	size_t n = 0;
	kv[n++] = kv_ep("local", &ev->local);
	kv[n++] = kv_ep("remote", &ev->remote);
	if (ev->spi_i) {
		kv[n++] = kv_spi64("spi_i", ev->spi_i);
		kv[n++] = kv_spi64("spi_r", ev->spi_r);
	}
	if (who[0])
		kv[n++] = kv_str("identity", who);
	if (ev->profile && ev->profile[0])
		kv[n++] = kv_str("profile", ev->profile);
	if (!ulid_is_zero(&ev->session))
		kv[n++] = kv_str("session", ulid_format(&ev->session, id));
	if (ev->spi_in) {
		kv[n++] = kv_spi32("spi_in", ev->spi_in);
		kv[n++] = kv_spi32("spi_out", ev->spi_out);
	}
	if (ev->gateway)
		kv[n++] = kv_str("gateway", ev->detail);
	if (ev->status != ST_OK)
		kv[n++] = kv_status("status", ev->status);
	if (ev->status != ST_OK || (!ev->gateway && ev->detail && ev->detail[0]))
		kv[n++] = kv_str("reason", ev->detail && ev->detail[0] ? ev->detail :
									  status_words(ev->status));
	log_emit(e, kv, n);
}

static void put(char *out, size_t cap, const char *text)
{
	size_t len = text ? strnlen(text, cap - 1) : 0;
	if (len)
		memcpy(out, text, len);
	out[len] = 0;
}

static void store_it(struct wire *w, const struct ike_event *ev, const char *who)
{
	struct store_failure row = {.ms = (uint64_t)loop_wall_ms(), .status = ev->status};
	const char *vrf = snapshot_vrf_name(w->conf, ev->local.vrf);
	put(row.sentence, sizeof(row.sentence), ev->detail);
	put(row.vrf, sizeof(row.vrf), vrf);
	endpoint_format(&ev->local, row.local);
	endpoint_format(&ev->remote, row.remote);
	put(row.identity, sizeof(row.identity), who);
	put(row.profile, sizeof(row.profile), ev->profile);
	store_failure(w->store, &row);
	diagnose_add(&w->diagnose, loop_wall_ms(), ev);
}

void wire_tell(void *ctx, const struct ike_event *ev)
{
	struct wire *w = ctx;
	char who[STORE_IDENTITY] = "";
	if ((size_t)ev->kind >= sizeof(rows) / sizeof(rows[0]))
		return;
	if (ev->peer_id)
		id_text(ev->peer_id, who, sizeof(who));
	log_event(rows[ev->kind].event, ev, who);
	if (rows[ev->kind].is_failure)
		store_it(w, ev, who);
	if (ev->kind == IKE_EV_PEER_MOVED)
		wire_session_moved(w, &ev->session, &ev->local, &ev->remote);
	wire_client_tell(w, ev);
	wire_logins_tell(w, ev);
	if (rows[ev->kind].ends_session)
		wire_session_ended(w, ev);
}
