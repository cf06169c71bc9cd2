#include "core/conf/logging.h"

#include <string.h>

#include "core/conf/argument.h"

static const char *const severities[] = {"emergencies", "alerts", "critical", "errors", "warnings",
	"notifications", "informational", "debugging"};

/* RFC 5424 section 6.2.1, the word to print first. */
static const struct {
	const char *word;
	uint8_t code;
} facilities[] = {{"kern", 0}, {"user", 1}, {"mail", 2}, {"daemon", 3}, {"auth", 4}, {"syslog", 5},
	{"lpr", 6}, {"news", 7}, {"uucp", 8}, {"cron", 9}, {"sys9", 9}, {"authpriv", 10},
	{"sys10", 10}, {"sys11", 11}, {"sys12", 12}, {"sys13", 13}, {"sys14", 14}, {"local0", 16},
	{"local1", 17}, {"local2", 18}, {"local3", 19}, {"local4", 20}, {"local5", 21},
	{"local6", 22}, {"local7", 23}};

const char *log_severity_word(uint8_t severity)
{
	return severity < sizeof(severities) / sizeof(severities[0]) ? severities[severity] : "off";
}

const char *log_facility_next(size_t *i, uint8_t *code)
{
	if (*i >= sizeof(facilities) / sizeof(facilities[0]))
		return NULL;
	*code = facilities[*i].code;
	return facilities[(*i)++].word;
}

const char *log_facility_word(uint8_t code)
{
	const char *word;
	uint8_t at;
	for (size_t i = 0; (word = log_facility_next(&i, &at)) != NULL;)
		if (at == code)
			return word;
	return "none";
}

struct addr log_source_address(const struct snapshot *s, const char *vrf, uint8_t family)
{
	for (size_t i = 0; i < s->log.source_count; i++) {
		const struct log_source *source = &s->log.sources[i];
		if (!source->vrf != !vrf || (vrf && strcmp(source->vrf, vrf) != 0))
			continue;
		struct addr a = snapshot_iface_address(s, source->ifname, family);
		if (a.family)
			return a;
	}
	return (struct addr){0};
}

struct addr log_own_address(const struct snapshot *s)
{
	struct addr a = log_source_address(s, NULL, 4);
	if (!a.family)
		a = log_source_address(s, NULL, 6);
	for (size_t i = 0; i < s->own.listen_count && !a.family; i++)
		a = s->own.listen[i].addr;
	return a;
}
