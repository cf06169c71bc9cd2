-- time-of-day.lua: lets users in at certain hours only.
--
-- Settings:
--   hours "[WHO] DAYS TIMES"   may be given several times
--   except "WHO"               these are let in at any time; may be given several times
--   utc-offset MINUTES         east of Greenwich, for all times here; 0 when it is not given
--
-- WHO    anna@corp.example   one identity, or one user name
--        *@corp.example      all whose identity fits; * stands for any characters
--        profile:NAME        all who come in by this IKEv2 profile
--        (nothing)           everybody
-- DAYS   mon-fri or sat,sun or daily
-- TIMES  08:00-18:00 or 08:00-12:00,13:00-24:00; 22:00-06:00 ends on the next day
--
-- Only the rules count that speak of a user most exactly: those for the identity; if there are none
-- those with a *; then those for the profile; then those for everybody. One of them must allow the
-- moment. A user for whom there is no rule at all may come at any time. A session that is up stays
-- up when its hours end.
--
-- There is no daylight saving time: where it is wanted, the offset is changed twice a year.

local names = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" }
local numbers = {}
for i, name in ipairs(names) do
	numbers[name] = i - 1
end

local DAY = 24 * 60

local function fail(...)
	error(string.format(...), 0)
end

-- Days as a set of numbers, 0 is Sunday.
local function read_days(text, rule)
	local days = {}
	if text == "daily" then
		text = "sun-sat"
	end
	for part in (text .. ","):gmatch("([^,]*),") do
		local first, last = part:match("^(%a+)-(%a+)$")
		first = numbers[first or part]
		last = last and numbers[last] or not last and part:match("^%a+$") and first
		if not first or not last then
			fail("hours \"%s\": '%s' is no day; days are mon-fri, sat,sun or daily", rule, part)
		end
		local day = first
		days[day] = true
		while day ~= last do
			day = (day + 1) % 7
			days[day] = true
		end
	end
	return days
end

-- Minutes since midnight; nil when it is no time of day.
local function minutes(hour, minute)
	hour, minute = tonumber(hour), tonumber(minute)
	if hour < 24 and minute < 60 or hour == 24 and minute == 0 then
		return hour * 60 + minute
	end
end

local function read_times(text, rule)
	local times = {}
	for part in (text .. ","):gmatch("([^,]*),") do
		local h1, m1, h2, m2 = part:match("^(%d%d?):(%d%d)-(%d%d?):(%d%d)$")
		local from, to = h1 and minutes(h1, m1), h1 and minutes(h2, m2)
		if not from or not to or from == to or from == DAY then
			fail("hours \"%s\": '%s' is no time; times are 08:00-18:00", rule, part)
		end
		times[#times + 1] = { from = from, to = to }
	end
	return times
end

-- What a rule or an exception says of whom, and how exactly: 1 is the most exact.
local function read_who(text)
	local profile = text:match("^profile:(.+)$")
	if profile then
		return { level = 3, profile = profile }
	end
	text = text:lower()
	if text:find("*", 1, true) then
		local pattern = text:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*+", ".*")
		return { level = 2, pattern = "^" .. pattern .. "$" }
	end
	return { level = 1, name = text }
end

local function read_rule(text)
	local words = {}
	for word in text:gmatch("%S+") do
		words[#words + 1] = word
	end
	if #words ~= 2 and #words ~= 3 then
		fail("hours \"%s\": it is [WHO] DAYS TIMES, as in \"*@corp.example mon-fri 08:00-18:00\"", text)
	end
	local days, times = words[#words - 1]:lower(), words[#words]
	local rule = #words == 3 and read_who(words[1]) or { level = 4 }
	rule.days = read_days(days, text)
	rule.times = read_times(times, text)
	rule.text = days .. " " .. times
	return rule
end

local function fits(who, s)
	local identity, name = (s.identity or ""):lower(), (s.name or ""):lower()
	if who.name then
		return who.name == identity or who.name == name
	elseif who.pattern then
		return identity:find(who.pattern) ~= nil or name:find(who.pattern) ~= nil
	elseif who.profile then
		return who.profile == s.profile
	end
	return true
end

-- A time that ends on the next day belongs to the day on which it begins.
local function allows(rule, day, minute)
	for _, t in ipairs(rule.times) do
		if t.from < t.to then
			if rule.days[day] and minute >= t.from and minute < t.to then
				return true
			end
		elseif rule.days[day] and minute >= t.from or rule.days[(day + 6) % 7] and minute < t.to then
			return true
		end
	end
	return false
end

for name in pairs(config_list) do
	if name ~= "hours" and name ~= "except" and name ~= "utc_offset" then
		fail("there is no setting '%s'; known are hours, except and utc-offset", name)
	end
end

local offset = 0
if config.utc_offset then
	offset = config.utc_offset:match("^%s*[+-]?%d+%s*$") and tonumber(config.utc_offset)
	if not offset or math.abs(offset) > 14 * 60 then
		fail("utc-offset \"%s\": minutes from -840 to 840 are wanted", config.utc_offset)
	end
end

local rules, exceptions = {}, {}
for i, text in ipairs(config_list.hours or {}) do
	rules[i] = read_rule(text)
end
for i, text in ipairs(config_list.except or {}) do
	if not text:match("^%S+$") then
		fail("except \"%s\": one identity, pattern or profile:NAME is wanted", text)
	end
	exceptions[i] = read_who(text)
end
if #rules == 0 then
	fail("the setting hours is missing: without it everybody would be let in")
end

function authorize(s)
	for _, who in ipairs(exceptions) do
		if fits(who, s) then
			return
		end
	end
	local level, those = 5, {}
	for _, rule in ipairs(rules) do
		if rule.level <= level and fits(rule, s) then
			if rule.level < level then
				level, those = rule.level, {}
			end
			those[#those + 1] = rule
		end
	end
	if #those == 0 then
		return
	end
	local now = os.date("*t", os.time(), offset)
	local texts = {}
	for i, rule in ipairs(those) do
		if allows(rule, now.wday - 1, now.hour * 60 + now.min) then
			return
		end
		texts[i] = rule.text
	end
	return deny(("logins of %s are allowed %s, now is %s %02d:%02d"):format(s.identity or s.name or "?",
		table.concat(texts, " or "), names[now.wday], now.hour, now.min))
end
