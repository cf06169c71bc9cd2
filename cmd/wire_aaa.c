#include "cmd/wire_aaa.h"

#include "cmd/wire_acct.h"
#include "cmd/wire_authorize.h"
#include "cmd/wire_cached.h"
#include "cmd/wire_coa_ask.h"
#include "cmd/wire_pass.h"
#include "cmd/wire_psk.h"
#include "cmd/wire_radius.h"
#include "cmd/wire_spool.h"

enum status wire_aaa_open(struct wire *w)
{
	enum status st = wire_radius_open(w);
	if (st == ST_OK)
		st = wire_cached_open(w);
	if (st == ST_OK)
		st = wire_pass_open(w);
	if (st == ST_OK)
		st = wire_psk_open(w);
	if (st == ST_OK)
		st = wire_authorize_open(w);
	if (st == ST_OK)
		st = wire_coa_ask_open(w);
	if (st == ST_OK)
		st = wire_acct_open(w);
	if (st != ST_OK)
		return st;
	w->world.radius = wire_radius(w);
	wire_radius_configure(w);
	return ST_OK;
}

void wire_aaa_configure(struct wire *w)
{
	wire_pass_configure(w);
	wire_radius_configure(w);
}

void wire_aaa_second(struct wire *w)
{
	wire_radius_second(w);
	wire_spool_second(w);
}

void wire_aaa_close(struct wire *w)
{
	w->world.radius = NULL;
	wire_acct_close(w);
	wire_coa_ask_close(w);
	wire_authorize_close(w);
	wire_psk_close(w);
	wire_pass_close(w);
	wire_cached_close(w);
	wire_radius_close(w);
}
