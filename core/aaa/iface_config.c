/* interface-config (R-RAD-16, R-COA-04): THE table of the interface commands that a session may be given.
 * What is not in it is refused: on a router the string would be typed at the console. */
#include <stdio.h>
#include <string.h>

#include "core/aaa/value.h"
#include "core/conf/argument.h"

struct iface_command {
	const char *words; /* without the value */
	const char *tail;  /* one of these words behind the value decides, the first or the second; NULL: none */
	const char *head;  /* the same before the value */
	enum aaa_item item[2];
	aaa_set_fn *set; /* NULL: accepted, and has no meaning here */
	uint32_t min, max;
	bool coa; /* also in a live session */
};

static const struct iface_command commands[] = {
	{"ip vrf forwarding", NULL, NULL, {AV_VRF}, aaa_set_name, 0, 0, false},
	{"vrf forwarding", NULL, NULL, {AV_VRF}, aaa_set_name, 0, 0, false},
	{"ip mtu", NULL, NULL, {AV_MTU}, aaa_set_u32, 576, 9976, false},
	{"ip tcp adjust-mss", NULL, NULL, {AV_MSS}, aaa_set_u32, 500, 1460, false},
	{"ip access-group", "in out", NULL, {AV_FILTER_IN4, AV_FILTER_OUT4}, aaa_set_filter, 0, 0, true},
	{"ipv6 traffic-filter", "in out", NULL, {AV_FILTER_IN6, AV_FILTER_OUT6}, aaa_set_filter, 0, 0, true},
	{"service-policy", NULL, "input output", {AV_SERVICE_IN, AV_SERVICE_OUT}, aaa_set_name, 0, 0, true},
	{"ip unnumbered", NULL, NULL, {0}, NULL, 0, 0, true},
};

/* The words of the command at the beginning of text; what follows, or NULL. */
static const char *after(const char *text, const char *words)
{
	for (;;) {
		size_t len = strcspn(words, " ");
		text += strspn(text, " \t");
		if (strcspn(text, " \t") != len || strncasecmp_ascii(text, words, len) != 0)
			return NULL;
		text += len;
		words += len;
		if (!*words)
			return text;
		words++;
	}
}

/* 0, 1: which of the two words it is; -1: neither. */
static int choose(const char *two, const char *word)
{
	size_t first = strcspn(two, " ");

	if (!word)
		return -1;
	if (strlen(word) == first && strncasecmp_ascii(two, word, first) == 0)
		return 0;
	return strlen(word) == strlen(two + first + 1) && strncasecmp_ascii(two + first + 1, word, strlen(word)) == 0 ? 1 : -1;
}

static enum aaa_verdict run(const struct iface_command *c, const struct aaa_value *v, const char *rest)
{
	char copy[AAA_TEXT], *at = copy;
	struct aaa_value one = *v;
	int way = 0;

	if (strlen(rest) >= sizeof(copy))
		return aaa_wrong(v, "too long:");
	snprintf(copy, sizeof(copy), "%s", rest);
	if (c->head)
		way = choose(c->head, aaa_next_word(&at, " \t\r\n"));
	one.text = aaa_next_word(&at, " \t\r\n");
	if (c->tail)
		way = choose(c->tail, aaa_next_word(&at, " \t\r\n"));
	if (way < 0 || !one.text || aaa_next_word(&at, " \t\r\n"))
		return aaa_wrong(v, "incomplete, or more than that:");
	one.item = c->item[way];
	one.min = c->min;
	one.max = c->max;
	return c->set ? c->set(&one) : AAA_TAKEN;
}

enum aaa_verdict aaa_set_interface_config(const struct aaa_value *v)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct iface_command *c = &commands[i];
		const char *rest = after(v->text, c->words);
		if (!rest)
			continue;
		if (v->source == AAA_OF_COA && !c->coa)
			return aaa_unsupported(v, "not in a live session:");
		return run(c, v, rest);
	}
	return aaa_wrong(v, "no interface command that a session can be given:");
}
