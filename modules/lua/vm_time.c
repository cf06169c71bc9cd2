#include "modules/lua/vm_time.h"

#include <lua5.4/lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "modules/lua/script.h"

#define DAY 86400
/* Years 0 to 9999. */
#define SECONDS_MIN (-62167219200)
#define SECONDS_MAX 253402300799

static const char *const days[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"};

struct date {
	int64_t year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
	int hour, min, sec;
	int wday; /* 0 is Sunday */
	int yday; /* 0 is 1 January */
	int east; /* minutes */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days from 1970-01-01 to the first of that month. Years are counted from March, so that the leap
 * day is the last of its year. */
static int64_t days_before(int64_t year, int month)
{
	int64_t y = year - (month <= 2);
	int64_t m = (month + 9) % 12;

	return 365 * y + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) + (153 * m + 2) / 5 -
	       719468;
}

static struct date date_of(int64_t seconds, int east)
{
	int64_t local = seconds + east * 60, day = floor_div(local, DAY), rest = local - day * DAY;
	/* Not after the year that is looked for, and near it. */
	struct date d = {.year = 1970 + floor_div(day, day < 0 ? 365 : 366) - 1, .month = 12, .east = east};

	while (days_before(d.year + 1, 1) <= day)
		d.year++;
	while (days_before(d.year, d.month) > day)
		d.month--;
	d.day = (int)(day - days_before(d.year, d.month)) + 1;
	d.yday = (int)(day - days_before(d.year, 1));
	d.wday = (int)((day % 7 + 11) % 7); /* 1970 began with a Thursday */
	d.hour = (int)(rest / 3600);
	d.min = (int)(rest / 60 % 60);
	d.sec = (int)(rest % 60);
	return d;
}

/* ---- os.time ---------------------------------------------------------------------------------- */

static int64_t take(lua_State *L, const char *name, int64_t missing)
{
	int is_integer;
	int64_t v;

	lua_getfield(L, 1, name);
	if (lua_isnil(L, -1) && missing >= 0) {
		lua_pop(L, 1);
		return missing;
	}
	v = lua_tointegerx(L, -1, &is_integer);
	/* So far from overflow that nobody has to look again. */
	if (!is_integer || v < -100000000000 || v > 100000000000)
		luaL_error(L, "field '%s' of the date is missing or not a number of use", name);
	lua_pop(L, 1);
	return v;
}

int vm_os_time(lua_State *L)
{
	int64_t year, month, day, seconds;

	if (lua_isnoneornil(L, 1)) {
		lua_pushinteger(L, floor_div(script_of(L)->wall_ms, 1000));
		return 1;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	year = take(L, "year", -1);
	month = take(L, "month", -1) - 1;
	day = take(L, "day", -1);
	year += floor_div(month, 12);
	month -= floor_div(month, 12) * 12;
	seconds = (days_before(year, (int)month + 1) + day - 1) * DAY + take(L, "hour", 12) * 3600 +
		  take(L, "min", 0) * 60 + take(L, "sec", 0);
	if (seconds < SECONDS_MIN || seconds > SECONDS_MAX)
		return luaL_error(L, "the date is not in the years 0 to 9999");
	lua_pushinteger(L, seconds);
	return 1;
}

/* ---- os.date ---------------------------------------------------------------------------------- */

static int push_table(lua_State *L, const struct date *d)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {{"year", d->year}, {"month", d->month}, {"day", d->day}, {"hour", d->hour},
		{"min", d->min}, {"sec", d->sec}, {"wday", d->wday + 1}, {"yday", d->yday + 1}};

	lua_createtable(L, 0, 9);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lua_pushinteger(L, rows[i].value);
		lua_setfield(L, -2, rows[i].name);
	}
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "isdst");
	return 1;
}

/* What stands for others. */
static const char *longer(char c)
{
	switch (c) {
	case 'c': return "%a %b %e %H:%M:%S %Y";
	case 'D':
	case 'x': return "%m/%d/%y";
	case 'F': return "%Y-%m-%d";
	case 'R': return "%H:%M";
	case 'r': return "%I:%M:%S %p";
	case 'T':
	case 'X': return "%H:%M:%S";
	default: return NULL;
	}
}

static void one(lua_State *L, luaL_Buffer *b, const struct date *d, char c)
{
	int far = d->east < 0 ? -d->east : d->east;
	char text[32];

	switch (c) {
	case 'a': snprintf(text, sizeof(text), "%.3s", days[d->wday]); break;
	case 'A': snprintf(text, sizeof(text), "%s", days[d->wday]); break;
	case 'b':
	case 'h': snprintf(text, sizeof(text), "%.3s", months[d->month - 1]); break;
	case 'B': snprintf(text, sizeof(text), "%s", months[d->month - 1]); break;
	case 'd': snprintf(text, sizeof(text), "%02d", d->day); break;
	case 'e': snprintf(text, sizeof(text), "%2d", d->day); break;
	case 'H': snprintf(text, sizeof(text), "%02d", d->hour); break;
	case 'I': snprintf(text, sizeof(text), "%02d", (d->hour + 11) % 12 + 1); break;
	case 'j': snprintf(text, sizeof(text), "%03d", d->yday + 1); break;
	case 'm': snprintf(text, sizeof(text), "%02d", d->month); break;
	case 'M': snprintf(text, sizeof(text), "%02d", d->min); break;
	case 'p': snprintf(text, sizeof(text), "%s", d->hour < 12 ? "AM" : "PM"); break;
	case 'S': snprintf(text, sizeof(text), "%02d", d->sec); break;
	case 'u': snprintf(text, sizeof(text), "%d", (d->wday + 6) % 7 + 1); break;
	case 'w': snprintf(text, sizeof(text), "%d", d->wday); break;
	case 'y': snprintf(text, sizeof(text), "%02d", (int)(d->year % 100)); break;
	case 'Y': snprintf(text, sizeof(text), "%04lld", (long long)d->year); break;
	case 'z':
		snprintf(text, sizeof(text), "%c%02d%02d", d->east < 0 ? '-' : '+', far / 60, far % 60);
		break;
	case '%': snprintf(text, sizeof(text), "%%"); break;
	default: luaL_error(L, "os.date does not know '%%%c'", c); return;
	}
	luaL_addstring(b, text);
}

static void put_format(lua_State *L, luaL_Buffer *b, const struct date *d, const char *f, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *more;

		if (f[i] != '%') {
			luaL_addchar(b, f[i]);
			continue;
		}
		i++;
		more = i < len ? longer(f[i]) : NULL;
		if (!more) {
			one(L, b, d, i < len ? f[i] : ' ');
			continue;
		}
		for (size_t k = 0; more[k]; k++) {
			if (more[k] == '%')
				one(L, b, d, more[++k]);
			else
				luaL_addchar(b, more[k]);
		}
	}
}

int vm_os_date(lua_State *L)
{
	size_t len;
	const char *f = luaL_optlstring(L, 1, "%c", &len);
	int64_t seconds = luaL_optinteger(L, 2, floor_div(script_of(L)->wall_ms, 1000));
	int64_t east = luaL_optinteger(L, 3, 0);
	struct date d;
	luaL_Buffer b;

	luaL_argcheck(L, seconds >= SECONDS_MIN + DAY && seconds <= SECONDS_MAX - DAY, 2,
		"not in the years 0 to 9999");
	luaL_argcheck(L, east > -DAY / 60 && east < DAY / 60, 3, "minutes of less than a day are wanted");
	if (*f == '!') {
		f++;
		len--;
		east = 0;
	}
	d = date_of(seconds, (int)east);
	if (strncmp(f, "*t", 2) == 0)
		return push_table(L, &d);
	luaL_buffinit(L, &b);
	put_format(L, &b, &d, f, len);
	luaL_pushresult(&b);
	return 1;
}
