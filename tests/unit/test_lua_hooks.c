/* THE tables, and what goes to a script and comes back through them. */
#include "tests/unit/lua_lab.h"

#define ALL_OF_AUTHORIZE \
	ROWS("session=01ARZ3NDEKTSV4RRFFQ69G5FAV", "identity=anna@corp.example", "identity_type=email", \
		"name=anna", "profile=RA", "policy=POL", "local=192.0.2.1:500", "remote=198.51.100.7:4500", \
		"vrf=", "ivrf=RED", "pool=P", "pool6=P6", "netmask=255.255.255.0", "dns=10.0.0.1", \
		"dns=2001:db8::1", "domain=corp.example", "banner=two\nlines", "session_lifetime=3600", \
		"networks=10.1.0.0/16")

static void tables(void)
{
	for (size_t i = 0; i < fields_len; i++) {
		T_ROW(i, fields[i].name);
		T_TRUE(strlen(fields[i].name) < PAIRS_NAME && fields[i].words[0]);
		T_TRUE(field_find(fields[i].name) == &fields[i]);
		T_TRUE((fields[i].sees | fields[i].changes) != 0);
		/* Nobody waits for what a tell hook would change. */
		for (enum hook h = 0; h < HOOK__MAX; h++)
			T_TRUE(hook_asks(h) || !field_may_change(&fields[i], h));
	}
	for (enum hook h = 0; h < HOOK__MAX; h++) {
		T_TRUE(hook_name(h)[0] != 0 && hook_when(h)[0] != 0);
		for (enum hook k = 0; k < h; k++)
			T_TRUE(strcmp(hook_name(h), hook_name(k)) != 0);
	}
	T_TRUE(hook_name(HOOK__MAX) == NULL && hook_when(HOOK__MAX) == NULL && !hook_asks(HOOK__MAX));
	T_TRUE(field_find("authorise") == NULL && field_find("") == NULL);
}

static void values(void)
{
	static const struct {
		const char *field;
		const char *value;
		bool good;
	} rows[] = {
		{"pool", "P", true},
		{"pool", "", true},
		{"pool", "a b", true},
		{"pool", "a\nb", false},
		{"pool", "a\tb", false},
		{"pool", "a\x7f", false},
		{"pool", "\x1b[2J", false},
		{"pool", "Zürich", true},
		{"pool", "\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", true},
		{"pool", "\x80", false},
		{"pool", "\xc3", false},
		{"pool", "\xc0\x80", false},
		{"pool", "\xc1\xbf", false},
		{"pool", "\xe0\x9f\xbf", false},
		{"pool", "\xed\xa0\x80", false},
		{"pool", "\xe2\x82", false},
		{"pool", "\xe2\x28\xa1", false},
		{"pool", "\xf0\x8f\xbf\xbf", false},
		{"pool", "\xf4\x90\x80\x80", false},
		{"pool", "\xf5\x80\x80\x80", false},
		{"pool", "\xf1\x80\x80", false},
		{"pool", "\xff", false},
		{"banner", "a\n\tb", true},
		{"banner", "a\rb", false},
		{"banner", "\xff", false},
		{"dns", "10.0.0.1", true},
		{"dns", "10.0.0.1\n", false},
		{"session_lifetime", "0", true},
		{"session_lifetime", "3600", true},
		{"session_lifetime", "9223372036854775807", true},
		{"session_lifetime", "9223372036854775808", false},
		{"session_lifetime", "10000000000000000000", false},
		{"session_lifetime", "007", false},
		{"session_lifetime", "-1", false},
		{"session_lifetime", "+1", false},
		{"session_lifetime", "1.0", false},
		{"session_lifetime", "1 ", false},
		{"session_lifetime", "x", false},
		{"session_lifetime", "", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].value);
		T_EQ(field_wrong(field_find(rows[i].field), rows[i].value) == NULL, rows[i].good);
	}
}

/* A script prints all that it is given. */
static const char dump[] =
	"local function dump(s) local n = {} for k in pairs(s) do n[#n + 1] = k end table.sort(n)\n"
	"for _, k in ipairs(n) do local v = s[k]\n"
	" print(k, math.type(v) or type(v), type(v) == 'table' and table.concat(v, ',') or v) end end\n"
	"function authorize(s) dump(s) end function identity(s) dump(s) end\n"
	"function session_up(s) dump(s) end function session_down(s) dump(s) end\n"
	"function session_quota(s) dump(s) end\n";

static void given(void)
{
	lab_begin();
	T_EQ(lab_load(dump), HOOKS_ALL);
	T_EQ(lab_call(HOOK_AUTHORIZE, ALL_OF_AUTHORIZE), VERDICT_PASS);
	T_STR(lab.printed, "backup_gateways table \nbanner string two\nlines\ndns table 10.0.0.1,2001:db8::1\n"
			   "domain string corp.example\nidentity string anna@corp.example\n"
			   "identity_type string email\nivrf string RED\nlocal string 192.0.2.1:500\n"
			   "name string anna\nnetmask string 255.255.255.0\nnetworks table 10.1.0.0/16\n"
			   "policy string POL\npool string P\npool6 string P6\nprofile string RA\n"
			   "remote string 198.51.100.7:4500\nsession string 01ARZ3NDEKTSV4RRFFQ69G5FAV\n"
			   "session_lifetime integer 3600\nsplit_dns table \nsubnets table \nwins table \n");
	/* What is not for the hook does not get there, and lists are there when they are empty. */
	T_EQ(lab_call(HOOK_IDENTITY, ROWS("identity=a", "pool=P", "bytes_in=1", "nonsense=1", "role=responder")),
		VERDICT_PASS);
	T_STR(lab.printed, "identity string a\nrole string responder\n");
	T_EQ(lab_call(HOOK_SESSION_QUOTA, ROWS("name=a", "percent=80", "direction=total", "used=8", "limit=10", "seconds=1")), VERDICT_PASS);
	T_STR(lab.printed, "direction string total\nlimit integer 10\nname string a\npercent integer 80\nused integer 8\n");
	T_EQ(lab_call(HOOK_SESSION_UP, ROWS("ip4=10.9.0.1", "reason=dpd", "pool=P")), VERDICT_PASS);
	T_STR(lab.printed, "ip4 string 10.9.0.1\npool string P\n");
	T_EQ(lab_call(HOOK_SESSION_DOWN, ROWS("reason=dpd", "bytes_in=9223372036854775807", "seconds=0")),
		VERDICT_PASS);
	T_STR(lab.printed, "bytes_in integer 9223372036854775807\nreason string dpd\nseconds integer 0\n");
	T_EQ(lab.a.script, 0);
}

static void returned(void)
{
	static const struct {
		const char *body; /* of authorize */
		enum verdict verdict;
		const char *result; /* changes, or words */
	} rows[] = {
		{"", VERDICT_PASS, ""},
		{"return nil", VERDICT_PASS, ""},
		{"return", VERDICT_PASS, ""},
		{"return {}", VERDICT_PASS, ""},
		{"return {pool = nil}", VERDICT_PASS, ""},
		{"return {pool = 'X'}", VERDICT_CHANGE, "pool=X"},
		{"return {pool = 'X'}, 'more'", VERDICT_CHANGE, "pool=X"},
		{"return {session_lifetime = 60, pool = s.pool .. '2'}", VERDICT_CHANGE, "pool=P2 session_lifetime=60"},
		{"return {session_lifetime = 2^5}", VERDICT_CHANGE, "session_lifetime=32"},
		{"return {pool = false, dns = false, session_lifetime = false}", VERDICT_CHANGE,
			"pool= dns= session_lifetime="},
		{"return {pool = '', dns = {}}", VERDICT_CHANGE, "pool= dns="},
		{"return {dns = {'1', '2', '3'}, wins = {'4'}}", VERDICT_CHANGE, "dns=1 dns=2 dns=3 wins=4"},
		{"s.dns[#s.dns + 1] = '9' return {dns = s.dns}", VERDICT_CHANGE,
			"dns=10.0.0.1 dns=2001:db8::1 dns=9"},
		{"return {banner = 'a\\nb\\tc'}", VERDICT_CHANGE, "banner=a\nb\tc"},
		{"return setmetatable({pool = 'X'}, {__index = {domain = 'no'}, __pairs = error, __len = error})",
			VERDICT_CHANGE, "pool=X"},
		{"return deny('not today')", VERDICT_DENY, "not today"},
		{"deny('not today') return {pool = 'X'}", VERDICT_DENY, "not today"},
		{"pcall(deny, 'not today') return {pool = 'X'}", VERDICT_DENY, "not today"},
		{"xpcall(deny, print, 'not today') while true do end", VERDICT_DENY, "not today"},
		{"local x <close> = setmetatable({}, {__close = function() error('late') end}) deny('not today')",
			VERDICT_DENY, "not today"},
		{"table.sort({2, 1}, function() deny('a\\0b\\n') end)", VERDICT_DENY, "a b\n"},
		{"deny()", VERDICT_FAILED,
			"t.lua:1: bad argument #1 to 'deny' (string expected, got no value)"},
		{"deny('')", VERDICT_FAILED, "t.lua:1: bad argument #1 to 'deny' (a reason is wanted)"},
		{"deny({})", VERDICT_FAILED, "t.lua:1: bad argument #1 to 'deny' (string expected, got table)"},
		{"return true", VERDICT_FAILED, "t.lua:1: authorize returned a boolean, a table of fields is wanted"},
		{"return false", VERDICT_FAILED, "t.lua:1: authorize returned a boolean, a table of fields is wanted"},
		{"return 'no'", VERDICT_FAILED, "t.lua:1: authorize returned a string, a table of fields is wanted"},
		{"return deny", VERDICT_FAILED,
			"t.lua:1: authorize returned a function, a table of fields is wanted"},
		{"s.pool = 'X' return s", VERDICT_FAILED,
			"t.lua:1: authorize returned the table it was given, one with the changed fields is wanted"},
		{"return {poool = 'X'}", VERDICT_FAILED, "t.lua:1: authorize returned: there is no field 'poool'"},
		{"return {identity = 'X'}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'identity' cannot be changed here"},
		{"return {profile = 'X'}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'profile' cannot be changed here"},
		{"return {bytes_in = 1}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'bytes_in' cannot be changed here"},
		{"return {'X'}", VERDICT_FAILED,
			"t.lua:1: authorize returned: the table has a number as a key, names of fields are wanted"},
		{"return {[{}] = 1}", VERDICT_FAILED,
			"t.lua:1: authorize returned: the table has a table as a key, names of fields are wanted"},
		{"return {pool = 1}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'pool' wants a text, this is a number"},
		{"return {pool = true}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'pool' wants a text, this is a boolean"},
		{"return {pool = {'X'}}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'pool' wants a text, this is a table"},
		{"return {dns = '10.0.0.1'}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'dns' wants a list of texts, this is a string"},
		{"return {dns = {'1', 2}}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'dns' wants a list of texts, this is a number"},
		{"return {dns = {'1', ''}}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'dns' has an empty element"},
		{"return {dns = {a = '1'}}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'dns' is no list, or one that is too long"},
		{"return {dns = {'1', a = '1'}}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'dns' is no list, or one that is too long"},
		{"local t = {} for i = 1, 161 do t[i] = '1' end return {dns = t}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'dns' is no list, or one that is too long"},
		{"local t = {} for i = 1, 160 do t[i] = '1' end return {dns = t, wins = t}", VERDICT_FAILED,
			"t.lua:1: authorize returned: the changed fields are too many or too long"},
		{"local t = {} for i = 1, 20 do t[i] = ('1'):rep(1000) end return {dns = t}", VERDICT_FAILED,
			"t.lua:1: authorize returned: the changed fields are too many or too long"},
		{"return {pool = ('1'):rep(1024)}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'pool' is too long"},
		{"return {pool = 'a\\0b'}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'pool' has a control character"},
		{"return {pool = '\\xff'}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'pool' is not UTF-8"},
		{"return {session_lifetime = '60'}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'session_lifetime' wants a number, this is a string"},
		{"return {session_lifetime = 1.5}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'session_lifetime' is not a whole number"},
		{"return {session_lifetime = -1}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'session_lifetime' is not a number without sign and "
			"fraction"},
		{"return {session_lifetime = 0/0}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'session_lifetime' is not a whole number"},
		{"return {session_lifetime = math.huge}", VERDICT_FAILED,
			"t.lua:1: authorize returned: field 'session_lifetime' is not a whole number"},
		{"authorize = 5", VERDICT_PASS, ""},
	};
	char text[500];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].body);
		lab_begin();
		snprintf(text, sizeof(text), "function authorize(s) %s end", rows[i].body);
		T_TRUE(lab_load(text));
		T_EQ(lab_call(HOOK_AUTHORIZE, ALL_OF_AUTHORIZE), rows[i].verdict);
		T_STR(rows[i].verdict == VERDICT_CHANGE ? lab.changes : lab.a.words, rows[i].result);
		T_TRUE(rows[i].verdict == VERDICT_CHANGE || lab.a.changes.n == 0);
	}
	/* The last row has spoilt its hook. */
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_FAILED);
	T_STR(lab.a.words, "t.lua: authorize is no function any more");
}

static void told_only(void)
{
	lab_begin();
	T_TRUE(lab_load("function session_up() return {} end\nfunction session_down() deny('x') end"));
	T_EQ(lab_call(HOOK_SESSION_UP, NULL), VERDICT_FAILED);
	T_STR(lab.a.words, "t.lua:1: session_up returned a table, nobody waits for it");
	T_EQ(lab_call(HOOK_SESSION_DOWN, NULL), VERDICT_FAILED);
	T_STR(lab.a.words, "t.lua:2: deny() in session_down: nobody waits for it");
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_PASS);
	T_EQ(lab.a.script, SCRIPT_NONE);
}

/* Each sees what the one before it changed; the first that refuses or fails ends it. */
static void several(void)
{
	lab_begin();
	T_TRUE(lab_load_with("a.lua", "function authorize(s) return {pool = s.pool .. 'a', dns = {'1', '2'}, "
				      "domain = false, session_lifetime = 5} end", NULL));
	T_TRUE(lab_load_with("b.lua", "function session_up() end", NULL));
	T_TRUE(lab_load_with("c.lua",
		"function authorize(s) if s.name == 'd' then deny('c says no') end\n"
		"if s.name == 'e' then error('c fails') end\n"
		"assert(s.domain == nil and s.session_lifetime == 5 and s.netmask == 'n' and s.pool6 == nil)\n"
		"return {pool = s.pool .. 'c', dns = {table.unpack(s.dns, 2)}, wins = {'w'}, netmask = false} end",
		NULL));
	T_TRUE(lab_load_with("d.lua", "function authorize(s) ran = (ran or 0) + 1 print(ran) end", NULL));
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("pool=P", "dns=0", "domain=D", "netmask=n")), VERDICT_CHANGE);
	T_STR(lab.changes, "pool=Pac netmask= dns=2 wins=w domain= session_lifetime=5");
	T_EQ(lab.a.script, 3);
	T_STR(lab.printed, "1\n");
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("pool=P", "name=d")), VERDICT_DENY);
	T_STR(lab.a.words, "c says no");
	T_EQ(lab.a.script, 2);
	T_EQ(lab.a.changes.n, 0);
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("pool=P", "name=e")), VERDICT_FAILED);
	T_STR(lab.a.words, "c.lua:2: c fails");
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("name=x")), VERDICT_FAILED);
	T_STR(lab.a.words, "a.lua:1: attempt to concatenate a nil value (field 'pool')");
	T_EQ(lab.a.script, 0);
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("pool=P", "netmask=n")), VERDICT_CHANGE);
	T_STR(lab.printed, "2\n");
	/* identity: the name is not told, but seen when a script before has set it. */
	lab_begin();
	T_TRUE(lab_load("function identity(s) assert(s.name == nil) return {name = 'n', profile = 'Q'} end"));
	T_TRUE(lab_load("function identity(s) return {name = s.name .. s.profile} end"));
	T_EQ(lab_call(HOOK_IDENTITY, ROWS("identity=i", "name=hidden?")), VERDICT_FAILED);
	T_EQ(lab_call(HOOK_IDENTITY, ROWS("identity=i", "profile=P")), VERDICT_CHANGE);
	T_STR(lab.changes, "name=nQ profile=Q");
}

/* A changed field may be long many times over: only the last value counts. */
static void many_changes(void)
{
	lab_begin();
	for (int i = 0; i < SCRIPTS_MAX; i++)
		T_TRUE(lab_load("function authorize(s) local t = {} for i = 1, 12 do t[i] = ('x'):rep(1000) end "
				"return {dns = t, banner = ('b'):rep(1000)} end"));
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_CHANGE);
	T_EQ(lab.a.changes.n, 13);
}

static void settings(void)
{
	static const char text[] =
		"print(config.hours, config.utc_offset, config.nothing, #config_list.hours)\n"
		"for k, v in pairs(config_list) do assert(#v > 0) end\n"
		"assert(config_list.nothing == nil and config[1] == nil)\n"
		"function authorize() return {domain = config.twice} end";

	lab_begin();
	T_TRUE(lab_load_with("t.lua", text, ROWS("hours=mon-fri", "utc-offset=60", "twice=1", "twice=2")));
	T_STR(lab.printed, "mon-fri 60 nil 1\n");
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_FAILED);
	T_STR(lab.a.words, "t.lua:4: the setting 'twice' is given 2 times, one is wanted");
	/* A dash and an underscore are the same name. */
	T_EQ(lab_load_with("t.lua", text, ROWS("hours=1", "utc-offset=1", "utc_offset=2")), 0);
	T_STR(lab.words, "t.lua:1: the setting 'utc_offset' is given 2 times, one is wanted");
	T_EQ(lab_load_with("t.lua", text, NULL), 0);
	T_STR(lab.words, "t.lua:1: attempt to get length of a nil value (field 'hours')");
	T_TRUE(lab_load_with("t.lua", "assert(next(config) == nil and next(config_list) == nil)\n"
				      "function authorize() end", NULL));
	/* Names that metatables know. */
	T_TRUE(lab_load_with("t.lua", "assert(config.__index == 'x' and config.__metatable == 'y')\n"
				      "function authorize() end", ROWS("__index=x", "__metatable=y")));
}

static void clock(void)
{
	static const struct {
		const char *expression;
		const char *value;
	} rows[] = {
		{"os.time()", "1715768430"},
		{"os.date()", "Wed May 15 10:20:30 2024"},
		{"os.date('!%c')", "Wed May 15 10:20:30 2024"},
		{"os.date('%a %A %b %B %d %e %H %I %j %m %M %p %S %u %w %y %Y %z %%')",
			"Wed Wednesday May May 15 15 10 10 136 05 20 AM 30 3 3 24 2024 +0000 %"},
		{"os.date('%D %F %R %r %T %x %X')",
			"05/15/24 2024-05-15 10:20 10:20:30 AM 10:20:30 05/15/24 10:20:30"},
		{"os.date('%F %T %z', os.time(), 120)", "2024-05-15 12:20:30 +0200"},
		{"os.date('%F %T %z', os.time(), -1439)", "2024-05-14 10:21:30 -2359"},
		{"os.date('!%F %T %z', os.time(), 120)", "2024-05-15 10:20:30 +0000"},
		{"os.date('%F', nil, 900)", "2024-05-16"},
		{"os.date('%F %T', 0)", "1970-01-01 00:00:00"},
		{"os.date('%c', -1)", "Wed Dec 31 23:59:59 1969"},
		{"os.date('%F %j', 951782400)", "2000-02-29 060"},
		{"os.date('%F %j %u', 4107542399)", "2100-02-28 059 7"},
		{"os.date('%F %u', 4107542400)", "2100-03-01 1"},
		{"os.date('%Y-%m-%d %u', -62167132800)", "0000-01-02 7"},
		{"os.date('%F', 253402214399)", "9999-12-30"},
		{"os.date('')", ""},
		{"os.date('!')", ""},
		{"os.date('%I %p', 0)", "12 AM"},
		{"os.date('%I %p', 43200)", "12 PM"},
		{"os.date('%I %p', 82800)", "11 PM"},
		{"os.time{year = 2024, month = 5, day = 15, hour = 10, min = 20, sec = 30}", "1715768430"},
		{"os.time{year = 1970, month = 1, day = 1}", "43200"},
		{"os.time{year = 2024, month = 3, day = 0, hour = 0}", "1709164800"},
		{"os.time{year = 2024, month = 14, day = 1, hour = 0}", "1738368000"},
		{"os.time{year = 2024, month = 1, day = 1, hour = -1}", "1704063600"},
		{"os.time{year = 2024, month = -11, day = 1, hour = 0}", "1672531200"},
		{"os.time{year = 2024.0, month = '5', day = 1}", "1714564800"},
		{"os.date('%F', os.time{year = 0, month = 1, day = 2})", "0000-01-02"},
		{"(function() local d = os.date('*t') return table.concat({d.year, d.month, d.day, d.hour, d.min, "
		 "d.sec, d.wday, d.yday, tostring(d.isdst)}, ' ') end)()",
			"2024 5 15 10 20 30 4 136 false"},
		{"os.time(os.date('*t'))", "1715768430"},
		{"select(2, pcall(os.time, {year = 2024, month = 1}))",
			"field 'day' of the date is missing or not a number of use"},
		{"select(2, pcall(os.time, {year = 1.5, month = 1, day = 1}))",
			"field 'year' of the date is missing or not a number of use"},
		{"select(2, pcall(os.time, {year = 10^11 + 1, month = 1, day = 1}))",
			"field 'year' of the date is missing or not a number of use"},
		{"select(2, pcall(os.time, {year = 10000, month = 1, day = 1}))",
			"the date is not in the years 0 to 9999"},
		{"select(2, pcall(os.time, {year = 10^11, month = 10^11, day = 10^11, hour = 10^11, min = 10^11}))",
			"the date is not in the years 0 to 9999"},
		{"select(2, pcall(os.date, '%Q'))", "os.date does not know '%Q'"},
		{"select(2, pcall(os.date, '%'))", "os.date does not know '% '"},
		{"select(2, pcall(os.date, '%F', 1e15))",
			"bad argument #2 to '?' (not in the years 0 to 9999)"},
		{"select(2, pcall(os.date, '%F', 0, 1440))",
			"bad argument #3 to '?' (minutes of less than a day are wanted)"},
	};
	char text[600];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].expression);
		lab_begin();
		snprintf(text, sizeof(text), "function authorize() return {domain = tostring(%s)} end",
			rows[i].expression);
		T_TRUE(lab_load(text));
		T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_CHANGE);
		T_STR(pairs_value(&lab.a.changes, 0), rows[i].value);
	}
	/* Every day of 800 years there and back, in steps that meet all times of day. */
	lab_begin();
	T_TRUE(lab_load("function authorize(s) for i = 1, 5000 do local t = -12219292800 + i * 5056891 + "
			"s.session_lifetime * 37 local d = os.date('*t', t) assert(os.time(d) == t) end end"));
	for (int i = 0; i < 10; i++) {
		char row[40];
		snprintf(row, sizeof(row), "session_lifetime=%d", i * 1009);
		T_EQ(lab_call(HOOK_AUTHORIZE, ROWS(row)), VERDICT_PASS);
	}
	/* The time is that of the call, also before 1970, and at the top level that of loading. */
	lab_begin();
	T_TRUE(lab_load("t = os.time() function authorize() return {domain = os.time() .. ' ' .. t} end"));
	T_EQ(lab_call_at(HOOK_AUTHORIZE, NULL, -1), VERDICT_CHANGE);
	T_STR(lab.changes, "domain=-1 1715768430");
}

int main(void)
{
	T_RUN(tables);
	T_RUN(values);
	T_RUN(given);
	T_RUN(returned);
	T_RUN(told_only);
	T_RUN(several);
	T_RUN(many_changes);
	T_RUN(settings);
	T_RUN(clock);
	lab_end();
	return t_end();
}
