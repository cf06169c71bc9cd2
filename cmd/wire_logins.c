#include "cmd/wire_logins.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_client.h"
#include "cmd/wire_eap.h"
#include "core/base/log.h"
#include "core/conf/diff.h"
#include "modules/ctl/ctl.h"
#include "modules/loop/loop.h"

#define COMMAND_LEN (IKE_NAME_LEN + 64)

static void answered(void *ctx, uint64_t sa, enum status st, const struct logins_pair *p)
{
	struct wire *w = ctx;
	if (st == ST_OK)
		wire_client_asks(w, sa, false);
	wire_eap_given(w, sa, st, p);
}

static void told(void *ctx, void *caller, int code, const char *text)
{
	(code == 0 ? ctl_out : ctl_err)(caller, text, strlen(text));
	ctl_finish(caller, (uint8_t)code);
}

struct logins *wire_logins_new(struct wire *w)
{
	return logins_new(&(struct logins_ports){.answer = answered, .told = told, .ctx = w});
}

enum status wire_logins_ask(struct wire *w, const struct logins_question *q, struct logins_pair *out)
{
	char command[COMMAND_LEN];
	enum status st = logins_ask(w->logins, q, loop_now_ms(), out);
	struct logins_wish wish;
	if (st != ST_PENDING || !logins_waits(w->logins, q->sa, loop_now_ms(), &wish))
		return st;
	snprintf(command, sizeof(command), "sallyport crypto eap credentials %s", q->profile);
	LOG(EV_CREDENTIALS, kv_str("profile", q->profile),
	    kv_str("wants", wish.is_further ? "another answer" : wish.want_name ? "user name and password" : "password"),
	    kv_bytes("prompt", wish.prompt, strlen(wish.prompt)), kv_str("command", command),
	    kv_u64("seconds", LOGINS_WAIT_MS / 1000));
	wire_client_asks(w, q->sa, true);
	return st;
}

void wire_logins_tell(struct wire *w, const struct ike_event *ev)
{
	switch (ev->kind) {
	case IKE_EV_SA_UP: logins_ended(w->logins, ev->sa, ST_OK, ""); break;
	case IKE_EV_REDIRECTED: logins_ended(w->logins, ev->sa, ST_REDIRECTED, ""); break;
	case IKE_EV_INIT_FAILED:
	case IKE_EV_AUTH_FAILED:
	case IKE_EV_SA_DOWN: logins_ended(w->logins, ev->sa, ev->status, ev->detail); break;
	default: break; /* no login ends */
	}
}

void wire_logins_second(struct wire *w)
{
	logins_second(w->logins, loop_now_ms());
}

void wire_logins_configure(struct wire *w, const struct snapshot *s)
{
	struct conf_diff d;
	bool is_known = conf_diff(w->conf, s, &d) == ST_OK;
	/* For want of memory to compare them all are taken for changed. */
	for (size_t i = 0; !is_known && i < w->conf->profile_count; i++)
		logins_drop(w->logins, w->conf->profiles[i].name);
	for (size_t i = 0; is_known && i < d.n; i++)
		if (strcmp(d.v[i].object, "crypto ikev2 profile") == 0 && d.v[i].name)
			logins_drop(w->logins, d.v[i].name);
	conf_diff_fini(&d);
}
