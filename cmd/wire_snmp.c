#include "cmd/wire_snmp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_sample.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/ike/id_text.h"
#include "core/session/session.h"
#include "modules/coa/coa.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

_Static_assert(__builtin_strcmp(CONF_AGENTX, ASROOT_AGENTX_PATH) == 0,
	       "the path that the holder knows without being told");
_Static_assert(SNMP_QUEUE > WIRE_KEEP_RECORDS / 3, "all sessions fit into the queue at once");

/* ---- the master agent --------------------------------------------------------------------------- */

/* Said when it changes, shown as long as it lasts. */
static void refused(struct wire *w, const char *why)
{
	if (strcmp(w->snmp_why, why) == 0)
		return;
	snprintf(w->snmp_why, sizeof(w->snmp_why), "%s", why);
	LOG(EV_SNMP_MASTER, kv_str("state", "refused"), kv_str("socket", w->conf->own.agentx),
	    kv_str("reason", why));
}

static enum status port_connect(void *ctx, int *fd)
{
	struct wire *w = ctx;
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_AGENTX};
	const char *path = w->conf->own.agentx;
	if (!path || strlen(path) >= sizeof(rq.path))
		return ST_CONFIG;
	if (w->snmp_is_waiting)
		refused(w, "it does not answer");
	w->snmp_is_waiting = false;
	memcpy(rq.path, path, strlen(path) + 1);
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	switch (st) {
	case ST_OK:
		w->snmp_is_waiting = true;
		*fd = fds[0];
		break;
	case ST_NOT_FOUND: refused(w, "there is no such socket: snmpd needs `master agentx`"); break;
	case ST_AGAIN: refused(w, "it does not accept"); break;
	case ST_IO: refused(w, strerror(errno)); break;
	default: refused(w, status_words(st)); break;
	}
	return st;
}

static void on_event(void *ctx, const struct snmp_event *e)
{
	struct wire *w = ctx;
	const char *path = w->conf->own.agentx ? w->conf->own.agentx : "";
	switch (e->kind) {
	case SNMP_CONNECTED:
		w->snmp_is_waiting = false;
		w->snmp_why[0] = 0;
		LOG(EV_SNMP_MASTER, kv_str("state", "connected"), kv_str("socket", path));
		break;
	case SNMP_LOST: LOG(EV_SNMP_MASTER, kv_str("state", "lost"), kv_str("socket", path)); break;
	case SNMP_SAID: LOG(EV_SNMP_MASTER, kv_str("state", "complains"), kv_str("reason", e->text)); break;
	}
}

/* ---- cards -------------------------------------------------------------------------------------- */

#define INDEX_MAX 0x7fffffffu

#define INDEX_WAITS 0x40000000u

/* One that waits has no IKE SA, and the number of its last one may be given again by a new main. Of two that wait one may
 * hide the other: with a chance of one in 2^30 for each pair. */
uint32_t wire_snmp_index(const struct session *s)
{
	uint32_t random;
	memcpy(&random, s->ulid.b + sizeof(s->ulid.b) - sizeof(random), sizeof(random));
	return s->sa ? (uint32_t)((s->sa - 1) % INDEX_MAX) + 1 : INDEX_WAITS | (random & (INDEX_WAITS - 1));
}

static void put(char *out, size_t cap, const char *text)
{
	size_t len = text ? strnlen(text, cap - 1) : 0;
	if (len)
		memcpy(out, text, len);
	out[len] = 0;
}

static void card_of(const struct wire *w, const struct session *s, struct snmp_card *card)
{
	*card = (struct snmp_card){
		.index = wire_snmp_index(s), .is_initiator = s->we_are_initiator,
		.is_orphaned = s->orphaned != 0, .is_waiting = s->state == SESSION_WAITING, .local = s->local, .remote = s->remote,
		.start_ms = (int64_t)s->start_ms};
	ulid_format(&s->ulid, card->id);
	put(card->user, sizeof(card->user), s->username);
	id_text(s->peer_id, card->identity, sizeof(card->identity));
	put(card->profile, sizeof(card->profile), s->profile);
	put(card->policy, sizeof(card->policy), s->policy);
	put(card->vrf, sizeof(card->vrf), snapshot_vrf_name(w->conf, s->local.vrf));
	put(card->ivrf, sizeof(card->ivrf), s->ivrf);
	if (s->lease4)
		card->ip4 = s->grant->ip4;
	if (s->lease6) {
		card->ip6 = s->grant->ip6;
		card->ip6_len = s->grant->ip6_prefix_len;
	}
}

/* One whose client is on its way back has none: it will be another row. */
static bool has_row(const struct session *s)
{
	return s->state == SESSION_UP || (s->state == SESSION_WAITING && s->sa == 0);
}

static void port_all(void *ctx, struct snmp *snmp)
{
	struct wire *w = ctx;
	struct snmp_card card;
	for (struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		if (!has_row(s))
			continue;
		card_of(w, s, &card);
		snmp_again(snmp, &card);
	}
}

void wire_snmp_up(struct wire *w, const struct session *s)
{
	struct snmp_card card;
	if (!w->snmp)
		return;
	card_of(w, s, &card);
	snmp_up(w->snmp, &card);
}

void wire_snmp_moved(struct wire *w, const struct session *s)
{
	struct snmp_card card;
	if (!w->snmp)
		return;
	card_of(w, s, &card);
	snmp_changed(w->snmp, &card);
}

void wire_snmp_gone(struct wire *w, const struct session *s)
{
	if (w->snmp)
		snmp_gone(w->snmp, wire_snmp_index(s));
}

void wire_snmp_down(struct wire *w, enum status why, const struct snmp_traffic *total)
{
	if (w->snmp)
		snmp_down(w->snmp, why, total);
}

/* ---- samples ------------------------------------------------------------------------------------ */

void wire_snmp_count(struct wire *w)
{
	struct snmp_info info;
	if (!w->snmp)
		return;
	snmp_info(w->snmp, &info);
	stats_add(w->stats, CT_NOTIFY_SENT, info.notify_sent - w->snmp_sent);
	stats_add(w->stats, CT_NOTIFY_DROPPED, info.notify_dropped - w->snmp_dropped);
	w->snmp_sent = info.notify_sent;
	w->snmp_dropped = info.notify_dropped;
}

static struct snmp_radius_service service_of(const struct radius_counts *c, uint32_t open, uint32_t last_ms)
{
	return (struct snmp_radius_service){
		.round_trip_ms = last_ms, .pending = open, .requests = c->requests, .retransmits = c->retransmits,
		.timeouts = c->timeouts, .accepts = c->accepts, .rejects = c->rejects, .challenges = c->challenges,
		.responses = c->responses, .malformed = c->malformed, .bad_authenticators = c->bad_authenticators,
		.unknown = c->unknown, .dropped = c->dropped, .strangers = c->strangers};
}

_Static_assert(RADIUS_SERVERS_MAX <= SNMP_RADIUS_MAX, "a row for each server");

static struct snmp_dynauth_kind kind_of(const struct coa_kind_counts *k)
{
	return (struct snmp_dynauth_kind){.requests = k->requests, .auth_only = k->auth_only,
					  .nak_auth_only = k->nak_auth_only, .repeated = k->repeated,
					  .acks = k->acks, .naks = k->naks, .no_context = k->no_context,
					  .sessions = k->sessions, .malformed = k->malformed,
					  .bad_authenticators = k->bad_authenticator, .dropped = k->old};
}

_Static_assert(COA_CLIENTS_MAX <= SNMP_DYNAUTH_MAX, "a row for each client");

static void dynauth_sample(const struct wire *w, struct snmp_radius *v)
{
	struct coa_client_info i;
	size_t cursor = 0;
	if (!w->world.coa)
		return;
	v->strangers[0] = coa_unknown_of(w->world.coa, true);
	v->strangers[1] = coa_unknown_of(w->world.coa, false);
	while (v->n_clients < SNMP_DYNAUTH_MAX && coa_next_info(w->world.coa, &cursor, &i))
		v->clients[v->n_clients++] = (struct snmp_dynauth){.addr = i.addr, .disconnect = kind_of(&i.counts.disconnect),
								   .coa = kind_of(&i.counts.coa), .unknown_types = i.counts.other_code};
}

/* Counters are this main's; rows have the order of `show aaa servers`. */
static void radius_sample(struct wire *w)
{
	static struct snmp_radius v;
	struct radius_server_info i;
	size_t cursor = 0;
	v = (struct snmp_radius){.since_s = w->seconds};
	put(v.identifier, sizeof(v.identifier), snapshot_hostname(w->conf));
	while (w->world.radius && v.n < SNMP_RADIUS_MAX && radius_next_info(w->world.radius, &cursor, &i)) {
		v.servers[v.n].addr = i.conf.addr;
		v.servers[v.n].services[0] = service_of(&i.auth, i.of_auth.open, i.of_auth.last_ms);
		v.servers[v.n].services[1] = service_of(&i.acct, i.of_acct.open, i.of_acct.last_ms);
		v.servers[v.n].services[0].port = i.conf.auth_port;
		v.servers[v.n++].services[1].port = i.conf.acct_port;
	}
	dynauth_sample(w, &v);
	snmp_radius(w->snmp, &v);
}

void wire_snmp_sample(struct wire *w)
{
	if (!w->snmp)
		return;
	snmp_sample(w->snmp, &w->sample, w->snmp_traffic, w->snmp_traffic_n);
	radius_sample(w);
}

/* ---- start, reload, stop ------------------------------------------------------------------------ */

static void on_fd(void *ctx, int fd)
{
	snmp_poll(((struct wire *)ctx)->snmp);
}

static bool start(struct wire *w)
{
	static const struct snmp_ports ports = {.connect = port_connect, .all = port_all,
						.on_event = on_event};
	w->snmp = snmp_new(&ports, w, SNMP_QUEUE);
	if (w->snmp && loop_fd_add(w->loop, snmp_fd(w->snmp), false, on_fd, w, &w->snmp_watch) == ST_OK) {
		w->world.snmp = w->snmp;
		w->world.snmp_why = w->snmp_why;
		return true;
	}
	snmp_free(w->snmp);
	w->snmp = NULL;
	return false;
}

void wire_snmp_apply(struct wire *w)
{
	const struct own_settings *own = &w->conf->own;
	struct snmp_settings settings = {.is_on = own->agentx != NULL,
					 .notify_sessions = own->notify_sessions,
					 .notify_pools = own->notify_pools};
	const char *path = own->agentx ? own->agentx : "";
	if (!w->snmp && !settings.is_on)
		return;
	/* The library can be started once only; it is not, until somebody wants it. */
	if (!w->snmp && !start(w)) {
		LOG(EV_SNMP_MASTER, kv_str("state", "refused"),
		    kv_str("reason", "threads or memory are missing"));
		return;
	}
	bool is_other = strcmp(path, w->snmp_path) != 0;
	put(w->snmp_path, sizeof(w->snmp_path), path);
	w->snmp_why[0] = 0;
	w->snmp_is_waiting = false;
	if (is_other)
		snmp_set(w->snmp, &(struct snmp_settings){0});
	snmp_set(w->snmp, &settings);
	snmp_refresh(w->snmp);
	/* Values from the first question on; a sample that is used again is not handed over by itself. */
	(void)wire_sample(w);
	wire_snmp_sample(w);
}

void wire_snmp_stop(struct wire *w)
{
	loop_fd_del(w->snmp_watch);
	w->snmp_watch = NULL;
	w->world.snmp = NULL;
	snmp_free(w->snmp);
	w->snmp = NULL;
	mem_free(w->snmp_traffic);
	w->snmp_traffic = NULL;
	w->snmp_traffic_n = w->snmp_traffic_cap = 0;
}
