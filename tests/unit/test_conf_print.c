/* What is printed parses back to an equal snapshot: for the sample configurations, and for random
 * ones made from the grammar of the command table itself. And the table holds together. */
#include "core/conf/command.h"
#include "core/conf/grammar.h"
#include "core/conf/shape.h"
#include "core/crypto/suite.h"
#include "tests/unit/conf_lib.h"

static void say_errors(const char *text)
{
	for (size_t i = 0; i < report.count; i++)
		if (report.msg[i].severity == CONF_ERROR)
			t_fail(__FILE__, __LINE__, "line %u column %u: %s '%s'\n%s",
				report.msg[i].line, report.msg[i].column, report.msg[i].text,
				report.msg[i].word, text);
}

/* Parses the text back; `from` is where the snapshot came from. */
static void round_trip(const struct snapshot *s, unsigned flags, const char *from)
{
	char *text = text_of(s, CONF_SECRETS | flags);
	T_TRUE(text != NULL);
	struct snapshot *again = conf(text);
	if (!again)
		say_errors(text);
	else if (!snapshot_equal(s, again))
		t_fail(__FILE__, __LINE__, "%s\n--- printed is not equal:\n%s", from, text);
	snapshot_unref(again);
	mem_free_secret(text, strlen(text) + 1);
}

/* In the files every secret has one of these words in it. */
static const char *const secret_words[] = {"S3C", "cisco 123", "my secret key", "0822455D0A16",
	"rad$ius", "bob's password", " mine", "0a0bff", "SEALEDTEXT", "post quantum",
	"local secret", "remote secret", "pass word", "secretkey", "533343"};

static void shows_no_secret(const struct snapshot *s)
{
	char *shown = text_of(s, CONF_SHOW | CONF_ALL);
	T_TRUE(shown != NULL);
	for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++)
		if (strstr(shown, secret_words[i]))
			t_fail(__FILE__, __LINE__, "show prints the secret '%s':\n%s",
				secret_words[i], shown);
	mem_free(shown);
}

static void samples(void)
{
	static const char *const files[] = {"design", "complete", "unindented", "headend"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[80];
		T_ROW(i, files[i]);
		snprintf(path, sizeof(path), "tests/conf/%s.conf", files[i]);
		char *text = t_readfile(path, NULL);
		T_TRUE(text != NULL);
		struct snapshot *s = conf(text);
		if (!s)
			say_errors(text);
		T_TRUE(s != NULL);
		T_DO(round_trip(s, 0, text));
		T_DO(round_trip(s, CONF_ALL, text));
		T_DO(shows_no_secret(s));
		snapshot_unref(s);
	}
}

/* ---- random configurations ---- */

static uint64_t state;

static uint32_t draw(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % n;
}

struct text {
	char p[32768];
	size_t len;
};

static void put(struct text *t, const char *s, size_t len)
{
	if (t->len + len < sizeof(t->p)) {
		memcpy(t->p + t->len, s, len);
		t->len += len;
		t->p[t->len] = '\0';
	}
}

static void puts_(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

#define PICK(list) list[draw(sizeof(list) / sizeof(list[0]))]

static void put_number(struct text *t, const char *type)
{
	char num[24];
	uint64_t lo = strtoull(type, NULL, 10), hi = strtoull(strchr(type, '-') + 1, NULL, 10);
	uint64_t v = draw(3) == 0   ? lo
		     : draw(3) == 0 ? hi
				    : lo + draw((uint32_t)(hi - lo ? hi - lo : 1));
	snprintf(num, sizeof(num), "%llu", (unsigned long long)v);
	puts_(t, num);
}

static void put_transform(struct text *t, enum xf_type type)
{
	const struct xf *x = suite_next(type, NULL);
	for (uint32_t n = draw(12); n && suite_next(type, x) && suite_next(type, x)->for_ike; n--)
		x = suite_next(type, x);
	puts_(t, x->keyword);
}

static bool is(const char *type, const char *name)
{
	size_t n = strlen(name);
	return strncmp(type, name, n) == 0 && type[n] == '>';
}

static void put_value(struct text *t, const char *type)
{
	static const char *const names[] = {
		"A", "B2", "default", "c-d_e.f", "\"two words\"", "LOCAL", "T1", "abc-1", "x_2"};
	static const char *const words[] = {
		"x.example", "10.0.0.1", "a@b", "\"with blank\"", "group", "1:1", "esp-gcm",
		"/run/x.sock", "\"/run/a b.sock\"", "ef", "3"};
	static const char *const lines[] = {"text", "two  words", "it's \"quoted\" ! here",
		"\"all\"", "permit ip any any", "ipv6 2001:db8::/32 any", "10.0.0.0 0.0.255.255",
		"any", "host 10.0.0.1", "tcp any any eq 22 80", "udp any gt 1023 host 10.0.0.1 dscp ef",
		"icmp any any echo", "tcp 10.0.0.1 0.255.0.255 any established log"};
	static const char *const secrets[] = {"S3C", "0 S3C ret", "hex 533343", "6 S3CSEALED",
		"7 S3CSEALED", "S3C  \"x\" !", "0 6 S3C", "hex 0x533343"};
	static const char *const ip4[] = {
		"10.0.0.1", "10.0.0.9", "0.0.0.0", "255.255.255.255", "192.0.2.77",
		"127.0.0.1"};
	static const char *const ip6[] = {"2001:db8::1", "::", "fe80::1", "2001:db8:1:2:3:4:5:6",
		"::1"};
	static const char *const masks[] = {
		"255.255.255.0", "0.0.0.0", "255.255.255.255", "255.240.0.0"};
	static const char *const wilds[] = {
		"0.0.0.255", "0.0.0.0", "255.255.255.255", "0.15.255.255"};
	static const char *const p4[] = {
		"10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "192.0.2.128/25"};
	static const char *const p6[] = {
		"2001:db8::/32", "::/0", "2001:db8::1/128", "2001:db8:1::7/64"};
	static const char *const ifs[] = {
		"Tunnel 3", "lo0", "eth0", "Virtual-Template1", "GigabitEthernet0/1.5", "tu 12"};
	static const char *const paths[] = {"/run/x", "/var/agentx/master"};
	static const char *const banners[] = {
		"^C one\n two ^C", "plain text", "^Cx^C", "\x03 a\nb \x03"};
	if (type[0] >= '0' && type[0] <= '9')
		put_number(t, type);
	else if (is(type, "encr") || is(type, "integ") || is(type, "prf") || is(type, "dh"))
		put_transform(t, type[0] == 'e'   ? XF_ENCR
				 : type[0] == 'i' ? XF_INTEG
				 : type[0] == 'p' ? XF_PRF
						  : XF_DH);
	else if (is(type, "name"))
		puts_(t, PICK(names));
	else if (is(type, "line"))
		puts_(t, PICK(lines));
	else if (is(type, "hexline"))
		puts_(t, "3082 0a0B CDef");
	else if (is(type, "secret"))
		puts_(t, PICK(secrets));
	else if (is(type, "banner") || is(type, "anybanner"))
		puts_(t, PICK(banners));
	else if (is(type, "ip4"))
		puts_(t, PICK(ip4));
	else if (is(type, "ip6"))
		puts_(t, PICK(ip6));
	else if (is(type, "ip"))
		puts_(t, draw(2) ? PICK(ip4) : PICK(ip6));
	else if (is(type, "mask"))
		puts_(t, PICK(masks));
	else if (is(type, "wild"))
		puts_(t, PICK(wilds));
	else if (is(type, "prefix4"))
		puts_(t, PICK(p4));
	else if (is(type, "prefix6"))
		puts_(t, PICK(p6));
	else if (is(type, "iface"))
		puts_(t, PICK(ifs));
	else if (is(type, "path"))
		puts_(t, PICK(paths));
	else
		puts_(t, PICK(words));
}

static const char *closing(const char *g)
{
	char open = *g, close = open == '[' ? ']' : open == '{' ? '}' : '>';
	int depth = 0;
	for (;; g++) {
		depth += *g == open;
		depth -= *g == close;
		if (depth == 0)
			return g;
	}
}

static void emit(struct text *t, const char *g, const char *end);

static void emit_choice(struct text *t, const char *g, const char *end)
{
	const char *alt[32], *stop[32];
	size_t n = 0;
	const char *from = g;
	for (const char *p = g; p <= end; p++) {
		if (p < end && (*p == '[' || *p == '{' || *p == '<')) {
			p = closing(p);
			continue;
		}
		if (p == end || *p == '|') {
			alt[n] = from;
			stop[n++] = p;
			from = p + 1;
		}
	}
	uint32_t k = draw((uint32_t)n);
	emit(t, alt[k], stop[k]);
}

static void emit(struct text *t, const char *g, const char *end)
{
	while (g < end) {
		if (*g == ' ') {
			g++;
		} else if (*g == '.') {
			puts_(t, " x y");
			return;
		} else if (*g == '[' || *g == '{' || *g == '<') {
			const char *e = closing(g);
			uint32_t times = *g == '[' ? draw(2) : 1;
			times += e[1] == '+' ? draw(3) : 0;
			for (; times; times--) {
				if (*g == '<') {
					puts_(t, " ");
					put_value(t, strchr(g, ':') + 1);
				} else if (*g == '[') {
					emit(t, g + 1, e);
				} else {
					emit_choice(t, g + 1, e);
				}
			}
			g = e + (e[1] == '+' ? 2 : 1);
		} else {
			const char *w = g;
			while (g < end && *g != ' ')
				g++;
			puts_(t, " ");
			put(t, w, (size_t)(g - w));
		}
	}
}

static const struct cmd *some_row(enum cmd_mode mode, bool plain)
{
	const struct cmd_rows *r = cmd_modes[mode].rows;
	for (;;) {
		const struct cmd *row = &r->v[draw((uint32_t)r->n)];
		bool no = row->flags & (CMD_REFUSED | CMD_BLOCK);
		no = no || ((row->flags & CMD_IGNORED) && draw(20));
		if (!no && !(plain && row->enters))
			return row;
	}
}

/* Adds one line; takes it back when the configuration is refused with it. */
static bool try_line(struct text *t, const struct cmd *row)
{
	size_t before = t->len;
	uint32_t form = draw(12);
	puts_(t, form == 0 ? "no" : form == 1 ? "default" : "");
	emit(t, row->grammar, row->grammar + strlen(row->grammar));
	puts_(t, "\n");
	struct snapshot *s = conf(t->p);
	if (!s) {
		t->len = before;
		t->p[before] = '\0';
	}
	snapshot_unref(s);
	return s && form > 1;
}

static void fill_block(struct text *t, enum cmd_mode mode, int depth)
{
	for (uint32_t n = draw(7); n; n--) {
		const struct cmd *row = some_row(mode, depth > 1);
		if (try_line(t, row) && row->enters) {
			fill_block(t, (enum cmd_mode)row->enters, depth + 1);
			puts_(t, row->enters == MODE_CERT ? "quit\n" : "exit\n");
		}
	}
}

static void random_ones(void)
{
	static struct text t;
	size_t lines = 0;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		T_ROW(seed, "seed");
		state = seed * 0x9e3779b97f4a7c15u + 1;
		t.len = 0;
		t.p[0] = '\0';
		for (uint32_t n = 5 + draw(20); n; n--) {
			const struct cmd *row = some_row(MODE_GLOBAL, false);
			if (draw(3) && !row->enters)
				continue;
			if (try_line(&t, row) && row->enters)
				fill_block(&t, (enum cmd_mode)row->enters, 1);
			puts_(&t, "end\n");
		}
		struct snapshot *s = conf(t.p);
		if (!s)
			say_errors(t.p);
		T_TRUE(s != NULL);
		T_DO(round_trip(s, 0, t.p));
		T_DO(round_trip(s, CONF_ALL, t.p));
		T_DO(shows_no_secret(s));
		snapshot_unref(s);
		for (size_t i = 0; i < t.len; i++)
			lines += t.p[i] == '\n';
	}
	T_TRUE(lines > 10000); /* the generator does make configurations */
	T_EQ(mem_live(), 0);
}

/* ---- the table and the shapes ---- */

/* Two rows of a mode with the same head could not be told apart. */
static void heads_are_unique(void)
{
	for (int m = 0; m < MODE__MAX; m++)
		for (size_t i = 0; i < cmd_modes[m].rows->n; i++)
			for (size_t k = 0; k < i; k++) {
				const char *a = cmd_modes[m].rows->v[i].grammar,
					   *b = cmd_modes[m].rows->v[k].grammar;
				size_t n = grammar_head_len(a);
				T_ROW(i, a);
				T_TRUE(n != grammar_head_len(b) || memcmp(a, b, n) != 0);
			}
}

static void rows_are_whole(void)
{
	for (int m = 0; m < MODE__MAX; m++) {
		T_TRUE(cmd_modes[m].name != NULL);
		T_TRUE(cmd_modes[m].rows->n < 512);
		for (size_t i = 0; i < cmd_modes[m].rows->n; i++) {
			const struct cmd *row = &cmd_modes[m].rows->v[i];
			T_ROW(i, row->grammar);
			T_TRUE(row->set != NULL);
			T_TRUE(row->help != NULL && row->help[0]);
			T_TRUE(cmd_row(cmd_row_id(row)) == row);
			T_EQ(cmd_row_mode(row), m);
			T_TRUE(row->enters < MODE__MAX);
			T_TRUE(row->when <= WHEN_RESTART);
		}
	}
}

/* Every byte of a struct is compared or left out on purpose; what no field covers is padding,
 * shorter than the alignment of what follows. */
static void shapes_cover_all(void)
{
	for (size_t i = 0; shape_all[i]; i++) {
		const struct shape *s = shape_all[i];
		unsigned char seen[4096] = {0};
		T_ROW(i, s->name);
		T_TRUE(s->size <= sizeof(seen));
		for (size_t k = 0; k < s->n; k++) {
			const struct shape_field *f = &s->f[k];
			bool whole = f->type == SHAPE_LIST || f->type == SHAPE_SKIP;
			memset(seen + f->off, 1, shape_field_size(f) * (whole ? 1 : f->n));
		}
		for (size_t k = 0, gap = 0; k < s->size; k++) {
			gap = seen[k] ? 0 : gap + 1;
			T_TRUE(gap < 8);
			/* a hole must end at a boundary of its own length: a forgotten bool does
			 * not */
			if (gap && k + 1 < s->size && seen[k + 1])
				T_EQ((k + 1) % (gap < 2 ? 2 : gap < 4 ? 4 : 8), 0);
		}
	}
}

static void equality_notices(void)
{
	static const char *const pairs[][2] = {
		{"hostname a", "hostname b"},
		{"crypto ikev2 window 6", ""},
		{"ip local pool A 10.0.0.1 10.0.0.2", "ip local pool A 10.0.0.1 10.0.0.3"},
		{"crypto ikev2 keyring K\n peer P\n  pre-shared-key a",
			"crypto ikev2 keyring K\n peer P\n  pre-shared-key b"},
		{"crypto ikev2 keyring K\n peer P\n  pre-shared-key a",
			"crypto ikev2 keyring K\n peer P\n  pre-shared-key hex 61"},
		{"crypto ikev2 profile P\n match identity remote any",
			"crypto ikev2 profile P\n match identity remote key-id x"},
		{"crypto pki trustpoint A\n fqdn x", "crypto pki trustpoint A\n fqdn y"},
		{"no crypto ikev2 policy default", ""},
		{"sallyport defaults legacy", ""},
		{"ip access-list standard A\n permit any", "ip access-list standard A\n deny any"},
		{"vrf definition A", "vrf definition B"},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		T_ROW(i, pairs[i][0]);
		struct snapshot *a = conf(pairs[i][0]), *b = conf(pairs[i][1]),
				*c = conf(pairs[i][0]);
		T_TRUE(a && b && c);
		T_TRUE(!snapshot_equal(a, b));
		T_TRUE(snapshot_equal(a, c));
		snapshot_unref(a);
		snapshot_unref(b);
		snapshot_unref(c);
	}
}

int main(void)
{
	T_RUN(heads_are_unique);
	T_RUN(rows_are_whole);
	T_RUN(shapes_cover_all);
	T_RUN(equality_notices);
	T_RUN(samples);
	T_RUN(random_ones);
	return t_end();
}
