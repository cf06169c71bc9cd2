/* What a client of the control socket sent, as words. Pure; the fuzz target of this folder. */
#ifndef MODULES_CTL_REQUEST_H
#define MODULES_CTL_REQUEST_H

#include "core/base/rd.h"
#include "modules/ctl/ctl.h"

enum request_state {
	REQUEST_MORE, /* not complete yet */
	REQUEST_LONG, /* too long, or more bytes than its length says: cannot be answered */
	REQUEST_WHOLE
};

/* The state of the bytes received so far; *body is written when they are whole. */
enum request_state request_frame(struct view got, struct view *body);
/* Words of a whole body; they point into it. False: malformed, then rq is as before. */
bool request_split(struct view body, struct ctl_request *rq) MUST_USE;

#endif
