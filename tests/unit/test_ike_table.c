/* THE transitions and THE payload rules, tested as tables. */
#include "core/ike/payload_table.h"
#include "core/ike/sa_table.h"
#include "tests/lib/t.h"

static void test_rows_are_unique(void)
{
	size_t n;
	const struct sa_row *r = sa_rows(&n);

	T_TRUE(n > 50);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++) {
			T_ROW(i, sa_event_name(r[i].event));
			T_TRUE(r[i].state != r[k].state || r[i].event != r[k].event);
		}
}

static void test_rows_are_well_formed(void)
{
	size_t n;
	const struct sa_row *r = sa_rows(&n);

	for (size_t i = 0; i < n; i++) {
		T_ROW(i, sa_event_name(r[i].event));
		T_TRUE(r[i].state < SA_STATES && r[i].next_ok < SA_STATES);
		T_TRUE(r[i].next_fail < SA_STATES && r[i].event < SA_EVENTS);
		T_TRUE(r[i].action != NULL);
		T_TRUE(r[i].state != SA_DEAD);
		T_TRUE(sa_row_find(r[i].state, r[i].event) == &r[i]);
	}
	T_TRUE(sa_row_find(SA_DEAD, SE_TIMEOUT) == NULL);
}

static void spread(bool reached[SA_STATES])
{
	size_t n;
	const struct sa_row *r = sa_rows(&n);
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			if (!reached[r[i].state])
				continue;
			more |= !reached[r[i].next_ok] || !reached[r[i].next_fail];
			reached[r[i].next_ok] = true;
			reached[r[i].next_fail] = true;
		}
	}
}

static void test_all_states_are_reachable(void)
{
	/* A successor is born in HEIR. */
	bool reached[SA_STATES] = {[SA_NEW] = true, [SA_HEIR] = true};

	spread(reached);
	for (int i = 0; i < SA_STATES; i++) {
		T_ROW(i, sa_state_info(i)->name);
		T_TRUE(reached[i]);
	}
}

static void test_dead_is_reachable_from_each(void)
{
	for (int i = 0; i < SA_STATES; i++) {
		bool reached[SA_STATES] = {false};

		T_ROW(i, sa_state_info(i)->name);
		reached[i] = true;
		spread(reached);
		T_TRUE(reached[SA_DEAD]);
	}
}

static void test_waiting_states_have_a_timeout(void)
{
	for (int i = 0; i < SA_STATES; i++) {
		const struct sa_row *row = sa_row_find(i, SE_TIMEOUT);

		T_ROW(i, sa_state_info(i)->name);
		/* UP waits for nothing: its requests have their own end, NO_REPLY. */
		if (i == SA_UP || i == SA_DEAD) {
			T_EQ(sa_state_info(i)->timeout_ms, 0);
			continue;
		}
		T_TRUE(sa_state_info(i)->timeout_ms > 0);
		T_TRUE(row != NULL);
		/* A timeout leaves the state whatever the action says. */
		T_TRUE(row->next_ok != i && row->next_fail != i);
	}
	T_TRUE(sa_row_find(SA_UP, SE_NO_REPLY) != NULL);
}

static void test_states_that_wait_for_an_answer_take_it(void)
{
	static const struct {
		uint8_t state, event;
	} waits[] = {
		{SA_I_DH, SE_JOB}, {SA_I_SECRET, SE_JOB}, {SA_I_SECRET, SE_JOB_MORE},
		{SA_I_ADD_DH, SE_JOB}, {SA_I_ADD_SECRET, SE_JOB}, {SA_I_ADD_SECRET, SE_JOB_MORE},
		{SA_R_SECRET, SE_JOB_MORE}, {SA_R_ADD_DH, SE_JOB}, {SA_R_ADD_SECRET, SE_JOB},
		{SA_R_ADD_SECRET, SE_JOB_MORE}, {SA_R_DH, SE_JOB}, {SA_R_SECRET, SE_JOB},
		{SA_I_KEYS, SE_GRANTED}, {SA_I_KEYS, SE_REFUSED},
		{SA_I_AUTHORIZE, SE_GRANTED}, {SA_I_AUTHORIZE, SE_REFUSED},
		{SA_R_NAME, SE_GRANTED}, {SA_R_NAME, SE_REFUSED},
		{SA_R_KEYS, SE_GRANTED}, {SA_R_KEYS, SE_REFUSED},
		{SA_R_AUTHORIZE, SE_GRANTED}, {SA_R_AUTHORIZE, SE_REFUSED},
		{SA_R_AUTHORIZE, SE_CHILDLESS}, {SA_R_ADDRESS, SE_GRANTED},
		{SA_R_ADDRESS, SE_REFUSED}, {SA_I_COMMIT, SE_COMMITTED},
		{SA_R_COMMIT, SE_COMMITTED},
		{SA_I_KEYS, SE_SIGN}, {SA_I_SIGN, SE_JOB}, {SA_I_SIGN, SE_JOB_MORE}, {SA_I_PROOF, SE_GRANTED},
		{SA_I_PROOF, SE_EAP}, {SA_I_PROOF, SE_REDIRECTED}, {SA_I_PROOF, SE_REFUSED},
		{SA_I_EAP_ASK, SE_GRANTED}, {SA_I_EAP_ASK, SE_EAP_OVER}, {SA_I_EAP_ASK, SE_REFUSED},
		{SA_R_KEYS, SE_SIGN}, {SA_R_KEYS, SE_SIGNED}, {SA_R_KEYS, SE_EAP}, {SA_R_KEYS, SE_MAY_REDIRECT},
		{SA_R_PROOF, SE_GRANTED}, {SA_R_PROOF, SE_SIGN}, {SA_R_PROOF, SE_MAY_REDIRECT},
		{SA_R_PROOF, SE_REFUSED}, {SA_R_SIGN, SE_JOB}, {SA_R_SIGN, SE_EAP}, {SA_R_SIGN, SE_ANOTHER},
		{SA_R_SIGN, SE_MAY_REDIRECT}, {SA_R_EAP_ASK, SE_GRANTED}, {SA_R_EAP_ASK, SE_EAP_OVER},
		{SA_R_EAP_ASK, SE_REFUSED}, {SA_R_FINAL, SE_MAY_REDIRECT},
	};

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		T_ROW(i, sa_state_info(waits[i].state)->name);
		T_TRUE(sa_row_find(waits[i].state, waits[i].event) != NULL);
	}
}

/* Class 7: no exchange but INIT and AUTH does anything before the peer is authenticated, and UP is
 * entered from the two commits only. */
static void test_class_07_no_way_around_authentication(void)
{
	static const uint8_t early[] = {SA_NEW, SA_R_DH, SA_R_SECRET, SA_R_AUTH, SA_R_NAME, SA_R_KEYS,
		SA_R_AUTHORIZE, SA_R_ADDRESS, SA_R_COMMIT, SA_R_INTERMEDIATE, SA_R_ADD_DH, SA_R_ADD_SECRET,
		SA_I_INTERMEDIATE, SA_I_ADD_DH, SA_I_ADD_SECRET, SA_I_DH, SA_I_INIT, SA_I_SECRET,
		SA_I_KEYS, SA_I_AUTH, SA_I_SIGN, SA_I_EAP_ASK, SA_I_EAP, SA_I_FINAL, SA_R_PROOF, SA_R_SIGN,
		SA_R_EAP_ASK, SA_R_EAP, SA_R_FINAL, SA_R_NEXT};
	size_t n;
	const struct sa_row *r = sa_rows(&n);

	for (size_t i = 0; i < sizeof(early); i++) {
		T_ROW(i, sa_state_info(early[i])->name);
		T_TRUE(sa_row_find(early[i], SE_INFO_REQUEST) == NULL);
		T_TRUE(sa_row_find(early[i], SE_DELETE_REQUEST) == NULL);
		T_TRUE(sa_row_find(early[i], SE_CHILD_REQUEST) == NULL);
	}
	for (size_t i = 0; i < n; i++) {
		T_ROW(i, sa_event_name(r[i].event));
		T_TRUE(r[i].next_fail != SA_UP || r[i].state == SA_UP);
		if (r[i].next_ok == SA_UP && r[i].state != SA_UP)
			T_TRUE(r[i].event == SE_COMMITTED || r[i].state == SA_HEIR);
	}
}

static void test_show_words(void)
{
	T_STR(sa_state_info(SA_UP)->status, "READY");
	T_STR(sa_state_info(SA_UP)->words, "Negotiation done");
	T_STR(sa_state_info(SA_I_INIT)->status, "IN-NEG");
	T_STR(sa_state_info(SA_I_INIT)->words, "Initiator waiting for INIT response");
	T_STR(sa_state_info(SA_DELETING)->status, "DELETE");
	T_STR(sa_state_info(SA_DELETING)->words, "Deleting IKE SA");
}

/* ---- payloads ------------------------------------------------------------------------------------ */

static struct ike_payloads payloads_of(const uint8_t *types, size_t n)
{
	struct ike_payloads p = {0};

	for (size_t i = 0; i < n; i++)
		p.v[p.n++].type = types[i];
	return p;
}

static void test_payload_rules_are_unique(void)
{
	size_t n;
	const struct payload_rule *r = payload_rules(&n);

	for (size_t i = 0; i < n; i++) {
		T_ROW(i, payload_name(r[i].type));
		T_TRUE(r[i].kind < MESSAGE_KINDS && r[i].min <= r[i].max && r[i].max > 0);
		for (size_t k = i + 1; k < n; k++)
			T_TRUE(r[i].kind != r[k].kind || r[i].type != r[k].type);
	}
}

/* Classes 4 and 6: for each kind of message, each payload left out, doubled, or foreign. */
static void test_class_04_06_each_payload_missing_doubled_foreign(void)
{
	static const struct {
		enum message_kind kind;
		uint8_t n;
		uint8_t types[8];
	} good[] = {
		{MK_INIT_REQUEST, 3, {PT_SA, PT_KE, PT_NONCE}},
		{MK_INIT_REPLY, 3, {PT_SA, PT_KE, PT_NONCE}},
		{MK_INIT_ERROR, 1, {PT_NOTIFY}},
		{MK_AUTH_REQUEST, 4, {PT_IDI, PT_SA, PT_TSI, PT_TSR}},
		{MK_AUTH_CHILDLESS, 1, {PT_IDI}},
		{MK_AUTH_REPLY, 2, {PT_IDR, PT_AUTH}},
		{MK_AUTH_ERROR, 1, {PT_NOTIFY}},
		{MK_AUTH_EAP, 1, {PT_EAP}},
		{MK_AUTH_FINAL, 1, {PT_AUTH}},
		{MK_AUTH_EAP_REPLY, 1, {PT_EAP}},
		{MK_AUTH_LAST, 1, {PT_AUTH}},
		{MK_CHILD_REQUEST, 2, {PT_SA, PT_NONCE}},
		{MK_INFO, 0, {0}},
	};
	size_t n_rules;
	const struct payload_rule *rules = payload_rules(&n_rules);

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct ike_payloads p = payloads_of(good[i].types, good[i].n);

		T_ROW(i, "good");
		T_EQ(payloads_judge(good[i].kind, &p), ST_OK);
		for (uint8_t k = 0; k < good[i].n; k++) {
			struct ike_payloads less = p;

			less.v[k] = less.v[--less.n];
			T_EQ(payloads_judge(good[i].kind, &less), ST_BAD_EXCHANGE);
		}
		for (int type = 1; type < 256; type++) {
			struct ike_payloads more = p;
			size_t max = 0, have = payload_count(&p, (uint8_t)type);

			for (size_t k = 0; k < n_rules; k++)
				if (rules[k].kind == good[i].kind && rules[k].type == type)
					max = rules[k].max;
			more.v[more.n++].type = (uint8_t)type;
			T_EQ(payloads_judge(good[i].kind, &more),
				have + 1 <= max ? ST_OK : ST_BAD_EXCHANGE);
		}
	}
}

static void test_message_kinds(void)
{
	static const uint8_t sa[] = {PT_SA}, auth[] = {PT_AUTH, PT_IDR}, eap[] = {PT_EAP, PT_IDR, PT_AUTH};
	static const uint8_t first[] = {PT_IDI, PT_SA, PT_TSI, PT_TSR};
	struct ike_payloads with_sa = payloads_of(sa, 1), with_auth = payloads_of(auth, 2),
			    last = payloads_of(auth, 1), with_eap = payloads_of(eap, 3),
			    request = payloads_of(first, 4), childless = payloads_of(first, 1), none = {0};
	struct ike_hdr h = {.exchange = EX_IKE_AUTH};

	T_EQ(message_kind(&h, &request), MK_AUTH_REQUEST);
	T_EQ(message_kind(&h, &childless), MK_AUTH_CHILDLESS);
	T_EQ(message_kind(&h, &last), MK_AUTH_FINAL);
	T_EQ(message_kind(&h, &with_eap), MK_AUTH_EAP);
	h.exchange = EX_IKE_SA_INIT;

	T_EQ(message_kind(&h, &with_sa), MK_INIT_REQUEST);
	T_EQ(message_kind(&h, &none), MK_INIT_REQUEST);
	h.flags = IKE_FLAG_RESPONSE;
	T_EQ(message_kind(&h, &with_sa), MK_INIT_REPLY);
	T_EQ(message_kind(&h, &none), MK_INIT_ERROR);
	h.exchange = EX_IKE_AUTH;
	T_EQ(message_kind(&h, &with_auth), MK_AUTH_REPLY);
	T_EQ(message_kind(&h, &last), MK_AUTH_LAST);
	T_EQ(message_kind(&h, &with_eap), MK_AUTH_EAP_REPLY);
	T_EQ(message_kind(&h, &none), MK_AUTH_ERROR);
	h.exchange = EX_CREATE_CHILD_SA;
	T_EQ(message_kind(&h, &none), MK_CHILD_REPLY);
	h.exchange = EX_INFORMATIONAL;
	T_EQ(message_kind(&h, &none), MK_INFO);
	h.exchange = 240;
	T_EQ(message_kind(&h, &none), MESSAGE_KINDS);
}

int main(void)
{
	T_RUN(test_rows_are_unique);
	T_RUN(test_rows_are_well_formed);
	T_RUN(test_all_states_are_reachable);
	T_RUN(test_dead_is_reachable_from_each);
	T_RUN(test_waiting_states_have_a_timeout);
	T_RUN(test_states_that_wait_for_an_answer_take_it);
	T_RUN(test_class_07_no_way_around_authentication);
	T_RUN(test_show_words);
	T_RUN(test_payload_rules_are_unique);
	T_RUN(test_class_04_06_each_payload_missing_doubled_foreign);
	T_RUN(test_message_kinds);
	return t_end();
}
