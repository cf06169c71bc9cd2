/* A client that comes back to its session with a token, as the engine sees it: by a shared key to a profile
 * that has none, with one old IKE SA less, since the login of then; and who is refused. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/wire/auth.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static const char server_text[] =
	"crypto ikev2 profile RA\n"
	" match identity remote email domain corp.example\n"
	" identity local fqdn vpn.corp.example\n"
	" authentication local rsa-sig\n"
	" authentication remote rsa-sig\n"
	" reconnect\n"
	" virtual-template 1\n"
	"interface Virtual-Template1 type tunnel\n"
	" tunnel protection ipsec profile default\n";

static const char client_text[] =
	"crypto ikev2 keyring K\n"
	" peer any\n"
	"  address 0.0.0.0 0.0.0.0\n"
	"  pre-shared-key secret\n"
	"crypto ikev2 profile HQ\n"
	" match identity remote fqdn vpn.corp.example\n"
	" identity local key-id sallyport-session:01HF7YAT000123456789ABCDEF\n"
	" authentication local %s\n"
	" authentication remote %s\n"
	"%s";

static struct world w;
static struct snapshot *client, *server;

static void open_world(bool by_key)
{
	static char text[1024];

	snprintf(text, sizeof(text), client_text, by_key ? "pre-share" : "rsa-sig",
		by_key ? "pre-share" : "rsa-sig", by_key ? " keyring local K\n" : "");
	client = world_conf(text);
	server = world_conf(server_text);
	T_TRUE(world_init(&w, 3, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
	w.node[1].by_token = true;
	w.node[1].token_login_s = (uint64_t)w.node[1].ike->ports->wall_s(w.node[1].ike->ctx) - 100;
	snprintf(w.node[1].hook_profile, sizeof(w.node[1].hook_profile), "RA");
}

static void close_world(void)
{
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	ike_close_all(w.node[1].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
}

static void connect_now(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 3000);
}

static void comes_back(void)
{
	T_DO(open_world(true));
	w.node[1].session_lifetime_s = 300;
	T_DO(connect_now());
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	struct ike_sa *sa = ike_find_number(w.node[1].ike, w.node[1].up_sa);
	T_TRUE(sa != NULL && sa->is_resumed);
	T_EQ(sa->auth_local, AUTHM_PSK);
	T_EQ(sa->auth_remote, AUTHM_PSK);
	T_STR(sa->user, "anna");
	T_TRUE(sa->peer_id->type == 3 && sa->peer_id->len == 17); /* who has logged in, not the session ID */
	T_TRUE(w.node[1].was_by_token);
	T_EQ(world_count(&w.node[1], CT_RECONNECTED), 1);
	T_EQ(world_count(&w.node[1], CT_LOGIN_KEY), 0);
	T_TRUE(world_has_way(&w, 0) && world_has_way(&w, 1));
	/* 100 of the 300 seconds are over. */
	world_run(&w, 190000);
	T_TRUE(w.node[1].up_sa != 0);
	world_run(&w, 12000);
	T_EQ(w.node[1].up_sa, 0);
	T_EQ(w.node[1].last_status, ST_END_SESSION_TIMEOUT);
	T_DO(close_world());
}

/* The client noticed first: what we still have of it goes without a DELETE. */
static void only_one_sa(void)
{
	T_DO(open_world(true));
	T_DO(connect_now());
	uint64_t old = w.node[0].up_sa;
	uint64_t informational = world_count(&w.node[1], CT_IKE_INFO_OUT);
	w.node[1].token_live_sa = w.node[1].up_sa;
	T_DO(connect_now());
	T_TRUE(w.node[1].up_sa > w.node[1].token_live_sa);
	T_EQ(ike_count(w.node[1].ike), 1);
	T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 1);
	T_EQ(w.node[1].last_status, ST_END_RESUMED);
	T_EQ(world_count(&w.node[1], CT_IKE_INFO_OUT), informational);
	T_TRUE(ike_find_number(w.node[0].ike, old) != NULL); /* it was not told */
	T_EQ(w.node[1].n_child, 1);
	w.node[1].token_live_sa = 0;
	T_DO(close_world());
}

/* The words for the operator are ours, the client hears the same of everything. */
static void refused(enum status why)
{
	T_DO(connect_now());
	T_EQ(w.node[1].up_sa, 0);
	T_EQ(w.node[1].last_status, why);
	T_EQ(world_status_count(&w.node[0], ST_AUTH_FAILED) + world_status_count(&w.node[0], ST_PEER_REFUSED), 1);
	T_EQ(world_count(&w.node[1], CT_RECONNECTED), 0);
	T_TRUE(!w.node[1].was_by_token); /* no session was touched */
}

static void wrong_token(void)
{
	T_DO(open_world(true));
	snprintf(w.node[1].psk_remote, sizeof(w.node[1].psk_remote), "another");
	T_DO(refused(ST_RECONNECT_BAD));
	T_TRUE(w.node[1].last_detail[0] != '\0');
	T_EQ(world_count(&w.node[1], CT_RECONNECT_REFUSED), 1);
	T_EQ(world_count(&w.node[1], CT_REFUSED_KEY), 0);
	T_DO(close_world());
}

static void another_method(void)
{
	T_DO(open_world(false));
	T_DO(refused(ST_RECONNECT_BAD));
	T_EQ(world_count(&w.node[1], CT_RECONNECT_REFUSED), 1);
	T_DO(close_world());
}

static void no_session(void)
{
	T_DO(open_world(true));
	w.node[1].by_token = false;
	w.node[1].hook_status = ST_RECONNECT_OVER;
	T_DO(refused(ST_RECONNECT_OVER));
	T_DO(close_world());
}

/* The key that the token makes is no key of the profile: without the word of the world nobody gets in by it. */
static void not_by_a_key_alone(void)
{
	T_DO(open_world(true));
	w.node[1].by_token = false;
	T_DO(refused(ST_AUTH_METHOD));
	T_DO(close_world());
}

int main(void)
{
	T_RUN(comes_back);
	T_RUN(only_one_sa);
	T_RUN(wrong_token);
	T_RUN(another_method);
	T_RUN(no_session);
	T_RUN(not_by_a_key_alone);
	return t_end();
}
