/* Which pre-shared keys a profile has for a peer (R-KEY-05..07, R-KEY-11). */
#include <string.h>
#include <strings.h>

#include "core/conf/match.h"

static const struct secret *usable(const struct secret *s)
{
	return secret_usable(s) ? s : NULL;
}

/* R-KEY-07: host before prefix before wildcard, whatever the order. */
static const struct ike_peer *peer_by_addr(const struct ike_keyring *k, const struct addr *peer)
{
	const struct ike_peer *best = NULL;
	for (size_t i = 0; i < k->peer_count; i++) {
		const struct ike_peer *p = &k->peers[i];
		if (p->address.addr.family && prefix_contains(&p->address, peer) &&
			(!best || p->address.len > best->address.len))
			best = p;
	}
	return best;
}

/* Names that name the peer itself come before domains; the longer domain before the shorter. */
static int id_weight(const struct id_match *m)
{
	if (m->kind == ID_ADDRESS)
		return m->prefix.len;
	if (m->kind == ID_FQDN_DOMAIN || m->kind == ID_EMAIL_DOMAIN)
		return (int)strlen(m->text);
	return 100000;
}

static const struct ike_peer *peer_by_id(
	const struct ike_keyring *k, uint8_t id_type, struct view id)
{
	const struct ike_peer *best = NULL;
	int best_weight = -1;
	for (size_t i = 0; i < k->peer_count; i++) {
		const struct ike_peer *p = &k->peers[i];
		for (size_t j = 0; j < p->identity_count; j++) {
			int w = id_weight(&p->identities[j]);
			if (w > best_weight && id_covers(&p->identities[j], id_type, id)) {
				best = p;
				best_weight = w;
			}
		}
	}
	return best;
}

static const struct ike_peer *peer_by_hostname(const struct ike_keyring *k, const char *hostname)
{
	for (size_t i = 0; hostname && *hostname && i < k->peer_count; i++)
		if (k->peers[i].hostname && strcasecmp(k->peers[i].hostname, hostname) == 0)
			return &k->peers[i];
	return NULL;
}

/* The keyring's peer fills what no inline key gives. */
static enum status combine(
	const struct ike_profile *p, const struct ike_peer *peer, struct psk_pair *out)
{
	*out = (struct psk_pair){.local = usable(&p->key_local), .remote = usable(&p->key_remote)};
	if (peer) {
		const struct secret *both = usable(&peer->key);
		const struct secret *local = usable(&peer->key_local),
				    *remote = usable(&peer->key_remote);
		if (!out->local) {
			out->local = local ? local : both;
			out->peer = out->local ? peer : NULL;
		}
		if (!out->remote) {
			out->remote = remote ? remote : both;
			out->peer = out->remote ? peer : out->peer;
		}
	}
	return out->local || out->remote ? ST_OK : ST_NO_KEY;
}

static const struct ike_keyring *keyring_of(const struct snapshot *s, const struct ike_profile *p)
{
	return p->keyring_kind == KEYRING_LOCAL ? snapshot_keyring(s, p->keyring) : NULL;
}

static const struct ike_peer *of_responder(
	const struct ike_keyring *k, uint8_t id_type, struct view id, const struct addr *peer)
{
	const struct ike_peer *found = k ? peer_by_id(k, id_type, id) : NULL;
	return k && !found ? peer_by_addr(k, peer) : found;
}

static const struct ike_peer *of_initiator(
	const struct ike_keyring *k, const char *hostname, const struct addr *peer)
{
	const struct ike_peer *found = k ? peer_by_hostname(k, hostname) : NULL;
	return k && !found ? peer_by_addr(k, peer) : found;
}

enum status psk_for_responder(const struct snapshot *s, const struct ike_profile *p,
	uint8_t id_type, struct view id, const struct addr *peer, struct psk_pair *out)
{
	return combine(p, of_responder(keyring_of(s, p), id_type, id, peer), out);
}

enum status psk_for_initiator(const struct snapshot *s, const struct ike_profile *p,
	const char *hostname, const struct addr *peer, struct psk_pair *out)
{
	return combine(p, of_initiator(keyring_of(s, p), hostname, peer), out);
}

/* ---- post-quantum keys ---- */

static const struct ike_keyring *ppks_of(const struct snapshot *s, const struct ike_profile *p)
{
	return p && p->keyring_ppk ? snapshot_keyring(s, p->keyring_ppk) : NULL;
}

static const struct ike_peer *with_ppk(const struct ike_peer *peer)
{
	return peer && peer->ppk_id && secret_usable(&peer->ppk) ? peer : NULL;
}

const struct ike_peer *ppk_for_responder(const struct snapshot *s, const struct ike_profile *p,
	uint8_t id_type, struct view id, const struct addr *peer)
{
	return with_ppk(of_responder(ppks_of(s, p), id_type, id, peer));
}

const struct ike_peer *ppk_for_initiator(const struct snapshot *s, const struct ike_profile *p,
	const char *hostname, const struct addr *peer)
{
	return with_ppk(of_initiator(ppks_of(s, p), hostname, peer));
}
