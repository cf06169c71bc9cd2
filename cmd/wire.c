/*
 * Order of start: memory that outlived us, configuration, threads, store, engine, what is frozen, and
 * only then sockets. Order of stop: goodbyes, sockets, engine, threads, store.
 */
#include "cmd/wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/holder.h"
#include "cmd/holder_proto.h"
#include "cmd/wire_aaa.h"
#include "cmd/wire_acct.h"
#include "cmd/wire_child.h"
#include "cmd/wire_client.h"
#include "cmd/wire_coa.h"
#include "cmd/wire_conf.h"
#include "cmd/wire_drain.h"
#include "cmd/wire_logins.h"
#include "cmd/wire_ctl.h"
#include "cmd/wire_dhcp.h"
#include "cmd/wire_dhcp_address.h"
#include "cmd/wire_dhcp_name.h"
#include "cmd/wire_fetch.h"
#include "cmd/wire_host.h"
#include "cmd/wire_http.h"
#include "cmd/wire_link.h"
#include "cmd/wire_keep.h"
#include "cmd/wire_keys.h"
#include "cmd/wire_lua.h"
#include "cmd/wire_log.h"
#include "cmd/wire_net.h"
#include "cmd/wire_eap.h"
#include "cmd/wire_pki.h"
#include "cmd/wire_proof.h"
#include "cmd/wire_policy.h"
#include "cmd/wire_notice.h"
#include "cmd/wire_ports.h"
#include "cmd/wire_proxy.h"
#include "cmd/wire_quota.h"
#include "cmd/wire_reconnect.h"
#include "cmd/wire_reauth.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_sample.h"
#include "cmd/wire_session.h"
#include "cmd/wire_syslog.h"
#include "cmd/wire_snmp.h"
#include "cmd/wire_spool.h"
#include "cmd/wire_ticket.h"
#include "cmd/wire_user.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/session/session.h"
#include "db/store.h"
#include "gen/version.h"
#include "modules/data/data.h"
#include "modules/dns/dns.h"
#include "modules/jobs/jobs.h"
#include "modules/loop/loop.h"
#include "modules/net/net.h"

#define JOB_THREADS 3 /* two for what is borrowed, and one that is always free for Diffie-Hellman */
#define JOB_QUEUE 1024
#define STOP_MS 5000      /* for the peers' answers to our DELETEs */
#define STOP_LOOK_MS 20
#define PRUNE_S 3600
#define RESOLV_CONF "/etc/resolv.conf"

/* ---- memory with keys ------------------------------------------------------------------------- */

/* The holder switched core files off; exec switched dumping on again. True when nothing of ours can
 * be swapped out. */
static bool harden(void)
{
	struct rlimit r;
	(void)prctl(PR_SET_NAME, "sallyport-main", 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* With a limit, later allocations would fail where now only locking does. */
	return getrlimit(RLIMIT_MEMLOCK, &r) == 0 && r.rlim_cur == RLIM_INFINITY &&
	       mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

/* ---- stop -------------------------------------------------------------------------------------- */

static void stop_look(void *ctx)
{
	struct wire *w = ctx;
	uint64_t now = loop_now_ms();
	/* Accounting servers hear of the ends, when they are there to hear. */
	if (ike_count(w->ike) == 0)
		wire_acct_off(w);
	if ((ike_count(w->ike) == 0 && wire_spool_is_idle(w)) || now >= w->stop_by_ms)
		loop_stop(w->loop);
	else
		loop_timer_at(w->stop_timer, now + STOP_LOOK_MS);
}

static void on_term(void *ctx)
{
	struct wire *w = ctx;
	if (w->is_stopping)
		return;
	w->is_stopping = true;
	w->stop_by_ms = loop_now_ms() + STOP_MS;
	LOG(EV_STOP, kv_u64("ike_sas", ike_count(w->ike)), kv_u64("sessions", sessions_count(w->sessions)));
	ike_close_all(w->ike, ST_END_SHUTDOWN);
	loop_timer_at(w->stop_timer, loop_now_ms());
}

static void on_hup(void *ctx)
{
	(void)wire_reload(ctx, NULL, NULL);
}

/* The holder never speaks first. */
static void on_holder(void *ctx, int fd)
{
	if (asroot_is_gone(fd))
		on_term(ctx);
}

/* ---- what is called again and again -------------------------------------------------------------- */

static void each_second(void *ctx)
{
	struct wire *w = ctx;
	loop_timer_at(w->second_timer, loop_now_ms() + 1000);
	wire_child_second(w);
	wire_session_second(w);
	wire_quota_second(w);
	wire_dhcp_second(w);
	wire_reserve_second(w);
	wire_net_second(w);
	wire_host_second(w);
	wire_proxy_second(w);
	wire_counters_keep(w);
	wire_log_second();
	wire_syslog_second(w);
	wire_http_second(w);
	wire_pki_second(w);
	wire_coa_second(w);
	wire_aaa_second(w);
	wire_logins_second(w);
	debug_second(&w->debug, loop_now_ms());
	if (++w->seconds % PRUNE_S == 1) {
		store_prune(w->store, (uint64_t)loop_wall_ms(), w->conf->own.retention_days);
		store_anonymize(w->store, (uint64_t)loop_wall_ms(), w->conf->own.anonymize_days);
	}
	if (!w->is_stopping && wire_drain_is_over(w))
		on_term(w);
}

static void each_sample(void *ctx)
{
	struct wire *w = ctx;
	loop_timer_at(w->sample_timer, loop_now_ms() + WIRE_SAMPLE_MS);
	(void)wire_sample(w);
}

static void on_jobs(void *ctx, int fd)
{
	jobs_poll(((struct wire *)ctx)->jobs);
}

static void on_store(void *ctx, int fd)
{
	store_poll(((struct wire *)ctx)->store);
}

static void on_data(void *ctx, int fd)
{
	data_poll(((struct wire *)ctx)->data);
}

static void on_store_notice(void *ctx, enum status st, const char *text)
{
	LOG(st == ST_OK ? EV_STORE_RESTORED : EV_STORE_ERROR, kv_status("status", st), kv_str("reason", text));
}

/* ---- start -------------------------------------------------------------------------------------- */

static int refuse(const char *what, const char *why)
{
	fprintf(stderr, "sallyport: %s: %s\n", what, why);
	return 1;
}

static bool make_timers(struct wire *w)
{
	const struct {
		loop_fn *fn;
		struct loop_timer **timer;
	} timers[] = {{wire_ike_due, &w->ike_timer}, {wire_answers_due, &w->answer_timer},
		      {each_second, &w->second_timer}, {each_sample, &w->sample_timer},
		      {stop_look, &w->stop_timer}};
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		if (loop_timer_new(w->loop, timers[i].fn, w, timers[i].timer) != ST_OK)
			return false;
	return loop_signal_add(w->loop, SIGTERM, on_term, w, &w->on_term) == ST_OK &&
	       loop_signal_add(w->loop, SIGHUP, on_hup, w, &w->on_hup) == ST_OK &&
	       loop_fd_add(w->loop, w->control, false, on_holder, w, &w->control_watch) == ST_OK;
}

_Static_assert((int)FAN_OUT_AUTO == DATA_FAN_AUTO && (int)FAN_OUT_OFF == DATA_FAN_OFF &&
		       (int)FAN_OUT_ALWAYS == DATA_FAN_ALWAYS, "one list");

static bool make_threads(struct wire *w)
{
	struct data_config config = {.workers = w->workers, .rt = w->rt,
				     .rt_slots = (uint32_t)(w->rt_memory.have / sizeof(struct esp_rt)),
				     .rt_slots_max = WIRE_RT_SLOTS,
				     .fan_out = (enum data_fan)w->conf->own.fan_out,
				     .no_offload = w->conf->own.offload_off,
				     .on_ike = wire_on_ike, .on_lost = wire_child_lost,
				     .on_notice = wire_on_notice, .on_moved = wire_child_moved,
				     .on_wanted = wire_client_wanted, .on_dhcp = wire_dhcp, .ctx = w};
	static const struct net_ports net_ports = {.on_ike = wire_on_ike};
	w->jobs = jobs_new(JOB_THREADS, JOB_QUEUE, wire_on_job, w);
	w->data = data_new(&config);
	w->net = net_new(&net_ports, w, w->stats);
	w->dns = dns_new(loop_base(w->loop), RESOLV_CONF);
	return w->jobs && w->data && w->net && w->dns &&
	       loop_fd_add(w->loop, jobs_fd(w->jobs), false, on_jobs, w, &w->jobs_watch) == ST_OK &&
	       loop_fd_add(w->loop, data_fd(w->data), false, on_data, w, &w->data_watch) == ST_OK;
}

static void on_acct(void *ctx, uint64_t number, enum status st, const struct store_acct *v, size_t n)
{
	wire_acct_on_store(ctx, number, st, v, n);
}

static void on_usage(void *ctx, uint64_t number, enum status st, const struct store_usage *usage)
{
	wire_quota_on_store(ctx, number, st, usage);
}

static int make_store(struct wire *w)
{
	struct store_options o = {.node = snapshot_hostname(w->conf),
				  .group_ms = w->conf->own.group_commit_ms,
				  .on_commit = wire_on_commit, .on_acct = on_acct, .on_usage = on_usage, .on_notice = on_store_notice, .ctx = w};
	enum status why;
	char detail[STORE_TEXT] = "";
	if (access(w->state, R_OK | W_OK | X_OK) != 0) {
		fprintf(stderr, "sallyport: %s: %s (uid %u must be able to use it and to reach it)\n",
			w->state, strerror(errno), (unsigned)geteuid());
		return 1;
	}
	wire_ticket_read_keys(w);
	wire_reconnect_read(w);
	why = wire_user_open(w);
	if (why != ST_OK)
		return refuse("cannot read the users in the database secrets.db", status_words(why));
	w->store = store_open(w->state, &o, &why, detail);
	if (!w->store)
		return refuse("cannot open the database", detail[0] ? detail : status_words(why));
	wire_log_init(w->store);
	wire_reconnect_keep_key(w);
	if (loop_fd_add(w->loop, store_fd(w->store), false, on_store, w, &w->store_watch) != ST_OK)
		return refuse("cannot start", status_words(ST_NOMEM));
	return 0;
}

static bool make_core(struct wire *w)
{
	struct hash_key key;
	rnd_bytes(&key, sizeof(key));
	w->sessions = sessions_new(w->conf, &key);
	w->ike = ike_new(&wire_ports, w, w->conf, w->stats);
	w->logins = wire_logins_new(w);
	wire_debug_init(w);
	w->world = (struct world){.ike = w->ike, .sessions = w->sessions, .data = w->data,
				  .conf = w->conf, .diagnose = &w->diagnose, .debug = &w->debug,
				  .stats_cleared = &w->stats_cleared, .keep_cleared = wire_counters_cleared,
				  .logins = w->logins, .users = w->users, .make_user_key = wire_user_make_key, .user_ms = wire_user_ms,
				  .ctx = w,
				  .now_ms = wire_ports.now_ms, .sample = wire_sample,
				  .acct = wire_acct_info, .totals = wire_session_totals,
				  .set_drain = wire_drain_set, .drain = wire_drain,
				  .reload = wire_reload, .log_limited = wire_log_limited,
				  .end_session = wire_session_finish, .reauth_session = wire_reauth_session,
				  .inactive_ms = wire_session_inactive_ms,
				  .next_client = wire_client_next, .wish_client = wire_client_wish};
	return w->sessions && w->ike && w->logins &&
	       diagnose_resize(&w->diagnose, w->conf->ike.diagnose_error) == ST_OK;
}

static int open_net(struct wire *w)
{
	char why[256] = "";
	struct plan plan = {0};
	struct asroot_reply reply;
	struct asroot_request sweep = {.op = ASROOT_SWEEP};
	enum status st = plan_make(w->conf, &plan, why, sizeof(why));
	wire_client_plan(w, w->conf, &plan);
	if (st == ST_OK)
		st = wire_net_apply(w, &plan, why, sizeof(why));
	plan_free(&plan);
	if (st != ST_OK)
		return refuse("cannot start", why[0] ? why : status_words(st));
	/* Sockets and devices of a configuration before this one. */
	if (asroot_call(w->control, &sweep, &reply, NULL) != ST_OK)
		return refuse("cannot start", "the holder does not answer");
	return 0;
}

/* On a cache line of its own, which mem_new does not promise. */
static struct stats *new_stats(void)
{
	struct stats *s = aligned_alloc(64, sizeof(*s));
	if (s)
		memset(s, 0, sizeof(*s));
	return s;
}

static int make_base(struct wire *w)
{
	list_init(&w->clients);
	list_init(&w->net_watches);
	list_init(&w->links);
	list_init(&w->hosts);
	list_init(&w->routes);
	list_init(&w->ctl_watches);
	list_init(&w->answers);
	list_init(&w->child_list);
	list_init(&w->commits);
	wire_quota_init(w);
	list_init(&w->tickets);
	list_init(&w->lookups);
	list_init(&w->dhcp_names);
	list_init(&w->reconnect_found);
	w->stats = new_stats();
	w->before = new_stats();
	if (!w->stats || !w->before)
		return refuse("cannot start", status_words(ST_NOMEM));
	if (map_init(&w->children, 1024) != ST_OK || map_init(&w->children_of, 1024) != ST_OK ||
	    map_init(&w->pasts, 64) != ST_OK || map_init(&w->own_rules, 64) != ST_OK || map_init(&w->route_map, 64) != ST_OK)
		return refuse("cannot start", status_words(ST_NOMEM));
	w->loop = loop_new();
	if (!w->loop || !make_timers(w))
		return refuse("cannot start", "no event loop");
	loop_count_turns(w->loop, w->stats);
	enum status st = wire_keep_attach(w);
	if (st != ST_OK)
		return refuse("cannot get the memory for frozen state",
			      st == ST_IO ? strerror(errno) : status_words(st));
	return 0;
}

/* The log begins before the configuration says where else it goes. */
static void say_start(struct wire *w, bool is_for_export)
{
	const struct kv kv[] = {kv_str("version", SALLYPORT_VERSION), kv_u64("pid", (uint64_t)getpid()),
				kv_str("memory", w->is_locked ? "locked" : "not locked: the memlock limit forbids it")};
	if (is_for_export)
		wire_syslog_event(w, EV_START, kv, sizeof(kv) / sizeof(kv[0]));
	else
		log_emit(EV_START, kv, sizeof(kv) / sizeof(kv[0]));
}

/* What is wrong with them is for the policy: a headend whose script has an error still starts. */
static int load_scripts(struct wire *w)
{
	char why[256] = "";
	struct wire_scripts *scripts = NULL;
	enum status st = wire_lua_read(w, w->conf, true, &scripts, why, sizeof(why));
	if (st == ST_OK)
		st = wire_lua_configure(w, w->conf, scripts);
	wire_lua_scripts_free(scripts);
	return st == ST_OK ? 0 : refuse("cannot start", why[0] ? why : status_words(st));
}

/* A headend with a key that cannot be used still starts: others of its profiles may not want it. */
static int load_keys(struct wire *w)
{
	char why[512] = "";
	struct wire_keyset *set = NULL;
	enum status st = wire_keys_prepare(w, w->conf, true, &set, why, sizeof(why));
	if (st != ST_OK)
		return refuse("cannot start", why[0] ? why : status_words(st));
	wire_keys_commit(w, set);
	struct pki *pki = NULL;
	st = wire_pki_prepare(w, w->conf, NULL, true, &pki, why, sizeof(why));
	if (st != ST_OK)
		return refuse("cannot start", why[0] ? why : status_words(st));
	wire_pki_commit(w, pki);
	wire_proof_announce(w);
	wire_fetch_configure(w, w->conf);
	wire_dhcp_names_configure(w, w->conf);
	return 0;
}

static int start(struct wire *w)
{
	struct asroot_reply reply;
	struct asroot_request ready = {.op = ASROOT_STATE, .state = ASROOT_READY};
	int rc = make_base(w);
	if (rc)
		return rc;
	if (wire_conf_read(w, false, &w->conf, NULL) != ST_OK)
		return HOLDER_EXIT_CONFIG;
	w->workers = wire_conf_workers(w->conf);
	wire_conf_engine(w->conf);
	if (!make_threads(w))
		return refuse("cannot start", "threads or memory are missing");
	rc = make_store(w);
	if (rc)
		return rc;
	if (!make_core(w))
		return refuse("cannot start", status_words(ST_NOMEM));
	if (wire_syslog_open(w) != ST_OK || wire_lua_open(w) != ST_OK ||
	    wire_keys_open(w) != ST_OK || wire_fetch_open(w) != ST_OK || wire_dhcp_open(w) != ST_OK || wire_pki_open(w) != ST_OK ||
	    wire_link_open(w) != ST_OK)
		return refuse("cannot start", status_words(ST_NOMEM));
	wire_proof_open(w);
	if (wire_eap_open(w) != ST_OK || wire_aaa_open(w) != ST_OK)
		return refuse("cannot start", status_words(ST_NOMEM));
	wire_token_secret(w);
	wire_ticket_give_keys(w);
	say_start(w, true);
	wire_counters_thaw(w);
	wire_drain_thaw(w);
	enum status st = wire_pools_thaw(w);
	struct wire_policies *policies = NULL;
	if (st == ST_OK)
		st = wire_policy_prepare(w, w->conf, &policies);
	if (st == ST_OK)
		wire_policy_commit(w, policies);
	if (st == ST_OK)
		st = wire_keep_thaw(w);
	if (st != ST_OK)
		return refuse("cannot take over the sessions", status_words(st));
	rc = load_scripts(w);
	if (rc == 0)
		rc = load_keys(w);
	if (rc)
		return rc;
	/* Before the holder is told to close what nobody asked for. */
	if (wire_coa_open(w) != ST_OK)
		return refuse("cannot start", status_words(ST_NOMEM));
	wire_host_apply(w); /* before the first client */
	rc = open_net(w);
	if (rc)
		return rc;
	if (wire_ctl_open(w) != ST_OK)
		return refuse(w->socket_path, strerror(errno));
	wire_http_open(w); /* after the control socket, so that it cannot take its place */
	wire_conf_accept(w, w->conf);
	wire_snmp_apply(w);
	LOG(EV_CONFIG_LOADED, kv_u64("generation", w->conf->generation));
	loop_timer_at(w->second_timer, loop_now_ms() + 1000);
	loop_timer_at(w->sample_timer, loop_now_ms() + WIRE_SAMPLE_MS);
	if (asroot_call(w->control, &ready, &reply, NULL) != ST_OK)
		return refuse("cannot start", "the holder does not answer");
	wire_client_open(w);
	wire_link_apply(w);
	return 0;
}

/* ---- the end ------------------------------------------------------------------------------------ */

static void end(struct wire *w)
{
	struct loop_timer *timers[] = {w->ike_timer, w->answer_timer, w->second_timer, w->sample_timer,
				       w->stop_timer};
	wire_ctl_close(w);
	wire_http_close(w);
	wire_client_fini(w);
	wire_coa_close(w);
	wire_link_close(w);
	wire_host_close(w);
	wire_net_close(w);
	if (w->store && w->data && w->ike)
		(void)wire_sample(w);
	if (w->ike)
		ike_free(w->ike);
	wire_lua_close(w);
	wire_keys_close(w);
	wire_proof_close(w);
	wire_fetch_close(w);
	wire_dhcp_close(w);
	wire_dhcp_names_close(w);
	w->ike = NULL; /* the store may still have answers for it */
	wire_aaa_close(w);
	wire_snmp_stop(w);
	loop_fd_del(w->jobs_watch);
	loop_fd_del(w->data_watch);
	loop_fd_del(w->store_watch);
	jobs_free(w->jobs);
	wire_eap_close(w);
	wire_pki_close(w);
	if (w->data)
		data_free(w->data);
	net_free(w->net);
	wire_log_init(NULL);
	if (w->store)
		store_close(w->store);
	wire_answers_fini(w);
	wire_session_fini(w);
	wire_quota_fini(w);
	wire_ticket_fini(w);
	wire_reconnect_fini(w);
	wire_user_close(w);
	logins_free(w->logins);
	wire_child_fini(w);
	wire_policy_fini(w);
	if (w->sessions)
		sessions_free(w->sessions);
	diagnose_fini(&w->diagnose);
	debug_fini(&w->debug);
	wire_syslog_close(w);
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		loop_timer_free(timers[i]);
	loop_signal_del(w->on_term);
	loop_signal_del(w->on_hup);
	loop_fd_del(w->control_watch);
	dns_free(w->dns);
	loop_free(w->loop);
	snapshot_unref(w->conf);
	wire_keep_detach(w);
	map_fini(&w->children);
	map_fini(&w->children_of);
	map_fini(&w->pasts);
	mem_free(w->pools);
	free(w->stats);
	free(w->before);
}

int wire_main(int control, const char *state, const char *socket_path)
{
	struct wire *w = mem_new(sizeof(*w));
	if (!w)
		return 1;
	w->control = control;
	w->state = state;
	w->socket_path = socket_path;
	w->is_locked = harden();
	wire_log_init(NULL);
	say_start(w, false);
	int rc = start(w);
	if (rc == 0)
		loop_run(w->loop);
	end(w);
	mem_free(w);
	return rc;
}
