/* One side of an EAP conversation by the configuration: its methods, whom it asks for, and the certificates of its
 * TLS. Loop thread. */
#ifndef CMD_WIRE_EAP_CONF_H
#define CMD_WIRE_EAP_CONF_H

#include "cmd/wire_state.h"
#include "core/crypto/tls.h"
#include "core/eap/eap.h"

/* One of the two is there. */
struct eap_side {
	struct eap_server *server;
	struct eap_peer *peer;
	bool has_password;   /* peer: of the profile */
	struct tls_ctx *tls; /* a reference; NULL: no certificate, no method of TLS */
	unsigned key;        /* of its certificate, for wire_keys_sign() */
};

/* TLS contexts of profiles, made at first need. */
#define EAP_TLS_KEPT 16
struct eap_tls_cache {
	struct {
		char profile[IKE_NAME_LEN]; /* "": free */
		bool is_server;
		unsigned key;
		struct tls_ctx *ctx;
	} v[EAP_TLS_KEPT];
	unsigned next;
};
void eap_tls_cache_clear(struct eap_tls_cache *c);

/* The IKE identity as a user's name. R-EAP-04: an address is nobody's; ST_CONFIG with words then, unless the
 * client is asked for its name (queries), and out is empty. */
enum status eap_name_of(const struct ike_question *q, bool queries, struct view *out, char *why, size_t cap) MUST_USE;

struct eap_side_want {
	const struct ike_question *q; /* its SA */
	bool goes_on;                 /* server: as of wire_eap_go_on() */
	char *why;                    /* IKE_DETAIL_LEN */
};
/* ST_CONFIG and words in why; ST_NO_PROFILE; ST_NOMEM. */
enum status eap_side_make(const struct wire *w, struct eap_tls_cache *cache, const struct eap_side_want *want,
			  struct eap_side *out) MUST_USE;
void eap_side_free(struct eap_side *s);

#endif
