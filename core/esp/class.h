/* Classes of a policy map: which one an inner packet is in, and what that means for it. Immutable; made
 * by main, asked by workers. Always judged by the inner header, before anything is sealed (what
 * `qos pre-classify` asks of a router). */
#ifndef CORE_ESP_CLASS_H
#define CORE_ESP_CLASS_H

#include "core/esp/acl.h"

#define ESP_CLASSES_MAX 16 /* of one policy map, class-default counted */
#define ESP_CLASS_NAME 64  /* with NUL */

enum esp_match_kind { ESP_MATCH_ANY, ESP_MATCH_NEVER, ESP_MATCH_ACL, ESP_MATCH_DSCP };

struct esp_match {
	enum esp_match_kind kind;
	const struct esp_acl *acl4, *acl6; /* NULL: nothing of that family */
	uint64_t dscps;                    /* bit n: DSCP n */
};

struct esp_class {
	char name[ESP_CLASS_NAME];
	bool match_all; /* class-map match-all: every one of the matches, else any of them */
	size_t n_matches;
	const struct esp_match *matches; /* none: nothing is in it; class-default has ESP_MATCH_ANY */
	uint8_t priority; /* 0: bulk; 1 before 2 before bulk */
	bool set_dscp;
	uint8_t dscp;
	uint64_t rate; /* police: bits a second; 0: as much as comes */
	uint64_t burst; /* bytes */
	bool exceed_passes; /* exceed-action transmit: counted, not dropped */
};

/* The first class that takes it, n when there is none. */
size_t esp_class_of(const struct esp_class *classes, size_t n, const struct ip_info *ip,
		    const uint8_t *pkt);

/* Writes the DSCP into header and info; ECN stays, and the checksum of IPv4 is corrected (RFC 1624). pkt
 * is a packet that ip_parse() took. */
void esp_class_mark(uint8_t *pkt, struct ip_info *ip, uint8_t dscp);

#endif
