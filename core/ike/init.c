#include "core/ike/init.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/engine.h"
#include "core/ike/frag_offer.h"
#include "core/wire/notify.h"

static enum status read_notifies(const struct ike_payloads *p, struct natd *natd)
{
	struct notify n;
	enum status st;

	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL;
		at = payload_find_next(p, at)) {
		st = notify_parse(at->body, &n);
		if (st != ST_OK)
			return st;
		if (n.type == N_NAT_DETECTION_SOURCE_IP)
			natd_source(natd, n.data);
		else if (n.type == N_NAT_DETECTION_DESTINATION_IP)
			natd_destination(natd, n.data);
	}
	return ST_OK;
}

enum status init_read_natd(const struct msg_in *m, struct natd_result *out)
{
	struct natd natd;
	enum status st;

	natd_start(&natd, m->hdr.spi_i, m->hdr.spi_r, m->local, m->remote);
	st = read_notifies(&m->p, &natd);
	*out = natd_end(&natd);
	return st;
}

enum status init_parse(const struct msg_in *m, struct init_msg *out)
{
	enum sa_numbers numbers =
		ike_hdr_is_response(&m->hdr) ? SA_NUMBERS_INCREASING : SA_NUMBERS_STRICT;
	struct notify n;
	enum status st;

	*out = (struct init_msg){0};
	st = sa_parse(payload_find(&m->p, PT_SA)->body, numbers, &out->sa);
	if (st != ST_OK)
		return st;
	/* RFC 7296 3.3.1: the SPIs are those of the header. */
	if (!sa_spis_are(&out->sa, PROTO_IKE, 0))
		return ST_BAD_PAYLOAD;
	st = ke_parse(payload_find(&m->p, PT_KE)->body, &out->ke);
	if (st != ST_OK)
		return st;
	st = nonce_parse(payload_find(&m->p, PT_NONCE)->body, &out->nonce);
	if (st != ST_OK)
		return st;
	out->childless = msg_find_notify(&m->p, N_CHILDLESS_IKEV2_SUPPORTED, &n);
	out->frag = frag_read(&m->p);
	return init_read_natd(m, &out->nat);
}

enum status init_parse_error(const struct msg_in *m, struct init_error *out)
{
	struct notify n;
	enum status st;

	*out = (struct init_error){0};
	for (const struct payload *at = payload_find(&m->p, PT_NOTIFY); at != NULL;
		at = payload_find_next(&m->p, at)) {
		st = notify_parse(at->body, &n);
		if (st != ST_OK)
			return st;
		if (n.type == N_COOKIE && n.data.len >= 1 && n.data.len <= HANDSHAKE_COOKIE) {
			*out = (struct init_error){.type = n.type, .cookie = n.data};
			return ST_OK;
		}
		if (n.type == N_REDIRECT) {
			*out = (struct init_error){.type = n.type, .gateway = n.data};
			return ST_OK;
		}
		if (n.type == N_INVALID_KE_PAYLOAD && notify_u16(&n, &out->group) == ST_OK) {
			out->type = n.type;
			return ST_OK;
		}
		if (notify_is_error(n.type) && out->type == 0)
			out->type = n.type;
	}
	return ST_OK;
}

struct view init_cookie_of(const struct ike_payloads *p)
{
	struct notify n;

	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL;
		at = payload_find_next(p, at))
		if (notify_parse(at->body, &n) == ST_OK && n.type == N_COOKIE)
			return n.data;
	return (struct view){0};
}

void init_put_sa(struct msg_out *o, const struct sa *sa)
{
	struct wr_mark m = payload_open(&o->c, PT_SA);

	sa_build(&o->w, sa);
	payload_close(&o->c, m);
}

void init_put_ke(struct msg_out *o, uint16_t group, struct view public_key, struct view nonce)
{
	msg_put_ke(o, group, public_key);
	payload_put(&o->c, PT_NONCE, nonce.p, nonce.len);
}

enum status init_keep_pair(struct ike_sa *sa, const struct ike_job_result *job)
{
	struct handshake *hs = sa->hs;

	if (job->status != ST_OK)
		return job->status;
	if (job->private_len > sizeof(hs->private_key) || job->public_len > sizeof(hs->public_key))
		return sa_fail(sa, ST_INTERNAL, "%s", "key pair of the wrong length");
	hs->private_len = job->private_len;
	memcpy(hs->private_key, job->private_key, job->private_len);
	hs->public_len = job->public_len;
	memcpy(hs->public_key, job->public_key, job->public_len);
	return ST_OK;
}

enum status init_send_first(struct ike_sa *sa, enum request_kind kind, struct msg_out *o)
{
	struct view msg;
	enum status st = msg_end(o, &msg);

	if (st == ST_OK)
		st = handshake_keep_request(sa->hs, msg);
	if (st != ST_OK)
		return st;
	sa_request_done(sa, LANE_EXCHANGE);
	sa->out.next = 0;
	st = sa_request(sa, kind, msg);
	if (st == ST_OK)
		sa_send(sa, msg);
	return st;
}

enum status init_take_secret(struct ike_sa *sa, const struct ike_job_result *job, const struct xf *group,
	struct key_input *in)
{
	struct handshake *hs = sa->hs;

	mem_zero(hs->private_key, sizeof(hs->private_key));
	if (job->status != ST_OK)
		return sa_fail(sa, job->status, "%s", job->status == ST_BAD_KE ?
			"the peer's key exchange value is not valid for its group" : "");
	if (job->secret_len != group->secret_len)
		return sa_fail(sa, ST_INTERNAL, "%s", "shared secret of the wrong length");
	*in = (struct key_input){
		.ni = {hs->ni, hs->ni_len},
		.nr = {hs->nr, hs->nr_len},
		.secret = {job->secret, job->secret_len},
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
	};
	return ST_OK;
}

enum status init_derive(struct ike_sa *sa, const struct ike_job_result *job)
{
	struct key_input in;
	enum status st = init_take_secret(sa, job, sa->suite.dh, &in);

	if (st != ST_OK)
		return st;
	keys_derive(&sa->suite, &in, sa->keys);
	sa->has_keys = true;
	return ST_OK;
}
