#include "core/crypto/esp_engine.h"

#include <stdatomic.h>
#include <string.h>

#include "core/crypto/esp_mb.h"
#include "core/crypto/esp_soft.h"

const char *const esp_engine_names[ESP_ENGINES] = {
	[ESP_ENGINE_AUTO] = "auto",
	[ESP_ENGINE_BORINGSSL] = "boringssl",
	[ESP_ENGINE_IPSEC_MB] = "ipsec-mb",
};

static _Atomic(enum esp_engine) wanted_now = ESP_ENGINE_BORINGSSL;
static _Atomic(enum esp_engine) in_force = ESP_ENGINE_BORINGSSL;
static _Atomic(const char *) why_not = "nobody asked for it yet";
static _Atomic uint64_t alive[ESP_ENGINES], made[ESP_ENGINES];

enum status esp_engine_select(enum esp_engine wanted)
{
	const char *why = NULL;
	enum status st = esp_mb_start(&why);

	atomic_store(&why_not, why);
	atomic_store(&wanted_now, wanted);
	atomic_store(&in_force, st == ST_OK && wanted != ESP_ENGINE_BORINGSSL ? ESP_ENGINE_IPSEC_MB
									     : ESP_ENGINE_BORINGSSL);
	return wanted == ESP_ENGINE_IPSEC_MB ? st : ST_OK;
}

enum status esp_engine_thread_begin(void)
{
	return esp_mb_thread_begin();
}

void esp_engine_thread_end(void)
{
	esp_mb_thread_end();
}

bool esp_engine_thread_can(void)
{
	return esp_mb_thread_can();
}

const struct esp_ops *esp_engine_ops(const struct esp_suite *s)
{
	const struct esp_ops *ops = NULL;

	if (atomic_load(&in_force) == ESP_ENGINE_IPSEC_MB)
		ops = esp_mb_ops(s);
	return ops != NULL ? ops : esp_soft_ops(s);
}

void esp_engine_count(const char *engine, int by)
{
	for (int e = ESP_ENGINE_BORINGSSL; e < ESP_ENGINES; e++) {
		if (strcmp(engine, esp_engine_names[e]) != 0)
			continue;
		if (by > 0)
			atomic_fetch_add_explicit(&made[e], 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&alive[e], (uint64_t)(int64_t)by, memory_order_relaxed);
	}
}

void esp_engine_info(struct esp_engine_info *out)
{
	*out = (struct esp_engine_info){
		.wanted = atomic_load(&wanted_now),
		.in_force = atomic_load(&in_force),
		.why_not = atomic_load(&why_not),
		.version = esp_mb_version(),
		.kind = esp_mb_kind(),
		.threads = esp_mb_threads(),
	};
	for (int e = 0; e < ESP_ENGINES; e++) {
		out->ciphers[e] = atomic_load_explicit(&alive[e], memory_order_relaxed);
		out->made[e] = atomic_load_explicit(&made[e], memory_order_relaxed);
	}
}

const char *esp_engine_feature(size_t i, bool *has)
{
	return esp_mb_feature(i, has);
}
