/*
 * The library's life: everything that it would do beside AgentX is switched off before it is asked
 * for anything. It reads and writes no file, looks into no environment, sets no signal, and says
 * what it has to say to us.
 *
 *   master --- PDU ---> snmp_read2 --> answer() --> tree.c --> the desk
 *
 * While it opens a session it waits for the master, REPLY_S at most, and again after RETRY_S when it
 * was in vain: that is why it has a thread. Main can end any such wait by shutting the connection.
 */
#include "modules/snmp/agent.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/library/large_fd_set.h>

#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "gen/version.h"
#include "modules/snmp/notify.h"
#include "modules/snmp/radius_mib.h"
#include "modules/snmp/transport.h"
#include "modules/snmp/value.h"

#define REPLY_S 3 /* for the master's answer to one request of ours */
#define RETRY_S 5 /* between two tries to connect, and between two pings */
#define TURN_S 1  /* longest sleep */
#define NICE 10   /* a manager may wait, a packet may not */

/* What the library complains of: lines for people, not a flood of them. */
#define SAY_BURST 5
#define SAY_RATE 1

static const oid mib[] = {TREE_MIB};
#define MIB_LEN OID_LENGTH(mib)

struct agent {
	struct share *share;
	struct desk desk;
	struct notify_to to;
	struct limit say;
	netsnmp_large_fd_set set;
};

/* The library frees what it is given for a callback to have. */
static struct agent *the_agent;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- answering --------------------------------------------------------------------------------- */

/* What stands behind the arc of our objects; *is_before: nothing of it does, and they all follow. */
static const oid *behind_objects(const netsnmp_variable_list *var, size_t *len, bool *is_before)
{
	oid objects[MIB_LEN + 1];
	memcpy(objects, mib, sizeof(mib));
	objects[MIB_LEN] = 1;
	*len = 0;
	*is_before = snmp_oid_compare(var->name, var->name_length, objects, MIB_LEN + 1) <= 0;
	if (*is_before || var->name_length <= MIB_LEN + 1 ||
	    netsnmp_oid_is_subtree(objects, MIB_LEN + 1, var->name, var->name_length) != 0)
		return NULL;
	*len = var->name_length - (MIB_LEN + 1);
	return var->name + MIB_LEN + 1;
}

static bool put_name(netsnmp_variable_list *var, const struct tree_place *at)
{
	oid name[MIB_LEN + 1 + TREE_NAME];
	memcpy(name, mib, sizeof(mib));
	name[MIB_LEN] = 1;
	size_t n = tree_name(at, name + MIB_LEN + 1);
	return snmp_set_var_objid(var, name, MIB_LEN + 1 + n) == 0;
}

static bool find_place(struct agent *a, const netsnmp_request_info *rq, bool is_next,
		       struct tree_place *at)
{
	size_t len;
	bool is_before;
	const oid *name = behind_objects(rq->requestvb, &len, &is_before);
	if (!is_next)
		return name && tree_find(&a->desk.view, name, len, at);
	if (is_before)
		return tree_next(&a->desk.view, NULL, 0, false, at);
	return name && tree_next(&a->desk.view, name, len, rq->inclusive != 0, at);
}

/* The whole of our tree is one registration. A GETBULK comes as one GETNEXT after the other. */
static int answer(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo,
		  netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct agent *a = the_agent;
	bool is_next = info->mode == MODE_GETNEXT;
	if (info->mode != MODE_GET && !is_next)
		return SNMP_ERR_GENERR;
	for (netsnmp_request_info *rq = requests; rq; rq = rq->next) {
		struct tree_place at;
		struct tree_value value;
		if (rq->processed)
			continue;
		share_count(&a->share->requests, 1);
		if (!find_place(a, rq, is_next, &at)) {
			/* Without a value a GETNEXT goes on behind our tree. */
			if (!is_next)
				netsnmp_set_request_error(info, rq, SNMP_NOSUCHINSTANCE);
			continue;
		}
		tree_get(&a->desk.view, &at, &value);
		if ((is_next && !put_name(rq->requestvb, &at)) || !value_set(rq->requestvb, &value))
			netsnmp_set_request_error(info, rq, SNMP_ERR_GENERR);
	}
	return SNMP_ERR_NOERROR;
}

/* ---- the MIBs of RADIUS ------------------------------------------------------------------------- */

static const enum radius_mib radius_mibs[RADIUS_MIBS] = {RADIUS_MIB_AUTH, RADIUS_MIB_ACCT, RADIUS_MIB_DYNAUTH};

static bool put_radius(netsnmp_variable_list *var, enum radius_mib which, const struct radius_mib_found *f)
{
	const struct radius_mib_root *root = &radius_mib_roots[which];
	oid name[RADIUS_MIB_ROOT + RADIUS_MIB_NAME];
	memcpy(name, root->oid, root->len * sizeof(oid));
	memcpy(name + root->len, f->name, f->len * sizeof(oid));
	return snmp_set_var_objid(var, name, root->len + f->len) == 0;
}

/* What stands behind the root; of a name before it: nothing, and all of it follows; of one behind: there is nothing. */
static struct radius_mib_ask radius_ask(struct agent *a, const netsnmp_request_info *rq, enum radius_mib which)
{
	const netsnmp_variable_list *var = rq->requestvb;
	const struct radius_mib_root *root = &radius_mib_roots[which];
	bool is_below = var->name_length >= root->len &&
			netsnmp_oid_is_subtree(root->oid, root->len, var->name, var->name_length) == 0;
	bool is_behind = !is_below && snmp_oid_compare(var->name, var->name_length, root->oid, root->len) > 0;
	return (struct radius_mib_ask){.values = a->desk.radius && !is_behind ? a->desk.radius->radius : NULL, .mib = which,
				       .name = is_below ? var->name + root->len : NULL,
				       .len = is_below ? var->name_length - root->len : 0,
				       .is_inclusive = rq->inclusive != 0};
}

static int answer_radius(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo,
			 netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct agent *a = the_agent;
	enum radius_mib which = *(const enum radius_mib *)handler->myvoid;
	bool is_next = info->mode == MODE_GETNEXT;
	if (info->mode != MODE_GET && !is_next)
		return SNMP_ERR_GENERR;
	for (netsnmp_request_info *rq = requests; rq; rq = rq->next) {
		struct radius_mib_found f;
		struct radius_mib_ask ask = radius_ask(a, rq, which);
		if (rq->processed)
			continue;
		ask.is_next = is_next;
		share_count(&a->share->requests, 1);
		if (!radius_mib_get(&ask, &f)) {
			if (!is_next)
				netsnmp_set_request_error(info, rq, SNMP_NOSUCHINSTANCE);
		} else if ((is_next && !put_radius(rq->requestvb, which, &f)) || !value_set(rq->requestvb, &f.value)) {
			netsnmp_set_request_error(info, rq, SNMP_ERR_GENERR);
		}
	}
	return SNMP_ERR_NOERROR;
}

static void register_radius(const enum radius_mib *which)
{
	const struct radius_mib_root *r = &radius_mib_roots[*which];
	netsnmp_handler_registration *root =
		netsnmp_create_handler_registration(r->name, answer_radius, r->oid, r->len, HANDLER_CAN_RONLY);
	if (!root)
		return;
	root->handler->myvoid = (void *)(uintptr_t)which;
	netsnmp_register_handler(root);
}

/* ---- what the library tells us ----------------------------------------------------------------- */

static int on_connected(int major, int minor, void *session, void *arg)
{
	struct agent *a = the_agent;
	a->to.session = session;
	atomic_store(&a->share->is_connected, true);
	share_count(&a->share->connects, 1);
	desk_event(&a->desk, SNMP_CONNECTED, NULL);
	return 0;
}

static int on_lost(int major, int minor, void *session, void *arg)
{
	struct agent *a = the_agent;
	a->to.session = NULL;
	if (atomic_exchange(&a->share->is_connected, false))
		desk_event(&a->desk, SNMP_LOST, NULL);
	return 0;
}

/* In the place of its log. Lines end with '\n'; some of them come from the master. */
static int on_line(netsnmp_log_handler *lh, int priority, const char *line)
{
	struct agent *a = the_agent;
	char text[SNMP_TEXT];
	size_t n = 0;
	if (priority > LOG_WARNING)
		return 1;
	share_count(&a->share->said, 1);
	if (!limit_take(&a->say, now_ms()))
		return 1;
	for (; line[n] && line[n] != '\n' && n < sizeof(text) - 1; n++)
		text[n] = line[n] >= ' ' && line[n] <= '~' ? line[n] : '?';
	text[n] = 0;
	if (n)
		desk_event(&a->desk, SNMP_SAID, text);
	return 1;
}

/* ---- its life ---------------------------------------------------------------------------------- */

static void set_flag(int store, int which)
{
	netsnmp_ds_set_boolean(store, which, 1);
}

static void quiet_library(void)
{
	netsnmp_log_handler *lh = netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
	if (lh)
		lh->handler = on_line;
	set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS);
	set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_CONFIG_LOAD);
	set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD);
	set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE);
	set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE);
	set_flag(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG);
	set_flag(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_ROOT_ACCESS);
	set_flag(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS);
}

static void start_library(struct agent *a)
{
	netsnmp_session defaults;
	netsnmp_handler_registration *root;
	quiet_library();
	netsnmp_enable_subagent();
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, TRANSPORT_TARGET);
	snmp_sess_init(&defaults); /* makes the list of transport domains */
	transport_register(a->share);
	/* A stream loses nothing: what was asked twice would be done twice. */
	netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES, 0);
	netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_TIMEOUT, REPLY_S);
	init_agent("sallyport");
	/* Not before: init_agent sets it too. */
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, RETRY_S);
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_TIMEOUT,
			   REPLY_S * ONE_SEC);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_connected, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_lost, NULL);
	root = netsnmp_create_handler_registration("sallyport", answer, mib, MIB_LEN, HANDLER_CAN_RONLY);
	if (root)
		netsnmp_register_handler(root);
	for (size_t i = 0; i < RADIUS_MIBS; i++)
		register_radius(&radius_mibs[i]);
	init_snmp("sallyport"); /* connects */
}

static void turn(struct agent *a)
{
	int fds = 0, forever = 1, wake = a->share->wake_thread;
	struct timeval wait = {TURN_S, 0};
	eventfd_t n;
	NETSNMP_LARGE_FD_ZERO(&a->set);
	snmp_select_info2(&fds, &a->set, &wait, &forever);
	NETSNMP_LARGE_FD_SET(wake, &a->set);
	if (wake >= fds)
		fds = wake + 1;
	if (forever || wait.tv_sec >= TURN_S)
		wait = (struct timeval){TURN_S, 0};
	int ready = netsnmp_large_fd_set_select(fds, &a->set, NULL, NULL, &wait);
	if (ready > 0 && NETSNMP_LARGE_FD_ISSET(wake, &a->set))
		(void)eventfd_read(wake, &n);
	/* First what main knows, then who asks for it. */
	desk_turn(&a->desk, now_ms());
	if (ready > 0)
		snmp_read2(&a->set);
	snmp_timeout();
	run_alarms();
	netsnmp_check_outstanding_agent_requests();
	share_drop_fd(a->share);
}

void *agent_main(void *arg)
{
	struct agent a = {.share = arg};
	the_agent = &a;
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread alone */
	desk_init(&a.desk, a.share, &notify_ports, &a.to, SALLYPORT_VERSION, now_ms());
	limit_init(&a.say, SAY_BURST, SAY_RATE, now_ms());
	netsnmp_large_fd_set_init(&a.set, FD_SETSIZE);
	start_library(&a);
	while (!atomic_load(&a.share->is_stopping))
		turn(&a);
	desk_turn(&a.desk, now_ms());
	snmp_shutdown("sallyport"); /* says goodbye to the master */
	shutdown_agent();
	netsnmp_large_fd_set_cleanup(&a.set);
	desk_fini(&a.desk);
	atomic_store(&a.share->is_done, true);
	share_wake(a.share->wake_main);
	return NULL;
}
