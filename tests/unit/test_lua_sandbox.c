/* What a script may not: every way out of the sandbox that is known, and every budget. */
#include "tests/unit/lua_lab.h"

/* Runs the text at the top level of a script. */
static const char *run(const char *text)
{
	static char whole[8192];

	snprintf(whole, sizeof(whole), "%s\nfunction authorize() end", text);
	lab_begin();
	return lab_load(whole) ? "ok" : lab.words;
}

/* What is not there: nil where it would be. */
static void absent(void)
{
	static const char *const names[] = {"io", "require", "package", "load", "loadstring", "loadfile",
		"dofile", "debug", "coroutine", "collectgarbage", "warn", "arg", "module", "setfenv", "getfenv",
		"os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname", "os.setlocale",
		"os.clock", "os.difftime", "string.dump", "math.pow", "newproxy", "table.getn", "unpack",
		"_G.io", "_ENV.debug", "string.gfind", "_LOADED"};
	char text[200];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		T_ROW(i, names[i]);
		snprintf(text, sizeof(text), "assert(%s == nil)", names[i]);
		T_STR(run(text), "ok");
	}
}

/* The whole list of what is there: a new version of Lua that brings more is noticed. */
static void present(void)
{
	static const char expected[] =
		"_G _VERSION assert config config_list deny error getmetatable ipairs log math next os pairs "
		"pcall print rawequal rawget rawlen rawset select setmetatable string table tonumber tostring "
		"type utf8 xpcall|math:abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger "
		"min mininteger modf pi rad random randomseed sin sqrt tan tointeger type ult|os:date time|"
		"string:byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack "
		"upper|table:concat insert move pack remove sort unpack|utf8:char charpattern codepoint codes "
		"len offset\n";

	lab_begin();
	T_TRUE(lab_load("local function list(t) local n = {} for k in pairs(t) do n[#n + 1] = k end\n"
			"table.sort(n) return table.concat(n, ' ') end\n"
			"local out = list(_G)\n"
			"for _, k in ipairs{'math', 'os', 'string', 'table', 'utf8'} do\n"
			"  out = out .. '|' .. k .. ':' .. list(_G[k]) end\n"
			"function authorize() print(out:sub(1, 400)) print(out:sub(401)) end"));
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_PASS);
	memmove(lab.printed + 400, lab.printed + 401, strlen(lab.printed + 400));
	T_STR(lab.printed, expected);
}

static void refused(void)
{
	static const struct {
		const char *text;
		const char *words; /* what the sentence has to hold */
	} rows[] = {
		/* finalizers would run uncounted */
		{"setmetatable({}, {__gc = function() while true do end end})", "no finalizers"},
		{"local m = {} setmetatable({}, m) m.__gc = print setmetatable({}, m)", "no finalizers"},
		{"local m = setmetatable({}, {__index = {__gc = print}}) setmetatable({}, m)", "ok"},
		/* a protected metatable */
		{"assert(getmetatable('') == false)", "ok"},
		{"setmetatable('', {})", "table expected"},
		{"getmetatable('').__index = nil", "attempt to index a boolean"},
		{"setmetatable(setmetatable({}, {__metatable = 1}), {})", "cannot change a protected metatable"},
		{"setmetatable(config, nil)", "cannot change a protected metatable"},
		/* precompiled code */
		{"deny('x')", "deny() in loading: nobody waits for it"},
		{"string.dump(print)", "attempt to call a nil value"},
		{"local f <const> = string.format('%q', 1/0) assert(f == '1e9999')", "ok"},
		/* errors that are no texts */
		{"error({1})", "t.lua:1: error with a table instead of a text"},
		{"error(nil)", "t.lua:1: error with a nil instead of a text"},
		{"error(true)", "t.lua:1: error with a boolean instead of a text"},
		{"error(print)", "t.lua:1: error with a function instead of a text"},
		{"error(12)", "t.lua:1: 12"},
		{"error(1.5)", "t.lua:1: 1.5"},
		{"error('plain', 0)", "t.lua:1: plain"},
		{"error('')", "t.lua:1: "},
		{"\n\nerror('third line')", "t.lua:3: third line"},
		{"error('a\\0b')", "t.lua:1: a b"},
		{"error(setmetatable({}, {__tostring = function() while true do end end}))", "error with a table"},
		{"error(setmetatable({}, {__tostring = function() error('again') end}))", "error with a table"},
		{"error(setmetatable({}, {__name = ('x'):rep(100000)}))", "error with a table"},
		{"error(('x'):rep(100000), 0)", "t.lua:1: xxxxxxxx"},
		{"local x = nil + 1", "t.lua:1: attempt to perform arithmetic on a nil value"},
		{"x = = 1", "t.lua:1: unexpected symbol near '='"},
		{"\x1bLua", "attempt to load a binary chunk"},
		{"function f() ", "'end' expected"},
		{"goto nowhere", "no visible label"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = run(rows[i].text);

		T_ROW(i, rows[i].text);
		if (!strstr(got, rows[i].words))
			T_FAIL("'%s' wanted, this is '%s'", rows[i].words, got);
		T_TRUE(strlen(got) < SCRIPT_WORDS);
	}
}

/* However a script tries to go on when its instructions are used up. */
static void endless(void)
{
	static const char *const loops[] = {
		"while true do end",
		"repeat until false",
		"::a:: goto a",
		"for i = 1, math.huge do end",
		"local function f() return f() end f()",
		"while true do pcall(function() while true do end end) end",
		"while true do pcall(error) end",
		"pcall(pcall, pcall, function() while true do end end) while true do end",
		"xpcall(function() while true do end end, function() while true do end end)",
		"xpcall(error, function() while true do end end)",
		"while true do xpcall(function() while true do end end, print) end",
		"xpcall(function() while true do end end, function(m) return xpcall(function() while true do end "
		"end, print) end) while true do end",
		"local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
		"pcall(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) "
		"while true do end end) while true do end",
		"for i in function() return 1 end, nil, nil, setmetatable({}, {__close = function() while true do "
		"end end}) do end",
		"setmetatable(_G, {__index = function(t, k) return k end}) while true do local y = z end",
		"local t = setmetatable({}, {__index = function(t, k) while true do end end}) return t.x",
		"local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
		"table.sort({3, 2, 1, 5}, function() while true do end end)",
		"('x'):rep(10):gsub('.', function() while true do end end)",
		"return #setmetatable({}, {__len = function() while true do end end})",
		"print(setmetatable({}, {__tostring = function() while true do end end}))",
		"return ('%s'):format(setmetatable({}, {__tostring = function() while true do end end}))",
		"for k in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end",
		"return 'a' .. setmetatable({}, {__concat = function() while true do end end})",
		"while true do local s = tostring({}) end",
		"local t = {} while true do t = {t = {}} end",
	};
	char text[1000];

	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		T_ROW(i, loops[i]);
		lab_begin();
		/* at the top level */
		T_EQ(lab_load(loops[i]), 0);
		T_STR(lab.words, "t.lua:1: stopped after 1000000 instructions in loading");
		/* in a hook, and a second time: one call does not use up what belongs to the next */
		snprintf(text, sizeof(text), "function authorize() %s end", loops[i]);
		T_EQ(lab_load_with("u.lua", text, NULL), HOOK_BIT(HOOK_AUTHORIZE));
		for (int k = 0; k < 2; k++) {
			T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_FAILED);
			T_STR(lab.a.words, "u.lua:1: stopped after 1000000 instructions in authorize");
		}
	}
}

/* The same script answers after it was stopped, with a whole budget. */
static void budget_is_per_call(void)
{
	lab_begin();
	T_TRUE(lab_load("n = 0\nfunction authorize(s) n = n + 1\n"
			"for i = 1, s.session_lifetime do end return {domain = tostring(n)} end"));
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("session_lifetime=900000")), VERDICT_CHANGE);
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("session_lifetime=900000")), VERDICT_CHANGE);
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("session_lifetime=1100000")), VERDICT_FAILED);
	T_STR(lab.a.words, "t.lua:3: stopped after 1000000 instructions in authorize");
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("session_lifetime=900000")), VERDICT_CHANGE);
	T_STR(lab.changes, "domain=4");
	T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("session_lifetime=10")), VERDICT_CHANGE);
}

/* Budgets that are no multiple of the step in which Lua counts, and tiny ones. */
static void odd_budgets(void)
{
	static const uint64_t sizes[] = {1, 2, 3, 10, 999, 1000000, 1000001, 2500000};
	static const char text[] = "function authorize() while true do end end";

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct script_limits limits = {1 << 20, sizes[i]};
		char words[100];

		T_ROW(i, "budget");
		lab_begin_with(&limits);
		if (!lab_load(text)) {
			T_TRUE(sizes[i] < 10);
			T_TRUE(strstr(lab.words, "stopped after") != NULL);
			continue;
		}
		T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_FAILED);
		snprintf(words, sizeof(words), "t.lua:1: stopped after %llu instructions in authorize",
			(unsigned long long)sizes[i]);
		T_STR(lab.a.words, words);
	}
}

static void memory(void)
{
	static const char *const bombs[] = {
		"local s = ('x'):rep(1e9)",
		"local s = ('x'):rep(1e18)",
		"local s = 'x' for i = 1, 40 do s = s .. s end",
		"local t = {} for i = 1, 1e9 do t[i] = i end",
		"local t = {} for i = 1, 1e9 do t = {t} end",
		"local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
		"local t = {} for i = 1, 1e6 do t[i] = ('y'):rep(1000, 'z' .. i) end",
		"local s = ('%99s'):rep(1e5):gsub('%%', ('w'):rep(1000))",
		"local s = ('x'):rep(1e5) return s:gsub('.', '%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0')",
		"return table.concat({('x'):rep(5e5), ('x'):rep(5e5), ('x'):rep(5e5)})",
		"return ('x'):rep(3e5):upper():lower():reverse() .. ('x'):rep(5e5):rep(2)",
		"local t = table.pack(('x'):rep(9e5):byte(1, -1))",
		"return string.pack('s8', ('x'):rep(7e5))",
		"return utf8.char(table.unpack((function() local t = {} for i = 1, 2e5 do t[i] = 65 end return t end)()))",
		"local function f(...) return f(1, ...) end f()",
		"local function f() return 1 + f() end f()",
	};
	char text[1000];

	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		T_ROW(i, bombs[i]);
		lab_begin();
		snprintf(text, sizeof(text), "function authorize() %s end function identity() end", bombs[i]);
		T_TRUE(lab_load(text));
		for (int k = 0; k < 2; k++) {
			T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_FAILED);
			if (!strstr(lab.a.words, "not enough memory in authorize, the limit is 1024 KiB") &&
				!strstr(lab.a.words, "t.lua:1: resulting string too large") &&
				!strstr(lab.a.words, "t.lua:1: string slice too long") &&
				!strstr(lab.a.words, "t.lua:1: too many results to unpack") &&
				!strstr(lab.a.words, "t.lua:1: stopped after"))
				T_FAIL("%s", lab.a.words);
		}
		/* It goes on with what it has. */
		T_EQ(lab_call(HOOK_IDENTITY, NULL), VERDICT_PASS);
		/* In pcall it is an error like others, and the process is none the worse. */
		snprintf(text, sizeof(text), "function authorize() pcall(function() %s end) end", bombs[i]);
		T_TRUE(lab_load_with("u.lua", text, NULL));
	}
}

/* What a script keeps from call to call counts too; another script has its own budget. */
static void memory_is_of_each(void)
{
	lab_begin();
	T_TRUE(lab_load_with("a.lua", "kept = {}\nfunction authorize() kept[#kept + 1] = ('x'):rep(100000) "
				      "end", NULL));
	T_TRUE(lab_load_with("b.lua", "function session_up() local s = ('x'):rep(400000) end", NULL));
	for (int i = 0; i < 9; i++)
		T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_PASS);
	for (int i = 0; i < 3; i++) {
		lab_call(HOOK_AUTHORIZE, NULL);
		T_EQ(lab_call(HOOK_SESSION_UP, NULL), VERDICT_PASS);
	}
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_FAILED);
	T_STR(lab.a.words, "a.lua: not enough memory in authorize, the limit is 1024 KiB");
	T_EQ(lab.a.script, 0);
}

static const char thrifty[] =
	"local t = {} for i = 1, 20 do t[i] = ('k'):rep(i) end\n"
	"function authorize(s) print(t[3]) return {dns = {'1', '2', t[9]}, domain = s.name} end";

/* Its call needs more than its loading. */
static const char hungry[] =
	"function authorize(s) local more = ('z'):rep(8000) return {domain = s.name} end";

/* From a budget that is too small for anything to one that is enough: an error, never a crash or a leak. */
static void tiny_memory(void)
{
	unsigned loaded = 0, answered = 0;

	for (size_t size = 100; size < 60000; size += 97) {
		struct script_limits limits = {size, 100000};

		T_ROW(size, "bytes");
		lab_begin_with(&limits);
		if (!lab_load_with("t.lua", hungry, ROWS("a=1", "b=2"))) {
			T_TRUE(strstr(lab.words, "t.lua: not enough memory in loading, the limit is ") != NULL);
			continue;
		}
		loaded++;
		if (lab_call(HOOK_AUTHORIZE, ROWS("name=n")) == VERDICT_CHANGE)
			answered++;
		else
			T_TRUE(strstr(lab.a.words, "t.lua: not enough memory in authorize") != NULL);
		lab_end();
		T_EQ(mem_live(), 0);
	}
	T_TRUE(loaded > answered && answered > 100);
}

static void deep(void)
{
	static const char *const texts[] = {
		"local function f() return 1 + f() end f()",
		"local function f() pcall(f) end f()",
		"local function f() local _ = ('x'):gsub('x', f) end f()",
		"local t = {} setmetatable(t, {__index = function(t, k) return t[k + 1] end}) return t[1]",
		"local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
		"local function f(e) error(e) end xpcall(f, f)",
		"local function f(e) error(e) end xpcall(f, function(e) return xpcall(f, f) end)",
		"local s = ('('):rep(5000) return ('x'):find(s)",
		"return ('x'):rep(300000):find(('.-'):rep(30) .. 'y')",
		"return ('x'):find(('%1'):rep(10))",
	};
	char text[1000];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		T_ROW(i, texts[i]);
		/* The one that only the wall clock ends is for the process (test_lua_process). */
		if (strstr(texts[i], "30) .. 'y'"))
			continue;
		lab_begin();
		snprintf(text, sizeof(text), "function authorize() %s end function identity() end", texts[i]);
		T_TRUE(lab_load(text));
		lab_call(HOOK_AUTHORIZE, NULL);
		T_TRUE(lab.a.verdict == VERDICT_PASS || lab.a.verdict == VERDICT_FAILED);
		T_EQ(lab_call(HOOK_IDENTITY, NULL), VERDICT_PASS);
	}
	/* The parser too. */
	static char nested[60001];
	memset(nested, '(', 60000);
	lab_begin();
	T_EQ(lab_load(nested), 0);
	T_TRUE(strstr(lab.words, "overflow") != NULL);
	memset(nested, '{', 60000);
	T_EQ(lab_load(nested), 0);
	for (size_t i = 0; i < 60000; i += 3)
		memcpy(nested + i, "do ", 3);
	T_EQ(lab_load(nested), 0);
}

/* Two scripts share nothing. */
static void apart(void)
{
	lab_begin();
	T_TRUE(lab_load_with("a.lua", "leak = 1 string.leak = 1 string.format = nil\n"
				      "math.floor = function() error('poisoned') end\n"
				      "function authorize() end", NULL));
	T_TRUE(lab_load_with("b.lua", "assert(leak == nil and string.leak == nil and ('').leak == nil)\n"
				      "assert(string.format('%d', math.floor(1.5)) == '1')\n"
				      "function authorize() end", NULL));
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_PASS);
	T_EQ(lab.a.script, 1);
	/* One that spoils its own libraries spoils nobody else's call. */
	T_TRUE(lab_load_with("c.lua", "for k in pairs(_G) do if k ~= '_G' and k ~= 'pairs' then _G[k] = nil end "
				      "end _G.authorize = function() return {pool = 'c'} end", NULL));
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_CHANGE);
	T_STR(lab.changes, "pool=c");
}

static void prints(void)
{
	lab_begin();
	T_TRUE(lab_load("function authorize() print('a', 1, 2.5, nil, true) log('b\\0c') print() print('') "
			"print(('x'):rep(2000)) end\n"
			"function identity() for i = 1, 1000 do print(i) end end"));
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_PASS);
	T_EQ(lab.lines, 3);
	T_TRUE(strncmp(lab.printed, "a 1 2.5 nil true\nb c\nxxx", 24) == 0);
	T_EQ(strlen(lab.printed), 17 + 4 + SCRIPT_WORDS);
	T_EQ(lab_call(HOOK_IDENTITY, NULL), VERDICT_PASS);
	T_EQ(lab.lines, SCRIPT_LINES);
	T_TRUE(strstr(lab.printed, "63\nmore lines than 63 in one call: the others are left out\n") != NULL);
	T_EQ(lab_call(HOOK_AUTHORIZE, NULL), VERDICT_PASS);
	T_EQ(lab.lines, 3);
}

/* Each allocation fails once: after the state is there Lua makes room and tries again. */
static void no_memory(void)
{
	unsigned refusals = 0;

	for (uint64_t n = 1; n < 400; n++) {
		T_ROW(n, "allocation");
		lab_begin();
		mem_fail_at(n);
		if (lab_load(thrifty)) {
			T_EQ(lab_call(HOOK_AUTHORIZE, ROWS("name=n")), VERDICT_CHANGE);
			T_STR(lab.changes, "dns=1 dns=2 dns=kkkkkkkkk domain=n");
		} else {
			refusals++;
			T_TRUE(strstr(lab.words, "not enough memory") != NULL);
		}
		mem_fail_at(0);
		lab_end();
		T_EQ(mem_live(), 0);
	}
	T_TRUE(refusals > 0 && refusals < 100);
	mem_fail_at(1);
	T_TRUE(vm_new(&lab_limits, lab_print, NULL) == NULL);
	mem_fail_at(0);
}

static void bounds_of_loading(void)
{
	static char text[SCRIPT_BYTES + 2];

	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "function authorize() end", 24);
	lab_begin();
	T_EQ(lab_load(text), 0);
	T_STR(lab.words, "t.lua: too many scripts, or one that is too long");
	text[SCRIPT_BYTES] = 0;
	for (int i = 0; i < SCRIPTS_MAX; i++)
		T_EQ(lab_load(text), HOOK_BIT(HOOK_AUTHORIZE));
	T_EQ(lab_load("function authorize() end"), 0);
	T_STR(lab.words, "t.lua: too many scripts, or one that is too long");
	lab_begin();
	T_EQ(lab_load("x = 1"), 0);
	T_STR(lab.words, "t.lua: defines no hook; a function of the name identity, authorize, session_up, "
			 "session_down or session_quota is wanted");
	T_EQ(lab_load("authorize = 1"), 0);
	T_EQ(lab_load("function session_down() end authorize = 1"), HOOK_BIT(HOOK_SESSION_DOWN));
}

int main(void)
{
	T_RUN(absent);
	T_RUN(present);
	T_RUN(refused);
	T_RUN(endless);
	T_RUN(budget_is_per_call);
	T_RUN(odd_budgets);
	T_RUN(memory);
	T_RUN(memory_is_of_each);
	T_RUN(tiny_memory);
	T_RUN(deep);
	T_RUN(apart);
	T_RUN(prints);
	T_RUN(bounds_of_loading);
	lab_end();
	T_RUN(no_memory);
	return t_end();
}
