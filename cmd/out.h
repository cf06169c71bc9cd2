/* Output of a command: one growing buffer, text or JSON. Out of memory is sticky; the reader of the
 * buffer checks out_ok() once. Loop thread or client process. */
#ifndef CMD_OUT_H
#define CMD_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/rd.h"

#define OUT_MAX (64u << 20) /* no answer is larger */
#define OUT_DEPTH 16

struct out {
	char *buf;
	size_t len;
	size_t cap;
	bool bad;
	bool json;              /* what the command was asked for */
	uint8_t depth;          /* JSON nesting */
	bool has_item[OUT_DEPTH];
};

void out_init(struct out *o, bool json);
void out_fini(struct out *o);
bool out_ok(const struct out *o);

void out_raw(struct out *o, const char *s, size_t len);
void out_printf(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Bytes from a peer, escaped. */
void out_bytes(struct out *o, const void *p, size_t len);

/* JSON. key NULL inside arrays. Commas and quoting are the writer's business. */
void js_open(struct out *o, const char *key);        /* { */
void js_close(struct out *o);
void js_open_array(struct out *o, const char *key);  /* [ */
void js_close_array(struct out *o);
void js_str(struct out *o, const char *key, const char *value);
void js_bytes(struct out *o, const char *key, const void *p, size_t len);
void js_u64(struct out *o, const char *key, uint64_t value);
void js_bool(struct out *o, const char *key, bool value);
void js_hex32(struct out *o, const char *key, uint32_t value);
void js_hex64(struct out *o, const char *key, uint64_t value);
void js_addr(struct out *o, const char *key, const struct addr *a);   /* null for family 0 */
void js_endpoint(struct out *o, const char *key, const struct endpoint *e); /* {"address":..,"port":..} */

#endif
