/* THE table of methods. */
#include <stdio.h>

#include "core/eap/method.h"

static const struct {
	const struct eap_method *server;
	const struct eap_method *peer; /* NULL: we do not log in with it */
} rows[] = {
	{&eap_mschapv2_server, &eap_mschapv2_peer},
	{&eap_md5_server, &eap_md5_peer},
	{&eap_gtc_server, &eap_gtc_peer},
	{&eap_tls_server, &eap_tls_peer},
	{&eap_ttls_server, NULL},
	{&eap_peap_server, NULL},
};

const struct eap_method *eap_method_find(uint8_t type, bool is_server)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].server->type == type)
			return is_server ? rows[i].server : rows[i].peer;
	}
	return NULL;
}

enum eap_step_kind eap_fail(struct eap_turn *t, enum status st, const char *words)
{
	t->step->status = st;
	snprintf(t->step->words, sizeof(t->step->words), "%s",
		words != NULL ? words : status_words(st));
	return EAP_FAILURE;
}
