/* The list of the last failures: newest first, bounded, nothing of it belongs to somebody else. */
#include "cmd/diagnose.h"

#include <stdio.h>

#include "cmd/show.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "tests/lib/t.h"

static struct ike_id id_of(const char *text)
{
	struct ike_id id = {.type = IKE_ID_EMAIL, .len = (uint16_t)strlen(text)};

	memcpy(id.bytes, text, id.len);
	return id;
}

static void add(struct diagnose *d, int64_t at, const char *who, const char *detail)
{
	char copy[40];
	struct ike_id id = id_of(who);
	struct ike_event ev = {.kind = IKE_EV_AUTH_FAILED, .status = ST_AUTH_FAILED, .peer_id = &id,
			       .profile = "RA", .detail = copy};

	snprintf(copy, sizeof(copy), "%s", detail);
	diagnose_add(d, at, &ev);
	memset(copy, '#', sizeof(copy) - 1); /* what was kept must be a copy */
	memset(&id, '#', sizeof(id));
}

static void newest_first(void)
{
	/* {capacity, entries added}: fewer, as many, more, many more. */
	static const struct {
		size_t cap, added, kept;
	} rows[] = {{3, 0, 0}, {3, 1, 1}, {3, 3, 3}, {3, 4, 3}, {3, 11, 3}, {1, 5, 1}, {0, 150, 100}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct diagnose d = {0};

		T_ROW(i, "");
		T_EQ(diagnose_resize(&d, rows[i].cap), ST_OK);
		for (size_t k = 0; k < rows[i].added; k++)
			add(&d, (int64_t)k, "a@b", "why");
		T_EQ(d.total, rows[i].added);
		for (size_t k = 0; k < rows[i].kept; k++) {
			const struct diagnose_entry *e = diagnose_get(&d, k);

			T_TRUE(e);
			T_EQ(e->wall_ms, rows[i].added - 1 - k);
		}
		T_TRUE(!diagnose_get(&d, rows[i].kept));
		diagnose_fini(&d);
	}
}

static void entries_are_copies(void)
{
	struct diagnose d = {0};

	T_EQ(diagnose_resize(&d, 2), ST_OK);
	add(&d, 5, "eve@example.test", "pre-shared keys differ");
	const struct diagnose_entry *e = diagnose_get(&d, 0);
	T_STR(e->detail, "pre-shared keys differ");
	T_STR(e->profile, "RA");
	T_EQ(e->status, ST_AUTH_FAILED);
	T_EQ(e->peer_id.len, 16);
	T_MEM(e->peer_id.bytes, "eve@example.test", 16);
	diagnose_fini(&d);
}

static void no_detail_gives_the_words(void)
{
	struct diagnose d = {0};
	struct ike_event ev = {.kind = IKE_EV_INIT_FAILED, .status = ST_NO_PROPOSAL};

	T_EQ(diagnose_resize(&d, 2), ST_OK);
	diagnose_add(&d, 1, &ev);
	T_STR(diagnose_get(&d, 0)->detail, status_words(ST_NO_PROPOSAL));
	T_STR(diagnose_get(&d, 0)->profile, "");
	T_EQ(diagnose_get(&d, 0)->peer_id.type, 0);
	diagnose_fini(&d);
}

static void long_texts_are_cut(void)
{
	char detail[IKE_DETAIL_LEN + 50], profile[IKE_NAME_LEN + 50];
	struct diagnose d = {0};
	struct ike_event ev = {.status = ST_AUTH_FAILED, .detail = detail, .profile = profile};

	memset(detail, 'd', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = 0;
	memset(profile, 'p', sizeof(profile) - 1);
	profile[sizeof(profile) - 1] = 0;
	T_EQ(diagnose_resize(&d, 1), ST_OK);
	diagnose_add(&d, 1, &ev);
	T_EQ(strlen(diagnose_get(&d, 0)->detail), IKE_DETAIL_LEN - 1);
	T_EQ(strlen(diagnose_get(&d, 0)->profile), IKE_NAME_LEN - 1);
	diagnose_fini(&d);
}

static void resizing(void)
{
	struct diagnose d = {0};

	T_EQ(diagnose_resize(&d, 5), ST_OK);
	add(&d, 1, "a@b", "x");
	T_EQ(diagnose_resize(&d, 5), ST_OK); /* the same size keeps what is there */
	T_TRUE(diagnose_get(&d, 0));
	mem_fail_at(1);
	T_EQ(diagnose_resize(&d, 6), ST_NOMEM); /* and so does a failure */
	mem_fail_at(0);
	T_TRUE(diagnose_get(&d, 0));
	T_EQ(diagnose_resize(&d, 6), ST_OK);
	T_TRUE(!diagnose_get(&d, 0));
	diagnose_fini(&d);
	T_TRUE(!diagnose_get(&d, 0));
	add(&d, 1, "a@b", "x"); /* nowhere to keep it: no harm */
	T_EQ(mem_live(), 0);
}

static int show(struct diagnose *d, bool json, struct out *out, struct out *err)
{
	struct world w = {.diagnose = d};
	struct admin_args args = {0};

	out_init(out, json);
	out_init(err, false);
	int rc = show_diagnose(&w, &args, out, err);
	out_raw(out, "", 1);
	out_raw(err, "", 1);
	return rc;
}

static void shown(void)
{
	struct diagnose d = {0};
	struct out out, err;

	T_EQ(diagnose_resize(&d, 2), ST_OK);
	add(&d, 77, "eve\n@x", "said \"no\"\n");
	T_EQ(show(&d, false, &out, &err), 0);
	T_STR(out.buf, "Exit path table: 2 entries kept, 1 failures since start\n"
		       "Error(1): authentication failed (wrong key or identity) (auth_failed) at 1970-01-01T00:00:00Z\n"
		       "  peer -:0 identity eve\\x0a@x profile RA\n"
		       "  said \\\"no\\\"\\x0a\n");
	out_fini(&out);
	out_fini(&err);
	T_EQ(show(&d, true, &out, &err), 0);
	T_STR(out.buf, "[{\"wall_ms\":77,\"status\":\"auth_failed\",\"words\":\"authentication failed (wrong key or identity)\","
		       "\"detail\":\"said \\\"no\\\"\\u000a\",\"local\":{\"address\":null,\"port\":0},"
		       "\"remote\":{\"address\":null,\"port\":0},\"identity\":\"eve\\u000a@x\","
		       "\"profile\":\"RA\"}]\n");
	out_fini(&out);
	out_fini(&err);
	diagnose_fini(&d);
}

int main(void)
{
	T_RUN(newest_first);
	T_RUN(entries_are_copies);
	T_RUN(no_detail_gives_the_words);
	T_RUN(long_texts_are_cut);
	T_RUN(resizing);
	T_RUN(shown);
	return t_end();
}
