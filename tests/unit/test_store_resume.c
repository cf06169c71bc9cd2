/* What the store knows about tickets: which sessions may be resumed, once; and where keys are kept. */
#include "tests/unit/store_lib.h"

static size_t asked;

static enum status ask(struct store *s, uint64_t session, bool claims)
{
	struct ulid id = lab_ulid(session);

	if (store_resume(s, ++asked, &id, claims) != ST_OK || !lab_wait(s, asked))
		return ST_INTERNAL;
	return lab.answer[asked];
}

static void sessions_that_may_come_back(void)
{
	static const struct {
		enum status why;
		bool may;
	} rows[] = {
		{ST_END_DPD, true}, {ST_TIMEOUT, true}, {ST_END_LOST, true}, {ST_END_ADMIN, false},
		{ST_END_PEER, false}, {ST_END_RESUMED, false}, {ST_END_LIFETIME, false},
		{ST_END_REPLACED, false}, {ST_END_DISCONNECT, false}, {ST_END_SHUTDOWN, false}, {ST_END_CONFIG, false},
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);
	struct store_traffic none = {0};
	struct store *s;

	lab_new_dir();
	s = lab_open();
	T_TRUE(s != NULL);
	asked = 0;
	for (size_t i = 0; i < n; i++) {
		struct ulid id = lab_ulid(i + 1);
		struct store_session row = lab_session(i + 1, "");

		T_ROW(i, status_token(rows[i].why));
		T_EQ(store_session_up(s, ++asked, &row), ST_OK);
		T_EQ(ask(s, i + 1, false), ST_TICKET_REVOKED); /* it is up: not for the store to say */
		T_EQ(store_session_end(s, &id, 1700000001000, rows[i].why, &none), ST_OK);
		/* Looking changes nothing, claiming happens once. */
		for (int k = 0; k < 2; k++)
			T_EQ(ask(s, i + 1, false), rows[i].may ? ST_OK : ST_TICKET_REVOKED);
		T_EQ(ask(s, i + 1, true), rows[i].may ? ST_OK : ST_TICKET_REVOKED);
		T_EQ(ask(s, i + 1, true), ST_TICKET_REVOKED);
		T_EQ(ask(s, i + 1, false), ST_TICKET_REVOKED);
	}
	T_EQ(ask(s, 999, true), ST_TICKET_REVOKED);
	struct store_counts counts;
	store_counts(s, &counts);
	T_EQ(counts.failed, 0);
	store_close(s);
	T_EQ(lab_count("SELECT count(*) FROM v_history WHERE resumed = 1"), 4);
	T_EQ(lab_count("SELECT count(*) FROM v_history WHERE resumed = 1 AND end_reason = 'dpd'"), 1);
	T_EQ(lab_count("SELECT count(*) FROM v_history WHERE resumed = 1 AND end_reason = 'resumed'"), 1);
	lab_remove();
}

/* How often the bytes of text stand in a file; 0 when there is no such file. */
static unsigned lab_holds(const char *name, const char *text)
{
	size_t want = strlen(text), at = 0;
	FILE *f = fopen(lab_file(name), "rb");
	unsigned n = 0;
	int c;

	while (f != NULL && (c = fgetc(f)) != EOF) {
		at = c == text[at] ? at + 1 : c == text[0];
		n += at == want;
		at = at == want ? 0 : at;
	}
	if (f != NULL)
		fclose(f);
	return n;
}

static void keys_outlive_us(void)
{
	uint8_t out[STORE_SECRET], big[STORE_SECRET + 1] = {0};
	struct store *s;

	lab_new_dir();
	T_EQ(store_secret_read(lab.dir, "ticket-keys", out), 0);
	s = lab_open();
	T_TRUE(s != NULL);
	store_secret(s, "ticket-keys", "SECRET-ONE", 10);
	store_secret(s, "other", "x", 1);
	store_secret(s, "ticket-keys", "SECRET-TWO!", 11);
	store_secret(s, "big", big, sizeof(big));
	store_close(s);
	T_EQ(store_secret_read(lab.dir, "ticket-keys", out), 11);
	T_MEM(out, "SECRET-TWO!", 11);
	T_EQ(store_secret_read(lab.dir, "big", out), 0);
	/* What was replaced is nowhere any more. */
	T_EQ(lab_holds("secrets.db", "SECRET-ONE"), 0);
	T_EQ(lab_holds("secrets.db-wal", "SECRET-"), 0);
	T_EQ(lab_holds("sallyport.db", "SECRET-"), 0);
	T_TRUE(lab_holds("secrets.db", "SECRET-TWO!") > 0);
	lab_remove();
}

int main(void)
{
	T_RUN(sessions_that_may_come_back);
	T_RUN(keys_outlive_us);
	return t_end();
}
