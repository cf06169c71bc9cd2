/* What the store knows of sessions that wait: the state of a row, the time that is nobody's, and the record
 * that brings a session back after a restart of the machine. */
#include "tests/unit/store_lib.h"

#define START 1700000000001ull

static struct {
	size_t n, stop_at;
	struct store_waiting row[4];
	uint8_t record[4][16];
} got;

static bool take(void *ctx, const struct store_waiting *row)
{
	(void)ctx;
	if (got.n >= 4 || row->record_len > 16)
		abort();
	got.row[got.n] = *row;
	memcpy(got.record[got.n], row->record, row->record_len);
	return ++got.n != got.stop_at;
}

static void read_all(void)
{
	memset(&got, 0, sizeof(got));
	store_waiting_read(lab.dir, take, NULL);
}

static void up(struct store *s, size_t number, const struct store_session *u)
{
	T_EQ(store_session_up(s, number, u), ST_OK);
	T_TRUE(lab_wait(s, number));
	T_EQ(lab.answer[number], ST_OK);
}

static void waits_and_comes_back(void)
{
	struct store_traffic t = {.bytes_in = 10, .bytes_out = 20, .packets_in = 1, .packets_out = 2};
	struct store_traffic later = {.bytes_in = 15, .bytes_out = 20, .packets_in = 2, .packets_out = 2};
	struct store_session u = lab_session(1, "10.0.0.1");
	struct ulid id = lab_ulid(1);
	uint8_t record[] = {0, 1, 2, 3};

	lab_new_dir();
	struct store *s = lab_open();
	u.record = record;
	u.record_len = sizeof(record);
	T_DO(up(s, 1, &u));
	T_EQ(store_session_wait(s, &id, START + 10000, &t), ST_OK);
	T_EQ(store_session_wait(s, &id, START + 50000, &t), ST_OK); /* it did already */
	T_DO(up(s, 2, &(struct store_session){.ulid = "01HF7YAT0000000000000000ZZ"}));
	T_STR(lab_ask("sallyport.db", "SELECT state || ' ' || waiting_ms || ' ' || bytes_in || ' ' || resumes"
				      " FROM v_active WHERE ip4 = '10.0.0.1'"), "waiting 1700000010001 10 0");
	T_EQ(lab_count("SELECT count(*) FROM leases WHERE released_ms IS NULL"), 1);
	T_EQ(lab_count("SELECT sum(seconds) FROM v_usage_daily WHERE identity <> ''"), 10);
	/* Back, from elsewhere; what it waited is no time of use. */
	u.up_ms = START + 100000;
	u.resumes = 1;
	u.record = record + 1;
	u.record_len = 3;
	snprintf(u.remote, sizeof(u.remote), "203.0.113.9:1024");
	T_DO(up(s, 3, &u));
	store_session_traffic(s, &id, START + 105000, &later);
	store_close(s);
	T_STR(lab_ask("sallyport.db", "SELECT state || ' ' || remote || ' ' || resumes || ' ' || bytes_in"
				      " FROM v_active WHERE ip4 = '10.0.0.1'"), "active 203.0.113.9:1024 1 15");
	T_STR(lab_ask("sallyport.db", "SELECT waiting_since FROM v_active WHERE ip4 = '10.0.0.1'"), "NULL");
	T_EQ(lab_count("SELECT sum(seconds) FROM v_usage_daily WHERE identity <> ''"), 15);
	T_EQ(lab_count("SELECT bytes_in FROM v_usage_daily WHERE identity <> ''"), 15);
	T_STR(lab_ask("sallyport.db", "SELECT hex(record) FROM sessions WHERE ip4 = '10.0.0.1'"), "010203");
	lab_remove();
}

static void ends_while_it_waits(void)
{
	struct store_traffic t = {.bytes_in = 10};
	struct store_session u = lab_session(1, "10.0.0.1");
	struct ulid id = lab_ulid(1);

	lab_new_dir();
	struct store *s = lab_open();
	u.record = (const uint8_t *)"x";
	u.record_len = 1;
	T_DO(up(s, 1, &u));
	T_EQ(store_session_wait(s, &id, START + 10000, &t), ST_OK);
	T_EQ(store_session_end(s, &id, START + 70000, ST_END_NOT_RESUMED, &t), ST_OK);
	T_EQ(store_session_wait(s, &id, START + 80000, &t), ST_OK); /* too late */
	store_close(s);
	T_STR(lab_ask("sallyport.db", "SELECT end_reason FROM v_history"), "not_resumed");
	T_STR(lab_ask("sallyport.db", "SELECT waiting_ms IS NULL AND record IS NULL FROM sessions"), "1");
	T_EQ(lab_count("SELECT count(*) FROM leases WHERE released_ms IS NULL"), 0);
	T_EQ(lab_count("SELECT sum(seconds) FROM v_usage_daily"), 10);
	read_all();
	T_EQ(got.n, 0);
	lab_remove();
}

static void brought_back(void)
{
	struct store_traffic t = {.bytes_in = 10, .packets_out = 3};
	struct ulid id = lab_ulid(2);

	lab_new_dir();
	read_all(); /* there is no file yet */
	T_EQ(got.n, 0);
	struct store *s = lab_open();
	for (unsigned i = 1; i <= 3; i++) {
		char ip[16], record[4];
		snprintf(ip, sizeof(ip), "10.0.0.%u", i);
		struct store_session u = lab_session(i, ip);
		u.record = (const uint8_t *)record;
		/* The third has none: its client has no token. */
		u.record_len = i == 3 ? 0 : (uint16_t)snprintf(record, sizeof(record), "r%u", i);
		snprintf(u.vrf, sizeof(u.vrf), "%s", i == 2 ? "BLUE" : "");
		u.resumes = i;
		T_DO(up(s, 2 * i - 1, &u));
		T_DO(up(s, 2 * i, &u)); /* the row is changed, and the record is the newer one */
	}
	T_EQ(store_session_wait(s, &id, START + 10000, &t), ST_OK);
	store_close(s);
	read_all();
	T_EQ(got.n, 2);
	T_TRUE(got.row[0].waiting_ms == 0 && got.row[0].record_len == 2 && got.row[0].resumes == 1);
	T_MEM(got.record[0], "r1", 2);
	T_TRUE(got.row[1].waiting_ms == START + 10000 && got.row[1].traffic.bytes_in == 10 &&
		got.row[1].traffic.packets_out == 3);
	T_STR(got.row[1].vrf, "BLUE");
	T_MEM(got.record[1], "r2", 2);
	char text[ULID_TEXT];
	T_STR(got.row[1].ulid, ulid_format(&id, text));
	memset(&got, 0, sizeof(got));
	got.stop_at = 1;
	store_waiting_read(lab.dir, take, NULL);
	T_EQ(got.n, 1);
	lab_remove();
}

int main(void)
{
	T_RUN(waits_and_comes_back);
	T_RUN(ends_while_it_waits);
	T_RUN(brought_back);
	return t_end();
}
