/* Out of memory at every single allocation: the operation fails with its status, nothing leaks, and
 * what was there before is untouched. */
#include "core/conf/diff.h"
#include "tests/unit/conf_lib.h"

static void parse_fails_cleanly(void)
{
	static const char *const files[] = {"headend", "complete", "unindented"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[80];
		size_t len;
		snprintf(path, sizeof(path), "tests/conf/%s.conf", files[i]);
		char *text = t_readfile(path, &len);
		T_TRUE(text != NULL);
		int64_t before = mem_live();
		uint64_t nth = 1;
		for (;; nth++) {
			struct snapshot *s;
			T_ROW(nth, files[i]);
			mem_fail_at(nth);
			enum status st = conf_parse(text, len, NULL, &s, &report);
			mem_fail_at(0);
			if (st == ST_OK) {
				snapshot_unref(s);
				break;
			}
			T_EQ(st, ST_NOMEM);
			T_TRUE(s == NULL);
			T_EQ(mem_live(), before);
		}
		T_EQ(mem_live(), before);
		T_TRUE(nth > 3); /* something did fail */
	}
}

static void print_fails_cleanly(void)
{
	struct snapshot *s = conf(t_readfile("tests/conf/complete.conf", NULL));
	T_TRUE(s != NULL);
	int64_t before = mem_live();
	uint64_t nth = 1;
	for (;; nth++) {
		char *text;
		size_t len;
		T_ROW(nth, "print");
		mem_fail_at(nth);
		enum status st = conf_print(s, CONF_SECRETS | CONF_ALL, &text, &len);
		mem_fail_at(0);
		if (st == ST_OK) {
			mem_free_secret(text, len + 1);
			break;
		}
		T_EQ(st, ST_NOMEM);
		T_TRUE(text == NULL);
		T_EQ(mem_live(), before);
	}
	T_TRUE(nth > 3);
	snapshot_unref(s);
}

static void diff_fails_cleanly(void)
{
	struct snapshot *a = conf(t_readfile("tests/conf/complete.conf", NULL));
	struct snapshot *b = conf(t_readfile("tests/conf/headend.conf", NULL));
	T_TRUE(a && b);
	int64_t before = mem_live();
	uint64_t nth = 1;
	for (;; nth++) {
		struct conf_diff d;
		T_ROW(nth, "diff");
		mem_fail_at(nth);
		enum status st = conf_diff(a, b, &d);
		mem_fail_at(0);
		conf_diff_fini(&d);
		T_EQ(mem_live(), before);
		if (st == ST_OK)
			break;
		T_EQ(st, ST_NOMEM);
	}
	T_TRUE(nth > 50);
	snapshot_unref(a);
	snapshot_unref(b);
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(parse_fails_cleanly);
	T_RUN(print_fails_cleanly);
	T_RUN(diff_fails_cleanly);
	return t_end();
}
