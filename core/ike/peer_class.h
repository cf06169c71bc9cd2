/* What kind of client or gateway a peer is, as far as it says so itself: by vendor IDs, and
 * AnyConnect by its identity (R-IKE-14). It decides which configuration attributes a peer is sent
 * (R-MCF-09..11) and which habits of a client are respected. Nothing is proven by it and nothing is
 * granted for it: whoever claims to be AnyConnect is sent a few attributes more. Pure.
 *
 * Apple's and Android's own clients send no vendor ID, strongSwan only when told to: they are OTHER,
 * and whatever they need is done for every peer. */
#ifndef CORE_IKE_PEER_CLASS_H
#define CORE_IKE_PEER_CLASS_H

#include "core/ike/questions.h"
#include "core/ike/msg.h"

/* In the order of how much they say: the highest that a peer gives a reason for counts. */
enum peer_class {
	PEER_OTHER,
	PEER_STRONGSWAN,
	PEER_OPENIKED,
	PEER_WINDOWS,
	PEER_FLEXVPN,
	PEER_ANYCONNECT,
	PEER_CLASSES
};

/* The class by the vendor IDs of one message, at least so_far. */
enum peer_class peer_class_read(const struct ike_payloads *p, enum peer_class so_far);
/* The same by the identity: the key-id that AnyConnect has. */
enum peer_class peer_class_by_id(const struct ike_id *id, enum peer_class so_far);

/* Cisco's Unity attributes and APPLICATION_VERSION (R-MCF-09, R-MCF-10). */
bool peer_class_takes_unity(enum peer_class c);
/* MODECFG_CONFIG_URL and _VERSION (R-MCF-11). */
bool peer_class_takes_flexvpn(enum peer_class c);

struct ike_connect;
/* Our own vendor ID, where we are a FlexVPN client: a Cisco gateway then leaves the selectors wide. */
void peer_class_put(struct msg_out *o, const struct ike_connect *c);

/* "anyconnect" and so on, for logs and show. */
const char *peer_class_words(enum peer_class c);

#endif
