/* The engine's ports: everything it wants from the world, in one struct. Nothing else in core/ike
 * reads a clock, draws a random number, sends, stores or decides about a user.
 *
 * Questions (job, ask, commit) carry a copy and a number, never a pointer that outlives the call;
 * each is answered once by ike_on_job / ike_on_answer / ike_on_commit with that number, at once
 * from inside the call is NOT allowed (the filler queues it), late is, never is (a timeout row
 * catches it), and an answer to a dead or cancelled number is ignored and counted. */
#ifndef CORE_IKE_PORTS_H
#define CORE_IKE_PORTS_H

#include "core/ike/events.h"

struct ike_trace;

struct ike_ports {
	uint64_t (*now_ms)(void *ctx);  /* monotonic */
	int64_t (*wall_s)(void *ctx);   /* UTC */
	void (*random)(void *ctx, void *out, size_t len);
	/* One IKE message without the non-ESP marker; the filler adds it when either port is not 500's.
	 * local.port tells which socket. The buffer is the caller's. */
	void (*send)(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		     const uint8_t *msg, size_t len);
	/* One byte 0xFF without a marker (RFC 3948 2.3), from a port that is not 500's. */
	void (*keepalive)(void *ctx, const struct endpoint *local, const struct endpoint *remote);
	/* Our address that packets to a peer's leave from, of the session's device tun (0: none of ours).
	 * Looks into the routing table, does not wait. ST_NOT_FOUND...: no way. NULL: our addresses never
	 * change. */
	enum status (*source)(void *ctx, uint32_t tun, const struct endpoint *remote, struct addr *out);
	void (*wake_at)(void *ctx, uint64_t at_ms); /* call ike_on_time then or earlier; TIMER_NEVER */
	enum status (*job)(void *ctx, uint64_t number, const struct ike_job *job);
	enum status (*ask)(void *ctx, uint64_t number, const struct ike_question *q);
	enum status (*commit)(void *ctx, uint64_t number, const struct ike_commit *c);
	void (*cancel)(void *ctx, uint64_t number); /* job, ask or commit no longer wanted */
	/* The negotiation of this SA, which asked for keys or EAP, is over: its EAP conversation can go, and what was kept
	 * of the answers. NULL: nothing is kept. */
	void (*forget)(void *ctx, uint64_t sa);
	/* Can ESP without UDP leave from and come to our address (family 0: any of ours)? NULL: never. */
	bool (*has_raw)(void *ctx, const struct endpoint *local, uint8_t family);
	enum status (*install)(void *ctx, const struct ike_child_spec *spec); /* ST_OK, ST_INSTALL, ST_NOMEM */
	/* From and to other addresses, or in the other form. */
	void (*move)(void *ctx, uint32_t spi_in, const struct endpoint *local, const struct endpoint *remote,
		     bool udp_encap);
	/* Packets leave through this child from now on, which was installed receive_only. */
	void (*use)(void *ctx, uint32_t spi_in);
	/* None leaves through this child any more; it still receives. */
	void (*unuse)(void *ctx, uint32_t spi_in);
	void (*remove)(void *ctx, uint32_t spi_in);
	/* Monotonic ms of the last packet with data that came or left through this child, 0: none did. NULL:
	 * nobody knows, and no child is idle. */
	uint64_t (*last_data)(void *ctx, uint32_t spi_in);
	/* Frozen record of IKE SA `sa`, written at each committed transition; len 0 forgets it. */
	enum status (*keep)(void *ctx, uint64_t sa, const uint8_t *rec, size_t len);
	/* The keys that seal tickets, as one record for ike_take_keys after the next start of the machine.
	 * May be lost: then tickets are refused, and their owners log in. */
	void (*keep_keys)(void *ctx, const uint8_t *rec, size_t len);
	/* Must not call the engine, which is in the middle of a transition; the next turn may. */
	void (*tell)(void *ctx, const struct ike_event *ev);
	/* What an operator watches (trace.h), after ike_set_trace() only. Must not call the engine. */
	void (*trace)(void *ctx, const struct ike_trace *t);
};

#endif
