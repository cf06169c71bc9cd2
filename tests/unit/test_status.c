/* The lists that give one name to each way to fail, each counter and each event. */
#include <ctype.h>

#include "core/base/log.h"
#include "core/base/stats.h"
#include "core/base/status.h"
#include "tests/lib/t.h"

static bool is_token(const char *s)
{
	if (!islower((unsigned char)*s))
		return false;
	for (; *s; s++) {
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_')
			return false;
	}
	return true;
}

static void statuses_have_unique_tokens(void)
{
	for (int i = 0; i < ST__MAX; i++) {
		T_ROW(i, status_token((enum status)i));
		T_TRUE(is_token(status_token((enum status)i)));
		T_TRUE(strlen(status_words((enum status)i)) > 2);
		T_EQ(status_from_token(status_token((enum status)i)), i);
	}
}

static void unknown_status_is_internal(void)
{
	T_STR(status_token(ST__MAX), "internal");
	T_STR(status_token((enum status)-1), "internal");
	T_STR(status_words((enum status)9999), "internal error");
	T_EQ(status_notify((enum status)9999), 0);
	T_EQ(status_from_token("no such thing"), ST__MAX);
	T_EQ(status_from_token(""), ST__MAX);
}

static void notifies_are_those_of_the_rfc(void)
{
	static const struct {
		enum status st;
		unsigned notify;
	} rows[] = {
		{ST_OK, 0},          {ST_CRITICAL, 1},       {ST_BAD_SPI, 4},
		{ST_BAD_VERSION, 5}, {ST_BAD_PAYLOAD, 7},    {ST_BAD_MSGID, 9},
		{ST_ESP_NO_SA, 11},  {ST_NO_PROPOSAL, 14},   {ST_INVALID_KE, 17},
		{ST_AUTH_FAILED, 24}, {ST_NO_ADDRESS, 36},   {ST_TS_UNACCEPTABLE, 38},
		{ST_COOKIE_WANTED, 16390}, {ST_TIMEOUT, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, status_token(rows[i].st));
		T_EQ(status_notify(rows[i].st), rows[i].notify);
	}
}

static void counters_have_unique_tokens(void)
{
	for (int i = 0; i < CT__MAX; i++) {
		T_ROW(i, counter_token((enum counter)i));
		T_TRUE(is_token(counter_token((enum counter)i)));
		T_TRUE(strlen(counter_unit((enum counter)i)) > 2);
		T_TRUE(strlen(counter_words((enum counter)i)) > 2);
		for (int k = 0; k < i; k++)
			T_TRUE(strcmp(
				counter_token((enum counter)k), counter_token((enum counter)i)));
	}
	T_STR(counter_token(CT__MAX), "unknown");
}

static void events_have_unique_tokens(void)
{
	for (int i = 0; i < EV__MAX; i++) {
		char severity[4] = {'-', (char)('0' + event_severity((enum event)i)), '-', 0};

		T_ROW(i, event_token((enum event)i));
		T_TRUE(is_token(event_token((enum event)i)));
		T_TRUE(event_severity((enum event)i) >= 0 && event_severity((enum event)i) <= 7);
		T_TRUE(strstr(event_mnemonic((enum event)i), severity) != NULL);
		for (int k = 0; k < i; k++)
			T_TRUE(strcmp(event_token((enum event)k), event_token((enum event)i)));
	}
	T_STR(event_token(EV__MAX), "unknown");
}

static void sums_add_counters_and_statuses(void)
{
	static struct stats a, b, sum;

	stats_add(&a, CT_IKE_IN, 5);
	stats_inc(&a, CT_IKE_IN);
	stats_inc(&b, CT_IKE_IN);
	stats_inc(&b, CT_HANDOVER);
	stats_status(&a, ST_ESP_AUTH);
	stats_status(&b, ST_ESP_AUTH);
	stats_status(&b, ST_RING_FULL);
	stats_sum(&sum, &a);
	stats_sum(&sum, &b);
	T_EQ(sum.count[CT_IKE_IN], 7);
	T_EQ(sum.count[CT_HANDOVER], 1);
	T_EQ(sum.count[CT_ESP_IN], 0);
	T_EQ(sum.status[ST_ESP_AUTH], 2);
	T_EQ(sum.status[ST_RING_FULL], 1);
	T_EQ(a.count[CT_IKE_IN], 6);
}

int main(void)
{
	T_RUN(statuses_have_unique_tokens);
	T_RUN(unknown_status_is_internal);
	T_RUN(notifies_are_those_of_the_rfc);
	T_RUN(counters_have_unique_tokens);
	T_RUN(events_have_unique_tokens);
	T_RUN(sums_add_counters_and_statuses);
	return t_end();
}
