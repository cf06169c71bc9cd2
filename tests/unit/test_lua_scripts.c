/* The scripts that ship: time-of-day and pool-by-domain, from their own text. */
#include "gen/scripts.h"
#include "tests/unit/lua_lab.h"

static const char *text_of(const char *name)
{
	for (int i = 0; i < shipped_scripts_len; i++) {
		if (strcmp(shipped_scripts[i].name, name) == 0)
			return shipped_scripts[i].text;
	}
	return NULL;
}

static void load(const char *name, const char *const *settings)
{
	const char *text = text_of(name);

	T_TRUE(text != NULL);
	lab_begin();
	lab_load_with(name, text, settings);
}

static void shipped(void)
{
	for (int i = 0; i < shipped_scripts_len; i++) {
		const struct shipped_script *s = &shipped_scripts[i];
		char path[100], *file;
		size_t len;

		T_ROW(i, s->name);
		snprintf(path, sizeof(path), "modules/lua/scripts/%s", s->name);
		file = t_readfile(path, &len);
		T_TRUE(file != NULL && len < SCRIPT_BYTES && strlen(s->name) < SCRIPT_NAME);
		T_STR(s->text, file);
	}
	T_EQ(shipped_scripts_len, 2);
}

/* Seconds of 2024-05-12 (a Sunday), 00:00 UTC, plus days, hours, minutes. */
static int64_t at(int day, int hour, int minute)
{
	return (INT64_C(1715472000) + day * 86400 + hour * 3600 + minute * 60) * 1000;
}

enum { SUN, MON, TUE, WED, THU, FRI, SAT };

#define ANNA "identity=anna@corp.example", "name=anna", "profile=RA"
#define BERT "identity=bert@ops.example", "name=bert", "profile=NIGHT"

static const char *const week[] = {"hours=mon-fri 08:00-18:00", NULL};
static const char *const split[] = {"hours=mon,wed-thu 8:00-12:00,13:00-24:00", "hours=sat 10:00-10:01", NULL};
static const char *const night[] = {"hours=fri 22:00-06:00", NULL};
static const char *const over_sunday[] = {"hours=fri-mon 00:00-24:00", NULL};
static const char *const daily[] = {"hours=Daily 08:00-09:00", "utc-offset=-90", NULL};
static const char *const east[] = {"hours=mon 00:00-01:00", "utc-offset=+60", NULL};
static const char *const exactly[] = {"hours=mon-fri 08:00-18:00", "hours=profile:NIGHT sat 00:00-24:00",
	"hours=*@corp.example tue 00:00-24:00", "hours=Anna@Corp.Example wed 00:00-24:00",
	"hours=anna@corp.example wed 00:00-06:00", "hours=chris thu 00:00-24:00", NULL};
static const char *const excepted[] = {"hours=mon 08:00-09:00", "except=*@ops.example", "except=dora",
	"except=profile:ADMIN", NULL};
static const char *const stars[] = {"hours=mon 00:00-24:00", "hours=a*a@*.example tue 00:00-24:00",
	"hours=x.y+z@* wed 00:00-24:00", NULL};
static const char *const only_some[] = {"hours=*@ops.example mon 08:00-09:00", NULL};

static void hours(void)
{
	static const struct {
		const char *const *settings;
		const char *user[4];
		int day, hour, minute;
		const char *sentence; /* NULL: let in */
	} rows[] = {
		{week, {ANNA}, MON, 8, 0, NULL},
		{week, {ANNA}, FRI, 17, 59, NULL},
		{week, {ANNA}, MON, 7, 59, "logins of anna@corp.example are allowed mon-fri 08:00-18:00, now is mon 07:59"},
		{week, {ANNA}, FRI, 18, 0, "logins of anna@corp.example are allowed mon-fri 08:00-18:00, now is fri 18:00"},
		{week, {ANNA}, SUN, 11, 20, "logins of anna@corp.example are allowed mon-fri 08:00-18:00, now is sun 11:20"},
		{week, {ANNA}, SAT, 12, 0, "logins of anna@corp.example are allowed mon-fri 08:00-18:00, now is sat 12:00"},
		{week, {"name=eve"}, SAT, 12, 0, "logins of eve are allowed mon-fri 08:00-18:00, now is sat 12:00"},
		{week, {NULL}, SAT, 12, 0, "logins of ? are allowed mon-fri 08:00-18:00, now is sat 12:00"},
		{split, {ANNA}, MON, 12, 0,
			"logins of anna@corp.example are allowed mon,wed-thu 8:00-12:00,13:00-24:00 or sat 10:00-10:01, "
			"now is mon 12:00"},
		{split, {ANNA}, MON, 11, 59, NULL},
		{split, {ANNA}, THU, 23, 59, NULL},
		{split, {ANNA}, WED, 13, 0, NULL},
		{split, {ANNA}, SAT, 10, 0, NULL},
		{split, {ANNA}, TUE, 10, 0,
			"logins of anna@corp.example are allowed mon,wed-thu 8:00-12:00,13:00-24:00 or sat 10:00-10:01, "
			"now is tue 10:00"},
		{night, {ANNA}, FRI, 21, 59, "logins of anna@corp.example are allowed fri 22:00-06:00, now is fri 21:59"},
		{night, {ANNA}, FRI, 22, 0, NULL},
		{night, {ANNA}, SAT, 5, 59, NULL},
		{night, {ANNA}, SAT, 6, 0, "logins of anna@corp.example are allowed fri 22:00-06:00, now is sat 06:00"},
		{night, {ANNA}, FRI, 5, 0, "logins of anna@corp.example are allowed fri 22:00-06:00, now is fri 05:00"},
		{over_sunday, {ANNA}, SUN, 0, 0, NULL},
		{over_sunday, {ANNA}, MON, 23, 59, NULL},
		{over_sunday, {ANNA}, TUE, 0, 0, "logins of anna@corp.example are allowed fri-mon 00:00-24:00, now is tue 00:00"},
		{daily, {ANNA}, SUN, 9, 30, NULL},
		{daily, {ANNA}, SUN, 9, 29, "logins of anna@corp.example are allowed daily 08:00-09:00, now is sun 07:59"},
		{east, {ANNA}, SUN, 23, 0, NULL},
		{east, {ANNA}, MON, 0, 0, "logins of anna@corp.example are allowed mon 00:00-01:00, now is mon 01:00"},
		/* Only the most exact rules count. */
		{exactly, {"identity=eve@x.example"}, MON, 9, 0, NULL},
		{exactly, {BERT}, SAT, 9, 0, NULL},
		{exactly, {BERT}, MON, 9, 0, "logins of bert@ops.example are allowed sat 00:00-24:00, now is mon 09:00"},
		{exactly, {"identity=eve@corp.example", "profile=NIGHT"}, TUE, 3, 0, NULL},
		{exactly, {"identity=eve@corp.example", "profile=NIGHT"}, SAT, 3, 0,
			"logins of eve@corp.example are allowed tue 00:00-24:00, now is sat 03:00"},
		{exactly, {"identity=ANNA@CORP.example"}, WED, 9, 0, NULL},
		{exactly, {ANNA}, TUE, 9, 0,
			"logins of anna@corp.example are allowed wed 00:00-24:00 or wed 00:00-06:00, now is tue 09:00"},
		{exactly, {"identity=10.0.0.7", "name=Chris"}, THU, 9, 0, NULL},
		{exactly, {"identity=10.0.0.7", "name=Chris"}, MON, 9, 0,
			"logins of 10.0.0.7 are allowed thu 00:00-24:00, now is mon 09:00"},
		{excepted, {BERT}, SUN, 3, 0, NULL},
		{excepted, {"identity=DORA"}, SUN, 3, 0, NULL},
		{excepted, {"identity=x", "profile=ADMIN"}, SUN, 3, 0, NULL},
		{excepted, {"identity=x", "profile=admin"}, SUN, 3, 0,
			"logins of x are allowed mon 08:00-09:00, now is sun 03:00"},
		{excepted, {"identity=bert@ops.example.evil"}, SUN, 3, 0,
			"logins of bert@ops.example.evil are allowed mon 08:00-09:00, now is sun 03:00"},
		{excepted, {"identity=dora2"}, SUN, 3, 0, "logins of dora2 are allowed mon 08:00-09:00, now is sun 03:00"},
		{stars, {ANNA}, TUE, 3, 0, NULL},
		{stars, {"identity=aa@b.c.example"}, TUE, 3, 0, NULL},
		{stars, {"identity=x.y+z@any"}, WED, 3, 0, NULL},
		{stars, {"identity=xay+z@any"}, MON, 3, 0, NULL},
		{stars, {"identity=xay+z@any"}, WED, 3, 0, "logins of xay+z@any are allowed mon 00:00-24:00, now is wed 03:00"},
		{only_some, {ANNA}, SUN, 3, 0, NULL},
		{only_some, {BERT}, SUN, 3, 0, "logins of bert@ops.example are allowed mon 08:00-09:00, now is sun 03:00"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].sentence ? rows[i].sentence : "let in");
		T_DO(load("time-of-day.lua", rows[i].settings));
		T_STR(lab.words, "");
		T_EQ(lab.hooks, HOOK_BIT(HOOK_AUTHORIZE));
		lab_call_at(HOOK_AUTHORIZE, rows[i].user, at(rows[i].day, rows[i].hour, rows[i].minute));
		T_STR(lab.a.words, rows[i].sentence ? rows[i].sentence : "");
		T_EQ(lab.a.verdict, rows[i].sentence ? VERDICT_DENY : VERDICT_PASS);
	}
}

static void bad_settings(void)
{
	static const struct {
		const char *name;
		const char *settings[3];
		const char *words;
	} rows[] = {
		{"time-of-day", {NULL}, "the setting hours is missing: without it everybody would be let in"},
		{"time-of-day", {"hour=mon 08:00-09:00"},
			"there is no setting 'hour'; known are hours, except and utc-offset"},
		{"time-of-day", {"hours=mon"},
			"hours \"mon\": it is [WHO] DAYS TIMES, as in \"*@corp.example mon-fri 08:00-18:00\""},
		{"time-of-day", {"hours="},
			"hours \"\": it is [WHO] DAYS TIMES, as in \"*@corp.example mon-fri 08:00-18:00\""},
		{"time-of-day", {"hours=a b c d"},
			"hours \"a b c d\": it is [WHO] DAYS TIMES, as in \"*@corp.example mon-fri 08:00-18:00\""},
		{"time-of-day", {"hours=mo 08:00-09:00"},
			"hours \"mo 08:00-09:00\": 'mo' is no day; days are mon-fri, sat,sun or daily"},
		{"time-of-day", {"hours=mon- 08:00-09:00"},
			"hours \"mon- 08:00-09:00\": 'mon-' is no day; days are mon-fri, sat,sun or daily"},
		{"time-of-day", {"hours=mon-xyz 08:00-09:00"},
			"hours \"mon-xyz 08:00-09:00\": 'mon-xyz' is no day; days are mon-fri, sat,sun or daily"},
		{"time-of-day", {"hours=mon,,tue 08:00-09:00"},
			"hours \"mon,,tue 08:00-09:00\": '' is no day; days are mon-fri, sat,sun or daily"},
		{"time-of-day", {"hours=mon 08:00"},
			"hours \"mon 08:00\": '08:00' is no time; times are 08:00-18:00"},
		{"time-of-day", {"hours=mon 8-18"},
			"hours \"mon 8-18\": '8-18' is no time; times are 08:00-18:00"},
		{"time-of-day", {"hours=mon 08:00-24:01"},
			"hours \"mon 08:00-24:01\": '08:00-24:01' is no time; times are 08:00-18:00"},
		{"time-of-day", {"hours=mon 25:00-26:00"},
			"hours \"mon 25:00-26:00\": '25:00-26:00' is no time; times are 08:00-18:00"},
		{"time-of-day", {"hours=mon 08:60-09:00"},
			"hours \"mon 08:60-09:00\": '08:60-09:00' is no time; times are 08:00-18:00"},
		{"time-of-day", {"hours=mon 08:00-08:00"},
			"hours \"mon 08:00-08:00\": '08:00-08:00' is no time; times are 08:00-18:00"},
		{"time-of-day", {"hours=mon 24:00-08:00"},
			"hours \"mon 24:00-08:00\": '24:00-08:00' is no time; times are 08:00-18:00"},
		{"time-of-day", {"hours=mon 08:00-09:00", "utc-offset=1h"},
			"utc-offset \"1h\": minutes from -840 to 840 are wanted"},
		{"time-of-day", {"hours=mon 08:00-09:00", "utc-offset=841"},
			"utc-offset \"841\": minutes from -840 to 840 are wanted"},
		{"time-of-day", {"hours=mon 08:00-09:00", "utc-offset=99999999999999999999999"},
			"utc-offset \"99999999999999999999999\": minutes from -840 to 840 are wanted"},
		{"time-of-day", {"hours=mon 08:00-09:00", "utc-offset=0x10"},
			"utc-offset \"0x10\": minutes from -840 to 840 are wanted"},
		{"time-of-day", {"hours=mon 08:00-09:00", "except=a b"},
			"except \"a b\": one identity, pattern or profile:NAME is wanted"},
		{"pool-by-domain", {"pool=corp.example"}, "pool \"corp.example\": a domain and a pool are wanted"},
		{"pool-by-domain", {"pool6=a b c"}, "pool6 \"a b c\": a domain and a pool are wanted"},
		{"pool-by-domain", {"pool=a X", "pool=@A Y"}, "pool \"@A Y\": a has a pool already"},
		{"pool-by-domain", {"pools=a X"}, "there is no setting 'pools'; known are pool and pool6"},
	};
	char name[SCRIPT_NAME], words[SCRIPT_WORDS];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].words);
		snprintf(name, sizeof(name), "%s.lua", rows[i].name);
		T_DO(load(name, rows[i].settings));
		T_EQ(lab.hooks, 0);
		/* After "NAME:LINE: ", which is where the script gave up. */
		char *colon = strchr(lab.words, ':');
		T_TRUE(colon && strncmp(lab.words, name, strlen(name)) == 0);
		snprintf(words, sizeof(words), "%s", strchr(colon + 1, ' ') + 1);
		T_STR(words, rows[i].words);
	}
	T_DO(load("time-of-day.lua", ROWS("hours=mon 08:00-09:00", "utc-offset=1", "utc-offset=2")));
	T_TRUE(strstr(lab.words, "the setting 'utc_offset' is given 2 times, one is wanted") != NULL);
}

static void pools(void)
{
	static const char *const settings[] = {
		"pool=corp.example CORP", "pool= @Lab.Corp.Example  LAB ", "pool6=corp.example CORP6", NULL};
	static const struct {
		const char *user;
		const char *changes;
	} rows[] = {
		{"identity=anna@corp.example", "pool=CORP pool6=CORP6"},
		{"identity=ANNA@CORP.EXAMPLE", "pool=CORP pool6=CORP6"},
		{"identity=anna@lab.corp.example", "pool=LAB"},
		{"identity=anna@x.corp.example", ""},
		{"identity=a@corp.example@evil.example", ""},
		{"identity=corp.example", ""},
		{"identity=@corp.example", "pool=CORP pool6=CORP6"},
		{"identity=10.0.0.1", ""},
		{"name=anna@corp.example", ""},
	};

	T_DO(load("pool-by-domain.lua", settings));
	T_STR(lab.words, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].user);
		lab_call(HOOK_AUTHORIZE, ROWS(rows[i].user));
		T_STR(lab.changes, rows[i].changes);
		T_EQ(lab.a.verdict, rows[i].changes[0] ? VERDICT_CHANGE : VERDICT_PASS);
	}
	T_DO(load("pool-by-domain.lua", NULL));
	T_TRUE(lab.hooks != 0);
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("identity=anna@corp.example")), VERDICT_PASS);
}

int main(void)
{
	T_RUN(shipped);
	T_RUN(hours);
	T_RUN(bad_settings);
	T_RUN(pools);
	lab_end();
	return t_end();
}
