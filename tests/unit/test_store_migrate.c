/* The schema's steps: forward, each whole or not at all, and what rollback may rely on. */
#include "db/migrate.h"
#include "gen/schema.h"
#include "tests/unit/store_lib.h"

#define STEPS_MAX 32
static struct schema_step steps[STEPS_MAX];
static int n_steps;

/* The steps as they ship and after them synthetic ones. */
static void steps_with(const struct schema_step *more, int n)
{
	n_steps = 0;
	for (int i = 0; i < schema_steps_len && n_steps < STEPS_MAX; i++)
		steps[n_steps++] = schema_steps[i];
	for (int i = 0; i < n; i++)
		steps[n_steps++] = more[i];
}

static int newest(const char *family)
{
	int number = 0;

	for (int i = 0; i < schema_steps_len; i++) {
		if (strstr(schema_steps[i].name, family))
			number = schema_steps[i].number;
	}
	return number;
}

static enum status migrate_file(const char *family, int count, char *detail)
{
	sqlite3 *db = lab_sqlite("sallyport.db");
	enum status st = migrate(db, family, steps, count, detail);

	sqlite3_close(db);
	return st;
}

static const struct schema_step extra[] = {
	{90, "0090_main_note",
		"ALTER TABLE sessions ADD COLUMN note TEXT NOT NULL DEFAULT 'none';"},
	{90, "0090_secrets_other", "CREATE TABLE other (x);"},
	{91, "0091_main_more", "CREATE TABLE more (x); INSERT INTO more VALUES (1);"},
};

static void from_every_older_number(void)
{
	char detail[DB_DETAIL], text[16];

	steps_with(extra, 3);
	for (int have = 0; have <= n_steps;
		have++) { /* so many steps were known to the older program */
		T_ROW(have, "older steps");
		lab_new_dir();
		T_EQ(migrate_file("main", have, detail), ST_OK);
		if (have >= schema_steps_len)
			lab_ask("sallyport.db",
				"INSERT INTO sessions(ulid, node, vrf, ivrf, profile, policy, "
				"identity_type,"
				" identity, username, local, remote, started_ms, counted_ms)"
				" VALUES('U','','','','','','','','','','',1,1)");
		T_EQ(migrate_file("main", n_steps, detail), ST_OK);
		T_EQ(migrate_file("main", n_steps, detail), ST_OK); /* and again: nothing to do */
		T_STR(lab_ask("sallyport.db", "PRAGMA user_version"), "91");
		T_STR(lab_ask("sallyport.db", "SELECT x FROM more"), "1");
		T_STR(lab_ask("sallyport.db",
			      "SELECT count(*) FROM sqlite_schema WHERE name = 'other'"),
			"0");
		if (have >= schema_steps_len)
			T_STR(lab_ask("sallyport.db",
				      "SELECT note FROM v_active JOIN sessions USING (ulid)"),
				"none");
		lab_remove();
	}
	snprintf(text, sizeof(text), "%d", newest("_secrets_"));
	lab_new_dir();
	T_EQ(migrate_file("secrets", schema_steps_len, detail), ST_OK);
	T_STR(lab_ask("sallyport.db", "PRAGMA user_version"), text);
	lab_remove();
}

static void a_step_that_fails_leaves_nothing(void)
{
	static const struct schema_step bad[] = {
		{90, "0090_main_bad", "CREATE TABLE half (x); CREATE TABLE sessions (x);"},
	};
	char detail[DB_DETAIL], text[16];

	lab_new_dir();
	steps_with(bad, 1);
	T_EQ(migrate_file("main", n_steps, detail), ST_STORE);
	T_TRUE(strstr(detail, "0090_main_bad") && strstr(detail, "already exists"));
	snprintf(text, sizeof(text), "%d", newest("_main_"));
	T_STR(lab_ask("sallyport.db", "PRAGMA user_version"), text);
	T_STR(lab_ask("sallyport.db", "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"),
		"0");
	lab_remove();
}

/* The older program meets the newer file: accepted unless the newer one said no. */
static void rollback(void)
{
	char detail[DB_DETAIL];

	lab_new_dir();
	steps_with(extra, 3);
	T_EQ(migrate_file("main", n_steps, detail), ST_OK);
	T_EQ(migrate_file("main", schema_steps_len, detail), ST_OK);
	struct store *s = lab_open();
	T_TRUE(s != NULL);
	struct store_session u = lab_session(1, "10.0.0.1");
	T_EQ(store_session_up(s, 1, &u), ST_OK);
	T_TRUE(lab_wait(s, 1));
	T_EQ(lab.answer[1], ST_OK);
	store_close(s);
	T_STR(lab_ask("sallyport.db", "PRAGMA user_version"), "91"); /* never backwards */
	lab_ask("sallyport.db", "UPDATE meta SET value = 90 WHERE name = 'compatible_from'");
	T_EQ(migrate_file("main", schema_steps_len, detail), ST_BAD_VERSION);
	T_TRUE(strstr(detail, "newer"));
	T_EQ(migrate_file("main", n_steps, detail), ST_OK);
	lab_remove();
}

/* Names say number and family; numbers rise within a family. */
static void shipped_steps(void)
{
	int last_main = 0, last_secrets = 0;

	for (int i = 0; i < schema_steps_len; i++) {
		bool is_main = strncmp(schema_steps[i].name + 4, "_main_", 6) == 0;
		int *last = is_main ? &last_main : &last_secrets;
		T_ROW(i, schema_steps[i].name);
		T_TRUE(is_main || strncmp(schema_steps[i].name + 4, "_secrets_", 9) == 0);
		T_EQ(atoi(schema_steps[i].name), schema_steps[i].number);
		T_EQ(schema_steps[i].number, *last + 1);
		*last = schema_steps[i].number;
	}
	T_TRUE(last_main > 0 && last_secrets > 0);
}

int main(void)
{
	T_RUN(shipped_steps);
	T_RUN(from_every_older_number);
	T_RUN(a_step_that_fails_leaves_nothing);
	T_RUN(rollback);
	return t_end();
}
