/* Sessions that their clients carry from gateway to gateway: sealed with one of two keys, opened with either,
 * and nothing else is. */
#include "core/session/cluster.h"
#include "tests/unit/session_lab.h"

static uint8_t sealed[CLUSTER_STATE_MAX], plain[CLUSTER_STATE_MAX];
static const uint8_t nonce[BOX_NONCE_LEN] = "twelve bytes";

static void set_key(struct snapshot *c, unsigned index, const char *text, bool active)
{
	c->ike.reconnect_keys[index - 1] = (struct reconnect_key){
		.key = {(uint8_t *)lab_str(c, text), strlen(text), SECRET_PLAIN}, .active = active};
}

static struct cluster_state state(struct view record)
{
	return (struct cluster_state){.node = "gw1", .vrf = "BLUE", .expires_s = 5000, .record = record};
}

static struct view record_of(size_t len)
{
	static uint8_t bytes[CLUSTER_STATE_MAX];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	return (struct view){bytes, len};
}

static void either_key_opens(void)
{
	struct snapshot *a = lab_snapshot(), *b = lab_snapshot();
	struct cluster_state s = state(record_of(700)), t;
	size_t len;

	set_key(a, 1, "old key", true);
	T_EQ(cluster_active(a), 1);
	T_EQ(cluster_seal(a, nonce, &s, sealed, &len), ST_OK);
	T_TRUE(sealed[0] == 1 && sealed[1] == 1 && len < 800);
	/* R-CRK-03, 04: the other gateway has it as the key of before, and no active one at all. */
	set_key(b, 1, "old key", false);
	T_EQ(cluster_active(b), 0);
	T_EQ(cluster_open(b, (struct view){sealed, len}, 4999, plain, &t), ST_OK);
	T_STR(t.node, "gw1");
	T_STR(t.vrf, "BLUE");
	T_EQ(t.record.len, 700);
	T_MEM(t.record.p, s.record.p, 700);
	T_EQ(cluster_open(b, (struct view){sealed, len}, 5000, plain, &t), ST_RECONNECT_OVER);
	T_EQ(cluster_seal(b, nonce, &s, plain, &len), ST_INTERNAL);
	set_key(b, 2, "new key", true);
	T_EQ(cluster_seal(b, nonce, &s, sealed, &len), ST_OK);
	T_EQ(sealed[1], 2);
	T_EQ(cluster_open(a, (struct view){sealed, len}, 1, plain, &t), ST_RECONNECT_BAD); /* not yet there */
	set_key(a, 2, "other key", false);
	T_EQ(cluster_open(a, (struct view){sealed, len}, 1, plain, &t), ST_RECONNECT_BAD);
	set_key(a, 2, "new key", false);
	T_EQ(cluster_open(a, (struct view){sealed, len}, 1, plain, &t), ST_OK);
	snapshot_unref(a);
	snapshot_unref(b);
}

static void nothing_else_does(void)
{
	struct snapshot *a = lab_snapshot();
	struct cluster_state s = state(record_of(100)), t;
	size_t len;

	set_key(a, 1, "key", true);
	T_EQ(cluster_seal(a, nonce, &s, sealed, &len), ST_OK);
	for (size_t i = 0; i < len; i++) {
		T_ROW(i, "changed");
		sealed[i] ^= 1;
		T_EQ(cluster_open(a, (struct view){sealed, len}, 1, plain, &t), ST_RECONNECT_BAD);
		sealed[i] ^= 1;
		T_ROW(i, "cut");
		uint8_t *copy = malloc(i ? i : 1); /* so that a sanitizer sees a step too far */
		memcpy(copy, sealed, i);
		T_EQ(cluster_open(a, (struct view){copy, i}, 1, plain, &t), ST_RECONNECT_BAD);
		free(copy);
	}
	T_EQ(cluster_open(a, (struct view){sealed, len}, 1, plain, &t), ST_OK);
	snapshot_unref(a);
}

static void sizes(void)
{
	struct snapshot *a = lab_snapshot();
	struct cluster_state s = state(record_of(CLUSTER_STATE_MAX)), t;
	size_t len, fits = CLUSTER_STATE_MAX;

	set_key(a, 1, "key", true);
	T_EQ(cluster_seal(a, nonce, &s, sealed, &len), ST_LIMIT);
	for (;; fits--) {
		s.record.len = fits;
		if (cluster_seal(a, nonce, &s, sealed, &len) == ST_OK)
			break;
	}
	T_TRUE(fits > CLUSTER_STATE_MAX - 120);
	T_EQ(len, CLUSTER_STATE_MAX);
	T_EQ(cluster_open(a, (struct view){sealed, len}, 1, plain, &t), ST_OK);
	T_EQ(t.record.len, fits);
	snapshot_unref(a);
}

int main(void)
{
	T_RUN(either_key_opens);
	T_RUN(nothing_else_does);
	T_RUN(sizes);
	return t_end();
}
