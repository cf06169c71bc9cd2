/* Two live engines, debug at its highest level, and somebody between or beside them who may have the
 * keys: messages are taken apart, changed and put together again. For the tests of bug classes. The
 * functions that return void assert: call them through T_DO(). */
#ifndef TESTS_LIB_IKE_ATTACK_H
#define TESTS_LIB_IKE_ATTACK_H

#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "tests/lib/ike_world.h"

#define ATTACK_BODY 1400
#define ATTACK_PAYLOADS 50
#define ATTACK_SEEN 64

struct attack_payload {
	uint8_t type;
	bool critical;
	size_t len;
	uint8_t body[ATTACK_BODY];
};

struct attack_chain {
	size_t n;
	struct attack_payload v[ATTACK_PAYLOADS];
};

typedef void attack_change(struct attack_chain *c, const void *arg);

extern struct attack {
	struct world w;
	struct snapshot *client, *server;
	struct attack_chain chain; /* of the message in hand */
	/* Messages of one kind are changed on their way, with the right keys where they are sealed. */
	struct {
		int from;
		uint8_t exchange;
		bool is_response;
		attack_change *fn; /* NULL: none is */
		const void *arg;
		unsigned done;
	} edit;
	bool is_mute; /* what the headend says is lost */
	struct {
		int from;
		size_t len;
		uint8_t bytes[WORLD_PACKET_MAX];
		struct endpoint local, remote; /* as the receiver sees them */
	} seen[ATTACK_SEEN]; /* every message, in order */
	size_t n_seen;
} attack;

/* The two configurations, before the first test and after the last. */
void attack_begin(void);
void attack_end(void);

void attack_open(void);
/* A login, or the attempt, for so long. */
void attack_connect(uint64_t ms);
void attack_login(void);
/* The headend has keys and waits for IKE_AUTH, which is lost until w.tap is attack_tap again. */
void attack_half_open(void);
/* Both sides have what they had, and the headend answers a liveness check. */
void attack_alive(void);
/* Nothing stays of whatever happened, and no rule was broken. */
void attack_close(void);

struct ike_sa *attack_sa(int side); /* the first; NULL: none */
bool attack_tap(struct world *world, int from, struct world_item *it, void *ctx);
void attack_edit(int from, uint8_t exchange, bool is_response, attack_change *fn, const void *arg);
void attack_take(const struct ike_payloads *p); /* into attack.chain */
void attack_put(struct msg_out *o);             /* attack.chain into a message */
struct attack_payload *attack_find(struct attack_chain *c, uint8_t type); /* NULL: none */
void attack_add(struct attack_chain *c, uint8_t type, bool critical, const void *body, size_t len);

void attack_inject_from(int to, const uint8_t *msg, size_t len, const struct endpoint *remote);
void attack_inject(int to, const uint8_t *msg, size_t len); /* from the other side's address */
/* attack.chain as a request, sealed by the other side with its SA's keys; its length. */
size_t attack_sealed(int to, uint8_t exchange, uint32_t msgid, uint8_t out[WORLD_PACKET_MAX]);
void attack_inject_sealed(int to, uint8_t exchange, uint32_t msgid);

void attack_put16(uint8_t *p, unsigned v);
void attack_put32(uint8_t *p, uint32_t v);

#endif
