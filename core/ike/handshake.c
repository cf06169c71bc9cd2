#include "core/ike/handshake.h"

#include "core/base/mem.h"
#include "core/ike/intermediate.h"
#include "core/ike/ppk.h"
#include "core/ike/proof.h"

struct handshake *handshake_new(struct snapshot *conf)
{
	struct handshake *hs = mem_new(sizeof(*hs));

	if (hs != NULL)
		hs->conf = snapshot_ref(conf);
	return hs;
}

void handshake_forget_ticket(struct handshake *hs)
{
	if (hs->resumed != NULL)
		mem_free_secret(hs->resumed, sizeof(*hs->resumed));
	mem_free(hs->ticket);
	hs->resumed = NULL;
	hs->ticket = NULL;
	hs->ticket_len = 0;
}

void handshake_free(struct handshake *hs)
{
	if (hs == NULL)
		return;
	snapshot_unref(hs->conf);
	mem_free(hs->init_request);
	mem_free(hs->init_reply);
	mem_free(hs->child_sa);
	mem_free(hs->connect);
	handshake_forget_ticket(hs);
	if (hs->session != NULL)
		mem_free_secret(hs->session, sizeof(*hs->session));
	intermediate_free(hs->intermediate);
	ppk_free(hs->ppk);
	proof_free(hs->proof);
	mem_free_secret(hs, sizeof(*hs));
}

static enum status keep(uint8_t **slot, size_t *len, struct view msg)
{
	uint8_t *copy;

	if (msg.len == 0 || msg.len > INIT_MAX)
		return ST_BAD_LENGTH;
	copy = mem_dup(msg.p, msg.len);
	if (copy == NULL)
		return ST_NOMEM;
	mem_free(*slot);
	*slot = copy;
	*len = msg.len;
	return ST_OK;
}

enum status handshake_keep_request(struct handshake *hs, struct view msg)
{
	return keep(&hs->init_request, &hs->init_request_len, msg);
}

enum status handshake_keep_reply(struct handshake *hs, struct view msg)
{
	return keep(&hs->init_reply, &hs->init_reply_len, msg);
}

enum status handshake_keep_child_sa(struct handshake *hs, struct view body)
{
	return keep(&hs->child_sa, &hs->child_sa_len, body);
}
