/* A session as its client carries it from one gateway of a cluster to another (R-CRK; docs/reconnect.md has
 * the bytes): sealed, so that only who has the key reads or makes it. Pure.
 *
 *   version 1 | key index | nonce 12 | AES-256-GCM(frozen record) | tag 16     the first 2 are covered, too */
#ifndef CORE_SESSION_CLUSTER_H
#define CORE_SESSION_CLUSTER_H

#include "core/conf/snapshot.h"
#include "core/crypto/box.h"
#include "core/session/session.h"

#define CLUSTER_STATE_MAX IKE_SESSION_STATE /* octets; a session that is granted more cannot be carried */
#define CLUSTER_LIFE_S    604800 /* no state is good for longer */

struct cluster_state {
	char node[SESSION_NAME]; /* the gateway that wrote it */
	char vrf[SESSION_NAME];  /* outer */
	uint64_t expires_s;      /* UTC */
	struct view record;      /* of session_freeze() */
};

/* Key that is to be sealed with: its index, 1 or 2; 0: none is active. */
uint8_t cluster_active(const struct snapshot *conf);
/* nonce: random, never twice. ST_LIMIT: too long; ST_INTERNAL: no such key. */
enum status cluster_seal(const struct snapshot *conf, const uint8_t nonce[BOX_NONCE_LEN],
	const struct cluster_state *s, uint8_t out[CLUSTER_STATE_MAX], size_t *len) MUST_USE;
/* out's record is a view of plain, which holds secrets. ST_RECONNECT_BAD: not sealed with a key of ours, or
 * not what we write; ST_RECONNECT_OVER: expired. */
enum status cluster_open(const struct snapshot *conf, struct view sealed, uint64_t now_s,
	uint8_t plain[CLUSTER_STATE_MAX], struct cluster_state *out) MUST_USE;

#endif
