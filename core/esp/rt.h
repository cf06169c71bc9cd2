/* Run-time half of an ESP SA: what changes with every packet. Lives in memory that outlives the
 * process (the holder's), so that a new main goes on where the old one was killed. Written by the
 * owning worker only; read by anyone (relaxed). */
#ifndef CORE_ESP_RT_H
#define CORE_ESP_RT_H

#include <stdatomic.h>
#include <stdint.h>

/* Packets; the most that can be configured, since every slot has room for it. The bitmap is a ring of 64-bit words. */
#define ESP_WINDOW_MAX 1024
#define ESP_RT_WORDS (ESP_WINDOW_MAX / 64)

struct esp_rt {
	_Alignas(64) _Atomic uint64_t seq_out;   /* last sequence number used */
	_Atomic uint64_t seq_top;                /* highest authenticated inbound number */
	_Atomic uint64_t packets_in, bytes_in;   /* inner bytes */
	_Atomic uint64_t packets_out, bytes_out;
	_Atomic uint64_t last_in_ms, last_out_ms; /* data; CLOCK_MONOTONIC ms, given by the worker's loop */
	_Atomic uint64_t drops_replay, drops_auth, drops_policy, drops_other;
	uint32_t spi_in;                          /* 0: slot free */
	uint32_t window;                          /* packets; 0: no replay check */
	_Atomic uint64_t bitmap[ESP_RT_WORDS];
	_Atomic uint64_t last_bare_ms; /* authentic and no data: a dummy, or judged out. Seldom */
};

/* When the peer was heard last: whatever was authentic is a sign of life. */
static inline uint64_t esp_rt_heard_ms(const struct esp_rt *rt)
{
	uint64_t data = atomic_load_explicit(&rt->last_in_ms, memory_order_relaxed);
	uint64_t bare = atomic_load_explicit(&rt->last_bare_ms, memory_order_relaxed);

	return data > bare ? data : bare;
}

/* Owner side. */
static inline void esp_rt_add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t v = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, v + n, memory_order_relaxed);
}

#endif
