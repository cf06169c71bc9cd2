#include "core/ike/explain.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/suite.h"
#include "core/ike/id_text.h"
#include "core/wire/id.h"
#include "core/wire/notify_types.h"

#define WORDS_MAX 160
#define NOT_BUILT " (not built)"

struct kind {
	uint8_t type;
	const char *what;    /* in the sentence */
	const char *command; /* of a crypto ikev2 proposal */
};
static const struct kind kinds[] = {
	{TRANSFORM_DH, "key exchange", "group"},
	{TRANSFORM_ENCR, "encryption", "encryption"},
	{TRANSFORM_INTEG, "integrity", "integrity"},
	{TRANSFORM_PRF, "PRF", "prf"},
	{TRANSFORM_ADDKE1, "additional key exchange 1", "sallyport additional-key-exchange 1"},
	{TRANSFORM_ADDKE1 + 1, "additional key exchange 2", "sallyport additional-key-exchange 2"},
	{TRANSFORM_ADDKE1 + 2, "additional key exchange 3", "sallyport additional-key-exchange 3"},
	{TRANSFORM_ADDKE1 + 3, "additional key exchange 4", "sallyport additional-key-exchange 4"},
	{TRANSFORM_ADDKE1 + 4, "additional key exchange 5", "sallyport additional-key-exchange 5"},
	{TRANSFORM_ADDKE1 + 5, "additional key exchange 6", "sallyport additional-key-exchange 6"},
	{TRANSFORM_ADDKE1 + 6, "additional key exchange 7", "sallyport additional-key-exchange 7"},
};

static bool is_addke(uint8_t type)
{
	return type >= TRANSFORM_ADDKE1 && type <= TRANSFORM_ADDKE7;
}

static const struct transform_list *list_of(const struct allowed *a, uint8_t type)
{
	if (is_addke(type))
		return &a->addke.groups[type - TRANSFORM_ADDKE1];
	switch (type) {
	case TRANSFORM_ENCR:
		return &a->encr;
	case TRANSFORM_PRF:
		return &a->prf;
	case TRANSFORM_INTEG:
		return &a->integ;
	default:
		return &a->dh;
	}
}

static bool is_allowed(const struct allowed_set *ours, const struct offer_transform *t)
{
	for (size_t i = 0; i < ours->n; i++) {
		const struct transform_list *l = list_of(&ours->v[i], t->type);

		for (size_t k = 0; k < l->n; k++)
			if (l->v[k].id == t->id && l->v[k].key_bits == t->key_bits)
				return true;
	}
	return false;
}

static enum xf_type row_type(const struct offer_transform *t)
{
	return is_addke(t->type) ? XF_DH : (enum xf_type)t->type;
}

static const struct xf *row_of(const struct offer_transform *t)
{
	return suite_find(row_type(t), t->id, t->key_bits);
}

/* The row that may be allowed here; some ciphers are for ESP only. */
static const struct xf *usable_row(uint8_t protocol, const struct offer_transform *t)
{
	const struct xf *row = row_of(t);

	return row != NULL && (protocol == PROTO_IKE ? row->for_ike : row->for_esp) ? row : NULL;
}

/* "modp1024" for groups, the word of the configuration for the rest, numbers for what we lack. */
static void name_of(char *out, size_t cap, const struct offer_transform *t)
{
	const struct xf *row = row_of(t);
	const char *not_built = suite_not_built(row_type(t), t->id);

	if (not_built != NULL)
		snprintf(out, cap, "%s" NOT_BUILT, not_built);
	else if (row == NULL)
		snprintf(out, cap, "transform %u/%u", t->type, t->id);
	else
		snprintf(out, cap, "%s", row_type(t) == XF_DH ? row->show : row->keyword);
}

static void add_word(char *out, size_t cap, const char *word)
{
	size_t len = strlen(out);
	const char *at = strstr(out, word);
	size_t n = strlen(word);

	/* Once each; a word inside another one ("sha1" in "sha1x") does not occur in the list. */
	if (at != NULL && (at[n] == '\0' || at[n] == ','))
		return;
	if (len + n + 3 < cap)
		snprintf(out + len, cap - len, "%s%s", len > 0 ? ", " : "", word);
}

/* All that the peer offers of a type; false when something of it is allowed or none is offered. */
static bool lacks(const struct kind *k, uint8_t protocol, const struct allowed_set *ours,
	const struct offer_set *peers, char words[WORDS_MAX], const struct xf **usable)
{
	words[0] = '\0';
	*usable = NULL;
	for (size_t i = 0; i < peers->n; i++) {
		const struct offer *o = &peers->v[i];
		bool has_type = false;

		for (size_t t = 0; o->protocol == protocol && t < o->n; t++) {
			char word[40];

			if (o->t[t].type != k->type)
				continue;
			has_type = true;
			if (o->t[t].id == 0 && is_addke(k->type))
				return false;
			if (o->t[t].id == 0 && k->type != TRANSFORM_ENCR)
				continue;
			if (is_allowed(ours, &o->t[t]))
				return false;
			name_of(word, sizeof(word), &o->t[t]);
			add_word(words, WORDS_MAX, word);
			if (*usable == NULL)
				*usable = usable_row(protocol, &o->t[t]);
		}
		if (o->protocol == protocol && is_addke(k->type) && !has_type)
			return false; /* that proposal does without */
	}
	return words[0] != '\0';
}

static bool has_addke(const struct allowed_set *ours, const struct offer_set *peers)
{
	bool found = false;

	for (size_t i = 0; i < ours->n; i++)
		for (size_t k = 0; k < ADDKE_MAX; k++)
			found |= ours->v[i].addke.groups[k].n != 0;
	for (size_t i = 0; i < peers->n; i++)
		for (size_t k = 0; k < peers->v[i].n; k++)
			found |= is_addke(peers->v[i].t[k].type);
	return found;
}

void explain_proposal(char *out, size_t cap, uint8_t protocol, const struct allowed_set *ours,
	const struct offer_set *peers)
{
	char words[WORDS_MAX];
	const struct xf *row;

	if (ours->n == 0) {
		snprintf(out, cap, "no usable %s is configured",
			protocol == PROTO_IKE ? "crypto ikev2 proposal" : "transform set");
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *k = &kinds[i];

		/* The first child has no key exchange and never a PRF. */
		if (protocol == PROTO_ESP && k->type != TRANSFORM_ENCR && k->type != TRANSFORM_INTEG)
			continue;
		if (!lacks(k, protocol, ours, peers, words, &row))
			continue;
		if (row == NULL)
			snprintf(out, cap, "client offered only %s for %s, which is not %s here",
				words, k->what, strstr(words, NOT_BUILT) != NULL ? "possible" : "known");
		else if (protocol == PROTO_IKE)
			snprintf(out, cap,
				"client offered only %s for %s; allow it with `%s %s` in a crypto "
				"ikev2 proposal", words, k->what, k->command, row->keyword);
		else
			snprintf(out, cap,
				"client offered only %s for ESP %s; allow it with `%s` in a "
				"transform set", words, k->what, row->esp_keyword);
		return;
	}
	snprintf(out, cap, "client offered nothing of which every part is in one %s%s",
		protocol == PROTO_IKE ? "crypto ikev2 proposal of the policy"
				      : "transform set of the IPsec profile",
		has_addke(ours, peers) ? "; `sallyport additional-key-exchange` is a part, too" : "");
}

void explain_id(char *out, size_t cap, const struct ike_id *id)
{
	char text[IKE_ID_LEN + 16];

	snprintf(out, cap, "%s %s", id_type_name(id->type), id_text(id, text, sizeof(text)));
}

void explain_profile(char *out, size_t cap, enum status st, const struct ike_id *id,
	const struct profile_answer *answer)
{
	char who[160];

	explain_id(who, sizeof(who), id);
	if (st == ST_PROFILE_AMBIGUOUS && answer->profile != NULL && answer->other != NULL)
		snprintf(out, cap, "both profile %s and profile %s match %s: no profile is selected",
			answer->profile->name, answer->other->name, who);
	else if (st == ST_PROFILE_SHUTDOWN && answer->profile != NULL)
		snprintf(out, cap, "profile %s matches %s but is shut down",
			answer->profile->name, who);
	else
		snprintf(out, cap, "no profile has a `match identity remote` for %s", who);
}

void explain_notify(char *out, size_t cap, uint16_t type)
{
	static const struct {
		uint16_t type;
		const char *words;
	} known[] = {
		{N_NO_PROPOSAL_CHOSEN, "it accepts none of our proposals"},
		{N_AUTHENTICATION_FAILED, "it rejects our key or identity; its log knows which"},
		{N_TS_UNACCEPTABLE, "it rejects our traffic selectors"},
		{N_INTERNAL_ADDRESS_FAILURE, "it has no address for us"},
		{N_FAILED_CP_REQUIRED, "it wants us to ask for an address"},
		{N_NO_ADDITIONAL_SAS, "it accepts no more SAs"},
		{N_MS_STATUS, "Windows does not take this from its gateway (a rekey behind a NAT, or a key "
			"exchange that it did not propose)"},
		{N_INVALID_MAJOR_VERSION, "it does not speak IKEv2"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].type == type) {
			snprintf(out, cap, "the peer answered %s: %s", notify_name(type),
				known[i].words);
			return;
		}
	snprintf(out, cap, "the peer answered with notify %u (%s)", type, notify_name(type));
}
