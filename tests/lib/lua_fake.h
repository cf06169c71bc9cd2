/* lua.c between a caller that is all memory and two script processes that are played by the test, over
 * real socket pairs, with a clock that is set by hand. */
#ifndef TESTS_LIB_LUA_FAKE_H
#define TESTS_LIB_LUA_FAKE_H

#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/lua/lua.h"
#include "modules/lua/msg.h"

#define FAKE_ANSWERS 9000
#define FAKE_WALL    INT64_C(1700000000000)

struct fake_answer {
	uint64_t number;
	enum verdict verdict;
	bool permit;
	char script[SCRIPT_NAME];
	char text[SCRIPT_WORDS];
	char changes[400];
};

struct fake {
	struct lua *lua;
	uint64_t now;
	uint64_t wake;
	int theirs[2];  /* the process's end; -1: there is none */
	int watched[2]; /* main's ends that are watched */
	bool refuse_start;
	unsigned starts, stops;
	bool is_asking; /* inside lua_ask: no answer may come */
	size_t n;
	struct fake_answer a[FAKE_ANSWERS];
	char log[65536]; /* "KIND script: text\n" */
	unsigned logs;
	/* What an answer makes the caller do, from inside. */
	uint64_t then_ask;    /* 0: nothing */
	uint64_t then_cancel;
	struct lua_msg heard; /* from main */
	uint8_t record[LUA_MSG_MAX];
};

extern struct fake f;

extern const struct lua_ports fake_ports;

void fake_begin(void); /* off, with a clock that stands */
void fake_end(void);

/* Serves what is readable, and the timer when it is due, until nothing happens. */
void fake_turn(void);

/* The clock goes on; the timer is served where it is due. */
void fake_pass(uint64_t ms);

/* The process: what main said next, in f.heard; false: nothing. */
bool fake_hear(int slot);
void fake_send(int slot, const struct lua_msg *m);
void fake_say(int slot, const struct lua_msg *m); /* and main's turn */
void fake_die(int slot);
struct view fake_text(const char *s);

/* The result of the call that was heard last. */
struct lua_msg fake_result(enum verdict verdict, uint8_t script, const char *text);
void fake_pass_call(int slot);

/* Loads all: each script has these hooks; 0: an error. False: main did not ask as it should. */
bool fake_load(int slot, const unsigned *hooks, size_t n);

/* Main: */
struct lua_config fake_config(const struct lua_script *scripts, size_t n);
enum status fake_ask_with(uint64_t number, enum hook h, const char *name, const char *value);
enum status fake_ask(uint64_t number);
void fake_tell(enum hook h);
const struct fake_answer *fake_last(void);

#endif
