#include "cmd/wire_conf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/check.h"
#include "cmd/holder_proto.h"
#include "cmd/wire_aaa.h"
#include "cmd/wire_client.h"
#include "cmd/wire_dhcp_name.h"
#include "cmd/wire_coa.h"
#include "cmd/wire_logins.h"
#include "cmd/wire_host.h"
#include "cmd/wire_link.h"
#include "cmd/wire_fetch.h"
#include "cmd/wire_http.h"
#include "cmd/wire_keys.h"
#include "cmd/wire_lua.h"
#include "cmd/wire_net.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_eap.h"
#include "cmd/wire_pki.h"
#include "cmd/wire_proof.h"
#include "cmd/wire_policy.h"
#include "cmd/wire_syslog.h"
#include "cmd/wire_snmp.h"
#include "core/base/freeze.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/conf.h"
#include "core/conf/diff.h"
#include "core/crypto/esp_engine.h"
#include "core/session/session.h"
#include "modules/data/data.h"

#define RECORD_KIND 0x5302
#define RECORD_MAX 65536
#define TAG_VRF 1
#define TAG_VRF_NUMBER 1
#define TAG_VRF_NAME 2
#define VRFS_MAX 256
#define LINE 600

/* ---- the numbers of VRFs ---------------------------------------------------------------------- */

/* Frozen endpoints name a VRF by its number, so the next main must give out the same ones. */
static void keep_vrfs(struct wire *w, const struct snapshot *s)
{
	uint8_t *rec = mem_new(RECORD_MAX);
	if (!rec)
		return;
	struct wr r = wr_init(rec, RECORD_MAX);
	fz_begin(&r, RECORD_KIND, 1);
	for (size_t i = 0; i < s->vrf_number_count && i < VRFS_MAX; i++) {
		struct wr_mark m = fz_open(&r, TAG_VRF);
		fz_u32(&r, TAG_VRF_NUMBER, s->vrf_numbers[i].num);
		fz_str(&r, TAG_VRF_NAME, s->vrf_numbers[i].name);
		fz_close(&r, m);
	}
	fz_end(&r);
	if (!wr_ok(&r) || wire_reserve_put(w, KEEP_META, META_VRFS, rec, r.len) != ST_OK)
		LOG(EV_CONFIG_WARNING, kv_str("reason", "VRF numbers are not kept over a restart"));
	mem_free(rec);
}

struct vrf_names {
	struct vrf_def defs[VRFS_MAX];
	char names[VRFS_MAX][PLAN_VRF];
	size_t n;
};

static void thaw_vrf(struct view group, struct vrf_names *out)
{
	struct rd fields = rd_init(group.p, group.len);
	uint16_t tag;
	struct view v;
	struct vrf_def *d = &out->defs[out->n];
	d->name = out->names[out->n];
	while (fz_next(&fields, &tag, &v)) {
		if (tag == TAG_VRF_NUMBER)
			d->num = fz_get_u32(v);
		if (tag == TAG_VRF_NAME && !fz_get_str(v, d->name, PLAN_VRF))
			return;
	}
	if (d->num && d->name[0])
		out->n++;
}

static void thaw_vrfs(const struct wire *w, struct vrf_names *out)
{
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	uint8_t *rec = mem_new(RECORD_MAX);
	size_t len = rec ? keep_get(w->keep, KEEP_META, META_VRFS, rec, RECORD_MAX) : 0;
	if (len && len <= RECORD_MAX &&
	    fz_open_record((struct view){rec, len}, &kind, &version, &fields) == ST_OK &&
	    kind == RECORD_KIND)
		while (out->n < VRFS_MAX && fz_next(&fields, &tag, &v))
			if (tag == TAG_VRF)
				thaw_vrf(v, out);
	mem_free(rec);
}

/* ---- text -> snapshot ------------------------------------------------------------------------- */

static void report_messages(const struct conf_report *report, struct out *err)
{
	char line[LINE];
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_message *m = &report->msg[i];
		bool bad = m->severity == CONF_ERROR;
		size_t len = conf_message_format(line, sizeof(line), "configuration", m);
		LOG(bad ? EV_CONFIG_REFUSED : EV_CONFIG_WARNING, kv_u64("line", m->line),
		    kv_u64("column", m->column), kv_bytes("word", m->word, strlen(m->word)),
		    kv_str("text", m->text), kv_str("hint", m->hint));
		if (err) {
			out_raw(err, line, len);
			out_raw(err, "\n", 1);
		}
	}
}

static void explain(struct out *err, const char *what, const char *why)
{
	LOG(EV_CONFIG_REFUSED, kv_str("reason", what), kv_str("cause", why));
	if (err)
		out_printf(err, "%s: %s\n", what, why);
}

static enum status fetch_text(struct wire *w, bool is_fresh, char **text, size_t *len, struct out *err)
{
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_CONFIG, .is_fresh = is_fresh};
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st != ST_OK) {
		explain(err, "the configuration file cannot be read",
			st == ST_IO ? strerror(errno) : status_words(st));
		return st;
	}
	/* The position is shared with the holder and with mains before us. */
	st = lseek(fds[0], 0, SEEK_SET) == 0 ? check_read(fds[0], text, len) : ST_IO;
	close(fds[0]);
	if (st != ST_OK)
		explain(err, "the configuration cannot be read", status_words(st));
	return st;
}

static enum status parse(const struct wire *w, const char *text, size_t len, struct snapshot **out,
			 struct out *err)
{
	struct conf_report *report = mem_new(sizeof(*report));
	struct vrf_names *names = mem_new(sizeof(*names));
	enum status st = ST_NOMEM;
	if (report && names) {
		struct snapshot before = {0};
		if (!w->conf)
			thaw_vrfs(w, names);
		before.vrf_numbers = names->defs;
		before.vrf_number_count = names->n;
		st = conf_parse(text, len, w->conf ? w->conf : &before, out, report);
		report_messages(report, err);
	}
	if (st != ST_OK && st != ST_CONFIG)
		explain(err, "the configuration cannot be read", status_words(st));
	mem_free(report);
	mem_free(names);
	return st;
}

enum status wire_conf_read(struct wire *w, bool is_fresh, struct snapshot **out, struct out *err)
{
	char *text;
	size_t len;
	enum status st = fetch_text(w, is_fresh, &text, &len, err);
	if (st != ST_OK)
		return st;
	st = parse(w, text, len, out, err);
	mem_free_secret(text, len + 1);
	return st;
}

void wire_conf_accept(struct wire *w, const struct snapshot *s)
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_ACCEPT};
	/* ST_NOT_FOUND: it was the accepted copy already. */
	enum status st = asroot_call(w->control, &rq, &reply, NULL);
	if (st != ST_OK && st != ST_NOT_FOUND)
		LOG(EV_CONFIG_WARNING, kv_str("reason", "the holder does not keep this configuration"));
	keep_vrfs(w, s);
}

uint32_t wire_conf_workers(const struct snapshot *s)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = s->own.workers ? s->own.workers : cores > 0 ? (uint32_t)cores : 1;
	uint32_t max = ASROOT_FDS < DATA_WORKERS_MAX ? ASROOT_FDS : DATA_WORKERS_MAX;
	return n < max ? n : max;
}

void wire_conf_engine(const struct snapshot *s)
{
	struct esp_engine_info info;
	if (esp_engine_select((enum esp_engine)s->own.crypto_engine) == ST_OK)
		return;
	esp_engine_info(&info);
	LOG(EV_CONFIG_WARNING, kv_str("reason", "sallyport crypto engine ipsec-mb: not here, boringssl is used"),
	    kv_str("cause", info.why_not ? info.why_not : ""));
}

/* ---- reload ------------------------------------------------------------------------------------ */

/* A list of another size begins empty. */
static void take_list(struct wire *w, struct diagnose *list)
{
	if (list->cap == w->diagnose.cap) {
		diagnose_fini(list);
		return;
	}
	diagnose_fini(&w->diagnose);
	w->diagnose = *list;
}

/* They load in a process of their own and tell by log and show how it went; out of memory those of
 * before stay. */
static void put_scripts(struct wire *w, const struct snapshot *s, struct wire_scripts *scripts,
			struct out *err)
{
	if (wire_lua_configure(w, s, scripts) != ST_OK)
		explain(err, "the scripts stay as they are", status_words(ST_NOMEM));
	wire_lua_scripts_free(scripts);
}

/* Everything that can fail comes before the first thing that cannot. */
static enum status put_in_force(struct wire *w, struct snapshot *s, struct out *err)
{
	char why[512] = "";
	struct plan plan = {0};
	struct diagnose list = {0};
	struct leases_change *leases = NULL;
	struct wire_scripts *scripts = NULL;
	struct wire_keyset *keys = NULL;
	struct pki *pki = NULL;
	struct wire_http_change http = {0};
	struct wire_policies *policies = NULL;
	enum status st = plan_make(s, &plan, why, sizeof(why));
	if (st == ST_OK)
		st = wire_lua_read(w, s, false, &scripts, why, sizeof(why));
	if (st == ST_OK)
		st = wire_keys_prepare(w, s, false, &keys, why, sizeof(why));
	if (st == ST_OK)
		st = wire_pki_prepare(w, s, keys, false, &pki, why, sizeof(why));
	if (st == ST_OK)
		st = diagnose_resize(&list, s->ike.diagnose_error);
	if (st == ST_OK)
		st = sessions_prepare(w->sessions, s, &leases);
	if (st == ST_OK)
		st = wire_policy_prepare(w, s, &policies);
	wire_client_plan(w, s, &plan);
	if (st == ST_OK)
		st = wire_http_prepare(w, s, &http, why, sizeof(why));
	if (st == ST_OK)
		st = wire_net_apply(w, &plan, why, sizeof(why));
	plan_free(&plan);
	if (st != ST_OK) {
		leases_cancel(leases);
		wire_lua_scripts_free(scripts);
		wire_keys_cancel(w, keys);
		pki_unref(pki);
		wire_policy_free(policies);
		wire_http_cancel(&http);
		diagnose_fini(&list);
		explain(err, "the configuration cannot be put in force; the one before stays",
			why[0] ? why : status_words(st));
		return st;
	}
	sessions_commit(w->sessions, s, leases);
	wire_policy_commit(w, policies);
	put_scripts(w, s, scripts, err);
	wire_keys_commit(w, keys);
	wire_pki_commit(w, pki);
	wire_proof_announce(w);
	wire_eap_configure(w);
	wire_fetch_configure(w, s);
	wire_dhcp_names_configure(w, s);
	take_list(w, &list);
	wire_http_commit(w, &http);
	wire_conf_engine(s);
	ike_set_conf(w->ike, s);
	wire_logins_configure(w, s);
	snapshot_unref(w->conf);
	w->conf = snapshot_ref(s);
	w->world.conf = w->conf;
	wire_aaa_configure(w);
	wire_syslog_apply(w);
	wire_conf_accept(w, s);
	wire_snmp_apply(w);
	wire_client_apply(w);
	wire_coa_apply(w);
	wire_link_apply(w);
	wire_host_apply(w);
	return ST_OK;
}

static void tell_holder(struct wire *w, enum asroot_state state)
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_STATE, .state = state};
	(void)!asroot_call(w->control, &rq, &reply, NULL);
}

#define CHANGES_SHOWN 50

/* What is different now, and from when on: the table's when-column. */
static void report_changes(const struct snapshot *old, const struct snapshot *now, struct out *out)
{
	struct conf_diff d;
	char line[256];
	if (conf_diff(old, now, &d) != ST_OK)
		d.n = 0; /* only the list is missing; the configuration is in force */
	for (size_t i = 0; i < d.n; i++) {
		conf_change_format(line, sizeof(line), &d.v[i]);
		if (d.v[i].when == CHANGE_RESTART)
			LOG(EV_CONFIG_WARNING, kv_str("reason", line));
		if (out && i < CHANGES_SHOWN)
			out_printf(out, "%s\n", line);
	}
	if (out && d.n > CHANGES_SHOWN)
		out_printf(out, "and %zu more changes\n", d.n - CHANGES_SHOWN);
	conf_diff_fini(&d);
}

int wire_reload(void *ctx, struct out *out, struct out *err)
{
	struct wire *w = ctx;
	struct snapshot *s = NULL;
	struct snapshot *old = snapshot_ref(w->conf);
	tell_holder(w, ASROOT_RELOADING);
	enum status st = wire_conf_read(w, true, &s, err);
	if (st == ST_OK)
		st = put_in_force(w, s, err);
	if (st == ST_OK) {
		LOG(EV_CONFIG_LOADED, kv_u64("generation", s->generation));
		if (out)
			out_printf(out, "configuration in force, generation %llu\n",
				   (unsigned long long)s->generation);
		report_changes(old, s, out);
	} else if (err) {
		out_printf(err, "the running configuration stays\n");
	}
	snapshot_unref(s);
	snapshot_unref(old);
	tell_holder(w, ASROOT_READY);
	return st == ST_OK ? 0 : st == ST_CONFIG ? 2 : 1;
}
