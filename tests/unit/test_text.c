/* Text and identities at their own length. */
#include <stddef.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/ike/kept_id.h"
#include "tests/lib/t.h"

static void text_is_replaced(void)
{
	int64_t before = mem_live();
	const char *t, *old;

	text_init(&t);
	T_STR(t, "");
	T_EQ(text_set(&t, ""), ST_OK);
	T_EQ(mem_live(), before); /* "" costs nothing */
	T_EQ(text_set(&t, "anna"), ST_OK);
	T_STR(t, "anna");
	T_EQ(mem_live(), before + 1);
	old = t;
	T_EQ(text_set(&t, "anna"), ST_OK);
	T_TRUE(t == old);
	T_EQ(text_set(&t, t + 2), ST_OK); /* part of itself */
	T_STR(t, "na");
	mem_fail_at(1);
	T_EQ(text_set(&t, "bob"), ST_NOMEM);
	T_STR(t, "na");
	T_EQ(text_set(&t, ""), ST_OK);
	T_STR(t, "");
	T_EQ(mem_live(), before);
	T_EQ(text_set(&t, "bob"), ST_OK);
	text_init(&old);
	text_move(&old, &t);
	T_STR(old, "bob");
	T_STR(t, "");
	text_move(&old, &t);
	T_STR(old, "");
	text_free(&t);
	text_free(&t);
	T_STR(t, "");
	T_EQ(mem_live(), before);
}

static void identity_is_replaced(void)
{
	const struct ike_id anna = {.type = 3, .reserved = {0, 7, 0}, .len = 3, .bytes = "a@b"};
	int64_t before = mem_live();
	const struct ike_id *kept;
	struct ike_id longest = {.type = 11, .len = IKE_ID_LEN}, out;

	kept_id_init(&kept);
	T_TRUE(kept->type == 0 && kept->len == 0);
	T_EQ(kept_id_set(&kept, kept), ST_OK);
	T_EQ(mem_live(), before);
	T_EQ(kept_id_set(&kept, &anna), ST_OK);
	T_EQ(kept_id_set(&kept, kept), ST_OK);
	memset(&out, 0xff, sizeof(out));
	kept_id_read(kept, &out);
	T_MEM(&out, &anna, sizeof(out));
	mem_fail_at(1);
	T_EQ(kept_id_set(&kept, &longest), ST_NOMEM);
	T_MEM(kept->bytes, "a@b", 3);
	memset(longest.bytes, 'x', sizeof(longest.bytes));
	T_EQ(kept_id_set(&kept, &longest), ST_OK);
	kept_id_read(kept, &out);
	T_MEM(&out, &longest, sizeof(out));
	kept_id_free(&kept);
	kept_id_free(&kept);
	T_EQ(kept->type, 0);
	T_EQ(mem_live(), before);
}

int main(void)
{
	T_RUN(text_is_replaced);
	T_RUN(identity_is_replaced);
	return t_end();
}
