/* RADIUS servers of the configuration, as the client of modules/radius asks them; and what every request says of
 * us and of the peer. Loop thread. */
#ifndef CMD_WIRE_RADIUS_H
#define CMD_WIRE_RADIUS_H

#include "cmd/wire_state.h"
#include "core/wire/radius.h"

struct radius;
struct wire_radius;

enum status wire_radius_open(struct wire *w) MUST_USE;
void wire_radius_close(struct wire *w);
/* The configuration is another one. Names of servers that are not known yet are asked for; until then those servers
 * are not there. */
void wire_radius_configure(struct wire *w);

void wire_radius_second(struct wire *w);

struct radius *wire_radius(const struct wire *w);
/* For radius_ask(): of no other request. */
uint64_t wire_radius_number(struct wire *w);

/* Which source of users comes next in a list of `aaa`. */
enum wire_aaa { WIRE_AAA_END, WIRE_AAA_LOCAL, WIRE_AAA_NONE, WIRE_AAA_GROUP };
/* The method at *at, which moves on; group: its name. No list (NULL) is `local`; one that is not
 * configured is `default`, and if that is not there either, nobody. */
enum wire_aaa wire_aaa_next(const struct snapshot *s, enum aaa_kind kind, const char *list, size_t *at, const char **group);

/* Of what is left for all methods of a list, how much the one that is asked now may take. */
uint32_t wire_aaa_within_ms(uint64_t left_ms, bool has_other);
/* No server of group `silent` answered for that name, and the list went on: to group `next`, or, where that is NULL,
 * to `to`. It is logged. */
struct wire_aaa_fall {
	const char *list, *silent, *next;
	struct view name;
	enum wire_aaa to;
	enum status why;
};
void wire_aaa_log_fall(const struct wire_aaa_fall *f);

struct radius_who {
	const struct endpoint *local, *remote;
	const char *profile;
	uint64_t sa;
};
/* NAS-Identifier, NAS-Port, NAS-Port-Id where the profile has a virtual template, NAS-Port-Type, Called-Station-Id, Calling-Station-Id, the group of the tunnel for policies that
 * come from an ASA. */
void wire_radius_put_who(const struct wire *w, struct wr *o, const struct radius_who *who);

void wire_radius_put_group(struct wr *o, const char *profile); /* that group alone; "": none */

/* Reply-Message of an answer, printable; "" when there is none. */
void wire_radius_message(struct view attrs, char out[IKE_DETAIL_LEN]);

#endif
