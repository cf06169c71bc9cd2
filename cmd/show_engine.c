/* show crypto engine (R-SHO-11): which library does ESP here, and why. IKE has BoringSSL always. */
#include <inttypes.h>

#include "cmd/show.h"
#include "core/crypto/esp_engine.h"

static void put_features(struct out *out)
{
	const char *name;
	bool has = false, any = false;
	for (size_t i = 0; (name = esp_engine_feature(i, &has)); i++) {
		if (has)
			out_printf(out, "%s%s", any ? ", " : "", name);
		any |= has;
	}
	out_printf(out, "%s\n", any ? "" : "nothing that matters here");
}

static void text_engine(struct out *out, const struct esp_engine_info *i)
{
	out_printf(out, "ESP engine: %s", esp_engine_names[i->in_force]);
	if (i->in_force == ESP_ENGINE_IPSEC_MB)
		out_printf(out, " %s, code for %s", i->version, i->kind);
	out_printf(out, " (configured: %s)\n", esp_engine_names[i->wanted]);
	if (i->why_not)
		out_printf(out, "  ipsec-mb cannot be used: %s\n", i->why_not);
	out_printf(out, "  Processor: ");
	put_features(out);
	out_printf(out, "  Threads that do many packets at once: %" PRIu32 "\n", i->threads);
	out_printf(out, "  %-12s %12s %12s\n", "", "ciphers now", "ever made");
	for (int e = ESP_ENGINE_BORINGSSL; e < ESP_ENGINES; e++)
		out_printf(out, "  %-12s %12" PRIu64 " %12" PRIu64 "\n", esp_engine_names[e], i->ciphers[e],
			   i->made[e]);
	out_printf(out, "IKE engine: %s\n", esp_engine_names[ESP_ENGINE_BORINGSSL]);
}

static void json_engine(struct out *out, const struct esp_engine_info *i)
{
	const char *name;
	bool has = false;
	js_open(out, NULL);
	js_str(out, "esp_engine", esp_engine_names[i->in_force]);
	js_str(out, "configured", esp_engine_names[i->wanted]);
	js_str(out, "ike_engine", esp_engine_names[ESP_ENGINE_BORINGSSL]);
	js_bool(out, "ipsec_mb_usable", !i->why_not);
	js_str(out, "ipsec_mb_why_not", i->why_not ? i->why_not : "");
	js_str(out, "ipsec_mb_version", i->version ? i->version : "");
	js_str(out, "ipsec_mb_code", i->kind ? i->kind : "");
	js_u64(out, "threads", i->threads);
	js_open(out, "processor");
	for (size_t k = 0; (name = esp_engine_feature(k, &has)); k++)
		js_bool(out, name, has);
	js_close(out);
	js_open(out, "ciphers");
	for (int e = ESP_ENGINE_BORINGSSL; e < ESP_ENGINES; e++) {
		js_open(out, esp_engine_names[e]);
		js_u64(out, "now", i->ciphers[e]);
		js_u64(out, "made", i->made[e]);
		js_close(out);
	}
	js_close(out);
	js_close(out);
}

SHOW(show_crypto_engine)
{
	(void)w;
	struct esp_engine_info info;
	esp_engine_info(&info);
	if (out->json)
		json_engine(out, &info);
	else
		text_engine(out, &info);
	return 0;
}
