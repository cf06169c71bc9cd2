/* Values of attributes as text, on their way into an aaa_set: what the tables of names (avpair.c), of
 * attributes (attrs.c) and of interface commands (iface_config.c) have in common. Private to core/aaa. */
#ifndef CORE_AAA_VALUE_H
#define CORE_AAA_VALUE_H

#include "core/aaa/attrs.h"

struct aaa_value {
	struct aaa_set *set;
	enum aaa_source source;
	const char *name;  /* of the attribute, for people */
	const char *text;  /* no control characters but line ends and tabs */
	enum aaa_item item; /* of the row */
	uint32_t min, max;  /* of the row */
	uint32_t index;     /* the N of name#N; 0: none */
	char *why;          /* AAA_WHY */
};
/* AAA_TAKEN; AAA_WRONG or AAA_UNSUPPORTED with a sentence. */
typedef enum aaa_verdict aaa_set_fn(const struct aaa_value *v);

aaa_set_fn aaa_set_name;    /* of an object of the configuration */
aaa_set_fn aaa_set_text;    /* one line */
aaa_set_fn aaa_set_word;    /* without blanks */
aaa_set_fn aaa_set_more;    /* text behind the text that is there */
aaa_set_fn aaa_set_u32;     /* uint32_t, min..max */
aaa_set_fn aaa_set_flag;    /* 0, 1 */
aaa_set_fn aaa_set_ip4;     /* struct addr */
aaa_set_fn aaa_set_joined;  /* names with blanks, commas or semicolons between them */
aaa_set_fn aaa_set_key;     /* struct aaa_key; never shown */
aaa_set_fn aaa_set_framed4; /* Framed-IP-Address */
aaa_set_fn aaa_set_framed6;
aaa_set_fn aaa_set_len6;
aaa_set_fn aaa_set_mask;
aaa_set_fn aaa_set_servers; /* "A [B]" into an array of max addresses of family min */
aaa_set_fn aaa_set_server;  /* one into place index - 1 of it; 0: the next free one */
aaa_set_fn aaa_set_filter;  /* name[.in|.out]; item is that of the filter in without a suffix */
aaa_set_fn aaa_set_quota;        /* "N [UNIT] [per TIME] [action ...]"; min: enum quota_way */
aaa_set_fn aaa_set_quota_octets; /* the session's, low 32 bits, or with max 1 those above; min: enum quota_way */
aaa_set_fn aaa_set_interface_config;

/* "NAME: WHAT \"VALUE\"" into v->why; AAA_WRONG. */
enum aaa_verdict aaa_wrong(const struct aaa_value *v, const char *what);
enum aaa_verdict aaa_unsupported(const struct aaa_value *v, const char *what);
bool aaa_is_name(const char *text); /* printable, no blanks, of 1 to 63 characters */
bool aaa_read_u32(const char *text, uint32_t *out);
/* The next word, cut off: NUL behind it; *at behind that. NULL: none. */
char *aaa_next_word(char **at, const char *blanks);
char *aaa_shown(const char *text, char *out, size_t cap); /* escaped, cut; returns out */
/* An address that somebody can have. */
bool aaa_is_host(const struct addr *a);

#endif
